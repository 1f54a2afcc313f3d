// Calls: functions, aggregates, and the functions that read the window of a GROUP BY.
#include <array>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "expr/over_functions.h"
#include "plan/expr_binder.h"
#include "plan/literals.h"

namespace velo {
namespace {

/// Which bound of which kind of window a function reads: TUMBLE_START.
struct WindowFunction {
  std::string_view name;
  PlanWindowKind kind;
  size_t column;  ///< of window_start, window_end, window_time
};
constexpr std::array kWindowFunctions = {
    WindowFunction{"TUMBLE_START", PlanWindowKind::kTumble, 0},
    WindowFunction{"TUMBLE_END", PlanWindowKind::kTumble, 1},
    WindowFunction{"TUMBLE_ROWTIME", PlanWindowKind::kTumble, 2},
    WindowFunction{"HOP_START", PlanWindowKind::kHop, 0},
    WindowFunction{"HOP_END", PlanWindowKind::kHop, 1},
    WindowFunction{"HOP_ROWTIME", PlanWindowKind::kHop, 2},
    WindowFunction{"SESSION_START", PlanWindowKind::kSession, 0},
    WindowFunction{"SESSION_END", PlanWindowKind::kSession, 1},
    WindowFunction{"SESSION_ROWTIME", PlanWindowKind::kSession, 2},
    WindowFunction{"CUMULATE_START", PlanWindowKind::kCumulate, 0},
    WindowFunction{"CUMULATE_END", PlanWindowKind::kCumulate, 1},
    WindowFunction{"CUMULATE_ROWTIME", PlanWindowKind::kCumulate, 2},
};

/// Functions that exist in SQL but need operators to come.
constexpr std::string_view kFunctionsToCome[] = {
    "CURRENT_WATERMARK", "HEADER",          "HAS_HEADER",   "HEADER_KEYS",     "SET_HEADER",
    "REMOVE_HEADER",     "TUMBLE_PROCTIME", "HOP_PROCTIME", "SESSION_PROCTIME"};

constexpr std::string_view kGroupingFunctions[] = {"GROUPING", "GROUPING_ID", "GROUP_ID"};

bool is_among(std::string_view name, std::span<const std::string_view> names) {
  for (const std::string_view one : names) {
    if (equals_ignoring_case(one, name)) return true;
  }
  return false;
}

/// The lengths that a window function repeats, in the order in which they are written.
std::vector<int64_t> lengths_of(const PlanWindow& window) {
  switch (window.kind) {
    case PlanWindowKind::kTumble:
      return {window.size};
    case PlanWindowKind::kHop:
    case PlanWindowKind::kCumulate:
      return {window.slide, window.size};
    case PlanWindowKind::kSession:
      return {window.gap_us};
  }
  return {};
}

int64_t amount_in(const ExprPtr& length, const PlanWindow& window) {
  const int64_t value = length->literal()->int64_at(0);
  constexpr int64_t kDayUs = 86'400'000'000;
  if (window.unit == WindowUnit::kDays) return value / kDayUs;
  if (window.unit == WindowUnit::kWeeks) return value / (7 * kDayUs);
  return value;
}

}  // namespace

Status ExprBinder::check_plain_call(const ast::Call& call, SourceSpan span) {
  const std::string& name = call.name.text;
  if (call.distinct) {
    return session_.error(ErrorCode::kInvalidStatement,
                          fmt::format("{} is not an aggregate: DISTINCT has no meaning", name),
                          span);
  }
  if (call.filter || !call.order_by.empty() || !call.within_group.empty()) {
    return session_.error(
        ErrorCode::kInvalidStatement,
        fmt::format("{} is not an aggregate: it takes neither FILTER nor ORDER BY", name), span);
  }
  if (call.nulls != ast::NullTreatment::kDefault) {
    return session_.error(
        ErrorCode::kInvalidStatement,
        fmt::format("{} is not an aggregate: it takes no IGNORE or RESPECT NULLS", name), span);
  }
  for (const ast::Argument& argument : call.arguments) {
    if (argument.name) {
      return session_.error(ErrorCode::kInvalidStatement,
                            fmt::format("{} takes no named arguments", name), argument.name->span);
    }
  }
  return {};
}

Result<ExprPtr> ExprBinder::bind_call(const ast::Call& call, SourceSpan span) {
  const std::string& name = call.name.text;
  if (call.over) return bind_over(call, span);
  if (std::optional<ExprPtr> column = TRY(bind_window_function(call, span))) return *column;
  if (equals_ignoring_case(name, "MAP_AGG")) return bind_map_agg(call, span);
  if (is_aggregate(name)) return bind_aggregate(call, span);
  if (is_among(name, kGroupingFunctions)) return bind_grouping(call, span);
  if (equals_ignoring_case(name, "UNNEST")) {
    return session_
        .error(ErrorCode::kInvalidStatement, fmt::format("UNNEST cannot stand in {}", clause_),
               call.name.span)
        .with_hint("it stands in FROM: FROM t CROSS JOIN UNNEST(t.list) AS u (x)");
  }
  if (find_over_function(name) != nullptr) {
    return session_
        .error(ErrorCode::kInvalidStatement, to_upper(name) + " stands only before OVER (…)", span)
        .with_hint(to_upper(name) + "(…) OVER (PARTITION BY … ORDER BY …)");
  }
  if (!is_function(name) && is_among(name, kFunctionsToCome)) {
    return session_.not_supported(fmt::format("the function {}", to_upper(name)), call.name.span);
  }
  return bind_function(call, span);
}

Result<ExprPtr> ExprBinder::bind_function(const ast::Call& call, SourceSpan span) {
  TRY(check_plain_call(call, span));
  std::vector<ExprPtr> args;
  for (const ast::Argument& argument : call.arguments) args.push_back(TRY(bind(argument.value)));
  const std::string name = to_upper(call.name.text);
  if (name == "COALESCE" && !args.empty()) {
    return session_.at(span, make_coalesce(std::move(args)));
  }
  if (name == "TRY" && args.size() == 1) return make_try(std::move(args[0]));
  if (!is_function(name)) {
    std::vector<std::string> names = function_names();
    for (std::string& aggregate : aggregate_names()) names.push_back(std::move(aggregate));
    names.insert(names.end(), {"COALESCE", "TRY"});
    return session_
        .error(ErrorCode::kUnknownName, fmt::format("there is no function {}", call.name.text),
               call.name.span)
        .with_hint(did_you_mean(call.name.text, names));
  }
  return session_.at(span, make_call(name, std::move(args)));
}

Result<std::vector<ListOrder>> ExprBinder::bind_order(const std::vector<ast::OrderItem>& items) {
  std::vector<ListOrder> order;
  for (const ast::OrderItem& item : items) {
    ListOrder one;
    one.key = TRY(bind(item.expr));
    one.descending = item.descending;
    one.nulls_first = item.nulls_first.value_or(item.descending);
    order.push_back(std::move(one));
  }
  return order;
}

namespace {

/// Several values as one, for COUNT(DISTINCT a, b): a ROW, NULL if one of them is.
Result<ExprPtr> whole_tuple(const std::vector<ExprPtr>& parts) {
  ExprPtr whole;
  for (const ExprPtr& part : parts) {
    const ExprPtr there = TRY(make_call("IS NOT NULL", {part}));
    whole = whole == nullptr ? there : TRY(make_and(whole, there));
  }
  const ExprPtr tuple = TRY(make_call("ROW", parts));
  return make_case({whole, tuple}, make_null(tuple->type()));
}

}  // namespace

Result<ExprPtr> ExprBinder::bind_aggregate(const ast::Call& call, SourceSpan span) {
  const std::string name = to_upper(call.name.text);
  if (inside_aggregate_) {
    return session_
        .error(ErrorCode::kInvalidStatement,
               fmt::format("{} stands inside another aggregate", name), span)
        .with_hint("aggregate in a sub-query first");
  }
  if (aggregates_ == nullptr) {
    Error error = session_.error(ErrorCode::kInvalidStatement,
                                 fmt::format("{} cannot stand in {}", name, clause_), span);
    if (clause_ == "WHERE") error.hint = "conditions on aggregates belong in HAVING";
    return error;
  }
  return aggregates_->add(TRY(bind_aggregate_call(call, span)));
}

/// MAP_AGG(k, v) is MAP_FROM_ENTRIES(ARRAY_AGG(ROW(k, v))): the value of the latest row counts.
Result<ExprPtr> ExprBinder::bind_map_agg(const ast::Call& call, SourceSpan span) {
  if (call.arguments.size() != 2 || call.distinct) {
    return session_.error(ErrorCode::kInvalidStatement, "MAP_AGG takes a key and a value", span);
  }
  ast::Call rows = call;
  rows.name.text = "ARRAY_AGG";
  ast::RowValue entry{true, {call.arguments[0].value, call.arguments[1].value}};
  rows.arguments.resize(1);
  rows.arguments[0].value = ast::Expr(std::move(entry), span);
  const ExprPtr entries = TRY(bind_aggregate(rows, span));
  return session_.at(span, make_call("MAP_FROM_ENTRIES", {entries}));
}

/// The call without its OVER. With it (`over`) its arguments may be aggregates themselves.
Result<Aggregate> ExprBinder::bind_aggregate_call(const ast::Call& call, SourceSpan span,
                                                  bool over) {
  const std::string name = to_upper(call.name.text);
  AggregateRequest request;
  request.name = name;
  request.distinct = call.distinct;
  inside_aggregate_ = !over;
  // The guard's members are bound within the call's own rules; leave the flag as it was.
  struct Reset {
    bool& flag;
    ~Reset() { flag = false; }
  } reset{inside_aggregate_};
  for (const ast::Argument& argument : call.arguments) {
    if (argument.name) {
      return session_.error(ErrorCode::kInvalidStatement,
                            fmt::format("{} takes no named arguments", name), argument.name->span);
    }
    if (const auto* star = argument.value.as<ast::Star>()) {
      if (name != "COUNT" || call.arguments.size() != 1 || !star->qualifier.empty()) {
        return session_.error(ErrorCode::kInvalidStatement,
                              fmt::format("* is an argument of COUNT only, not of {}", name),
                              argument.value.span);
      }
      request.star = true;
      continue;
    }
    request.args.push_back(TRY(bind(argument.value)));
    if (call.distinct || name == "MIN" || name == "MAX" || name == "MODE") {
      TRY(check_comparable(session_, request.args.back()->type(), argument.value.span));
    }
  }
  if (name == "COUNT" && call.distinct && request.args.size() > 1) {
    request.args = {TRY(session_.at(span, whole_tuple(request.args)))};
  }
  if (call.filter) request.filter = TRY(bind_condition(*call.filter));
  request.order = TRY(bind_order(call.order_by));
  request.within_group = TRY(bind_order(call.within_group));
  if (call.nulls == ast::NullTreatment::kRespect && name != "ARRAY_AGG") {
    return session_.not_supported("RESPECT NULLS", span);
  }
  request.ignore_nulls = call.nulls == ast::NullTreatment::kIgnore;
  return session_.at(span, resolve_aggregate(request));
}

Result<std::optional<ExprPtr>> ExprBinder::bind_window_function(const ast::Call& call,
                                                                SourceSpan span) {
  const WindowFunction* function = nullptr;
  for (const WindowFunction& one : kWindowFunctions) {
    if (equals_ignoring_case(one.name, call.name.text)) function = &one;
  }
  if (function == nullptr) return std::optional<ExprPtr>();
  const auto mismatch = [&](std::string message) {
    return session_.error(ErrorCode::kInvalidStatement, std::move(message), span)
        .with_hint("repeat the window of GROUP BY exactly, or use window_start and window_end");
  };
  if (window_ == nullptr || window_->window.kind != function->kind) {
    return mismatch(fmt::format("{} without such a window in GROUP BY", function->name));
  }
  const std::vector<int64_t> lengths = lengths_of(window_->window);
  if (!call.arguments.empty()) {
    const ExprPtr time = TRY(bind(call.arguments[0].value));
    if (time->kind() != ExprKind::kColumn || time->index() != window_->window.time_column ||
        call.arguments.size() <= lengths.size()) {
      return mismatch(fmt::format("{} is not of the window in GROUP BY", function->name));
    }
    for (size_t i = 0; i < lengths.size(); ++i) {
      const ExprPtr length = TRY(bind(call.arguments[i + 1].value));
      if (!length->is_literal() || !length->type().is_interval() ||
          amount_in(length, window_->window) != lengths[i]) {
        return mismatch(fmt::format("{} is not of the window in GROUP BY", function->name));
      }
    }
  }
  return std::optional<ExprPtr>(scope_.column(window_->first_column + function->column));
}

}  // namespace velo
