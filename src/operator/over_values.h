#pragma once

#include <cstdint>
#include <vector>

#include "column/string_ref.h"
#include "operator/over_rows.h"

namespace velo {

/// Reads one kept column of OVER's rows, by partition and index: of values that are not nested.
class KeptValues {
 public:
  /// `filter`: another kept column, BOOLEAN; −1: all rows count.
  KeptValues(const OverRows& rows, size_t column, const Type& type, int filter)
      : rows_(rows), column_(column), filter_(filter), physical_(type.physical()) {}
  size_t column() const { return column_; }
  /// NULL, or the filter is not TRUE.
  bool is_left_out(uint32_t group, uint64_t index) const;
  /// As compare_rows, of values that are there.
  int order(uint32_t group, uint64_t a, uint64_t b) const;
  /// Whether values are one to DISTINCT.
  bool equal(uint32_t group, uint64_t a, uint64_t b) const {
    if (physical_ != Physical::kInt64) return order(group, a, b) == 0;
    return value<int64_t>(group, a) == value<int64_t>(group, b);
  }
  uint64_t hash(uint32_t group, uint64_t index) const;

 private:
  template <typename T>
  const T& value(uint32_t group, uint64_t index) const {
    return rows_.value<T>(column_, group, index);
  }

  const OverRows& rows_;
  size_t column_;
  int filter_;
  Physical physical_;
};

/// The last row of every different value in a partition's frame: a hash table of nothing but their
/// indexes, which are looked up in what is kept of the rows. An index takes 2 bytes while the frame
/// has less than 65,535 rows, then 4. Linear probing; what is erased is filled from behind.
class LastOfValues {
 public:
  size_t size() const { return size_; }
  /// The row comes last; `low`: the frame's first.
  void enter(const KeptValues& values, uint32_t group, uint64_t low, uint64_t index);
  /// Calls visit(index) for the row of every value; `low`: the frame's first.
  template <typename Visit>
  void each(uint64_t low, Visit visit) const {
    for (size_t slot = 0; slot < capacity(); ++slot) {
      if (get(slot) != kEmpty) visit(index_in(slot, low_of(low)));
    }
  }
  /// The frame's first row goes.
  void leave(const KeptValues& values, uint32_t group, uint64_t index);
  size_t memory_bytes() const {
    return narrow_.capacity() * sizeof(uint16_t) + wide_.capacity() * sizeof(uint32_t);
  }

 private:
  static constexpr uint32_t kEmpty = UINT32_MAX;
  static constexpr uint64_t kNarrow = UINT16_MAX;  // indexes are kept by what they leave over
  static constexpr uint64_t kWide = UINT32_MAX;

  size_t capacity() const { return is_wide_ ? wide_.size() : narrow_.size(); }
  uint64_t modulus() const { return is_wide_ ? kWide : kNarrow; }
  uint32_t get(size_t slot) const {
    if (is_wide_) return wide_[slot];
    return narrow_[slot] == UINT16_MAX ? kEmpty : narrow_[slot];
  }
  void set(size_t slot, uint32_t value) {
    if (is_wide_) {
      wide_[slot] = value;
    } else {
      narrow_[slot] = static_cast<uint16_t>(value);
    }
  }
  /// What is kept of an index.
  uint32_t rest(uint64_t index) const {
    return static_cast<uint32_t>(is_wide_ ? index % kWide : index % kNarrow);
  }
  /// The frame's first row, and its rest.
  struct Low {
    uint64_t index;
    uint32_t rest;
  };
  Low low_of(uint64_t index) const { return {index, rest(index)}; }
  uint64_t index_in(size_t slot, const Low& low) const {
    const uint64_t kept = get(slot);
    return low.index + kept - low.rest + (kept < low.rest ? modulus() : 0);
  }
  size_t next(size_t slot) const { return slot + 1 == capacity() ? 0 : slot + 1; }
  size_t home(uint64_t hash) const {
    return static_cast<size_t>((static_cast<uint128_t>(hash) * capacity()) >> 64);
  }
  /// Where the value of this row is, or would be.
  size_t find(const KeptValues& values, uint32_t group, const Low& low, uint64_t index) const;
  void erase(const KeptValues& values, uint32_t group, const Low& low, size_t slot);
  void rebuild(const KeptValues& values, uint32_t group, uint64_t low, size_t capacity, bool wide);

  std::vector<uint16_t> narrow_;
  std::vector<uint32_t> wide_;
  size_t size_ = 0;
  bool is_wide_ = false;
};

}  // namespace velo
