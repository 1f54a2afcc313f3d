#pragma once

#include <vector>

#include "plan/bind_session.h"
#include "plan/plan_node.h"

namespace velo {

/// A bound on ROW_NUMBER(), RANK() or DENSE_RANK() of the rows below (`WHERE rn <= 3`) makes them
/// the first rows of their partitions. Other conditions remain in `conjuncts`. Where rows come in
/// the order of the rank they are numbered as they come, and the bound remains too: nothing but a
/// counter per partition is kept then, and what came out stays.
PlanPtr give_to_numbering(const BindSession& session, const PlanPtr& plan,
                          std::vector<ExprPtr>* conjuncts);

}  // namespace velo
