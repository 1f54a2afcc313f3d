#include "base/fmt.h"
#include "sql/interval_text.h"
#include "sql/keywords.h"
#include "sql/token_parser.h"

// The operands of expressions: literals, names, CASE, CAST, parentheses, intervals.

namespace velo {

using ast::Box;
using ast::Expr;
using ast::LiteralKind;

Expr TokenParser::literal(LiteralKind kind) {
  const Token& token = cursor_.advance();
  return {ast::Literal{kind, token.text}, token.span};
}

Expr TokenParser::primary() {
  const Token& token = cursor_.peek();
  switch (token.kind) {
    case TokenKind::kInteger:
      return literal(LiteralKind::kInteger);
    case TokenKind::kDecimal:
      return literal(LiteralKind::kDecimal);
    case TokenKind::kDouble:
      return literal(LiteralKind::kDouble);
    case TokenKind::kString:
      return literal(LiteralKind::kString);
    case TokenKind::kBytes:
      return literal(LiteralKind::kBytes);
    case TokenKind::kDuration:
      return duration();
    case TokenKind::kLeftParen:
      return in_parens();
    case TokenKind::kQuotedWord:
      return column_or_call();
    case TokenKind::kWord: {
      std::optional<Expr> special = word_primary();
      if (special) return std::move(*special);
      bool call = cursor_.is_kind(1, TokenKind::kLeftParen);
      bool function = call && (token.text == "LEFT" || token.text == "RIGHT");
      bool values = call && token.text == "VALUES";  // a query, which needs parentheses
      if (function || (!is_reserved(token.text) && !values)) return column_or_call();
      break;
    }
    default:
      break;
  }
  cursor_.fail_expected("an expression");
}

/// An operand that starts with a word which means something here; nothing for ordinary names.
std::optional<Expr> TokenParser::word_primary() {
  size_t first = cursor_.position();
  const std::string& word = cursor_.peek().text;
  bool call = cursor_.is_kind(1, TokenKind::kLeftParen);
  auto constant = [&](LiteralKind kind, std::string text) {
    cursor_.advance();
    return Expr{ast::Literal{kind, std::move(text)}, cursor_.previous().span};
  };
  if (word == "NULL") return constant(LiteralKind::kNull, "");
  if (word == "TRUE" || word == "FALSE") return constant(LiteralKind::kBoolean, word);
  if (word == "CASE") return case_expression();
  if (word == "CAST" && call) return cast(false);
  if (word == "TRY_CAST" && call) return cast(true);
  if (word == "EXISTS" && call) {
    cursor_.advance();
    cursor_.advance();
    Box<ast::Query> query = this->query();
    cursor_.expect(TokenKind::kRightParen);
    return Expr{ast::Exists{std::move(query)}, cursor_.span_since(first)};
  }
  if (word == "ROW" && call) {
    cursor_.advance();
    cursor_.advance();
    ast::RowValue row{true, {}};
    if (!cursor_.at(TokenKind::kRightParen)) row.fields = expression_list();
    cursor_.expect(TokenKind::kRightParen);
    return Expr{std::move(row), cursor_.span_since(first)};
  }
  bool bracket = cursor_.is_kind(1, TokenKind::kLeftBracket);
  if (bracket && (word == "ARRAY" || word == "MAP")) {
    bool map = word == "MAP";
    cursor_.advance();
    cursor_.advance();
    std::vector<Expr> items;
    if (!cursor_.at(TokenKind::kRightBracket)) items = expression_list();
    cursor_.expect(TokenKind::kRightBracket);
    SourceSpan span = cursor_.span_since(first);
    if (!map) return Expr{ast::ArrayValue{std::move(items)}, span};
    if (items.size() % 2 != 0) cursor_.fail_at(span, "a MAP needs keys and values in turn");
    return Expr{ast::MapValue{std::move(items)}, span};
  }
  if (is_bare_function(word) && !call) {
    ast::Call out;
    out.name = {word, false, cursor_.advance().span};
    return Expr{std::move(out), cursor_.span_since(first)};
  }
  if (std::optional<Expr> time = time_literal()) return time;
  if (call) return special_call();
  return std::nullopt;
}

/// DATE '…', TIME '…', TIMESTAMP '…', TIMESTAMP WITH LOCAL TIME ZONE '…', INTERVAL ….
std::optional<Expr> TokenParser::time_literal() {
  size_t first = cursor_.position();
  const std::string& word = cursor_.peek().text;
  TokenKind next = cursor_.peek(1).kind;
  if (word == "INTERVAL") {
    bool sign = next == TokenKind::kMinus || next == TokenKind::kPlus;
    TokenKind value = sign ? cursor_.peek(2).kind : next;
    bool string = value == TokenKind::kString;
    bool number = value == TokenKind::kInteger || value == TokenKind::kDecimal ||
                  value == TokenKind::kDuration;
    if (string || (number && !sign)) return interval();
    return std::nullopt;
  }
  size_t words = 1;
  LiteralKind kind;
  if (word == "DATE") {
    kind = LiteralKind::kDate;
  } else if (word == "TIME") {
    kind = LiteralKind::kTime;
  } else if (word == "TIMESTAMP_LTZ" || word == "TIMESTAMPTZ") {
    kind = LiteralKind::kTimestampLtz;
  } else if (word == "TIMESTAMP") {
    kind = LiteralKind::kTimestamp;
    bool local = cursor_.is_word(1, "WITH") && cursor_.is_word(2, "LOCAL");
    bool with = cursor_.is_word(1, "WITH") && cursor_.is_word(2, "TIME");
    if (local || with) kind = LiteralKind::kTimestampLtz;
    words = local ? 5 : with || cursor_.is_word(1, "WITHOUT") ? 4 : 1;
  } else {
    return std::nullopt;
  }
  if (!cursor_.is_kind(words, TokenKind::kString)) return std::nullopt;
  for (size_t i = 0; i < words; ++i) cursor_.advance();
  std::string text = string_value();
  return Expr{ast::Literal{kind, std::move(text)}, cursor_.span_since(first)};
}

/// After '(': a query, one expression, or several that make a row.
Expr TokenParser::in_parens() {
  size_t first = cursor_.position();
  cursor_.advance();
  Expr inner;
  if (at_query()) {
    Box<ast::Query> query = this->query();
    inner = {ast::ScalarQuery{std::move(query)}, cursor_.span_since(first + 1)};
  } else {
    inner = expression();
    // ((SELECT 1) UNION (SELECT 2)): what looked like an operand was the start of a query.
    if (inner.is<ast::ScalarQuery>() && cursor_.previous().kind == TokenKind::kRightParen &&
        at_query_tail()) {
      ast::Query whole = continue_query(std::move(*inner.as<ast::ScalarQuery>()->query));
      inner = {ast::ScalarQuery{std::move(whole)}, cursor_.span_since(first + 1)};
    } else if (cursor_.at(TokenKind::kComma)) {
      ast::RowValue row{false, {}};
      row.fields.push_back(std::move(inner));
      while (cursor_.accept(TokenKind::kComma)) row.fields.push_back(expression());
      inner = {std::move(row), {}};
    }
  }
  cursor_.expect(TokenKind::kRightParen);
  inner.span = cursor_.span_since(first);
  return inner;
}

/// A dotted name, or a call if '(' follows a single name.
Expr TokenParser::column_or_call() {
  size_t first = cursor_.position();
  ast::Name head = any_word("a name");
  if (cursor_.at(TokenKind::kLeftParen)) return call(std::move(head), first);
  ast::ColumnRef column;
  column.parts.push_back(std::move(head));
  while (cursor_.accept(TokenKind::kDot)) column.parts.push_back(any_word("a name"));
  return {std::move(column), cursor_.span_since(first)};
}

Expr TokenParser::case_expression() {
  size_t first = cursor_.position();
  cursor_.advance();
  ast::Case out;
  if (!cursor_.at_word("WHEN")) out.operand = expression();
  do {
    ast::CaseArm arm;
    cursor_.expect_word("WHEN");
    arm.when = expression();
    cursor_.expect_word("THEN");
    arm.then = expression();
    out.arms.push_back(std::move(arm));
  } while (cursor_.at_word("WHEN"));
  if (cursor_.accept_word("ELSE")) out.otherwise = expression();
  if (!cursor_.accept_word("END")) cursor_.fail_expected("WHEN, ELSE or END");
  return {std::move(out), cursor_.span_since(first)};
}

Expr TokenParser::cast(bool try_cast) {
  size_t first = cursor_.position();
  cursor_.advance();
  cursor_.expect(TokenKind::kLeftParen);
  ast::Cast out;
  out.try_cast = try_cast;
  out.operand = expression();
  cursor_.expect_word("AS");
  out.type = type(false);
  cursor_.expect(TokenKind::kRightParen);
  return {std::move(out), cursor_.span_since(first)};
}

/// A unit with an optional precision, which says how many digits are shown and changes no value.
std::optional<ast::TimeUnit> TokenParser::accept_time_unit() {
  const Token& token = cursor_.peek();
  if (token.kind != TokenKind::kWord) return std::nullopt;
  std::optional<ast::TimeUnit> unit = ast::find_time_unit(token.text);
  if (!unit) return std::nullopt;
  cursor_.advance();
  if (cursor_.at(TokenKind::kLeftParen) && cursor_.is_kind(1, TokenKind::kInteger) &&
      *unit <= ast::TimeUnit::kSecond) {
    cursor_.advance();
    cursor_.advance();
    if (cursor_.accept(TokenKind::kComma)) cursor_.expect(TokenKind::kInteger);
    cursor_.expect(TokenKind::kRightParen);
  }
  return unit;
}

ast::TimeUnit TokenParser::time_unit() {
  std::optional<ast::TimeUnit> unit = accept_time_unit();
  if (!unit) cursor_.fail_expected("a unit of time");
  return *unit;
}

Expr TokenParser::make_interval_at(std::string_view text, std::optional<ast::TimeUnit> from,
                                   std::optional<ast::TimeUnit> to, size_t first) {
  SourceSpan span = cursor_.span_since(first);
  Result<ast::Interval> made = make_interval(text, from, to);
  if (!made) cursor_.fail_at(span, made.error().message, made.error().hint);
  return {std::move(*made), span};
}

/// INTERVAL [-] '…' [unit [TO unit]], INTERVAL 5 MINUTES, INTERVAL 5m.
Expr TokenParser::interval() {
  size_t first = cursor_.position();
  cursor_.advance();
  bool negative = cursor_.accept(TokenKind::kMinus);
  if (!negative) cursor_.accept(TokenKind::kPlus);
  if (cursor_.at(TokenKind::kDuration)) {
    return make_interval_at(cursor_.advance().text, std::nullopt, std::nullopt, first);
  }
  bool number = !cursor_.at(TokenKind::kString);
  std::string text = cursor_.advance().text;
  if (negative) text = text.starts_with('-') ? text.substr(1) : "-" + text;
  std::optional<ast::TimeUnit> from = accept_time_unit();
  if (number && !from) cursor_.fail_expected("a unit of time");
  std::optional<ast::TimeUnit> to;
  if (from && cursor_.accept_word("TO")) to = time_unit();
  return make_interval_at(text, from, to, first);
}

Expr TokenParser::duration() {
  size_t first = cursor_.position();
  const Token& token = cursor_.peek();
  if (token.kind == TokenKind::kDuration || token.kind == TokenKind::kString) {
    cursor_.advance();
    return make_interval_at(token.text, std::nullopt, std::nullopt, first);
  }
  bool number = token.kind == TokenKind::kInteger || token.kind == TokenKind::kDecimal;
  if (number && cursor_.is_kind(1, TokenKind::kWord) && ast::find_time_unit(cursor_.peek(1).text)) {
    cursor_.advance();
    std::optional<ast::TimeUnit> unit = accept_time_unit();
    return make_interval_at(token.text, unit, std::nullopt, first);
  }
  return expression();
}

}  // namespace velo
