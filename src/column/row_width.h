#pragma once

#include "column/column.h"

namespace velo {

/// Bytes of a row of these columns in place: without the texts of strings that are longer than 12
/// bytes and without nested values.
inline size_t row_width(const Schema& schema) {
  size_t bytes = 0;
  for (const Field& field : schema.fields()) {
    if (!field.type.is_nested()) bytes += physical_width(field.type.physical());
  }
  return bytes;
}

}  // namespace velo
