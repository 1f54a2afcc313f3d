#include "column/column_builder.h"

#include <algorithm>
#include <cstring>

namespace velo {

ColumnBuilder::ColumnBuilder(Type type, size_t capacity_rows)
    : type_(std::move(type)), width_(physical_width(type_.physical())) {
  for (const Type& child : type_.children()) {
    children_.push_back(std::make_unique<ColumnBuilder>(child));
  }
  if (capacity_rows > 0) reserve(capacity_rows);
}

void ColumnBuilder::reserve(size_t rows) {
  if (rows <= capacity_ && values_ != nullptr) return;
  const size_t capacity = std::max<size_t>({rows, capacity_ * 2, 16});
  // One more value than rows: a list's offsets have a last end.
  auto values = Buffer::allocate((capacity + 1) * std::max<size_t>(width_, 1));
  if (values_) {
    std::memcpy(values->data(), values_->data(), (rows_ + 1) * width_);
  } else if (width_ > 0) {
    std::memset(values->data(), 0, width_);
  }
  values_ = std::move(values);
  if (validity_) {
    auto validity = Buffer::allocate(bitmap_words(capacity) * 8);
    std::memset(validity->data(), 0, validity->capacity());
    std::memcpy(validity->data(), validity_->data(), bitmap_words(rows_) * 8);
    validity_ = std::move(validity);
  }
  capacity_ = capacity;
}

void ColumnBuilder::set_valid(size_t row, size_t rows) {
  if (!validity_) return;
  auto* words = validity_->as<uint64_t>();
  for (size_t i = row; i < row + rows; ++i) words[i >> 6] |= uint64_t{1} << (i & 63);
}

void ColumnBuilder::set_null(size_t row) {
  if (!validity_) {
    validity_ = Buffer::allocate(bitmap_words(std::max<size_t>(capacity_, 1)) * 8);
    std::memset(validity_->data(), 0, validity_->capacity());
    set_valid(0, rows_);
  }
  validity_->as<uint64_t>()[row >> 6] &= ~(uint64_t{1} << (row & 63));
}

void ColumnBuilder::append_null() {
  reserve(rows_ + 1);
  if (type_.physical() == Physical::kRow) {
    for (auto& child : children_) child->append_null();
  } else if (type_.physical() == Physical::kList) {
    values_->as<uint32_t>()[rows_ + 1] = static_cast<uint32_t>(children_[0]->size());
  } else {
    std::memset(values_->data() + rows_ * width_, 0, width_);
  }
  ++rows_;
  set_null(rows_ - 1);
}

char* ColumnBuilder::string_room(size_t bytes) {
  if (!text_ || text_used_ + bytes > text_->capacity()) {
    const size_t grown = text_ ? std::min<size_t>(text_->capacity() * 2, size_t{1} << 20) : 4096;
    text_ = Buffer::allocate(std::max(grown, bytes));
    text_used_ = 0;
    owners_.push_back(text_);
  }
  char* room = text_->as<char>() + text_used_;
  text_used_ += bytes;
  return room;
}

void ColumnBuilder::append_string(std::string_view value) {
  if (value.size() > StringRef::kInlineMax) {
    char* room = string_room(value.size());
    std::memcpy(room, value.data(), value.size());
    value = {room, value.size()};
  }
  *grow<StringRef>() = StringRef(value);
}

void ColumnBuilder::keep(BufferPtr owner) {
  if (owner && (owners_.empty() || owners_.back() != owner)) owners_.push_back(std::move(owner));
}

void ColumnBuilder::append_from(const Column& column, size_t row) {
  if (column.is_null(row)) return append_null();
  switch (type_.physical()) {
    case Physical::kBool: return append_bool(column.bool_at(row));
    case Physical::kInt64: return append_int64(column.int64_at(row));
    case Physical::kInt128: return append_int128(column.int128_at(row));
    case Physical::kDouble: return append_double(column.double_at(row));
    case Physical::kString: return append_string(column.string_at(row));
    case Physical::kList: break;
    case Physical::kRow: break;
  }
  const Column& base = column.encoding() == Encoding::kConstant ? *column.base() : column;
  const size_t at = column.encoding() == Encoding::kConstant ? 0 : row;
  if (type_.physical() == Physical::kRow) {
    for (size_t c = 0; c < children_.size(); ++c) children_[c]->append_from(*base.child(c), at);
    return append_row_end();
  }
  for (size_t c = 0; c < children_.size(); ++c) {
    for (uint32_t i = base.offsets()[at]; i < base.offsets()[at + 1]; ++i) {
      children_[c]->append_from(*base.child(c), i);
    }
  }
  append_list_end();
}

void ColumnBuilder::append_list_end() {
  reserve(rows_ + 1);
  set_valid(rows_, 1);
  values_->as<uint32_t>()[++rows_] = static_cast<uint32_t>(children_[0]->size());
}

void ColumnBuilder::append_row_end() {
  reserve(rows_ + 1);
  set_valid(rows_, 1);
  ++rows_;
}

ColumnPtr ColumnBuilder::finish() {
  reserve(std::max<size_t>(rows_, 1));
  std::vector<ColumnPtr> children;
  for (auto& child : children_) children.push_back(child->finish());
  ColumnPtr column;
  switch (type_.physical()) {
    case Physical::kList:
      column =
          Column::list(type_, rows_, std::move(values_), std::move(children), std::move(validity_));
      break;
    case Physical::kRow:
      column = Column::row(type_, rows_, std::move(children), std::move(validity_));
      break;
    default:
      column =
          Column::flat(type_, rows_, std::move(values_), std::move(validity_), std::move(owners_));
  }
  rows_ = capacity_ = text_used_ = 0;
  values_.reset();
  validity_.reset();
  owners_.clear();
  text_.reset();
  return column;
}

}  // namespace velo
