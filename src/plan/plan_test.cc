// SQL and the plan that it becomes, as EXPLAIN shows it.
#include <gtest/gtest.h>

#include "plan/plan_test_support.h"

namespace velo {
namespace {

/// Of the last statement, over the tables of kTablesForTest; then the warnings of all statements.
std::string plan_of(std::string_view sql) {
  SessionForTest session = session_with_tables();
  const Result<std::string> plan = session.run(sql);
  std::string out = "\n" + (plan ? *plan : plan.error().to_string());
  for (const std::string& warning : session.warnings) out += warning + "\n";
  return out;
}

TEST(Plan, StatelessSelect) {
  EXPECT_EQ(plan_of(R"(SELECT symbol, price * 2 AS twice FROM trades WHERE price > 1 AND symbol LIKE 'A%')"),
            R"(
Project symbol, price * 2e0 AS twice
  Filter price > 1e0 AND symbol LIKE 'A%'
    Scan trades: symbol, price
)");
  EXPECT_EQ(plan_of(R"(SELECT * FROM trades)"),
            R"(
Scan trades: symbol, price, quantity, ts
)");
  EXPECT_EQ(plan_of(R"(SELECT t.*, quantity + 1 FROM trades AS t)"),
            R"(
Project symbol, price, quantity, ts, quantity + 1 AS expr2
  Scan trades: symbol, price, quantity, ts
)");
  EXPECT_EQ(plan_of(R"(SELECT 1 + 1, 'x' || 'y' AS z)"),
            R"(
Project 2 AS expr1, 'xy' AS z
  Values: 1 row
)");
  EXPECT_EQ(plan_of(R"(SELECT Symbol, PRICE AS "Price" FROM TRADES)"),
            R"(
Project symbol AS Symbol, price AS Price
  Scan trades: symbol, price
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, symbol, UPPER(symbol), CAST(quantity AS STRING), CASE WHEN price > 1 THEN 1 END FROM trades)"),
            R"(
Project symbol, symbol AS symbol_1, UPPER(symbol) AS upper, CAST(quantity AS STRING) AS quantity, CASE WHEN price > 1e0 THEN 1 END AS case
  Scan trades: symbol, price, quantity
)");
  EXPECT_EQ(plan_of(R"(SELECT price * 2 AS p, p + 1 AS q FROM trades)"),
            R"(
Project price * 2e0 AS p, price * 2e0 + 1e0 AS q
  Scan trades: price
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol FROM trades EMIT CHANGES)"),
            R"(
Scan trades: symbol
)");
}

TEST(Plan, WindowsInFrom) {
  EXPECT_EQ(plan_of(R"(SELECT window_start, window_end, symbol, COUNT(*), SUM(price) AS total
FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
GROUP BY window_start, window_end, symbol)"),
            R"(
Project window_start, window_end, symbol, COUNT(*) AS count, SUM(price) AS total
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*), SUM(price); with window_start, window_end; EMIT FINAL; state: until the watermark passes
    Scan trades: symbol, price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT window_end, MAX(price) - MIN(price) AS spread
FROM HOP(TABLE trades, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '1' MINUTE)
GROUP BY window_start, window_end HAVING COUNT(*) > 3)"),
            R"(
Project window_end, MAX(price) - MIN(price) AS spread
  Filter COUNT(*) > 3
    WindowAggregate HOP(ts, INTERVAL '10' SECOND, INTERVAL '1' MINUTE): MAX(price), MIN(price), COUNT(*); with window_end; EMIT FINAL; state: until the watermark passes
      Scan trades: price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT window_end, SUM(price) FROM CUMULATE(TABLE trades, DESCRIPTOR(ts), INTERVAL '10' MINUTE, INTERVAL '1' HOUR)
GROUP BY window_start, window_end)"),
            R"(
Project window_end, SUM(price) AS sum
  WindowAggregate CUMULATE(ts, INTERVAL '10' MINUTE, INTERVAL '1' HOUR): SUM(price); with window_end; EMIT FINAL; state: until the watermark passes
    Scan trades: price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT window_start, symbol, COUNT(*) AS n
FROM SESSION(TABLE trades PARTITION BY symbol, DESCRIPTOR(ts), INTERVAL '5' MINUTE)
GROUP BY window_start, window_end, symbol)"),
            R"(
Project window_start, symbol, COUNT(*) AS n
  WindowAggregate SESSION(ts, INTERVAL '5' MINUTE) GROUP BY symbol: COUNT(*); with window_start; EMIT FINAL; state: until the watermark passes
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT window_start, AVG(price) FROM TABLE(TUMBLE(DATA => TABLE trades, TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL '1' HOUR, `OFFSET` => INTERVAL '15' MINUTE))
GROUP BY window_start, window_end)"),
            R"(
Project window_start, AVG(price) AS avg
  WindowAggregate TUMBLE(ts, INTERVAL '1' HOUR, OFFSET => INTERVAL '15' MINUTE): AVG(price); with window_start; EMIT FINAL; state: until the watermark passes
    Scan trades: price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(
      plan_of(
          R"(SELECT symbol, window_start FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) WHERE price > 10)"),
      R"(
Project symbol, window_start
  WindowAssign TUMBLE(ts, INTERVAL '1' MINUTE)
    Filter price > 10e0
      Scan trades: symbol, price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT window_start, COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) WHERE price > 10 AND window_start > TIMESTAMP '2024-01-01 00:00:00' GROUP BY window_start, window_end)"),
            R"(
Project window_start, COUNT(*) AS count
  Filter window_start > TIMESTAMP '2024-01-01T00:00:00'
    WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE): COUNT(*); with window_start; EMIT FINAL; state: until the watermark passes
      Filter price > 10e0
        Scan trades: price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT CAST(window_start AS DATE) AS day, COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, CAST(window_start AS DATE))"),
            R"(
Project CAST(window_start AS DATE) AS day, COUNT(*) AS count
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE): COUNT(*); with window_start; EMIT FINAL; state: until the watermark passes
    Scan trades: ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT DISTINCT window_start, window_end, symbol FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE))"),
            R"(
Project window_start, window_end, symbol
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol; with window_start, window_end; EMIT FINAL; state: until the watermark passes
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(
      plan_of(
          R"(SELECT symbol, COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY symbol)"),
      R"(
Project symbol, COUNT(*) AS count [changes by symbol]
  Aggregate GROUP BY symbol: COUNT(*); EMIT CHANGES; state: grows for ever [changes by symbol]
    WindowAssign TUMBLE(ts, INTERVAL '1' MINUTE)
      Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
warning: this GROUP BY ignores the window of FROM
  at 1:30
  1 | SELECT symbol, COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY ...
    |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: GROUP BY window_start, window_end, … gives a result per window
warning: the state of this aggregation grows for ever: its input goes on and has no window
  at 1:97
  1 | ..., DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY symbol
    |                                                    ^^^^^^
  hint: bound it: group by a window, or SET 'state.ttl' = '1 h'; or SET 'state.unbounded' = 'allow'
)");
}

TEST(Plan, WindowsInGroupBy) {
  EXPECT_EQ(plan_of(R"(SELECT TUMBLE_START(ts, INTERVAL '1' MINUTE) AS s, TUMBLE_END(ts, INTERVAL '1' MINUTE) AS e, TUMBLE_ROWTIME(ts, INTERVAL '1' MINUTE) AS t, symbol, COUNT(*) AS n
FROM trades GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE), symbol)"),
            R"(
Project window_start AS s, window_end AS e, window_time AS t, symbol, COUNT(*) AS n
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); with window_start, window_end, window_time; EMIT FINAL; state: until the watermark passes
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, HOP_START(ts, INTERVAL '10' SECOND, INTERVAL '1' MINUTE), COUNT(*)
FROM trades GROUP BY symbol, HOP(ts, INTERVAL '10' SECOND, INTERVAL '1' MINUTE))"),
            R"(
Project symbol, window_start AS hop_start, COUNT(*) AS count
  WindowAggregate HOP(ts, INTERVAL '10' SECOND, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); with window_start; EMIT FINAL; state: until the watermark passes
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT SESSION_END(ts, INTERVAL '30' MINUTE), COUNT(*) FROM trades GROUP BY SESSION(ts, INTERVAL '30' MINUTE))"),
            R"(
Project window_end AS session_end, COUNT(*) AS count
  WindowAggregate SESSION(ts, INTERVAL '30' MINUTE): COUNT(*); with window_end; EMIT FINAL; state: until the watermark passes
    Scan trades: ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
}

TEST(Plan, WindowClause) {
  EXPECT_EQ(plan_of(R"(SELECT symbol, COUNT(*) AS n FROM trades WINDOW TUMBLING(1m) GROUP BY symbol)"),
            R"(
Project symbol, COUNT(*) AS n
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the watermark passes
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, window_start, COUNT(*) AS n FROM trades GROUP BY symbol WINDOW TUMBLING(ts, INTERVAL '1' MINUTE) HAVING n > 1)"),
            R"(
Project symbol, window_start, COUNT(*) AS n
  Filter COUNT(*) > 1
    WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); with window_start; EMIT FINAL; state: until the watermark passes
      Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, _window_start, _window_end, COUNT(*) AS n FROM trades WINDOW SLIDING(1m, 30s) GROUP BY symbol EMIT CHANGES)"),
            R"(
Project symbol, window_start AS _window_start, window_end AS _window_end, COUNT(*) AS n [changes by symbol, _window_start, _window_end]
  WindowAggregate HOP(ts, INTERVAL '30' SECOND, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); with window_start, window_end; EMIT CHANGES; state: until the watermark passes [changes by symbol, window_start, window_end]
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, COUNT(*) AS n FROM trades WINDOW SESSION(30m) GROUP BY symbol)"),
            R"(
Project symbol, COUNT(*) AS n
  WindowAggregate SESSION(ts, INTERVAL '30' MINUTE) GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the watermark passes
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, COUNT(*) AS n FROM trades WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD 10 MINUTES) GROUP BY symbol)"),
            R"(
Project symbol, COUNT(*) AS n
  WindowAggregate TUMBLE(ts, INTERVAL '1' HOUR) GROUP BY symbol: COUNT(*); EMIT FINAL; GRACE PERIOD INTERVAL '10' MINUTE; state: until the watermark passes
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, COUNT(*) AS n FROM trades WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD 10 MINUTES) GROUP BY symbol EMIT CHANGES)"),
            R"(
Project symbol, COUNT(*) AS n [changes]
  WindowAggregate TUMBLE(ts, INTERVAL '1' HOUR) GROUP BY symbol: COUNT(*); EMIT CHANGES; ALLOWED LATENESS INTERVAL '10' MINUTE; state: until the watermark passes [changes]
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, COUNT(*) AS n FROM trades WINDOW HOPPING (SIZE 30 SECONDS, ADVANCE BY 10 SECONDS) GROUP BY symbol)"),
            R"(
Project symbol, COUNT(*) AS n
  WindowAggregate HOP(ts, INTERVAL '10' SECOND, INTERVAL '30' SECOND) GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the watermark passes
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
}

TEST(Plan, CalendarWindows) {
  EXPECT_EQ(plan_of(R"(SELECT window_start, SUM(price) FROM TUMBLE(TABLE instants, DESCRIPTOR(at), INTERVAL '1' MONTH, TIME_ZONE => 'Europe/Berlin') GROUP BY window_start, window_end)"),
            R"(
Project window_start, SUM(price) AS sum
  WindowAggregate TUMBLE(at, INTERVAL '1' MONTH, TIME_ZONE => 'Europe/Berlin'): SUM(price); with window_start; EMIT FINAL; state: until the watermark passes
    Scan instants: price, at; WATERMARK FOR at AS at; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT window_start, SUM(price) FROM TUMBLE(TABLE instants, DESCRIPTOR(at), SIZE => INTERVAL '1' WEEK, TIME_ZONE => 'Europe/Berlin', WEEK_START => 'SUNDAY') GROUP BY window_start, window_end)"),
            R"(
Project window_start, SUM(price) AS sum
  WindowAggregate TUMBLE(at, INTERVAL '1' WEEK, TIME_ZONE => 'Europe/Berlin', WEEK_START => 'SUNDAY'): SUM(price); with window_start; EMIT FINAL; state: until the watermark passes
    Scan instants: price, at; WATERMARK FOR at AS at; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT window_start, SUM(price) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' YEAR) GROUP BY window_start, window_end)"),
            R"(
Project window_start, SUM(price) AS sum
  WindowAggregate TUMBLE(ts, INTERVAL '1' YEAR, TIME_ZONE => 'UTC'): SUM(price); with window_start; EMIT FINAL; state: until the watermark passes
    Scan trades: price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT window_start, SUM(price) FROM TUMBLE(TABLE instants, DESCRIPTOR(at), INTERVAL '1' DAY) GROUP BY window_start, window_end)"),
            R"(
Project window_start, SUM(price) AS sum
  WindowAggregate TUMBLE(at, INTERVAL '1' DAY): SUM(price); with window_start; EMIT FINAL; state: until the watermark passes
    Scan instants: price, at; WATERMARK FOR at AS at; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT window_start, SUM(price) FROM TUMBLE(TABLE instants, DESCRIPTOR(at), INTERVAL '1' DAY, TIME_ZONE => 'Asia/Tokyo') GROUP BY window_start, window_end)"),
            R"(
Project window_start, SUM(price) AS sum
  WindowAggregate TUMBLE(at, INTERVAL '1' DAY, TIME_ZONE => 'Asia/Tokyo'): SUM(price); with window_start; EMIT FINAL; state: until the watermark passes
    Scan instants: price, at; WATERMARK FOR at AS at; idle after INTERVAL '10' SECOND
)");
}

TEST(Plan, CascadedWindows) {
  EXPECT_EQ(plan_of(R"(CREATE VIEW v AS SELECT symbol, window_time, SUM(price) AS p FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY symbol, window_start, window_end, window_time;
SELECT window_start, AVG(p) FROM TUMBLE(TABLE v, DESCRIPTOR(window_time), INTERVAL '1' HOUR) GROUP BY window_start, window_end)"),
            R"(
Project window_start, AVG(p) AS avg
  WindowAggregate TUMBLE(window_time, INTERVAL '1' HOUR): AVG(p); with window_start; EMIT FINAL; state: until the watermark passes
    Project window_time, SUM(price) AS p
      WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: SUM(price); with window_time; EMIT FINAL; state: until the watermark passes
        Scan trades: symbol, price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT window_start, MAX(n) FROM TUMBLE(TABLE (SELECT window_end, COUNT(*) AS n FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end), DESCRIPTOR(window_end), INTERVAL '1' HOUR) GROUP BY window_start, window_end)"),
            R"(
Project window_start, MAX(n) AS max
  WindowAggregate TUMBLE(window_end, INTERVAL '1' HOUR): MAX(n); with window_start; EMIT FINAL; state: until the watermark passes
    Project window_end, COUNT(*) AS n
      WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE): COUNT(*); with window_end; EMIT FINAL; state: until the watermark passes
        Scan trades: ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
}

TEST(Plan, EmissionAndState) {
  EXPECT_EQ(plan_of(R"(SELECT window_start, symbol, COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol EMIT CHANGES)"),
            R"(
Project window_start, symbol, COUNT(*) AS count [changes by symbol, window_start]
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); with window_start; EMIT CHANGES; state: until the watermark passes [changes by symbol, window_start]
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT window_start, symbol, COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol EMIT EVERY INTERVAL '10' SECOND)"),
            R"(
Project window_start, symbol, COUNT(*) AS count [changes by symbol, window_start]
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); with window_start; EMIT EVERY INTERVAL '10' SECOND; state: until the watermark passes [changes by symbol, window_start]
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT window_start, symbol, COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol EMIT ON WINDOW CLOSE ALLOWED LATENESS INTERVAL '1' HOUR)"),
            R"(
Project window_start, symbol, COUNT(*) AS count [changes by symbol, window_start]
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); with window_start; EMIT FINAL; ALLOWED LATENESS INTERVAL '1' HOUR; state: until the watermark passes [changes by symbol, window_start]
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, COUNT(*) FROM trades GROUP BY symbol)"),
            R"(
Project symbol, COUNT(*) AS count [changes by symbol]
  Aggregate GROUP BY symbol: COUNT(*); EMIT CHANGES; state: grows for ever [changes by symbol]
    Scan trades: symbol
warning: the state of this aggregation grows for ever: its input goes on and has no window
  at 1:46
  1 | SELECT symbol, COUNT(*) FROM trades GROUP BY symbol
    |                                              ^^^^^^
  hint: bound it: group by a window, or SET 'state.ttl' = '1 h'; or SET 'state.unbounded' = 'allow'
)");
  EXPECT_EQ(plan_of(R"(SELECT COUNT(*), MAX(price) FROM trades)"),
            R"(
Project COUNT(*) AS count, MAX(price) AS max [changes]
  Aggregate: COUNT(*), MAX(price); EMIT CHANGES; state: one group [changes]
    Scan trades: price
)");
  EXPECT_EQ(plan_of(R"(SELECT COUNT(DISTINCT symbol) FROM trades)"),
            R"(
Project COUNT(DISTINCT symbol) AS count [changes]
  Aggregate: COUNT(DISTINCT symbol); EMIT CHANGES; state: grows for ever [changes]
    Scan trades: symbol
warning: the state of this aggregation grows for ever: its input goes on and has no window
  at 1:1
  1 | SELECT COUNT(DISTINCT symbol) FROM trades
    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: bound it: group by a window, or SET 'state.ttl' = '1 h'; or SET 'state.unbounded' = 'allow'
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, COUNT(*) FROM trades GROUP BY symbol WITH ('state.ttl' = '1h'))"),
            R"(
Project symbol, COUNT(*) AS count [changes by symbol]
  Aggregate GROUP BY symbol: COUNT(*); EMIT CHANGES; state: each key for INTERVAL '1' HOUR [changes by symbol]
    Scan trades: symbol
)");
  EXPECT_EQ(plan_of(R"(SET 'state.unbounded' = 'allow'; SET 'emit.coalesce' = 'none'; SELECT symbol, COUNT(*) FROM trades GROUP BY symbol)"),
            R"(
Project symbol, COUNT(*) AS count [changes by symbol]
  Aggregate GROUP BY symbol: COUNT(*); EMIT CHANGES for every row; state: grows for ever (allowed) [changes by symbol]
    Scan trades: symbol
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, COUNT(*) FROM history GROUP BY symbol)"),
            R"(
Project symbol, COUNT(*) AS count
  Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the input ends
    Scan history: symbol; bounded
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, COUNT(*) FROM history GROUP BY symbol EMIT CHANGES)"),
            R"(
Project symbol, COUNT(*) AS count [changes by symbol]
  Aggregate GROUP BY symbol: COUNT(*); EMIT CHANGES; state: until the input ends [changes by symbol]
    Scan history: symbol; bounded
)");
  EXPECT_EQ(plan_of(R"(SELECT DISTINCT symbol FROM trades)"),
            R"(
Distinct GROUP BY symbol; EMIT CHANGES; state: grows for ever
  Scan trades: symbol
warning: the state of this aggregation grows for ever: its input goes on and has no window
  at 1:1
  1 | SELECT DISTINCT symbol FROM trades
    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: bound it: group by a window, or SET 'state.ttl' = '1 h'; or SET 'state.unbounded' = 'allow'
)");
  EXPECT_EQ(plan_of(R"(CREATE TABLE late (symbol STRING, price DOUBLE, window_start TIMESTAMP(3), late_by INTERVAL DAY TO SECOND) WITH ('connector' = 'blackhole');
SELECT symbol, COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol LATE DATA TO late)"),
            R"(
Project symbol, COUNT(*) AS count
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); EMIT FINAL; LATE DATA TO late; state: until the watermark passes
    Scan trades: symbol, price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
}

TEST(Plan, Grouping) {
  EXPECT_EQ(plan_of(R"(SELECT symbol AS s, COUNT(*) AS n FROM history GROUP BY s HAVING n > 1)"),
            R"(
Project symbol AS s, COUNT(*) AS n
  Filter COUNT(*) > 1
    Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the input ends
      Scan history: symbol; bounded
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, price > 10 AS dear, COUNT(*) FROM history GROUP BY 1, 2)"),
            R"(
Project symbol, key2 AS dear, COUNT(*) AS count
  Aggregate GROUP BY symbol, price > 10e0: COUNT(*); EMIT FINAL; state: until the input ends
    Scan history: symbol, price; bounded
)");
  EXPECT_EQ(plan_of(R"(SELECT price * 2 + 1 AS a, price * 2 AS b FROM history GROUP BY price * 2)"),
            R"(
Project key1 + 1e0 AS a, key1 AS b
  Distinct GROUP BY price * 2e0; EMIT FINAL; state: until the input ends
    Scan history: price; bounded
)");
  EXPECT_EQ(plan_of(R"(SELECT SUM(price) / COUNT(*) AS mean, SUM(price) FROM history HAVING SUM(price) > 0)"),
            R"(
Project SUM(price) / CAST(COUNT(*) AS DOUBLE) AS mean, SUM(price) AS sum
  Filter SUM(price) > 0e0
    Aggregate: SUM(price), COUNT(*); EMIT FINAL; state: until the input ends
      Scan history: price; bounded
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, SUM(price) FILTER (WHERE quantity > 1) AS a, COUNT(DISTINCT quantity) AS b, STRING_AGG(symbol, ',') AS c FROM history GROUP BY symbol)"),
            R"(
Project symbol, SUM(price) FILTER (WHERE quantity > 1) AS a, COUNT(DISTINCT quantity) AS b, STRING_AGG(symbol, ',') AS c
  Aggregate GROUP BY symbol: SUM(price) FILTER (WHERE quantity > 1), COUNT(DISTINCT quantity), STRING_AGG(symbol, ','); EMIT FINAL; state: until the input ends
    Scan history: symbol, price, quantity, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(plan_of(R"(SELECT FIRST_VALUE(price) AS first, LAST_VALUE(price) AS last FROM history)"),
            R"(
Project FIRST_VALUE(price) AS first, LAST_VALUE(price) AS last
  Aggregate: FIRST_VALUE(price), LAST_VALUE(price); EMIT FINAL; state: until the input ends
    Scan history: price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(Plan, OrderAndLimit) {
  EXPECT_EQ(plan_of(R"(SELECT symbol, price FROM history ORDER BY price * 2 DESC, symbol LIMIT 10 OFFSET 2)"),
            R"(
Limit 10 OFFSET 2
  Project symbol, price
    OrderBy order1 DESC, symbol
      Project symbol, price, price * 2e0 AS order1
        Scan history: symbol, price; bounded
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, COUNT(*) AS n FROM history GROUP BY symbol ORDER BY n DESC NULLS LAST, 1)"),
            R"(
OrderBy n DESC NULLS LAST, symbol
  Project symbol, COUNT(*) AS n
    Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the input ends
      Scan history: symbol; bounded
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol FROM history GROUP BY symbol ORDER BY COUNT(*))"),
            R"(
Project symbol
  OrderBy order1
    Project symbol, COUNT(*) AS order1
      Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the input ends
        Scan history: symbol; bounded
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol FROM trades LIMIT 5)"),
            R"(
Limit 5
  Scan trades: symbol
)");
}

TEST(Plan, QueriesOfQueries) {
  EXPECT_EQ(plan_of(R"(WITH a AS (SELECT symbol, price AS p FROM trades WHERE price > 1), b (s, q) AS (SELECT * FROM a WHERE p < 10)
SELECT x.s, x.* FROM b AS x WHERE s LIKE 'A%')"),
            R"(
Project symbol AS s, symbol AS s_1, price AS q
  Filter price > 1e0 AND price < 10e0 AND symbol LIKE 'A%'
    Scan trades: symbol, price
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, n FROM (SELECT symbol, COUNT(*) AS n FROM history GROUP BY symbol) WHERE symbol = 'A' AND n > 3)"),
            R"(
Project symbol, COUNT(*) AS n
  Filter COUNT(*) > 3
    Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the input ends
      Filter symbol = 'A'
        Scan history: symbol; bounded
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, quantity FROM trades UNION ALL SELECT symbol, price FROM history WHERE quantity > 1)"),
            R"(
Union
  Project symbol, CAST(quantity AS DOUBLE) AS quantity
    Scan trades: symbol, quantity
  Project symbol, price
    Filter quantity > 1
      Scan history: symbol, price, quantity; bounded
)");
  EXPECT_EQ(plan_of(R"(CREATE VIEW dear (s, p) AS SELECT symbol, price FROM trades WHERE price > 100; SELECT s FROM dear WHERE p < 200)"),
            R"(
Project symbol AS s
  Filter price > 100e0 AND price < 200e0
    Scan trades: symbol, price
)");
  EXPECT_EQ(plan_of(R"(CREATE STREAM s AS SELECT symbol, ts FROM trades WHERE price > 1;
SELECT window_start, COUNT(*) FROM TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '1' HOUR) GROUP BY window_start, window_end)"),
            R"(
Project window_start, COUNT(*) AS count
  WindowAggregate TUMBLE(ts, INTERVAL '1' HOUR): COUNT(*); with window_start; EMIT FINAL; state: until the watermark passes
    Shared s
      Project symbol, ts
        Filter price > 1e0
          Scan trades: symbol, price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
}

TEST(Plan, Sinks) {
  EXPECT_EQ(plan_of(R"(INSERT INTO results SELECT symbol, COUNT(*) FROM history GROUP BY symbol)"),
            R"(
Sink results: symbol, n; written as append
  Project symbol, COUNT(*) AS n
    Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the input ends
      Scan history: symbol; bounded
)");
  EXPECT_EQ(plan_of(R"(INSERT INTO results (n, symbol) SELECT quantity, symbol FROM trades)"),
            R"(
Sink results: symbol, n; written as append
  Project symbol, CAST(quantity AS BIGINT) AS n
    Scan trades: symbol, quantity
)");
  EXPECT_EQ(plan_of(R"(INSERT INTO results (symbol) SELECT symbol FROM trades)"),
            R"(
Sink results: symbol, n; written as append
  Project symbol, NULL AS n
    Scan trades: symbol
)");
  EXPECT_EQ(plan_of(R"(INSERT INTO results VALUES ('a', 1), ('b', 2))"),
            R"(
Sink results: symbol, n; written as append
  Values: 2 rows
)");
  EXPECT_EQ(plan_of(R"(INSERT INTO latest SELECT symbol, COUNT(*) FROM trades GROUP BY symbol WITH ('state.ttl' = '1h'))"),
            R"(
Sink latest: symbol, n; written as upsert by symbol [changes by symbol]
  Project symbol, COUNT(*) AS n [changes by symbol]
    Aggregate GROUP BY symbol: COUNT(*); EMIT CHANGES; state: each key for INTERVAL '1' HOUR [changes by symbol]
      Scan trades: symbol
)");
  EXPECT_EQ(plan_of(R"(INSERT INTO shown SELECT symbol, COUNT(*) FROM trades GROUP BY symbol WITH ('state.ttl' = '1h'))"),
            R"(
Sink shown: symbol, n; written as retract [changes by symbol]
  Project symbol, COUNT(*) AS n [changes by symbol]
    Aggregate GROUP BY symbol: COUNT(*); EMIT CHANGES; state: each key for INTERVAL '1' HOUR [changes by symbol]
      Scan trades: symbol
)");
  EXPECT_EQ(plan_of(R"(INSERT INTO shown SELECT symbol, 1 FROM trades)"),
            R"(
Sink shown: symbol, n; written as append
  Project symbol, 1 AS n
    Scan trades: symbol
)");
  EXPECT_EQ(plan_of(R"(CREATE TABLE t (at TIMESTAMP(3), small TINYINT, exact DECIMAL(5, 2)) WITH ('connector' = 'print');
INSERT INTO t SELECT '2024-01-01 12:00:00', 7, 1.5 FROM trades)"),
            R"(
Sink t: at, small, exact; written as append
  Project TIMESTAMP '2024-01-01T12:00:00' AS at, 7 AS small, 1.50 AS exact
    Scan trades: no columns
)");
  EXPECT_EQ(plan_of(R"(CREATE TABLE t WITH ('connector' = 'filesystem', 'path' = 'x.csv', 'format' = 'csv') AS SELECT symbol, price FROM trades)"),
            R"(
Sink t: symbol, price; written as append
  Scan trades: symbol, price
)");
}

TEST(Plan, OtherSpellings) {
  EXPECT_EQ(plan_of(R"(SELECT symbol, price INTO cheap FROM trades WHERE price < 1
WITH ('cheap.type' = 'file_sink', 'cheap.path' = 'x.csv', 'cheap.format' = 'csv'))"),
            R"(
Sink cheap: symbol, price; written as append
  Filter price < 1e0
    Scan trades: symbol, price
)");
  EXPECT_EQ(plan_of(R"(SELECT id, word FROM 'file:///tmp/x.csv' WHERE id > 3)"),
            R"(
Filter id > 3
  Scan file:///tmp/x.csv: id, word; bounded
)");
  EXPECT_EQ(plan_of(R"(SELECT id FROM src WITH ('src.type' = 'file_source', 'src.path' = 'x.jsonl', 'src.format' = 'jsonl'))"),
            R"(
Scan src: id; bounded
)");
  EXPECT_EQ(plan_of(R"(CREATE STREAM s AS SELECT symbol, price FROM trades WHERE price > 10
WITH ('s.type' = 'kafka_sink', 's.topic' = 'x', 's.bootstrap.servers' = 'b'))"),
            R"(
Sink s: symbol, price; written as append
  Filter price > 10e0
    Scan trades: symbol, price
)");
  EXPECT_EQ(plan_of(R"(CREATE TABLE e (id BIGINT, t BIGINT) WITH ('e.type' = 'kafka_source', 'e.topic' = 'x', 'event.time.field' = 't',
 'event.time.format' = 'epoch_millis', 'watermark.max_out_of_orderness' = '5s');
SELECT id, COUNT(*) FROM e WINDOW TUMBLING(t, INTERVAL '1' MINUTE) GROUP BY id)"),
            R"(
Project id, COUNT(*) AS count
  WindowAggregate TUMBLE(_EVENT_TIME, INTERVAL '1' MINUTE) GROUP BY id: COUNT(*); EMIT FINAL; state: until the watermark passes
    Scan e: id, TO_TIMESTAMP_LTZ(t, 3) AS _EVENT_TIME; WATERMARK FOR _EVENT_TIME AS _EVENT_TIME - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(plan_of(R"(CREATE STREAM k (id BIGINT, word STRING) WITH (KAFKA_TOPIC = 'words', VALUE_FORMAT = 'JSON'); SELECT id FROM k)"),
            R"(
Scan k: id
)");
  EXPECT_EQ(plan_of(R"(SELECT symbol, _offset, _event_time FROM trades)"),
            R"(
Project symbol, _OFFSET AS _offset, ts AS _event_time
  Scan trades: symbol, ts, _OFFSET
)");
}

TEST(Plan, Tables) {
  EXPECT_EQ(plan_of(R"(CREATE TABLE c (ms BIGINT, half AS ms / 2, at AS TO_TIMESTAMP_LTZ(ms, 3), o BIGINT METADATA FROM 'offset' VIRTUAL, WATERMARK FOR at AS at - INTERVAL '1' MINUTE)
WITH ('connector' = 'kafka', 'scan.watermark.idle-timeout' = '0s');
SELECT half, o, COUNT(*) FROM c GROUP BY TUMBLE(at, INTERVAL '1' MINUTE), half, o)"),
            R"(
Project half, o, COUNT(*) AS count
  WindowAggregate TUMBLE(at, INTERVAL '1' MINUTE) GROUP BY half, o: COUNT(*); EMIT FINAL; state: until the watermark passes
    Scan c: ms / 2 AS half, TO_TIMESTAMP_LTZ(ms, 3) AS at, o; WATERMARK FOR at AS at - INTERVAL '1' MINUTE; never idle
)");
  EXPECT_EQ(plan_of(R"(CREATE TABLE i WITH ('connector' = 'filesystem', 'path' = '${DATA}/i.csv', 'format' = 'csv', 'csv.infer' = 'true'); SELECT * FROM i)"),
            R"(
Scan i: id, word; bounded
)");
  EXPECT_EQ(plan_of(R"(CREATE TABLE IF NOT EXISTS trades (a INT) WITH ('connector' = 'kafka'); SELECT quantity FROM trades)"),
            R"(
Scan trades: quantity
)");
  EXPECT_EQ(plan_of(R"(CREATE OR REPLACE TABLE trades (a INT) WITH ('connector' = 'kafka'); SELECT a FROM trades)"),
            R"(
Scan trades: a
)");
}

TEST(Plan, KeysOfASelectListAreThoseOfTheTableThatIsMade) {
  EXPECT_EQ(plan_of(R"(CREATE TABLE counts WITH ('connector' = 'kafka', 'topic' = 'c', 'format' = 'json', 'sink.changelog' = 'upsert')
AS SELECT symbol PRIMARY KEY, COUNT(*) AS n FROM history GROUP BY symbol)"), R"(
Sink counts: symbol, n; written as upsert by symbol
  Project symbol, COUNT(*) AS n
    Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the input ends
      Scan history: symbol; bounded
)");
  EXPECT_EQ(plan_of(R"(CREATE TABLE counts WITH ('connector' = 'kafka', 'topic' = 'c', 'format' = 'json', 'sink.changelog' = 'upsert')
AS SELECT UPPER(symbol) AS name PRIMARY KEY, COUNT(*) AS n FROM history GROUP BY UPPER(symbol))"), R"(
Sink counts: name, n; written as upsert by name
  Project key1 AS name, COUNT(*) AS n
    Aggregate GROUP BY UPPER(symbol): COUNT(*); EMIT FINAL; state: until the input ends
      Scan history: symbol; bounded
)");
}

TEST(Plan, AnEventTimeMayBeCalledSo) {
  EXPECT_EQ(plan_of(R"(SELECT window_start, COUNT(*) AS n FROM TUMBLE(TABLE (SELECT ts AS _event_time FROM trades), DESCRIPTOR(_event_time), INTERVAL '1' MINUTE) GROUP BY window_start, window_end)"), R"(
Project window_start, COUNT(*) AS n
  WindowAggregate TUMBLE(_event_time, INTERVAL '1' MINUTE): COUNT(*); with window_start; EMIT FINAL; state: until the watermark passes
    Project ts AS _event_time
      Scan trades: ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
}

TEST(Plan, APathIsATable) {
  EXPECT_EQ(plan_of(R"(SELECT word FROM 'data/words.csv.gz' WHERE id > 1)"), R"(
Project word
  Filter id > 1
    Scan data/words.csv.gz: id, word; bounded
)");
}

}  // namespace
}  // namespace velo
