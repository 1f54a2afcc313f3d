#include "runtime/driver.h"

#include <algorithm>
#include <utility>

namespace velo {
namespace {

constexpr int64_t kTickUs = 50'000;
constexpr size_t kMessagesPerStep = 16;
constexpr int64_t kShortWaitUs = 2'000;  // where several things are waited for in turn

}  // namespace

Result<Driver::Step> Driver::step() {
  if (done_) return Step::kDone;
  if (stopped_) return Step::kStopped;
  looked_ = doorbell.rings();
  const int64_t now_us = clock_.now_us();
  pipeline.set_now(now_us);
  if (!std::exchange(started_, true)) pipeline.start();
  const bool progress = TRY(step_inputs(now_us));
  if (ticked_us_ == INT64_MIN || now_us - ticked_us_ >= kTickUs ||
      (!progress && now_us != ticked_us_)) {
    ticked_us_ = now_us;
    pipeline.tick(now_us);
    for (SinkPort* sink : sinks) TRY(sink->tick());
    metrics.note_thread_usage();
  }
  TRY(check_sinks());
  const bool sources_done = std::all_of(sources.begin(), sources.end(),
                                        [](const auto& source) { return source->done(); });
  const bool merges_done = std::all_of(merge_steps_.begin(), merge_steps_.end(),
                                       [](auto s) { return s == ChannelMerge::Step::kDone; });
  if (sources_done && merges_done) {
    TRY(flush());
    done_ = true;  // last: others take it as leave to touch what is ours
    return Step::kDone;
  }
  TRY(tend_epochs());
  if (at_barrier()) {
    const int64_t epoch = barrier_epoch();
    for (const auto& exchange : exchanges) exchange->barrier(epoch);
    for (const Merge& merge : merges) merge.merge->pass_barrier();
    TRY(flush());
    if (epoch != kStopEpoch) {
      TRY(pass_epoch(static_cast<uint64_t>(epoch)));
      return Step::kProgress;
    }
    for (const auto& source : sources) source->note_positions();
    stopped_ = true;
    return Step::kStopped;
  }
  if (progress) {
    flushed_ = false;
    return Step::kProgress;
  }
  if (!std::exchange(flushed_, true)) TRY(flush());
  return Step::kQuiet;
}

Result<bool> Driver::step_inputs(int64_t now_us) {
  bool progress = false;
  if (!stopping_ && !epoch_wanted()) {
    for (const auto& source : sources) {
      if (source->done()) continue;
      progress = TRY(source->step(now_us)) != SourceDriver::Step::kQuiet || progress;
      if (source->moved()) moved_.store(true, std::memory_order_relaxed);
    }
  }
  merge_steps_.resize(merges.size(), ChannelMerge::Step::kQuiet);
  for (size_t i = 0; i < merges.size(); ++i) {
    if (merge_steps_[i] == ChannelMerge::Step::kDone) continue;
    const int64_t begin = clock_.steady_ns();
    const uint64_t edge = metrics.sink_ns.get() + metrics.channel_ns.get();
    const uint64_t batches = merges[i].merge->batches();
    merge_steps_[i] = merges[i].merge->step(now_us, kMessagesPerStep);
    progress = progress || merge_steps_[i] == ChannelMerge::Step::kProgress ||
               merge_steps_[i] == ChannelMerge::Step::kDone;
    const uint64_t taken = merges[i].merge->batches() - batches;
    const uint64_t edge_now = metrics.sink_ns.get() + metrics.channel_ns.get() - edge;
    const auto total = static_cast<uint64_t>(clock_.steady_ns() - begin);
    const uint64_t core = total > edge_now ? total - edge_now : 0;
    metrics.core_ns.add(core);
    metrics.batches.add(taken);
    if (taken > 0) metrics.batch_latency.record(core / taken, taken);
    if (!merges[i].out->wants_more()) {
      for (ExchangePort* sender : merges[i].senders) sender->refuse();
    }
  }
  return progress;
}

Status Driver::check_sinks() const {
  for (const SinkPort* sink : sinks) {
    if (sink->error()) return *sink->error();
  }
  return {};
}

bool Driver::epoch_wanted() const {
  return !sources.empty() &&
         wanted_.load(std::memory_order_relaxed) > passed_.load(std::memory_order_relaxed);
}

/// REQUIRES: at_barrier().
int64_t Driver::barrier_epoch() const {
  for (const Merge& merge : merges) {
    if (merge.merge->epoch() == kStopEpoch) return kStopEpoch;
  }
  if (stopping_) return kStopEpoch;
  if (epoch_wanted()) return static_cast<int64_t>(wanted_.load(std::memory_order_acquire));
  return merges.front().merge->epoch();
}

Status Driver::pass_epoch(uint64_t epoch) {
  const bool releases = epoch >= release_from_.load(std::memory_order_relaxed);
  for (SinkPort* sink : sinks) {
    if (releases) sink->release();
    TRY(sink->prepare(epoch));
    sink->note_watermark();
  }
  for (const auto& source : sources) source->note_positions();
  passed_.store(epoch, std::memory_order_release);
  return {};
}

Status Driver::tend_epochs() {
  const uint64_t publish = publish_.load(std::memory_order_acquire);
  if (publish > published_.load(std::memory_order_relaxed)) {
    for (SinkPort* sink : sinks) TRY(sink->commit(publish));
    published_.store(publish, std::memory_order_release);
  }
  const uint64_t commit = commit_.load(std::memory_order_acquire);
  if (commit > committed_) {
    committed_ = commit;
    for (const auto& source : sources) source->commit();
  }
  return {};
}

void Driver::ask_epoch(uint64_t epoch) {
  wanted_.store(epoch, std::memory_order_release);
  doorbell.ring();
}

Result<bool> Driver::passed_epoch(uint64_t epoch) {
  if (over() && passed_.load(std::memory_order_acquire) < epoch) TRY(pass_epoch(epoch));
  return passed_.load(std::memory_order_acquire) >= epoch;
}

Status Driver::ask_publish(uint64_t epoch) {
  publish_.store(epoch, std::memory_order_release);
  if (over()) return tend_epochs();
  doorbell.ring();
  return {};
}

Status Driver::ask_commit(uint64_t epoch) {
  commit_.store(epoch, std::memory_order_release);
  if (over()) return tend_epochs();
  doorbell.ring();
  return {};
}

bool Driver::commits() const {
  return std::any_of(sources.begin(), sources.end(),
                     [](const auto& source) { return source->commits(); });
}

bool Driver::at_barrier() const {
  const bool held = stopping_ || epoch_wanted();
  if (merges.empty()) return held;
  bool any = false;
  for (const ChannelMerge::Step step : merge_steps_) {
    if (step == ChannelMerge::Step::kBarrier) {
      any = true;
    } else if (step != ChannelMerge::Step::kDone) {
      return false;
    }
  }
  return any || held;
}

Status Driver::wait(int64_t timeout_us) {
  const int64_t begin = clock_.steady_ns();
  size_t live = 0;
  SourceDriver* last = nullptr;
  for (const auto& source : sources) {
    if (source->done() || source->pushed()) continue;
    ++live;
    last = source.get();
  }
  Status status;
  if (live == 1 && merges.empty()) {
    status = last->wait(timeout_us);
  } else if (live == 0) {
    doorbell.wait(looked_, timeout_us);
  } else {
    for (const auto& source : sources) {
      if (!source->done() && !source->pushed()) TRY(source->wait(kShortWaitUs));
    }
  }
  metrics.idle_ns.add(static_cast<uint64_t>(clock_.steady_ns() - begin));
  return status;
}

Status Driver::flush() {
  for (SinkPort* sink : sinks) TRY(sink->flush());
  return {};
}

bool Driver::has_pushed_source() const {
  return std::any_of(sources.begin(), sources.end(),
                     [](const auto& source) { return source->pushed(); });
}

void Driver::save(SnapshotWriter& writer) const {
  writer.section("driver");
  writer.u8(static_cast<uint8_t>((started_ ? 1 : 0) | (done_ ? 2 : 0)));
  for (const auto& source : sources) source->save(writer);
  for (const Merge& merge : merges) merge.merge->save(writer);
  for (const auto& exchange : exchanges) exchange->save(writer);
  pipeline.save(writer);
}

Status Driver::load(SnapshotReader& reader) {
  TRY(reader.section("driver"));
  const uint8_t flags = TRY(reader.u8());
  started_ = (flags & 1) != 0;
  done_ = (flags & 2) != 0;
  for (const auto& source : sources) TRY(source->load(reader));
  for (const Merge& merge : merges) TRY(merge.merge->load(reader, merge.schema));
  for (const auto& exchange : exchanges) TRY(exchange->load(reader));
  return pipeline.load(reader);
}

}  // namespace velo
