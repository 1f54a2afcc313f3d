#pragma once

#include <memory>

#include "operator/stream_join.h"

namespace velo {

struct BuildJoinOptions {
  JoinKind kind = JoinKind::kInner;
  std::array<JoinInput, 2> inputs;  ///< left, right; times are not looked at
  SchemaPtr output;
  ExprPtr residual;  ///< over left columns, then right; may be null
  size_t build = 1;  ///< the input that is read first
  /// A row of the other side with two partners fails: kLeft and build = 1, a sub-query's value.
  bool at_most_one = false;
};

/// Joins a stream with rows that end. The build side is stored until its watermark says that it has
/// ended; meanwhile the other side waits. From then on every row of the other side passes by in its
/// order, with its weight and watermark, and nothing more is stored.
///
/// Rows of the build side without partner (RIGHT, FULL with build = 1) come out when the other side
/// has ended. REQUIRES: the build side takes nothing back.
std::unique_ptr<Operator> make_build_join(BuildJoinOptions options);

}  // namespace velo
