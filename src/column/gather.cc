// Copies of chosen rows: gather, slice, concat, flatten; and comparison of single rows.
#include <algorithm>
#include <cstring>

#include "column/batch.h"
#include "column/column_builder.h"
#include "column/compare_values.h"
#include "column/null_rows.h"
#include "column/own_bytes.h"
#include "column/string_dictionary.h"

namespace velo {
namespace {

BufferPtr gather_validity(const Column& column, std::span<const uint32_t> rows) {
  if (column.validity() == nullptr) return nullptr;
  auto words = Buffer::allocate(bitmap_words(rows.size()) * 8 + 8);
  std::memset(words->data(), 0, words->capacity());
  uint64_t missing = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const uint64_t bit = (column.validity()[rows[i] >> 6] >> (rows[i] & 63)) & 1;
    words->as<uint64_t>()[i >> 6] |= bit << (i & 63);
    missing += 1 - bit;
  }
  if (missing == 0) return nullptr;
  return words;
}

template <typename T>
BufferPtr gather_values(const BufferPtr& values, std::span<const uint32_t> rows) {
  auto out = Buffer::allocate(rows.size() * sizeof(T));
  const T* from = values->as<T>();
  T* to = out->as<T>();
  for (size_t i = 0; i < rows.size(); ++i) to[i] = from[rows[i]];
  return out;
}

BufferPtr gather_flat(const Column& column, std::span<const uint32_t> rows) {
  switch (physical_width(column.type().physical())) {
    case 1:
      return gather_values<uint8_t>(column.values_buffer(), rows);
    case 8:
      return gather_values<uint64_t>(column.values_buffer(), rows);
    default:
      return gather_values<int128_t>(column.values_buffer(), rows);
  }
}

std::vector<uint32_t> iota(size_t begin, size_t rows) {
  std::vector<uint32_t> out(rows);
  for (size_t i = 0; i < rows; ++i) out[i] = static_cast<uint32_t>(begin + i);
  return out;
}

template <typename T>
int three_way(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

int compare_children(const Column& x, size_t a, const Column& y, size_t b) {
  if (x.type().physical() == Physical::kRow) {
    for (size_t c = 0; c < x.children().size(); ++c) {
      if (int order = compare_rows(*x.child(c), a, *y.child(c), b)) return order;
    }
    return 0;
  }
  const uint32_t n = x.offsets()[a + 1] - x.offsets()[a];
  const uint32_t m = y.offsets()[b + 1] - y.offsets()[b];
  for (uint32_t i = 0; i < std::min(n, m); ++i) {
    for (size_t c = 0; c < x.children().size(); ++c) {
      if (int order =
              compare_rows(*x.child(c), x.offsets()[a] + i, *y.child(c), y.offsets()[b] + i)) {
        return order;
      }
    }
  }
  return three_way(n, m);
}

}  // namespace

ColumnPtr gather(const ColumnPtr& column, std::span<const uint32_t> rows) {
  if (column->encoding() == Encoding::kConstant)
    return Column::constant(column->base(), rows.size());
  if (column->encoding() == Encoding::kDictionary) {
    return Column::dictionary(column->type(), rows.size(),
                              gather_values<uint32_t>(column->values_buffer(), rows),
                              column->entries(), gather_validity(*column, rows));
  }
  if (!column->type().is_nested()) {
    return Column::flat(column->type(), rows.size(), gather_flat(*column, rows),
                        gather_validity(*column, rows), column->owners());
  }
  ColumnBuilder builder(column->type(), rows.size());
  for (uint32_t row : rows) builder.append_from(*column, row);
  return builder.finish();
}

ColumnPtr gather_or_null(const ColumnPtr& column, std::span<const uint32_t> rows) {
  const auto absent = static_cast<size_t>(std::count(rows.begin(), rows.end(), kNullRow));
  if (absent == 0) return gather(column, rows);
  if (absent == rows.size()) return Column::nulls(column->type(), rows.size());
  std::vector<uint32_t> there(rows.begin(), rows.end());
  std::replace(there.begin(), there.end(), kNullRow, uint32_t{0});
  if (column->type().is_nested()) {
    ColumnBuilder builder(column->type(), rows.size());
    for (const uint32_t row : rows) {
      if (row == kNullRow) {
        builder.append_null();
      } else {
        builder.append_from(*column, row);
      }
    }
    return builder.finish();
  }
  const ColumnPtr flat = flatten(gather(column, there));
  const size_t bytes = bitmap_words(rows.size()) * 8;
  auto validity = Buffer::allocate(bytes);
  std::memset(validity->data(), 0xff, bytes);
  if (flat->validity() != nullptr) std::memcpy(validity->data(), flat->validity(), bytes);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == kNullRow) validity->as<uint64_t>()[i >> 6] &= ~(uint64_t{1} << (i & 63));
  }
  return Column::flat(flat->type(), rows.size(), flat->values_buffer(), std::move(validity),
                      flat->owners());
}

ColumnPtr slice(const ColumnPtr& column, size_t begin, size_t rows) {
  CHECK(begin + rows <= column->size());
  if (begin == 0 && rows == column->size()) return column;
  return gather(column, iota(begin, rows));
}

namespace {

/// Strings with bytes of their own: those of all long ones in one buffer of just their size.
/// `value(row)`: of a row that is NULL, nothing.
template <typename ValueOf>
ColumnPtr own_strings(const Column& like, ValueOf value) {
  const size_t rows = like.size();
  auto values = Buffer::allocate(rows * sizeof(StringRef));
  auto* to = values->as<StringRef>();
  size_t bytes = 0;
  for (size_t i = 0; i < rows; ++i) {
    to[i] = like.is_null(i) ? StringRef() : value(i);
    bytes += to[i].is_inline() ? 0 : to[i].size();
  }
  if (bytes == 0) return Column::flat(like.type(), rows, std::move(values), like.validity_buffer());
  auto texts = Buffer::allocate(bytes);
  char* text = texts->as<char>();
  for (size_t i = 0; i < rows; ++i) {
    if (to[i].is_inline()) continue;
    std::memcpy(text, to[i].data(), to[i].size());
    to[i] = StringRef(text, to[i].size());
    text += to[i].size();
  }
  return Column::flat(like.type(), rows, std::move(values), like.validity_buffer(),
                      {std::move(texts)});
}

}  // namespace

ColumnPtr flatten(const ColumnPtr& column) {
  if (column->is_flat()) return column;
  if (column->encoding() == Encoding::kConstant) {
    return gather(column->base(), std::vector<uint32_t>(column->size(), 0));
  }
  const StringRef* entries = column->entries()->data();
  return own_strings(*column, [&](size_t row) { return entries[column->indices()[row]]; });
}

ColumnPtr with_own_bytes(const ColumnPtr& column) {
  if (!column->is_flat()) return flatten(column);
  if (column->owners().empty() || column->type().physical() != Physical::kString) return column;
  const StringRef* values = column->values<StringRef>();
  return own_strings(*column, [values](size_t row) { return values[row]; });
}

namespace {

/// Whether a column has room for many more rows.
bool is_roomy(const Batch& batch) {
  return std::any_of(batch.columns.begin(), batch.columns.end(), [&](const ColumnPtr& column) {
    const BufferPtr& values = column->values_buffer();
    const size_t width = physical_width(column->type().physical());
    return values != nullptr && values->capacity() > (batch.rows + batch.rows / 4 + 8) * width;
  });
}

}  // namespace

Batch with_own_bytes(const Batch& batch) {
  Batch own = is_roomy(batch) ? gather(batch, iota(0, batch.rows)) : batch;
  for (ColumnPtr& column : own.columns) {
    if (column->encoding() != Encoding::kDictionary) column = with_own_bytes(column);
  }
  if (own.weights) own.weights = flatten(own.weights);
  own.watermarks = nullptr;
  return own;
}

ColumnPtr concat(std::span<const ColumnPtr> parts) {
  CHECK(!parts.empty());
  if (parts.size() == 1) return flatten(parts[0]);
  size_t rows = 0;
  bool plain = !parts[0]->type().is_nested();
  for (const ColumnPtr& part : parts) {
    rows += part->size();
    plain &= part->is_flat() && part->validity() == nullptr;
  }
  if (!plain) {
    ColumnBuilder builder(parts[0]->type(), rows);
    for (const ColumnPtr& part : parts) {
      for (size_t i = 0; i < part->size(); ++i) builder.append_from(*part, i);
    }
    return builder.finish();
  }
  const size_t width = physical_width(parts[0]->type().physical());
  auto values = Buffer::allocate(rows * width);
  std::vector<BufferPtr> owners;
  std::byte* to = values->data();
  for (const ColumnPtr& part : parts) {
    std::memcpy(to, part->values_buffer()->data(), part->size() * width);
    to += part->size() * width;
    owners.insert(owners.end(), part->owners().begin(), part->owners().end());
  }
  return Column::flat(parts[0]->type(), rows, std::move(values), nullptr, std::move(owners));
}

int compare_rows(const Column& x, size_t a, const Column& y, size_t b) {
  const bool x_null = x.is_null(a);
  const bool y_null = y.is_null(b);
  if (x_null || y_null) return three_way(y_null, x_null);
  switch (x.type().physical()) {
    case Physical::kBool:
      return three_way(x.bool_at(a), y.bool_at(b));
    case Physical::kInt64:
      return three_way(x.int64_at(a), y.int64_at(b));
    case Physical::kInt128:
      return three_way(x.int128_at(a), y.int128_at(b));
    case Physical::kDouble:
      return compare_doubles(x.double_at(a), y.double_at(b));
    case Physical::kString:
      return three_way(x.string_at(a), y.string_at(b));
    default:
      break;
  }
  const bool x_constant = x.encoding() == Encoding::kConstant;
  const bool y_constant = y.encoding() == Encoding::kConstant;
  return compare_children(x_constant ? *x.base() : x, x_constant ? 0 : a,
                          y_constant ? *y.base() : y, y_constant ? 0 : b);
}

bool rows_equal(const Column& x, size_t a, const Column& y, size_t b) {
  return compare_rows(x, a, y, b) == 0;
}

size_t Batch::memory_bytes() const {
  size_t total = sizeof(Batch);
  for (const ColumnPtr& column : columns) total += column->memory_bytes();
  if (weights) total += weights->memory_bytes();
  return total;
}

Batch gather(const Batch& batch, std::span<const uint32_t> rows) {
  Batch out{.schema = batch.schema,
            .rows = rows.size(),
            .columns = {},
            .weights = nullptr,
            .watermarks = nullptr};
  out.columns.reserve(batch.columns.size());
  for (const ColumnPtr& column : batch.columns) out.columns.push_back(gather(column, rows));
  if (batch.weights) out.weights = gather(batch.weights, rows);
  if (batch.watermarks) out.watermarks = gather(batch.watermarks, rows);
  return out;
}

Batch slice(const Batch& batch, size_t begin, size_t rows) {
  if (begin == 0 && rows == batch.rows) return batch;
  return gather(batch, iota(begin, rows));
}

namespace {

/// If all name entries of one dictionary: the same of all. Else null.
ColumnPtr concat_indices(std::span<const ColumnPtr> parts) {
  size_t rows = 0;
  for (const ColumnPtr& part : parts) {
    if (part->encoding() != Encoding::kDictionary || part->validity() != nullptr) return nullptr;
    if (part->entries() != parts[0]->entries()) return nullptr;
    rows += part->size();
  }
  auto indices = Buffer::allocate(rows * sizeof(uint32_t));
  auto* to = indices->as<uint32_t>();
  for (const ColumnPtr& part : parts) to = std::copy_n(part->indices(), part->size(), to);
  return Column::dictionary(parts[0]->type(), rows, std::move(indices), parts[0]->entries());
}

}  // namespace

Batch concat(std::span<const Batch> parts) {
  CHECK(!parts.empty());
  if (parts.size() == 1) return parts[0];
  Batch out{.schema = parts[0].schema,
            .rows = 0,
            .columns = {},
            .weights = nullptr,
            .watermarks = nullptr};
  bool weighted = false;
  bool marked = false;
  for (const Batch& part : parts) {
    out.rows += part.rows;
    weighted |= part.weights != nullptr;
    marked |= part.watermarks != nullptr;
  }
  std::vector<ColumnPtr> pieces(parts.size());
  for (size_t c = 0; c < out.schema->size(); ++c) {
    for (size_t p = 0; p < parts.size(); ++p) pieces[p] = parts[p].columns[c];
    ColumnPtr indices = concat_indices(pieces);
    out.columns.push_back(indices ? std::move(indices) : concat(pieces));
  }
  auto join = [&](auto member, int64_t absent) {
    ColumnBuilder builder(Type::bigint(), out.rows);
    for (const Batch& part : parts) {
      for (size_t i = 0; i < part.rows; ++i) {
        builder.append_int64(part.*member ? (part.*member)->int64_at(i) : absent);
      }
    }
    return builder.finish();
  };
  if (weighted) out.weights = join(&Batch::weights, 1);
  if (marked) out.watermarks = join(&Batch::watermarks, INT64_MIN);
  return out;
}

Batch flatten(const Batch& batch) {
  Batch out = batch;
  for (ColumnPtr& column : out.columns) column = flatten(column);
  if (out.weights) out.weights = flatten(out.weights);
  if (out.watermarks) out.watermarks = flatten(out.watermarks);
  return out;
}

}  // namespace velo
