#include "format/json_record.h"

#include <simdjson.h>

#include <algorithm>

#include "base/fmt.h"

namespace velo {
namespace od = simdjson::ondemand;

struct JsonRecordReader::Parser {
  od::parser parser;
};

/// A declared value: a column, or a part of one.
struct JsonRecordReader::Node {
  std::string path;  ///< for messages: "order.items"
  Type type;
  ColumnTarget* target = nullptr;
  ScalarTarget* scalar = nullptr;
  RowTarget* row = nullptr;    ///< ROW: one child per field
  ListTarget* list = nullptr;  ///< ARRAY: one child; MAP: key and value
  std::vector<std::string> names;
  std::vector<Node> children;
  std::vector<uint64_t> seen;  ///< for each child, the last object that had it
  uint64_t objects = 0;

  /// The child of that name; `expected` is a guess. -1 if none.
  int find(std::string_view name, size_t expected) const {
    if (expected < names.size() && names[expected] == name) return static_cast<int>(expected);
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return static_cast<int>(i);
    }
    return -1;
  }
};

namespace {

std::string_view trim_end(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' ||
                           text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

BadReason reason_of(simdjson::error_code code) {
  return code == simdjson::UTF8_ERROR ? BadReason::kEncoding : BadReason::kSyntax;
}

}  // namespace

/// One record being read.
struct JsonRecordReader::Reading {
  Problem& problem;
  bool stable;

  bool fail(BadReason reason, std::string message) {
    problem = {reason, std::move(message)};
    return false;
  }
  bool fail(simdjson::error_code code) {
    return fail(reason_of(code), fmt::format("not JSON: {}", simdjson::error_message(code)));
  }
  bool fail_kind(const Node& node, std::string_view token) {
    return fail(BadReason::kValue,
                field_error_message(node.path, node.type, token, FieldError::kSyntax));
  }

  bool object(od::object object, Node& node, size_t row);
  bool value(od::value& value, Node& node, size_t row);
  bool scalar(od::value& value, std::string_view token, Node& node, size_t row);
  bool array(od::value& value, Node& node, size_t row);
  bool map(od::value& value, Node& node, size_t row);
};

// Checks what the parser leaves unchecked about a value that nobody reads: that one begins at all
// ({"a":}), and that a string is no key ({"a":"b":1}); a string is passed.
simdjson::error_code skip_value(od::value value) {
  const char first = value.raw_json_token().front();
  if (first == '"') return value.get_raw_json_string().error();
  const bool none = std::string_view("}]:,").find(first) != std::string_view::npos;
  return none ? simdjson::TAPE_ERROR : simdjson::SUCCESS;
}

bool JsonRecordReader::Reading::object(od::object object, Node& node, size_t row) {
  const uint64_t stamp = ++node.objects;
  size_t left = node.children.size();
  size_t expected = 0;
  for (auto item : object) {
    od::field field;
    if (const auto code = std::move(item).get(field)) return fail(code);
    std::string_view name;
    if (const auto code = field.unescaped_key().get(name)) return fail(code);
    const int found = node.find(name, expected);
    if (found < 0) {
      if (const auto code = skip_value(field.value())) return fail(code);
      continue;
    }
    const auto child = static_cast<size_t>(found);
    expected = child + 1;
    if (node.seen[child] != stamp) --left;
    node.seen[child] = stamp;
    if (!value(field.value(), node.children[child], row)) return false;
  }
  for (size_t i = 0; left > 0 && i < node.children.size(); ++i) {
    if (node.seen[i] == stamp) continue;
    node.children[i].target->set_null(row);
    --left;
  }
  return true;
}

bool JsonRecordReader::Reading::value(od::value& value, Node& node, size_t row) {
  const std::string_view token = trim_end(value.raw_json_token());
  if (token == "null") {
    node.target->set_null(row);
    return true;
  }
  if (node.scalar) return scalar(value, token, node, row);
  if (node.list) {
    return node.type.kind() == TypeKind::kMap ? map(value, node, row) : array(value, node, row);
  }
  od::object fields;
  if (value.get_object().get(fields)) return fail_kind(node, token);
  node.row->set_valid(row);
  return object(fields, node, row);
}

bool JsonRecordReader::Reading::scalar(od::value& value, std::string_view token, Node& node,
                                       size_t row) {
  ScalarTarget& target = *node.scalar;
  const Type& type = node.type;
  const bool is_text = token.front() == '"';
  const bool wants_text =
      type.physical() == Physical::kString || type.kind() == TypeKind::kDate ||
      type.kind() == TypeKind::kTime || (type.is_timestamp() && !is_epoch(target.rules().times));
  if (is_text && wants_text) {
    std::string_view text = token.substr(1, token.size() - 2);
    const bool escaped = text.find('\\') != std::string_view::npos;
    const auto code = escaped ? value.get_string().get(text) : skip_value(value);
    if (code) return fail(code);
    if (type.is_string()) {  // the parser has seen that the record is UTF-8
      target.set_string(row, text, stable && !escaped);
      return true;
    }
    const FieldError error = target.set_text(row, text, false);
    if (error == FieldError::kOk) return true;
    return fail(bad_reason(error), field_error_message(node.path, type, text, error));
  }
  if (type.is_string()) {
    if (token.front() == '{') {
      od::object nested;
      if (const auto code = value.get_object().get(nested)) return fail(code);
      if (const auto code = nested.raw_json().get(token)) return fail(code);
    } else if (token.front() == '[') {
      od::array nested;
      if (const auto code = value.get_array().get(nested)) return fail(code);
      if (const auto code = nested.raw_json().get(token)) return fail(code);
    } else {
      double number;
      const FieldRules rules{Type::float64(), TimeNotation::kIso8601, true};
      if (token != "true" && token != "false" &&
          read_double(rules, token, &number) == FieldError::kSyntax) {
        return fail(BadReason::kSyntax, fmt::format("not JSON: {}", quoted_excerpt(token)));
      }
    }
    target.set_string(row, token, stable);
    return true;
  }
  if (is_text && type.is_float() && target.set_non_finite(row, token.substr(1, token.size() - 2))) {
    if (const auto code = skip_value(value)) return fail(code);
    return true;
  }
  if (is_text || wants_text) return fail_kind(node, token);
  const FieldError error = target.set_text(row, token, stable);
  if (error == FieldError::kOk) return true;
  return fail(bad_reason(error), field_error_message(node.path, type, token, error));
}

bool JsonRecordReader::Reading::array(od::value& value, Node& node, size_t row) {
  od::array elements;
  if (value.get_array().get(elements)) return fail_kind(node, trim_end(value.raw_json_token()));
  node.list->begin(row);
  for (auto item : elements) {
    od::value element;
    if (const auto code = std::move(item).get(element)) return fail(code);
    const size_t place = node.list->add();
    if (!this->value(element, node.children[0], place)) {
      node.children[0].target->set_null(place);
      return false;
    }
  }
  node.list->end(row);
  return true;
}

bool JsonRecordReader::Reading::map(od::value& value, Node& node, size_t row) {
  od::object entries;
  if (value.get_object().get(entries)) return fail_kind(node, trim_end(value.raw_json_token()));
  node.list->begin(row);
  for (auto item : entries) {
    od::field field;
    if (const auto code = std::move(item).get(field)) return fail(code);
    std::string_view key;
    if (const auto code = field.unescaped_key().get(key)) return fail(code);
    const size_t place = node.list->add();
    Node& keys = node.children[0];
    FieldError error = keys.scalar ? keys.scalar->set_text(place, key, false) : FieldError::kSyntax;
    if (error != FieldError::kOk && keys.type.is_float() &&
        keys.scalar->set_non_finite(place, key)) {
      error = FieldError::kOk;
    }
    if (error != FieldError::kOk) {
      keys.target->set_null(place);
      node.children[1].target->set_null(place);
      return fail(bad_reason(error), field_error_message(node.path, keys.type, key, error));
    }
    if (!this->value(field.value(), node.children[1], place)) {
      node.children[1].target->set_null(place);
      return false;
    }
  }
  node.list->end(row);
  return true;
}

JsonRecordReader::JsonRecordReader(const SchemaPtr& schema, BatchAssembler& assembler)
    : parser_(std::make_unique<Parser>()), root_(std::make_unique<Node>()) {
  for (size_t i = 0; i < schema->size(); ++i) {
    const Field& field = (*schema)[i];
    root_->names.push_back(field.name);
    root_->children.push_back(make_node(field.name, field.type, assembler.target(i)));
  }
  root_->seen.assign(root_->children.size(), 0);
}

JsonRecordReader::~JsonRecordReader() = default;

JsonRecordReader::Node JsonRecordReader::make_node(const std::string& path, const Type& type,
                                                   ColumnTarget& target) const {
  Node node;
  node.path = path;
  node.type = type;
  node.target = &target;
  node.scalar = dynamic_cast<ScalarTarget*>(&target);
  node.row = dynamic_cast<RowTarget*>(&target);
  node.list = dynamic_cast<ListTarget*>(&target);
  if (node.row) node.names = type.field_names();
  for (size_t i = 0; i < type.children().size(); ++i) {
    ColumnTarget& child = node.row ? node.row->field(i) : node.list->elements(i);
    const std::string name = node.row ? path + "." + type.field_names()[i] : path;
    node.children.push_back(make_node(name, type.children()[i], child));
  }
  node.seen.assign(node.children.size(), 0);
  return node;
}

bool JsonRecordReader::read(std::string_view text, size_t row, bool stable) {
  Reading reading{problem_, stable};
  od::document document;
  const simdjson::padded_string_view padded(text.data(), text.size(),
                                            text.size() + simdjson::SIMDJSON_PADDING);
  if (const auto code = parser_->parser.iterate(padded).get(document)) return reading.fail(code);
  od::object object;
  if (const auto code = document.get_object().get(object)) {
    if (code != simdjson::INCORRECT_TYPE) return reading.fail(code);
    return reading.fail(BadReason::kValue,
                        fmt::format("{} is not a JSON object", quoted_excerpt(text)));
  }
  if (!reading.object(object, *root_, row)) return false;
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return reading.fail(BadReason::kSyntax, "text stands behind the JSON object");
  }
  return true;
}

static_assert(kBufferPadding >= simdjson::SIMDJSON_PADDING);

}  // namespace velo
