#pragma once

#include <span>
#include <vector>

#include "state/group_states.h"

namespace velo {

/// A map from group numbers to slots 0, 1, 2 … in order of first sight: an array by group number,
/// or a small hash table where that would be too large for what it holds.
class SlotMap {
 public:
  static constexpr uint32_t kAbsent = UINT32_MAX;

  /// The slots of the groups of all rows, new ones where need be, into slots[row]. Groups are below
  /// `groups_size`.
  void find_or_add(const FoldRows& rows, size_t groups_size, uint32_t* slots);
  /// The slot of `group`, a new one if need be. REQUIRES: a hash table.
  uint32_t slot(uint32_t group) {
    for (size_t at = place_of(group);; at = (at + 1) & (entries_.size() - 1)) {
      const Entry& e = entries_[at];
      if (e.slot == kAbsent) return insert(at, group);
      if (e.group == group) return e.slot;
    }
  }
  /// The slot of `group`, or kAbsent.
  uint32_t find(uint32_t group) const;
  /// The groups that have slots, by slot.
  const std::vector<uint32_t>& groups() const { return groups_; }
  /// Empty, and an array or a hash table (which a new one is).
  void reset(bool by_index);
  void clear() { reset(by_index_); }
  size_t memory_bytes() const {
    return entries_.capacity() * 8 + (groups_.capacity() + index_.capacity()) * 4;
  }

 private:
  struct Entry {
    uint32_t group = 0;
    uint32_t slot = kAbsent;
  };
  size_t place_of(uint32_t group) const { return group * 0x9e3779b1u >> shift_; }
  uint32_t insert(size_t at, uint32_t group);

  bool by_index_ = false;
  // By group: where in groups_ it stands, if it stands there; anything for others, so that nothing
  // need be wiped out (Briggs and Torczon 1993).
  std::vector<uint32_t> index_;
  // Linear probing, at most half full; 2^(32 − shift_) entries.
  std::vector<Entry> entries_ = std::vector<Entry>(64);
  int shift_ = 26;
  std::vector<uint32_t> groups_;
};

/// The rows of one pane, folded: the states of the groups that occur in it.
///
/// Where most groups occur, a group's slot is its number (dense: an array index, nothing to look
/// up). Where few of many do, slots are given in order of first sight (sparse: the pane is no
/// larger than what it holds).
class Pane {
 public:
  enum class Kind : uint8_t {
    kDense,
    kIndexed,  ///< sparse, slots found in an array by group number
    kHashed,   ///< sparse, slots found in a hash table
  };
  Pane(const AggregateLayout* layout, Kind kind) : states_(layout) { reuse(kind); }

  bool is_sparse() const { return kind_ != Kind::kDense; }
  /// Of a pane that holds as many of so many groups as this one.
  Kind best_kind(size_t groups_size) const;
  /// Folds rows; `rows.slots` gives their groups, which are below `groups`. `scratch` is for the
  /// length of the call.
  void fold(const AggregateLayout::Prepared& prepared, FoldRows rows, size_t groups,
            std::vector<uint32_t>& scratch);

  const GroupStates& states() const { return states_; }
  /// The groups that have rows, each once, and where their states are.
  struct Members {
    std::span<const uint32_t> groups;
    std::span<const uint32_t> slots;
    size_t size() const { return groups.size(); }
  };
  /// Valid until the pane, `numbers` or `storage` changes. `numbers`: 0, 1, 2 … as far as it was
  /// needed.
  Members members(std::vector<uint32_t>& numbers, std::vector<uint32_t>& storage) const;
  /// The state of a group in states(), or SlotMap::kAbsent.
  uint32_t find(uint32_t group) const;

  /// Whose the slots are. REQUIRES: sparse.
  std::span<const uint32_t> groups() const { return map_.groups(); }

  /// Reads the states of these groups, which have no rows yet and are below `groups_size`.
  Status load(std::span<const uint32_t> groups, size_t groups_size, SnapshotReader& reader);
  /// Group from[i] becomes to[i] < groups_size; there are no others.
  void renumber(const AggregateLayout* layout, const Members& from, std::span<const uint32_t> to,
                size_t groups_size);
  /// Empty, of the given kind; keeps its memory.
  void reuse(Kind kind);
  size_t memory_bytes() const { return states_.memory_bytes() + map_.memory_bytes(); }

 private:
  std::vector<uint32_t> make_slots(std::span<const uint32_t> groups, size_t groups_size);

  GroupStates states_;
  Kind kind_ = Kind::kDense;
  SlotMap map_;  // empty when dense
};

}  // namespace velo
