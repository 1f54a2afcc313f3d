#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "column/batch.h"
#include "column/leaves.h"
#include "column/row_width.h"

namespace velo {

/// Rows of one schema as columns, in chunks of 512: the memory of what keeps rows.
///
/// A chunk is one piece of memory: the values of its first leaf (column/leaves.h), of the second ….
/// Beside it lie long strings and lists, as bytes (column/list_bytes.h), and, once one of its
/// values was NULL, a bitmap per leaf. Nothing is allocated per row. A row is named by its place,
/// which counts on from chunk to chunk; whoever keeps rows says which places hold any. Reading one
/// that was never written gives anything.
class RowChunks {
 public:
  using Id = uint32_t;
  static constexpr Id kNone = UINT32_MAX;
  static constexpr size_t kChunkRows = 512;
  static constexpr Id kMask = kChunkRows - 1;

  explicit RowChunks(SchemaPtr schema);

  const SchemaPtr& schema() const { return schema_; }
  /// The place of the first row of the first chunk.
  Id first() const { return first_; }
  size_t chunks() const { return chunks_.size() - front_; }
  /// The chunk that a place is in, from the first on.
  size_t chunk_of(Id id) const { return (id - first_) / kChunkRows; }

  /// A chunk more, behind the last.
  void add_chunk();
  /// Forgets the first chunk. The other places stay what they are.
  void pop_front();
  /// Gives back what a chunk holds; `renew` makes it usable again.
  void drop(size_t chunk);
  bool is_dropped(size_t chunk) const { return blocks_[front_ + chunk] == nullptr; }
  void renew(size_t chunk);
  void clear();

  /// Copies rows of the batch to the places from `to` on, all of one chunk.
  void write(const Batch& batch, std::span<const uint32_t> rows, Id to);

  /// The same to any places.
  void write(const Batch& batch, std::span<const uint32_t> rows, std::span<const Id> to);
  /// The row is not needed any more, unlike those of its chunk whose bits are set: their long
  /// strings and lists are moved together once a third of what the chunk holds of such is for
  /// nothing.
  void forget_texts(Id id, const uint64_t* kept);

  /// Where the value of a fixed-width column lies.
  template <typename T>
  const T* value(size_t column, Id id) const {
    return reinterpret_cast<const T*>(block_of(id) + column_offsets_[column]) + (id & kMask);
  }
  bool is_null(size_t column, Id id) const { return is_null_leaf(leaves_.of(column), id); }

  /// The values of one column at these places; NULL for kNone.
  ColumnPtr gather(size_t column, std::span<const Id> ids) const;
  /// The first `rows` of a chunk, all columns; valid as long as the chunk.
  Batch view(size_t chunk, size_t rows) const;
  /// Order of the values in one column: NULL first, then as compare_rows.
  int compare(size_t column, Id a, Id b) const;
  /// The same with a row of another column, which is flat.
  int compare(size_t column, Id a, const Column& with, size_t row) const;
  /// Whether the value equals that of a flat column; NULL equals nothing, doubles as compare_rows.
  bool equals(size_t column, Id id, const Column& with, size_t row) const;

  /// Loads what `value` will ask for soon.
  void prefetch(size_t column, Id id) const {
    __builtin_prefetch(value_at(leaves_.of(column), id));
  }

  /// Whether a column is of strings or lists.
  bool has_texts() const { return texts_; }

  size_t memory_bytes() const;
  /// Of them the bytes of a row's values in place.
  size_t row_bytes() const { return row_bytes_; }
  /// Of them the bytes of long strings and lists of a chunk that are not forgotten.
  size_t long_bytes(size_t chunk) const;

 private:
  static constexpr size_t kWords = kChunkRows / 64;  // of a bitmap
  /// Bytes of long strings or lists of one leaf.
  struct Texts {
    std::vector<std::shared_ptr<Buffer>> buffers;
    size_t used = 0;   // of the last one
    size_t total = 0;  // of all
    size_t kept = 0;   // bytes of strings and lists
    size_t dead = 0;   // of them those of forgotten rows
  };
  struct Chunk {
    std::shared_ptr<Buffer> block;
    std::unique_ptr<uint64_t[]> valid;  // bits by leaf, then by row; null: no value is NULL
    std::vector<Texts> texts;           // by leaf, if one is of strings or lists
  };

  std::byte* block_of(Id id) const { return blocks_[front_ + chunk_of(id)]; }
  Texts& texts_of(size_t leaf, Id id) { return chunks_[front_ + chunk_of(id)].texts[leaf]; }
  bool is_nested(size_t column) const { return (*schema_)[column].type.is_nested(); }
  bool is_null_leaf(size_t leaf, Id id) const {
    if (nulls_[leaf] == 0) return false;
    const uint64_t* words = valid_words(chunk_of(id), leaf);
    const size_t at = id & kMask;
    return words != nullptr && ((words[at >> 6] >> (at & 63)) & 1) == 0;
  }
  /// The leaf's bits in a chunk; null: all are there.
  uint64_t* valid_words(size_t chunk, size_t leaf) const {
    uint64_t* words = chunks_[front_ + chunk].valid.get();
    return words == nullptr ? nullptr : words + leaf * kWords;
  }
  template <typename T>
  T& leaf_value(size_t leaf, Id id) const {
    return *reinterpret_cast<T*>(value_at(leaf, id));
  }
  std::byte* value_at(size_t leaf, Id id) const {
    return block_of(id) + offsets_[leaf] + (id & kMask) * widths_[leaf];
  }
  void write_leaf(size_t leaf, const ColumnPtr& given, std::span<const uint32_t> rows, Id to);
  void scatter_leaf(size_t leaf, const ColumnPtr& given, std::span<const uint32_t> rows,
                    std::span<const Id> to);
  template <typename T>
  void scatter_values(size_t leaf, const Column& from, std::span<const uint32_t> rows,
                      std::span<const Id> to);
  void write_validity(size_t leaf, const Column& values, std::span<const uint32_t> rows, Id to);
  void write_lists(size_t leaf, const Column& values, std::span<const uint32_t> rows, Id to);
  void keep_texts(size_t leaf, std::span<StringRef> refs, Texts& texts);
  const char* keep_bytes(const char* bytes, size_t size, size_t wanted, Texts& texts);
  size_t bytes_beside(size_t leaf, Id id) const;
  void move_together(size_t leaf, Id base, const uint64_t* kept, Texts& texts);
  ColumnPtr gather_leaf(size_t leaf, std::span<const Id> ids) const;
  ColumnPtr gather_lists(size_t leaf, std::span<const Id> ids) const;
  BufferPtr gather_values(size_t leaf, std::span<const Id> ids, bool all_there) const;
  BufferPtr gather_validity(size_t leaf, std::span<const Id> ids, bool all_there) const;

  SchemaPtr schema_;
  Leaves leaves_;
  std::vector<size_t> column_offsets_;  // by column: of its first leaf's values in a block
  // By leaf:
  std::vector<size_t> offsets_;  // of its values in a block
  std::vector<size_t> widths_;   // of a value; 0: a ROW
  std::vector<uint8_t> nulls_;   // there was a NULL
  std::vector<uint8_t> longs_;   // there was a long string, or a list
  size_t row_bytes_;
  size_t block_bytes_ = 0;
  bool texts_ = false;  // some leaf is of strings or lists
  std::string scratch_;
  // Both lead by `front_` places that are given up.
  std::vector<Chunk> chunks_;
  std::vector<std::byte*> blocks_;
  size_t front_ = 0;
  Id first_ = 0;
};

}  // namespace velo
