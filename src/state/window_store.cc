#include "state/window_store.h"

#include <algorithm>

namespace velo {
namespace {

constexpr size_t kSpareMax = 8;

std::vector<uint32_t> groups_present(const GroupStates& states) {
  std::vector<uint32_t> groups;
  for (uint32_t g = 0; g < states.size(); ++g) {
    if (states.count(g) != 0) groups.push_back(g);
  }
  return groups;
}

}  // namespace

WindowStore::WindowStore(const AggregateLayout* layout, const WindowSpec& spec)
    : layout_(layout), clock_(spec) {}

std::unique_ptr<GroupStates> WindowStore::take(size_t groups) {
  std::unique_ptr<GroupStates> states;
  if (spare_.empty()) {
    states = std::make_unique<GroupStates>(layout_);
  } else {
    states = std::move(spare_.back());
    spare_.pop_back();
  }
  states->resize(std::max<size_t>(groups, 1));
  return states;
}

void WindowStore::give_back(std::unique_ptr<GroupStates> states) {
  if (!states || spare_.size() >= kSpareMax) return;
  states->clear_all();
  spare_.push_back(std::move(states));
}

GroupStates& WindowStore::pane(int64_t index, size_t groups) {
  if (index != last_index_ || last_pane_ == nullptr) {
    auto& slot = panes_[index];
    if (!slot) slot = take(groups);
    last_index_ = index;
    last_pane_ = slot.get();
  }
  last_pane_->resize(groups);
  if (index < back_end_) forget_stacks();
  return *last_pane_;
}

const GroupStates* WindowStore::find(int64_t index) const {
  const auto at = panes_.find(index);
  return at == panes_.end() ? nullptr : at->second.get();
}

std::optional<int64_t> WindowStore::next_end(int64_t after) const {
  // Later panes have later windows: the first pane with a window left has the next one.
  for (const auto& [index, states] : panes_) {
    if (const std::optional<int64_t> end = clock_.next_end(index, after)) return end;
  }
  return std::nullopt;
}

void WindowStore::forget_stacks() {
  front_.clear();
  for (auto& states : front_store_) give_back(std::move(states));
  front_store_.clear();
  give_back(std::move(back_));
  back_.reset();
  front_end_ = back_end_ = INT64_MIN;
}

void WindowStore::absorb(GroupStates& into, int64_t pane) {
  if (const GroupStates* states = find(pane)) into.merge_all(*states);
}

// Builds the suffix merges of [begin, end), last pane first. A pane that does not exist shares the
// suffix behind it.
void WindowStore::turn(int64_t begin, int64_t end) {
  forget_stacks();
  front_.assign(static_cast<size_t>(end - begin), nullptr);
  const GroupStates* behind = nullptr;
  for (int64_t pane = end - 1; pane >= begin; --pane) {
    if (const GroupStates* states = find(pane)) {
      auto merged = take(states->size());
      if (behind != nullptr) merged->merge_all(*behind);
      merged->merge_all(*states);
      behind = merged.get();
      front_store_.push_back(std::move(merged));
    }
    front_[static_cast<size_t>(pane - begin)] = behind;
  }
  front_begin_ = begin;
  front_end_ = back_end_ = end;
}

const GroupStates& WindowStore::running(int64_t end) {
  const int64_t begin = clock_.window_start(end);
  if (!back_ || back_end_ > end || back_end_ < begin || front_begin_ != begin) {
    forget_stacks();
    back_ = take(1);
    front_begin_ = back_end_ = begin;
  }
  for (; back_end_ < end; ++back_end_) absorb(*back_, back_end_);
  return *back_;
}

const GroupStates& WindowStore::combine(int64_t end) {
  if (clock_.kind() == WindowKind::kCumulate) return running(end);
  const int64_t begin = clock_.window_start(end);
  if (end - begin == 1) {
    if (const GroupStates* states = find(begin)) return *states;
    result_ = take(1);
    return *result_;
  }
  if (begin >= front_end_ || begin < front_begin_ || end < back_end_) turn(begin, end);
  for (; back_end_ < end; ++back_end_) {
    const GroupStates* states = find(back_end_);
    if (states == nullptr) continue;
    if (!back_) back_ = take(states->size());
    back_->merge_all(*states);
  }
  const GroupStates* front = front_[static_cast<size_t>(begin - front_begin_)];
  if (front != nullptr && !back_) return *front;
  give_back(std::move(result_));
  result_ = take(1);
  if (front != nullptr) result_->merge_all(*front);
  if (back_) result_->merge_all(*back_);
  return *result_;
}

GroupStates WindowStore::combine(int64_t end, std::span<const uint32_t> groups) {
  GroupStates out(layout_);
  out.resize(groups.size());
  std::vector<uint32_t> from;
  std::vector<uint32_t> to;
  const auto last = panes_.lower_bound(end);
  for (auto at = panes_.lower_bound(clock_.window_start(end)); at != last; ++at) {
    from.clear();
    to.clear();
    for (uint32_t i = 0; i < groups.size(); ++i) {
      if (groups[i] >= at->second->size() || at->second->count(groups[i]) == 0) continue;
      from.push_back(groups[i]);
      to.push_back(i);
    }
    out.merge(*at->second, to, from);
  }
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
  std::vector<uint8_t> live;
  for (const auto& [index, states] : panes_) {
    live.resize(std::max(live.size(), states->size()));
    for (size_t g = 0; g < states->size(); ++g) live[g] |= states->counts()[g] != 0 ? 1 : 0;
  }
  std::vector<uint32_t> groups;
  for (uint32_t g = 0; g < live.size(); ++g) {
    if (live[g] != 0) groups.push_back(g);
  }
  return groups;
}

void WindowStore::renumber(std::span<const uint32_t> live, std::span<const uint32_t> to,
                           size_t groups) {
  forget_stacks();
  spare_.clear();
  result_.reset();
  last_pane_ = nullptr;
  std::vector<uint32_t> number(live.empty() ? 0 : live.back() + 1, 0);
  for (size_t i = 0; i < live.size(); ++i) number[live[i]] = to[i];
  for (auto& [index, states] : panes_) {
    const std::vector<uint32_t> from = groups_present(*states);
    std::vector<uint32_t> target;
    for (uint32_t g : from) target.push_back(number[g]);
    auto renumbered = std::make_unique<GroupStates>(layout_);
    renumbered->resize(groups);
    renumbered->merge(*states, target, from);
    states = std::move(renumbered);
  }
}

void WindowStore::save(std::span<const uint32_t> live, SnapshotWriter& writer) const {
  writer.u64(panes_.size());
  for (const auto& [index, states] : panes_) {
    const std::vector<uint32_t> groups = groups_present(*states);
    writer.i64(index);
    writer.u64(groups.size());
    for (uint32_t g : groups) {
      writer.u32(
          static_cast<uint32_t>(std::lower_bound(live.begin(), live.end(), g) - live.begin()));
    }
    states->save(groups, writer);
  }
}

Status WindowStore::load(std::span<const uint32_t> groups, size_t groups_size,
                         SnapshotReader& reader) {
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
    TRY(pane(index, groups_size).load(here, reader));
  }
  return {};
}

size_t WindowStore::memory_bytes() const {
  size_t total = 0;
  for (const auto& [index, states] : panes_) total += states->memory_bytes() + 64;
  for (const auto& states : front_store_) total += states->memory_bytes();
  for (const auto& states : spare_) total += states->memory_bytes();
  if (back_) total += back_->memory_bytes();
  if (result_) total += result_->memory_bytes();
  return total;
}

}  // namespace velo
