// Joins: what becomes of their conditions, as EXPLAIN shows it, and which are refused.
#include <gtest/gtest.h>

#include "plan/plan_test_support.h"

namespace velo {
namespace {

TEST(JoinPlan, BoundsOnTimeFromBothSidesMakeRowsWaitNoLonger) {
  EXPECT_EQ(plan_text(R"(SELECT t.price, i.price FROM trades t JOIN trades i ON t.symbol = i.symbol
    AND i.ts >= t.ts AND i.ts < t.ts + INTERVAL '1' MINUTE AND t.price < i.price AND t.quantity > 1)"),
            R"(
Project price, price AS price_1
  Join on trades.symbol = trades.symbol AND trades.price < trades.price; right ts - left ts from INTERVAL '0' SECOND to INTERVAL '59.999999' SECOND; state: until the watermark passes, 32+ bytes per left row, 32+ bytes per right row
    Project symbol, price, ts
      Filter quantity > 1
        Scan trades: symbol, price, quantity, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
    Scan trades: symbol, price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
}

TEST(JoinPlan, WithoutBoundsBothSidesAreKept) {
  EXPECT_EQ(
      plan_text(
          R"(SELECT t.price FROM trades t, trades i WHERE t.symbol = i.symbol AND t.price > 3 AND i.ts > t.ts)"),
      R"(
Project price
  Join on trades.symbol = trades.symbol AND trades.ts > trades.ts; both sides are kept; state: grows for ever, 32+ bytes per left row, 24+ bytes per right row
    Filter price > 3e0
      Scan trades: symbol, price, ts
    Scan trades: symbol, ts
)");
  EXPECT_EQ(
      plan_text(
          R"(SELECT t.price FROM trades t LEFT JOIN trades i ON t.symbol = i.symbol WHERE i.price > 3 AND t.price > 4)"),
      R"(
Project price [changes]
  Filter price > 3e0 [changes]
    LeftJoin on trades.symbol = trades.symbol; both sides are kept; state: grows for ever, 24+ bytes per left row, 24+ bytes per right row [changes]
      Filter price > 4e0
        Scan trades: symbol, price
      Scan trades: symbol, price
)");
}

TEST(JoinPlan, ASideThatEndsIsReadFirst) {
  EXPECT_EQ(
      plan_text(
          R"(SELECT t.price, h.price FROM trades t LEFT JOIN history h ON UPPER(t.symbol) = h.symbol)"),
      R"(
Project price, price AS price_1
  LeftJoin on UPPER(trades.symbol) = history.symbol; the right side is read first; state: until the input ends, 24+ bytes per right row
    Scan trades: symbol, price
    Scan history: symbol, price; bounded
)");
  EXPECT_EQ(plan_text(R"(SELECT t.price FROM history h JOIN trades t USING (symbol))"), R"(
Project price
  Join on history.symbol = trades.symbol; the left side is read first; state: until the input ends, 16+ bytes per left row
    Scan history: symbol; bounded
    Scan trades: symbol, price
)");
}

TEST(JoinPlan, OfTwoSidesThatEndTheSmallerIsReadFirst) {
  SessionForTest session = session_with_tables();
  ASSERT_TRUE(session.run(R"(
    CREATE TABLE cities (name STRING, country STRING)
      WITH ('connector' = 'filesystem', 'path' = 'small.csv', 'format' = 'csv');
    CREATE TABLE people (name STRING, city STRING)
      WITH ('connector' = 'filesystem', 'path' = 'people.csv', 'format' = 'csv'))"));
  EXPECT_EQ(*session.run("SELECT p.name FROM cities c JOIN people p ON p.city = c.name"),
            R"(Project name
  Join on cities.name = people.city; the left side is read first (it is the smaller); state: until the input ends, 16+ bytes per left row
    Scan cities: name; bounded
    Scan people: name, city; bounded
)");
  EXPECT_EQ(*session.run("SELECT p.name FROM people p JOIN cities c ON p.city = c.name"),
            R"(Project name
  Join on people.city = cities.name; the right side is read first; state: until the input ends, 16+ bytes per right row
    Scan people: name, city; bounded
    Scan cities: name; bounded
)");
  // Rows of a LEFT JOIN's left side come out alone: they pass by, however few they are.
  EXPECT_EQ(*session.run("SELECT p.name FROM cities c LEFT JOIN people p ON p.city = c.name"),
            R"(Project name
  LeftJoin on cities.name = people.city; the right side is read first; state: until the input ends, 32+ bytes per right row
    Scan cities: name; bounded
    Scan people: name, city; bounded
)");
}

TEST(JoinPlan, RowsWithAnEventTimePassByThoseWithout) {
  SessionForTest session = session_with_tables();
  ASSERT_TRUE(session.run(R"(
    CREATE TABLE names (symbol STRING, name STRING)
      WITH ('connector' = 'filesystem', 'path' = 'names.csv', 'format' = 'csv'))"));
  EXPECT_EQ(*session.run(R"(SELECT n.name, COUNT(*) FROM names n JOIN history h ON h.symbol = n.symbol
    WINDOW TUMBLING(INTERVAL '1' MINUTE) GROUP BY n.name)"),
            R"(Project name, COUNT(*) AS count
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY name: COUNT(*); EMIT FINAL; state: until the watermark passes
    Join on names.symbol = history.symbol; the left side is read first (the right one has an event time); state: until the input ends, 32+ bytes per left row
      Scan names: symbol, name; bounded
      Scan history: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(JoinPlan, OrderOfFromMattersNotWhereConditionsTieTheTables) {
  EXPECT_EQ(plan_text(R"(SELECT a.price, c.price FROM trades a, history h, trades c
    WHERE a.quantity = c.quantity AND c.symbol = h.symbol AND h.price > 1
      AND c.ts BETWEEN a.ts AND a.ts + INTERVAL '1' MINUTE)"),
            R"(
Project price, price AS price_1
  Join on trades.symbol = history.symbol; the right side is read first; state: until the input ends, 16+ bytes per right row
    Join on trades.quantity = trades.quantity; right ts - left ts from INTERVAL '0' SECOND to INTERVAL '1' MINUTE; before others of FROM, which nothing ties to these yet; state: until the watermark passes, 24 bytes per left row, 40+ bytes per right row
      Scan trades: price, quantity, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
      Scan trades: symbol, price, quantity, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
    Project symbol
      Filter price > 1e0
        Scan history: symbol, price; bounded
)");
  // Nothing ties the file to the streams: it is joined last, with every row.
  EXPECT_EQ(plan_text(R"(SELECT h.price FROM trades a, history h, trades c
    WHERE a.quantity = c.quantity AND c.ts BETWEEN a.ts AND a.ts + INTERVAL '1' MINUTE)"),
            R"(
Project price
  Join; the right side is read first; state: until the input ends, 8 bytes per right row
    Join on trades.quantity = trades.quantity; right ts - left ts from INTERVAL '0' SECOND to INTERVAL '1' MINUTE; before others of FROM, which nothing ties to these yet; state: until the watermark passes, 16 bytes per left row, 16 bytes per right row
      Scan trades: quantity, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
      Scan trades: quantity, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
    Scan history: price; bounded
)");
  EXPECT_EQ(plan_text("SELECT 1 FROM trades a, trades b, trades c WHERE a.symbol = b.symbol"), R"(
error 2004: not supported: a join of two streams without an equality between them
  at SQL:1:33
  1 | SELECT 1 FROM trades a, trades b, trades c WHERE a.symbol = b.symbol
    |                                 ^
  hint: add ON a.key = b.key, or a bound on the time between their rows, or read one of them from a bounded source)");
}

TEST(JoinPlan, WindowsOfBothSides) {
  EXPECT_EQ(plan_text(R"(SELECT a.n, b.n FROM
    (SELECT symbol, window_start, window_end, COUNT(*) AS n FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY symbol, window_start, window_end) a
    JOIN (SELECT symbol, window_start, window_end, COUNT(*) AS n FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY symbol, window_start, window_end) b
    ON a.symbol = b.symbol AND a.window_start = b.window_start AND a.window_end = b.window_end)"),
            R"(
Project n, n AS n_1
  Join on symbol = symbol AND window_start = window_start AND window_end = window_end; right window_end - left window_end from INTERVAL '0' SECOND to INTERVAL '0' SECOND; state: until the watermark passes, 40+ bytes per left row, 40+ bytes per right row
    Project symbol, window_start, window_end, COUNT(*) AS n
      Shared sub-plan 1
        WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); with window_start, window_end; EMIT FINAL; state: until the watermark passes
          Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
    Project symbol, window_start, window_end, COUNT(*) AS n
      Shared sub-plan 1, as above
)");
}

TEST(JoinPlan, AsOf) {
  EXPECT_EQ(
      plan_text(
          R"(SELECT t.price FROM trades t ASOF JOIN trades q ON t.symbol = q.symbol AND q.ts <= t.ts WHERE q.price > 1 AND t.price > 2)"),
      R"(
Project price
  Filter price > 1e0
    Join on trades.symbol = trades.symbol; the last ts up to ts; state: until the watermark passes, 32+ bytes per left row, 32+ bytes per right row
      Filter price > 2e0
        Scan trades: symbol, price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
      Scan trades: symbol, price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
  EXPECT_EQ(
      plan_text(
          R"(SELECT t.price FROM trades t JOIN trades FOR SYSTEM_TIME AS OF t.ts AS q ON t.symbol = q.symbol)"),
      R"(
Project price
  Join on trades.symbol = trades.symbol; the last ts up to ts; state: until the watermark passes, 32+ bytes per left row, 24+ bytes per right row
    Scan trades: symbol, price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
    Scan trades: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
}

TEST(JoinPlan, Refused) {
  EXPECT_EQ(plan_text("SELECT 1 FROM trades t JOIN trades i ON t.price < i.price"), R"(
error 2004: not supported: a join of two streams without an equality between them
  at SQL:1:24
  1 | SELECT 1 FROM trades t JOIN trades i ON t.price < i.price
    |                        ^^^^
  hint: add ON a.key = b.key, or a bound on the time between their rows, or read one of them from a bounded source)");
  EXPECT_EQ(plan_text("SELECT 1 FROM trades JOIN trades ON TRUE"), R"(
error 2007: 'trades' stands twice in this FROM
  at SQL:1:15
  1 | SELECT 1 FROM trades JOIN trades ON TRUE
    |               ^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: give one of them another name: … AS name)");
  EXPECT_EQ(plan_text("INSERT INTO results SELECT t.symbol, 1 FROM trades t JOIN trades i USING (symbol)"), R"(
error 2008: the state of this join grows for ever: its inputs go on and nothing bounds the time between their rows
  at SQL:1:54
  1 | INSERT INTO results SELECT t.symbol, 1 FROM trades t JOIN trades i USING (symbol)
    |                                                      ^^^^
  hint: bound it: ON … AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '1' HOUR, or SET 'state.ttl' = '1 h'; or SET 'state.unbounded' = 'allow')");
  EXPECT_EQ(plan_text("SELECT 1 FROM trades t ASOF JOIN trades q ON t.symbol = q.symbol"), R"(
error 2005: a join with the version of a time needs an equality of keys, and the right event time not after the left one
  at SQL:1:24
  1 | SELECT 1 FROM trades t ASOF JOIN trades q ON t.symbol = q.symbol
    |                        ^^^^^^^^^
  hint: ASOF JOIN b ON a.key = b.key AND b.ts <= a.ts)");
  EXPECT_EQ(plan_text("SELECT 1 FROM trades t ASOF JOIN trades q ON t.symbol = q.symbol AND q.ts <= t.ts AND q.price > 1"), R"(
error 2005: a join with the version of a time takes keys alone, not price > 1e0
  at SQL:1:24
  1 | SELECT 1 FROM trades t ASOF JOIN trades q ON t.symbol = q.symbol AND q.ts <= t.ts AND q.price > ...
    |                        ^^^^^^^^^
  hint: put it into WHERE)");
  EXPECT_EQ(plan_text("SELECT 1 FROM trades t JOIN history h USING (nothing)"), R"(
error 2002: USING: the left side has no column 'nothing'
  at SQL:1:46
  1 | SELECT 1 FROM trades t JOIN history h USING (nothing)
    |                                              ^^^^^^^)");
  EXPECT_EQ(plan_text("SELECT * FROM trades FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01 00:00:00'"), R"(
error 2005: FOR SYSTEM_TIME AS OF without a left side whose times it could mean
  at SQL:1:44
  1 | SELECT * FROM trades FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01 00:00:00'
    |                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: a JOIN versions FOR SYSTEM_TIME AS OF a.ts ON a.key = versions.key)");
  EXPECT_EQ(plan_text("SELECT 1 FROM trades t JOIN (SELECT symbol FROM trades) i WITHIN 1 MINUTE ON t.symbol = i.symbol"), R"(
error 2005: WITHIN needs one event time on each side: the right side has none
  at SQL:1:66
  1 | SELECT 1 FROM trades t JOIN (SELECT symbol FROM trades) i WITHIN 1 MINUTE ON t.symbol = i.symbol
    |                                                                  ^^^^^^^^
  hint: write the bound out: ON … AND b.ts BETWEEN a.ts - INTERVAL '5' MINUTE AND a.ts + INTERVAL '5' MINUTE)");
}

}  // namespace
}  // namespace velo
