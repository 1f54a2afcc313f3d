#include "format/protobuf_decoder.h"

#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "format/confluent_framing.h"
#include "format/formats.h"
#include "format/schema_options.h"

namespace velo {
namespace {

// Numbers of schemas that nobody knows may be any: those of broken messages.
constexpr size_t kSchemasMax = 4096;

std::shared_ptr<const ProtoSchema> shared(ProtoSchema schema) {
  return std::make_shared<const ProtoSchema>(std::move(schema));
}

Result<std::shared_ptr<const ProtoSchema>> parse_registered(const RegisteredSchema& schema) {
  if (schema.type != "PROTOBUF") {
    return Error(ErrorCode::kBadOptionValue,
                 fmt::format("schema {} of the registry is of type {}, not PROTOBUF", schema.id,
                             schema.type));
  }
  const ProtoImports imports = [&](const std::string& name) -> Result<std::string> {
    for (const NamedSchema& reference : schema.references) {
      if (reference.name == name) return reference.text;
    }
    return Error(ErrorCode::kNotFound, "the schema does not refer to it");
  };
  ProtoSchema parsed = TRY(ProtoSchema::parse(schema.text, "schema.proto", imports));
  return shared(std::move(parsed));
}

/// Files beside the schema's, or in the folders of an option.
ProtoImports imports_of_files(const SchemaAccess& access, const std::string& schema_file,
                              const std::string& folders) {
  std::vector<std::string> places;
  for (size_t at = 0; at < folders.size();) {
    const size_t end = std::min(folders.find(';', at), folders.size());
    places.push_back(folders.substr(at, end - at) + "/");
    at = end + 1;
  }
  if (places.empty()) places.push_back(schema_file.substr(0, schema_file.rfind('/') + 1));
  return [places, read = access.read_file](const std::string& name) -> Result<std::string> {
    Error error(ErrorCode::kNotFound, "there are no files here");
    for (const std::string& place : places) {
      if (!read) break;
      Result<std::string> text = read(place + name);
      if (text) return text;
      error = std::move(text).error();
    }
    return error;
  };
}

}  // namespace

Result<ProtoOptions> parse_proto_options(std::string_view format, const OptionMap& options,
                                         const SchemaAccess& access) {
  const OptionReader reader(fmt::format("format '{}'", format), options, format_options(format));
  TRY(reader.check());
  ProtoOptions proto;
  const std::string prefix = std::string(format) + ".";
  const std::string given = TRY(schema_text(reader, prefix + "schema", access));
  const std::string file = reader.text(prefix + "schema.file");
  if (!given.empty() && !file.empty() && !file.ends_with(".proto")) {
    ProtoSchema schema = TRY(ProtoSchema::from_descriptors(given));
    proto.schema = shared(std::move(schema));
  } else if (!given.empty()) {
    const std::string name = file.empty() ? "schema" : file.substr(file.rfind('/') + 1);
    const ProtoImports imports =
        imports_of_files(access, file, reader.text(prefix + "import-path"));
    ProtoSchema schema = TRY(ProtoSchema::parse(given, name, imports));
    proto.schema = shared(std::move(schema));
  }
  proto.message_name = reader.text(prefix + "message-name");
  proto.read_defaults = TRY(reader.flag(prefix + "read-default-values"));
  if (format == "protobuf") return proto;
  proto.registry = TRY(registry_of(reader, prefix, access));
  proto.subject = subject_of(reader, prefix, access);
  return proto;
}

Result<ProtoRoot> find_proto_root(const ProtoOptions& options) {
  ProtoRoot root{options.schema, nullptr};
  if (!root.schema && options.registry && !options.subject.empty()) {
    const RegisteredSchema newest = TRY(options.registry->latest(options.subject));
    root.schema = TRY(parse_registered(newest));
    if (options.message_name.empty()) {  // the first one, as who writes only one has it
      constexpr int32_t kFirst = 0;
      root.message = TRY(root.schema->message_at({&kFirst, 1}));
      return root;
    }
  }
  if (!root.schema) return Error(ErrorCode::kNotFound, "no option names a schema");
  root.message = TRY(root.schema->message(options.message_name));
  return root;
}

Result<ProtoRoot> make_proto_root(const Schema& columns) {
  const std::string text = TRY(proto_schema_of(columns));
  ProtoSchema schema = TRY(ProtoSchema::parse(text, "schema", {}));
  ProtoRoot root{shared(std::move(schema)), nullptr};
  root.message = TRY(root.schema->message("record"));
  return root;
}

Result<std::unique_ptr<Decoder>> ProtoDecoder::make(ProtoOptions proto, const SchemaPtr& declared,
                                                    BatchAssembler assembler,
                                                    size_t record_bytes_max) {
  const bool made = !proto.registry && !proto.schema;
  Result<ProtoRoot> root = made ? make_proto_root(*declared) : find_proto_root(proto);
  if (!root && root.error().code != ErrorCode::kNotFound) return std::move(root).error();
  if (made) proto.schema = root->schema;
  // What is declared must fit, whether the plan reads it or not.
  if (root) {
    const bool lenient = proto.schema == nullptr;
    TRY(resolve_protobuf(*root->message, {declared, {}, proto.read_defaults, lenient}));
  }
  auto decoder = std::unique_ptr<ProtoDecoder>(
      new ProtoDecoder(std::move(proto), std::move(assembler), record_bytes_max));
  if (decoder->proto_.schema) decoder->written_ = TRY(decoder->resolve(std::move(root).value()));
  return std::unique_ptr<Decoder>(std::move(decoder));
}

Result<ProtoDecoder::Written> ProtoDecoder::resolve(ProtoRoot root) {
  ProtoColumns columns{assembler_.schema(), {}, proto_.read_defaults, proto_.schema == nullptr};
  for (size_t i = 0; i < assembler_.columns(); ++i) {
    columns.targets.push_back(&assembler_.target(i));
  }
  Written written;
  written.step = TRY(resolve_protobuf(*root.message, columns));
  written.root = std::move(root);
  return written;
}

/// Errors: the registry cannot be asked.
Result<ProtoDecoder::Written> ProtoDecoder::look_up(std::string_view header) {
  ConfluentHeader parts;
  CHECK(read_proto_header(header, &parts), "no header");
  const auto unreadable = [&](const Error& error) {
    Written written;
    written.problem = fmt::format("schema {}: {}", parts.id, error.message);
    return written;
  };
  std::shared_ptr<const ProtoSchema>& schema = by_id_[parts.id];
  if (!schema) {
    Result<RegisteredSchema> found = proto_.registry->by_id(parts.id);
    if (!found && found.error().code != ErrorCode::kNotFound) return std::move(found).error();
    if (!found) return unreadable(found.error());
    Result<std::shared_ptr<const ProtoSchema>> parsed = parse_registered(*found);
    if (!parsed) return unreadable(parsed.error());
    schema = std::move(parsed).value();
  }
  const Result<const ProtoMessage*> message = schema->message_at(parts.place());
  if (!message) return unreadable(message.error());
  Result<Written> written = resolve({schema, *message});
  if (!written) return unreadable(written.error());
  return written;
}

Status ProtoDecoder::decode_message(std::string_view message, const DecodeInput& input,
                                    DecodeOutput& out) {
  ConfluentHeader header;
  if (proto_.registry && !proto_.schema && read_proto_header(message, &header)) {
    const std::string_view bytes = message.substr(0, header.bytes);
    if (!by_header_.contains(bytes)) {
      if (by_header_.size() >= kSchemasMax) by_header_.clear();
      if (by_id_.size() >= kSchemasMax) by_id_.clear();
      by_header_.emplace(bytes, TRY(look_up(bytes)));
    }
  }
  return RecordDecoder::decode_message(message, input, out);
}

RecordDecoder::Outcome ProtoDecoder::decode_record(std::string_view record, size_t row,
                                                   bool stable) {
  const Written* written = &written_;
  if (proto_.registry) {
    ConfluentHeader header;
    if (!read_proto_header(record, &header)) {
      return bad(BadReason::kSyntax,
                 "the message does not begin with a byte 0, the number of a schema and the place "
                 "of a message in it");
    }
    if (!proto_.schema) written = &by_header_.find(record.substr(0, header.bytes))->second;
    if (!written->root.schema) return bad(BadReason::kValue, written->problem);
    record.remove_prefix(header.bytes);
  }
  if (reader_.read(record, written->step, row, stable)) return Outcome::kRow;
  return bad(reader_.problem().reason, reader_.problem().message);
}

}  // namespace velo
