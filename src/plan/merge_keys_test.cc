#include "plan/rewrite_test_support.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

std::string merged(std::string_view sql) { return steps_of(merge_keys(bound_for_test(sql))); }

TEST(MergeKeys, AKeyThatOthersDecideIsComputedFromThem) {
  EXPECT_EQ(
      merged(
          R"(SELECT quantity, quantity > 1 AS big, COUNT(*) AS n FROM history GROUP BY quantity, quantity > 1)"),
      R"(
Project quantity, key2 AS big, COUNT(*) AS n
  Project quantity, quantity > 1 AS key2, COUNT(*)
    Aggregate GROUP BY quantity: COUNT(*); EMIT FINAL
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(MergeKeys, AConstantKeyGoesWhereAnotherRemains) {
  EXPECT_EQ(merged(R"(SELECT COUNT(*) AS n FROM history GROUP BY symbol, 1 = 1)"),
            R"(
Project COUNT(*) AS n
  Project symbol, 1 = 1 AS key2, COUNT(*)
    Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(merged(R"(SELECT COUNT(*) AS n FROM history GROUP BY 1 = 1)"),
            R"(
Project COUNT(*) AS n
  Aggregate GROUP BY 1 = 1: COUNT(*); EMIT FINAL
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(MergeKeys, WhatMayFailStaysAKey) {
  EXPECT_EQ(merged(R"(SELECT COUNT(*) AS n FROM history GROUP BY quantity, 10 / quantity)"),
            R"(
Project COUNT(*) AS n
  Aggregate GROUP BY quantity, 10 / quantity: COUNT(*); EMIT FINAL
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(MergeKeys, InWindowsToo) {
  EXPECT_EQ(
      merged(
          R"(SELECT window_start, symbol, UPPER(symbol) AS big, COUNT(*) AS n FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, UPPER(symbol), symbol)"),
      R"(
Project window_start, symbol, key3 AS big, COUNT(*) AS n
  Project UPPER(symbol) AS key3, symbol, window_start, COUNT(*)
    WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); with window_start; EMIT FINAL
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

}  // namespace
}  // namespace velo
