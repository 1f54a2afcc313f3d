#pragma once

#include <cstddef>
#include <string>

#include "column/column.h"
#include "column/column_builder.h"

namespace velo {

// Values of ARRAY and MAP one by one, as bytes, for what keeps rows: hardly more than their
// elements take in a column, whatever lies in them.
//
// A list: its length × 2, + 1 if anything in it is NULL (LEB128), then its children one after the
// other. So many values of a type: if anything is NULL, a bit for each; then of numbers the
// numbers, of texts the length (LEB128) and the bytes of each, of lists each, of ROWs their fields.

/// Appends the bytes of a row of an ARRAY or MAP, of a NULL those of an empty one.
void append_list_bytes(const Column& column, size_t row, std::string* out);

/// How many bytes the list takes that begins here.
size_t list_bytes_size(const Type& type, const char* bytes);

/// Appends the list that begins here as a row.
void append_list(const char* bytes, ColumnBuilder* to);

}  // namespace velo
