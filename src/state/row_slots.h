#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "state/row_chunks.h"

namespace velo {

/// Rows that come and go one by one, as columns (row_chunks.h): what top-N remembers. A row keeps
/// its number as long as it is there; the places of rows that went are filled again, so that no
/// memory is lost to them, however long rows come and go.
class RowSlots {
 public:
  using Id = RowChunks::Id;

  explicit RowSlots(SchemaPtr schema) : columns_(std::move(schema)) {}

  /// Stores rows of a batch; `ids` are their numbers.
  void put(const Batch& batch, std::span<const uint32_t> rows, std::vector<Id>* ids);
  /// The row's values can be read until `reuse`.
  void remove(Id id);
  /// From now on other rows may take the places of the removed ones.
  void reuse();

  const RowChunks& columns() const { return columns_; }
  size_t rows() const { return rows_; }
  size_t memory_bytes() const;
  /// Of them the bytes of the rows' columns.
  size_t column_bytes() const;

 private:
  static constexpr size_t kWords = RowChunks::kChunkRows / 64;
  struct Chunk {
    uint64_t taken[kWords] = {};
    uint32_t count = 0;      // of taken places
    bool is_listed = false;  // in open_
  };
  size_t open_chunk();
  void take_places(size_t wanted, std::vector<Id>* ids);
  void release(Id id);

  RowChunks columns_;
  std::vector<Chunk> chunks_;
  std::vector<uint32_t> open_;   // chunks that have places, and some that have none by now
  std::vector<uint32_t> empty_;  // chunks that hold no memory
  std::vector<Id> removed_;      // since the last `reuse`
  size_t rows_ = 0;
};

}  // namespace velo
