#include "state/pane.h"

#include <algorithm>

namespace velo {

namespace {

// A pane that holds less than one in so many groups is sparse …
constexpr size_t kSparseShare = 4;
// … and its slots are hashed when it holds less than one in so many.
constexpr size_t kHashedShare = 16;

}  // namespace

void SlotMap::reset(bool by_index) {
  if (!by_index_ && !groups_.empty()) std::fill(entries_.begin(), entries_.end(), Entry());
  groups_.clear();
  by_index_ = by_index;
}

void SlotMap::find_or_add(const FoldRows& rows, size_t groups_size, uint32_t* slots) {
  if (!by_index_) {
    for (size_t i = 0; i < rows.count; ++i) {
      const size_t row = rows.row(i);
      slots[row] = slot(rows.slots[row]);
    }
    return;
  }
  if (index_.size() < groups_size) index_.resize(groups_size);
  size_t n = groups_.size();
  groups_.resize(n + rows.count);
  uint32_t* groups = groups_.data();
  uint32_t* index = index_.data();
  for (size_t i = 0; i < rows.count; ++i) {
    const size_t row = rows.row(i);
    const uint32_t group = rows.slots[row];
    const size_t found = std::min<size_t>(index[group], n);
    const bool is_new = found == n || groups[found] != group;
    const auto slot = static_cast<uint32_t>(is_new ? n : found);
    groups[n] = group;
    index[group] = slot;
    slots[row] = slot;
    n += is_new ? 1 : 0;
  }
  groups_.resize(n);
}

uint32_t SlotMap::find(uint32_t group) const {
  if (by_index_) {
    const uint32_t slot = group < index_.size() ? index_[group] : kAbsent;
    return slot < groups_.size() && groups_[slot] == group ? slot : kAbsent;
  }
  for (size_t at = place_of(group);; at = (at + 1) & (entries_.size() - 1)) {
    const Entry& e = entries_[at];
    if (e.slot == kAbsent || e.group == group) return e.slot;
  }
}

uint32_t SlotMap::insert(size_t at, uint32_t group) {
  const auto slot = static_cast<uint32_t>(groups_.size());
  entries_[at] = {group, slot};
  groups_.push_back(group);
  if (groups_.size() * 2 <= entries_.size()) return slot;
  --shift_;
  entries_.assign(entries_.size() * 2, Entry());
  for (uint32_t s = 0; s < groups_.size(); ++s) {
    size_t place = place_of(groups_[s]);
    while (entries_[place].slot != kAbsent) place = (place + 1) & (entries_.size() - 1);
    entries_[place] = {groups_[s], s};
  }
  return slot;
}

void Pane::fold(const AggregateLayout::Prepared& prepared, FoldRows rows, size_t groups,
                std::vector<uint32_t>& scratch) {
  if (rows.count == 0) return;
  if (is_sparse()) {
    const size_t last = rows.row(rows.count - 1);
    if (scratch.size() <= last) scratch.resize(last + 1);
    map_.find_or_add(rows, groups, scratch.data());
    rows.slots = scratch.data();
    groups = map_.groups().size();
  }
  states_.resize(groups);
  states_.fold(prepared, rows);
}

Pane::Members Pane::members(std::vector<uint32_t>& numbers, std::vector<uint32_t>& storage) const {
  if (is_sparse()) {
    const std::vector<uint32_t>& groups = map_.groups();
    while (numbers.size() < groups.size()) numbers.push_back(static_cast<uint32_t>(numbers.size()));
    return {groups, {numbers.data(), groups.size()}};
  }
  const std::vector<int64_t>& counts = states_.counts();
  storage.resize(counts.size());
  size_t n = 0;
  for (uint32_t g = 0; g < counts.size(); ++g) {
    storage[n] = g;
    n += counts[g] != 0 ? 1 : 0;
  }
  storage.resize(n);
  return {storage, storage};
}

Pane::Kind Pane::best_kind(size_t groups_size) const {
  size_t held = map_.groups().size();
  if (!is_sparse()) {
    for (int64_t count : states_.counts()) held += count != 0 ? 1 : 0;
  }
  if (held * kSparseShare >= groups_size) return Kind::kDense;
  return held * kHashedShare >= groups_size ? Kind::kIndexed : Kind::kHashed;
}

uint32_t Pane::find(uint32_t group) const {
  if (is_sparse()) return map_.find(group);
  return group < states_.size() ? group : SlotMap::kAbsent;
}

std::vector<uint32_t> Pane::make_slots(std::span<const uint32_t> groups, size_t groups_size) {
  std::vector<uint32_t> slots(groups.begin(), groups.end());
  if (is_sparse()) {
    FoldRows all;
    all.slots = groups.data();
    all.count = groups.size();
    map_.find_or_add(all, groups_size, slots.data());
    groups_size = map_.groups().size();
  }
  states_.resize(groups_size);
  return slots;
}

Status Pane::load(std::span<const uint32_t> groups, size_t groups_size, SnapshotReader& reader) {
  return states_.load(make_slots(groups, groups_size), reader);
}

void Pane::renumber(const AggregateLayout* layout, const Members& from,
                    std::span<const uint32_t> to, size_t groups_size) {
  Pane renumbered(layout, kind_);
  const std::vector<uint32_t> slots = renumbered.make_slots(to, groups_size);
  renumbered.states_.merge(states_, slots, from.slots);
  *this = std::move(renumbered);
}

void Pane::reuse(Kind kind) {
  states_.clear_first(is_sparse() ? map_.groups().size() : states_.size());
  map_.reset(kind == Kind::kIndexed);
  kind_ = kind;
}

}  // namespace velo
