#include <gtest/gtest.h>

#include "sql/parser.h"

// What somebody sees who made a mistake: message, place, carets, remedy.

namespace velo {
namespace {

std::string error_of(std::string_view text) {
  Result<ast::Script> script = parse_script(text);
  return script ? "parses" : script.error().to_string();
}

TEST(SqlError, SaysWhatWasExpectedAndWhatWasFound) {
  EXPECT_EQ(error_of("SELECT COUNT(* FROM t"),
            "error 2001: expected ')' after '*', found 'FROM'\n"
            "  at SQL:1:16\n"
            "  1 | SELECT COUNT(* FROM t\n"
            "    |                ^^^^");
  EXPECT_EQ(error_of("SELECT a,\n  b,\nFROM t"),
            "error 2001: expected an expression after ',', found 'FROM'\n"
            "  at SQL:3:1\n"
            "  3 | FROM t\n"
            "    | ^^^^");
  EXPECT_EQ(error_of("SELECT a FROM"),
            "error 2001: expected a table name after 'FROM', found the end of the text\n"
            "  at SQL:1:14\n"
            "  1 | SELECT a FROM\n"
            "    |              ^");
  EXPECT_EQ(error_of("SELECT a FROM t; SELECT b FROM u WHERE 'x' 5"),
            "error 2001: expected the end of the statement after the string 'x', found '5'\n"
            "  at SQL:1:44\n"
            "  1 | SELECT a FROM t; SELECT b FROM u WHERE 'x' 5\n"
            "    |                                            ^");
}

TEST(SqlError, MisspeltKeywords) {
  EXPECT_EQ(error_of("SELEC a FROM t"),
            "error 2001: expected a statement, found 'SELEC'\n"
            "  at SQL:1:1\n"
            "  1 | SELEC a FROM t\n"
            "    | ^^^^^\n"
            "  hint: did you mean 'SELECT'?");
  EXPECT_EQ(error_of("SELECT a FROM t WHERE a = 1 GRUP BY a"),
            "error 2001: expected the end of the statement after '1', found 'GRUP'\n"
            "  at SQL:1:29\n"
            "  1 | SELECT a FROM t WHERE a = 1 GRUP BY a\n"
            "    |                             ^^^^\n"
            "  hint: did you mean 'GROUP'?");
  EXPECT_EQ(error_of("SELECT a FROM t WHER a = 1"),
            "error 2001: expected a clause or the end of the statement, found 'WHER'\n"
            "  at SQL:1:17\n"
            "  1 | SELECT a FROM t WHER a = 1\n"
            "    |                 ^^^^\n"
            "  hint: did you mean 'WHERE'?");
  EXPECT_EQ(error_of("SELECT a FORM t"),
            "error 2001: expected a clause or the end of the statement, found 'FORM'\n"
            "  at SQL:1:10\n"
            "  1 | SELECT a FORM t\n"
            "    |          ^^^^\n"
            "  hint: did you mean 'FROM'?");
  EXPECT_EQ(
      error_of("SELECT a FROM t WINDOW TUMBLIN(1m)"),
      "error 2001: expected TUMBLING, SLIDING, HOPPING, CUMULATE, SESSION or a window name after "
      "'WINDOW', found 'TUMBLIN'\n"
      "  at SQL:1:24\n"
      "  1 | SELECT a FROM t WINDOW TUMBLIN(1m)\n"
      "    |                        ^^^^^^^\n"
      "  hint: did you mean 'TUMBLING'?");
  EXPECT_EQ(
      error_of("SELECT a FROM t EMIT CHANGE"),
      "error 2001: expected FINAL, CHANGES, EVERY or ON WINDOW CLOSE after 'EMIT', found 'CHANGE'\n"
      "  at SQL:1:22\n"
      "  1 | SELECT a FROM t EMIT CHANGE\n"
      "    |                      ^^^^^^\n"
      "  hint: did you mean 'CHANGES'?");
}

TEST(SqlError, ReservedWordsAsNames) {
  EXPECT_EQ(error_of("CREATE TABLE order (a INT) WITH (x = y)"),
            "error 2001: expected a name after 'TABLE', found 'order'\n"
            "  at SQL:1:14\n"
            "  1 | CREATE TABLE order (a INT) WITH (x = y)\n"
            "    |              ^^^^^\n"
            "  hint: ORDER is a keyword; as a name it must be quoted: `order`");
}

TEST(SqlError, ReservedWordsAsColumns) {
  EXPECT_EQ(error_of("SELECT a FROM t WHERE group = 1"),
            "error 2001: expected an expression after 'WHERE', found 'group'\n"
            "  at SQL:1:23\n"
            "  1 | SELECT a FROM t WHERE group = 1\n"
            "    |                       ^^^^^\n"
            "  hint: GROUP is a keyword; as a name it must be quoted: `group`");
}

TEST(SqlError, UnclosedThings) {
  EXPECT_EQ(error_of("SELECT 'abc FROM t\nWHERE x"),
            "error 2001: this string is not closed\n"
            "  at SQL:1:8\n"
            "  1 | SELECT 'abc FROM t\n"
            "    |        ^^^^^^^^^^^\n"
            "  hint: close it with '; a quote inside a string is written twice: 'it''s'");
  EXPECT_EQ(error_of("SELECT (1 + 2"),
            "error 2001: expected ')' after '2', found the end of the text\n"
            "  at SQL:1:14\n"
            "  1 | SELECT (1 + 2\n"
            "    |              ^");
  EXPECT_EQ(error_of("SELECT CASE WHEN a THEN b"),
            "error 2001: expected WHEN, ELSE or END after 'b', found the end of the text\n"
            "  at SQL:1:26\n"
            "  1 | SELECT CASE WHEN a THEN b\n"
            "    |                          ^");
}

std::string message_of(std::string_view text) {
  Result<ast::Script> script = parse_script(text);
  if (script) return "parses";
  std::string hint = script.error().hint;
  return script.error().message + (hint.empty() ? "" : " | " + hint);
}

TEST(SqlError, Operators) {
  EXPECT_EQ(message_of("SELECT a < b < c"),
            "comparisons cannot be chained | join two comparisons with AND, or use parentheses");
  EXPECT_EQ(message_of("SELECT a == b"), "'==' is not an operator | equality is written '='");
  EXPECT_EQ(message_of("SELECT a NOT b"),
            "expected BETWEEN, IN, LIKE, ILIKE, SIMILAR TO or RLIKE after 'NOT', found 'b'");
  EXPECT_EQ(message_of("SELECT a IS b"),
            "expected NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM after 'IS', found 'b'");
  EXPECT_EQ(message_of("SELECT a = *"), "expected an expression after '=', found '*'");
}

TEST(SqlError, Clauses) {
  EXPECT_EQ(message_of("SELECT a FROM t WHERE a WHERE b"), "WHERE is given twice");
  EXPECT_EQ(message_of("SELECT a FROM t LIMIT 1 LIMIT 2"), "LIMIT is given twice");
  EXPECT_EQ(
      message_of("SELECT a FROM t LIMIT 1 UNION SELECT b"),
      "UNION after a clause that closes the query | put the first query in parentheses, or the "
      "clause after the last one");
  EXPECT_EQ(
      message_of("(SELECT a LIMIT 1) LIMIT 2"),
      "a clause follows a query in parentheses that has clauses itself | write SELECT * FROM (…) "
      "around the inner query");
  EXPECT_EQ(message_of("SELECT * FROM a JOIN b"),
            "expected ON or USING after 'b', found the end of the text");
  EXPECT_EQ(message_of("SELECT * FROM a CROSS JOIN b ON x"),
            "this join takes no condition | use JOIN … ON");
  EXPECT_EQ(message_of("VALUES (1, 2), (3)"), "this row has 1 values, the first one has 2");
  EXPECT_EQ(message_of("SELECT SUM(x) OVER (ROWS BETWEEN CURRENT ROW AND 5 PRECEDING)"),
            "the frame ends before it starts");
}

TEST(SqlError, HalfClauses) {
  EXPECT_EQ(message_of("SELECT a FROM t GROUP a"), "expected BY after 'GROUP', found 'a'");
  EXPECT_EQ(message_of("SELECT a FROM t ORDER a"), "expected BY after 'ORDER', found 'a'");
  EXPECT_EQ(message_of("SELECT a FROM t LATE TO b"), "expected DATA after 'LATE', found 'TO'");
  EXPECT_EQ(message_of("SELECT a FROM t ALLOWED 5m"),
            "expected LATENESS after 'ALLOWED', found '5m'");
  EXPECT_EQ(
      message_of("SELECT * FROM VALUES (1)"),
      "VALUES in FROM needs parentheses | write FROM (VALUES (1, 'a'), (2, 'b')) AS t (id, name)");
}

TEST(SqlError, Windows) {
  EXPECT_EQ(message_of("SELECT a FROM t WINDOW TUMBLING(5)"),
            "a length of time needs a unit | write 5s, 5m, 5h or INTERVAL '5' MINUTE");
  EXPECT_EQ(message_of("SELECT * FROM TUMBLE(TABLE t, DESCRIPTOR(ts))"), "TUMBLE needs a size");
  EXPECT_EQ(message_of("SELECT * FROM HOP(TABLE t, DESCRIPTOR(ts), 5m)"), "HOP needs a size");
  EXPECT_EQ(message_of("SELECT a FROM t WINDOW SLIDING(1m)"),
            "HOPPING needs a slide | SLIDING(1m, 10s): the size, then the slide");
  EXPECT_EQ(message_of("SELECT * FROM TUMBLE(TABLE t, DESCRIPTOR(ts), SIZ => 5m)"),
            "TUMBLE has no argument 'SIZ' | did you mean 'SIZE'?");
  EXPECT_EQ(message_of("SELECT * FROM TUMBLE(TABLE t, DESCRIPTOR(ts), SIZE => 5m, GAP => 1m)"),
            "TUMBLE has no gap");
  EXPECT_EQ(message_of("SELECT * FROM TUMBLE(TABLE t, 5m, DESCRIPTOR(ts))"),
            "TUMBLE needs a time column here");
  EXPECT_EQ(message_of("SELECT * FROM TUMBLE(TABLE t, DESCRIPTOR(ts), 1m, 2m, 3m)"),
            "TUMBLE takes at most 2 lengths of time");
  EXPECT_EQ(message_of("SELECT a FROM t WINDOW TUMBLING(1m, SIZE 5 MINUTES)"),
            "a length of time is given twice");
}

TEST(SqlError, Types) {
  EXPECT_EQ(message_of("CREATE TABLE t (a BIGNIT) WITH (x = y)"),
            "there is no type 'BIGNIT' | did you mean 'BIGINT'?");
  EXPECT_EQ(message_of("CREATE TABLE t (a) WITH (x = y)"),
            "column 'a' has no type | types may be left out only with AS SELECT");
  EXPECT_EQ(message_of("SELECT CAST(a AS DECIMAL(1, 2, 3))"), "expected ')' after ',', found '3'");
  EXPECT_EQ(message_of("SELECT CAST(a AS CHAR(99999999999))"),
            "99999999999 is too large for a type");
  EXPECT_EQ(message_of("SELECT CAST(a AS INTERVAL DAY TO MONTH)"),
            "there is no type INTERVAL DAY TO MONTH");
}

TEST(SqlError, Intervals) {
  EXPECT_EQ(message_of("SELECT INTERVAL 'x' DAY"), "'x' is not an interval of the form '5'");
  EXPECT_EQ(message_of("SELECT INTERVAL '5' MONTH TO DAY"), "there is no interval MONTH TO DAY");
  EXPECT_EQ(message_of("SELECT INTERVAL '1:2' DAY TO HOUR"),
            "'1:2' is not an interval of the form 'd h'");
  EXPECT_EQ(message_of("SELECT INTERVAL '0.5' MONTH"),
            "the interval '0.5' is not a whole number of microseconds (or months)");
  EXPECT_EQ(message_of("SELECT INTERVAL '99999999999999999999' DAY"),
            "the interval '99999999999999999999' is too long");
  EXPECT_EQ(message_of("SELECT INTERVAL 5"),
            "expected a unit of time after '5', found the end of the text");
}

TEST(SqlError, Options) {
  EXPECT_EQ(message_of("CREATE TABLE t (a INT) WITH ('x' = 'y', 'x' = 'z')"),
            "option 'x' is given twice");
  EXPECT_EQ(message_of("CREATE TABLE t (a INT) WITH ('x', 'y')"),
            "expected '=' after the string 'x', found ','");
  EXPECT_EQ(message_of("SET '' = 1"), "an option name is empty");
}

TEST(SqlError, OneErrorPerStatementAndTheRestParses) {
  ScriptWithErrors script =
      parse_script_with_errors("SELECT a FRM t x; SELECT 1; SELECT (; DROP TABLE t");
  ASSERT_EQ(script.errors.size(), 2u);
  EXPECT_EQ(script.errors[0].place.offset, 9u);
  EXPECT_EQ(script.errors[1].place.offset, 36u);
  EXPECT_EQ(script.script.statements.size(), 2u);
}

TEST(SqlError, OneStatementOnly) {
  EXPECT_EQ(parse_statement("").error().message, "expected a statement, found the end of the text");
  EXPECT_EQ(parse_statement("SELECT 1; SELECT 2").error().message,
            "expected one statement, found another after ';'");
  EXPECT_EQ(parse_expression("a b").error().message,
            "expected the end of the text after 'a', found 'b'");
  EXPECT_EQ(parse_expression("a;").error().message,
            "expected the end of the text after 'a', found ';'");
}

TEST(SqlError, DepthIsBounded) {
  auto deep = [](std::string_view open, std::string_view inner, std::string_view close, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += open;
    out += inner;
    for (int i = 0; i < n; ++i) out += close;
    return out;
  };
  for (int n : {1000, 100000}) {
    for (const std::string& text :
         {deep("(", "1", ")", n), deep("NOT ", "a", "", n), deep("- ", "a", "", n),
          deep("f(", "1", ")", n), deep("CASE WHEN ", "a", " THEN b END", n),
          deep("ARRAY[", "1", "]", n), deep("(SELECT ", "1", ")", n),
          deep("CAST(", "1", " AS INT)", n), deep("a[", "1", "]", n),
          "CAST(a AS " + deep("ARRAY<", "INT", ">", n) + ")",
          "EXISTS " + deep("(", "SELECT 1", ")", n)}) {
      Result<ast::Expr> tree = parse_expression(text);
      ASSERT_FALSE(tree) << text.substr(0, 50);
      EXPECT_EQ(tree.error().message, "nested more than 200 levels deep") << text.substr(0, 50);
    }
    for (const std::string& text :
         {"SELECT * FROM " + deep("(", "t", ")", n),
          "SELECT * FROM " + deep("(SELECT * FROM ", "t", ")", n), deep("(", "SELECT 1", ")", n),
          "SELECT 1 GROUP BY " + deep("ROLLUP (", "a", ")", n),
          "SELECT * FROM " + deep("TUMBLE(", "t", ", DESCRIPTOR(a), 1m)", n)}) {
      EXPECT_EQ(message_of(text).substr(0, 32), "nested more than 200 levels deep")
          << text.substr(0, 50);
    }
  }
}

TEST(SqlError, ChainsAreBounded) {
  auto chain = [](std::string_view head, std::string_view link, int n) {
    std::string out(head);
    for (int i = 0; i < n; ++i) out += link;
    return out;
  };
  for (const auto& [head, link] :
       std::vector<std::pair<std::string, std::string>>{{"SELECT a", " + 1"},
                                                        {"SELECT a", " OR b"},
                                                        {"SELECT a", "[1]"},
                                                        {"SELECT a", "::INT"},
                                                        {"SELECT a", " IS NULL"},
                                                        {"SELECT 1", " UNION SELECT 1"},
                                                        {"SELECT * FROM a", ", b"},
                                                        {"SELECT * FROM a", " NATURAL JOIN b"},
                                                        {"SELECT CAST(a AS INT", " ARRAY"}}) {
    EXPECT_EQ(message_of(chain(head, link, 100000)).substr(0, 37),
              "a chain of more than 1000 operators |")
        << head << link;
  }
  EXPECT_TRUE(parse_statement(chain("SELECT a", " OR b", 900)));
  // A list is not a chain.
  EXPECT_TRUE(parse_statement(chain("SELECT a IN (1", ", 2", 50000) + ")"));
}

}  // namespace
}  // namespace velo
