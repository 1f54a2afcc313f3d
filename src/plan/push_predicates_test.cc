#include "plan/rewrite_test_support.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

std::string pushed(std::string_view sql) { return steps_of(push_predicates(bound_for_test(sql))); }

TEST(PushPredicates, ThroughProjectionsAndSubQueries) {
  EXPECT_EQ(
      pushed(
          R"(SELECT twice FROM (SELECT price * 2 AS twice, symbol FROM history) WHERE twice > 4 AND symbol = 'A')"),
      R"(
Project twice
  Project price * 2e0 AS twice, symbol
    Filter price * 2e0 > 4e0 AND symbol = 'A'
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, ConditionsThatMeetBecomeOne) {
  EXPECT_EQ(
      pushed(R"(SELECT symbol FROM (SELECT * FROM history WHERE price > 1) WHERE quantity > 2)"),
      R"(
Project symbol
  Project symbol, price, quantity, ts
    Filter price > 1e0 AND quantity > 2
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, BelowAGroupingOnlyThoseOverItsKeys) {
  EXPECT_EQ(
      pushed(
          R"(SELECT symbol, COUNT(*) AS n FROM history GROUP BY symbol HAVING symbol <> 'X' AND COUNT(*) > 1)"),
      R"(
Project symbol, COUNT(*) AS n
  Filter COUNT(*) > 1
    Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL
      Filter symbol <> 'X'
        Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(
      pushed(
          R"(SELECT window_start, symbol, COUNT(*) AS n FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol HAVING symbol <> 'X' AND window_start > TIMESTAMP '2024-01-01 00:00:00')"),
      R"(
Project window_start, symbol, COUNT(*) AS n
  Filter window_start > TIMESTAMP '2024-01-01T00:00:00'
    WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); with window_start; EMIT FINAL
      Filter symbol <> 'X'
        Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(
      pushed(
          R"(SELECT symbol, COUNT(*) AS n FROM history GROUP BY symbol HAVING symbol = 'A' OR RAND() < 0.5)"),
      R"(
Project symbol, COUNT(*) AS n
  Filter symbol = 'A' OR RAND() < 0.5e0
    Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(pushed(R"(SELECT COUNT(*) AS n FROM history HAVING 1 > 2)"),
            R"(
Project COUNT(*) AS n
  Filter 1 > 2
    Aggregate: COUNT(*); EMIT FINAL
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, LateRowsOfUnwantedGroupsAreStillReported) {
  EXPECT_EQ(
      pushed(
          R"(CREATE TABLE late WITH ('connector' = 'blackhole'); SELECT symbol, COUNT(*) AS n FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol HAVING symbol <> 'X' LATE DATA TO late)"),
      R"(
Project symbol, COUNT(*) AS n
  Filter symbol <> 'X'
    WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); EMIT FINAL; LATE DATA TO late
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, IntoBothSidesOfAUnion) {
  EXPECT_EQ(
      pushed(
          R"(SELECT symbol FROM (SELECT symbol FROM history UNION ALL SELECT UPPER(symbol) FROM trades) WHERE symbol = 'A')"),
      R"(
Project symbol
  Union
    Project symbol
      Filter symbol = 'A'
        Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
    Project UPPER(symbol) AS upper
      Filter UPPER(symbol) = 'A'
        Scan trades: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
}

TEST(PushPredicates, ThroughAnOrderButNotThroughALimit) {
  EXPECT_EQ(
      pushed(
          R"(SELECT symbol FROM (SELECT symbol FROM history ORDER BY symbol) WHERE symbol = 'A')"),
      R"(
Project symbol
  OrderBy symbol
    Project symbol
      Filter symbol = 'A'
        Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(pushed(R"(SELECT symbol FROM (SELECT symbol FROM history LIMIT 3) WHERE symbol = 'A')"),
            R"(
Project symbol
  Filter symbol = 'A'
    Limit 3
      Project symbol
        Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, BelowWindowsThatRowsAreGivenOnlyWithoutWindowColumns) {
  EXPECT_EQ(
      pushed(
          R"(SELECT symbol FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) WHERE price > 1 AND window_end > ts)"),
      R"(
Project symbol
  Filter window_end > ts
    WindowAssign TUMBLE(ts, INTERVAL '1' MINUTE)
      Filter price > 1e0
        Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, NotThroughWhatIsDrawnByChance) {
  EXPECT_EQ(pushed(R"(SELECT r FROM (SELECT RAND() AS r FROM history) WHERE r > 0.5)"),
            R"(
Project r
  Filter r > 0.5e0
    Project RAND() AS r
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, NotIntoASharedSubPlan) {
  EXPECT_EQ(
      pushed(
          R"(CREATE TABLE once AS SELECT symbol, price FROM history; SELECT symbol FROM once WHERE price > 1)"),
      R"(
Project symbol
  Filter price > 1e0
    Shared once
      Project symbol, price
        Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, BelowOverThoseOverItsPartitions) {
  EXPECT_EQ(
      pushed(
          R"(SELECT symbol, s FROM (SELECT symbol, price, SUM(price) OVER (PARTITION BY symbol ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM trades) WHERE symbol = 'A' AND price > 2)"),
      R"(
Project symbol, s
  Project symbol, price, SUM(price) OVER AS s
    Filter price > 2e0
      Over PARTITION BY symbol ORDER BY ts: SUM(price) ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
        Filter symbol = 'A'
          Scan trades: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
}

TEST(PushPredicates, WhatHoldsOfAKeyHoldsOfItsPartner) {
  EXPECT_EQ(
      pushed(
          R"(SELECT t.price FROM trades t JOIN history h ON t.symbol = h.symbol WHERE h.symbol = 'A')"),
      R"(
Project price
  Join on trades.symbol = history.symbol; the right side is read first
    Filter symbol = 'A'
      Scan trades: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
    Filter symbol = 'A'
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(
      pushed(
          R"(SELECT t.price FROM trades t LEFT JOIN history h ON t.symbol = h.symbol WHERE t.symbol = 'A')"),
      R"(
Project price
  LeftJoin on trades.symbol = history.symbol; the right side is read first
    Filter symbol = 'A'
      Scan trades: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
    Filter symbol = 'A'
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(
      pushed(
          R"(SELECT t.price FROM trades t LEFT JOIN history h ON t.symbol = h.symbol AND h.symbol = 'A')"),
      R"(
Project price
  LeftJoin on trades.symbol = history.symbol; the right side is read first
    Scan trades: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
    Filter symbol = 'A'
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, BelowUnnestThoseOverTheRowItself) {
  EXPECT_EQ(
      pushed(
          R"(SELECT symbol, x FROM history, UNNEST(ARRAY[1, 2]) AS u (x) WHERE symbol = 'A' AND x > 1)"),
      R"(
Project symbol, x
  Filter x > 1
    Unnest ARRAY[1, 2] AS x
      Filter symbol = 'A'
        Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

}  // namespace
}  // namespace velo
