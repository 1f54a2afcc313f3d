#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "state/group_states.h"
#include "state/key_table.h"
#include "state/pane_clock.h"

namespace velo {

/// The open panes of a windowed aggregation, and windows as merges of them.
///
/// 1. A row is folded once, into the arrays of its pane, whatever the number of windows that it
/// lies in.
/// 2. Windows that fire one after the other are answered by two stacks (Adams 2012; Tangwongsan et
/// al. 2017): the
///    panes up to the last turn as suffix merges (`front_`), the later ones as one merge (`back_`).
///    A window is front + back; when the front runs out, the stacks turn: its panes become the new
///    suffixes. About three merges per slide, however many panes a window has, and nothing is ever
///    subtracted.
/// 3. CUMULATE keeps one running merge, which is its `back_`.
/// Invariant: front_ and back_ hold every row of the panes in [front_begin_, back_end_); folding
/// into such a pane turns the stacks at the next window.
class WindowStore {
 public:
  WindowStore(const AggregateLayout* layout, const WindowSpec& spec);

  PaneClock& clock() { return clock_; }
  /// The states of a pane, made if need be, with room for `groups`.
  GroupStates& pane(int64_t index, size_t groups);
  const GroupStates* find(int64_t index) const;
  bool empty() const { return panes_.empty(); }
  size_t panes() const { return panes_.size(); }
  size_t layout_components() const { return layout_->components().size(); }

  /// The smallest window end > `after` of which some pane exists.
  std::optional<int64_t> next_end(int64_t after) const;
  /// All groups of the window that ends at `end`. Valid until the store changes. Cheap when windows
  /// are asked for in order of their ends.
  const GroupStates& combine(int64_t end);
  /// Some groups of a window: group groups[i] becomes number i of the result.
  GroupStates combine(int64_t end, std::span<const uint32_t> groups);

  /// Forgets panes whose last window ends at or before `end`.
  void drop_through(int64_t end);

  /// Groups that some pane holds, ascending.
  std::vector<uint32_t> live_groups() const;
  /// Renumbers: group live[i] becomes to[i] everywhere; all others are gone.
  void renumber(std::span<const uint32_t> live, std::span<const uint32_t> to, size_t groups);

  /// `live`: what live_groups gives; group numbers are written as positions in it.
  void save(std::span<const uint32_t> live, SnapshotWriter& writer) const;
  /// `groups`: the number of each live group in this store.
  Status load(std::span<const uint32_t> groups, size_t groups_size, SnapshotReader& reader);
  size_t memory_bytes() const;

 private:
  std::unique_ptr<GroupStates> take(size_t groups);
  void give_back(std::unique_ptr<GroupStates> states);
  void turn(int64_t begin, int64_t end);
  void absorb(GroupStates& into, int64_t pane);
  void forget_stacks();
  const GroupStates& running(int64_t end);

  const AggregateLayout* layout_;
  PaneClock clock_;
  std::map<int64_t, std::unique_ptr<GroupStates>> panes_;
  int64_t last_index_ = INT64_MIN;  // of the pane asked for last
  GroupStates* last_pane_ = nullptr;
  std::vector<std::unique_ptr<GroupStates>> spare_;

  std::vector<std::unique_ptr<GroupStates>> front_store_;
  std::vector<const GroupStates*>
      front_;  // [i]: panes [front_begin_ + i, front_end_); null = none exists
  int64_t front_begin_ = 0;
  int64_t front_end_ = INT64_MIN;
  std::unique_ptr<GroupStates> back_;
  int64_t back_end_ = INT64_MIN;
  std::unique_ptr<GroupStates> result_;
};

}  // namespace velo
