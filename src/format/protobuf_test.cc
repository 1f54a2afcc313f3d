// Format 'protobuf' by hand: types, presence, schemas, bad messages. protobuf_library_test.cc has
// the random ones.

#include <gtest/gtest.h>

#include "column/column_builder.h"
#include "format/collect_test.h"
#include "format/confluent_framing.h"
#include "format/few_schemas_test.h"
#include "format/protobuf_schema.h"
#include "format/wire_bytes.h"

namespace velo {
namespace {

/// Bytes of a message, put together by hand.
struct Wire {
  std::string out;
  Wire& num(uint32_t field, int64_t value) {
    return tag(field, 0), put_varint(static_cast<uint64_t>(value), &out), *this;
  }
  Wire& text(uint32_t field, std::string_view value) {
    tag(field, 2), put_varint(value.size(), &out);
    return raw(value);
  }
  template <typename T>
  Wire& fixed(uint32_t field, T value) {
    return tag(field, sizeof(T) == 8 ? 1 : 5), put_fixed(value, &out), *this;
  }
  Wire& tag(uint32_t field, uint32_t wire) {
    return put_varint((uint64_t{field} << 3) | wire, &out), *this;
  }
  Wire& raw(std::string_view value) { return out += value, *this; }
};

std::string proto3(std::string_view body) {
  return fmt::format(
      "syntax = \"proto3\";\nimport \"google/protobuf/timestamp.proto\";\n"
      "import \"google/protobuf/wrappers.proto\";\n{}",
      body);
}
std::string proto2(std::string_view body) { return fmt::format("syntax = \"proto2\";\n{}", body); }

Collected decode(SchemaPtr columns, const std::string& schema,
                 const std::vector<std::string>& messages, OptionMap options = {}) {
  DecodeCase c;
  c.format = "protobuf";
  c.declared = std::move(columns);
  options.emplace("protobuf.schema", schema);
  c.options = std::move(options);
  return c.run_messages(messages);
}

/// With the columns that the schema gives.
Collected decode(const std::string& schema, const std::vector<std::string>& messages,
                 OptionMap options = {}) {
  OptionMap all = options;
  all.emplace("protobuf.schema", schema);
  return decode(make_schema(schema_columns("protobuf", all, {}).value()), schema, messages,
                std::move(options));
}

std::string bind_error(const std::string& columns, OptionMap options) {
  DecodeCase c;
  c.format = "protobuf";
  c.schema = columns;
  c.options = std::move(options);
  const auto made = c.make();
  return made ? "no error" : made.error().to_string();
}

std::string columns_of(const std::string& schema, OptionMap options = {}) {
  options.emplace("protobuf.schema", schema);
  const auto columns = schema_columns("protobuf", options, {});
  return columns ? make_schema(*columns)->to_string() : columns.error().to_string();
}

TEST(Protobuf, ReadsScalars) {
  const std::string schema = proto3(R"(message M {
    bool b = 1; int32 i = 2; sint64 l = 3; float f = 4; double d = 5; string s = 6; bytes y = 7;
    uint32 u = 8; uint64 v = 9; fixed32 x = 10; sfixed64 z = 2000; E e = 12;
  } enum E { A = 0; B = 7; })");
  EXPECT_EQ(columns_of(schema),
            "b BOOLEAN, i INTEGER, l BIGINT, f FLOAT, d DOUBLE, s STRING, y BYTES, u BIGINT, "
            "v DECIMAL(20, 0), x BIGINT, z BIGINT, e STRING");
  const Collected out = decode(schema, {Wire()
                                            .fixed(2000, int64_t{-9})
                                            .num(12, 7)
                                            .fixed(10, 0xFFFFFFFFU)
                                            .num(9, -1)
                                            .num(8, int64_t{0xFFFFFFFF})
                                            .text(7, "ab")
                                            .text(6, "hé")
                                            .fixed(5, -0.25)
                                            .fixed(4, 1.5F)
                                            .num(3, 5)
                                            .num(2, -7)
                                            .num(1, 1)
                                            .out,
                                        Wire().num(12, 8).out});
  EXPECT_EQ(out.rows_text(),
            "TRUE -7 -3 1.5 -0.25 hé ab 4294967295 18446744073709551615 4294967295 -9 B\n"
            "FALSE 0 0 0.0 0.0 '' '' 0 0 0 0 8\n");
  EXPECT_EQ(out.bad_text(), "");
}

TEST(Protobuf, WhatHasPresenceIsNull) {
  const std::string three = proto3(R"(message M { int32 plain = 1; optional int32 maybe = 2;
    In inside = 3; repeated int32 list = 4; google.protobuf.Int32Value wrapped = 5;
    oneof o { string a = 6; int32 b = 7; } map<string, int32> m = 8;
    google.protobuf.Timestamp at = 9; }
    message In { int32 x = 1; optional string y = 2; })");
  const std::vector<std::string> messages = {"",
                                             Wire()
                                                 .num(1, 0)
                                                 .num(2, 0)
                                                 .text(3, "")
                                                 .num(4, 0)
                                                 .text(5, "")
                                                 .num(7, 0)
                                                 .text(8, "")
                                                 .text(9, "")
                                                 .out,
                                             Wire().num(7, 3).text(6, "x").out};
  const OptionMap message = {{"protobuf.message-name", "M"}};
  EXPECT_EQ(decode(three, messages, message).rows_text(),
            "0 . . [] . . . {} .\n"
            "0 0 '(0, NULL)' [0] 0 . 0 {=0} 1970-01-01T00:00:00Z\n"
            "0 . . [] . x . {} .\n");
  EXPECT_EQ(decode(three, {""},
                   {{"protobuf.message-name", "M"}, {"protobuf.read-default-values", "true"}})
                .rows_text(),
            "0 0 '(0, )' [] 0 '' 0 {} 1970-01-01T00:00:00Z\n");
  const std::string two = proto2(R"(message M { optional int32 i = 1 [default = 5];
    optional string s = 2 [default = "hé"]; required int32 r = 3; repeated E e = 4;
    optional E f = 5 [default = B]; } enum E { A = 1; B = 2; })");
  // A number that a closed enum does not name is as if it had not come.
  const std::vector<std::string> old = {Wire().num(3, 1).num(4, 1).num(4, 9).num(5, 9).out, ""};
  const Collected nulls = decode(two, old);
  EXPECT_EQ(nulls.rows_text(), ". . 1 [A] .\n");
  EXPECT_EQ(nulls.bad_text(),
            "0:1 value column 'r': the message lacks this field, which is required\n");
  EXPECT_EQ(decode(two, old, {{"protobuf.read-default-values", "true"}}).rows_text(),
            "5 hé 1 [A] B\n");
}

TEST(Protobuf, NestedRepeatedAndMaps) {
  const std::string schema = proto3(R"(package shop;
    message Order { repeated Item items = 1; map<int32, Item> by_number = 2; repeated sint32 n = 3; }
    message Item { string name = 1; repeated string tags = 2; }
    message Other { Order order = 1; })");
  const auto item = [](std::string_view name, std::string_view tag) {
    return Wire().text(2, tag).text(1, name).out;
  };
  const OptionMap order = {{"protobuf.message-name", "Order"}};
  EXPECT_EQ(columns_of(schema, order),
            "items ARRAY<ROW<name STRING, tags ARRAY<STRING>>>, by_number MAP<INTEGER, ROW<name "
            "STRING, tags ARRAY<STRING>>>, n ARRAY<INTEGER>");
  const std::string message = Wire()
                                  .text(1, item("a", "x"))
                                  .text(2, Wire().num(1, 5).text(2, item("five", "y")).out)
                                  .text(3, std::string("\1\2", 2))
                                  .text(1, item("b", "z"))
                                  .num(3, 4)
                                  .text(2, Wire().num(1, 6).out)
                                  .text(2, Wire().num(1, 5).text(2, item("FIVE", "")).out)
                                  .out;
  EXPECT_EQ(decode(schema, {message}, order).rows_text(),
            "'[(a, [x]), (b, [z])]' '{5=(FIVE, []), 6=(, [])}' '[-1, 1, 2]'\n");
  // Parts of one message are merged.
  const std::string parts = Wire()
                                .text(1, Wire().text(1, item("a", "x")).out)
                                .text(1, Wire().text(1, item("b", "y")).text(3, "\1").out)
                                .out;
  EXPECT_EQ(decode(schema, {parts}, {{"protobuf.message-name", "shop.Other"}}).rows_text(),
            "'([(a, [x]), (b, [y])], {}, [-1])'\n");
}

TEST(Protobuf, LongMapsKeepTheLastOfEachKey) {
  const std::string schema = proto3("message M { map<string, int64> m = 1; }");
  std::string message;
  for (int i = 0; i < 200; ++i) {
    message += Wire().text(1, Wire().text(1, fmt::format("k{}", i % 40)).num(2, i).out).out;
  }
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    expected += fmt::format("{}k{}={}", i > 0 ? ", " : "", i, 160 + i);
  }
  EXPECT_EQ(decode(schema, {message, message}).rows_text(),
            fmt::format("'{{{0}}}'\n'{{{0}}}'\n", expected));
  // The same in parts of one message, of which the first has no entry.
  const std::string outer =
      "syntax = \"proto3\"; message O { message M { map<string, int64> m = 1; } M m = 1; }";
  std::string parts = Wire().text(1, "").out;
  for (int i = 0; i < 200; ++i) {
    const std::string entry = Wire().text(1, fmt::format("k{}", i % 40)).num(2, i).out;
    parts += Wire().text(1, Wire().text(1, entry).out).out;
  }
  EXPECT_EQ(decode(outer, {parts, parts}).rows_text(),
            fmt::format("'({{{0}}})'\n'({{{0}}})'\n", expected));
}

TEST(Protobuf, TimesAndRanges) {
  const std::string schema = proto3(
      "message M { google.protobuf.Timestamp t = 1; uint64 u = 2; int32 i = 3; int32 d = 4; }");
  const SchemaPtr columns = make_schema({{"t", Type::timestamp(3)},
                                         {"u", Type::bigint()},
                                         {"i", Type::tinyint()},
                                         {"d", Type::decimal(4, 2)}});
  const auto time = [](int64_t seconds, int64_t nanos) {
    return Wire().text(1, Wire().num(1, seconds).num(2, nanos).out);
  };
  const Collected out =
      decode(columns, schema,
             {time(1'700'000'000, 123'000'999).num(2, 5).num(3, -128).num(4, 12).out,
              time(-1, 999'000'000).out, time(0, 1'000'000'000).out, time(int64_t{1} << 60, 0).out,
              time(0, 1'500'000).out, Wire().num(2, -1).out, Wire().num(3, 128).out,
              Wire().num(4, 100).out});
  EXPECT_EQ(out.rows_text(),
            "2023-11-14T22:13:20.123 5 -128 12.00\n1969-12-31T23:59:59.999 0 0 0.00\n");
  EXPECT_EQ(out.bad_text(),
            "0:2 overflow column 't': 0 s and 1000000000 ns is no google.protobuf.Timestamp\n"
            "0:3 overflow column 't': 1152921504606846976 s and 0 ns is no "
            "google.protobuf.Timestamp\n"
            "0:4 lost-digit column 't': 1500 µs has digits beyond TIMESTAMP(3)\n"
            "0:5 overflow column 'u': 18446744073709551615 is out of range of BIGINT\n"
            "0:6 overflow column 'i': 128 is out of range of TINYINT\n"
            "0:7 overflow column 'd': 100 is out of range of DECIMAL(4, 2)\n");
}

TEST(Protobuf, PassesOverWhatNobodyReads) {
  const std::string schema = proto2(R"(message M { optional string s = 1; optional M again = 2;
    repeated group G = 3 { optional int32 x = 1; } optional int64 k = 4;
    oneof o { int32 a = 5; int32 b = 6; } })");
  const std::string message = Wire()
                                  .text(1, "\xff")  // not validated
                                  .text(2, "no message")
                                  .tag(3, 3)
                                  .num(1, 7)
                                  .tag(9, 3)
                                  .num(1, 1)
                                  .tag(9, 4)
                                  .tag(3, 4)
                                  .fixed(77, 1.0)
                                  .text(4, "not of this wire type")
                                  .num(5, 1)
                                  .num(4, 42)
                                  .num(6, 2)
                                  .out;
  EXPECT_EQ(decode(schema_from_text("k bigint"), schema, {message}).rows_text(), "42\n");
  // A field that is not read ends the others of its oneof all the same.
  EXPECT_EQ(decode(schema_from_text("a int"), schema, {message}).rows_text(), ".\n");
  const SchemaPtr groups =
      make_schema({{"g", Type::array(Type::row({"x"}, {Type::integer()}))}, {"b", Type::bigint()}});
  EXPECT_EQ(decode(groups, schema, {message}).rows_text(), "[(7)] 2\n");
}

TEST(Protobuf, WhatDoesNotFitIsSaidBeforeAnythingIsRead) {
  const std::string schema = proto3(
      "message M { int64 price = 1; Self s = 2; } "
      "message Self { Self s = 1; }");
  const OptionMap options = {{"protobuf.schema", schema}, {"protobuf.message-name", "M"}};
  EXPECT_EQ(bind_error("price int", options),
            "error 2003: column 'price' is INTEGER, which Protobuf's int64 is not read into\n"
            "  hint: declare it as BIGINT");
  EXPECT_EQ(bind_error("prize bigint", options),
            "error 2003: column 'prize' is no field of the message 'M'\n"
            "  hint: did you mean 'price'?");
  EXPECT_EQ(bind_error("price bigint", {{"protobuf.schema", schema}}),
            "error 1003: the Protobuf schema has 2 messages: M, Self: which one do records have?\n"
            "  hint: name it with the option 'message-name' of the format");
  EXPECT_EQ(
      columns_of(schema, {{"protobuf.message-name", "M"}}),
      "error 2004: column 's.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s.s"
      "': message Self has no SQL type: it contains itself\n"
      "  hint: declare the columns: those that are not declared are passed over");
  EXPECT_EQ(
      bind_error("a int", {{"protobuf.schema", "syntax = \"proto3\";\nmessage M { int a = 1;"}}),
      "error 1002: no Protobuf schema: schema:2:23: Reached end of input in message "
      "definition (missing '}').");
  EXPECT_EQ(bind_error("a int", {{"protobuf.schema", "import \"other.proto\"; message M {}"}}),
            "error 1002: no Protobuf schema: other.proto: there are no files here");
}

TEST(Protobuf, BrokenMessagesAreBad) {
  const std::string schema = proto3(
      "message M { string s = 1; int32 i = 2; repeated fixed32 f = 3; "
      "M m = 4; }");
  const SchemaPtr columns = make_schema({{"s", Type::string()},
                                         {"i", Type::integer()},
                                         {"f", Type::array(Type::bigint())},
                                         {"m", Type::row({"s"}, {Type::string()})}});
  const Collected out =
      decode(columns, schema,
             {Wire().tag(1, 2).raw("\5ab").out,                   // cut
              Wire().text(1, "\xff").out,                         // not UTF-8
              Wire().text(4, Wire().text(1, "\xff").out).out,     // the same, inside
              Wire().num(0, 1).out,                               // no such number
              Wire().tag(1, 7).out,                               // no such wire type
              Wire().tag(9, 4).out,                               // the end of nothing
              Wire().text(3, "abcde").out,                        // a number and a bit
              Wire().tag(2, 0).raw(std::string(11, '\xff')).out,  // a number without end
              Wire().tag(9, 3).out,                               // a group without end
              Wire().tag(1, 2).raw("\xff\xff\xff\xff\x7f").out,   // longer than anything
              Wire().text(1, "fine").out});
  EXPECT_EQ(out.rows_text(), "fine 0 [] .\n");
  EXPECT_EQ(out.bad_text(),
            "0:0 truncated the message ends inside a field\n"
            "0:1 encoding column 's': the text is not UTF-8\n"
            "0:2 encoding column 'm.s': the text is not UTF-8\n"
            "0:3 syntax a field has the number 0\n"
            "0:4 syntax a field is of the unknown wire type 7\n"
            "0:5 syntax a group ends that has not begun\n"
            "0:6 truncated the message ends inside a field\n"
            "0:7 syntax a number has more than 10 bytes\n"
            "0:8 truncated the message ends inside a field\n"
            "0:9 syntax a length has more than 31 bits\n");
}

TEST(Protobuf, ASchemaMayBeAFileWithImportsOrADescriptorSet) {
  std::map<std::string, std::string> files = {
      {"dir/main.proto",
       "syntax = \"proto3\"; package p; import \"sub/part.proto\"; message M { "
       "q.Part part = 1; }"},
      {"dir/sub/part.proto", "syntax = \"proto3\"; package q; message Part { int32 x = 1; }"}};
  SchemaAccess access;
  access.read_file = [&](const std::string& path) -> Result<std::string> {
    if (!files.contains(path)) return Error(ErrorCode::kNotFound, "no file " + path);
    return files.at(path);
  };
  const auto columns = [&](const OptionMap& options) {
    const auto found = schema_columns("protobuf", options, access);
    return found ? make_schema(*found)->to_string() : found.error().message;
  };
  EXPECT_EQ(columns({{"protobuf.schema.file", "dir/main.proto"}}), "part ROW<x INTEGER>");
  EXPECT_EQ(columns({{"protobuf.schema.file", "dir/main.proto"}, {"protobuf.import-path", "a;b"}}),
            "no Protobuf schema: sub/part.proto: no file b/sub/part.proto");
  // What protoc --descriptor_set_out writes, by hand: file {name, message {name, field {…}},
  // syntax}.
  const std::string field = Wire().text(1, "x").num(3, 1).num(4, 1).num(5, 5).out;
  const std::string message = Wire().text(1, "M").text(2, field).out;
  files["set.desc"] = Wire().text(1, Wire().text(1, "m.proto").text(4, message).out).out;
  EXPECT_EQ(columns({{"protobuf.schema.file", "set.desc"}}), "x INTEGER");
  files["set.desc"] = "rubbish";
  EXPECT_EQ(columns({{"protobuf.schema.file", "set.desc"}}),
            "no Protobuf schema: these bytes are no descriptor set");
}

/// Values of all types that columns can have, and NULLs.
Batch batch_of_everything() {
  Batch batch = batch_from_text(
      "b boolean, t tinyint, i int, l bigint, f float, d double, s string, "
      "a timestamp(3), z timestamp_ltz(6)",
      "true -3 70000 -5 1.5 2.5 'a b' 1960-01-01T00:00:00.5 2024-01-01T00:00:00.000001Z\n"
      ". . . . . . . . .\n");
  std::vector<Field> fields = batch.schema->fields();
  ColumnBuilder nested(Type::row({"p", "q"}, {Type::integer(), Type::array(Type::string())}));
  nested.child(0).append_int64(1);
  nested.child(1).child(0).append_string("x");
  nested.child(1).child(0).append_string("");
  nested.child(1).append_list_end();
  nested.append_row_end();
  nested.append_null();
  fields.push_back({"r", nested.type()});
  batch.columns.push_back(nested.finish());
  ColumnBuilder map(Type::map(Type::string(), Type::float64()));
  map.child(0).append_string("k");
  map.child(1).append_double(0);
  map.append_list_end();
  map.append_list_end();
  fields.push_back({"m", map.type()});
  batch.columns.push_back(map.finish());
  batch.schema = make_schema(std::move(fields));
  return batch;
}

TEST(Protobuf, WritesByTheSchemaOfTheColumnsAndReadsItBack) {
  const Batch batch = batch_of_everything();
  const auto encoder = make_encoder("protobuf", {batch.schema, {}}).value();
  std::string bytes;
  std::vector<RecordSpan> records;
  encoder->encode_records(batch, bytes, &records).value();
  ASSERT_EQ(records.size(), 2U);
  std::vector<std::string> messages;
  for (const RecordSpan& r : records) messages.push_back(bytes.substr(r.offset, r.length));
  EXPECT_EQ(messages[1], "");
  DecodeCase c;
  c.format = "protobuf";
  c.declared = batch.schema;
  const Collected out = c.run_messages(messages);
  EXPECT_EQ(out.bad_text(), "");
  EXPECT_EQ(out.rows_text(), batch_to_text(batch));
  EXPECT_EQ(proto_schema_of(*batch.schema).value(),
            R"(syntax = "proto3";
import "google/protobuf/timestamp.proto";
message record {
  optional bool b = 1;
  optional int32 t = 2;
  optional int32 i = 3;
  optional int64 l = 4;
  optional float f = 5;
  optional double d = 6;
  optional string s = 7;
  optional google.protobuf.Timestamp a = 8;
  optional google.protobuf.Timestamp z = 9;
  optional record_r r = 10;
  map<string, double> m = 11;
}
message record_r {
  optional int32 p = 1;
  repeated string q = 2;
}
)");
}

TEST(Protobuf, WritesByAGivenSchemaOrSaysWhyNot) {
  const Batch batch = batch_from_text("e string, l bigint", "B 1\n. 0\n");
  const auto encoded = [&](const std::string& schema) -> std::string {
    const auto encoder = make_encoder(
        "protobuf", {batch.schema, {{"protobuf.schema", schema}, {"protobuf.message-name", "M"}}});
    if (!encoder) return encoder.error().to_string();
    std::string out;
    const Status status = (*encoder)->encode(batch, out);
    return status ? out : status.error().to_string();
  };
  EXPECT_EQ(encoded(proto3("message M { uint32 l = 3; E e = 1; } enum E { A = 0; B = 2; }")),
            Wire().num(1, 2).num(3, 1).out);
  EXPECT_EQ(
      encoded(proto3("message M { google.protobuf.Int64Value l = 3; optional string e = 1; }")),
      Wire().text(1, "B").text(3, Wire().num(1, 1).out).text(3, "").out);
  EXPECT_EQ(encoded(proto3("message M { int64 l = 3; E e = 1; } enum E { A = 0; }")),
            "error 3001: column 'e': 'B' is no value of the enum E\n"
            "  hint: filter such rows out, or change the schema");
  EXPECT_EQ(
      encoded(proto3("message M { oneof o { int64 l = 3; string e = 1; } }")),
      "error 3001: column 'l': column 'e' has a value too, and Protobuf has only one of them\n"
      "  hint: filter such rows out, or change the schema");
  EXPECT_EQ(encoded(proto2("message M { optional int64 l = 3; required string e = 1; }")),
            "error 3001: column 'e': a value is NULL, and the field is required\n"
            "  hint: filter such rows out, or change the schema");
  EXPECT_EQ(encoded(proto3("message M { int32 l = 3; string e = 1; }")),
            "error 2003: column 'l' is BIGINT, which is not written as Protobuf's int32\n"
            "  hint: CAST the column, or change the schema");
  EXPECT_EQ(encoded(proto3("message M { int64 l = 3; }")),
            "error 2003: column 'e' is no field of the message 'M'\n"
            "  hint: leave it out of the query, or add it to the schema");
  EXPECT_EQ(
      encoded(proto2(
          "message M { optional int64 l = 3; optional string e = 1; required int32 q = 9; }")),
      "error 2003: the field 'q' of the message 'M' is required and no column\n"
      "  hint: add the column");
}

TEST(Protobuf, ImportedFilesAreRegisteredBeforeWhatImportsThem) {
  auto registry = std::make_shared<FewSchemas>("PROTOBUF");
  const std::map<std::string, std::string> files = {
      {"main.proto",
       "syntax = \"proto3\"; import \"b.proto\"; import \"a.proto\"; import "
       "\"google/protobuf/timestamp.proto\"; message M { A a = 1; B b = 2; }"},
      {"a.proto", "syntax = \"proto3\"; message A { int32 x = 1; }"},
      {"b.proto", "syntax = \"proto3\"; import \"a.proto\"; message B { A a = 1; }"}};
  EncoderOptions options;
  options.schema = make_schema({{"a", Type::row({"x"}, {Type::integer()})}});
  options.options = {{"protobuf-confluent.schema.file", "main.proto"}};
  options.schemas.registry = registry;
  options.schemas.subject = "t-value";
  options.schemas.read_file = [&](const std::string& path) -> Result<std::string> {
    return files.at(path);
  };
  const auto encoder = make_encoder("protobuf-confluent", options);
  ASSERT_TRUE(encoder) << encoder.error().to_string();
  EXPECT_EQ(registry->log,
            "a.proto\n"
            "b.proto (a.proto: a.proto 1)\n"
            "t-value (b.proto: b.proto 2) (a.proto: a.proto 1)\n");
  EXPECT_EQ(registry->texts[2], files.at("main.proto"));
}

TEST(Protobuf, ByARegistryMessagesSayWhatTheyAreWrittenWith) {
  auto registry = std::make_shared<FewSchemas>("PROTOBUF");
  registry->references = {{"part.proto", "syntax = \"proto3\"; message Part { int64 a = 1; }"}};
  registry->texts = {
      "syntax = \"proto3\"; message M { int64 a = 1; message In { int64 a = 2; } }",
      "syntax = \"proto3\"; message X { map<int32, int32> m = 1; message In { int64 "
      "b = 1; } } message M { string b = 4; int64 a = 3; }",
      "syntax = \"proto3\"; message M { string a = 1; }",
      "syntax = \"proto3\"; import \"part.proto\"; message M { Part p = 1; int64 a = "
      "2; }"};
  DecoderOptions options;
  options.schema = schema_from_text("a bigint, b string");
  options.projection = {0, 1};
  options.schemas.registry = registry;
  options.schemas.subject = "t-value";
  const auto decoder = make_decoder("protobuf-confluent", options).value();
  const auto message = [](uint32_t id, std::vector<int32_t> place, const Wire& wire) {
    return proto_header(id, place) + wire.out;
  };
  Collected out;
  const Status fed = feed_messages(
      *decoder,
      {message(1, {0}, Wire().num(1, 1)), message(1, {0, 0}, Wire().num(2, 2)),
       message(2, {1}, Wire().text(4, "x").num(3, 3)), message(3, {0}, Wire().text(1, "no")),
       message(9, {0}, Wire()), "x", message(1, {0, 1}, Wire()), message(4, {0}, Wire().num(2, 4)),
       message(1, {0}, Wire().num(1, 5))},
      out);
  ASSERT_TRUE(fed) << fed.error().to_string();
  EXPECT_EQ(out.rows_text(), "1 .\n2 .\n3 x\n4 .\n5 .\n");
  EXPECT_EQ(out.bad_text(),
            "0:3 value schema 3: column 'a' is BIGINT, which Protobuf's string is not read into\n"
            "0:4 value schema 9: there is no such schema\n"
            "0:5 syntax the message does not begin with a byte 0, the number of a schema and the "
            "place of a message in it\n"
            "0:6 value schema 1: the schema has no message number 1 in M\n");
  // What cannot be asked for is no bad record.
  EXPECT_EQ(feed_messages(*decoder, {message(600, {0}, Wire())}, out).error().message,
            "the registry is down");
  // Where a schema is given, it is what all are read by.
  options.options = {
      {"protobuf-confluent.schema", "syntax = \"proto3\"; message M { int64 a = 7; }"}};
  options.schema = schema_from_text("a bigint");
  options.projection = {0};
  Collected by_given;
  feed_messages(*make_decoder("protobuf-confluent", options).value(),
                {message(9, {3}, Wire().num(7, 1))}, by_given)
      .value();
  EXPECT_EQ(by_given.rows_text(), "1\n");
  // A writer registers the schema of its columns.
  const Batch batch = batch_from_text("a bigint", "7\n");
  EncoderOptions writer;
  writer.schema = batch.schema;
  writer.schemas = options.schemas;
  std::string written;
  make_encoder("protobuf-confluent", writer).value()->encode(batch, written).value();
  EXPECT_EQ(written, message(5, {0}, Wire().num(1, 7)));
  writer.options = {
      {"protobuf-confluent.schema", "syntax = \"proto3\"; message X {} message M { int64 a = 7; }"},
      {"protobuf-confluent.message-name", "M"}};
  written.clear();
  make_encoder("protobuf-confluent", writer).value()->encode(batch, written).value();
  EXPECT_EQ(written, message(6, {1}, Wire().num(7, 7)));
}

}  // namespace
}  // namespace velo
