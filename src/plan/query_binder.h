#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plan/expr_binder.h"
#include "plan/plan_node.h"
#include "plan/scope.h"

namespace velo {

/// The queries of WITH that are in sight, innermost first.
struct WithTables {
  const WithTables* outer = nullptr;
  const std::vector<ast::CommonTable>* tables = nullptr;
  size_t count = 0;  ///< of `tables`, the first so many: a query sees those before it

  const ast::CommonTable* find(const ast::Name& name, const WithTables** where) const;
};

/// The clauses that close a query and tell its aggregation when to give results.
struct EmitClauses {
  const ast::Emit* emit = nullptr;
  const ast::Expr* lateness = nullptr;
  const ast::Target* late = nullptr;
  /// LIMIT, if there is no OFFSET: where rows cannot be sorted they can be kept to the first so
  /// many. Who does so sets `limit_taken`.
  const ast::Expr* limit = nullptr;
  bool with_ties = false;
  bool* limit_taken = nullptr;
};

/// An item of FROM, bound.
struct BoundRelation {
  PlanPtr plan;
  /// The plan's columns and, if there is a window function, its three.
  Scope scope;
  /// A window function that nothing has made use of yet: GROUP BY may aggregate over it.
  struct Window {
    PlanWindow window;
    std::vector<ExprPtr> partition;
    SourceSpan span;
  };
  std::optional<Window> window;
};

/// Queries to plans, before any rewrite.
class QueryBinder {
 public:
  explicit QueryBinder(BindSession& session) : session_(session) {}

  /// The output's names are the query's. `nested`: not at the top of a statement.
  Result<PlanPtr> bind(const ast::Query& query, const WithTables* outer, bool nested);
  Result<BoundRelation> bind_from(const ast::TableRef& ref, const WithTables* ctes,
                                  bool right_of_join = false);

 private:
  Result<PlanPtr> bind_body(const ast::Query& query, const EmitClauses& clauses,
                            const WithTables* ctes);
  Result<PlanPtr> bind_values(const ast::Values& values, SourceSpan span);
  Result<PlanPtr> bind_set_operation(const ast::SetOperation& set, const EmitClauses& clauses,
                                     const WithTables* ctes, SourceSpan span);
  Result<PlanPtr> bind_branch(const ast::Query& query, const EmitClauses& clauses,
                              const WithTables* ctes);
  Result<PlanPtr> bind_output_order(PlanPtr plan, const std::vector<ast::OrderItem>& items,
                                    const EmitClauses& clauses);
  Result<PlanPtr> bind_limit(PlanPtr plan, const ast::Query& query);
  Result<BoundRelation> bind_table(const ast::NamedTable& table, const ast::TableRef& ref,
                                   const WithTables* ctes);
  Status refuse_options(const ast::NamedTable& table) const;
  Result<BoundRelation> bind_entry(const CatalogEntry& entry, const ast::NamedTable& table,
                                   SourceSpan span);
  Result<BoundRelation> bind_window_table(const ast::WindowTable& table, const WithTables* ctes);
  Result<BoundRelation> bind_changelog_table(const ast::ChangelogTable& table, SourceSpan span,
                                             const WithTables* ctes);
  /// Gives `count` columns from `first` on the names of an alias.
  Status name_columns(Scope& scope, size_t first, size_t count, const ast::TableAlias& alias) const;

  // lateral_binder.cc
  Result<BoundRelation> bind_lateral(BoundRelation left, const ast::Join& join,
                                     const WithTables* ctes);
  Result<BoundRelation> bind_lateral_alone(const ast::TableRef& ref, const WithTables* ctes);
  Result<BoundRelation> add_elements(BoundRelation left, const ast::TableRef& ref, bool keep_empty);
  /// LATERAL (…) beside `left`, whose rows stay where it has none if `keeps_left`.
  Result<BoundRelation> add_lateral(BoundRelation left, const ast::TableRef& ref, bool keeps_left,
                                    const WithTables* ctes);
  Result<BoundRelation> add_lateral_select(BoundRelation left, const ast::TableRef& ref,
                                           const WithTables* ctes);
  Result<BoundRelation> add_item(BoundRelation left, const ast::TableRef& ref,
                                 const WithTables* ctes);
  /// The first columns of `left`, which `scope` names, and the items.
  Result<BoundRelation> add_items(BoundRelation left, Scope scope, std::vector<ExprPtr> items,
                                  std::vector<std::string> names, const ast::TableRef& ref);
  Result<BoundRelation> join_lateral_query(BoundRelation left, const ast::TableRef& ref,
                                           bool keeps_left, const WithTables* ctes);
  /// `left` joined with the right side of `join`, which may see it.
  Result<BoundRelation> add_joined(BoundRelation left, const ast::Join& join, SourceSpan span,
                                   const WithTables* ctes);
  Result<BoundRelation> keep_where(BoundRelation relation, const ast::Expr& condition,
                                   std::string_view clause);

  Error unknown_table(const ast::QualifiedName& name, const WithTables* ctes,
                      SourceSpan span) const;

  BindSession& session_;
};

/// What sees the items of FROM left of it: UNNEST, a table function, LATERAL (…).
bool is_lateral(const ast::TableRef& ref);

/// One SELECT. `order_by` closes the query around it: it may name what the select list does not.
Result<PlanPtr> bind_select(BindSession& session, const ast::Select& select,
                            const EmitClauses& clauses, const std::vector<ast::OrderItem>& order_by,
                            const WithTables* ctes);

/// ORDER BY at `span`: all rows at the end, those of a window when it is over, or with LIMIT the
/// first rows as they come. Otherwise an error: there is no order of what goes on.
Result<PlanPtr> order_rows(const BindSession& session, PlanPtr plan, std::vector<PlanOrder> keys,
                           const EmitClauses& clauses, SourceSpan span);

/// All inputs cast to common types. Errors name the column that has none.
Result<std::vector<PlanPtr>> unify_types(const BindSession& session, std::vector<PlanPtr> inputs,
                                         std::string_view what, SourceSpan span);

/// Groups by the first `columns` columns: DISTINCT, if there are no aggregates. The groups are
/// given when the input ends, unless it does not, or changes are asked for. `clause`: see
/// AggregateNode.
PlanPtr group_by_columns(const BindSession& session, PlanPtr plan, size_t columns,
                         std::vector<PlanAggregate> aggregates, bool asks_for_changes,
                         SourceSpan span, std::string clause = {});

/// What DISTINCT was made of; any other plan as it is.
PlanPtr without_distinct(const PlanPtr& plan);

/// Renames the columns of a plan. Error if there are not as many.
Result<PlanPtr> rename_columns(const BindSession& session, PlanPtr plan,
                               const std::vector<ast::Name>& names, SourceSpan span);

/// The table that a name or an address in FROM or INTO stands for when the catalog has none:
/// 'file://…', or a name that the statement's options describe ('x.type', 'x.path').
Result<TableDefPtr> bind_inline_table(BindSession& session, const ast::Target& target,
                                      bool as_source);
/// True if the statement's options describe a table of this name.
bool is_described_by_options(const BindSession& session, std::string_view name);

}  // namespace velo
