#pragma once

#include <memory>
#include <vector>

#include "operator/operator.h"

namespace velo {

struct NormalizeOptions {
  SchemaPtr schema;
  std::vector<size_t> key;
  int64_t ttl_us = 0;  ///< a key not written for so long (wall clock) is forgotten; 0 = never
};

/// Makes changes by key whole. A row of weight +1 is what its key's row now is: the one before, if
/// there is one and it differs, is taken back first. A row of weight −1 says that the key has no
/// row any more: the one that is there is taken back; if there is none the change is rejected as
/// kUnmatched. A NULL in the key is an error of the row. Kept is one row per key.
std::unique_ptr<Operator> make_normalize(NormalizeOptions options);

}  // namespace velo
