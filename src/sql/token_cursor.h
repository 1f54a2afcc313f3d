#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sql/lexer.h"

namespace velo {

/// How deep parentheses, sub-queries and operators may nest before the parser gives up.
inline constexpr int kNestingMax = 200;
/// How tall a tree may grow, counting long chains such as `a OR b OR c …` too: bounds the recursion
/// of everything that walks the tree later.
inline constexpr int kTreeHeightMax = 1000;

/// Thrown inside this folder where a text does not parse; parser.cc turns it into a Result.
struct SyntaxFailure {
  Error error;
};

/// A place in a list of tokens. It notes which words and symbols the parser asked for in vain at
/// the current token, so that a failure can say what was expected and which word may be misspelt.
/// Borrows text and tokens. Functions named fail… throw SyntaxFailure.
class TokenCursor {
 public:
  TokenCursor(std::string_view text, const std::vector<Token>& tokens)
      : text_(text), tokens_(tokens) {}

  std::string_view text() const { return text_; }
  size_t position() const { return at_; }
  void jump_to(size_t position) { at_ = position; }

  const Token& peek(size_t ahead = 0) const;
  /// The token before the current one. REQUIRES: there is one.
  const Token& previous() const { return tokens_[at_ - 1]; }
  /// Moves on and returns the token that was current. Stays at the end.
  const Token& advance();

  bool at(TokenKind kind) const { return peek().kind == kind; }
  /// `upper` is compared with unquoted words only.
  bool at_word(std::string_view upper);
  bool at_words(std::initializer_list<std::string_view> uppers);
  bool is_word(size_t ahead, std::string_view upper) const;
  bool is_kind(size_t ahead, TokenKind kind) const { return peek(ahead).kind == kind; }

  bool accept(TokenKind kind);
  bool accept_word(std::string_view upper);
  /// All of them in a row, or none.
  bool accept_words(std::initializer_list<std::string_view> uppers);
  const Token& expect(TokenKind kind);
  void expect_word(std::string_view upper);

  /// From the start of token `first` to the end of the last token taken.
  SourceSpan span_since(size_t first) const;

  /// "expected <what> after 'x', found 'y'", with a hint if a word tried here is near.
  [[noreturn]] void fail_expected(std::string_view what);
  [[noreturn]] void fail_at(SourceSpan span, std::string message, std::string hint = {}) const;

  /// Remembers that the token before the current one was taken for an alias without AS: if the text
  /// does not go on after it, it was perhaps a misspelt keyword.
  void note_bare_alias() { bare_alias_end_ = at_; }

 private:
  std::string describe(const Token& token) const;
  bool continues_name() const;

  std::string_view text_;
  const std::vector<Token>& tokens_;
  size_t at_ = 0;
  size_t tried_at_ = 0;
  std::vector<std::string_view> tried_;
  size_t bare_alias_end_ = 0;
};

}  // namespace velo
