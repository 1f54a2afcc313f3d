// Rows are sorted key by key: by the first one all of them, by the next those that it leaves equal,
// and so on. A value becomes a word in the same order, which stands beside the row's number, so
// that rows are moved and compared where they lie; only words that do not hold the whole value
// (long strings) look at columns.
#include "operator/row_order.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

namespace velo {
namespace {

uint64_t order_word(int64_t value) { return static_cast<uint64_t>(value) ^ (uint64_t{1} << 63); }

uint64_t order_word(double value) {
  if (std::isnan(value)) return UINT64_MAX;
  if (value == 0) value = 0;  // -0.0 and 0.0 may be equal to who compares them
  const auto bits = std::bit_cast<uint64_t>(value);
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}

uint64_t order_word(std::string_view value) {
  uint64_t word = 0;
  std::memcpy(&word, value.data(), std::min(value.size(), sizeof word));
  return __builtin_bswap64(word);
}

uint64_t value_word(const Column& column, uint32_t row) {
  switch (column.type().physical()) {
    case Physical::kBool:
      return column.bool_at(row) ? 1 : 0;
    case Physical::kInt64:
      return order_word(column.int64_at(row));
    case Physical::kInt128:
      return order_word(static_cast<int64_t>(column.int128_at(row) >> 64));
    case Physical::kDouble:
      return order_word(column.double_at(row));
    case Physical::kString:
      return order_word(column.string_at(row));
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
    for (size_t row = 0; row < batch.rows; ++row) words[row] = place(order_word(values[row]));
  } else if (column.is_flat() && column.type().physical() == Physical::kDouble) {
    const double* values = column.values<double>();
    for (size_t row = 0; row < batch.rows; ++row) words[row] = place(order_word(values[row]));
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

namespace {

Selection first_rows(const Batch& batch, std::span<const SortKey> keys, Ties ties, size_t limit) {
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
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(limit), order.end(),
                    less);
  order.resize(limit);
  return order;
}

class RowSorter {
 public:
  explicit RowSorter(size_t rows) : items_(rows) {
    for (uint32_t row = 0; row < rows; ++row) items_[row].row = row;
    if (rows > 1) equal_.push_back({0, rows});
  }

  /// Sorts rows that are equal so far by one more key.
  void sort_by(const Column& column, const SortKey& key) {
    if (equal_.empty()) return;
    fill(column, key);
    const std::vector<Range> ranges = std::exchange(equal_, {});
    for (const Range& range : ranges) {
      const auto begin = items_.begin() + static_cast<ptrdiff_t>(range.begin);
      const auto end = items_.begin() + static_cast<ptrdiff_t>(range.end);
      if (!std::is_sorted(begin, end)) std::sort(begin, end);
      each_run(
          range, [](const Item& a, const Item& b) { return a.same(b); },
          [&](const Range& run) {
            if (items_[run.begin].whole) {
              equal_.push_back(run);
            } else {
              sort_by_values(column, key, run);
            }
          });
    }
  }
  Selection order() const {
    Selection order(items_.size());
    for (size_t i = 0; i < items_.size(); ++i) order[i] = items_[i].row;
    return order;
  }

 private:
  struct Item {
    uint64_t word = 0;
    uint32_t row = 0;
    uint8_t rank = 0;   // NULL first, values, NULL last
    bool whole = true;  // equal words are equal values
    bool same(const Item& other) const { return rank == other.rank && word == other.word; }
    bool operator<(const Item& other) const {
      if (rank != other.rank) return rank < other.rank;
      if (word != other.word) return word < other.word;
      return row < other.row;
    }
  };
  struct Range {
    size_t begin;
    size_t end;
  };

  /// Calls take(run) for every run of more than one item that are the same.
  template <typename Same, typename Take>
  void each_run(const Range& range, Same same, Take take) {
    for (size_t begin = range.begin; begin < range.end;) {
      size_t end = begin + 1;
      while (end < range.end && same(items_[begin], items_[end])) ++end;
      if (end - begin > 1) take({begin, end});
      begin = end;
    }
  }

  // The words of the rows that are not settled.
  void fill(const Column& column, const SortKey& key) {
    const bool wide = column.type().physical() == Physical::kInt128 && !fits_words(column);
    for (const Range& range : equal_) {
      for (size_t i = range.begin; i < range.end; ++i) {
        Item& item = items_[i];
        item.word = 0;
        item.whole = true;
        if (column.is_null(item.row)) {
          item.rank = key.nulls_first ? 0 : 2;
          continue;
        }
        item.rank = 1;
        set_word(column, wide, item);
        if (key.descending) item.word = ~item.word;
      }
    }
  }
  static bool fits_words(const Column& column) {
    for (size_t row = 0; row < column.size(); ++row) {
      if (column.is_null(row)) continue;
      const int128_t value = column.int128_at(row);
      if (value != static_cast<int64_t>(value)) return false;
    }
    return true;
  }
  static void set_word(const Column& column, bool wide, Item& item) {
    switch (column.type().physical()) {
      case Physical::kBool:
      case Physical::kInt64:
      case Physical::kDouble:
        item.word = value_word(column, item.row);
        return;
      case Physical::kInt128:
        item.whole = !wide;
        item.word = wide ? value_word(column, item.row)
                         : order_word(static_cast<int64_t>(column.int128_at(item.row)));
        return;
      case Physical::kString: {
        // Seven bytes, and how many there are; 8: more than seven.
        const std::string_view value = column.string_at(item.row);
        const size_t length = std::min<size_t>(value.size(), 8);
        item.word = (order_word(value.substr(0, 7)) & ~uint64_t{0xff}) | length;
        item.whole = length < 8;
        return;
      }
      default:
        item.whole = false;
    }
  }

  void sort_by_values(const Column& column, const SortKey& key, const Range& range) {
    const auto compare = [&](const Item& a, const Item& b) {
      const int order = compare_rows(column, a.row, column, b.row);
      return key.descending ? -order : order;
    };
    const auto less = [&](const Item& a, const Item& b) {
      const int order = compare(a, b);
      return order != 0 ? order < 0 : a.row < b.row;
    };
    const auto begin = items_.begin() + static_cast<ptrdiff_t>(range.begin);
    const auto end = items_.begin() + static_cast<ptrdiff_t>(range.end);
    if (!std::is_sorted(begin, end, less)) std::sort(begin, end, less);
    each_run(
        range, [&](const Item& a, const Item& b) { return compare(a, b) == 0; },
        [&](const Range& run) { equal_.push_back(run); });
  }

  std::vector<Item> items_;
  std::vector<Range> equal_;  // items that no key has parted so far
};

}  // namespace

Selection sorted_rows(const Batch& batch, std::span<const SortKey> keys, Ties ties, size_t limit) {
  if (limit < batch.rows) return first_rows(batch, keys, ties, limit);
  RowSorter sorter(batch.rows);
  for (const SortKey& key : keys) sorter.sort_by(*batch.columns[key.column], key);
  for (size_t c = 0; ties == Ties::kColumns && c < batch.columns.size(); ++c) {
    sorter.sort_by(*batch.columns[c], {c, false, true});
  }
  return sorter.order();
}

}  // namespace velo
