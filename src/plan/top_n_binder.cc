#include "plan/top_n_binder.h"

#include <algorithm>

#include "plan/join_binder.h"
#include "plan/plan_build.h"

namespace velo {
namespace {

std::optional<int64_t> integer_of(const Expr& expr) {
  const Expr* at = &expr;
  while (at->kind() == ExprKind::kCast) at = at->arg(0).get();
  if (!at->is_literal() || at->is_null_literal() || !at->type().is_integer()) return std::nullopt;
  return at->literal()->int64_at(0);
}

bool is_number(const Expr& expr, size_t column) {
  return expr.kind() == ExprKind::kColumn && expr.index() == column;
}

/// The greatest number that the conjunct lets through, if it bounds it. `all`: it says no more.
std::optional<int64_t> bound_of(const Expr& expr, size_t column, bool* all) {
  if (expr.kind() != ExprKind::kCall || expr.args().size() != 2) return std::nullopt;
  std::string_view op = expr.function().name();
  const bool left = is_number(*expr.arg(0), column);
  if (!left && !is_number(*expr.arg(1), column)) return std::nullopt;
  const std::optional<int64_t> value = integer_of(*expr.arg(left ? 1 : 0));
  if (!value) return std::nullopt;
  if (!left) op = op == ">=" ? "<=" : op == ">" ? "<" : op == "=" ? "=" : "";
  *all = op != "=" || *value == 1;
  if (op == "<=" || op == "=") return *value;
  if (op == "<") return *value - 1;
  return std::nullopt;
}

/// Takes the conjuncts that bound the number in column `number` of what is below; the least bound.
std::optional<int64_t> take_bound(const PlanNode& plan, size_t number,
                                  std::vector<ExprPtr>* conjuncts) {
  const bool projected = plan.kind == PlanKind::kProject;
  std::optional<int64_t> limit;
  std::vector<ExprPtr> rest;
  for (const ExprPtr& conjunct : *conjuncts) {
    bool all = false;
    std::optional<int64_t> bound;
    for (size_t i = 0; i < plan.schema->size() && !bound; ++i) {
      const bool here =
          projected ? is_number(*plan.as<ProjectNode>().exprs[i], number) : i == number;
      if (here) bound = bound_of(*conjunct, i, &all);
    }
    if (bound) limit = std::min(*bound, limit.value_or(INT64_MAX));
    if (!bound || !all) rest.push_back(conjunct);
  }
  *conjuncts = std::move(rest);
  return limit;
}

/// The first rows by one call; the others, if there are any, are answered before, over all rows.
PlanPtr over_others(const OverNode& node, size_t call, TopNParts parts) {
  if (node.calls.size() == 1) return make_top_n(node.input(), std::move(parts));
  OverParts others = parts_of(node);
  others.calls.erase(others.calls.begin() + static_cast<ptrdiff_t>(call));
  PlanPtr top = make_top_n(make_over(node.input(), std::move(others)), std::move(parts));
  std::vector<ExprPtr> columns = all_columns(*top);
  const size_t place = node.input()->schema->size() + call;
  std::rotate(columns.begin() + static_cast<ptrdiff_t>(place), columns.end() - 1, columns.end());
  return make_project(std::move(top), std::move(columns), column_names(node), node.span);
}

}  // namespace

PlanPtr give_to_numbering(const BindSession& session, const PlanPtr& plan,
                          std::vector<ExprPtr>* conjuncts) {
  const bool projected = plan->kind == PlanKind::kProject;
  const PlanPtr& numbered = projected ? plan->input() : plan;
  if (numbered->kind != PlanKind::kOver) return plan;
  const auto& node = numbered->as<OverNode>();
  if (node.form == PlanOverForm::kTime) return plan;
  for (size_t call = 0; call < node.calls.size(); ++call) {
    if (!node.calls[call].call.is_rank()) continue;
    const size_t number = node.input()->schema->size() + call;
    std::vector<ExprPtr> rest = *conjuncts;
    const std::optional<int64_t> limit = take_bound(*plan, number, &rest);
    if (!limit || *limit < 1) continue;
    *conjuncts = std::move(rest);
    TopNParts parts{node.partition,
                    node.order,
                    node.calls[call].call.function,
                    *limit,
                    node.calls[call].name,
                    unbounded_state(session),
                    node.span};
    PlanPtr top = over_others(node, call, std::move(parts));
    if (!projected) return top;
    return make_project(std::move(top), plan->as<ProjectNode>().exprs, column_names(*plan),
                        plan->span);
  }
  return plan;
}

}  // namespace velo
