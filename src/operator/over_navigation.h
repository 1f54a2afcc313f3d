#pragma once

#include <span>
#include <utility>
#include <vector>

#include "operator/over_cursor.h"
#include "operator/row_indexes.h"

namespace velo {

/// One row's value for another: FIRST_VALUE, LAST_VALUE, NTH_VALUE, LAG, LEAD. Which row it is
/// follows from indexes; with IGNORE NULLS up to `n` rows of the frame that have a value are
/// listed. Of frames that begin with the partition, whose first rows would have to be there for
/// ever, up to `n` values are kept instead.
class OverNavigation {
 public:
  OverNavigation(const OverCall& call, bool whole, const OverRows& rows);

  /// Whether values are kept, where partitions do not come whole: then rows are looked at once, as
  /// they enter the frame.
  static bool keeps_values(const OverCall& call) {
    return call.has_frame() && call.function != OverFunction::kAggregate &&
           call.frame.start.unit == OverBound::Unit::kUnbounded &&
           (call.ignore_nulls || call.function == OverFunction::kFromStart);
  }
  ColumnPtr answer(const OverTurn& turn, const OverSpans& spans);
  /// No row before this index is asked for by later frames, from `next` on.
  uint64_t low(uint32_t group, const OverNextFrame& next) const;
  void forget(uint32_t group);
  /// Whole partitions were answered; others follow.
  void clear() { places_.clear(), lists_.clear(); }

  void save(std::span<const uint32_t> groups, SnapshotWriter& writer) const;
  Status load(std::span<const uint32_t> groups, SnapshotReader& reader);
  /// All of it is by key: up to n values or rows each.
  StateBytes memory_bytes() const;

 private:
  struct Place {
    uint64_t low = 0;      // no row of the list is before
    uint64_t entered = 0;  // rows looked at
  };
  /// What is kept of a partition. From the start it is the n-th value, as row 0 once there are so
  /// many; from the end the last values, by their places among all.
  struct Kept {
    uint64_t values = 0;  // that entered; from the start up to n
    uint64_t first = 0;   // from the end: the first that is kept
  };

  bool keeps() const { return keeps_values(call_) && !whole_; }
  bool lists() const { return call_.ignore_nulls && !keeps(); }
  bool from_start() const { return call_.function == OverFunction::kFromStart; }
  uint64_t n() const { return static_cast<uint64_t>(call_.n); }
  void grow();
  uint64_t by_index(uint64_t start, uint64_t end) const;
  uint64_t by_list(uint32_t group, Place& place, uint64_t start, uint64_t end);
  ColumnPtr from_kept(const OverTurn& turn, const OverSpans& spans, std::vector<uint64_t>* indexes);
  void list_entering(const OverTurn& turn, const OverSpans& spans);
  void keep(uint32_t group, std::span<const ColumnPtr> leaves, uint32_t entering);
  void trim_kept();
  Status load_kept(std::span<const uint32_t> groups, SnapshotReader& reader);
  /// {first, end} of the values that are kept.
  std::pair<uint64_t, uint64_t> kept_rows(uint32_t group) const {
    const Kept& kept = values_[group];
    if (from_start()) return {0, kept.values < n() ? 0 : 1};
    return {kept.first, kept.values};
  }
  ColumnPtr with_default(const OverTurn& turn, const ColumnPtr& found,
                         std::span<const uint64_t> indexes) const;

  OverCall call_;
  bool whole_;
  const OverRows& rows_;
  std::vector<Place> places_;      // by group
  std::vector<RowIndexes> lists_;  // by group, if there are any
  std::vector<Kept> values_;       // by group, if any are kept
  KeptColumns kept_;
  // Of the turn at work: the rows that enter.
  std::vector<uint32_t> entering_;  // their partitions
  std::vector<uint64_t> entering_indexes_;
  std::vector<uint32_t> entered_ends_;  // by row of the turn: where those end that enter with it
};

}  // namespace velo
