#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "column/column.h"

namespace velo {

/// Grows a flat column row by row, or in bulk through raw pointers. Reusable: `finish` leaves it
/// empty.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(Type type, size_t capacity_rows = 0);

  const Type& type() const { return type_; }
  size_t size() const { return rows_; }
  void reserve(size_t rows);

  void append_null();
  void append_bool(bool value) { *grow<uint8_t>() = value ? 1 : 0; }
  void append_int64(int64_t value) { *grow<int64_t>() = value; }
  void append_int128(int128_t value) { *grow<int128_t>() = value; }
  void append_double(double value) { *grow<double>() = value; }
  /// Copies the bytes of a long string into a buffer of this column.
  void append_string(std::string_view value);
  /// Refers to the bytes of a long string where they are; one of the buffers given to `keep` must
  /// hold them.
  void append_string_ref(StringRef value) { *grow<StringRef>() = value; }
  void keep(BufferPtr owner);
  /// One row of another column of the same type (any encoding), copied.
  void append_from(const Column& column, size_t row);

  /// ARRAY and MAP: append the elements to `child(i)` first, then close the list that they form.
  void append_list_end();
  /// ROW: append one value to each `child(i)` first, then close the row.
  void append_row_end();
  ColumnBuilder& child(size_t i) { return *children_[i]; }

  /// Room for `rows` more values; fill all of it, then call `added`. T is the physical type.
  template <typename T>
  T* extend(size_t rows) {
    reserve(rows_ + rows + 1);  // never nothing: the pointer is valid even for no rows
    return values_->as<T>() + rows_;
  }
  /// The rows behind the pointer of `extend` are valid.
  void added(size_t rows) { set_valid(rows_, rows); rows_ += rows; }
  /// Makes an already appended row NULL.
  void set_null(size_t row);

  /// The column of all rows so far; the builder is empty afterwards.
  ColumnPtr finish();

 private:
  template <typename T>
  T* grow() {
    if (rows_ == capacity_) [[unlikely]] reserve(rows_ + 1);
    if (validity_) [[unlikely]] set_valid(rows_, 1);
    return values_->as<T>() + rows_++;
  }
  void set_valid(size_t row, size_t rows);
  char* string_room(size_t bytes);

  Type type_;
  size_t width_;
  size_t rows_ = 0;
  size_t capacity_ = 0;
  std::shared_ptr<Buffer> values_;
  std::shared_ptr<Buffer> validity_;  // absent until the first NULL
  std::vector<BufferPtr> owners_;
  std::shared_ptr<Buffer> text_;  // the buffer that append_string fills
  size_t text_used_ = 0;
  std::vector<std::unique_ptr<ColumnBuilder>> children_;
};

}  // namespace velo
