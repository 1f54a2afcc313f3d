// One SELECT: FROM, WHERE, the select list, HAVING, ORDER BY, DISTINCT. GROUP BY and its window are
// in grouping_binder.cc, EMIT in emit_binder.cc.
#include "plan/select_binder.h"

#include <algorithm>
#include <set>

#include "base/fmt.h"
#include "plan/join_binder.h"
#include "plan/join_order.h"
#include "plan/literals.h"
#include "plan/top_n_binder.h"
#include "plan/window_binder.h"

namespace velo {
namespace {

constexpr size_t kWindowColumns = 3;

}  // namespace

Result<PlanPtr> bind_select(BindSession& session, const ast::Select& select,
                            const EmitClauses& clauses, const std::vector<ast::OrderItem>& order_by,
                            const WithTables* ctes) {
  return SelectBinder(session, select, clauses, order_by, ctes).bind();
}

std::string default_name(const ast::Expr& expr, size_t position) {
  if (const auto* column = expr.as<ast::ColumnRef>()) return column->parts.back().text;
  if (const auto* field = expr.as<ast::FieldAccess>()) return field->field.text;
  if (const auto* call = expr.as<ast::Call>()) return to_lower(call->name.text);
  if (const auto* cast = expr.as<ast::Cast>()) return default_name(*cast->operand, position);
  if (expr.is<ast::Case>()) return "case";
  return fmt::format("expr{}", position);
}

ExprBinder SelectBinder::binder(std::string_view clause) {
  ExprBinder binder(session_, scope_, clause);
  binder.note_columns(&columns_seen_).allow_subqueries(&subqueries_);
  if (window_) binder.with_window(&*window_);
  return binder;
}

Status SelectBinder::check_named_windows() const {
  const std::vector<ast::NamedWindow>& windows = select_.named_windows;
  for (size_t i = 0; i < windows.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!windows[i].name.matches(windows[j].name.text)) continue;
      return session_.error(ErrorCode::kDuplicateName,
                            fmt::format("WINDOW names '{}' twice", windows[i].name.text),
                            windows[i].name.span);
    }
  }
  return {};
}

Status SelectBinder::bind_source() {
  if (select_.from) {
    relation_ = TRY(QueryBinder(session_).bind_from(*select_.from, ctes_));
  } else {
    relation_.plan = make_values({}, {{}}, session_.node_span(select_.span));
  }
  inputs_ = relation_.plan->schema->size();
  aggregates_ = AggregateList(inputs_ + kWindowColumns);
  overs_ = OverList(kOverColumns);
  scope_ = relation_.scope;
  if (relation_.window) {
    window_ = WindowInScope{relation_.window->window, inputs_};
    window_in_from_ = true;
    window_span_ = relation_.window->span;
  }
  return {};
}

Result<const ast::WindowSpec*> SelectBinder::written_window() const {
  const ast::WindowSpec* found = select_.window ? &*select_.window : nullptr;
  for (const ast::GroupItem& item : select_.group_by) {
    const auto* spec = std::get_if<ast::WindowSpec>(&item.node);
    if (spec == nullptr) continue;
    if (found != nullptr) {
      return session_.error(ErrorCode::kInvalidStatement, "a second window in one SELECT",
                            item.span);
    }
    found = spec;
  }
  if (found != nullptr && window_in_from_) {
    return session_.error(ErrorCode::kInvalidStatement,
                          "a second window in one SELECT: FROM has one already", found->span);
  }
  return found;
}

Status SelectBinder::bind_written_window() {
  const ast::WindowSpec* spec = TRY(written_window());
  if (spec == nullptr) return {};
  TRY(bind_processing_time(session_, *spec, &relation_));
  scope_ = relation_.scope;
  window_ = WindowInScope{TRY(bind_window(session_, *spec, relation_.scope)), inputs_};
  window_span_ = spec->span;
  if (!spec->partition_by.empty()) {
    return session_.error(ErrorCode::kInvalidStatement,
                          "PARTITION BY has no meaning here: GROUP BY gives the keys",
                          spec->partition_by[0].span);
  }
  if (spec->grace) grace_us_ = TRY(bind_duration(session_, *spec->grace, "GRACE PERIOD"));
  const Type bound = window_bound_type((*relation_.plan->schema)[window_->window.time_column].type);
  scope_.columns.push_back({"", "window_start", bound, {false, WindowRole::kStart}, true});
  scope_.columns.push_back({"", "window_end", bound, {false, WindowRole::kEnd}, true});
  scope_.columns.push_back({"", "window_time", bound, {false, WindowRole::kTime}, true});
  return {};
}

Status SelectBinder::bind_where() {
  if (!select_.where) return bind_joins({});
  // A window of GROUP BY does not exist yet for WHERE.
  ExprBinder where(session_, relation_.scope, "WHERE");
  where.note_columns(&columns_seen_).allow_subqueries(&subqueries_);
  where_ = TRY(where.bind_condition(*select_.where));
  std::vector<ExprPtr> conjuncts;
  split_conjuncts(where_, &conjuncts);
  std::vector<ExprPtr> with_subqueries;
  std::erase_if(conjuncts, [&](const ExprPtr& conjunct) {
    if (!has_stand_in(*conjunct, ExprKind::kSubquery)) return false;
    with_subqueries.push_back(conjunct);
    return true;
  });
  relation_.plan = give_to_joins(relation_.plan, &conjuncts);
  relation_.plan = give_to_numbering(session_, relation_.plan, &conjuncts);
  where_ = nullptr;
  for (const ExprPtr& rest : conjuncts) {
    where_ = where_ == nullptr ? rest : TRY(make_and(where_, rest));
  }
  return bind_joins(with_subqueries);
}

Status SelectBinder::bind_joins(const std::vector<ExprPtr>& with_subqueries) {
  relation_.plan = order_joins(relation_.plan);
  for (const ExprPtr& condition : with_subqueries) TRY(filter_source(condition));
  // What a plan knows of the times in its output may have changed with its conditions and order.
  for (size_t i = 0; i < inputs_; ++i) {
    relation_.scope.columns[i].traits = relation_.plan->traits[i];
    scope_.columns[i].traits = relation_.plan->traits[i];
  }
  return check_joins(session_, *relation_.plan);
}

/// A condition with sub-queries is asked of the rows of FROM, before any window.
Status SelectBinder::filter_source(const ExprPtr& condition) {
  const SourceSpan span = select_.where->span;
  const OuterColumn outer = [&](const ExprPtr& column) -> Result<ExprPtr> {
    if (column->index() < inputs_) return column;
    return session_.not_supported("a window's columns beside a sub-query in WHERE", span);
  };
  std::vector<size_t> columns;
  collect_columns(*condition, &columns);
  for (const size_t column : columns) TRY(outer(scope_.column(column)));
  const bool timed = window_ && relation_.plan->traits[window_->window.time_column].event_time;
  relation_.plan =
      TRY(filter_by_subqueries(session_, relation_.plan, subqueries_, outer, condition, span));
  if (!timed || relation_.plan->traits[window_->window.time_column].event_time) return {};
  return session_
      .not_supported("a window over rows that are taken back when a sub-query changes", span)
      .with_hint(
          "let the sub-query read tables that end, or bound the time between its rows and these");
}

Result<PlanPtr> SelectBinder::place(PlanPtr plan, bool grouped,
                                    const std::vector<ExprPtr*>& exprs) {
  const OuterColumn outer = [&](const ExprPtr& column) -> Result<ExprPtr> {
    if (column->index() >= kOverColumns) {
      return session_.not_supported("a sub-query that reads what OVER gives", select_.span);
    }
    return grouped ? carry_over(column) : column;
  };
  return place_subqueries(session_, plan, subqueries_, outer, exprs);
}

/// What OVER and QUALIFY are computed from is there before sub-queries are joined.
Status SelectBinder::check_all_placed() const {
  std::vector<size_t> inside;
  for (const ExprPtr& expr : expressions_of_overs()) {
    collect_stand_ins(*expr, ExprKind::kSubquery, &inside);
  }
  for (size_t k = 0; k < subqueries_.placed.size() && inside.empty(); ++k) {
    if (!subqueries_.placed[k]) inside.push_back(k);
  }
  if (inside.empty()) return {};
  return session_.not_supported("a sub-query inside OVER, QUALIFY or a window",
                                subqueries_.subqueries[inside[0]].span);
}

Status SelectBinder::bind_star(const ast::Star& star, SourceSpan span) {
  const bool qualified = !star.qualifier.empty();
  if (qualified && !scope_.has_relation(star.qualifier.back())) {
    return session_.error(
        ErrorCode::kUnknownName,
        fmt::format("there is no table '{}' in this FROM", star.qualifier.back().text), span);
  }
  bool any = false;
  for (size_t i = 0; i < scope_.columns.size(); ++i) {
    const ScopeColumn& column = scope_.columns[i];
    if (column.is_system) continue;
    if (qualified && !star.qualifier.back().matches(column.relation)) continue;
    columns_seen_.emplace(i, span);
    items_.push_back({scope_.column(i), column.name, false, span});
    any = true;
  }
  if (!any && select_.from) {
    return session_
        .error(ErrorCode::kInvalidStatement, "* finds no columns: none are declared", span)
        .with_hint(
            "name them in CREATE TABLE t (column TYPE, …); for csv files also "
            "'csv.infer' = 'true'; DESCRIBE kafka('topic') proposes those of a topic");
  }
  if (!any) {
    return session_.error(ErrorCode::kInvalidStatement, "* without a table to take columns from",
                          span);
  }
  return {};
}

Status SelectBinder::check_event_time_alias(const ast::SelectItem& item, const Expr& expr) const {
  if (!item.alias || item.alias->quoted || !item.alias->matches("_event_time")) return {};
  if (expr.kind() == ExprKind::kColumn) {
    const ColumnTraits& traits = scope_.columns[expr.index()].traits;
    if (traits.event_time || traits.window == WindowRole::kTime) return {};
  }
  Error error = session_.not_supported("AS _event_time of anything but an event time column",
                                       item.alias->span);
  error.hint =
      "declare the time with the table: c AS expression, WATERMARK FOR c AS c - INTERVAL …";
  return error;
}

Status SelectBinder::bind_item(const ast::SelectItem& item, size_t position) {
  if (item.primary_key) {
    return session_
        .error(ErrorCode::kInvalidStatement,
               "PRIMARY KEY in a select list names the key of what CREATE … AS SELECT makes; "
               "this SELECT makes nothing",
               item.expr.span)
        .with_hint("declare PRIMARY KEY (…) NOT ENFORCED with the table that the rows go to");
  }
  if (const auto* star = item.expr.as<ast::Star>()) return bind_star(*star, item.expr.span);
  Item bound;
  bound.expr = TRY(binder("SELECT")
                       .allow_aggregates(&aggregates_)
                       .allow_grouping(&groupings_)
                       .allow_over(&overs_, &select_.named_windows)
                       .allow_aliases(&aliases_)
                       .bind(item.expr));
  bound.named = item.alias.has_value();
  bound.span = item.alias ? item.alias->span : item.expr.span;
  bound.name = item.alias ? item.alias->text : default_name(item.expr, position);
  TRY(check_event_time_alias(item, *bound.expr));
  if (item.alias) aliases_.push_back({*item.alias, bound.expr});
  items_.push_back(std::move(bound));
  return {};
}

Status SelectBinder::bind_items() {
  for (size_t i = 0; i < select_.items.size(); ++i) {
    TRY(bind_item(select_.items[i], i + 1));
  }
  return name_items();
}

Status SelectBinder::name_items() {
  std::set<std::string> taken;
  for (const Item& item : items_) {
    if (item.named && !taken.insert(item.name).second) {
      return session_.error(ErrorCode::kDuplicateName,
                            fmt::format("two columns are named '{}'", item.name), item.span);
    }
  }
  for (Item& item : items_) {
    if (item.named) continue;
    const std::string base = item.name;
    for (int n = 1; !taken.insert(item.name).second; ++n) {
      item.name = fmt::format("{}_{}", base, n);
    }
  }
  return {};
}

Status SelectBinder::bind_having() {
  if (!select_.having) return {};
  having_ = TRY(binder("HAVING")
                    .allow_aggregates(&aggregates_)
                    .allow_grouping(&groupings_)
                    .allow_aliases(&aliases_)
                    .bind_condition(*select_.having));
  return {};
}

Status SelectBinder::bind_order() {
  for (const ast::OrderItem& item : order_by_) {
    Order order;
    order.descending = item.descending;
    order.nulls_first = item.nulls_first.value_or(item.descending);
    order.span = item.expr.span;
    const auto* literal = item.expr.as<ast::Literal>();
    const auto* name = item.expr.as<ast::ColumnRef>();
    if (literal != nullptr && literal->kind == ast::LiteralKind::kInteger) {
      const int64_t ordinal = TRY(bind_count(session_, item.expr, "ORDER BY"));
      if (ordinal < 1 || ordinal > static_cast<int64_t>(items_.size())) {
        return session_.error(ErrorCode::kInvalidStatement,
                              fmt::format("ORDER BY {}: the select list has {}", ordinal,
                                          count_of(items_.size(), "column")),
                              item.expr.span);
      }
      order.item = static_cast<size_t>(ordinal - 1);
    } else if (name != nullptr && name->parts.size() == 1) {
      for (size_t i = 0; i < items_.size() && !order.item; ++i) {
        if (name->parts[0].matches(items_[i].name)) order.item = i;
      }
    }
    if (!order.item) {
      order.expr = TRY(binder("ORDER BY")
                           .allow_aggregates(&aggregates_)
                           .allow_grouping(&groupings_)
                           .allow_over(&overs_, &select_.named_windows)
                           .allow_aliases(&aliases_)
                           .bind(item.expr));
      for (size_t i = 0; i < items_.size() && !order.item; ++i) {
        if (*items_[i].expr == *order.expr) order.item = i;
      }
    }
    const ExprPtr& sorted = order.item ? items_[*order.item].expr : order.expr;
    TRY(check_comparable(session_, sorted->type(), item.expr.span));
    if (!order.item && select_.distinct) {
      return session_.error(ErrorCode::kInvalidStatement,
                            "with SELECT DISTINCT, ORDER BY may only name what is selected",
                            item.expr.span);
    }
    orders_.push_back(std::move(order));
  }
  return {};
}

Result<PlanPtr> SelectBinder::bind() {
  TRY(check_named_windows());
  TRY(bind_source());
  TRY(bind_where());
  TRY(bind_written_window());
  TRY(bind_items());
  TRY(bind_having());
  TRY(bind_qualify());
  TRY(bind_order());
  if (is_grouped()) return build_grouped(TRY(bind_keys()));
  if (select_.distinct && window_in_from_ && overs_.empty()) {
    // DISTINCT over window columns ends with the window, as GROUP BY of all items does.
    Keys keys;
    TRY(keys_of_items(&keys));
    if (keys.names_window()) return build_grouped(std::move(keys));
  }
  return build_plain();
}

Result<PlanPtr> SelectBinder::build_plain() {
  if (!groupings_.calls().empty()) {
    const GroupingCall& call = groupings_.calls().front();
    return session_.error(ErrorCode::kInvalidStatement,
                          fmt::format("{} without GROUP BY", call.name), call.span);
  }
  TRY(bind_join_late());
  PlanPtr plan = TRY(assign_window(session_, relation_)).plan;
  TRY(check_plain_emit(*plan));
  if (where_ != nullptr) {
    plan = make_filter(plan, where_, session_.node_span(select_.where->span));
  }
  std::vector<ExprPtr> items;
  for (const Item& item : items_) items.push_back(item.expr);
  std::vector<ExprPtr> orders;
  for (const Order& order : orders_) orders.push_back(order.expr);
  const size_t shown = items.size();
  items.insert(items.end(), orders.begin(), orders.end());
  plan = TRY(place_overs(std::move(plan), overs_.calls(), kOverColumns, qualify_, &items));
  orders.assign(items.begin() + static_cast<ptrdiff_t>(shown), items.end());
  items.resize(shown);
  return finish(std::move(plan), std::move(items), std::move(orders), select_.distinct);
}

Result<PlanPtr> SelectBinder::finish(PlanPtr plan, std::vector<ExprPtr> items,
                                     std::vector<ExprPtr> orders, bool distinct) {
  std::vector<std::string> names;
  for (const Item& item : items_) names.push_back(item.name);
  const size_t shown = items.size();
  std::vector<size_t> positions;
  for (size_t i = 0; i < orders_.size(); ++i) {
    positions.push_back(orders_[i].item.value_or(items.size()));
    if (orders_[i].item) continue;
    items.push_back(orders[i]);
    names.push_back(fmt::format("order{}", i + 1));
  }
  const SourceSpan span = session_.node_span(select_.span);
  std::vector<ExprPtr*> all;
  for (ExprPtr& item : items) all.push_back(&item);
  plan = TRY(place(std::move(plan), carried_from_ > 0, all));
  TRY(check_all_placed());
  plan = make_project(std::move(plan), std::move(items), std::move(names), span);
  if (distinct) {
    for (const Item& item : items_) {
      TRY(check_comparable(session_, item.expr->type(), item.span));
    }
    const size_t width = plan->schema->size();
    plan = group_by_columns(session_, std::move(plan), width, {}, clauses_.emit != nullptr,
                            select_.span);
  }
  if (orders_.empty()) return plan;
  const SourceSpan order_span = span_from(orders_.front().span, orders_.back().span);
  std::vector<PlanOrder> keys;
  for (size_t i = 0; i < orders_.size(); ++i) {
    keys.push_back({column_of(*plan, positions[i]), orders_[i].descending, orders_[i].nulls_first});
  }
  plan = TRY(order_rows(session_, std::move(plan), std::move(keys), clauses_, order_span));
  if (plan->schema->size() == shown) return plan;
  std::vector<ExprPtr> columns = all_columns(*plan);
  std::vector<std::string> column_texts = column_names(*plan);
  columns.resize(shown);
  column_texts.resize(shown);
  return make_project(std::move(plan), std::move(columns), std::move(column_texts), span);
}

}  // namespace velo
