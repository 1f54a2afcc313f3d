#include "format/message_guess.h"

#include <gtest/gtest.h>

#include "column/type.h"
#include "format/confluent_framing.h"

namespace velo {
namespace {

/// "format: columns, options" of messages with these values, without keys.
std::string guess_of(const std::vector<std::string>& values, std::string_view format = {}) {
  std::vector<SampledMessage> messages;
  for (const std::string& value : values) messages.push_back({std::nullopt, value});
  const auto guess = guess_messages(messages, format, {});
  if (!guess) return guess.error().message;
  std::string text = guess->format + ": " + make_schema(guess->columns)->to_string();
  for (const auto& [name, value] : guess->options) text += "; " + name + "=" + value;
  if (guess->misfits > 0) text += "; misfits " + std::to_string(guess->misfits);
  return text;
}

TEST(MessageGuess, JsonHasTheColumnsOfAllItsRecords) {
  EXPECT_EQ(guess_of({R"({"id":1,"price":2,"at":"2024-01-01T00:00:00"})",
                      R"({"id":2,"price":2.5,"at":"2024-01-01T00:00:01.5","more":true})"}),
            "json: id BIGINT, price DOUBLE, at TIMESTAMP(3), more BOOLEAN");
}

TEST(MessageGuess, JsonOfSeveralKindsIsText) {
  EXPECT_EQ(guess_of({R"({"a":1,"b":null,"c":"12","d":"2024-01-01","e":18446744073709551615})",
                      R"({"a":"x","b":null,"c":"13","d":"none","e":1})"}),
            "json: a STRING, b STRING, c STRING, d STRING, e DECIMAL(38, 0)");
}

TEST(MessageGuess, JsonNests) {
  EXPECT_EQ(
      guess_of({R"({"r":{"x":1,"deep":{"y":"z"}},"list":[{"n":1},{"m":2.5}],"none":[],"o":{}})"}),
      "json: r ROW<x BIGINT, deep ROW<y STRING>>, list ARRAY<ROW<n BIGINT, m DOUBLE>>, none "
      "ARRAY<STRING>, o STRING");
}

TEST(MessageGuess, SomeBadRecordsDoNotDecide) {
  EXPECT_EQ(guess_of({R"({"a":1})", "poison", R"({"a":2})"}), "json: a BIGINT; misfits 1");
}

TEST(MessageGuess, OtherFormats) {
  EXPECT_EQ(guess_of({"1,x,2.5", "2,y,3"}), "csv: column1 BIGINT, column2 STRING, column3 DOUBLE");
  EXPECT_EQ(guess_of({"1;a,b", "2;c"}), "csv: column1 BIGINT, column2 STRING; csv.delimiter=;");
  EXPECT_EQ(guess_of({"a line", "another"}), "raw: value STRING");
  EXPECT_EQ(guess_of({"\xff\xfe"}), "raw: value BYTES");
  EXPECT_EQ(guess_of({"[1]", "2"}), "raw: value STRING");
  EXPECT_EQ(guess_of({confluent_header(7) + "abc"}), "avro-confluent: ");
  EXPECT_EQ(guess_of({R"({"before":null,"after":{"id":1},"op":"c"})",
                      R"({"before":{"id":1,"x":"y"},"after":null,"op":"d"})"}),
            "debezium-json: id BIGINT, x STRING");
  EXPECT_EQ(guess_of({R"({"schema":{},"payload":{"before":null,"after":{"id":1},"op":"c"}})"}),
            "debezium-json: id BIGINT; debezium-json.schema-include=true");
}

TEST(MessageGuess, AKnownFormatIsNotGuessed) {
  EXPECT_EQ(guess_of({R"({"a":1})"}, "raw"), "raw: value STRING");
  EXPECT_EQ(guess_of({R"({"a":1})"}, "csv"), "csv: column1 STRING");
  EXPECT_EQ(guess_of({"x"}, "avro"), "messages of format 'avro' do not show their columns");
  EXPECT_EQ(guess_of({"x"}, "json"), "no message shows columns of 'json'");
  EXPECT_EQ(guess_of({}), "no message has a value whose columns could be guessed");
}

TEST(MessageGuess, KeysThatRepeatAColumn) {
  const auto key_of = [](const std::vector<SampledMessage>& messages) {
    const auto guess = guess_messages(messages, "", {}).value();
    return guess.key_column + (guess.has_keys ? guess.keys_are_text ? " text" : " bytes" : "");
  };
  EXPECT_EQ(key_of({{"x", R"({"s":"x","t":"x"})"}, {"y", R"({"s":"y","t":"x"})"}}), "s text");
  EXPECT_EQ(key_of({{"x", R"({"s":"x","t":"x"})"}}), " text");
  EXPECT_EQ(key_of({{"x", R"({"s":"x"})"}, {std::nullopt, R"({"s":"y"})"}}), " text");
  EXPECT_EQ(key_of({{"\xff", R"({"s":"x"})"}}), " bytes");
  EXPECT_EQ(key_of({{std::nullopt, R"({"s":"x"})"}}), "");
}

}  // namespace
}  // namespace velo
