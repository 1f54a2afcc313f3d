#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/random.h"
#include "column/column_builder.h"
#include "format/collect_test.h"

namespace velo {
namespace {

Batch sample() {
  return batch_from_text(
      "b boolean, l bigint, f float, d double, n decimal(10,2), s string, y date, z time, "
      "u timestamp, v timestamp_ltz",
      "true -5 0.1 0.30000000000000004 12.50 'a,\"b' 2023-09-18 14:00:01 2023-09-18T14:00:00.5 "
      "2023-09-18T14:00:00Z\n"
      ". . . . . '' . . . .\n");
}

std::string encode(std::string_view format, const OptionMap& options, const Batch& batch) {
  std::string out;
  make_encoder(format, {batch.schema, options}).value()->encode(batch, out).value();
  return out;
}

TEST(JsonEncoder, EveryScalarType) {
  EXPECT_EQ(encode("json", {}, sample()),
            R"({"b":true,"l":-5,"f":0.1,"d":0.30000000000000004,"n":12.50,"s":"a,\"b",)"
            R"("y":"2023-09-18","z":"14:00:01","u":"2023-09-18T14:00:00.500",)"
            R"("v":"2023-09-18T14:00:00Z"})"
            "\n"
            R"({"b":null,"l":null,"f":null,"d":null,"n":null,"s":"","y":null,"z":null,"u":null,)"
            R"("v":null})"
            "\n");
}

TEST(JsonEncoder, EscapesAndNumbersThatJsonLacks) {
  ColumnBuilder text(Type::string()), number(Type::float64());
  text.append_string(std::string_view("\"\\\n\r\t\b\f\x01 \xC3\xA4", 11));
  number.append_double(std::numeric_limits<double>::quiet_NaN());
  Batch batch;
  batch.schema = schema_from_text("s string, d double");
  batch.rows = 1;
  batch.columns = {text.finish(), number.finish()};
  EXPECT_EQ(encode("json", {}, batch),
            "{\"s\":\"\\\"\\\\\\n\\r\\t\\b\\f\\u0001 \xC3\xA4\",\"d\":\"NaN\"}\n");
}

TEST(JsonEncoder, DoublesInTheFewestDigits) {
  ColumnBuilder number(Type::float64());
  for (const double value : {0.0, -0.0, 1.0, -2.5, 100000.0, 1e16, 1e17, 0.1, 0.0001, 0.00005, 1e-7,
                             123456789.1234, 173.79000000000002, 5e-324, 9999999999.9999,
                             1.7976931348623157e308, 0.30000000000000004}) {
    number.append_double(value);
  }
  Batch batch;
  batch.schema = schema_from_text("d double");
  batch.rows = 17;
  batch.columns = {number.finish()};
  std::string expected;
  for (const char* text : {"0.0", "-0.0", "1.0", "-2.5", "100000.0", "10000000000000000.0", "1e+17", "0.1",
                           "0.0001", "0.00005", "1e-07", "123456789.1234", "173.79000000000002",
                           "5e-324", "9999999999.9999", "1.7976931348623157e+308",
                           "0.30000000000000004"}) {
    expected += fmt::format("{{\"d\":{}}}\n", text);
  }
  EXPECT_EQ(encode("json", {}, batch), expected);
}

TEST(JsonEncoder, RandomDoublesReadBackTheSame) {
  Random random(3);
  ColumnBuilder number(Type::float64()), single(Type::float32());
  DecodeCase c;
  c.format = "json";
  c.schema = "d double, f float";
  for (int i = 0; i < 20000; ++i) {
    double value;
    do {
      const uint64_t bits = random.next();
      std::memcpy(&value, &bits, sizeof value);
      if (i % 2 == 0) value = static_cast<double>(random.below(1000000000)) / 1e4;
    } while (!std::isfinite(value));
    number.append_double(value);
    single.append_double(std::isfinite(static_cast<float>(value))
                             ? static_cast<double>(static_cast<float>(value))
                             : 0);
  }
  Batch batch;
  batch.schema = schema_from_text(c.schema);
  batch.rows = 20000;
  batch.columns = {number.finish(), single.finish()};
  c.batch_rows = batch.rows;
  const Collected out = c.run(encode("json", {}, batch));
  ASSERT_EQ(out.rows, batch.rows);
  for (size_t row = 0; row < batch.rows; ++row) {
    ASSERT_EQ(out.batches[0].columns[0]->double_at(row), batch.columns[0]->double_at(row));
    ASSERT_EQ(out.batches[0].columns[1]->double_at(row), batch.columns[1]->double_at(row));
  }
}

TEST(JsonEncoder, TimestampFormats) {
  const Batch batch = batch_from_text("u timestamp, v timestamp_ltz",
                                      "1969-12-31T23:59:59.999 2023-09-18T14:00:00Z");
  EXPECT_EQ(encode("json", {{"json.timestamp-format", "epoch-millis"}}, batch),
            "{\"u\":-1,\"v\":1695045600000}\n");
  EXPECT_EQ(encode("json", {{"json.timestamp-format", "sql"}}, batch),
            "{\"u\":\"1969-12-31 23:59:59.999\",\"v\":\"2023-09-18 14:00:00Z\"}\n");
  EXPECT_EQ(encode("json", {{"json.timestamp-format", "epoch-nanos"}}, batch),
            "{\"u\":-1000000,\"v\":1695045600000000000}\n");
}

TEST(CsvEncoder, HeaderQuotesAndNulls) {
  const Batch batch = batch_from_text("a string, b bigint", "'x,y' 1\n. .\n'' 2\nq\"q 3\n");
  const std::unique_ptr<Encoder> encoder = make_encoder("csv", {batch.schema, {}}).value();
  EXPECT_EQ(encoder->preamble(), "a,b\n");
  std::string out;
  encoder->encode(batch, out).value();
  EXPECT_EQ(out, "\"x,y\",1\n,\n\"\",2\n\"q\"\"q\",3\n");
  EXPECT_EQ(make_encoder("csv", {batch.schema, {{"csv.header", "false"}}}).value()->preamble(), "");
}

TEST(CsvEncoder, ADelimiterThatNumbersContain) {
  const Batch batch = batch_from_text("a double, b time", "1.5 14:00:00");
  EXPECT_EQ(encode("csv", {{"csv.delimiter", "."}}, batch), "\"1.5\".14:00:00\n");
  EXPECT_EQ(encode("csv", {{"csv.delimiter", ":"}}, batch), "1.5:\"14:00:00\"\n");
}

TEST(Encoders, WhatIsWrittenIsReadBack) {
  for (const char* format : {"csv", "json"}) {
    DecodeCase c;
    c.format = format;
    c.declared = sample().schema;
    const std::unique_ptr<Encoder> encoder = make_encoder(format, {c.declared, {}}).value();
    std::string text = encoder->preamble();
    encoder->encode(sample(), text).value();
    EXPECT_EQ(c.run(text).rows_text(), batch_to_text(sample()));
  }
}

TEST(Raw, LinesAsTheyAre) {
  DecodeCase c;
  c.format = "raw";
  c.schema = "line string";
  const Collected out = c.run("a,b\n\n{x}\n\xFF\nlast", 2);
  EXPECT_EQ(out.rows_text(), "a,b\n''\n{x}\nlast\n");
  EXPECT_EQ(out.bad_text(), "4:9 encoding column 'line': the text is not UTF-8\n");
  EXPECT_EQ(encode("raw", {}, batch_from_text("x string", "a\n'b c'\n")), "a\nb c\n");
}

TEST(Formats, TableAndNames) {
  EXPECT_EQ(find_format("csv").value()->extension, ".csv");
  EXPECT_EQ(find_format("jsn").error().hint, "did you mean 'json'?");
  EXPECT_FALSE(format_options("json").empty());
  EXPECT_TRUE(format_options("nothing").empty());
}

}  // namespace
}  // namespace velo
