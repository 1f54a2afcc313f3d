#pragma once

#include "column/batch.h"

namespace velo {

/// The same values, flat: strings that keep nothing of the block alive that they were read from.
/// For rows that are kept while others of their block are not.
ColumnPtr with_own_bytes(const ColumnPtr& column);

/// The same rows with their weights, of columns that hold little more than these, but for entries
/// of dictionaries, which stay their decoders'.
Batch with_own_bytes(const Batch& batch);

}  // namespace velo
