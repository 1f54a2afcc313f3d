// Every example in the function table, parsed, bound and evaluated, gives the result that stands
// beside it; and its EXPLAIN text, read back, gives the same again.
#include <gtest/gtest.h>

#include "column/scalar.h"
#include "expr/evaluator.h"
#include "plan/plan_test_support.h"

namespace velo {
namespace {

/// The single expression of `SELECT <text>`.
Result<ExprPtr> bind_expression(const std::string& text) {
  SessionForTest session;
  const std::string sql = "SELECT " + text + " AS x";
  const ast::Script script = TRY(parse_script(sql));
  const BinderContext context{&session.catalog, &session.kinds, &session.settings,
                              [](std::string_view) { return std::nullopt; }, false};
  const BoundStatement bound = TRY(bind_statement(script.statements[0], sql, context));
  for (PlanPtr plan = bound.plan(); plan != nullptr; plan = plan->input()) {
    if (plan->kind == PlanKind::kProject) return plan->as<ProjectNode>().exprs[0];
    if (plan->kind == PlanKind::kValues) return plan->as<ValuesNode>().rows[0][0];
    if (plan->inputs.empty()) break;
  }
  return Error(ErrorCode::kInternal, "no projection in the plan of " + sql);
}

std::string value_of(const std::string& text) {
  const Result<ExprPtr> expr = bind_expression(text);
  if (!expr) return "refused: " + expr.error().to_string();
  EvaluationContext context;
  const Result<ColumnPtr> value = evaluate_constant(*expr, context);
  if (!value) return "failed: " + value.error().message;
  if ((*value)->is_null(0)) return "NULL";
  std::string out;
  append_text(out, **value, 0);
  return out;
}

TEST(FunctionExamples, GiveWhatTheySay) {
  size_t checked = 0;
  for (const Function& function : function_table()) {
    if (function.example.empty() || function.result.empty()) continue;
    EXPECT_EQ(value_of(std::string(function.example)), function.result) << function.example;
    ++checked;
  }
  EXPECT_GT(checked, 200U);
}

TEST(FunctionExamples, TextOfTheBoundExpressionMeansTheSame) {
  for (const Function& function : function_table()) {
    if (function.example.empty() || function.result.empty() || function.has(kVolatile)) continue;
    const Result<ExprPtr> expr = bind_expression(std::string(function.example));
    if (!expr) continue;
    EXPECT_EQ(value_of((*expr)->to_string()), function.result)
        << function.example << " was written " << (*expr)->to_string();
  }
}

}  // namespace
}  // namespace velo
