#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "state/key_table.h"
#include "state/row_slots.h"

namespace velo {

/// Whether a key column of this type is the same in all rows of a partition: doubles that look
/// different may be one key, nested values are told apart by their texts.
inline bool is_told_by_key(const Type& type) { return !type.is_float() && !type.is_nested(); }

/// Rows of partitions: what all rows of one have in common is kept once, with its number; the
/// other columns as rows that come and go.
class PartitionRows {
 public:
  using Id = RowSlots::Id;
  static constexpr size_t kNotStored = SIZE_MAX;

  /// `partition`: columns of the input.
  PartitionRows(SchemaPtr input, std::vector<size_t> partition);

  /// The numbers of the rows' partitions.
  void intern(const Batch& batch, std::vector<uint32_t>* groups);
  KeyTable& keys() { return keys_; }
  const KeyTable& keys() const { return keys_; }
  /// Knows only those partitions from now on; their new numbers.
  std::vector<uint32_t> keep_only(const std::vector<uint32_t>& groups);

  /// Stores rows of a batch; their ids.
  void put(const Batch& batch, std::span<const uint32_t> rows, std::vector<Id>* ids) {
    slots_.put(stored_part(batch), rows, ids);
  }
  void remove(Id id) { slots_.remove(id); }
  void reuse() { slots_.reuse(); }

  bool is_stored(size_t column) const { return stored_[column] != kNotStored; }
  /// <0, 0, >0 as RowChunks::compare says. REQUIRES: is_stored.
  int compare(size_t column, Id a, Id b) const {
    return slots_.columns().compare(stored_[column], a, b);
  }
  int compare(size_t column, Id a, const Column& with, size_t row) const {
    return slots_.columns().compare(stored_[column], a, with, row);
  }
  bool is_null(size_t column, Id id) const { return slots_.columns().is_null(stored_[column], id); }

  /// All columns of stored rows. `groups`: their partitions. `wanted`, by column: others are NULL.
  std::vector<ColumnPtr> gather(std::span<const Id> ids, std::span<const uint32_t> groups,
                                const std::vector<uint8_t>* wanted = nullptr) const;

  size_t rows() const { return slots_.rows(); }
  /// Without `keys`.
  size_t row_memory_bytes() const { return slots_.memory_bytes(); }
  /// Of the rows' columns, as if each row had all of them.
  size_t column_bytes() const {
    const size_t in_common = row_width(*input_) - slots_.columns().row_bytes();
    return slots_.column_bytes() + slots_.rows() * in_common;
  }

 private:
  Batch stored_part(const Batch& batch) const;

  SchemaPtr input_;
  std::vector<size_t> partition_;
  std::vector<size_t> stored_;  // by column of the input: which of the rows', or kNotStored
  KeyTable keys_;
  RowSlots slots_;
};

}  // namespace velo
