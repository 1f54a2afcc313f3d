// Any text read as changes, in any of the formats that tell them, gives the same weighted rows and
// bad records with all kernels and all cuts; and what was read is read again from envelopes.
// The first three bytes choose the options.

#include <cstdint>

#include "column/column_builder.h"
#include "decode_agreement.h"

namespace {

using namespace velo;

/// Keeps the batches.
class Batches final : public DecodeOutput {
 public:
  Status batch(Batch batch, DecodedRange) override {
    all.push_back(std::move(batch));
    return {};
  }
  Status bad(const BadRecord&) override {
    ++bad_records;
    return {};
  }
  std::vector<Batch> all;
  size_t bad_records = 0;
  bool stopped = false;  ///< by a header that is none
};

Batches decode(std::string_view format, const DecoderOptions& options, std::string_view text) {
  Batches out;
  const auto decoder = make_decoder(format, options).value();
  DecodeInput input;
  input.bytes = as_bytes(text);
  input.ends_unit = true;
  out.stopped = !decoder->feed(input, out);
  return out;
}

std::string weighted_text(const std::vector<Batch>& batches) {
  Transcript out;
  out.weighted = true;
  for (const Batch& batch : batches) CHECK(out.batch(batch, {}).has_value());
  return out.rows;
}

/// Envelopes of what was read give the same changes again.
void check_round_trip(const DecoderOptions& options, const std::vector<Batch>& batches) {
  std::string text;
  for (const Batch& batch : batches) {
    ColumnBuilder ops(Type::string(), batch.rows);
    for (size_t row = 0; row < batch.rows; ++row) {
      ops.append_string(batch.weight(row) < 0 ? "-D" : "+I");
    }
    std::vector<Field> fields = {{"op", Type::string()}};
    fields.insert(fields.end(), batch.schema->fields().begin(), batch.schema->fields().end());
    Batch with_op{make_schema(std::move(fields)), batch.rows, {ops.finish()}, nullptr, nullptr};
    with_op.columns.insert(with_op.columns.end(), batch.columns.begin(), batch.columns.end());
    make_encoder("debezium-json", {with_op.schema, {}}).value()->encode(with_op, text).value();
  }
  DecoderOptions again = options;
  again.options.clear();
  again.changes = ChangeForm::kRetract;
  const Batches read = decode("debezium-json", again, text);
  CHECK(!read.stopped && read.bad_records == 0, text);
  CHECK(weighted_text(read.all) == weighted_text(batches), text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const uint8_t a = data[0], seed = data[2];
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  constexpr const char* kFormats[] = {"csv", "json", "debezium-json", "debezium-json"};
  const std::string_view format = kFormats[a & 3];
  DecoderOptions options;
  options.schema = (a & 4) != 0
                       ? schema_from_text("k string, v bigint, n decimal(10,2), t timestamp")
                       : schema_from_text("k string, v bigint");
  for (size_t i = 0; i < options.schema->size(); ++i) {
    if ((a & 8) == 0 || i % 2 == 0) options.projection.push_back(static_cast<int>(i));
  }
  options.changes = (a & 16) != 0 ? ChangeForm::kUpsert : ChangeForm::kRetract;
  if ((a & 3) == 3) options.options["debezium-json.schema-include"] = "true";
  if ((a & 64) != 0) options.record_bytes_max = 40;
  check_agreement(format, options, text, seed);
  options.record_bytes_max = size_t{16} << 20;
  if (options.projection.size() < options.schema->size()) return 0;
  const Batches read = decode(format, options, text);
  if (!read.stopped) check_round_trip(options, read.all);
  return 0;
}
