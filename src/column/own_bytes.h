#pragma once

#include "column/column.h"

namespace velo {

/// The same values, flat: strings that keep nothing of the block alive that they were read from.
/// For rows that are kept while others of their block are not.
ColumnPtr with_own_bytes(const ColumnPtr& column);

}  // namespace velo
