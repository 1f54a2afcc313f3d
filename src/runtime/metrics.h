#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "connector/source.h"
#include "operator/operator.h"

namespace velo {

/// A number that one thread writes and any thread reads. No atomic read-modify-write: as cheap as a
/// plain number.
class Counter {
 public:
  void add(uint64_t n) { set(get() + n); }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }
  void raise_to(uint64_t n) {
    if (n > get()) set(n);
  }

 private:
  std::atomic<uint64_t> value_{0};
};

/// Counts of nanoseconds in buckets that grow with the value: 16 per power of two, so that a
/// quantile is off by at most 1/16 (the layout of HdrHistogram, G. Tene). One writer, any reader.
class LatencyHistogram {
 public:
  /// `times`: as if recorded so often.
  void record(uint64_t ns, uint64_t times = 1) {
    buckets_[bucket(ns)].add(times);
    count_.add(times);
    sum_.add(ns * times);
    max_.raise_to(ns);
  }
  uint64_t count() const { return count_.get(); }
  uint64_t max() const { return max_.get(); }
  double mean() const;
  /// Upper edge of the bucket that holds the q-th of all values, 0 < q ≤ 1; 0 if there are none.
  uint64_t quantile(double q) const;
  void merge(const LatencyHistogram& other);
  /// {"count":…,"mean_ns":…,"p50_ns":…,"p90_ns":…,"p99_ns":…,"p999_ns":…,"max_ns":…}
  std::string to_json() const;

 private:
  static constexpr int kSubBits = 4;
  static constexpr size_t kBuckets = (64 - kSubBits + 1) << kSubBits;
  static size_t bucket(uint64_t ns) {
    if (ns < (1u << kSubBits)) return ns;
    const int shift = 63 - std::countl_zero(ns) - kSubBits;
    return (static_cast<size_t>(shift + 1) << kSubBits) +
           static_cast<size_t>((ns >> shift) & ((1u << kSubBits) - 1));
  }
  static uint64_t upper_edge(size_t bucket);

  std::array<Counter, kBuckets> buckets_;
  Counter count_;
  Counter sum_;
  Counter max_;
};

struct OperatorMetrics {
  Counter rows_in;
  Counter rows_out;
  Counter batches_out;
  Counter late;
  Counter future;
  Counter failed;
  Counter no_time;
  Counter unmatched;
  Counter state_rows_max;
  Counter state_bytes_max;
  // When state_rows_max was reached: of rows, beside what keys take.
  Counter full_row_bytes;
  Counter full_column_bytes;
  Counter state_keys_max;
  Counter full_key_bytes;  // when that was reached

  void count_rejected(RejectReason reason, uint64_t rows) {
    switch (reason) {
      case RejectReason::kLate:
        return late.add(rows);
      case RejectReason::kFuture:
        return future.add(rows);
      case RejectReason::kError:
        return failed.add(rows);
      case RejectReason::kNoTime:
        return no_time.add(rows);
      case RejectReason::kUnmatched:
        return unmatched.add(rows);
    }
  }
  /// `always`: even if the state has hardly grown, for it may have done so in bytes.
  void note_state(const Operator& op, bool always) {
    const uint64_t rows = op.state_rows();
    const uint64_t keys = op.state_keys();
    const auto has_grown = [](uint64_t now, const Counter& most) {
      return now > most.get() + most.get() / 8;
    };
    if (!always && !has_grown(rows, state_rows_max) && !has_grown(keys, state_keys_max)) return;
    const uint64_t bytes = op.state_bytes();
    state_bytes_max.raise_to(bytes);
    if (keys > state_keys_max.get()) {
      state_keys_max.set(keys);
      full_key_bytes.set(op.state_key_bytes());
    }
    if (rows <= state_rows_max.get()) return;
    state_rows_max.set(rows);
    full_row_bytes.set(bytes - op.state_key_bytes());
    full_column_bytes.set(op.state_column_bytes());
  }
};

/// What a source of messages says of itself, written by the thread that reads it now and then.
class PublishedStats {
 public:
  void set(SourceStats stats) {
    std::lock_guard lock(mutex_);
    stats_ = std::move(stats);
  }
  /// Nothing: the source is none of messages, or has not said anything.
  std::optional<SourceStats> get() const {
    std::lock_guard lock(mutex_);
    return stats_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<SourceStats> stats_;
};

struct SourceMetrics {
  Counter blocks;
  Counter bytes_in;
  Counter bytes_total;  ///< 0 = unknown
  Counter rows_in;
  Counter bad;     ///< records that could not be decoded
  Counter failed;  ///< rows whose computed columns failed
  Counter future;
  Counter no_time;
  Counter late;  ///< rows that came behind the watermark, dropped or not
  std::atomic<int64_t> watermark_us{kWatermarkNone};
  PublishedStats messages;
};

struct SinkMetrics {
  Counter rows_out;
  Counter bytes_out;
  Counter waiting;  ///< sent, and not acknowledged
  Counter errors;   ///< while sending, mended or not
};

/// Counts of rows are part of a snapshot: they go on where they stood. What was measured (times,
/// allocations, the most that a state ever held) belongs to the process and starts anew.
void save_counts(const OperatorMetrics& metrics, SnapshotWriter& writer);
void save_counts(const SourceMetrics& metrics, SnapshotWriter& writer);
void save_counts(const SinkMetrics& metrics, SnapshotWriter& writer);
/// REQUIRES: nothing else writes the metrics.
Status load_counts(SnapshotReader& reader, OperatorMetrics& metrics);
Status load_counts(SnapshotReader& reader, SourceMetrics& metrics);
Status load_counts(SnapshotReader& reader, SinkMetrics& metrics);

/// Where the time of one thread goes. "Core": decoding, operators, encoding. "Edge": reading and
/// writing, channels, waiting for room in them. "Idle": nothing to do.
struct ThreadMetrics {
  Counter core_ns;
  Counter source_ns;
  Counter sink_ns;
  Counter channel_ns;
  Counter idle_ns;
  Counter batches;
  Counter core_allocations;  ///< 0 unless allocations are counted
  Counter voluntary_switches;
  Counter involuntary_switches;
  Counter cpu_ns;
  LatencyHistogram batch_latency;   ///< of the core, per batch
  LatencyHistogram record_latency;  ///< the same, divided by the batch's rows, once per row

  /// Reads what the kernel knows of the calling thread.
  void note_thread_usage();
};

/// Time in the core and at its edges.
uint64_t busy_ns(const ThreadMetrics& metrics);
/// Share of busy time that was not spent in the core: 0…1.
double edge_share(const ThreadMetrics& metrics);

/// What the kernel knows of the process.
struct ProcessUsage {
  double cpu_seconds = 0;
  uint64_t rss_bytes_max = 0;
};
ProcessUsage process_usage();

/// Allocations (operator new) by the calling thread since its start; 0 unless the program links
/// velo_count_allocations.
uint64_t thread_allocations();
bool allocations_are_counted();

}  // namespace velo
