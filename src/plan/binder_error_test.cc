// SQL that is refused, and exactly what is said.
#include <gtest/gtest.h>

#include "plan/plan_test_support.h"

namespace velo {
namespace {

std::string error_of(std::string_view sql) {
  SessionForTest session = session_with_tables();
  const Result<std::string> plan = session.run(sql);
  return plan ? "no error: " + *plan : plan.error().to_string();
}

TEST(BinderError, UnknownNames) {
  EXPECT_EQ(error_of(R"(SELECT symbl FROM trades)"),
            R"(error 2002: there is no column 'symbl'
  at SQL:1:8
  1 | SELECT symbl FROM trades
    |        ^^^^^
  hint: did you mean 'symbol'?)");
  EXPECT_EQ(error_of(R"(SELECT symbol FROM tradez)"),
            R"(error 2002: there is no table 'tradez'
  at SQL:1:20
  1 | SELECT symbol FROM tradez
    |                    ^^^^^^
  hint: did you mean 'trades'?)");
  EXPECT_EQ(error_of(R"(SELECT trades.pric FROM trades)"),
            R"(error 2002: 'trades' has no column 'pric'
  at SQL:1:15
  1 | SELECT trades.pric FROM trades
    |               ^^^^
  hint: did you mean 'price'?)");
  EXPECT_EQ(error_of(R"(SELECT x.price FROM trades)"),
            R"(error 2002: there is no table 'x' in this FROM
  at SQL:1:8
  1 | SELECT x.price FROM trades
    |        ^
  hint: tables here: trades)");
  EXPECT_EQ(error_of(R"(SELECT UPER(symbol) FROM trades)"),
            R"(error 2002: there is no function UPER
  at SQL:1:8
  1 | SELECT UPER(symbol) FROM trades
    |        ^^^^
  hint: did you mean 'UPPER'?)");
  EXPECT_EQ(error_of(R"(SELECT SUMM(price) FROM trades)"),
            R"(error 2002: there is no function SUMM
  at SQL:1:8
  1 | SELECT SUMM(price) FROM trades
    |        ^^^^
  hint: did you mean 'SUM'?)");
  EXPECT_EQ(error_of(R"(CREATE TABLE x (a INT, b AS a + c) WITH ('connector'='kafka'))"),
            R"(error 2002: there is no column 'c'
  at SQL:1:33
  1 | CREATE TABLE x (a INT, b AS a + c) WITH ('connector'='kafka')
    |                                 ^
  hint: columns here: a)");
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE x (a INT, o BIGINT METADATA FROM 'ofset') WITH ('connector'='kafka'))"),
      R"(error 2002: connector 'kafka' has no metadata 'ofset'
  at SQL:1:24
  1 | CREATE TABLE x (a INT, o BIGINT METADATA FROM 'ofset') WITH ('connector'='kafka')
    |                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: did you mean 'offset'?)");
  EXPECT_EQ(error_of(R"(INSERT INTO results (symbol, m) SELECT symbol, 1 FROM trades)"),
            R"(error 2002: 'results' has no column 'm' to write
  at SQL:1:30
  1 | INSERT INTO results (symbol, m) SELECT symbol, 1 FROM trades
    |                              ^)");
  EXPECT_EQ(error_of(R"(DROP TABLE nothere)"),
            R"(error 2002: there is no table 'nothere'
  at SQL:1:12
  1 | DROP TABLE nothere
    |            ^^^^^^^)");
  EXPECT_EQ(error_of(R"(SELECT * FROM trades WHERE window_start > ts)"),
            R"(error 2002: there is no column 'window_start'
  at SQL:1:28
  1 | SELECT * FROM trades WHERE window_start > ts
    |                            ^^^^^^^^^^^^
  hint: columns here: symbol, price, quantity, ts)");
  EXPECT_EQ(error_of(R"(SELECT x.* FROM trades)"),
            R"(error 2002: there is no table 'x' in this FROM
  at SQL:1:8
  1 | SELECT x.* FROM trades
    |        ^^^)");
  EXPECT_EQ(
      error_of(
          R"(SELECT COUNT(*) FROM TUMBLE(TABLE instants, DESCRIPTOR(at), INTERVAL '1' DAY, TIME_ZONE => 'Europe/Berln') GROUP BY window_start)"),
      R"(error 2002: there is no time zone 'Europe/Berln'
  at SQL:1:92
  1 | ... DESCRIPTOR(at), INTERVAL '1' DAY, TIME_ZONE => 'Europe/Berln') GROUP BY window_start
    |                                                    ^^^^^^^^^^^^^^
  hint: did you mean 'Europe/Berlin'?)");
  EXPECT_EQ(
      error_of(
          R"(SELECT COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end LATE DATA TO lost)"),
      R"(error 2002: there is no table 'lost'
  at SQL:1:127
  1 | ... GROUP BY window_start, window_end LATE DATA TO lost
    |                                                    ^^^^
  hint: CREATE TABLE it first, with a connector)");
  EXPECT_EQ(
      error_of(
          R"(SELECT COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end LATE DATA TO results)"),
      R"(error 2002: LATE DATA TO 'results': its column 'n' is neither of the source nor watermark, window_start, window_end, late_by, position
  at SQL:1:127
  1 | ... GROUP BY window_start, window_end LATE DATA TO results
    |                                                    ^^^^^^^)");
  EXPECT_EQ(error_of(R"(CREATE VIEW v AS SELECT symbol FROM nothing)"),
            R"(error 2002: there is no table 'nothing'
  at SQL:1:37
  1 | CREATE VIEW v AS SELECT symbol FROM nothing
    |                                     ^^^^^^^
  hint: tables here: history, instants, latest, results, shown, trades)");
  EXPECT_EQ(error_of(R"(INSERT INTO nothing SELECT 1)"),
            R"(error 2002: there is no table 'nothing'
  at SQL:1:13
  1 | INSERT INTO nothing SELECT 1
    |             ^^^^^^^
  hint: CREATE TABLE it first, with a connector)");
  EXPECT_EQ(error_of(R"(SELECT * FROM results_of_print)"),
            R"(error 2002: there is no table 'results_of_print'
  at SQL:1:15
  1 | SELECT * FROM results_of_print
    |               ^^^^^^^^^^^^^^^^
  hint: tables here: history, instants, latest, results, shown, trades)");
  EXPECT_EQ(error_of(R"(CREATE TABLE t (a INT, WATERMARK FOR b AS b) WITH ('connector'='kafka'))"),
            R"(error 2002: WATERMARK FOR: there is no column 'b'
  at SQL:1:38
  1 | CREATE TABLE t (a INT, WATERMARK FOR b AS b) WITH ('connector'='kafka')
    |                                      ^)");
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE t (a INT, PRIMARY KEY (b) NOT ENFORCED) WITH ('connector'='kafka'))"),
      R"(error 2002: PRIMARY KEY: there is no column 'b'
  at SQL:1:37
  1 | CREATE TABLE t (a INT, PRIMARY KEY (b) NOT ENFORCED) WITH ('connector'='kafka')
    |                                     ^)");
  EXPECT_EQ(error_of(R"(EXPLAIN SELECT symbl FROM trades)"),
            R"(error 2002: there is no column 'symbl'
  at SQL:1:16
  1 | EXPLAIN SELECT symbl FROM trades
    |                ^^^^^
  hint: did you mean 'symbol'?)");
  EXPECT_EQ(error_of(R"(DESCRIBE tradez)"),
            R"(error 2002: there is no table 'tradez'
  at SQL:1:10
  1 | DESCRIBE tradez
    |          ^^^^^^
  hint: did you mean 'trades'?)");
  EXPECT_EQ(error_of(R"(SELECT symbol.x FROM trades)"),
            R"(error 2002: 'symbol' is STRING: it has no field 'x'
  at SQL:1:8
  1 | SELECT symbol.x FROM trades
    |        ^^^^^^^^)");
}

TEST(BinderError, DuplicateNames) {
  EXPECT_EQ(error_of(R"(CREATE TABLE trades (a INT) WITH ('connector'='kafka'))"),
            R"(error 2007: there is a table 'trades' already
  at SQL:1:14
  1 | CREATE TABLE trades (a INT) WITH ('connector'='kafka')
    |              ^^^^^^
  hint: DROP it first, or write IF NOT EXISTS or CREATE OR REPLACE)");
  EXPECT_EQ(error_of(R"(CREATE TABLE x (a INT, A INT) WITH ('connector'='kafka'))"),
            R"(error 2007: the column 'A' is declared twice
  at SQL:1:24
  1 | CREATE TABLE x (a INT, A INT) WITH ('connector'='kafka')
    |                        ^)");
  EXPECT_EQ(error_of(R"(SELECT symbol AS a, price AS a FROM trades)"),
            R"(error 2007: two columns are named 'a'
  at SQL:1:30
  1 | SELECT symbol AS a, price AS a FROM trades
    |                              ^)");
  EXPECT_EQ(error_of(R"(WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a)"),
            R"(error 2007: WITH names 'a' twice
  at SQL:1:23
  1 | WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a
    |                       ^)");
}

TEST(BinderError, Types) {
  EXPECT_EQ(error_of(R"(SELECT symbol + 1 FROM trades)"),
            R"(error 2003: STRING + INTEGER does not exist for these types
  at SQL:1:8
  1 | SELECT symbol + 1 FROM trades
    |        ^^^^^^^^^^
  hint: accepted: +(a INTEGER, b INTEGER) -> INTEGER; +(a DOUBLE, b DOUBLE) -> DOUBLE; +(a DECIMAL, b DECIMAL) -> DECIMAL; +(a INTERVAL DAY TO SECOND, b INTERVAL DAY TO SECOND) -> INTERVAL DAY TO SECOND and 14 more; use CAST to convert)");
  EXPECT_EQ(error_of(R"(SELECT symbol FROM trades WHERE price)"),
            R"(error 2003: WHERE needs a condition, but this is DOUBLE
  at SQL:1:33
  1 | SELECT symbol FROM trades WHERE price
    |                                 ^^^^^
  hint: compare it with something: … > 0)");
  EXPECT_EQ(error_of(R"(CREATE TABLE x (a INT, WATERMARK FOR a AS a) WITH ('connector'='kafka'))"),
            R"(error 2003: WATERMARK FOR 'a': it is INTEGER, not a TIMESTAMP
  at SQL:1:24
  1 | CREATE TABLE x (a INT, WATERMARK FOR a AS a) WITH ('connector'='kafka')
    |                        ^^^^^^^^^^^^^^^^^^^^
  hint: compute one: event_time AS TO_TIMESTAMP_LTZ(a, 3))");
  EXPECT_EQ(error_of(R"(INSERT INTO results SELECT symbol FROM trades)"),
            R"(error 2003: 'results' has 2 columns to write, the query gives 1
  at SQL:1:13
  1 | INSERT INTO results SELECT symbol FROM trades
    |             ^^^^^^^
  hint: the table: symbol, n; the query: symbol)");
  EXPECT_EQ(error_of(R"(INSERT INTO results SELECT symbol, price FROM trades)"),
            R"(error 2003: column 'n' of 'results' is BIGINT, but the query gives DOUBLE
  at SQL:1:36
  1 | INSERT INTO results SELECT symbol, price FROM trades
    |                                    ^^^^^
  hint: write CAST(… AS BIGINT))");
  EXPECT_EQ(error_of(R"(SELECT SUM(symbol) FROM history)"),
            R"(error 2003: SUM(STRING) does not exist for these types
  at SQL:1:8
  1 | SELECT SUM(symbol) FROM history
    |        ^^^^^^^^^^^
  hint: accepted: SUM(x INTEGER) -> BIGINT; SUM(x DECIMAL) -> DECIMAL; SUM(x DOUBLE) -> DOUBLE; SUM(x INTERVAL DAY TO SECOND) -> INTERVAL DAY TO SECOND; SUM(x INTERVAL YEAR TO MONTH) -> INTERVAL YEAR TO MONTH)");
  EXPECT_EQ(error_of(R"(SELECT symbol FROM trades UNION ALL SELECT symbol, price FROM history)"),
            R"(error 2003: UNION ALL of 1 and 2 columns
  at SQL:1:1
  1 | SELECT symbol FROM trades UNION ALL SELECT symbol, price FROM history
    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(
      error_of(R"(SELECT symbol FROM trades UNION ALL SELECT price FROM history)"),
      R"(error 2003: UNION ALL: column 1 ('symbol') is STRING on one side and DOUBLE on the other
  at SQL:1:1
  1 | SELECT symbol FROM trades UNION ALL SELECT price FROM history
    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: use CAST to make them one type)");
  EXPECT_EQ(error_of(R"(INSERT INTO results VALUES (1, 2))"),
            R"(error 2003: column 'symbol' of 'results' is STRING, but the query gives INTEGER
  at SQL:1:29
  1 | INSERT INTO results VALUES (1, 2)
    |                             ^
  hint: write CAST(… AS STRING))");
  EXPECT_EQ(error_of(R"(INSERT INTO results VALUES ('a', 1), (2, 'b'))"),
            R"(error 2003: 'a' is no INTEGER
  at SQL:1:29
  1 | INSERT INTO results VALUES ('a', 1), (2, 'b')
    |                             ^^^)");
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE t (small TINYINT NOT NULL, b INT) WITH ('connector' = 'print'); INSERT INTO t VALUES (300, 1))"),
      R"(error 2003: column 'small' of 't' is TINYINT, but the query gives INTEGER
  at SQL:1:100
  1 | ... ('connector' = 'print'); INSERT INTO t VALUES (300, 1)
    |                                                    ^^^
  hint: write CAST(… AS TINYINT))");
  EXPECT_EQ(error_of(R"(CREATE TABLE t (a TIMESTAMP(9)) WITH ('connector'='kafka'))"),
            R"(error 2003: TIMESTAMP(9) is out of range
  at SQL:1:19
  1 | CREATE TABLE t (a TIMESTAMP(9)) WITH ('connector'='kafka')
    |                   ^^^^^^^^^^^^
  hint: times are kept in microseconds: 0 to 6 digits)");
  EXPECT_EQ(error_of(R"(CREATE TABLE t (a DECIMAL(50, 2)) WITH ('connector'='kafka'))"),
            R"(error 2003: DECIMAL(50, 2) is out of range
  at SQL:1:19
  1 | CREATE TABLE t (a DECIMAL(50, 2)) WITH ('connector'='kafka')
    |                   ^^^^^^^^^^^^^^
  hint: precision 1 to 38, scale 0 to precision)");
  EXPECT_EQ(
      error_of(R"(CREATE TABLE t (a BIGINT) WITH ('connector'='kafka', 'event.time.field'='a'))"),
      R"(error 2003: 'event.time.field' = 'a' is BIGINT, and 'event.time.format' = ''
  at SQL:1:73
  1 | CREATE TABLE t (a BIGINT) WITH ('connector'='kafka', 'event.time.field'='a')
    |                                                                         ^^^
  hint: epoch_millis or epoch_seconds for numbers, ISO8601 for strings)");
  EXPECT_EQ(
      error_of(R"(SELECT INTERVAL '1' MONTH + INTERVAL '1' DAY FROM trades)"),
      R"(error 2003: INTERVAL YEAR TO MONTH + INTERVAL DAY TO SECOND does not exist for these types
  at SQL:1:8
  1 | SELECT INTERVAL '1' MONTH + INTERVAL '1' DAY FROM trades
    |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: accepted: +(a INTEGER, b INTEGER) -> INTEGER; +(a DOUBLE, b DOUBLE) -> DOUBLE; +(a DECIMAL, b DECIMAL) -> DECIMAL; +(a INTERVAL DAY TO SECOND, b INTERVAL DAY TO SECOND) -> INTERVAL DAY TO SECOND and 14 more; use CAST to convert)");
  EXPECT_EQ(error_of(R"(SELECT 100000000000000000000000000000000000000000 FROM trades)"),
            R"(error 2003: a number of more than 38 digits
  at SQL:1:8
  1 | SELECT 100000000000000000000000000000000000000000 FROM trades
    |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: write it with an exponent for a DOUBLE: 1e40)");
  EXPECT_EQ(error_of(R"(SELECT DATE '2024-02-30' FROM trades)"),
            R"(error 2003: '2024-02-30' is no DATE
  at SQL:1:8
  1 | SELECT DATE '2024-02-30' FROM trades
    |        ^^^^^^^^^^^^^^^^^)");
}

TEST(BinderError, Statements) {
  EXPECT_EQ(error_of(R"(SELECT symbol FROM trades WHERE COUNT(*) > 1)"),
            R"(error 2005: COUNT cannot stand in WHERE
  at SQL:1:33
  1 | SELECT symbol FROM trades WHERE COUNT(*) > 1
    |                                 ^^^^^^^^
  hint: conditions on aggregates belong in HAVING)");
  EXPECT_EQ(error_of(R"(SELECT symbol, price, COUNT(*) FROM history GROUP BY symbol)"),
            R"(error 2005: 'price' is neither in GROUP BY nor inside an aggregate
  at SQL:1:16
  1 | SELECT symbol, price, COUNT(*) FROM history GROUP BY symbol
    |                ^^^^^
  hint: add price to GROUP BY, or take LAST_VALUE(price))");
  EXPECT_EQ(error_of(R"(SELECT symbol, SUM(COUNT(*)) FROM history GROUP BY symbol)"),
            R"(error 2005: COUNT stands inside another aggregate
  at SQL:1:20
  1 | SELECT symbol, SUM(COUNT(*)) FROM history GROUP BY symbol
    |                    ^^^^^^^^
  hint: aggregate in a sub-query first)");
  EXPECT_EQ(error_of(R"(SELECT COUNT(*) FROM trades GROUP BY TUMBLE(price, INTERVAL '1' MINUTE))"),
            R"(error 2005: a window needs an event time, and 'price' is DOUBLE
  at SQL:1:45
  1 | SELECT COUNT(*) FROM trades GROUP BY TUMBLE(price, INTERVAL '1' MINUTE)
    |                                             ^^^^^
  hint: the event time here is 'ts')");
  EXPECT_EQ(
      error_of(R"(SELECT COUNT(*) FROM trades GROUP BY TUMBLE(quantity, INTERVAL '1' MINUTE))"),
      R"(error 2005: a window needs an event time, and 'quantity' is INTEGER
  at SQL:1:45
  1 | SELECT COUNT(*) FROM trades GROUP BY TUMBLE(quantity, INTERVAL '1' MINUTE)
    |                                             ^^^^^^^^
  hint: declare with the table: event_time AS TO_TIMESTAMP_LTZ(quantity, 3), WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND)");
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE x (a INT, ts TIMESTAMP(3)) WITH ('connector'='kafka'); SELECT COUNT(*) FROM x WINDOW TUMBLING(1m))"),
      R"(error 2005: a window needs an event time, and no table here declares one
  at SQL:1:99
  1 | ...nector'='kafka'); SELECT COUNT(*) FROM x WINDOW TUMBLING(1m)
    |                                                    ^^^^^^^^^^^^
  hint: declare it with the table: WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)");
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE x (a INT, ts TIMESTAMP(3)) WITH ('connector'='kafka'); SELECT COUNT(*) FROM TUMBLE(TABLE x, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end)"),
      R"(error 2005: a window needs an event time, and 'ts' has no watermark here
  at SQL:1:117
  1 | ...SELECT COUNT(*) FROM TUMBLE(TABLE x, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start,...
    |                                                    ^^
  hint: declare it with the table: WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)");
  EXPECT_EQ(error_of(R"(SELECT symbol FROM trades ORDER BY price)"),
            R"(error 2005: ORDER BY needs an input that ends, and this one goes on
  at SQL:1:36
  1 | SELECT symbol FROM trades ORDER BY price
    |                                    ^^^^^
  hint: ORDER BY window_end, … of a window; add LIMIT n for the first rows as they come; leave ORDER BY out, or read a bounded source)");
  EXPECT_EQ(error_of(R"(SELECT symbol, COUNT(*) FROM trades GROUP BY symbol EMIT FINAL)"),
            R"(error 2005: EMIT FINAL needs a window or an input that ends, and this one goes on
  at SQL:1:53
  1 | SELECT symbol, COUNT(*) FROM trades GROUP BY symbol EMIT FINAL
    |                                                     ^^^^^^^^^^
  hint: add a window, or write EMIT CHANGES)");
  EXPECT_EQ(error_of(R"(SELECT symbol FROM trades EMIT EVERY INTERVAL '1' SECOND)"),
            R"(error 2005: EMIT EVERY without an aggregate in this SELECT
  at SQL:1:27
  1 | SELECT symbol FROM trades EMIT EVERY INTERVAL '1' SECOND
    |                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(
      error_of(
          R"(INSERT INTO latest SELECT CAST(quantity AS STRING), COUNT(*) FROM trades GROUP BY quantity, symbol WITH ('state.ttl'='1h'))"),
      R"(error 2005: the PRIMARY KEY of 'latest' cannot tell the changing rows apart
  at SQL:1:13
  1 | INSERT INTO latest SELECT CAST(quantity AS STRING), COUNT(*) FROM trades GROUP BY quantity, symb...
    |             ^^^^^^
  hint: select all columns of GROUP BY, the window's too)");
  EXPECT_EQ(error_of(R"(DROP VIEW trades)"),
            R"(error 2005: 'trades' is a table, not a view
  at SQL:1:11
  1 | DROP VIEW trades
    |           ^^^^^^
  hint: DROP TABLE)");
  EXPECT_EQ(
      error_of(
          R"(SELECT TUMBLE_START(ts, INTERVAL '2' MINUTE) FROM trades GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE))"),
      R"(error 2005: TUMBLE_START is not of the window in GROUP BY
  at SQL:1:8
  1 | SELECT TUMBLE_START(ts, INTERVAL '2' MINUTE) FROM trades GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE...
    |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: repeat the window of GROUP BY exactly, or use window_start and window_end)");
  EXPECT_EQ(
      error_of(
          R"(SELECT window_start, COUNT(*) FROM TUMBLE(TABLE instants, DESCRIPTOR(at), INTERVAL '1' HOUR, TIME_ZONE => 'Europe/Berlin') GROUP BY window_start)"),
      R"(error 2005: TIME_ZONE has a meaning for windows of days, weeks, months and longer only
  at SQL:1:107
  1 | ...DESCRIPTOR(at), INTERVAL '1' HOUR, TIME_ZONE => 'Europe/Berlin') GROUP BY window_start
    |                                                    ^^^^^^^^^^^^^^^
  hint: shorter windows are aligned to the epoch; OFFSET moves them)");
  EXPECT_EQ(
      error_of(
          R"(SELECT window_start, COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' DAY, TIME_ZONE => 'Europe/Berlin') GROUP BY window_start)"),
      R"(error 2005: TIME_ZONE needs instants, and 'ts' is TIMESTAMP(3): wall-clock time
  at SQL:1:104
  1 | ... DESCRIPTOR(ts), INTERVAL '1' DAY, TIME_ZONE => 'Europe/Berlin') GROUP BY window_start
    |                                                    ^^^^^^^^^^^^^^^
  hint: declare it as TIMESTAMP_LTZ, or leave TIME_ZONE out)");
  EXPECT_EQ(error_of(R"(SELECT *)"),
            R"(error 2005: * without a table to take columns from
  at SQL:1:8
  1 | SELECT *
    |        ^)");
  EXPECT_EQ(error_of(R"(SELECT symbol FROM trades GROUP BY 3)"),
            R"(error 2005: GROUP BY 3: the select list has 1 column
  at SQL:1:36
  1 | SELECT symbol FROM trades GROUP BY 3
    |                                    ^)");
  EXPECT_EQ(error_of(R"(SELECT COUNT(*) AS n FROM history GROUP BY n)"),
            R"(error 2005: GROUP BY an aggregate
  at SQL:1:44
  1 | SELECT COUNT(*) AS n FROM history GROUP BY n
    |                                            ^
  hint: aggregate in a sub-query first)");
  EXPECT_EQ(error_of(R"(SELECT DISTINCT symbol FROM history ORDER BY price)"),
            R"(error 2005: with SELECT DISTINCT, ORDER BY may only name what is selected
  at SQL:1:46
  1 | SELECT DISTINCT symbol FROM history ORDER BY price
    |                                              ^^^^^)");
  EXPECT_EQ(error_of(R"(SELECT symbol FROM history ORDER BY 2)"),
            R"(error 2005: ORDER BY 2: the select list has 1 column
  at SQL:1:37
  1 | SELECT symbol FROM history ORDER BY 2
    |                                     ^)");
  EXPECT_EQ(error_of(R"(SELECT SUM(*) FROM history)"),
            R"(error 2005: * is an argument of COUNT only, not of SUM
  at SQL:1:12
  1 | SELECT SUM(*) FROM history
    |            ^)");
  EXPECT_EQ(error_of(R"(SELECT UPPER(DISTINCT symbol) FROM history)"),
            R"(error 2005: UPPER is not an aggregate: DISTINCT has no meaning
  at SQL:1:8
  1 | SELECT UPPER(DISTINCT symbol) FROM history
    |        ^^^^^^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(error_of(R"(SELECT UPPER(symbol) FILTER (WHERE price > 1) FROM history)"),
            R"(error 2005: UPPER is not an aggregate: it takes neither FILTER nor ORDER BY
  at SQL:1:8
  1 | SELECT UPPER(symbol) FILTER (WHERE price > 1) FROM history
    |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(
      error_of(
          R"(SELECT COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE))"),
      R"(error 2005: a second window in one SELECT: FROM has one already
  at SQL:1:89
  1 | ..., DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE)
    |                                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(
      error_of(
          R"(SELECT COUNT(*) FROM trades WINDOW TUMBLING(1m) GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE))"),
      R"(error 2005: a second window in one SELECT
  at SQL:1:58
  1 | SELECT COUNT(*) FROM trades WINDOW TUMBLING(1m) GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE)
    |                                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(error_of(R"(SELECT COUNT(*) FROM trades GROUP BY TUMBLE(ts, INTERVAL '0' SECOND))"),
            R"(error 2005: the size of a window must be more than zero
  at SQL:1:49
  1 | SELECT COUNT(*) FROM trades GROUP BY TUMBLE(ts, INTERVAL '0' SECOND)
    |                                                 ^^^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(
      error_of(
          R"(SELECT COUNT(*) FROM CUMULATE(TABLE trades, DESCRIPTOR(ts), INTERVAL '7' MINUTE, INTERVAL '1' HOUR) GROUP BY window_end)"),
      R"(error 2005: the size of CUMULATE must be a multiple of its step
  at SQL:1:82
  1 | ...LE trades, DESCRIPTOR(ts), INTERVAL '7' MINUTE, INTERVAL '1' HOUR) GROUP BY window_end
    |                                                    ^^^^^^^^^^^^^^^^^
  hint: the step comes first: CUMULATE(TABLE t, DESCRIPTOR(ts), step, size))");
  EXPECT_EQ(
      error_of(
          R"(SELECT COUNT(*) FROM CUMULATE(TABLE trades, DESCRIPTOR(ts), INTERVAL '10' MINUTE, INTERVAL '1' HOUR) GROUP BY window_start)"),
      R"(error 2005: GROUP BY must name both window_start and window_end of this window
  at SQL:1:22
  1 | SELECT COUNT(*) FROM CUMULATE(TABLE trades, DESCRIPTOR(ts), INTERVAL '10' MINUTE, INTERVAL '1' H...
    |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: GROUP BY window_start, window_end, …)");
  EXPECT_EQ(error_of(R"(SELECT symbol FROM trades ALLOWED LATENESS INTERVAL '1' HOUR)"),
            R"(error 2005: ALLOWED LATENESS without a window in this SELECT
  at SQL:1:44
  1 | SELECT symbol FROM trades ALLOWED LATENESS INTERVAL '1' HOUR
    |                                            ^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(
      error_of(
          R"(SELECT symbol, COUNT(*) FROM trades GROUP BY symbol ALLOWED LATENESS INTERVAL '1' HOUR)"),
      R"(error 2005: ALLOWED LATENESS without a window
  at SQL:1:70
  1 | SELECT symbol, COUNT(*) FROM trades GROUP BY symbol ALLOWED LATENESS INTERVAL '1' HOUR
    |                                                                      ^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(error_of(R"(SELECT symbol FROM trades LIMIT 1 + 1)"),
            R"(error 2005: LIMIT needs a whole number
  at SQL:1:33
  1 | SELECT symbol FROM trades LIMIT 1 + 1
    |                                 ^^^^^)");
  EXPECT_EQ(error_of(R"(CREATE VIEW v (a, b) AS SELECT symbol FROM trades)"),
            R"(error 2005: 2 names for 1 column
  at SQL:1:13
  1 | CREATE VIEW v (a, b) AS SELECT symbol FROM trades
    |             ^)");
  EXPECT_EQ(error_of(R"(CREATE VIEW v AS SELECT symbol FROM trades; INSERT INTO v SELECT 'a')"),
            R"(error 2005: INSERT INTO: 'v' is a view made of a query, not a table to write to
  at SQL:1:57
  1 | CREATE VIEW v AS SELECT symbol FROM trades; INSERT INTO v SELECT 'a'
    |                                                         ^)");
  EXPECT_EQ(error_of(R"(SELECT * FROM shown)"),
            R"(error 2005: 'shown' can only be written: connector 'print'
  at SQL:1:15
  1 | SELECT * FROM shown
    |               ^^^^^)");
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE t (small TINYINT NOT NULL, b INT) WITH ('connector' = 'print'); INSERT INTO t (b) VALUES (300))"),
      R"(error 2005: column 'small' of 't' is NOT NULL and gets no value
  at SQL:1:90
  1 | ... INT) WITH ('connector' = 'print'); INSERT INTO t (b) VALUES (300)
    |                                                    ^)");
  EXPECT_EQ(
      error_of(
          R"(INSERT INTO latest SELECT symbol, COUNT(*) FROM trades GROUP BY symbol, quantity WITH ('state.ttl'='1h'))"),
      R"(error 2005: the PRIMARY KEY of 'latest' cannot tell the changing rows apart
  at SQL:1:13
  1 | INSERT INTO latest SELECT symbol, COUNT(*) FROM trades GROUP BY symbol, quantity WITH ('state.tt...
    |             ^^^^^^
  hint: select all columns of GROUP BY, the window's too)");
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE t (a STRING, n BIGINT) WITH ('connector'='kafka', 'sink.changelog'='upsert'); INSERT INTO t SELECT symbol, 1 FROM trades)"),
      R"(error 2005: 't' is written as upserts and has no PRIMARY KEY
  at SQL:1:104
  1 | ...kafka', 'sink.changelog'='upsert'); INSERT INTO t SELECT symbol, 1 FROM trades
    |                                                    ^
  hint: declare PRIMARY KEY (…) NOT ENFORCED with the table)");
  EXPECT_EQ(error_of(R"(SELECT id FROM 'ftp://x/y')"),
            R"(error 2005: 'ftp://x/y' is no address of a table
  at SQL:1:16
  1 | SELECT id FROM 'ftp://x/y'
    |                ^^^^^^^^^^^
  hint: 'orders.csv', 'file:///data/orders.json' or 'kafka://broker:9092/topic')");
}

TEST(BinderError, TextInDoubleQuotes) {
  EXPECT_EQ(error_of(R"(SELECT price FROM trades WHERE symbol = "ACME")"),
            R"(error 2002: there is no column 'ACME'
  at SQL:1:41
  1 | SELECT price FROM trades WHERE symbol = "ACME"
    |                                         ^^^^^^
  hint: a text stands in single quotes: 'ACME'; columns here: symbol, price, quantity, ts)");
}

TEST(BinderError, OptionsOfWhatIsNoTable) {
  EXPECT_EQ(
      error_of(
          R"(WITH x AS (SELECT symbol FROM trades) SELECT symbol FROM x /*+ OPTIONS('topic' = 'other') */)"),
      R"(error 2005: 'x' is made of a query and takes no options
  at SQL:1:72
  1 | WITH x AS (SELECT symbol FROM trades) SELECT symbol FROM x /*+ OPTIONS('topic' = 'other') */
    |                                                                        ^^^^^^^
  hint: write them behind the table that the query reads)");
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE x AS SELECT symbol FROM trades; SELECT symbol FROM x /*+ OPTIONS('topic' = 'other') */)"),
      R"(error 2005: 'x' is made of a query and takes no options
  at SQL:1:79
  1 | ...l FROM trades; SELECT symbol FROM x /*+ OPTIONS('topic' = 'other') */
    |                                                    ^^^^^^^
  hint: write them behind the table that the query reads)");
}

TEST(BinderError, JobsAndTheirKin) {
  EXPECT_EQ(error_of(R"(SHOW JOBS)"), R"(error 2004: not supported yet: SHOW JOBS
  at SQL:1:1
  1 | SHOW JOBS
    | ^^^^^^^^^)");
  EXPECT_EQ(error_of(R"(STOP JOB nightly)"), R"(error 2004: not supported yet: STOP JOB
  at SQL:1:1
  1 | STOP JOB nightly
    | ^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(error_of(R"(EXPLAIN ESTIMATED_COST SELECT symbol FROM trades)"),
            R"(error 2004: not supported yet: EXPLAIN ESTIMATED_COST
  at SQL:1:1
  1 | EXPLAIN ESTIMATED_COST SELECT symbol FROM trades
    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^)");
}

TEST(BinderError, ATableWithoutColumns) {
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE t WITH ('connector'='filesystem','path'='x.csv','format'='csv'); SELECT * FROM t)"),
      R"(error 2005: * finds no columns: none are declared
  at SQL:1:86
  1 | CREATE TABLE t WITH ('connector'='filesystem','path'='x.csv','format'='csv'); SELECT * FROM t
    |                                                                                      ^
  hint: name them in CREATE TABLE t (column TYPE, …); for csv files also 'csv.infer' = 'true'; DESCRIBE kafka('topic') proposes those of a topic)");
}

TEST(BinderError, OptionsOfAJob) {
  EXPECT_EQ(error_of(R"(START JOB j AS SELECT symbol FROM trades WITH ('state.tll'='1h'))"),
            R"(error 1001: there is no option 'state.tll' for a query
  at SQL:1:48
  1 | START JOB j AS SELECT symbol FROM trades WITH ('state.tll'='1h')
    |                                                ^^^^^^^^^^^
  hint: did you mean 'state.ttl'?)");
}

TEST(BinderError, KeysAndTimesOfAResult) {
  EXPECT_EQ(
      error_of(R"(SELECT symbol PRIMARY KEY, price FROM trades)"),
      R"(error 2005: PRIMARY KEY in a select list names the key of what CREATE … AS SELECT makes; this SELECT makes nothing
  at SQL:1:8
  1 | SELECT symbol PRIMARY KEY, price FROM trades
    |        ^^^^^^
  hint: declare PRIMARY KEY (…) NOT ENFORCED with the table that the rows go to)");
  EXPECT_EQ(
      error_of(
          R"(INSERT INTO latest SELECT symbol PRIMARY KEY, COUNT(*) FROM trades GROUP BY symbol)"),
      R"(error 2005: PRIMARY KEY in a select list names the key of what CREATE … AS SELECT makes; this SELECT makes nothing
  at SQL:1:27
  1 | INSERT INTO latest SELECT symbol PRIMARY KEY, COUNT(*) FROM trades GROUP BY symbol
    |                           ^^^^^^
  hint: declare PRIMARY KEY (…) NOT ENFORCED with the table that the rows go to)");
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE once (PRIMARY KEY (price)) AS SELECT symbol PRIMARY KEY, price FROM trades)"),
      R"(error 2005: a second PRIMARY KEY
  at SQL:1:51
  1 | CREATE TABLE once (PRIMARY KEY (price)) AS SELECT symbol PRIMARY KEY, price FROM trades
    |                                                   ^^^^^^)");
  EXPECT_EQ(error_of(R"(SELECT TO_TIMESTAMP_LTZ(quantity, 0) AS _event_time FROM trades)"),
            R"(error 2004: not supported yet: AS _event_time of anything but an event time column
  at SQL:1:41
  1 | SELECT TO_TIMESTAMP_LTZ(quantity, 0) AS _event_time FROM trades
    |                                         ^^^^^^^^^^^
  hint: declare the time with the table: c AS expression, WATERMARK FOR c AS c - INTERVAL …)");
}

TEST(BinderError, NotSupportedYet) {
  EXPECT_EQ(error_of(R"(SELECT symbol FROM trades QUALIFY 1 = 1)"),
            R"(error 2005: QUALIFY without an OVER in this SELECT
  at SQL:1:35
  1 | SELECT symbol FROM trades QUALIFY 1 = 1
    |                                   ^^^^^)");
  EXPECT_EQ(error_of(R"(SELECT * FROM SESSION(TABLE trades, DESCRIPTOR(ts), INTERVAL '7' MINUTE))"),
            R"(error 2004: not supported yet: SESSION without GROUP BY window_start, window_end
  at SQL:1:15
  1 | SELECT * FROM SESSION(TABLE trades, DESCRIPTOR(ts), INTERVAL '7' MINUTE)
    |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(
      error_of(
          R"(SELECT COUNT(*) FROM HOP(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' DAY, INTERVAL '1' MONTH) GROUP BY window_end)"),
      R"(error 2004: not supported yet: a window whose size and slide count different units
  at SQL:1:56
  1 | ...COUNT(*) FROM HOP(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' DAY, INTERVAL '1' MONTH) GROUP BY w...
    |                                                    ^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(
      error_of(
          R"(SELECT MIN(window_start) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end)"),
      R"(error 2004: not supported yet: window columns inside an aggregate: MIN(window_start)
  at SQL:1:31
  1 | SELECT MIN(window_start) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY...
    |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(
      error_of(
          R"(SELECT COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, CAST(ts - window_start AS STRING))"),
      R"(error 2004: not supported yet: a GROUP BY expression of window and other columns together
  at SQL:1:115
  1 | ... '1' MINUTE) GROUP BY window_start, window_end, CAST(ts - window_start AS STRING)
    |                                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(
      error_of(R"(SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol LIMIT 3 OFFSET 1)"),
      R"(error 2004: not supported yet: OFFSET over a result that changes (GROUP BY without a window)
  at SQL:1:64
  1 | SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol LIMIT 3 OFFSET 1
    |                                                                ^)");
  EXPECT_EQ(error_of(R"(WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a)"),
            R"(error 2004: not supported yet: WITH RECURSIVE
  at SQL:1:1
  1 | WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a
    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(error_of(R"(CREATE TABLE t (a INT) PARTITIONED BY (a) WITH ('connector'='kafka'))"),
            R"(error 2004: not supported yet: PARTITIONED BY with connector 'kafka'
  at SQL:1:40
  1 | CREATE TABLE t (a INT) PARTITIONED BY (a) WITH ('connector'='kafka')
    |                                        ^)");
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE t (a BIGINT) WITH ('connector'='kafka', 'late.data.strategy'='dead_letter'))"),
      R"(error 2004: not supported yet: 'late.data.strategy' = 'dead_letter'
  at SQL:1:75
  1 | CREATE TABLE t (a BIGINT) WITH ('connector'='kafka', 'late.data.strategy'='dead_letter')
    |                                                                           ^^^^^^^^^^^^^
  hint: close the query with LATE DATA TO sink)");
  EXPECT_EQ(error_of(R"(SELECT LAG(price) FROM trades)"),
            R"(error 2005: LAG stands only before OVER (…)
  at SQL:1:8
  1 | SELECT LAG(price) FROM trades
    |        ^^^^^^^^^^
  hint: LAG(…) OVER (PARTITION BY … ORDER BY …))");
  EXPECT_EQ(error_of(R"(SELECT CURRENT_WATERMARK(ts) FROM trades)"),
            R"(error 2004: not supported yet: the function CURRENT_WATERMARK
  at SQL:1:8
  1 | SELECT CURRENT_WATERMARK(ts) FROM trades
    |        ^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(error_of(R"(CREATE MATERIALIZED VIEW v AS SELECT 1)"),
            R"(error 2004: not supported yet: CREATE MATERIALIZED VIEW
  at SQL:1:1
  1 | CREATE MATERIALIZED VIEW v AS SELECT 1
    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^)");
  EXPECT_EQ(error_of(R"(INSERT OVERWRITE results SELECT 'a', 1)"),
            R"(error 2004: not supported yet: INSERT OVERWRITE
  at SQL:1:1
  1 | INSERT OVERWRITE results SELECT 'a', 1
    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^)");
}

TEST(BinderError, ChangingResults) {
  EXPECT_EQ(
      error_of(
          R"(INSERT INTO results SELECT symbol, COUNT(*) OVER (PARTITION BY symbol ORDER BY price) FROM trades)"),
      R"(error 2009: 'results' takes new rows only, and this result changes: OVER in another order than that of an event time, ascending
  at SQL:1:36
  1 | INSERT INTO results SELECT symbol, COUNT(*) OVER (PARTITION BY symbol ORDER BY price) FROM trade...
    |                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: ways out: PARTITION BY the window_end of a window, or ORDER BY an event time, ascending, or 'sink.changelog' = 'retract')");
  EXPECT_EQ(
      error_of(
          R"(CREATE VIEW v AS SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol; INSERT INTO results SELECT symbol, n FROM v)"),
      R"(error 2009: 'results' takes new rows only, and this result changes: GROUP BY without a window
  at SQL:1:118
  1 | ...mbol; INSERT INTO results SELECT symbol, n FROM v
    |                                                    ^
  hint: ways out: group by a window, or 'sink.changelog' = 'retract')");
  EXPECT_EQ(
      error_of(
          R"(INSERT INTO results SELECT symbol, COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol EMIT CHANGES)"),
      R"(error 2009: 'results' takes new rows only, and this result changes: EMIT CHANGES
  at SQL:1:150
  1 | ...NUTE) GROUP BY window_start, window_end, symbol EMIT CHANGES
    |                                                    ^^^^^^^^^^^^
  hint: ways out: leave that clause out (EMIT FINAL), or 'sink.changelog' = 'retract')");
  EXPECT_EQ(
      error_of(
          R"(INSERT INTO results SELECT symbol, COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol ALLOWED LATENESS INTERVAL '1' MINUTE)"),
      R"(error 2009: 'results' takes new rows only, and this result changes: ALLOWED LATENESS
  at SQL:1:167
  1 | ...ndow_start, window_end, symbol ALLOWED LATENESS INTERVAL '1' MINUTE
    |                                                    ^^^^^^^^^^^^^^^^^^^
  hint: ways out: leave that clause out (EMIT FINAL), or 'sink.changelog' = 'retract')");
}

TEST(BinderError, State) {
  EXPECT_EQ(
      error_of(R"(INSERT INTO shown SELECT symbol, COUNT(*) FROM trades GROUP BY symbol)"),
      R"(error 2008: the state of this aggregation grows for ever: its input goes on and has no window
  at SQL:1:64
  1 | INSERT INTO shown SELECT symbol, COUNT(*) FROM trades GROUP BY symbol
    |                                                                ^^^^^^
  hint: bound it: group by a window, or SET 'state.ttl' = '1 h'; or SET 'state.unbounded' = 'allow')");
}

TEST(BinderError, Options) {
  EXPECT_EQ(error_of(R"(CREATE TABLE x (a INT) WITH ('conector'='kafka'))"),
            R"(error 1001: there is no option 'conector'
  at SQL:1:30
  1 | CREATE TABLE x (a INT) WITH ('conector'='kafka')
    |                              ^^^^^^^^^^
  hint: did you mean 'connector'?)");
  EXPECT_EQ(error_of(R"(CREATE TABLE x (a INT) WITH ('connector'='kafca'))"),
            R"(error 1002: there is no connector 'kafca'
  at SQL:1:42
  1 | CREATE TABLE x (a INT) WITH ('connector'='kafca')
    |                                          ^^^^^^^
  hint: did you mean 'kafka'?)");
  EXPECT_EQ(error_of(R"(CREATE TABLE x (a INT) WITH ('connector'='kafka', 'topik'='a'))"),
            R"(error 1001: connector 'kafka' has no option 'topik'
  at SQL:1:51
  1 | CREATE TABLE x (a INT) WITH ('connector'='kafka', 'topik'='a')
    |                                                   ^^^^^^^
  hint: did you mean 'topic'?)");
  EXPECT_EQ(
      error_of(R"(CREATE TABLE x (a INT) WITH ('connector'='kafka', 'bad-records'='ignore'))"),
      R"(error 1002: option 'bad-records' cannot be 'ignore'
  at SQL:1:65
  1 | CREATE TABLE x (a INT) WITH ('connector'='kafka', 'bad-records'='ignore')
    |                                                                 ^^^^^^^^
  hint: give one of 'fail', 'skip', 'dlq')");
  EXPECT_EQ(error_of(R"(CREATE TABLE x (a INT) WITH ('connector'='kafka', 'topic'='${TOPIC}'))"),
            R"(error 1003: variable TOPIC is not set
  at SQL:1:59
  1 | CREATE TABLE x (a INT) WITH ('connector'='kafka', 'topic'='${TOPIC}')
    |                                                           ^^^^^^^^^^
  hint: set it in the environment, or write ${TOPIC:-default})");
  EXPECT_EQ(error_of(R"(SET 'state.tll' = '1h')"),
            R"(error 1001: there is no setting 'state.tll'
  at SQL:1:5
  1 | SET 'state.tll' = '1h'
    |     ^^^^^^^^^^^
  hint: did you mean 'state.ttl'?)");
  EXPECT_EQ(error_of(R"(SET 'state.ttl' = 'soon')"),
            R"(error 1002: option 'state.ttl' cannot be 'soon'
  at SQL:1:19
  1 | SET 'state.ttl' = 'soon'
    |                   ^^^^^^
  hint: give a duration such as '200 ms', '5 s' or '1 min')");
  EXPECT_EQ(error_of(R"(-- @metrik foo
SELECT symbol FROM trades)"),
            R"(error 1005: there is no annotation @metrik
  at SQL:1:5
  1 | -- @metrik foo
    |     ^^^^^^
  hint: did you mean '@metric'?)");
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE t (a STRING, n BIGINT) WITH ('connector'='filesystem', 'sink.changelog'='upsert'); INSERT INTO t SELECT symbol, 1 FROM trades)"),
      R"(error 1002: 't' cannot be written with 'sink.changelog' = 'upsert'
  at SQL:1:109
  1 | ...ystem', 'sink.changelog'='upsert'); INSERT INTO t SELECT symbol, 1 FROM trades
    |                                                    ^)");
  EXPECT_EQ(error_of(R"(CREATE TABLE t (a BIGINT) WITH ('t.type'='kafka_sauce'))"),
            R"(error 1002: option 't.type' = 'kafka_sauce': no such type
  at SQL:1:42
  1 | CREATE TABLE t (a BIGINT) WITH ('t.type'='kafka_sauce')
    |                                          ^^^^^^^^^^^^^
  hint: did you mean 'kafka_source'?)");
  EXPECT_EQ(
      error_of(
          R"(CREATE TABLE t (a BIGINT) WITH ('connector'='kafka', 'scan.watermark.max-future'='often'))"),
      R"(error 1002: option 'scan.watermark.max-future' = 'often': neither off nor a length of time
  at SQL:1:82
  1 | CREATE TABLE t (a BIGINT) WITH ('connector'='kafka', 'scan.watermark.max-future'='often')
    |                                                                                  ^^^^^^^)");
  EXPECT_EQ(error_of(R"(SELECT symbol FROM trades WITH ('state.tttl' = '1h'))"),
            R"(error 1001: there is no option 'state.tttl' for a query
  at SQL:1:33
  1 | SELECT symbol FROM trades WITH ('state.tttl' = '1h')
    |                                 ^^^^^^^^^^^^
  hint: did you mean 'state.ttl'?)");
  EXPECT_EQ(error_of(R"(SELECT id FROM 'file:///missing.csv')"),
            R"(error 5001: there is no file 'file:///missing.csv'
  at SQL:1:16
  1 | SELECT id FROM 'file:///missing.csv'
    |                ^^^^^^^^^^^^^^^^^^^^^)");
}

}  // namespace
}  // namespace velo
