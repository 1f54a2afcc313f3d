#pragma once

#include "column/batch.h"

namespace velo {

/// Bytes of a value in its column: without the texts of strings that are longer than 12 bytes and
/// without the elements of lists.
inline size_t value_width(const Type& type) {
  if (type.physical() != Physical::kRow) return physical_width(type.physical());
  size_t bytes = 0;
  for (const Type& field : type.children()) bytes += value_width(field);
  return bytes;
}

/// The same of a row of these columns.
inline size_t row_width(const Schema& schema) {
  size_t bytes = 0;
  for (const Field& field : schema.fields()) bytes += value_width(field.type);
  return bytes;
}

/// Whether values of the type may take more than their width.
inline bool may_be_long(const Type& type) {
  return type.is_nested() || type.physical() == Physical::kString;
}
/// What a row's value takes on top: of a long string its text, of a list its elements.
size_t long_bytes(const Column& column, size_t row);
/// Of all values of all rows.
size_t column_bytes(const Batch& batch);

}  // namespace velo
