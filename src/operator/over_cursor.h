#pragma once

#include <vector>

#include "expr/over_call.h"
#include "operator/over_rows.h"

namespace velo {

/// Rows to be answered: of every partition in its order.
struct OverTurn {
  std::vector<uint32_t> groups;
  std::vector<uint64_t> indexes;
  size_t size() const { return groups.size(); }
  void clear() { groups.clear(), indexes.clear(); }
  void add(uint32_t group, uint64_t index) {
    groups.push_back(group);
    indexes.push_back(index);
  }
};

/// Where the frames of a turn's rows begin and end: indexes in their partitions, the end exclusive.
/// Neither ever goes back within a partition. A frame is empty if it ends where it begins, or
/// before.
struct OverSpans {
  std::vector<uint64_t> starts;
  std::vector<uint64_t> ends;
};

/// The frame of a row that is not answered yet neither begins nor ends before these.
struct OverNextFrame {
  uint64_t start;
  uint64_t end;
};

/// Finds the frames of rows. Ends that depend on values move forward row by row, so that a row
/// costs as many steps as rows enter and leave its frame.
class OverCursor {
 public:
  OverCursor(const OverFrame& frame, const OverRows& rows) : frame_(frame), rows_(rows) {}

  const OverFrame& frame() const { return frame_; }
  bool starts_with_partition() const { return frame_.start.unit == OverBound::Unit::kUnbounded; }
  /// REQUIRES: all rows of these frames have come.
  void find(const OverTurn& turn, OverSpans* spans);
  /// Of the partition's frames, once the rows before `next` are answered.
  OverNextFrame next_frame(uint32_t group, uint64_t next) const;
  /// No row before this index is looked at to find later frames.
  uint64_t low(uint32_t group) const;
  void forget(uint32_t group);

  void save(std::span<const uint32_t> groups, SnapshotWriter& writer) const;
  Status load(std::span<const uint32_t> groups, SnapshotReader& reader);
  StateBytes memory_bytes() const { return {places_.capacity() * sizeof(Place), 0}; }
  void clear() { places_.clear(); }

 private:
  struct Place {
    uint64_t start = 0;
    uint64_t end = 0;
  };
  void find_starts(const OverTurn& turn, std::vector<uint64_t>& starts);
  void find_ends(const OverTurn& turn, std::vector<uint64_t>& ends);
  int64_t last_peer(const OverTurn& turn, size_t row, const OverBound& bound) const;

  OverFrame frame_;
  const OverRows& rows_;
  std::vector<Place> places_;  // by group
};

}  // namespace velo
