#include <gtest/gtest.h>

#include <cstring>

#include "format/collect_test.h"

namespace velo {
namespace {

/// The same rows and bad records whatever the pieces the text comes in.
void expect_csv(const DecodeCase& c, std::string_view text, std::string_view rows,
                std::string_view bad = "") {
  for (const size_t piece : {size_t{0}, size_t{1}, size_t{3}, size_t{7}, size_t{64}}) {
    const Collected out = c.run(text, piece);
    EXPECT_EQ(out.rows_text(), rows) << "pieces of " << piece;
    EXPECT_EQ(out.bad_text(), bad) << "pieces of " << piece;
  }
}

TEST(CsvDecoder, ReadsEveryScalarType) {
  DecodeCase c;
  c.schema =
      "b boolean, t tinyint, s smallint, i integer, l bigint, f float, d double, n decimal(10,2), "
      "x string, y date, z time, u timestamp, v timestamp_ltz";
  expect_csv(c,
             "true,-128,32767,-2147483648,9223372036854775807,0.1,1e-3,-12.5,abc,2023-09-18,"
             "14:00:01,2023-09-18T14:00:00.5,2023-09-18 14:00:00+02:00\n",
             "TRUE -128 32767 -2147483648 9223372036854775807 0.1 0.001 -12.50 abc 2023-09-18 "
             "14:00:01 2023-09-18T14:00:00.500 2023-09-18T12:00:00Z\n");
}

TEST(CsvDecoder, EmptyFieldsAreNullAndQuotedOnesAreNot) {
  DecodeCase c;
  c.schema = "a bigint, b string, c string";
  expect_csv(c, "1,,\"\"\n,x,y\n", "1 . ''\n. x y\n");
}

TEST(CsvDecoder, NullLiteral) {
  DecodeCase c;
  c.schema = "a bigint, b string";
  c.options = {{"csv.null-literal", "\\N"}};
  expect_csv(c, "\\N,\\N\n,\n1,\"\\N\"\n", ". .\n. ''\n1 \\N\n");
}

TEST(CsvDecoder, QuotesDelimitersAndNewlinesInFields) {
  DecodeCase c;
  c.schema = "a string, b bigint";
  expect_csv(c, "\"x, \"\"y\"\"\nz\",1\r\n\"\"\"\",\"2\"\r\nin\"side,3\r\n",
             "'x, \"y\"\nz' 1\n\" 2\nin\"side 3\n");
}

TEST(CsvDecoder, LastRecordNeedsNoNewline) {
  DecodeCase c;
  c.schema = "a bigint, b string";
  expect_csv(c, "1,x\n2,y", "1 x\n2 y\n");
}

TEST(CsvDecoder, ByteOrderMarkAndBlankLinesArePassedOver) {
  DecodeCase c;
  c.schema = "a bigint, b string";
  expect_csv(c,
             "\xEF\xBB\xBF"
             "1,x\n\n\r\n2,y\n",
             "1 x\n2 y\n");
}

TEST(CsvDecoder, OneColumnTakesEmptyLinesAsNull) {
  DecodeCase c;
  c.schema = "a string";
  expect_csv(c, "x\n\ny\n", "x\n.\ny\n");
}

TEST(CsvDecoder, HeaderMapsColumnsByName) {
  DecodeCase c;
  c.schema = "price double, symbol string";
  expect_csv(c, "Symbol,extra,PRICE\nA,1,2.5\n", "2.5 A\n");
  expect_csv(c, "2.5,A\n", "2.5 A\n");  // no header: by position
}

TEST(CsvDecoder, HeaderAlwaysAndNever) {
  DecodeCase c;
  c.schema = "a string, b string";
  c.options = {{"csv.header", "false"}};
  expect_csv(c, "b,a\n1,2\n", "b a\n1 2\n");
  c.options = {{"csv.header", "true"}};
  expect_csv(c, "b,a\n1,2\n", "2 1\n");
}

TEST(CsvDecoder, HeaderWithoutADeclaredColumnIsAnError) {
  DecodeCase c;
  c.schema = "ts bigint, symbol string, price double";
  std::unique_ptr<Decoder> decoder = c.make().value();
  Collected out;
  const Status status = DecodeCase::feed_all(*decoder, "ts,symbol,prise\n", 0, out);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::kUnknownName);
  EXPECT_EQ(status.error().message, "column 'price' is not in the header");
  EXPECT_EQ(status.error().hint, "did you mean 'prise'?");
}

TEST(CsvDecoder, EntersInsideAUnitWithItsHeader) {
  DecodeCase c;
  c.schema = "a bigint, b bigint";
  std::unique_ptr<Decoder> decoder = c.make().value();
  UnitStart start;
  start.inside = true;
  start.head = "b,a\n1,2\n";
  start.first_line = 9;
  decoder->start_unit(start).value();
  Collected out;
  DecodeInput input;
  input.bytes = as_bytes("3,4\nx,5\n");
  input.offset = 100;
  decoder->feed(input, out).value();
  EXPECT_EQ(out.rows_text(), "4 3\n");
  EXPECT_EQ(out.bad_text(), "10:104 value column 'b': 'x' is no BIGINT\n");
  EXPECT_EQ(decoder->consumed_offset(), 108u);
}

TEST(CsvDecoder, FieldCounts) {
  DecodeCase c;
  c.schema = "a bigint, b string";
  expect_csv(c, "1,x\n2\n3,y,z\n4,w\n", "1 x\n4 w\n",
             "2:4 field-count 1 field where 2 are wanted\n"
             "3:6 field-count 3 fields where 2 are wanted\n");
  c.options = {{"csv.ignore-extra-fields", "true"}, {"csv.allow-missing-fields", "true"}};
  expect_csv(c, "1,x\n2\n3,y,z\n", "1 x\n2 .\n3 y\n");
}

TEST(CsvDecoder, BadValues) {
  DecodeCase c;
  c.schema = "t tinyint, d decimal(4,2), u timestamp";
  expect_csv(c,
             "128,1,\n"
             "1,1.005,\n"
             "1,100,\n"
             "1,1,2023-13-01T00:00:00\n"
             "1,1,2023-12-01T00:00:00.0001\n"
             "1.0,1.50,2023-12-01T00:00:00.100000\n",
             "1 1.50 2023-12-01T00:00:00.100\n",
             "1:0 overflow column 't': '128' does not fit into TINYINT\n"
             "2:7 lost-digit column 'd': '1.005' has more digits than DECIMAL(4, 2) keeps\n"
             "3:16 overflow column 'd': '100' does not fit into DECIMAL(4, 2)\n"
             "4:23 value column 'u': '2023-13-01T00:00:00' is no TIMESTAMP(3)\n"
             "5:47 lost-digit column 'u': '2023-12-01T00:00:00.0001' has more digits than "
             "TIMESTAMP(3) keeps\n");
}

TEST(CsvDecoder, BrokenQuotes) {
  DecodeCase c;
  c.schema = "a string, b bigint";
  expect_csv(c, "\"x\"y,1\nz,2\n\"open,3\nw,4\n", "z 2\n",
             "1:0 syntax text stands behind a closing quote\n"
             "3:11 truncated a quoted field is not closed\n");
}

TEST(CsvDecoder, InvalidUtf8IsBadOnlyWhereItIsRead) {
  DecodeCase c;
  c.schema = "a string, b bigint";
  expect_csv(c, "\xC3\xA4,1\n\xFF,2\n", "\xC3\xA4 1\n",
             "2:5 encoding column 'a': the text is not UTF-8\n");
  c.projection = {1};
  expect_csv(c, "\xFF,2\n", "2\n");
}

TEST(CsvDecoder, TooLongRecordsAreOneBadRecordEach) {
  DecodeCase c;
  c.schema = "a string, b bigint";
  c.record_bytes_max = 10;
  const std::string text = "x,1\n" + std::string(50, 'y') + ",2\n12345678,3\n123456789,4\nz,5\n";
  expect_csv(c, text, "x 1\n12345678 3\nz 5\n",
             "2:4 too-long the record is longer than 10 bytes\n"
             "4:68 too-long the record is longer than 10 bytes\n");
}

TEST(CsvDecoder, LinesAreCountedThroughQuotedNewlines) {
  DecodeCase c;
  c.schema = "a string, b bigint";
  expect_csv(c, "\"1\n2\n3\",1\nx,y\n", "'1\n2\n3' 1\n",
             "4:10 value column 'b': 'y' is no BIGINT\n");
}

TEST(CsvDecoder, ProjectionReadsOnlyWhatIsAsked) {
  DecodeCase c;
  c.schema = "a bigint, b bigint, c string";
  c.projection = {2, 0};
  expect_csv(c, "1,bad,x\n2,,y\n", "x 1\ny 2\n");
}

TEST(CsvDecoder, NoColumnsOnlyRows) {
  DecodeCase c;
  c.schema = "a bigint, b bigint";
  DecoderOptions options;
  options.schema = schema_from_text(c.schema);
  std::unique_ptr<Decoder> decoder = make_decoder("csv", std::move(options)).value();
  Collected out;
  DecodeCase::feed_all(*decoder, "1,2\n3,4\n5\n", 0, out).value();
  EXPECT_EQ(out.rows, 2u);
  EXPECT_EQ(out.bads.size(), 1u);
}

TEST(CsvDecoder, DelimiterAndQuoteOptions) {
  DecodeCase c;
  c.schema = "a string, b string";
  c.options = {{"csv.delimiter", ";"}, {"csv.quote", "'"}};
  expect_csv(c, "'x;y';\"z\"\n", "x;y \"z\"\n");
  c.options = {{"csv.field-delimiter", "\\t"}, {"csv.disable-quote-character", "true"}};
  expect_csv(c, "\"x\ty\"\n", "\"x y\"\n");
}

TEST(CsvDecoder, TimestampFormats) {
  DecodeCase c;
  c.schema = "t timestamp_ltz, d date";
  c.options = {{"csv.timestamp-format", "epoch-millis"}};
  expect_csv(c, "1700000000123,2023-01-01\n-1,\n",
             "2023-11-14T22:13:20.123Z 2023-01-01\n"
             "1969-12-31T23:59:59.999Z .\n");
  c.options = {{"csv.timestamp-format", "epoch-micros"}};
  expect_csv(c, "1001,\n", "",
             "1:0 lost-digit column 't': '1001' has more digits than TIMESTAMP_LTZ(3) keeps\n");
}

TEST(CsvDecoder, BatchesAndRanges) {
  DecodeCase c;
  c.schema = "a bigint";
  c.batch_rows = 2;
  const Collected out = c.run("1\n2\n3\n4\n5\n");
  ASSERT_EQ(out.ranges.size(), 3u);
  EXPECT_EQ(out.ranges[0].begin, 0u);
  EXPECT_EQ(out.ranges[0].end, 4u);
  EXPECT_EQ(out.ranges[2].begin, 8u);
  EXPECT_EQ(out.ranges[2].end, 10u);
}

TEST(CsvDecoder, ConsumedOffsetIsTheEndOfTheLastRecord) {
  DecodeCase c;
  c.schema = "a bigint";
  std::unique_ptr<Decoder> decoder = c.make().value();
  Collected out;
  DecodeInput input;
  input.bytes = as_bytes("1\n22\n3");
  decoder->feed(input, out).value();
  EXPECT_EQ(decoder->consumed_offset(), 5u);
  EXPECT_EQ(out.rows, 2u);
}

TEST(CsvDecoder, AnEndlessRecordNeedsNotToBeKept) {
  DecodeCase c;
  c.schema = "a bigint";
  c.record_bytes_max = 4;
  std::unique_ptr<Decoder> decoder = c.make().value();
  Collected out;
  DecodeInput input;
  input.bytes = as_bytes("1\n2222");
  decoder->feed(input, out).value();
  EXPECT_EQ(decoder->consumed_offset(), 2u);
  EXPECT_FALSE(decoder->skipping());
  input = {};
  input.offset = 6;
  input.bytes = as_bytes("222");
  decoder->feed(input, out).value();
  EXPECT_EQ(decoder->consumed_offset(), 9u);
  EXPECT_TRUE(decoder->skipping());
  // A restart there knows that this is no record's beginning.
  std::unique_ptr<Decoder> other = c.make().value();
  UnitStart start;
  start.inside = true;
  start.skipping = true;
  ASSERT_TRUE(other->start_unit(start));
  input.offset = 9;
  input.bytes = as_bytes("22\n3\n");
  for (Decoder* each : {decoder.get(), other.get()}) {
    Collected rest;
    each->feed(input, rest).value();
    EXPECT_EQ(rest.rows, 1u);
    EXPECT_TRUE(rest.bads.empty());
    EXPECT_FALSE(each->skipping());
    EXPECT_EQ(each->consumed_offset(), 14u);
  }
}

TEST(CsvDecoder, Messages) {
  DecodeCase c;
  c.schema = "a bigint, b string";
  // The same as lines and, where a quote might run on, one by one.
  Collected out = c.run_messages({"1,x", "bad", "2,y", "3,z", "4,5,6", "7,w"});
  EXPECT_EQ(out.rows_text(), "1 x\n2 y\n3 z\n7 w\n");
  EXPECT_EQ(out.messages, (std::vector<uint32_t>{0, 2, 3, 5}));
  EXPECT_EQ(out.bad_text(),
            "0:1 field-count 1 field where 2 are wanted\n"
            "0:4 field-count 3 fields where 2 are wanted\n");
  out = c.run_messages({"1,x", "bad", "2,\"y\nz\"", "3,\"open", "4,w"});
  EXPECT_EQ(out.rows_text(), "1 x\n2 'y\nz'\n4 w\n");
  EXPECT_EQ(out.messages, (std::vector<uint32_t>{0, 2, 4}));
  ASSERT_EQ(out.bads.size(), 2u);
  EXPECT_EQ(out.bads[0].offset, 1u);
  EXPECT_EQ(out.bads[1].offset, 3u);
}

TEST(CsvDecoder, StringsStopBeingInternedWhenTheyDoNotRepeat) {
  DecodeCase c;
  c.schema = "a string";
  std::string text;
  for (int i = 0; i < 200000; ++i)
    text += "a string that is long enough " + std::to_string(i) + "\n";
  const Collected out = c.run(text, 10000);
  EXPECT_EQ(out.rows, 200000u);
  EXPECT_EQ(out.batches.front().columns[0]->encoding(), Encoding::kDictionary);
  EXPECT_TRUE(out.batches.back().columns[0]->is_flat());
  size_t i = 0;
  for (const Batch& batch : out.batches) {
    for (size_t row = 0; row < batch.rows; ++row, ++i) {
      ASSERT_EQ(batch.columns[0]->string_at(row),
                "a string that is long enough " + std::to_string(i));
    }
  }
}

TEST(CsvDecoder, RefusesTypesAndOptionsItDoesNotKnow) {
  DecodeCase c;
  c.declared = make_schema({{"a", Type::array(Type::bigint())}});
  EXPECT_EQ(c.make().error().message, "format 'csv' cannot read column 'a' of type ARRAY<BIGINT>");
  c.declared = make_schema({{"a", Type::bigint()}});
  c.options = {{"csv.headr", "true"}};
  EXPECT_EQ(c.make().error().code, ErrorCode::kUnknownOption);
  EXPECT_NE(c.make().error().to_string().find("csv.header"), std::string::npos);
  c.options = {{"csv.delimiter", "ab"}};
  EXPECT_EQ(c.make().error().code, ErrorCode::kBadOptionValue);
}

TEST(CsvInfer, LooksAtValuesNotNames) {
  const auto infer = [](std::string_view text) {
    return infer_csv_schema(text, {}).value()->to_string();
  };
  EXPECT_EQ(infer("price,volume,name\nx,1,2.5\ny,2,3\n"),
            "price STRING, volume BIGINT, name DOUBLE");
  EXPECT_EQ(infer("1,true,2023-01-01\n2,false,2023-01-02\n"),
            "column1 BIGINT, column2 BOOLEAN, column3 DATE");
  EXPECT_EQ(infer("a,b,c\n007,2023-01-01T00:00:00,2023-01-01 00:00:00.123456Z\n"),
            "a STRING, b TIMESTAMP(3), c TIMESTAMP_LTZ(6)");
  EXPECT_EQ(infer("a,b\n99999999999999999999,\n1,\n"), "a DECIMAL(38, 0), b STRING");
  EXPECT_FALSE(infer_csv_schema("", {}).has_value());
}

/// Blocks in which no record is good are let go of: a file of nothing else takes no memory.
TEST(CsvDecoder, BlocksWithoutRowsAreReleased) {
  DecoderOptions options;
  options.schema = schema_from_text("a bigint, s string");
  options.projection = {0, 1};
  options.options["csv.header"] = "false";
  options.record_bytes_max = 40;
  const auto decoder = *make_decoder("csv", options);
  Collected out;
  const std::string text =
      "x,a string that is longer than what is inline\n1,2,3,4\n" + std::string(100, 'z');
  uint64_t offset = 0;
  for (int block = 0; block < 3; ++block) {
    std::shared_ptr<Buffer> owner = Buffer::allocate(text.size());
    std::memcpy(owner->data(), text.data(), text.size());
    DecodeInput input;
    input.owner = owner;
    input.bytes = {owner->data(), text.size()};
    input.offset = offset;
    offset += text.size();
    ASSERT_TRUE(decoder->feed(input, out));
    input.owner = nullptr;
    EXPECT_EQ(owner.use_count(), 1);
  }
}

}  // namespace
}  // namespace velo
