#pragma once

#include <span>
#include <vector>

#include "state/snapshot.h"
#include "state/value_index.h"

namespace velo {

/// Gives every distinct group key (a tuple of columns, NULLs being equal) a dense group number.
///
/// A tuple is interned column by column: the number of the first k columns and the number of column
/// k + 1 make one 64-bit number that is interned again. So a key of any width and any types costs
/// one probe per column, and after that every group is an array index.
class KeyTable {
 public:
  explicit KeyTable(std::vector<Type> types);

  size_t columns() const { return values_.size(); }
  /// Group numbers of all rows. `groups`: room for `rows`.
  void intern(std::span<const ColumnPtr> keys, size_t rows, uint32_t* groups);
  /// One more than the largest group number. Number 0 may exist without a row (the all-NULL key).
  uint32_t size() const;

  /// The key columns of these groups.
  std::vector<ColumnPtr> gather(std::span<const uint32_t> groups) const;
  /// All groups in ascending order of their keys (column by column, NULL first); kept between
  /// calls, so that only new keys cost anything. Valid until the next intern.
  const std::vector<uint32_t>& ascending();
  /// Sorts distinct groups by key; by `ascending` when they are many of all.
  void order(std::vector<uint32_t>& groups);

  /// The key of group `a` comes before that of `b`.
  bool less(uint32_t a, uint32_t b) const { return compare(a, b) < 0; }

  size_t memory_bytes() const;

 private:
  /// Of tuples that begin alike, as those of a window do, most are found without a search: each
  /// value knows the last pair that it was part of.
  struct LastPair {
    uint32_t before = UINT32_MAX;
    uint32_t number = 0;
  };
  /// (number of columns 0…k, value of column k + 1) → number of columns 0…k + 1.
  struct Pairs {
    NumberIndex numbers;
    std::vector<uint64_t> parts;  ///< by number
    std::vector<LastPair> last;   ///< by value
    uint32_t searched = 0;        ///< batches for which `last` is not asked, as it did not help
  };
  void intern_pairs(Pairs& pairs, size_t rows, size_t values, uint32_t* groups);
  int compare(uint32_t a, uint32_t b) const;

  std::vector<Type> types_;
  std::vector<ValueIndex> values_;  // one per key column
  std::vector<Pairs> pairs_;        // one per key column but the first
  std::vector<uint32_t> scratch_;
  std::vector<uint32_t> ascending_;  // groups by key, those that were there at the last call
  std::vector<uint8_t> chosen_;      // by group, all 0 between calls
};

}  // namespace velo
