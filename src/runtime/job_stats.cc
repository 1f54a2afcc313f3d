#include <algorithm>

#include "base/fmt.h"
#include "runtime/job.h"

namespace velo {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

struct SourceSums {
  uint64_t rows = 0, bytes = 0, total = 0, bad = 0, failed = 0, future = 0, no_time = 0, late = 0;
  int64_t watermark = kWatermarkEnd;
};

SourceSums sums_of(const std::vector<std::unique_ptr<SourceMetrics>>& copies) {
  SourceSums sums;
  for (const auto& m : copies) {
    sums.rows += m->rows_in.get();
    sums.bytes += m->bytes_in.get();
    sums.total += m->bytes_total.get();
    sums.bad += m->bad.get();
    sums.failed += m->failed.get();
    sums.future += m->future.get();
    sums.no_time += m->no_time.get();
    sums.late += m->late.get();
    sums.watermark = std::min(sums.watermark, m->watermark_us.load(std::memory_order_relaxed));
  }
  return sums;
}

/// Behind all partitions of all copies of a source; below 0: not known of any.
int64_t lag_of(const std::vector<SourceStats>& copies) {
  int64_t lag = -1;
  for (const SourceStats& stats : copies) {
    for (const PartitionStats& partition : stats.partitions) {
      if (partition.lag() >= 0) lag = std::max<int64_t>(lag, 0) + partition.lag();
    }
  }
  return lag;
}

std::vector<SourceStats> messages_of(const std::vector<std::unique_ptr<SourceMetrics>>& copies) {
  std::vector<SourceStats> all;
  for (const auto& m : copies) {
    if (auto stats = m->messages.get()) all.push_back(*std::move(stats));
  }
  return all;
}

std::string number_or_null(int64_t number) {
  return number < 0 ? "null" : fmt::format("{}", number);
}

/// What a source of messages says of itself; empty for others. `seconds`: that the job has run.
std::string messages_json(const std::vector<SourceStats>& copies, double seconds) {
  if (copies.empty()) return {};
  uint64_t rebalances = 0;
  uint64_t errors = 0;
  std::string partitions;
  for (const SourceStats& stats : copies) {
    rebalances = stats.shared ? std::max(rebalances, stats.rebalances) : rebalances;
    errors = stats.shared ? std::max(errors, stats.errors) : errors + stats.errors;
    for (const PartitionStats& p : stats.partitions) {
      const double rate = seconds > 0 ? static_cast<double>(p.records) / seconds : 0;
      partitions += fmt::format(
          R"({}{{"partition":{},"records":{},"bytes":{},"records_per_second":{:.1f},"next":{},)"
          R"("end":{},"lag":{},"committed":{},"waiting":{},"paused":{}}})",
          partitions.empty() ? "" : ",", quoted(p.name), p.records, p.bytes, rate,
          number_or_null(p.next), number_or_null(p.end), number_or_null(p.lag()),
          number_or_null(p.committed), p.waiting, p.paused);
    }
  }
  return fmt::format(R"(,"lag":{},"rebalances":{},"errors":{},"partitions":[{}])",
                     number_or_null(lag_of(copies)), rebalances, errors, partitions);
}

struct NodeSums {
  std::string name;
  uint64_t in = 0, out = 0, late = 0, failed = 0, unmatched = 0;
  uint64_t state_rows = 0, state_bytes = 0, row_bytes = 0, column_bytes = 0;
  uint64_t state_keys = 0, key_bytes = 0;
};

NodeSums sums_of(const JobLayout& layout, size_t node) {
  NodeSums sums;
  for (const NodeCopy& copy : layout.nodes[node]) {
    const Pipeline& pipeline = layout.drivers[copy.driver]->pipeline;
    const OperatorMetrics& m = pipeline.metrics(copy.node);
    sums.name = pipeline.op(copy.node).explain();
    sums.in += m.rows_in.get();
    sums.out += m.rows_out.get();
    sums.late += m.late.get();
    sums.failed += m.failed.get();
    sums.unmatched += m.unmatched.get();
    sums.state_rows += m.state_rows_max.get();
    sums.state_bytes += m.state_bytes_max.get();
    sums.row_bytes += m.full_row_bytes.get();
    sums.column_bytes += m.full_column_bytes.get();
    sums.state_keys += m.state_keys_max.get();
    sums.key_bytes += m.full_key_bytes.get();
  }
  return sums;
}

/// Of one row or key. Nothing is kept, or not by the row, or key: null.
std::string of_one(uint64_t bytes, uint64_t count) {
  if (bytes == 0 || count == 0) return "null";
  return fmt::format("{:.1f}", static_cast<double>(bytes) / static_cast<double>(count));
}

/// "1000 rows, 24000 bytes: 16.4 per row, of them 16.0 in columns; 10 keys, 760.0 bytes each".
std::string state_text(const NodeSums& s) {
  std::string text = fmt::format("{} rows, {} bytes", s.state_rows, s.state_bytes);
  if (s.column_bytes > 0) {
    text += fmt::format(": {} per row, of them {} in columns", of_one(s.row_bytes, s.state_rows),
                        of_one(s.column_bytes, s.state_rows));
  }
  if (s.state_keys == 0) return text;
  return text +
         fmt::format("; {} keys, {} bytes each", s.state_keys, of_one(s.key_bytes, s.state_keys));
}

std::string_view state_name(JobState state) {
  switch (state) {
    case JobState::kReady:
      return "ready";
    case JobState::kRunning:
      return "running";
    case JobState::kStopping:
      return "stopping";
    case JobState::kDone:
      return "done";
    case JobState::kFailed:
      return "failed";
  }
  return "";
}

std::string watermark_json(int64_t watermark) {
  return watermark == kWatermarkNone || watermark == kWatermarkEnd ? "null"
                                                                   : fmt::format("{}", watermark);
}

double seconds(const Counter& ns) { return static_cast<double>(ns.get()) / 1e9; }

std::string thread_json(const Driver& driver) {
  const ThreadMetrics& m = driver.metrics;
  const std::string allocations =
      allocations_are_counted() ? fmt::format("{}", m.core_allocations.get()) : "null";
  return fmt::format(
      R"({{"core_seconds":{:.6f},"source_seconds":{:.6f},"sink_seconds":{:.6f},)"
      R"("channel_seconds":{:.6f},"idle_seconds":{:.6f},"edge_share":{:.4f},"batches":{},)"
      R"("core_allocations":{},"voluntary_switches":{},"involuntary_switches":{},)"
      R"("cpu_seconds":{:.6f},"batch_latency":{},"record_latency":{}}})",
      seconds(m.core_ns), seconds(m.source_ns), seconds(m.sink_ns), seconds(m.channel_ns),
      seconds(m.idle_ns), edge_share(m), m.batches.get(), allocations, m.voluntary_switches.get(),
      m.involuntary_switches.get(), seconds(m.cpu_ns), m.batch_latency.to_json(),
      m.record_latency.to_json());
}

}  // namespace

JobProgress Job::progress() const {
  JobProgress p;
  p.state = state_.load();
  p.watermark_us = kWatermarkEnd;
  for (const auto& copies : metrics_.sources) {
    const SourceSums sums = sums_of(copies);
    p.rows_in += sums.rows;
    p.bytes_in += sums.bytes;
    p.bytes_total += sums.total;
    p.rows_bad += sums.bad + sums.failed + sums.no_time;
    p.rows_future += sums.future;
    p.watermark_us = std::min(p.watermark_us, sums.watermark);
    const int64_t lag = lag_of(messages_of(copies));
    if (lag >= 0) p.lag = std::max<int64_t>(p.lag, 0) + lag;
  }
  if (p.watermark_us == kWatermarkEnd) p.watermark_us = kWatermarkNone;
  for (size_t i = 0; i < layout_.nodes.size(); ++i) {
    for (const NodeCopy& copy : layout_.nodes[i]) {
      const OperatorMetrics& m = layout_.drivers[copy.driver]->pipeline.metrics(copy.node);
      p.rows_late += m.late.get();
      p.rows_bad += m.failed.get() + m.no_time.get();
      p.rows_unmatched += m.unmatched.get();
    }
  }
  for (size_t i = 0; i < sinks_.size(); ++i) {
    if (graph_.sinks[i].input) p.rows_out += sinks_[i]->metrics().rows_out.get();
  }
  return p;
}

std::string Job::stats_json() const {
  const JobProgress p = progress();
  const int64_t ended = ended_ns_.load();
  const int64_t until = ended != 0 ? ended : clock_.steady_ns();
  const double wall_seconds = static_cast<double>(until - started_ns_) / 1e9;
  const ProcessUsage usage = process_usage();
  std::string json = fmt::format(
      R"({{"state":"{}","rows_in":{},"rows_out":{},"rows_late":{},"rows_future":{},"rows_bad":{},)"
      R"("rows_unmatched":{},"bytes_in":{},"watermark_us":{},"wall_seconds":{:.6f},"cpu_seconds":{:.6f},)"
      R"("rss_bytes_max":{},"sources":[)",
      state_name(p.state), p.rows_in, p.rows_out, p.rows_late, p.rows_future, p.rows_bad,
      p.rows_unmatched, p.bytes_in, watermark_json(p.watermark_us), wall_seconds, usage.cpu_seconds,
      usage.rss_bytes_max);
  for (size_t i = 0; i < metrics_.sources.size(); ++i) {
    const SourceSums s = sums_of(metrics_.sources[i]);
    json +=
        fmt::format(R"({}{{"table":{},"rows_in":{},"bytes_in":{},"bad":{},"failed":{},"future":{},)"
                    R"("no_time":{},"behind_watermark":{},"watermark_us":{}{}}})",
                    i == 0 ? "" : ",", quoted(graph_.sources[i].spec.table), s.rows, s.bytes, s.bad,
                    s.failed, s.future, s.no_time, s.late, watermark_json(s.watermark),
                    messages_json(messages_of(metrics_.sources[i]), wall_seconds));
  }
  json += R"(],"operators":[)";
  for (size_t i = 0; i < layout_.nodes.size(); ++i) {
    const NodeSums s = sums_of(layout_, i);
    json += fmt::format(
        R"({}{{"operator":{},"copies":{},"rows_in":{},"rows_out":{},"late":{},"failed":{},)"
        R"("unmatched":{},"state_rows_max":{},"state_bytes_max":{},"bytes_per_row":{},)"
        R"("column_bytes_per_row":{},"state_keys_max":{},"bytes_per_key":{}}})",
        i == 0 ? "" : ",", quoted(s.name), layout_.nodes[i].size(), s.in, s.out, s.late, s.failed,
        s.unmatched, s.state_rows, s.state_bytes, of_one(s.row_bytes, s.state_rows),
        of_one(s.column_bytes, s.state_rows), s.state_keys, of_one(s.key_bytes, s.state_keys));
  }
  json += R"(],"sinks":[)";
  for (size_t i = 0; i < sinks_.size(); ++i) {
    const SinkMetrics& m = sinks_[i]->metrics();
    json += fmt::format(R"({}{{"sink":{},"rows_out":{},"bytes_out":{},"waiting":{},"errors":{}}})",
                        i == 0 ? "" : ",", quoted(graph_.sinks[i].name), m.rows_out.get(),
                        m.bytes_out.get(), m.waiting.get(), m.errors.get());
  }
  json += R"(],"threads":[)";
  for (size_t i = 0; i < layout_.drivers.size(); ++i) {
    json += (i == 0 ? "" : ",") + thread_json(*layout_.drivers[i]);
  }
  json += R"(],"channels":[)";
  for (size_t i = 0; i < layout_.wires.size(); ++i) {
    const JobLayout::Wire& wire = layout_.wires[i];
    json += fmt::format(
        R"({}{{"from":{},"to":{},"messages":{},"depth":{},"depth_max":{},"full_waits":{}}})",
        i == 0 ? "" : ",", wire.from, wire.to, wire.channel->messages(), wire.channel->depth(),
        wire.channel->depth_max(), wire.channel->full_waits());
  }
  return json + "]}";
}

std::string Job::analyze() const {
  std::string text;
  for (size_t i = 0; i < layout_.nodes.size(); ++i) {
    const NodeSums s = sums_of(layout_, i);
    text += fmt::format("{}: {} rows in, {} out", s.name, s.in, s.out);
    if (s.late > 0) text += fmt::format(", {} late", s.late);
    if (s.failed > 0) text += fmt::format(", {} failed", s.failed);
    if (s.unmatched > 0) text += fmt::format(", {} unmatched", s.unmatched);
    if (s.state_rows > 0 || s.state_keys > 0) text += ", state up to " + state_text(s);
    text += '\n';
  }
  return text;
}

}  // namespace velo
