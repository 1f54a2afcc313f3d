// Sub-queries and set operations: SQL and the plan that it becomes.
#include <gtest/gtest.h>

#include "plan/plan_test_support.h"

namespace velo {
namespace {

TEST(Subquery, InAndExistsAsConditionsAreSemiJoins) {
  EXPECT_EQ(plan_text(R"(SELECT symbol FROM trades WHERE symbol IN (SELECT symbol FROM history))"),
            R"(
SemiJoin on trades.symbol = history.symbol; the right side is read first; state: until the input ends, 16+ bytes per right row
  Scan trades: symbol
  Scan history: symbol; bounded
)");
  EXPECT_EQ(plan_text(R"(SELECT symbol FROM trades AS t WHERE NOT EXISTS (SELECT 1 FROM history AS h WHERE h.symbol = t.symbol AND h.price > t.price))"),
            R"(
Project symbol
  AntiJoin on trades.symbol = history.symbol AND history.price > trades.price; the right side is read first; state: until the input ends, 24+ bytes per right row
    Scan trades: symbol, price
    Scan history: symbol, price; bounded
)");
}

TEST(Subquery, OtherwiseTheyAreMarks) {
  EXPECT_EQ(plan_text(R"(SELECT symbol FROM trades WHERE symbol NOT IN (SELECT symbol FROM history))"),
            R"(
Project symbol
  Filter NOT in
    MarkJoin trades.symbol IN history.symbol; the right side is read first; state: until the input ends, 16+ bytes per right row
      Scan trades: symbol
      Scan history: symbol; bounded
)");
  EXPECT_EQ(plan_text(R"(SELECT symbol, EXISTS (SELECT 1 FROM history AS h WHERE h.symbol = t.symbol) AS e FROM trades AS t)"),
            R"(
Project symbol, exists AS e
  MarkJoin on trades.symbol = history.symbol; the right side is read first; state: until the input ends, 16+ bytes per right row
    Scan trades: symbol
    Scan history: symbol; bounded
)");
  EXPECT_EQ(plan_text(R"(SELECT symbol FROM history WHERE quantity + 1 IN (SELECT quantity FROM trades) OR price > 1)"),
            R"(
Project symbol [changes]
  Filter in OR price > 1e0 [changes]
    MarkJoin asked8 IN trades.quantity; both sides are kept; state: grows for ever, 32+ bytes per left row, 8 bytes per right row [changes]
      Project symbol, price, quantity + 1 AS asked8
        Scan history: symbol, price, quantity; bounded
      Scan trades: quantity
)");
}

TEST(Subquery, ValuesAreGroupedByWhatTiesThem) {
  EXPECT_EQ(plan_text(R"(SELECT symbol, (SELECT MAX(price) FROM history) AS m FROM trades)"),
            R"(
Project symbol, max AS m
  SingleJoin; the right side is read first; state: until the input ends, 8 bytes per right row
    Scan trades: symbol
    Project MAX(price) AS max
      Aggregate: MAX(price); EMIT FINAL; state: until the input ends
        Scan history: price; bounded
)");
  EXPECT_EQ(plan_text(R"(SELECT symbol, (SELECT COUNT(*) FROM history AS h WHERE h.symbol = t.symbol) AS n FROM trades AS t)"),
            R"(
Project symbol, CASE WHEN found THEN count ELSE 0 END AS n
  SingleJoin on trades.symbol = symbol; the right side is read first; state: until the input ends, 25+ bytes per right row
    Scan trades: symbol
    Project COUNT(*) AS count, symbol, TRUE AS found
      Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL; state: until the input ends
        Scan history: symbol; bounded
)");
  EXPECT_EQ(plan_text(R"(SELECT symbol, (SELECT price FROM history AS h WHERE h.symbol = t.symbol ORDER BY ts DESC LIMIT 1) AS last FROM trades AS t)"),
            R"(
Project symbol, price AS last
  SingleJoin on trades.symbol = history.symbol; the right side is read first; state: until the input ends, 24+ bytes per right row
    Scan trades: symbol
    Project price, symbol
      TopN 1 per symbol by order1 DESC; when the input has ended; state: until the input ends, 32+ bytes per row
        Project price, ts AS order1, symbol
          Scan history: symbol, price, ts; bounded
)");
}

TEST(Subquery, ComparisonsWithAllAskTheExtremes) {
  EXPECT_EQ(plan_text(R"(SELECT symbol FROM trades WHERE price > ALL (SELECT price FROM history))"),
            R"(
Project symbol
  Filter NOT CASE WHEN COALESCE(COUNT(*), 0) = 0 THEN FALSE WHEN price <= MAX(price) THEN TRUE WHEN price IS NULL OR COUNT(*) > COUNT(price) THEN NULL ELSE FALSE END
    SingleJoin; the right side is read first; state: until the input ends, 24 bytes per right row
      Scan trades: symbol, price
      Aggregate: COUNT(*), COUNT(price), MAX(price); EMIT FINAL; state: until the input ends
        Scan history: price; bounded
)");
}

TEST(SetOperation, CountsTheRowsOfBothSides) {
  EXPECT_EQ(plan_text(R"(SELECT symbol FROM history UNION SELECT symbol FROM trades UNION SELECT 'x')"),
            R"(
Distinct GROUP BY symbol; EMIT CHANGES; state: grows for ever
  Union
    Scan history: symbol; bounded
    Scan trades: symbol
    Project 'x' AS expr1
      Values: 1 row
)");
  EXPECT_EQ(plan_text(R"(SELECT symbol FROM history INTERSECT SELECT symbol FROM history WHERE price > 1)"),
            R"(
Project symbol
  Filter in_left > 0 AND in_right > 0
    Aggregate GROUP BY symbol: COUNT(*) FILTER (WHERE of_left), COUNT(*) FILTER (WHERE NOT of_left); EMIT FINAL; state: until the input ends
      Union
        Project symbol, TRUE AS of_left
          Scan history: symbol; bounded
        Project symbol, FALSE AS of_left
          Filter price > 1e0
            Scan history: symbol, price; bounded
)");
  EXPECT_EQ(plan_text(R"(SELECT quantity FROM history EXCEPT ALL SELECT CAST(quantity AS BIGINT) FROM history)"),
            R"(
Project quantity
  Repeat in_left - in_right times
    Aggregate GROUP BY quantity: COUNT(*) FILTER (WHERE of_left), COUNT(*) FILTER (WHERE NOT of_left); EMIT FINAL; state: until the input ends
      Union
        Project CAST(quantity AS BIGINT) AS quantity, TRUE AS of_left
          Scan history: quantity; bounded
        Project CAST(quantity AS BIGINT) AS quantity, FALSE AS of_left
          Scan history: quantity; bounded
)");
}

}  // namespace
}  // namespace velo
