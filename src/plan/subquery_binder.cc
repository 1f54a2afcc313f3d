// Sub-queries in expressions: (SELECT …), EXISTS, IN, ANY, ALL. Each is bound as a query of its
// own, in which unknown names are looked for around it; then it is taken apart (decorrelate.cc),
// and a stand-in goes into the expression until the SELECT knows which rows it is joined to
// (subquery_join.cc).
//
// IN asks for equality, and so do = ANY and <> ALL. Other comparisons ask how the least and the
// greatest value compare, and how many there are. ALL is what ANY of the opposite is not.
#include <algorithm>

#include "base/fmt.h"
#include "plan/expr_binder.h"
#include "plan/plan_build.h"
#include "plan/same_plan.h"
#include "plan/subquery.h"

namespace velo {
namespace {

/// A grouping that has a group even over no rows.
bool always_has_a_row(const AggregateNode& grouping) {
  return grouping.keys.empty() || !grouping.standing.empty();
}

/// What of the plan matters where only the existence of rows does: all that neither adds nor takes
/// away the last row goes. Null: there is a row, whatever the tables hold.
PlanPtr for_existence(PlanPtr plan) {
  for (;;) {
    switch (plan->kind) {
      case PlanKind::kProject:
      case PlanKind::kOrderBy:
        plan = plan->input();
        continue;
      case PlanKind::kAggregate:
        if (always_has_a_row(plan->as<AggregateNode>())) return nullptr;
        plan = plan->input();
        continue;
      case PlanKind::kLimit: {
        const auto& limit = plan->as<LimitNode>();
        if (limit.offset > 0 || limit.limit.value_or(1) < 1) return plan;
        plan = plan->input();
        continue;
      }
      default:
        return plan;
    }
  }
}

/// Neither order nor repetition counts among the values that IN looks at.
PlanPtr for_membership(PlanPtr plan) {
  while (plan->kind == PlanKind::kOrderBy) plan = plan->input();
  return without_distinct(plan);
}

/// The same over the layout's columns as they are seen from inside a sub-query.
ExprPtr seen_from_inside(const ExprPtr& expr) {
  return replace_leaves(expr, ExprKind::kColumn, [](const ExprPtr& column) {
    return make_stand_in(ExprKind::kOuter, column->index(), column->type(), column->name());
  });
}

Result<PlanAggregate> aggregate_of(std::string_view name, std::vector<ExprPtr> args) {
  AggregateRequest request;
  request.name = name;
  request.star = args.empty();
  request.args = std::move(args);
  Aggregate aggregate = TRY(resolve_aggregate(request));
  std::string text = aggregate.text;
  return PlanAggregate{std::move(aggregate), std::move(text)};
}

/// One row over all rows of a plan of one column: COUNT(*), COUNT(x), MIN(x), MAX(x).
Result<PlanPtr> summary_of(const BindSession& session, PlanPtr plan, SourceSpan span) {
  const ExprPtr x = column_of(*plan, 0);
  std::vector<PlanAggregate> aggregates;
  aggregates.push_back(TRY(session.at(span, aggregate_of("COUNT", {}))));
  for (const std::string_view name : {"COUNT", "MIN", "MAX"}) {
    aggregates.push_back(TRY(session.at(span, aggregate_of(name, {x}))));
  }
  return group_by_columns(session, std::move(plan), 0, std::move(aggregates), false, span);
}

/// `op` that holds exactly where the other does not (of values that are not NULL).
ast::BinaryOp opposite(ast::BinaryOp op) {
  switch (op) {
    case ast::BinaryOp::kEqual:
      return ast::BinaryOp::kNotEqual;
    case ast::BinaryOp::kNotEqual:
      return ast::BinaryOp::kEqual;
    case ast::BinaryOp::kLess:
      return ast::BinaryOp::kGreaterEqual;
    case ast::BinaryOp::kLessEqual:
      return ast::BinaryOp::kGreater;
    case ast::BinaryOp::kGreater:
      return ast::BinaryOp::kLessEqual;
    case ast::BinaryOp::kGreaterEqual:
      return ast::BinaryOp::kLess;
    default:
      return op;
  }
}

/// x op ANY (values) of what summary_of tells about them.
Result<ExprPtr> compare_any(ast::BinaryOp op, const ExprPtr& x, const PlanNode& summary) {
  const std::string_view name = ast::binary_op_text(op);
  const ExprPtr all = column_of(summary, 0);
  const ExprPtr valid = column_of(summary, 1);
  const ExprPtr least = column_of(summary, 2);
  const ExprPtr greatest = column_of(summary, 3);
  const ExprPtr none = make_int64(Type::bigint(), 0);
  ExprPtr found;
  if (op == ast::BinaryOp::kNotEqual) {
    ExprPtr from_least = TRY(make_call(name, {x, least}));
    ExprPtr from_greatest = TRY(make_call(name, {x, greatest}));
    found = TRY(make_or(std::move(from_least), std::move(from_greatest)));
  } else {
    const bool less = op == ast::BinaryOp::kLess || op == ast::BinaryOp::kLessEqual;
    found = TRY(make_call(name, {x, less ? greatest : least}));
  }
  ExprPtr number = TRY(make_coalesce({all, none}));
  ExprPtr empty = TRY(make_call("=", {std::move(number), none}));
  ExprPtr x_unknown = TRY(make_call("IS NULL", {x}));
  ExprPtr some_unknown = TRY(make_call(">", {all, valid}));
  ExprPtr unknown = TRY(make_or(std::move(x_unknown), std::move(some_unknown)));
  return make_case({std::move(empty), make_boolean(false), std::move(found), make_boolean(true),
                    std::move(unknown), make_null(Type::boolean())},
                   make_boolean(false));
}

}  // namespace

SelectList select_list_of(const PlanPtr& plan) {
  if (plan->kind == PlanKind::kProject) {
    return {plan->input(), plan->as<ProjectNode>().exprs};
  }
  return {plan, all_columns(*plan)};
}

PlanPtr with_witness(const PlanPtr& plan) {
  std::vector<ExprPtr> exprs = all_columns(*plan);
  std::vector<std::string> names = column_names(*plan);
  exprs.push_back(make_boolean(true));
  names.emplace_back("found");
  return make_project(plan, std::move(exprs), std::move(names), plan->span);
}

namespace {

bool same_exprs(const std::vector<ExprPtr>& a, const std::vector<ExprPtr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const ExprPtr& x, const ExprPtr& y) { return *x == *y; });
}

bool same_subquery(const BoundSubquery& a, const BoundSubquery& b) {
  if (a.use != b.use || (a.value == nullptr) != (b.value == nullptr)) return false;
  if (a.value != nullptr && (!(*a.value == *b.value) || a.value->is_volatile())) return false;
  return same_exprs(a.conditions, b.conditions) && same_exprs(a.compared, b.compared) &&
         same_plan(*a.right, *b.right);
}

}  // namespace

std::vector<ExprPtr> expressions_of(const BoundSubquery& subquery) {
  std::vector<ExprPtr> all = subquery.conditions;
  all.insert(all.end(), subquery.compared.begin(), subquery.compared.end());
  if (subquery.value != nullptr) all.push_back(subquery.value);
  return all;
}

ExprPtr SubqueryList::add(BoundSubquery subquery) {
  size_t number = 0;
  while (number < subqueries.size() && !same_subquery(subqueries[number], subquery)) ++number;
  ExprPtr stand_in = make_stand_in(ExprKind::kSubquery, number, subquery.type, subquery.name);
  if (number < subqueries.size()) return stand_in;
  subqueries.push_back(std::move(subquery));
  placed.push_back(false);
  return stand_in;
}

Result<ExprPtr> ExprBinder::bind_outer(const ast::ColumnRef& ref, SourceSpan span) {
  const std::vector<OuterScope>& around = session_.outer_scopes();
  for (size_t i = around.size(); i-- > 0 && around[i].scope != nullptr;) {
    const Result<ExprPtr> found = around[i].scope->resolve(session_, ref, span);
    if (!found) continue;
    if (i + 1 < around.size()) {
      return session_.not_supported(
          fmt::format("'{}' is of a query two levels up", session_.text_of(span)), span);
    }
    std::vector<size_t> columns;
    collect_columns(**found, &columns);
    if (around[i].columns != nullptr) {
      for (const size_t column : columns) around[i].columns->emplace(column, span);
    }
    return seen_from_inside(*found);
  }
  return ExprPtr();
}

Result<PlanPtr> ExprBinder::bind_inner(const ast::Query& query, SourceSpan span) {
  if (subqueries_ == nullptr) {
    return session_.not_supported(fmt::format("a sub-query in {}", clause_), span)
        .with_hint("join it in FROM, or ask for it in WHERE");
  }
  BindSession::InsideSubquery inside(session_, {&scope_, columns_});
  return QueryBinder(session_).bind(query, subqueries_->ctes, true);
}

Result<ExprPtr> ExprBinder::bind_exists(const ast::Exists& exists, SourceSpan span) {
  PlanPtr plan = TRY(bind_inner(*exists.query, span));
  plan = for_existence(std::move(plan));
  if (plan == nullptr) return make_boolean(true);
  Decorrelated inner = TRY(decorrelate(session_, plan, span));
  BoundSubquery subquery;
  subquery.use = SubqueryUse::kExists;
  subquery.right = std::move(inner.plan);
  subquery.conditions = std::move(inner.conditions);
  subquery.type = Type::boolean();
  subquery.name = "exists";
  subquery.span = span;
  return subqueries_->add(std::move(subquery));
}

Result<ExprPtr> ExprBinder::bind_scalar(const ast::ScalarQuery& scalar, SourceSpan span) {
  const PlanPtr plan = TRY(bind_inner(*scalar.query, span));
  if (plan->schema->size() != 1) {
    return session_.error(
        ErrorCode::kInvalidStatement,
        fmt::format("a sub-query as a value gives one column, not {}", plan->schema->size()), span);
  }
  return add_value(plan, (*plan->schema)[0].name, span);
}

/// A plan of one column as a value.
Result<ExprPtr> ExprBinder::add_value(const PlanPtr& plan, const std::string& name,
                                      SourceSpan span) {
  const SelectList items = select_list_of(plan);
  const bool computed_outside = has_stand_in(*items.exprs[0], ExprKind::kOuter);
  Decorrelated inner = TRY(decorrelate(session_, computed_outside ? items.input : plan, span));
  BoundSubquery subquery;
  subquery.use = SubqueryUse::kValue;
  subquery.value = computed_outside ? items.exprs[0] : column_of(*inner.plan, 0);
  subquery.type = subquery.value->type();
  // Where no row is found the value is NULL, or that of an aggregate over nothing.
  ExprPtr otherwise = make_null(subquery.type);
  if (!inner.over_nothing.empty()) {
    otherwise = substitute_columns(subquery.value, inner.over_nothing);
  }
  subquery.one_row = is_one_row(inner);
  const bool always_there = !inner.over_nothing.empty() && inner.conditions.empty() &&
                            inner.plan->bounded && !inner.plan->changelog.changing;
  const bool plain = subquery.value->kind() == ExprKind::kColumn && otherwise->is_null_literal();
  if (!plain && !always_there) {
    inner.plan = with_witness(inner.plan);
    const ExprPtr witness = column_of(*inner.plan, inner.plan->schema->size() - 1);
    subquery.value = TRY(session_.at(span, make_case({witness, subquery.value}, otherwise)));
  }
  subquery.right = std::move(inner.plan);
  subquery.conditions = std::move(inner.conditions);
  subquery.name = name;
  subquery.span = span;
  return subqueries_->add(std::move(subquery));
}

bool ExprBinder::is_one_row(const Decorrelated& inner) {
  std::vector<size_t> fixed;
  for (const ExprPtr& condition : inner.conditions) {
    const std::optional<OuterEquality> equality = outer_equality(*condition);
    if (equality && equality->inner->kind() == ExprKind::kColumn) {
      fixed.push_back(equality->inner->index());
    }
  }
  return is_unique_by(*inner.plan, fixed);
}

Result<ExprPtr> ExprBinder::bind_in_query(const ast::InQuery& in, SourceSpan span) {
  const auto* row = in.operand->as<ast::RowValue>();
  std::vector<ExprPtr> needles;
  if (row != nullptr) {
    needles = TRY(bind_all(row->fields));
  } else {
    needles.push_back(TRY(bind(*in.operand)));
  }
  ExprPtr made = TRY(add_membership(std::move(needles), *in.query, span));
  return in.negated ? session_.at(span, make_not(std::move(made))) : made;
}

Status ExprBinder::check_needle(const Expr& needle, SourceSpan span) const {
  if (has_stand_in(needle, ExprKind::kOuter)) {
    return session_.not_supported(
        "a sub-query that is compared with something of a query two levels up", span);
  }
  if (has_stand_in(needle, ExprKind::kSubquery)) {
    return session_.not_supported("a sub-query that is compared with another one", span)
        .with_hint("join one of them in FROM");
  }
  return check_comparable(session_, needle.type(), span);
}

Result<ExprPtr> ExprBinder::add_membership(std::vector<ExprPtr> needles, const ast::Query& query,
                                           SourceSpan span) {
  PlanPtr plan = TRY(bind_inner(query, span));
  if (plan->schema->size() != needles.size()) {
    return session_.error(
        ErrorCode::kInvalidStatement,
        fmt::format("IN compares {} with a sub-query of {}", count_of(needles.size(), "value"),
                    count_of(plan->schema->size(), "column")),
        span);
  }
  for (const ExprPtr& needle : needles) TRY(check_needle(*needle, span));
  plan = for_membership(std::move(plan));
  const SelectList items = select_list_of(plan);
  const bool computed_outside =
      std::any_of(items.exprs.begin(), items.exprs.end(),
                  [](const ExprPtr& item) { return has_stand_in(*item, ExprKind::kOuter); });
  Decorrelated inner = TRY(decorrelate(session_, computed_outside ? items.input : plan, span));
  if (!inner.over_nothing.empty() && !inner.conditions.empty()) {
    return compare_with_value(ast::BinaryOp::kEqual, needles, plan, span);
  }
  BoundSubquery subquery;
  subquery.use = SubqueryUse::kIn;
  for (size_t i = 0; i < needles.size(); ++i) {
    const ExprPtr value = computed_outside ? items.exprs[i] : column_of(*inner.plan, i);
    subquery.compared.push_back(
        TRY(session_.at(span, make_call("=", {seen_from_inside(needles[i]), value}))));
  }
  subquery.right = std::move(inner.plan);
  subquery.conditions = std::move(inner.conditions);
  subquery.type = Type::boolean();
  subquery.name = "in";
  subquery.span = span;
  return subqueries_->add(std::move(subquery));
}

/// Over a sub-query that gives one row for each row around, even over nothing: IN and ANY compare
/// with its values.
Result<ExprPtr> ExprBinder::compare_with_value(ast::BinaryOp op,
                                               const std::vector<ExprPtr>& needles,
                                               const PlanPtr& plan, SourceSpan span) {
  ExprPtr all;
  for (size_t i = 0; i < needles.size(); ++i) {
    std::vector<ExprPtr> one = {column_of(*plan, i)};
    PlanPtr column = make_project(plan, std::move(one), {(*plan->schema)[i].name}, plan->span);
    if (plan->kind == PlanKind::kProject) {
      column = make_project(plan->input(), {plan->as<ProjectNode>().exprs[i]},
                            {(*plan->schema)[i].name}, plan->span);
    }
    ExprPtr value = TRY(add_value(column, (*plan->schema)[i].name, span));
    ExprPtr one_holds =
        TRY(session_.at(span, make_call(ast::binary_op_text(op), {needles[i], std::move(value)})));
    all =
        all == nullptr ? std::move(one_holds) : TRY(make_and(std::move(all), std::move(one_holds)));
  }
  return all;
}

Result<ExprPtr> ExprBinder::bind_quantified(const ast::Quantified& quantified, SourceSpan span) {
  const ast::BinaryOp op = quantified.all ? opposite(quantified.op) : quantified.op;
  ExprPtr needle = TRY(bind(*quantified.operand));
  ExprPtr made;
  if (op == ast::BinaryOp::kEqual) {
    made = TRY(add_membership({std::move(needle)}, *quantified.query, span));
  } else {
    made = TRY(add_comparison(op, needle, *quantified.query, span));
  }
  return quantified.all ? session_.at(span, make_not(std::move(made))) : made;
}

/// x op ANY (query), of any operator but =.
Result<ExprPtr> ExprBinder::add_comparison(ast::BinaryOp op, const ExprPtr& needle,
                                           const ast::Query& query, SourceSpan span) {
  PlanPtr plan = TRY(bind_inner(query, span));
  if (plan->schema->size() != 1) {
    return session_.error(
        ErrorCode::kInvalidStatement,
        fmt::format("a comparison with ANY or ALL of {}", count_of(plan->schema->size(), "column")),
        span);
  }
  TRY(check_needle(*needle, span));
  plan = for_membership(std::move(plan));
  const Decorrelated rows = TRY(decorrelate(session_, plan, span));
  if (!rows.over_nothing.empty() && !rows.conditions.empty()) {
    return compare_with_value(op, {needle}, plan, span);
  }
  plan = TRY(summary_of(session_, std::move(plan), span));
  Decorrelated inner = TRY(decorrelate(session_, plan, span));
  BoundSubquery subquery;
  subquery.use = SubqueryUse::kValue;
  subquery.value = TRY(session_.at(span, compare_any(op, seen_from_inside(needle), *inner.plan)));
  subquery.one_row = true;
  subquery.right = std::move(inner.plan);
  subquery.conditions = std::move(inner.conditions);
  subquery.type = Type::boolean();
  subquery.name = "any";
  subquery.span = span;
  return subqueries_->add(std::move(subquery));
}

}  // namespace velo
