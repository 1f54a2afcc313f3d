#include "plan/rewrite_test_support.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

std::string without_empty(std::string_view sql) {
  return steps_of(remove_empty(fold_plan(bound_for_test(sql))));
}

TEST(RemoveEmpty, WhatStandsOverNoRowsGoes) {
  EXPECT_EQ(
      without_empty(R"(SELECT symbol, COUNT(*) AS n FROM history WHERE 1 > 2 GROUP BY symbol)"),
      R"(
Values: 0 rows
)");
}

TEST(RemoveEmpty, WhatGoesOnGoesOn) {
  EXPECT_EQ(without_empty(R"(SELECT symbol FROM trades WHERE FALSE)"), R"(
Project symbol
  Filter FALSE
    Scan trades: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
}

TEST(RemoveEmpty, AGroupingWithoutKeysHasAGroupOverNoRows) {
  EXPECT_EQ(without_empty(R"(SELECT COUNT(*) AS n FROM history WHERE 1 > 2)"),
            R"(
Project COUNT(*) AS n
  Aggregate: COUNT(*); EMIT FINAL
    Values: 0 rows
)");
}

TEST(RemoveEmpty, OfAUnionTheOthersRemain) {
  EXPECT_EQ(
      without_empty(
          R"(SELECT symbol FROM history WHERE FALSE UNION ALL SELECT symbol AS other FROM trades)"),
      R"(
Project other AS symbol
  Project symbol AS other
    Scan trades: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; idle after INTERVAL '10' SECOND
)");
}

TEST(RemoveEmpty, OfAnOuterJoinTheSideThatIsKeptRemains) {
  EXPECT_EQ(
      without_empty(
          R"(SELECT h.symbol, o.price FROM history h LEFT JOIN (SELECT * FROM history WHERE FALSE) o ON h.symbol = o.symbol)"),
      R"(
Project symbol, price
  Project symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION, NULL AS symbol, NULL AS price, NULL AS quantity, NULL AS ts
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(
      without_empty(
          R"(SELECT h.symbol, o.price FROM history h JOIN (SELECT * FROM history WHERE FALSE) o ON h.symbol = o.symbol)"),
      R"(
Values: 0 rows
)");
}

}  // namespace
}  // namespace velo
