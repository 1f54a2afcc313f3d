// JSON in strings: JSON_VALUE, JSON_QUERY, JSON_EXISTS, IS_JSON. A broken document gives NULL (or
// FALSE), as the standard's defaults NULL ON ERROR and FALSE ON ERROR say.
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
    {"IS_JSON", "(s string) -> boolean", is_json_text, kInfallible, "Whether the text is JSON",
     "IS_JSON('[1]')", "TRUE"},
};

}  // namespace

std::span<const Function> json_functions() { return kFunctions; }

}  // namespace velo
