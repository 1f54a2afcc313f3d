#include "plan/rewrite_test_support.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

std::string split(std::string_view sql) {
  return steps_of(split_aggregates(prune_columns(bound_for_test(sql))));
}

TEST(SplitAggregates, EachThreadGroupsFirst) {
  EXPECT_EQ(split(R"(SELECT symbol, COUNT(*) AS n, COUNT(price) AS prices, MAX(price) AS top,
    SUM(quantity) FILTER (WHERE price > 1) AS q, SUM(CAST(quantity AS BIGINT)) AS b FROM history WHERE quantity > 0 GROUP BY symbol)"),
            R"(
Project symbol, COUNT(*) AS n, COUNT(price) AS prices, MAX(price) AS top, SUM(quantity) FILTER (WHERE price > 1e0) AS q, SUM(CAST(quantity AS BIGINT)) AS b
  Project symbol, COALESCE(SUM(`COUNT(*)`), 0) AS COUNT(*), COALESCE(SUM(`COUNT(price)`), 0) AS COUNT(price), MAX(`MAX(price)`) AS MAX(price), SUM(`SUM(quantity) FILTER (WHERE price > 1e0)`) AS SUM(quantity) FILTER (WHERE price > 1e0), CAST(SUM(`SUM(CAST(CAST(quantity AS BIGINT) AS DECIMAL(19, 0)))`) AS BIGINT) AS SUM(CAST(quantity AS BIGINT))
    Aggregate GROUP BY symbol: SUM(`COUNT(*)`), SUM(`COUNT(price)`), MAX(`MAX(price)`), SUM(`SUM(quantity) FILTER (WHERE price > 1e0)`), SUM(`SUM(CAST(CAST(quantity AS BIGINT) AS DECIMAL(19, 0)))`); EMIT FINAL
      PartialAggregate GROUP BY symbol: COUNT(*), COUNT(price), MAX(price), SUM(quantity) FILTER (WHERE price > 1e0), SUM(CAST(CAST(quantity AS BIGINT) AS DECIMAL(19, 0))); in each thread
        Filter quantity > 0
          Scan history: symbol, price, quantity; bounded
)");
}

TEST(SplitAggregates, DistinctAndGroupsWithoutKeysToo) {
  EXPECT_EQ(split("SELECT DISTINCT symbol FROM history"), R"(
Project symbol
  Distinct GROUP BY symbol; EMIT FINAL
    PartialDistinct GROUP BY symbol; in each thread
      Project symbol
        Scan history: symbol; bounded
)");
  EXPECT_EQ(split("SELECT COUNT(*) AS n FROM history"), R"(
Project COUNT(*) AS n
  Project COALESCE(SUM(`COUNT(*)`), 0) AS COUNT(*)
    Aggregate: SUM(`COUNT(*)`); EMIT FINAL
      PartialAggregate: COUNT(*); in each thread
        Scan history: no columns; bounded
)");
}

TEST(SplitAggregates, OnlyWhatIsExactInAnyOrder) {
  for (const char* aggregate :
       {"SUM(price)", "AVG(quantity)", "COUNT(DISTINCT price)", "MEDIAN(price)",
        "STRING_AGG(symbol, ',')", "FIRST_VALUE(price)", "STDDEV(price)"}) {
    const std::string sql = std::string("SELECT symbol, COUNT(*) AS n, ") + aggregate +
                            " AS x FROM history GROUP BY symbol";
    EXPECT_EQ(split(sql).find("Partial"), std::string::npos) << aggregate;
  }
}

TEST(SplitAggregates, OnlyWhereThreadsReadTheRowsAsTheyLie) {
  for (const char* sql :
       {"SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol",
        "SELECT n, COUNT(*) AS m FROM (SELECT symbol, SUM(price) AS n FROM history GROUP BY "
        "symbol) "
        "GROUP BY n",
        "SELECT h.symbol, COUNT(*) AS n FROM history h JOIN history i USING (symbol) GROUP BY "
        "h.symbol",
        "SELECT symbol, COUNT(*) AS n FROM history GROUP BY symbol EMIT CHANGES"}) {
    EXPECT_EQ(split(sql).find("Partial"), std::string::npos) << sql;
  }
}

}  // namespace
}  // namespace velo
