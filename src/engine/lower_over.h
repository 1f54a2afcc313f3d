#pragma once

#include <vector>

#include "engine/lower_operators.h"

namespace velo {

/// OVER as operators: what is computed of columns is so before, and taken away after.
std::vector<LoweredNode> lower_over(const OverNode& over);

}  // namespace velo
