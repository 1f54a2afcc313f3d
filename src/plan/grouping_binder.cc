// GROUP BY: keys, the window over them, and the way of expressions from the columns of FROM to the
// columns of the aggregation.
//
// 1. Keys over window columns alone say that the grouping is by window; they need no column.
// 2. WHERE stays below the window, but for conditions on window columns, which hold or do not hold
//    for whole groups and move above.
// 3. Everything else is carried over: equal to a key → that key's column; a window column → the
//    aggregation's; an aggregate call → its column; any other column of FROM → an error.
#include <algorithm>

#include "base/fmt.h"
#include "plan/literals.h"
#include "plan/select_binder.h"

namespace velo {
namespace {

constexpr size_t kWindowColumns = 3;

/// Where the columns of an expression lie in the layout of a SELECT.
struct Reads {
  bool rows = false;
  bool window = false;
  bool aggregates = false;
};

Reads reads_of(const Expr& expr, size_t inputs) {
  std::vector<size_t> columns;
  collect_columns(expr, &columns);
  Reads reads;
  for (const size_t column : columns) {
    if (column < inputs) {
      reads.rows = true;
    } else if (column < inputs + kWindowColumns) {
      reads.window = true;
    } else {
      reads.aggregates = true;
    }
  }
  return reads;
}

}  // namespace

Result<ExprPtr> SelectBinder::bind_key(const ast::Expr& expr) {
  const auto* literal = expr.as<ast::Literal>();
  if (literal != nullptr && literal->kind == ast::LiteralKind::kInteger) {
    const int64_t ordinal = TRY(bind_count(session_, expr, "GROUP BY"));
    if (ordinal < 1 || ordinal > static_cast<int64_t>(items_.size())) {
      return session_.error(ErrorCode::kInvalidStatement,
                            fmt::format("GROUP BY {}: the select list has {}", ordinal,
                                        count_of(items_.size(), "column")),
                            expr.span);
    }
    return items_[static_cast<size_t>(ordinal - 1)].expr;
  }
  return binder("GROUP BY").allow_aliases(&aliases_).bind(expr);
}

Status SelectBinder::add_key(const ExprPtr& key, SourceSpan span, Keys* keys, KeySet* set) {
  const Reads reads = reads_of(*key, inputs_);
  TRY(check_comparable(session_, key->type(), span));
  if (reads.aggregates) {
    return session_.error(ErrorCode::kInvalidStatement, "GROUP BY an aggregate", span)
        .with_hint("aggregate in a sub-query first");
  }
  if (reads.window && reads.rows) {
    return session_.not_supported("a GROUP BY expression of window and other columns together",
                                  span);
  }
  if (reads.window) {
    if (key->kind() == ExprKind::kColumn) {
      set->start |= key->index() == inputs_;
      set->end |= key->index() == inputs_ + 1;
      set->time |= key->index() == inputs_ + 2;
      keys->start |= set->start;
      keys->end |= set->end;
      keys->time |= set->time;
    }
    if (!window_in_from_) return {};
  }
  const auto known = std::find_if(keys->exprs.begin(), keys->exprs.end(),
                                  [&](const ExprPtr& other) { return *other == *key; });
  const auto at = static_cast<size_t>(known - keys->exprs.begin());
  if (std::find(set->keys.begin(), set->keys.end(), at) == set->keys.end()) {
    set->keys.push_back(at);
  }
  if (at < keys->exprs.size()) return {};
  keys->exprs.push_back(key);
  keys->names.push_back(
      key->kind() == ExprKind::kColumn ? key->name() : fmt::format("key{}", keys->exprs.size()));
  return {};
}

Status SelectBinder::keys_of_items(Keys* keys) {
  KeySet set;
  for (const Item& item : items_) TRY(add_key(item.expr, item.span, keys, &set));
  keys->sets = {std::move(set)};
  return {};
}

Result<bool> SelectBinder::is_windowed(const Keys& keys) const {
  if (!window_) return false;
  if (!window_in_from_) return true;
  const PlanWindowKind kind = window_->window.kind;
  if (keys.start && keys.end) return true;
  // One bound is enough where it tells windows apart.
  const bool start_is_enough = kind == PlanWindowKind::kTumble || kind == PlanWindowKind::kHop;
  if (kind != PlanWindowKind::kSession && (keys.end || keys.time)) return true;
  if (keys.start && start_is_enough) return true;
  if (!keys.names_window()) return false;
  return session_
      .error(ErrorCode::kInvalidStatement,
             "GROUP BY must name both window_start and window_end of this window", window_span_)
      .with_hint("GROUP BY window_start, window_end, …");
}

std::optional<PlanWindow> SelectBinder::window_of_input(const Keys& keys) const {
  if (window_) return std::nullopt;
  for (size_t i = 0; i < keys.exprs.size(); ++i) {
    const Expr& key = *keys.exprs[i];
    if (key.kind() != ExprKind::kColumn || key.index() >= inputs_) continue;
    const ColumnTraits& traits = scope_.columns[key.index()].traits;
    const bool in_all = std::all_of(keys.sets.begin(), keys.sets.end(), [&](const KeySet& set) {
      return std::find(set.keys.begin(), set.keys.end(), i) != set.keys.end();
    });
    if (!traits.event_time || traits.window == WindowRole::kNone || !in_all) continue;
    PlanWindow window;
    window.size = key.type().step_us();
    window.time_column = key.index();
    window.instants = true;
    return window;
  }
  return std::nullopt;
}

Status SelectBinder::check_partition(const Keys& keys) const {
  if (!window_in_from_ || window_->window.kind != PlanWindowKind::kSession) return {};
  const std::vector<ExprPtr>& partition = relation_.window->partition;
  const auto contains = [](const std::vector<ExprPtr>& all, const ExprPtr& one) {
    return std::any_of(all.begin(), all.end(), [&](const ExprPtr& e) { return *e == *one; });
  };
  size_t row_keys = 0;
  bool equal = true;
  for (const ExprPtr& key : keys.exprs) {
    if (reads_of(*key, inputs_).window) continue;
    ++row_keys;
    equal &= contains(partition, key);
  }
  for (const ExprPtr& key : partition) equal &= contains(keys.exprs, key);
  if (equal && row_keys >= partition.size()) return {};
  return session_
      .not_supported("sessions of other keys than those of GROUP BY", relation_.window->span)
      .with_hint(
          "write the same keys twice: SESSION(TABLE t PARTITION BY k, …) and GROUP BY "
          "window_start, window_end, k");
}

Error SelectBinder::not_grouped(size_t column) const {
  const auto seen = columns_seen_.find(column);
  const SourceSpan span = seen != columns_seen_.end() ? seen->second : select_.span;
  const std::string name = column < scope_.columns.size() ? scope_.columns[column].name : "";
  if (column >= inputs_) {
    return session_
        .error(ErrorCode::kInvalidStatement, fmt::format("'{}' is not in GROUP BY", name), span)
        .with_hint("GROUP BY window_start, window_end, …");
  }
  return session_
      .error(ErrorCode::kInvalidStatement,
             fmt::format("'{}' is neither in GROUP BY nor inside an aggregate", name), span)
      .with_hint(fmt::format("add {0} to GROUP BY, or take LAST_VALUE({0})", name));
}

Result<ExprPtr> SelectBinder::carry_over(const ExprPtr& expr) const {
  const ExprPtr replaced = replace_subtrees(expr, what_, by_);
  std::vector<size_t> columns;
  collect_columns(*replaced, &columns);
  size_t last = carried_from_;
  for (const size_t column : columns) {
    if (column < carried_from_) return not_grouped(column);
    last = std::max(last, column + 1);
  }
  std::vector<size_t> mapping(last, 0);
  for (size_t i = carried_from_; i < last; ++i) mapping[i] = i - carried_from_;
  return remap_columns(replaced, mapping);
}

WindowOutputs SelectBinder::used_window_columns() const {
  std::vector<size_t> columns;
  for (const Item& item : items_) collect_columns(*item.expr, &columns);
  for (const Order& order : orders_) {
    if (order.expr != nullptr) collect_columns(*order.expr, &columns);
  }
  if (having_ != nullptr) collect_columns(*having_, &columns);
  if (where_ != nullptr) collect_columns(*where_, &columns);
  for (const ExprPtr& expr : expressions_of_overs()) collect_columns(*expr, &columns);
  for (const BoundSubquery& subquery : subqueries_.subqueries) {
    for (const ExprPtr& expr : expressions_of(subquery)) {
      collect_stand_ins(*expr, ExprKind::kOuter, &columns);
    }
  }
  std::sort(columns.begin(), columns.end());
  const auto used = [&](size_t i) {
    return std::binary_search(columns.begin(), columns.end(), inputs_ + i);
  };
  return {used(0), used(1), used(2)};
}

Result<PlanPtr> SelectBinder::place_where(PlanPtr plan, bool windowed,
                                          std::vector<ExprPtr>* later) {
  if (where_ == nullptr) return plan;
  std::vector<ExprPtr> conjuncts;
  split_conjuncts(where_, &conjuncts);
  ExprPtr below;
  for (const ExprPtr& conjunct : conjuncts) {
    if (windowed && reads_of(*conjunct, inputs_).window) {
      later->push_back(conjunct);
    } else {
      below = below == nullptr ? conjunct : TRY(make_and(below, conjunct));
    }
  }
  if (below == nullptr) return plan;
  return make_filter(std::move(plan), below, session_.node_span(select_.where->span));
}

Status SelectBinder::check_aggregates_read_rows(bool windowed) const {
  if (!windowed) return {};
  for (const PlanAggregate& aggregate : aggregates_.aggregates()) {
    for (const Component& component : aggregate.aggregate.components) {
      std::vector<ExprPtr> exprs = component.inputs;
      if (component.filter != nullptr) exprs.push_back(component.filter);
      for (const ListOrder& order : component.order) exprs.push_back(order.key);
      for (const ExprPtr& expr : exprs) {
        if (!reads_of(*expr, inputs_).window) continue;
        return session_.not_supported(
            fmt::format("window columns inside an aggregate: {}", aggregate.name), window_span_);
      }
    }
  }
  return {};
}

ExprPtr SelectBinder::carry_columns(const std::vector<ExprPtr>& keys, const GroupingParts& parts,
                                    const WindowOutputs& outputs) {
  carried_from_ = inputs_ + kWindowColumns + parts.aggregates.size();
  size_t next = carried_from_;
  const auto carry = [&](const ExprPtr& what, const std::string& name) {
    what_.push_back(what);
    by_.push_back(make_column(next++, what->type(), name));
  };
  for (size_t i = 0; i < keys.size(); ++i) carry(keys[i], parts.key_names[i]);
  ExprPtr set_column;
  if (parts.grouping_sets) {
    set_column = make_column(next++, Type::bigint(), parts.key_names.back());
  }
  const bool wanted[] = {outputs.start, outputs.end, outputs.time};
  for (size_t i = 0; i < kWindowColumns; ++i) {
    if (wanted[i]) carry(scope_.column(inputs_ + i), scope_.columns[inputs_ + i].name);
  }
  for (size_t i = 0; i < parts.aggregates.size(); ++i) {
    const PlanAggregate& aggregate = parts.aggregates[i];
    carry(make_column(inputs_ + kWindowColumns + i, aggregate.aggregate.type, aggregate.name),
          aggregate.name);
  }
  return set_column;
}

/// All keys and a bound of the window are selected: no two rows are equal.
bool SelectBinder::is_distinct_already(const GroupingParts& parts) const {
  const auto selected = [&](const ExprPtr& wanted) {
    return std::any_of(items_.begin(), items_.end(),
                       [&](const Item& item) { return *item.expr == *wanted; });
  };
  if (window_ && !selected(scope_.column(inputs_ + 1)) && !selected(scope_.column(inputs_ + 2)) &&
      (window_->window.kind == PlanWindowKind::kCumulate || !selected(scope_.column(inputs_)))) {
    return false;
  }
  return std::all_of(parts.keys.begin(), parts.keys.end(), selected);
}

GroupingParts SelectBinder::grouping_parts(const Keys& keys, bool windowed,
                                           std::vector<std::vector<bool>>* sets) const {
  GroupingParts parts;
  sets->resize(keys.sets.size());
  for (size_t i = 0; i < keys.exprs.size(); ++i) {
    if (windowed && reads_of(*keys.exprs[i], inputs_).window) continue;
    parts.keys.push_back(keys.exprs[i]);
    parts.key_names.push_back(keys.names[i]);
    for (size_t s = 0; s < sets->size(); ++s) {
      const std::vector<size_t>& set = keys.sets[s].keys;
      (*sets)[s].push_back(std::find(set.begin(), set.end(), i) != set.end());
    }
  }
  parts.aggregates = aggregates_.aggregates();
  const bool own = windowed && window_;
  parts.span = session_.node_span(own                        ? window_span_
                                  : select_.group_by.empty() ? select_.span
                                                             : span_of_group_by());
  return parts;
}

SourceSpan SelectBinder::span_of_group_by() const {
  return span_from(select_.group_by.front().span, select_.group_by.back().span);
}

/// Sub-queries inside keys and aggregates are asked for every row.
Result<PlanPtr> SelectBinder::place_below_grouping(PlanPtr plan, GroupingParts* parts) {
  std::vector<ExprPtr> inside = parts->keys;
  for (const PlanAggregate& aggregate : parts->aggregates) {
    for (const ExprPtr& expr : expressions_of(aggregate)) inside.push_back(expr);
  }
  const std::vector<ExprPtr> before = inside;
  std::vector<ExprPtr*> all;
  for (ExprPtr& expr : inside) all.push_back(&expr);
  plan = TRY(place(std::move(plan), false, all));
  for (ExprPtr& key : parts->keys) key = replace_subtrees(key, before, inside);
  for (PlanAggregate& aggregate : parts->aggregates) {
    aggregate = rewrite_aggregate(
        aggregate, [&](const ExprPtr& expr) { return replace_subtrees(expr, before, inside); });
  }
  return plan;
}

Result<PlanPtr> SelectBinder::build_grouped(Keys keys) {
  const bool own_window = TRY(is_windowed(keys));
  const std::optional<PlanWindow> window =
      own_window ? std::optional<PlanWindow>(window_->window) : window_of_input(keys);
  const bool windowed = window.has_value();
  if (!windowed) TRY(bind_join_late());
  PlanPtr plan = relation_.plan;
  if (window_in_from_ && !own_window) {
    if (window_->window.kind == PlanWindowKind::kSession) {
      return session_.not_supported("SESSION without GROUP BY window_start, window_end",
                                    window_span_);
    }
    session_.warn("this GROUP BY ignores the window of FROM", window_span_,
                  "GROUP BY window_start, window_end, … gives a result per window");
    plan = make_window_assign(plan, window_->window, session_.node_span(window_span_));
  }
  if (own_window) TRY(check_partition(keys));
  TRY(check_sets(keys, own_window));
  TRY(check_aggregates_read_rows(own_window));
  std::vector<ExprPtr> later;
  plan = TRY(place_where(std::move(plan), own_window, &later));

  std::vector<std::vector<bool>> sets;
  GroupingParts parts = grouping_parts(keys, windowed, &sets);
  const EmitPlan emit = TRY(bind_emit(windowed, *plan));
  parts.emit = emit.emit;
  parts.emit_span = emit.span.length > 0 ? session_.node_span(emit.span) : SourceSpan{};
  parts.bound = windowed ? PlanStateBound{} : state_bound(parts.keys, *plan);
  const WindowOutputs outputs = own_window ? used_window_columns() : WindowOutputs{};
  std::optional<PlanLateOutput> late;
  if (windowed) late = TRY(bind_late(*plan, window->time_column));

  const std::vector<ExprPtr> written = parts.keys;
  const bool distinct = select_.distinct && (sets.size() > 1 || !is_distinct_already(parts));
  plan = TRY(place_below_grouping(std::move(plan), &parts));
  if (sets.size() > 1) plan = expand_sets(std::move(plan), sets, &parts);
  const ExprPtr set_column = carry_columns(written, parts, outputs);
  TRY(carry_groupings(written, sets, set_column));
  if (windowed) {
    plan = make_window_aggregate(plan, *window, outputs, std::move(parts), emit.lateness_us,
                                 emit.grace_us, std::move(late));
  } else {
    plan = make_aggregate(plan, std::move(parts));
  }
  if (having_ != nullptr) later.push_back(having_);
  for (const ExprPtr& condition : later) {
    const bool from_having = condition == having_;
    const SourceSpan span = from_having ? select_.having->span : select_.where->span;
    ExprPtr carried = TRY(carry_over(condition));
    plan = TRY(place(std::move(plan), true, {&carried}));
    plan = make_filter(plan, carried, session_.node_span(span));
  }
  std::vector<ExprPtr> items;
  for (const Item& item : items_) items.push_back(TRY(carry_over(item.expr)));
  const size_t shown = items.size();
  for (const Order& order : orders_) {
    const bool carried = order.expr != nullptr && !order.item;
    items.push_back(order.expr);
    if (carried) items.back() = TRY(carry_over(order.expr));
  }
  const std::vector<BoundOver> overs = TRY(carry_overs());
  ExprPtr qualify = qualify_;
  if (qualify != nullptr) qualify = TRY(carry_over(qualify));
  plan = TRY(place_overs(std::move(plan), overs, kOverColumns - carried_from_, qualify, &items));
  const std::vector<ExprPtr> orders(items.begin() + static_cast<ptrdiff_t>(shown), items.end());
  items.resize(shown);
  return finish(std::move(plan), std::move(items), std::move(orders), distinct);
}

}  // namespace velo
