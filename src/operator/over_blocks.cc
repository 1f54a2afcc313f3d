#include "operator/over_blocks.h"

#include <algorithm>
#include <cstring>

#include "state/frame_states.h"

namespace velo {

void GroupRuns::sort(std::span<const uint32_t> groups, size_t group_count) {
  if (run_of_.size() < group_count) run_of_.resize(group_count, kNone);
  runs_.clear();
  for (const uint32_t group : groups) {
    uint32_t& run = run_of_[group];
    if (run == kNone) {
      run = static_cast<uint32_t>(runs_.size());
      runs_.push_back({group, 0, 0});
    }
    ++runs_[run].end;
  }
  uint32_t begin = 0;
  for (Run& run : runs_) {
    const uint32_t rows = run.end;
    run.begin = run.end = begin;
    begin += rows;
  }
  order_.resize(groups.size());
  for (uint32_t row = 0; row < groups.size(); ++row) {
    order_[runs_[run_of_[groups[row]]].end++] = row;
  }
  for (const Run& run : runs_) run_of_[run.group] = kNone;
}

// Where a region begins in a block, columns first; that of the one behind the last is the size.
size_t OverBlocks::offset(size_t region, size_t capacity) const {
  size_t at = 0;
  const size_t columns = std::min(region, values_.size());
  for (size_t i = 0; i < columns; ++i) at += aligned(values_[i] * capacity);
  for (size_t i = 0; i + values_.size() < region; ++i) {
    at += aligned(states_[i] * FrameStates::suffixes_of(capacity));
  }
  return at;
}

std::byte* OverBlocks::values(uint32_t group, size_t column) const {
  const Block& block = blocks_[group];
  return block.bytes.get() + offset(column, block.capacity);
}

std::byte* OverBlocks::states(uint32_t group, size_t state) const {
  const Block& block = blocks_[group];
  return block.bytes.get() + offset(values_.size() + state, block.capacity);
}

// Rows [low, held) and their states, to the front of a block of this capacity.
void OverBlocks::move_rows(Block& block, uint64_t low, uint64_t held, size_t capacity) {
  std::unique_ptr<std::byte[]> larger;
  if (capacity != block.capacity) {
    larger = std::make_unique_for_overwrite<std::byte[]>(offset(regions(), capacity));
    bytes_ += offset(regions(), capacity) - offset(regions(), block.capacity);
  }
  std::byte* to = larger ? larger.get() : block.bytes.get();
  const size_t rows = held > low ? held - low : 0;
  const auto move = [&](size_t region, size_t bytes, uint64_t skipped, size_t count) {
    if (bytes == 0 || count == 0) return;
    std::memmove(to + offset(region, capacity),
                 block.bytes.get() + offset(region, block.capacity) + skipped * bytes,
                 count * bytes);
  };
  for (size_t i = 0; i < values_.size(); ++i) move(i, values_[i], low - block.base, rows);
  const uint64_t skipped = low / FrameStates::kBlock - block.base / FrameStates::kBlock;
  const size_t held_states = FrameStates::suffixes_of(block.capacity);
  const size_t states =
      skipped < held_states ? std::min(held_states - skipped, FrameStates::suffixes_of(rows)) : 0;
  for (size_t i = 0; i < states_.size(); ++i) move(values_.size() + i, states_[i], skipped, states);
  if (larger) block.bytes = std::move(larger);
  block.base = low;
  block.capacity = capacity;
}

void OverBlocks::reserve(uint32_t group, uint64_t low, uint64_t held, uint64_t end) {
  Block& block = blocks_[group];
  if (end - block.base <= block.capacity) return;
  const size_t rows = end - low;
  const size_t with_spare = rows + rows / 8;
  const bool fits = rows + block.capacity / 32 <= block.capacity;
  const size_t larger = (with_spare + kRowsMin - 1) / kRowsMin * kRowsMin;
  move_rows(block, low, held, fits ? block.capacity : larger);
}

void OverBlocks::trim(uint32_t group, uint64_t low, uint64_t end) {
  Block& block = blocks_[group];
  const size_t rows = end - low;
  if (block.capacity <= 8 * kRowsMin || rows * 4 > block.capacity) return;
  move_rows(block, low, end, (rows + rows / 8 + kRowsMin) / kRowsMin * kRowsMin);
}

void OverBlocks::forget(uint32_t group) {
  if (group >= blocks_.size()) return;
  bytes_ -= offset(regions(), blocks_[group].capacity);
  blocks_[group] = Block();
}

// Moves every block into one whose columns and states have other widths.
template <typename Change>
void OverBlocks::change_widths(Change change) {
  const OverBlocks before(values_, states_);
  change();
  bytes_ = 0;
  for (Block& block : blocks_) {
    if (block.capacity == 0) continue;
    const size_t size = offset(regions(), block.capacity);
    auto bytes = std::make_unique<std::byte[]>(size);
    bytes_ += size;
    for (size_t region = 0; region < regions(); ++region) {
      const size_t from = before.offset(region, block.capacity);
      const size_t old = before.offset(region + 1, block.capacity) - from;
      const size_t to = offset(region, block.capacity);
      if (old > 0) std::memcpy(bytes.get() + to, block.bytes.get() + from, old);
    }
    block.bytes = std::move(bytes);
  }
}

void OverBlocks::widen_values(size_t column, size_t bytes, uint8_t fill) {
  change_widths([&] { values_[column] = bytes; });
  for (uint32_t group = 0; group < blocks_.size(); ++group) {
    const size_t size = blocks_[group].capacity * bytes;
    if (size > 0) std::memset(values(group, column), fill, size);
  }
}

void OverBlocks::widen_states(size_t state, size_t bytes) {
  change_widths([&] { states_[state] = bytes; });
}

}  // namespace velo
