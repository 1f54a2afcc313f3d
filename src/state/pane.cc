#include "state/pane.h"

namespace velo {

void SlotMap::clear() {
  if (groups_.empty()) return;
  std::fill(entries_.begin(), entries_.end(), Entry());
  groups_.clear();
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
  if (sparse_) {
    const size_t last = rows.row(rows.count - 1);
    if (scratch.size() <= last) scratch.resize(last + 1);
    for (size_t i = 0; i < rows.count; ++i) {
      const size_t row = rows.row(i);
      scratch[row] = map_.slot(rows.slots[row]);
    }
    rows.slots = scratch.data();
    groups = map_.groups().size();
  }
  states_.resize(groups);
  states_.fold(prepared, rows);
}

Pane::Members Pane::members(std::vector<uint32_t>& storage) const {
  storage.clear();
  if (sparse_) {
    storage.resize(map_.groups().size());
    for (uint32_t s = 0; s < storage.size(); ++s) storage[s] = s;
    return {map_.groups(), storage};
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

uint32_t Pane::find(uint32_t group) const {
  if (sparse_) return map_.find(group);
  return group < states_.size() ? group : SlotMap::kAbsent;
}

std::vector<uint32_t> Pane::make_slots(std::span<const uint32_t> groups, size_t groups_size) {
  std::vector<uint32_t> slots(groups.begin(), groups.end());
  if (sparse_) {
    for (uint32_t& slot : slots) slot = map_.slot(slot);
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
  Pane renumbered(layout, sparse_);
  const std::vector<uint32_t> slots = renumbered.make_slots(to, groups_size);
  renumbered.states_.merge(states_, slots, from.slots);
  *this = std::move(renumbered);
}

void Pane::reuse(bool sparse) {
  states_.clear_all();
  map_.clear();
  sparse_ = sparse;
}

}  // namespace velo
