#include "plan/rewrite_test_support.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

std::string optimised(std::string_view sql) { return steps_of(optimise(bound_for_test(sql))); }

TEST(Optimise, AllTogetherLeaveTheSourceWhatIsNeeded) {
  EXPECT_EQ(optimised(R"(SELECT twice FROM (SELECT price * 2 AS twice, symbol, ts FROM history WHERE 1 = 1) WHERE symbol LIKE 'A%')"),
            R"(
Project price * 2e0 AS twice
  Filter symbol LIKE 'A%'
    Scan history: symbol, price; bounded
)");
}

TEST(Optimise, AClockIsReadByItsWindowAlone) {
  EXPECT_EQ(optimised(R"(SELECT window_start, COUNT(*) AS n
FROM TUMBLE(TABLE (SELECT *, PROCTIME() AS p FROM history WHERE price > 2), DESCRIPTOR(p), INTERVAL '1' MINUTE)
WHERE quantity = 1 GROUP BY window_start, window_end)"),
            R"(
Project window_start, COUNT(*) AS n
  WindowAggregate TUMBLE(p, INTERVAL '1' MINUTE): COUNT(*); with window_start; EMIT FINAL
    ProcessingTime p
      Project 
        Filter price > 2e0 AND quantity = 1
          Scan history: price, quantity; bounded
)");
}

}  // namespace
}  // namespace velo
