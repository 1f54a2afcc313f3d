#include "format/value_text.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "column/decimal.h"
#include "column/double_text.h"
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

char* write_escape(char* p, char c) {
  *p++ = '\\';
  switch (c) {
    case '"':
    case '\\':
      *p++ = c;
      return p;
    case '\n':
      *p++ = 'n';
      return p;
    case '\r':
      *p++ = 'r';
      return p;
    case '\t':
      *p++ = 't';
      return p;
    case '\b':
      *p++ = 'b';
      return p;
    case '\f':
      *p++ = 'f';
      return p;
    default: {
      constexpr char kHex[] = "0123456789abcdef";
      *p++ = 'u';
      *p++ = '0';
      *p++ = '0';
      *p++ = kHex[(c >> 4) & 15];
      *p++ = kHex[c & 15];
      return p;
    }
  }
}

char* write_two(char* p, int64_t value) {
  p[0] = static_cast<char>('0' + value / 10);
  p[1] = static_cast<char>('0' + value % 10);
  return p + 2;
}

char* write_digits(char* p, int64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) p[i] = static_cast<char>('0' + value % 10);
  return p + digits;
}

char* write_time(char* p, int64_t us_of_day) {
  const int64_t seconds = us_of_day / kUsPerSecond;
  const int64_t fraction = us_of_day % kUsPerSecond;
  p = write_two(p, seconds / 3600);
  *p++ = ':';
  p = write_two(p, seconds / 60 % 60);
  *p++ = ':';
  p = write_two(p, seconds % 60);
  if (fraction == 0) return p;
  *p++ = '.';
  return fraction % 1000 == 0 ? write_digits(p, fraction / 1000, 3) : write_digits(p, fraction, 6);
}

void put_decimal(TextWriter& out, int128_t value, int scale) {
  out.put(decimal_to_string(value, scale));
}

}  // namespace

void put_json_string(TextWriter& out, std::string_view text) {
  char* p = out.room(text.size() * 6 + 2);  // every character may become \u00xx
  *p++ = '"';
  for (const char c : text) {
    if (kEscaped[static_cast<unsigned char>(c)]) [[unlikely]] {
      p = write_escape(p, c);
    } else {
      *p++ = c;
    }
  }
  *p++ = '"';
  out.written(p);
}

std::string json_key(char before, std::string_view name) {
  std::string key(1, before);
  {
    TextWriter writer(key);
    put_json_string(writer, name);
    writer.put(':');
  }
  return key;
}

void put_base64(TextWriter& out, std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j) {
      bits = (bits << 8) | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0);
    }
    for (size_t j = 0; j < 4; ++j) out.put(j <= n ? kDigits[(bits >> (18 - 6 * j)) & 63] : '=');
  }
}

void put_integer(TextWriter& out, int64_t value) {
  char* const p = out.room(24);
  out.written(std::to_chars(p, p + 24, value).ptr);
}

void put_double(TextWriter& out, double value, bool single_precision) {
  out.written(write_double(out.room(kDoubleRoom), value, single_precision));
}

bool ValueText::put_bare(TextWriter& out, const Column& column, size_t row) {
  const Type& type = column.type();
  switch (type.kind()) {
    case TypeKind::kBoolean:
      out.put(column.bool_at(row) ? std::string_view("true") : std::string_view("false"));
      return true;
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInteger:
    case TypeKind::kBigInt:
      put_integer(out, column.int64_at(row));
      return true;
    case TypeKind::kFloat:
    case TypeKind::kDouble: {
      const double value = column.double_at(row);
      if (!std::isfinite(value)) return false;
      put_double(out, value, type.kind() == TypeKind::kFloat);
      return true;
    }
    case TypeKind::kDecimal:
      put_decimal(out, column.int128_at(row), type.scale());
      return true;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      if (!is_epoch(times_)) return false;
      put_timestamp(out, column.int64_at(row), type);
      return true;
    default:
      return false;
  }
}

void ValueText::put_date(TextWriter& out, int64_t days) {
  if (days != last_days_) {
    last_date_.clear();
    append_date(last_date_, days);
    last_days_ = days;
  }
  out.put(last_date_);
}

void ValueText::put_timestamp(TextWriter& out, int64_t us, const Type& type) {
  if (times_ == TimeNotation::kEpochNanos) {
    put_integer(out, us);
    if (us != 0) out.put("000");
    return;
  }
  if (is_epoch(times_)) return put_integer(out, floor_div(us, epoch_unit_us(times_)));
  const int64_t days = floor_div(us, kUsPerDay);
  put_date(out, days);
  char* p = out.room(24);
  *p++ = times_ == TimeNotation::kSql ? ' ' : 'T';
  p = write_time(p, us - days * kUsPerDay);
  if (type.kind() == TypeKind::kTimestampLtz) *p++ = 'Z';
  out.written(p);
}

void ValueText::put_plain(TextWriter& out, const Column& column, size_t row) {
  if (put_bare(out, column, row)) return;
  switch (column.type().kind()) {
    case TypeKind::kNull:
      return;
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      return put_double(out, column.double_at(row), false);
    case TypeKind::kString:
      return out.put(column.string_at(row));
    case TypeKind::kBytes:
      return put_base64(out, column.string_at(row));
    case TypeKind::kDate:
      return put_date(out, column.int64_at(row));
    case TypeKind::kTime:
      return out.written(write_time(out.room(24), column.int64_at(row)));
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      return put_timestamp(out, column.int64_at(row), column.type());
    case TypeKind::kIntervalDay:
      return out.put(interval_day_to_string(column.int64_at(row)));
    case TypeKind::kIntervalMonth:
      return out.put(interval_month_to_string(column.int64_at(row)));
    default:
      put_nested(out, column, row);
  }
}

void ValueText::put_json(TextWriter& out, const Column& column, size_t row) {
  if (column.is_null(row)) return out.put("null");
  if (put_bare(out, column, row)) return;
  const Type& type = column.type();
  if (type.is_string()) return put_json_string(out, column.string_at(row));
  if (type.is_nested()) return put_nested(out, column, row);
  if (type.is_null()) return out.put("null");
  out.put('"');  // times, intervals, Base64, NaN: nothing in them needs an escape
  put_plain(out, column, row);
  out.put('"');
}

void ValueText::put_nested(TextWriter& out, const Column& column, size_t row) {
  if (column.encoding() == Encoding::kConstant) return put_nested(out, *column.base(), 0);
  switch (column.type().kind()) {
    case TypeKind::kArray:
      return put_elements(out, column, row);
    case TypeKind::kMap:
      return put_entries(out, column, row);
    case TypeKind::kRow:
      return put_fields(out, column, row);
    default:
      CHECK(false, "not a nested type");
  }
}

void ValueText::put_elements(TextWriter& out, const Column& column, size_t row) {
  const uint32_t* const offsets = column.offsets();
  out.put('[');
  for (uint32_t i = offsets[row]; i < offsets[row + 1]; ++i) {
    if (i > offsets[row]) out.put(',');
    put_json(out, *column.child(0), i);
  }
  out.put(']');
}

void ValueText::put_entries(TextWriter& out, const Column& column, size_t row) {
  const uint32_t* const offsets = column.offsets();
  out.put('{');
  for (uint32_t i = offsets[row]; i < offsets[row + 1]; ++i) {
    if (i > offsets[row]) out.put(',');
    std::string key = "null";
    if (!column.child(0)->is_null(i)) {
      key.clear();
      TextWriter writer(key);
      put_plain(writer, *column.child(0), i);
    }
    put_json_string(out, key);
    out.put(':');
    put_json(out, *column.child(1), i);
  }
  out.put('}');
}

void ValueText::put_fields(TextWriter& out, const Column& column, size_t row) {
  out.put('{');
  const std::vector<std::string>& names = column.type().field_names();
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out.put(',');
    put_json_string(out, names[i]);
    out.put(':');
    put_json(out, *column.child(i), row);
  }
  out.put('}');
}

}  // namespace velo
