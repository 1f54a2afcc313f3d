#include "plan/expr_binder.h"

#include "base/fmt.h"
#include "plan/literals.h"
#include "plan/same_plan.h"

namespace velo {
namespace {

/// The name of the function behind an operator.
std::string_view operator_name(ast::BinaryOp op) {
  // The table of functions has the spellings that the printer uses.
  return ast::binary_op_text(op);
}

std::string_view like_name(ast::LikeKind kind) {
  switch (kind) {
    case ast::LikeKind::kLike:
      return "LIKE";
    case ast::LikeKind::kIlike:
      return "ILIKE";
    case ast::LikeKind::kSimilar:
      return "SIMILAR TO";
    case ast::LikeKind::kRegexp:
      return "RLIKE";
  }
  return "LIKE";
}

}  // namespace

ExprPtr AggregateList::add(Aggregate aggregate) {
  size_t index = 0;
  while (index < aggregates_.size() && !same_aggregate(aggregates_[index].aggregate, aggregate)) {
    ++index;
  }
  if (index == aggregates_.size()) {
    std::string name = aggregate.text;
    aggregates_.push_back({std::move(aggregate), std::move(name)});
  }
  const PlanAggregate& found = aggregates_[index];
  return make_column(first_column_ + index, found.aggregate.type, found.name);
}

Result<ExprPtr> ExprBinder::bind(const ast::Expr& expr) {
  const SourceSpan span = expr.span;
  return std::visit(
      ast::Overloaded{
          [&](const ast::Literal& e) { return bind_literal(session_, e, span); },
          [&](const ast::Interval& e) { return bind_interval(session_, e, span); },
          [&](const ast::UnitWord& e) -> Result<ExprPtr> {
            return make_string(ast::time_unit_name(e.unit));
          },
          [&](const ast::ColumnRef& e) { return bind_column(e, span); },
          [&](const ast::Star&) -> Result<ExprPtr> {
            return session_.error(ErrorCode::kInvalidStatement,
                                  "* stands only in the SELECT list and in COUNT(*)", span);
          },
          [&](const ast::Unary& e) { return bind_unary(e, span); },
          [&](const ast::Binary& e) { return bind_binary(e, span); },
          [&](const ast::IsTest& e) { return bind_is_test(e, span); },
          [&](const ast::Between& e) { return bind_between(e, span); },
          [&](const ast::InList& e) { return bind_in(e, span); },
          [&](const ast::InQuery& e) { return bind_in_query(e, span); },
          [&](const ast::Like& e) { return bind_like(e, span); },
          [&](const ast::Quantified& e) { return bind_quantified(e, span); },
          [&](const ast::Exists& e) { return bind_exists(e, span); },
          [&](const ast::ScalarQuery& e) { return bind_scalar(e, span); },
          [&](const ast::Case& e) { return bind_case(e, span); },
          [&](const ast::Cast& e) { return bind_cast(e, span); },
          [&](const ast::Call& e) { return bind_call(e, span); },
          [&](const ast::AtTimeZone& e) -> Result<ExprPtr> {
            std::vector<ExprPtr> args = TRY(bind_both(*e.operand, *e.zone));
            return session_.at(span, make_call("AT TIME ZONE", std::move(args)));
          },
          [&](const ast::RowValue& e) -> Result<ExprPtr> {
            return session_.at(span, make_call("ROW", TRY(bind_all(e.fields))));
          },
          [&](const ast::ArrayValue& e) -> Result<ExprPtr> {
            return session_.at(span, make_call("ARRAY", TRY(bind_all(e.elements))));
          },
          [&](const ast::MapValue& e) -> Result<ExprPtr> {
            return session_.at(span, make_call("MAP", TRY(bind_all(e.entries))));
          },
          [&](const ast::FieldAccess& e) -> Result<ExprPtr> {
            return session_.at(e.field.span, make_field(TRY(bind(*e.operand)), e.field.text));
          },
          [&](const ast::Subscript& e) -> Result<ExprPtr> {
            std::vector<ExprPtr> args = TRY(bind_both(*e.operand, *e.index));
            return session_.at(span, make_call("[]", std::move(args)));
          },
      },
      expr.node);
}

Result<ExprPtr> ExprBinder::bind_condition(const ast::Expr& expr) {
  ExprPtr bound = TRY(bind(expr));
  if (bound->type().is_null()) return make_null(Type::boolean());
  if (bound->type().kind() == TypeKind::kBoolean) return bound;
  return session_
      .error(
          ErrorCode::kTypeMismatch,
          fmt::format("{} needs a condition, but this is {}", clause_, bound->type().to_string()),
          expr.span)
      .with_hint("compare it with something: … > 0");
}

Result<std::vector<ExprPtr>> ExprBinder::bind_all(const std::vector<ast::Expr>& exprs) {
  std::vector<ExprPtr> bound;
  bound.reserve(exprs.size());
  for (const ast::Expr& expr : exprs) bound.push_back(TRY(bind(expr)));
  return bound;
}

Result<std::vector<ExprPtr>> ExprBinder::bind_both(const ast::Expr& left, const ast::Expr& right) {
  std::vector<ExprPtr> bound;
  bound.push_back(TRY(bind(left)));
  bound.push_back(TRY(bind(right)));
  return bound;
}

Result<ExprPtr> ExprBinder::bind_column(const ast::ColumnRef& ref, SourceSpan span) {
  if (aliases_ != nullptr && ref.parts.size() == 1 && scope_.find(ref.parts[0]) == -1) {
    for (const SelectAlias& alias : *aliases_) {
      if (ref.parts[0].matches(alias.name.text)) return alias.expr;
    }
  }
  Result<ExprPtr> found = scope_.resolve(session_, ref, span);
  if (!found && found.error().code == ErrorCode::kUnknownName) {
    const ExprPtr outer = TRY(bind_outer(ref, span));
    if (outer != nullptr) return outer;
  }
  ExprPtr column = TRY(std::move(found));
  if (columns_ != nullptr) {
    std::vector<size_t> read;
    collect_columns(*column, &read);
    for (const size_t index : read) columns_->emplace(index, span);
  }
  return column;
}

Result<ExprPtr> ExprBinder::bind_unary(const ast::Unary& unary, SourceSpan span) {
  if (unary.op == ast::UnaryOp::kNegate) {
    if (const auto* literal = unary.operand->as<ast::Literal>();
        literal != nullptr && literal->kind >= ast::LiteralKind::kInteger &&
        literal->kind <= ast::LiteralKind::kDouble) {
      return bind_literal(session_, *literal, span, true);
    }
  }
  ExprPtr operand = TRY(bind(*unary.operand));
  switch (unary.op) {
    case ast::UnaryOp::kNot:
      return session_.at(unary.operand->span, make_not(std::move(operand)));
    case ast::UnaryOp::kNegate:
      return session_.at(span, make_call("-", {std::move(operand)}));
    case ast::UnaryOp::kPlus:
      break;
  }
  if (operand->type().is_numeric() || operand->type().is_null() || operand->type().is_interval()) {
    return operand;
  }
  return session_.error(ErrorCode::kTypeMismatch,
                        fmt::format("+ needs a number, not {}", operand->type().to_string()), span);
}

void ExprBinder::warn_of_null(const ast::Binary& binary, SourceSpan span) {
  if (binary.op < ast::BinaryOp::kEqual || binary.op > ast::BinaryOp::kGreaterEqual) return;
  const auto is_null = [](const ast::Expr& side) {
    const auto* literal = side.as<ast::Literal>();
    return literal != nullptr && literal->kind == ast::LiteralKind::kNull;
  };
  if (!is_null(*binary.left) && !is_null(*binary.right)) return;
  const bool unequal = binary.op == ast::BinaryOp::kNotEqual;
  session_.warn(fmt::format("'{} NULL' is never true", binary_op_text(binary.op)), span,
                unequal ? "IS NOT NULL asks whether there is a value"
                        : "IS NULL asks whether there is no value");
}

Result<ExprPtr> ExprBinder::bind_binary(const ast::Binary& binary, SourceSpan span) {
  // A chain such as a + b + c … leans to the left: walk it down instead of recursing.
  std::vector<std::pair<const ast::Binary*, SourceSpan>> chain = {{&binary, span}};
  const ast::Expr* leftmost = &*binary.left;
  while (const auto* deeper = leftmost->as<ast::Binary>()) {
    chain.emplace_back(deeper, leftmost->span);
    leftmost = &*deeper->left;
  }
  ExprPtr left = TRY(bind(*leftmost));
  for (size_t i = chain.size(); i-- > 0;) {
    const auto& [node, node_span] = chain[i];
    warn_of_null(*node, node_span);
    if (std::optional<ExprPtr> rows = TRY(bind_row_comparison(*node, node_span))) {
      left = std::move(*rows);
      continue;
    }
    ExprPtr right = TRY(bind(*node->right));
    if (is_comparison(node->op)) {
      TRY(check_comparable(session_, left->type(), node_span));
      TRY(check_comparable(session_, right->type(), node_span));
    }
    Result<ExprPtr> made = Error(ErrorCode::kInternal, "");
    if (node->op == ast::BinaryOp::kAnd) {
      made = make_and(std::move(left), std::move(right));
    } else if (node->op == ast::BinaryOp::kOr) {
      made = make_or(std::move(left), std::move(right));
    } else {
      made = make_call(operator_name(node->op), {std::move(left), std::move(right)});
    }
    left = TRY(session_.at(node_span, std::move(made)));
  }
  return left;
}

Result<ExprPtr> ExprBinder::bind_is_test(const ast::IsTest& test, SourceSpan span) {
  ExprPtr operand = TRY(bind(*test.operand));
  static constexpr std::string_view kNames[][2] = {{"IS NULL", "IS NOT NULL"},
                                                   {"IS TRUE", "IS NOT TRUE"},
                                                   {"IS FALSE", "IS NOT FALSE"},
                                                   {"IS UNKNOWN", "IS NOT UNKNOWN"}};
  auto kind = static_cast<size_t>(test.test);
  if (test.test == ast::IsTestKind::kUnknown) {
    if (operand->type().kind() != TypeKind::kBoolean && !operand->type().is_null()) {
      return session_.error(
          ErrorCode::kTypeMismatch,
          fmt::format("IS UNKNOWN needs a condition, not {}", operand->type().to_string()), span);
    }
    kind = 0;  // of a condition, unknown is NULL
  }
  return session_.at(span, make_call(kNames[kind][test.negated ? 1 : 0], {std::move(operand)}));
}

Result<ExprPtr> ExprBinder::bind_between(const ast::Between& between, SourceSpan span) {
  ExprPtr operand = TRY(bind(*between.operand));
  ExprPtr low = TRY(bind(*between.low));
  ExprPtr high = TRY(bind(*between.high));
  if (!between.symmetric) {
    return session_.at(span, make_between(operand, low, high, between.negated));
  }
  ExprPtr one = TRY(session_.at(span, make_between(operand, low, high, false)));
  ExprPtr other = TRY(session_.at(span, make_between(operand, high, low, false)));
  ExprPtr either = TRY(session_.at(span, make_or(std::move(one), std::move(other))));
  return between.negated ? session_.at(span, make_not(std::move(either))) : either;
}

Result<ExprPtr> ExprBinder::bind_in(const ast::InList& in, SourceSpan span) {
  if (in.operand->is<ast::RowValue>()) return bind_rows_in(in, span);
  ExprPtr operand = TRY(bind(*in.operand));
  std::vector<ExprPtr> items = TRY(bind_all(in.items));
  return session_.at(span, make_in(std::move(operand), std::move(items), in.negated));
}

Result<ExprPtr> ExprBinder::bind_like(const ast::Like& like, SourceSpan span) {
  std::vector<ExprPtr> args = TRY(bind_both(*like.operand, *like.pattern));
  if (like.escape) args.push_back(TRY(bind(*like.escape)));
  ExprPtr match = TRY(session_.at(span, make_call(like_name(like.kind), std::move(args))));
  return like.negated ? session_.at(span, make_not(std::move(match))) : match;
}

Result<ExprPtr> ExprBinder::bind_case(const ast::Case& case_expr, SourceSpan span) {
  ExprPtr operand;
  if (case_expr.operand) operand = TRY(bind(*case_expr.operand));
  std::vector<ExprPtr> whens;
  for (const ast::CaseArm& arm : case_expr.arms) {
    whens.push_back(operand != nullptr ? TRY(bind(arm.when)) : TRY(bind_condition(arm.when)));
    whens.push_back(TRY(bind(arm.then)));
  }
  ExprPtr otherwise;
  if (case_expr.otherwise) otherwise = TRY(bind(*case_expr.otherwise));
  if (operand == nullptr) {
    return session_.at(span, make_case(std::move(whens), std::move(otherwise)));
  }
  return session_.at(span, make_simple_case(operand, std::move(whens), std::move(otherwise)));
}

Result<ExprPtr> ExprBinder::bind_cast(const ast::Cast& cast, SourceSpan span) {
  ExprPtr operand = TRY(bind(*cast.operand));
  Type type = TRY(bind_type(session_, cast.type));
  ExprPtr made =
      TRY(session_.at(span, make_cast(std::move(operand), std::move(type), cast.try_cast)));
  const int64_t length_max = length_of(cast.type);
  if (length_max == 0) return made;
  made = limit_length(std::move(made), length_max);
  return cast.try_cast ? make_try(std::move(made)) : made;
}

}  // namespace velo
