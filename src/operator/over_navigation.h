#pragma once

#include <deque>
#include <vector>

#include "operator/over_cursor.h"

namespace velo {

/// One row's value for another: FIRST_VALUE, LAST_VALUE, NTH_VALUE, LAG, LEAD. Which row it is
/// follows from indexes; with IGNORE NULLS the rows of the frame that have a value are listed.
class OverNavigation {
 public:
  OverNavigation(const OverCall& call, bool whole, OverRows& rows);

  /// Whether rows are pinned: the frame begins with the partition, whose first rows would be
  /// forgotten else.
  static bool pins(const OverCall& call) {
    return call.has_frame() && call.function != OverFunction::kAggregate &&
           call.frame.start.unit == OverBound::Unit::kUnbounded &&
           (call.ignore_nulls || call.function == OverFunction::kFromStart);
  }
  ColumnPtr answer(const OverTurn& turn, const OverSpans& spans);
  /// No row before this index is asked for by later frames, but for those pinned.
  uint64_t low(uint32_t group) const;
  void forget(uint32_t group);
  void clear() { places_.clear(), lists_.clear(); }

  void list_pinned(std::span<const uint32_t> groups, std::vector<uint32_t>* handles) const;
  void save(std::span<const uint32_t> groups, const OverRows::Saved& rows,
            SnapshotWriter& writer) const;
  Status load(std::span<const uint32_t> groups, size_t rows, SnapshotReader& reader);
  size_t memory_bytes() const;

 private:
  struct Entry {
    uint64_t index;
    uint32_t handle;
  };
  struct Place {
    uint64_t low = 0;
    uint64_t entered = 0;  // rows looked at for the list
  };
  /// Rows that may be asked for: of those that entered, the ones with a value; or the n-th alone.
  using List = std::deque<Entry>;

  bool pinning() const { return pins(call_) && !whole_; }
  bool lists() const { return call_.ignore_nulls || pinning(); }
  bool from_start() const { return call_.function == OverFunction::kFromStart; }
  bool starts_with_partition() const {
    return call_.frame.start.unit == OverBound::Unit::kUnbounded;
  }
  uint64_t by_index(uint64_t start, uint64_t end) const;
  const Entry* by_list(const List& list) const;
  void grow();
  void look_for_nulls(const OverTurn& turn, const OverSpans& spans);
  void enter(uint32_t group, Place& place, uint64_t start, uint64_t end, size_t* next);
  void drop_front(List& list);
  ColumnPtr with_default(const OverTurn& turn, const ColumnPtr& found,
                         std::span<const uint64_t> indexes) const;

  OverCall call_;
  bool whole_;
  OverRows& rows_;
  std::vector<Place> places_;    // by group
  std::vector<List> lists_;      // by group, if there are any
  std::vector<uint64_t> ahead_;  // by group: rows looked at for nulls in this turn
  std::vector<uint8_t> valid_;   // of the rows that enter in this turn, in their order
};

}  // namespace velo
