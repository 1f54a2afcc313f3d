#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "column/column.h"
#include "format/field_text.h"
#include "format/string_interner.h"

namespace velo {

/// Which rows of a column under construction are NULL. Costs nothing until the first one is.
class NullRows {
 public:
  void start(size_t capacity) { capacity_ = capacity, words_ = nullptr; }
  void grow(size_t capacity);
  void set_null(size_t row);
  void set_valid(size_t row) {
    if (words_) [[unlikely]] words_->as<uint64_t>()[row >> 6] |= uint64_t{1} << (row & 63);
  }
  bool is_null(size_t row) const {
    return words_ && ((words_->as<uint64_t>()[row >> 6] >> (row & 63)) & 1) == 0;
  }
  void move_row(size_t from, size_t to) {
    if (is_null(from)) {
      set_null(to);
    } else {
      set_valid(to);
    }
  }
  BufferPtr finish() { return std::move(words_); }

 private:
  size_t capacity_ = 0;
  std::shared_ptr<Buffer> words_;  ///< bit set = valid
};

/// A column under construction whose rows can be written in any order and more than once, which is
/// what lets a fast path leave odd rows to a slow one. Reusable: `start` … `finish`.
class ColumnTarget {
 public:
  virtual ~ColumnTarget() = default;
  /// Forgets everything; rows [0, capacity) can be written.
  virtual void start(size_t capacity) = 0;
  virtual void grow(size_t capacity) = 0;
  virtual void set_null(size_t row) = 0;
  virtual void set_valid(size_t row) = 0;
  virtual bool is_null(size_t row) const = 0;
  /// Row `to` becomes what row `from` is.
  virtual void move_row(size_t from, size_t to) = 0;
  /// The column of rows [0, rows), each of which was written.
  virtual ColumnPtr finish(size_t rows) = 0;
  /// `owner` keeps the bytes of stable strings alive.
  virtual void keep(const BufferPtr& owner) = 0;
};

/// Target of a scalar column. Strings are interned while they repeat (dictionary encoding) and
/// referred to where they lie once they do not.
class ScalarTarget final : public ColumnTarget {
 public:
  /// Room behind the last row that vector code may write to.
  static constexpr size_t kSlackRows = 16;

  explicit ScalarTarget(FieldRules rules);

  const FieldRules& rules() const { return rules_; }
  void start(size_t capacity) override;
  void grow(size_t capacity) override;
  void set_null(size_t row) override;
  void set_valid(size_t row) override { nulls_.set_valid(row); }
  bool is_null(size_t row) const override { return nulls_.is_null(row); }
  void move_row(size_t from, size_t to) override;
  ColumnPtr finish(size_t rows) override;

  /// The values by physical type; for an interned column uint32_t indices. kSlackRows may be
  /// written past the capacity.
  template <typename T>
  T* values() { return values_->as<T>(); }
  /// What was written. REQUIRES: a string column, row not NULL. Valid until the next write.
  std::string_view string_at(size_t row) const {
    if (interner_) return interner_->dictionary()->at(values_->as<uint32_t>()[row]).view();
    return values_->as<StringRef>()[row].view();
  }
  /// The bytes of a value, by which values of one column can be told apart. As `string_at`.
  std::string_view bytes_at(size_t row) const {
    if (rules_.type.physical() == Physical::kString) return string_at(row);
    return {values_->as<char>() + row * width_, width_};
  }

  /// Reads a value from its text. `stable`: the bytes live as long as a buffer given to `keep`.
  FieldError set_text(size_t row, std::string_view text, bool stable);
  /// "NaN", "Infinity", "-Infinity", which JSON has no numbers for; false if the text is none of
  /// them. REQUIRES: a DOUBLE or FLOAT column.
  bool set_non_finite(size_t row, std::string_view text);
  /// REQUIRES: a string column, UTF-8.
  void set_string(size_t row, std::string_view text, bool stable);

  bool interns() const { return interner_ != nullptr; }
  StringInterner& interner() { return *interner_; }
  /// From now on strings are referred to, not interned; the rows so far are rewritten.
  void stop_interning();
  void keep(const BufferPtr& owner) override;

 private:
  size_t width() const { return interner_ ? sizeof(uint32_t) : width_; }
  std::string_view copy_text(std::string_view text);
  FieldError set_bytes(size_t row, std::string_view text);

  FieldRules rules_;
  size_t width_;
  size_t capacity_ = 0;
  std::shared_ptr<Buffer> values_;
  NullRows nulls_;
  std::unique_ptr<StringInterner> interner_;
  uint64_t interned_rows_ = 0;
  std::vector<BufferPtr> owners_;
  std::shared_ptr<Buffer> text_;
  size_t text_used_ = 0;
};

/// Target of a ROW: its fields are targets of the same rows.
class RowTarget final : public ColumnTarget {
 public:
  RowTarget(Type type, std::vector<std::unique_ptr<ColumnTarget>> fields)
      : type_(std::move(type)), fields_(std::move(fields)) {}

  void start(size_t capacity) override;
  void grow(size_t capacity) override;
  void set_null(size_t row) override;
  void set_valid(size_t row) override;
  bool is_null(size_t row) const override { return nulls_.is_null(row); }
  void move_row(size_t from, size_t to) override;
  ColumnPtr finish(size_t rows) override;
  void keep(const BufferPtr& owner) override;
  size_t fields() const { return fields_.size(); }
  ColumnTarget& field(size_t i) { return *fields_[i]; }

 private:
  Type type_;
  std::vector<std::unique_ptr<ColumnTarget>> fields_;
  NullRows nulls_;
};

/// Target of an ARRAY or MAP: elements of all rows stand in one target (MAP: two), each row is a
/// span of them.
class ListTarget final : public ColumnTarget {
 public:
  ListTarget(Type type, std::vector<std::unique_ptr<ColumnTarget>> elements)
      : type_(std::move(type)), elements_(std::move(elements)) {}

  void start(size_t capacity) override;
  void grow(size_t capacity) override { spans_.resize(capacity), nulls_.grow(capacity); }
  void set_null(size_t row) override;
  void set_valid(size_t row) override { nulls_.set_valid(row); }
  bool is_null(size_t row) const override { return nulls_.is_null(row); }
  void move_row(size_t from, size_t to) override;
  ColumnPtr finish(size_t rows) override;
  void keep(const BufferPtr& owner) override;

  /// A list for `row`: begin, then for each element `add` and a write at the row it returns, then
  /// end.
  void begin(size_t row) { spans_[row] = {used_, used_}, nulls_.set_valid(row); }
  size_t add();
  void end(size_t row) { spans_[row].end = used_; }
  /// The row of its first element.
  size_t first(size_t row) const { return spans_[row].begin; }
  /// The element that was added last is none.
  void take_back() { --used_; }
  ColumnTarget& elements(size_t i) { return *elements_[i]; }

 private:
  struct Span {
    uint32_t begin = 0;
    uint32_t end = 0;
  };
  Type type_;
  std::vector<std::unique_ptr<ColumnTarget>> elements_;
  std::vector<Span> spans_;
  uint32_t used_ = 0;
  uint32_t element_capacity_ = 0;
  NullRows nulls_;
};

}  // namespace velo
