// 1. Conditions are taken off the Filters from the root down and carried along as conjuncts.
// 2. Each node lets through those that mean the same below it: over columns that it passes on,
//    computes without chance, or groups by.
// 3. What is not let through, and what reaches a leaf, becomes one Filter there.
//
// Invariant: a conjunct is over the output of the node that it is pushed into.
#include <algorithm>

#include "plan/plan_build.h"
#include "plan/rewrite.h"

namespace velo {
namespace {

/// A condition and the clause that it came from.
struct Condition {
  ExprPtr expr;
  SourceSpan span;
};
using Conditions = std::vector<Condition>;

PlanPtr push(const PlanPtr& plan, Conditions conditions);

PlanPtr filtered(PlanPtr plan, const Conditions& conditions) {
  if (conditions.empty()) return plan;
  ExprPtr all;
  for (const Condition& condition : conditions) {
    all = all == nullptr ? condition.expr : make_and(all, condition.expr).value();
  }
  return make_filter(std::move(plan), std::move(all), conditions.front().span);
}

/// Whether `expr` reads nothing but the first `columns` columns.
bool reads_only(const Expr& expr, size_t columns) {
  std::vector<size_t> read;
  collect_columns(expr, &read);
  return read.empty() || read.back() < columns;
}

/// Splits off the conditions over the first `by.size()` columns, which become `by`.
Conditions take_through(const std::vector<ExprPtr>& by, Conditions* conditions) {
  const bool by_chance =
      std::any_of(by.begin(), by.end(), [](const ExprPtr& expr) { return expr->is_volatile(); });
  Conditions through;
  Conditions stay;
  for (Condition& condition : *conditions) {
    const Expr& expr = *condition.expr;
    // RAND() is drawn once for each row that the condition was written for.
    if (!by_chance && reads_only(expr, by.size()) && !expr.is_constant() && !expr.is_volatile()) {
      through.push_back({substitute_columns(condition.expr, by), condition.span});
    } else {
      stay.push_back(std::move(condition));
    }
  }
  *conditions = std::move(stay);
  return through;
}

PlanPtr push_below_grouping(const PlanPtr& plan, Conditions conditions) {
  const bool windowed = plan->kind == PlanKind::kWindowAggregate;
  const std::vector<ExprPtr>& keys =
      windowed ? plan->as<WindowAggregateNode>().keys : plan->as<AggregateNode>().keys;
  Conditions through;
  // Rows of unwanted groups would no longer be reported as late.
  const bool reports_late = windowed && plan->as<WindowAggregateNode>().late.has_value();
  if (!reports_late) through = take_through(keys, &conditions);
  return filtered(with_inputs(plan, {push(plan->input(), std::move(through))}), conditions);
}

PlanPtr push(const PlanPtr& plan, Conditions conditions) {
  switch (plan->kind) {
    case PlanKind::kFilter: {
      std::vector<ExprPtr> conjuncts;
      split_conjuncts(plan->as<FilterNode>().predicate, &conjuncts);
      Conditions all;
      for (ExprPtr& conjunct : conjuncts) all.push_back({std::move(conjunct), plan->span});
      for (Condition& condition : conditions) all.push_back(std::move(condition));
      return push(plan->input(), std::move(all));
    }
    case PlanKind::kProject: {
      Conditions through = take_through(plan->as<ProjectNode>().exprs, &conditions);
      return filtered(with_inputs(plan, {push(plan->input(), std::move(through))}), conditions);
    }
    case PlanKind::kWindowAssign: {
      Conditions through = take_through(all_columns(*plan->input()), &conditions);
      return filtered(with_inputs(plan, {push(plan->input(), std::move(through))}), conditions);
    }
    case PlanKind::kWindowAggregate:
    case PlanKind::kAggregate:
      return push_below_grouping(plan, std::move(conditions));
    case PlanKind::kUnion: {
      std::vector<PlanPtr> inputs;
      for (const PlanPtr& input : plan->inputs) inputs.push_back(push(input, conditions));
      return with_inputs(plan, std::move(inputs));
    }
    case PlanKind::kOrderBy:
      return with_inputs(plan, {push(plan->input(), std::move(conditions))});
    case PlanKind::kShared:
    case PlanKind::kScan:
    case PlanKind::kValues:
      return filtered(plan, conditions);
    case PlanKind::kOver:  // a row that is left out below would be missing in the frames of others
    case PlanKind::kLimit:
    case PlanKind::kSink:
      break;
  }
  return filtered(with_inputs(plan, {push(plan->input(), {})}), conditions);
}

}  // namespace

PlanPtr push_predicates(const PlanPtr& plan) { return push(plan, {}); }

}  // namespace velo
