// The first key's value becomes a word in the same order, so that most comparisons are one of
// integers; only equal words look at columns.
#include "operator/row_order.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

namespace velo {
namespace {

uint64_t word_of(int64_t value) { return static_cast<uint64_t>(value) ^ (uint64_t{1} << 63); }

uint64_t word_of(double value) {
  if (std::isnan(value)) return UINT64_MAX;
  if (value == 0) value = 0;  // -0.0 and 0.0 may be equal to who compares them
  const auto bits = std::bit_cast<uint64_t>(value);
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}

uint64_t word_of(std::string_view value) {
  uint64_t word = 0;
  std::memcpy(&word, value.data(), std::min(value.size(), sizeof word));
  return __builtin_bswap64(word);
}

uint64_t value_word(const Column& column, uint32_t row) {
  switch (column.type().physical()) {
    case Physical::kBool:
      return column.bool_at(row) ? 1 : 0;
    case Physical::kInt64:
      return word_of(column.int64_at(row));
    case Physical::kInt128:
      return word_of(static_cast<int64_t>(column.int128_at(row) >> 64));
    case Physical::kDouble:
      return word_of(column.double_at(row));
    case Physical::kString:
      return word_of(column.string_at(row));
    default:
      return 0;
  }
}

}  // namespace

int compare_by(std::span<const SortKey> keys, const Batch& batch, uint32_t a, uint32_t b) {
  for (const SortKey& key : keys) {
    const Column& column = *batch.columns[key.column];
    const bool a_null = column.is_null(a);
    const bool b_null = column.is_null(b);
    if (a_null || b_null) {
      if (a_null && b_null) continue;
      return a_null == key.nulls_first ? -1 : 1;
    }
    const int order = compare_rows(column, a, column, b);
    if (order != 0) return key.descending ? -order : order;
  }
  return 0;
}

std::vector<uint64_t> order_words(const Batch& batch, const SortKey& key) {
  const Column& column = *batch.columns[key.column];
  std::vector<uint64_t> words(batch.rows);
  // Halved, to have room for NULL on either side; what that takes together the columns tell apart.
  const auto place = [&key](uint64_t word) {
    word = word / 2 + 1;
    return key.descending ? UINT64_MAX / 2 + 2 - word : word;
  };
  if (column.is_flat() && column.type().physical() == Physical::kInt64) {
    const int64_t* values = column.values<int64_t>();
    for (size_t row = 0; row < batch.rows; ++row) words[row] = place(word_of(values[row]));
  } else if (column.is_flat() && column.type().physical() == Physical::kDouble) {
    const double* values = column.values<double>();
    for (size_t row = 0; row < batch.rows; ++row) words[row] = place(word_of(values[row]));
  } else {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      words[row] = column.is_null(row) ? 0 : place(value_word(column, row));
    }
  }
  for (uint32_t row = 0; column.may_have_nulls() && row < batch.rows; ++row) {
    if (column.is_null(row)) words[row] = key.nulls_first ? 0 : UINT64_MAX;
  }
  return words;
}

Selection sorted_rows(const Batch& batch, std::span<const SortKey> keys, Ties ties, size_t limit) {
  Selection order(batch.rows);
  std::iota(order.begin(), order.end(), 0u);
  std::vector<uint64_t> words;
  if (!keys.empty()) words = order_words(batch, keys[0]);
  const auto less = [&](uint32_t a, uint32_t b) {
    if (!words.empty() && words[a] != words[b]) return words[a] < words[b];
    if (const int by_key = compare_by(keys, batch, a, b)) return by_key < 0;
    for (size_t c = 0; ties == Ties::kColumns && c < batch.columns.size(); ++c) {
      const Column& column = *batch.columns[c];
      if (const int by_value = compare_rows(column, a, column, b)) return by_value < 0;
    }
    return a < b;
  };
  if (limit < order.size()) {
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(limit), order.end(),
                      less);
    order.resize(limit);
  } else if (!std::is_sorted(order.begin(), order.end(), less)) {
    std::sort(order.begin(), order.end(), less);
  }
  return order;
}

}  // namespace velo
