#pragma once

#include <string>
#include <string_view>

#include "plan/plan_test_support.h"
#include "plan/rewrite.h"

namespace velo {

/// The last statement's plan as it is bound, over the tables of kTablesForTest.
inline PlanPtr bound_for_test(std::string_view sql) {
  SessionForTest session = session_with_tables();
  session.optimise = false;
  const Result<ast::Script> script = parse_script(sql);
  CHECK(script.has_value(), script.error().to_string());
  PlanPtr plan;
  for (const ast::Statement& statement : script->statements) {
    const BinderContext context{
        &session.catalog, &session.kinds, &session.settings,
        [](std::string_view) -> std::optional<std::string> { return std::nullopt; }, false};
    const Result<BoundStatement> made = bind_statement(statement, sql, context);
    CHECK(made.has_value(), made.error().to_string());
    if (PlanPtr found = made->plan()) plan = std::move(found);
  }
  return plan;
}

/// A plan as EXPLAIN shows its steps, beginning with a newline.
inline std::string steps_of(const PlanPtr& plan) {
  return "\n" + explain(*plan, {.changelog = false, .state = false});
}

}  // namespace velo
