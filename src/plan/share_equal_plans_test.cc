// Equal sub-plans are computed once.
#include <gtest/gtest.h>

#include "plan/plan_test_support.h"

namespace velo {
namespace {

TEST(ShareEqualPlans, TheTwinWindowsOfHotItems) {
  EXPECT_EQ(plan_text(R"(
SELECT a.symbol, a.n FROM
  (SELECT symbol, COUNT(*) AS n, window_start AS s, window_end AS e
   FROM HOP(TABLE history, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND)
   GROUP BY symbol, window_start, window_end) AS a
JOIN
  (SELECT MAX(c.n) AS most, c.s, c.e FROM
     (SELECT COUNT(*) AS n, window_start AS s, window_end AS e
      FROM HOP(TABLE history, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND)
      GROUP BY symbol, window_start, window_end) AS c
   GROUP BY c.s, c.e) AS m
ON a.s = m.s AND a.e = m.e AND a.n >= m.most)"),
            R"(
Project symbol, n
  Join on s = s AND e = e AND n >= most; right e - left e from INTERVAL '0' SECOND to INTERVAL '0' SECOND; state: until the watermark passes, 40+ bytes per left row, 24 bytes per right row
    Project symbol, COUNT(*) AS n, window_start AS s, window_end AS e
      Shared sub-plan 1
        WindowAggregate HOP(ts, INTERVAL '2' SECOND, INTERVAL '10' SECOND) GROUP BY symbol: COUNT(*); with window_start, window_end; EMIT FINAL; state: until the watermark passes
          Scan history: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
    Project MAX(n) AS most, s, e
      WindowAggregate of the input by e GROUP BY s, e: MAX(n); EMIT FINAL; state: until the watermark passes
        Project COUNT(*) AS n, window_start AS s, window_end AS e
          Shared sub-plan 1, as above
)");
}

TEST(ShareEqualPlans, NamesDoNotCountButEverythingElseDoes) {
  EXPECT_EQ(plan_text(R"(
SELECT a.n, b.m FROM (SELECT symbol, COUNT(*) AS n FROM history GROUP BY symbol) AS a
JOIN (SELECT symbol AS s, COUNT(*) AS m FROM history GROUP BY symbol) AS b ON a.symbol = b.s)"),
            R"(
Project n, m
  Join on symbol = s; the right side is read first; state: until the input ends, 24+ bytes per right row
    Project symbol, COUNT(*) AS n
      Shared sub-plan 1
        Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the input ends
          Scan history: symbol; bounded
    Project symbol AS s, COUNT(*) AS m
      Shared sub-plan 1, as above
)");
  EXPECT_EQ(plan_text(R"(
SELECT a.n, b.m FROM (SELECT symbol, COUNT(*) AS n FROM history GROUP BY symbol) AS a
JOIN (SELECT symbol AS s, COUNT(*) AS m FROM history WHERE price > 1 GROUP BY symbol) AS b ON a.symbol = b.s)"),
            R"(
Project n, m
  Join on symbol = s; the right side is read first; state: until the input ends, 24+ bytes per right row
    Project symbol, COUNT(*) AS n
      Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the input ends
        Scan history: symbol; bounded
    Project symbol AS s, COUNT(*) AS m
      Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the input ends
        Filter price > 1e0
          Scan history: symbol, price; bounded
)");
}

TEST(ShareEqualPlans, WhatIsDrawnByChanceIsDrawnTwice) {
  EXPECT_EQ(plan_text(R"(
SELECT SUM(RAND()) AS a FROM history UNION ALL SELECT SUM(RAND()) AS a FROM history)"),
            R"(
Union
  Project SUM(RAND()) AS a
    Aggregate: SUM(RAND()); EMIT FINAL; state: until the input ends
      Scan history: no columns; bounded
  Project SUM(RAND()) AS a
    Aggregate: SUM(RAND()); EMIT FINAL; state: until the input ends
      Scan history: no columns; bounded
)");
}

}  // namespace
}  // namespace velo
