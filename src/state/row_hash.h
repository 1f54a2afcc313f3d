#pragma once

#include <cstdint>
#include <vector>

#include "column/column.h"

namespace velo {

/// Hashes of rows over some columns: equal rows, equal hashes, on every machine and whatever the
/// encoding. NULL equals NULL, -0.0 equals 0.0, a NaN every other.
void hash_rows(const std::vector<ColumnPtr>& columns, size_t rows, std::vector<uint64_t>* out);

/// The same of one column whose value is this word. REQUIRES: kInt64 or kDouble.
uint64_t hash_word(Physical physical, uint64_t word);

}  // namespace velo
