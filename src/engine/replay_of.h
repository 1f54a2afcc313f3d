#pragma once

#include <vector>

#include "plan/plan_node.h"
#include "runtime/replay_rule.h"

namespace velo {

/// What of their inputs these plans, run as one job, need again after a restart.
ReplayRule replay_of(const std::vector<PlanPtr>& plans);

}  // namespace velo
