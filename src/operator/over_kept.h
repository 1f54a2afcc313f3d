#pragma once

#include <span>
#include <vector>

#include "column/batch.h"
#include "operator/over_blocks.h"

namespace velo {

/// Columns of fixed width of the last rows of every partition, by partition and index.
class KeptColumns {
 public:
  static constexpr uint64_t kNoRow = UINT64_MAX;

  /// Of the columns with these types.
  explicit KeptColumns(std::vector<Type> types);
  static bool can_keep(const Type& type) {
    return !type.is_nested() && type.physical() != Physical::kString;
  }

  void resize(size_t groups) { blocks_.resize(groups); }
  /// Rows up to `end` of the partition: the last ones are those rows of the columns, which are
  /// flat. What is before `low` may go.
  void append(uint32_t group, uint64_t low, uint64_t end, std::span<const ColumnPtr> columns,
              std::span<const uint32_t> rows);
  void trim(uint32_t group, uint64_t low, uint64_t end) { blocks_.trim(group, low, end); }
  void forget(uint32_t group) { blocks_.forget(group); }

  /// The column's values in these rows; NULL for kNoRow.
  ColumnPtr gather(size_t column, std::span<const uint32_t> groups,
                   std::span<const uint64_t> indexes) const;
  size_t memory_bytes() const { return blocks_.memory_bytes(); }

 private:
  size_t valid(size_t column) const { return types_.size() + column; }
  void note_nulls(std::span<const ColumnPtr> columns);

  std::vector<Type> types_;
  std::vector<uint8_t> has_nulls_;  // by column: whether a byte per row says that it has a value
  OverBlocks blocks_;
};

}  // namespace velo
