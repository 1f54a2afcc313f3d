// UNION, INTERSECT, EXCEPT.
//
// 1. UNION ALL puts the rows of its branches together; UNION gives each of them once.
// 2. The others count: the rows come together, each with the side that it is of, and a grouping by
//    all columns counts them per side. INTERSECT and EXCEPT ask something of the two counts, their
//    ALL forms give a row as often as the counts say.
#include "base/fmt.h"
#include "plan/expr_binder.h"
#include "plan/join_binder.h"
#include "plan/plan_build.h"
#include "plan/query_binder.h"

namespace velo {
namespace {

std::string name_of(const ast::SetOperation& set) {
  constexpr std::string_view kNames[] = {"UNION", "INTERSECT", "EXCEPT"};
  return fmt::format("{}{}", kNames[static_cast<size_t>(set.op)], set.all ? " ALL" : "");
}

/// a UNION ALL b UNION ALL c is one node.
std::vector<PlanPtr> flat_branches(std::vector<PlanPtr> inputs) {
  std::vector<PlanPtr> flat;
  for (PlanPtr& input : inputs) {
    if (input->kind == PlanKind::kUnion) {
      flat.insert(flat.end(), input->inputs.begin(), input->inputs.end());
    } else {
      flat.push_back(std::move(input));
    }
  }
  return flat;
}

/// All columns, then whether the row is of the left side.
PlanPtr with_side(const PlanPtr& plan, bool left) {
  std::vector<ExprPtr> columns = all_columns(*plan);
  std::vector<std::string> names = column_names(*plan);
  columns.push_back(make_boolean(left));
  names.emplace_back("of_left");
  return make_project(plan, std::move(columns), std::move(names), plan->span);
}

Result<PlanAggregate> count_where(const ExprPtr& condition, std::string name) {
  AggregateRequest request;
  request.name = "COUNT";
  request.star = true;
  request.filter = condition;
  Aggregate aggregate = TRY(resolve_aggregate(request));
  return PlanAggregate{std::move(aggregate), std::move(name)};
}

/// How often a row comes out of an ALL form, by how often the sides have it.
Result<ExprPtr> times_of(ast::SetOp op, const ExprPtr& left, const ExprPtr& right) {
  if (op == ast::SetOp::kIntersect) return make_call("LEAST", {left, right});
  return make_call("-", {left, right});
}

Result<ExprPtr> condition_of(ast::SetOp op, const ExprPtr& left, const ExprPtr& right) {
  const ExprPtr none = make_int64(Type::bigint(), 0);
  ExprPtr in_left = TRY(make_call(">", {left, none}));
  const bool both = op == ast::SetOp::kIntersect;
  ExprPtr in_right = TRY(make_call(both ? ">" : "=", {right, none}));
  return make_and(std::move(in_left), std::move(in_right));
}

}  // namespace

PlanPtr without_distinct(const PlanPtr& plan) {
  if (plan->kind != PlanKind::kAggregate) return plan;
  const auto& node = plan->as<AggregateNode>();
  const size_t width = node.input()->schema->size();
  if (!node.aggregates.empty() || !node.standing.empty() || node.keys.size() != width) return plan;
  for (size_t i = 0; i < width; ++i) {
    if (node.keys[i]->kind() != ExprKind::kColumn || node.keys[i]->index() != i) return plan;
  }
  return node.input();
}

PlanPtr group_by_columns(const BindSession& session, PlanPtr plan, size_t columns,
                         std::vector<PlanAggregate> aggregates, bool asks_for_changes,
                         SourceSpan span, std::string clause) {
  GroupingParts parts;
  parts.clause = std::move(clause);
  parts.keys = all_columns(*plan);
  parts.key_names = column_names(*plan);
  parts.keys.resize(columns);
  parts.key_names.resize(columns);
  parts.aggregates = std::move(aggregates);
  parts.span = session.node_span(span);
  const bool final_only = plan->bounded && !asks_for_changes;
  parts.emit.mode = final_only ? PlanEmitMode::kFinal : PlanEmitMode::kChanges;
  parts.bound =
      plan->bounded ? PlanStateBound{StateBoundKind::kBoundedInput, 0} : unbounded_state(session);
  return make_aggregate(std::move(plan), std::move(parts));
}

Result<PlanPtr> QueryBinder::bind_set_operation(const ast::SetOperation& set,
                                                const EmitClauses& clauses, const WithTables* ctes,
                                                SourceSpan span) {
  PlanPtr first = TRY(bind_branch(*set.left, clauses, ctes));
  PlanPtr second = TRY(bind_branch(*set.right, clauses, ctes));
  std::vector<PlanPtr> inputs = {std::move(first), std::move(second)};
  inputs = TRY(unify_types(session_, std::move(inputs), name_of(set), span));
  const size_t width = inputs[0]->schema->size();
  const SourceSpan node_span = session_.node_span(span);
  const bool changes = clauses.emit != nullptr && clauses.emit->kind != ast::EmitKind::kFinal;
  const bool counts_rows = set.op != ast::SetOp::kUnion || !set.all;
  for (size_t i = 0; counts_rows && i < width; ++i) {
    TRY(check_comparable(session_, (*inputs[0]->schema)[i].type, span));
  }
  if (set.op == ast::SetOp::kUnion) {
    if (!set.all) {
      for (PlanPtr& input : inputs) input = without_distinct(input);
    }
    PlanPtr plan = make_union(flat_branches(std::move(inputs)), node_span);
    if (set.all) return plan;
    return group_by_columns(session_, std::move(plan), width, {}, changes, span, name_of(set));
  }
  inputs = {with_side(inputs[0], true), with_side(inputs[1], false)};
  PlanPtr plan = make_union(std::move(inputs), node_span);
  const ExprPtr of_left = column_of(*plan, width);
  const ExprPtr of_right = TRY(make_not(of_left));
  std::vector<PlanAggregate> counts;
  counts.push_back(TRY(count_where(of_left, "in_left")));
  counts.push_back(TRY(count_where(of_right, "in_right")));
  plan = group_by_columns(session_, std::move(plan), width, std::move(counts), changes, span,
                          name_of(set));
  const ExprPtr in_left = column_of(*plan, width);
  const ExprPtr in_right = column_of(*plan, width + 1);
  if (set.all) {
    ExprPtr times = TRY(times_of(set.op, in_left, in_right));
    plan = make_repeat(std::move(plan), std::move(times), node_span);
  } else {
    ExprPtr condition = TRY(condition_of(set.op, in_left, in_right));
    plan = make_filter(std::move(plan), std::move(condition), node_span);
  }
  std::vector<ExprPtr> columns = all_columns(*plan);
  std::vector<std::string> names = column_names(*plan);
  columns.resize(width);
  names.resize(width);
  return make_project(std::move(plan), std::move(columns), std::move(names), node_span);
}

}  // namespace velo
