#pragma once

#include <map>
#include <span>
#include <vector>

#include "state/group_states.h"
#include "state/pane.h"

namespace velo {

/// The states of open windows, window by window, for those who look at windows before they fire. A
/// cell is a group in a window. All cells stand in one GroupStates, so that the results of cells of
/// many windows are had in one go; the slots of closed windows are given out again.
///
/// A row costs a fold for each of its windows, where WindowStore folds it once and merges panes
/// later: the right choice exactly if every one of those windows is looked at after each batch.
class WindowCells {
 public:
  struct Window {
    int64_t end = 0;
    SlotMap groups;                 ///< group → position in `slots`
    std::vector<uint32_t> slots;    ///< in states()
    std::vector<uint32_t> pending;  ///< the caller's: slots that changed, in order
  };

  explicit WindowCells(const AggregateLayout* layout) : states_(layout) {}

  /// The window that ends at `end`, a new one if need be. Stays where it is until dropped.
  Window& window(int64_t end);
  /// The cell of a group, a new one without rows if need be.
  uint32_t slot(Window& window, uint32_t group) {
    const uint32_t at = window.groups.slot(group);
    return at < window.slots.size() ? window.slots[at] : add(window, group);
  }
  /// One more than the largest slot given out. states() has as many after `grow`.
  size_t slots() const { return group_of_.size(); }
  void grow() { states_.resize(slots()); }
  GroupStates& states() { return states_; }
  const GroupStates& states() const { return states_; }
  uint32_t group_of(uint32_t slot) const { return group_of_[slot]; }
  /// Open windows by their ends.
  std::map<int64_t, Window>& windows() { return windows_; }
  const std::map<int64_t, Window>& windows() const { return windows_; }

  /// Forgets the windows that end at or before `end`. REQUIRES: nothing is pending in them.
  void drop_through(int64_t end);

  /// Groups that have a cell, ascending.
  std::vector<uint32_t> live_groups() const;
  /// Group live[i] becomes to[i]; there are no others.
  void renumber(std::span<const uint32_t> live, std::span<const uint32_t> to);

  /// `live`: what live_groups gives; group numbers are written as positions in it.
  void save(std::span<const uint32_t> live, SnapshotWriter& writer) const;
  /// `groups`: the number of each live group.
  Status load(std::span<const uint32_t> groups, SnapshotReader& reader);
  size_t memory_bytes() const;

 private:
  uint32_t add(Window& window, uint32_t group);

  GroupStates states_;
  std::vector<uint32_t> group_of_;  // by slot
  std::vector<uint32_t> free_;      // slots without a cell, their states empty
  std::map<int64_t, Window> windows_;
  std::vector<std::map<int64_t, Window>::node_type> spare_;
};

}  // namespace velo
