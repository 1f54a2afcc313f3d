#include "format/protobuf_encoder.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "base/fmt.h"
#include "column/decimal.h"
#include "column/time_text.h"
#include "format/confluent_framing.h"
#include "format/field_text.h"
#include "format/schema_options.h"
#include "format/wire_bytes.h"

namespace velo {
namespace {

using Op = ProtoPut::Op;

Error misfit(const ProtoField& field, const Type& column, const std::string& path) {
  return Error(ErrorCode::kTypeMismatch,
               fmt::format("column '{}' is {}, which is not written as Protobuf's {}", path,
                           column.to_string(), proto_type_name(field)))
      .with_hint("CAST the column, or change the schema");
}

bool fit_integer(const ProtoField& field, const Type& column, ProtoPut* put) {
  const bool whole = column.is_decimal() && column.scale() == 0;
  switch (field.kind) {
    case ProtoKind::kInt64:
    case ProtoKind::kSint64:
    case ProtoKind::kSfixed64:
      put->min = std::numeric_limits<int64_t>::min();
      put->max = std::numeric_limits<int64_t>::max();
      return column.is_integer();
    case ProtoKind::kUint64:
    case ProtoKind::kFixed64:
      if (whole) put->op = Op::kDecimal;
      put->max = std::numeric_limits<int64_t>::max();
      return whole || column.is_integer();
    case ProtoKind::kUint32:
    case ProtoKind::kFixed32:
      put->max = std::numeric_limits<uint32_t>::max();
      return column.is_integer();
    default:
      put->min = std::numeric_limits<int32_t>::min();
      put->max = std::numeric_limits<int32_t>::max();
      return column.is_integer() && column.kind() != TypeKind::kBigInt;
  }
}

/// Anything but messages.
bool fit_scalar(const ProtoField& field, const Type& column, ProtoPut* put) {
  switch (field.kind) {
    case ProtoKind::kBool:
      put->op = Op::kBoolean;
      return column.kind() == TypeKind::kBoolean;
    case ProtoKind::kDouble:
      put->op = Op::kDouble;
      return column.is_float();
    case ProtoKind::kFloat:
      put->op = Op::kFloat;
      return column.kind() == TypeKind::kFloat;
    case ProtoKind::kString:
      put->op = Op::kText;
      return column.is_string();
    case ProtoKind::kBytes:
      put->op = Op::kText;
      return column.physical() == Physical::kString;
    case ProtoKind::kEnum:
      if (!column.is_string()) break;
      put->op = Op::kEnum;
      return true;
    default:
      break;
  }
  return fit_integer(field, column, put);
}

Result<std::vector<ProtoPut>> fit_fields(const ProtoMessage& message,
                                         const std::vector<std::string>& names,
                                         const std::vector<Type>& types, const std::string& path);

Status fit_value(const ProtoField& field, const Type& column, ProtoPut* put) {
  if (!field.message) {
    if (fit_scalar(field, column, put)) return {};
    return misfit(field, column, put->path);
  }
  const ProtoMessage& message = *field.message;
  if (message.known == ProtoWellKnown::kTimestamp && column.is_timestamp()) {
    put->op = Op::kTimestamp;
    return {};
  }
  if (message.known == ProtoWellKnown::kWrapper && column.kind() != TypeKind::kRow) {
    put->op = Op::kWrapper;
    put->parts = TRY(fit_fields(message, {message.fields[0].name}, {column}, put->path));
    put->parts[0].path = put->path;
    return {};
  }
  if (column.kind() != TypeKind::kRow) return misfit(field, column, put->path);
  put->op = Op::kMessage;
  put->parts = TRY(fit_fields(message, column.field_names(), column.children(), put->path));
  return {};
}

Result<ProtoPut> fit(const ProtoField& field, const Type& column, const std::string& path) {
  ProtoPut put;
  put.field = &field;
  put.path = path;
  put_varint((uint64_t{field.number} << 3) | static_cast<uint64_t>(wire_of(field.kind)), &put.tag);
  if (!field.repeated) {
    TRY(fit_value(field, column, &put));
    return put;
  }
  if (column.kind() != (field.is_map() ? TypeKind::kMap : TypeKind::kArray)) {
    return misfit(field, column, path);
  }
  if (!field.is_map()) {
    TRY(fit_value(field, column.children()[0], &put));
    return put;
  }
  put.op = Op::kMap;
  put.parts = TRY(fit_fields(*field.message, {"key", "value"}, column.children(), path));
  for (ProtoPut& part : put.parts) part.path = path;
  return put;
}

Result<std::vector<ProtoPut>> fit_fields(const ProtoMessage& message,
                                         const std::vector<std::string>& names,
                                         const std::vector<Type>& types, const std::string& path) {
  const auto in = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
  std::vector<ProtoPut> puts;
  for (size_t i = 0; i < names.size(); ++i) {
    const ProtoField* const field = message.find(names[i]);
    if (!field) {
      return Error(ErrorCode::kTypeMismatch,
                   fmt::format("column '{}' is no field of the message '{}'", in(names[i]),
                               message.name))
          .with_hint("leave it out of the query, or add it to the schema");
    }
    puts.push_back(TRY(fit(*field, types[i], in(names[i]))));
    puts.back().column = i;
  }
  for (const ProtoField& field : message.fields) {
    const bool given = std::find(names.begin(), names.end(), field.name) != names.end();
    if (!field.required || given) continue;
    return Error(ErrorCode::kTypeMismatch,
                 fmt::format("the field '{}' of the message '{}' is required and no column",
                             in(field.name), message.name))
        .with_hint("add the column");
  }
  std::sort(puts.begin(), puts.end(),
            [](const ProtoPut& a, const ProtoPut& b) { return a.field->number < b.field->number; });
  return puts;
}

/// Gives each step its column of the batch; nested ones flat.
void set_values(ProtoPut& put, const ColumnPtr& column) {
  const bool is_map = put.op == Op::kMap;
  put.lists = put.field->repeated ? flatten(column) : nullptr;
  put.values = is_map ? nullptr : put.lists ? put.lists->child(0) : column;
  if (put.op == Op::kMessage) put.values = flatten(put.values);
  for (size_t i = 0; i < put.parts.size(); ++i) {
    ProtoPut& part = put.parts[i];
    set_values(part, is_map                   ? put.lists->child(part.column)
                     : put.op == Op::kWrapper ? put.values
                                              : put.values->child(part.column));
  }
}

Error unwritable(const ProtoPut& put, std::string_view why) {
  return Error(ErrorCode::kEvaluation, fmt::format("column '{}': {}", put.path, why))
      .with_hint("filter such rows out, or change the schema");
}

/// Bytes behind their number, which is known when they stand there. `begin`: where they begin.
void put_length_before(size_t begin, std::string& out) {
  std::string length;
  put_varint(out.size() - begin, &length);
  out.insert(begin, length);
}

/// By its name, or, where it need have none, as digits.
std::optional<int32_t> enum_number(const ProtoEnum& type, std::string_view text) {
  const auto found = type.numbers.find(text);
  if (found != type.numbers.end()) return found->second;
  int32_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = failed == std::errc() && end == text.data() + text.size();
  if (type.closed || !whole) return std::nullopt;
  return number;
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  Status fields(const std::vector<ProtoPut>& puts, size_t row);

 private:
  Status field(const ProtoPut& put, size_t row);
  Status single(const ProtoPut& put, size_t row);
  /// A value without tag, which is not NULL.
  Status value(const ProtoPut& put, size_t row);
  Status bits(const ProtoPut& put, size_t row, uint64_t* bits) const;
  void number(ProtoKind kind, uint64_t bits);
  Status nested(const ProtoPut& put, size_t row);
  void timestamp(int64_t us);
  Status entry(const ProtoPut& put, size_t row);
  Status null_element(const ProtoPut& put) const {
    return unwritable(put, "an element is NULL, which Protobuf does not have");
  }

  std::string& out_;
};

Status Writer::bits(const ProtoPut& put, size_t row, uint64_t* bits) const {
  switch (put.op) {
    case Op::kBoolean:
      *bits = put.values->bool_at(row) ? 1 : 0;
      return {};
    case Op::kDouble:
      *bits = std::bit_cast<uint64_t>(put.values->double_at(row));
      return {};
    case Op::kFloat:
      *bits = std::bit_cast<uint32_t>(static_cast<float>(put.values->double_at(row)));
      return {};
    case Op::kEnum: {
      const std::string_view name = put.values->string_at(row);
      const std::optional<int32_t> number = enum_number(*put.field->enumeration, name);
      if (!number) {
        return unwritable(put, fmt::format("{} is no value of the enum {}", quoted_excerpt(name),
                                           put.field->enumeration->name));
      }
      *bits = static_cast<uint64_t>(int64_t{*number});
      return {};
    }
    case Op::kDecimal: {
      const int128_t value = put.values->int128_at(row);
      *bits = static_cast<uint64_t>(value);
      if (static_cast<int128_t>(*bits) == value) return {};
      return unwritable(put, fmt::format("{} does not fit Protobuf's {}",
                                         decimal_to_string(value, 0), proto_type_name(*put.field)));
    }
    default:
      break;
  }
  const int64_t value = put.values->int64_at(row);
  *bits = static_cast<uint64_t>(value);
  if (value >= put.min && value <= put.max) return {};
  return unwritable(
      put, fmt::format("{} does not fit Protobuf's {}", value, proto_type_name(*put.field)));
}

void Writer::number(ProtoKind kind, uint64_t bits) {
  switch (wire_of(kind)) {
    case ProtoWire::kFixed64:
      return put_fixed(bits, &out_);
    case ProtoWire::kFixed32:
      return put_fixed(static_cast<uint32_t>(bits), &out_);
    default:
      break;
  }
  const bool zigzagged = kind == ProtoKind::kSint32 || kind == ProtoKind::kSint64;
  put_varint(zigzagged ? zigzag(static_cast<int64_t>(bits)) : bits, &out_);
}

void Writer::timestamp(int64_t us) {
  const size_t begin = out_.size();
  const int64_t seconds = floor_div(us, kUsPerSecond);
  const int64_t nanos = (us - seconds * kUsPerSecond) * 1000;
  if (seconds != 0) {
    out_.push_back('\x08');
    put_varint(static_cast<uint64_t>(seconds), &out_);
  }
  if (nanos != 0) {
    out_.push_back('\x10');
    put_varint(static_cast<uint64_t>(nanos), &out_);
  }
  put_length_before(begin, out_);
}

Status Writer::nested(const ProtoPut& put, size_t row) {
  const size_t begin = out_.size();
  TRY(fields(put.parts, row));
  if (put.field->kind == ProtoKind::kGroup) {
    put_varint((uint64_t{put.field->number} << 3) | static_cast<uint64_t>(ProtoWire::kGroupEnd),
               &out_);
  } else {
    put_length_before(begin, out_);
  }
  return {};
}

Status Writer::value(const ProtoPut& put, size_t row) {
  switch (put.op) {
    case Op::kMessage:
    case Op::kWrapper:
      return nested(put, row);
    case Op::kTimestamp:
      timestamp(put.values->int64_at(row));
      return {};
    case Op::kText: {
      const std::string_view text = put.values->string_at(row);
      put_varint(text.size(), &out_);
      out_ += text;
      return {};
    }
    default:
      break;
  }
  uint64_t raw = 0;
  TRY(bits(put, row, &raw));
  number(put.field->kind, raw);
  return {};
}

/// Key and value stand there even where they are defaults.
Status Writer::entry(const ProtoPut& put, size_t row) {
  out_ += put.tag;
  const size_t begin = out_.size();
  for (const ProtoPut& part : put.parts) {
    if (part.values->is_null(row)) return null_element(part);
    out_ += part.tag;
    TRY(value(part, row));
  }
  put_length_before(begin, out_);
  return {};
}

Status Writer::single(const ProtoPut& put, size_t row) {
  if (put.values->is_null(row)) {
    if (!put.field->required) return {};
    return unwritable(put, "a value is NULL, and the field is required");
  }
  if (!put.field->presence) {
    uint64_t raw = 0;
    if (put.op == Op::kText) {
      raw = put.values->string_at(row).empty() ? 0 : 1;
    } else {
      TRY(bits(put, row, &raw));
    }
    if (raw == 0) return {};
  }
  out_ += put.tag;
  return value(put, row);
}

Status Writer::field(const ProtoPut& put, size_t row) {
  if (!put.field->repeated) return single(put, row);
  if (put.lists->is_null(row)) return {};
  const uint32_t begin = put.lists->offsets()[row];
  const uint32_t end = put.lists->offsets()[row + 1];
  if (begin == end) return {};
  if (put.op == Op::kMap) {
    for (uint32_t i = begin; i < end; ++i) TRY(entry(put, i));
    return {};
  }
  size_t block = 0;
  if (put.field->packed) {
    put_varint((uint64_t{put.field->number} << 3) | static_cast<uint64_t>(ProtoWire::kLength),
               &out_);
    block = out_.size();
  }
  for (uint32_t i = begin; i < end; ++i) {
    if (put.values->is_null(i)) return null_element(put);
    if (!put.field->packed) out_ += put.tag;
    TRY(value(put, i));
  }
  if (put.field->packed) put_length_before(block, out_);
  return {};
}

Status Writer::fields(const std::vector<ProtoPut>& puts, size_t row) {
  for (const ProtoPut& put : puts) {
    if (put.field->oneof >= 0 && !put.values->is_null(row)) {
      for (const ProtoPut& other : puts) {
        if (&other == &put) break;
        if (other.field->oneof != put.field->oneof || other.values->is_null(row)) continue;
        return unwritable(put, fmt::format("column '{}' has a value too, and Protobuf has only one "
                                           "of them",
                                           other.path));
      }
    }
    TRY(field(put, row));
  }
  return {};
}

}  // namespace

namespace {

/// Imported files go by their names, as Confluent's clients register them.
Result<uint32_t> add_schema(SchemaRegistry& registry, const std::string& subject,
                            const ProtoSchema& schema) {
  std::map<std::string, SchemaReference> known;
  uint32_t id = 0;
  for (const ProtoFile& file : schema.files()) {
    NewSchema added{"PROTOBUF", file.text, {}};
    for (const std::string& name : file.imports) added.references.push_back(known[name]);
    const bool is_root = &file == &schema.file();
    id = TRY(registry.add(is_root ? subject : file.name, added));
    if (is_root) break;
    const uint32_t version = TRY(registry.version_of(file.name, added));
    known[file.name] = {file.name, file.name, version};
  }
  return id;
}

}  // namespace

Result<std::unique_ptr<Encoder>> ProtoEncoder::make(const ProtoOptions& proto,
                                                    const std::string& format,
                                                    const Schema& columns) {
  Result<ProtoRoot> root = proto.schema ? find_proto_root(proto) : make_proto_root(columns);
  if (!root) return std::move(root).error();
  auto encoder = std::unique_ptr<ProtoEncoder>(new ProtoEncoder());
  encoder->root_ = std::move(root).value();
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const Field& field : columns.fields()) {
    names.push_back(field.name);
    types.push_back(field.type);
  }
  encoder->puts_ = TRY(fit_fields(*encoder->root_.message, names, types, ""));
  if (proto.registry) {
    const ProtoSchema& schema = *encoder->root_.schema;
    const std::vector<int32_t> place = TRY(schema.place_of(*encoder->root_.message));
    const std::string subject = TRY(subject_to_write(proto.subject, format + "."));
    const uint32_t id = TRY(add_schema(*proto.registry, subject, schema));
    encoder->header_ = proto_header(id, place);
  }
  return std::unique_ptr<Encoder>(std::move(encoder));
}

Status ProtoEncoder::encode_records(const Batch& batch, std::string& out,
                                    std::vector<RecordSpan>* records) {
  for (ProtoPut& put : puts_) set_values(put, batch.columns[put.column]);
  for (size_t row = 0; row < batch.rows; ++row) {
    const size_t begin = out.size();
    out += header_;
    TRY(Writer(out).fields(puts_, row));
    note(records, begin, out.size());
  }
  return {};
}

}  // namespace velo
