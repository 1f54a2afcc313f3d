// Columns of JSON records from a sample of them: a tree of what was seen at each key.

#include "format/json_infer.h"

#include <simdjson.h>

#include <algorithm>

#include "column/decimal.h"
#include "format/type_guess.h"

namespace velo {

namespace dom = simdjson::dom;

namespace {

constexpr size_t kDepthMax = 8;     // of ROWs and ARRAYs; below it is text
constexpr size_t kFieldsMax = 256;  // of one object: more are the keys of a map, not columns

}  // namespace

struct JsonInference::Parser {
  dom::parser parser;
};

/// What was seen of one value.
struct JsonInference::Guess {
  struct Member {
    std::string name;
    std::unique_ptr<Guess> guess;
  };
  bool truth = false;
  bool whole = false;
  bool large = false;  ///< whole, and beyond BIGINT
  bool real = false;
  bool text = false;
  bool object = false;
  bool array = false;
  TypeGuess texts;
  std::vector<Member> members;
  std::unique_ptr<Guess> element;

  void see(dom::element value, size_t depth);
  void see_members(dom::object value, size_t depth);
  Type type() const;
  Type row_type() const;
};

void JsonInference::Guess::see(dom::element value, size_t depth) {
  switch (value.type()) {
    case dom::element_type::NULL_VALUE:
      return;
    case dom::element_type::BOOL:
      truth = true;
      return;
    case dom::element_type::INT64:
      whole = true;
      return;
    case dom::element_type::UINT64:
      large = true;
      return;
    case dom::element_type::DOUBLE:
      real = true;
      return;
    case dom::element_type::STRING: {
      text = true;
      const std::string_view seen = value.get_string().value_unsafe();
      if (seen.empty()) {
        texts.see("text");  // no date, no time
      } else {
        texts.see(seen);
      }
      return;
    }
    case dom::element_type::OBJECT:
      object = true;
      if (depth < kDepthMax) see_members(value.get_object().value_unsafe(), depth);
      return;
    case dom::element_type::ARRAY: {
      array = true;
      if (!element) element = std::make_unique<Guess>();
      if (depth >= kDepthMax) return;
      const dom::array items = value.get_array().value_unsafe();
      for (const dom::element item : items) element->see(item, depth + 1);
      return;
    }
  }
}

void JsonInference::Guess::see_members(dom::object value, size_t depth) {
  for (const dom::key_value_pair pair : value) {
    auto found = std::find_if(members.begin(), members.end(),
                              [&](const Member& member) { return member.name == pair.key; });
    if (found == members.end()) {
      if (members.size() > kFieldsMax) return;
      members.push_back({std::string(pair.key), std::make_unique<Guess>()});
      found = members.end() - 1;
    }
    found->guess->see(pair.value, depth + 1);
  }
}

Type JsonInference::Guess::row_type() const {
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const Member& member : members) {
    names.push_back(member.name);
    types.push_back(member.guess->type());
  }
  return Type::row(std::move(names), std::move(types));
}

Type JsonInference::Guess::type() const {
  const bool number = whole || large || real;
  const int kinds = int{truth} + int{number} + int{text} + int{object} + int{array};
  if (kinds != 1) return Type::string();
  if (truth) return Type::boolean();
  if (real) return Type::float64();
  if (large) return Type::decimal(kDecimalDigitsMax, 0);
  if (whole) return Type::bigint();
  if (array) return Type::array(element->type());
  if (object) {
    return members.empty() || members.size() > kFieldsMax ? Type::string() : row_type();
  }
  const Type seen = texts.type();
  // A text stays a text, whatever number it looks like.
  return seen.is_timestamp() || seen.kind() == TypeKind::kDate ? seen : Type::string();
}

JsonInference::JsonInference()
    : parser_(std::make_unique<Parser>()), root_(std::make_unique<Guess>()) {}
JsonInference::~JsonInference() = default;

bool JsonInference::see(std::string_view record, std::span<const std::string_view> pointers) {
  const simdjson::padded_string padded(record);
  dom::object object;
  if (parser_->parser.parse(padded).get_object().get(object) != simdjson::SUCCESS) return false;
  if (pointers.empty()) root_->see_members(object, 0);
  for (const std::string_view pointer : pointers) {
    dom::object inner;
    if (object.at_pointer(pointer).get_object().get(inner) == simdjson::SUCCESS) {
      root_->see_members(inner, 0);
    }
  }
  return true;
}

std::vector<Field> JsonInference::columns() const {
  std::vector<Field> fields;
  for (const Guess::Member& member : root_->members) {
    fields.push_back({member.name, member.guess->type()});
  }
  return fields;
}

std::vector<std::string> json_keys_of_text(std::string_view record, std::string_view text) {
  std::vector<std::string> keys;
  dom::parser parser;
  const simdjson::padded_string padded(record);
  dom::object object;
  if (parser.parse(padded).get_object().get(object) != simdjson::SUCCESS) return keys;
  for (const dom::key_value_pair pair : object) {
    std::string_view value;
    if (pair.value.get_string().get(value) == simdjson::SUCCESS && value == text) {
      keys.emplace_back(pair.key);
    }
  }
  return keys;
}

bool json_has(std::string_view record, std::string_view pointer) {
  dom::parser parser;
  const simdjson::padded_string padded(record);
  dom::element root;
  if (parser.parse(padded).get(root) != simdjson::SUCCESS) return false;
  return root.at_pointer(pointer).error() == simdjson::SUCCESS;
}

}  // namespace velo
