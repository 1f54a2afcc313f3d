#include "plan/rewrite_test_support.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

std::string folded(std::string_view sql) { return steps_of(fold_plan(bound_for_test(sql))); }

TEST(FoldPlan, ConstantPartsBecomeLiterals) {
  EXPECT_EQ(
      folded(R"(SELECT quantity + (1 + 2) AS q, UPPER('a') AS a FROM history WHERE price > 2 * 3)"),
      R"(
Project quantity + 3 AS q, 'A' AS a
  Filter price > 6e0
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(
      folded(
          R"(SELECT SUM(price * (2 + 1)) FILTER (WHERE quantity > 1 + 1) AS s FROM history GROUP BY symbol || LOWER('X'))"),
      R"(
Project SUM(price * CAST(2 + 1 AS DOUBLE)) FILTER (WHERE quantity > 1 + 1) AS s
  Aggregate GROUP BY symbol || 'x': SUM(price * CAST(2 + 1 AS DOUBLE)) FILTER (WHERE quantity > 1 + 1); EMIT FINAL
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(
      folded(
          R"(SELECT window_start, COUNT(*) AS n FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, quantity + (1 + 1))"),
      R"(
Project window_start, COUNT(*) AS n
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY quantity + 2: COUNT(*); with window_start; EMIT FINAL
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(FoldPlan, WhatDiffersFromRowToRowOrFailsStays) {
  EXPECT_EQ(folded(R"(SELECT RAND() AS r, 1 / 0 AS z FROM history)"),
            R"(
Project RAND() AS r, 1 / 0 AS z
  Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(FoldPlan, AFilterThatIsAlwaysTrueGoes) {
  EXPECT_EQ(folded(R"(SELECT symbol FROM history WHERE 1 < 2)"),
            R"(
Project symbol
  Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(folded(R"(SELECT symbol FROM history WHERE 1 > 2)"),
            R"(
Project symbol
  Filter FALSE
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(folded(R"(SELECT symbol FROM history WHERE CAST(NULL AS BOOLEAN))"),
            R"(
Project symbol
  Filter FALSE
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(FoldPlan, ConditionsLoseWhatOthersImply) {
  EXPECT_EQ(folded(R"(SELECT symbol FROM history WHERE quantity > 3 AND quantity > 5 AND TRUE)"),
            R"(
Project symbol
  Filter quantity > 5
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(folded(R"(SELECT symbol FROM history WHERE quantity > 5 AND quantity < 3)"),
            R"(
Project symbol
  Filter FALSE
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

}  // namespace
}  // namespace velo
