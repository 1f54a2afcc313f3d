// GROUPING SETS, ROLLUP, CUBE.
//
// 1. Every item of GROUP BY stands for a list of sets of keys; several items for all combinations.
// 2. An Expand gives every row once per set, the keys that the set lacks NULL, with the number of
//    the set; one grouping by all keys and that number does the rest. What aggregates read is
//    computed below it, once.
// 3. GROUPING(…) is looked up by the number of the set.
#include <algorithm>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "plan/select_binder.h"

namespace velo {
namespace {

constexpr size_t kSetsMax = 4096;
constexpr size_t kGroupingArgumentsMax = 63;

ExprPtr literal_numbers(const std::vector<int64_t>& numbers) {
  ColumnBuilder builder(Type::array(Type::bigint()), 1);
  for (const int64_t number : numbers) builder.child(0).append_int64(number);
  builder.append_list_end();
  return make_literal(builder.finish());
}

std::string_view kind_name(ast::GroupingKind kind) {
  switch (kind) {
    case ast::GroupingKind::kSets:
      return "GROUPING SETS";
    case ast::GroupingKind::kRollup:
      return "ROLLUP";
    case ast::GroupingKind::kCube:
      return "CUBE";
  }
  return "";
}

}  // namespace

ExprPtr GroupingCalls::add(GroupingCall call) {
  const auto same = [&](const GroupingCall& other) {
    return other.of_set == call.of_set &&
           std::equal(other.args.begin(), other.args.end(), call.args.begin(), call.args.end(),
                      [](const ExprPtr& a, const ExprPtr& b) { return *a == *b; });
  };
  size_t index = 0;
  while (index < calls_.size() && !same(calls_[index])) ++index;
  if (index == calls_.size()) calls_.push_back(std::move(call));
  return make_column(kFirstColumn + index, Type::bigint(), calls_[index].name);
}

Result<ExprPtr> ExprBinder::bind_grouping(const ast::Call& call, SourceSpan span) {
  TRY(check_plain_call(call, span));
  GroupingCall bound;
  bound.of_set = equals_ignoring_case(call.name.text, "GROUP_ID");
  bound.name = to_upper(call.name.text) + "(";
  bound.span = span;
  if (groupings_ == nullptr) {
    return session_
        .error(ErrorCode::kInvalidStatement,
               fmt::format("{}) cannot stand in {}", bound.name, clause_), span)
        .with_hint("it speaks of groups: SELECT, HAVING and ORDER BY may have it");
  }
  for (const ast::Argument& argument : call.arguments) {
    bound.args.push_back(TRY(bind(argument.value)));
    bound.name += (bound.args.size() > 1 ? ", " : "") + bound.args.back()->to_string();
  }
  bound.name += ")";
  const bool takes_none = bound.of_set || equals_ignoring_case(call.name.text, "GROUPING_ID");
  if (bound.of_set && !bound.args.empty()) {
    return session_.error(ErrorCode::kInvalidStatement, "GROUP_ID() takes no arguments", span);
  }
  if (!takes_none && bound.args.empty()) {
    return session_.error(ErrorCode::kInvalidStatement, "GROUPING needs keys of GROUP BY", span)
        .with_hint("GROUPING_ID() asks for all of them");
  }
  if (bound.args.size() > kGroupingArgumentsMax) {
    return session_.error(
        ErrorCode::kInvalidStatement,
        fmt::format("{} takes at most {} keys", to_upper(call.name.text), kGroupingArgumentsMax),
        span);
  }
  return groupings_->add(std::move(bound));
}

Result<std::vector<SelectBinder::KeySet>> SelectBinder::bind_set(
    const std::vector<ast::Expr>& exprs, Keys* keys) {
  KeySet set;
  for (const ast::Expr& expr : exprs) {
    const ExprPtr key = TRY(bind_key(expr));
    TRY(add_key(key, expr.span, keys, &set));
  }
  return std::vector<KeySet>{std::move(set)};
}

Result<std::vector<SelectBinder::KeySet>> SelectBinder::bind_sets(const ast::GroupingSets& sets,
                                                                  SourceSpan span, Keys* keys) {
  std::vector<KeySet> out;
  if (sets.kind == ast::GroupingKind::kSets) {
    for (const ast::GroupItem& item : sets.items) {
      std::vector<KeySet> more = TRY(bind_item_sets(item, keys));
      for (KeySet& set : more) out.push_back(std::move(set));
    }
    return out;
  }
  // The parts that ROLLUP leaves away from the right, and CUBE in all ways.
  std::vector<KeySet> parts;
  for (const ast::GroupItem& item : sets.items) {
    if (std::holds_alternative<ast::GroupingSets>(item.node)) {
      return session_.error(ErrorCode::kInvalidStatement,
                            fmt::format("{} takes keys and (lists of keys), no sets of its own",
                                        kind_name(sets.kind)),
                            item.span);
    }
    std::vector<KeySet> one = TRY(bind_item_sets(item, keys));
    parts.push_back(std::move(one.front()));
  }
  const bool rollup = sets.kind == ast::GroupingKind::kRollup;
  const size_t most = rollup ? kSetsMax - 1 : 12;
  if (parts.size() > most) {
    return session_.error(
        ErrorCode::kInvalidStatement,
        fmt::format("{} of {} keys: at most {}", kind_name(sets.kind), parts.size(), most), span);
  }
  const size_t count = rollup ? parts.size() + 1 : size_t{1} << parts.size();
  for (size_t n = 0; n < count; ++n) {
    KeySet set;
    for (size_t i = 0; i < parts.size(); ++i) {
      const bool has = rollup ? i + n < parts.size() : ((n >> (parts.size() - 1 - i)) & 1) == 0;
      if (has) set.add(parts[i]);
    }
    out.push_back(std::move(set));
  }
  return out;
}

Result<std::vector<SelectBinder::KeySet>> SelectBinder::bind_item_sets(const ast::GroupItem& item,
                                                                       Keys* keys) {
  if (const auto* sets = std::get_if<ast::GroupingSets>(&item.node)) {
    return bind_sets(*sets, item.span, keys);
  }
  if (const auto* set = std::get_if<ast::GroupingSet>(&item.node)) {
    return bind_set(set->exprs, keys);
  }
  if (const auto* expr = std::get_if<ast::Expr>(&item.node)) return bind_set({*expr}, keys);
  return session_
      .error(ErrorCode::kInvalidStatement,
             "a window stands beside GROUPING SETS, not inside: all sets share it", item.span)
      .with_hint("GROUP BY TUMBLE(…), GROUPING SETS (…)");
}

void SelectBinder::KeySet::add(const KeySet& other) {
  for (const size_t key : other.keys) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  start |= other.start;
  end |= other.end;
  time |= other.time;
}

Result<SelectBinder::Keys> SelectBinder::bind_keys() {
  Keys keys;
  keys.sets.emplace_back();
  for (const ast::GroupItem& item : select_.group_by) {
    if (std::holds_alternative<ast::WindowSpec>(item.node)) continue;
    const std::vector<KeySet> more = TRY(bind_item_sets(item, &keys));
    if (more.size() * keys.sets.size() > kSetsMax) {
      return session_.error(ErrorCode::kInvalidStatement,
                            fmt::format("more than {} grouping sets", kSetsMax), item.span);
    }
    std::vector<KeySet> all;
    for (const KeySet& set : keys.sets) {
      for (const KeySet& other : more) {
        all.push_back(set);
        all.back().add(other);
      }
    }
    keys.sets = std::move(all);
  }
  // A late row is reported for the first set: of sessions it should be the finest.
  std::stable_sort(keys.sets.begin(), keys.sets.end(),
                   [](const KeySet& a, const KeySet& b) { return a.keys.size() > b.keys.size(); });
  return keys;
}

Status SelectBinder::check_sets(const Keys& keys, bool windowed) const {
  if (keys.sets.size() < 2 || !window_in_from_ || !windowed) return {};
  for (const KeySet& set : keys.sets) {
    Keys alone = keys;
    alone.start = set.start;
    alone.end = set.end;
    alone.time = set.time;
    const bool of_window = TRY(is_windowed(alone));
    if (of_window) continue;
    return session_
        .error(ErrorCode::kInvalidStatement,
               "every grouping set must name window_start and window_end of this window",
               span_of_group_by())
        .with_hint("GROUP BY window_start, window_end, ROLLUP (…)");
  }
  if (window_->window.kind != PlanWindowKind::kSession) return {};
  return session_
      .not_supported("GROUPING SETS over SESSION in FROM, whose keys are fixed", window_span_)
      .with_hint("WINDOW SESSION(gap) GROUP BY ROLLUP (…): each set has sessions of its own");
}

PlanPtr SelectBinder::expand_sets(PlanPtr plan, const std::vector<std::vector<bool>>& sets,
                                  GroupingParts* parts) const {
  const SourceSpan span = parts->span;
  // Below the Expand, so that each is computed once, and fails once.
  std::vector<ExprPtr> computed;
  for (const PlanAggregate& aggregate : parts->aggregates) {
    for (const ExprPtr& expr : expressions_of(aggregate)) {
      const bool plain = expr->kind() == ExprKind::kColumn || expr->is_constant();
      const bool known = std::any_of(computed.begin(), computed.end(),
                                     [&](const ExprPtr& other) { return *other == *expr; });
      if (!plain && !known) computed.push_back(expr);
    }
  }
  if (!computed.empty()) {
    std::vector<ExprPtr> columns = all_columns(*plan);
    std::vector<std::string> names = column_names(*plan);
    std::vector<ExprPtr> places;
    for (const ExprPtr& expr : computed) {
      names.push_back(expr->to_string());
      places.push_back(make_column(columns.size(), expr->type(), names.back()));
      columns.push_back(expr);
    }
    plan = make_project(std::move(plan), std::move(columns), std::move(names), span);
    for (PlanAggregate& aggregate : parts->aggregates) {
      aggregate = rewrite_aggregate(
          aggregate, [&](const ExprPtr& expr) { return replace_subtrees(expr, computed, places); });
    }
  }
  const size_t inputs = plan->schema->size();
  const size_t keys = parts->keys.size();
  plan = make_expand(std::move(plan), std::move(parts->keys), parts->key_names, sets, span);
  parts->keys.clear();
  for (size_t i = 0; i <= keys; ++i) parts->keys.push_back(column_of(*plan, inputs + i));
  parts->key_names.emplace_back("grouping set");
  parts->grouping_sets = true;
  for (size_t s = 0; s < sets.size(); ++s) {
    const bool empty = std::none_of(sets[s].begin(), sets[s].end(), [](bool has) { return has; });
    if (empty) parts->standing.push_back(static_cast<int64_t>(s));
  }
  return plan;
}

Status SelectBinder::carry_groupings(const std::vector<ExprPtr>& keys,
                                     const std::vector<std::vector<bool>>& sets,
                                     const ExprPtr& set_column) {
  for (size_t c = 0; c < groupings_.calls().size(); ++c) {
    const GroupingCall& call = groupings_.calls()[c];
    std::vector<int64_t> values(std::max<size_t>(sets.size(), 1), 0);
    for (size_t s = 0; call.of_set && s < sets.size(); ++s) {
      values[s] = std::count(sets.begin(), sets.begin() + static_cast<ptrdiff_t>(s), sets[s]);
    }
    const bool of_all = call.args.empty() && !call.of_set;
    for (const ExprPtr& arg : of_all ? keys : call.args) {
      const auto key = std::find_if(keys.begin(), keys.end(),
                                    [&](const ExprPtr& other) { return *other == *arg; });
      const bool of_window = arg->kind() == ExprKind::kColumn && arg->index() >= inputs_;
      if (key == keys.end() && !of_window) {
        return session_.error(
            ErrorCode::kInvalidStatement,
            fmt::format("{}: '{}' is not in GROUP BY", call.name, arg->to_string()), call.span);
      }
      const auto at = static_cast<size_t>(key - keys.begin());
      for (size_t s = 0; s < values.size(); ++s) {
        const bool lacks = !of_window && s < sets.size() && !sets[s][at];
        values[s] = values[s] * 2 + (lacks ? 1 : 0);
      }
    }
    const bool same = std::all_of(values.begin(), values.end(),
                                  [&](int64_t value) { return value == values[0]; });
    what_.push_back(make_column(GroupingCalls::kFirstColumn + c, Type::bigint(), call.name));
    if (same) {
      by_.push_back(make_int64(Type::bigint(), values[0]));
    } else {
      const ExprPtr from_one = TRY(make_call("+", {set_column, make_integer(1)}));
      by_.push_back(TRY(make_call("[]", {literal_numbers(values), from_one})));
    }
  }
  return {};
}

}  // namespace velo
