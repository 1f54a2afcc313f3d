#include "sql/variables.h"

#include <gtest/gtest.h>

#include <map>

namespace velo {
namespace {

std::string substituted(std::string_view text) {
  static const std::map<std::string, std::string, std::less<>> kValues = {
      {"HOST", "kafka"}, {"EMPTY", ""}, {"ODD", "${HOST}"}};
  Result<std::string> result = substitute_variables(text, [](std::string_view name) {
    auto found = kValues.find(name);
    return found == kValues.end() ? std::nullopt : std::optional(found->second);
  });
  if (result) return *result;
  return "error: " + result.error().message;
}

TEST(Variables, Forms) {
  EXPECT_EQ(substituted("plain"), "plain");
  EXPECT_EQ(substituted("${HOST}:9092"), "kafka:9092");
  EXPECT_EQ(substituted("${HOST:-x}${NONE:-x}${EMPTY:-x}"), "kafkaxx");
  EXPECT_EQ(substituted("[${EMPTY}]"), "[]");
  EXPECT_EQ(substituted("${NONE:-a ${HOST} b}"), "a kafka b");
  EXPECT_EQ(substituted("${NONE:-}"), "");
  EXPECT_EQ(substituted("${HOST:?no}"), "kafka");
  EXPECT_EQ(substituted("$${HOST} $5 $"), "${HOST} $5 $");
  EXPECT_EQ(substituted("${ODD}"), "${HOST}");
}

TEST(Variables, Errors) {
  EXPECT_EQ(substituted("${NONE}"), "error: variable NONE is not set");
  EXPECT_EQ(substituted("${NONE:?set the brokers}"), "error: variable NONE: set the brokers");
  EXPECT_EQ(substituted("${EMPTY:?}"), "error: variable EMPTY is not set");
  EXPECT_EQ(substituted("${HOST"), "error: '${HOST' has a '${' without '}'");
  EXPECT_EQ(substituted("${}"), "error: '${}' is not a variable");
  EXPECT_EQ(substituted("${HOST:x}"), "error: '${HOST:x}' is not a variable");
  std::string deep;
  for (int i = 0; i < 30; ++i) deep += "${NONE:-";
  deep += std::string(30, '}');
  EXPECT_EQ(substituted(deep), "error: variables nest more than 20 deep");
}

}  // namespace
}  // namespace velo
