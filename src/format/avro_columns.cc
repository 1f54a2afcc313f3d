#include <utility>

#include "base/fmt.h"
#include "format/avro_schema.h"
#include "format/schema_options.h"

namespace velo {
namespace {

constexpr int kDepthMax = 64;  // a record may contain itself

Result<Type> sql_type_of(const AvroType& type, const std::string& path, int depth);

Result<Type> sql_type_of_logical(const AvroType& type, const std::string& path) {
  switch (type.logical) {
    case AvroLogical::kDate:
      return Type::date();
    case AvroLogical::kTimeMillis:
      return Type::time(3);
    case AvroLogical::kTimeMicros:
      return Type::time(6);
    case AvroLogical::kTimestampMillis:
      return Type::timestamp_ltz(3);
    case AvroLogical::kTimestampMicros:
    case AvroLogical::kTimestampNanos:
      return Type::timestamp_ltz(6);
    case AvroLogical::kLocalTimestampMillis:
      return Type::timestamp(3);
    case AvroLogical::kLocalTimestampMicros:
    case AvroLogical::kLocalTimestampNanos:
      return Type::timestamp(6);
    case AvroLogical::kUuid:
      return Type::string();
    case AvroLogical::kDecimal:
      if (type.precision <= 38) return Type::decimal(type.precision, type.scale);
      break;
    case AvroLogical::kNone:
      break;
  }
  return Error(ErrorCode::kNotSupported,
               fmt::format("column '{}': {} has more than 38 digits", path, avro_type_name(type)))
      .with_hint("declare the columns, this one as BYTES");
}

Error without_sql_type(const AvroType& type, const std::string& path, std::string_view why) {
  return Error(ErrorCode::kNotSupported,
               fmt::format("column '{}': {} has no SQL type{}", path, avro_type_name(type), why))
      .with_hint("declare the columns: those that are not declared are passed over");
}

Result<Type> sql_type_of_union(const AvroType& type, const std::string& path, int depth) {
  const AvroType* only = nullptr;
  for (const AvroType* part : type.parts) {
    if (part->kind == AvroKind::kNull) continue;
    if (only) return without_sql_type(type, path, "");
    only = part;
  }
  if (!only) return without_sql_type(type, path, "");
  return sql_type_of(*only, path, depth);
}

Result<Type> sql_type_of(const AvroType& type, const std::string& path, int depth) {
  if (depth > kDepthMax) return without_sql_type(type, path, ": it contains itself");
  if (type.logical != AvroLogical::kNone) return sql_type_of_logical(type, path);
  switch (type.kind) {
    case AvroKind::kBoolean:
      return Type::boolean();
    case AvroKind::kInt:
      return Type::integer();
    case AvroKind::kLong:
      return Type::bigint();
    case AvroKind::kFloat:
      return Type::float32();
    case AvroKind::kDouble:
      return Type::float64();
    case AvroKind::kBytes:
    case AvroKind::kFixed:
      return Type::bytes();
    case AvroKind::kString:
    case AvroKind::kEnum:
      return Type::string();
    case AvroKind::kArray: {
      Type element = TRY(sql_type_of(*type.parts[0], path, depth + 1));
      return Type::array(std::move(element));
    }
    case AvroKind::kMap: {
      Type value = TRY(sql_type_of(*type.parts[0], path, depth + 1));
      return Type::map(Type::string(), std::move(value));
    }
    case AvroKind::kUnion:
      return sql_type_of_union(type, path, depth + 1);
    case AvroKind::kRecord: {
      std::vector<std::string> names;
      std::vector<Type> types;
      for (const AvroField& field : type.fields) {
        names.push_back(field.name);
        types.push_back(TRY(sql_type_of(*field.type, path + "." + field.name, depth + 1)));
      }
      if (!names.empty()) return Type::row(std::move(names), std::move(types));
      break;
    }
    case AvroKind::kNull:
      break;
  }
  return without_sql_type(type, path, "");
}

}  // namespace

Result<Type> avro_sql_type(const AvroType& type, const std::string& path) {
  return sql_type_of(type, path, 0);
}

Result<std::vector<Field>> avro_columns(const AvroType& root) {
  std::vector<Field> columns;
  if (root.kind != AvroKind::kRecord) {
    Type type = TRY(avro_sql_type(root, "value"));
    columns.push_back({"value", std::move(type)});
    return columns;
  }
  for (const AvroField& field : root.fields) {
    Type type = TRY(avro_sql_type(*field.type, field.name));
    columns.push_back({field.name, std::move(type)});
  }
  return columns;
}

namespace {

/// Writes the schema of columns.
struct SchemaWriter {
  bool legacy_times;
  std::string out;

  Status type(const Type& type, const std::string& path, const std::string& record_name);
  Status fields(const std::vector<std::string>& names, const std::vector<Type>& types,
                const std::string& path, const std::string& record_name);
  /// A type that may be NULL.
  Status optional(const Type& part, const std::string& path, const std::string& record_name) {
    out += "[\"null\",";
    TRY(type(part, path, record_name));
    out += ']';
    return {};
  }
  void logical(std::string_view kind, std::string_view name) {
    out += fmt::format(R"({{"type":"{}","logicalType":"{}"}})", kind, name);
  }
};

Status SchemaWriter::fields(const std::vector<std::string>& names, const std::vector<Type>& types,
                            const std::string& path, const std::string& record_name) {
  out += fmt::format(R"({{"type":"record","name":"{}","fields":[)", record_name);
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string part = path.empty() ? names[i] : path + "." + names[i];
    if (!is_field_name(names[i])) {
      return Error(ErrorCode::kNotSupported,
                   fmt::format("column '{}': Avro has no such names of fields", part))
          .with_hint("a name is of letters, digits and _, and does not begin with a digit");
    }
    out += fmt::format(R"({}{{"name":"{}","type":)", i > 0 ? "," : "", names[i]);
    TRY(optional(types[i], part, record_name + "_" + names[i]));
    out += R"(,"default":null})";
  }
  out += "]}";
  return {};
}

Status SchemaWriter::type(const Type& type, const std::string& path,
                          const std::string& record_name) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      out += "\"boolean\"";
      return {};
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInteger:
      out += "\"int\"";
      return {};
    case TypeKind::kBigInt:
      out += "\"long\"";
      return {};
    case TypeKind::kFloat:
      out += "\"float\"";
      return {};
    case TypeKind::kDouble:
      out += "\"double\"";
      return {};
    case TypeKind::kString:
      out += "\"string\"";
      return {};
    case TypeKind::kBytes:
      out += "\"bytes\"";
      return {};
    case TypeKind::kDecimal:
      out += fmt::format(R"({{"type":"bytes","logicalType":"decimal","precision":{},"scale":{}}})",
                         type.precision(), type.scale());
      return {};
    case TypeKind::kDate:
      logical("int", "date");
      return {};
    case TypeKind::kTime:
      type.precision() <= 3 ? logical("int", "time-millis") : logical("long", "time-micros");
      return {};
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz: {
      const bool local = type.kind() == TypeKind::kTimestamp && !legacy_times;
      logical("long", fmt::format("{}timestamp-{}", local ? "local-" : "",
                                  type.precision() <= 3 ? "millis" : "micros"));
      return {};
    }
    case TypeKind::kArray:
      out += R"({"type":"array","items":)";
      TRY(optional(type.children()[0], path, record_name));
      out += '}';
      return {};
    case TypeKind::kMap:
      if (!type.children()[0].is_string()) break;
      out += R"({"type":"map","values":)";
      TRY(optional(type.children()[1], path, record_name));
      out += '}';
      return {};
    case TypeKind::kRow:
      return fields(type.field_names(), type.children(), path, record_name);
    default:
      break;
  }
  return Error(ErrorCode::kNotSupported,
               fmt::format("column '{}': Avro has no type for {}", path, type.to_string()))
      .with_hint(type.kind() == TypeKind::kMap ? "the keys of a map are STRING"
                                               : "CAST it to STRING or BIGINT");
}

}  // namespace

Result<std::string> avro_schema_of(const Schema& columns, bool legacy_times) {
  SchemaWriter writer{legacy_times, {}};
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const Field& field : columns.fields()) {
    names.push_back(field.name);
    types.push_back(field.type);
  }
  TRY(writer.fields(names, types, "", "record"));
  return std::move(writer.out);
}

}  // namespace velo
