#pragma once

#include <map>
#include <string>
#include <vector>

#include "plan/plan_node.h"
#include "runtime/replay_rule.h"

namespace velo {

/// What these plans, run as one job, need again after a restart, of each of their sources: by the
/// name of the table, or of the topic of a RepartitionNode.
std::map<std::string, ReplayRule> replay_of(const std::vector<PlanPtr>& plans);

}  // namespace velo
