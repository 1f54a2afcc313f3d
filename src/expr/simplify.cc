#include "expr/simplify.h"

#include <algorithm>

namespace velo {
namespace {

bool is_boolean_literal(const Expr& expr, bool value) {
  return expr.is_literal() && !expr.is_null_literal() && expr.type().kind() == TypeKind::kBoolean &&
         expr.literal()->bool_at(0) == value;
}

bool may_be_left_out(const Expr& expr) { return !expr.can_fail() && !expr.is_volatile(); }

/// AND (`neutral` = TRUE) and OR (`neutral` = FALSE).
ExprPtr simplify_logic(const ExprPtr& expr, bool neutral) {
  const ExprPtr& a = expr->arg(0);
  const ExprPtr& b = expr->arg(1);
  if (is_boolean_literal(*a, neutral)) return b;
  if (is_boolean_literal(*b, neutral)) return a;
  if (is_boolean_literal(*a, !neutral)) return a;
  if (is_boolean_literal(*b, !neutral) && may_be_left_out(*a)) return b;
  return *a == *b && !a->is_volatile() ? a : expr;
}

ExprPtr simplify_case(const ExprPtr& expr) {
  const size_t last = expr->args().size() - 1;
  std::vector<ExprPtr> whens;
  ExprPtr otherwise = expr->arg(last);
  for (size_t i = 0; i < last; i += 2) {
    const Expr& condition = *expr->arg(i);
    if (is_never_true(condition)) continue;
    if (is_always_true(condition)) {
      otherwise = expr->arg(i + 1);
      break;
    }
    whens.push_back(expr->arg(i));
    whens.push_back(expr->arg(i + 1));
  }
  if (whens.empty()) return otherwise;
  if (whens.size() == last) return expr;
  Result<ExprPtr> made = make_case(std::move(whens), std::move(otherwise));
  return made && (*made)->type() == expr->type() ? *made : expr;
}

ExprPtr simplify_coalesce(const ExprPtr& expr) {
  std::vector<ExprPtr> args;
  for (const ExprPtr& arg : expr->args()) {
    if (arg->is_null_literal()) continue;
    args.push_back(arg);
    if (arg->is_literal()) break;
  }
  if (args.empty()) return make_null(expr->type());
  if (args.size() == 1 && args[0]->type() == expr->type()) return args[0];
  if (args.size() == expr->args().size()) return expr;
  Result<ExprPtr> made = make_coalesce(std::move(args));
  return made && (*made)->type() == expr->type() ? *made : expr;
}

ExprPtr simplify_call(const ExprPtr& expr) {
  const Function& function = expr->function();
  const std::vector<ExprPtr>& args = expr->args();
  if (!function.has(kNullAware) && !function.has(kVolatile)) {
    const bool of_null = std::any_of(args.begin(), args.end(),
                                     [](const ExprPtr& a) { return a->is_null_literal(); });
    const bool quiet =
        std::all_of(args.begin(), args.end(), [](const ExprPtr& a) { return may_be_left_out(*a); });
    if (of_null && quiet) return make_null(expr->type());
  }
  const bool twice = function.name() == "NOT" && args[0]->kind() == ExprKind::kCall &&
                     args[0]->function().name() == "NOT";
  return twice ? args[0]->arg(0) : expr;
}

/// ROW(a, b).f0 is a.
ExprPtr simplify_field(const ExprPtr& expr) {
  const Expr& row = *expr->arg(0);
  if (row.kind() != ExprKind::kCall || row.function().name() != "ROW") return expr;
  for (size_t i = 0; i < row.args().size(); ++i) {
    if (i != expr->index() && !may_be_left_out(*row.arg(i))) return expr;
  }
  return row.arg(expr->index());
}

/// One step at the root, whose parts are simple already.
ExprPtr simplify_root(const ExprPtr& expr) {
  switch (expr->kind()) {
    case ExprKind::kAnd:
      return simplify_logic(expr, true);
    case ExprKind::kOr:
      return simplify_logic(expr, false);
    case ExprKind::kCase:
      return simplify_case(expr);
    case ExprKind::kCoalesce:
      return simplify_coalesce(expr);
    case ExprKind::kCall:
      return simplify_call(expr);
    case ExprKind::kField:
      return simplify_field(expr);
    default:
      return expr;
  }
}

/// What a conjunct asks of one expression.
struct Test {
  enum class Op : uint8_t {
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kNull,
    kNotNull
  };
  ExprPtr subject;
  Op op;
  ColumnPtr value;
};
using Op = Test::Op;

std::optional<Op> op_of(std::string_view name) {
  if (name == "=") return Op::kEqual;
  if (name == "<>") return Op::kNotEqual;
  if (name == "<") return Op::kLess;
  if (name == "<=") return Op::kLessEqual;
  if (name == ">") return Op::kGreater;
  if (name == ">=") return Op::kGreaterEqual;
  if (name == "IS NULL") return Op::kNull;
  if (name == "IS NOT NULL") return Op::kNotNull;
  return std::nullopt;
}

Op mirrored(Op op) {
  switch (op) {
    case Op::kLess:
      return Op::kGreater;
    case Op::kLessEqual:
      return Op::kGreaterEqual;
    case Op::kGreater:
      return Op::kLess;
    case Op::kGreaterEqual:
      return Op::kLessEqual;
    default:
      return op;
  }
}

std::optional<Test> test_of(const ExprPtr& conjunct) {
  if (conjunct->kind() != ExprKind::kCall || !may_be_left_out(*conjunct)) return std::nullopt;
  const std::optional<Op> op = op_of(conjunct->function().name());
  if (!op) return std::nullopt;
  if (conjunct->args().size() == 1) return Test{conjunct->arg(0), *op, nullptr};
  const bool right = conjunct->arg(1)->is_literal();
  const ExprPtr& literal = conjunct->arg(right ? 1 : 0);
  const ExprPtr& subject = conjunct->arg(right ? 0 : 1);
  if (!literal->is_literal() || literal->is_null_literal()) return std::nullopt;
  return Test{subject, right ? *op : mirrored(*op), literal->literal()};
}

/// Whether a value that stands `way` (<0, 0, >0) to the test's own meets it.
bool meets(Op op, int way) {
  switch (op) {
    case Op::kEqual:
      return way == 0;
    case Op::kNotEqual:
      return way != 0;
    case Op::kLess:
      return way < 0;
    case Op::kLessEqual:
      return way <= 0;
    case Op::kGreater:
      return way > 0;
    case Op::kGreaterEqual:
      return way >= 0;
    case Op::kNull:
      return false;
    case Op::kNotNull:
      return true;
  }
  return true;
}

/// Values below both, at the smaller, between, at the greater and above: one of each meets or does
/// not meet the two tests, and all values do as one of them.
struct Verdict {
  bool implies = true;   ///< what meets a meets b
  bool excludes = true;  ///< nothing meets both
};

Verdict compare_tests(const Test& a, const Test& b) {
  Verdict verdict;
  if (a.op == Op::kNull || b.op == Op::kNull) {
    verdict.implies = a.op == b.op;
    verdict.excludes = a.op != b.op;
    return verdict;
  }
  if (a.value == nullptr || b.value == nullptr) {
    verdict.implies = b.value == nullptr;
    verdict.excludes = false;
    return verdict;
  }
  const int way = compare_rows(*a.value, 0, *b.value, 0);
  // Ways to a and to b of: below both, at a, at b, between, above both.
  const int ways[][2] = {
      {-1, -1}, {0, way}, {-way, 0}, {way < 0 ? 1 : -1, way < 0 ? -1 : 1}, {1, 1}};
  for (size_t i = 0; i < 5; ++i) {
    if (i == 3 && way == 0) continue;
    const bool in_a = meets(a.op, ways[i][0]);
    const bool in_b = meets(b.op, ways[i][1]);
    if (in_a && !in_b) verdict.implies = false;
    if (in_a && in_b) verdict.excludes = false;
  }
  return verdict;
}

}  // namespace

bool is_never_true(const Expr& condition) {
  return condition.is_null_literal() || is_boolean_literal(condition, false);
}

bool is_always_true(const Expr& condition) { return is_boolean_literal(condition, true); }

ExprPtr simplify(const ExprPtr& expr) {
  std::vector<ExprPtr> args;
  args.reserve(expr->args().size());
  for (const ExprPtr& arg : expr->args()) args.push_back(simplify(arg));
  return fold_constants(simplify_root(with_args(expr, std::move(args))));
}

std::optional<std::vector<ExprPtr>> reduce_conjuncts(const std::vector<ExprPtr>& conjuncts) {
  std::vector<std::optional<Test>> tests;
  for (const ExprPtr& conjunct : conjuncts) {
    if (is_never_true(*conjunct)) return std::nullopt;
    tests.push_back(test_of(conjunct));
  }
  std::vector<bool> implied(conjuncts.size(), false);
  for (size_t i = 0; i < conjuncts.size(); ++i) {
    implied[i] = is_always_true(*conjuncts[i]);
    for (size_t j = 0; j < i && !implied[i]; ++j) {
      if (implied[j]) continue;
      if (*conjuncts[i] == *conjuncts[j] && !conjuncts[i]->is_volatile()) implied[i] = true;
      if (!tests[i] || !tests[j] || !(*tests[i]->subject == *tests[j]->subject)) continue;
      const bool comparable = tests[i]->value == nullptr || tests[j]->value == nullptr ||
                              tests[i]->value->type() == tests[j]->value->type();
      if (!comparable) continue;
      const Verdict forth = compare_tests(*tests[j], *tests[i]);
      if (forth.excludes) return std::nullopt;
      if (forth.implies) {
        implied[i] = true;
      } else if (compare_tests(*tests[i], *tests[j]).implies) {
        implied[j] = true;
      }
    }
  }
  std::vector<ExprPtr> kept;
  for (size_t i = 0; i < conjuncts.size(); ++i) {
    if (!implied[i]) kept.push_back(conjuncts[i]);
  }
  return kept;
}

}  // namespace velo
