// Any bytes as messages of Protobuf, of proto2 and proto3: Google's library reads the same values,
// or refuses them too. What is read can be written again, and is then read as the same.

#include <cstdint>

#include "decode_agreement.h"
#include "format/protobuf_values_test.h"

namespace velo {
namespace {

constexpr std::string_view kFields = R"(
  {0}int32 i = 1; {0}sint64 l = 2; {0}string s = 3; {0}bytes y = 4; {0}double d = 5; {0}float f = 6;
  {0}bool b = 7; {0}uint64 u = 8; {0}fixed32 x = 9; {0}E e = 10; repeated int32 n = 11;
  repeated E es = 12; repeated string ss = 13; {0}In m = 14; repeated In ms = 15;
  map<string, In> by_text = 16; map<int32, bool> by_number = 17;
  oneof o {{ int32 oi = 18; In om = 19; string os = 20; E oe = 21; }}
  {0}google.protobuf.Timestamp t = 22; {0}google.protobuf.Int64Value w = 23;
  repeated google.protobuf.StringValue ws = 24; {0}sfixed64 far = 3000;)";
constexpr std::string_view kOthers = R"(
  message In { optional int32 a = 1; repeated int64 l = 2; optional Deep deep = 3;
    map<uint64, float> m = 4; optional google.protobuf.Timestamp t = 5; }
  message Deep { optional string s = 1; repeated bytes b = 2; optional google.protobuf.BoolValue w = 3;
    oneof o { Deeper p = 4; Deeper q = 5; } }
  message Deeper { repeated sint32 z = 1; optional int32 last = 2; }
  enum E { A = 0; B = 1; C = -5; })";

std::string schema_text(bool proto3) {
  return fmt::format(
      "syntax = \"proto{}\"; import \"google/protobuf/timestamp.proto\"; "
      "import \"google/protobuf/wrappers.proto\"; message M {{ {} {} }} {}",
      proto3 ? 3 : 2, fmt::format(fmt::runtime(kFields), proto3 ? "" : "optional "),
      proto3 ? "optional int32 maybe = 25;"
             : "repeated group G = 25 { optional int32 k = 1; optional In in = 2; }",
      kOthers);
}

struct Rows final : DecodeOutput {
  Status batch(Batch batch, DecodedRange) override {
    text += batch_to_text(batch);
    rows += batch.rows;
    batches.push_back(std::move(batch));
    return {};
  }
  Status bad(const BadRecord& record) override {
    CHECK(!record.message.empty());
    reasons.push_back(record.reason);
    problem = record.message;
    return {};
  }
  std::string text;
  size_t rows = 0;
  std::vector<BadReason> reasons;
  std::string problem;
  std::vector<Batch> batches;
};

/// A schema, read by both.
struct Side {
  explicit Side(bool proto3) : text(schema_text(proto3)), library(text, "M") {
    options.options = {{"protobuf.schema", text}, {"protobuf.message-name", "M"}};
    options.schema = library.schema();
    options.batch_rows = 16;
    for (size_t i = 0; i < options.schema->size(); ++i) {
      options.projection.push_back(static_cast<int>(i));
    }
    decoder = make_decoder("protobuf", options).value();
    encoder = make_encoder("protobuf", {options.schema, options.options}).value();
  }

  Rows decode(std::string_view bytes, std::span<const RecordSpan> records) {
    Rows rows;
    decoder->feed_messages({nullptr, as_bytes(bytes), records, false}, rows).value();
    return rows;
  }

  std::string text;
  ProtoLibrary library;
  DecoderOptions options;
  std::unique_ptr<Decoder> decoder;
  std::unique_ptr<Encoder> encoder;
};

/// Of one message, whatever is refused beyond the library's law: numbers that a column cannot hold.
void check_message(Side& side, std::string_view message) {
  const RecordSpan all{0, static_cast<uint32_t>(message.size())};
  const Rows ours = side.decode(message, {&all, 1});
  std::vector<std::unique_ptr<google::protobuf::Message>> theirs;
  theirs.push_back(side.library.read(message));
  if (ours.rows == 1) {
    CHECK(theirs[0] != nullptr, "the library refuses " + ours.text);
    const std::string wanted = batch_to_text(side.library.batch(theirs));
    CHECK(ours.text == wanted, ours.text + "\n--- the library ---\n" + wanted);
    return;
  }
  CHECK(ours.reasons.size() == 1);
  const BadReason reason = ours.reasons[0];
  const bool of_wire = reason == BadReason::kSyntax || reason == BadReason::kTruncated;
  CHECK(!of_wire || theirs[0] == nullptr, "the library reads what we refuse: " + ours.problem);
}

}  // namespace
}  // namespace velo

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo;
  static Side sides[2] = {Side(false), Side(true)};
  if (size == 0) return 0;
  Side& side = sides[data[0] & 1];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_message(side, text);
  // The same bytes as several messages.
  std::vector<RecordSpan> records;
  for (size_t at = 0; at < text.size();) {
    const size_t length = std::min<size_t>(text.size() - at, static_cast<uint8_t>(text[at]) + 1);
    records.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(length)});
    at += length;
  }
  const Rows rows = side.decode(text, records);
  for (const Batch& batch : rows.batches) {
    std::string bytes;
    std::vector<RecordSpan> spans;
    if (!side.encoder->encode_records(batch, bytes, &spans)) continue;  // an enum's unknown number
    CHECK(side.decode(bytes, spans).text == batch_to_text(batch), batch_to_text(batch));
  }
  return 0;
}
