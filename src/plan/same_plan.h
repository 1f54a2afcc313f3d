#pragma once

#include "plan/plan_node.h"

namespace velo {

/// The same function of the same rows, with the same parameters.
bool same_aggregate(const Aggregate& a, const Aggregate& b);

/// Whether two plans give the same rows, for what their shape alone tells: the same nodes over the
/// same tables, column by column, under the same names. False where that is not known: RAND(), or a
/// kind of node that nobody compares.
bool same_plan(const PlanNode& a, const PlanNode& b);
/// Agrees with same_plan.
uint64_t plan_hash(const PlanNode& plan);
/// What keeps state is worth being computed once for all that read it.
bool keeps_state(const PlanNode& plan);

}  // namespace velo
