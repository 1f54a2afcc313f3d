#include "state/window_cells.h"

#include <algorithm>

namespace velo {
namespace {
constexpr size_t kSpareMax = 64;
}

WindowCells::Window& WindowCells::window(int64_t end) {
  const auto at = windows_.lower_bound(end);
  if (at != windows_.end() && at->first == end) return at->second;
  if (spare_.empty()) {
    const auto made = windows_.emplace_hint(at, end, Window());
    made->second.end = end;
    return made->second;
  }
  auto node = std::move(spare_.back());
  spare_.pop_back();
  node.key() = end;
  node.mapped().end = end;
  return windows_.insert(at, std::move(node))->second;
}

uint32_t WindowCells::add(Window& window, uint32_t group) {
  uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<uint32_t>(group_of_.size());
    group_of_.push_back(group);
  } else {
    slot = free_.back();
    free_.pop_back();
    group_of_[slot] = group;
  }
  window.slots.push_back(slot);
  return slot;
}

void WindowCells::drop_through(int64_t end) {
  while (!windows_.empty() && windows_.begin()->first <= end) {
    Window& window = windows_.begin()->second;
    CHECK(window.pending.empty());
    states_.clear(window.slots);
    free_.insert(free_.end(), window.slots.begin(), window.slots.end());
    window.slots.clear();
    window.groups.clear();
    auto node = windows_.extract(windows_.begin());
    if (spare_.size() < kSpareMax) spare_.push_back(std::move(node));
  }
}

std::vector<uint32_t> WindowCells::live_groups() const {
  std::vector<uint32_t> groups;
  for (const auto& [end, window] : windows_) {
    const std::vector<uint32_t>& own = window.groups.groups();
    groups.insert(groups.end(), own.begin(), own.end());
  }
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

void WindowCells::renumber(std::span<const uint32_t> live, std::span<const uint32_t> to) {
  std::vector<uint32_t> number(live.empty() ? 0 : live.back() + 1, 0);
  for (size_t i = 0; i < live.size(); ++i) number[live[i]] = to[i];
  for (auto& [end, window] : windows_) {
    SlotMap groups;  // the same positions
    for (uint32_t group : window.groups.groups()) groups.slot(number[group]);
    window.groups = std::move(groups);
    for (uint32_t slot : window.slots) group_of_[slot] = number[group_of_[slot]];
  }
}

void WindowCells::save(std::span<const uint32_t> live, SnapshotWriter& writer) const {
  writer.u64(windows_.size());
  for (const auto& [end, window] : windows_) {
    writer.i64(end);
    writer.u64(window.slots.size());
    for (uint32_t group : window.groups.groups()) {
      const auto at = std::lower_bound(live.begin(), live.end(), group);
      writer.u32(static_cast<uint32_t>(at - live.begin()));
    }
    states_.save(window.slots, writer);
  }
}

Status WindowCells::load(std::span<const uint32_t> groups, SnapshotReader& reader) {
  const uint64_t windows = TRY(reader.count(16));
  for (uint64_t w = 0; w < windows; ++w) {
    Window& loaded = window(TRY(reader.i64()));
    const uint64_t n = TRY(reader.count(4));
    for (uint64_t i = 0; i < n; ++i) {
      const uint32_t position = TRY(reader.u32());
      if (position >= groups.size()) {
        return Error(ErrorCode::kCorruptData, "a window names no group");
      }
      slot(loaded, groups[position]);
    }
    if (loaded.slots.size() != n) {
      return Error(ErrorCode::kCorruptData, "a window names a group twice");
    }
    grow();
    TRY(states_.load(loaded.slots, reader));
  }
  return {};
}

size_t WindowCells::memory_bytes() const {
  size_t total = states_.memory_bytes() + (group_of_.capacity() + free_.capacity()) * 4;
  for (const auto& [end, window] : windows_) {
    total += sizeof window + window.groups.memory_bytes() + window.slots.capacity() * 4;
  }
  return total;
}

}  // namespace velo
