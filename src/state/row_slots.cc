// Places are given by chunk: one that has rows and room before one that has none. A chunk whose
// last row goes gives its memory back.
#include "state/row_slots.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"

namespace velo {

size_t RowSlots::open_chunk() {
  while (!open_.empty()) {
    const uint32_t chunk = open_.back();
    const uint32_t count = chunks_[chunk].count;
    if (count > 0 && count < RowChunks::kChunkRows) return chunk;
    chunks_[chunk].is_listed = false;
    open_.pop_back();
  }
  uint32_t chunk = static_cast<uint32_t>(chunks_.size());
  if (!empty_.empty()) {
    chunk = empty_.back();
    empty_.pop_back();
    columns_.renew(chunk);
  } else {
    columns_.add_chunk();
    chunks_.emplace_back();
  }
  if (!std::exchange(chunks_[chunk].is_listed, true)) open_.push_back(chunk);
  return chunk;
}

void RowSlots::put(const Batch& batch, std::span<const uint32_t> rows, std::vector<Id>* ids) {
  ids->clear();
  ids->reserve(rows.size());
  while (ids->size() < rows.size()) take_places(rows.size() - ids->size(), ids);
  columns_.write(batch, rows, *ids);
  rows_ += rows.size();
}

/// As many places of one chunk as it has, at most `wanted`.
void RowSlots::take_places(size_t wanted, std::vector<Id>* ids) {
  const size_t number = open_chunk();
  Chunk& chunk = chunks_[number];
  for (size_t w = 0; w < kWords && wanted > 0; ++w) {
    const Id base = static_cast<Id>(number * RowChunks::kChunkRows + w * 64);
    for (uint64_t free = ~chunk.taken[w]; free != 0 && wanted > 0; free &= free - 1, --wanted) {
      const int at = std::countr_zero(free);
      chunk.taken[w] |= uint64_t{1} << at;
      ++chunk.count;
      ids->push_back(base + static_cast<Id>(at));
    }
  }
}

void RowSlots::remove(Id id) {
  removed_.push_back(id);
  --rows_;
}

void RowSlots::release(Id id) {
  const uint32_t number = id / RowChunks::kChunkRows;
  Chunk& chunk = chunks_[number];
  const size_t at = id & RowChunks::kMask;
  const uint64_t mask = uint64_t{1} << (at & 63);
  CHECK((chunk.taken[at >> 6] & mask) != 0);
  chunk.taken[at >> 6] &= ~mask;
  if (--chunk.count == 0) {
    columns_.drop(number);
    empty_.push_back(number);
    return;
  }
  columns_.forget_texts(id, chunk.taken);
  if (std::exchange(chunk.is_listed, true)) return;
  open_.push_back(number);
}

void RowSlots::reuse() {
  if (removed_.empty()) return;
  for (const Id id : removed_) release(id);
  removed_.clear();
  if (rows_ > 0) return;
  removed_.shrink_to_fit();
  columns_.clear();
  chunks_.clear();
  open_.clear();
  empty_.clear();
}

size_t RowSlots::column_bytes() const {
  size_t bytes = rows_ * columns_.row_bytes();
  for (size_t chunk = 0; chunk < chunks_.size(); ++chunk) bytes += columns_.long_bytes(chunk);
  return bytes;
}

size_t RowSlots::memory_bytes() const {
  return columns_.memory_bytes() + chunks_.capacity() * sizeof(Chunk) +
         (open_.capacity() + empty_.capacity() + removed_.capacity()) * sizeof(Id);
}

}  // namespace velo
