// Random schemas and values: what Google's library writes we read, and the other way round, byte
// for byte.

#include <gtest/gtest.h>

#include "format/collect_test.h"
#include "format/protobuf_values_test.h"

namespace velo {
namespace {

/// Makes a schema up: message M and what it is made of.
class RandomSchema {
 public:
  RandomSchema(Random& random, bool proto3) : random_(random), proto3_(proto3) {
    body_ = "enum E { ZERO = 0; ONE = 1; FAR = 4711; MINUS = -3; }\n";
    message("M", 0);
  }
  std::string text() const {
    return fmt::format(
        "syntax = \"proto{}\";\nimport \"google/protobuf/timestamp.proto\";\n"
        "import \"google/protobuf/wrappers.proto\";\n{}",
        proto3_ ? 3 : 2, body_);
  }

 private:
  std::string scalar() {
    static constexpr const char* kScalars[] = {
        "double",  "float",   "int32", "int64",  "uint32", "uint64",   "sint32", "sint64",
        "fixed32", "fixed64", "bool",  "string", "bytes",  "sfixed32", "E",      "sfixed64"};
    return kScalars[random_.below(16)];
  }
  std::string type(int depth) {
    static constexpr const char* kKnown[] = {"Timestamp", "Int64Value", "StringValue", "FloatValue",
                                             "BoolValue"};
    const uint64_t which = random_.below(depth > 2 ? 5 : 7);
    if (which == 4) return fmt::format("google.protobuf.{}", kKnown[random_.below(5)]);
    if (which < 4) return scalar();
    const std::string name = fmt::format("N{}", names_++);
    message(name, depth + 1);
    return name;
  }
  std::string field(int depth, int i) {
    const std::string place = fmt::format("f{} = {}", i, (i + 1) * (1 + random_.below(300)) + i);
    static constexpr const char* kKeys[] = {"string", "int32", "uint64", "sint64", "bool"};
    switch (random_.below(6)) {
      case 0: {
        const std::string element = type(depth);
        const bool number = element != "string" && element != "bytes" &&
                            !element.starts_with("N") && !element.starts_with("google");
        const std::string packed =
            number && random_.below(2) == 0
                ? fmt::format(" [packed = {}]", random_.below(2) == 0 ? "true" : "false")
                : "";
        return fmt::format("  repeated {} {}{};\n", element, place, packed);
      }
      case 1:
        return fmt::format("  map<{}, {}> {};\n", kKeys[random_.below(5)], type(depth), place);
      case 2:
        return proto3_ ? fmt::format("  {} {};\n", type(depth), place)
                       : fmt::format("  required {} {};\n", scalar(), place);
      default:
        return fmt::format("  {}{} {};\n", proto3_ && random_.below(2) == 0 ? "" : "optional ",
                           type(depth), place);
    }
  }
  void message(const std::string& name, int depth) {
    std::string out = fmt::format("message {} {{\n", name);
    const auto count = static_cast<int>(1 + random_.below(6));
    std::string oneof;
    for (int i = 0; i < count; ++i) {
      if (random_.below(5) == 0) {
        oneof += fmt::format("    {} f{} = {};\n", type(depth), i, 100'000 + i);
      } else {
        out += field(depth, i);
      }
    }
    if (!oneof.empty()) out += fmt::format("  oneof o {{\n{}  }}\n", oneof);
    body_ += out + "}\n";
  }

  Random& random_;
  bool proto3_;
  int names_ = 0;
  std::string body_;
};

/// Numbers of fields may come out twice; then another schema is made up.
std::string schema_text(Random& random, bool proto3) {
  while (true) {
    std::string text = RandomSchema(random, proto3).text();
    if (ProtoSchema::parse(text, "schema.proto", {})) return text;
  }
}

DecodeCase decode_case(const std::string& text, const SchemaPtr& schema) {
  DecodeCase c;
  c.format = "protobuf";
  c.declared = schema;
  c.options = {{"protobuf.schema", text}, {"protobuf.message-name", "M"}};
  return c;
}

TEST(ProtobufLibrary, WeReadWhatItWrites) {
  Random random(7);
  for (int i = 0; i < 300; ++i) {
    const std::string text = schema_text(random, i % 3 > 0);
    ProtoLibrary library(text, "M");
    std::vector<std::string> bytes;
    std::vector<std::unique_ptr<google::protobuf::Message>> messages;
    for (int k = 0; k < 6; ++k) {
      std::string one = library.make(random)->SerializeAsString();
      // One behind the other they are one message, in which parts are merged.
      if (k % 2 == 1) one += library.make(random)->SerializeAsString();
      messages.push_back(library.read(one));
      ASSERT_TRUE(messages.back());
      bytes.push_back(one);
    }
    const Batch batch = library.batch(messages);
    DecodeCase c = decode_case(text, library.schema());
    const Collected all = c.run_messages(bytes);
    ASSERT_EQ(all.bad_text(), "") << text;
    ASSERT_EQ(all.rows_text(), batch_to_text(batch)) << text;
    // Some columns alone: the others are passed over.
    c.projection = {static_cast<int>(random.below(c.declared->size()))};
    const auto only = static_cast<size_t>(c.projection[0]);
    const Batch one{
        make_schema({(*c.declared)[only]}), batch.rows, {batch.columns[only]}, nullptr, nullptr};
    const Collected some = c.run_messages(bytes);
    ASSERT_EQ(some.bad_text() + some.rows_text(), batch_to_text(one)) << text;
  }
}

TEST(ProtobufLibrary, WeWriteWhatItWrites) {
  Random random(8);
  for (int i = 0; i < 300; ++i) {
    const std::string text = schema_text(random, i % 3 > 0);
    ProtoLibrary library(text, "M");
    std::vector<std::unique_ptr<google::protobuf::Message>> messages;
    for (int k = 0; k < 5; ++k) messages.push_back(library.make(random));
    const Batch batch = library.batch(messages);
    const auto encoder = make_encoder(
        "protobuf", {batch.schema, {{"protobuf.schema", text}, {"protobuf.message-name", "M"}}});
    ASSERT_TRUE(encoder) << encoder.error().to_string() << text;
    std::string bytes;
    std::vector<RecordSpan> records;
    (*encoder)->encode_records(batch, bytes, &records).value();
    for (size_t k = 0; k < records.size(); ++k) {
      const std::string ours = bytes.substr(records[k].offset, records[k].length);
      std::vector<std::unique_ptr<google::protobuf::Message>> one;
      one.push_back(library.read(ours));
      ASSERT_TRUE(one.back()) << text;
      const Batch back = library.batch(one);
      one[0] = library.read(messages[k]->SerializeAsString());
      ASSERT_EQ(batch_to_text(back), batch_to_text(library.batch(one))) << text;
      ASSERT_EQ(ours.size(), messages[k]->ByteSizeLong()) << text;
    }
  }
}

}  // namespace
}  // namespace velo
