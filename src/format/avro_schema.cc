#include "format/avro_schema.h"

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/fmt.h"
#include "format/wire_bytes.h"

namespace velo {

namespace dom = simdjson::dom;

namespace {

constexpr int kDepthMax = 64;

struct PrimitiveName {
  std::string_view name;
  AvroKind kind;
};
constexpr PrimitiveName kPrimitives[] = {
    {"null", AvroKind::kNull},   {"boolean", AvroKind::kBoolean}, {"int", AvroKind::kInt},
    {"long", AvroKind::kLong},   {"float", AvroKind::kFloat},     {"double", AvroKind::kDouble},
    {"bytes", AvroKind::kBytes}, {"string", AvroKind::kString}};

struct LogicalName {
  std::string_view name;
  AvroKind kind;  ///< the type that it goes with
  AvroLogical logical;
};
constexpr LogicalName kLogicals[] = {
    {"date", AvroKind::kInt, AvroLogical::kDate},
    {"time-millis", AvroKind::kInt, AvroLogical::kTimeMillis},
    {"time-micros", AvroKind::kLong, AvroLogical::kTimeMicros},
    {"timestamp-millis", AvroKind::kLong, AvroLogical::kTimestampMillis},
    {"timestamp-micros", AvroKind::kLong, AvroLogical::kTimestampMicros},
    {"timestamp-nanos", AvroKind::kLong, AvroLogical::kTimestampNanos},
    {"local-timestamp-millis", AvroKind::kLong, AvroLogical::kLocalTimestampMillis},
    {"local-timestamp-micros", AvroKind::kLong, AvroLogical::kLocalTimestampMicros},
    {"local-timestamp-nanos", AvroKind::kLong, AvroLogical::kLocalTimestampNanos},
    {"decimal", AvroKind::kBytes, AvroLogical::kDecimal},
    {"decimal", AvroKind::kFixed, AvroLogical::kDecimal},
    {"uuid", AvroKind::kString, AvroLogical::kUuid},
    {"uuid", AvroKind::kFixed, AvroLogical::kUuid}};

std::string_view kind_name(AvroKind kind) {
  for (const PrimitiveName& primitive : kPrimitives) {
    if (primitive.kind == kind) return primitive.name;
  }
  constexpr std::string_view kOthers[] = {"fixed", "enum", "array", "map", "union", "record"};
  return kOthers[static_cast<size_t>(kind) - static_cast<size_t>(AvroKind::kFixed)];
}

/// The bytes that a JSON text of code points up to 255 stands for.
bool bytes_of_text(std::string_view text, std::string* bytes) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<uint8_t>(text[i]);
    if (c < 0x80) {
      bytes->push_back(text[i]);
    } else if ((c == 0xC2 || c == 0xC3) && i + 1 < text.size()) {
      bytes->push_back(static_cast<char>((c << 6) | (static_cast<uint8_t>(text[++i]) & 0x3F)));
    } else {
      return false;
    }
  }
  return true;
}

/// The binary form of a default; false if the JSON is no value of the type.
bool encode_default(const AvroType& type, dom::element json, std::string* out, int depth);

bool encode_default_number(const AvroType& type, dom::element json, std::string* out) {
  if (type.kind == AvroKind::kInt || type.kind == AvroKind::kLong) {
    int64_t value = 0;
    if (json.get(value)) return false;
    if (type.kind == AvroKind::kInt && value != static_cast<int32_t>(value)) return false;
    put_zigzag(value, out);
    return true;
  }
  double value = 0;
  if (json.get(value)) {  // an integer, or "NaN" and the like, which JSON cannot write
    std::string_view text;
    if (json.get(text)) return false;
    if (text != "NaN" && text != "Infinity" && text != "-Infinity") return false;
    value = text == "NaN"    ? std::numeric_limits<double>::quiet_NaN()
            : text[0] == '-' ? -std::numeric_limits<double>::infinity()
                             : std::numeric_limits<double>::infinity();
  }
  type.kind == AvroKind::kFloat ? put_fixed(static_cast<float>(value), out) : put_fixed(value, out);
  return true;
}

bool encode_default_text(const AvroType& type, dom::element json, std::string* out) {
  std::string_view text;
  if (json.get(text)) return false;
  if (type.kind == AvroKind::kEnum) {
    const auto found = std::find(type.symbols.begin(), type.symbols.end(), text);
    if (found == type.symbols.end()) return false;
    put_zigzag(found - type.symbols.begin(), out);
    return true;
  }
  std::string bytes(text);
  if (type.kind != AvroKind::kString) {
    bytes.clear();
    if (!bytes_of_text(text, &bytes)) return false;
  }
  if (type.kind == AvroKind::kFixed) {
    if (bytes.size() != type.size) return false;
  } else {
    put_zigzag(static_cast<int64_t>(bytes.size()), out);
  }
  *out += bytes;
  return true;
}

bool encode_default_list(const AvroType& type, dom::element json, std::string* out, int depth) {
  if (type.kind == AvroKind::kArray) {
    dom::array elements;
    if (json.get(elements)) return false;
    if (elements.size() > 0) put_zigzag(static_cast<int64_t>(elements.size()), out);
    for (const dom::element element : elements) {
      if (!encode_default(*type.parts[0], element, out, depth)) return false;
    }
  } else {
    dom::object entries;
    if (json.get(entries)) return false;
    if (entries.size() > 0) put_zigzag(static_cast<int64_t>(entries.size()), out);
    for (const dom::key_value_pair entry : entries) {
      put_zigzag(static_cast<int64_t>(entry.key.size()), out);
      *out += entry.key;
      if (!encode_default(*type.parts[0], entry.value, out, depth)) return false;
    }
  }
  out->push_back('\0');
  return true;
}

bool encode_default_record(const AvroType& type, dom::element json, std::string* out, int depth) {
  dom::object fields;
  if (json.get(fields)) return false;
  for (const AvroField& field : type.fields) {
    dom::element value;
    if (fields.at_key(field.name).get(value)) {
      if (!field.default_bytes) return false;
      *out += *field.default_bytes;
    } else if (!encode_default(*field.type, value, out, depth)) {
      return false;
    }
  }
  return true;
}

bool encode_default(const AvroType& type, dom::element json, std::string* out, int depth) {
  if (depth > kDepthMax) return false;
  switch (type.kind) {
    case AvroKind::kNull:
      return json.is_null();
    case AvroKind::kBoolean: {
      bool value = false;
      if (json.get(value)) return false;
      out->push_back(value ? '\1' : '\0');
      return true;
    }
    case AvroKind::kInt:
    case AvroKind::kLong:
    case AvroKind::kFloat:
    case AvroKind::kDouble:
      return encode_default_number(type, json, out);
    case AvroKind::kBytes:
    case AvroKind::kString:
    case AvroKind::kFixed:
    case AvroKind::kEnum:
      return encode_default_text(type, json, out);
    case AvroKind::kArray:
    case AvroKind::kMap:
      return encode_default_list(type, json, out, depth + 1);
    case AvroKind::kRecord:
      return encode_default_record(type, json, out, depth + 1);
    case AvroKind::kUnion:
      break;
  }
  for (size_t branch = 0; branch < type.parts.size(); ++branch) {
    std::string value;
    put_zigzag(static_cast<int64_t>(branch), &value);
    if (!encode_default(*type.parts[branch], json, &value, depth + 1)) continue;
    *out += value;
    return true;
  }
  return false;
}

}  // namespace

std::optional<size_t> AvroType::null_branch() const {
  if (kind != AvroKind::kUnion) return std::nullopt;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i]->kind == AvroKind::kNull) return i;
  }
  return std::nullopt;
}

/// Reads the JSON of a schema, one type at a time.
class AvroSchemaParser {
 public:
  /// Where a type stands: the namespace that names without one are of, and the way to it.
  struct Context {
    std::string space;
    std::string path;  ///< "Order.items"
    int depth = 0;
    Context in(const std::string& part) const {
      return {space, path.empty() ? part : path + "." + part, depth + 1};
    }
  };

  Result<const AvroType*> text(std::string_view schema);
  AvroSchema finish(const AvroType* root) && {
    schema_.root_ = root;
    return std::move(schema_);
  }

 private:
  Result<const AvroType*> type(dom::element json, const Context& at);
  Result<const AvroType*> named(std::string_view name, const Context& at);
  Result<const AvroType*> object(dom::object json, const Context& at);
  Result<const AvroType*> of_kind(std::string_view kind, dom::object json, const Context& at);
  Result<const AvroType*> union_of(dom::array json, const Context& at);
  Status record(dom::object json, AvroType& type, const Context& at);
  Result<AvroField> field(dom::element json, size_t number, const Context& at);
  Status symbols(dom::object json, AvroType& type, const Context& at);
  Status name_type(dom::object json, AvroType& type, Context& at);
  void set_logical(dom::object json, AvroType& type);
  AvroType& add(AvroKind kind) {
    schema_.types_.push_back(std::make_unique<AvroType>());
    schema_.types_.back()->kind = kind;
    return *schema_.types_.back();
  }
  static Error fail(const Context& at, std::string_view problem) {
    return Error(ErrorCode::kBadOptionValue, fmt::format("no Avro schema: {}{}{}", at.path,
                                                         at.path.empty() ? "" : ": ", problem));
  }

  AvroSchema schema_;
  std::map<std::string, const AvroType*, std::less<>> names_;
};

Result<const AvroType*> AvroSchemaParser::text(std::string_view schema) {
  dom::parser parser;
  dom::element json;
  const simdjson::padded_string padded(schema);
  if (const auto code = parser.parse(padded).get(json)) {
    return Error(ErrorCode::kBadOptionValue,
                 fmt::format("no Avro schema: not JSON: {}", simdjson::error_message(code)));
  }
  return type(json, {});
}

Result<const AvroType*> AvroSchemaParser::type(dom::element json, const Context& at) {
  if (at.depth > kDepthMax) return fail(at, "types are nested too deep");
  std::string_view name;
  if (!json.get(name)) return named(name, at);
  dom::array branches;
  if (!json.get(branches)) return union_of(branches, at);
  dom::object fields;
  if (!json.get(fields)) return object(fields, at);
  return fail(at, "a type is a name, an object or a union");
}

Result<const AvroType*> AvroSchemaParser::named(std::string_view name, const Context& at) {
  for (const PrimitiveName& primitive : kPrimitives) {
    if (primitive.name == name) return const_cast<const AvroType*>(&add(primitive.kind));
  }
  const bool full = name.find('.') != std::string_view::npos || at.space.empty();
  auto found = names_.find(full ? std::string(name) : at.space + "." + std::string(name));
  if (found == names_.end()) found = names_.find(name);
  if (found == names_.end()) return fail(at, fmt::format("there is no type '{}'", name));
  return found->second;
}

Result<const AvroType*> AvroSchemaParser::object(dom::object json, const Context& at) {
  dom::element kind;
  if (json.at_key("type").get(kind)) return fail(at, "an object without 'type' is no type");
  std::string_view name;
  if (kind.get(name)) return type(kind, {at.space, at.path, at.depth + 1});
  return of_kind(name, json, at);
}

Result<const AvroType*> AvroSchemaParser::of_kind(std::string_view kind, dom::object json,
                                                  const Context& at) {
  Context inner = at;
  if (kind == "record" || kind == "error") {
    AvroType& made = add(AvroKind::kRecord);
    TRY(name_type(json, made, inner));
    TRY(record(json, made, inner));
    return const_cast<const AvroType*>(&made);
  }
  if (kind == "enum") {
    AvroType& made = add(AvroKind::kEnum);
    TRY(name_type(json, made, inner));
    TRY(symbols(json, made, inner));
    return const_cast<const AvroType*>(&made);
  }
  if (kind == "fixed") {
    AvroType& made = add(AvroKind::kFixed);
    TRY(name_type(json, made, inner));
    uint64_t size = 0;
    if (json.at_key("size").get(size) || size > (1U << 30)) {
      return fail(inner, "a fixed needs a 'size' in bytes");
    }
    made.size = static_cast<uint32_t>(size);
    set_logical(json, made);
    return const_cast<const AvroType*>(&made);
  }
  if (kind == "array" || kind == "map") {
    const bool array = kind == "array";
    AvroType& made = add(array ? AvroKind::kArray : AvroKind::kMap);
    dom::element part;
    if (json.at_key(array ? "items" : "values").get(part)) {
      return fail(at, array ? "an array needs 'items'" : "a map needs 'values'");
    }
    made.parts.push_back(TRY(type(part, {at.space, at.path, at.depth + 1})));
    return const_cast<const AvroType*>(&made);
  }
  for (const PrimitiveName& primitive : kPrimitives) {
    if (primitive.name != kind) continue;
    AvroType& made = add(primitive.kind);
    set_logical(json, made);
    return const_cast<const AvroType*>(&made);
  }
  return named(kind, at);
}

Result<const AvroType*> AvroSchemaParser::union_of(dom::array json, const Context& at) {
  AvroType& made = add(AvroKind::kUnion);
  for (const dom::element branch : json) {
    const AvroType* const part = TRY(type(branch, {at.space, at.path, at.depth + 1}));
    if (part->kind == AvroKind::kUnion) return fail(at, "a union stands directly in a union");
    made.parts.push_back(part);
  }
  if (made.parts.empty()) return fail(at, "a union without branches");
  return const_cast<const AvroType*>(&made);
}

Status AvroSchemaParser::name_type(dom::object json, AvroType& type, Context& at) {
  std::string_view name;
  if (json.at_key("name").get(name) || name.empty()) {
    return fail(at, fmt::format("a type of kind {} needs a 'name'", kind_name(type.kind)));
  }
  std::string_view space;
  if (name.find('.') != std::string_view::npos) {
    at.space = name.substr(0, name.rfind('.'));
  } else if (!json.at_key("namespace").get(space)) {
    at.space = space;
  }
  const auto full = [&](std::string_view plain) {
    return plain.find('.') != std::string_view::npos || at.space.empty()
               ? std::string(plain)
               : at.space + "." + std::string(plain);
  };
  type.name = full(name);
  dom::array aliases;
  if (!json.at_key("aliases").get(aliases)) {
    for (const dom::element alias : aliases) {
      std::string_view text;
      if (!alias.get(text)) type.aliases.push_back(full(text));
    }
  }
  if (!names_.emplace(type.name, &type).second) {
    return fail(at, fmt::format("the type '{}' is defined twice", type.name));
  }
  return {};
}

Status AvroSchemaParser::record(dom::object json, AvroType& type, const Context& at) {
  dom::array fields;
  if (json.at_key("fields").get(fields)) return fail(at, "a record needs 'fields'");
  size_t number = 0;
  for (const dom::element one : fields) {
    AvroField field = TRY(this->field(one, ++number, at));
    for (const AvroField& other : type.fields) {
      if (other.name == field.name) {
        return fail(at, fmt::format("the field '{}' is there twice", field.name));
      }
    }
    type.fields.push_back(std::move(field));
  }
  return {};
}

Result<AvroField> AvroSchemaParser::field(dom::element json, size_t number, const Context& at) {
  dom::object given;
  std::string_view name;
  dom::element kind;
  if (json.get(given) || given.at_key("name").get(name) || given.at_key("type").get(kind)) {
    return fail(at, fmt::format("field {} needs a 'name' and a 'type'", number));
  }
  AvroField field;
  field.name = name;
  const Context inner = at.in(field.name);
  field.type = TRY(type(kind, inner));
  dom::array aliases;
  if (!given.at_key("aliases").get(aliases)) {
    for (const dom::element alias : aliases) {
      std::string_view text;
      if (!alias.get(text)) field.aliases.emplace_back(text);
    }
  }
  dom::element standard;
  if (!given.at_key("default").get(standard)) {
    std::string bytes;
    if (!encode_default(*field.type, standard, &bytes, 0)) {
      return fail(inner, fmt::format("the default is no value of the type {}",
                                     avro_type_name(*field.type)));
    }
    field.default_bytes = std::move(bytes);
  }
  return field;
}

Status AvroSchemaParser::symbols(dom::object json, AvroType& type, const Context& at) {
  dom::array symbols;
  if (json.at_key("symbols").get(symbols)) return fail(at, "an enum needs 'symbols'");
  for (const dom::element symbol : symbols) {
    std::string_view text;
    if (symbol.get(text)) return fail(at, "the symbols of an enum are texts");
    type.symbols.emplace_back(text);
  }
  std::string_view standard;
  if (!json.at_key("default").get(standard)) type.default_symbol = std::string(standard);
  return {};
}

void AvroSchemaParser::set_logical(dom::object json, AvroType& type) {
  std::string_view name;
  if (json.at_key("logicalType").get(name)) return;
  for (const LogicalName& known : kLogicals) {
    if (known.name == name && known.kind == type.kind) type.logical = known.logical;
  }
  if (type.logical == AvroLogical::kUuid && type.kind == AvroKind::kFixed && type.size != 16) {
    type.logical = AvroLogical::kNone;
  }
  if (type.logical != AvroLogical::kDecimal) return;
  int64_t precision = 0;
  int64_t scale = 0;
  const bool precise = !json.at_key("precision").get(precision) && precision > 0;
  if (json.at_key("scale").get(scale)) scale = 0;
  if (!precise || precision > 1000 || scale < 0 || scale > precision) {
    type.logical = AvroLogical::kNone;
    return;
  }
  type.precision = static_cast<int>(precision);
  type.scale = static_cast<int>(scale);
}

Result<AvroSchema> AvroSchema::parse(std::string_view text,
                                     std::span<const NamedSchema> references) {
  AvroSchemaParser parser;
  for (const NamedSchema& reference : references) TRY(parser.text(reference.text));
  const AvroType* const root = TRY(parser.text(text));
  return std::move(parser).finish(root);
}

std::string avro_type_name(const AvroType& type) {
  switch (type.kind) {
    case AvroKind::kArray:
    case AvroKind::kMap:
      return fmt::format(
          "{} of {}", kind_name(type.kind),
          type.parts[0]->name.empty() ? kind_name(type.parts[0]->kind) : type.parts[0]->name);
    case AvroKind::kUnion: {
      std::string names;
      for (const AvroType* part : type.parts) {
        names += (names.empty() ? "" : ", ") + avro_type_name(*part);
      }
      return fmt::format("union of {}", names);
    }
    case AvroKind::kRecord:
    case AvroKind::kEnum:
      return fmt::format("{} {}", kind_name(type.kind), type.name);
    default:
      break;
  }
  std::string name(kind_name(type.kind));
  if (type.kind == AvroKind::kFixed) name += fmt::format("({})", type.size);
  if (type.logical == AvroLogical::kDecimal) {
    return fmt::format("{} (decimal({}, {}))", name, type.precision, type.scale);
  }
  for (const LogicalName& known : kLogicals) {
    if (type.logical == known.logical) return fmt::format("{} ({})", name, known.name);
  }
  return name;
}

}  // namespace velo
