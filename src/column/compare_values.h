#pragma once

#include <cmath>

#include "base/int128.h"
#include "column/string_ref.h"
#include "column/type.h"

namespace velo {

/// Below 0, 0 or above: NaN behind all numbers and equal to itself.
inline int compare_doubles(double x, double y) {
  const bool x_nan = std::isnan(x);
  const bool y_nan = std::isnan(y);
  if (x_nan || y_nan) return static_cast<int>(x_nan) - static_cast<int>(y_nan);
  return x < y ? -1 : (y < x ? 1 : 0);
}

/// The same of two values of this form, not nested, at these places: as compare_rows where neither
/// is NULL.
inline int compare_values(Physical physical, const void* x, const void* y) {
  const auto order = [&]<typename T>(const T*) {
    const T& left = *static_cast<const T*>(x);
    const T& right = *static_cast<const T*>(y);
    return left < right ? -1 : (right < left ? 1 : 0);
  };
  switch (physical) {
    case Physical::kBool:
      return order(static_cast<const uint8_t*>(nullptr));
    case Physical::kInt64:
      return order(static_cast<const int64_t*>(nullptr));
    case Physical::kInt128:
      return order(static_cast<const int128_t*>(nullptr));
    case Physical::kString:
      return order(static_cast<const StringRef*>(nullptr));
    case Physical::kDouble:
      return compare_doubles(*static_cast<const double*>(x), *static_cast<const double*>(y));
    case Physical::kList:
    case Physical::kRow:
      break;
  }
  return 0;
}

}  // namespace velo
