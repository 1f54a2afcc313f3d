#pragma once

#include <span>
#include <vector>

#include "operator/group_input.h"
#include "operator/group_results.h"

namespace velo {

/// 'emit.coalesce' = 'none': what each row of a batch makes of the state of its group, for all rows
/// at once. As if rows were folded and looked at one by one, which would cost a batch of
/// columns per row.
///
///     add(row, slot) …, then fold, then before() and after(): a row per event, in the order of
///     add.
///
/// Events are folded in waves, in which no state occurs twice; after each its states are copied
/// aside.
class EveryChange {
 public:
  explicit EveryChange(const AggregateLayout* layout) : kept_(layout) {}

  /// Row `row` of the batch belongs to the state `slot`. Rows come in order, each once.
  void add(uint32_t row, uint32_t slot) { events_.push_back({row, slot}); }
  /// Folds the rows into `states`. REQUIRES: the prepared batch has no weights.
  void fold(const GroupInput& input, GroupStates& states);

  const GroupResults& before() const { return before_; }
  /// Events whose result failed are in `errors` and do not exist.
  const GroupResults& after() const { return after_; }
  RowErrors& errors() { return errors_; }
  void clear();

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Event {
    uint32_t row;
    uint32_t slot;
  };
  void find_waves(const GroupStates& states);
  void fold_wave(std::span<const uint32_t> events, const GroupInput& input, GroupStates& states);
  void look();

  std::vector<Event> events_;
  GroupStates kept_;                   // by event; behind them by `first_slots_`
  std::vector<uint32_t> last_;         // by slot: its last event so far; kNone
  std::vector<uint32_t> waves_;        // by event
  std::vector<uint32_t> previous_;     // by event: where in kept_ the slot stood before; kNone
  std::vector<uint32_t> first_slots_;  // of those that were there before the batch
  std::vector<uint32_t> order_;        // events, wave by wave
  std::vector<uint32_t> ends_;         // of the waves in order_
  std::vector<uint32_t> rows_, slots_of_rows_, slots_, numbers_;
  GroupResults before_, after_;
  RowErrors errors_;
};

}  // namespace velo
