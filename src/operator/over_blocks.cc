#include "operator/over_blocks.h"

#include <algorithm>
#include <cstring>

namespace velo {

void GroupRuns::sort(std::span<const uint32_t> groups, size_t group_count) {
  groups_.assign(groups.begin(), groups.end());
  grow_to(run_of_, group_count, kNone);
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

OverBlocks::OverBlocks(const std::vector<size_t>& values,
                       const std::vector<FrameStates::Room>& states)
    : columns_(values.size()) {
  for (const size_t bytes : values) regions_.push_back({bytes});
  for (const FrameStates::Room& room : states) {
    regions_.push_back({room.bytes, true, room.rows});
  }
  lay_out();
}

void OverBlocks::lay_out() {
  all_ = {};
  const auto alignment_of = [](size_t stride) -> size_t {
    return stride == 0 ? 1 : std::min(stride & (~stride + 1), size_t{16});
  };
  for (const size_t alignment : {16, 8, 4, 2, 1}) {
    for (Region& region : regions_) {
      if (alignment_of(region.stride) != alignment) continue;
      region.before = all_;
      if (!region.has_states) {
        all_.row += region.stride;
      } else {
        (region.rows == BlockRows::kFew ? all_.few : all_.many) += region.stride;
      }
    }
  }
}

// Rows [low, held) and their states, to the front of a block of this capacity.
void OverBlocks::move_rows(Block& block, uint64_t low, uint64_t held, size_t capacity) {
  std::unique_ptr<std::byte[]> other;
  if (capacity != block.capacity) {
    other = std::make_unique_for_overwrite<std::byte[]>(block_bytes(capacity));
    bytes_ += block_bytes(capacity) - block_bytes(block.capacity);
  }
  std::byte* to = other ? other.get() : block.bytes.get();
  const size_t rows = held > low ? held - low : 0;
  // How many states, and the first one of them.
  const auto states_of = [&](BlockRows block_rows, size_t* first) -> size_t {
    *first = low / rows_of(block_rows) - block.base / rows_of(block_rows);
    const size_t states = suffixes_of(block.capacity, block_rows);
    if (*first >= states) return 0;
    return std::min(
        {states - *first, suffixes_of(capacity, block_rows), suffixes_of(rows, block_rows)});
  };
  // In the same block every region moves to its own front.
  for (size_t i = 0; i < regions_.size(); ++i) {
    const size_t each = regions_[i].stride;
    size_t from = low - block.base;
    const size_t count = regions_[i].has_states ? states_of(regions_[i].rows, &from) : rows;
    if (each * count == 0) continue;
    std::memmove(to + offset(i, capacity),
                 block.bytes.get() + offset(i, block.capacity) + from * each, count * each);
  }
  if (other) block.bytes = std::move(other);
  block.base = low;
  block.capacity = capacity;
}

void OverBlocks::make_room(uint32_t group, uint64_t low, uint64_t held, uint64_t end) {
  Block& block = blocks_[group];
  const size_t rows = end - low;
  const bool fits = rows + block.capacity / 32 <= block.capacity;
  move_rows(block, low, held, fits ? block.capacity : roomy(rows));
}

void OverBlocks::trim(uint32_t group, uint64_t low, uint64_t end) {
  Block& block = blocks_[group];
  const size_t rows = end - low;
  if (block.capacity <= kTrimMin || rows * 4 > block.capacity) return;
  move_rows(block, low, end, roomy(rows + 1));
}

void OverBlocks::forget(uint32_t group) {
  if (group >= blocks_.size()) return;
  bytes_ -= block_bytes(blocks_[group].capacity);
  blocks_[group] = Block();
}

// Moves every block into one where a column that took nothing takes so much.
void OverBlocks::widen(size_t column, size_t bytes) {
  const std::vector<Region> before = regions_;
  regions_[column].stride = bytes;
  lay_out();
  bytes_ = 0;
  for (Block& block : blocks_) {
    if (block.capacity == 0) continue;
    auto wider = std::make_unique<std::byte[]>(block_bytes(block.capacity));
    bytes_ += block_bytes(block.capacity);
    for (size_t i = 0; i < regions_.size(); ++i) {
      const size_t count =
          before[i].has_states ? suffixes_of(block.capacity, before[i].rows) : block.capacity;
      if (before[i].stride == 0) continue;
      std::memcpy(wider.get() + offset(i, block.capacity),
                  block.bytes.get() + before[i].before.of(block.capacity),
                  count * before[i].stride);
    }
    block.bytes = std::move(wider);
  }
}

void OverBlocks::widen_values(size_t column, size_t bytes, uint8_t fill) {
  widen(column, bytes);
  for (uint32_t group = 0; group < blocks_.size(); ++group) {
    const size_t size = blocks_[group].capacity * bytes;
    if (size > 0) std::memset(values(group, column), fill, size);
  }
}

namespace {

template <typename T>
void scatter_as(const Column& column, std::span<const uint32_t> rows, std::byte* to) {
  const T* from = column.values<T>();
  T* values = reinterpret_cast<T*>(to);
  for (size_t i = 0; i < rows.size(); ++i) values[i] = from[rows[i]];
}

}  // namespace

void scatter(const Column& column, std::span<const uint32_t> rows, size_t bytes, std::byte* to) {
  if (bytes == sizeof(uint64_t)) {
    scatter_as<uint64_t>(column, rows, to);
  } else if (bytes == sizeof(int128_t)) {
    scatter_as<int128_t>(column, rows, to);
  } else {
    scatter_as<uint8_t>(column, rows, to);
  }
}

}  // namespace velo
