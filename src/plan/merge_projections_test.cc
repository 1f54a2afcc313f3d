#include "plan/rewrite_test_support.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

std::string merged(std::string_view sql) {
  return steps_of(merge_projections(bound_for_test(sql)));
}

TEST(MergeProjections, OneOverTheOtherBecomesOne) {
  EXPECT_EQ(merged(R"(SELECT q + 1 AS r FROM (SELECT quantity * 2 AS q FROM history))"),
            R"(
Project quantity * 2 + 1 AS r
  Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(MergeProjections, ThatChangeNothingGo) {
  EXPECT_EQ(merged(R"(SELECT * FROM (SELECT symbol, price FROM history))"),
            R"(
Project symbol, price
  Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(merged(R"(SELECT symbol AS s, price FROM (SELECT symbol, price FROM history))"),
            R"(
Project symbol AS s, price
  Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(MergeProjections, WhatIsDrawnByChanceIsDrawnOnce) {
  EXPECT_EQ(merged(R"(SELECT r, r AS again FROM (SELECT RAND() AS r FROM history))"),
            R"(
Project r, r AS again
  Project RAND() AS r
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

}  // namespace
}  // namespace velo
