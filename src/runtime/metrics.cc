#include "runtime/metrics.h"

#include <sys/resource.h>
#include <sys/time.h>

#include <algorithm>
#include <cmath>

#include "base/fmt.h"

// Defined by count_allocations.cc in programs that link it.
extern "C" __attribute__((weak)) uint64_t velo_thread_allocations();

namespace velo {

namespace {

// The counters that a snapshot holds, in its order.
auto counts_of(auto& m)
  requires requires { m.batches_out; }
{
  return std::array{&m.rows_in, &m.rows_out, &m.batches_out, &m.late,
                    &m.future,  &m.failed,   &m.no_time,     &m.unmatched};
}
auto counts_of(auto& m)
  requires requires { m.blocks; }
{
  return std::array{&m.blocks, &m.bytes_in, &m.rows_in, &m.bad,
                    &m.failed, &m.future,   &m.no_time, &m.late};
}
auto counts_of(auto& m)
  requires requires { m.bytes_out; }
{
  return std::array{&m.rows_out, &m.bytes_out};
}

void save_all(const auto& metrics, SnapshotWriter& writer) {
  for (const Counter* counter : counts_of(metrics)) writer.u64(counter->get());
}

Status load_all(SnapshotReader& reader, auto& metrics) {
  for (Counter* counter : counts_of(metrics)) counter->set(TRY(reader.u64()));
  return {};
}

}  // namespace

void save_counts(const OperatorMetrics& metrics, SnapshotWriter& writer) {
  save_all(metrics, writer);
}
void save_counts(const SourceMetrics& metrics, SnapshotWriter& writer) {
  save_all(metrics, writer);
  writer.i64(metrics.watermark_us.load(std::memory_order_relaxed));
}
void save_counts(const SinkMetrics& metrics, SnapshotWriter& writer) { save_all(metrics, writer); }

Status load_counts(SnapshotReader& reader, OperatorMetrics& metrics) {
  return load_all(reader, metrics);
}
Status load_counts(SnapshotReader& reader, SourceMetrics& metrics) {
  TRY(load_all(reader, metrics));
  metrics.watermark_us.store(TRY(reader.i64()), std::memory_order_relaxed);
  return {};
}
Status load_counts(SnapshotReader& reader, SinkMetrics& metrics) {
  return load_all(reader, metrics);
}

double LatencyHistogram::mean() const {
  return count() == 0 ? 0 : static_cast<double>(sum_.get()) / static_cast<double>(count());
}

uint64_t LatencyHistogram::upper_edge(size_t bucket) {
  if (bucket < (1u << kSubBits)) return bucket;
  const size_t shift = (bucket >> kSubBits) - 1;
  const uint64_t base = (1u << kSubBits) + (bucket & ((1u << kSubBits) - 1));
  return ((base + 1) << shift) - 1;
}

uint64_t LatencyHistogram::quantile(double q) const {
  const uint64_t total = count();
  if (total == 0) return 0;
  const auto wanted = static_cast<uint64_t>(std::ceil(q * static_cast<double>(total)));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i].get();
    if (seen >= std::max<uint64_t>(wanted, 1)) return std::min(upper_edge(i), max());
  }
  return max();
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i].add(other.buckets_[i].get());
  count_.add(other.count_.get());
  sum_.add(other.sum_.get());
  max_.raise_to(other.max_.get());
}

std::string LatencyHistogram::to_json() const {
  return fmt::format(
      R"({{"count":{},"mean_ns":{:.1f},"p50_ns":{},"p90_ns":{},"p99_ns":{},"p999_ns":{},)"
      R"("max_ns":{}}})",
      count(), mean(), quantile(0.5), quantile(0.9), quantile(0.99), quantile(0.999), max());
}

namespace {
uint64_t to_ns(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<uint64_t>(time.tv_usec) * 1000;
}
}  // namespace

void ThreadMetrics::note_thread_usage() {
  rusage usage{};
  if (getrusage(RUSAGE_THREAD, &usage) != 0) return;
  voluntary_switches.set(static_cast<uint64_t>(usage.ru_nvcsw));
  involuntary_switches.set(static_cast<uint64_t>(usage.ru_nivcsw));
  cpu_ns.set(to_ns(usage.ru_utime) + to_ns(usage.ru_stime));
}

namespace {
uint64_t edge_ns(const ThreadMetrics& metrics) {
  return metrics.source_ns.get() + metrics.sink_ns.get() + metrics.channel_ns.get();
}
}  // namespace

uint64_t busy_ns(const ThreadMetrics& metrics) { return edge_ns(metrics) + metrics.core_ns.get(); }

double edge_share(const ThreadMetrics& metrics) {
  const auto busy = static_cast<double>(busy_ns(metrics));
  return busy == 0 ? 0 : static_cast<double>(edge_ns(metrics)) / busy;
}

ProcessUsage process_usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {static_cast<double>(to_ns(usage.ru_utime) + to_ns(usage.ru_stime)) / 1e9,
          static_cast<uint64_t>(usage.ru_maxrss) * 1024};
}

uint64_t thread_allocations() {
  return velo_thread_allocations != nullptr ? velo_thread_allocations() : 0;
}
bool allocations_are_counted() { return velo_thread_allocations != nullptr; }

}  // namespace velo
