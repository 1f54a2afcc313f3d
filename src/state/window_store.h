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
///    al. 2017), kept per group: the front is the merge of the window's panes up to the next
///    multiple of its length, `back_` the merge of those behind it; the window is both. When the
///    front runs out, the stacks turn: the panes of the next stretch are merged, last one first,
///    and what every group of a pane was before that is kept in `left_`; when the pane leaves, its
///    groups become that again. When a pane joins, its groups are merged into `back_`. Since the
///    stacks turn at fixed times (van Herk 1992), a window's panes are merged in the same order
///    whatever came before: the last bit of a result depends neither on late rows nor on restarts.
///    What is exact (counts, sums of integers) needs no front: all of it is in `back_`, and a pane
///    that leaves is subtracted.
/// 3. So a slide costs a few merges for every group of the pane that joins and the one that leaves,
///    and nothing for the others, whose results have not changed either (Window::changed): in all
///    no more than a few merges per row, however many panes a window has and however many groups
///    there are. Where a slide changes a good part of all groups, they
///    are not told apart: front and back are arrays by group, and all groups in a row cost less
///    than some of them here and there.
/// 4. CUMULATE keeps one running merge, which is its `back_`.
/// Invariant: front and back hold every row of the panes in [front_begin_, back_end_); folding into
/// such a pane makes the stacks anew at the next window.
class WindowStore {
 public:
  WindowStore(const AggregateLayout* layout, const WindowSpec& spec);

  PaneClock& clock() { return clock_; }
  const AggregateLayout& layout() const { return *layout_; }
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
    const GroupStates* first;
    const GroupStates* second;  ///< a group is what it is in both together; null: in `first` alone
    const Pane* sparse;         ///< null: slots are group numbers
    size_t slots;
    /// Equal for two windows only if the same groups are in both, in the same slots.
    uint64_t version;
    uint64_t number;  ///< how many windows have been asked for
    bool slides;      ///< shares panes with the next one
    /// Of no group but these is the result another than in the window numbered one less, unless
    /// `all_changed`. Each once.
    std::span<const uint32_t> changed;
    bool all_changed;

    int64_t count(uint32_t slot) const {
      return first->count(slot) + (second != nullptr ? second->count(slot) : 0);
    }
  };
  /// The window that ends at `end`. Valid until the store changes. Cheap when windows are asked for
  /// in order of their ends.
  Window combine(int64_t end);
  /// One result column per aggregate. Failed groups are in `errors`, by position in `slots`.
  std::vector<ColumnPtr> results(const Window& window, std::span<const uint32_t> slots,
                                 RowErrors& errors);
  /// Makes group begin + i of `into` what slots[i] is.
  void copy(const Window& window, std::span<const uint32_t> slots, size_t begin, GroupStates& into);
  /// The results as words, see GroupStates::write_results.
  bool write_results(const Window& window, const WordPlaces& places,
                     std::span<uint64_t* const> columns) const {
    return window.first->write_results(places, window.second, columns);
  }
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
  Pane::Kind kind_of_next() const;
  void give_back(std::unique_ptr<Pane> pane);
  void forget_stacks();
  int64_t boundary(int64_t begin) const;
  void merge_some(const Pane& pane, std::span<const uint32_t> groups, GroupStates* into) const;
  void turn(int64_t begin, int64_t end);
  void leave(int64_t pane);
  void join(int64_t pane);
  void touch(std::span<const uint32_t> groups);
  bool settle();
  void look_at_touched();
  void look_at_all();
  void running(int64_t begin, int64_t end);
  void slide(int64_t begin, int64_t end);
  std::span<const uint32_t> numbers(size_t count);

  const AggregateLayout* layout_;
  PaneClock clock_;
  std::map<int64_t, std::unique_ptr<Pane>> panes_;
  int64_t last_index_ = INT64_MIN;  // of the pane asked for last
  Pane* last_pane_ = nullptr;
  size_t groups_size_ = 0;  // groups known so far
  std::vector<std::unique_ptr<Pane>> spare_;

  GroupStates front_;
  // The last turn's panes from last to first: what the groups of pane front_end_ − 1 − k were
  // without it and those before it is left_ pane_left_[k] … pane_left_[k + 1] − 1.
  GroupStates left_;
  std::vector<uint32_t> left_groups_;  // of each, whose
  std::vector<size_t> pane_left_;
  GroupStates back_;
  GroupStates merged_;  // scratch of results
  int64_t front_begin_ = 0;
  int64_t front_end_ = INT64_MIN;
  int64_t back_end_ = INT64_MIN;
  uint64_t version_ = 0;
  uint64_t number_ = 0;
  std::vector<uint32_t> touched_;  // groups, since the window asked for last; some twice
  std::vector<uint32_t> changed_;  // the first changed_count_: the same, each once
  size_t changed_count_ = 0;
  bool all_changed_ = true;
  std::vector<uint32_t> seen_;     // by group: number_ when it was last in changed_
  std::vector<uint8_t> present_;   // by group: was in the window asked for last
  std::vector<uint32_t> numbers_;  // 0, 1, 2 …
  std::vector<uint32_t> members_;  // scratch
  std::vector<uint32_t> slots_;    // scratch of Pane::fold
};

}  // namespace velo
