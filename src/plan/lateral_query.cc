// LATERAL (SELECT …) with clauses of its own: GROUP BY, DISTINCT, ORDER BY, LIMIT, aggregates, or
// LEFT JOIN in front of it. It is bound and taken apart as a sub-query of an expression is
// (decorrelate.cc), and joined with the rows around it by what ties the two.
#include <algorithm>

#include "plan/join_binder.h"
#include "plan/plan_build.h"
#include "plan/subquery.h"

namespace velo {
namespace {

/// An expression over kOuter and the columns of a sub-query over those of the rows around, then
/// those of the sub-query.
ExprPtr over_both(const ExprPtr& expr, size_t around) {
  const ExprPtr moved = replace_leaves(expr, ExprKind::kColumn, [&](const ExprPtr& column) {
    return make_column(column->index() + around, column->type(), column->name());
  });
  return replace_leaves(moved, ExprKind::kOuter, [](const ExprPtr& column) {
    return make_column(column->index(), column->type(), column->name());
  });
}

}  // namespace

Result<BoundRelation> QueryBinder::join_lateral_query(BoundRelation left, const ast::TableRef& ref,
                                                      bool keeps_left, const WithTables* ctes) {
  left = TRY(assign_window(session_, std::move(left)));
  PlanPtr plan;
  {
    BindSession::InsideSubquery inside(session_, {&left.scope, nullptr});
    plan = TRY(bind(*ref.as<ast::DerivedTable>()->query, ctes, true));
  }
  const SelectList list = select_list_of(plan);
  const bool reads_around =
      std::any_of(list.exprs.begin(), list.exprs.end(),
                  [](const ExprPtr& item) { return has_stand_in(*item, ExprKind::kOuter); });
  Decorrelated inner = TRY(decorrelate(session_, reads_around ? list.input : plan, ref.span));
  std::vector<ExprPtr> items = reads_around ? list.exprs : all_columns(*plan);
  // An aggregate over all rows gives one even where nothing is tied to the row around.
  const bool always = !inner.over_nothing.empty() && !inner.conditions.empty();
  if (always || (keeps_left && reads_around)) {
    inner.plan = with_witness(inner.plan);
    const ExprPtr witness = column_of(*inner.plan, inner.plan->schema->size() - 1);
    for (ExprPtr& item : items) {
      ExprPtr otherwise =
          always ? substitute_columns(item, inner.over_nothing) : make_null(item->type());
      item = TRY(session_.at(ref.span, make_case({witness, item}, std::move(otherwise))));
    }
  }
  const size_t around = left.plan->schema->size();
  JoinParts parts;
  parts.kind = always || keeps_left ? PlanJoinKind::kLeft : PlanJoinKind::kInner;
  for (const ExprPtr& condition : inner.conditions) {
    parts.conjuncts.push_back(over_both(condition, around));
  }
  parts.fallback = unbounded_state(session_);
  parts.span = session_.node_span(ref.span);
  left.plan = make_join(left.plan, inner.plan, std::move(parts));
  for (ExprPtr& item : items) item = over_both(item, around);
  const Scope scope = left.scope;
  return add_items(std::move(left), scope, std::move(items), column_names(*plan), ref);
}

}  // namespace velo
