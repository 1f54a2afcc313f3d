#include "state/row_hash.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/random.h"
#include "column/scalar.h"
#include "column/string_dictionary.h"

namespace velo {
namespace {

constexpr uint64_t kNullHash = 0x6e756c6cULL;

uint64_t hash_bytes(std::string_view bytes) {
  uint64_t hash = bytes.size() * 0x9e3779b97f4a7c15ULL;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    hash = mix64(hash ^ word);
  }
  if (i < bytes.size()) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, bytes.size() - i);
    hash = mix64(hash ^ word);
  }
  return hash;
}

uint64_t hash_of(uint8_t value) { return mix64(value != 0 ? 2 : 1); }
uint64_t hash_of(int64_t value) { return mix64(static_cast<uint64_t>(value)); }
uint64_t hash_of(double value) {
  if (std::isnan(value)) return 0x6e616eULL;
  return mix64(std::bit_cast<uint64_t>(value == 0 ? 0.0 : value));
}
uint64_t hash_of(int128_t value) {
  const auto bits = static_cast<uint128_t>(value);
  return mix64(static_cast<uint64_t>(bits) ^ mix64(static_cast<uint64_t>(bits >> 64)));
}
uint64_t hash_of(const StringRef& value) { return hash_bytes(value.view()); }

void mix_in(uint64_t& hash, uint64_t value) { hash = mix64(hash * 31 + value); }

template <typename T>
void hash_values(const Column& column, uint64_t* out) {
  const T* values = column.values<T>();
  const bool nulls = column.may_have_nulls();
  for (size_t row = 0; row < column.size(); ++row) {
    mix_in(out[row], nulls && column.is_null(row) ? kNullHash : hash_of(values[row]));
  }
}

void hash_flat(const Column& column, uint64_t* out) {
  switch (column.type().physical()) {
    case Physical::kBool:
      return hash_values<uint8_t>(column, out);
    case Physical::kInt64:
      return hash_values<int64_t>(column, out);
    case Physical::kDouble:
      return hash_values<double>(column, out);
    case Physical::kInt128:
      return hash_values<int128_t>(column, out);
    case Physical::kString:
      return hash_values<StringRef>(column, out);
    case Physical::kList:
    case Physical::kRow:
      break;
  }
  std::string text;
  for (size_t row = 0; row < column.size(); ++row) {
    text.clear();
    if (!column.is_null(row)) append_text(text, column, row);
    mix_in(out[row], column.is_null(row) ? kNullHash : hash_bytes(text));
  }
}

}  // namespace

void hash_rows(const std::vector<ColumnPtr>& columns, size_t rows, std::vector<uint64_t>* out) {
  out->assign(rows, 0);
  for (const ColumnPtr& column : columns) {
    if (column->is_flat()) {
      hash_flat(*column, out->data());
      continue;
    }
    if (column->encoding() == Encoding::kConstant) {
      uint64_t one[1];
      for (uint64_t& hash : *out) {
        one[0] = hash;
        hash_flat(*column->base(), one);
        hash = one[0];
      }
      continue;
    }
    for (size_t row = 0; row < rows; ++row) {
      mix_in((*out)[row], column->is_null(row) ? kNullHash : hash_of(column->string_ref_at(row)));
    }
  }
}

uint64_t hash_word(Physical physical, uint64_t word) {
  uint64_t hash = 0;
  mix_in(hash, physical == Physical::kDouble ? hash_of(std::bit_cast<double>(word))
                                             : hash_of(static_cast<int64_t>(word)));
  return hash;
}

}  // namespace velo
