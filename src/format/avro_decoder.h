#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "format/avro_reader.h"
#include "format/avro_schema.h"
#include "format/avro_step.h"
#include "format/record_decoder.h"

namespace velo {

/// What format 'avro', or one of a registry, is told about schemas.
struct AvroOptions {
  /// What records are written with; null: what the columns give, or, with a registry, what each
  /// message says.
  std::shared_ptr<const AvroSchema> writer;
  std::string writer_text;
  /// What they are read by; null: the columns.
  std::shared_ptr<const AvroSchema> reader;
  std::shared_ptr<SchemaRegistry> registry;  ///< null: messages are bare records
  std::string subject;
  bool legacy_times = false;
};

/// `format`: avro, avro-confluent or debezium-avro-confluent.
Result<AvroOptions> parse_avro_options(std::string_view format, const OptionMap& options,
                                       const SchemaAccess& access);
/// The schema that the format's options or its registry give. kNotFound: they give none.
Result<std::shared_ptr<const AvroSchema>> find_avro_schema(const AvroOptions& options);

/// Avro's binary records to columns; a message is one, with a registry behind five bytes that say
/// the number of its schema.
class AvroDecoder final : public RecordDecoder {
 public:
  /// Errors: a schema that does not fit the columns. `declared`: all of them; those of the
  /// assembler are read.
  static Result<std::unique_ptr<Decoder>> make(AvroOptions avro, const SchemaPtr& declared,
                                               BatchAssembler assembler, size_t record_bytes_max);

 protected:
  void begin_record() override {}
  /// Records do not say where they end: one is a whole unit.
  RecordEnd find_end(const char*, const char*) override { return {}; }
  bool is_text() const override { return false; }
  Outcome decode_record(std::string_view record, size_t row, bool stable) override;
  Status decode_message(std::string_view message, const DecodeInput& input,
                        DecodeOutput& out) override;

 private:
  /// A schema that records are written with, and how they are read.
  struct Written {
    std::shared_ptr<const AvroSchema> schema;
    AvroStep step;
    std::string problem;  ///< why they cannot be
  };

  AvroDecoder(AvroOptions avro, BatchAssembler assembler, size_t record_bytes_max)
      : RecordDecoder(std::move(assembler), record_bytes_max), avro_(std::move(avro)) {}
  Result<Written> resolve(std::shared_ptr<const AvroSchema> schema);
  Result<Written> look_up(uint32_t id);

  AvroOptions avro_;
  Written written_;  // without a registry
  std::map<uint32_t, Written> by_id_;
  AvroReader reader_;
};

}  // namespace velo
