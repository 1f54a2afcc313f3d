#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

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
  size_t memory_bytes() const { return run_of_.capacity() * sizeof(uint32_t); }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  std::vector<uint32_t> run_of_;  // by group, kNone between calls
  std::vector<Run> runs_;
  std::vector<uint32_t> order_;
};

/// What is kept of the last rows of every partition: one block per partition, its values column by
/// column, each in the order of the rows, so that what is computed of them runs along an array.
/// Beside them is room for states, of which there is one for so many rows.
///
/// A block has room for an eighth more rows than it needs. When it is full its rows are moved to
/// its front, and when there are too many for that, to a larger block.
class OverBlocks {
 public:
  /// `values`: bytes per row of every column. `states`: bytes of every kind of state.
  OverBlocks(std::vector<size_t> values, std::vector<size_t> states)
      : values_(std::move(values)), states_(std::move(states)) {}

  void resize(size_t groups) {
    if (groups > blocks_.size()) blocks_.resize(groups);
  }
  /// Of a column or state that took nothing: rows have `fill` in every byte, states are 0.
  void widen_values(size_t column, size_t bytes, uint8_t fill);
  void widen_states(size_t state, size_t bytes);

  /// Makes room for rows up to `end`. There are rows up to `held`, of which those before `low` may
  /// be lost.
  void reserve(uint32_t group, uint64_t low, uint64_t held, uint64_t end);
  /// Gives back memory if the rows from `low` to `end` need little of it.
  void trim(uint32_t group, uint64_t low, uint64_t end);
  void forget(uint32_t group);

  /// The row whose values stand first.
  uint64_t base(uint32_t group) const { return blocks_[group].base; }
  std::byte* values(uint32_t group, size_t column) const;
  /// For FrameRows::suffixes.
  std::byte* states(uint32_t group, size_t state) const;
  size_t memory_bytes() const { return blocks_.capacity() * sizeof(Block) + bytes_; }

 private:
  static constexpr size_t kRowsMin = 8;  // capacities are multiples of it
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    uint64_t base = 0;
    size_t capacity = 0;  // rows
  };
  static size_t aligned(size_t bytes) { return (bytes + 15) & ~size_t{15}; }
  size_t offset(size_t region, size_t capacity) const;
  size_t regions() const { return values_.size() + states_.size(); }
  void move_rows(Block& block, uint64_t low, uint64_t held, size_t capacity);
  template <typename Change>
  void change_widths(Change change);

  std::vector<size_t> values_;
  std::vector<size_t> states_;
  std::vector<Block> blocks_;  // by group
  size_t bytes_ = 0;           // in blocks
};

}  // namespace velo
