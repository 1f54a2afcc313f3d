// 1. An equality of something of the left with something of the right is a pair of keys.
// 2. A comparison of `time + constant` of one side with `time + constant` of the other bounds the
//    difference right − left from one side; the tightest bounds for one pair of columns are kept.
// 3. If a pair is bounded from both sides, its comparisons are used up; else they are the rest.
#include "plan/join_condition.h"

#include <algorithm>
#include <map>

#include "plan/plan_build.h"

namespace velo {
namespace {

enum class Reads : uint8_t { kNothing, kLeft, kRight, kBoth };

Reads reads_of(const Expr& expr, size_t left_columns) {
  std::vector<size_t> columns;
  collect_columns(expr, &columns);
  if (columns.empty()) return Reads::kNothing;
  if (columns.back() < left_columns) return Reads::kLeft;
  return columns.front() >= left_columns ? Reads::kRight : Reads::kBoth;
}

/// column + offset
struct TimeTerm {
  size_t column = 0;
  int64_t offset_us = 0;
};

std::optional<int64_t> constant_interval(const ExprPtr& expr) {
  if (expr->type().kind() != TypeKind::kIntervalDay) return std::nullopt;
  const ExprPtr folded = fold_constants(expr);
  if (!folded->is_literal() || folded->is_null_literal()) return std::nullopt;
  return folded->literal()->int64_at(0);
}

std::optional<TimeTerm> time_term(const ExprPtr& expr) {
  if (!expr->type().is_timestamp()) return std::nullopt;
  if (expr->kind() == ExprKind::kColumn) return TimeTerm{expr->index(), 0};
  // To a finer precision nothing is lost.
  if (expr->kind() == ExprKind::kCast && expr->arg(0)->type().kind() == expr->type().kind() &&
      expr->arg(0)->type().precision() <= expr->type().precision()) {
    return time_term(expr->arg(0));
  }
  if (expr->kind() != ExprKind::kCall || expr->args().size() != 2) return std::nullopt;
  const std::string_view name = expr->function().name();
  if (name != "+" && name != "-") return std::nullopt;
  const bool swapped = name == "+" && expr->arg(0)->type().is_interval();
  const std::optional<TimeTerm> term = time_term(expr->arg(swapped ? 1 : 0));
  const std::optional<int64_t> by = constant_interval(expr->arg(swapped ? 0 : 1));
  if (!term || !by) return std::nullopt;
  return TimeTerm{term->column, term->offset_us + (name == "+" ? *by : -*by)};
}

/// Bounds on right − left.
struct Bounds {
  std::optional<int64_t> lower;
  std::optional<int64_t> upper;
  std::vector<size_t> conjuncts;  // that say so
};

class Sorter {
 public:
  Sorter(const PlanNode& left, const PlanNode& right, bool asof, bool with_times)
      : left_(left),
        right_(right),
        left_columns_(left.schema->size()),
        asof_(asof),
        with_times_(with_times) {}

  JoinCondition sort(const std::vector<ExprPtr>& conjuncts) {
    for (size_t i = 0; i < conjuncts.size(); ++i) {
      if (!note_times(*conjuncts[i], i) && !add_keys(*conjuncts[i])) {
        out_.rest.push_back(conjuncts[i]);
      }
    }
    choose_times();
    for (const auto& [columns, bounds] : bounds_) {
      const std::optional<JoinTimes>& chosen = asof_ ? out_.until : out_.times;
      const bool used =
          chosen && columns.first == chosen->left_column && columns.second == chosen->right_column;
      if (used) continue;
      for (const size_t i : bounds.conjuncts) {
        if (!add_keys(*conjuncts[i])) out_.rest.push_back(conjuncts[i]);
      }
    }
    return std::move(out_);
  }

 private:
  const ColumnTraits& traits(size_t column) const {
    return column < left_columns_ ? left_.traits[column] : right_.traits[column - left_columns_];
  }
  bool is_time(size_t column) const {
    return traits(column).event_time || traits(column).window == WindowRole::kEnd;
  }

  /// DECIMALs of other digits are compared as they are; as keys they need the same ones.
  static bool have_one_type(ExprPtr* a, ExprPtr* b) {
    if ((*a)->type() == (*b)->type()) return true;
    const std::vector<ArgumentType> types = {(*a)->type(), (*b)->type()};
    const std::optional<Type> type = common_type(types);
    if (!type) return false;
    for (ExprPtr* side : {a, b}) {
      Result<ExprPtr> cast = make_implicit_cast(*side, *type);
      if (!cast) return false;
      *side = *std::move(cast);
    }
    return true;
  }

  bool add_keys(const Expr& expr) {
    if (expr.kind() != ExprKind::kCall || expr.function().name() != "=") return false;
    ExprPtr a = expr.arg(0);
    ExprPtr b = expr.arg(1);
    if (reads_of(*a, left_columns_) == Reads::kRight) std::swap(a, b);
    if (reads_of(*a, left_columns_) != Reads::kLeft) return false;
    if (reads_of(*b, left_columns_) != Reads::kRight) return false;
    if (!have_one_type(&a, &b) || a->is_volatile() || b->is_volatile()) return false;
    if (a->can_fail() || b->can_fail()) return false;
    std::vector<size_t> shift(left_columns_ + right_.schema->size(), 0);
    for (size_t i = left_columns_; i < shift.size(); ++i) shift[i] = i - left_columns_;
    out_.left_keys.push_back(a);
    out_.right_keys.push_back(remap_columns(b, shift));
    return true;
  }

  bool note_times(const Expr& expr, size_t conjunct) {
    if (!with_times_ || expr.kind() != ExprKind::kCall || expr.args().size() != 2) return false;
    std::string_view op = expr.function().name();
    std::optional<TimeTerm> a = time_term(expr.arg(0));
    std::optional<TimeTerm> b = time_term(expr.arg(1));
    if (!a || !b || !is_time(a->column) || !is_time(b->column)) return false;
    if ((a->column < left_columns_) == (b->column < left_columns_)) return false;
    if (a->column < left_columns_) {
      std::swap(a, b);
      op = op == "<" ? ">" : op == "<=" ? ">=" : op == ">" ? "<" : op == ">=" ? "<=" : op;
    }
    // Now: right + a.offset  op  left + b.offset.
    const int64_t bound = b->offset_us - a->offset_us;
    Bounds found;
    if (op == "=") {
      found.lower = found.upper = bound;
    } else if (op == "<=" || op == "<") {
      found.upper = op == "<" ? bound - 1 : bound;
    } else if (op == ">=" || op == ">") {
      found.lower = op == ">" ? bound + 1 : bound;
    } else {
      return false;
    }
    Bounds& bounds = bounds_[{b->column, a->column - left_columns_}];
    if (found.lower) bounds.lower = std::max(*found.lower, bounds.lower.value_or(INT64_MIN));
    if (found.upper) bounds.upper = std::min(*found.upper, bounds.upper.value_or(INT64_MAX));
    // Equal times are a key as well: it finds partners faster than the bounds do.
    if (op != "=" || !add_keys(expr)) bounds.conjuncts.push_back(conjunct);
    return true;
  }

  void choose_times() {
    for (const auto& [columns, bounds] : bounds_) {
      const bool bounded =
          asof_ ? !bounds.lower && bounds.upper && !out_.until : bounds.lower && bounds.upper;
      if (!bounded) continue;
      if (asof_) {
        out_.until = JoinTimes{columns.first,
                               columns.second,
                               INT64_MIN,
                               *bounds.upper,
                               arrival_shift_us(left_, columns.first),
                               arrival_shift_us(right_, columns.second)};
        continue;
      }
      // Of several the tightest makes rows wait least.
      const int64_t width = *bounds.upper - *bounds.lower;
      if (out_.times && out_.times->upper_us - out_.times->lower_us <= width) continue;
      out_.times = JoinTimes{columns.first,
                             columns.second,
                             *bounds.lower,
                             *bounds.upper,
                             arrival_shift_us(left_, columns.first),
                             arrival_shift_us(right_, columns.second)};
    }
  }

  const PlanNode& left_;
  const PlanNode& right_;
  size_t left_columns_;
  bool asof_;
  bool with_times_;
  std::map<std::pair<size_t, size_t>, Bounds> bounds_;  // by columns of the left and the right
  JoinCondition out_;
};

}  // namespace

JoinCondition sort_join_condition(const std::vector<ExprPtr>& conjuncts, const PlanNode& left,
                                  const PlanNode& right, bool asof, bool with_times) {
  return Sorter(left, right, asof, with_times).sort(conjuncts);
}

}  // namespace velo
