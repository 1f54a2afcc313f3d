#include "expr/json_path.h"

#include <charconv>

#include "base/fmt.h"
#include "expr/utf8.h"

namespace velo {
namespace {

constexpr size_t kDepthMax = 1000;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

void skip_blanks(std::string_view* s) {
  while (!s->empty() && is_blank(s->front())) s->remove_prefix(1);
}

/// Bytes of the string that begins with a quote, both quotes included; 0 if it does not end.
size_t string_size(std::string_view s) {
  for (size_t i = 1; i < s.size(); ++i) {
    if (s[i] == '\\') {
      ++i;
    } else if (s[i] == '"') {
      return i + 1;
    }
  }
  return 0;
}

/// Bytes of the value that begins here; 0 if it does not end. Brackets are counted, not matched.
size_t value_size(std::string_view s) {
  if (s.empty()) return 0;
  if (s[0] == '"') return string_size(s);
  if (s[0] != '{' && s[0] != '[') {
    size_t i = 0;
    while (i < s.size() && !is_blank(s[i]) && s[i] != ',' && s[i] != '}' && s[i] != ']') ++i;
    return i;
  }
  size_t depth = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    const char c = s[i];
    if (c == '"') {
      const size_t size = string_size(s.substr(i));
      if (size == 0) return 0;
      i += size - 1;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

/// Moves past a value and the comma after it. False at the end of the container or where the text
/// is broken.
bool skip_member(std::string_view* s) {
  const size_t size = value_size(*s);
  if (size == 0) return false;
  s->remove_prefix(size);
  skip_blanks(s);
  if (s->empty() || s->front() != ',') return false;
  s->remove_prefix(1);
  skip_blanks(s);
  return true;
}

bool key_equals(std::string_view quoted, std::string_view key, std::string* scratch) {
  const std::string_view inside = quoted.substr(1, quoted.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return inside == key;
  return json_unescape(quoted, scratch) && *scratch == key;
}

/// `s` at '{': moves to the value of `key`.
bool enter_key(std::string_view* s, std::string_view key) {
  if (s->empty() || s->front() != '{') return false;
  s->remove_prefix(1);
  skip_blanks(s);
  std::string scratch;
  while (!s->empty() && s->front() == '"') {
    const size_t size = string_size(*s);
    if (size == 0) return false;
    const bool found = key_equals(s->substr(0, size), key, &scratch);
    s->remove_prefix(size);
    skip_blanks(s);
    if (s->empty() || s->front() != ':') return false;
    s->remove_prefix(1);
    skip_blanks(s);
    if (found) return true;
    if (!skip_member(s)) return false;
  }
  return false;
}

bool enter_index(std::string_view* s, size_t index) {
  if (s->empty() || s->front() != '[') return false;
  s->remove_prefix(1);
  skip_blanks(s);
  if (s->empty() || s->front() == ']') return false;
  for (; index > 0; --index) {
    if (!skip_member(s)) return false;
  }
  return true;
}

bool is_number(std::string_view s) {
  size_t i = 0;
  auto digits = [&] {
    const size_t begin = i;
    while (i < s.size() && is_digit(s[i])) ++i;
    return i - begin;
  };
  if (i < s.size() && s[i] == '-') ++i;
  if (i < s.size() && s[i] == '0') {
    ++i;
  } else if (digits() == 0) {
    return false;
  }
  if (i < s.size() && s[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == s.size() && !s.empty();
}

bool is_string(std::string_view quoted) {
  for (const char c : quoted) {
    if (static_cast<uint8_t>(c) < 0x20) return false;
  }
  std::string scratch;
  return json_unescape(quoted, &scratch);
}

/// A scalar at the front, checked and passed.
bool take_scalar(std::string_view* s) {
  const size_t size = value_size(*s);
  if (size == 0) return false;
  const std::string_view value = s->substr(0, size);
  s->remove_prefix(size);
  if (value[0] == '"') return is_string(value);
  return value == "true" || value == "false" || value == "null" || is_number(value);
}

/// "key" : at the front.
bool take_key(std::string_view* s) {
  if (s->empty() || s->front() != '"') return false;
  const size_t size = string_size(*s);
  if (size == 0 || !is_string(s->substr(0, size))) return false;
  s->remove_prefix(size);
  skip_blanks(s);
  if (s->empty() || s->front() != ':') return false;
  s->remove_prefix(1);
  skip_blanks(s);
  return true;
}

bool take_hex4(std::string_view s, size_t at, uint32_t* code) {
  if (at + 4 > s.size()) return false;
  const auto [end, error] = std::from_chars(s.data() + at, s.data() + at + 4, *code, 16);
  return error == std::errc() && end == s.data() + at + 4;
}

/// The escape whose letter stands at `*at`; moved past it.
bool append_escape(std::string_view s, size_t* at, std::string* out) {
  const char c = s[(*at)++];
  switch (c) {
    case '"':
    case '\\':
    case '/':
      out->push_back(c);
      return true;
    case 'b':
      out->push_back('\b');
      return true;
    case 'f':
      out->push_back('\f');
      return true;
    case 'n':
      out->push_back('\n');
      return true;
    case 'r':
      out->push_back('\r');
      return true;
    case 't':
      out->push_back('\t');
      return true;
    case 'u':
      break;
    default:
      return false;
  }
  uint32_t code = 0;
  if (!take_hex4(s, *at, &code)) return false;
  *at += 4;
  if (code >= 0xD800 && code < 0xDC00) {
    uint32_t low = 0;
    const bool pair = s.substr(*at).starts_with("\\u") && take_hex4(s, *at + 2, &low) &&
                      low >= 0xDC00 && low < 0xE000;
    if (!pair) return false;
    *at += 6;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  } else if (code >= 0xDC00 && code < 0xE000) {
    return false;
  }
  char bytes[4];
  out->append(bytes, encode_character(code, bytes));
  return true;
}

Error bad_path(std::string_view text, std::string_view why) {
  return Error(ErrorCode::kInvalidStatement, fmt::format("'{}' is not a JSON path: {}", text, why))
      .with_hint("a path is like $.a.b[0].\"c d\"");
}

}  // namespace

bool json_unescape(std::string_view quoted, std::string* out) {
  out->clear();
  const std::string_view s = quoted.substr(1, quoted.size() - 2);
  for (size_t at = 0; at < s.size();) {
    const size_t escape = std::min(s.find('\\', at), s.size());
    out->append(s.substr(at, escape - at));
    at = escape + 1;
    if (escape == s.size()) break;
    if (at >= s.size() || !append_escape(s, &at, out)) return false;
  }
  return true;
}

JsonKind json_kind(std::string_view value) {
  if (value.empty()) return JsonKind::kBroken;
  switch (value[0]) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    default:
      break;
  }
  if (value == "true" || value == "false") return JsonKind::kBoolean;
  if (value == "null") return JsonKind::kNull;
  return is_number(value) ? JsonKind::kNumber : JsonKind::kBroken;
}

bool is_json(std::string_view s) {
  std::vector<char> open;  // the brackets that wait for their partner
  skip_blanks(&s);
  bool want_value = true;
  while (true) {
    if (want_value) {
      if (s.empty()) return false;
      const char c = s.front();
      if (c == '{' || c == '[') {
        if (open.size() == kDepthMax) return false;
        open.push_back(c);
        s.remove_prefix(1);
        skip_blanks(&s);
        want_value = !s.starts_with(c == '{' ? '}' : ']');
        if (want_value && c == '{' && !take_key(&s)) return false;
        continue;
      }
      if (!take_scalar(&s)) return false;
      want_value = false;
    }
    skip_blanks(&s);
    if (open.empty()) return s.empty();
    if (s.empty()) return false;
    const char c = s.front();
    s.remove_prefix(1);
    skip_blanks(&s);
    if (c == ',') {
      if (open.back() == '{' && !take_key(&s)) return false;
      want_value = true;
    } else if (c == (open.back() == '{' ? '}' : ']')) {
      open.pop_back();
    } else {
      return false;
    }
  }
}

Result<JsonPath> JsonPath::compile(std::string_view text) {
  JsonPath path;
  std::string_view s = text;
  skip_blanks(&s);
  for (const std::string_view mode : {"lax ", "strict "}) {
    if (s.starts_with(mode)) s.remove_prefix(mode.size());
  }
  if (!s.starts_with('$')) return bad_path(text, "it must begin with $");
  s.remove_prefix(1);
  while (!s.empty()) {
    const bool bracket = s.front() == '[';
    if (!bracket && s.front() != '.') return bad_path(text, "a step begins with . or [");
    s.remove_prefix(1);
    if (s.starts_with('*') || s.starts_with('.')) {
      return Error(ErrorCode::kNotSupported,
                   fmt::format("not supported yet: wildcards in the JSON path '{}'", text));
    }
    if (s.starts_with('"') || (bracket && s.starts_with('\''))) {
      const size_t end = s.find(s.front(), 1);
      if (end == s.npos) return bad_path(text, "an open quote");
      path.steps_.push_back({false, 0, std::string(s.substr(1, end - 1))});
      s.remove_prefix(end + 1);
    } else if (bracket) {
      size_t index = 0;
      const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), index);
      if (error != std::errc()) return bad_path(text, "[ ] holds a number from 0 or a quoted key");
      path.steps_.push_back({true, index, {}});
      s.remove_prefix(static_cast<size_t>(end - s.data()));
    } else {
      const size_t end = std::min(s.find_first_of(".["), s.size());
      if (end == 0) return bad_path(text, "a key is missing after .");
      path.steps_.push_back({false, 0, std::string(s.substr(0, end))});
      s.remove_prefix(end);
    }
    if (bracket) {
      if (!s.starts_with(']')) return bad_path(text, "an open [");
      s.remove_prefix(1);
    }
  }
  return path;
}

std::optional<std::string_view> JsonPath::find(std::string_view json) const {
  skip_blanks(&json);
  for (const Step& step : steps_) {
    if (!(step.is_index ? enter_index(&json, step.index) : enter_key(&json, step.key))) return {};
  }
  const size_t size = value_size(json);
  if (size == 0) return {};
  return json.substr(0, size);
}

}  // namespace velo
