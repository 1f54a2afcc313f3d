#include "format/avro_encoder.h"

#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "column/decimal.h"
#include "format/confluent_framing.h"
#include "format/schema_options.h"
#include "format/wire_bytes.h"

namespace velo {
namespace {

using Op = AvroPut::Op;

Error misfit(const AvroType& type, const Type& column, const std::string& path) {
  return Error(ErrorCode::kTypeMismatch,
               fmt::format("column '{}' is {}, which is not written as Avro's {}", path,
                           column.to_string(), avro_type_name(type)))
      .with_hint("CAST the column, or change the schema");
}

bool fit_integer(const AvroType& type, const Type& column, AvroPut* put) {
  const bool is_int = type.kind == AvroKind::kInt;
  switch (type.logical) {
    case AvroLogical::kDate:
      return column.kind() == TypeKind::kDate || column.kind() == TypeKind::kInteger;
    case AvroLogical::kTimeMillis:
      put->divide = column.kind() == TypeKind::kTime ? 1000 : 1;
      return column.kind() == TypeKind::kTime || column.kind() == TypeKind::kInteger;
    case AvroLogical::kTimeMicros:
      return column.kind() == TypeKind::kTime || column.kind() == TypeKind::kBigInt;
    case AvroLogical::kTimestampMillis:
    case AvroLogical::kLocalTimestampMillis:
      put->divide = column.is_timestamp() ? 1000 : 1;
      break;
    case AvroLogical::kTimestampNanos:
    case AvroLogical::kLocalTimestampNanos:
      put->multiply = column.is_timestamp() ? 1000 : 1;
      break;
    case AvroLogical::kTimestampMicros:
    case AvroLogical::kLocalTimestampMicros:
      break;
    default:
      return column.is_integer() && !(is_int && column.kind() == TypeKind::kBigInt);
  }
  return column.is_timestamp() || column.kind() == TypeKind::kBigInt;
}

Result<AvroPut> fit(const AvroType& type, const Type& column, const std::string& path);

/// A field that no column gives: its default, or NULL.
Result<AvroPut> constant(const AvroField& field, const std::string& path) {
  AvroPut put;
  put.path = path;
  if (field.default_bytes) {
    put.bytes = *field.default_bytes;
    return put;
  }
  const std::optional<size_t> null = field.type->null_branch();
  if (!null && field.type->kind != AvroKind::kNull) {
    return Error(ErrorCode::kTypeMismatch,
                 fmt::format("the field '{}' of the Avro schema is no column and has no default",
                             path))
        .with_hint("add the column, or give the field a \"default\"");
  }
  if (null) put_zigzag(static_cast<int64_t>(*null), &put.bytes);
  return put;
}

Result<std::vector<AvroPut>> fit_fields(const AvroType& type, const std::vector<std::string>& names,
                                        const std::vector<Type>& types, const std::string& path) {
  const auto in = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
  std::vector<AvroPut> parts;
  size_t found_columns = 0;
  for (const AvroField& field : type.fields) {
    const auto found = std::find(names.begin(), names.end(), field.name);
    if (found == names.end()) {
      parts.push_back(TRY(constant(field, in(field.name))));
      continue;
    }
    const auto column = static_cast<size_t>(found - names.begin());
    AvroPut put = TRY(fit(*field.type, types[column], in(field.name)));
    put.column = column;
    parts.push_back(std::move(put));
    ++found_columns;
  }
  if (found_columns == names.size()) return parts;
  for (const std::string& name : names) {
    const bool known = std::any_of(type.fields.begin(), type.fields.end(),
                                   [&](const AvroField& field) { return field.name == name; });
    if (known) continue;
    return Error(
               ErrorCode::kTypeMismatch,
               fmt::format("column '{}' is no field of the Avro schema '{}'", in(name), type.name))
        .with_hint("leave it out of the query, or add it to the schema");
  }
  return parts;
}

/// The first branch that the column fits, beside that of NULL.
Result<AvroPut> fit_union(const AvroType& type, const Type& column, const std::string& path) {
  for (size_t i = 0; i < type.parts.size(); ++i) {
    if (type.parts[i]->kind == AvroKind::kNull) continue;
    Result<AvroPut> put = fit(*type.parts[i], column, path);
    if (!put) {
      const bool last = type.parts.size() - (type.null_branch() ? 1 : 0) == 1;
      if (last) return put;
      continue;
    }
    put_zigzag(static_cast<int64_t>(i), &put->before);
    if (const std::optional<size_t> null = type.null_branch()) {
      put->null.emplace();
      put_zigzag(static_cast<int64_t>(*null), &*put->null);
    }
    return put;
  }
  return misfit(type, column, path);
}

Result<AvroPut> fit_scalar(const AvroType& type, const Type& column, const std::string& path) {
  AvroPut put;
  put.type = &type;
  put.path = path;
  bool fits = false;
  switch (type.kind) {
    case AvroKind::kBoolean:
      put.op = Op::kBoolean;
      fits = column.kind() == TypeKind::kBoolean;
      break;
    case AvroKind::kInt:
    case AvroKind::kLong:
      put.op = Op::kInteger;
      fits = fit_integer(type, column, &put);
      break;
    case AvroKind::kFloat:
      put.op = Op::kFloat;
      fits = column.kind() == TypeKind::kFloat;
      break;
    case AvroKind::kDouble:
      put.op = Op::kDouble;
      fits = column.is_float();
      break;
    case AvroKind::kEnum:
      put.op = Op::kEnum;
      fits = column.is_string();
      for (size_t i = 0; i < type.symbols.size(); ++i) {
        put.symbols.emplace(type.symbols[i], static_cast<int64_t>(i));
      }
      break;
    case AvroKind::kString:
      put.op = Op::kText;
      fits = column.is_string();
      break;
    case AvroKind::kBytes:
    case AvroKind::kFixed:
      put.op = Op::kText;
      fits = column.kind() == TypeKind::kBytes;
      if (type.logical == AvroLogical::kUuid && column.is_string()) {
        put.op = Op::kUuid;
        fits = true;
      } else if (type.logical == AvroLogical::kDecimal && column.is_decimal()) {
        put.op = Op::kDecimal;
        put.scale = column.scale();
        fits = column.scale() <= type.scale && type.precision <= 38 &&
               column.precision() - column.scale() <= type.precision - type.scale;
      }
      break;
    default:
      break;
  }
  if (!fits) return misfit(type, column, path);
  return put;
}

Result<AvroPut> fit(const AvroType& type, const Type& column, const std::string& path) {
  AvroPut put;
  put.type = &type;
  put.path = path;
  switch (type.kind) {
    case AvroKind::kUnion:
      return fit_union(type, column, path);
    case AvroKind::kRecord:
      if (column.kind() != TypeKind::kRow) return misfit(type, column, path);
      put.op = Op::kRecord;
      put.parts = TRY(fit_fields(type, column.field_names(), column.children(), path));
      return put;
    case AvroKind::kArray:
      if (column.kind() != TypeKind::kArray) return misfit(type, column, path);
      put.op = Op::kArray;
      put.parts.push_back(TRY(fit(*type.parts[0], column.children()[0], path)));
      return put;
    case AvroKind::kMap:
      if (column.kind() != TypeKind::kMap || !column.children()[0].is_string()) {
        return misfit(type, column, path);
      }
      put.op = Op::kMap;
      put.parts.push_back(TRY(fit(*type.parts[0], column.children()[1], path)));
      return put;
    default:
      return fit_scalar(type, column, path);
  }
}

/// Gives each step its column of the batch; nested ones flat.
void set_values(AvroPut& put, const ColumnPtr& column) {
  if (put.op == Op::kConstant) return;
  const bool nested = put.op == Op::kRecord || put.op == Op::kArray || put.op == Op::kMap;
  put.values = nested ? flatten(column) : column;
  if (!nested) return;
  for (AvroPut& part : put.parts) {
    const size_t child = put.op == Op::kRecord ? part.column : put.op == Op::kMap ? 1 : 0;
    if (part.op != Op::kConstant) set_values(part, put.values->child(child));
  }
}

Error unwritable(const AvroPut& put, std::string_view why) {
  return Error(ErrorCode::kEvaluation, fmt::format("column '{}': {}", put.path, why))
      .with_hint("filter such rows out, or change the schema");
}

Status put_integer(const AvroPut& put, size_t row, std::string& out) {
  int64_t value = put.values->int64_at(row);
  if (put.divide > 1) value = value / put.divide - (value % put.divide < 0 ? 1 : 0);
  const bool held = !__builtin_mul_overflow(value, put.multiply, &value);
  if (!held || (put.type->kind == AvroKind::kInt && value != static_cast<int32_t>(value))) {
    return unwritable(put, fmt::format("{} does not fit Avro's {}", put.values->int64_at(row),
                                       avro_type_name(*put.type)));
  }
  put_zigzag(value, &out);
  return {};
}

Status put_decimal(const AvroPut& put, size_t row, std::string& out) {
  int128_t value = put.values->int128_at(row);
  if (!rescale(value, put.scale, put.type->scale, &value)) {
    return unwritable(put, "the number has more than 38 digits");
  }
  char bytes[16];
  for (size_t i = 0; i < 16; ++i) {
    bytes[15 - i] = static_cast<char>(static_cast<uint128_t>(value) >> (8 * i));
  }
  size_t first = 0;  // no more bytes than the sign needs
  const char sign = value < 0 ? '\xff' : '\0';
  while (first < 15 && bytes[first] == sign && ((bytes[first + 1] ^ sign) & 0x80) == 0) ++first;
  const std::string_view text(bytes + first, 16 - first);
  if (put.type->kind == AvroKind::kFixed) {
    if (text.size() > put.type->size) {
      return unwritable(put, fmt::format("the number has more than {} bytes", put.type->size));
    }
    out.append(put.type->size - text.size(), sign);
  } else {
    put_zigzag(static_cast<int64_t>(text.size()), &out);
  }
  out += text;
  return {};
}

Status put_text(const AvroPut& put, size_t row, std::string& out) {
  const std::string_view text = put.values->string_at(row);
  if (put.type->kind != AvroKind::kFixed) {
    put_zigzag(static_cast<int64_t>(text.size()), &out);
  } else if (text.size() != put.type->size) {
    return unwritable(put, fmt::format("a value has {} bytes, not the {} of the fixed", text.size(),
                                       put.type->size));
  }
  out += text;
  return {};
}

Status put_uuid(const AvroPut& put, size_t row, std::string& out) {
  const std::string_view text = put.values->string_at(row);
  std::string digits;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    if (lower >= '0' && lower <= '9') digits += static_cast<char>(lower - '0');
    if (lower >= 'a' && lower <= 'f') digits += static_cast<char>(lower - 'a' + 10);
  }
  const bool valid = text.size() == 36 && digits.size() == 32 && text[8] == '-' &&
                     text[13] == '-' && text[18] == '-' && text[23] == '-';
  if (!valid) return unwritable(put, fmt::format("{} is no UUID", quoted_excerpt(text)));
  for (size_t i = 0; i < 32; i += 2) {
    out += static_cast<char>((digits[i] << 4) | digits[i + 1]);
  }
  return {};
}

Status put_value(const AvroPut& put, size_t row, std::string& out);

Status put_list(const AvroPut& put, size_t row, std::string& out) {
  const uint32_t begin = put.values->offsets()[row];
  const uint32_t end = put.values->offsets()[row + 1];
  if (begin < end) put_zigzag(end - begin, &out);
  for (uint32_t i = begin; i < end; ++i) {
    if (put.op == Op::kMap) {
      if (put.values->child(0)->is_null(i)) return unwritable(put, "a key of the map is NULL");
      const std::string_view key = put.values->child(0)->string_at(i);
      put_zigzag(static_cast<int64_t>(key.size()), &out);
      out += key;
    }
    TRY(put_value(put.parts[0], i, out));
  }
  out.push_back('\0');
  return {};
}

Status put_value(const AvroPut& put, size_t row, std::string& out) {
  if (put.op == Op::kConstant) {
    out += put.bytes;
    return {};
  }
  if (put.values && put.values->is_null(row)) {
    if (!put.null) {
      return unwritable(put, fmt::format("a value is NULL, which Avro's {} cannot be",
                                         avro_type_name(*put.type)));
    }
    out += *put.null;
    return {};
  }
  out += put.before;
  switch (put.op) {
    case Op::kConstant:
      break;
    case Op::kBoolean:
      out.push_back(put.values->bool_at(row) ? '\1' : '\0');
      break;
    case Op::kInteger:
      return put_integer(put, row, out);
    case Op::kFloat:
      put_fixed(static_cast<float>(put.values->double_at(row)), &out);
      break;
    case Op::kDouble:
      put_fixed(put.values->double_at(row), &out);
      break;
    case Op::kDecimal:
      return put_decimal(put, row, out);
    case Op::kText:
      return put_text(put, row, out);
    case Op::kUuid:
      return put_uuid(put, row, out);
    case Op::kEnum: {
      const auto found = put.symbols.find(put.values->string_at(row));
      if (found == put.symbols.end()) {
        return unwritable(put,
                          fmt::format("{} is no symbol of the enum {}",
                                      quoted_excerpt(put.values->string_at(row)), put.type->name));
      }
      put_zigzag(found->second, &out);
      break;
    }
    case Op::kRecord:
      for (const AvroPut& part : put.parts) TRY(put_value(part, row, out));
      break;
    case Op::kArray:
    case Op::kMap:
      return put_list(put, row, out);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Encoder>> AvroEncoder::make(const AvroOptions& avro,
                                                   const std::string& format,
                                                   const Schema& columns) {
  auto encoder = std::unique_ptr<AvroEncoder>(new AvroEncoder());
  std::string text = avro.writer_text;
  if (text.empty()) text = TRY(avro_schema_of(columns, avro.legacy_times));
  encoder->schema_ = std::make_shared<const AvroSchema>(TRY(AvroSchema::parse(text)));
  const AvroType& root = encoder->schema_->root();
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const Field& field : columns.fields()) {
    names.push_back(field.name);
    types.push_back(field.type);
  }
  if (root.kind == AvroKind::kRecord) {
    encoder->put_.op = Op::kRecord;
    encoder->put_.parts = TRY(fit_fields(root, names, types, ""));
  } else if (names.size() == 1) {
    encoder->put_.op = Op::kRecord;
    encoder->put_.parts.push_back(TRY(fit(root, types[0], names[0])));
  } else {
    return Error(ErrorCode::kTypeMismatch, fmt::format("{} columns are not written as Avro's {}",
                                                       names.size(), avro_type_name(root)))
        .with_hint("write one column, or give the schema of a record");
  }
  if (avro.registry) {
    const std::string subject = TRY(subject_to_write(avro.subject, format + "."));
    encoder->header_ = confluent_header(TRY(avro.registry->add(subject, {"AVRO", text})));
  }
  return std::unique_ptr<Encoder>(std::move(encoder));
}

Status AvroEncoder::encode_records(const Batch& batch, std::string& out,
                                   std::vector<RecordSpan>* records) {
  for (AvroPut& part : put_.parts) {
    if (part.op != Op::kConstant) set_values(part, batch.columns[part.column]);
  }
  for (size_t row = 0; row < batch.rows; ++row) {
    const size_t begin = out.size();
    out += header_;
    TRY(put_value(put_, row, out));
    note(records, begin, out.size());
  }
  return {};
}

}  // namespace velo
