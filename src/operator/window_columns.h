#pragma once

#include <vector>

#include "column/scalar.h"
#include "operator/window_aggregate.h"

namespace velo {

inline constexpr int64_t kMillisecond = 1000;

/// The values of window_start, window_end and window_time that the options ask for.
inline std::vector<Scalar> window_columns(const WindowAggregateOptions& options, int64_t start_us,
                                          int64_t end_us) {
  const Type& type = options.input->fields()[options.time_column].type;
  std::vector<Scalar> values;
  if (options.with_start) values.push_back(Scalar::of(type, start_us));
  if (options.with_end) values.push_back(Scalar::of(type, end_us));
  if (options.with_time) values.push_back(Scalar::of(type, end_us - kMillisecond));
  return values;
}

}  // namespace velo
