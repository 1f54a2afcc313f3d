#include "format/column_target.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace velo {
namespace {

// Interning stops when a column turns out to have this many different strings, or this many bytes
// of them, or when it has repeated too few of those that it has seen.
constexpr uint32_t kInternedMax = 65536;
constexpr size_t kInternedBytesMax = size_t{8} << 20;
constexpr size_t kInternedTextMax = 4096;
constexpr uint32_t kJudgedFrom = 8192;

constexpr size_t kTextChunk = 16384;
constexpr uint32_t kFirstElements = 64;

std::shared_ptr<Buffer> regrow(const std::shared_ptr<Buffer>& old, size_t old_bytes, size_t bytes) {
  std::shared_ptr<Buffer> grown = Buffer::allocate(bytes);
  if (old) std::memcpy(grown->data(), old->data(), old_bytes);
  return grown;
}

}  // namespace

void NullRows::grow(size_t capacity) {
  if (words_) {
    const size_t old_words = bitmap_words(capacity_);
    words_ = regrow(words_, old_words * 8, bitmap_words(capacity) * 8);
    std::fill(words_->as<uint64_t>() + old_words, words_->as<uint64_t>() + bitmap_words(capacity),
              ~uint64_t{0});
  }
  capacity_ = capacity;
}

void NullRows::set_null(size_t row) {
  if (!words_) {
    words_ = Buffer::allocate(bitmap_words(capacity_) * 8);
    std::memset(words_->data(), 0xff, bitmap_words(capacity_) * 8);
  }
  words_->as<uint64_t>()[row >> 6] &= ~(uint64_t{1} << (row & 63));
}

// --- ScalarTarget ---

ScalarTarget::ScalarTarget(FieldRules rules)
    : rules_(std::move(rules)), width_(physical_width(rules_.type.physical())) {
  if (rules_.type.is_string()) interner_ = std::make_unique<StringInterner>(kInternedMax);
}

void ScalarTarget::start(size_t capacity) {
  capacity_ = capacity;
  values_ = Buffer::allocate((capacity + kSlackRows) * width());
  if (interner_) std::memset(values_->data(), 0, values_->capacity());
  nulls_.start(capacity);
  owners_.clear();
  text_ = nullptr;
}

void ScalarTarget::grow(size_t capacity) {
  values_ = regrow(values_, capacity_ * width(), (capacity + kSlackRows) * width());
  if (interner_) {
    std::memset(values_->as<uint32_t>() + capacity_, 0, (capacity + kSlackRows - capacity_) * 4);
  }
  nulls_.grow(capacity);
  capacity_ = capacity;
}

void ScalarTarget::set_null(size_t row) {
  std::memset(values_->data() + row * width(), 0, width());
  nulls_.set_null(row);
}

void ScalarTarget::move_row(size_t from, size_t to) {
  std::memcpy(values_->data() + to * width(), values_->data() + from * width(), width());
  nulls_.move_row(from, to);
}

void ScalarTarget::keep(const BufferPtr& owner) {
  if (!owner || rules_.type.physical() != Physical::kString) return;
  if (owners_.empty() || owners_.back() != owner) owners_.push_back(owner);
}

std::string_view ScalarTarget::copy_text(std::string_view text) {
  if (text.size() <= StringRef::kInlineMax) return text;
  if (!text_ || text_used_ + text.size() > text_->capacity()) {
    text_ = Buffer::allocate(std::max(kTextChunk, text.size()));
    text_used_ = 0;
    owners_.push_back(text_);
  }
  char* const place = text_->as<char>() + text_used_;
  std::memcpy(place, text.data(), text.size());
  text_used_ += text.size();
  return {place, text.size()};
}

void ScalarTarget::set_string(size_t row, std::string_view text, bool stable) {
  nulls_.set_valid(row);
  if (interner_) {
    const uint32_t index =
        text.size() <= kInternedTextMax ? interner_->intern(text) : StringInterner::kFull;
    if (index != StringInterner::kFull) {
      values<uint32_t>()[row] = index;
      return;
    }
    stop_interning();
  }
  values<StringRef>()[row] = StringRef(stable ? text : copy_text(text));
}

void ScalarTarget::stop_interning() {
  const std::unique_ptr<StringInterner> interner = std::move(interner_);
  const std::shared_ptr<Buffer> indices = std::move(values_);
  values_ = Buffer::allocate((capacity_ + kSlackRows) * width_);
  const StringDictionary& entries = *interner->dictionary();
  for (size_t row = 0; row < capacity_ + kSlackRows; ++row) {
    const uint32_t index = indices->as<uint32_t>()[row];
    values<StringRef>()[row] =
        index < entries.size() ? StringRef(copy_text(entries.at(index).view())) : StringRef();
  }
}

FieldError ScalarTarget::set_bytes(size_t row, std::string_view text) {
  std::string decoded;
  if (!read_base64(text, &decoded)) return FieldError::kSyntax;
  values<StringRef>()[row] = StringRef(copy_text(decoded));
  return FieldError::kOk;
}

FieldError ScalarTarget::set_text(size_t row, std::string_view text, bool stable) {
  FieldError error = FieldError::kOk;
  switch (rules_.type.physical()) {
    case Physical::kBool: {
      bool value = false;
      error = read_boolean(rules_, text, &value);
      values<uint8_t>()[row] = value ? 1 : 0;
      break;
    }
    case Physical::kInt64: {
      int64_t value = 0;
      error = rules_.type.is_integer() ? read_integer(rules_, text, &value)
                                       : read_time(rules_, text, &value);
      values<int64_t>()[row] = value;
      break;
    }
    case Physical::kInt128: {
      int128_t value = 0;
      error = read_decimal(rules_, text, &value);
      values<int128_t>()[row] = value;
      break;
    }
    case Physical::kDouble: {
      double value = 0;
      error = read_double(rules_, text, &value);
      values<double>()[row] = value;
      break;
    }
    case Physical::kString:
      if (!rules_.type.is_string()) {
        error = set_bytes(row, text);
      } else if (!is_utf8(text)) {
        error = FieldError::kEncoding;
      } else {
        set_string(row, text, stable);
      }
      break;
    default: CHECK(false, "not a scalar");
  }
  if (error == FieldError::kOk) {
    nulls_.set_valid(row);
  } else {
    set_null(row);
  }
  return error;
}

bool ScalarTarget::set_non_finite(size_t row, std::string_view text) {
  const bool negative = text.starts_with('-');
  double value = std::numeric_limits<double>::infinity();
  if (text == "NaN") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (text.substr(negative ? 1 : 0) != "Infinity") {
    return false;
  }
  values<double>()[row] = negative ? -value : value;
  nulls_.set_valid(row);
  return true;
}

ColumnPtr ScalarTarget::finish(size_t rows) {
  if (!interner_) {
    return Column::flat(rules_.type, rows, std::move(values_), nulls_.finish(), std::move(owners_));
  }
  interned_rows_ += rows;
  owners_.clear();
  ColumnPtr column = Column::dictionary(rules_.type, rows, std::move(values_),
                                        interner_->dictionary(), nulls_.finish());
  const uint32_t distinct = interner_->size();
  if ((distinct > kJudgedFrom && interned_rows_ < uint64_t{distinct} * 2) ||
      interner_->memory_bytes() > kInternedBytesMax) {
    interner_ = nullptr;
  }
  return column;
}

// --- RowTarget ---

void RowTarget::start(size_t capacity) {
  for (auto& field : fields_) field->start(capacity);
  nulls_.start(capacity);
}

void RowTarget::grow(size_t capacity) {
  for (auto& field : fields_) field->grow(capacity);
  nulls_.grow(capacity);
}

void RowTarget::set_null(size_t row) {
  for (auto& field : fields_) field->set_null(row);
  nulls_.set_null(row);
}

void RowTarget::set_valid(size_t row) {
  for (auto& field : fields_) field->set_valid(row);
  nulls_.set_valid(row);
}

void RowTarget::keep(const BufferPtr& owner) {
  for (auto& field : fields_) field->keep(owner);
}

void RowTarget::move_row(size_t from, size_t to) {
  for (auto& field : fields_) field->move_row(from, to);
  nulls_.move_row(from, to);
}

ColumnPtr RowTarget::finish(size_t rows) {
  std::vector<ColumnPtr> columns;
  columns.reserve(fields_.size());
  for (auto& field : fields_) columns.push_back(field->finish(rows));
  return Column::row(type_, rows, std::move(columns), nulls_.finish());
}

// --- ListTarget ---

void ListTarget::start(size_t capacity) {
  spans_.assign(capacity, {});
  used_ = 0;
  element_capacity_ = kFirstElements;
  for (auto& elements : elements_) elements->start(element_capacity_);
  nulls_.start(capacity);
}

void ListTarget::set_null(size_t row) {
  spans_[row] = {};
  nulls_.set_null(row);
}

void ListTarget::move_row(size_t from, size_t to) {
  spans_[to] = spans_[from];
  nulls_.move_row(from, to);
}

void ListTarget::keep(const BufferPtr& owner) {
  for (auto& elements : elements_) elements->keep(owner);
}

size_t ListTarget::add() {
  if (used_ == element_capacity_) {
    element_capacity_ *= 2;
    for (auto& elements : elements_) elements->grow(element_capacity_);
  }
  return used_++;
}

ColumnPtr ListTarget::finish(size_t rows) {
  std::vector<ColumnPtr> children;
  for (auto& elements : elements_) children.push_back(elements->finish(used_));
  // Rows that were rewritten or dropped leave elements that no span names: pick the named ones.
  std::shared_ptr<Buffer> offsets = Buffer::allocate((rows + 1) * sizeof(uint32_t));
  std::vector<uint32_t> picked;
  picked.reserve(used_);
  offsets->as<uint32_t>()[0] = 0;
  for (size_t row = 0; row < rows; ++row) {
    for (uint32_t i = spans_[row].begin; i < spans_[row].end; ++i) picked.push_back(i);
    offsets->as<uint32_t>()[row + 1] = static_cast<uint32_t>(picked.size());
  }
  bool whole = picked.size() == used_;
  for (size_t i = 0; whole && i < picked.size(); ++i) whole = picked[i] == i;
  if (!whole) {
    for (ColumnPtr& child : children) child = gather(child, picked);
  }
  return Column::list(type_, rows, std::move(offsets), std::move(children), nulls_.finish());
}

}  // namespace velo
