// Bottom-up: a Filter that is never TRUE has no rows, and what only passes on, groups or joins rows
// has none if its input has none. Where one side of a join or union has none, the other remains.
//
// A grouping without keys stays: it has a group even over no rows. So does what must be read: rows
// that a program pushes need a reader, and a query over input that goes on goes on as well.
#include <algorithm>

#include "expr/simplify.h"
#include "plan/plan_build.h"
#include "plan/rewrite.h"

namespace velo {
namespace {

bool is_empty(const PlanPtr& plan) {
  return plan->kind == PlanKind::kValues && plan->as<ValuesNode>().rows.empty();
}

bool may_go_unread(const PlanNode& plan) {
  if (!plan.bounded || plan.kind == PlanKind::kShared) return false;
  if (plan.kind == PlanKind::kScan) return !plan.as<ScanNode>().table->traits.pushed;
  return std::all_of(plan.inputs.begin(), plan.inputs.end(),
                     [](const PlanPtr& input) { return may_go_unread(*input); });
}

PlanPtr no_rows(const PlanNode& plan) { return make_values(plan.schema->fields(), {}, plan.span); }

/// The rows of `side` with NULLs in place of the other side's columns.
PlanPtr padded(const JoinNode& join, size_t side, const PlanPtr& rows) {
  const size_t left = join.inputs[0]->schema->size();
  std::vector<ExprPtr> columns;
  for (size_t i = 0; i < join.schema->size(); ++i) {
    const bool own = (i < left) == (side == 0);
    columns.push_back(own ? column_of(*rows, i < left ? i : i - left)
                          : make_null((*join.schema)[i].type));
  }
  return make_project(rows, std::move(columns), column_names(join), join.span);
}

PlanPtr join_of(const PlanPtr& plan, const std::vector<PlanPtr>& inputs) {
  const auto& join = plan->as<JoinNode>();
  const bool left = is_empty(inputs[0]);
  const bool right = is_empty(inputs[1]);
  if (!left && !right) return with_inputs(plan, inputs);
  const bool keeps_left = join.join == PlanJoinKind::kLeft || join.join == PlanJoinKind::kFull;
  const bool keeps_right = join.join == PlanJoinKind::kRight || join.join == PlanJoinKind::kFull;
  if (!left && join.join == PlanJoinKind::kAnti) return inputs[0];
  if (!left && keeps_left) return padded(join, 0, inputs[0]);
  if (!right && keeps_right) return padded(join, 1, inputs[1]);
  const bool dropped = may_go_unread(*inputs[0]) && may_go_unread(*inputs[1]);
  return dropped ? no_rows(*plan) : with_inputs(plan, inputs);
}

PlanPtr union_of(const PlanPtr& plan, std::vector<PlanPtr> inputs) {
  const bool complete = std::none_of(inputs.begin(), inputs.end(), is_empty);
  if (complete) return with_inputs(plan, std::move(inputs));
  std::erase_if(inputs, is_empty);
  if (inputs.empty()) return no_rows(*plan);
  std::vector<ExprPtr> columns = all_columns(*inputs[0]);
  PlanPtr first = make_project(inputs[0], std::move(columns), column_names(*plan), plan->span);
  if (inputs.size() == 1) return first;
  inputs[0] = std::move(first);
  return make_union(std::move(inputs), plan->span);
}

}  // namespace

PlanPtr remove_empty(const PlanPtr& plan) {
  if (plan->kind == PlanKind::kShared) return plan;
  std::vector<PlanPtr> inputs;
  for (const PlanPtr& input : plan->inputs) inputs.push_back(remove_empty(input));
  switch (plan->kind) {
    case PlanKind::kFilter:
      if (is_never_true(*plan->as<FilterNode>().predicate) && may_go_unread(*inputs[0])) {
        return no_rows(*plan);
      }
      break;
    case PlanKind::kLimit:
      if (plan->as<LimitNode>().limit == 0 && may_go_unread(*inputs[0])) return no_rows(*plan);
      break;
    case PlanKind::kJoin:
      return join_of(plan, inputs);
    case PlanKind::kUnion:
      return union_of(plan, std::move(inputs));
    case PlanKind::kAggregate: {
      const auto& node = plan->as<AggregateNode>();
      if (node.keys.empty() || !node.standing.empty()) return with_inputs(plan, std::move(inputs));
      break;
    }
    case PlanKind::kSink:
      return with_inputs(plan, std::move(inputs));
    default:
      break;
  }
  const bool none = !inputs.empty() && is_empty(inputs[0]);
  return none ? no_rows(*plan) : with_inputs(plan, std::move(inputs));
}

}  // namespace velo
