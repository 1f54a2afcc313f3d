#include "state/window_store.h"

#include <algorithm>
#include <utility>

#include "column/time_text.h"

namespace velo {
namespace {

constexpr size_t kSpareMax = 16;
// Where so many groups are touched that this many times as many would be all, all are looked at.
constexpr size_t kManyShare = 8;

}  // namespace

WindowStore::WindowStore(const AggregateLayout* layout, const WindowSpec& spec)
    : layout_(layout),
      clock_(spec),
      front_(layout),
      left_(layout),
      back_(layout),
      merged_(layout) {}

// As the pane before it would be best: they follow each other closely.
Pane::Kind WindowStore::kind_of_next() const {
  return panes_.empty() ? Pane::Kind::kDense : panes_.rbegin()->second->best_kind(groups_size_);
}

Pane& WindowStore::pane(int64_t index) {
  if (index != last_index_ || last_pane_ == nullptr) {
    auto at = panes_.find(index);
    if (at == panes_.end()) {
      const Pane::Kind kind = kind_of_next();
      std::unique_ptr<Pane> made;
      if (spare_.empty()) {
        made = std::make_unique<Pane>(layout_, kind);
      } else {
        made = std::move(spare_.back());
        spare_.pop_back();
        made->reuse(kind);
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
  front_end_ = back_end_ = INT64_MIN;
  all_changed_ = true;
}

std::span<const uint32_t> WindowStore::numbers(size_t count) {
  while (numbers_.size() < count) numbers_.push_back(static_cast<uint32_t>(numbers_.size()));
  return {numbers_.data(), count};
}

void WindowStore::touch(std::span<const uint32_t> groups) {
  touched_.insert(touched_.end(), groups.begin(), groups.end());
}

// Looks which groups have come into the window or gone from it; true if all may have changed.
// touched_ becomes changed_: each once.
bool WindowStore::settle() {
  const bool many = touched_.size() * kManyShare >= groups_size_;
  const bool all = std::exchange(all_changed_, false) || many;
  changed_count_ = 0;
  if (all) {
    look_at_all();
  } else {
    look_at_touched();
  }
  touched_.clear();
  return all;
}

void WindowStore::look_at_touched() {
  const auto stamp = static_cast<uint32_t>(number_);
  if (stamp == 0) std::fill(seen_.begin(), seen_.end(), 0);
  changed_.resize(std::max(changed_.size(), touched_.size()));
  const int64_t* counts = back_.counts().data();
  uint8_t* present = present_.data();
  uint32_t* seen = seen_.data();
  uint32_t* changed = changed_.data();
  uint8_t differs = 0;
  size_t n = 0;
  for (uint32_t g : touched_) {
    changed[n] = g;
    n += seen[g] != stamp ? 1 : 0;
    seen[g] = stamp;
    const uint8_t now = counts[g] > 0 ? 1 : 0;
    differs |= now ^ present[g];
    present[g] = now;
  }
  changed_count_ = n;
  if (differs != 0) ++version_;
}

void WindowStore::look_at_all() {
  uint8_t differs = 0;
  run_vectors([n = groups_size_, counts = back_.counts().data(), present = present_.data(),
               differs = &differs]() VECTOR_LOOP {
    uint8_t seen = 0;
    for (size_t g = 0; g < n; ++g) {
      const uint8_t now = counts[g] > 0 ? 1 : 0;
      seen |= now ^ present[g];
      present[g] = now;
    }
    *differs = seen;
  });
  if (differs != 0) ++version_;
}

void WindowStore::join(int64_t index) {
  const Pane* pane = find(index);
  if (pane == nullptr) return;
  const Pane::Members members = pane->members(numbers_, members_);
  back_.merge(pane->states(), members.groups, members.slots);
  touch(members.groups);
}

void WindowStore::leave(int64_t index) {
  const auto k = static_cast<size_t>(front_end_ - 1 - index);
  const size_t begin = pane_left_[k];
  const std::span<const uint32_t> groups{left_groups_.data() + begin, pane_left_[k + 1] - begin};
  if (groups.empty()) return;
  front_.restore(left_, begin, groups);
  const Pane::Members members = find(index)->members(numbers_, members_);
  back_.unmerge(find(index)->states(), members.groups, members.slots);
  touch(groups);
}

// Where the front of the window that starts at `begin` ends and its back begins.
int64_t WindowStore::boundary(int64_t begin) const {
  const int64_t panes = clock_.panes_per_window();
  return (floor_div(begin, panes) + 1) * panes;
}

// All panes of [begin, end) into the front, last pane first; what is exact stays in the back, or
// gets there.
void WindowStore::turn(int64_t begin, int64_t end) {
  const bool goes_on = begin == front_end_ && back_end_ <= end;
  if (goes_on) {
    for (; front_begin_ < begin; ++front_begin_) leave(front_begin_);
    all_changed_ = true;  // in the last bit: merged in another order
  } else {
    forget_stacks();
    front_begin_ = back_end_ = begin;
  }
  front_end_ = end;
  for (; back_end_ < end; ++back_end_) join(back_end_);
  back_.clear_inexact();
  front_.clear_inexact();
  left_.make_anew();
  left_groups_.clear();
  pane_left_.assign(1, 0);
  for (int64_t index = end - 1; index >= begin; --index) {
    if (const Pane* pane = find(index)) {
      const Pane::Members members = pane->members(numbers_, members_);
      front_.merge_keeping(pane->states(), members.groups, members.slots, left_,
                           left_groups_.size());
      left_groups_.insert(left_groups_.end(), members.groups.begin(), members.groups.end());
    }
    pane_left_.push_back(left_groups_.size());
  }
}

void WindowStore::running(int64_t begin, int64_t end) {
  if (back_end_ > end || back_end_ < begin || front_begin_ != begin) {
    forget_stacks();
    front_begin_ = back_end_ = begin;
  }
  for (; back_end_ < end; ++back_end_) join(back_end_);
}

void WindowStore::slide(int64_t begin, int64_t end) {
  if (front_end_ != boundary(begin) || begin < front_begin_ || end < back_end_) {
    turn(begin, boundary(begin));
  }
  for (; front_begin_ < begin; ++front_begin_) leave(front_begin_);
  for (; back_end_ < end; ++back_end_) join(back_end_);
}

WindowStore::Window WindowStore::combine(int64_t end) {
  const int64_t begin = clock_.window_start(end);
  const bool grows = clock_.kind() == WindowKind::kCumulate;
  Window shown{.first = &front_,
               .second = nullptr,
               .sparse = nullptr,
               .slots = groups_size_,
               .version = 0,
               .number = ++number_,
               .slides = true,
               .changed = {},
               .all_changed = true};
  front_.resize(groups_size_);
  back_.resize(groups_size_);
  if (!grows && end - begin == 1) {
    shown.version = ++version_;
    shown.slides = false;
    const Pane* pane = find(begin);
    if (pane == nullptr) {
      shown.slots = 0;
      return shown;
    }
    shown.first = &pane->states();
    shown.sparse = pane->is_sparse() ? pane : nullptr;
    shown.slots = pane->states().size();
    return shown;
  }
  seen_.resize(groups_size_);
  present_.resize(groups_size_);
  if (grows) {
    running(begin, end);
    shown.first = &back_;
  } else {
    slide(begin, end);
    shown.second = &back_;
  }
  shown.all_changed = settle();
  shown.changed = {changed_.data(), changed_count_};
  shown.version = version_;
  return shown;
}

void WindowStore::copy(const Window& window, std::span<const uint32_t> slots, size_t begin,
                       GroupStates& into) {
  if (window.second != nullptr) {
    into.assign_merged(begin, *window.first, slots, *window.second, slots);
    return;
  }
  into.resize(begin + slots.size());
  into.assign(*window.first, numbers(begin + slots.size()).subspan(begin), slots);
}

std::vector<ColumnPtr> WindowStore::results(const Window& window, std::span<const uint32_t> slots,
                                            RowErrors& errors) {
  if (window.second == nullptr) return window.first->results(slots, errors);
  merged_.make_anew();
  copy(window, slots, 0, merged_);
  return merged_.results(numbers(slots.size()), errors);
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
    const int64_t index = panes_.begin()->first;
    const std::optional<int64_t> last = clock_.last_end(index);
    if (last && *last > end) return;
    if (clock_.kind() == WindowKind::kHop && index >= front_begin_ && index < back_end_) {
      if (index >= front_end_) forget_stacks();
      while (front_begin_ <= index && back_end_ != INT64_MIN) leave(front_begin_++);
    }
    if (panes_.begin()->second.get() == last_pane_) last_pane_ = nullptr;
    give_back(std::move(panes_.begin()->second));
    panes_.erase(panes_.begin());
  }
}

std::vector<uint32_t> WindowStore::live_groups() const {
  std::vector<uint8_t> live(groups_size_);
  std::vector<uint32_t> numbers;
  std::vector<uint32_t> storage;
  for (const auto& [index, pane] : panes_) {
    for (uint32_t g : pane->members(numbers, storage).groups) live[g] = 1;
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
  left_ = GroupStates(layout_);
  back_ = GroupStates(layout_);
  merged_ = GroupStates(layout_);
  front_end_ = back_end_ = INT64_MIN;
  all_changed_ = true;
  touched_.clear();
  seen_.clear();
  present_.clear();
  ++version_;
  spare_.clear();
  last_pane_ = nullptr;
  groups_size_ = groups;
  std::vector<uint32_t> number(live.empty() ? 0 : *std::max_element(live.begin(), live.end()) + 1,
                               0);
  for (size_t i = 0; i < live.size(); ++i) number[live[i]] = to[i];
  std::vector<uint32_t> numbers;
  std::vector<uint32_t> storage;
  std::vector<uint32_t> targets;
  for (auto& [index, pane] : panes_) {
    const Pane::Members members = pane->members(numbers, storage);
    targets.clear();
    for (uint32_t g : members.groups) targets.push_back(number[g]);
    pane->renumber(layout_, members, targets, groups);
  }
}

void WindowStore::save(std::span<const uint32_t> live, SnapshotWriter& writer) const {
  writer.u64(panes_.size());
  std::vector<uint32_t> numbers;
  std::vector<uint32_t> storage;
  for (const auto& [index, pane] : panes_) {
    const Pane::Members members = pane->members(numbers, storage);
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
  size_t total = front_.memory_bytes() + left_.memory_bytes() + back_.memory_bytes() +
                 merged_.memory_bytes() + left_groups_.capacity() * 4;
  for (const auto& [index, pane] : panes_) total += pane->memory_bytes() + 64;
  for (const auto& pane : spare_) total += pane->memory_bytes();
  return total;
}

}  // namespace velo
