// Comparisons of rows that are written out: (a, b) = (c, d), (a, b) IN ((1, 2), (3, 4)). NULL in
// one of their parts makes the answer unknown, unless another part has decided it.
#include "base/fmt.h"
#include "plan/expr_binder.h"

namespace velo {

bool is_comparison(ast::BinaryOp op) {
  return op >= ast::BinaryOp::kEqual && op <= ast::BinaryOp::kGreaterEqual;
}

Status check_comparable(const BindSession& session, const Type& type, SourceSpan span) {
  if (type.kind() == TypeKind::kMap) {
    return session
        .error(ErrorCode::kTypeMismatch,
               fmt::format("{} has neither order nor equality", type.to_string()), span)
        .with_hint("take a part of it: m['key'], CARDINALITY(m), ARRAY_SORT(MAP_ENTRIES(m))");
  }
  for (const Type& child : type.children()) TRY(check_comparable(session, child, span));
  return {};
}

Result<ExprPtr> ExprBinder::bind_rows_equal(const ast::RowValue& a, const ast::RowValue& b,
                                            SourceSpan span) {
  if (a.fields.size() != b.fields.size()) {
    return session_.error(
        ErrorCode::kTypeMismatch,
        fmt::format("a row of {} is compared with one of {}", a.fields.size(), b.fields.size()),
        span);
  }
  ExprPtr all;
  for (size_t i = 0; i < a.fields.size(); ++i) {
    const ExprPtr left = TRY(bind(a.fields[i]));
    const ExprPtr right = TRY(bind(b.fields[i]));
    TRY(check_comparable(session_, left->type(), a.fields[i].span));
    const ExprPtr same = TRY(session_.at(b.fields[i].span, make_call("=", {left, right})));
    all = all == nullptr ? same : TRY(make_and(all, same));
  }
  return all;
}

Result<std::optional<ExprPtr>> ExprBinder::bind_row_comparison(const ast::Binary& binary,
                                                               SourceSpan span) {
  const auto* left = binary.left->as<ast::RowValue>();
  const auto* right = binary.right->as<ast::RowValue>();
  const bool equality = binary.op == ast::BinaryOp::kEqual || binary.op == ast::BinaryOp::kNotEqual;
  if (left == nullptr || right == nullptr || !equality) return std::optional<ExprPtr>();
  ExprPtr same = TRY(bind_rows_equal(*left, *right, span));
  if (binary.op == ast::BinaryOp::kNotEqual) same = TRY(make_not(std::move(same)));
  return std::optional<ExprPtr>(std::move(same));
}

Result<ExprPtr> ExprBinder::bind_rows_in(const ast::InList& in, SourceSpan span) {
  const auto& operand = *in.operand->as<ast::RowValue>();
  ExprPtr any;
  for (const ast::Expr& item : in.items) {
    const auto* row = item.as<ast::RowValue>();
    if (row == nullptr) {
      return session_
          .error(ErrorCode::kTypeMismatch, "a row is compared with a single value", item.span)
          .with_hint("(a, b) IN ((1, 2), (3, 4))");
    }
    const ExprPtr same = TRY(bind_rows_equal(operand, *row, item.span));
    any = any == nullptr ? same : TRY(make_or(any, same));
  }
  if (any == nullptr) return session_.error(ErrorCode::kInvalidStatement, "IN ()", span);
  return in.negated ? make_not(std::move(any)) : any;
}

}  // namespace velo
