#include "operator/on_time.h"

#include "operator/late_rows.h"

namespace velo {

const Batch* rows_on_time(size_t time_column, int64_t shift_us, const Batch& batch, Batch* kept,
                          Output& output) {
  const Column& times = *batch.columns[time_column];
  if (!batch.watermarks && !times.may_have_nulls()) return &batch;
  LateRows late(batch.schema, time_column);
  Selection good;
  Selection timeless;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    if (times.is_null(row)) {
      timeless.push_back(row);
      continue;
    }
    const int64_t time = times.int64_at(row);
    const int64_t watermark = batch.watermarks ? batch.watermarks->int64_at(row) : kWatermarkNone;
    if (watermark != kWatermarkNone && time + shift_us <= watermark) {
      late.add(row, watermark, time, time);
    } else {
      good.push_back(row);
    }
  }
  if (good.size() == batch.rows) return &batch;
  late.reject(batch, output);
  if (!timeless.empty()) {
    output.reject({RejectReason::kNoTime, gather(batch, timeless), "the event time is NULL"});
  }
  if (good.empty()) return nullptr;
  *kept = gather(batch, good);
  return kept;
}

}  // namespace velo
