#pragma once

#include <memory>

#include "operator/operator.h"

namespace velo {

struct UnionOptions {
  SchemaPtr schema;  ///< of all inputs (types agree; the names are this one's) and of the output
  size_t inputs = 2;
};

/// UNION ALL: the rows of all inputs as they come. Its watermark is the least of the inputs'.
/// State: a watermark per input.
std::unique_ptr<Operator> make_union(UnionOptions options);

}  // namespace velo
