// Formats that tell changes: decoded into weights, and written.
#include <gtest/gtest.h>

#include "format/collect_test.h"
#include "format/few_schemas_test.h"

namespace velo {
namespace {

DecodeCase op_case(std::string_view format, ChangeForm form) {
  DecodeCase c;
  c.format = format;
  c.schema = "k string, v bigint, s string";
  c.changes = form;
  return c;
}

constexpr std::string_view kCsv =
    "+I,a,1,x\n-U,a,1,x\n+U,a,2,y\n-D,b,,\n*,a,3,z\n,a,3,z\n+I,a,oops,z\n+I,c,4,w\n";

TEST(OpColumn, WeightsOfCsvRowsOnEveryPathAndCut) {
  for (const KernelChoice kernels :
       {KernelChoice::kRowByRow, KernelChoice::kPortable, KernelChoice::kBest}) {
    for (const size_t piece : {0, 1, 7, 30}) {
      DecodeCase c = op_case("csv", ChangeForm::kRetract);
      c.kernels = kernels;
      const Collected out = c.run(kCsv, piece);
      std::string rows;
      for (const Batch& batch : out.batches) {
        for (size_t row = 0; row < batch.rows; ++row) {
          Batch one = slice(batch, row, 1);
          rows += one.weight(0) < 0 ? "- " : "+ ";
          one.weights = nullptr;
          rows += batch_to_text(one);
        }
      }
      EXPECT_EQ(rows, "+ a 1 x\n- a 1 x\n+ a 2 y\n- b . .\n+ c 4 w\n");
      EXPECT_EQ(out.bad_text(),
                "5:34 value column 'op': '*' is none of +I, -U, +U, -D\n"
                "6:42 value column 'op': a change needs +I, -U, +U or -D\n"
                "7:49 value column 'v': 'oops' is no BIGINT\n");
    }
  }
}

TEST(OpColumn, UpsertsPassOverOldRows) {
  const Collected out = op_case("csv", ChangeForm::kUpsert).run(kCsv);
  EXPECT_EQ(out.rows_text(), "+ a 1 x\n+ a 2 y\n- b . .\n+ c 4 w\n");
}

TEST(OpColumn, IsFoundByNameInAHeaderAndUnderItsOwnName) {
  DecodeCase c = op_case("csv", ChangeForm::kRetract);
  c.options = {{"csv.op-column", "kind"}};
  EXPECT_EQ(c.run("v,s,kind,k\n1,x,+I,a\n1,x,-D,a\n").rows_text(), "+ a 1 x\n- a 1 x\n");
}

TEST(OpColumn, ProjectionReadsItAllTheSame) {
  DecodeCase c = op_case("json", ChangeForm::kRetract);
  c.projection = {1};
  const Collected out =
      c.run("{\"op\":\"+I\",\"k\":\"a\",\"v\":1}\n{\"op\":\"-D\",\"v\":1}\n{\"v\":2}\n");
  EXPECT_EQ(out.rows_text(), "+ 1\n- 1\n");
  EXPECT_EQ(out.bads.size(), 1u);
}

TEST(OpColumn, RowsThatOnlyComeHaveNoWeights) {
  const Collected out = op_case("csv", ChangeForm::kRetract).run("+I,a,1,x\n+U,b,2,y\n");
  ASSERT_EQ(out.batches.size(), 1u);
  EXPECT_EQ(out.batches[0].weights, nullptr);
}

DecodeCase debezium_case(ChangeForm form = ChangeForm::kRetract) {
  DecodeCase c;
  c.format = "debezium-json";
  c.schema = "id bigint, name string, price decimal(10,2)";
  c.changes = form;
  return c;
}

constexpr std::string_view kEnvelopes =
    R"({"before":null,"after":{"id":1,"name":"a","price":1.50},"source":{"ts_ms":5},"op":"c"})"
    "\n"
    R"({"op":"r","ts_ms":7,"after":{"id":2,"name":"b"}})"
    "\n"
    R"({"before":{"id":1,"name":"a","price":1.50},"after":{"id":1,"name":"z","price":2},"op":"u"})"
    "\n"
    R"({"before":{"id":2,"name":"b"},"after":null,"op":"d"})"
    "\n";

TEST(Debezium, ChangesOfEveryKind) {
  for (const size_t piece : {0, 1, 64}) {
    EXPECT_EQ(debezium_case().run(kEnvelopes, piece).bads.size(), 0u);
  }
  EXPECT_EQ(debezium_case().run(kEnvelopes).rows_text(),
            "+ 1 a 1.50\n+ 2 b .\n- 1 a 1.50\n+ 1 z 2.00\n- 2 b .\n");
  EXPECT_EQ(debezium_case(ChangeForm::kUpsert).run(kEnvelopes).rows_text(),
            "+ 1 a 1.50\n+ 2 b .\n+ 1 z 2.00\n- 2 b .\n");
}

TEST(Debezium, ReadsOnlyTheColumnsAskedFor) {
  DecodeCase c = debezium_case();
  c.projection = {1};
  EXPECT_EQ(c.run(R"({"after":{"id":"no number","name":"a"},"op":"c"})").rows_text(), "a\n");
}

TEST(Debezium, PayloadBesideASchema) {
  DecodeCase c = debezium_case();
  c.options = {{"debezium-json.schema-include", "true"}};
  const Collected out = c.run(R"({"schema":{"type":"struct","fields":[]},"payload":{"before":null,)"
                              R"("after":{"id":1,"name":"a","price":3},"op":"c"}})"
                              "\n"
                              R"({"before":null,"after":{"id":1},"op":"c"})"
                              "\n");
  EXPECT_EQ(out.rows_text(), "1 a 3.00\n");
  EXPECT_EQ(out.bad_text(), "2:114 value the record has no 'payload'\n");
}

std::string bad_message(const DecodeCase& c, std::string_view record) {
  const Collected out = c.run(record);
  EXPECT_EQ(out.rows, 0u) << record;
  return out.bads.empty() ? "" : out.bads[0].message;
}

TEST(Debezium, WhatIsNoChangeIsBad) {
  const DecodeCase c = debezium_case();
  EXPECT_EQ(bad_message(c, R"({"after":{"id":1}})"), "the change has no 'op': c, r, u or d");
  EXPECT_EQ(bad_message(c, R"({"after":{"id":1},"op":"t"})"), "'op' is 't', not c, r, u or d");
  EXPECT_EQ(bad_message(c, R"({"before":{"id":1},"op":"c"})"),
            "a change with 'op' 'c' needs 'after'");
  EXPECT_EQ(bad_message(c, R"({"after":{"id":1},"op":"u"})"),
            "a change with 'op' 'u' needs 'before' ('scan.changelog' = 'upsert' goes by the "
            "PRIMARY KEY)");
  EXPECT_EQ(bad_message(c, R"({"before":null,"op":"d"})"), "a change with 'op' 'd' needs 'before'");
  EXPECT_EQ(bad_message(c, R"({"after":{"id":"x"},"op":"c"})"),
            "column 'after.id': '\"x\"' is no BIGINT");
  EXPECT_EQ(bad_message(c, R"({"after":7,"op":"c"})"),
            "column 'after': '7' is no ROW<id BIGINT, name STRING, price DECIMAL(10, 2)>");
  EXPECT_EQ(bad_message(debezium_case(ChangeForm::kUpsert), R"({"op":"d"})"),
            "a change with 'op' 'd' needs 'before'");
}

std::string written(std::string_view format, std::string_view rows) {
  const Batch batch = batch_from_text("op string, k string, v bigint", rows);
  std::string out;
  make_encoder(format, {batch.schema, {}}).value()->encode(batch, out).value();
  return out;
}

TEST(Debezium, WritesAnUpdateAsOneEnvelope) {
  EXPECT_EQ(written("debezium-json", "+I a 1\n-U a 1\n+U a .\n-D a ."),
            R"({"before":null,"after":{"k":"a","v":1},"op":"c"})"
            "\n"
            R"({"before":{"k":"a","v":1},"after":{"k":"a","v":null},"op":"u"})"
            "\n"
            R"({"before":{"k":"a","v":null},"after":null,"op":"d"})"
            "\n");
}

TEST(Debezium, ReadsWhatItWrites) {
  DecodeCase c;
  c.format = "debezium-json";
  c.schema = "k string, v bigint";
  c.changes = ChangeForm::kRetract;
  EXPECT_EQ(c.run(written("debezium-json", "+I 'a\"b' 1\n-U 'a\"b' 1\n+U c 2\n-D c 2")).rows_text(),
            "+ a\"b 1\n- a\"b 1\n+ c 2\n- c 2\n");
}

TEST(Debezium, DoesNotWriteASchema) {
  const auto made = make_encoder("debezium-json", {schema_from_text("op string, k string"),
                                                   {{"debezium-json.schema-include", "true"}}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kNotSupported);
}

// --- the same by Avro ---

/// Messages of the rows, under the first schema of a new registry.
std::vector<std::string> avro_envelopes(const std::shared_ptr<FewSchemas>& registry,
                                        const Batch& with_op) {
  EncoderOptions options;
  options.schema = with_op.schema;
  options.schemas.registry = registry;
  options.schemas.subject = "t-value";
  std::string bytes;
  std::vector<RecordSpan> records;
  make_encoder("debezium-avro-confluent", options)
      .value()
      ->encode_records(with_op, bytes, &records)
      .value();
  std::vector<std::string> messages;
  for (const RecordSpan& r : records) messages.push_back(bytes.substr(r.offset, r.length));
  return messages;
}

DecoderOptions avro_changes(const std::shared_ptr<FewSchemas>& registry, ChangeForm form) {
  DecoderOptions options;
  options.schema = schema_from_text("v bigint, k string");
  options.projection = {0, 1};
  options.changes = form;
  options.schemas.registry = registry;
  options.schemas.subject = "t-value";
  return options;
}

TEST(DebeziumAvro, ReadsWhatItWrites) {
  auto registry = std::make_shared<FewSchemas>("AVRO");
  const Batch batch =
      batch_from_text("op string, k string, v bigint", "+I a 1\n-U a 1\n+U a .\n-D a .\n+I b 2\n");
  const std::vector<std::string> messages = avro_envelopes(registry, batch);
  ASSERT_EQ(messages.size(), 4u);
  const auto rows = [&](const DecoderOptions& options) {
    Collected out;
    feed_messages(*make_decoder("debezium-avro-confluent", options).value(), messages, out).value();
    return out.rows_text() + out.bad_text();
  };
  EXPECT_EQ(rows(avro_changes(registry, ChangeForm::kRetract)),
            "+ 1 a\n- 1 a\n+ . a\n- . a\n+ 2 b\n");
  EXPECT_EQ(rows(avro_changes(registry, ChangeForm::kUpsert)), "+ 1 a\n+ . a\n- . a\n+ 2 b\n");
  DecoderOptions one = avro_changes(registry, ChangeForm::kRetract);
  one.projection = {1};
  EXPECT_EQ(rows(one), "+ a\n- a\n+ a\n- a\n+ b\n");
  // A table without columns has those of the rows.
  const auto columns =
      schema_columns("debezium-avro-confluent", {}, avro_changes(registry, {}).schemas);
  EXPECT_EQ(make_schema(*columns)->to_string(), "k STRING, v BIGINT");
}

TEST(DebeziumAvro, AsDebeziumWritesIt) {
  auto registry = std::make_shared<FewSchemas>("AVRO");
  registry->texts = {R"({"type":"record","name":"Envelope","namespace":"db.t","fields":[
    {"name":"before","type":["null",{"type":"record","name":"Value","fields":[
       {"name":"k","type":"string"},{"name":"v","type":["null","long"],"default":null}]}],
     "default":null},
    {"name":"after","type":["null","Value"],"default":null},
    {"name":"source","type":{"type":"record","name":"Source","fields":[{"name":"db","type":"string"}]}},
    {"name":"op","type":"string"},{"name":"ts_ms","type":["null","long"],"default":null}]})"};
  const auto envelope = [](std::string_view before, std::string_view after, std::string_view op) {
    return std::string("\0\0\0\0\1", 5) + std::string(before) + std::string(after) + "\4db" +
           std::string(op) + std::string(1, '\0');
  };
  const std::string_view none("\0", 1);
  const std::string_view row("\2\2a\2\12", 5);  // ("a", 5)
  const auto decoder =
      make_decoder("debezium-avro-confluent", avro_changes(registry, ChangeForm::kRetract)).value();
  Collected out;
  feed_messages(*decoder,
                {envelope(none, row, "\2r"), envelope(row, row, "\2u"), envelope(row, none, "\2d"),
                 envelope(none, row, "\2t"), envelope(none, none, "\2c")},
                out)
      .value();
  EXPECT_EQ(out.rows_text(), "+ 5 a\n- 5 a\n+ 5 a\n- 5 a\n");
  EXPECT_EQ(out.bad_text(),
            "0:3 value 'op' is 't', not c, r, u or d\n"
            "0:4 value a change with 'op' 'c' needs 'after'\n");
  // What does not fit the newest schema is said before anything is read.
  DecoderOptions misfit = avro_changes(registry, ChangeForm::kRetract);
  misfit.schema = schema_from_text("v int");
  misfit.projection = {};
  EXPECT_EQ(make_decoder("debezium-avro-confluent", misfit).error().message,
            "column 'before' is ROW<v INTEGER>, which Avro's union of null, record db.t.Value "
            "is not read into");
}

}  // namespace
}  // namespace velo
