#pragma once

#include <memory>
#include <vector>

#include "operator/operator.h"

namespace velo {

struct KeepLastOptions {
  SchemaPtr schema;
  std::vector<size_t> key;
  int64_t ttl_us = 0;  ///< rows that came so long ago (wall clock) are forgotten; 0 = never
};

/// Of the rows that have a key in common only the one that came last is shown; when it is taken
/// back the one before it is shown again. A row with a NULL in its key has failed. Kept are all
/// rows that were not taken back.
std::unique_ptr<Operator> make_keep_last(KeepLastOptions options);

}  // namespace velo
