#pragma once

#include <memory>

#include "operator/stream_join.h"

namespace velo {

struct AsofJoinOptions {
  bool outer = false;               ///< left rows without a version come out with NULLs
  std::array<JoinInput, 2> inputs;  ///< left, right; both with a time column
  SchemaPtr output;                 ///< left columns, then right ones
  int64_t until_us = 0;             ///< the version must have right.time ≤ left.time + until
};

/// Joins each left row with the version of its key that held at its time: of the right rows with
/// that key the last one in the order of times (of equal times, of arrival). Both sides wait for
/// the watermark, so that the order in which they are read does not matter; results come in the
/// order of left times. Late rows are rejected. Kept are the waiting rows and one right row per
/// key.
std::unique_ptr<Operator> make_asof_join(AsofJoinOptions options);

}  // namespace velo
