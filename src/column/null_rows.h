#pragma once

#include <cstdint>
#include <span>

#include "column/column.h"

namespace velo {

/// Stands for a row that is not there.
inline constexpr uint32_t kNullRow = UINT32_MAX;

/// As gather, with NULL where a row number is kNullRow.
ColumnPtr gather_or_null(const ColumnPtr& column, std::span<const uint32_t> rows);

}  // namespace velo
