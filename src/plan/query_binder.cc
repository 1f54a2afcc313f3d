// Queries around SELECT: WITH, VALUES, ORDER BY, LIMIT. Set operations are in
// set_operation_binder.cc.
#include "plan/query_binder.h"

#include <algorithm>

#include "base/fmt.h"
#include "plan/join_binder.h"
#include "plan/literals.h"
#include "plan/plan_build.h"

namespace velo {

namespace {

/// The first rows and those that equal the last of them: as they come, or sorted if they end.
Result<PlanPtr> first_with_ties(const BindSession& session, PlanPtr plan,
                                std::vector<PlanOrder> keys, const EmitClauses& clauses,
                                SourceSpan span) {
  *clauses.limit_taken = true;
  const int64_t limit = TRY(bind_count(session, *clauses.limit, "FETCH"));
  const SourceSpan place = session.node_span(span);
  if (limit < 1) return make_limit(std::move(plan), 0, 0, place);
  TopNParts parts{{}, keys, OverFunction::kRank, limit, "", unbounded_state(session), place};
  PlanPtr first = make_top_n(std::move(plan), std::move(parts));
  return first->bounded ? make_order_by(first, std::move(keys), place) : first;
}

Status check_ties(const BindSession& session, const ast::Query& query) {
  if (!query.with_ties) return {};
  if (query.order_by.empty()) {
    return session.error(ErrorCode::kInvalidStatement, "FETCH … WITH TIES needs ORDER BY",
                         query.limit->span);
  }
  if (query.offset) return session.not_supported("OFFSET and WITH TIES", query.offset->span);
  return {};
}

}  // namespace

const ast::CommonTable* WithTables::find(const ast::Name& name, const WithTables** where) const {
  for (const WithTables* level = this; level != nullptr; level = level->outer) {
    for (size_t i = level->count; i-- > 0;) {
      const ast::CommonTable& table = (*level->tables)[i];
      if (name.matches(table.name.text)) {
        *where = level;
        return &table;
      }
    }
  }
  return nullptr;
}

Result<PlanPtr> QueryBinder::bind(const ast::Query& query, const WithTables* outer, bool nested) {
  if (query.recursive) return session_.not_supported("WITH RECURSIVE", query.span);
  if (nested && query.into) {
    return session_.error(ErrorCode::kInvalidStatement,
                          "INTO stands only at the top of a statement", query.into->span);
  }
  if (nested && !query.options.empty()) {
    return session_.error(ErrorCode::kInvalidStatement,
                          "WITH (…) options stand only at the top of a statement",
                          query.options[0].key_span);
  }
  for (size_t i = 0; i < query.with.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (query.with[i].name.matches(query.with[j].name.text)) {
        return session_.error(ErrorCode::kDuplicateName,
                              fmt::format("WITH names '{}' twice", query.with[i].name.text),
                              query.with[i].name.span);
      }
    }
  }
  const WithTables ctes{outer, &query.with, query.with.size()};
  EmitClauses clauses;
  if (query.emit) clauses.emit = &*query.emit;
  if (query.allowed_lateness) clauses.lateness = query.allowed_lateness.get();
  if (query.late_data_to) clauses.late = &*query.late_data_to;
  bool limit_taken = false;
  if (query.limit && !query.offset) clauses.limit = query.limit.get();
  clauses.limit_taken = &limit_taken;
  clauses.with_ties = query.with_ties;
  TRY(check_ties(session_, query));
  PlanPtr plan = TRY(bind_body(query, clauses, &ctes));
  if (limit_taken) return plan;
  return bind_limit(std::move(plan), query);
}

Result<PlanPtr> QueryBinder::bind_body(const ast::Query& query, const EmitClauses& clauses,
                                       const WithTables* ctes) {
  if (const auto* select = query.as<ast::Select>()) {
    return bind_select(session_, *select, clauses, query.order_by, ctes);
  }
  PlanPtr plan;
  if (const auto* values = query.as<ast::Values>()) {
    if (clauses.emit != nullptr || clauses.lateness != nullptr || clauses.late != nullptr) {
      return session_.error(ErrorCode::kInvalidStatement,
                            "VALUES has no windows: EMIT and LATENESS have no meaning", query.span);
    }
    plan = TRY(bind_values(*values, query.span));
  } else {
    plan = TRY(bind_set_operation(*query.as<ast::SetOperation>(), clauses, ctes, query.span));
  }
  return bind_output_order(std::move(plan), query.order_by, clauses);
}

Result<PlanPtr> QueryBinder::bind_values(const ast::Values& values, SourceSpan span) {
  const Scope nothing;
  ExprBinder binder(session_, nothing, "VALUES");
  std::vector<std::vector<ExprPtr>> rows;
  for (const std::vector<ast::Expr>& row : values.rows) {
    if (row.size() != values.rows[0].size()) {
      return session_.error(ErrorCode::kInvalidStatement,
                            fmt::format("this row has {} values, the first has {}", row.size(),
                                        values.rows[0].size()),
                            row.empty() ? span : row[0].span);
    }
    std::vector<ExprPtr> bound;
    for (const ast::Expr& expr : row) bound.push_back(TRY(binder.bind(expr)));
    rows.push_back(std::move(bound));
  }
  std::vector<Field> fields;
  for (size_t column = 0; column < rows[0].size(); ++column) {
    std::vector<ArgumentType> types;
    for (const std::vector<ExprPtr>& row : rows) {
      const bool literal = row[column]->is_literal() && row[column]->type().is_string();
      types.emplace_back(row[column]->type(), literal);
    }
    const std::optional<Type> type = common_type(types);
    if (!type) {
      return session_.error(
          ErrorCode::kTypeMismatch,
          fmt::format("column {} of VALUES has values of different types", column + 1),
          values.rows[0][column].span);
    }
    for (size_t row = 0; row < rows.size(); ++row) {
      rows[row][column] = TRY(
          session_.at(values.rows[row][column].span, make_implicit_cast(rows[row][column], *type)));
    }
    fields.push_back({fmt::format("column{}", column + 1), *type});
  }
  return make_values(std::move(fields), std::move(rows), session_.node_span(span));
}

Result<PlanPtr> QueryBinder::bind_branch(const ast::Query& query, const EmitClauses& clauses,
                                         const WithTables* ctes) {
  const bool closed = query.emit || query.allowed_lateness || query.late_data_to || query.limit ||
                      query.offset || !query.order_by.empty() || !query.with.empty();
  // A branch in parentheses has clauses of its own; a bare one is closed by those at the end.
  if (closed) return bind(query, ctes, true);
  return bind_body(query, clauses, ctes);
}

Result<std::vector<PlanPtr>> unify_types(const BindSession& session, std::vector<PlanPtr> inputs,
                                         std::string_view what, SourceSpan span) {
  const Schema& first = *inputs[0]->schema;
  for (const PlanPtr& input : inputs) {
    if (input->schema->size() == first.size()) continue;
    return session.error(
        ErrorCode::kTypeMismatch,
        fmt::format("{} of {} and {} columns", what, first.size(), input->schema->size()), span);
  }
  std::vector<std::vector<ExprPtr>> exprs;
  for (const PlanPtr& input : inputs) exprs.push_back(all_columns(*input));
  std::vector<bool> changed(inputs.size(), false);
  for (size_t column = 0; column < first.size(); ++column) {
    std::vector<ArgumentType> types;
    for (const PlanPtr& input : inputs) types.emplace_back((*input->schema)[column].type);
    const std::optional<Type> type = common_type(types);
    if (!type) {
      return session
          .error(ErrorCode::kTypeMismatch,
                 fmt::format("{}: column {} ('{}') is {} on one side and {} on the other", what,
                             column + 1, first[column].name, types[0].type.to_string(),
                             types[1].type.to_string()),
                 span)
          .with_hint("use CAST to make them one type");
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (exprs[i][column]->type() == *type) continue;
      exprs[i][column] = TRY(session.at(span, make_implicit_cast(exprs[i][column], *type)));
      changed[i] = true;
    }
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (changed[i]) {
      inputs[i] =
          make_project(inputs[i], std::move(exprs[i]), column_names(*inputs[0]), inputs[i]->span);
    }
  }
  return inputs;
}

Result<PlanPtr> order_rows(const BindSession& session, PlanPtr plan, std::vector<PlanOrder> keys,
                           const EmitClauses& clauses, SourceSpan span) {
  if (clauses.with_ties) {
    return first_with_ties(session, std::move(plan), std::move(keys), clauses, span);
  }
  PlanPtr ordered = make_order_by(plan, keys, session.node_span(span));
  const bool grows_only = !plan->changelog.changing;
  if (grows_only && (plan->bounded || ordered->as<OrderByNode>().time_column)) return ordered;
  if (clauses.limit != nullptr) {
    const int64_t limit = TRY(bind_count(session, *clauses.limit, "LIMIT"));
    if (limit > 0) {
      *clauses.limit_taken = true;
      TopNParts parts{{}, std::move(keys),          OverFunction::kRowNumber, limit,
                      "", unbounded_state(session), session.node_span(span)};
      return make_top_n(std::move(plan), std::move(parts));
    }
  }
  if (!plan->bounded) {
    return session
        .error(ErrorCode::kInvalidStatement,
               "ORDER BY needs an input that ends, and this one goes on", span)
        .with_hint(
            "ORDER BY window_end, … of a window; add LIMIT n for the first rows as they come; "
            "leave ORDER BY out, or read a bounded source");
  }
  // Whoever asks for refinements does not wait for the end, where what is left can be ordered.
  if (!plan->changelog.cause.starts_with("EMIT ")) return ordered;
  return session
      .error(ErrorCode::kInvalidStatement,
             fmt::format("ORDER BY over a result that changes ({})", plan->changelog.cause), span)
      .with_hint("EMIT FINAL gives each row once");
}

Result<PlanPtr> QueryBinder::bind_output_order(PlanPtr plan,
                                               const std::vector<ast::OrderItem>& items,
                                               const EmitClauses& clauses) {
  if (items.empty()) return plan;
  const SourceSpan span = span_from(items.front().expr.span, items.back().expr.span);
  const Scope scope = Scope::of(*plan, "");
  ExprBinder binder(session_, scope, "ORDER BY");
  std::vector<PlanOrder> keys;
  for (const ast::OrderItem& item : items) {
    PlanOrder key;
    const auto* literal = item.expr.as<ast::Literal>();
    if (literal != nullptr && literal->kind == ast::LiteralKind::kInteger) {
      const int64_t ordinal = TRY(bind_count(session_, item.expr, "ORDER BY"));
      if (ordinal < 1 || ordinal > static_cast<int64_t>(plan->schema->size())) {
        return session_.error(ErrorCode::kInvalidStatement,
                              fmt::format("ORDER BY {}: the result has {}", ordinal,
                                          count_of(plan->schema->size(), "column")),
                              item.expr.span);
      }
      key.key = column_of(*plan, static_cast<size_t>(ordinal - 1));
    } else {
      key.key = TRY(binder.bind(item.expr));
    }
    key.descending = item.descending;
    key.nulls_first = item.nulls_first.value_or(item.descending);
    keys.push_back(std::move(key));
  }
  return order_rows(session_, std::move(plan), std::move(keys), clauses, span);
}

Result<PlanPtr> QueryBinder::bind_limit(PlanPtr plan, const ast::Query& query) {
  if (!query.limit && !query.offset) return plan;
  const SourceSpan span = query.limit ? query.limit->span : query.offset->span;
  std::optional<int64_t> limit;
  if (query.limit) limit = TRY(bind_count(session_, *query.limit, "LIMIT"));
  int64_t offset = 0;
  if (query.offset) offset = TRY(bind_count(session_, *query.offset, "OFFSET"));
  if (plan->changelog.changing) {
    // Which rows are the first changes with them.
    if (limit && *limit > 0 && offset == 0) {
      TopNParts parts;
      parts.limit = *limit;
      parts.fallback = unbounded_state(session_);
      parts.span = session_.node_span(span);
      return make_top_n(std::move(plan), std::move(parts));
    }
    return session_.not_supported(
        fmt::format("{} over a result that changes ({})",
                    offset != 0 || !limit ? "OFFSET" : "LIMIT 0", plan->changelog.cause),
        span);
  }
  return make_limit(std::move(plan), limit, offset, session_.node_span(span));
}

}  // namespace velo
