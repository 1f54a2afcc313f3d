#include "plan/plan_build.h"
#include "plan/rewrite.h"

namespace velo {
namespace {

std::vector<ExprPtr> fold_all(const std::vector<ExprPtr>& exprs) {
  std::vector<ExprPtr> folded;
  folded.reserve(exprs.size());
  for (const ExprPtr& expr : exprs) folded.push_back(fold_constants(expr));
  return folded;
}

GroupingParts fold_parts(GroupingParts parts) {
  parts.keys = fold_all(parts.keys);
  for (PlanAggregate& aggregate : parts.aggregates) {
    aggregate = rewrite_aggregate(aggregate, fold_constants);
  }
  return parts;
}

bool is_true(const Expr& expr) {
  return expr.is_literal() && !expr.is_null_literal() && expr.type().kind() == TypeKind::kBoolean &&
         expr.literal()->bool_at(0);
}

}  // namespace

PlanPtr fold_plan(const PlanPtr& plan) {
  if (plan->kind == PlanKind::kShared) return plan;
  std::vector<PlanPtr> inputs;
  for (const PlanPtr& input : plan->inputs) inputs.push_back(fold_plan(input));
  switch (plan->kind) {
    case PlanKind::kFilter: {
      ExprPtr predicate = fold_constants(plan->as<FilterNode>().predicate);
      if (is_true(*predicate)) return inputs[0];
      return make_filter(inputs[0], std::move(predicate), plan->span);
    }
    case PlanKind::kProject:
      return make_project(inputs[0], fold_all(plan->as<ProjectNode>().exprs), column_names(*plan),
                          plan->span);
    case PlanKind::kWindowAggregate: {
      const auto& node = plan->as<WindowAggregateNode>();
      return make_window_aggregate(inputs[0], node.window, node.outputs, fold_parts(parts_of(node)),
                                   node.lateness_us, node.grace_us, node.late);
    }
    case PlanKind::kAggregate:
      return make_aggregate(inputs[0], fold_parts(parts_of(plan->as<AggregateNode>())));
    case PlanKind::kOver: {
      OverParts parts = parts_of(plan->as<OverNode>());
      parts.partition = fold_all(parts.partition);
      for (PlanAggregate& aggregate : parts.aggregates) {
        aggregate = rewrite_aggregate(aggregate, fold_constants);
      }
      return make_over(inputs[0], std::move(parts));
    }
    case PlanKind::kJoin: {
      JoinParts parts = parts_of(plan->as<JoinNode>());
      parts.conjuncts = fold_all(parts.conjuncts);
      std::erase_if(parts.conjuncts, [](const ExprPtr& expr) { return is_true(*expr); });
      return make_join(inputs[0], inputs[1], std::move(parts));
    }
    default:
      return with_inputs(plan, std::move(inputs));
  }
}

}  // namespace velo
