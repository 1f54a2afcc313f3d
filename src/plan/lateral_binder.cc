// Items of FROM that see those to the left of them: UNNEST, table functions, LATERAL (SELECT …).
//
// 1. A table function is a function that gives an ARRAY or MAP; its elements become rows.
// 2. LATERAL (SELECT items FROM r WHERE c) over l is l CROSS JOIN r WHERE c with the items beside
//    l's columns: its FROM is added to what stands left, item by item. One with clauses of its own
//    is a matter of lateral_query.cc.
#include <algorithm>

#include "base/fmt.h"
#include "plan/join_binder.h"
#include "plan/plan_build.h"
#include "plan/query_binder.h"
#include "plan/select_binder.h"
#include "plan/topic_binder.h"

namespace velo {
namespace {

bool reads_window(const Expr& expr, const BoundRelation& relation) {
  std::vector<size_t> columns;
  collect_columns(expr, &columns);
  return relation.window && !columns.empty() && columns.back() >= relation.plan->schema->size();
}

bool is_true(const ast::Expr& expr) {
  const auto* literal = expr.as<ast::Literal>();
  return literal != nullptr && literal->kind == ast::LiteralKind::kBoolean &&
         equals_ignoring_case(literal->text, "TRUE");
}

bool has_condition(const ast::Join& join) {
  return join.natural || !join.using_columns.empty() || join.within || join.asof;
}

bool aggregates(const ast::Expr& expr) {
  if (const auto* call = expr.as<ast::Call>()) {
    if (call->over) return false;
    return is_aggregate(call->name.text) ||
           std::any_of(call->arguments.begin(), call->arguments.end(),
                       [](const ast::Argument& argument) { return aggregates(argument.value); });
  }
  if (const auto* binary = expr.as<ast::Binary>()) {
    return aggregates(*binary->left) || aggregates(*binary->right);
  }
  if (const auto* unary = expr.as<ast::Unary>()) return aggregates(*unary->operand);
  if (const auto* cast = expr.as<ast::Cast>()) return aggregates(*cast->operand);
  return false;
}

/// Whether more happens to the rows inside than what can happen beside those around.
bool has_own_clauses(const ast::Query& query) {
  const auto* select = query.as<ast::Select>();
  if (select == nullptr || !query.with.empty()) return true;
  if (!query.order_by.empty() || query.limit || query.offset) return true;
  if (select->distinct || !select->group_by.empty() || select->window || select->having ||
      select->qualify || !select->named_windows.empty()) {
    return true;
  }
  return std::any_of(select->items.begin(), select->items.end(),
                     [](const ast::SelectItem& item) { return aggregates(item.expr); });
}

/// Comma binds looser than JOIN: in `l, UNNEST(l.list) AS u JOIN b` the right side of the comma
/// begins with what sees l.
bool begins_lateral(const ast::TableRef& ref) {
  const auto* join = ref.alias ? nullptr : ref.as<ast::Join>();
  return join != nullptr && (is_lateral(*join->left) || begins_lateral(*join->left));
}

}  // namespace

bool is_lateral(const ast::TableRef& ref) {
  if (ref.is<ast::TableFunction>()) return topic_call(ref) == nullptr;
  const auto* derived = ref.as<ast::DerivedTable>();
  return derived != nullptr && derived->lateral;
}

Status QueryBinder::name_columns(Scope& scope, size_t first, size_t count,
                                 const ast::TableAlias& alias) const {
  size_t at = 0;
  for (size_t i = first; i < first + count; ++i) {
    ScopeColumn& column = scope.columns[i];
    column.relation = alias.name.text;
    if (column.is_system || alias.columns.empty()) continue;
    if (at < alias.columns.size()) column.name = alias.columns[at].text;
    ++at;
  }
  if (alias.columns.empty() || at == alias.columns.size()) return {};
  return session_.error(
      ErrorCode::kInvalidStatement,
      fmt::format("{} for {}", count_of(alias.columns.size(), "name"), count_of(at, "column")),
      alias.name.span);
}

Result<BoundRelation> QueryBinder::add_elements(BoundRelation left, const ast::TableRef& ref,
                                                bool keep_empty) {
  const auto& function = *ref.as<ast::TableFunction>();
  const auto* call = function.call->as<ast::Call>();
  const bool unnest = call != nullptr && equals_ignoring_case(call->name.text, "UNNEST");
  if (unnest && call->arguments.empty()) {
    return session_.error(ErrorCode::kInvalidStatement, "UNNEST of nothing", ref.span);
  }
  ExprBinder binder(session_, left.scope, "FROM");
  UnnestParts parts;
  if (unnest && call->arguments.size() > 1) {  // side by side
    std::vector<ExprPtr> lists;
    for (const auto& argument : call->arguments) {
      ExprPtr list = TRY(binder.bind(argument.value));
      lists.push_back(std::move(list));
    }
    parts.list = TRY(session_.at(ref.span, make_call("ARRAYS_ZIP", std::move(lists))));
  } else {
    parts.list = TRY(binder.bind(unnest ? call->arguments[0].value : *function.call));
  }
  const Type& type = parts.list->type();
  if (type.kind() != TypeKind::kArray && type.kind() != TypeKind::kMap) {
    return session_
        .error(ErrorCode::kTypeMismatch,
               fmt::format("{} is {}: only an ARRAY or a MAP can become rows",
                           parts.list->to_string(), type.to_string()),
               ref.span)
        .with_hint(
            "SPLIT(text, ','), GENERATE_SERIES(1, 10) and JSON_ARRAY_ELEMENTS(text) make one");
  }
  if (reads_window(*parts.list, left)) left = TRY(assign_window(session_, std::move(left)));
  parts.ordinality = function.with_ordinality;
  parts.keep_empty = keep_empty;
  parts.span = session_.node_span(ref.span);
  std::vector<Field> columns = element_columns(type);
  if (columns.size() == 1 && type.children()[0].kind() != TypeKind::kRow) {
    columns[0].name = ref.alias ? ref.alias->name.text : unnest ? "unnest" : call->name.text;
  }
  if (parts.ordinality) columns.push_back({"ordinality", Type::bigint()});
  Scope added;
  for (const Field& column : columns) {
    added.columns.push_back({"", column.name, column.type, {}, false});
  }
  if (ref.alias) TRY(name_columns(added, 0, columns.size(), *ref.alias));
  for (const ScopeColumn& column : added.columns) parts.names.push_back(column.name);
  const auto at = static_cast<ptrdiff_t>(left.plan->schema->size());
  left.scope.columns.insert(left.scope.columns.begin() + at, added.columns.begin(),
                            added.columns.end());
  left.plan = make_unnest(std::move(left.plan), std::move(parts));
  return left;
}

Result<BoundRelation> QueryBinder::keep_where(BoundRelation relation, const ast::Expr& condition,
                                              std::string_view clause) {
  ExprBinder binder(session_, relation.scope, clause);
  const ExprPtr bound = TRY(binder.bind_condition(condition));
  if (reads_window(*bound, relation)) relation = TRY(assign_window(session_, std::move(relation)));
  std::vector<ExprPtr> conjuncts;
  split_conjuncts(bound, &conjuncts);
  relation.plan = give_to_joins(relation.plan, &conjuncts);
  for (const ExprPtr& rest : conjuncts) {
    relation.plan = make_filter(relation.plan, rest, session_.node_span(condition.span));
  }
  return relation;
}

Result<BoundRelation> QueryBinder::add_item(BoundRelation left, const ast::TableRef& ref,
                                            const WithTables* ctes) {
  const auto* join = ref.as<ast::Join>();
  if (join == nullptr) {
    ast::Join cross;
    cross.kind = ast::JoinKind::kCross;
    cross.right = ref;
    return add_joined(std::move(left), cross, ref.span, ctes);
  }
  // l, (a LEFT JOIN b ON c) is (l, a) LEFT JOIN b ON c; where a may be missing it is not.
  if (join->kind == ast::JoinKind::kRight || join->kind == ast::JoinKind::kFull) {
    return session_.not_supported("a RIGHT or FULL JOIN with LATERAL on its left or around it",
                                  join->kind_span);
  }
  if (has_condition(*join)) {
    return session_.not_supported("this join with LATERAL: write its condition with ON",
                                  join->kind_span);
  }
  left = TRY(add_item(std::move(left), *join->left, ctes));
  return add_joined(std::move(left), *join, ref.span, ctes);
}

Result<BoundRelation> QueryBinder::add_joined(BoundRelation left, const ast::Join& join,
                                              SourceSpan span, const WithTables* ctes) {
  if (is_lateral(*join.right)) return bind_lateral(std::move(left), join, ctes);
  if (join.kind == ast::JoinKind::kCross && begins_lateral(*join.right)) {
    return add_item(std::move(left), *join.right, ctes);
  }
  BoundRelation right = TRY(bind_from(*join.right, ctes, true));
  return bind_join(session_, join, span, std::move(left), std::move(right));
}

Result<BoundRelation> QueryBinder::add_lateral_select(BoundRelation left, const ast::TableRef& ref,
                                                      const WithTables* ctes) {
  const ast::Query& query = *ref.as<ast::DerivedTable>()->query;
  left = TRY(assign_window(session_, std::move(left)));
  const Scope outer = left.scope;
  const auto& select = *query.as<ast::Select>();
  // What stands inside comes first where names are the same, and is all that * means.
  for (ScopeColumn& column : left.scope.columns) column.is_system = true;
  if (select.from) left = TRY(add_item(std::move(left), *select.from, ctes));
  if (select.where) left = TRY(keep_where(std::move(left), *select.where, "WHERE"));
  std::vector<ExprPtr> items;
  std::vector<std::string> names;
  for (size_t i = 0; i < select.items.size(); ++i) {
    const ast::SelectItem& item = select.items[i];
    if (item.expr.is<ast::Star>()) {
      for (size_t c = outer.columns.size(); c < left.scope.columns.size(); ++c) {
        if (left.scope.columns[c].is_system) continue;
        items.push_back(left.scope.column(c));
        names.push_back(left.scope.columns[c].name);
      }
      continue;
    }
    ExprBinder binder(session_, left.scope, "a SELECT of LATERAL");
    items.push_back(TRY(binder.bind(item.expr)));
    names.push_back(item.alias ? item.alias->text : default_name(item.expr, i + 1));
  }
  return add_items(std::move(left), outer, std::move(items), std::move(names), ref);
}

Result<BoundRelation> QueryBinder::add_items(BoundRelation left, Scope scope,
                                             std::vector<ExprPtr> items,
                                             std::vector<std::string> names,
                                             const ast::TableRef& ref) {
  const size_t kept = scope.columns.size();
  std::vector<ExprPtr> exprs = all_columns(*left.plan);
  std::vector<std::string> all_names = column_names(*left.plan);
  exprs.resize(kept);
  all_names.resize(kept);
  for (size_t i = 0; i < items.size(); ++i) {
    scope.columns.push_back({"", names[i], items[i]->type(), {}, false});
    exprs.push_back(std::move(items[i]));
    all_names.push_back(std::move(names[i]));
  }
  if (ref.alias) TRY(name_columns(scope, kept, exprs.size() - kept, *ref.alias));
  left.plan = make_project(std::move(left.plan), std::move(exprs), std::move(all_names),
                           session_.node_span(ref.span));
  for (size_t i = 0; i < scope.columns.size(); ++i) {
    scope.columns[i].traits = left.plan->traits[i];
  }
  left.scope = std::move(scope);
  return left;
}

Result<BoundRelation> QueryBinder::bind_lateral(BoundRelation left, const ast::Join& join,
                                                const WithTables* ctes) {
  const ast::TableRef& right = *join.right;
  const bool function = right.is<ast::TableFunction>();
  const bool outer = join.kind == ast::JoinKind::kLeft;
  const SourceSpan span = join.kind_span.length > 0 ? join.kind_span : right.span;
  if (!outer && join.kind != ast::JoinKind::kInner && join.kind != ast::JoinKind::kCross) {
    return session_
        .error(ErrorCode::kInvalidStatement,
               "what is made of the left row can be joined by CROSS, INNER and LEFT JOIN only",
               span)
        .with_hint("LEFT JOIN UNNEST(…) ON TRUE keeps rows whose list is empty");
  }
  if (has_condition(join)) {
    return session_.error(ErrorCode::kInvalidStatement,
                          "a join with what is made of the left row takes ON alone", span);
  }
  if (outer && join.on && !is_true(*join.on)) {
    return session_
        .not_supported("LEFT JOIN with what is made of the left row, ON anything but TRUE",
                       join.on->span)
        .with_hint("an inner join may have a condition");
  }
  if (function) {
    left = TRY(add_elements(std::move(left), right, outer));
  } else {
    left = TRY(add_lateral(std::move(left), right, outer, ctes));
  }
  if (!join.on || is_true(*join.on)) return left;
  return keep_where(std::move(left), *join.on, "ON");
}

Result<BoundRelation> QueryBinder::bind_lateral_alone(const ast::TableRef& ref,
                                                      const WithTables* ctes) {
  BoundRelation nothing;
  nothing.plan = make_values({}, {{}}, session_.node_span(ref.span));
  if (ref.is<ast::TableFunction>()) return add_elements(std::move(nothing), ref, false);
  return add_lateral(std::move(nothing), ref, false, ctes);
}

Result<BoundRelation> QueryBinder::add_lateral(BoundRelation left, const ast::TableRef& ref,
                                               bool keeps_left, const WithTables* ctes) {
  const ast::Query& query = *ref.as<ast::DerivedTable>()->query;
  if (query.emit || query.allowed_lateness || query.late_data_to) {
    return session_.not_supported("LATERAL with EMIT inside", ref.span);
  }
  const auto* select = query.as<ast::Select>();
  const bool may_be_empty = select != nullptr && (select->from || select->where);
  if (has_own_clauses(query) || (keeps_left && may_be_empty)) {
    return join_lateral_query(std::move(left), ref, keeps_left, ctes);
  }
  return add_lateral_select(std::move(left), ref, ctes);
}

}  // namespace velo
