#include <set>
#include <utility>

#include "base/fmt.h"
#include "format/protobuf_schema.h"
#include "format/schema_options.h"

namespace velo {
namespace {

constexpr int kDepthMax = 32;  // a message may contain itself

std::string_view kind_name(ProtoKind kind) {
  constexpr std::string_view kNames[] = {"",         "double",   "float",   "int64",  "uint64",
                                         "int32",    "fixed64",  "fixed32", "bool",   "string",
                                         "group",    "message",  "bytes",   "uint32", "enum",
                                         "sfixed32", "sfixed64", "sint32",  "sint64"};
  return kNames[static_cast<size_t>(kind)];
}

Result<Type> sql_type_of(const ProtoField& field, const std::string& path, int depth);

Error without_sql_type(const ProtoField& field, const std::string& path, std::string_view why) {
  return Error(ErrorCode::kNotSupported,
               fmt::format("column '{}': {} has no SQL type{}", path, proto_type_name(field), why))
      .with_hint("declare the columns: those that are not declared are passed over");
}

Result<Type> sql_type_of_message(const ProtoField& field, const std::string& path, int depth) {
  const ProtoMessage& message = *field.message;
  if (message.known == ProtoWellKnown::kTimestamp) return Type::timestamp_ltz(6);
  if (message.known == ProtoWellKnown::kWrapper) {
    return sql_type_of(message.fields[0], path, depth + 1);
  }
  if (depth > kDepthMax) return without_sql_type(field, path, ": it contains itself");
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const ProtoField& part : message.fields) {
    names.push_back(part.name);
    types.push_back(TRY(sql_type_of(part, path + "." + part.name, depth + 1)));
  }
  if (names.empty()) return without_sql_type(field, path, ": it has no fields");
  return Type::row(std::move(names), std::move(types));
}

/// Of one value of the field.
Result<Type> sql_type_of_value(const ProtoField& field, const std::string& path, int depth) {
  switch (field.kind) {
    case ProtoKind::kDouble:
      return Type::float64();
    case ProtoKind::kFloat:
      return Type::float32();
    case ProtoKind::kInt32:
    case ProtoKind::kSint32:
    case ProtoKind::kSfixed32:
      return Type::integer();
    case ProtoKind::kInt64:
    case ProtoKind::kSint64:
    case ProtoKind::kSfixed64:
    case ProtoKind::kUint32:
    case ProtoKind::kFixed32:
      return Type::bigint();
    case ProtoKind::kUint64:
    case ProtoKind::kFixed64:
      return Type::decimal(20, 0);
    case ProtoKind::kBool:
      return Type::boolean();
    case ProtoKind::kString:
    case ProtoKind::kEnum:
      return Type::string();
    case ProtoKind::kBytes:
      return Type::bytes();
    case ProtoKind::kMessage:
    case ProtoKind::kGroup:
      break;
  }
  return sql_type_of_message(field, path, depth);
}

Result<Type> sql_type_of(const ProtoField& field, const std::string& path, int depth) {
  if (field.is_map()) {
    Type key = TRY(sql_type_of(field.message->fields[0], path, depth + 1));
    Type value = TRY(sql_type_of(field.message->fields[1], path, depth + 1));
    return Type::map(std::move(key), std::move(value));
  }
  Type value = TRY(sql_type_of_value(field, path, depth));
  return field.repeated ? Type::array(std::move(value)) : value;
}

}  // namespace

std::string proto_type_name(const ProtoField& field) {
  if (field.is_map()) {
    return fmt::format("map<{}, {}>", proto_type_name(field.message->fields[0]),
                       proto_type_name(field.message->fields[1]));
  }
  std::string name(field.repeated ? "repeated " : "");
  name += kind_name(field.kind);
  if (field.message) name += " " + field.message->name;
  if (field.enumeration) name += " " + field.enumeration->name;
  return name;
}

Result<Type> proto_sql_type(const ProtoField& field, const std::string& path) {
  return sql_type_of(field, path, 0);
}

Result<std::vector<Field>> proto_columns(const ProtoMessage& message) {
  std::vector<Field> columns;
  for (const ProtoField& field : message.fields) {
    Type type = TRY(proto_sql_type(field, field.name));
    columns.push_back({field.name, std::move(type)});
  }
  return columns;
}

namespace {

/// Writes the file of columns: each ROW is a message of its own.
class ProtoWriter {
 public:
  Status message(const std::string& name, const std::vector<std::string>& names,
                 const std::vector<Type>& types, const std::string& path);
  std::string file() const {
    std::string out = "syntax = \"proto3\";\n";
    if (times_) out += "import \"google/protobuf/timestamp.proto\";\n";
    for (const std::string& one : messages_) out += one;
    return out;
  }

 private:
  /// The name of a type, which for a ROW is written.
  Result<std::string> value(const Type& type, const std::string& path, const std::string& name);

  std::vector<std::string> messages_;
  std::set<std::string> names_;
  bool times_ = false;
};

Error without_proto_type(const Type& type, const std::string& path) {
  const bool list = type.is_nested();
  return Error(ErrorCode::kNotSupported, fmt::format("column '{}': Protobuf has no type for {}{}",
                                                     path, type.to_string(), list ? " there" : ""))
      .with_hint(list ? "a list inside of a list stands in a ROW of its own"
                      : "CAST it to STRING or BIGINT");
}

Result<std::string> ProtoWriter::value(const Type& type, const std::string& path,
                                       const std::string& name) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return std::string("bool");
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInteger:
      return std::string("int32");
    case TypeKind::kBigInt:
      return std::string("int64");
    case TypeKind::kFloat:
      return std::string("float");
    case TypeKind::kDouble:
      return std::string("double");
    case TypeKind::kString:
      return std::string("string");
    case TypeKind::kBytes:
      return std::string("bytes");
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      times_ = true;
      return std::string("google.protobuf.Timestamp");
    case TypeKind::kRow: {
      std::string free_name = name;
      while (names_.contains(free_name)) free_name += '_';
      TRY(message(free_name, type.field_names(), type.children(), path));
      return free_name;
    }
    default:
      return without_proto_type(type, path);
  }
}

Status ProtoWriter::message(const std::string& name, const std::vector<std::string>& names,
                            const std::vector<Type>& types, const std::string& path) {
  names_.insert(name);
  const size_t place = messages_.size();  // before those that it contains
  messages_.emplace_back();
  std::string out = fmt::format("message {} {{\n", name);
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string part = path.empty() ? names[i] : path + "." + names[i];
    if (!is_field_name(names[i])) {
      return Error(ErrorCode::kNotSupported,
                   fmt::format("column '{}': Protobuf has no such names of fields", part))
          .with_hint("a name is of letters, digits and _, and does not begin with a digit");
    }
    const Type& type = types[i];
    const std::string inner = name + "_" + names[i];
    std::string written;
    if (type.kind() == TypeKind::kMap) {
      const Type& key = type.children()[0];
      const bool fits = key.is_string() || key.is_integer() || key.kind() == TypeKind::kBoolean;
      if (!fits) return without_proto_type(type, part);
      const std::string key_type = TRY(value(key, part, inner));
      const std::string value_type = TRY(value(type.children()[1], part, inner));
      written = fmt::format("map<{}, {}>", key_type, value_type);
    } else if (type.kind() == TypeKind::kArray) {
      const std::string element = TRY(value(type.children()[0], part, inner));
      written = "repeated " + element;
    } else {
      const std::string single = TRY(value(type, part, inner));
      written = "optional " + single;
    }
    out += fmt::format("  {} {} = {};\n", written, names[i], i + 1);
  }
  messages_[place] = out + "}\n";
  return {};
}

}  // namespace

Result<std::string> proto_schema_of(const Schema& columns) {
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const Field& field : columns.fields()) {
    names.push_back(field.name);
    types.push_back(field.type);
  }
  ProtoWriter writer;
  TRY(writer.message("record", names, types, ""));
  return writer.file();
}

}  // namespace velo
