#include "format/field_text.h"

#include <fast_float/fast_float.h>
#include <simdjson.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/fmt.h"
#include "base/letters.h"
#include "column/decimal.h"
#include "column/time_text.h"


namespace velo {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// RFC 8259 §6: [-] (0 | 1-9 digits) [. digits] [e [+-] digits]
bool is_json_number(std::string_view text) {
  size_t i = 0;
  const size_t n = text.size();
  if (i < n && text[i] == '-') ++i;
  if (i >= n || !is_digit(text[i])) return false;
  if (text[i] == '0' && i + 1 < n && is_digit(text[i + 1])) return false;
  while (i < n && is_digit(text[i])) ++i;
  if (i < n && text[i] == '.') {
    if (++i >= n || !is_digit(text[i])) return false;
    while (i < n && is_digit(text[i])) ++i;
  }
  if (i < n && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < n && (text[i] == '+' || text[i] == '-')) ++i;
    if (i >= n || !is_digit(text[i])) return false;
    while (i < n && is_digit(text[i])) ++i;
  }
  return i == n;
}

// The number's text as its rules want it; false if the grammar forbids it.
bool number_text(const FieldRules& rules, std::string_view* text) {
  if (rules.json_numbers) return is_json_number(*text);
  *text = trim(*text);
  return !text->empty();
}

FieldError from_status(DecimalStatus status) {
  switch (status) {
    case DecimalStatus::kOk: return FieldError::kOk;
    case DecimalStatus::kSyntax: return FieldError::kSyntax;
    case DecimalStatus::kOverflow: return FieldError::kOverflow;
    case DecimalStatus::kLostDigit: return FieldError::kLostDigit;
  }
  return FieldError::kSyntax;
}

// Any exactly written whole number into 64 bits.
FieldError read_whole(std::string_view text, int64_t* out) {
  size_t i = 0;
  const bool negative = text[0] == '-';
  if (text[0] == '-' || text[0] == '+') ++i;
  uint64_t value = 0;
  const size_t first = i;
  for (; i < text.size() && is_digit(text[i]) && i - first < 18; ++i) {
    value = value * 10 + static_cast<uint64_t>(text[i] - '0');
  }
  if (i == text.size() && i > first) {
    *out = negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
    return FieldError::kOk;
  }
  int128_t wide;
  const FieldError error = from_status(parse_decimal(text, kDecimalDigitsMax, 0, &wide));
  if (error != FieldError::kOk) return error;
  if (wide < std::numeric_limits<int64_t>::min() || wide > std::numeric_limits<int64_t>::max()) {
    return FieldError::kOverflow;
  }
  *out = static_cast<int64_t>(wide);
  return FieldError::kOk;
}

bool names_non_finite(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return equals_ignoring_case(text, "nan") || equals_ignoring_case(text, "inf") ||
         equals_ignoring_case(text, "infinity");
}

FieldError read_epoch(const FieldRules& rules, std::string_view text, int64_t* out) {
  if (!number_text(rules, &text)) return FieldError::kSyntax;
  int64_t value;
  const FieldError error = read_whole(text, &value);
  if (error != FieldError::kOk) return error;
  const int64_t unit = epoch_unit_us(rules.times);
  if (unit == 0) {
    *out = floor_div(value, 1000);
    return FieldError::kOk;
  }
  return __builtin_mul_overflow(value, unit, out) ? FieldError::kOverflow : FieldError::kOk;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

int64_t epoch_unit_us(TimeNotation format) {
  switch (format) {
    case TimeNotation::kEpochSeconds: return 1'000'000;
    case TimeNotation::kEpochMillis: return 1'000;
    case TimeNotation::kEpochMicros: return 1;
    default: return 0;
  }
}

BadReason bad_reason(FieldError error) {
  switch (error) {
    case FieldError::kOverflow: return BadReason::kOverflow;
    case FieldError::kLostDigit: return BadReason::kLostDigit;
    case FieldError::kEncoding: return BadReason::kEncoding;
    default: return BadReason::kValue;
  }
}

FieldError read_integer(const FieldRules& rules, std::string_view text, int64_t* out) {
  if (!number_text(rules, &text)) return FieldError::kSyntax;
  const FieldError error = read_whole(text, out);
  if (error != FieldError::kOk) return error;
  const bool fits = *out >= rules.type.integer_min() && *out <= rules.type.integer_max();
  return fits ? FieldError::kOk : FieldError::kOverflow;
}

FieldError read_double(const FieldRules& rules, std::string_view text, double* out) {
  if (!number_text(rules, &text)) return FieldError::kSyntax;
  const std::string_view whole = text;
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  fast_float::from_chars_result found;
  if (rules.type.kind() == TypeKind::kFloat) {
    float single = 0;
    found = fast_float::from_chars(text.data(), end, single);
    *out = static_cast<double>(single);
  } else {
    found = fast_float::from_chars(text.data(), end, *out);
  }
  if (found.ptr != end) return FieldError::kSyntax;
  if (std::isfinite(*out)) return FieldError::kOk;
  return names_non_finite(whole) ? FieldError::kOk : FieldError::kOverflow;
}

FieldError read_decimal(const FieldRules& rules, std::string_view text, int128_t* out) {
  if (!number_text(rules, &text)) return FieldError::kSyntax;
  return from_status(parse_decimal(text, rules.type.precision(), rules.type.scale(), out));
}

FieldError read_boolean(const FieldRules& rules, std::string_view text, bool* out) {
  if (rules.json_numbers) {
    *out = text == "true";
    return *out || text == "false" ? FieldError::kOk : FieldError::kSyntax;
  }
  text = trim(text);
  *out = equals_ignoring_case(text, "true") || equals_ignoring_case(text, "t") || text == "1";
  const bool no =
      equals_ignoring_case(text, "false") || equals_ignoring_case(text, "f") || text == "0";
  return *out || no ? FieldError::kOk : FieldError::kSyntax;
}

FieldError read_time(const FieldRules& rules, std::string_view text, int64_t* out) {
  std::optional<int64_t> value;
  if (rules.type.is_timestamp() && is_epoch(rules.times)) {
    const FieldError error = read_epoch(rules, text, out);
    if (error != FieldError::kOk) return error;
  } else {
    text = trim(text);
    switch (rules.type.kind()) {
      case TypeKind::kDate: value = parse_date(text); break;
      case TypeKind::kTime: value = parse_time(text); break;
      default: value = parse_timestamp(text, rules.type.kind() == TypeKind::kTimestampLtz); break;
    }
    if (!value) return FieldError::kSyntax;
    *out = *value;
  }
  if (rules.type.kind() == TypeKind::kDate) return FieldError::kOk;
  return *out % rules.type.step_us() == 0 ? FieldError::kOk : FieldError::kLostDigit;
}

bool read_base64(std::string_view text, std::string* out) {
  out->clear();
  size_t padding = 0;
  while (!text.empty() && text.back() == '=' && padding < 2) {
    text.remove_suffix(1);
    ++padding;
  }
  if (text.size() % 4 == 1 || (padding > 0 && (text.size() + padding) % 4 != 0)) return false;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return false;
    bits = (bits << 6) | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out->push_back(static_cast<char>((bits >> count) & 0xff));
    }
  }
  return (bits & ((1u << count) - 1)) == 0;
}

bool is_utf8(std::string_view text) {
  uint64_t seen = 0;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    seen |= word;
  }
  for (; i < text.size(); ++i) seen |= static_cast<uint64_t>(static_cast<unsigned char>(text[i]));
  if ((seen & 0x8080808080808080ULL) == 0) return true;
  return simdjson::validate_utf8(text.data(), text.size());
}

std::string quoted_excerpt(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string_view shown = text.substr(0, kMost);
  while (shown.size() < text.size() && !shown.empty() && (text[shown.size()] & 0xc0) == 0x80) {
    shown.remove_suffix(1);  // not inside a character
  }
  const bool utf8 = is_utf8(shown);
  std::string out = "'";
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out += shown.size() < text.size() ? "…'" : "'";
  return out;
}

std::string field_error_message(std::string_view column, const Type& type, std::string_view text,
                                FieldError error) {
  const std::string value = quoted_excerpt(text);
  switch (error) {
    case FieldError::kOverflow:
      return fmt::format("column '{}': {} does not fit into {}", column, value, type.to_string());
    case FieldError::kLostDigit:
      return fmt::format("column '{}': {} has more digits than {} keeps", column, value,
                         type.to_string());
    case FieldError::kEncoding:
      return fmt::format("column '{}': the text is not UTF-8", column);
    default: return fmt::format("column '{}': {} is no {}", column, value, type.to_string());
  }
}

}  // namespace velo
