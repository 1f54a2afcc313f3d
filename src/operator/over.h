#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "expr/over_call.h"
#include "operator/operator.h"
#include "operator/row_order.h"

namespace velo {

/// When a row's answers are known, and in which order rows come out.
enum class OverForm : uint8_t {
  /// Rows are ordered by an event time first, ascending. They wait until the watermark has passed
  /// them and come out in the order of (order, arrival); a frame that reaches behind its row holds
  /// the row back until what it reaches has come.
  kTime,
  /// The partition has an event time: it is given whole when the watermark has passed that.
  kWindow,
  /// All partitions are given when the input has ended.
  kEnd,
  /// Rows are given as they come, with what the rows so far say, and taken back when others change
  /// that: after every batch, what was given adds up to the answers of the rows in force. Kept are
  /// all of these, with their answers.
  kChanges,
};

struct OverOptions {
  SchemaPtr input;
  SchemaPtr output;               ///< the input's columns, then one per call
  std::vector<size_t> partition;  ///< columns; none: all rows are one partition
  std::vector<SortKey> order;
  std::vector<OverCall> calls;  ///< arguments and inputs of aggregates are columns
  OverForm form = OverForm::kTime;
  size_t time_column = 0;  ///< kTime: the first of `order`; kWindow: among `partition`
  /// Rows come until the watermark reaches their time + shift.
  int64_t shift_us = 0;
  int64_t ttl_us =
      0;  ///< kTime, kChanges: a key not touched for so long (wall clock) is forgotten; 0 = never
};

/// f(x) OVER (PARTITION BY … ORDER BY …): every row with what is computed of the rows of its
/// partition. But for kTime equal rows stand in the order of their other columns, so that the
/// answer depends on the rows alone; kTime: in that of their arrival. Late rows are rejected, and
/// rows whose result does not exist (a sum that does not fit). REQUIRES: kTime, kWindow: an input
/// that only grows; kTime: no call needs the whole partition.
std::unique_ptr<Operator> make_over(OverOptions options);

}  // namespace velo
