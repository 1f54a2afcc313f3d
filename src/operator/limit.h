#pragma once

#include <memory>

#include "operator/operator.h"

namespace velo {

struct LimitOptions {
  SchemaPtr schema;
  uint64_t limit = UINT64_MAX;  ///< rows to let through …
  uint64_t offset = 0;          ///< … after so many
};

/// The first rows as they come, then no more: `wants_more` turns false. For append-only inputs.
/// State: the number of rows seen.
std::unique_ptr<Operator> make_limit(LimitOptions options);

}  // namespace velo
