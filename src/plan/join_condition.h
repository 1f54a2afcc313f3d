#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plan/plan_node.h"

namespace velo {

/// What the conjuncts of a join's condition say, sorted by how a join can make use of them.
struct JoinCondition {
  std::vector<ExprPtr> left_keys;   ///< over the left input: place by place equal to …
  std::vector<ExprPtr> right_keys;  ///< … these over the right input, of the same types
  std::optional<JoinTimes> times;
  std::optional<JoinTimes> until;  ///< as-of: the bound right − left ≤ upper
  std::vector<ExprPtr> rest;       ///< over the left columns, then the right ones
};

/// Reads `conjuncts`, which stand over the left columns and then the right ones. Bounds on the
/// difference of two event times (`r.ts BETWEEN l.ts AND l.ts + INTERVAL '5' MINUTE`, equal times,
/// equal window bounds) become `times` when they hold it from both sides. `asof`: one bound from
/// above becomes `until`. Without `with_times` bounds in time are conditions like others.
JoinCondition sort_join_condition(const std::vector<ExprPtr>& conjuncts, const PlanNode& left,
                                  const PlanNode& right, bool asof, bool with_times = true);

}  // namespace velo
