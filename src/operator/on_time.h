#pragma once

#include "operator/operator.h"

namespace velo {

/// The rows of a batch that an operator by time can take, be it a join or the first rows of
/// windows: `batch` itself, or `kept`, or null if there are none. Those that are late (`time +
/// shift` ≤ the watermark when they came) or have no time are rejected.
const Batch* rows_on_time(size_t time_column, int64_t shift_us, const Batch& batch, Batch* kept,
                          Output& output);

/// The times whose rows have all come under this watermark to an operator that takes them until the
/// watermark reaches time + shift: those up to and including what it gives.
inline int64_t time_passed(int64_t watermark, int64_t shift_us) {
  if (watermark == kWatermarkNone || watermark == kWatermarkEnd) return watermark;
  return watermark - shift_us;
}

}  // namespace velo
