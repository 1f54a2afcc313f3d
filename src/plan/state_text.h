#pragma once

#include <string>

#include "plan/plan_node.h"

namespace velo {

/// What an operator keeps, in words: "until the watermark passes, 24 bytes per row". The bytes are
/// those of the columns, of operators that keep rows; a + says that strings of more than 12 bytes
/// and nested values come on top.
std::string state_text(const PlanNode& node, const PlanStateBound& bound);

}  // namespace velo
