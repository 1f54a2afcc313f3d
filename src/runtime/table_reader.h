#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "expr/evaluator.h"
#include "runtime/metrics.h"
#include "runtime/port.h"
#include "runtime/watermark.h"

namespace velo {

/// One use of a table in a query: which columns are computed from the decoded ones, and how its
/// watermark moves.
struct ReaderSpec {
  SchemaPtr schema;                           ///< of the rows that the query sees
  std::vector<ExprPtr> outputs;               ///< over the source's layout, one per column
  std::optional<WatermarkOptions> watermark;  ///< its columns are those of `schema`
  /// The rows are changes by key: of a deletion only the key counts, and what cannot be computed of
  /// the rest is NULL.
  bool by_key = false;
  /// The rows go to other processes, where their watermark meets those of other rows: while nothing
  /// comes, the clock moves it there; and what went there before a restart is there.
  bool leads_away = false;
};

/// Takes the decoded batches of a table's partitions, computes its columns, moves its watermark and
/// hands the rows to the query. One thread at a time.
class TableReader final : private Output {
 public:
  /// Borrows `out`, `rejects` and `metrics`. `node`: what this reader is called in reject(…).
  /// `idle_by_clock`: when all partitions are idle the clock moves the watermark; off where
  /// partitions of other threads have a say.
  TableReader(ReaderSpec spec, Port& out, RejectTarget& rejects, size_t node,
              SourceMetrics& metrics, bool idle_by_clock);

  size_t add_partition();
  /// What a restart knows of the partition: see ReplayNote.
  void set_floor(size_t partition, int64_t floor);
  /// The greatest event time of its rows so far; kWatermarkNone: none, or nobody knows.
  int64_t time_reached(size_t partition) const;
  /// Rows of one partition, in its order. REQUIRES: the batch has the layout of the spec.
  /// `needed_from`: rows with an earlier time were dealt with before a restart, and are passed
  /// over.
  void deliver(size_t partition, const Batch& batch, int64_t now_us,
               int64_t needed_from = kWatermarkNone);
  /// The partition says by itself that no rows with time ≤ `watermark` will come.
  void raise(size_t partition, int64_t watermark, int64_t now_us);
  /// Who writes the partition says what its watermark is, and since when it is silent (see
  /// Port::idle; kActive: it is not).
  void told(size_t partition, int64_t watermark, int64_t idle_since_us, int64_t now_us);
  bool leads_away() const { return spec_.leads_away; }
  void quiet(size_t partition, int64_t now_us);
  void finish_partition(size_t partition, int64_t now_us);
  void tick(int64_t now_us) { tell_watermark(now_us); }
  void set_zone(const TimeZone* zone) { context_.zone = zone; }
  void end();
  bool wants_more() const { return out_.wants_more(); }

  /// The watermarks of its partitions.
  const WatermarkCombiner& partitions() const {
    return assigner_ ? assigner_->combiner() : combiner_;
  }
  /// Told downstream last.
  int64_t watermark() const { return told_; }

  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);

 private:
  void emit(Batch) override {}
  void advance(int64_t) override {}
  void reject(Rejected rejected) override { rejects_.reject(node_, std::move(rejected)); }
  bool drop_dealt_with(Batch& rows, int64_t needed_from) const;
  bool compute(const Batch& batch, int64_t now_us, Batch& rows);
  void tell_watermark(int64_t now_us);
  void move_watermark(int64_t now_us);
  void tell_idle();
  WatermarkCombiner& combiner() { return assigner_ ? assigner_->combiner() : combiner_; }

  ReaderSpec spec_;
  Port& out_;
  RejectTarget& rejects_;
  size_t node_;
  SourceMetrics& metrics_;
  bool idle_by_clock_;
  bool only_columns_ = true;
  Evaluator evaluator_;
  EvaluationContext context_;
  RowErrors errors_;
  std::optional<WatermarkAssigner> assigner_;
  WatermarkCombiner combiner_;  // without a watermark: only ends of partitions and `raise`
  int64_t told_ = kWatermarkNone;
  int64_t told_idle_ = kActive;
  bool ended_ = false;
};

}  // namespace velo
