#include "runtime/watermark.h"

#include <algorithm>
#include <utility>

#include "column/column_builder.h"

namespace velo {

size_t WatermarkCombiner::add() {
  parts_.emplace_back();
  return parts_.size() - 1;
}

bool WatermarkCombiner::all_finished() const {
  return std::all_of(parts_.begin(), parts_.end(), [](const Part& p) { return p.finished; });
}

bool WatermarkCombiner::all_idle() const {
  bool any = false;
  for (const Part& part : parts_) {
    if (part.finished) continue;
    if (!part.idle) return false;
    any = true;
  }
  return any;
}

int64_t WatermarkCombiner::idle_since() const {
  if (!parts_.empty() && !all_idle()) return kActive;
  int64_t ahead = INT64_MIN;  // of the clock, the furthest
  for (const Part& part : parts_) {
    if (part.moves_with_clock()) ahead = std::max(ahead, part.watermark - part.event_us);
  }
  return ahead == INT64_MIN ? kNeverHadEvent : std::max(combined_ - ahead, kNeverHadEvent);
}

int64_t WatermarkCombiner::others(size_t without) const {
  int64_t least = kWatermarkEnd;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (i != without && !part.finished && !part.idle) least = std::min(least, part.watermark);
  }
  return least;
}

bool WatermarkCombiner::update(int64_t now_us, bool with_clock) {
  int64_t now = kWatermarkNone;
  if (parts_.empty() || all_finished()) {
    now = parts_.empty() ? kWatermarkNone : kWatermarkEnd;
  } else if (!all_idle()) {
    now = others(parts_.size());
  } else {
    for (const Part& part : parts_) {
      const bool moves = with_clock && part.moves_with_clock() && now_us > part.event_us;
      now = std::max(now, part.watermark + (moves ? now_us - part.event_us : 0));
    }
  }
  if (now <= combined_) return false;
  combined_ = now;
  return true;
}

void WatermarkCombiner::save(SnapshotWriter& writer) const {
  writer.u32(static_cast<uint32_t>(parts_.size()));
  for (const Part& part : parts_) {
    writer.i64(part.watermark);
    writer.i64(part.event_us);
    writer.u8(static_cast<uint8_t>((part.idle ? 1 : 0) | (part.finished ? 2 : 0)));
  }
  writer.i64(combined_);
}

Status WatermarkCombiner::load(SnapshotReader& reader) {
  const uint32_t parts = TRY(reader.u32());
  if (parts > parts_.size()) {
    return Error(ErrorCode::kIncompatibleState, "the snapshot has more partitions than there are");
  }
  for (uint32_t i = 0; i < parts; ++i) {
    parts_[i].watermark = TRY(reader.i64());
    parts_[i].event_us = TRY(reader.i64());
    const uint8_t flags = TRY(reader.u8());
    parts_[i].idle = (flags & 1) != 0;
    parts_[i].finished = (flags & 2) != 0;
  }
  combined_ = TRY(reader.i64());
  return {};
}

namespace {

int64_t minus_delay(int64_t time, int64_t delay) {
  int64_t result;
  return __builtin_sub_overflow(time, delay, &result) ? kWatermarkNone : result;
}

int64_t plus_future(int64_t now, int64_t future) {
  int64_t result;
  return __builtin_add_overflow(now, future, &result) ? INT64_MAX : result;
}

struct Range {
  int64_t least = INT64_MAX;
  int64_t greatest = INT64_MIN;
};

Range range_of(const Column& times) {
  Range range;
  const auto* values = times.values<int64_t>();
  const bool nulls = times.may_have_nulls();
  for (size_t i = 0; i < times.size(); ++i) {
    if (nulls && times.is_null(i)) continue;
    range.least = std::min(range.least, values[i]);
    range.greatest = std::max(range.greatest, values[i]);
  }
  return range;
}

}  // namespace

WatermarkAssigner::WatermarkAssigner(WatermarkOptions options) : options_(std::move(options)) {
  if (!options_.delay_us && !options_.told) strategy_.emplace(options_.strategy);
}

void WatermarkAssigner::take_out(Batch& batch, const Column& times, int64_t latest, Output& rejects,
                                 SourceMetrics& metrics) {
  Selection good, future, no_time;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    if (times.is_null(row)) {
      const bool goes = options_.by_key && batch.weight(row) < 0;
      (goes ? good : no_time).push_back(row);
    } else {
      (times.int64_at(row) > latest ? future : good).push_back(row);
    }
  }
  metrics.future.add(future.size());
  metrics.no_time.add(no_time.size());
  if (!future.empty()) {
    rejects.reject({RejectReason::kFuture, gather(batch, future), "event time in the future"});
  }
  if (!no_time.empty()) {
    rejects.reject({RejectReason::kNoTime, gather(batch, no_time), "event time is NULL"});
  }
  batch = good.empty() ? Batch{batch.schema, 0, {}, nullptr, nullptr} : gather(batch, good);
}

void WatermarkAssigner::assign(size_t partition, Batch& batch, int64_t now_us, Output& rejects,
                               SourceMetrics& metrics) {
  const int64_t latest =
      options_.max_future_us ? plus_future(now_us, *options_.max_future_us) : INT64_MAX;
  ColumnPtr times = flatten(batch.columns[options_.time_column]);
  Range range = range_of(*times);
  if (range.greatest > latest || times->may_have_nulls()) {
    const size_t before = batch.rows;
    take_out(batch, *times, latest, rejects, metrics);
    if (batch.rows == 0) return;
    if (batch.rows != before) {
      times = flatten(batch.columns[options_.time_column]);
      range = range_of(*times);
    }
  }
  combiner_.touch(partition, now_us);

  ColumnPtr strategy;
  int64_t end = combiner_.watermark(partition);
  if (options_.told) {
    reached_[partition] = std::max(reached_[partition], range.greatest);
  } else if (options_.delay_us) {
    if (range.greatest != INT64_MIN) {
      end = std::max(end, minus_delay(range.greatest, *options_.delay_us));
    }
  } else {
    RowErrors errors;  // a failed row gives NULL, which moves nothing
    context_.now_us = now_us;
    strategy = strategy_->evaluate(0, batch, context_, errors);
    for (size_t row = 0; row < batch.rows; ++row) {
      if (!strategy->is_null(row)) end = std::max(end, strategy->int64_at(row));
    }
  }
  const int64_t in_force = std::max(
      {combiner_.combined(), std::min(end, combiner_.others(partition)), floors_[partition]});
  if (range.least <= in_force || options_.by_key) {
    note_rows(partition, batch, *times, strategy.get(), metrics);
  }
  combiner_.raise(partition, end);
}

void WatermarkAssigner::note_rows(size_t partition, Batch& batch, const Column& times,
                                  const Column* strategy, SourceMetrics& metrics) {
  const int64_t others = combiner_.others(partition);
  const int64_t floor = std::max(combiner_.combined(), floors_[partition]);
  int64_t running = combiner_.watermark(partition);
  uint64_t late = 0;
  ColumnBuilder builder(Type::bigint(), batch.rows);
  auto* in_force = builder.extend<int64_t>(batch.rows);
  for (size_t row = 0; row < batch.rows; ++row) {
    // A row is judged by the watermark before itself.
    in_force[row] = std::max(floor, std::min(running, others));
    if (times.is_null(row)) continue;
    const int64_t time = times.int64_at(row);
    late += time <= in_force[row] ? 1 : 0;
    if (options_.told) continue;
    if (strategy == nullptr) {
      running = std::max(running, minus_delay(time, *options_.delay_us));
    } else if (!strategy->is_null(row)) {
      running = std::max(running, strategy->int64_at(row));
    }
  }
  builder.added(batch.rows);
  metrics.late.add(late);
  if (late > 0 || options_.by_key) batch.watermarks = builder.finish();
}

int64_t WatermarkAssigner::time_reached(size_t partition) const {
  if (options_.told) return reached_[partition];
  const int64_t watermark = combiner_.watermark(partition);
  if (!options_.delay_us || watermark == kWatermarkNone) return kWatermarkNone;
  int64_t time;
  return __builtin_add_overflow(watermark, *options_.delay_us, &time) ? INT64_MAX : time;
}

void WatermarkAssigner::quiet(size_t partition, int64_t now_us) {
  if (options_.told || options_.idle_timeout_us == 0 || combiner_.idle(partition)) return;
  int64_t since = combiner_.event_us(partition);
  if (since == INT64_MIN) {
    // Silent from the start: counted from the first look.
    if (quiet_since_.size() <= partition) quiet_since_.resize(partition + 1, INT64_MIN);
    if (quiet_since_[partition] == INT64_MIN) quiet_since_[partition] = now_us;
    since = quiet_since_[partition];
  }
  if (now_us - since >= options_.idle_timeout_us) combiner_.set_idle(partition);
}

void WatermarkAssigner::save(SnapshotWriter& writer) const {
  combiner_.save(writer);
  writer.u64(quiet_since_.size());
  for (const int64_t since : quiet_since_) writer.i64(since);
  for (size_t i = 0; options_.told && i < reached_.size(); ++i) writer.i64(reached_[i]);
}

Status WatermarkAssigner::load(SnapshotReader& reader) {
  TRY(combiner_.load(reader));
  quiet_since_.assign(TRY(reader.count(sizeof(int64_t))), INT64_MIN);
  for (int64_t& since : quiet_since_) since = TRY(reader.i64());
  for (size_t i = 0; options_.told && i < reached_.size(); ++i) reached_[i] = TRY(reader.i64());
  return {};
}

}  // namespace velo
