#include <utility>

#include "base/fmt.h"
#include "sql/keywords.h"
#include "sql/token_parser.h"

// The items of FROM and how they are joined.

namespace velo {

using ast::Box;
using ast::Expr;
using ast::Join;
using ast::JoinKind;
using ast::TableRef;

/// Tables separated by commas, each of them perhaps joined.
TableRef TokenParser::from_clause() {
  TableRef left = joined_table();
  while (cursor_.accept(TokenKind::kComma)) {
    Join join;
    join.kind = JoinKind::kCross;
    join.kind_span = cursor_.previous().span;
    TableRef right = joined_table();
    SourceSpan span = span_from(left.span, right.span);
    join.left = std::move(left);
    join.right = std::move(right);
    left = {std::move(join), span};
    grow();
  }
  return left;
}

TableRef TokenParser::joined_table() {
  Nest nest(*this);
  TableRef left = table_primary();
  while (true) {
    Join join;
    size_t first = cursor_.position();
    if (!join_kind(join)) return left;
    join.kind_span = cursor_.span_since(first);
    join.right = table_primary();
    join_condition(join);
    SourceSpan span = span_from(left.span, cursor_.previous().span);
    join.left = std::move(left);
    left = {std::move(join), span};
    grow();
  }
}

/// [NATURAL] [ASOF] [INNER | LEFT|RIGHT|FULL [OUTER|SEMI|ANTI] | CROSS] JOIN.
bool TokenParser::join_kind(Join& join) {
  size_t first = cursor_.position();
  join.natural = cursor_.accept_word("NATURAL");
  join.asof = cursor_.at_word("ASOF") && !cursor_.is_kind(1, TokenKind::kLeftParen);
  if (join.asof) cursor_.advance();
  if (cursor_.accept_word("CROSS")) {
    join.kind = JoinKind::kCross;
  } else if (cursor_.accept_word("LEFT")) {
    join.kind = JoinKind::kLeft;
    if (cursor_.accept_word("SEMI")) join.kind = JoinKind::kSemi;
    if (cursor_.accept_word("ANTI")) join.kind = JoinKind::kAnti;
  } else if (cursor_.accept_word("RIGHT")) {
    join.kind = JoinKind::kRight;
  } else if (cursor_.accept_word("FULL")) {
    join.kind = JoinKind::kFull;
  } else if (cursor_.accept_word("SEMI")) {
    join.kind = JoinKind::kSemi;
  } else if (cursor_.accept_word("ANTI")) {
    join.kind = JoinKind::kAnti;
  } else {
    cursor_.accept_word("INNER");
  }
  bool outer =
      join.kind == JoinKind::kLeft || join.kind == JoinKind::kRight || join.kind == JoinKind::kFull;
  if (outer) cursor_.accept_word("OUTER");
  if (!join.asof) join.asof = cursor_.accept_word("ASOF");
  if (cursor_.accept_word("JOIN")) return true;
  if (cursor_.position() != first) cursor_.fail_expected("JOIN");
  return false;
}

/// ON or USING, and WITHIN before or after it.
void TokenParser::join_condition(Join& join) {
  join_within(join);
  if (cursor_.accept_word("ON")) {
    join.on = expression();
  } else if (cursor_.accept_word("USING")) {
    join.using_columns = name_list();
  }
  join_within(join);
  bool given = join.on || !join.using_columns.empty();
  bool free = join.kind == JoinKind::kCross || join.natural;
  if (free && given) {
    cursor_.fail_at(join.kind_span, "this join takes no condition", "use JOIN … ON");
  }
  if (!free && !given) cursor_.fail_expected("ON or USING");
}

void TokenParser::join_within(Join& join) {
  if (!cursor_.at_word("WITHIN")) return;
  SourceSpan here = cursor_.advance().span;
  if (join.within) fail_twice("WITHIN", here);
  bool pair = cursor_.accept(TokenKind::kLeftParen);
  join.within = duration();
  if (pair) {
    if (cursor_.accept(TokenKind::kComma)) join.within_after = duration();
    cursor_.expect(TokenKind::kRightParen);
  }
  if (cursor_.accept_words({"GRACE", "PERIOD"})) join.grace = duration();
}

TableRef TokenParser::table_primary() {
  size_t first = cursor_.position();
  TableRef out;
  bool lateral = cursor_.at_word("LATERAL") && !cursor_.is_kind(1, TokenKind::kDot);
  if (lateral) cursor_.advance();
  const Token& token = cursor_.peek();
  bool call = cursor_.is_kind(1, TokenKind::kLeftParen);
  bool word = token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedWord;
  if (token.kind == TokenKind::kLeftParen) {
    out = table_in_parens();
  } else if (at_window_function()) {
    out = window_table();
  } else if (at_changelog_function()) {
    out = changelog_table();
  } else if (call && cursor_.is_word(0, "TABLE")) {
    out = table_in_table_call(first);
  } else if (call && word) {
    out = table_function();
  } else {
    out = named_table();
  }
  if (lateral) {
    if (ast::DerivedTable* derived = out.as<ast::DerivedTable>()) {
      derived->lateral = true;
    } else if (ast::TableFunction* function = out.as<ast::TableFunction>()) {
      function->lateral = true;
    } else {
      cursor_.fail_at(cursor_.span_since(first), "LATERAL needs a sub-query or a table function");
    }
  }
  if (!out.alias) out.alias = table_alias();
  if (ast::NamedTable* named = out.as<ast::NamedTable>()) {
    table_options(*named);
    if (!out.alias) out.alias = table_alias();
  }
  out.span = cursor_.span_since(first);
  return out;
}

/// After '(': a query or joined tables.
TableRef TokenParser::table_in_parens() {
  Nest nest(*this);
  size_t first = cursor_.position();
  cursor_.advance();
  TableRef out;
  if (at_query()) {
    out.node = ast::DerivedTable{false, query()};
  } else {
    out = from_clause();
    ast::DerivedTable* derived = out.as<ast::DerivedTable>();
    // ((SELECT …) UNION (SELECT …)): what looked like a table was the start of a query.
    if (derived && !derived->lateral && !out.alias && at_query_tail()) {
      out.node = ast::DerivedTable{false, continue_query(std::move(*derived->query))};
    }
  }
  cursor_.expect(TokenKind::kRightParen);
  out.span = cursor_.span_since(first);
  if (out.alias && cursor_.at_word("AS")) {
    cursor_.fail_at(cursor_.peek().span, "this table already has an alias");
  }
  return out;
}

/// UNNEST(a) [WITH ORDINALITY], generate(1, 5).
TableRef TokenParser::table_function() {
  size_t first = cursor_.position();
  if (!at_name()) cursor_.fail_expected("a table");
  ast::TableFunction out;
  ast::Name function = any_word("a table");
  if (!function.quoted && upper_case(function.text) == "VALUES") {
    cursor_.fail_at(function.span, "VALUES in FROM needs parentheses",
                    "write FROM (VALUES (1, 'a'), (2, 'b')) AS t (id, name)");
  }
  out.call = call(std::move(function), first);
  out.with_ordinality = cursor_.accept_words({"WITH", "ORDINALITY"});
  return {std::move(out), cursor_.span_since(first)};
}

/// TABLE(f(x)), TABLE(TUMBLE(…)).
TableRef TokenParser::table_in_table_call(size_t first) {
  cursor_.advance();
  cursor_.advance();
  TableRef out;
  if (at_window_function()) {
    out = window_table();
  } else if (at_changelog_function()) {
    out = changelog_table();
  } else if (at_name() && cursor_.is_kind(1, TokenKind::kLeftParen)) {
    out = table_function();
  } else {
    cursor_.fail_expected("a table function");
  }
  cursor_.expect(TokenKind::kRightParen);
  out.span = cursor_.span_since(first);
  return out;
}

TableRef TokenParser::named_table() {
  size_t first = cursor_.position();
  ast::NamedTable out;
  out.target = target("a table name");
  table_options(out);
  return {std::move(out), cursor_.span_since(first)};
}

/// What may follow a table's name, before or after its alias: a hint, WITH (…), FOR SYSTEM_TIME AS
/// OF t.
void TokenParser::table_options(ast::NamedTable& table) {
  while (true) {
    SourceSpan here = cursor_.peek().span;
    if (cursor_.accept(TokenKind::kHintOpen)) {
      cursor_.expect_word("OPTIONS");
      if (!table.target.options.empty()) fail_twice("OPTIONS", here);
      table.target.options = options();
      cursor_.expect(TokenKind::kHintClose);
    } else if (cursor_.at_word("WITH") && options_belong_to_table(table)) {
      cursor_.advance();
      if (!table.target.options.empty()) fail_twice("WITH", here);
      table.target.options = options();
    } else if (cursor_.accept_word("FOR")) {
      cursor_.expect_word("SYSTEM_TIME");
      cursor_.expect_word("AS");
      cursor_.expect_word("OF");
      if (table.system_time) fail_twice("FOR SYSTEM_TIME", here);
      table.system_time = expression();
    } else {
      return;
    }
  }
}

/// Options after an address are the table's. After a name they are the table's if the query goes on
/// behind them; at the end of the query they belong to the statement: CREATE STREAM s AS SELECT a
/// FROM t WITH (…).
bool TokenParser::options_belong_to_table(const ast::NamedTable& table) const {
  if (!cursor_.is_kind(1, TokenKind::kLeftParen)) return false;
  if (table.target.address) return true;
  size_t i = 2;
  for (int depth = 1; depth > 0; ++i) {
    TokenKind kind = cursor_.peek(i).kind;
    if (kind == TokenKind::kEnd || kind == TokenKind::kSemicolon) return false;
    if (kind == TokenKind::kLeftParen) ++depth;
    if (kind == TokenKind::kRightParen) --depth;
  }
  const Token& next = cursor_.peek(i);
  if (next.kind == TokenKind::kEnd || next.kind == TokenKind::kSemicolon) return false;
  for (std::string_view word : {"EMIT", "INTO", "LATE", "ALLOWED"}) {
    if (cursor_.is_word(i, word)) return false;
  }
  return true;
}

std::optional<ast::TableAlias> TokenParser::table_alias() {
  bool had_as = false;
  std::optional<ast::Name> name = alias(&had_as);
  if (!name) return std::nullopt;
  ast::TableAlias out{std::move(*name), {}};
  bool bare_match = cursor_.at(TokenKind::kLeftParen);
  if (bare_match) out.columns = name_list();
  return out;
}

}  // namespace velo
