#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "column/batch.h"
#include "expr/evaluator.h"
#include "operator/operator.h"
#include "runtime/metrics.h"
#include "runtime/port.h"
#include "state/snapshot.h"

namespace velo {

/// The watermark of several parts (partitions of a source, channels of a task): the least over
/// those that are active. Idle parts hold nobody back; finished ones count as the end of time. When
/// all are idle each moves on with the wall clock from its last event, and the greatest counts.
/// Never goes back.
///
/// Combiners can stand behind each other, as those of tasks and of the channels between them do:
/// `combined` and `idle_since` of one are what the next must know of it, and the answer is that of
/// one combiner over all parts, whatever the tree.
class WatermarkCombiner {
 public:
  size_t add();
  size_t size() const { return parts_.size(); }

  /// An event came at wall time `now_us`; its part is active from now on.
  void touch(size_t part, int64_t now_us) {
    parts_[part].idle = false;
    parts_[part].event_us = now_us;
  }
  void raise(size_t part, int64_t watermark) {
    if (watermark > parts_[part].watermark) parts_[part].watermark = watermark;
  }
  void set_idle(size_t part) { parts_[part].idle = true; }
  /// As told by another combiner: idle since the event at `event_us`.
  void set_idle(size_t part, int64_t event_us) {
    parts_[part].idle = true;
    parts_[part].event_us = event_us;
  }
  void set_active(size_t part) { parts_[part].idle = false; }
  void set_finished(size_t part) { parts_[part].finished = true; }

  int64_t watermark(size_t part) const { return parts_[part].watermark; }
  /// Wall time of its last event; INT64_MIN = none yet.
  int64_t event_us(size_t part) const { return parts_[part].event_us; }
  bool idle(size_t part) const { return parts_[part].idle; }
  bool finished(size_t part) const { return parts_[part].finished; }
  bool all_finished() const;
  /// Not finished, and none active.
  bool all_idle() const;
  /// kActive if some part is. Else the wall time since when `combined`, as it is without the clock,
  /// moves on with the clock: that of the part that is furthest by now. kNeverHadEvent: it does
  /// not.
  int64_t idle_since() const;
  /// Least watermark of the active parts without `part`; kWatermarkEnd if there are none.
  int64_t others(size_t part) const;
  /// The watermark in force. Moves with the clock only when all are idle.
  int64_t combined() const { return combined_; }
  /// Brings `combined` up to date; true if it moved. `with_clock`: whether idleness moves it.
  bool update(int64_t now_us, bool with_clock = true);

  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);

 private:
  struct Part {
    int64_t watermark = kWatermarkNone;
    int64_t event_us = INT64_MIN;  ///< wall time of its last event
    bool idle = false;
    bool finished = false;
    bool moves_with_clock() const {
      return !finished && watermark != kWatermarkNone && event_us > kNeverHadEvent;
    }
  };
  std::vector<Part> parts_;
  int64_t combined_ = kWatermarkNone;
};

/// How a table's rows move its watermark.
struct WatermarkOptions {
  size_t time_column = 0;                ///< TIMESTAMP or TIMESTAMP_LTZ
  std::optional<int64_t> delay_us;       ///< watermark = time − delay; else `strategy`
  ExprPtr strategy;                      ///< over the rows: any time expression; NULL moves nothing
  int64_t idle_timeout_us = 10'000'000;  ///< 0 = never idle
  std::optional<int64_t> max_future_us;  ///< beyond the clock; nothing = any time is believed
  /// The rows are changes by key: deletions need no time, and every row says which watermark was in
  /// force, as the older row that it will take back may be late.
  bool by_key = false;
  /// No row moves the watermark: whoever writes the partitions says what it is.
  bool told = false;
};

/// Moves the watermark row by row in each partition's order, whatever the batch size, and notes in
/// the batch which watermark was in force when each row came, if any of them could be late.
///
/// Steps per batch: take out rows without time or from the future; one pass for the least and the
/// greatest time; if the least lies above the watermark at the end of the batch, no row was late at
/// any moment and nothing is noted; else one pass with the running watermark.
class WatermarkAssigner {
 public:
  explicit WatermarkAssigner(WatermarkOptions options);

  size_t add_partition() {
    floors_.push_back(kWatermarkNone);
    reached_.push_back(kWatermarkNone);
    return combiner_.add();
  }
  /// The partition goes on behind this watermark: its rows are judged by no lower one.
  void set_floor(size_t partition, int64_t floor) {
    floors_[partition] = floor;
    combiner_.raise(partition, floor);
  }
  /// The greatest time of its rows so far; kWatermarkNone: none, or they do not tell.
  int64_t time_reached(size_t partition) const;
  /// Rows that leave are rejected into `rejects` and counted; the batch may end up empty.
  void assign(size_t partition, Batch& batch, int64_t now_us, Output& rejects,
              SourceMetrics& metrics);
  /// The partition was read to its end for now: idle if its last event is long enough ago.
  void quiet(size_t partition, int64_t now_us);
  WatermarkCombiner& combiner() { return combiner_; }
  const WatermarkCombiner& combiner() const { return combiner_; }

  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);

 private:
  void take_out(Batch& batch, const Column& times, int64_t latest, Output& rejects,
                SourceMetrics& metrics);
  void note_rows(size_t partition, Batch& batch, const Column& times, const Column* strategy,
                 SourceMetrics& metrics);

  WatermarkOptions options_;
  std::optional<Evaluator> strategy_;
  EvaluationContext context_;
  WatermarkCombiner combiner_;
  std::vector<int64_t> floors_;
  std::vector<int64_t> reached_;      // `told`: the greatest time of a partition's rows
  std::vector<int64_t> quiet_since_;  // of partitions without events; INT64_MIN = never looked at
};

}  // namespace velo
