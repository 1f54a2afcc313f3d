#include "runtime/channel.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <utility>

#include "column/column_builder.h"
#include "state/row_hash.h"

namespace velo {

void Doorbell::ring() {
  rings_.fetch_add(1, std::memory_order_seq_cst);
  if (!waiting_.load(std::memory_order_seq_cst)) return;
  {
    std::lock_guard lock(mutex_);
  }
  changed_.notify_all();
}

void Doorbell::wait(uint64_t looked, int64_t timeout_us) {
  std::unique_lock lock(mutex_);
  waiting_.store(true, std::memory_order_seq_cst);
  changed_.wait_for(lock, std::chrono::microseconds(timeout_us),
                    [&] { return rings_.load(std::memory_order_seq_cst) != looked; });
  waiting_.store(false, std::memory_order_relaxed);
}

void Channel::put(Message message) {
  if (make_room_) {
    while (queue_.try_push(std::move(message)) == QueueResult::kTimeout) make_room_();
    return;
  }
  queue_.push(std::move(message));
  consumer_.ring();
}

ExchangePort::ExchangePort(std::vector<Channel*> channels, const std::vector<ExprPtr>& keys,
                           const TimeZone* zone, Clock& clock, ThreadMetrics& thread)
    : channels_(std::move(channels)),
      key_count_(keys.size()),
      keys_(keys),
      clock_(clock),
      dealt_(channels_.size()),
      thread_(thread) {
  // Keys that depend on the zone must fall as the operator behind sees them.
  context_.zone = zone;
}

void ExchangePort::emit(Batch batch) {
  const int64_t begin = clock_.steady_ns();
  if (channels_.size() == 1 || key_count_ == 0) {
    put(0, {Message::Kind::kBatch, false, 0, 0, flatten(batch)});
  } else {
    // Rows whose key fails go anywhere: the operator behind evaluates it again and rejects them.
    errors_.clear();
    keys_.evaluate(batch, context_, errors_, &key_columns_);
    hash_rows(key_columns_, batch.rows, &hashes_);
    for (Selection& rows : dealt_) rows.clear();
    for (uint32_t row = 0; row < batch.rows; ++row) {
      dealt_[(hashes_[row] >> 32) % dealt_.size()].push_back(row);
    }
    for (size_t i = 0; i < dealt_.size(); ++i) {
      if (dealt_[i].empty()) continue;
      put(i, {Message::Kind::kBatch, false, 0, 0, flatten(gather(batch, dealt_[i]))});
    }
  }
  thread_.channel_ns.add(static_cast<uint64_t>(clock_.steady_ns() - begin));
}

void ExchangePort::broadcast(Message::Kind kind, int64_t value) {
  const int64_t begin = clock_.steady_ns();
  for (size_t i = 0; i < channels_.size(); ++i) {
    Message message;
    message.kind = kind;
    message.idle = idle_since_ != kActive;
    message.value = value;
    message.event_us = idle_since_;
    put(i, std::move(message));
  }
  thread_.channel_ns.add(static_cast<uint64_t>(clock_.steady_ns() - begin));
}

void ExchangePort::advance(int64_t watermark) {
  watermark_ = watermark;
  broadcast(Message::Kind::kWatermark, watermark);
}

void ExchangePort::idle(int64_t since_us) {
  if (since_us == idle_since_) return;
  idle_since_ = since_us;
  broadcast(Message::Kind::kWatermark, watermark_);
}

void ExchangePort::save(SnapshotWriter& writer) const {
  writer.i64(watermark_);
  writer.i64(idle_since_);
}

Status ExchangePort::load(SnapshotReader& reader) {
  watermark_ = TRY(reader.i64());
  idle_since_ = TRY(reader.i64());
  return {};
}

void ExchangePort::barrier(int64_t epoch) { broadcast(Message::Kind::kBarrier, epoch); }
void ExchangePort::end() { broadcast(Message::Kind::kEnd, 0); }

ChannelMerge::ChannelMerge(std::vector<Channel*> channels, Port& out, MergeOptions options)
    : channels_(std::move(channels)),
      out_(out),
      options_(std::move(options)),
      at_barrier_(channels_.size(), false),
      round_(channels_.size()),
      has_taken_(channels_.size(), false) {
  for (size_t i = 0; i < channels_.size(); ++i) combiner_.add();
}

ChannelMerge::Step ChannelMerge::step(int64_t now_us, size_t messages_max) {
  if (ended_) return Step::kDone;
  bool progress = false;
  for (size_t taken = 0; taken < messages_max;) {
    const size_t now = take_round(now_us);
    if (now == 0) break;
    taken += now;
    progress = true;
  }
  if (combiner_.update(now_us, !options_.leads_away)) watermark_moved();
  tell_idle();
  if (overdue_) release(told_);
  if (combiner_.all_finished()) {
    release(kWatermarkEnd);
    ended_ = true;
    out_.end();
    return Step::kDone;
  }
  bool barrier = false;
  bool all = true;
  for (size_t i = 0; i < channels_.size(); ++i) {
    barrier = barrier || at_barrier_[i];
    all = all && (at_barrier_[i] || combiner_.finished(i));
  }
  if (barrier && all) return Step::kBarrier;
  return progress ? Step::kProgress : Step::kQuiet;
}

void ChannelMerge::pass_barrier() { std::fill(at_barrier_.begin(), at_barrier_.end(), false); }

/// A message of every channel that has one; rows last, so that they are not measured against
/// channels on which nothing comes.
size_t ChannelMerge::take_round(int64_t now_us) {
  for (size_t i = 0; i < channels_.size(); ++i) {
    const bool open = !at_barrier_[i] && !combiner_.finished(i) && !has_taken_[i];
    if (open && channels_[i]->take(round_[i])) has_taken_[i] = true;
  }
  size_t taken = 0;
  for (const bool rows : {false, true}) {
    for (size_t i = 0; i < channels_.size(); ++i) {
      if (!has_taken_[i] || (round_[i].kind == Message::Kind::kBatch) != rows) continue;
      has_taken_[i] = false;
      ++taken;
      handle(i, std::move(round_[i]), now_us);
    }
  }
  return taken;
}

void ChannelMerge::handle(size_t channel, Message message, int64_t now_us) {
  switch (message.kind) {
    case Message::Kind::kBatch:
      combiner_.touch(channel, now_us);
      tell_idle();
      ++batches_;
      give(channel, std::move(message.batch));
      break;
    case Message::Kind::kWatermark:
      combiner_.raise(channel, message.value);
      if (message.idle) {
        combiner_.set_idle(channel, message.event_us);
      } else {
        combiner_.set_active(channel);
      }
      if (combiner_.update(now_us, !options_.leads_away)) watermark_moved();
      break;
    case Message::Kind::kBarrier:
      at_barrier_[channel] = true;
      epoch_ = message.value;
      break;
    case Message::Kind::kEnd:
      combiner_.set_finished(channel);
      if (!combiner_.all_finished() && combiner_.update(now_us, !options_.leads_away))
        watermark_moved();
      break;
  }
}

void ChannelMerge::give(size_t channel, Batch batch) {
  const int64_t combined = combiner_.combined();
  if (batch.watermarks) {
    // What was late in its own channel need not be late among all.
    const int64_t others = combiner_.others(channel);
    ColumnBuilder in_force(Type::bigint(), batch.rows);
    for (size_t row = 0; row < batch.rows; ++row) {
      in_force.append_int64(std::max(combined, std::min(others, batch.watermarks->int64_at(row))));
    }
    batch.watermarks = in_force.finish();
  } else if (combined > combiner_.watermark(channel)) {
    // The channel was idle: the others, or the clock, went on without it.
    batch.watermarks = constant_column(Scalar::of(combined), batch.rows);
  }
  if (options_.order.empty()) return out_.emit(std::move(batch));
  overdue_ = overdue_ || is_overdue(batch);
  held_.push_back(std::move(batch));
}

/// Rows up to this time are due; all of them at the end.
int64_t ChannelMerge::due_time(int64_t watermark) const {
  int64_t due;
  if (!__builtin_add_overflow(watermark, options_.due_us, &due)) return due;
  return options_.due_us > 0 ? INT64_MAX : INT64_MIN;
}

/// Corrections of windows that fired before: nothing that is still to come stands before them.
bool ChannelMerge::is_overdue(const Batch& batch) const {
  if (!options_.time_column || told_ == kWatermarkNone) return false;
  const Column& times = *batch.columns[*options_.time_column];
  const int64_t due = due_time(told_);
  for (size_t row = 0; row < batch.rows; ++row) {
    if (times.int64_at(row) <= due) return true;
  }
  return false;
}

void ChannelMerge::tell_idle() {
  // The clock moves the watermark here: nobody behind needs to.
  int64_t since = combiner_.all_idle() ? kNeverHadEvent : kActive;
  if (options_.leads_away) since = combiner_.idle_since();
  if (since == told_idle_) return;
  told_idle_ = since;
  out_.idle(since);
}

void ChannelMerge::watermark_moved() {
  const int64_t watermark = combiner_.combined();
  if (watermark == kWatermarkEnd || watermark <= told_) return;
  told_ = watermark;
  release(watermark);
  out_.advance(watermark);
}

void ChannelMerge::release(int64_t watermark) {
  overdue_ = false;
  if (held_.empty() || (watermark != kWatermarkEnd && !options_.time_column)) return;
  const int64_t due_us = due_time(watermark);
  const Batch all = concat(held_);
  Selection due, later;
  for (uint32_t row = 0; row < all.rows; ++row) {
    const bool is_due =
        watermark == kWatermarkEnd || all.columns[*options_.time_column]->int64_at(row) <= due_us;
    (is_due ? due : later).push_back(row);
  }
  held_.clear();
  if (!later.empty()) held_.push_back(gather(all, later));
  if (due.empty()) return;
  std::stable_sort(due.begin(), due.end(), [&](uint32_t a, uint32_t b) {
    for (const size_t column : options_.order) {
      const int order = compare_rows(*all.columns[column], a, *all.columns[column], b);
      if (order != 0) return order < 0;
    }
    return false;
  });
  out_.emit(gather(all, due));
}

void ChannelMerge::save(SnapshotWriter& writer) const {
  writer.section("merge");
  combiner_.save(writer);
  writer.i64(told_);
  writer.i64(told_idle_);
  writer.u64(held_.empty() ? 0 : 1);
  if (held_.empty()) return;
  const Batch all = concat(held_);
  writer.u64(all.rows);
  for (const ColumnPtr& column : all.columns) writer.column(*column);
  writer.u8(all.weights ? 1 : 0);
  if (all.weights) writer.column(*all.weights);
}

Status ChannelMerge::load(SnapshotReader& reader, const SchemaPtr& schema) {
  TRY(reader.section("merge"));
  TRY(combiner_.load(reader));
  told_ = TRY(reader.i64());
  told_idle_ = TRY(reader.i64());
  if (TRY(reader.u64()) == 0) return {};
  const uint64_t rows = TRY(reader.u64());
  Batch all{schema, rows, {}, nullptr, nullptr};
  for (const Field& field : schema->fields()) {
    all.columns.push_back(TRY(reader.column(field.type)));
  }
  if (TRY(reader.u8()) != 0) all.weights = TRY(reader.column(Type::bigint()));
  held_.push_back(std::move(all));
  return {};
}

}  // namespace velo
