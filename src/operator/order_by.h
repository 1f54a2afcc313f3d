#pragma once

#include <memory>
#include <vector>

#include "operator/operator.h"

namespace velo {

struct SortKey {
  size_t column = 0;
  bool descending = false;
  bool nulls_first = true;
};

struct OrderByOptions {
  SchemaPtr schema;
  std::vector<SortKey> keys;
  uint64_t limit = UINT64_MAX;  ///< of the sorted rows, after `offset` of them
  uint64_t offset = 0;
};

/// Sorts all rows of a bounded input and gives them at the end. Rows with equal keys come in the
/// order of their other columns, so that the answer depends on the rows alone. Retractions take
/// their rows out. State: all rows (with a limit: compacted to that many now and then).
std::unique_ptr<Operator> make_order_by(OrderByOptions options);

}  // namespace velo
