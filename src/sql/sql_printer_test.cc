#include "sql/printer.h"

#include <gtest/gtest.h>

#include "sql/parser.h"

namespace velo {
namespace {

std::string formatted(std::string_view text) {
  Result<ast::Script> script = parse_script(text);
  return script ? print_sql(*script) : script.error().to_string();
}

TEST(Printer, ShortQueryOneLinePerClause) {
  EXPECT_EQ(formatted("select a,b c from t as x where a>1 and b is not null group by a,b having "
                      "count(*)>5 order by a desc limit 5"),
            "SELECT a, b AS c\n"
            "FROM t AS x\n"
            "WHERE a > 1 AND b IS NOT NULL\n"
            "GROUP BY a, b\n"
            "HAVING COUNT(*) > 5\n"
            "ORDER BY a DESC\n"
            "LIMIT 5;\n");
}

TEST(Printer, LongListsAreBroken) {
  EXPECT_EQ(formatted("SELECT window_start, window_end, symbol, COUNT(*) AS trades, AVG(price) AS "
                      "average_price FROM t "
                      "WHERE price > 100 AND quantity > 1000 AND (symbol = 'AAPL' OR symbol = "
                      "'MSFT') AND venue IS NOT NULL"),
            "SELECT\n"
            "  window_start,\n"
            "  window_end,\n"
            "  symbol,\n"
            "  COUNT(*) AS trades,\n"
            "  AVG(price) AS average_price\n"
            "FROM t\n"
            "WHERE price > 100\n"
            "  AND quantity > 1000\n"
            "  AND (symbol = 'AAPL' OR symbol = 'MSFT')\n"
            "  AND venue IS NOT NULL;\n");
}

TEST(Printer, JoinsAndDerivedTables) {
  EXPECT_EQ(formatted("with c as (select 1) select * from (select a from t where a > 1) x left "
                      "outer join c on x.a = c.a within 5m, u"),
            "WITH c AS (\n"
            "  SELECT 1\n"
            ")\n"
            "SELECT *\n"
            "FROM (\n"
            "  SELECT a\n"
            "  FROM t\n"
            "  WHERE a > 1\n"
            ") AS x\n"
            "LEFT JOIN c ON x.a = c.a WITHIN INTERVAL '5' MINUTE\n"
            "CROSS JOIN u;\n");
}

TEST(Printer, SetOperations) {
  EXPECT_EQ(formatted("select 1 union all (select 2 intersect select 3) order by 1"),
            "SELECT 1\nUNION ALL\nSELECT 2\nINTERSECT\nSELECT 3\nORDER BY 1;\n");
  EXPECT_EQ(formatted("(select 1 union select 2) intersect select 3"),
            "(\n  SELECT 1\n  UNION\n  SELECT 2\n)\nINTERSECT\nSELECT 3;\n");
}

TEST(Printer, CreateTable) {
  EXPECT_EQ(formatted("create table if not exists t (a int not null, ts timestamp(3), b as a*2, "
                      "watermark for ts as ts - 5s, "
                      "primary key (a) not enforced) with (connector=kafka, 'topic'='it''s')"),
            "CREATE TABLE IF NOT EXISTS t (\n"
            "  a INT NOT NULL,\n"
            "  ts TIMESTAMP(3),\n"
            "  b AS a * 2,\n"
            "  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,\n"
            "  PRIMARY KEY (a) NOT ENFORCED\n"
            ")\n"
            "WITH (\n"
            "  'connector' = 'kafka',\n"
            "  'topic' = 'it''s'\n"
            ");\n");
}

TEST(Printer, CreateStreamAs) {
  EXPECT_EQ(formatted("create stream s as select a, count(*) n from t window tumbling(1m) group by "
                      "a emit changes with ('k'='v')"),
            "CREATE STREAM s\n"
            "WITH (\n"
            "  'k' = 'v'\n"
            ")\n"
            "AS\n"
            "SELECT a, COUNT(*) AS n\n"
            "FROM t\n"
            "GROUP BY a\n"
            "WINDOW TUMBLING(INTERVAL '1' MINUTE)\n"
            "EMIT CHANGES;\n");
  EXPECT_EQ(formatted("create view v (a) as select 1"), "CREATE VIEW v (a) AS\nSELECT 1;\n");
}

TEST(Printer, Values) {
  EXPECT_EQ(formatted("insert into t (a, b) values (1, 'x'), (2, null)"),
            "INSERT INTO t (a, b)\nVALUES\n  (1, 'x'),\n  (2, NULL);\n");
  EXPECT_EQ(formatted("values (1)"), "VALUES (1);\n");
}

TEST(Printer, ParenthesesOnlyWhereNeeded) {
  auto expr = [](std::string_view text) { return print_sql(*parse_expression(text)); };
  EXPECT_EQ(expr("((a) + ((b * c)))"), "a + b * c");
  EXPECT_EQ(expr("(a + b) * c"), "(a + b) * c");
  EXPECT_EQ(expr("a - (b - c)"), "a - (b - c)");
  EXPECT_EQ(expr("(a - b) - c"), "a - b - c");
  EXPECT_EQ(expr("-(-a)"), "- -a");
  EXPECT_EQ(expr("not (a and b)"), "NOT (a AND b)");
  EXPECT_EQ(expr("(not a) and b"), "NOT a AND b");
  EXPECT_EQ(expr("(a = b) = c"), "(a = b) = c");
  EXPECT_EQ(expr("(a).b"), "(a).b");
  EXPECT_EQ(expr("\"a b\".`c`"), "`a b`.`c`");
}

TEST(Printer, CommentsStay) {
  EXPECT_EQ(formatted("-- one\n\n\n-- two\nselect a, -- inside\n b /* block */ from t; -- behind\n"
                      "-- @name x\nselect 1 -- last\n;\n\n-- the end"),
            "-- one\n"
            "\n"
            "-- two\n"
            "-- inside\n"
            "/* block */\n"
            "SELECT a, b\n"
            "FROM t; -- behind\n"
            "\n"
            "-- @name x\n"
            "-- last\n"
            "SELECT 1;\n"
            "\n"
            "-- the end\n");
  EXPECT_EQ(formatted("-- nothing else"), "-- nothing else\n");
  EXPECT_EQ(formatted(""), "");
}

TEST(Printer, FormattingTwiceChangesNothing) {
  std::string once = formatted(
      "/* a\n b */ select 1; /* same line */ select 2; -- x\n-- y\n\nshow tables;;;-- z\n create "
      "table t with (a=b) as select 3");
  EXPECT_EQ(formatted(once), once);
  Result<ast::Script> a = parse_script(once);
  EXPECT_EQ(a->statements.size(), 4u);
}

}  // namespace
}  // namespace velo
