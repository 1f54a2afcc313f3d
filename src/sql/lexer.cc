#include "sql/lexer.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "base/fmt.h"
#include "base/letters.h"

namespace velo {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }
/// Every byte beyond ASCII counts as a letter, so names may be in any script.
bool starts_word(char c) {
  return is_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_word(char c) { return starts_word(c) || is_digit(c) || c == '$'; }

bool is_duration_unit(std::string_view unit) {
  constexpr std::array<std::string_view, 10> kUnits = {"ns", "us",  "ms", "s", "sec",
                                                       "m",  "min", "h",  "d", "w"};
  return std::find(kUnits.begin(), kUnits.end(), unit) != kUnits.end();
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  LexedText run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // a byte order mark
    while (skip_blanks_and_comments()) read_token();
    add(TokenKind::kEnd, at_);
    return std::move(out_);
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool looking_at(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  SourceSpan span_since(size_t start) const {
    return {static_cast<uint32_t>(start), static_cast<uint32_t>(at_ - start)};
  }
  void add(TokenKind kind, size_t start, std::string text = {}) {
    out_.tokens.push_back({kind, span_since(start), std::move(text), {}});
  }
  void add_error(size_t start, std::string message, std::string hint = {}) {
    out_.tokens.push_back(
        {TokenKind::kError, span_since(start), std::move(message), std::move(hint)});
  }

  bool skip_blanks_and_comments();
  void read_token();
  void read_word();
  void read_quoted_word(char quote);
  void read_variable();
  void read_string(size_t start);
  void read_bytes();
  void read_number();
  void read_symbol();
  void read_block_comment();
  bool at_hint() const;
  std::optional<std::string> read_quoted(char quote);

  std::string_view text_;
  size_t at_ = 0;
  size_t newlines_ = 2;  // since the last token or comment; the start counts as a blank line
  bool in_hint_ = false;
  LexedText out_;
};

/// Whether something is left to read.
bool Lexer::skip_blanks_and_comments() {
  while (at_ < text_.size()) {
    char c = text_[at_];
    if (c == '\n') {
      ++newlines_;
      ++at_;
    } else if (is_blank(c)) {
      ++at_;
    } else if (looking_at("--")) {
      size_t start = at_;
      at_ = std::min(text_.find('\n', at_), text_.size());
      std::string_view words = text_.substr(start, at_ - start);
      while (!words.empty() && is_blank(words.back())) words.remove_suffix(1);
      out_.comments.push_back({std::string(words), newlines_ > 1, span_since(start)});
      newlines_ = 0;
    } else if (looking_at("/*") && !at_hint()) {
      read_block_comment();
    } else {
      newlines_ = 0;
      return true;
    }
  }
  return false;
}

void Lexer::read_block_comment() {
  size_t start = at_;
  size_t stop = text_.find("*/", at_ + 2);
  if (stop == std::string_view::npos) {
    at_ = std::min(text_.find('\n', start), text_.size());
    add_error(start, "this comment is not closed", "close it with '*/'");
    at_ = text_.size();
    return;
  }
  at_ = stop + 2;
  out_.comments.push_back(
      {std::string(text_.substr(start, at_ - start)), newlines_ > 1, span_since(start)});
  newlines_ = 0;
}

/// A hint is `/*+` followed by a word; `/*+---+*/` is a comment.
bool Lexer::at_hint() const {
  if (!looking_at("/*+")) return false;
  size_t i = at_ + 3;
  while (i < text_.size() && (is_blank(text_[i]) || text_[i] == '\n')) ++i;
  return i < text_.size() && is_letter(text_[i]);
}

void Lexer::read_token() {
  char c = peek();
  if ((c == 'x' || c == 'X') && peek(1) == '\'') return read_bytes();
  if (starts_word(c)) return read_word();
  if (c == '"' || c == '`') return read_quoted_word(c);
  if (c == '$' && peek(1) == '{') return read_variable();
  if (c == '\'') return read_string(at_);
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return read_number();
  read_symbol();
}

void Lexer::read_word() {
  size_t start = at_;
  while (at_ < text_.size() && continues_word(text_[at_])) ++at_;
  add(TokenKind::kWord, start, upper_case(text_.substr(start, at_ - start)));
}

/// What stands between two `quote`s, of which a doubled one stands for one; nothing if it is not
/// closed.
std::optional<std::string> Lexer::read_quoted(char quote) {
  std::string out;
  ++at_;
  while (at_ < text_.size()) {
    char c = text_[at_++];
    if (c != quote) {
      out += c;
    } else if (peek() == quote) {
      out += quote;
      ++at_;
    } else {
      return out;
    }
  }
  return std::nullopt;
}

void Lexer::read_quoted_word(char quote) {
  size_t start = at_;
  std::optional<std::string> name = read_quoted(quote);
  if (!name) {
    at_ = std::min(text_.find('\n', start), text_.size());
    add_error(start, "this quoted name is not closed", fmt::format("close it with {}", quote));
    at_ = text_.size();
  } else if (name->empty()) {
    add_error(start, "a quoted name is empty");
  } else {
    add(TokenKind::kQuotedWord, start, std::move(*name));
  }
}

/// `${NAME}` in the place of a name: a name that the binder fills in.
void Lexer::read_variable() {
  const size_t start = at_;
  const size_t line_end = std::min(text_.find('\n', start), text_.size());
  const size_t close = text_.find('}', start);
  if (close >= line_end) {
    at_ = line_end;
    add_error(start, "this variable is not closed", "close it with }");
    at_ = text_.size();
    return;
  }
  at_ = close + 1;
  add(TokenKind::kQuotedWord, start, std::string(text_.substr(start, at_ - start)));
}

void Lexer::read_string(size_t start) {
  std::optional<std::string> value = read_quoted('\'');
  if (value) return add(TokenKind::kString, start, std::move(*value));
  at_ = std::min(text_.find('\n', start), text_.size());
  add_error(start, "this string is not closed",
            "close it with '; a quote inside a string is written twice: 'it''s'");
  at_ = text_.size();
}

void Lexer::read_bytes() {
  size_t start = at_++;
  std::optional<std::string> digits = read_quoted('\'');
  if (!digits || digits->size() % 2 != 0 || !std::all_of(digits->begin(), digits->end(), is_hex)) {
    return add_error(start, "bytes are written as X'…' with an even number of hex digits");
  }
  add(TokenKind::kBytes, start, upper_case(*digits));
}

void Lexer::read_number() {
  size_t start = at_;
  TokenKind kind = TokenKind::kInteger;
  while (is_digit(peek())) ++at_;
  if (peek() == '.') {
    kind = TokenKind::kDecimal;
    ++at_;
    while (is_digit(peek())) ++at_;
  }
  if (peek() == 'e' || peek() == 'E') {
    size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (is_digit(peek(1 + sign))) {
      kind = TokenKind::kDouble;
      at_ += 2 + sign;
      while (is_digit(peek())) ++at_;
    }
  }
  size_t letters = at_;
  while (continues_word(peek())) ++at_;
  std::string number(text_.substr(start, at_ - start));
  if (letters == at_) return add(kind, start, std::move(number));
  std::string_view unit = text_.substr(letters, at_ - letters);
  if (kind != TokenKind::kDouble && is_duration_unit(unit)) {
    return add(TokenKind::kDuration, start, std::move(number));
  }
  std::string_view digits = text_.substr(start, letters - start);
  if (unit == "M") {
    return add_error(
        start, fmt::format("'{}' is neither a number nor a duration", number),
        fmt::format("write {}m for minutes, INTERVAL '{}' MONTH for months", digits, digits));
  }
  add_error(start, fmt::format("'{}' is neither a number nor a duration", number),
            "durations end in ns, us, ms, s, m, h, d or w; a name that starts with a digit must be "
            "quoted");
}

void Lexer::read_symbol() {
  struct Symbol {
    std::string_view text;
    TokenKind kind;
  };
  // Longer ones first.
  static constexpr auto kSymbols = std::to_array<Symbol>({
      {"/*+", TokenKind::kHintOpen},    {"::", TokenKind::kDoubleColon},
      {"||", TokenKind::kConcat},       {"<>", TokenKind::kNotEqual},
      {"!=", TokenKind::kNotEqual},     {"<=", TokenKind::kLessEqual},
      {">=", TokenKind::kGreaterEqual}, {"=>", TokenKind::kArrow},
      {"(", TokenKind::kLeftParen},     {")", TokenKind::kRightParen},
      {"[", TokenKind::kLeftBracket},   {"]", TokenKind::kRightBracket},
      {",", TokenKind::kComma},         {".", TokenKind::kDot},
      {";", TokenKind::kSemicolon},     {":", TokenKind::kColon},
      {"+", TokenKind::kPlus},          {"-", TokenKind::kMinus},
      {"*", TokenKind::kStar},          {"/", TokenKind::kSlash},
      {"%", TokenKind::kPercent},       {"=", TokenKind::kEqual},
      {"<", TokenKind::kLess},          {">", TokenKind::kGreater},
  });
  struct Wrong {
    std::string_view text;
    std::string_view hint;
  };
  static constexpr auto kWrong = std::to_array<Wrong>({
      {"==", "equality is written '='"},
      {"&&", "write AND"},
      {"^", "write POWER(x, y)"},
      {"?", "statements take no parameters; option values may hold ${NAME}"},
  });
  size_t start = at_;
  if (in_hint_ && looking_at("*/")) {
    at_ += 2;
    in_hint_ = false;
    return add(TokenKind::kHintClose, start);
  }
  for (const Wrong& wrong : kWrong) {
    if (!looking_at(wrong.text)) continue;
    at_ += wrong.text.size();
    return add_error(start, fmt::format("'{}' is not an operator", wrong.text),
                     std::string(wrong.hint));
  }
  for (const Symbol& symbol : kSymbols) {
    if (!looking_at(symbol.text)) continue;
    at_ += symbol.text.size();
    in_hint_ |= symbol.kind == TokenKind::kHintOpen;
    return add(symbol.kind, start);
  }
  unsigned char c = static_cast<unsigned char>(text_[at_++]);
  bool visible = c > 0x20 && c < 0x7F;
  add_error(start, visible ? fmt::format("unexpected character '{}'", static_cast<char>(c))
                           : fmt::format("unexpected byte 0x{:02X}", c));
}

}  // namespace

LexedText lex(std::string_view text) {
  CHECK(text.size() < UINT32_MAX);
  return Lexer(text).run();
}

bool is_plain_word(std::string_view text) {
  return !text.empty() && starts_word(text[0]) &&
         std::all_of(text.begin(), text.end(), continues_word);
}

std::string upper_case(std::string_view text) { return to_upper(text); }

}  // namespace velo
