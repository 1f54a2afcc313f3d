#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace velo {

/// Rows of a partition by their indexes, ascending, that come behind and go from both ends. Of an
/// index the last 32 bits are kept: `low`, wherever it is asked for, is no greater than those that
/// are there, and less than 2³² below them.
class RowIndexes {
 public:
  bool empty() const { return first_ == indexes_.size(); }
  size_t size() const { return indexes_.size() - first_; }
  /// REQUIRES, of these: it is there.
  uint64_t at(size_t place, uint64_t low) const { return above(low, indexes_[first_ + place]); }
  uint64_t front(uint64_t low) const { return at(0, low); }
  uint64_t back(uint64_t low) const { return above(low, indexes_.back()); }
  void push(uint64_t index) {
    if (first_ * 2 > indexes_.size()) move_together();
    indexes_.push_back(static_cast<uint32_t>(index));
  }
  void pop_front() { ++first_; }
  void pop_back() { indexes_.pop_back(); }
  /// Beside the object itself.
  size_t memory_bytes() const { return indexes_.capacity() * sizeof(uint32_t); }

 private:
  static uint64_t above(uint64_t low, uint32_t bits) {
    return low + static_cast<uint32_t>(bits - static_cast<uint32_t>(low));
  }
  void move_together() {
    indexes_.erase(indexes_.begin(), indexes_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
    if (indexes_.size() * 4 < indexes_.capacity()) indexes_.shrink_to_fit();
  }
  std::vector<uint32_t> indexes_;
  size_t first_ = 0;
};

}  // namespace velo
