#include <algorithm>

#include "base/fmt.h"
#include "sql/keywords.h"
#include "sql/token_parser.h"

// Names, option lists and the guard against deep nesting.

namespace velo {

using ast::Name;

TokenParser::Nest::Nest(TokenParser& parser) : parser_(parser), height_outside_(parser.height_) {
  if (parser_.nesting_ >= kNestingMax) {
    parser_.cursor_.fail_at(parser_.cursor_.peek().span,
                            fmt::format("nested more than {} levels deep", kNestingMax),
                            "split the statement with WITH or a view");
  }
  ++parser_.nesting_;
  parser_.height_ = 0;
}

TokenParser::Nest::~Nest() {
  --parser_.nesting_;
  parser_.height_ = std::max(height_outside_, parser_.height_ + 1);
}

void TokenParser::grow() {
  if (++height_ > kTreeHeightMax) {
    cursor_.fail_at(cursor_.peek().span,
                    fmt::format("a chain of more than {} operators", kTreeHeightMax),
                    "use IN (…) or a table of values");
  }
}

bool TokenParser::at_name() const {
  const Token& token = cursor_.peek();
  if (token.kind == TokenKind::kQuotedWord) return true;
  return token.kind == TokenKind::kWord && !is_reserved(token.text);
}

Name TokenParser::name(std::string_view what) {
  if (!at_name()) cursor_.fail_expected(what);
  return any_word(what);
}

Name TokenParser::any_word(std::string_view what) {
  const Token& token = cursor_.peek();
  if (token.kind == TokenKind::kQuotedWord) {
    cursor_.advance();
    return {token.text, true, token.span};
  }
  if (token.kind != TokenKind::kWord) cursor_.fail_expected(what);
  cursor_.advance();
  return {std::string(cursor_.text().substr(token.span.offset, token.span.length)), false,
          token.span};
}

ast::QualifiedName TokenParser::qualified_name(std::string_view what) {
  size_t first = cursor_.position();
  ast::QualifiedName out;
  out.parts.push_back(name(what));
  while (cursor_.accept(TokenKind::kDot)) out.parts.push_back(any_word("a name"));
  out.span = cursor_.span_since(first);
  return out;
}

std::vector<Name> TokenParser::name_list() {
  cursor_.expect(TokenKind::kLeftParen);
  std::vector<Name> out;
  do out.push_back(name("a column name"));
  while (cursor_.accept(TokenKind::kComma));
  cursor_.expect(TokenKind::kRightParen);
  return out;
}

std::string TokenParser::string_value() { return cursor_.expect(TokenKind::kString).text; }

std::vector<ast::Option> TokenParser::options() {
  cursor_.expect(TokenKind::kLeftParen);
  return options_until(TokenKind::kRightParen);
}

std::vector<ast::Option> TokenParser::options_until(TokenKind close) {
  std::vector<ast::Option> out;
  if (cursor_.accept(close)) return out;
  do {
    ast::Option next = option();
    for (const ast::Option& earlier : out) {
      if (earlier.key == next.key) {
        cursor_.fail_at(next.key_span, fmt::format("option '{}' is given twice", next.key));
      }
    }
    out.push_back(std::move(next));
  } while (cursor_.accept(TokenKind::kComma));
  cursor_.expect(close);
  return out;
}

ast::Option TokenParser::option() {
  ast::Option out;
  out.key = option_word(out.key_span);
  cursor_.expect(TokenKind::kEqual);
  out.value = option_value(out.value_span);
  return out;
}

/// 'key', or words joined by '.' and '-': connector, scan.watermark.idle-timeout.
std::string TokenParser::option_word(SourceSpan& span) {
  size_t first = cursor_.position();
  std::string out;
  if (cursor_.at(TokenKind::kString)) {
    out = cursor_.advance().text;
  } else {
    out = any_word("an option name").text;
    while (cursor_.at(TokenKind::kDot) || cursor_.at(TokenKind::kMinus)) {
      out += cursor_.advance().kind == TokenKind::kDot ? '.' : '-';
      out += any_word("an option name").text;
    }
  }
  span = cursor_.span_since(first);
  if (out.empty()) cursor_.fail_at(span, "an option name is empty");
  return out;
}

std::string TokenParser::option_value(SourceSpan& span) {
  size_t first = cursor_.position();
  std::string out;
  switch (cursor_.peek().kind) {
    case TokenKind::kString:
      out = cursor_.advance().text;
      break;
    case TokenKind::kMinus:
      cursor_.advance();
      out = "-";
      [[fallthrough]];
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kDouble:
    case TokenKind::kDuration:
      if (!cursor_.at(TokenKind::kInteger) && !cursor_.at(TokenKind::kDecimal) &&
          !cursor_.at(TokenKind::kDouble) && !cursor_.at(TokenKind::kDuration)) {
        cursor_.fail_expected("a number");
      }
      out += cursor_.advance().text;
      break;
    case TokenKind::kWord:
    case TokenKind::kQuotedWord:
      return option_word(span);
    default:
      cursor_.fail_expected("an option value");
  }
  span = cursor_.span_since(first);
  return out;
}

/// A name or an address, with options if WITH ( follows.
ast::Target TokenParser::target(std::string_view what) {
  size_t first = cursor_.position();
  ast::Target out;
  if (cursor_.at(TokenKind::kString)) {
    out.address = cursor_.advance().text;
  } else {
    out.name = qualified_name(what);
  }
  out.span = cursor_.span_since(first);
  return out;
}

void TokenParser::fail_twice(std::string_view clause, SourceSpan span) {
  cursor_.fail_at(span, fmt::format("{} is given twice", clause));
}

}  // namespace velo
