// Fields of ROW columns: taken out, and left out.
#include <algorithm>

#include "column/column.h"

namespace velo {
namespace {

/// The bits that both have; null = all.
BufferPtr both_valid(const BufferPtr& a, const BufferPtr& b, size_t rows) {
  if (!a || !b) return a ? a : b;
  auto words = Buffer::allocate(bitmap_words(rows) * sizeof(uint64_t));
  for (size_t w = 0; w < bitmap_words(rows); ++w) {
    words->as<uint64_t>()[w] = a->as<uint64_t>()[w] & b->as<uint64_t>()[w];
  }
  return words;
}

/// The same values, NULL also where `validity` says so.
ColumnPtr with_nulls(const ColumnPtr& values, const BufferPtr& validity) {
  if (!validity) return values;
  const ColumnPtr column = values->encoding() == Encoding::kConstant ? flatten(values) : values;
  const size_t rows = column->size();
  BufferPtr both = both_valid(column->validity_buffer(), validity, rows);
  if (column->encoding() == Encoding::kDictionary) {
    return Column::dictionary(column->type(), rows, column->values_buffer(), column->entries(),
                              std::move(both));
  }
  switch (column->type().physical()) {
    case Physical::kList:
      return Column::list(column->type(), rows, column->values_buffer(), column->children(),
                          std::move(both));
    case Physical::kRow:
      return Column::row(column->type(), rows, column->children(), std::move(both));
    default:
      return Column::flat(column->type(), rows, column->values_buffer(), std::move(both),
                          column->owners());
  }
}

}  // namespace

ColumnPtr field_of(const Column& row, size_t index) {
  if (row.encoding() != Encoding::kConstant) {
    return with_nulls(row.child(index), row.validity_buffer());
  }
  if (row.is_null(0)) return Column::nulls(row.base()->child(index)->type(), row.size());
  return Column::constant(flatten(row.base()->child(index)), row.size());
}

ColumnPtr with_fields(const ColumnPtr& column, const Type& type) {
  if (column->type() == type) return column;
  if (column->encoding() == Encoding::kConstant) {
    return Column::constant(with_fields(column->base(), type), column->size());
  }
  CHECK(column->type().physical() == Physical::kRow && type.physical() == Physical::kRow);
  const std::vector<std::string>& names = column->type().field_names();
  std::vector<ColumnPtr> children;
  for (size_t i = 0; i < type.children().size(); ++i) {
    const auto found = std::find(names.begin(), names.end(), type.field_names()[i]);
    CHECK(found != names.end());
    children.push_back(
        with_fields(column->child(static_cast<size_t>(found - names.begin())), type.children()[i]));
  }
  return Column::row(type, column->size(), std::move(children), column->validity_buffer());
}

}  // namespace velo
