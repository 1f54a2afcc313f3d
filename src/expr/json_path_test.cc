#include "expr/json_path.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "expr/expr_test_support.h"

namespace velo::test {
namespace {

constexpr std::string_view kDocument =
    R"( {"a": {"b": [10, {"c": "x\ny"}, null], "k\"q": true}, "": 1, "list": [], "a b": -1.5e3} )";

std::string value(std::string_view path) {
  return text_of(call("JSON_VALUE", {text(kDocument), text(path)}));
}
std::string query(std::string_view path) {
  return text_of(call("JSON_QUERY", {text(kDocument), text(path)}));
}
std::string exists(std::string_view path) {
  return text_of(call("JSON_EXISTS", {text(kDocument), text(path)}));
}

TEST(JsonPath, Values) {
  EXPECT_EQ(value("$.a.b[0]"), "10");
  EXPECT_EQ(value("lax $.a.b[1].c"), "x\ny");
  EXPECT_EQ(value("$['a']['b'][0]"), "10");
  EXPECT_EQ(value("$.\"a b\""), "-1.5e3");
  EXPECT_EQ(value("$['k']"), "NULL");
  EXPECT_EQ(value("$.a.b[2]"), "NULL");
  EXPECT_EQ(value("$.a.b[3]"), "NULL");
  EXPECT_EQ(value("$.a.b"), "NULL");
  EXPECT_EQ(value("$.list[0]"), "NULL");
  EXPECT_EQ(query("$.a.b"), R"([10, {"c": "x\ny"}, null])");
  EXPECT_EQ(query("$.a.b[0]"), "NULL");
  EXPECT_EQ(exists("$.a.b[2]"), "TRUE");
  EXPECT_EQ(exists("$.a.x"), "FALSE");
  EXPECT_EQ(exists("$"), "TRUE");
}

TEST(JsonPath, Strings) {
  const auto of = [](std::string_view json) {
    return text_of(call("JSON_VALUE", {text(json), text("$.x")}));
  };
  EXPECT_EQ(of(R"({"x": "\u00e4\uD83D\uDE00\/"})"), "ä😀/");
  EXPECT_EQ(of(R"({"x": "\uD83D"})"), "NULL");
  EXPECT_EQ(of(R"({"\u0078": 1})"), "1");
  EXPECT_EQ(of(R"({"x": tru})"), "NULL");
  EXPECT_EQ(of(R"({"x": "open)"), "NULL");
  EXPECT_EQ(of("nonsense"), "NULL");
  EXPECT_EQ(of(""), "NULL");
}

TEST(JsonPath, BadPathsAreRefused) {
  const auto why = [](std::string_view path) {
    return refusal("JSON_VALUE", {make_column(0, Type::string(), "j"), text(path)});
  };
  EXPECT_EQ(why("a.b"), "'a.b' is not a JSON path: it must begin with $");
  EXPECT_EQ(why("$."), "'$.' is not a JSON path: a key is missing after .");
  EXPECT_EQ(why("$[a]"), "'$[a]' is not a JSON path: [ ] holds a number from 0 or a quoted key");
  EXPECT_EQ(why("$[0"), "'$[0' is not a JSON path: an open [");
  EXPECT_EQ(why("$[*]"), "not supported yet: wildcards in the JSON path '$[*]'");
}

TEST(IsJson, ChecksTheWholeText) {
  for (const char* good : {"1", "-0.5e-3", "\"a\"", "null", "[]", "{}", " [1, {\"a\": [true]}] ",
                           "[[],{}]", R"({"a":1,"b":[2]})"}) {
    EXPECT_TRUE(is_json(good)) << good;
  }
  for (const char* bad :
       {"", "01", "1.", "+1", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{a:1}", "[1 2]", "[1}", "tru",
        "\"\\x\"", "\"a\nb\"", "1 2", "[", "{\"a\":1,}", "nan"}) {
    EXPECT_FALSE(is_json(bad)) << bad;
  }
  EXPECT_TRUE(is_json(std::string(1000, '[') + std::string(1000, ']')));
  EXPECT_FALSE(is_json(std::string(1001, '[') + std::string(1001, ']')));
}

TEST(JsonPath, SurvivesAnything) {
  Random random(5);
  const JsonPath path = *JsonPath::compile("$.a.b[1].c");
  constexpr std::string_view kBytes = "{}[]\",:\\ab1u0 -";
  for (int i = 0; i < 20000; ++i) {
    std::string junk;
    const size_t size = random.below(40);
    for (size_t k = 0; k < size; ++k) junk.push_back(kBytes[random.below(kBytes.size())]);
    path.find(junk);
    is_json(junk);
  }
  for (size_t cut = 0; cut <= kDocument.size(); ++cut) {
    path.find(kDocument.substr(0, cut));
    EXPECT_EQ(is_json(kDocument.substr(0, cut)), cut >= kDocument.size() - 1);
  }
}

}  // namespace
}  // namespace velo::test
