#pragma once

#include <vector>

#include "plan/bind_session.h"
#include "plan/plan_node.h"

namespace velo {

/// A bound on the number of rows numbered below (`WHERE rn <= 3`) makes them the first rows of
/// their partitions. Other conditions remain in `conjuncts`.
PlanPtr give_to_numbering(const BindSession& session, const PlanPtr& plan,
                          std::vector<ExprPtr>* conjuncts);

/// Error: rows are numbered without a bound on the number, which no operator does.
Status check_numbering(const BindSession& session, const PlanNode& plan);

}  // namespace velo
