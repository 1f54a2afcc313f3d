// What becomes of plans that run in several processes: EXPLAIN shows it, and touches no broker.
#include "engine/shared_input.h"

#include <gtest/gtest.h>

#include "engine/engine.h"

namespace velo {
namespace {

std::string table(const std::string& name, const std::string& topic, const std::string& more = "") {
  return "CREATE TABLE " + name +
         " (k STRING, g INT, v INT, tags ARRAY<INT>, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH "
         "('connector' = 'kafka', 'topic' = '" +
         topic + "', 'properties.bootstrap.servers' = 'nowhere:1', 'format' = 'json'" + more +
         ");\n";
}
const std::string kKeyed = ", 'key.fields' = 'k'";
const std::string kWindow = "TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)";

std::string grouped(const std::string& keys, const std::string& where = "") {
  return "SELECT COUNT(*) FROM " + kWindow + where + " GROUP BY " + keys +
         ", window_start, window_end";
}

/// The plan, or the error.
std::string plan(const std::string& statements, const std::string& application = "app") {
  Engine engine{EngineOptions()};
  const std::string set = "SET 'application.id' = '" + application + "';\n";
  const Result<std::string> text = engine.explain(set + statements);
  return text ? *text : text.error().message;
}

/// The name of the topic in a plan; "" = there is none.
std::string topic(const std::string& text) {
  const size_t at = text.find("through topic '");
  if (at == std::string::npos) return "";
  const size_t begin = at + std::string("through topic '").size();
  return text.substr(begin, text.find('\'', begin) - begin);
}

TEST(SharedInput, AGroupingByTheKeyOfTheMessagesStaysWhereItIs) {
  EXPECT_EQ(topic(plan(table("t", "in", kKeyed) + grouped("k"))), "");
  EXPECT_EQ(topic(plan(table("t", "in", kKeyed) + grouped("k, g"))), "");
}

TEST(SharedInput, AnyOtherGoesThroughATopicWithWhatIsReadOfIt) {
  const std::string text = plan(table("t", "in", kKeyed) + grouped("g", " WHERE v > 3"));
  EXPECT_EQ(topic(text).find("app-t-by-g-"), 0u) << text;
  EXPECT_NE(text.find("the messages of 't' are keyed by k"), std::string::npos) << text;
  EXPECT_NE(text.find("Project g, ts, topic, partition, offset"), std::string::npos) << text;
  EXPECT_NE(plan(table("t", "in") + grouped("k")).find("nothing is known of the keys"),
            std::string::npos);
  EXPECT_NE(topic(plan(table("t", "in", kKeyed) + grouped("g + 1"))), "");
}

TEST(SharedInput, TheNameIsThatOfTheRows) {
  const std::string one = topic(plan(table("t", "in", kKeyed) + grouped("g")));
  EXPECT_EQ(topic(plan(table("t", "in", kKeyed) + grouped("g"))), one);
  EXPECT_NE(topic(plan(table("t", "in", kKeyed) + grouped("v"))), one);
  EXPECT_NE(topic(plan(table("t", "other", kKeyed) + grouped("g"))), one);
  EXPECT_NE(topic(plan(table("t", "in", kKeyed) + grouped("g", " WHERE v > 1"))), one);
  EXPECT_NE(topic(plan(table("t", "in", kKeyed) + grouped("g"), "app2")), one);
  const std::string odd = topic(plan(table("t", "in", kKeyed) + grouped("g"), "my app/1"));
  EXPECT_EQ(odd.find("my_app_1-t-by-g-"), 0u) << odd;
  EXPECT_LE(topic(plan(table("t", "in", kKeyed) + grouped("g"), std::string(300, 'a'))).size(),
            249u);
}

TEST(SharedInput, WhatCannotBeDealtIsRefused) {
  const std::string keyed = table("t", "in", kKeyed);
  EXPECT_NE(plan(table("t", "in;on") + grouped("g")).find("several topics of one table"),
            std::string::npos);
  EXPECT_NE(plan(keyed + "SELECT COUNT(*) FROM " + kWindow +
                 " GROUP BY GROUPING SETS ((k), (g)), window_start, window_end")
                .find("over GROUPING SETS"),
            std::string::npos);
  EXPECT_NE(plan(keyed + "SELECT tag, COUNT(*) FROM TUMBLE(TABLE (SELECT tag, ts FROM t CROSS JOIN "
                         "UNNEST(tags) AS u (tag)), DESCRIPTOR(ts), INTERVAL '1' MINUTE) GROUP BY "
                         "tag, window_start, window_end")
                .find("over UNNEST"),
            std::string::npos);
}

const std::string kAllow = "SET 'state.unbounded' = 'allow';\n";

/// Over tables t (keyed by k) and u (by g).
std::string over_both(const std::string& query) {
  return plan(kAllow + table("t", "in", kKeyed) + table("u", "on", ", 'key.fields' = 'g'") + query);
}

/// How often rows are dealt anew in a plan.
size_t cuts(const std::string& text) {
  size_t count = 0;
  for (size_t at = text.find("Repartition"); at != std::string::npos;
       at = text.find("Repartition", at + 1)) {
    ++count;
  }
  return count;
}

TEST(SharedInput, GroupingsWithoutAWindowAreDealtLikeAnyOther) {
  EXPECT_EQ(topic(over_both("SELECT k, COUNT(*) FROM t GROUP BY k")), "");
  const std::string dealt = over_both("SELECT g, COUNT(*) FROM t GROUP BY g");
  EXPECT_NE(dealt.find("Repartition by g through"), std::string::npos) << dealt;
  EXPECT_NE(dealt.find("-repartition' is read again from where the application began: GROUP BY "
                       "without a window keeps state of all rows"),
            std::string::npos)
      << dealt;
  EXPECT_NE(over_both("SELECT COUNT(*) FROM t").find("Repartition to one through"),
            std::string::npos);
  EXPECT_NE(over_both("SELECT DISTINCT g FROM t").find("Repartition by g through"),
            std::string::npos);
}

TEST(SharedInput, RowsAreDealtOnceForAllWhoStandAboveEachOther) {
  const std::string counted = "(SELECT g, v, COUNT(*) AS n FROM t GROUP BY g, v)";
  const std::string top = over_both(
      "SELECT g, v, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY g ORDER BY n DESC) "
      "AS rn FROM " +
      counted + ") WHERE rn <= 3");
  EXPECT_EQ(cuts(top), 1u) << top;
  EXPECT_NE(top.find("Repartition by g through"), std::string::npos) << top;
  const std::string all = over_both("SELECT MAX(n) FROM " + counted);
  EXPECT_NE(all.find("Repartition to one through"), std::string::npos) << all;
  // By the messages' key below, and by a part of it above: that does not do.
  const std::string windowed = over_both(
      "SELECT k, n, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, "
      "window_end ORDER BY n DESC) AS rn FROM (SELECT k, window_start, window_end, "
      "COUNT(*) AS n FROM " +
      kWindow + " GROUP BY k, window_start, window_end)) WHERE rn <= 3");
  EXPECT_NE(windowed.find("Repartition to one through"), std::string::npos) << windowed;
}

TEST(SharedInput, WhatIsPutTogetherByMoreThanTheMessagesKeyStays) {
  EXPECT_EQ(topic(over_both("SELECT k, v, SUM(v) OVER (PARTITION BY k ORDER BY ts) FROM t")), "");
  EXPECT_EQ(
      topic(over_both("SELECT k, g, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER "
                      "BY n DESC) AS rn FROM (SELECT k, g, COUNT(*) AS n FROM t GROUP BY k, g)) "
                      "WHERE rn <= 3")),
      "");
  EXPECT_EQ(
      topic(over_both("SELECT k, COUNT(*) FROM SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), "
                      "INTERVAL '1' MINUTE) GROUP BY k, window_start, window_end")),
      "");
  EXPECT_EQ(topic(over_both("SELECT k, g, COUNT(*) FROM t GROUP BY GROUPING SETS ((k), (k, g))")),
            "");
}

TEST(SharedInput, JoinsOfAnyKindAreDealt) {
  const auto joined = [](const std::string& kind, const std::string& condition) {
    return over_both("SELECT t.v, u.v AS w FROM t " + kind + " u ON " + condition);
  };
  EXPECT_EQ(cuts(joined("LEFT JOIN", "t.g = u.g")), 2u);
  EXPECT_EQ(cuts(joined("FULL JOIN", "t.g = u.g")), 2u);
  const std::string semi = over_both("SELECT v FROM t WHERE g IN (SELECT g FROM u)");
  EXPECT_EQ(cuts(semi), 2u) << semi;
  // Above a join nothing can be dealt anew: what is asked there is seen to below.
  const std::string grouped = over_both(
      "SELECT t.g, COUNT(*) FROM t JOIN u ON t.g = u.g AND t.k = "
      "u.k GROUP BY t.g");
  EXPECT_EQ(cuts(grouped), 2u) << grouped;
  EXPECT_NE(grouped.find("Repartition by g through"), std::string::npos) << grouped;
  const std::string windows = over_both(
      "SELECT a.v FROM (SELECT * FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) "
      "a JOIN (SELECT * FROM TUMBLE(TABLE u, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) b ON "
      "a.g = b.g AND a.window_start = b.window_start AND a.window_end = b.window_end");
  EXPECT_EQ(cuts(windows), 2u) << windows;
}

TEST(SharedInput, OnlyTheSideOfAJoinIsDealtAnewThatMustBe) {
  const std::string both = over_both(
      "SELECT t.v, n FROM t JOIN (SELECT v, COUNT(*) AS n FROM u GROUP BY v) c ON t.v = c.v");
  EXPECT_EQ(cuts(both), 2u) << both;
}

TEST(SharedInput, ALookUpInWhatEndsLeavesTheRowsWhereTheyAre) {
  const std::string file =
      "CREATE TABLE f (g INT, name STRING) WITH ('connector' = 'filesystem', "
      "'path' = '/f.json', 'format' = 'json');\n";
  EXPECT_EQ(plan(file + table("t", "in") + "SELECT v, name FROM t LEFT JOIN f ON t.g = f.g")
                .find("read again"),
            std::string::npos);
  EXPECT_EQ(
      topic(plan(file + table("t", "in", kKeyed) + "SELECT k, name, COUNT(*) FROM (SELECT * FROM " +
                 kWindow + ") t JOIN f ON t.g = f.g GROUP BY k, name, window_start, window_end")),
      "");
  EXPECT_NE(plan(file + table("t", "in") + "SELECT v, name FROM t FULL JOIN f ON t.g = f.g")
                .find("rows of what every instance reads whole, partner or none"),
            std::string::npos);
}

TEST(SharedInput, WhatNoDealingMakesRightIsRefused) {
  EXPECT_NE(
      over_both("SELECT v FROM t LIMIT 3").find("LIMIT, as each instance counts its own rows"),
      std::string::npos);
  const std::string clock = "(SELECT k, PROCTIME() AS p FROM t)";
  EXPECT_NE(over_both("SELECT k, COUNT(*) FROM TUMBLE(TABLE " + clock +
                      ", DESCRIPTOR(p), INTERVAL '1' MINUTE) GROUP BY k, window_start, window_end")
                .find("by PROCTIME(), which is another one when rows are read again"),
            std::string::npos);
  const std::string ends = table("t", "in", kKeyed + ", 'scan.bounded.mode' = 'latest-offset'");
  EXPECT_NE(
      plan(ends + "SELECT COUNT(*) FROM t").find("a total over everything of topics that end"),
      std::string::npos);
  const std::string upserts =
      "CREATE TABLE t (k STRING, g INT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = "
      "'upsert-kafka', 'topic' = 'in', 'properties.bootstrap.servers' = 'nowhere:1', 'format' = "
      "'json');\n";
  // What a message says of its key is told apart behind the topic, which has all of them.
  const std::string by_other = plan(kAllow + upserts + "SELECT g, COUNT(*) FROM t GROUP BY g");
  EXPECT_NE(by_other.find("Normalize by k"), std::string::npos) << by_other;
  EXPECT_GT(by_other.find("Repartition to one through"), by_other.find("Normalize by k"))
      << by_other;
  EXPECT_EQ(topic(plan(kAllow + upserts + "SELECT k, COUNT(*) FROM t GROUP BY k")), "");
}

TEST(SharedInput, CheckSaysWhatRunWillRefuse) {
  Engine engine{EngineOptions()};
  const std::string set = "SET 'application.id' = 'app';\n";
  EXPECT_TRUE(engine.check(set + table("t", "in;on") + grouped("g")).has_errors());
  EXPECT_FALSE(engine.check(set + table("t", "in", kKeyed) + grouped("g")).has_errors());
}

TEST(SharedInput, JoinsStayWhereBothSidesAreKeyedAlike) {
  const auto joined = [](const std::string& condition, const std::string& right_key = kKeyed) {
    return plan(table("l", "left", kKeyed) + table("r", "right", right_key) +
                "SELECT l.v, r.v FROM l JOIN r ON " + condition +
                " AND r.ts BETWEEN l.ts AND l.ts + INTERVAL '5' SECOND");
  };
  EXPECT_EQ(topic(joined("l.k = r.k")), "");
  EXPECT_EQ(topic(joined("l.k = r.k AND l.g = r.g")), "");
  const std::string dealt = joined("l.g = r.g");
  EXPECT_EQ(topic(dealt).find("app-l-by-g-"), 0u) << dealt;
  EXPECT_NE(dealt.find("app-r-by-g-"), std::string::npos) << dealt;
  EXPECT_NE(topic(joined("l.k = r.k", "")), "");
  EXPECT_NE(topic(joined("l.k = r.k", ", 'key.fields' = 'k;g'")), "");
  EXPECT_NE(topic(joined("l.k = r.k", kKeyed + ", 'key.format' = 'json'")), "");
  EXPECT_NE(joined("l.k = r.k", kKeyed + ", 'properties.group.id' = 'other'")
                .find("whose 'properties.*' differ"),
            std::string::npos);
}

}  // namespace
}  // namespace velo
