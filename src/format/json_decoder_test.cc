#include <gtest/gtest.h>

#include "format/collect_test.h"

namespace velo {
namespace {

void expect_json(const DecodeCase& c, std::string_view text, std::string_view rows,
                 std::string_view bad = "") {
  for (const size_t piece : {size_t{0}, size_t{1}, size_t{3}, size_t{7}, size_t{64}}) {
    const Collected out = c.run(text, piece);
    EXPECT_EQ(out.rows_text(), rows) << "pieces of " << piece;
    EXPECT_EQ(out.bad_text(), bad) << "pieces of " << piece;
  }
}

DecodeCase json(std::string schema, OptionMap options = {}) {
  DecodeCase c;
  c.format = "json";
  c.schema = std::move(schema);
  c.options = std::move(options);
  return c;
}

TEST(JsonDecoder, ReadsEveryScalarType) {
  expect_json(
      json("b boolean, t tinyint, l bigint, f float, d double, n decimal(30,10), x string, "
           "y date, z time, u timestamp, v timestamp_ltz"),
      R"({"b":true,"t":-128,"l":-9223372036854775808,"f":0.1,"d":1E-3,)"
      R"("n":12345678901234567890.0123456789,"x":"a\"b\u00e4","y":"2023-09-18",)"
      R"("z":"14:00:01","u":"2023-09-18T14:00:00.5","v":"2023-09-18T14:00:00Z"})"
      "\n",
      "TRUE -128 -9223372036854775808 0.1 0.001 12345678901234567890.0123456789 a\"b\xC3\xA4 "
      "2023-09-18 14:00:01 2023-09-18T14:00:00.500 2023-09-18T14:00:00Z\n");
}

TEST(JsonDecoder, AnyOrderMissingNullAndRepeatedKeys) {
  expect_json(json("a bigint, b string"),
              " { \"b\" : \"x\" , \"a\" : 1 } \n{\"a\":2}\n{\"b\":null,\"a\":null}\n"
              "{\"a\":3,\"b\":\"y\",\"a\":4}\r\n\n{}\n",
              "1 x\n2 .\n. .\n4 y\n. .\n");
}

// Beyond so many different strings a column refers to the text; the text must stay.
TEST(JsonDecoder, ManyDifferentStringsInRowsAndArrays) {
  DecodeCase c;
  c.format = "json";
  c.declared =
      make_schema({{"r", Type::row({"s"}, {Type::string()})}, {"a", Type::array(Type::string())}});
  c.batch_rows = 100000;
  std::string expected;
  Collected out;
  std::unique_ptr<Decoder> decoder = c.make().value();
  {
    std::string text;
    for (int i = 0; i < 70000; ++i) {
      text +=
          fmt::format("{{\"r\":{{\"s\":\"long enough {}\"}},\"a\":[\"and again {}\"]}}\n", i, i);
      expected += fmt::format("'(long enough {})' '[and again {}]'\n", i, i);
    }
    auto buffer = Buffer::allocate(text.size() + kBufferPadding);
    std::memcpy(buffer->data(), text.data(), text.size());
    DecodeInput input;
    input.owner = buffer;
    input.bytes = {buffer->data(), text.size()};
    input.ends_unit = true;
    ASSERT_TRUE(decoder->feed(input, out).has_value());
  }
  decoder = nullptr;
  EXPECT_EQ(out.rows_text(), expected);
}

TEST(JsonDecoder, UndeclaredKeysArePassedOver) {
  expect_json(json("a bigint"),
              R"({"x":{"a":[1,2,{"a":3}]},"a":1,"y":[{"a":"}\""}]})"
              "\n",
              "1\n");
}

TEST(JsonDecoder, NothingIsCoercedButTowardsText) {
  expect_json(json("n bigint, s string"),
              "{\"n\":\"1\"}\n{\"n\":1.5}\n{\"n\":9223372036854775808}\n{\"n\":true}\n{\"n\":{}}\n"
              "{\"n\":1.0,\"s\":12}\n{\"n\":1e2,\"s\":{\"k\": [1, \"x\"]}}\n{\"s\":true}\n",
              "1 12\n100 '{\"k\": [1, \"x\"]}'\n. true\n",
              "1:0 value column 'n': '\"1\"' is no BIGINT\n"
              "2:10 lost-digit column 'n': '1.5' has more digits than BIGINT keeps\n"
              "3:20 overflow column 'n': '9223372036854775808' does not fit into BIGINT\n"
              "4:46 value column 'n': 'true' is no BIGINT\n"
              "5:57 value column 'n': '{' is no BIGINT\n");
}

TEST(JsonDecoder, NumbersFollowTheGrammar) {
  expect_json(json("d double"), "{\"d\":01}\n{\"d\":.5}\n{\"d\":5.}\n{\"d\":+1}\n{\"d\":-0.5}\n",
              "-0.5\n",
              "1:0 value column 'd': '01' is no DOUBLE\n"
              "2:9 value column 'd': '.5' is no DOUBLE\n"
              "3:18 value column 'd': '5.' is no DOUBLE\n"
              "4:27 value column 'd': '+1' is no DOUBLE\n");
}

TEST(JsonDecoder, BrokenRecordsDoNotStopTheRest) {
  const DecodeCase c = json("a bigint");
  const std::string_view text =
      "{\"a\":1}\n{\"a\":\n[1]\n\"x\"\n{\"a\":2} "
      "{\"a\":3}\n{\"a\":4,}\n{\"a\":\"\xFF\"}\n{\"a\":5}\n";
  const Collected out = c.run(text);
  EXPECT_EQ(out.rows_text(), "1\n5\n");
  ASSERT_EQ(out.bads.size(), 6u);
  EXPECT_EQ(out.bads[1].message, "'[1]' is not a JSON object");
  EXPECT_EQ(out.bads[3].message, "text stands behind the JSON object");
  EXPECT_EQ(out.bads[5].reason, BadReason::kEncoding);
  EXPECT_EQ(out.bads[5].line, 7u);
  for (const size_t piece : {1, 2, 5}) {
    const Collected other = c.run(text, piece);
    EXPECT_EQ(other.rows_text(), out.rows_text());
    EXPECT_EQ(other.bad_text(), out.bad_text());
  }
}

TEST(JsonDecoder, AValueIsNoKey) {
  for (const std::string_view record : {R"({"a":"b":1})", R"({"x":"b":1,"a":"c"})", R"({"x":})",
                                        R"({"a":"b"::::})", R"({"x":"b":})"}) {
    const Collected out = json("a string").run(std::string(record) + "\n{\"a\":\"d\"}\n", 0);
    EXPECT_EQ(out.rows_text(), "d\n") << record;
    ASSERT_EQ(out.bads.size(), 1u) << record;
    EXPECT_EQ(out.bads[0].reason, BadReason::kSyntax) << record;
  }
}

TEST(JsonDecoder, TopLevelArrayIsStreamed) {
  expect_json(json("a bigint"),
              "\xEF\xBB\xBF [\n  {\"a\": 1},\n  {\n \"a\": 2},{\"a\":\n3}\n]\n", "1\n2\n3\n");
  expect_json(json("a bigint"), "[{\"a\":1},{\"a\":\"]\"},{\"a\":3}", "1\n3\n",
              "1:9 value column 'a': '\"]\"' is no BIGINT\n"
              "1:26 truncated the array is not closed\n");
  expect_json(json("a bigint"), "[]", "");
}

TEST(JsonDecoder, ArraysNeedTheirCommas) {
  expect_json(json("a bigint"), "[{\"a\":1} {\"a\":2},,{\"a\":3}]", "1\n3\n",
              "1:9 syntax a comma is missing before this element of the array\n"
              "1:17 value ',' is not a JSON object\n");
}

TEST(JsonDecoder, ValuesWithAnyWhiteSpaceBetween) {
  expect_json(json("a bigint", {{"json.root", "values"}}), "{\"a\":\n1}{\"a\":2}\n\n {\"a\":3}",
              "1\n2\n3\n");
}

TEST(JsonDecoder, TooLongElementsOfAnArray) {
  DecodeCase c = json("a string");
  c.record_bytes_max = 12;
  expect_json(c, "[{\"a\":\"x\"},{\"a\":\"yyyyyyyyyy\"},{\"a\":\"z\"}]", "x\nz\n",
              "1:11 too-long the record is longer than 12 bytes\n");
}

TEST(JsonDecoder, TimestampFormats) {
  expect_json(json("t timestamp_ltz", {{"json.timestamp-format", "epoch-millis"}}),
              "{\"t\":1700000000123}\n{\"t\":\"2023-11-14T22:13:20Z\"}\n",
              "2023-11-14T22:13:20.123Z\n",
              "2:20 value column 't': '\"2023-11-14T22:13:20Z\"' is no TIMESTAMP_LTZ(3)\n");
  expect_json(json("t timestamp", {{"json.timestamp-format", "sql"}}),
              "{\"t\":\"2023-11-14 22:13:20\"}\n{\"t\":5}\n", "2023-11-14T22:13:20\n",
              "2:28 value column 't': '5' is no TIMESTAMP(3)\n");
}

std::string encoded(const Collected& out) {
  std::string text;
  for (const Batch& batch : out.batches) {
    make_encoder("json", {batch.schema, {}}).value()->encode(batch, text).value();
  }
  return text;
}

TEST(JsonDecoder, NestedRowsArraysAndMaps) {
  DecodeCase c = json("");
  c.declared = make_schema(
      {{"id", Type::bigint()},
       {"who", Type::row({"name", "age"}, {Type::string(), Type::integer()})},
       {"tags", Type::array(Type::string())},
       {"scores", Type::map(Type::string(), Type::float64())},
       {"items",
        Type::array(Type::row({"n", "l"}, {Type::bigint(), Type::array(Type::bigint())}))}});
  const std::string text =
      R"({"id":1,"who":{"age":30,"name":"ann","x":0},"tags":["a","b"],"scores":{"m":1.5,"n":null},)"
      R"("items":[{"n":1,"l":[1,2]},{"l":[]},null]})"
      "\n"
      R"({"id":2,"who":null,"tags":[1,"x",null]})"
      "\n"
      R"({"id":3,"who":{"name":7,"age":"x"}})"
      "\n"
      R"({"id":4,"tags":["dropped"],"tags":[],"scores":{}})"
      "\n";
  const std::string rows =
      R"({"id":1,"who":{"name":"ann","age":30},"tags":["a","b"],"scores":{"m":1.5,"n":null},)"
      R"("items":[{"n":1,"l":[1,2]},{"n":null,"l":[]},null]})"
      "\n"
      R"({"id":2,"who":null,"tags":["1","x",null],"scores":null,"items":null})"
      "\n"
      R"({"id":4,"who":null,"tags":[],"scores":{},"items":null})"
      "\n";
  for (const size_t piece : {0, 1, 10}) {
    const Collected out = c.run(text, piece);
    EXPECT_EQ(encoded(out), rows);
    EXPECT_EQ(out.bad_text(), "3:172 value column 'who.age': '\"x\"' is no INTEGER\n");
  }
}

TEST(JsonDecoder, MessagesMayBeArrays) {
  const Collected out = json("a bigint")
                            .run_messages({"{\"a\":1}", " [ {\"a\":2},\n{\"a\":3} ]",
                                           "{\n\"a\":\n4}\n", "", "[{\"a\":5}"});
  EXPECT_EQ(out.rows_text(), "1\n2\n3\n4\n5\n");
  EXPECT_EQ(out.messages, (std::vector<uint32_t>{0, 1, 1, 2, 4}));
  EXPECT_EQ(out.bad_text(),
            "0:3 syntax the message is empty\n0:4 truncated the array is not closed\n");
}

// Regular messages are read like the lines of a file, whatever stands among them.
TEST(JsonDecoder, MessagesAsLines) {
  std::vector<std::string> texts;
  std::string rows;
  std::vector<uint32_t> numbers;
  std::string bads;
  for (uint32_t i = 0; i < 5000; ++i) {
    if (i % 1000 == 999) {
      texts.push_back("{\"a\":\"x\",\"b\":\"t\"}");
      bads += fmt::format("0:{} value column 'a': '\"x\"' is no BIGINT\n", i);
      continue;
    }
    texts.push_back(i % 70 == 7 ? fmt::format("{{\"b\":\"t{}\", \"a\":{}}}", i % 3, i)
                                : fmt::format("{{\"a\":{},\"b\":\"t{}\"}}", i, i % 3));
    rows += fmt::format("{} t{}\n", i, i % 3);
    numbers.push_back(i);
  }
  for (const size_t batch_rows : {1, 100, 1024}) {
    DecodeCase c = json("a bigint, b string");
    c.batch_rows = batch_rows;
    const Collected out = c.run_messages(texts);
    EXPECT_EQ(out.rows_text(), rows);
    EXPECT_EQ(out.messages, numbers);
    EXPECT_EQ(out.bad_text(), bads);
  }
}

TEST(JsonDecoder, NewlineFraming) {
  EXPECT_TRUE(newline_framed("json", {{"json.root", "lines"}}));
  EXPECT_TRUE(newline_framed("json", {}, " {\"a\":1}"));
  EXPECT_FALSE(newline_framed("json", {}, " [{\"a\":1}"));
  EXPECT_FALSE(newline_framed("json", {}));
  EXPECT_FALSE(newline_framed("csv", {}));
  EXPECT_TRUE(newline_framed("csv", {{"csv.quote", ""}}));
}

}  // namespace
}  // namespace velo
