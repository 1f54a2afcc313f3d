#include "format/protobuf_schema.h"

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include "base/fmt.h"
#include "base/nearest_name.h"

namespace velo {

namespace proto = google::protobuf;

namespace {

constexpr std::string_view kOfGoogle = "google/protobuf/";

/// A file that comes with the library; null if `name` is none.
const proto::FileDescriptor* known_file(const std::string& name) {
  if (!name.starts_with(kOfGoogle)) return nullptr;
  return proto::DescriptorPool::generated_pool()->FindFileByName(name);
}

Error no_schema(std::string_view why) {
  return Error(ErrorCode::kBadOptionValue, fmt::format("no Protobuf schema: {}", why));
}

ProtoWellKnown known_message(std::string_view name) {
  constexpr std::string_view kPrefix = "google.protobuf.";
  constexpr std::string_view kWrappers[] = {"DoubleValue", "FloatValue",  "Int64Value",
                                            "UInt64Value", "Int32Value",  "UInt32Value",
                                            "BoolValue",   "StringValue", "BytesValue"};
  if (!name.starts_with(kPrefix)) return ProtoWellKnown::kNone;
  name.remove_prefix(kPrefix.size());
  if (name == "Timestamp") return ProtoWellKnown::kTimestamp;
  const bool wraps =
      std::find(std::begin(kWrappers), std::end(kWrappers), name) != std::end(kWrappers);
  return wraps ? ProtoWellKnown::kWrapper : ProtoWellKnown::kNone;
}

}  // namespace

/// Makes our types of the library's, which are needed no longer than that.
class ProtoSchemaBuilder {
 public:
  static ProtoSchema build(const proto::FileDescriptor& file, std::string text) {
    ProtoSchemaBuilder builder;
    builder.schema_.package_ = file.package();
    builder.add_file(file);
    builder.schema_.files_.back().text = std::move(text);
    for (int i = 0; i < file.message_type_count(); ++i) {
      builder.schema_.top_.push_back(builder.message(*file.message_type(i)));
    }
    return std::move(builder.schema_);
  }

 private:
  void add_file(const proto::FileDescriptor& file) {
    if (!files_.insert(&file).second) return;
    ProtoFile out{file.name(), file.DebugString(), {}};
    for (int i = 0; i < file.dependency_count(); ++i) {
      const proto::FileDescriptor& needed = *file.dependency(i);
      add_file(needed);
      if (!known_file(needed.name())) out.imports.push_back(needed.name());
    }
    for (int i = 0; i < file.message_type_count(); ++i) message(*file.message_type(i));
    if (!known_file(file.name())) schema_.files_.push_back(std::move(out));
  }

  const ProtoMessage* message(const proto::Descriptor& from) {
    const auto [place, is_new] = messages_.try_emplace(&from, nullptr);
    if (!is_new) return place->second;
    schema_.messages_.push_back(std::make_unique<ProtoMessage>());
    ProtoMessage* const out = schema_.messages_.back().get();
    place->second = out;
    out->name = from.full_name();
    out->map_entry = from.options().map_entry();
    out->known = known_message(out->name);
    for (int i = 0; i < from.real_oneof_decl_count(); ++i) {
      out->oneofs.push_back(from.oneof_decl(i)->name());
    }
    for (int i = 0; i < from.field_count(); ++i) out->fields.push_back(field(*from.field(i)));
    for (int i = 0; i < from.nested_type_count(); ++i) {
      const ProtoMessage* const inner = message(*from.nested_type(i));
      if (!inner->map_entry) out->nested.push_back(inner);
    }
    return out;
  }

  ProtoField field(const proto::FieldDescriptor& from) {
    ProtoField out;
    out.name = from.name();
    out.number = static_cast<uint32_t>(from.number());
    out.kind = static_cast<ProtoKind>(from.type());
    out.repeated = from.is_repeated();
    out.packed = from.is_packed();
    out.required = from.is_required();
    out.presence = from.has_presence();
    if (const proto::OneofDescriptor* oneof = from.real_containing_oneof()) {
      out.oneof = oneof->index();
    }
    if (from.message_type()) out.message = message(*from.message_type());
    if (from.enum_type()) out.enumeration = enumeration(*from.enum_type());
    if (!out.repeated) set_default(from, &out);
    return out;
  }

  static void set_default(const proto::FieldDescriptor& from, ProtoField* out) {
    switch (from.cpp_type()) {
      case proto::FieldDescriptor::CPPTYPE_INT32:
        out->default_bits = static_cast<uint64_t>(int64_t{from.default_value_int32()});
        break;
      case proto::FieldDescriptor::CPPTYPE_INT64:
        out->default_bits = static_cast<uint64_t>(from.default_value_int64());
        break;
      case proto::FieldDescriptor::CPPTYPE_UINT32:
        out->default_bits = from.default_value_uint32();
        break;
      case proto::FieldDescriptor::CPPTYPE_UINT64:
        out->default_bits = from.default_value_uint64();
        break;
      case proto::FieldDescriptor::CPPTYPE_DOUBLE:
        out->default_bits = std::bit_cast<uint64_t>(from.default_value_double());
        break;
      case proto::FieldDescriptor::CPPTYPE_FLOAT:
        out->default_bits = std::bit_cast<uint32_t>(from.default_value_float());
        break;
      case proto::FieldDescriptor::CPPTYPE_BOOL:
        out->default_bits = from.default_value_bool() ? 1 : 0;
        break;
      case proto::FieldDescriptor::CPPTYPE_ENUM:
        out->default_bits = static_cast<uint64_t>(int64_t{from.default_value_enum()->number()});
        break;
      case proto::FieldDescriptor::CPPTYPE_STRING:
        out->default_text = from.default_value_string();
        break;
      case proto::FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
  }

  const ProtoEnum* enumeration(const proto::EnumDescriptor& from) {
    const auto [place, is_new] = enums_.try_emplace(&from, nullptr);
    if (!is_new) return place->second;
    schema_.enums_.push_back(std::make_unique<ProtoEnum>());
    ProtoEnum* const out = schema_.enums_.back().get();
    place->second = out;
    out->name = from.full_name();
    out->closed = from.file()->syntax() == proto::FileDescriptor::SYNTAX_PROTO2;
    out->first = from.value(0)->number();
    for (int i = 0; i < from.value_count(); ++i) {
      out->names.emplace(from.value(i)->number(), from.value(i)->name());
      out->numbers.emplace(from.value(i)->name(), from.value(i)->number());
    }
    return out;
  }

  ProtoSchema schema_;
  std::set<const proto::FileDescriptor*> files_;
  std::map<const proto::Descriptor*, ProtoMessage*> messages_;
  std::map<const proto::EnumDescriptor*, ProtoEnum*> enums_;
};

namespace {

/// The text of the schema, of what it imports, and of what comes with the library.
class Texts final : public proto::compiler::SourceTree {
 public:
  Texts(std::string_view text, const std::string& name, const ProtoImports& imports)
      : imports_(imports) {
    texts_.emplace(name, text);
  }

  proto::io::ZeroCopyInputStream* Open(const std::string& name) override {
    auto found = texts_.find(name);
    if (found == texts_.end()) {
      Result<std::string> text = read(name);
      if (!text) {
        problem_ = std::move(text).error().message;
        return nullptr;
      }
      found = texts_.emplace(name, std::move(text).value()).first;
    }
    return new proto::io::ArrayInputStream(found->second.data(),
                                           static_cast<int>(found->second.size()));
  }
  std::string GetLastErrorMessage() override { return problem_; }

 private:
  Result<std::string> read(const std::string& name) const {
    if (const proto::FileDescriptor* known = known_file(name)) return known->DebugString();
    if (imports_) return imports_(name);
    return Error(ErrorCode::kNotFound, "there is no such file");
  }

  const ProtoImports& imports_;
  std::map<std::string, std::string> texts_;
  std::string problem_;
};

/// Keeps the first error.
class FirstError final : public proto::compiler::MultiFileErrorCollector,
                         public proto::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, int line, int column,
                const std::string& message) override {
    if (!text.empty()) return;
    text = line < 0 ? fmt::format("{}: {}", file, message)
                    : fmt::format("{}:{}:{}: {}", file, line + 1, column + 1, message);
  }
  void AddError(const std::string& file, const std::string& element, const proto::Message*,
                ErrorLocation, const std::string& message) override {
    if (text.empty()) text = fmt::format("{}: {}: {}", file, element, message);
  }
  std::string text;
};

/// Adds what a set leaves out because everybody has it.
void add_known(const std::string& name, proto::SimpleDescriptorDatabase* files) {
  proto::FileDescriptorProto there;
  const proto::FileDescriptor* const known = known_file(name);
  if (!known || files->FindFileByName(name, &there)) return;
  known->CopyTo(&there);
  files->Add(there);
  for (const std::string& needed : there.dependency()) add_known(needed, files);
}

}  // namespace

Result<ProtoSchema> ProtoSchema::parse(std::string_view text, const std::string& name,
                                       const ProtoImports& imports) {
  const proto::LogSilencer silent;
  Texts texts(text, name, imports);
  FirstError error;
  proto::compiler::Importer importer(&texts, &error);
  const proto::FileDescriptor* const file = importer.Import(name);
  if (!file || !error.text.empty()) return no_schema(error.text);
  return ProtoSchemaBuilder::build(*file, std::string(text));
}

Result<ProtoSchema> ProtoSchema::from_descriptors(std::string_view bytes) {
  const proto::LogSilencer silent;
  proto::FileDescriptorSet set;
  if (bytes.size() > INT32_MAX || bytes.empty() ||
      !set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || set.file_size() == 0) {
    return no_schema("these bytes are no descriptor set")
        .with_hint(
            "protoc --include_imports --descriptor_set_out=schema.desc; a text has a name "
            "in .proto");
  }
  proto::SimpleDescriptorDatabase files;
  for (const proto::FileDescriptorProto& file : set.file()) {
    proto::FileDescriptorProto there;
    if (!files.FindFileByName(file.name(), &there)) files.Add(file);
  }
  for (const proto::FileDescriptorProto& file : set.file()) {
    for (const std::string& needed : file.dependency()) add_known(needed, &files);
  }
  FirstError error;
  proto::DescriptorPool pool(&files, &error);
  const proto::FileDescriptor* const file =
      pool.FindFileByName(set.file(set.file_size() - 1).name());
  if (!file || !error.text.empty()) {
    return no_schema(error.text.empty() ? "the descriptor set is not whole" : error.text)
        .with_hint("protoc --include_imports --descriptor_set_out=schema.desc");
  }
  return ProtoSchemaBuilder::build(*file, file->DebugString());
}

Result<const ProtoMessage*> ProtoSchema::message(const std::string& name) const {
  std::vector<std::string> names;
  for (const ProtoMessage* top : top_) names.push_back(top->name);
  if (name.empty()) {
    if (top_.size() == 1) return top_.front();
    std::string all;
    for (const std::string& one : names) all += (all.empty() ? "" : ", ") + one;
    return Error(ErrorCode::kMissingOption,
                 fmt::format("the Protobuf schema has {} messages{}{}: which one do records have?",
                             top_.size(), all.empty() ? "" : ": ", all))
        .with_hint("name it with the option 'message-name' of the format");
  }
  const std::string with_package = package_.empty() ? name : package_ + "." + name;
  for (const auto& message : messages_) {
    if (message->name == name || message->name == with_package) return message.get();
  }
  return Error(ErrorCode::kBadOptionValue,
               fmt::format("the Protobuf schema has no message '{}'", name))
      .with_hint(did_you_mean(name, names));
}

Result<const ProtoMessage*> ProtoSchema::message_at(std::span<const int32_t> place) const {
  const std::vector<const ProtoMessage*>* level = &top_;
  const ProtoMessage* found = nullptr;
  for (const int32_t number : place) {
    if (number < 0 || static_cast<size_t>(number) >= level->size()) {
      return Error(ErrorCode::kNotFound, fmt::format("the schema has no message number {}{}",
                                                     number, found ? " in " + found->name : ""));
    }
    found = (*level)[static_cast<size_t>(number)];
    level = &found->nested;
  }
  if (found) return found;
  return Error(ErrorCode::kNotFound, "no message is named");
}

namespace {

bool find_place(const std::vector<const ProtoMessage*>& level, const ProtoMessage& message,
                std::vector<int32_t>* place) {
  for (size_t i = 0; i < level.size(); ++i) {
    place->push_back(static_cast<int32_t>(i));
    if (level[i] == &message || find_place(level[i]->nested, message, place)) return true;
    place->pop_back();
  }
  return false;
}

}  // namespace

Result<std::vector<int32_t>> ProtoSchema::place_of(const ProtoMessage& message) const {
  std::vector<int32_t> place;
  if (find_place(top_, message, &place)) return place;
  return Error(ErrorCode::kNotSupported,
               fmt::format("not supported: records of the imported message '{}'", message.name))
      .with_hint("give the schema that defines it");
}

bool ProtoField::is_map() const { return repeated && message && message->map_entry; }

const ProtoField* ProtoMessage::find(std::string_view field) const {
  for (const ProtoField& one : fields) {
    if (one.name == field) return &one;
  }
  return nullptr;
}

ProtoWire wire_of(ProtoKind kind) {
  switch (kind) {
    case ProtoKind::kDouble:
    case ProtoKind::kFixed64:
    case ProtoKind::kSfixed64:
      return ProtoWire::kFixed64;
    case ProtoKind::kFloat:
    case ProtoKind::kFixed32:
    case ProtoKind::kSfixed32:
      return ProtoWire::kFixed32;
    case ProtoKind::kString:
    case ProtoKind::kBytes:
    case ProtoKind::kMessage:
      return ProtoWire::kLength;
    case ProtoKind::kGroup:
      return ProtoWire::kGroupStart;
    default:
      return ProtoWire::kVarint;
  }
}

bool is_packable(ProtoKind kind) {
  const ProtoWire wire = wire_of(kind);
  return wire != ProtoWire::kLength && wire != ProtoWire::kGroupStart;
}

}  // namespace velo
