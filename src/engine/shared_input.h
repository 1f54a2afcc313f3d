#pragma once

#include "base/result.h"
#include "plan/plan_node.h"

namespace velo {

/// Whether processes that share the partitions of its topics give the right answers together, each
/// by itself: every row of a group must come to the same one, so that a grouping needs the key of
/// the messages among its keys. Errors say what is in the way.
Status check_shared(const PlanPtr& plan);

}  // namespace velo
