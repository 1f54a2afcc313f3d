// Making JSON: JSON_STRING, JSON_ARRAY, JSON_OBJECT and quoting. Times, dates and bytes become
// strings in their text form; numbers that JSON cannot write (NaN, infinities) too.
#include <cmath>

#include "base/fmt.h"
#include "column/scalar.h"
#include "expr/function_table.h"
#include "expr/json_path.h"
#include "expr/kernel.h"

namespace velo {
namespace {

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
      case '\\':
        out.push_back('\\');
        out.push_back(c);
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (static_cast<uint8_t>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

/// REQUIRES: `column` is flat or constant, and `has_json_form` of its type.
void append_json(std::string& out, const Column& given, size_t given_row) {
  const Column& column = given.is_flat() ? given : *given.base();
  const size_t row = given.is_flat() ? given_row : 0;
  const Type& type = column.type();
  if (type.is_null() || column.is_null(row)) {
    out += "null";
  } else if (type.is_string()) {
    append_quoted(out, column.string_at(row));
  } else if (type.kind() == TypeKind::kBoolean) {
    out += column.bool_at(row) ? "true" : "false";
  } else if (type.is_numeric() && !(type.is_float() && !std::isfinite(column.double_at(row)))) {
    append_text(out, column, row);
  } else if (type.kind() == TypeKind::kArray) {
    const uint32_t begin = column.offsets()[row];
    out.push_back('[');
    for (uint32_t i = begin; i < column.offsets()[row + 1]; ++i) {
      if (i > begin) out.push_back(',');
      append_json(out, *column.child(0), i);
    }
    out.push_back(']');
  } else {
    std::string text;
    append_text(text, column, row);
    append_quoted(out, text);
  }
}

bool has_json_form(const Type& type) {
  if (type.kind() == TypeKind::kArray) return has_json_form(type.children()[0]);
  return !type.is_nested();
}

bool all_have_json_form(std::vector<Type>& args, Type* result) {
  *result = Type::string();
  for (const Type& type : args) {
    if (!has_json_form(type)) return false;
  }
  return true;
}

/// JSON_OBJECT's arguments: a key, its value, a key …
bool keys_and_values(std::vector<Type>& args, Type* result) {
  for (size_t i = 0; i < args.size(); i += 2) {
    if (!args[i].is_string()) return false;
  }
  return args.size() % 2 == 0 && all_have_json_form(args, result);
}

void json_string(KernelCall& call) {
  std::string text;
  for_valid(call, [&](size_t row) {
    text.clear();
    append_json(text, *call.args[0], row);
    call.out.set_string(row, text);
  });
}

void json_array(KernelCall& call) {
  std::string text;
  for (size_t row = 0; row < call.rows; ++row) {
    text = "[";
    for (const ColumnPtr& arg : call.args) {
      if (arg->type().is_null() || arg->is_null(row)) continue;
      if (text.size() > 1) text.push_back(',');
      append_json(text, *arg, row);
    }
    text.push_back(']');
    call.out.set_string(row, text);
  }
}

void json_object(KernelCall& call) {
  std::string text;
  for (size_t row = 0; row < call.rows; ++row) {
    text = "{";
    bool has_key = true;
    for (size_t i = 0; i < call.args.size() && has_key; i += 2) {
      has_key = !call.args[i]->is_null(row);
      if (!has_key) break;
      if (i > 0) text.push_back(',');
      append_json(text, *call.args[i], row);
      text.push_back(':');
      append_json(text, *call.args[i + 1], row);
    }
    text.push_back('}');
    if (has_key) {
      call.out.set_string(row, text);
    } else {
      call.fail(row, ErrorCode::kEvaluation, "JSON_OBJECT: a key is NULL");
    }
  }
}

/// The text behind a JSON string; any other JSON value as it stands.
void json_unquote(KernelCall& call) {
  const Strings in(call, 0);
  std::string text;
  for_valid(call, [&](size_t row) {
    if (!is_json(in[row])) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("'{}' is not JSON", in[row].substr(0, 100)));
    }
    const bool quoted = json_kind(in[row]) == JsonKind::kString;
    call.out.set_string(row, quoted && json_unescape(in[row], &text) ? text : in[row]);
  });
}

const Function kFunctions[] = {
    {"JSON_STRING,TO_JSON", "(x any) -> rule", json_string, kInfallible, "The value as JSON",
     "JSON_STRING(ARRAY['a', NULL])", R"(["a",null])", all_have_json_form},
    {"JSON_QUOTE", "(s string) -> string", json_string, kInfallible, "A JSON string of the text",
     R"(JSON_QUOTE('a "b"'))", R"("a \"b\"")"},
    {"JSON_UNQUOTE", "(json string) -> string", json_unquote, kStrict,
     "The text behind a JSON string; other JSON as it is", R"(JSON_UNQUOTE('"a\nb"'))", "a\nb"},
    {"JSON_ARRAY", "(x any...) -> rule", json_array, kNullAware | kInfallible,
     "A JSON array; NULLs are left out", "JSON_ARRAY(1, 'a', NULL, TRUE)", R"([1,"a",true])",
     all_have_json_form},
    {"JSON_OBJECT,JSON_BUILD_OBJECT", "(key_or_value any...) -> rule", json_object, kNullAware,
     "A JSON object of keys and values in turn; NULL values stay", "JSON_OBJECT('a', 1, 'b', NULL)",
     R"({"a":1,"b":null})", keys_and_values},
};

}  // namespace

std::span<const Function> json_making_functions() { return kFunctions; }

}  // namespace velo
