#include "expr/expr.h"

#include <algorithm>

#include "base/random.h"
#include "expr/expr_fields.h"
#include "expr/type_rules.h"

namespace velo {
namespace {

uint64_t combine(uint64_t seed, uint64_t value) { return mix64(seed * 31 + value); }

uint64_t hash_text(std::string_view text) {
  uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211ULL;
  return hash;
}

uint64_t hash_of(const Expr::Fields& f) {
  uint64_t hash = combine(static_cast<uint64_t>(f.kind), static_cast<uint64_t>(f.type.kind()));
  hash = combine(hash, static_cast<uint64_t>(f.type.precision() * 64 + f.type.scale()));
  hash = combine(hash, f.index);
  if (f.function != nullptr) hash = combine(hash, reinterpret_cast<uintptr_t>(f.function));
  if (f.literal) hash = combine(hash, hash_text(literal_text(*f.literal, 0)));
  for (const ExprPtr& arg : f.args) hash = combine(hash, arg->hash());
  return hash;
}

/// A cast that only looks at the same bits differently.
bool is_free_cast(const Type& from, const Type& to) {
  if (from.is_null()) return true;
  const std::optional<int> cost = implicit_cast_cost(ArgumentType(from), to);
  return cost.has_value() && from.physical() == to.physical() && !to.is_nested() &&
         from.kind() != TypeKind::kTimestamp && !to.is_decimal() && from.kind() != TypeKind::kDate;
}

/// A DECIMAL with room for every digit of every value of `from`.
bool holds_all_digits(const Type& from, const Type& to) {
  if (!to.is_decimal() || !(from.is_decimal() || from.is_integer())) return false;
  const Type digits = as_decimal_type(from);
  return digits.scale() <= to.scale() &&
         digits.precision() - digits.scale() <= to.precision() - to.scale();
}

/// x % 10000: integers fail at nothing but a divisor of zero.
bool is_remainder_by_constant(const Expr::Fields& f) {
  if (f.function->name() != "%" || !f.type.is_integer()) return false;
  const Expr* divisor = f.args[1].get();
  while (divisor->kind() == ExprKind::kCast) divisor = divisor->arg(0).get();
  return divisor->is_literal() && !divisor->is_null_literal() && divisor->type().is_integer() &&
         divisor->literal()->int64_at(0) != 0;
}

/// Whether this node itself can fail, whatever its arguments do.
bool node_can_fail(const Expr::Fields& f) {
  if (f.kind == ExprKind::kCall) {
    return !f.function->has(kInfallible) && !is_remainder_by_constant(f);
  }
  if (f.kind != ExprKind::kCast || f.is_try) return false;
  const Type& from = f.args[0]->type();
  if (f.type.is_string()) return false;
  if (f.type.is_float() && (from.is_integer() || from.is_float())) return false;
  return !is_free_cast(from, f.type) && !holds_all_digits(from, f.type);
}

}  // namespace

Expr::Expr(Fields f) {
  hash_ = hash_of(f);
  can_fail_ = node_can_fail(f);
  constant_ = f.kind != ExprKind::kColumn && f.kind != ExprKind::kOuter &&
              f.kind != ExprKind::kSubquery;
  if (f.kind == ExprKind::kCall) {
    deterministic_ = f.function->is_deterministic();
    volatile_ = f.function->has(kVolatile);
  } else if (f.kind == ExprKind::kCast) {
    // The session's zone takes part.
    const TypeKind from = f.args[0]->type().kind();
    const bool either_instant =
        from == TypeKind::kTimestampLtz || f.type.kind() == TypeKind::kTimestampLtz;
    deterministic_ = !either_instant || from == f.type.kind() || f.type.is_string() ||
                     f.args[0]->type().is_string();
  }
  for (const ExprPtr& arg : f.args) {
    deterministic_ &= arg->deterministic_;
    volatile_ |= arg->volatile_;
    can_fail_ |= arg->can_fail_;
    constant_ &= arg->constant_;
  }
  if (f.kind == ExprKind::kTry) can_fail_ = false;
  kind_ = f.kind;
  is_try_ = f.is_try;
  type_ = std::move(f.type);
  args_ = std::move(f.args);
  index_ = f.index;
  name_ = std::move(f.name);
  literal_ = std::move(f.literal);
  function_ = f.function;
}

bool Expr::operator==(const Expr& other) const {
  if (this == &other) return true;
  if (hash_ != other.hash_ || kind_ != other.kind_ || is_try_ != other.is_try_ ||
      index_ != other.index_ || function_ != other.function_ || type_ != other.type_ ||
      args_.size() != other.args_.size()) {
    return false;
  }
  if (literal_ && !rows_equal(*literal_, 0, *other.literal_, 0)) return false;
  for (size_t i = 0; i < args_.size(); ++i) {
    if (!(*args_[i] == *other.args_[i])) return false;
  }
  return true;
}

void collect_stand_ins(const Expr& expr, ExprKind kind, std::vector<size_t>* indices) {
  if (expr.kind() == kind) {
    const auto at = std::lower_bound(indices->begin(), indices->end(), expr.index());
    if (at == indices->end() || *at != expr.index()) indices->insert(at, expr.index());
  }
  for (const ExprPtr& arg : expr.args()) collect_stand_ins(*arg, kind, indices);
}

void collect_columns(const Expr& expr, std::vector<size_t>* columns) {
  collect_stand_ins(expr, ExprKind::kColumn, columns);
}

bool has_stand_in(const Expr& expr, ExprKind kind) {
  return expr.kind() == kind ||
         std::any_of(expr.args().begin(), expr.args().end(),
                     [kind](const ExprPtr& arg) { return has_stand_in(*arg, kind); });
}

ExprPtr with_args(const ExprPtr& expr, std::vector<ExprPtr> args) {
  if (args == expr->args()) return expr;
  Expr::Fields fields{expr->kind(), expr->type()};
  fields.args = std::move(args);
  fields.index = expr->index();
  fields.name = expr->name();
  fields.is_try = expr->is_try();
  if (expr->kind() == ExprKind::kCall) fields.function = &expr->function();
  return std::make_shared<const Expr>(std::move(fields));
}

ExprPtr replace_leaves(const ExprPtr& expr, ExprKind kind,
                       const std::function<ExprPtr(const ExprPtr&)>& by) {
  if (expr->kind() == kind) return by(expr);
  std::vector<ExprPtr> args;
  args.reserve(expr->args().size());
  for (const ExprPtr& arg : expr->args()) args.push_back(replace_leaves(arg, kind, by));
  return with_args(expr, std::move(args));
}

ExprPtr remap_columns(const ExprPtr& expr, const std::vector<size_t>& mapping) {
  return replace_leaves(expr, ExprKind::kColumn, [&](const ExprPtr& column) {
    CHECK(column->index() < mapping.size());
    return make_column(mapping[column->index()], column->type(), column->name());
  });
}

ExprPtr substitute_columns(const ExprPtr& expr, const std::vector<ExprPtr>& by) {
  return replace_leaves(expr, ExprKind::kColumn, [&](const ExprPtr& column) {
    CHECK(column->index() < by.size());
    return by[column->index()];
  });
}

ExprPtr replace_subtrees(const ExprPtr& expr, const std::vector<ExprPtr>& what,
                         const std::vector<ExprPtr>& by) {
  for (size_t i = 0; i < what.size(); ++i) {
    if (*what[i] == *expr) return by[i];
  }
  std::vector<ExprPtr> args;
  args.reserve(expr->args().size());
  for (const ExprPtr& arg : expr->args()) args.push_back(replace_subtrees(arg, what, by));
  return with_args(expr, std::move(args));
}

void split_conjuncts(const ExprPtr& expr, std::vector<ExprPtr>* conjuncts) {
  if (expr->kind() != ExprKind::kAnd) {
    conjuncts->push_back(expr);
    return;
  }
  for (const ExprPtr& arg : expr->args()) split_conjuncts(arg, conjuncts);
}

ExprPtr fold_constants(const ExprPtr& expr) {
  std::vector<ExprPtr> args;
  args.reserve(expr->args().size());
  for (const ExprPtr& arg : expr->args()) args.push_back(fold_constants(arg));
  ExprPtr folded = with_args(expr, std::move(args));
  if (folded->is_literal() || !folded->is_constant() || !folded->is_deterministic()) return folded;
  EvaluationContext context;
  Result<ColumnPtr> value = evaluate_constant(folded, context);
  // What fails stays as it is and fails for the rows that reach it.
  return value ? make_literal(*value) : folded;
}

}  // namespace velo
