#pragma once

#include <memory>

#include "operator/operator.h"

namespace velo {

struct UnnestOptions {
  SchemaPtr input;
  /// The input's columns; the element (MAP: key and value; ARRAY of ROW: its fields); the position
  /// (BIGINT from 1) if `ordinality`.
  SchemaPtr output;
  ExprPtr list;             ///< over the input: ARRAY or MAP
  bool ordinality = false;  ///< WITH ORDINALITY
  bool keep_empty = false;  ///< LEFT JOIN: a row without elements comes out once, with NULLs
};

/// Every row once per element of its list. Weights and watermarks of the rows go with each. No
/// state.
std::unique_ptr<Operator> make_unnest(UnnestOptions options);

}  // namespace velo
