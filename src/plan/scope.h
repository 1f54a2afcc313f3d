#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/letters.h"
#include "expr/expr.h"
#include "plan/bind_session.h"
#include "plan/plan_node.h"

namespace velo {

/// A column that an expression may name. Its index is its position in the scope.
struct ScopeColumn {
  std::string relation;  ///< alias or name of the table it comes from; "" = none
  std::string name;
  Type type;
  ColumnTraits traits;
  bool is_system = false;  ///< found only if nothing else has the name; not part of `*`
};

/// The columns in sight of an expression.
class Scope {
 public:
  std::vector<ScopeColumn> columns;

  /// All columns of a plan, under one relation name.
  static Scope of(const PlanNode& plan, std::string_view relation);

  /// The column or field that the parts name. Errors: unknown (with the nearest name), ambiguous.
  Result<ExprPtr> resolve(const BindSession& session, const ast::ColumnRef& ref,
                          SourceSpan span) const;
  /// Like `resolve` for one name, but says nothing if there is none: -1; several: -2.
  int find(const ast::Name& name, bool with_system = true) const;
  ExprPtr column(size_t index) const;
  bool has_relation(const ast::Name& name) const;
  /// The one event time column, or -1 if there is none, -2 if there are several.
  int event_time() const;

 private:
  int find_qualified(const ast::Name& relation, const ast::Name& name) const;
  int find_alias(const ast::Name& name) const;
  Error unknown(const BindSession& session, const ast::ColumnRef& ref, SourceSpan span) const;
};

/// a, b, c … of at most `most` names, for messages.
std::string join_names(const std::vector<std::string>& names, size_t most = 12);

/// "1 column", "3 columns".
std::string count_of(size_t count, std::string_view noun);

}  // namespace velo
