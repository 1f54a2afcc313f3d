#pragma once

#include <memory>

#include "operator/operator.h"

namespace velo {

struct FilterOptions {
  SchemaPtr schema;   ///< of input and output
  ExprPtr predicate;  ///< BOOLEAN over the input
};

/// Keeps the rows where the predicate is TRUE. No state.
std::unique_ptr<Operator> make_filter(FilterOptions options);

}  // namespace velo
