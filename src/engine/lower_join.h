#pragma once

#include <array>
#include <optional>
#include <vector>

#include "engine/lower_operators.h"

namespace velo {

/// A join as operators: keys that are computed are so before it, and taken away after it.
struct LoweredJoin {
  std::array<std::optional<LoweredNode>, 2> before;  ///< by input
  std::vector<LoweredNode> nodes;                    ///< the join, then what follows it
};
LoweredJoin lower_join(const JoinNode& join);

}  // namespace velo
