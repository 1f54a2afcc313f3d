#include "column/row_width.h"

namespace velo {

size_t long_bytes(const Column& column, size_t row) {
  if (column.is_null(row)) return 0;
  if (column.encoding() == Encoding::kConstant) return long_bytes(*column.base(), 0);
  const Type& type = column.type();
  if (type.physical() == Physical::kString) {
    const StringRef& text = column.string_ref_at(row);
    return text.is_inline() ? 0 : text.size();
  }
  size_t bytes = 0;
  if (type.physical() == Physical::kRow) {
    for (const ColumnPtr& field : column.children()) bytes += long_bytes(*field, row);
  } else if (type.physical() == Physical::kList) {
    for (const ColumnPtr& child : column.children()) {
      for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
        bytes += value_width(child->type()) + long_bytes(*child, i);
      }
    }
  }
  return bytes;
}

size_t column_bytes(const Batch& batch) {
  size_t bytes = batch.rows * row_width(*batch.schema);
  for (const ColumnPtr& column : batch.columns) {
    if (!may_be_long(column->type())) continue;
    for (size_t row = 0; row < batch.rows; ++row) bytes += long_bytes(*column, row);
  }
  return bytes;
}

}  // namespace velo
