#pragma once

#include "plan/query_binder.h"
#include "plan/scope.h"

namespace velo {

/// A window as written, over the columns of a scope: lengths, zone and alignment checked, the time
/// column an event time. Without a time column the scope's only event time is meant.
Result<PlanWindow> bind_window(BindSession& session, const ast::WindowSpec& spec,
                               const Scope& scope);

/// If the window is over PROCTIME(), the relation's rows get the clock's time from here on, in the
/// place of that column. Says nothing of anything else: bind_window does.
Status bind_processing_time(BindSession& session, const ast::WindowSpec& spec,
                            BoundRelation* relation);

/// The window in the primary spelling, `time` being its column's name: for EXPLAIN and messages.
/// "TUMBLE(ts, INTERVAL '1' MINUTE)"
std::string window_text(const PlanWindow& window, std::string_view time);

}  // namespace velo
