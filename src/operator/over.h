#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "expr/aggregate.h"
#include "operator/operator.h"

namespace velo {

struct OverOptions {
  SchemaPtr input;
  SchemaPtr output;  ///< the input's columns, then one per aggregate
  std::vector<ExprPtr> partition;
  size_t time_column = 0;  ///< ORDER BY: event time, ascending
  std::vector<Aggregate> aggregates;
  /// ROWS n PRECEDING: the frame is the row and the n before it; nothing = all before it.
  std::optional<uint64_t> preceding;
};

/// Longest frame that has a bound, in rows: each key holds a state per row of it.
inline constexpr uint64_t kOverPrecedingMax = 1'000'000;

/// f(x) OVER (PARTITION BY … ORDER BY time ROWS n PRECEDING): every row with aggregates over the
/// last rows of its key. Rows wait until the watermark has reached them and come out in the order
/// of (time, arrival), whatever the batches were. Late rows are rejected. REQUIRES: input that only
/// grows; preceding ≤ kOverPrecedingMax.
std::unique_ptr<Operator> make_over(OverOptions options);

}  // namespace velo
