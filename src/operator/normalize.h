#pragma once

#include <memory>

#include "operator/keyed_rows.h"

namespace velo {

/// Makes changes by key whole. A row of weight +1 is what its key's row now is: the one before, if
/// there is one and it differs, is taken back first. A row of weight −1 says that the key has no
/// row any more: the one that is there is taken back; if there is none the change is rejected as
/// kUnmatched. A NULL in the key is an error of the row. Kept is one row per key.
std::unique_ptr<Operator> make_normalize(KeyedRowsOptions options);

}  // namespace velo
