#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "expr/aggregate.h"
#include "operator/emit_options.h"
#include "operator/operator.h"
#include "state/pane_clock.h"

namespace velo {

struct WindowAggregateOptions {
  SchemaPtr input;
  /// Keys, the chosen window columns, aggregates.
  SchemaPtr output;
  WindowSpec window;
  size_t time_column = 0;  ///< of the input: TIMESTAMP or TIMESTAMP_LTZ
  std::vector<ExprPtr> keys;
  std::vector<Aggregate> aggregates;
  bool with_start = true;
  bool with_end = true;
  bool with_time = true;  ///< window_end − 1 ms
  EmitOptions emit;
  bool retractable = false;  ///< the input may take rows back
  /// Of the input: the number of the row's grouping set. A late row is rejected once, for set 0.
  std::optional<size_t> set_column;
  int64_t lateness_us = 0;  ///< how long after firing a window still takes rows and corrects itself
};

/// GROUP BY keys and a window: TUMBLE, HOP, CUMULATE. Rows come out per window in the order of
/// window ends, within a window in the order of keys, whatever the batches were. kLate rejections
/// carry (watermark, window start, window end, late by) behind the input's columns, one row per
/// window that was missed.
std::unique_ptr<Operator> make_window_aggregate(WindowAggregateOptions options);

/// The same where refinements are shown: EMIT CHANGES and EMIT EVERY, which make_window_aggregate
/// leaves to it. Changes come per window in the order of window ends, within a window in the order
/// in which they happened.
std::unique_ptr<Operator> make_window_changes(WindowAggregateOptions options);

/// The same for WindowKind::kSession.
std::unique_ptr<Operator> make_session_aggregate(WindowAggregateOptions options);

}  // namespace velo
