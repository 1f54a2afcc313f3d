#pragma once

#include "plan/query_binder.h"

namespace velo {

/// The rows of `query` written to `table`: columns matched and cast, the changelog fitted to what
/// the table takes, state bounded. `columns`: as listed after the table's name, or empty = all.
Result<PlanPtr> bind_sink(BindSession& session, TableDefPtr table,
                          const std::vector<ast::Name>& columns, PlanPtr query, SourceSpan span);

/// Un-windowed state that nothing bounds: an error if the job writes, else a warning.
Status check_state(BindSession& session, const PlanNode& plan, bool writes);

}  // namespace velo
