#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "runtime/job_graph.h"
#include "runtime/job_layout.h"

namespace velo {

struct JobOptions {
  Clock* clock = nullptr;  ///< borrowed
  uint32_t parallelism = 1;
  size_t channel_messages = 64;
  const TimeZone* zone = TimeZone::utc();
  /// How often positions of sources are committed, where somebody remembers them.
  int64_t commit_interval_us = 1'000'000;
  /// A job over the same plans ran before it, and said what there is to say of them.
  bool goes_on = false;
};

enum class JobState : uint8_t { kReady, kRunning, kStopping, kDone, kFailed };

struct JobProgress {
  JobState state = JobState::kReady;
  uint64_t rows_in = 0;
  uint64_t rows_out = 0;
  uint64_t rows_late = 0;
  uint64_t rows_future = 0;
  uint64_t rows_bad = 0;
  uint64_t rows_unmatched = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_total = 0;
  int64_t watermark_us = kWatermarkNone;
  int64_t lag = -1;  ///< messages that topics have and that were not read; below 0: not known
};

/// A running graph. All sinks publish at the end, or none does.
///
/// Driven in one of two ways: `start` and `wait`, on threads of its own; or `step` (and the pushes)
/// on the caller's, where channels are emptied by whoever finds them full, so that every run is the
/// same. Drivers with pushed sources are always the caller's.
///
/// One thread at a time, but `stop`, `progress`, `stats_json` and `take_messages` from any.
class Job {
 public:
  Job(JobGraph graph, const JobOptions& options);
  ~Job();

  /// Opens sinks and sources: all that can be wrong outside shows here. Idempotent.
  Status open();
  /// Starts the threads.
  Status start();
  /// The outcome, once all threads are done and the sinks have published; nothing = still running.
  std::optional<Status> wait(int64_t timeout_us);
  /// Rounds on this thread until nothing can be done now. True = done, and the sinks have
  /// published.
  Result<bool> step();
  /// Sets flags only: safe in a signal handler. First: finish the batch, flush, commit. Second:
  /// give up.
  void stop();
  /// Ended because partitions of its sources were dealt anew: another job over the same plans goes
  /// on.
  bool moved() const { return moving_.load(); }
  /// Stopped twice.
  bool giving_up() const { return stops_.load() >= 2; }

  /// Sources by their number in the graph; the driver that reads them must be the caller's.
  Status push_batch(size_t source, size_t partition, const Batch& batch);
  Status push_bytes(size_t source, size_t partition, std::string_view bytes);
  Status push_watermark(size_t source, size_t partition, int64_t watermark_us);
  Status push_end(size_t source, size_t partition);
  /// Ends all pushed partitions, runs to the end and publishes.
  Status finish();

  /// Everything needed to go on. REQUIRES: stepped until quiet, or stopped.
  Result<std::string> save();
  /// Instead of `open`: a fresh job over the same graph goes on where `save` was called.
  Status load(std::string_view snapshot);

  JobProgress progress() const;
  std::string stats_json() const;
  /// Warnings so far, each told once; a thread that is busy outside the synchronous core for more
  /// than 15 % of its time is among them.
  std::vector<std::string> take_messages();
  const JobGraph& graph() const { return graph_; }
  const JobLayout& layout() const { return layout_; }
  const JobMetrics& metrics() const { return metrics_; }
  /// Rows into and out of an operator, over all its copies; one line each: for EXPLAIN ANALYZE.
  std::string analyze() const;

 private:
  enum class Mode : uint8_t { kUndecided, kThreads, kStepped };
  struct Pushed {
    SourceDriver* source = nullptr;  ///< null: not a pushed one
    Driver* driver = nullptr;
  };
  Status open_once(bool with_sinks);
  Status open_all(bool with_sinks);
  void route_future(size_t node, const NodeSpec::Late& late);
  void join();
  Status set_mode(Mode mode);
  void run_driver(Driver& driver);
  void fail(const Error& error);
  void close_channels();
  void tend_side_tables();
  void watch_for_moves();
  Status tend_epoch();
  Result<bool> all_passed();
  void warn_of_replay();
  void tell_origins();
  void find_sinks();
  void hold_results();
  bool caught_up() const;
  void set_done();
  void commit_positions();
  Status settle(const Status& outcome);
  Status publish();
  Result<bool> step_callers_drivers();
  Result<SourceDriver*> pushed(size_t source);
  Status after_push(Status status);
  void report_edge_share();
  bool all_over() const;

  JobGraph graph_;
  JobOptions options_;
  Clock& clock_;
  Rejects rejects_;
  JobMetrics metrics_;
  std::vector<std::unique_ptr<SinkPort>> sinks_;
  /// By source: the sinks that the watermark of its rows reaches.
  std::vector<std::vector<size_t>> sinks_of_;
  JobLayout layout_;
  bool opened_ = false;
  Mode mode_ = Mode::kUndecided;
  std::vector<std::thread> threads_;
  std::vector<Pushed> pushed_;  // by source
  std::atomic<size_t> running_{0};
  std::atomic<int> stops_{0};
  std::atomic<bool> failed_{false};
  std::atomic<bool> moving_{false};
  std::atomic<JobState> state_{JobState::kReady};
  mutable std::mutex mutex_;
  std::optional<Error> error_;
  std::optional<Status> outcome_;
  int64_t started_ns_ = 0;
  int64_t tend_next_ns_ = 0;
  std::atomic<int64_t> ended_ns_{0};
  uint64_t epoch_ = 0;
  enum class EpochPart : uint8_t { kNone, kPassing, kPublishing };
  EpochPart epoch_part_ = EpochPart::kNone;
  bool commits_ = false;
  bool holds_ = false;  ///< results that are known to come again
  int64_t epoch_next_ns_ = 0;
};

}  // namespace velo
