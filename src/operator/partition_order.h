#pragma once

#include <cstdint>
#include <vector>

#include "operator/partition_rows.h"
#include "operator/row_order.h"

namespace velo {

/// In which order the stored rows of a partition stand: by keys, and where these are equal by all
/// their columns, so that it depends on the rows alone. <0, 0, >0: the first stands before the
/// other.
class PartitionOrder {
 public:
  using Id = PartitionRows::Id;

  PartitionOrder(const PartitionRows& rows, const std::vector<SortKey>& keys) : rows_(rows) {
    for (const SortKey& key : keys) {
      if (rows.is_stored(key.column)) keys_.push_back(key);
    }
  }

  /// From now on stored rows are compared with those of this batch. `all`: by_columns too.
  void read(const Batch& batch, bool all) {
    flat_.assign(batch.columns.size(), nullptr);
    for (const SortKey& key : keys_) flat_[key.column] = flatten(batch.columns[key.column]);
    for (size_t c = 0; all && c < flat_.size(); ++c) flat_[c] = flatten(batch.columns[c]);
  }

  int by_keys(Id a, uint32_t row) const {
    for (const SortKey& key : keys_) {
      const size_t c = key.column;
      const int order = rows_.compare(c, a, *flat_[c], row);
      if (order != 0) return directed(key, order, rows_.is_null(c, a), flat_[c]->is_null(row));
    }
    return 0;
  }
  int stored_by_keys(Id a, Id b) const {
    for (const SortKey& key : keys_) {
      const size_t c = key.column;
      const int order = rows_.compare(c, a, b);
      if (order != 0) return directed(key, order, rows_.is_null(c, a), rows_.is_null(c, b));
    }
    return 0;
  }
  /// REQUIRES: rows of one partition.
  int by_columns(Id a, uint32_t row) const {
    for (size_t c = 0; c < flat_.size(); ++c) {
      if (!rows_.is_stored(c)) continue;
      if (const int order = rows_.compare(c, a, *flat_[c], row)) return order;
    }
    return 0;
  }
  int by_all(Id a, uint32_t row) const {
    const int order = by_keys(a, row);
    return order != 0 ? order : by_columns(a, row);
  }

 private:
  static int directed(const SortKey& key, int order, bool a_null, bool b_null) {
    if (a_null || b_null) return a_null == key.nulls_first ? -1 : 1;
    return key.descending ? -order : order;
  }

  const PartitionRows& rows_;
  std::vector<SortKey> keys_;    // without what all rows of a partition have in common
  std::vector<ColumnPtr> flat_;  // of the batch; those that are compared
};

}  // namespace velo
