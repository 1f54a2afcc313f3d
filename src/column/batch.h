#pragma once

#include <span>
#include <vector>

#include "column/column.h"

namespace velo {

/// Some rows of a stream: a cheap value to copy and move.
struct Batch {
  SchemaPtr schema;
  size_t rows = 0;
  std::vector<ColumnPtr> columns;  ///< one per field of the schema, `rows` long each
  /// BIGINT: +1 insert, −1 retraction. Null = every row is an insert: append-only streams pay
  /// nothing.
  ColumnPtr weights;
  /// BIGINT, microseconds: the watermark in force when each row arrived. Null = no row can be late.
  /// It makes lateness a matter of rows, not of how rows happen to be cut into batches.
  ColumnPtr watermarks;

  int64_t weight(size_t row) const { return weights ? weights->int64_at(row) : 1; }
  bool empty() const { return rows == 0; }
  size_t memory_bytes() const;
};

/// The chosen rows with all columns, weights and watermarks.
Batch gather(const Batch& batch, std::span<const uint32_t> rows);
Batch slice(const Batch& batch, size_t begin, size_t rows);
/// All rows in order, flat but for columns of one dictionary without NULLs. REQUIRES: equal
/// schemas, at least one part.
Batch concat(std::span<const Batch> parts);
/// Every column flat and owning: safe to hand to another thread.
Batch flatten(const Batch& batch);

}  // namespace velo
