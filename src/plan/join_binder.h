#pragma once

#include "plan/query_binder.h"

namespace velo {

/// Two items of FROM joined as written: ON, USING, NATURAL, WITHIN.
Result<BoundRelation> bind_join(BindSession& session, const ast::Join& join, SourceSpan span,
                                BoundRelation left, BoundRelation right);

/// A window function of FROM that no GROUP BY aggregates over gives each row its windows.
Result<BoundRelation> assign_window(BindSession& session, BoundRelation relation);

/// Gives the conditions of WHERE to the joins that can make use of them (`FROM a, b WHERE a.id =
/// b.id`): what remains stands in `conjuncts`.
PlanPtr give_to_joins(const PlanPtr& plan, std::vector<ExprPtr>* conjuncts);

/// Errors for joins whose condition leaves too much open, once all of it is known.
Status check_joins(const BindSession& session, const PlanNode& plan);

/// The bound on the state of what keeps rows for ever, by the session's settings.
PlanStateBound unbounded_state(const BindSession& session);

}  // namespace velo
