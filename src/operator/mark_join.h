#pragma once

#include <array>
#include <memory>
#include <vector>

#include "operator/stream_join.h"

namespace velo {

struct MarkJoinOptions {
  std::array<JoinInput, 2> inputs;  ///< left, right; their keys say which rows belong together
  /// The columns that IN compares, place by place; none: EXISTS.
  std::array<std::vector<size_t>, 2> compared;
  SchemaPtr output;          ///< left columns, then the mark, BOOLEAN
  bool right_first = false;  ///< the right side ends and takes nothing back: it is read first
  int64_t ttl_us = 0;        ///< rows are forgotten so long after they came; 0 = never
};

/// Every left row with what `compared IN (right rows of its keys)` is, three-valued; with nothing
/// to compare, whether there are such rows.
///
/// With `right_first` left rows wait until the right side has ended, and then pass by in their
/// order with their weights and watermarks. Otherwise left rows are kept, and when the right side
/// changes a mark, the row is taken back and given anew.
std::unique_ptr<Operator> make_mark_join(MarkJoinOptions options);

}  // namespace velo
