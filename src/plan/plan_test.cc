#include <gtest/gtest.h>

#include "plan/plan_test_support.h"

namespace velo {
namespace {

TEST(Plan, WindowedAggregation) {
  SessionForTest s;
  auto r = s.run(
      "CREATE TABLE t (a INT, b STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH "
      "('connector'='kafka', 'topic'='t');"
      "SELECT a + 1 AS x, UPPER(b) FROM t WHERE a > 2 * 3;");
  EXPECT_EQ(r ? *r : r.error().to_string(),
            "Project a + 1 AS x, UPPER(b) AS upper\n  Filter a > 6\n    Scan t: a, b\n");
  r = s.run(
      "SELECT window_start, b, COUNT(*) AS n, SUM(a) + 1 AS s FROM TUMBLE(TABLE t, "
      "DESCRIPTOR(ts), INTERVAL '1' MINUTE) WHERE a > 1 GROUP BY window_start, window_end, b "
      "HAVING COUNT(*) > 2");
  EXPECT_EQ(r ? *r : r.error().to_string(),
            "Project window_start, b, COUNT(*) AS n, SUM(a) + 1 AS s\n"
            "  Filter COUNT(*) > 2\n"
            "    WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY b: COUNT(*), SUM(a); "
            "with window_start; EMIT FINAL; state: until the watermark passes\n"
            "      Filter a > 1\n"
            "        Scan t: a, b, ts; WATERMARK FOR ts AS ts; idle after INTERVAL '10' SECOND\n");
}

}  // namespace
}  // namespace velo
