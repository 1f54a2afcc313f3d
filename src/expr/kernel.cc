#include "expr/kernel.h"

namespace velo {
namespace {

constexpr size_t kTextBlockBytes = 1 << 16;

bool is_plain(Physical physical) {
  return physical != Physical::kList && physical != Physical::kRow;
}

std::shared_ptr<Buffer> all_valid(size_t rows) {
  auto words = Buffer::allocate(bitmap_words(rows) * sizeof(uint64_t) + sizeof(uint64_t));
  std::memset(words->data(), 0xff, words->capacity());
  return words;
}

}  // namespace

KernelOutput::KernelOutput(Type type, size_t rows) : type_(std::move(type)), rows_(rows) {
  const Physical physical = type_.physical();
  if (!is_plain(physical)) return;
  const size_t bytes = rows * physical_width(physical);
  values_ = Buffer::allocate(bytes);
  if (physical == Physical::kString || physical == Physical::kBool) {
    std::memset(values_->data(), 0, bytes);
  }
}

void KernelOutput::set_null(size_t row) {
  if (!validity_) validity_ = all_valid(rows_);
  validity_->as<uint64_t>()[row >> 6] &= ~(uint64_t{1} << (row & 63));
  // What lies under a NULL is never garbage.
  if (!values_) return;
  const size_t width = physical_width(type_.physical());
  std::memset(values_->data() + row * width, 0, width);
}

void KernelOutput::intersect_validity(const Column& column) {
  if (!column.may_have_nulls()) return;
  if (!validity_) validity_ = all_valid(rows_);
  uint64_t* words = validity_->as<uint64_t>();
  if (!column.is_flat()) {
    for (size_t row = 0; row < rows_; ++row) {
      if (column.is_null(row)) words[row >> 6] &= ~(uint64_t{1} << (row & 63));
    }
    return;
  }
  for (size_t w = 0; w < bitmap_words(rows_); ++w) words[w] &= column.validity()[w];
}

char* KernelOutput::build(size_t bytes) {
  if (!text_ || text_used_ + bytes > text_->capacity()) {
    text_ = Buffer::allocate(std::max(bytes, kTextBlockBytes));
    text_used_ = 0;
    owners_.push_back(text_);
  }
  return reinterpret_cast<char*>(text_->data()) + text_used_;
}

void KernelOutput::set_built(size_t row, size_t bytes) {
  const char* begin = reinterpret_cast<const char*>(text_->data()) + text_used_;
  values<StringRef>()[row] = StringRef(begin, static_cast<uint32_t>(bytes));
  if (bytes > StringRef::kInlineMax) text_used_ += bytes;
}

void KernelOutput::set_string(size_t row, std::string_view value) {
  if (value.size() <= StringRef::kInlineMax) {
    values<StringRef>()[row] = StringRef(value);
    return;
  }
  std::memcpy(build(value.size()), value.data(), value.size());
  set_built(row, value.size());
}

void KernelOutput::share(const Column& column) {
  const Column& holder = column.is_flat() ? column : *column.base();
  owners_.insert(owners_.end(), holder.owners().begin(), holder.owners().end());
}

ColumnPtr KernelOutput::finish() {
  if (finished_) return std::move(finished_);
  CHECK(values_ != nullptr, "a kernel with a nested result must call set_column");
  return Column::flat(type_, rows_, std::move(values_), std::move(validity_), std::move(owners_));
}

}  // namespace velo
