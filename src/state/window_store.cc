#include "state/window_store.h"

#include <algorithm>

#include "column/time_text.h"

namespace velo {
namespace {

constexpr size_t kSpareMax = 16;
// A pane that holds less than one in so many groups is sparse.
constexpr size_t kSparseShare = 4;

}  // namespace

WindowStore::WindowStore(const AggregateLayout* layout, const WindowSpec& spec)
    : layout_(layout),
      clock_(spec),
      front_(layout),
      back_(layout),
      window_(layout),
      behind_(layout) {}

// As the pane before it is: they follow each other closely.
bool WindowStore::starts_sparse() const {
  if (panes_.empty()) return false;
  const Pane& newest = *panes_.rbegin()->second;
  std::vector<uint32_t> storage;
  return newest.members(storage).size() * kSparseShare < groups_size_;
}

Pane& WindowStore::pane(int64_t index) {
  if (index != last_index_ || last_pane_ == nullptr) {
    auto at = panes_.find(index);
    if (at == panes_.end()) {
      const bool sparse = starts_sparse();
      std::unique_ptr<Pane> made;
      if (spare_.empty()) {
        made = std::make_unique<Pane>(layout_, sparse);
      } else {
        made = std::move(spare_.back());
        spare_.pop_back();
        made->reuse(sparse);
      }
      at = panes_.emplace(index, std::move(made)).first;
    }
    last_index_ = index;
    last_pane_ = at->second.get();
  }
  if (index < back_end_) forget_stacks();
  return *last_pane_;
}

void WindowStore::fold(int64_t index, const AggregateLayout::Prepared& prepared,
                       const FoldRows& rows, size_t groups) {
  groups_size_ = groups;
  pane(index).fold(prepared, rows, groups, slots_);
}

const Pane* WindowStore::find(int64_t index) const {
  const auto at = panes_.find(index);
  return at == panes_.end() ? nullptr : at->second.get();
}

void WindowStore::give_back(std::unique_ptr<Pane> pane) {
  if (spare_.size() < kSpareMax) spare_.push_back(std::move(pane));
}

std::optional<int64_t> WindowStore::next_end(int64_t after) const {
  // Later panes have later windows: the first pane with a window left has the next one.
  for (const auto& [index, states] : panes_) {
    if (const std::optional<int64_t> end = clock_.next_end(index, after)) return end;
  }
  return std::nullopt;
}

void WindowStore::forget_stacks() {
  if (back_end_ == INT64_MIN) return;
  front_.clear_all();
  back_.clear_all();
  window_.clear_all();
  behind_.clear_all();
  front_end_ = back_end_ = INT64_MIN;
  ++version_;
}

// What `groups` are in the window: front and back.
void WindowStore::refresh(std::span<const uint32_t> groups) {
  bool same = true;
  for (uint32_t g : groups) {
    same &= (window_.count(g) > 0) == (front_.count(g) + back_.count(g) > 0);
  }
  if (!same) ++version_;
  window_.assign(front_, groups, groups);
  window_.merge(back_, groups, groups);
}

void WindowStore::join(int64_t index) {
  const Pane* pane = find(index);
  if (pane == nullptr) return;
  const Pane::Members members = pane->members(members_);
  back_.merge(pane->states(), members.groups, members.slots);
  refresh(members.groups);
}

void WindowStore::leave(int64_t index) {
  const auto k = static_cast<size_t>(front_end_ - 1 - index);
  const size_t begin = behind_begin_[k];
  const size_t n = behind_begin_[k + 1] - begin;
  const std::span<const uint32_t> groups(behind_groups_.data() + begin, n);
  front_.assign(behind_, groups, {numbers_.data() + begin, n});
  refresh(groups);
}

// Where the front of the window that starts at `begin` ends and its back begins.
int64_t WindowStore::boundary(int64_t begin) const {
  const int64_t panes = clock_.panes_per_window();
  return (floor_div(begin, panes) + 1) * panes;
}

// All panes of [begin, end) into the front, last pane first.
void WindowStore::turn(int64_t begin, int64_t end) {
  forget_stacks();
  front_.resize(groups_size_);
  back_.resize(groups_size_);
  window_.resize(groups_size_);
  front_begin_ = begin;
  front_end_ = back_end_ = end;
  behind_groups_.clear();
  behind_begin_.assign(1, 0);
  for (int64_t index = end - 1; index >= begin; --index) {
    if (const Pane* pane = find(index)) {
      const Pane::Members members = pane->members(members_);
      const size_t at = behind_groups_.size();
      const size_t size = at + members.size();
      behind_groups_.insert(behind_groups_.end(), members.groups.begin(), members.groups.end());
      behind_.resize(size);
      while (numbers_.size() < size) numbers_.push_back(static_cast<uint32_t>(numbers_.size()));
      behind_.assign(front_, {numbers_.data() + at, members.size()}, members.groups);
      front_.merge(pane->states(), members.groups, members.slots);
    }
    behind_begin_.push_back(behind_groups_.size());
  }
  window_.merge_all(front_);
  ++version_;
}

void WindowStore::running(int64_t end) {
  const int64_t begin = clock_.window_start(end);
  if (back_end_ > end || back_end_ < begin || front_begin_ != begin) {
    forget_stacks();
    front_begin_ = back_end_ = begin;
  }
  back_.resize(groups_size_);
  for (; back_end_ < end; ++back_end_) {
    const Pane* pane = find(back_end_);
    if (pane == nullptr) continue;
    const Pane::Members members = pane->members(members_);
    for (uint32_t g : members.groups) {
      if (back_.count(g) <= 0) ++version_;
    }
    back_.merge(pane->states(), members.groups, members.slots);
  }
}

WindowStore::Window WindowStore::combine(int64_t end) {
  if (clock_.kind() == WindowKind::kCumulate) {
    running(end);
    return {&back_, nullptr, version_};
  }
  const int64_t begin = clock_.window_start(end);
  if (end - begin == 1) {
    ++version_;
    const Pane* pane = find(begin);
    if (pane == nullptr) return {&window_, nullptr, version_};
    return {&pane->states(), pane->is_sparse() ? pane : nullptr, version_};
  }
  if (front_end_ != boundary(begin) || begin < front_begin_ || end < back_end_) {
    turn(begin, boundary(begin));
  }
  front_.resize(groups_size_);
  back_.resize(groups_size_);
  window_.resize(groups_size_);
  for (; front_begin_ < begin; ++front_begin_) leave(front_begin_);
  for (; back_end_ < end; ++back_end_) join(back_end_);
  return {&window_, nullptr, version_};
}

void WindowStore::merge_some(const Pane& pane, std::span<const uint32_t> groups,
                             GroupStates* into) const {
  std::vector<uint32_t> from;
  std::vector<uint32_t> to;
  for (uint32_t i = 0; i < groups.size(); ++i) {
    const uint32_t slot = pane.find(groups[i]);
    if (slot == SlotMap::kAbsent || pane.states().count(slot) == 0) continue;
    from.push_back(slot);
    to.push_back(i);
  }
  into->merge(pane.states(), to, from);
}

GroupStates WindowStore::combine(int64_t end, std::span<const uint32_t> groups) {
  const int64_t begin = clock_.window_start(end);
  const bool has_front = clock_.kind() == WindowKind::kHop;
  const int64_t middle = has_front ? std::min(boundary(begin), end) : begin;
  GroupStates out(layout_);
  out.resize(groups.size());
  const auto front_begin = panes_.lower_bound(begin);
  const auto back_begin = panes_.lower_bound(middle);
  const auto back_end = panes_.lower_bound(end);
  for (auto at = back_begin; at != front_begin;) merge_some(*(--at)->second, groups, &out);
  if (back_begin == back_end) return out;
  if (front_begin == back_begin) {
    for (auto at = back_begin; at != back_end; ++at) merge_some(*at->second, groups, &out);
    return out;
  }
  GroupStates back(layout_);
  back.resize(groups.size());
  for (auto at = back_begin; at != back_end; ++at) merge_some(*at->second, groups, &back);
  std::vector<uint32_t> all(groups.size());
  for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  out.merge(back, all, all);
  return out;
}

void WindowStore::drop_through(int64_t end) {
  while (!panes_.empty()) {
    const std::optional<int64_t> last = clock_.last_end(panes_.begin()->first);
    if (last && *last > end) return;
    if (panes_.begin()->second.get() == last_pane_) last_pane_ = nullptr;
    give_back(std::move(panes_.begin()->second));
    panes_.erase(panes_.begin());
  }
}

std::vector<uint32_t> WindowStore::live_groups() const {
  std::vector<uint8_t> live(groups_size_);
  std::vector<uint32_t> storage;
  for (const auto& [index, pane] : panes_) {
    for (uint32_t g : pane->members(storage).groups) live[g] = 1;
  }
  std::vector<uint32_t> groups;
  for (uint32_t g = 0; g < live.size(); ++g) {
    if (live[g] != 0) groups.push_back(g);
  }
  return groups;
}

void WindowStore::renumber(std::span<const uint32_t> live, std::span<const uint32_t> to,
                           size_t groups) {
  front_ = GroupStates(layout_);
  back_ = GroupStates(layout_);
  window_ = GroupStates(layout_);
  behind_ = GroupStates(layout_);
  front_end_ = back_end_ = INT64_MIN;
  ++version_;
  spare_.clear();
  last_pane_ = nullptr;
  groups_size_ = groups;
  std::vector<uint32_t> number(live.empty() ? 0 : live.back() + 1, 0);
  for (size_t i = 0; i < live.size(); ++i) number[live[i]] = to[i];
  std::vector<uint32_t> storage;
  std::vector<uint32_t> targets;
  for (auto& [index, pane] : panes_) {
    const Pane::Members members = pane->members(storage);
    targets.clear();
    for (uint32_t g : members.groups) targets.push_back(number[g]);
    pane->renumber(layout_, members, targets, groups);
  }
}

void WindowStore::save(std::span<const uint32_t> live, SnapshotWriter& writer) const {
  writer.u64(panes_.size());
  std::vector<uint32_t> storage;
  for (const auto& [index, pane] : panes_) {
    const Pane::Members members = pane->members(storage);
    writer.i64(index);
    writer.u64(members.size());
    for (uint32_t g : members.groups) {
      writer.u32(
          static_cast<uint32_t>(std::lower_bound(live.begin(), live.end(), g) - live.begin()));
    }
    pane->states().save(members.slots, writer);
  }
}

Status WindowStore::load(std::span<const uint32_t> groups, size_t groups_size,
                         SnapshotReader& reader) {
  groups_size_ = groups_size;
  const uint64_t panes = TRY(reader.count(16));
  for (uint64_t p = 0; p < panes; ++p) {
    const int64_t index = TRY(reader.i64());
    const uint64_t n = TRY(reader.count(4));
    std::vector<uint32_t> here;
    for (uint64_t i = 0; i < n; ++i) {
      const uint32_t position = TRY(reader.u32());
      if (position >= groups.size()) return Error(ErrorCode::kCorruptData, "a pane names no group");
      here.push_back(groups[position]);
    }
    TRY(pane(index).load(here, groups_size, reader));
  }
  return {};
}

size_t WindowStore::memory_bytes() const {
  size_t total = front_.memory_bytes() + back_.memory_bytes() + window_.memory_bytes() +
                 behind_.memory_bytes() + behind_groups_.capacity() * 8;
  for (const auto& [index, pane] : panes_) total += pane->memory_bytes() + 64;
  for (const auto& pane : spare_) total += pane->memory_bytes();
  return total;
}

}  // namespace velo
