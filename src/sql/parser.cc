#include "sql/parser.h"

#include <algorithm>
#include <utility>

#include "sql/token_parser.h"

// The public functions: run the lexer, cut the tokens into statements at ';', give each statement
// its comments and annotations, and turn a SyntaxFailure into an Error.

namespace velo {
namespace {

constexpr size_t kTextBytesMax = UINT32_MAX - 1;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_annotation_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

std::optional<Error> too_long(std::string_view text) {
  if (text.size() <= kTextBytesMax) return std::nullopt;
  return Error(ErrorCode::kSyntax, "the text is longer than 4 GiB");
}

/// Runs one rule of the grammar over a whole text.
template <typename Rule>
auto parse_whole(std::string_view text, Rule rule)
    -> Result<decltype(rule(std::declval<TokenParser&>()))> {
  if (std::optional<Error> error = too_long(text)) return std::move(*error);
  LexedText lexed = lex(text);
  TokenParser parser(text, lexed.tokens);
  try {
    auto tree = rule(parser);
    if (!parser.cursor().at(TokenKind::kEnd)) parser.cursor().fail_expected("the end of the text");
    return tree;
  } catch (SyntaxFailure& failure) {
    return std::move(failure.error);
  }
}

/// `-- @name value` and `-- @name: value`.
std::optional<ast::Annotation> annotation_in(const ast::Comment& comment) {
  std::string_view text = comment.text;
  if (!text.starts_with("--")) return std::nullopt;
  size_t at = 2;
  while (at < text.size() && is_blank(text[at])) ++at;
  if (at >= text.size() || text[at] != '@') return std::nullopt;
  size_t name_start = ++at;
  while (at < text.size() && is_annotation_char(text[at])) ++at;
  if (at == name_start) return std::nullopt;
  ast::Annotation out;
  out.name = text.substr(name_start, at - name_start);
  out.name_span = {comment.span.offset + static_cast<uint32_t>(name_start),
                   static_cast<uint32_t>(at - name_start)};
  while (at < text.size() && is_blank(text[at])) ++at;
  if (at < text.size() && text[at] == ':') ++at;
  while (at < text.size() && is_blank(text[at])) ++at;
  out.value = text.substr(at);
  out.value_span = {comment.span.offset + static_cast<uint32_t>(at),
                    static_cast<uint32_t>(out.value.size())};
  return out;
}

/// Cuts a text into statements and deals out its comments.
class ScriptParser {
 public:
  explicit ScriptParser(std::string_view text) : text_(text), lexed_(lex(text)) {}

  ScriptWithErrors run(bool stop_at_error) {
    size_t at = 0;
    while (lexed_.tokens[at].kind != TokenKind::kEnd) {
      if (lexed_.tokens[at].kind == TokenKind::kSemicolon) {
        ++at;
        continue;
      }
      size_t stop = statement_end(at);
      parse_one(at, stop);
      if (stop_at_error && !out_.errors.empty()) return std::move(out_);
      at = stop;
    }
    while (next_comment_ < lexed_.comments.size()) {
      out_.script.comments.push_back(std::move(lexed_.comments[next_comment_++]));
    }
    set_apart(out_.script.comments);
    return std::move(out_);
  }

 private:
  /// The ';' or kEnd behind the statement that starts at token `at`.
  size_t statement_end(size_t at) const {
    while (lexed_.tokens[at].kind != TokenKind::kSemicolon &&
           lexed_.tokens[at].kind != TokenKind::kEnd)
      ++at;
    return at;
  }

  void parse_one(size_t first, size_t stop) {
    ast::Statement statement;
    statement.span = span_from(lexed_.tokens[first].span, lexed_.tokens[stop - 1].span);
    take_comments(statement, stop);
    TokenParser parser(text_, lexed_.tokens);
    parser.cursor().jump_to(first);
    try {
      statement.node = parser.statement();
      parser.finish();
      out_.script.statements.push_back(std::move(statement));
    } catch (SyntaxFailure& failure) {
      out_.errors.push_back(std::move(failure.error));
    }
  }

  /// Comments up to the statement's end (its ';' if it has one) are its own; those behind the end,
  /// on the same line, trail it.
  void take_comments(ast::Statement& statement, size_t stop) {
    bool closed = lexed_.tokens[stop].kind == TokenKind::kSemicolon;
    uint32_t end = closed ? lexed_.tokens[stop].span.end() : statement.span.end();
    std::vector<ast::Comment>& comments = lexed_.comments;
    for (; next_comment_ < comments.size() && comments[next_comment_].span.offset < end;
         ++next_comment_) {
      take_comment(statement, statement.comments);
    }
    set_apart(statement.comments);
    uint32_t line_end = static_cast<uint32_t>(std::min(text_.find('\n', end), text_.size()));
    uint32_t next_token = closed ? lexed_.tokens[stop + 1].span.offset : line_end;
    uint32_t limit = std::min(line_end, next_token);
    // A comment that runs on over several lines introduces what follows.
    for (; next_comment_ < comments.size() && comments[next_comment_].span.end() <= limit;
         ++next_comment_) {
      take_comment(statement, statement.trailing_comments);
    }
  }

  /// Statements are printed with a blank line between them, so their first comment always follows
  /// one.
  static void set_apart(std::vector<ast::Comment>& comments) {
    if (!comments.empty()) comments.front().blank_line_before = true;
  }

  void take_comment(ast::Statement& statement, std::vector<ast::Comment>& into) {
    ast::Comment& comment = lexed_.comments[next_comment_];
    if (std::optional<ast::Annotation> annotation = annotation_in(comment)) {
      statement.annotations.push_back(std::move(*annotation));
    }
    into.push_back(std::move(comment));
  }

  std::string_view text_;
  LexedText lexed_;
  size_t next_comment_ = 0;
  ScriptWithErrors out_;
};

}  // namespace

Result<ast::Script> parse_script(std::string_view text) {
  if (std::optional<Error> error = too_long(text)) return std::move(*error);
  ScriptWithErrors parsed = ScriptParser(text).run(true);
  if (!parsed.errors.empty()) return std::move(parsed.errors.front());
  return std::move(parsed.script);
}

ScriptWithErrors parse_script_with_errors(std::string_view text) {
  if (std::optional<Error> error = too_long(text)) return {{}, {std::move(*error)}};
  return ScriptParser(text).run(false);
}

Result<ast::Statement> parse_statement(std::string_view text) {
  ast::Script script = TRY(parse_script(text));
  if (script.statements.empty()) {
    return error_at(ErrorCode::kSyntax, "expected a statement, found the end of the text", text,
                    {static_cast<uint32_t>(text.size()), 0});
  }
  if (script.statements.size() > 1) {
    return error_at(ErrorCode::kSyntax, "expected one statement, found another after ';'", text,
                    script.statements[1].span);
  }
  return std::move(script.statements.front());
}

Result<ast::Query> parse_query(std::string_view text) {
  return parse_whole(text, [](TokenParser& parser) { return parser.query(); });
}

Result<ast::Expr> parse_expression(std::string_view text) {
  return parse_whole(text, [](TokenParser& parser) { return parser.expression(); });
}

Result<ast::TypeName> parse_type(std::string_view text) {
  return parse_whole(text, [](TokenParser& parser) { return parser.type(true); });
}

}  // namespace velo
