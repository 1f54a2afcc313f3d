#pragma once

#include <memory>
#include <vector>

#include "operator/operator.h"

namespace velo {

struct ExpandOptions {
  SchemaPtr input;
  SchemaPtr output;           ///< the input's columns, the keys, the number of the set (BIGINT)
  std::vector<ExprPtr> keys;  ///< over the input
  /// For every grouping set and key: whether the set has it.
  std::vector<std::vector<bool>> sets;
};

/// Every row once per grouping set, the keys that its set lacks NULL: what GROUPING SETS, ROLLUP
/// and CUBE aggregate in one pass. A set's rows share the input's columns; nothing is copied,
/// unless rows carry watermarks: then a row's copies stand side by side, so that none of them comes
/// after the watermark of a later row. Weights pass through. No state.
std::unique_ptr<Operator> make_expand(ExpandOptions options);

}  // namespace velo
