#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "format/protobuf_reader.h"
#include "format/protobuf_schema.h"
#include "format/protobuf_step.h"
#include "format/record_decoder.h"

namespace velo {

/// What format 'protobuf', or that of a registry, is told about schemas.
struct ProtoOptions {
  /// Null: what the columns give, or, with a registry, what each message says.
  std::shared_ptr<const ProtoSchema> schema;
  std::string message_name;
  bool read_defaults = false;
  std::shared_ptr<SchemaRegistry> registry;  ///< null: messages are bare
  std::string subject;
};

/// `format`: protobuf or protobuf-confluent.
Result<ProtoOptions> parse_proto_options(std::string_view format, const OptionMap& options,
                                         const SchemaAccess& access);

/// A message of a schema, which it keeps.
struct ProtoRoot {
  std::shared_ptr<const ProtoSchema> schema;
  const ProtoMessage* message = nullptr;
};
/// What the format's options or its registry give. kNotFound: they give no schema.
Result<ProtoRoot> find_proto_root(const ProtoOptions& options);
/// That of a schema that is made of columns.
Result<ProtoRoot> make_proto_root(const Schema& columns);

/// Messages of Protobuf to columns; with a registry behind the number of their schema and the place
/// of their message in it.
class ProtoDecoder final : public RecordDecoder {
 public:
  /// Errors: a schema that does not fit the columns. `declared`: all of them; those of the
  /// assembler are read.
  static Result<std::unique_ptr<Decoder>> make(ProtoOptions proto, const SchemaPtr& declared,
                                               BatchAssembler assembler, size_t record_bytes_max);

 protected:
  void begin_record() override {}
  /// Messages do not say where they end: one is a whole unit.
  RecordEnd find_end(const char*, const char*) override { return {}; }
  bool is_text() const override { return false; }
  Outcome decode_record(std::string_view record, size_t row, bool stable) override;
  Status decode_message(std::string_view message, const DecodeInput& input,
                        DecodeOutput& out) override;

 private:
  /// How messages of one kind are read.
  struct Written {
    ProtoRoot root;
    ProtoRecordStep step;
    std::string problem;  ///< why they cannot be
  };

  ProtoDecoder(ProtoOptions proto, BatchAssembler assembler, size_t record_bytes_max)
      : RecordDecoder(std::move(assembler), record_bytes_max), proto_(std::move(proto)) {}
  Result<Written> resolve(ProtoRoot root);
  Result<Written> look_up(std::string_view header);

  ProtoOptions proto_;
  Written written_;  ///< where the options give a schema
  std::map<std::string, Written, std::less<>> by_header_;
  std::map<uint32_t, std::shared_ptr<const ProtoSchema>> by_id_;
  ProtoReader reader_;
};

}  // namespace velo
