#include "sql/token_cursor.h"

#include <algorithm>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "sql/keywords.h"

namespace velo {
namespace {

constexpr size_t kShownBytesMax = 40;

std::string_view symbol_text(TokenKind kind) {
  switch (kind) {
    case TokenKind::kLeftParen:
      return "'('";
    case TokenKind::kRightParen:
      return "')'";
    case TokenKind::kLeftBracket:
      return "'['";
    case TokenKind::kRightBracket:
      return "']'";
    case TokenKind::kComma:
      return "','";
    case TokenKind::kDot:
      return "'.'";
    case TokenKind::kSemicolon:
      return "';'";
    case TokenKind::kEqual:
      return "'='";
    case TokenKind::kLess:
      return "'<'";
    case TokenKind::kGreater:
      return "'>'";
    case TokenKind::kString:
      return "a string";
    case TokenKind::kInteger:
      return "a whole number";
    case TokenKind::kHintClose:
      return "'*/'";
    case TokenKind::kEnd:
      return "the end of the text";
    default:
      return "something else";
  }
}

}  // namespace

const Token& TokenCursor::peek(size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

const Token& TokenCursor::advance() {
  const Token& token = peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool TokenCursor::is_word(size_t ahead, std::string_view upper) const {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::kWord && token.text == upper;
}

bool TokenCursor::at_word(std::string_view upper) {
  if (is_word(0, upper)) return true;
  if (tried_at_ != at_) tried_.clear();
  tried_at_ = at_;
  tried_.push_back(upper);
  return false;
}

bool TokenCursor::at_words(std::initializer_list<std::string_view> uppers) {
  size_t ahead = 0;
  for (std::string_view upper : uppers) {
    if (ahead == 0 ? !at_word(upper) : !is_word(ahead, upper)) return false;
    ++ahead;
  }
  return true;
}

bool TokenCursor::accept(TokenKind kind) {
  if (!at(kind)) return false;
  advance();
  return true;
}

bool TokenCursor::accept_word(std::string_view upper) { return accept_words({upper}); }

bool TokenCursor::accept_words(std::initializer_list<std::string_view> uppers) {
  if (!at_words(uppers)) return false;
  for (size_t i = 0; i < uppers.size(); ++i) advance();
  return true;
}

const Token& TokenCursor::expect(TokenKind kind) {
  if (!at(kind)) fail_expected(symbol_text(kind));
  return advance();
}

void TokenCursor::expect_word(std::string_view upper) {
  if (!accept_word(upper)) fail_expected(upper);
}

SourceSpan TokenCursor::span_since(size_t first) const {
  if (at_ <= first) return {tokens_[first].span.offset, 0};
  return span_from(tokens_[first].span, previous().span);
}

std::string TokenCursor::describe(const Token& token) const {
  if (token.kind == TokenKind::kEnd) return "the end of the text";
  std::string_view raw = text_.substr(token.span.offset, token.span.length);
  if (token.kind == TokenKind::kString && raw.size() <= kShownBytesMax) {
    return fmt::format("the string {}", raw);
  }
  if (raw.size() <= kShownBytesMax) return fmt::format("'{}'", raw);
  size_t cut = kShownBytesMax;
  while (cut > 0 && (static_cast<unsigned char>(raw[cut]) & 0xC0) == 0x80) --cut;
  return fmt::format("'{}...'", raw.substr(0, cut));
}

/// Whether what follows the current word would make sense behind a column.
bool TokenCursor::continues_name() const {
  switch (peek(1).kind) {
    case TokenKind::kComma:
    case TokenKind::kDot:
    case TokenKind::kEqual:
    case TokenKind::kNotEqual:
    case TokenKind::kLess:
    case TokenKind::kLessEqual:
    case TokenKind::kGreater:
    case TokenKind::kGreaterEqual:
      return true;
    default:
      return is_word(1, "FROM") || is_word(1, "AS");
  }
}

void TokenCursor::fail_expected(std::string_view what) {
  const Token& found = peek();
  if (found.kind == TokenKind::kError) fail_at(found.span, found.text, found.hint);
  if (bare_alias_end_ == at_ && at_ > 0) {
    const Token& alias = previous();
    std::string_view meant = nearest_name(alias.text, clause_starts());
    if (!meant.empty()) {
      fail_at(
          alias.span,
          fmt::format("expected a clause or the end of the statement, found {}", describe(alias)),
          fmt::format("did you mean '{}'?", meant));
    }
  }
  bool starts = at_ == 0 || previous().kind == TokenKind::kSemicolon;
  std::string after = starts ? "" : fmt::format(" after {}", describe(previous()));
  std::string hint;
  if (found.kind == TokenKind::kWord) {
    if (tried_at_ == at_) hint = did_you_mean(found.text, tried_);
    bool as_name = what.ends_with("name") || (what == "an expression" && continues_name());
    if (hint.empty() && is_reserved(found.text) && as_name) {
      hint = fmt::format("{} is a keyword; as a name it must be quoted: `{}`", found.text,
                         text_.substr(found.span.offset, found.span.length));
    }
  }
  fail_at(found.span, fmt::format("expected {}{}, found {}", what, after, describe(found)),
          std::move(hint));
}

void TokenCursor::fail_at(SourceSpan span, std::string message, std::string hint) const {
  throw SyntaxFailure{
      error_at(ErrorCode::kSyntax, std::move(message), text_, span).with_hint(std::move(hint))};
}

}  // namespace velo
