#pragma once

#include <memory>

#include "operator/operator.h"

namespace velo {

struct RepeatOptions {
  SchemaPtr schema;  ///< of input and output
  ExprPtr times;     ///< BIGINT over the input; NULL and what is below 1: not at all
};

/// Gives every row as often as the row says, one after another, with its weight. No state.
std::unique_ptr<Operator> make_repeat(RepeatOptions options);

}  // namespace velo
