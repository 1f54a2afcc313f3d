#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "expr/evaluator.h"
#include "runtime/metrics.h"
#include "runtime/port.h"
#include "runtime/watermark.h"

namespace velo {

/// Wakes one thread that looks at several channels. Ringing costs one atomic load while it is busy.
class Doorbell {
 public:
  void ring();
  /// Sleeps until rung since `looked`, at most `timeout_us`.
  void wait(uint64_t looked, int64_t timeout_us);
  /// To be taken before looking at the channels.
  uint64_t rings() const { return rings_.load(std::memory_order_seq_cst); }

 private:
  std::atomic<uint64_t> rings_{0};
  std::atomic<bool> waiting_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// What flows between threads. Nothing else does.
struct Message {
  enum class Kind : uint8_t { kBatch, kWatermark, kBarrier, kEnd };
  Kind kind = Kind::kBatch;
  bool idle = false;     ///< kWatermark: the sender's sources are silent since `event_us`
  int64_t value = 0;     ///< kWatermark: the watermark; kBarrier: the epoch
  int64_t event_us = 0;  ///< kWatermark and idle
  Batch batch;           ///< kBatch: flat, nothing shared with the sender
};

/// A bounded queue from one task to another.
class Channel {
 public:
  Channel(size_t capacity, Doorbell& consumer) : queue_(capacity), consumer_(consumer) {}

  /// Waits for room, or makes it when the job is stepped by one thread. Dropped once closed.
  void put(Message message);
  bool take(Message& out) { return queue_.try_pop(out) == QueueResult::kDone; }
  void close() { queue_.close(); }
  /// One thread runs both ends: called while full; must take something out.
  void set_make_room(std::function<void()> make_room) { make_room_ = std::move(make_room); }

  size_t depth() const { return queue_.depth(); }
  size_t depth_max() const { return queue_.high_water(); }
  uint64_t messages() const { return queue_.pushed(); }
  uint64_t full_waits() const { return queue_.producer_waits(); }

 private:
  BoundedQueue<Message> queue_;
  Doorbell& consumer_;
  std::function<void()> make_room_;
};

/// The way out of a task: deals rows to channels by the hash of their keys (one channel: all of
/// them), watermarks and ends to every one. Batches are flattened, as they change threads.
class ExchangePort final : public Port {
 public:
  /// Borrows all. `keys`: over the rows, in the session's `zone`; none = everything to channel 0.
  ExchangePort(std::vector<Channel*> channels, const std::vector<ExprPtr>& keys,
               const TimeZone* zone, Clock& clock, ThreadMetrics& thread);

  void emit(Batch batch) override;
  void advance(int64_t watermark) override;
  void reject(Rejected) override {}
  void end() override;
  void barrier(int64_t epoch);
  void idle(int64_t since_us) override;
  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);
  bool wants_more() const override { return wants_more_.load(std::memory_order_relaxed); }
  /// By the consumer: nothing more is needed.
  void refuse() { wants_more_.store(false, std::memory_order_relaxed); }

 private:
  void put(size_t channel, Message message) { channels_[channel]->put(std::move(message)); }
  void broadcast(Message::Kind kind, int64_t value);

  std::vector<Channel*> channels_;
  size_t key_count_;
  Evaluator keys_;
  EvaluationContext context_;
  RowErrors errors_;
  Clock& clock_;
  std::vector<ColumnPtr> key_columns_;
  std::vector<uint64_t> hashes_;
  std::vector<Selection> dealt_;
  int64_t watermark_ = kWatermarkNone;
  int64_t idle_since_ = kActive;
  std::atomic<bool> wants_more_{true};
  ThreadMetrics& thread_;
};

/// How the rows of several channels become one stream.
struct MergeOptions {
  /// Columns in whose order rows are given, whatever channel they come from; none = as they come.
  std::vector<size_t> order;
  /// An event time column among them: rows are given once the watermark has reached it. Without
  /// one, an ordered merge waits for the end.
  std::optional<size_t> time_column;
  /// A row is due when watermark + due_us has reached its time.
  int64_t due_us = 0;
  /// While nothing comes, the clock moves the watermark further on: see ReaderSpec.
  bool leads_away = false;
};

/// The way into a task: takes messages from several channels and gives one stream to `out`.
class ChannelMerge {
 public:
  /// Borrows all.
  ChannelMerge(std::vector<Channel*> channels, Port& out, MergeOptions options);

  enum class Step : uint8_t { kProgress, kQuiet, kBarrier, kDone };
  /// Takes what is there, at most `messages_max`. kBarrier: every open channel stands at a barrier
  /// (see `epoch`); nothing is taken until `pass_barrier`.
  Step step(int64_t now_us, size_t messages_max);
  int64_t epoch() const { return epoch_; }
  void pass_barrier();
  uint64_t batches() const { return batches_; }

  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader, const SchemaPtr& schema);

 private:
  size_t take_round(int64_t now_us);
  void handle(size_t channel, Message message, int64_t now_us);
  void give(size_t channel, Batch batch);
  void watermark_moved();
  int64_t due_time(int64_t watermark) const;
  bool is_overdue(const Batch& batch) const;
  void release(int64_t watermark);
  void tell_idle();

  std::vector<Channel*> channels_;
  Port& out_;
  MergeOptions options_;
  WatermarkCombiner combiner_;
  std::vector<bool> at_barrier_;
  std::vector<Message> round_;  // what `take_round` took
  std::vector<bool> has_taken_;
  std::vector<Batch> held_;  // an ordered merge: rows that wait for the watermark
  bool overdue_ = false;     // some of them need not wait any longer
  int64_t told_ = kWatermarkNone;
  int64_t told_idle_ = kActive;
  int64_t epoch_ = 0;
  uint64_t batches_ = 0;
  bool ended_ = false;
};

}  // namespace velo
