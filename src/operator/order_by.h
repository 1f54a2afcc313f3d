#pragma once

#include <memory>
#include <vector>

#include "operator/operator.h"
#include "operator/row_order.h"

namespace velo {

struct OrderByOptions {
  SchemaPtr schema;
  std::vector<SortKey> keys;
  uint64_t limit = UINT64_MAX;  ///< of the sorted rows, after `offset` of them
  uint64_t offset = 0;
  /// The column of the first key, ascending, if it is an event time: what the watermark has passed
  /// (time + shift) is given then, and late rows are rejected. −1: all is given at the end.
  int time_column = -1;
  int64_t shift_us = 0;
};

/// Sorts rows: all of a bounded input at its end, or by event time, as the watermark passes. Rows
/// with equal keys come in the order of their other columns, so that the answer depends on the rows
/// alone. Without a time column retractions take their rows out. State: all rows that were not
/// given (with a limit: compacted to that many now and then). REQUIRES: no limit with a time
/// column.
std::unique_ptr<Operator> make_order_by(OrderByOptions options);

}  // namespace velo
