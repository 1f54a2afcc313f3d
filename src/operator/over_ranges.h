#pragma once

#include <span>
#include <vector>

#include "column/batch.h"
#include "operator/over_blocks.h"
#include "operator/row_order.h"
#include "state/snapshot.h"

namespace velo {

/// Values of an order key such that "behind" is "greater", whatever the direction and wherever NULL
/// stands: for RANGE frames. Of the last rows of every partition, or of those of whole partitions.
class RangeKeys {
 public:
  RangeKeys(const Type& type, SortKey key);

  /// Whole partitions: value i of the column is that of row i. What was there is gone.
  void put_whole(const Column& column);
  /// Rows up to `end` of the partition: the last ones are those rows of the column. What is before
  /// `low` may go. REQUIRES: resize.
  void append(uint32_t group, uint64_t low, uint64_t end, const Column& column,
              std::span<const uint32_t> rows);
  void resize(size_t groups) { blocks_.resize(groups); }
  void trim(uint32_t group, uint64_t low, uint64_t end) { blocks_.trim(group, low, end); }
  void forget(uint32_t group) { blocks_.forget(group); }
  void settle() { blocks_.settle(); }

  /// The keys of a partition, by the numbers of its rows.
  class Keys {
   public:
    /// Whether row `a` stands before what lies `units` (or `number`) behind row `b`; and after.
    bool before(uint64_t a, uint64_t b, int128_t units, double number) const {
      return compare(a, b, units, number) < 0;
    }
    bool after(uint64_t a, uint64_t b, int128_t units, double number) const {
      return compare(a, b, units, number) > 0;
    }

   private:
    friend class RangeKeys;
    int compare(uint64_t a, uint64_t b, int128_t units, double number) const;

    Physical physical_;
    const std::byte* values_;  // of row base_
    const uint8_t* ranks_;     // the same; null: all are numbers
    uint64_t base_;
  };
  Keys keys(uint32_t group) const;
  /// REQUIRES: times, ascending, of which none is NULL.
  int64_t time_at(uint32_t group, uint64_t index) const {
    const std::byte* values = blocks_.values(group, kValues);
    return reinterpret_cast<const int64_t*>(values)[index - blocks_.base(group)];
  }
  /// The partition begins with this row of the batch.
  Keys whole_keys(uint32_t begin) const;

  StateBytes memory_bytes() const;
  void save(uint32_t group, uint64_t first, uint64_t end, SnapshotWriter& writer) const;
  Status load(uint32_t group, uint64_t first, uint64_t end, SnapshotReader& reader);

 private:
  /// Infinite: NULL, or NaN behind all numbers.
  enum Rank : uint8_t { kNullFirst, kNanFirst, kNumber, kNanLast, kNullLast };
  static constexpr size_t kValues = 0;  // columns of the blocks
  static constexpr size_t kRanks = 1;
  Rank rank_of(const Column& column, size_t row) const;
  void put_value(const Column& column, size_t row, std::byte* to) const;

  SortKey key_;
  Physical physical_;
  size_t width_;
  bool all_numbers_ = true;  // no ranks are kept
  OverBlocks blocks_;
  std::vector<std::max_align_t> whole_values_;
  std::vector<uint8_t> whole_ranks_;
};

}  // namespace velo
