#pragma once

#include <memory>
#include <vector>

#include "operator/operator.h"

namespace velo {

struct ProjectOptions {
  SchemaPtr output;              ///< names and types of the results
  std::vector<ExprPtr> columns;  ///< one per output column, over the input
};

/// Computes new columns from the old ones. Weights and watermarks of the rows stay. No state.
std::unique_ptr<Operator> make_project(ProjectOptions options);

}  // namespace velo
