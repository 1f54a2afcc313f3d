#pragma once

#include <memory>

#include "operator/operator.h"
#include "state/pane_clock.h"

namespace velo {

struct WindowAssignOptions {
  SchemaPtr output;   ///< the input's columns, then window_start, window_end, window_time
  WindowSpec window;  ///< not a session
  size_t time_column = 0;
};

/// Every row once per window that it lies in, windows in order of their ends. Rows without a time
/// and rows between windows are in none. No state.
std::unique_ptr<Operator> make_window_assign(WindowAssignOptions options);

}  // namespace velo
