#pragma once

#include "plan/plan_node.h"

namespace velo {

/// Inner joins at the top of `plan` in an order in which each has an equality or a bound on time
/// with what was joined before it, where FROM names them otherwise: `FROM a, c, b WHERE a.x = b.x
/// AND b.y = c.y`. Columns come out as FROM names them. Joins that can use their conditions as they
/// stand are left alone.
PlanPtr order_joins(const PlanPtr& plan);

/// About how many bytes are behind `plan`, if the tables that it reads tell.
std::optional<uint64_t> source_bytes(const PlanNode& plan);

}  // namespace velo
