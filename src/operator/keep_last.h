#pragma once

#include <memory>

#include "operator/keyed_rows.h"

namespace velo {

/// Of the rows that have a key in common only the one that came last is shown; when it is taken
/// back the one before it is shown again. A row with a NULL in its key has failed. Kept are all
/// rows that were not taken back.
std::unique_ptr<Operator> make_keep_last(KeyedRowsOptions options);

}  // namespace velo
