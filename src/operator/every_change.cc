#include "operator/every_change.h"

#include <algorithm>
#include <utility>

namespace velo {

void EveryChange::clear() {
  events_.clear();
  before_ = {};
  after_ = {};
  errors_.clear();
}

void EveryChange::fold(const GroupInput& input, GroupStates& states) {
  find_waves(states);
  const size_t all = events_.size() + first_slots_.size();
  kept_.resize(all);
  while (numbers_.size() < all) numbers_.push_back(static_cast<uint32_t>(numbers_.size()));
  kept_.assign(states, {numbers_.data() + events_.size(), first_slots_.size()}, first_slots_);
  uint32_t begin = 0;
  for (const uint32_t end : ends_) {
    fold_wave({order_.data() + begin, end - begin}, input, states);
    begin = end;
  }
  look();
}

// Wave k: the k-th events of all slots.
void EveryChange::find_waves(const GroupStates& states) {
  const auto n = static_cast<uint32_t>(events_.size());
  last_.resize(states.size(), kNone);
  waves_.resize(n);
  previous_.resize(n);
  first_slots_.clear();
  ends_.clear();
  for (uint32_t e = 0; e < n; ++e) {
    const Event& event = events_[e];
    const uint32_t last = std::exchange(last_[event.slot], e);
    waves_[e] = 0;
    if (last != kNone) {
      waves_[e] = waves_[last] + 1;
      previous_[e] = last;
    } else if (states.count(event.slot) > 0) {
      previous_[e] = n + static_cast<uint32_t>(first_slots_.size());
      first_slots_.push_back(event.slot);
    } else {
      previous_[e] = kNone;
    }
    if (waves_[e] == ends_.size()) ends_.push_back(0);
    ++ends_[waves_[e]];
  }
  for (const Event& event : events_) last_[event.slot] = kNone;
  uint32_t begin = 0;
  for (uint32_t& end : ends_) begin += std::exchange(end, begin);
  order_.resize(n);
  for (uint32_t e = 0; e < n; ++e) order_[ends_[waves_[e]]++] = e;
}

void EveryChange::fold_wave(std::span<const uint32_t> events, const GroupInput& input,
                            GroupStates& states) {
  rows_.clear();
  slots_.clear();
  for (const uint32_t e : events) {
    const Event& event = events_[e];
    rows_.push_back(event.row);
    slots_.push_back(event.slot);
    if (event.row >= slots_of_rows_.size()) slots_of_rows_.resize(event.row + event.row / 2 + 64);
    slots_of_rows_[event.row] = event.slot;
  }
  FoldRows rows = input.rows(0, rows_.size());
  rows.slots = slots_of_rows_.data();
  rows.list = rows_.data();
  states.fold(input.prepared(), rows);
  kept_.assign(states, events, slots_);
}

void EveryChange::look() {
  const size_t n = events_.size();
  after_.columns = kept_.results({numbers_.data(), n}, errors_);
  after_.exists.assign(n, 1);
  for (const RowError& error : errors_.rows()) after_.exists[error.row] = 0;
  RowErrors not_shown;
  std::vector<ColumnPtr> first;
  if (!first_slots_.empty()) {
    first = kept_.results({numbers_.data() + n, first_slots_.size()}, not_shown);
  }
  std::vector<uint8_t> first_exists(first_slots_.size(), 1);
  for (const RowError& error : not_shown.rows()) first_exists[error.row] = 0;
  before_.exists.resize(n);
  std::vector<uint32_t> from(n);
  for (size_t e = 0; e < n; ++e) {
    const uint32_t previous = previous_[e];
    from[e] = previous == kNone ? 0 : previous;
    before_.exists[e] = previous == kNone ? 0
                        : previous < n    ? after_.exists[previous]
                                          : first_exists[previous - n];
  }
  before_.columns.clear();
  for (size_t c = 0; c < after_.columns.size(); ++c) {
    if (first.empty()) {
      before_.columns.push_back(gather(after_.columns[c], from));
    } else {
      const ColumnPtr both[] = {after_.columns[c], first[c]};
      before_.columns.push_back(gather(concat(both), from));
    }
  }
}

}  // namespace velo
