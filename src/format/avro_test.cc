// Format 'avro' by hand: types, resolution, bad records. avro_library_test.cc has the random ones.

#include <gtest/gtest.h>

#include "column/column_builder.h"
#include "format/avro_schema.h"
#include "format/collect_test.h"
#include "format/few_schemas_test.h"
#include "format/wire_bytes.h"

namespace velo {
namespace {

/// Bytes of a record, put together by hand.
struct Record {
  std::string out;
  Record& num(int64_t value) { return put_zigzag(value, &out), *this; }
  Record& text(std::string_view value) {
    return num(static_cast<int64_t>(value.size())).raw(value);
  }
  Record& raw(std::string_view value) { return out += value, *this; }
  template <typename T>
  Record& fixed(T value) {
    return put_fixed(value, &out), *this;
  }
};

std::string record_schema(std::string_view fields) {
  return fmt::format(R"({{"type":"record","name":"r","fields":[{}]}})", fields);
}

Collected decode(SchemaPtr columns, OptionMap options, const std::vector<std::string>& messages,
                 std::vector<int> projection = {}) {
  DecodeCase c;
  c.format = "avro";
  c.declared = std::move(columns);
  c.options = std::move(options);
  c.projection = std::move(projection);
  return c.run_messages(messages);
}

Collected decode(const std::string& columns, OptionMap options,
                 const std::vector<std::string>& messages, std::vector<int> projection = {}) {
  return decode(schema_from_text(columns), std::move(options), messages, std::move(projection));
}

std::string bind_error(const std::string& columns, OptionMap options) {
  DecodeCase c;
  c.format = "avro";
  c.schema = columns;
  c.options = std::move(options);
  const auto made = c.make();
  return made ? "no error" : made.error().to_string();
}

TEST(Avro, ReadsPrimitives) {
  const std::string schema = record_schema(
      R"({"name":"b","type":"boolean"},{"name":"i","type":"int"},{"name":"l","type":"long"},
         {"name":"f","type":"float"},{"name":"d","type":"double"},{"name":"s","type":"string"},
         {"name":"y","type":"bytes"})");
  const Collected out = decode("b boolean, i int, l bigint, f float, d double, s string, y bytes",
                               {{"avro.schema", schema}},
                               {Record()
                                    .raw("\1")
                                    .num(-7)
                                    .num(int64_t{1} << 40)
                                    .fixed(1.5F)
                                    .fixed(-0.25)
                                    .text("hé")
                                    .text("ab")
                                    .out});
  EXPECT_EQ(out.rows_text(), "TRUE -7 1099511627776 1.5 -0.25 hé ab\n");
  EXPECT_EQ(out.bad_text(), "");
}

TEST(Avro, PassesOverWhatNobodyReads) {
  const std::string schema = record_schema(
      R"({"name":"a","type":{"type":"array","items":"string"}},{"name":"m","type":{"type":"map",
         "values":{"type":"record","name":"in","fields":[{"name":"next","type":["null","in"]}]}}},
         {"name":"u","type":["null","double",{"type":"fixed","name":"fx","size":3}]},
         {"name":"e","type":{"type":"enum","name":"en","symbols":["X","Y"]}},{"name":"k","type":"long"})");
  // One block of the array with its size in bytes, one without.
  const std::string record = Record()
                                 .num(-2)
                                 .num(4)
                                 .text("a")
                                 .text("b")
                                 .num(1)
                                 .text("c")
                                 .num(0)
                                 .num(1)
                                 .text("key")
                                 .num(1)
                                 .num(0)
                                 .num(0)
                                 .num(2)
                                 .raw("abc")
                                 .num(1)
                                 .num(42)
                                 .out;
  EXPECT_EQ(decode("k bigint", {{"avro.schema", schema}}, {record}).rows_text(), "42\n");
  EXPECT_EQ(decode("k bigint, e string", {{"avro.schema", schema}}, {record}, {0}).rows_text(),
            "42\n");
}

TEST(Avro, LogicalTypes) {
  const std::string schema = record_schema(
      R"({"name":"d","type":{"type":"int","logicalType":"date"}},
         {"name":"t","type":{"type":"int","logicalType":"time-millis"}},
         {"name":"a","type":{"type":"long","logicalType":"timestamp-millis"}},
         {"name":"b","type":{"type":"long","logicalType":"local-timestamp-micros"}},
         {"name":"n","type":{"type":"long","logicalType":"timestamp-nanos"}},
         {"name":"x","type":{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}},
         {"name":"y","type":{"type":"fixed","name":"f4","size":4,"logicalType":"decimal","precision":6,"scale":2}},
         {"name":"u","type":{"type":"fixed","name":"f16","size":16,"logicalType":"uuid"}})");
  const std::string columns =
      "d date, t time(3), a timestamp_ltz(3), b timestamp(6), n timestamp_ltz(6), x decimal(6,2), "
      "y decimal(8,3), u string";
  const Collected out =
      decode(columns, {{"avro.schema", schema}},
             {Record()
                  .num(19723)
                  .num(3'723'004)
                  .num(1'700'000'000'123)
                  .num(-1)
                  .num(-1)
                  .text(std::string_view("\xff\x85", 2))
                  .raw(std::string_view("\0\0\x04\xd2", 4))
                  .raw("\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef")
                  .out});
  EXPECT_EQ(out.bad_text(), "");
  EXPECT_EQ(out.rows_text(),
            "2024-01-01 01:02:03.004 2023-11-14T22:13:20.123Z 1969-12-31T23:59:59.999999 "
            "1969-12-31T23:59:59.999999Z -1.23 12.340 01234567-89ab-cdef-0123-456789abcdef\n");
  const auto parsed = AvroSchema::parse(schema);
  EXPECT_EQ(make_schema(avro_columns(parsed->root()).value())->to_string(),
            "d DATE, t TIME(3), a TIMESTAMP_LTZ(3), b TIMESTAMP(6), n TIMESTAMP_LTZ(6), "
            "x DECIMAL(6, 2), y DECIMAL(6, 2), u STRING");
}

TEST(Avro, NestedValuesAndUnions) {
  const std::string schema = record_schema(
      R"({"name":"o","type":["null",{"type":"record","name":"Item","fields":[
           {"name":"id","type":"int"},{"name":"tags","type":{"type":"array","items":["string","null"]}}]}]},
         {"name":"m","type":{"type":"map","values":"long"}},
         {"name":"v","type":["long","null","int","string"]})");
  const SchemaPtr columns =
      make_schema({{"o", Type::row({"tags", "id"}, {Type::array(Type::string()), Type::bigint()})},
                   {"m", Type::map(Type::string(), Type::bigint())},
                   {"v", Type::bigint()}});
  const Collected out = decode(
      columns, {{"avro.schema", schema}},
      {Record()
           .num(1)
           .num(5)
           .num(2)
           .num(0)
           .text("a")
           .num(1)
           .num(0)
           .num(1)
           .text("k")
           .num(9)
           .num(0)
           .num(0)
           .num(3)
           .out,
       Record().num(0).num(0).num(2).num(4).out, Record().num(0).num(0).num(3).text("x").out});
  EXPECT_EQ(out.rows_text(), "'([a, NULL], 5)' {k=9} 3\n. {} 4\n");
  EXPECT_EQ(out.bad_text(),
            "0:2 value column 'v' is BIGINT, which Avro's string is not read into\n");
}

TEST(Avro, ResolvesByTheReadersSchema) {
  const std::string writer = record_schema(
      R"({"name":"old","type":"int"},{"name":"gone","type":"string"},
         {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},{"name":"f","type":"float"})");
  const std::string reader = record_schema(
      R"({"name":"f","type":["null","double"]},{"name":"new","aliases":["old"],"type":"long"},
         {"name":"e","type":{"type":"enum","name":"E","symbols":["A","Z"],"default":"Z"}},
         {"name":"added","type":["string","null"],"default":"hé"},
         {"name":"list","type":{"type":"array","items":"int"},"default":[1,2]},
         {"name":"y","type":"bytes","default":"\u00ff"},{"name":"none","type":["null","int"],"default":null})");
  const SchemaPtr columns = make_schema({{"new", Type::bigint()},
                                         {"f", Type::float64()},
                                         {"e", Type::string()},
                                         {"added", Type::string()},
                                         {"list", Type::array(Type::integer())},
                                         {"y", Type::bytes()},
                                         {"none", Type::integer()}});
  const Collected out = decode(columns, {{"avro.schema", writer}, {"avro.reader-schema", reader}},
                               {Record().num(7).text("x").num(0).fixed(0.5F).out,
                                Record().num(8).text("").num(1).fixed(2.0F).out});
  EXPECT_EQ(out.bad_text(), "");
  EXPECT_EQ(out.rows_text(), "7 0.5 A hé '[1, 2]' \xff .\n8 2.0 Z hé '[1, 2]' \xff .\n");
}

TEST(Avro, WhatDoesNotFitIsSaidBeforeAnythingIsRead) {
  const OptionMap longs = {{"avro.schema", record_schema(R"({"name":"a","type":"long"})")}};
  EXPECT_EQ(bind_error("a int", longs),
            "error 2003: column 'a' is INTEGER, which Avro's long is not read into\n"
            "  hint: declare it as BIGINT");
  EXPECT_EQ(
      bind_error("a bigint, b int",
                 {{"avro.schema", longs.at("avro.schema")},
                  {"avro.reader-schema", record_schema(R"({"name":"b","type":"int"})")}}),
      "error 2003: column 'b': the schema that records are written with has no field 'b', and "
      "the reader's gives no default\n"
      "  hint: give the field a \"default\" in the schema that is read by");
  EXPECT_EQ(bind_error("a bigint", {{"avro.schema", "{"}}),
            "error 1002: no Avro schema: not JSON: The JSON document has an improper structure: "
            "missing or superfluous commas, braces, missing keys, etc.");
  EXPECT_EQ(
      bind_error("a bigint", {{"avro.schema", record_schema(R"({"name":"a","type":"lung"})")}}),
      "error 1002: no Avro schema: a: there is no type 'lung'");
}

TEST(Avro, BrokenRecordsAreBad) {
  const OptionMap options = {
      {"avro.schema",
       record_schema(
           R"({"name":"s","type":"string"},{"name":"n","type":{"type":"array","items":"null"}})")}};
  const Collected out =
      decode("s string", options,
             {Record().num(5).raw("ab").out,            // cut
              Record().num(-1).out,                     // a length below 0
              Record().text("\xff").num(0).out,         // not UTF-8
              Record().text("a").num(0).raw("zz").out,  // more behind it
              std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
              Record().text("a").num(int64_t{1} << 60).num(0).out,  // nulls without end
              "", Record().text("fine").num(3).num(0).out});
  EXPECT_EQ(out.rows_text(), "fine\n");
  EXPECT_EQ(out.bad_text(),
            "0:0 truncated the record ends inside a value\n"
            "0:1 syntax a length below 0\n"
            "0:2 encoding column 's': the text is not UTF-8\n"
            "0:3 syntax 2 bytes stand behind the record: it was not written with this schema\n"
            "0:4 syntax a number has more than 64 bits\n"
            "0:5 too-long more than 65536 elements without a byte\n"
            "0:6 truncated the record ends inside a value\n");
}

TEST(Avro, WritesByTheSchemaOfTheColumnsAndReadsItBack) {
  Batch batch = batch_from_text(
      "b boolean, t tinyint, i int, l bigint, f float, d double, s string, x decimal(20,4), "
      "dt date, tm time(3), a timestamp(3), z timestamp_ltz(6)",
      "true -3 70000 -5 1.5 2.5 'a b' -1234567.0001 2024-02-29 10:00:00.125 "
      "2024-01-01T00:00:00.5 2024-01-01T00:00:00.000001Z\n"
      ". . . . . . . . . . . .\n");
  std::vector<Field> fields = batch.schema->fields();
  ColumnBuilder nested(Type::row({"p", "q"}, {Type::integer(), Type::array(Type::string())}));
  nested.child(0).append_int64(1);
  nested.child(1).child(0).append_string("x");
  nested.child(1).child(0).append_null();
  nested.child(1).append_list_end();
  nested.append_row_end();
  nested.append_null();
  fields.push_back({"r", nested.type()});
  batch.columns.push_back(nested.finish());
  ColumnBuilder map(Type::map(Type::string(), Type::float64()));
  map.child(0).append_string("k");
  map.child(1).append_double(1);
  map.append_list_end();
  map.append_null();
  fields.push_back({"m", map.type()});
  batch.columns.push_back(map.finish());
  batch.schema = make_schema(std::move(fields));
  const auto encoder = make_encoder("avro", {batch.schema, {}}).value();
  std::string bytes;
  std::vector<RecordSpan> records;
  encoder->encode_records(batch, bytes, &records).value();
  ASSERT_EQ(records.size(), 2U);
  std::vector<std::string> messages;
  for (const RecordSpan& r : records) messages.push_back(bytes.substr(r.offset, r.length));
  EXPECT_EQ(messages[1], std::string(14, '\0'));
  const Collected out = decode(batch.schema, {}, messages);
  EXPECT_EQ(out.bad_text(), "");
  EXPECT_EQ(out.rows_text(), batch_to_text(batch));
}

TEST(Avro, WritesByAGivenSchemaOrSaysWhyNot) {
  const Batch batch = batch_from_text("e string, l bigint", "B 1\n. 2\n");
  const auto encoded = [&](std::string_view fields) -> std::string {
    const auto encoder =
        make_encoder("avro", {batch.schema, {{"avro.schema", record_schema(fields)}}});
    if (!encoder) return encoder.error().to_string();
    std::string out;
    const Status status = (*encoder)->encode(batch, out);
    return status ? out : status.error().to_string();
  };
  EXPECT_EQ(encoded(R"({"name":"l","type":"long"},{"name":"add","type":"string","default":"z"},
                       {"name":"e","type":[{"type":"enum","name":"E","symbols":["A","B"]},"null"]})"),
            Record().num(1).text("z").num(0).num(1).num(2).text("z").num(1).out);
  EXPECT_EQ(encoded(R"({"name":"l","type":"long"},{"name":"e","type":"string"})"),
            "error 3001: column 'e': a value is NULL, which Avro's string cannot be\n"
            "  hint: filter such rows out, or change the schema");
  EXPECT_EQ(encoded(R"({"name":"l","type":"int"},{"name":"e","type":"string"})"),
            "error 2003: column 'l' is BIGINT, which is not written as Avro's int\n"
            "  hint: CAST the column, or change the schema");
  EXPECT_EQ(encoded(R"({"name":"l","type":"long"})"),
            "error 2003: column 'e' is no field of the Avro schema 'r'\n"
            "  hint: leave it out of the query, or add it to the schema");
  EXPECT_EQ(
      encoded(
          R"({"name":"l","type":"long"},{"name":"e","type":["null","string"]},{"name":"q","type":"int"})"),
      "error 2003: the field 'q' of the Avro schema is no column and has no default\n"
      "  hint: add the column, or give the field a \"default\"");
}

TEST(Avro, ASchemaThatIsNoRecordIsOneColumn) {
  EXPECT_EQ(decode("k bigint", {{"avro.schema", "\"long\""}}, {Record().num(3).out}).rows_text(),
            "3\n");
  const Batch batch = batch_from_text("k bigint", "3\n");
  std::string out;
  make_encoder("avro", {batch.schema, {{"avro.schema", "\"long\""}}})
      .value()
      ->encode(batch, out)
      .value();
  EXPECT_EQ(out, Record().num(3).out);
}

TEST(Avro, ByARegistryMessagesSayWhatTheyAreWrittenWith) {
  auto registry = std::make_shared<FewSchemas>("AVRO");
  registry->texts = {record_schema(R"({"name":"a","type":"int"})"),
                     record_schema(R"({"name":"b","type":"string"},{"name":"a","type":"long"})"),
                     record_schema(R"({"name":"a","type":"string"})"),
                     record_schema(R"({"name":"a","type":"long"})")};
  DecoderOptions options;
  options.schema = schema_from_text("a bigint, b string");
  options.projection = {0, 1};
  options.schemas.registry = registry;
  options.schemas.subject = "t-value";
  const auto decoder = make_decoder("avro-confluent", options).value();
  const auto message = [](char id, const std::string& record) {
    return std::string("\0\0\0\0", 4) + id + record;
  };
  Collected out;
  feed_messages(
      *decoder,
      {message(1, Record().num(1).out), message(2, Record().text("x").num(2).out),
       message(3, Record().text("no").out), message(9, ""), "x", message(1, Record().num(3).out)},
      out)
      .value();
  EXPECT_EQ(out.rows_text(), "1 .\n2 x\n3 .\n");
  EXPECT_EQ(out.bad_text(),
            "0:2 value schema 3: column 'a' is BIGINT, which Avro's string is not read into\n"
            "0:3 value schema 9: there is no such schema\n"
            "0:4 syntax the message does not begin with a byte 0 and the number of a schema\n");
  EXPECT_EQ(registry->asked, 5);
  // What cannot be asked for is no bad record.
  const Status down = feed_messages(*decoder, {std::string("\0\0\0\2\0", 5)}, out);
  EXPECT_EQ(down.error().message, "the registry is down");
  // Columns that the newest schema does not fit are refused before anything is read.
  options.schema = schema_from_text("a int, b string");
  EXPECT_EQ(make_decoder("avro-confluent", options).error().hint, "declare it as BIGINT");
  // A writer registers the schema of its columns.
  const Batch batch = batch_from_text("a bigint", "7\n");
  EncoderOptions writer;
  writer.schema = batch.schema;
  writer.schemas = options.schemas;
  std::string written;
  make_encoder("avro-confluent", writer).value()->encode(batch, written).value();
  EXPECT_EQ(written, message(5, Record().num(1).num(7).out));
  EXPECT_EQ(registry->texts.size(), 5U);
}

}  // namespace
}  // namespace velo
