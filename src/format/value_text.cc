#include "format/value_text.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "column/decimal.h"
#include "column/time_text.h"

namespace velo {
namespace {

constexpr std::array<bool, 256> make_escaped() {
  std::array<bool, 256> out{};
  for (size_t c = 0; c < 0x20; ++c) out[c] = true;
  out['"'] = true;
  out['\\'] = true;
  return out;
}

constexpr std::array<bool, 256> kEscaped = make_escaped();

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    default: {
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\u00";
      out.push_back(kHex[(c >> 4) & 15]);
      out.push_back(kHex[c & 15]);
    }
  }
}

void append_double(std::string& out, double value, bool single) {
  char text[40];
  const std::to_chars_result end =
      single ? std::to_chars(text, text + sizeof text, static_cast<float>(value))
             : std::to_chars(text, text + sizeof text, value);
  out.append(text, end.ptr);
}

void append_non_finite(std::string& out, double value) {
  out += std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/// Values that JSON writes without quotes and CSV in the same way.
bool append_bare(std::string& out, const Column& column, size_t row, TimeFormat times) {
  const Type& type = column.type();
  switch (type.kind()) {
    case TypeKind::kBoolean: out += column.bool_at(row) ? "true" : "false"; return true;
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInteger:
    case TypeKind::kBigInt: append_integer(out, column.int64_at(row)); return true;
    case TypeKind::kFloat:
    case TypeKind::kDouble: {
      const double value = column.double_at(row);
      if (!std::isfinite(value)) return false;
      append_double(out, value, type.kind() == TypeKind::kFloat);
      return true;
    }
    case TypeKind::kDecimal:
      out += decimal_to_string(column.int128_at(row), type.scale());
      return true;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      if (!is_epoch(times)) return false;
      append_time_in_format(out, column.int64_at(row), type, times);
      return true;
    default: return false;
  }
}

void append_elements(std::string& out, const Column& column, size_t row, TimeFormat times) {
  const uint32_t* const offsets = column.offsets();
  out.push_back('[');
  for (uint32_t i = offsets[row]; i < offsets[row + 1]; ++i) {
    if (i > offsets[row]) out.push_back(',');
    append_json_value(out, *column.child(0), i, times);
  }
  out.push_back(']');
}

void append_entries(std::string& out, const Column& column, size_t row, TimeFormat times) {
  const uint32_t* const offsets = column.offsets();
  out.push_back('{');
  for (uint32_t i = offsets[row]; i < offsets[row + 1]; ++i) {
    if (i > offsets[row]) out.push_back(',');
    std::string key;
    if (column.child(0)->is_null(i)) {
      key = "null";
    } else {
      append_plain_value(key, *column.child(0), i, times);
    }
    append_json_string(out, key);
    out.push_back(':');
    append_json_value(out, *column.child(1), i, times);
  }
  out.push_back('}');
}

void append_fields(std::string& out, const Column& column, size_t row, TimeFormat times) {
  out.push_back('{');
  const std::vector<std::string>& names = column.type().field_names();
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_json_string(out, names[i]);
    out.push_back(':');
    append_json_value(out, *column.child(i), row, times);
  }
  out.push_back('}');
}

void append_nested(std::string& out, const Column& column, size_t row, TimeFormat times) {
  if (column.encoding() == Encoding::kConstant) return append_nested(out, *column.base(), 0, times);
  switch (column.type().kind()) {
    case TypeKind::kArray: return append_elements(out, column, row, times);
    case TypeKind::kMap: return append_entries(out, column, row, times);
    case TypeKind::kRow: return append_fields(out, column, row, times);
    default: CHECK(false, "not a nested type");
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!kEscaped[static_cast<unsigned char>(text[i])]) continue;
    out.append(text, begin, i - begin);
    append_escape(out, text[i]);
    begin = i + 1;
  }
  out.append(text, begin, text.size() - begin);
  out.push_back('"');
}

void append_base64(std::string& out, std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j) {
      bits = (bits << 8) | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0);
    }
    for (size_t j = 0; j < 4; ++j) {
      out.push_back(j <= n ? kDigits[(bits >> (18 - 6 * j)) & 63] : '=');
    }
  }
}

void append_integer(std::string& out, int64_t value) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void append_time_in_format(std::string& out, int64_t us, const Type& type, TimeFormat format) {
  switch (format) {
    case TimeFormat::kIso8601:
    case TimeFormat::kSql: {
      const bool instant = type.kind() == TypeKind::kTimestampLtz;
      append_timestamp(out, us, instant, format == TimeFormat::kSql ? ' ' : 'T');
      return;
    }
    case TimeFormat::kEpochNanos:
      append_integer(out, us);
      if (us != 0) out += "000";
      return;
    default: append_integer(out, floor_div(us, epoch_unit_us(format)));
  }
}

void append_plain_value(std::string& out, const Column& column, size_t row, TimeFormat times) {
  if (append_bare(out, column, row, times)) return;
  switch (column.type().kind()) {
    case TypeKind::kNull: return;
    case TypeKind::kFloat:
    case TypeKind::kDouble: return append_non_finite(out, column.double_at(row));
    case TypeKind::kString: out += column.string_at(row); return;
    case TypeKind::kBytes: return append_base64(out, column.string_at(row));
    case TypeKind::kDate: return append_date(out, column.int64_at(row));
    case TypeKind::kTime: return append_time(out, column.int64_at(row));
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      return append_time_in_format(out, column.int64_at(row), column.type(), times);
    case TypeKind::kIntervalDay: out += interval_day_to_string(column.int64_at(row)); return;
    case TypeKind::kIntervalMonth: out += interval_month_to_string(column.int64_at(row)); return;
    default: append_nested(out, column, row, times);
  }
}

void append_json_value(std::string& out, const Column& column, size_t row, TimeFormat times) {
  if (column.is_null(row)) {
    out += "null";
    return;
  }
  if (append_bare(out, column, row, times)) return;
  const Type& type = column.type();
  if (type.is_string()) return append_json_string(out, column.string_at(row));
  if (type.is_nested()) return append_nested(out, column, row, times);
  if (type.is_float() || type.is_null()) {
    out += "null";
    return;
  }
  out.push_back('"');  // times, intervals, Base64: nothing in them needs an escape
  append_plain_value(out, column, row, times);
  out.push_back('"');
}

}  // namespace velo
