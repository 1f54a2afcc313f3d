#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "expr/over_call.h"
#include "operator/operator.h"
#include "operator/row_order.h"

namespace velo {

struct TopNOptions {
  SchemaPtr input;
  SchemaPtr output;  ///< the input's columns, then the rank (BIGINT) if it is asked for
  std::vector<size_t> partition;  ///< columns; none: all rows are one partition
  std::vector<SortKey> order;
  /// kRowNumber, kRank or kDenseRank: with the latter two, rows whose keys are equal have one rank.
  OverFunction rank = OverFunction::kRowNumber;
  size_t limit = 1;  ///< the greatest rank given
  bool with_rank = false;
  bool retractable = false;  ///< the input may take rows back
  /// A partition column that is an event time: the rows of a partition are given once, when the
  /// watermark has reached their time + shift. −1: they are given as they come, and taken back when
  /// others push them out.
  int time_column = -1;
  int64_t shift_us = 0;
  bool at_end = false;  ///< all partitions are given once, in the order of their keys, at the end
  int64_t ttl_us = 0;  ///< a partition not touched for so long (wall clock) is forgotten; 0 = never
};

/// ROW_NUMBER() (or RANK, DENSE_RANK) OVER (PARTITION BY … ORDER BY …) <= n: the first rows of
/// every partition. Of equal rows the one that came first stands first; where rows are given once,
/// their other columns decide, so that the answer depends on the rows alone. Changes are coalesced
/// per batch. Kept are the rows that would be given now, or all of them if the input may take rows
/// back.
std::unique_ptr<Operator> make_top_n(TopNOptions options);

}  // namespace velo
