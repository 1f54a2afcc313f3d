#pragma once

#include <span>
#include <string>
#include <vector>

#include "column/batch.h"
#include "column/leaves.h"
#include "operator/over_blocks.h"

namespace velo {

/// The bytes of long strings and lists, whose places others keep. Which of them are still needed it
/// does not know: once they may be few, the others tell it all of them anew.
class KeptTexts {
 public:
  /// A copy of the bytes; what is short is its own.
  StringRef keep(const StringRef& text) {
    return text.is_inline() ? text : StringRef(keep(text.data(), text.size()), text.size());
  }
  const char* keep(const char* bytes, size_t size);
  /// Whether a quarter may be for nothing.
  bool wants_renewal() const { return bytes_ > renewed_ + renewed_ / 4 + kChunkBytes; }
  /// Forgets all. They stay readable as long as somebody holds what is returned.
  std::vector<BufferPtr> start_anew();
  void are_renewed() { renewed_ = bytes_; }
  const std::vector<BufferPtr>& chunks() const { return chunks_; }
  size_t memory_bytes() const;

 private:
  static constexpr size_t kChunkBytes = 16 << 10;  // at least
  std::vector<BufferPtr> chunks_;
  char* next_ = nullptr;  // where the last one is free
  char* end_ = nullptr;
  size_t bytes_ = 0;    // of texts
  size_t renewed_ = 0;  // of them once all were told anew
};

/// Columns of the last rows of every partition, by partition and index: leaf by leaf, a list as the
/// place of its bytes (column/list_bytes.h).
class KeptColumns {
 public:
  static constexpr uint64_t kNoRow = UINT64_MAX;

  /// Of the columns with these types.
  explicit KeptColumns(const std::vector<Type>& types);

  void resize(size_t groups) { blocks_.resize(groups); }
  /// The columns as `append` takes them.
  std::vector<ColumnPtr> leaves_of(std::span<const ColumnPtr> columns) const;
  /// Rows up to `end` of the partition: the last ones are those rows of the columns. What is before
  /// `low` may go.
  void append(uint32_t group, uint64_t low, uint64_t end, std::span<const ColumnPtr> leaves,
              std::span<const uint32_t> rows);
  void trim(uint32_t group, uint64_t low, uint64_t end) { blocks_.trim(group, low, end); }
  void forget(uint32_t group) { blocks_.forget(group); }
  void settle() { blocks_.settle(); }
  /// Whether it holds long strings that may not be needed: then renew_texts.
  bool wants_renewal() const { return texts_.wants_renewal(); }
  /// `rows_of(group)`: {first, end} of the rows that are needed.
  template <typename RowsOf>
  void renew_texts(size_t groups, RowsOf rows_of) {
    const std::vector<BufferPtr> old = texts_.start_anew();
    for (uint32_t group = 0; group < groups; ++group) {
      const auto [first, end] = rows_of(group);
      move_texts(group, first, end);
    }
    texts_.are_renewed();
  }

  /// The column's values in these rows; NULL for kNoRow.
  ColumnPtr gather(size_t column, std::span<const uint32_t> groups,
                   std::span<const uint64_t> indexes) const;
  /// One row's value, of a column that is not nested; what is NULL there has any.
  template <typename T>
  const T& value(size_t column, uint32_t group, uint64_t index) const {
    return stored<T>(leaves_.of(column), group, index);
  }
  bool is_null(size_t column, uint32_t group, uint64_t index) const {
    return is_null_leaf(leaves_.of(column), group, index);
  }
  /// Of the partition's rows [first, end) what lies beside their places: long strings and lists.
  size_t long_bytes(uint32_t group, uint64_t first, uint64_t end) const;
  StateBytes memory_bytes() const {
    return blocks_.memory_bytes() + StateBytes{0, texts_.memory_bytes()};
  }

 private:
  /// The blocks' column that says where a leaf is NULL.
  size_t valid(size_t leaf) const { return leaves_.size() + leaf; }
  template <typename T>
  T& stored(size_t column, uint32_t group, uint64_t index) const {
    std::byte* values = blocks_.values(group, column);
    return reinterpret_cast<T*>(values)[index - blocks_.base(group)];
  }
  bool is_null_leaf(size_t leaf, uint32_t group, uint64_t index) const {
    return has_nulls_[leaf] != 0 && stored<uint8_t>(valid(leaf), group, index) == 0;
  }
  void note_nulls(std::span<const ColumnPtr> leaves);
  void put_texts(const Column& column, std::span<const uint32_t> rows, StringRef* kept);
  void put_lists(const Column& column, std::span<const uint32_t> rows, const char** kept);
  void move_texts(uint32_t group, uint64_t first, uint64_t end);
  ColumnPtr gather_leaf(size_t leaf, std::span<const uint32_t> groups,
                        std::span<const uint64_t> indexes) const;
  BufferPtr gather_validity(size_t leaf, std::span<const uint32_t> groups,
                            std::span<const uint64_t> indexes) const;

  Leaves leaves_;
  std::vector<uint8_t> has_nulls_;  // by leaf: whether a byte per row says that it has a value
  OverBlocks blocks_;
  KeptTexts texts_;
  std::string scratch_;
};

}  // namespace velo
