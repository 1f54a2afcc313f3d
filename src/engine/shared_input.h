#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "plan/plan_node.h"

namespace velo {

/// The plans of a script as processes run them that share the partitions of its topics under the
/// name `application`, so that they give the right answers together: every row of a group must come
/// to the same process. Where the keys of messages do not see to that, a RepartitionNode does.
/// Errors say what is in the way.
Result<std::vector<PlanPtr>> share_inputs(const std::vector<PlanPtr>& plans,
                                          const std::string& application);

}  // namespace velo
