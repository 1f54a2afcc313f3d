// f(x) OVER (…): which function, and over which rows.
#include <algorithm>
#include <array>
#include <tuple>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "expr/evaluator.h"
#include "expr/over_functions.h"
#include "plan/literals.h"
#include "plan/select_binder.h"
#include "sql/printer.h"

namespace velo {
namespace {

constexpr int64_t kRowsMax = 1'000'000;  // a partition holds a state per row of its frame

OverBound rows_away(int64_t distance) { return {OverBound::Unit::kRows, distance, 0, 0}; }
OverBound peers() { return {OverBound::Unit::kGroups, 0, 0, 0}; }

/// Of the first `count` ones.
const ast::NamedWindow* find_window(const std::vector<ast::NamedWindow>& windows, size_t count,
                                    const ast::Name& name) {
  for (size_t i = 0; i < count; ++i) {
    if (name.matches(windows[i].name.text)) return &windows[i];
  }
  return nullptr;
}

std::string_view unit_name(ast::FrameUnit unit) {
  return unit == ast::FrameUnit::kRows    ? "ROWS"
         : unit == ast::FrameUnit::kRange ? "RANGE"
                                          : "GROUPS";
}

bool is_before(const OverBound& a, const OverBound& b) {
  return std::tuple(a.distance, a.range, a.range_double) <
         std::tuple(b.distance, b.range, b.range_double);
}

}  // namespace

ExprPtr OverList::add(BoundOver call) {
  const ExprPtr column =
      make_column(first_column_ + calls_.size(), call.call.type, call.call.text + " OVER");
  calls_.push_back(std::move(call));
  return column;
}

/// What OVER says, with the window that it names: `depth` of the named ones are in sight.
Result<ast::Over> ExprBinder::whole_over(const ast::Over& over, size_t depth) const {
  if (!over.base) return over;
  const ast::NamedWindow* named =
      named_windows_ == nullptr ? nullptr : find_window(*named_windows_, depth, *over.base);
  if (named == nullptr) {
    std::vector<std::string> names;
    for (size_t i = 0; named_windows_ != nullptr && i < depth; ++i) {
      names.push_back((*named_windows_)[i].name.text);
    }
    return session_
        .error(ErrorCode::kUnknownName,
               fmt::format("there is no window '{}' in this SELECT", over.base->text),
               over.base->span)
        .with_hint(names.empty() ? "WINDOW " + over.base->text + " AS (PARTITION BY … ORDER BY …)"
                                 : did_you_mean(over.base->text, names));
  }
  const auto place = static_cast<size_t>(named - named_windows_->data());
  ast::Over whole = TRY(whole_over(named->over, place));
  whole.span = over.span;
  if (over.only_name) return whole;
  const auto refuse = [&](std::string_view what, SourceSpan span) {
    return session_.error(ErrorCode::kInvalidStatement,
                          fmt::format("window '{}' has {} already", over.base->text, what), span);
  };
  if (!over.partition_by.empty()) {
    return session_.error(ErrorCode::kInvalidStatement,
                          fmt::format("PARTITION BY is said by window '{}' alone", over.base->text),
                          over.partition_by[0].span);
  }
  if (!over.order_by.empty() && !whole.order_by.empty()) {
    return refuse("an ORDER BY", over.order_by[0].expr.span);
  }
  if (whole.frame) {
    return refuse("a frame", over.base->span)
        .with_hint("OVER " + over.base->text + ", without parentheses, takes it as it is");
  }
  if (!over.order_by.empty()) whole.order_by = over.order_by;
  whole.frame = over.frame;
  return whole;
}

/// `n PRECEDING`, `INTERVAL … FOLLOWING`: how far behind the row; negative before it.
Result<OverBound> ExprBinder::bind_bound(const ast::Frame& frame, const ast::FrameBound& bound,
                                         const std::vector<PlanOrder>& order) {
  using ast::BoundKind;
  if (bound.kind == BoundKind::kUnboundedPreceding ||
      bound.kind == BoundKind::kUnboundedFollowing) {
    return OverBound();
  }
  const bool rows = frame.unit == ast::FrameUnit::kRows;
  if (bound.kind == BoundKind::kCurrentRow) return rows ? rows_away(0) : peers();
  const bool before = bound.kind == BoundKind::kPreceding;
  const std::string what =
      fmt::format("{} … {}", unit_name(frame.unit), before ? "PRECEDING" : "FOLLOWING");
  if (frame.unit == ast::FrameUnit::kRange) {
    return bind_range(*bound.distance, before, what, order);
  }
  const int64_t distance = TRY(bind_count(session_, *bound.distance, what));
  if (distance < 0 || distance > kRowsMax) {
    return session_.error(ErrorCode::kInvalidStatement,
                          fmt::format("{} {} {}: from 0 to {}", unit_name(frame.unit), distance,
                                      before ? "PRECEDING" : "FOLLOWING", kRowsMax),
                          bound.distance->span);
  }
  OverBound made = rows_away(before ? -distance : distance);
  if (!rows) made.unit = OverBound::Unit::kGroups;
  return made;
}

/// RANGE over one order key: a length of time, or a number of its type.
Result<OverBound> ExprBinder::bind_range(const ast::Expr& distance, bool before,
                                         const std::string& what,
                                         const std::vector<PlanOrder>& order) {
  if (order.size() != 1) {
    return session_.error(ErrorCode::kInvalidStatement,
                          what + " needs an ORDER BY of exactly one key", distance.span);
  }
  const Type& type = order[0].key->type();
  OverBound made;
  made.unit = OverBound::Unit::kRange;
  const bool time = type.kind() == TypeKind::kTimestamp || type.kind() == TypeKind::kTimestampLtz ||
                    type.kind() == TypeKind::kTime;
  if (time) {
    made.range = TRY(bind_duration(session_, distance, what));
  } else if (type.is_numeric()) {
    const ExprPtr bound = TRY(bind(distance));
    const ExprPtr cast = TRY(session_.at(distance.span, make_cast(bound, type)));
    if (!bound->is_constant() || !bound->type().is_numeric()) {
      return session_.error(ErrorCode::kInvalidStatement, what + " needs a constant number",
                            distance.span);
    }
    EvaluationContext context;
    const ColumnPtr value = TRY(session_.at(distance.span, evaluate_constant(cast, context)));
    if (value->is_null(0)) {
      return session_.error(ErrorCode::kInvalidStatement, what + " cannot be NULL", distance.span);
    }
    const Physical physical = type.physical();
    if (physical == Physical::kDouble) made.range_double = value->double_at(0);
    if (physical == Physical::kInt64) made.range = value->int64_at(0);
    if (physical == Physical::kInt128) made.range = value->int128_at(0);
  } else {
    return session_.error(
        ErrorCode::kTypeMismatch,
        fmt::format("{} has no meaning in the order of a {}", what, type.to_string()),
        distance.span);
  }
  if (made.range < 0 || made.range_double < 0) {
    return session_.error(ErrorCode::kInvalidStatement, what + " cannot be negative",
                          distance.span);
  }
  if (before) {
    made.range = -made.range;
    made.range_double = -made.range_double;
  }
  return made;
}

Result<OverFrame> ExprBinder::bind_frame(const ast::Over& over,
                                         const std::vector<PlanOrder>& order) {
  OverFrame frame;
  if (!over.frame) {
    // Up to the row and its peers; without an order all rows are peers.
    if (!order.empty()) frame.end = peers();
    return frame;
  }
  const ast::Frame& written = *over.frame;
  using ast::BoundKind;
  const bool all = written.start.kind == BoundKind::kUnboundedPreceding &&
                   written.end.kind == BoundKind::kUnboundedFollowing;
  if (order.empty() && !all) {
    return session_.error(ErrorCode::kInvalidStatement,
                          fmt::format("OVER (… {} …) needs ORDER BY", unit_name(written.unit)),
                          over.span);
  }
  frame.start = TRY(bind_bound(written, written.start, order));
  frame.end = TRY(bind_bound(written, written.end, order));
  if (frame.start.unit == OverBound::Unit::kRange && frame.end == peers()) {
    // There is one order key: peers are the rows up to 0 behind. Their numbers need not be kept.
    frame.end = {OverBound::Unit::kRange, 0, 0, 0};
  }
  const bool bounded = frame.start.unit != OverBound::Unit::kUnbounded &&
                       frame.end.unit != OverBound::Unit::kUnbounded;
  if (bounded && is_before(frame.end, frame.start)) {
    return session_.error(ErrorCode::kInvalidStatement, "the frame ends before it starts",
                          written.span);
  }
  const auto text = [&](const ast::FrameBound& bound) -> std::string {
    switch (bound.kind) {
      case BoundKind::kUnboundedPreceding:
        return "UNBOUNDED PRECEDING";
      case BoundKind::kCurrentRow:
        return "CURRENT ROW";
      case BoundKind::kUnboundedFollowing:
        return "UNBOUNDED FOLLOWING";
      case BoundKind::kPreceding:
        return print_sql(*bound.distance) + " PRECEDING";
      case BoundKind::kFollowing:
        return print_sql(*bound.distance) + " FOLLOWING";
    }
    return "";
  };
  frame.text = fmt::format("{} BETWEEN {} AND {}", unit_name(written.unit), text(written.start),
                           text(written.end));
  return frame;
}

Result<std::vector<PlanOrder>> ExprBinder::bind_over_order(const ast::Over& over) {
  std::vector<PlanOrder> order;
  for (const ast::OrderItem& item : over.order_by) {
    PlanOrder key;
    key.key = TRY(bind(item.expr));
    key.descending = item.descending;
    key.nulls_first = item.nulls_first.value_or(item.descending);
    order.push_back(std::move(key));
  }
  return order;
}

Result<ExprPtr> ExprBinder::bind_over(const ast::Call& call, SourceSpan span) {
  if (overs_ == nullptr || inside_aggregate_ || inside_over_) {
    const std::string place = inside_aggregate_ ? "an aggregate"
                              : inside_over_    ? "another OVER"
                                                : clause_;
    Error error = session_.error(ErrorCode::kInvalidStatement,
                                 fmt::format("OVER cannot stand in {}", place), span);
    if (clause_ == "WHERE") error.hint = "conditions on OVER belong in QUALIFY";
    return error;
  }
  const std::string& name = call.name.text;
  if (find_over_function(name) == nullptr && !is_aggregate(name)) {
    std::vector<std::string> names = aggregate_names();
    for (const OverFunctionInfo& one : over_function_table()) names.emplace_back(one.name);
    return session_
        .error(ErrorCode::kInvalidStatement,
               fmt::format("{} is no aggregate and no window function: OVER has no meaning",
                           to_upper(name)),
               span)
        .with_hint(did_you_mean(name, names));
  }
  const size_t named = named_windows_ == nullptr ? 0 : named_windows_->size();
  const ast::Over over = TRY(whole_over(*call.over, named));
  if (over.buffer_rows || over.emit_on_buffer_full || over.expire_after) {
    return session_.not_supported("EMIT or EXPIRE inside OVER (…)", call.over->span);
  }
  inside_over_ = true;
  struct Reset {
    bool& flag;
    ~Reset() { flag = false; }
  } reset{inside_over_};
  BoundOver bound;
  bound.span = span;
  bound.partition = TRY(bind_all(over.partition_by));
  bound.order = TRY(bind_over_order(over));
  if (find_over_function(name) != nullptr) {
    bound.call = TRY(bind_over_function(call, over, bound.order, span));
  } else {
    bound.call = TRY(bind_over_aggregate(call, over, bound.order, span));
  }
  return overs_->add(std::move(bound));
}

Result<OverCall> ExprBinder::bind_over_aggregate(const ast::Call& call, const ast::Over& over,
                                                 const std::vector<PlanOrder>& order,
                                                 SourceSpan span) {
  OverCall made;
  made.frame = TRY(bind_frame(over, order));
  made.aggregate = TRY(bind_aggregate_call(call, span, true));
  if (!call.order_by.empty() && made.frame.start.unit != OverBound::Unit::kUnbounded) {
    return session_.not_supported("ORDER BY inside an aggregate over a moving frame",
                                  call.order_by[0].expr.span);
  }
  made.type = made.aggregate.type;
  made.text = made.aggregate.text;
  return made;
}

Result<OverCall> ExprBinder::bind_over_function(const ast::Call& call, const ast::Over& over,
                                                const std::vector<PlanOrder>& order,
                                                SourceSpan span) {
  const OverFunctionInfo& function = *find_over_function(call.name.text);
  const std::string name(function.name);
  const size_t given = call.arguments.size();
  if (given < function.arguments_min || given > function.arguments_max) {
    const std::string wanted =
        function.arguments_max == 0 ? "no arguments"
        : function.arguments_min == function.arguments_max
            ? count_of(function.arguments_min, "argument")
            : fmt::format("{} to {} arguments", function.arguments_min, function.arguments_max);
    return session_.error(ErrorCode::kInvalidStatement, fmt::format("{} takes {}", name, wanted),
                          span);
  }
  ast::Call plain = call;
  plain.nulls = ast::NullTreatment::kDefault;  // has a meaning here
  TRY(check_plain_call(plain, span));
  OverCall made;
  made.function = function.function;
  made.type = Type::bigint();
  made.text = name + "()";
  if (made.has_frame()) {
    TRY(bind_navigation(call, over, order, &made));
    return made;
  }
  if (call.nulls != ast::NullTreatment::kDefault) {
    return session_.error(ErrorCode::kInvalidStatement, name + " takes no IGNORE or RESPECT NULLS",
                          span);
  }
  if (call.over->frame) {
    return session_.error(ErrorCode::kInvalidStatement, name + " takes no frame",
                          call.over->frame->span);
  }
  if (made.function == OverFunction::kPercentRank || made.function == OverFunction::kCumeDist) {
    made.type = Type::float64();
  }
  if (made.function == OverFunction::kNtile) {
    TRY(bind_n(call.arguments[0].value, "NTILE", 1, &made.n));
    made.text = fmt::format("NTILE({})", made.n);
  }
  return made;
}

Status ExprBinder::bind_n(const ast::Expr& expr, std::string_view what, int64_t least,
                          int64_t* n) const {
  *n = TRY(bind_count(session_, expr, what));
  if (*n >= least && *n <= kRowsMax) return {};
  return session_.error(ErrorCode::kInvalidStatement,
                        fmt::format("{} of {}: from {} to {}", what, *n, least, kRowsMax),
                        expr.span);
}

/// LAG, LEAD, FIRST_VALUE, LAST_VALUE, NTH_VALUE: one row of a frame.
Status ExprBinder::bind_navigation(const ast::Call& call, const ast::Over& over,
                                   const std::vector<PlanOrder>& order, OverCall* made) {
  const std::string name = to_upper(call.name.text);
  made->argument = TRY(bind(call.arguments[0].value));
  made->type = made->argument->type();
  made->ignore_nulls = call.nulls == ast::NullTreatment::kIgnore;
  made->text = fmt::format("{}({}", name, made->argument->to_string());
  if (name != "LAG" && name != "LEAD") {
    made->frame = TRY(bind_frame(over, order));
    if (name == "NTH_VALUE") {
      TRY(bind_n(call.arguments[1].value, name, 1, &made->n));
      made->text += fmt::format(", {}", made->n);
    }
    made->text += made->ignore_nulls ? ") IGNORE NULLS" : ")";
    return {};
  }
  if (call.over->frame) {
    return session_.error(ErrorCode::kInvalidStatement, name + " takes no frame",
                          call.over->frame->span);
  }
  int64_t offset = 1;
  if (call.arguments.size() > 1) TRY(bind_n(call.arguments[1].value, name, 0, &offset));
  made->text += fmt::format(", {}", offset);
  if (call.arguments.size() > 2) TRY(bind_default(call.arguments[2].value, made));
  made->text += made->ignore_nulls ? ") IGNORE NULLS" : ")";
  const bool back = name == "LAG";
  if (!made->ignore_nulls || offset == 0) {
    made->ignore_nulls = false;
    made->frame.start = rows_away(back ? -offset : offset);
    made->frame.end = made->frame.start;
    return {};
  }
  // The rows before are counted from the row itself, those behind it too.
  made->n = offset;
  made->function = back ? OverFunction::kFromEnd : OverFunction::kFromStart;
  (back ? made->frame.end : made->frame.start) = rows_away(back ? -1 : 1);
  return {};
}

/// What LAG and LEAD give where there is no row; argument and default take one type.
Status ExprBinder::bind_default(const ast::Expr& expr, OverCall* made) {
  made->otherwise = TRY(bind(expr));
  const std::array types = {
      ArgumentType(made->argument->type(), false),
      ArgumentType(made->otherwise->type(),
                   made->otherwise->is_literal() && made->otherwise->type().is_string())};
  const std::optional<Type> type = common_type(types);
  if (!type) {
    return session_.error(
        ErrorCode::kTypeMismatch,
        fmt::format("the default is {}, the argument {}", made->otherwise->type().to_string(),
                    made->argument->type().to_string()),
        expr.span);
  }
  made->argument = TRY(session_.at(expr.span, make_implicit_cast(made->argument, *type)));
  made->otherwise = TRY(session_.at(expr.span, make_implicit_cast(made->otherwise, *type)));
  made->type = *type;
  made->text += ", " + made->otherwise->to_string();
  return {};
}

}  // namespace velo
