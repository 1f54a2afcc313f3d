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
