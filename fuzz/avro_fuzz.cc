// Any bytes as a record of Avro: a schema with all that there is, and a schema out of the input; or
// as a file.
// What is read can be written again, and is then read as the same.

#include <cstdint>

#include "decode_agreement.h"

namespace velo {
namespace {

constexpr std::string_view kSchema =
    R"({"type":"record","name":"r","fields":[{"name":"skipped","type":["null","r",{"type":"array",
"items":"r"}]},{"name":"l","type":"long"},{"name":"s","type":["null","string","int"]},
{"name":"a","type":{"type":"array","items":["null","double"]}},{"name":"m","type":{"type":"map",
"values":{"type":"enum","name":"e","symbols":["A","B"]}}},{"name":"x","type":{"type":"bytes",
"logicalType":"decimal","precision":30,"scale":2}},{"name":"t","type":{"type":"long",
"logicalType":"timestamp-millis"}},{"name":"o","type":{"type":"record","name":"in","fields":
[{"name":"p","type":"boolean"},{"name":"f","type":{"type":"fixed","name":"fx","size":2}}]}}]})";

SchemaPtr columns() {
  return make_schema({{"l", Type::bigint()},
                      {"s", Type::string()},
                      {"a", Type::array(Type::float64())},
                      {"m", Type::map(Type::string(), Type::string())},
                      {"x", Type::decimal(38, 4)},
                      {"t", Type::timestamp(3)},
                      {"o", Type::row({"f", "p"}, {Type::bytes(), Type::boolean()})},
                      {"none", Type::bigint()}});
}

struct Rows final : DecodeOutput {
  Status batch(Batch batch, DecodedRange) override {
    text += batch_to_text(batch);
    batches.push_back(std::move(batch));
    return {};
  }
  Status bad(const BadRecord& record) override {
    CHECK(!record.message.empty());
    return {};
  }
  std::string text;
  std::vector<Batch> batches;
};

Rows decode(DecoderOptions options, std::string_view bytes, std::span<const RecordSpan> records) {
  for (size_t i = 0; i < options.schema->size(); ++i) {
    options.projection.push_back(static_cast<int>(i));
  }
  Rows rows;
  const auto decoder = make_decoder("avro", std::move(options));
  if (!decoder) return rows;
  (*decoder)->feed_messages({nullptr, as_bytes(bytes), records, false}, rows).value();
  return rows;
}

/// A container file, in pieces of any size, with the columns that it gives.
int check_file(std::string_view text) {
  const auto given = file_columns("avro", text);
  DecoderOptions options;
  options.schema = given && !given->empty() ? make_schema(*given) : columns();
  for (size_t i = 0; i < options.schema->size(); ++i) {
    options.projection.push_back(static_cast<int>(i));
  }
  options.in_files = true;
  const Transcript whole = transcribe("avro", options, text, 0, 0);
  if (whole.bad_records.ends_with("stopped\n")) return 0;
  for (const size_t most : {size_t{1}, size_t{100}}) {
    options.batch_rows = 1 + text.size() % 5;
    const Transcript pieces = transcribe("avro", options, text, text.size(), most);
    CHECK(pieces.rows == whole.rows, whole.rows + "\n--- differs ---\n" + pieces.rows);
  }
  return 0;
}

}  // namespace
}  // namespace velo

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with("Obj")) return check_file(text);
  // Behind a '{': the input is a schema, and records of zeros.
  const bool schema = text.starts_with('{');
  DecoderOptions options;
  options.options = {{"avro.schema", std::string(schema ? text : kSchema)}};
  options.schema = columns();
  if (schema) {
    const auto given = schema_columns("avro", options.options, {});
    if (!given || given->empty()) return 0;
    options.schema = make_schema(*given);
    text = std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  }
  std::vector<RecordSpan> records;
  for (size_t at = 0; at < text.size();) {
    const size_t length = std::min<size_t>(text.size() - at, 1 + static_cast<uint8_t>(text[at]));
    records.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(length)});
    at += length;
  }
  const Rows rows = decode(options, text, records);
  DecoderOptions again;
  again.schema = options.schema;
  const auto encoder = make_encoder("avro", {again.schema, {}});
  if (!encoder) return 0;
  for (const Batch& batch : rows.batches) {
    std::string bytes;
    std::vector<RecordSpan> spans;
    if (!(*encoder)->encode_records(batch, bytes, &spans)) continue;
    CHECK(decode(again, bytes, spans).text == batch_to_text(batch));
  }
  return 0;
}
