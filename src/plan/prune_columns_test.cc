#include "plan/rewrite_test_support.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

std::string pruned(std::string_view sql) { return steps_of(prune_columns(bound_for_test(sql))); }

TEST(PruneColumns, ScansReadWhatIsAskedFor) {
  EXPECT_EQ(pruned(R"(SELECT symbol FROM history WHERE price > 1)"),
            R"(
Project symbol
  Filter price > 1e0
    Scan history: symbol, price; bounded
)");
  EXPECT_EQ(pruned(R"(SELECT 1 AS one FROM history)"),
            R"(
Project 1 AS one
  Scan history: no columns; bounded
)");
  EXPECT_EQ(pruned(R"(SELECT a FROM (VALUES (1, 2), (3, 4)) AS v (a, b))"),
            R"(
Project a
  Values: 2 rows
)");
}

TEST(PruneColumns, WhatOnlyAFilterBelowReadsIsNotKeptByWhatKeepsRows) {
  EXPECT_EQ(
      pruned(
          R"(SELECT symbol, SUM(quantity) OVER (ORDER BY symbol) AS s FROM (SELECT * FROM history WHERE price > 1))"),
      R"(
Project symbol, SUM(quantity) OVER AS s
  Over ORDER BY symbol: SUM(quantity); when the input has ended
    Project symbol, quantity
      Filter price > 1e0
        Scan history: symbol, price, quantity; bounded
)");
  EXPECT_EQ(
      pruned(
          R"(SELECT a.quantity FROM trades a JOIN (SELECT * FROM trades WHERE price > 1) b ON a.symbol = b.symbol)"),
      R"(
Project quantity
  Join on trades.symbol = trades.symbol; both sides are kept
    Scan trades: symbol, quantity
    Project symbol
      Filter price > 1e0
        Scan trades: symbol, price
)");
}

TEST(PruneColumns, AggregatesThatNobodyReadsGo) {
  EXPECT_EQ(
      pruned(
          R"(SELECT n FROM (SELECT symbol, COUNT(*) AS n, SUM(price) AS s FROM history GROUP BY symbol))"),
      R"(
Project n
  Project COUNT(*) AS n
    Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL
      Scan history: symbol; bounded
)");
  EXPECT_EQ(
      pruned(
          R"(SELECT symbol FROM (SELECT symbol, COUNT(*) AS n, SUM(price) AS s FROM history GROUP BY symbol))"),
      R"(
Project symbol
  Project symbol
    Aggregate GROUP BY symbol: SUM(price); EMIT FINAL
      Scan history: symbol, price; bounded
)");
}

TEST(PruneColumns, TheTimeColumnIsReadOnlyWhereTimeCounts) {
  EXPECT_EQ(pruned(R"(SELECT MEDIAN(price) AS m FROM history)"),
            R"(
Project MEDIAN(price) AS m
  Aggregate: MEDIAN(price); EMIT FINAL
    Scan history: price; bounded
)");
  EXPECT_EQ(pruned(R"(SELECT STRING_AGG(symbol, ',') AS s FROM history)"),
            R"(
Project STRING_AGG(symbol, ',') AS s
  Aggregate: STRING_AGG(symbol, ','); EMIT FINAL
    Scan history: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(pruned(R"(SELECT FIRST_VALUE(price) AS f FROM history)"),
            R"(
Project FIRST_VALUE(price) AS f
  Aggregate: FIRST_VALUE(price); EMIT FINAL
    Scan history: price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PruneColumns, WatermarksThatNobodyWaitsForGo) {
  EXPECT_EQ(pruned(R"(SELECT ts FROM history)"),
            R"(
Project ts
  Scan history: ts; bounded
)");
  EXPECT_EQ(
      pruned(
          R"(SELECT window_start, COUNT(*) AS n FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end)"),
      R"(
Project window_start, COUNT(*) AS n
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE): COUNT(*); with window_start; EMIT FINAL
    Scan history: ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(
      pruned(
          R"(SELECT symbol, window_start FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE))"),
      R"(
Project symbol, window_start
  WindowAssign TUMBLE(ts, INTERVAL '1' MINUTE)
    Scan history: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PruneColumns, LateRowsKeepTheColumnsOfTheirSink) {
  EXPECT_EQ(
      pruned(
          R"(CREATE TABLE late (price DOUBLE, late_by INTERVAL SECOND) WITH ('connector' = 'kafka'); SELECT symbol, COUNT(*) AS n FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol LATE DATA TO late)"),
      R"(
Project symbol, COUNT(*) AS n
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); EMIT FINAL; LATE DATA TO late
    Scan history: symbol, price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PruneColumns, InputsOfAUnionKeepOneShape) {
  EXPECT_EQ(
      pruned(
          R"(SELECT b FROM (SELECT symbol AS a, price AS b FROM history UNION ALL SELECT symbol, price FROM trades))"),
      R"(
Project b
  Union
    Project price AS b
      Scan history: price; bounded
    Project price
      Scan trades: price
)");
}

TEST(PruneColumns, AnOrderReadsItsKeys) {
  EXPECT_EQ(pruned(R"(SELECT symbol FROM history ORDER BY price DESC)"),
            R"(
Project symbol
  OrderBy order1 DESC
    Project symbol, price AS order1
      Scan history: symbol, price; bounded
)");
}

TEST(PruneColumns, OfARowOnlyFieldsThatAreRead) {
  constexpr const char* kRows =
      R"(CREATE TABLE events (kind INT, person ROW<name STRING, home ROW<city STRING, zip INT>>) WITH ('connector' = 'kafka', 'topic' = 'e', 'format' = 'json');
)";
  EXPECT_EQ(pruned(std::string(kRows) +
                   "SELECT person.name, person.home.city FROM events WHERE kind = 1"),
            R"(
Project person.name AS name, person.home.city AS city
  Filter kind = 1
    Scan events: kind, person.name, person.home.city
)");
  EXPECT_EQ(pruned(std::string(kRows) + "SELECT person.home, person.home.city FROM events"),
            R"(
Project person.home AS home, person.home.city AS city
  Scan events: person.home
)");
  const PlanPtr plan =
      prune_columns(bound_for_test(std::string(kRows) + "SELECT person.home.city FROM events"));
  EXPECT_EQ(plan->input()->as<ScanNode>().layout->to_string(), "person ROW<home ROW<city STRING>>");
}

TEST(PruneColumns, FieldsPassThroughJoins) {
  constexpr const char* kRows =
      R"(CREATE TABLE events (kind INT, person ROW<id INT, name STRING>, bid ROW<bidder INT, price INT, note STRING>) WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
)";
  EXPECT_EQ(pruned(std::string(kRows) + "SELECT a.person.name, b.bid.price FROM events a JOIN "
                                        "events b ON a.person.id = b.bid.bidder"),
            R"(
Project person.name AS name, bid.price AS price
  Join on events.person.id = events.bid.bidder; the right side is read first
    Scan events: person.name, person.id; bounded
    Scan events: bid.price, bid.bidder; bounded
)");
}

TEST(PruneColumns, UnnestGivesThePositionOnlyIfItIsRead) {
  EXPECT_EQ(pruned(R"(SELECT x FROM history, UNNEST(ARRAY[1, 2]) WITH ORDINALITY AS u (x, n))"),
            R"(
Project x
  Unnest ARRAY[1, 2] AS x
    Scan history: no columns; bounded
)");
}

}  // namespace
}  // namespace velo
