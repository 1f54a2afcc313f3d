// 1. Conditions are taken off the Filters from the root down and carried along as conjuncts.
// 2. Each node lets through those that mean the same below it: over columns that it passes on,
//    computes without chance, or groups by.
// 3. What is not let through, and what reaches a leaf, becomes one Filter there.
//
// Invariant: a conjunct is over the output of the node that it is pushed into.
#include <algorithm>
#include <array>
#include <optional>

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
  // Rows of unwanted groups would no longer be reported as late; and of grouping sets the first
  // one's groups tell how many rows were, wanted or not.
  const bool reports_late = windowed && (plan->as<WindowAggregateNode>().late.has_value() ||
                                         plan->as<WindowAggregateNode>().grouping_sets);
  if (!reports_late) through = take_through(keys, &conditions);
  return filtered(with_inputs(plan, {push(plan->input(), std::move(through))}), conditions);
}

/// Only conditions over `columns`, by which all rows that belong together are left out or none.
PlanPtr push_whole(const PlanPtr& plan, const std::vector<size_t>& columns, Conditions conditions) {
  Conditions through;
  Conditions stay;
  for (Condition& condition : conditions) {
    std::vector<size_t> read;
    collect_columns(*condition.expr, &read);
    const bool whole = std::all_of(read.begin(), read.end(), [&](size_t column) {
      return std::find(columns.begin(), columns.end(), column) != columns.end();
    });
    const bool moves = whole && !read.empty() && !condition.expr->is_volatile();
    (moves ? through : stay).push_back(std::move(condition));
  }
  return filtered(with_inputs(plan, {push(plan->input(), std::move(through))}), stay);
}

/// Whole partitions may be left out before their rows are numbered, or seen in frames.
PlanPtr push_below_partitions(const PlanPtr& plan, const std::vector<ExprPtr>& partition,
                              Conditions conditions) {
  std::vector<size_t> columns;
  for (const ExprPtr& key : partition) {
    if (key->kind() == ExprKind::kColumn) columns.push_back(key->index());
  }
  return push_whole(plan, columns, std::move(conditions));
}

/// Whether the rows that a condition over one side takes away could only have come out with that
/// side's columns in them: then it may be asked before the join.
bool keeps_only_matches(PlanJoinKind kind, size_t side) {
  switch (kind) {
    case PlanJoinKind::kInner:
      return true;
    case PlanJoinKind::kLeft:
    case PlanJoinKind::kSemi:
    case PlanJoinKind::kAnti:
    case PlanJoinKind::kMark:
    case PlanJoinKind::kSingle:
      return side == 0;
    case PlanJoinKind::kRight:
      return side == 1;
    case PlanJoinKind::kFull:
      return false;
  }
  return false;
}

/// Whether rows of a side that have no partner in the other come out all the same: a conjunct of
/// the join's own condition over that side must not be asked of them before.
bool keeps_alone(PlanJoinKind kind, size_t side) {
  switch (kind) {
    case PlanJoinKind::kInner:
    case PlanJoinKind::kSemi:
      return false;
    case PlanJoinKind::kLeft:
    case PlanJoinKind::kAnti:
    case PlanJoinKind::kMark:
    case PlanJoinKind::kSingle:
      return side == 0;
    case PlanJoinKind::kRight:
      return side == 1;
    case PlanJoinKind::kFull:
      return true;
  }
  return true;
}

/// What holds of the keys of one side's rows holds of their partners' keys: a.k = b.k AND a.k = 5.
/// The other side's rows that can have no partner go, unless they come out alone.
void derive(const JoinNode& node, size_t left, std::array<Conditions, 2>* below) {
  const std::array<Conditions, 2> known = *below;
  for (size_t side = 0; side < 2; ++side) {
    const size_t other = 1 - side;
    if (keeps_alone(node.join, other) || (node.asof && other == 1)) continue;
    std::vector<ExprPtr> partner(node.inputs[side]->schema->size());
    for (const ExprPtr& conjunct : node.conjuncts) {
      if (conjunct->kind() != ExprKind::kCall || conjunct->function().name() != "=") continue;
      const Expr* a = conjunct->arg(0).get();
      const Expr* b = conjunct->arg(1).get();
      if (a->kind() != ExprKind::kColumn || b->kind() != ExprKind::kColumn) continue;
      if ((a->index() < left) != (side == 0)) std::swap(a, b);
      if ((a->index() < left) != (side == 0) || (b->index() < left) == (side == 0)) continue;
      if (a->type() != b->type()) continue;
      partner[a->index() - (side == 0 ? 0 : left)] =
          make_column(b->index() - (side == 0 ? left : 0), b->type(), b->name());
    }
    for (const Condition& condition : known[side]) {
      std::vector<size_t> columns;
      collect_columns(*condition.expr, &columns);
      const bool all = std::all_of(columns.begin(), columns.end(),
                                   [&](size_t column) { return partner[column] != nullptr; });
      if (!all || columns.empty() || condition.expr->can_fail()) continue;
      Condition derived{substitute_columns(condition.expr, partner), condition.span};
      const bool there =
          std::any_of(known[other].begin(), known[other].end(),
                      [&](const Condition& one) { return *one.expr == *derived.expr; });
      if (!there) (*below)[other].push_back(std::move(derived));
    }
  }
}

PlanPtr push_into_join(const PlanPtr& plan, Conditions conditions) {
  const auto& node = plan->as<JoinNode>();
  const size_t left = node.inputs[0]->schema->size();
  const size_t all = left + node.inputs[1]->schema->size();
  std::vector<size_t> shift(all, 0);
  for (size_t i = left; i < all; ++i) shift[i] = i - left;
  std::array<Conditions, 2> below;
  const auto side_of = [&](const Expr& expr) -> std::optional<size_t> {
    std::vector<size_t> columns;
    collect_columns(expr, &columns);
    if (columns.empty() || expr.is_volatile()) return std::nullopt;
    if (columns.back() < left) return 0;
    if (columns.front() >= left) return 1;
    return std::nullopt;
  };
  Conditions stay;
  JoinParts parts = parts_of(node);
  // Which version holds is decided before anything is asked of it.
  const bool takes_all = node.join == PlanJoinKind::kInner && !node.asof;
  for (Condition& condition : conditions) {
    const std::optional<size_t> side = side_of(*condition.expr);
    if (side && keeps_only_matches(node.join, *side) && !(node.asof && *side == 1)) {
      below[*side].push_back(
          {*side == 0 ? condition.expr : remap_columns(condition.expr, shift), condition.span});
    } else if (takes_all && !condition.expr->is_volatile()) {
      parts.conjuncts.push_back(condition.expr);
    } else {
      stay.push_back(std::move(condition));
    }
  }
  std::vector<ExprPtr> kept;
  for (const ExprPtr& conjunct : parts.conjuncts) {
    const std::optional<size_t> side = side_of(*conjunct);
    if (side && !keeps_alone(node.join, *side) && !(node.asof && *side == 1)) {
      below[*side].push_back({*side == 0 ? conjunct : remap_columns(conjunct, shift), node.span});
    } else {
      kept.push_back(conjunct);
    }
  }
  parts.conjuncts = std::move(kept);
  derive(node, left, &below);
  return filtered(make_join(push(node.inputs[0], std::move(below[0])),
                            push(node.inputs[1], std::move(below[1])), std::move(parts)),
                  stay);
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
    case PlanKind::kProcessingTime:
    case PlanKind::kWindowAssign:
    case PlanKind::kExpand:
    case PlanKind::kUnnest:
    case PlanKind::kRepeat: {
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
    case PlanKind::kNormalize:
      return push_whole(plan, plan->as<NormalizeNode>().key, std::move(conditions));
    case PlanKind::kTopN:
      return push_below_partitions(plan, plan->as<TopNNode>().partition, std::move(conditions));
    case PlanKind::kOver:
      return push_below_partitions(plan, plan->as<OverNode>().partition, std::move(conditions));
    case PlanKind::kJoin:
      return push_into_join(plan, std::move(conditions));
    case PlanKind::kOrderBy:
      return with_inputs(plan, {push(plan->input(), std::move(conditions))});
    case PlanKind::kShared:
    case PlanKind::kScan:
    case PlanKind::kValues:
      return filtered(plan, conditions);
    case PlanKind::kRepartition:
    case PlanKind::kToChangelog:  // an update of which one half is left out is none
    case PlanKind::kFromChangelog:
    case PlanKind::kKeepLast:
    case PlanKind::kLimit:
    case PlanKind::kSink:
      break;
  }
  return filtered(with_inputs(plan, {push(plan->input(), {})}), conditions);
}

}  // namespace

PlanPtr push_predicates(const PlanPtr& plan) { return push(plan, {}); }

}  // namespace velo
