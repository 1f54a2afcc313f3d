#pragma once

#include <span>
#include <vector>

#include "operator/over_blocks.h"
#include "state/snapshot.h"

namespace velo {

/// Which of the last rows of every partition are peers, equal by its order: the numbers of their
/// groups, from 0 on.
class OverPeers {
 public:
  OverPeers() : blocks_({sizeof(uint32_t)}, {}) {}

  void resize(size_t groups) {
    grow_to(places_, groups);
    blocks_.resize(groups);
  }
  /// Rows up to `end` of the partition: `begins(i)` says whether the i-th of the `count` last ones
  /// is no peer of the one before it. REQUIRES: the first is none. What trim gave up may go.
  template <typename Begins>
  void append(uint32_t group, uint64_t end, size_t count, Begins begins) {
    Place& place = places_[group];
    blocks_.reserve(group, place.low, end - count, end);
    uint32_t* numbers = stored(group, end - count);
    for (size_t i = 0; i < count; ++i) {
      if (begins(i)) ++place.groups;
      numbers[i] = static_cast<uint32_t>(place.groups - 1);
    }
    if (place.low == end - count) place.first = place.low;
  }
  /// REQUIRES, of these: the row was not given up.
  uint64_t number(uint32_t group, uint64_t index) const {
    const uint64_t last = places_[group].groups - 1;
    return last - static_cast<uint32_t>(static_cast<uint32_t>(last) - *stored(group, index));
  }
  /// The index of the first of the row's peers.
  uint64_t first(uint32_t group, uint64_t index) const;
  /// Gives up the rows before `low`, of those up to `end`.
  void trim(uint32_t group, uint64_t low, uint64_t end);
  void forget(uint32_t group);
  void settle() { blocks_.settle(); }

  StateBytes memory_bytes() const {
    return StateBytes{places_.capacity() * sizeof(Place), 0} + blocks_.memory_bytes();
  }
  /// Of rows up to `end`.
  void save(uint32_t group, uint64_t end, SnapshotWriter& writer) const;
  Status load(uint32_t group, uint64_t end, SnapshotReader& reader);

 private:
  struct Place {
    uint64_t groups = 0;  // so far
    uint64_t low = 0;     // rows before are given up
    uint64_t first = 0;   // of the peers of row `low`
  };
  uint32_t* stored(uint32_t group, uint64_t index) const {
    return reinterpret_cast<uint32_t*>(blocks_.values(group, 0)) + (index - blocks_.base(group));
  }

  std::vector<Place> places_;
  OverBlocks blocks_;  // the numbers' last 32 bits
};

}  // namespace velo
