#include "format/avro_decoder.h"

#include <utility>

#include "base/fmt.h"
#include "format/confluent_framing.h"
#include "format/formats.h"
#include "format/schema_options.h"

namespace velo {
namespace {

// Numbers of schemas that nobody knows may be any: those of broken messages.
constexpr size_t kSchemasMax = 4096;

std::shared_ptr<const AvroSchema> shared(AvroSchema schema) {
  return std::make_shared<const AvroSchema>(std::move(schema));
}

Result<std::shared_ptr<const AvroSchema>> parse_registered(const RegisteredSchema& schema) {
  if (schema.type != "AVRO") {
    return Error(
        ErrorCode::kBadOptionValue,
        fmt::format("schema {} of the registry is of type {}, not AVRO", schema.id, schema.type));
  }
  return shared(TRY(AvroSchema::parse(schema.text, schema.references)));
}

}  // namespace

Result<AvroOptions> parse_avro_options(std::string_view format, const OptionMap& options,
                                       const SchemaAccess& access) {
  const OptionReader reader(fmt::format("format '{}'", format), options, format_options(format));
  TRY(reader.check());
  AvroOptions avro;
  const std::string prefix = std::string(format) + ".";
  const std::string given = TRY(schema_text(reader, prefix + "schema", access));
  if (!given.empty()) avro.writer = shared(TRY(AvroSchema::parse(given)));
  avro.writer_text = given;
  if (format == "avro") {
    const std::string read_by = TRY(schema_text(reader, "avro.reader-schema", access));
    if (!read_by.empty()) avro.reader = shared(TRY(AvroSchema::parse(read_by)));
    avro.legacy_times = TRY(reader.flag("avro.timestamp_mapping.legacy"));
    return avro;
  }
  avro.reader = avro.writer;  // what the messages are written with they say themselves
  avro.legacy_times = TRY(reader.flag(prefix + "timestamp_mapping.legacy"));
  avro.registry = TRY(registry_of(reader, prefix, access));
  avro.subject = subject_of(reader, prefix, access);
  return avro;
}

Result<std::shared_ptr<const AvroSchema>> find_avro_schema(const AvroOptions& options) {
  if (options.reader) return options.reader;
  if (options.writer) return options.writer;
  if (options.registry && !options.subject.empty()) {
    return parse_registered(TRY(options.registry->latest(options.subject)));
  }
  return Error(ErrorCode::kNotFound, "no option names a schema");
}

Result<std::unique_ptr<Decoder>> AvroDecoder::make(AvroOptions avro, const SchemaPtr& declared,
                                                   BatchAssembler assembler,
                                                   size_t record_bytes_max) {
  if (!avro.registry && !avro.writer) {
    avro.writer_text = TRY(avro_schema_of(*declared, avro.legacy_times));
    avro.writer = shared(TRY(AvroSchema::parse(avro.writer_text)));
  }
  // What is declared must fit, whether the plan reads it or not.
  if (avro.registry) {
    Result<std::shared_ptr<const AvroSchema>> found = find_avro_schema(avro);
    if (!found && found.error().code != ErrorCode::kNotFound) return std::move(found).error();
    if (found) TRY(resolve_avro((*found)->root(), nullptr, {declared, {}}));
  } else {
    const AvroType* const reader = avro.reader ? &avro.reader->root() : nullptr;
    TRY(resolve_avro(avro.writer->root(), reader, {declared, {}}));
  }
  auto decoder = std::unique_ptr<AvroDecoder>(
      new AvroDecoder(std::move(avro), std::move(assembler), record_bytes_max));
  if (!decoder->avro_.registry) decoder->written_ = TRY(decoder->resolve(decoder->avro_.writer));
  return std::unique_ptr<Decoder>(std::move(decoder));
}

Result<AvroDecoder::Written> AvroDecoder::resolve(std::shared_ptr<const AvroSchema> schema) {
  AvroColumns columns{assembler_.schema(), {}};
  for (size_t i = 0; i < assembler_.columns(); ++i) {
    columns.targets.push_back(&assembler_.target(i));
  }
  Written written;
  written.step =
      TRY(resolve_avro(schema->root(), avro_.reader ? &avro_.reader->root() : nullptr, columns));
  written.schema = std::move(schema);
  return written;
}

/// Errors: the registry cannot be asked.
Result<AvroDecoder::Written> AvroDecoder::look_up(uint32_t id) {
  const auto unreadable = [&](const Error& error) {
    Written written;
    written.problem = fmt::format("schema {}: {}", id, error.message);
    return written;
  };
  Result<RegisteredSchema> found = avro_.registry->by_id(id);
  if (!found && found.error().code != ErrorCode::kNotFound) return std::move(found).error();
  if (!found) return unreadable(found.error());
  Result<std::shared_ptr<const AvroSchema>> schema = parse_registered(*found);
  if (!schema) return unreadable(schema.error());
  Result<Written> written = resolve(std::move(schema).value());
  if (!written) return unreadable(written.error());
  return written;
}

Status AvroDecoder::decode_message(std::string_view message, const DecodeInput& input,
                                   DecodeOutput& out) {
  uint32_t id = 0;
  if (avro_.registry && read_confluent_header(message, &id) && !by_id_.contains(id)) {
    if (by_id_.size() >= kSchemasMax) by_id_.clear();
    by_id_.emplace(id, TRY(look_up(id)));
  }
  return RecordDecoder::decode_message(message, input, out);
}

RecordDecoder::Outcome AvroDecoder::decode_record(std::string_view record, size_t row,
                                                  bool stable) {
  const Written* written = &written_;
  if (avro_.registry) {
    uint32_t id = 0;
    if (!read_confluent_header(record, &id)) {
      return bad(BadReason::kSyntax,
                 "the message does not begin with a byte 0 and the number of a schema");
    }
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return bad(BadReason::kSyntax, fmt::format("schema {}?", id));
    written = &found->second;
    if (!written->schema) return bad(BadReason::kValue, written->problem);
    record.remove_prefix(kConfluentHeaderBytes);
  }
  if (reader_.read(record, written->step, row, stable)) return Outcome::kRow;
  return bad(reader_.problem().reason, reader_.problem().message);
}

}  // namespace velo
