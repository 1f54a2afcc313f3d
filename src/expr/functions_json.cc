// JSON in strings: JSON_VALUE, JSON_QUERY, JSON_EXISTS, IS_JSON. A broken document gives NULL (or
// FALSE), as the standard's defaults NULL ON ERROR and FALSE ON ERROR say.
#include <algorithm>

#include "column/column_builder.h"
#include "expr/function_table.h"
#include "expr/json_path.h"
#include "expr/kernel.h"

namespace velo {
namespace {

struct PathState : KernelState {
  std::string text;
  std::optional<JsonPath> path;

  const JsonPath* of(KernelCall& call, size_t row, std::string_view wanted) {
    if (path && text == wanted) return &*path;
    Result<JsonPath> compiled = JsonPath::compile(wanted);
    if (!compiled) {
      call.fail(row, ErrorCode::kEvaluation, compiled.error().message);
      return nullptr;
    }
    text = wanted;
    path = std::move(*compiled);
    return &*path;
  }
};

Status check_path(std::string_view text, size_t position) {
  if (position != 1) return {};
  Result<JsonPath> path = JsonPath::compile(text);
  if (!path) return std::move(path).error();
  return {};
}

/// then(row, found value or nothing).
template <typename F>
void for_found(KernelCall& call, F then) {
  auto& state = call.state_of<PathState>();
  const Strings json(call, 0);
  const Strings paths(call, 1);
  for_valid(call, [&](size_t row) {
    const JsonPath* path = state.of(call, row, paths[row]);
    if (path != nullptr) then(row, path->find(json[row]));
  });
}

/// The same, of the whole document where no path is given.
template <typename F>
void for_found_or_whole(KernelCall& call, F then) {
  if (call.args.size() == 2) return for_found(call, then);
  const Strings json(call, 0);
  for_valid(call, [&](size_t row) { then(row, json[row]); });
}

/// Calls then(text of an element) for each. REQUIRES: the text of an array, correct JSON.
template <typename F>
void for_elements(std::string_view array, F then) {
  constexpr std::string_view kBlanks = " \n\t\r";
  const size_t first = array.find('[') + 1;
  const size_t last = array.rfind(']');
  size_t begin = first;
  int depth = 0;
  bool quoted = false;
  const auto give = [&](size_t end) {
    std::string_view element = array.substr(begin, end - begin);
    element.remove_prefix(std::min(element.find_first_not_of(kBlanks), element.size()));
    element.remove_suffix(element.size() - element.find_last_not_of(kBlanks) - 1);
    if (!element.empty()) then(element);
    begin = end + 1;
  };
  for (size_t i = first; i < last; ++i) {
    const char c = array[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
      continue;
    }
    quoted = c == '"';
    if (depth == 0 && c == ',') give(i);
    depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
  }
  give(last);
}

/// Scalars as text; objects, arrays and null give NULL.
void json_value(KernelCall& call) {
  call.out.share(*call.args[0]);
  std::string text;
  for_found(call, [&](size_t row, std::optional<std::string_view> value) {
    switch (value ? json_kind(*value) : JsonKind::kBroken) {
      case JsonKind::kString:
        if (!json_unescape(*value, &text)) return call.out.set_null(row);
        return call.out.set_string(row, text);
      case JsonKind::kNumber:
      case JsonKind::kBoolean:
        return call.out.set_string_view(row, *value);
      default:
        return call.out.set_null(row);
    }
  });
}

/// Objects and arrays as JSON text; anything else gives NULL.
void json_query(KernelCall& call) {
  call.out.share(*call.args[0]);
  for_found(call, [&](size_t row, std::optional<std::string_view> value) {
    const JsonKind kind = value ? json_kind(*value) : JsonKind::kBroken;
    if (kind != JsonKind::kObject && kind != JsonKind::kArray) return call.out.set_null(row);
    call.out.set_string_view(row, *value);
  });
}

void json_exists(KernelCall& call) {
  uint8_t* out = call.out.values<uint8_t>();
  for_found(call,
            [&](size_t row, std::optional<std::string_view> value) { out[row] = value ? 1 : 0; });
}

void is_json_text(KernelCall& call) {
  const Strings in(call, 0);
  uint8_t* out = call.out.values<uint8_t>();
  for_valid(call, [&](size_t row) { out[row] = is_json(in[row]) ? 1 : 0; });
}

/// Elements of an array; NULL for anything else.
void json_array_length(KernelCall& call) {
  int64_t* out = call.out.values<int64_t>();
  for_found_or_whole(call, [&](size_t row, std::optional<std::string_view> value) {
    if (!value || json_kind(*value) != JsonKind::kArray || !is_json(*value)) {
      return call.out.set_null(row);
    }
    out[row] = 0;
    for_elements(*value, [&](std::string_view) { ++out[row]; });
  });
}

/// Scalars as text, objects and arrays as JSON; NULL for what is no array.
void json_array_elements(KernelCall& call) {
  ColumnBuilder builder(call.out.type(), call.rows);
  size_t done = 0;
  std::string text;
  const auto skip_to = [&](size_t row) {
    for (; done < row; ++done) builder.append_null();
  };
  for_found_or_whole(call, [&](size_t row, std::optional<std::string_view> value) {
    skip_to(row);
    if (!value || json_kind(*value) != JsonKind::kArray || !is_json(*value)) return;
    for_elements(*value, [&](std::string_view element) {
      const JsonKind kind = json_kind(element);
      if (kind == JsonKind::kNull) return builder.child(0).append_null();
      if (kind != JsonKind::kString) return builder.child(0).append_string(element);
      if (!json_unescape(element, &text)) return builder.child(0).append_null();
      builder.child(0).append_string(text);
    });
    builder.append_list_end();
    ++done;
  });
  skip_to(call.rows);
  call.out.set_column(builder.finish());
}

void json_type(KernelCall& call) {
  for_found_or_whole(call, [&](size_t row, std::optional<std::string_view> value) {
    const JsonKind kind = value && is_json(*value) ? json_kind(*value) : JsonKind::kBroken;
    if (kind == JsonKind::kBroken) return call.out.set_null(row);
    static constexpr std::string_view kNames[] = {"object", "array",   "string",
                                                  "number", "boolean", "null"};
    call.out.set_string_view(row, kNames[static_cast<size_t>(kind)]);
  });
}

const Function kFunctions[] = {
    {"JSON_VALUE,JSON_EXTRACT_SCALAR", "(json string, path string) -> string", json_value, kStrict,
     "The scalar at a path as text; NULL if there is none",
     R"(JSON_VALUE('{"a": {"b": 42}}', '$.a.b'))", "42", nullptr, check_path},
    {"JSON_QUERY", "(json string, path string) -> string", json_query, kStrict,
     "The object or array at a path as JSON; NULL if there is none",
     R"(JSON_QUERY('{"a": [1, 2]}', '$.a'))", "[1, 2]", nullptr, check_path},
    {"JSON_EXISTS", "(json string, path string) -> boolean", json_exists, kStrict,
     "Whether there is a value at a path", R"(JSON_EXISTS('{"a": null}', '$.a'))", "TRUE", nullptr,
     check_path},
    {"JSON_ARRAY_LENGTH", "(json string, path string?) -> bigint", json_array_length, kInfallible,
     "Elements of the array (at a path); NULL if it is none",
     R"(JSON_ARRAY_LENGTH('{"a": [1, [2, 3]]}', '$.a'))", "2", nullptr, check_path},
    {"JSON_ARRAY_ELEMENTS", "(json string, path string?) -> array<string>", json_array_elements,
     kInfallible,
     "The elements of the array (at a path): scalars as text, others as JSON; NULL if it is none",
     R"(JSON_ARRAY_ELEMENTS('["a", 1, [2]]'))", "[a, 1, [2]]", nullptr, check_path},
    {"JSON_TYPE,JSON_TYPEOF", "(json string, path string?) -> string", json_type, kInfallible,
     "object, array, string, number, boolean or null; NULL if there is none",
     R"(JSON_TYPE('{"a": [1]}', '$.a'))", "array", nullptr, check_path},
    {"IS_JSON", "(s string) -> boolean", is_json_text, kInfallible, "Whether the text is JSON",
     "IS_JSON('[1]')", "TRUE"},
};

}  // namespace

std::span<const Function> json_functions() { return kFunctions; }

}  // namespace velo
