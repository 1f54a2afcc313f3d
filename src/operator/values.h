#pragma once

#include <memory>

#include "operator/operator.h"

namespace velo {

struct ValuesOptions {
  Batch rows;  ///< may be empty, then only its schema counts
};

/// VALUES (…), and the single empty row behind a SELECT without FROM. No inputs: gives its rows at
/// `finish`, once. State: whether it did.
std::unique_ptr<Operator> make_values(ValuesOptions options);

}  // namespace velo
