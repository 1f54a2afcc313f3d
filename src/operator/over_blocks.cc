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

OverBlocks::Block& OverBlocks::Block::operator=(Block&& other) noexcept {
  std::swap(bytes, other.bytes);
  std::swap(base, other.base);
  std::swap(capacity, other.capacity);
  std::swap(lent, other.lent);
  return *this;
}

std::byte* OverBlocks::SharedRoom::take(size_t bytes) {
  constexpr size_t kAlignment = alignof(std::max_align_t);
  bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (left_ < bytes || chunks_.empty()) {
    left_ = std::max(bytes, kChunkBytes);
    chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(left_));
  }
  left_ -= bytes;
  return chunks_.back().get() + left_;
}

void OverBlocks::SharedRoom::clear() {
  chunks_.clear();
  left_ = 0;
}

// Rows [low, held) and their states, to the front of bytes for this capacity. In the same block
// every region moves to its own front.
void OverBlocks::copy_rows(const Block& from, uint64_t low, uint64_t held, std::byte* to,
                           size_t capacity) const {
  if (held <= low) return;
  const size_t rows = held - low;
  // How many states, and the first one of them.
  const auto states_of = [&](BlockRows block_rows, size_t* first) -> size_t {
    *first = low / rows_of(block_rows) - from.base / rows_of(block_rows);
    const size_t states = suffixes_of(from.capacity, block_rows);
    if (*first >= states) return 0;
    return std::min(
        {states - *first, suffixes_of(capacity, block_rows), suffixes_of(rows, block_rows)});
  };
  for (size_t i = 0; i < regions_.size(); ++i) {
    const Region& region = regions_[i];
    if (region.stride == 0 || (region.has_states && rows <= rows_of(region.rows))) continue;
    size_t at = low - from.base;
    const size_t count = region.has_states ? states_of(region.rows, &at) : rows;
    std::memmove(to + offset(i, capacity),
                 from.bytes + offset(i, from.capacity) + at * region.stride, count * region.stride);
  }
}

// Rows [low, held) go to a new block of the partition's own.
void OverBlocks::give_block(Block& block, size_t capacity, uint64_t low, uint64_t held) {
  Block fresh;
  fresh.base = low;
  if (capacity > 0) {
    fresh.bytes = new std::byte[block_bytes(capacity)];
    fresh.capacity = static_cast<uint32_t>(capacity);
    bytes_ += block_bytes(capacity);
    copy_rows(block, low, held, fresh.bytes, capacity);
  }
  if (block.lent == kOwn) bytes_ -= block_bytes(block.capacity);
  block = std::move(fresh);
}

// What was the partition's own is not needed any more.
void OverBlocks::take_back_room(Block& block) {
  Lent& lent = lent_[block.lent];
  bytes_ -= block_bytes(lent.capacity);
  lent.capacity = 0;
  lent.own.reset();
}

void OverBlocks::make_room(uint32_t group, uint64_t low, uint64_t held, uint64_t end) {
  Block& block = blocks_[group];
  const size_t rows = end - low;
  // Few rows, to which many come for what is left of them.
  if (rows <= kLentMax && (end - held) * 8 >= rows) return lend(group, low, held, end);
  if (block.lent == kOwn && rows + block.capacity / 32 <= block.capacity) {
    copy_rows(block, low, held, block.bytes, block.capacity);
    block.base = low;
    return;
  }
  if (block.lent != kOwn) take_back_room(block);
  give_block(block, roomy(rows), low, held);
}

void OverBlocks::lend(uint32_t group, uint64_t low, uint64_t held, uint64_t end) {
  Block& block = blocks_[group];
  // Somebody may come with his rows one by one.
  const size_t capacity = (end - low) + (end - low) / 2 + 1;
  std::byte* room = shared_.take(block_bytes(capacity));
  copy_rows(block, low, held, room, capacity);
  if (block.lent == kOwn) {
    const auto place = static_cast<uint32_t>(lent_.size());
    lent_.push_back({group, block.capacity, std::unique_ptr<std::byte[]>(block.bytes), low, end});
    block.lent = place;
  }
  block.bytes = room;
  block.base = low;
  block.capacity = static_cast<uint32_t>(capacity);
  note_needed(block, low, end);
}

void OverBlocks::settle() {
  for (uint32_t place = 0; place < lent_.size(); ++place) {
    Lent& lent = lent_[place];
    Block& block = blocks_[lent.group];
    if (block.lent != place) continue;  // it has got more rows, or was forgotten
    const size_t rows = lent.end - lent.low;
    if (lent.capacity < rows || lent.capacity > rows + rows / 4) {
      take_back_room(block);
      give_block(block, roomy(rows), lent.low, lent.end);
      continue;
    }
    copy_rows(block, lent.low, lent.end, lent.own.get(), lent.capacity);
    block.bytes = lent.own.release();
    block.base = lent.low;
    block.capacity = lent.capacity;
    block.lent = kOwn;
  }
  lent_.clear();
  shared_.clear();
}

void OverBlocks::trim(uint32_t group, uint64_t low, uint64_t end) {
  Block& block = blocks_[group];
  if (block.lent != kOwn) return note_needed(block, low, end);
  const size_t rows = end - low;
  if (rows + rows / 2 < block.capacity) give_block(block, roomy(rows), low, end);
}

void OverBlocks::forget(uint32_t group) {
  if (group >= blocks_.size()) return;
  Block& block = blocks_[group];
  if (block.lent != kOwn) take_back_room(block);
  give_block(block, 0, 0, 0);
}

// Moves every block into one where a column that took nothing takes so much.
void OverBlocks::widen(size_t column, size_t bytes) {
  settle();
  const std::vector<Region> before = regions_;
  regions_[column].stride = bytes;
  lay_out();
  bytes_ = 0;
  for (Block& block : blocks_) {
    if (block.capacity == 0) continue;
    Block wider;
    wider.bytes = new std::byte[block_bytes(block.capacity)];
    wider.base = block.base;
    wider.capacity = block.capacity;
    bytes_ += block_bytes(block.capacity);
    for (size_t i = 0; i < regions_.size(); ++i) {
      const size_t count =
          before[i].has_states ? suffixes_of(block.capacity, before[i].rows) : block.capacity;
      if (before[i].stride == 0) continue;
      std::memcpy(wider.bytes + offset(i, block.capacity),
                  block.bytes + before[i].before.of(block.capacity), count * before[i].stride);
    }
    block = std::move(wider);
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
