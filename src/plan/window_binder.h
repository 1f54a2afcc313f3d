#pragma once

#include "plan/scope.h"

namespace velo {

/// A window as written, over the columns of a scope: lengths, zone and alignment checked, the time
/// column an event time. Without a time column the scope's only event time is meant.
Result<PlanWindow> bind_window(BindSession& session, const ast::WindowSpec& spec,
                               const Scope& scope);

/// The window in the primary spelling, `time` being its column's name: for EXPLAIN and messages.
/// "TUMBLE(ts, INTERVAL '1' MINUTE)"
std::string window_text(const PlanWindow& window, std::string_view time);

}  // namespace velo
