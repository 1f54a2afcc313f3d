#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "runtime/channel.h"
#include "runtime/metrics.h"
#include "runtime/pipeline.h"
#include "runtime/sink_port.h"
#include "runtime/source_driver.h"

namespace velo {

/// One thread's worth of a job: sources and channels in, a pipeline, channels and sinks out. Runs
/// to completion batch by batch. One thread at a time drives it: its own, or the caller's.
///
/// Filled by the layout (see job_layout.h), then opened and stepped.
class Driver {
 public:
  explicit Driver(Clock& clock) : clock_(clock) {}

  enum class Step : uint8_t {
    kProgress,  ///< something was done; there may be more
    kQuiet,     ///< nothing there now
    kStopped,   ///< stands at the stop barrier and passed it on
    kDone,      ///< all inputs have ended
  };
  /// One round over everything that comes in.
  Result<Step> step();
  /// Waits until there may be something, at most `timeout_us`.
  Status wait(int64_t timeout_us);
  /// Sources give nothing more; what is under way is finished. Then `step` gives kStopped.
  void request_stop() { stopping_ = true; }
  /// Flushes the sinks that stand here.
  Status flush();

  // Epochs: cuts through the job at which sources note their positions and sinks make durable what
  // came before. Any thread asks, this driver's does it in its next steps; each epoch is asked for
  // its three parts in turn. A driver that is done or stopped does it where it is asked.
  /// Sources pause, a barrier goes through the channels; sinks prepare behind it.
  void ask_epoch(uint64_t epoch);
  /// True once it is passed: the sinks have noted their watermarks. A driver that is over passes it
  /// here.
  Result<bool> passed_epoch(uint64_t epoch);
  /// The sinks publish what they prepared. REQUIRES: every driver has passed it.
  Status ask_publish(uint64_t epoch);
  bool published_epoch(uint64_t epoch) const {
    return published_.load(std::memory_order_acquire) >= epoch;
  }
  /// The sources commit. REQUIRES: every driver has published it; they know what is done.
  Status ask_commit(uint64_t epoch);
  bool commits() const;
  /// From this epoch on the sinks give what they hold. REQUIRES: it was not asked for yet.
  void release_from(uint64_t epoch) { release_from_.store(epoch, std::memory_order_relaxed); }
  /// Partitions of a source here are dealt anew. Any thread.
  bool moved() const { return moved_.load(std::memory_order_relaxed); }

  bool has_pushed_source() const;
  /// Ended, or stands behind the stop barrier. Any thread.
  bool done() const { return done_.load(std::memory_order_acquire); }
  bool stopped() const { return stopped_.load(std::memory_order_acquire); }
  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);

  // What the layout fills in.
  struct Merge {
    std::unique_ptr<ChannelMerge> merge;
    Port* out = nullptr;
    std::vector<ExchangePort*> senders;
    SchemaPtr schema;
  };
  Pipeline pipeline;
  ThreadMetrics metrics;
  std::atomic<bool> edge_share_told{false};  ///< the warning was given
  Doorbell doorbell;
  std::vector<std::unique_ptr<SourceDriver>> sources;
  std::vector<Merge> merges;
  std::vector<std::unique_ptr<ExchangePort>> exchanges;
  std::vector<SinkPort*> sinks;

 private:
  Result<bool> step_inputs(int64_t now_us);
  Status check_sinks() const;
  bool at_barrier() const;
  bool over() const { return done() || stopped(); }
  bool epoch_wanted() const;
  int64_t barrier_epoch() const;
  Status pass_epoch(uint64_t epoch);
  Status tend_epochs();

  Clock& clock_;
  int64_t ticked_us_ = INT64_MIN;
  uint64_t looked_ = 0;  // rings of the doorbell before the last look
  bool started_ = false;
  bool stopping_ = false;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> done_{false};
  bool flushed_ = true;
  std::atomic<uint64_t> wanted_{0}, passed_{0};
  std::atomic<uint64_t> publish_{0}, published_{0};
  std::atomic<uint64_t> commit_{0};
  std::atomic<uint64_t> release_from_{UINT64_MAX};
  std::atomic<bool> moved_{false};
  uint64_t committed_ = 0;
  std::vector<ChannelMerge::Step> merge_steps_;
};

/// The epoch of the barrier behind which nothing comes because the job stops.
inline constexpr int64_t kStopEpoch = -1;

}  // namespace velo
