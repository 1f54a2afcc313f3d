#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sql/ast.h"

namespace velo {

enum class TokenKind : uint8_t {
  kEnd,         ///< after the last token; zero length
  kWord,        ///< a name or keyword; `text` in upper case
  kQuotedWord,  ///< "…" or `…`; `text` unescaped
  kString,      ///< '…'; `text` unescaped
  kBytes,       ///< X'…'; `text` upper-case hex digits
  kInteger,     ///< 12
  kDecimal,     ///< 1.5, .5, 1.
  kDouble,      ///< 1e3, 1.5E-3
  kDuration,    ///< 5m, 1.5h; `text` as written
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kComma,
  kDot,
  kSemicolon,
  kColon,
  kDoubleColon,
  kPlus,
  kMinus,
  kStar,
  kSlash,
  kPercent,
  kConcat,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kArrow,      ///< =>
  kHintOpen,   ///< the opening of a hint: /*+
  kHintClose,  ///< its end
  kError,      ///< text that is no token; `text` is the message, `hint` the remedy
};

/// A piece of the text that means something. Blanks and comments are not tokens.
struct Token {
  TokenKind kind = TokenKind::kEnd;
  SourceSpan span;
  std::string text;
  std::string hint;
};

/// What a text is made of. `tokens` ends with kEnd; a malformed piece is a kError token, and
/// reading goes on after it. Comments stand apart, in order.
struct LexedText {
  std::vector<Token> tokens;
  std::vector<ast::Comment> comments;
};

/// Splits a text into tokens. Pure. REQUIRES: text.size() < 4 GiB.
LexedText lex(std::string_view text);

/// Whether `text` read by the lexer is one unquoted word, as it stands.
bool is_plain_word(std::string_view text);

/// ASCII upper case.
std::string upper_case(std::string_view text);

}  // namespace velo
