#pragma once

#include <vector>

#include "plan/plan_node.h"
#include "runtime/job_graph.h"

namespace velo {

/// A plan node as an operator that is still to be wired.
struct LoweredNode {
  NodeSpec spec;
  const PlanLateOutput* late = nullptr;  ///< spec.late is filled but for its sink
};

struct OperatorLowering {
  bool parallel = false;  ///< results of copies will have to be merged in order
  const TimeZone* zone = TimeZone::utc();
  int64_t now_us = 0;  ///< what NOW() in VALUES gives
};

/// The operators that stand for one node, in the order of the stream: usually one. Errors: what
/// has no operator yet.
Result<std::vector<LoweredNode>> lower_operator(const PlanNode& plan,
                                                const OperatorLowering& options);

/// What stands in the columns of a LATE DATA table, for rows like the input of the one that rejects
/// them.
LateSpec late_spec(const PlanLateOutput& late, const Schema& input);

/// A projection of its input to these columns.
LoweredNode project_to(const SchemaPtr& output, std::vector<ExprPtr> columns);

/// ORDER BY, with the LIMIT directly above it if there is one.
Result<std::vector<LoweredNode>> lower_order_by(const OrderByNode& order, const LimitNode* limit);

}  // namespace velo
