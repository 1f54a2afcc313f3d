#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/check.h"
#include "base/int128.h"
#include "column/string_ref.h"
#include "column/type.h"

namespace velo {

class Column;
class StringDictionary;
using ColumnPtr = std::shared_ptr<const Column>;

/// Row numbers of a batch, ascending unless said otherwise.
using Selection = std::vector<uint32_t>;

/// How a column's rows refer to its values.
enum class Encoding : uint8_t {
  kFlat,        ///< one value per row
  kConstant,    ///< every row is the single row of `base()`
  kDictionary,  ///< strings only: every row is an entry of `dictionary()`
};

/// Values of one type, one per row: immutable once built, shared as pointer-to-const.
///
/// A validity bitmap (bit i of word i/64 set = row i is not NULL) exists only when some row is
/// NULL. The value under a NULL is unspecified but initialised.
class Column {
 public:
  /// `values`: `rows` values of the type's physical width. `owners` keep the bytes of long strings
  /// alive.
  static ColumnPtr flat(Type type, size_t rows, BufferPtr values, BufferPtr validity = nullptr,
                        std::vector<BufferPtr> owners = {});
  /// REQUIRES: base has one row.
  static ColumnPtr constant(ColumnPtr base, size_t rows);
  /// `indices`: uint32_t per row, each below dictionary->size() (0 under a NULL).
  static ColumnPtr dictionary(Type type, size_t rows, BufferPtr indices,
                              std::shared_ptr<const StringDictionary> entries,
                              BufferPtr validity = nullptr);
  /// ARRAY and MAP. `offsets`: rows + 1 ascending uint32_t into the children.
  static ColumnPtr list(Type type, size_t rows, BufferPtr offsets, std::vector<ColumnPtr> children,
                        BufferPtr validity = nullptr);
  /// ROW. Children have `rows` rows each.
  static ColumnPtr row(Type type, size_t rows, std::vector<ColumnPtr> children,
                       BufferPtr validity = nullptr);
  /// A column of NULLs only (constant).
  static ColumnPtr nulls(Type type, size_t rows);

  const Type& type() const { return type_; }
  size_t size() const { return rows_; }
  Encoding encoding() const { return encoding_; }
  bool is_flat() const { return encoding_ == Encoding::kFlat; }

  /// True for a row of any encoding.
  bool is_null(size_t row) const {
    if (encoding_ == Encoding::kConstant) return base_->is_null(0);
    return validity_words_ != nullptr && ((validity_words_[row >> 6] >> (row & 63)) & 1) == 0;
  }
  /// False means that no row is NULL; true that one may be.
  bool may_have_nulls() const {
    return encoding_ == Encoding::kConstant ? base_->may_have_nulls() : validity_words_ != nullptr;
  }
  /// Null = all rows valid. REQUIRES: not constant.
  const uint64_t* validity() const { return validity_words_; }
  const BufferPtr& validity_buffer() const { return validity_; }

  /// The values, one per row. REQUIRES: flat, and T is the physical type.
  template <typename T>
  const T* values() const { DCHECK(is_flat()); return values_->as<T>(); }
  const BufferPtr& values_buffer() const { return values_; }

  /// Single values of any encoding; NULL rows give what lies under them.
  int64_t int64_at(size_t row) const { return slot<int64_t>(row); }
  double double_at(size_t row) const { return slot<double>(row); }
  bool bool_at(size_t row) const { return slot<uint8_t>(row) != 0; }
  int128_t int128_at(size_t row) const { return slot<int128_t>(row); }
  /// Valid as long as the column.
  std::string_view string_at(size_t row) const { return string_ref_at(row).view(); }
  const StringRef& string_ref_at(size_t row) const;

  /// REQUIRES: dictionary encoding.
  const uint32_t* indices() const { return values_->as<uint32_t>(); }
  const std::shared_ptr<const StringDictionary>& entries() const { return entries_; }
  /// REQUIRES: constant encoding. A column with one row.
  const ColumnPtr& base() const { return base_; }

  /// REQUIRES: flat ARRAY, MAP or ROW.
  const ColumnPtr& child(size_t i) const { return children_[i]; }
  const std::vector<ColumnPtr>& children() const { return children_; }
  /// REQUIRES: flat ARRAY or MAP. rows + 1 offsets into the children.
  const uint32_t* offsets() const { return values_->as<uint32_t>(); }

  const std::vector<BufferPtr>& owners() const { return owners_; }
  /// Heap bytes that this column holds, shared ones counted in full.
  size_t memory_bytes() const;

 private:
  Column() = default;
  friend std::shared_ptr<Column> new_column();
  template <typename T>
  const T& slot(size_t row) const {
    return encoding_ == Encoding::kConstant ? base_->values<T>()[0] : values_->as<T>()[row];
  }

  Type type_;
  Encoding encoding_ = Encoding::kFlat;
  size_t rows_ = 0;
  BufferPtr values_;
  BufferPtr validity_;
  const uint64_t* validity_words_ = nullptr;
  std::vector<BufferPtr> owners_;
  std::vector<ColumnPtr> children_;
  ColumnPtr base_;
  std::shared_ptr<const StringDictionary> entries_;
};

/// Bytes of one value: bool 1, int64/double 8, int128 and strings 16, list offsets 4, rows 0.
size_t physical_width(Physical physical);

/// Words of a validity bitmap for `rows` rows.
inline size_t bitmap_words(size_t rows) { return (rows + 63) / 64; }

/// The same values with flat encoding; returns `column` itself when it is flat already.
ColumnPtr flatten(const ColumnPtr& column);
/// The given rows in the given order (repeats allowed). Dictionary and constant encodings survive.
ColumnPtr gather(const ColumnPtr& column, std::span<const uint32_t> rows);
/// Rows [begin, begin + rows).
ColumnPtr slice(const ColumnPtr& column, size_t begin, size_t rows);
/// All rows of all parts in order; flat. REQUIRES: equal types, at least one part.
ColumnPtr concat(std::span<const ColumnPtr> parts);
/// The same column under another type with the same physical form (BIGINT ↔ TIMESTAMP…).
ColumnPtr retype(const ColumnPtr& column, Type type);
/// Field `index` of a ROW column; NULL where the ROW is.
ColumnPtr field_of(const Column& row, size_t index);
/// The same values with only those fields of ROWs, at any depth, that `type` has. REQUIRES: `type`
/// is the column's but for ROWs with fewer fields.
ColumnPtr with_fields(const ColumnPtr& column, const Type& type);
/// True if row a of x equals row b of y; NULL equals NULL. REQUIRES: equal types.
bool rows_equal(const Column& x, size_t a, const Column& y, size_t b);
/// <0, 0, >0; NULL first; doubles with NaN last; nested element by element. REQUIRES: equal types.
int compare_rows(const Column& x, size_t a, const Column& y, size_t b);

}  // namespace velo
