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

}  // namespace

PlanPtr give_to_numbering(const BindSession& session, const PlanPtr& plan,
                          std::vector<ExprPtr>* conjuncts) {
  const bool projected = plan->kind == PlanKind::kProject;
  const PlanPtr& numbered = projected ? plan->input() : plan;
  if (numbered->kind != PlanKind::kRowNumber) return plan;
  const auto& node = numbered->as<RowNumberNode>();
  const size_t number = node.schema->size() - 1;
  std::optional<int64_t> limit;
  std::vector<ExprPtr> rest;
  for (const ExprPtr& conjunct : *conjuncts) {
    bool all = false;
    std::optional<int64_t> bound;
    for (size_t i = 0; i < plan->schema->size() && !bound; ++i) {
      const bool here =
          projected ? is_number(*plan->as<ProjectNode>().exprs[i], number) : i == number;
      if (here) bound = bound_of(*conjunct, i, &all);
    }
    if (bound) limit = std::min(*bound, limit.value_or(INT64_MAX));
    if (!bound || !all) rest.push_back(conjunct);
  }
  if (!limit || *limit < 1) return plan;
  *conjuncts = std::move(rest);
  TopNParts parts{node.partition,           node.order, *limit, node.schema->fields().back().name,
                  unbounded_state(session), node.span};
  PlanPtr top = make_top_n(node.input(), std::move(parts));
  if (!projected) return top;
  return make_project(std::move(top), plan->as<ProjectNode>().exprs, column_names(*plan),
                      plan->span);
}

Status check_numbering(const BindSession& session, const PlanNode& plan) {
  for (const PlanPtr& input : plan.inputs) TRY(check_numbering(session, *input));
  if (plan.kind != PlanKind::kRowNumber) return {};
  return session.not_supported("ROW_NUMBER() without a bound on it", plan.span)
      .with_hint("WHERE rn <= n around the query that numbers the rows, or QUALIFY");
}

}  // namespace velo
