#include "format/text_index.h"

#include <algorithm>

namespace velo {

bool TextIndex::trim(const char* text, uint32_t stride) {
  uint32_t* at = positions();
  at[-1] = ~0u;
  size_ = facts_.positions;
  while (size_ > 0 && text[at[size_ - 1]] != '\n') --size_;
  if (size_ == 0) return false;
  // Kernels read four rows at a time.
  const size_t wanted = kPositionSlack + size_ + size_t{4} * stride + kPositionSlack;
  if (slots_.size() < wanted) slots_.resize(wanted);
  const uint32_t last = positions()[size_ - 1];
  std::fill_n(positions() + size_, size_t{4} * stride, last);
  // As many newlines as records, and each of them at a record's end: then none stands between two
  // fields.
  at = positions();
  clean_ = size_ == facts_.newlines * stride;
  for (uint32_t i = stride - 1; clean_ && i < size_; i += stride) clean_ = text[at[i]] == '\n';
  return true;
}

uint32_t TextIndex::regular_rows(const char* text, uint32_t first, uint32_t stride,
                                 LineEnd end) const {
  const uint32_t* const at = positions();
  const uint32_t most = (size_ - first) / stride;
  const bool clean = clean_ && first % stride == 0;
  if (clean && end == LineEnd::kAny) return most;
  for (uint32_t row = 0; row < most; ++row) {
    const uint32_t* const fields = at + first + row * stride;
    const uint32_t newline = fields[stride - 1];
    if (text[newline] != '\n') return row;
    const bool carriage_return = newline > 0 && text[newline - 1] == '\r';
    if (end != LineEnd::kAny && carriage_return != (end == LineEnd::kReturn)) return row;
    for (uint32_t field = 0; !clean && field + 1 < stride; ++field) {
      if (text[fields[field]] == '\n') return row;
    }
  }
  return most;
}

uint32_t TextIndex::behind_record(const char* text, uint32_t first) const {
  const uint32_t* const at = positions();
  while (text[at[first]] != '\n') ++first;
  return first + 1;
}

}  // namespace velo
