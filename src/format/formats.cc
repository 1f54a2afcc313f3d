#include "format/formats.h"

#include "base/fmt.h"
#include "format/avro_decoder.h"
#include "format/avro_encoder.h"
#include "format/avro_file.h"
#include "format/csv_fast_decoder.h"
#include "format/datagen_decoder.h"
#include "format/debezium_avro.h"
#include "format/debezium_envelope.h"
#include "format/debezium_json.h"
#include "format/json_fast_decoder.h"
#include "format/nexmark_decoder.h"
#include "format/protobuf_decoder.h"
#include "format/protobuf_encoder.h"
#include "format/raw_format.h"
#include "format/text_encoders.h"

namespace velo {
namespace {

constexpr OptionInfo kCsvOptions[] = {
    {"csv.header", OptionType::kChoice, "auto",
     "is the first line a header? auto: when it names all declared columns, in any order and case; "
     "writing: auto writes one",
     "auto|true|false"},
    {"csv.delimiter", OptionType::kText, ",", "one character between fields; \\t is a tab"},
    {"csv.field-delimiter", OptionType::kText, "", "the same (Flink's name)"},
    {"csv.quote", OptionType::kText, "\"", "one character around fields; empty: no quoting"},
    {"csv.quote-character", OptionType::kText, "", "the same (Flink's name)"},
    {"csv.disable-quote-character", OptionType::kFlag, "false", "quotes are ordinary characters"},
    {"csv.null-literal", OptionType::kText, "",
     "the unquoted text that means NULL; by default an empty field does"},
    {"csv.ignore-extra-fields", OptionType::kFlag, "false",
     "pass over fields behind the last column instead of refusing the row"},
    {"csv.allow-missing-fields", OptionType::kFlag, "false",
     "columns without a field are NULL instead of the row being refused"},
    {"csv.timestamp-format", OptionType::kChoice, "iso8601", "how times are written",
     kTimeFormatChoices},
    {"csv.infer", OptionType::kFlag, "false",
     "find out the columns by looking at the values, when none are declared"},
    {"csv.op-column", OptionType::kText, "op",
     "of changes: the column that says +I, -U, +U or -D; it stands first"},
};

constexpr OptionInfo kJsonOptions[] = {
    {"json.root", OptionType::kChoice, "auto",
     "lines: a record a line; array: one array of records; values: records with any white space "
     "between; auto: array if the first character is '['",
     "auto|lines|array|values"},
    {"json.timestamp-format", OptionType::kChoice, "iso8601", "how times are written",
     kTimeFormatChoices},
    {"json.op-column", OptionType::kText, "op", "of changes: the key that says +I, -U, +U or -D"},
};

constexpr OptionInfo kDebeziumOptions[] = {
    {"debezium-json.schema-include", OptionType::kFlag, "false",
     "reading: every record is {\"schema\": …, \"payload\": the change}, as Kafka Connect writes "
     "it"},
    {"debezium-json.timestamp-format", OptionType::kChoice, "iso8601", "how times are written",
     kTimeFormatChoices},
};

constexpr OptionInfo kAvroOptions[] = {
    {"avro.schema", OptionType::kText, "",
     "the schema that records are written with, as JSON; without one it is made of the columns"},
    {"avro.schema.file", OptionType::kText, "", "the file that it stands in"},
    {"avro.reader-schema", OptionType::kText, "",
     "reading: a later schema, whose aliases, defaults and symbols count"},
    {"avro.reader-schema.file", OptionType::kText, "", "the file that it stands in"},
    {"avro.timestamp_mapping.legacy", OptionType::kFlag, "false",
     "a schema made of columns says of TIMESTAMP that it is an instant (Flink's default)"},
};

// Of every format of a registry.
#define VELO_REGISTRY_OPTIONS(format)                                                              \
  {format ".url", OptionType::kText, "",                                                           \
   "the schema registry: 'http://host:8081' or 'https://…'"},                                      \
      {format ".subject", OptionType::kText, "",                                                   \
       "under which the schema is found and registered; by default <topic>-value or <topic>-key"}, \
      {format ".schema", OptionType::kText, "",                                                    \
       "reading: the schema that messages are read by, whatever they are written with; writing: "  \
       "the one to register; without one the columns say it"},                                     \
      {format ".basic-auth.credentials-source", OptionType::kChoice, "url",                        \
       "user_info: the registry is told '" format ".basic-auth.user-info'", "url|user_info"},      \
      {format ".basic-auth.user-info", OptionType::kText, "", "user:password"},                    \
      {format ".ssl.ca.pem", OptionType::kText, "",                                                \
       "of https: the certificates that are trusted, '${file:/path}'; by default the system's"},   \
      {format ".ssl.certificate.pem", OptionType::kText, "",                                       \
       "of https: the certificate that the registry is shown"},                                    \
      {format ".ssl.key.pem", OptionType::kText, "", "its private key"},                           \
      {format ".timeout", OptionType::kDuration, "10s", "how long an answer is waited for"}

constexpr OptionInfo kAvroConfluentOptions[] = {
    VELO_REGISTRY_OPTIONS("avro-confluent"),
    {"avro-confluent.schema.file", OptionType::kText, "", "the file that it stands in"},
    {"avro-confluent.timestamp_mapping.legacy", OptionType::kFlag, "false",
     "a schema made of columns says of TIMESTAMP that it is an instant (Flink's default)"},
};

constexpr OptionInfo kDebeziumAvroOptions[] = {
    VELO_REGISTRY_OPTIONS("debezium-avro-confluent"),
    {"debezium-avro-confluent.schema.file", OptionType::kText, "", "the file that it stands in"},
    {"debezium-avro-confluent.timestamp_mapping.legacy", OptionType::kFlag, "false",
     "a schema made of columns says of TIMESTAMP that it is an instant (Flink's default)"},
};

constexpr OptionInfo kProtobufOptions[] = {
    {"protobuf.schema", OptionType::kText, "",
     "the text of a .proto file; without one it is made of the columns, numbered from 1"},
    {"protobuf.schema.file", OptionType::kText, "",
     "the .proto file, or by another name a descriptor set (protoc --include_imports "
     "--descriptor_set_out=…)"},
    {"protobuf.import-path", OptionType::kText, "",
     "where imported files are looked for, folders with ';' between; by default beside the file"},
    {"protobuf.message-name", OptionType::kText, "",
     "the message that records are; needed if the file has several"},
    {"protobuf.read-default-values", OptionType::kFlag, "false",
     "missing fields have their default instead of being NULL"},
};

constexpr OptionInfo kProtobufConfluentOptions[] = {
    VELO_REGISTRY_OPTIONS("protobuf-confluent"),
    {"protobuf-confluent.schema.file", OptionType::kText, "",
     "the .proto file, or by another name a descriptor set"},
    {"protobuf-confluent.import-path", OptionType::kText, "",
     "where imported files are looked for, folders with ';' between; by default beside the file"},
    {"protobuf-confluent.message-name", OptionType::kText, "",
     "the message that gives the columns; by default the first one of the registry's schema"},
    {"protobuf-confluent.read-default-values", OptionType::kFlag, "false",
     "missing fields have their default instead of being NULL"},
};

constexpr OptionInfo kDatagenOptions[] = {
    {"seed", OptionType::kNumber, "0", "another seed, other rows"},
    {"fields.*", OptionType::kText, "",
     "fields.<column>.kind|min|max|start|end|length|prefix|distinct|null-rate|step|disorder|"
     "late-fraction|late-by"},
};

constexpr OptionInfo kNexmarkOptions[] = {
    {"seed", OptionType::kNumber, "0", "another seed, other rows"},
    {"first-event.rate", OptionType::kNumber, "10000",
     "events per second of event time; of wall clock, too, where the pace is limited"},
    {"next-event.rate", OptionType::kNumber, "10000",
     "the rate that takes turns with the first one, if it is another"},
    {"rate.shape", OptionType::kChoice, "square",
     "how they take turns: square, one after the other; sine, in ten steps", "square|sine"},
    {"rate.period", OptionType::kDuration, "600s",
     "how long a turn of the rates is, in event time"},
    {"base-time", OptionType::kText, "2024-01-01T00:00:00", "event time of the first event"},
    {"person.proportion", OptionType::kNumber, "1", "persons of so many events …"},
    {"auction.proportion", OptionType::kNumber, "3", "… and auctions …"},
    {"bid.proportion", OptionType::kNumber, "46", "… and bids: 1 + 3 + 46 of 50"},
    {"person.avg-size", OptionType::kSize, "200b", "bytes of a person on average"},
    {"auction.avg-size", OptionType::kSize, "500b", "bytes of an auction on average"},
    {"bid.avg-size", OptionType::kSize, "100b", "bytes of a bid on average"},
    {"bid.hot-ratio.auctions", OptionType::kNumber, "2",
     "all bids but one of so many are for a hot auction"},
    {"bid.hot-ratio.bidders", OptionType::kNumber, "4",
     "all bids but one of so many are by a hot bidder"},
    {"auction.hot-ratio.sellers", OptionType::kNumber, "4",
     "all auctions but one of so many are by a hot seller"},
};

constexpr FormatInfo kFormats[] = {
    {"csv", "comma separated values (RFC 4180)", ".csv", true, true, false, kCsvOptions},
    {"json", "JSON objects: one a line, or the elements of an array", ".json", true, true, false,
     kJsonOptions, true},
    {"debezium-json",
     "changes in Debezium's envelope, one a line: {\"before\": …, \"after\": …, \"op\": \"c\"} "
     "(or r, u, d)",
     ".json", true, true, false, kDebeziumOptions, true, true},
    {"avro", "Avro's binary records, one a message, or in container files", ".avro", true, true,
     false, kAvroOptions, true, false, true, true},
    {"avro-confluent", "Avro's records behind the number of their schema in a registry", ".avro",
     true, true, false, kAvroConfluentOptions, true, false, true},
    {"debezium-avro-confluent",
     "changes in Debezium's envelope, as Avro's records behind the number of their schema in a "
     "registry",
     ".avro", true, true, false, kDebeziumAvroOptions, true, true, true},
    {"protobuf", "messages of Protobuf", ".pb", true, true, false, kProtobufOptions, true, false,
     true},
    {"protobuf-confluent", "Protobuf's messages behind the number of their schema in a registry",
     ".pb", true, true, false, kProtobufConfluentOptions, true, false, true},
    {"raw",
     "one STRING or BYTES column: every line or message as it is",
     ".txt",
     true,
     true,
     false,
     {}},
    {"datagen", "made from row numbers", "", true, false, true, kDatagenOptions},
    {"nexmark", "made from numbers of events", "", true, false, true, kNexmarkOptions, true},
};

constexpr std::string_view kDebeziumAvro = "debezium-avro-confluent";

bool is_avro(std::string_view name) {
  return name == "avro" || name == "avro-confluent" || name == kDebeziumAvro;
}
bool is_protobuf(std::string_view name) {
  return name == "protobuf" || name == "protobuf-confluent";
}

const FormatInfo* look_up(std::string_view name) {
  for (const FormatInfo& format : kFormats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

SchemaPtr project(const Schema& schema, const std::vector<int>& projection) {
  std::vector<Field> fields;
  for (const int index : projection) fields.push_back(schema[static_cast<size_t>(index)]);
  return make_schema(std::move(fields));
}

Result<BatchAssembler> make_assembler(std::string_view format, const DecoderOptions& options,
                                      const FieldRules& rules, bool nested_allowed) {
  // What is declared must be readable, whether the plan reads it or not.
  for (const Field& field : options.schema->fields()) {
    TRY(make_target(format, field, rules, nested_allowed));
  }
  const SchemaPtr schema = project(*options.schema, options.projection);
  std::vector<std::unique_ptr<ColumnTarget>> targets;
  for (const Field& field : schema->fields()) {
    targets.push_back(TRY(make_target(format, field, rules, nested_allowed)));
  }
  return BatchAssembler(schema, std::move(targets), options.batch_rows);
}

/// Null: row by row. What is indexed at once must not hold a record that is too long.
const Kernels* fast_kernels(const DecoderOptions& options) {
  return options.record_bytes_max < kIndexBytes ? nullptr : find_kernels(options.kernels);
}

/// With the op column of 'csv' and 'json', if the records are changes.
DecoderOptions with_op_if_changes(DecoderOptions options, const std::string& op_column) {
  return options.changes == ChangeForm::kAppend ? options
                                                : with_op_column(std::move(options), op_column);
}

Result<BatchAssembler> make_op_assembler(std::string_view format, const DecoderOptions& options,
                                         const FieldRules& rules, bool nested_allowed) {
  BatchAssembler assembler = TRY(make_assembler(format, options, rules, nested_allowed));
  if (options.changes != ChangeForm::kAppend) {
    assembler.set_changes(make_op_rows(assembler.schema(), *assembler.scalar(0), options.changes));
  }
  return assembler;
}

Result<std::unique_ptr<Decoder>> make_csv_decoder(DecoderOptions options) {
  CsvOptions csv = TRY(parse_csv_options(options.options));
  options = with_op_if_changes(std::move(options), csv.op_column);
  BatchAssembler assembler = TRY(make_op_assembler("csv", options, {Type(), csv.times}, false));
  const Kernels* const kernels = fast_kernels(options);
  if (kernels && CsvFastDecoder::serves(csv)) {
    return std::unique_ptr<Decoder>(new CsvFastDecoder(*kernels, std::move(csv), options.schema,
                                                       options.projection, std::move(assembler),
                                                       options.record_bytes_max));
  }
  return std::unique_ptr<Decoder>(new CsvDecoder(std::move(csv), options.schema, options.projection,
                                                 std::move(assembler), options.record_bytes_max));
}

Result<std::unique_ptr<Decoder>> make_json_decoder(DecoderOptions options) {
  JsonOptions json = TRY(parse_json_options(options.options));
  options = with_op_if_changes(std::move(options), json.op_column);
  BatchAssembler assembler =
      TRY(make_op_assembler("json", options, {Type(), json.times, true}, true));
  const Kernels* const kernels = fast_kernels(options);
  bool flat = true;
  for (size_t i = 0; i < assembler.leaves(); ++i) flat &= assembler.scalar(i) != nullptr;
  if (kernels && flat) {
    return std::unique_ptr<Decoder>(new JsonFastDecoder(
        *kernels, std::move(json), std::move(assembler), options.record_bytes_max));
  }
  return std::unique_ptr<Decoder>(
      new JsonDecoder(std::move(json), std::move(assembler), options.record_bytes_max));
}

/// For records that are envelopes of the declared rows; `options` become those of the envelope.
Result<BatchAssembler> make_envelope_assembler(std::string_view format, DecoderOptions* options,
                                               const FieldRules& rules, bool in_payload) {
  // What is declared must be readable; of the envelope only what is read is decoded.
  const BatchAssembler declared = TRY(make_assembler(format, *options, rules, true));
  *options = with_envelope(std::move(*options), in_payload);
  BatchAssembler assembler = TRY(make_assembler(format, *options, rules, true));
  std::vector<ColumnTarget*> targets;
  for (size_t i = 0; i < assembler.columns(); ++i) targets.push_back(&assembler.target(i));
  const ChangeForm form =
      options->changes == ChangeForm::kUpsert ? ChangeForm::kUpsert : ChangeForm::kRetract;
  assembler.set_changes(
      make_envelope_rows(in_payload, declared.schema(), std::move(targets), form));
  return assembler;
}

Result<std::unique_ptr<Decoder>> make_debezium_decoder(DecoderOptions options) {
  const DebeziumOptions debezium = TRY(parse_debezium_options(options.options));
  const FieldRules rules{Type(), debezium.times, true};
  BatchAssembler assembler =
      TRY(make_envelope_assembler("debezium-json", &options, rules, debezium.schema_include));
  return std::unique_ptr<Decoder>(
      new JsonDecoder({}, std::move(assembler), options.record_bytes_max));
}

Result<std::unique_ptr<Decoder>> make_avro_decoder(std::string_view format,
                                                   DecoderOptions options) {
  AvroOptions avro = TRY(parse_avro_options(format, options.options, options.schemas));
  SchemaPtr declared = options.schema;
  if (format == kDebeziumAvro) {
    declared = envelope_of(declared->fields());
    BatchAssembler assembler = TRY(make_envelope_assembler(format, &options, {}, false));
    return AvroDecoder::make(std::move(avro), declared, std::move(assembler),
                             options.record_bytes_max);
  }
  BatchAssembler assembler = TRY(make_assembler(format, options, {}, true));
  if (options.in_files && format == "avro") {
    return AvroFileDecoder::make(std::move(avro), declared, std::move(assembler),
                                 std::move(options.unpack));
  }
  return AvroDecoder::make(std::move(avro), declared, std::move(assembler),
                           options.record_bytes_max);
}

Result<std::unique_ptr<Decoder>> make_protobuf_decoder(std::string_view format,
                                                       const DecoderOptions& options) {
  ProtoOptions proto = TRY(parse_proto_options(format, options.options, options.schemas));
  BatchAssembler assembler = TRY(make_assembler(format, options, {}, true));
  return ProtoDecoder::make(std::move(proto), options.schema, std::move(assembler),
                            options.record_bytes_max);
}

Status check_raw_schema(const Schema& schema) {
  const bool fits = schema.size() == 1 && schema[0].type.physical() == Physical::kString;
  if (fits) return {};
  return Error(
      ErrorCode::kTypeMismatch,
      fmt::format("format 'raw' wants one STRING or BYTES column, not ({})", schema.to_string()));
}

Result<std::unique_ptr<Decoder>> make_raw_decoder(DecoderOptions options) {
  TRY(OptionReader("format 'raw'", options.options, {}).check());
  TRY(check_raw_schema(*options.schema));
  BatchAssembler assembler = TRY(make_assembler("raw", options, {}, false));
  return std::unique_ptr<Decoder>(new RawDecoder(std::move(assembler), options.record_bytes_max));
}

}  // namespace

std::span<const FormatInfo> formats() { return kFormats; }

Result<const FormatInfo*> find_format(std::string_view name) {
  const FormatInfo* const found = look_up(name);
  if (found) return found;
  std::vector<std::string> names;
  for (const FormatInfo& format : kFormats) {
    if (!format.internal) names.emplace_back(format.name);
  }
  std::string hint = did_you_mean(name, names);
  if (hint.empty()) {
    hint = "known formats:";
    for (const std::string& known : names) hint += (hint.back() == ':' ? " " : ", ") + known;
  }
  return Error(ErrorCode::kBadOptionValue, fmt::format("there is no format '{}'", name))
      .with_hint(std::move(hint));
}

std::span<const OptionInfo> format_options(std::string_view name) {
  const FormatInfo* const found = look_up(name);
  return found ? found->options : std::span<const OptionInfo>();
}

bool newline_framed(std::string_view format, const OptionMap& options, std::string_view head) {
  if (format == "raw") return true;
  if (format == "csv") {
    const Result<CsvOptions> csv = parse_csv_options(options);
    return csv && !csv->dialect.quoting;
  }
  if (format != "json") return false;
  const Result<JsonOptions> json = parse_json_options(options);
  if (!json || json->root != JsonRoot::kAuto) return json && json->root == JsonRoot::kLines;
  const size_t first = head.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return first != std::string_view::npos && head[first] != '[';
}

Result<std::unique_ptr<Decoder>> make_decoder(std::string_view format, DecoderOptions options) {
  const FormatInfo* const info = TRY(find_format(format));
  if (info->name == "csv") return make_csv_decoder(std::move(options));
  if (info->name == "json") return make_json_decoder(std::move(options));
  if (info->name == "debezium-json") return make_debezium_decoder(std::move(options));
  if (is_avro(info->name)) return make_avro_decoder(info->name, std::move(options));
  if (is_protobuf(info->name)) return make_protobuf_decoder(info->name, options);
  if (info->name == "raw") return make_raw_decoder(std::move(options));
  if (info->name == "nexmark") return NexmarkDecoder::make(options);
  return DatagenDecoder::make(options);
}

Result<std::unique_ptr<Encoder>> make_encoder(std::string_view format, EncoderOptions options) {
  const FormatInfo* const info = TRY(find_format(format));
  if (info->name == "csv") {
    CsvOptions csv = TRY(parse_csv_options(options.options));
    return std::unique_ptr<Encoder>(new CsvEncoder(std::move(csv), options.schema));
  }
  if (info->name == "json") {
    JsonOptions json = TRY(parse_json_options(options.options));
    return std::unique_ptr<Encoder>(new JsonEncoder(std::move(json), options.schema));
  }
  if (info->name == "debezium-json") {
    const DebeziumOptions debezium = TRY(parse_debezium_options(options.options));
    if (debezium.schema_include) {
      return Error(ErrorCode::kNotSupported,
                   "not supported: writing with 'debezium-json.schema-include' = 'true'")
          .with_hint("leave it out: the change itself is written, without a schema");
    }
    return std::unique_ptr<Encoder>(new DebeziumEncoder(debezium, *options.schema));
  }
  if (is_avro(info->name)) {
    const AvroOptions avro = TRY(parse_avro_options(format, options.options, options.schemas));
    if (info->name == kDebeziumAvro) {
      return DebeziumAvroEncoder::make(avro, std::string(format), *options.schema);
    }
    if (options.in_files && info->name == "avro") {
      return AvroFileEncoder::make(avro, *options.schema);
    }
    return AvroEncoder::make(avro, std::string(format), *options.schema);
  }
  if (is_protobuf(info->name)) {
    const ProtoOptions proto = TRY(parse_proto_options(format, options.options, options.schemas));
    return ProtoEncoder::make(proto, std::string(format), *options.schema);
  }
  if (info->name == "raw") {
    TRY(check_raw_schema(*options.schema));
    return std::unique_ptr<Encoder>(new RawEncoder());
  }
  return Error(ErrorCode::kNotSupported, fmt::format("format '{}' cannot write", format));
}

Result<std::vector<Field>> file_columns(std::string_view format, std::string_view head) {
  CHECK(format == "avro", "no format of files");
  const std::optional<AvroFileHeader> header = TRY(read_avro_header(head));
  if (header) return avro_columns(header->schema->root());
  return Error(ErrorCode::kNotSupported,
               fmt::format("the header of the Avro file has more than {} bytes", head.size()))
      .with_hint("declare the columns");
}

Result<std::vector<Field>> schema_columns(std::string_view format, const OptionMap& options,
                                          const SchemaAccess& access) {
  if (is_avro(format)) {
    const AvroOptions avro = TRY(parse_avro_options(format, options, access));
    const auto schema = TRY(find_avro_schema(avro));
    return format == kDebeziumAvro ? envelope_columns(schema->root())
                                   : avro_columns(schema->root());
  }
  if (is_protobuf(format)) {
    const ProtoOptions proto = TRY(parse_proto_options(format, options, access));
    const ProtoRoot root = TRY(find_proto_root(proto));
    return proto_columns(*root.message);
  }
  return Error(ErrorCode::kNotFound, fmt::format("format '{}' has no schemas", format));
}

}  // namespace velo
