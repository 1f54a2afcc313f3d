#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "state/group_states.h"
#include "state/pane.h"
#include "state/pane_clock.h"

namespace velo {

/// The open panes of a windowed aggregation, and windows as merges of them.
///
/// 1. A row is folded once, into the states of its pane, however many windows it lies in.
/// 2. Windows that fire one after the other are answered by two stacks (Adams 2012; Tangwongsan et
///    al. 2017), kept per group: `front_` holds the merge of the window's panes up to the next
///    multiple of its length, `back_` the merge of those behind it, `window_` both. When a pane
///    joins, its groups are merged into `back_`; when one leaves, its groups in `front_` become
///    what they were before it was merged, which `behind_` has kept. When the front runs out, the
///    stacks turn: the panes of the next stretch are merged into `front_`, last one first. Since
///    they turn at fixed times (van Herk 1992), a window's panes are merged in the same order
///    whatever came before: the last bit of a result depends neither on late rows nor on restarts.
/// 3. So a slide costs a few merges for every group of the pane that joins and the one that leaves,
///    and nothing for the others: in all no more than a few merges per row, however many panes a
///    window has and however many groups there are. Nothing is ever subtracted.
/// 4. CUMULATE keeps one running merge, which is its `back_`.
/// Invariant: front_ and back_ hold every row of the panes in [front_begin_, back_end_); folding
/// into such a pane turns the stacks at the next window.
class WindowStore {
 public:
  WindowStore(const AggregateLayout* layout, const WindowSpec& spec);

  PaneClock& clock() { return clock_; }
  /// Folds rows of one pane; `rows.slots` gives their groups, which are below `groups`.
  void fold(int64_t pane, const AggregateLayout::Prepared& prepared, const FoldRows& rows,
            size_t groups);
  bool empty() const { return panes_.empty(); }
  size_t panes() const { return panes_.size(); }

  /// The smallest window end > `after` of which some pane exists.
  std::optional<int64_t> next_end(int64_t after) const;

  /// A window's groups. Those of a sparse pane stand in its slots, else slot = group number; a
  /// group is in the window if its count is positive.
  struct Window {
    const GroupStates* states;
    const Pane* sparse;  ///< null: slots are group numbers
    /// Equal for two windows only if the same groups are in both, in the same slots.
    uint64_t version;
  };
  /// The window that ends at `end`. Valid until the store changes. Cheap when windows are asked for
  /// in order of their ends.
  Window combine(int64_t end);
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
  Pane& pane(int64_t index);
  const Pane* find(int64_t index) const;
  bool starts_sparse() const;
  void give_back(std::unique_ptr<Pane> pane);
  void forget_stacks();
  int64_t boundary(int64_t begin) const;
  void merge_some(const Pane& pane, std::span<const uint32_t> groups, GroupStates* into) const;
  void turn(int64_t begin, int64_t end);
  void leave(int64_t pane);
  void join(int64_t pane);
  void refresh(std::span<const uint32_t> groups);
  void running(int64_t end);

  const AggregateLayout* layout_;
  PaneClock clock_;
  std::map<int64_t, std::unique_ptr<Pane>> panes_;
  int64_t last_index_ = INT64_MIN;  // of the pane asked for last
  Pane* last_pane_ = nullptr;
  size_t groups_size_ = 0;  // groups known so far
  std::vector<std::unique_ptr<Pane>> spare_;

  GroupStates front_;
  GroupStates back_;
  GroupStates window_;
  int64_t front_begin_ = 0;
  int64_t front_end_ = INT64_MIN;
  int64_t back_end_ = INT64_MIN;
  uint64_t version_ = 0;
  // The turn's panes from last to first: [k] is pane front_end_ − 1 − k, whose groups stand at
  // behind_begin_[k]… in behind_groups_, with the states without that pane in the same slots of
  // behind_.
  GroupStates behind_;
  std::vector<uint32_t> behind_groups_;
  std::vector<size_t> behind_begin_;
  std::vector<uint32_t> numbers_;  // 0, 1, 2 …
  std::vector<uint32_t> members_;  // scratch
  std::vector<uint32_t> slots_;    // scratch of Pane::fold
};

}  // namespace velo
