#include "expr/simplify.h"
#include "plan/plan_build.h"
#include "plan/rewrite.h"

namespace velo {
namespace {

std::vector<ExprPtr> fold_all(const std::vector<ExprPtr>& exprs) {
  std::vector<ExprPtr> folded;
  folded.reserve(exprs.size());
  for (const ExprPtr& expr : exprs) folded.push_back(simplify(expr));
  return folded;
}

GroupingParts fold_parts(GroupingParts parts) {
  parts.keys = fold_all(parts.keys);
  for (PlanAggregate& aggregate : parts.aggregates) {
    aggregate = rewrite_aggregate(aggregate, simplify);
  }
  return parts;
}

/// A Filter by what is left of its conjuncts; FALSE if no row can meet them all.
PlanPtr fold_filter(const PlanPtr& input, const ExprPtr& predicate, SourceSpan span) {
  std::vector<ExprPtr> conjuncts;
  split_conjuncts(simplify(predicate), &conjuncts);
  const std::optional<std::vector<ExprPtr>> kept = reduce_conjuncts(conjuncts);
  if (!kept) return make_filter(input, make_boolean(false), span);
  ExprPtr all;
  for (const ExprPtr& conjunct : *kept) {
    all = all == nullptr ? conjunct : make_and(all, conjunct).value();
  }
  return all == nullptr ? input : make_filter(input, std::move(all), span);
}

}  // namespace

PlanPtr fold_plan(const PlanPtr& plan) {
  if (plan->kind == PlanKind::kShared) return plan;
  std::vector<PlanPtr> inputs;
  for (const PlanPtr& input : plan->inputs) inputs.push_back(fold_plan(input));
  switch (plan->kind) {
    case PlanKind::kFilter:
      return fold_filter(inputs[0], plan->as<FilterNode>().predicate, plan->span);
    case PlanKind::kProject:
      return make_project(inputs[0], fold_all(plan->as<ProjectNode>().exprs), column_names(*plan),
                          plan->span);
    case PlanKind::kExpand: {
      const auto& node = plan->as<ExpandNode>();
      std::vector<std::string> names;
      for (size_t i = 0; i < node.keys.size(); ++i) {
        names.push_back((*plan->schema)[inputs[0]->schema->size() + i].name);
      }
      return make_expand(inputs[0], fold_all(node.keys), std::move(names), node.sets, plan->span);
    }
    case PlanKind::kUnnest: {
      UnnestParts parts = parts_of(plan->as<UnnestNode>());
      parts.list = simplify(parts.list);
      return make_unnest(inputs[0], std::move(parts));
    }
    case PlanKind::kWindowAggregate: {
      const auto& node = plan->as<WindowAggregateNode>();
      return make_window_aggregate(inputs[0], node.window, node.outputs, fold_parts(parts_of(node)),
                                   node.lateness_us, node.grace_us, node.late);
    }
    case PlanKind::kAggregate:
      return make_aggregate(inputs[0], fold_parts(parts_of(plan->as<AggregateNode>())));
    case PlanKind::kOver:
      return make_over(inputs[0], rewrite_over(parts_of(plan->as<OverNode>()), simplify));
    case PlanKind::kJoin: {
      JoinParts parts = parts_of(plan->as<JoinNode>());
      parts.conjuncts = fold_all(parts.conjuncts);
      std::erase_if(parts.conjuncts, [](const ExprPtr& expr) { return is_always_true(*expr); });
      return make_join(inputs[0], inputs[1], std::move(parts));
    }
    default:
      return with_inputs(plan, std::move(inputs));
  }
}

}  // namespace velo
