#pragma once

#include "operator/stream_join.h"

namespace velo {

/// The rows of a batch that a join by time can take: `batch` itself, or `kept`, or null if there
/// are none. Those that are late (`time + shift` ≤ the watermark when they came) or have no time
/// are rejected.
const Batch* rows_on_time(const JoinInput& input, const Batch& batch, Batch* kept, Output& output);

}  // namespace velo
