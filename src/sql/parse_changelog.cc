#include "base/fmt.h"
#include "base/nearest_name.h"
#include "sql/token_parser.h"

// TO_CHANGELOG and FROM_CHANGELOG: arguments by name, or by position in this order.
//   TO_CHANGELOG([input =>] [TABLE] t [PARTITION BY k], [op =>] DESCRIPTOR(op), [op_mapping =>]
//   MAP[…])

namespace velo {

using ast::Expr;

bool TokenParser::at_changelog_function() const {
  const Token& token = cursor_.peek();
  if (token.kind != TokenKind::kWord || !cursor_.is_kind(1, TokenKind::kLeftParen)) return false;
  const std::string upper = upper_case(token.text);
  return upper == "TO_CHANGELOG" || upper == "FROM_CHANGELOG";
}

ast::TableRef TokenParser::changelog_table() {
  Nest nest(*this);
  size_t first = cursor_.position();
  ast::ChangelogTable out;
  out.from = upper_case(cursor_.advance().text) == "FROM_CHANGELOG";
  cursor_.advance();
  if (cursor_.is_word(0, "INPUT") && cursor_.is_kind(1, TokenKind::kArrow)) {
    cursor_.advance();
    cursor_.advance();
  }
  out.input = input_table(out.partition_by);
  while (cursor_.accept(TokenKind::kComma)) changelog_argument(out);
  cursor_.expect(TokenKind::kRightParen);
  return {std::move(out), cursor_.span_since(first)};
}

void TokenParser::changelog_argument(ast::ChangelogTable& out) {
  const SourceSpan here = cursor_.peek().span;
  std::string argument = out.op ? "OP_MAPPING" : "OP";
  if (cursor_.is_kind(1, TokenKind::kArrow)) {
    argument = upper_case(any_word("an argument name").text);
    cursor_.advance();
  }
  if (argument == "OP") {
    if (out.op) fail_twice("op", here);
    cursor_.expect_word("DESCRIPTOR");
    cursor_.expect(TokenKind::kLeftParen);
    out.op = name("the name of a column");
    cursor_.expect(TokenKind::kRightParen);
  } else if (argument == "OP_MAPPING") {
    if (out.op_mapping) fail_twice("op_mapping", here);
    out.op_mapping = expression();
  } else {
    cursor_.fail_at(here,
                    fmt::format("{} has no argument '{}'",
                                out.from ? "FROM_CHANGELOG" : "TO_CHANGELOG", argument),
                    "its arguments: input, op, op_mapping");
  }
}

}  // namespace velo
