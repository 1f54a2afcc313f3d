// Each rewrite alone: the plan as it is bound, and what the rewrite makes of it.
#include "plan/rewrite.h"

#include <gtest/gtest.h>

#include "plan/plan_test_support.h"

namespace velo {
namespace {

/// The last statement's plan as it is bound, over the tables of kTablesForTest.
PlanPtr bound(std::string_view sql) {
  SessionForTest session = session_with_tables();
  session.optimise = false;
  const Result<ast::Script> script = parse_script(sql);
  CHECK(script.has_value(), script.error().to_string());
  PlanPtr plan;
  for (const ast::Statement& statement : script->statements) {
    const BinderContext context{
        &session.catalog, &session.kinds, &session.settings,
        [](std::string_view) -> std::optional<std::string> { return std::nullopt; }, false};
    const Result<BoundStatement> made = bind_statement(statement, sql, context);
    CHECK(made.has_value(), made.error().to_string());
    if (PlanPtr found = made->plan()) plan = std::move(found);
  }
  return plan;
}

std::string text_of(const PlanPtr& plan) {
  return "\n" + explain(*plan, {.changelog = false, .state = false});
}

std::string folded(std::string_view sql) { return text_of(fold_plan(bound(sql))); }
std::string pushed(std::string_view sql) { return text_of(push_predicates(bound(sql))); }
std::string merged(std::string_view sql) { return text_of(merge_projections(bound(sql))); }
std::string optimised(std::string_view sql) { return text_of(optimise(bound(sql))); }
std::string pruned(std::string_view sql) { return text_of(prune_columns(bound(sql))); }

TEST(FoldPlan, ConstantPartsBecomeLiterals) {
  EXPECT_EQ(folded(R"(SELECT quantity + (1 + 2) AS q, UPPER('a') AS a FROM history WHERE price > 2 * 3)"),
            R"(
Project quantity + 3 AS q, 'A' AS a
  Filter price > 6e0
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(folded(R"(SELECT SUM(price * (2 + 1)) FILTER (WHERE quantity > 1 + 1) AS s FROM history GROUP BY symbol || LOWER('X'))"),
            R"(
Project SUM(price * CAST(2 + 1 AS DOUBLE)) FILTER (WHERE quantity > 1 + 1) AS s
  Aggregate GROUP BY symbol || 'x': SUM(price * CAST(2 + 1 AS DOUBLE)) FILTER (WHERE quantity > 1 + 1); EMIT FINAL
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(folded(R"(SELECT window_start, COUNT(*) AS n FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, quantity + (1 + 1))"),
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
  Filter NULL
    Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, ThroughProjectionsAndSubQueries) {
  EXPECT_EQ(pushed(R"(SELECT twice FROM (SELECT price * 2 AS twice, symbol FROM history) WHERE twice > 4 AND symbol = 'A')"),
            R"(
Project twice
  Project price * 2e0 AS twice, symbol
    Filter price * 2e0 > 4e0 AND symbol = 'A'
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, ConditionsThatMeetBecomeOne) {
  EXPECT_EQ(pushed(R"(SELECT symbol FROM (SELECT * FROM history WHERE price > 1) WHERE quantity > 2)"),
            R"(
Project symbol
  Project symbol, price, quantity, ts
    Filter price > 1e0 AND quantity > 2
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, BelowAGroupingOnlyThoseOverItsKeys) {
  EXPECT_EQ(pushed(R"(SELECT symbol, COUNT(*) AS n FROM history GROUP BY symbol HAVING symbol <> 'X' AND COUNT(*) > 1)"),
            R"(
Project symbol, COUNT(*) AS n
  Filter COUNT(*) > 1
    Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL
      Filter symbol <> 'X'
        Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(pushed(R"(SELECT window_start, symbol, COUNT(*) AS n FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol HAVING symbol <> 'X' AND window_start > TIMESTAMP '2024-01-01 00:00:00')"),
            R"(
Project window_start, symbol, COUNT(*) AS n
  Filter window_start > TIMESTAMP '2024-01-01T00:00:00'
    WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); with window_start; EMIT FINAL
      Filter symbol <> 'X'
        Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(pushed(R"(SELECT symbol, COUNT(*) AS n FROM history GROUP BY symbol HAVING symbol = 'A' OR RAND() < 0.5)"),
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
  EXPECT_EQ(pushed(R"(CREATE TABLE late WITH ('connector' = 'blackhole'); SELECT symbol, COUNT(*) AS n FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol HAVING symbol <> 'X' LATE DATA TO late)"),
            R"(
Project symbol, COUNT(*) AS n
  Filter symbol <> 'X'
    WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); EMIT FINAL; LATE DATA TO late
      Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PushPredicates, IntoBothSidesOfAUnion) {
  EXPECT_EQ(pushed(R"(SELECT symbol FROM (SELECT symbol FROM history UNION ALL SELECT UPPER(symbol) FROM trades) WHERE symbol = 'A')"),
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
  EXPECT_EQ(pushed(R"(SELECT symbol FROM (SELECT symbol FROM history ORDER BY symbol) WHERE symbol = 'A')"),
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
  EXPECT_EQ(pushed(R"(SELECT symbol FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) WHERE price > 1 AND window_end > ts)"),
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
  EXPECT_EQ(pushed(R"(CREATE TABLE once AS SELECT symbol, price FROM history; SELECT symbol FROM once WHERE price > 1)"),
            R"(
Project symbol
  Filter price > 1e0
    Shared once
      Project symbol, price
        Scan history: symbol, price, quantity, ts, _TIMESTAMP, _OFFSET, _PARTITION; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
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

TEST(PruneColumns, ScansReadWhatIsAskedFor) {
  EXPECT_EQ(pruned(R"(SELECT symbol FROM history WHERE price > 1)"),
            R"(
Project symbol
  Filter price > 1e0
    Scan history: symbol, price; bounded
)");
  EXPECT_EQ(pruned(R"(SELECT 1 AS one FROM history)"),
            R"(
Project 1 AS one
  Scan history: no columns; bounded
)");
  EXPECT_EQ(pruned(R"(SELECT a FROM (VALUES (1, 2), (3, 4)) AS v (a, b))"),
            R"(
Project a
  Values: 2 rows
)");
}


TEST(PruneColumns, AClockIsReadByItsWindowAlone) {
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

TEST(PruneColumns, AggregatesThatNobodyReadsGo) {
  EXPECT_EQ(pruned(R"(SELECT n FROM (SELECT symbol, COUNT(*) AS n, SUM(price) AS s FROM history GROUP BY symbol))"),
            R"(
Project n
  Project COUNT(*) AS n
    Aggregate GROUP BY symbol: COUNT(*); EMIT FINAL
      Scan history: symbol; bounded
)");
  EXPECT_EQ(pruned(R"(SELECT symbol FROM (SELECT symbol, COUNT(*) AS n, SUM(price) AS s FROM history GROUP BY symbol))"),
            R"(
Project symbol
  Project symbol
    Aggregate GROUP BY symbol: SUM(price); EMIT FINAL
      Scan history: symbol, price; bounded
)");
}

TEST(PruneColumns, TheTimeColumnIsReadOnlyWhereTimeCounts) {
  EXPECT_EQ(pruned(R"(SELECT MEDIAN(price) AS m FROM history)"),
            R"(
Project MEDIAN(price) AS m
  Aggregate: MEDIAN(price); EMIT FINAL
    Scan history: price; bounded
)");
  EXPECT_EQ(pruned(R"(SELECT STRING_AGG(symbol, ',') AS s FROM history)"),
            R"(
Project STRING_AGG(symbol, ',') AS s
  Aggregate: STRING_AGG(symbol, ','); EMIT FINAL
    Scan history: symbol, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(pruned(R"(SELECT FIRST_VALUE(price) AS f FROM history)"),
            R"(
Project FIRST_VALUE(price) AS f
  Aggregate: FIRST_VALUE(price); EMIT FINAL
    Scan history: price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PruneColumns, WatermarksThatNobodyWaitsForGo) {
  EXPECT_EQ(pruned(R"(SELECT ts FROM history)"),
            R"(
Project ts
  Scan history: ts; bounded
)");
  EXPECT_EQ(pruned(R"(SELECT window_start, COUNT(*) AS n FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end)"),
            R"(
Project window_start, COUNT(*) AS n
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE): COUNT(*); with window_start; EMIT FINAL
    Scan history: ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
  EXPECT_EQ(pruned(R"(SELECT symbol, window_start FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE))"),
            R"(
Project symbol, window_start
  WindowAssign TUMBLE(ts, INTERVAL '1' MINUTE)
    Scan history: symbol, ts; bounded
)");
}

TEST(PruneColumns, LateRowsKeepTheColumnsOfTheirSink) {
  EXPECT_EQ(pruned(R"(CREATE TABLE late (price DOUBLE, late_by INTERVAL SECOND) WITH ('connector' = 'kafka'); SELECT symbol, COUNT(*) AS n FROM TUMBLE(TABLE history, DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY window_start, window_end, symbol LATE DATA TO late)"),
            R"(
Project symbol, COUNT(*) AS n
  WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) GROUP BY symbol: COUNT(*); EMIT FINAL; LATE DATA TO late
    Scan history: symbol, price, ts; WATERMARK FOR ts AS ts - INTERVAL '5' SECOND; bounded
)");
}

TEST(PruneColumns, InputsOfAUnionKeepOneShape) {
  EXPECT_EQ(pruned(R"(SELECT b FROM (SELECT symbol AS a, price AS b FROM history UNION ALL SELECT symbol, price FROM trades))"),
            R"(
Project b
  Union
    Project price AS b
      Scan history: price; bounded
    Project price
      Scan trades: price
)");
}

TEST(PruneColumns, AnOrderReadsItsKeys) {
  EXPECT_EQ(pruned(R"(SELECT symbol FROM history ORDER BY price DESC)"),
            R"(
Project symbol
  OrderBy order1 DESC
    Project symbol, price AS order1
      Scan history: symbol, price; bounded
)");
}

TEST(Optimise, AllTogetherLeaveTheSourceWhatIsNeeded) {
  EXPECT_EQ(optimised(R"(SELECT twice FROM (SELECT price * 2 AS twice, symbol, ts FROM history WHERE 1 = 1) WHERE symbol LIKE 'A%')"),
            R"(
Project price * 2e0 AS twice
  Filter symbol LIKE 'A%'
    Scan history: symbol, price; bounded
)");
}

}  // namespace
}  // namespace velo
