#include <utility>

#include "base/fmt.h"
#include "sql/keywords.h"
#include "sql/token_parser.h"

// Queries. The clauses of a SELECT (WHERE, GROUP BY, WINDOW, …) and those that close a query (ORDER
// BY, LIMIT, EMIT, …) may come in any order after FROM, each once. While the last SELECT of a set
// operation is read, closing clauses go to the query around it; a set operator after one of them is
// refused.

namespace velo {

using ast::Box;
using ast::Expr;
using ast::Query;
using ast::Select;

namespace {

bool has_closing_clause(const Query& query) {
  return !query.order_by.empty() || query.limit || query.offset || query.emit ||
         query.allowed_lateness || query.late_data_to || query.into || !query.options.empty();
}

/// Whether the rows depend on the order of what closes the query: then it cannot be merged with
/// more.
bool is_closed(const Query& query) { return has_closing_clause(query) || !query.with.empty(); }

}  // namespace

/// SELECT, WITH or VALUES here; not their namesakes among columns.
bool TokenParser::at_query() {
  return cursor_.at_word("SELECT") || cursor_.at_word("WITH") ||
         (cursor_.is_word(0, "VALUES") && cursor_.is_kind(1, TokenKind::kLeftParen));
}

bool TokenParser::at_set_operator() {
  return cursor_.at_word("UNION") || cursor_.at_word("INTERSECT") || cursor_.at_word("EXCEPT") ||
         cursor_.at_word("MINUS");
}

bool TokenParser::at_query_tail() {
  return at_set_operator() || cursor_.at_word("ORDER") || cursor_.at_word("LIMIT") ||
         cursor_.at_word("OFFSET") || cursor_.at_word("FETCH");
}

Query TokenParser::query() {
  Nest nest(*this);
  size_t first = cursor_.position();
  Query closing;
  if (cursor_.accept_word("WITH")) {
    closing.recursive = cursor_.accept_word("RECURSIVE");
    closing.with = common_tables();
  }
  Query body = set_expression(closing, 0);
  while (closing_clause(closing)) {
  }
  if (is_closed(body)) {
    // A query in parentheses with clauses of its own.
    if (is_closed(closing)) {
      cursor_.fail_at(cursor_.span_since(first),
                      "a clause follows a query in parentheses that has clauses itself",
                      "write SELECT * FROM (…) around the inner query");
    }
    return body;
  }
  closing.body = std::move(body.body);
  closing.span = cursor_.span_since(first);
  return closing;
}

/// The rest of a query whose first operand stood in parentheses and is already read.
Query TokenParser::continue_query(Query first) {
  Nest nest(*this);
  Query closing;
  SourceSpan start = first.span;
  Query body = continue_set(std::move(first), closing, 0);
  while (closing_clause(closing)) {
  }
  if (is_closed(body)) {
    cursor_.fail_at(start, "a clause follows a query in parentheses that has clauses itself",
                    "write SELECT * FROM (…) around the inner query");
  }
  closing.body = std::move(body.body);
  closing.span = span_from(start, cursor_.previous().span);
  return closing;
}

std::vector<ast::CommonTable> TokenParser::common_tables() {
  std::vector<ast::CommonTable> out;
  do {
    ast::CommonTable table;
    table.name = name("a name for the query");
    if (cursor_.at(TokenKind::kLeftParen)) table.columns = name_list();
    cursor_.expect_word("AS");
    cursor_.expect(TokenKind::kLeftParen);
    table.query = query();
    cursor_.expect(TokenKind::kRightParen);
    out.push_back(std::move(table));
  } while (cursor_.accept(TokenKind::kComma));
  return out;
}

/// UNION and EXCEPT at level 0, INTERSECT, which binds tighter, at level 1.
Query TokenParser::set_expression(Query& closing, int min_level) {
  return continue_set(set_operand(closing), closing, min_level);
}

Query TokenParser::continue_set(Query left, Query& closing, int min_level) {
  while (at_set_operator()) {
    bool intersect = cursor_.at_word("INTERSECT");
    int level = intersect ? 1 : 0;
    if (level < min_level) break;
    const Token& op = cursor_.peek();
    if (has_closing_clause(closing)) {
      cursor_.fail_at(op.span, fmt::format("{} after a clause that closes the query", op.text),
                      "put the first query in parentheses, or the clause after the last one");
    }
    cursor_.advance();
    ast::SetOperation set;
    set.op = intersect            ? ast::SetOp::kIntersect
             : op.text == "UNION" ? ast::SetOp::kUnion
                                  : ast::SetOp::kExcept;
    set.all = cursor_.accept_word("ALL");
    if (!set.all) cursor_.accept_word("DISTINCT");
    SourceSpan start = left.span;
    set.left = std::move(left);
    set.right = set_expression(closing, level + 1);
    grow();
    left = Query();
    left.body = std::move(set);
    left.span = span_from(start, cursor_.previous().span);
  }
  return left;
}

Query TokenParser::set_operand(Query& closing) {
  size_t first = cursor_.position();
  if (cursor_.accept(TokenKind::kLeftParen)) {
    Query inner = query();
    cursor_.expect(TokenKind::kRightParen);
    inner.span = cursor_.span_since(first);
    return inner;
  }
  Query out;
  if (cursor_.at_word("VALUES") && cursor_.is_kind(1, TokenKind::kLeftParen)) {
    out.body = values();
  } else {
    if (!cursor_.at_word("SELECT")) cursor_.fail_expected("a query");
    out.body = select(closing);
  }
  out.span = cursor_.span_since(first);
  return out;
}

ast::Values TokenParser::values() {
  cursor_.advance();
  ast::Values out;
  do {
    size_t first = cursor_.position();
    cursor_.expect(TokenKind::kLeftParen);
    out.rows.push_back(expression_list());
    cursor_.expect(TokenKind::kRightParen);
    if (out.rows.back().size() != out.rows.front().size()) {
      cursor_.fail_at(cursor_.span_since(first),
                      fmt::format("this row has {} values, the first one has {}",
                                  out.rows.back().size(), out.rows.front().size()));
    }
  } while (cursor_.accept(TokenKind::kComma));
  return out;
}

Select TokenParser::select(Query& closing) {
  size_t first = cursor_.position();
  cursor_.expect_word("SELECT");
  Select out;
  out.distinct = cursor_.accept_word("DISTINCT");
  if (!out.distinct) cursor_.accept_word("ALL");
  do out.items.push_back(select_item());
  while (cursor_.accept(TokenKind::kComma));
  if (cursor_.at_word("INTO")) closing_clause(closing);
  if (cursor_.accept_word("FROM")) out.from = from_clause();
  while (select_clause(out) || closing_clause(closing)) {
  }
  out.span = cursor_.span_since(first);
  return out;
}

ast::SelectItem TokenParser::select_item() {
  ast::SelectItem out;
  size_t first = cursor_.position();
  if (cursor_.accept(TokenKind::kStar)) {
    out.expr = {ast::Star{}, cursor_.span_since(first)};
    return out;
  }
  // name.name.*
  size_t dots = 0;
  while (cursor_.is_kind(dots + 1, TokenKind::kDot) && !cursor_.is_kind(dots + 2, TokenKind::kStar))
    dots += 2;
  if (at_name() && cursor_.is_kind(dots + 1, TokenKind::kDot)) {
    ast::Star star;
    star.qualifier.push_back(name("a table"));
    while (cursor_.accept(TokenKind::kDot) && !cursor_.at(TokenKind::kStar)) {
      star.qualifier.push_back(any_word("a name"));
    }
    cursor_.expect(TokenKind::kStar);
    out.expr = {std::move(star), cursor_.span_since(first)};
    return out;
  }
  out.expr = expression();
  bool had_as = false;
  out.alias = alias(&had_as);
  out.primary_key = cursor_.accept_words({"PRIMARY", "KEY"});
  if (!out.alias) out.alias = alias(&had_as);
  return out;
}

/// AS anything, or a name that starts no clause.
std::optional<ast::Name> TokenParser::alias(bool* had_as) {
  *had_as = cursor_.accept_word("AS");
  if (*had_as) return any_word("an alias");
  if (!at_name()) return std::nullopt;
  const Token& token = cursor_.peek();
  if (token.kind == TokenKind::kWord && is_clause_word(token.text)) return std::nullopt;
  ast::Name out = any_word("an alias");
  if (!out.quoted) cursor_.note_bare_alias();
  return out;
}

/// One clause of a SELECT, if one is here.
bool TokenParser::select_clause(Select& out) {
  SourceSpan here = cursor_.peek().span;
  if (cursor_.accept_word("WHERE")) {
    if (out.where) fail_twice("WHERE", here);
    out.where = expression();
  } else if (cursor_.accept_word("GROUP")) {
    cursor_.expect_word("BY");
    if (!out.group_by.empty()) fail_twice("GROUP BY", here);
    out.group_by = group_items(TokenKind::kEnd);
  } else if (cursor_.accept_word("HAVING")) {
    if (out.having) fail_twice("HAVING", here);
    out.having = expression();
  } else if (cursor_.accept_word("QUALIFY")) {
    if (out.qualify) fail_twice("QUALIFY", here);
    out.qualify = expression();
  } else if (cursor_.accept_word("WINDOW")) {
    window_clause(out);
  } else {
    return false;
  }
  return true;
}

/// WINDOW w AS (…), …, or WINDOW TUMBLING (…).
void TokenParser::window_clause(Select& out) {
  SourceSpan here = cursor_.previous().span;
  if (!cursor_.is_word(1, "AS")) {
    if (out.window) fail_twice("WINDOW", here);
    out.window = window_clause_spec();
    return;
  }
  do {
    ast::NamedWindow window;
    window.name = name("a window name");
    cursor_.expect_word("AS");
    if (!cursor_.at(TokenKind::kLeftParen)) cursor_.expect(TokenKind::kLeftParen);
    window.over = over();
    out.named_windows.push_back(std::move(window));
  } while (cursor_.accept(TokenKind::kComma));
}

bool TokenParser::closing_clause(Query& out) {
  SourceSpan here = cursor_.peek().span;
  if (cursor_.accept_word("ORDER")) {
    cursor_.expect_word("BY");
    if (!out.order_by.empty()) fail_twice("ORDER BY", here);
    out.order_by = order_items();
  } else if (cursor_.accept_word("INTO")) {
    if (out.into) fail_twice("INTO", here);
    out.into = target("a table name");
    if (cursor_.at_words({"WITH"}) && cursor_.is_kind(1, TokenKind::kLeftParen)) {
      cursor_.advance();
      out.into->options = options();
    }
  } else if (cursor_.at_word("WITH") && cursor_.is_kind(1, TokenKind::kLeftParen)) {
    cursor_.advance();
    if (!out.options.empty()) fail_twice("WITH", here);
    out.options = options();
  } else {
    return limiting_clause(out) || emission_clause(out);
  }
  return true;
}

/// LIMIT n [OFFSET m], OFFSET m [ROWS], FETCH FIRST n ROWS {ONLY | WITH TIES}.
bool TokenParser::limiting_clause(Query& out) {
  SourceSpan here = cursor_.peek().span;
  if (cursor_.accept_word("LIMIT")) {
    if (out.limit) fail_twice("LIMIT", here);
    if (!cursor_.accept_word("ALL")) out.limit = expression();
  } else if (cursor_.accept_word("OFFSET")) {
    if (out.offset) fail_twice("OFFSET", here);
    out.offset = expression();
    if (!cursor_.accept_word("ROWS")) cursor_.accept_word("ROW");
  } else if (cursor_.accept_word("FETCH")) {
    if (out.limit) fail_twice("LIMIT or FETCH", here);
    if (!cursor_.accept_word("FIRST")) cursor_.expect_word("NEXT");
    bool one = (cursor_.at_word("ROW") || cursor_.at_word("ROWS")) &&
               !cursor_.is_kind(1, TokenKind::kLeftParen);
    if (one) {
      out.limit = Expr{ast::Literal{ast::LiteralKind::kInteger, "1"}, here};
    } else {
      out.limit = expression();
    }
    if (!cursor_.accept_word("ROW")) cursor_.expect_word("ROWS");
    out.with_ties = cursor_.accept_words({"WITH", "TIES"});
    if (!out.with_ties) cursor_.expect_word("ONLY");
  } else {
    return false;
  }
  return true;
}

/// EMIT …, ALLOWED LATENESS i, LATE DATA TO sink.
bool TokenParser::emission_clause(Query& out) {
  size_t first = cursor_.position();
  SourceSpan here = cursor_.peek().span;
  if (cursor_.accept_word("EMIT")) {
    if (out.emit) fail_twice("EMIT", here);
    ast::Emit emit;
    if (cursor_.accept_word("CHANGES")) {
      emit.kind = ast::EmitKind::kChanges;
    } else if (cursor_.accept_word("EVERY")) {
      emit.kind = ast::EmitKind::kEvery;
      emit.every = duration();
    } else if (!cursor_.accept_word("FINAL") && !cursor_.accept_words({"ON", "WINDOW", "CLOSE"})) {
      cursor_.fail_expected("FINAL, CHANGES, EVERY or ON WINDOW CLOSE");
    }
    emit.span = cursor_.span_since(first);
    out.emit = std::move(emit);
  } else if (cursor_.accept_word("ALLOWED")) {
    cursor_.expect_word("LATENESS");
    if (out.allowed_lateness) fail_twice("ALLOWED LATENESS", here);
    out.allowed_lateness = duration();
  } else if (cursor_.accept_word("LATE")) {
    cursor_.expect_word("DATA");
    cursor_.expect_word("TO");
    if (out.late_data_to) fail_twice("LATE DATA TO", here);
    out.late_data_to = target("a table name");
  } else {
    return false;
  }
  return true;
}

std::vector<ast::OrderItem> TokenParser::order_items() {
  std::vector<ast::OrderItem> out;
  do {
    ast::OrderItem item;
    item.expr = expression();
    item.descending = cursor_.accept_word("DESC");
    if (!item.descending) cursor_.accept_word("ASC");
    if (cursor_.accept_word("NULLS")) {
      item.nulls_first = cursor_.accept_word("FIRST");
      if (!*item.nulls_first) cursor_.expect_word("LAST");
    }
    out.push_back(std::move(item));
  } while (cursor_.accept(TokenKind::kComma));
  return out;
}

/// Items of GROUP BY or, in parentheses already opened, of GROUPING SETS, ROLLUP or CUBE.
std::vector<ast::GroupItem> TokenParser::group_items(TokenKind close) {
  Nest nest(*this);
  std::vector<ast::GroupItem> out;
  if (close != TokenKind::kEnd && cursor_.at(close)) return out;
  do out.push_back(group_item());
  while (cursor_.accept(TokenKind::kComma));
  return out;
}

ast::GroupItem TokenParser::group_item() {
  size_t first = cursor_.position();
  ast::GroupItem out;
  auto sets = [&](ast::GroupingKind kind) {
    cursor_.expect(TokenKind::kLeftParen);
    ast::GroupingSets all{kind, group_items(TokenKind::kRightParen)};
    cursor_.expect(TokenKind::kRightParen);
    out.node = std::move(all);
  };
  bool call = cursor_.is_kind(1, TokenKind::kLeftParen);
  if (cursor_.accept_words({"GROUPING", "SETS"})) {
    sets(ast::GroupingKind::kSets);
  } else if (call && cursor_.accept_word("ROLLUP")) {
    sets(ast::GroupingKind::kRollup);
  } else if (call && cursor_.accept_word("CUBE")) {
    sets(ast::GroupingKind::kCube);
  } else if (cursor_.at(TokenKind::kLeftParen) && cursor_.is_kind(1, TokenKind::kRightParen)) {
    cursor_.advance();
    cursor_.advance();
    out.node = ast::GroupingSet{};
  } else {
    bool window = at_window_function();
    Expr expr = expression();
    ast::RowValue* row = expr.as<ast::RowValue>();
    const ast::Call* window_call = window ? expr.as<ast::Call>() : nullptr;
    if (row && !row->row_keyword) {
      out.node = ast::GroupingSet{std::move(row->fields)};
    } else if (window_call) {
      out.node = group_window(*window_call, expr.span);
    } else {
      out.node = std::move(expr);
    }
  }
  out.span = cursor_.span_since(first);
  return out;
}

}  // namespace velo
