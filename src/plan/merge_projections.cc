#include <algorithm>

#include "plan/plan_build.h"
#include "plan/rewrite.h"

namespace velo {
namespace {

bool is_identity(const ProjectNode& project) {
  const PlanNode& input = *project.input();
  if (project.exprs.size() != input.schema->size()) return false;
  for (size_t i = 0; i < project.exprs.size(); ++i) {
    const Expr& expr = *project.exprs[i];
    if (expr.kind() != ExprKind::kColumn || expr.index() != i) return false;
    if ((*project.schema)[i].name != (*input.schema)[i].name) return false;
  }
  return true;
}

}  // namespace

PlanPtr merge_projections(const PlanPtr& plan) {
  if (plan->kind == PlanKind::kShared) return plan;
  std::vector<PlanPtr> inputs;
  for (const PlanPtr& input : plan->inputs) inputs.push_back(merge_projections(input));
  const PlanPtr merged = with_inputs(plan, std::move(inputs));
  if (merged->kind != PlanKind::kProject) return merged;
  const auto& outer = merged->as<ProjectNode>();
  if (is_identity(outer)) return merged->input();
  if (merged->input()->kind != PlanKind::kProject) return merged;
  const auto& inner = merged->input()->as<ProjectNode>();
  // RAND() that is read twice must be drawn once.
  const bool by_chance = std::any_of(inner.exprs.begin(), inner.exprs.end(),
                                     [](const ExprPtr& expr) { return expr->is_volatile(); });
  if (by_chance) return merged;
  std::vector<ExprPtr> exprs;
  for (const ExprPtr& expr : outer.exprs) exprs.push_back(substitute_columns(expr, inner.exprs));
  return make_project(inner.input(), std::move(exprs), column_names(outer), outer.span);
}

}  // namespace velo
