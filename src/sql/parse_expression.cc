#include "base/fmt.h"
#include "sql/interval_text.h"
#include "sql/keywords.h"
#include "sql/token_parser.h"

// Expressions by precedence climbing: `expression(min)` reads a prefix, then takes infix operators
// as long as they bind at least as tightly as `min`. Operators that do not chain (comparisons,
// BETWEEN, IN, LIKE) lower `max_level`, the tightest level the next operator may have.

namespace velo {

using ast::BinaryOp;
using ast::Box;
using ast::Expr;
using ast::LiteralKind;
using ast::UnaryOp;

namespace {

std::optional<BinaryOp> comparison_op(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEqual:
      return BinaryOp::kEqual;
    case TokenKind::kNotEqual:
      return BinaryOp::kNotEqual;
    case TokenKind::kLess:
      return BinaryOp::kLess;
    case TokenKind::kLessEqual:
      return BinaryOp::kLessEqual;
    case TokenKind::kGreater:
      return BinaryOp::kGreater;
    case TokenKind::kGreaterEqual:
      return BinaryOp::kGreaterEqual;
    default:
      return std::nullopt;
  }
}

struct Operator {
  BinaryOp op;
  int level;
};

std::optional<Operator> symbol_operator(TokenKind kind) {
  switch (kind) {
    case TokenKind::kConcat:
      return Operator{BinaryOp::kConcat, kLevelConcat};
    case TokenKind::kPlus:
      return Operator{BinaryOp::kAdd, kLevelAdd};
    case TokenKind::kMinus:
      return Operator{BinaryOp::kSubtract, kLevelAdd};
    case TokenKind::kStar:
      return Operator{BinaryOp::kMultiply, kLevelMultiply};
    case TokenKind::kSlash:
      return Operator{BinaryOp::kDivide, kLevelMultiply};
    case TokenKind::kPercent:
      return Operator{BinaryOp::kModulo, kLevelMultiply};
    default:
      return std::nullopt;
  }
}

}  // namespace

Expr TokenParser::expression(int min_level) {
  Nest nest(*this);
  return expression_at(min_level);
}

Expr TokenParser::expression_at(int min_level) {
  Expr left = prefix(min_level);
  int max_level = kLevelPrimary;
  while (infix(left, min_level, max_level)) grow();
  return left;
}

Expr TokenParser::prefix(int min_level) {
  size_t first = cursor_.position();
  UnaryOp op;
  int level = kLevelSign;
  if (cursor_.accept(TokenKind::kMinus)) {
    op = UnaryOp::kNegate;
  } else if (cursor_.accept(TokenKind::kPlus)) {
    op = UnaryOp::kPlus;
  } else if (cursor_.is_word(0, "NOT") && min_level <= kLevelNot) {
    cursor_.advance();
    op = UnaryOp::kNot;
    level = kLevelNot;
  } else {
    return postfix(primary());
  }
  Box<Expr> operand = expression(level);
  return {ast::Unary{op, std::move(operand)}, cursor_.span_since(first)};
}

/// Takes one operator and its right side into `left`; false if none fits here.
bool TokenParser::infix(Expr& left, int min_level, int& max_level) {
  const Token& token = cursor_.peek();
  if (token.kind == TokenKind::kWord) return word_infix(left, min_level, max_level);
  SourceSpan op_span = token.span;
  if (std::optional<Operator> found = symbol_operator(token.kind)) {
    if (found->level < min_level || found->level > max_level) return false;
    cursor_.advance();
    Expr right = expression(found->level + 1);
    SourceSpan span = span_from(left.span, right.span);
    left = {ast::Binary{found->op, std::move(left), std::move(right), op_span}, span};
    return true;
  }
  std::optional<BinaryOp> op = comparison_op(token.kind);
  if (!op || min_level > kLevelComparison) return false;
  if (max_level < kLevelComparison) {
    cursor_.fail_at(op_span, "comparisons cannot be chained",
                    "join two comparisons with AND, or use parentheses");
  }
  comparison(left, *op);
  max_level = kLevelIs;
  return true;
}

/// The right side of `left op`: an expression, or ANY, SOME or ALL of a query.
void TokenParser::comparison(Expr& left, BinaryOp op) {
  SourceSpan op_span = cursor_.advance().span;
  bool all = cursor_.is_word(0, "ALL");
  bool any = cursor_.is_word(0, "ANY") || cursor_.is_word(0, "SOME");
  bool of_query = cursor_.is_kind(1, TokenKind::kLeftParen) &&
                  (cursor_.is_word(2, "SELECT") || cursor_.is_word(2, "WITH"));
  if ((all || any) && of_query) {
    cursor_.advance();
    cursor_.advance();
    Box<ast::Query> query = this->query();
    cursor_.expect(TokenKind::kRightParen);
    SourceSpan span = span_from(left.span, cursor_.previous().span);
    left = {ast::Quantified{op, all, std::move(left), std::move(query)}, span};
    return;
  }
  Expr right = expression(kLevelComparison + 1);
  SourceSpan span = span_from(left.span, right.span);
  left = {ast::Binary{op, std::move(left), std::move(right), op_span}, span};
}

bool TokenParser::word_infix(Expr& left, int min_level, int& max_level) {
  SourceSpan op_span = cursor_.peek().span;
  bool is_and = min_level <= kLevelAnd && max_level >= kLevelAnd && cursor_.at_word("AND");
  bool is_or = !is_and && min_level <= kLevelOr && cursor_.at_word("OR");
  if (is_and || is_or) {
    cursor_.advance();
    Expr right = expression(is_and ? kLevelAnd + 1 : kLevelOr + 1);
    SourceSpan span = span_from(left.span, right.span);
    BinaryOp op = is_and ? BinaryOp::kAnd : BinaryOp::kOr;
    left = {ast::Binary{op, std::move(left), std::move(right), op_span}, span};
    return true;
  }
  if (cursor_.at_word("IS") && min_level <= kLevelIs) {
    max_level = kLevelIs;
    return is_infix(left);
  }
  if (min_level <= kLevelAtZone && max_level >= kLevelAtZone &&
      cursor_.accept_words({"AT", "TIME", "ZONE"})) {
    Expr zone = expression(kLevelAtZone + 1);
    SourceSpan span = span_from(left.span, zone.span);
    left = {ast::AtTimeZone{std::move(left), std::move(zone)}, span};
    return true;
  }
  return range_infix(left, min_level, max_level);
}

/// IS [NOT] NULL | TRUE | FALSE | UNKNOWN | DISTINCT FROM x.
bool TokenParser::is_infix(Expr& left) {
  SourceSpan op_span = cursor_.advance().span;
  bool negated = cursor_.accept_word("NOT");
  if (cursor_.accept_words({"DISTINCT", "FROM"})) {
    op_span = span_from(op_span, cursor_.previous().span);
    Expr right = expression(kLevelIs + 1);
    SourceSpan span = span_from(left.span, right.span);
    BinaryOp op = negated ? BinaryOp::kIsNotDistinct : BinaryOp::kIsDistinct;
    left = {ast::Binary{op, std::move(left), std::move(right), op_span}, span};
    return true;
  }
  ast::IsTestKind test = ast::IsTestKind::kNull;
  if (cursor_.accept_word("TRUE")) {
    test = ast::IsTestKind::kTrue;
  } else if (cursor_.accept_word("FALSE")) {
    test = ast::IsTestKind::kFalse;
  } else if (cursor_.accept_word("UNKNOWN")) {
    test = ast::IsTestKind::kUnknown;
  } else if (!cursor_.accept_word("NULL")) {
    cursor_.fail_expected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
  }
  SourceSpan span = span_from(left.span, cursor_.previous().span);
  left = {ast::IsTest{test, negated, std::move(left)}, span};
  return true;
}

/// [NOT] BETWEEN, IN, LIKE, ILIKE, SIMILAR TO, RLIKE.
bool TokenParser::range_infix(Expr& left, int min_level, int& max_level) {
  if (min_level > kLevelRange || max_level < kLevelRange) return false;
  size_t start = cursor_.position();
  bool negated = cursor_.accept_word("NOT");
  if (cursor_.accept_word("BETWEEN")) {
    left = between(std::move(left), negated);
  } else if (cursor_.accept_word("IN")) {
    left = in(std::move(left), negated);
  } else if (cursor_.accept_word("LIKE")) {
    left = like(std::move(left), ast::LikeKind::kLike, negated);
  } else if (cursor_.accept_word("ILIKE")) {
    left = like(std::move(left), ast::LikeKind::kIlike, negated);
  } else if (cursor_.accept_words({"SIMILAR", "TO"})) {
    left = like(std::move(left), ast::LikeKind::kSimilar, negated);
  } else if (cursor_.accept_word("RLIKE") || cursor_.accept_word("REGEXP")) {
    left = like(std::move(left), ast::LikeKind::kRegexp, negated);
  } else if (negated && cursor_.is_word(0, "NULL")) {
    cursor_.jump_to(start);  // a column constraint
    return false;
  } else if (negated) {
    cursor_.fail_expected("BETWEEN, IN, LIKE, ILIKE, SIMILAR TO or RLIKE");
  } else {
    return false;
  }
  max_level = kLevelComparison;
  return true;
}

Expr TokenParser::between(Expr left, bool negated) {
  bool symmetric = cursor_.accept_word("SYMMETRIC");
  if (!symmetric) cursor_.accept_word("ASYMMETRIC");
  Expr low = expression(kLevelRange + 1);
  cursor_.expect_word("AND");
  Expr high = expression(kLevelRange + 1);
  SourceSpan span = span_from(left.span, high.span);
  return {ast::Between{negated, symmetric, std::move(left), std::move(low), std::move(high)}, span};
}

Expr TokenParser::in(Expr left, bool negated) {
  cursor_.expect(TokenKind::kLeftParen);
  if (at_query()) {
    Box<ast::Query> query = this->query();
    cursor_.expect(TokenKind::kRightParen);
    SourceSpan span = span_from(left.span, cursor_.previous().span);
    return {ast::InQuery{negated, std::move(left), std::move(query)}, span};
  }
  std::vector<Expr> items = expression_list();
  ast::ScalarQuery* query = items.size() == 1 ? items[0].as<ast::ScalarQuery>() : nullptr;
  if (query && at_query_tail()) {
    // IN ((SELECT 1) UNION (SELECT 2)): what looked like an item was the start of a query.
    Box<ast::Query> whole = continue_query(std::move(*query->query));
    cursor_.expect(TokenKind::kRightParen);
    SourceSpan span = span_from(left.span, cursor_.previous().span);
    return {ast::InQuery{negated, std::move(left), std::move(whole)}, span};
  }
  cursor_.expect(TokenKind::kRightParen);
  SourceSpan span = span_from(left.span, cursor_.previous().span);
  return {ast::InList{negated, std::move(left), std::move(items)}, span};
}

Expr TokenParser::like(Expr left, ast::LikeKind kind, bool negated) {
  Expr pattern = expression(kLevelRange + 1);
  SourceSpan span = span_from(left.span, pattern.span);
  Box<Expr> escape;
  if (kind != ast::LikeKind::kRegexp && cursor_.accept_word("ESCAPE")) {
    escape = expression(kLevelRange + 1);
    span = span_from(left.span, escape->span);
  }
  return {ast::Like{kind, negated, std::move(left), std::move(pattern), std::move(escape)}, span};
}

/// :: type, [index], .field, as many as follow.
Expr TokenParser::postfix(Expr operand) {
  while (true) {
    SourceSpan start = operand.span;
    if (cursor_.accept(TokenKind::kDoubleColon)) {
      ast::TypeName to = type(false);
      operand = {ast::Cast{false, std::move(operand), std::move(to)},
                 span_from(start, cursor_.previous().span)};
    } else if (cursor_.accept(TokenKind::kLeftBracket)) {
      Expr index = expression();
      cursor_.expect(TokenKind::kRightBracket);
      operand = {ast::Subscript{std::move(operand), std::move(index)},
                 span_from(start, cursor_.previous().span)};
    } else if (cursor_.accept(TokenKind::kDot)) {
      ast::Name field = any_word("a field name");
      operand = {ast::FieldAccess{std::move(operand), std::move(field)},
                 span_from(start, cursor_.previous().span)};
    } else {
      return operand;
    }
    grow();
  }
}

std::vector<Expr> TokenParser::expression_list() {
  std::vector<Expr> out;
  do out.push_back(expression());
  while (cursor_.accept(TokenKind::kComma));
  return out;
}

}  // namespace velo
