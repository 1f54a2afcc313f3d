// Items of FROM: tables, views, shared sub-plans, derived tables, window functions.
#include <algorithm>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "plan/join_binder.h"
#include "plan/plan_build.h"
#include "plan/query_binder.h"
#include "plan/table_binder.h"
#include "plan/topic_binder.h"
#include "plan/window_binder.h"

namespace velo {
namespace {

constexpr size_t kViewDepthMax = 64;

BoundRelation relation_of(PlanPtr plan, std::string_view name) {
  BoundRelation relation;
  relation.scope = Scope::of(*plan, name);
  relation.plan = std::move(plan);
  return relation;
}

}  // namespace

Result<PlanPtr> rename_columns(const BindSession& session, PlanPtr plan,
                               const std::vector<ast::Name>& names, SourceSpan span) {
  if (names.empty()) return plan;
  if (names.size() != plan->schema->size()) {
    return session.error(ErrorCode::kInvalidStatement,
                         fmt::format("{} for {}", count_of(names.size(), "name"),
                                     count_of(plan->schema->size(), "column")),
                         span);
  }
  std::vector<std::string> texts;
  for (const ast::Name& name : names) texts.push_back(name.text);
  std::vector<ExprPtr> columns = all_columns(*plan);
  return make_project(plan, std::move(columns), std::move(texts), plan->span);
}

Error QueryBinder::unknown_table(const ast::QualifiedName& name, const WithTables* ctes,
                                 SourceSpan span) const {
  std::vector<std::string> names = session_.catalog().names();
  for (const WithTables* level = ctes; level != nullptr; level = level->outer) {
    for (size_t i = 0; i < level->count; ++i) names.push_back((*level->tables)[i].name.text);
  }
  Error error = session_.error(ErrorCode::kUnknownName,
                               fmt::format("there is no table '{}'", name.to_string()), span);
  error.hint = did_you_mean(name.to_string(), names);
  if (error.hint.empty() && !names.empty()) error.hint = "tables here: " + join_names(names);
  return error;
}

Status QueryBinder::refuse_options(const ast::NamedTable& table) const {
  if (table.target.options.empty()) return {};
  return session_
      .error(ErrorCode::kInvalidStatement,
             fmt::format("'{}' is made of a query and takes no options",
                         table.target.name.to_string()),
             table.target.options[0].key_span)
      .with_hint("write them behind the table that the query reads");
}

Result<BoundRelation> QueryBinder::bind_entry(const CatalogEntry& entry,
                                              const ast::NamedTable& table, SourceSpan span) {
  const SourceSpan node_span = session_.node_span(span);
  if (!std::holds_alternative<TableDefPtr>(entry)) TRY(refuse_options(table));
  if (const auto* shared = std::get_if<SharedDefPtr>(&entry)) {
    const PlanNode& plan = *(*shared)->plan;
    return relation_of(make_shared_plan((*shared)->name, plan.input(), node_span), (*shared)->name);
  }
  if (const auto* view = std::get_if<ViewDefPtr>(&entry)) {
    const ViewDef& def = **view;
    if (session_.depth() >= kViewDepthMax || session_.is_inside_view(def.name)) {
      return session_.error(ErrorCode::kInvalidStatement,
                            fmt::format("the view '{}' reads itself", def.name), span);
    }
    BindSession::InsideView inside(session_, def, span);
    PlanPtr plan = TRY(bind(def.query, nullptr, true));
    if (!def.columns.empty() && def.columns.size() == plan->schema->size()) {
      std::vector<ExprPtr> columns = all_columns(*plan);
      plan = make_project(plan, std::move(columns), def.columns, plan->span);
    }
    return relation_of(std::move(plan), def.name);
  }
  TableDefPtr def = std::get<TableDefPtr>(entry);
  if (!table.target.options.empty()) {
    def = TRY(with_options(session_, *def, table.target.options));
  }
  if (!def->traits.can_read) {
    return session_.error(
        ErrorCode::kInvalidStatement,
        fmt::format("'{}' can only be written: connector '{}'", def->name, def->connector()), span);
  }
  if (!def->partitioned_by.empty()) {
    return session_.not_supported("reading a table that is PARTITIONED BY", span);
  }
  std::vector<size_t> columns(def->columns.size());
  for (size_t i = 0; i < columns.size(); ++i) columns[i] = i;
  PlanPtr plan = make_scan(def, columns, true, node_span);
  if (def->traits.changes == TableChanges::kUpsert) {
    if (def->primary_key.empty()) {
      return session_.error(
          ErrorCode::kInvalidStatement,
          fmt::format("'{}' is read as changes by PRIMARY KEY and has none", def->name), span);
    }
    const PlanStateBound bound = plan->bounded ? PlanStateBound{StateBoundKind::kBoundedInput, 0}
                                               : unbounded_state(session_);
    plan = make_normalize(plan, def->primary_key, bound, node_span);
  }
  BoundRelation relation = relation_of(std::move(plan), def->name);
  for (size_t i = 0; i < columns.size(); ++i) {
    relation.scope.columns[i].is_system = def->columns[i].is_system;
  }
  return relation;
}

Result<BoundRelation> QueryBinder::bind_table(const ast::NamedTable& table,
                                              const ast::TableRef& ref, const WithTables* ctes) {
  const ast::Target& target = table.target;
  const SourceSpan span = target.span.length > 0 ? target.span : ref.span;
  if (target.address) {
    const TableDefPtr def = TRY(bind_inline_table(session_, target, true));
    return bind_entry(def, ast::NamedTable{}, span);
  }
  const ast::QualifiedName written = TRY(session_.filled_in(target.name));
  if (written.parts.size() == 1) {
    const ast::Name& name = written.parts[0];
    const WithTables* level = nullptr;
    const ast::CommonTable* common = ctes != nullptr ? ctes->find(name, &level) : nullptr;
    if (common != nullptr) {
      TRY(refuse_options(table));
      const WithTables before{level->outer, level->tables,
                              static_cast<size_t>(common - level->tables->data())};
      BindSession::InsideSubquery apart(session_, {});
      PlanPtr plan = TRY(bind(*common->query, &before, true));
      plan = TRY(rename_columns(session_, std::move(plan), common->columns, common->name.span));
      return relation_of(std::move(plan), common->name.text);
    }
    if (const CatalogEntry* entry = session_.catalog().find(name)) {
      return bind_entry(*entry, table, span);
    }
    if (is_described_by_options(session_, name.text)) {
      const TableDefPtr def = TRY(bind_inline_table(session_, target, true));
      return bind_entry(def, ast::NamedTable{}, span);
    }
  } else {
    ast::Name joined;
    joined.text = written.to_string();
    if (const CatalogEntry* entry = session_.catalog().find(joined)) {
      return bind_entry(*entry, table, span);
    }
  }
  return unknown_table(written, ctes, span);
}

Result<BoundRelation> QueryBinder::bind_window_table(const ast::WindowTable& table,
                                                     const WithTables* ctes) {
  BoundRelation relation = TRY(bind_from(*table.input, ctes));
  if (relation.window) {
    return session_.not_supported("a window function over a window function", table.window.span);
  }
  BoundRelation::Window window;
  TRY(bind_processing_time(session_, table.window, &relation));
  window.window = TRY(bind_window(session_, table.window, relation.scope));
  window.span = table.window.span;
  ExprBinder binder(session_, relation.scope, "PARTITION BY");
  for (const ast::Expr& expr : table.window.partition_by) {
    window.partition.push_back(TRY(binder.bind(expr)));
  }
  const Type bound = window_bound_type((*relation.plan->schema)[window.window.time_column].type);
  // Windows of windows: the inner bounds give way to the outer ones of the same name.
  for (ScopeColumn& column : relation.scope.columns) {
    for (const std::string_view bound_name : {"window_start", "window_end", "window_time"}) {
      if (equals_ignoring_case(column.name, bound_name)) column.is_system = true;
    }
  }
  const std::string name = relation.scope.columns.empty() ? "" : relation.scope.columns[0].relation;
  relation.scope.columns.push_back({name, "window_start", bound, {false, WindowRole::kStart}});
  relation.scope.columns.push_back({name, "window_end", bound, {false, WindowRole::kEnd}});
  relation.scope.columns.push_back({name, "window_time", bound, {true, WindowRole::kTime}});
  relation.window = std::move(window);
  return relation;
}

Result<BoundRelation> QueryBinder::bind_from(const ast::TableRef& ref, const WithTables* ctes,
                                             bool right_of_join) {
  BoundRelation relation;
  if (const auto* table = ref.as<ast::NamedTable>()) {
    if (table->system_time && !right_of_join) {
      return session_
          .error(ErrorCode::kInvalidStatement,
                 "FOR SYSTEM_TIME AS OF without a left side whose times it could mean",
                 table->system_time->span)
          .with_hint("a JOIN versions FOR SYSTEM_TIME AS OF a.ts ON a.key = versions.key");
    }
    relation = TRY(bind_table(*table, ref, ctes));
  } else if (const ast::Call* topic = topic_call(ref)) {
    const FoundTable found = TRY(bind_topic(session_, *topic, ref.span));
    warn_of_guess(session_, found, ref.span);
    relation = TRY(bind_entry(found.table, ast::NamedTable{}, ref.span));
  } else if (is_lateral(ref)) {
    return bind_lateral_alone(ref, ctes);
  } else if (const auto* derived = ref.as<ast::DerivedTable>()) {
    relation = relation_of(TRY(bind(*derived->query, ctes, true)), "");
  } else if (const auto* window = ref.as<ast::WindowTable>()) {
    relation = TRY(bind_window_table(*window, ctes));
  } else if (const auto* changes = ref.as<ast::ChangelogTable>()) {
    relation = TRY(bind_changelog_table(*changes, ref.span, ctes));
  } else if (const auto* join = ref.as<ast::Join>()) {
    BoundRelation left = TRY(bind_from(*join->left, ctes));
    relation = TRY(add_joined(std::move(left), *join, ref.span, ctes));
  }
  if (ref.alias) {
    TRY(name_columns(relation.scope, 0, relation.scope.columns.size(), *ref.alias));
  }
  return relation;
}

}  // namespace velo
