#pragma once

#include "base/int128.h"
#include "expr/aggregate.h"

namespace velo {

/// How a result follows from its parts where nothing can go wrong: no group is empty, nothing is
/// NULL, no sum is too large.
enum class PlainRule : uint8_t {
  kNone,          ///< it takes more
  kFirstPart,     ///< it is the first part
  kRatio,         ///< first part / second part: a double and a count
  kIntegerRatio,  ///< the same of an integer and a count, see integer_average
};
PlainRule plain_rule(const Aggregate& aggregate);

/// sum / count, rounded to a long double and then to a double.
inline double integer_average(int128_t sum, int64_t count) {
  return static_cast<double>(static_cast<long double>(sum) / static_cast<long double>(count));
}

}  // namespace velo
