#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "operator/state_bytes.h"
#include "state/frame_states.h"
#include "state/grow.h"

namespace velo {

/// The rows of a batch or a turn by partition: those of one partition in their order.
class GroupRuns {
 public:
  struct Run {
    uint32_t group;
    uint32_t begin;
    uint32_t end;
  };
  /// `groups`: by row, below `group_count`.
  void sort(std::span<const uint32_t> groups, size_t group_count);
  const std::vector<Run>& runs() const { return runs_; }
  std::span<const uint32_t> rows(const Run& run) const {
    return {order_.data() + run.begin, run.end - run.begin};
  }
  /// Whether they were sorted last.
  bool are_of(std::span<const uint32_t> groups) const {
    return std::ranges::equal(groups, groups_);
  }
  StateBytes memory_bytes() const { return {run_of_.capacity() * sizeof(uint32_t), 0}; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  std::vector<uint32_t> run_of_;  // by group, kNone between calls
  std::vector<Run> runs_;
  std::vector<uint32_t> order_;
  std::vector<uint32_t> groups_;  // that the runs are of
};

/// What is kept of the last rows of every partition: one block per partition, its values column by
/// column, each in the order of the rows, so that what is computed of them runs along an array.
/// Beside them is room for the states of FrameStates.
///
/// A block has room for a sixteenth more rows than it needed when it was made. When it is full its
/// rows are moved to its front, and when there are too many for that, to a larger block. Where they
/// are few (frames of some rows), what comes in a turn would be the greater part of a block: rows
/// are then moved to room that all partitions share, until `settle` puts what is left of them into
/// a block that has room for no more.
class OverBlocks {
 public:
  /// `values`: bytes per row of every column. `states`: of every kind.
  OverBlocks(const std::vector<size_t>& values, const std::vector<FrameStates::Room>& states);

  void resize(size_t groups) { grow_to(blocks_, groups); }
  /// Of a column that took nothing: rows have `fill` in every byte.
  void widen_values(size_t column, size_t bytes, uint8_t fill);

  /// Makes room for rows up to `end`. There are rows up to `held`, of which those before `low` may
  /// be lost. REQUIRES: `settle` follows.
  void reserve(uint32_t group, uint64_t low, uint64_t held, uint64_t end) {
    const Block& block = blocks_[group];
    if (end - block.base > block.capacity) {
      make_room(group, low, held, end);
    } else if (block.lent != kOwn) {
      note_needed(block, low, end);
    }
  }
  /// The rows from `low` to `end` are needed: gives back memory if they need little of it.
  void trim(uint32_t group, uint64_t low, uint64_t end);
  void forget(uint32_t group);
  /// The turn is over: what is left of shared room goes back to blocks.
  void settle();

  /// The row whose values stand first.
  uint64_t base(uint32_t group) const { return blocks_[group].base; }
  std::byte* values(uint32_t group, size_t column) const {
    const Block& block = blocks_[group];
    return block.bytes + offset(column, block.capacity);
  }
  /// For FrameRows::suffixes.
  std::byte* states(uint32_t group, size_t state) const { return values(group, columns_ + state); }
  /// This row's values are about to be looked at. There may be no block yet.
  void prefetch(uint32_t group, uint64_t row) const {
    const Block& block = blocks_[group];
    for (size_t i = 0; i < columns_; ++i) {
      const auto values = reinterpret_cast<uintptr_t>(block.bytes);
      const uint64_t at = offset(i, block.capacity) + (row - block.base) * regions_[i].stride;
      __builtin_prefetch(reinterpret_cast<const void*>(values + at));
    }
  }
  StateBytes memory_bytes() const { return {blocks_.capacity() * sizeof(Block), bytes_}; }

 private:
  static constexpr size_t kLentMax = 64;  // rows: more have a block of their own in a turn, too
  static constexpr uint32_t kOwn = UINT32_MAX;
  struct Block {
    std::byte* bytes = nullptr;
    uint64_t base = 0;
    uint32_t capacity = 0;  // rows
    uint32_t lent = kOwn;   // or its place among `lent_`: the bytes are shared room

    Block() = default;
    Block(Block&& other) noexcept { *this = std::move(other); }
    Block& operator=(Block&& other) noexcept;
    ~Block() {
      if (lent == kOwn) delete[] bytes;
    }
  };
  /// A partition whose rows stand in shared room: its own block, and which rows are needed.
  struct Lent {
    uint32_t group;
    uint32_t capacity;
    std::unique_ptr<std::byte[]> own;
    uint64_t low;
    uint64_t end;
  };
  /// Memory for a turn.
  class SharedRoom {
   public:
    std::byte* take(size_t bytes);
    void clear();

   private:
    static constexpr size_t kChunkBytes = 16 << 10;  // at least
    std::vector<std::unique_ptr<std::byte[]>> chunks_;
    size_t left_ = 0;  // of the last one
  };
  /// Per row, and per state of few and of many rows.
  struct Bytes {
    size_t row = 0;
    size_t few = 0;
    size_t many = 0;
    size_t of(size_t capacity) const {
      if ((few | many) == 0) return capacity * row;  // as of most columns
      return capacity * row + suffixes_of(capacity, BlockRows::kFew) * few +
             suffixes_of(capacity, BlockRows::kMany) * many;
    }
  };
  /// The values of a column or the states of a kind. First come those of whole 16 bytes, then those
  /// of whole 8, then what needs less alignment, so that each has what it needs.
  struct Region {
    size_t stride;  // bytes of a value or state
    bool has_states = false;
    BlockRows rows = BlockRows::kFew;  // per state
    Bytes before = {};                 // of all regions before
  };
  /// A capacity for so many rows.
  static size_t roomy(size_t rows) { return rows + rows / 16; }
  size_t offset(size_t region, size_t capacity) const {
    return regions_[region].before.of(capacity);
  }
  size_t block_bytes(size_t capacity) const { return all_.of(capacity); }
  void lay_out();
  void make_room(uint32_t group, uint64_t low, uint64_t held, uint64_t end);
  void lend(uint32_t group, uint64_t low, uint64_t held, uint64_t end);
  void note_needed(const Block& block, uint64_t low, uint64_t end) {
    lent_[block.lent].low = low;
    lent_[block.lent].end = end;
  }
  void give_block(Block& block, size_t capacity, uint64_t low, uint64_t held);
  void take_back_room(Block& block);
  void copy_rows(const Block& from, uint64_t low, uint64_t held, std::byte* to,
                 size_t capacity) const;
  void widen(size_t column, size_t bytes);

  size_t columns_;
  std::vector<Region> regions_;
  Bytes all_;                  // of all regions
  std::vector<Block> blocks_;  // by group
  size_t bytes_ = 0;           // in blocks of partitions' own
  std::vector<Lent> lent_;
  SharedRoom shared_;
};

/// Values of a flat column, `bytes` each, in these rows, one behind the other.
void scatter(const Column& column, std::span<const uint32_t> rows, size_t bytes, std::byte* to);

}  // namespace velo
