#pragma once

#include <vector>

#include "engine/lower_operators.h"

namespace velo {

/// The first rows of partitions as operators: keys that are computed are so before, and taken away
/// after.
std::vector<LoweredNode> lower_top_n(const TopNNode& top);

}  // namespace velo
