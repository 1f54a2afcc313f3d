#include "column/scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include "base/fmt.h"
#include "base/letters.h"
#include "column/decimal.h"
#include "column/double_text.h"
#include "column/time_text.h"

namespace velo {
namespace {

Scalar nested_at(const Column& column, size_t row) {
  std::vector<Scalar> parts;
  if (column.type().physical() == Physical::kRow) {
    for (const ColumnPtr& child : column.children()) parts.push_back(scalar_at(*child, row));
  } else {
    for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
      for (const ColumnPtr& child : column.children()) parts.push_back(scalar_at(*child, i));
    }
  }
  return {column.type(), std::move(parts)};
}

void append_nested(ColumnBuilder& builder, const Scalar& value) {
  const size_t width = builder.type().children().size();
  for (size_t i = 0; i < value.elements().size(); ++i) {
    append_scalar(builder.child(i % width), value.elements()[i]);
  }
  if (builder.type().physical() == Physical::kRow) {
    builder.append_row_end();
  } else {
    builder.append_list_end();
  }
}

void append_int64_text(std::string& out, const Type& type, int64_t value) {
  switch (type.kind()) {
    case TypeKind::kDate:
      append_date(out, value);
      break;
    case TypeKind::kTime:
      append_time(out, value);
      break;
    case TypeKind::kTimestamp:
      append_timestamp(out, value, false);
      break;
    case TypeKind::kTimestampLtz:
      append_timestamp(out, value, true);
      break;
    case TypeKind::kIntervalDay:
      out += interval_day_to_string(value);
      break;
    case TypeKind::kIntervalMonth:
      out += interval_month_to_string(value);
      break;
    default:
      fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

void append_nested_text(std::string& out, const Column& column, size_t row) {
  const Column& flat = column.encoding() == Encoding::kConstant ? *column.base() : column;
  if (column.encoding() == Encoding::kConstant) row = 0;
  auto element = [&](const Column& child, size_t i) {
    if (child.is_null(i)) {
      out += "NULL";
    } else {
      append_text(out, child, i);
    }
  };
  if (column.type().physical() == Physical::kRow) {
    out.push_back('(');
    for (size_t c = 0; c < flat.children().size(); ++c) {
      if (c > 0) out += ", ";
      element(*flat.child(c), row);
    }
    out.push_back(')');
    return;
  }
  const bool map = column.type().kind() == TypeKind::kMap;
  out.push_back(map ? '{' : '[');
  for (uint32_t i = flat.offsets()[row]; i < flat.offsets()[row + 1]; ++i) {
    if (i > flat.offsets()[row]) out += ", ";
    element(*flat.child(0), i);
    if (map) {
      out.push_back('=');
      element(*flat.child(1), i);
    }
  }
  out.push_back(map ? '}' : ']');
}

Error unreadable(const Type& type, std::string_view text, std::string_view why) {
  return Error(ErrorCode::kBadRecord,
               fmt::format("'{}' is no {}{}", text.substr(0, 100), type.to_string(), why));
}

Result<Scalar> parse_integer(const Type& type, std::string_view text) {
  std::string_view digits = text;
  if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) return unreadable(type, text, ": it does not fit");
  if (error != std::errc() || end != digits.data() + digits.size())
    return unreadable(type, text, "");
  if (value < type.integer_min() || value > type.integer_max()) {
    return unreadable(type, text, ": it does not fit");
  }
  return Scalar{type, value};
}

Result<Scalar> parse_double(const Type& type, std::string_view text) {
  std::string_view digits = text;
  if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) return unreadable(type, text, ": it does not fit");
  if (error != std::errc() || end != digits.data() + digits.size())
    return unreadable(type, text, "");
  if (type.kind() == TypeKind::kFloat) value = static_cast<double>(static_cast<float>(value));
  return Scalar{type, value};
}

Result<Scalar> parse_decimal_scalar(const Type& type, std::string_view text) {
  int128_t value = 0;
  switch (parse_decimal(text, type.precision(), type.scale(), &value)) {
    case DecimalStatus::kOk:
      return Scalar{type, value};
    case DecimalStatus::kSyntax:
      return unreadable(type, text, "");
    case DecimalStatus::kOverflow:
      return unreadable(type, text, ": it does not fit");
    case DecimalStatus::kLostDigit:
      return unreadable(type, text, ": it has too many decimal places");
  }
  return unreadable(type, text, "");
}

/// The words that PostgreSQL and Flink read, in any case.
Result<Scalar> parse_boolean(const Type& type, std::string_view text) {
  static constexpr std::string_view kYes[] = {"true", "t", "yes", "y", "on", "1"};
  static constexpr std::string_view kNo[] = {"false", "f", "no", "n", "off", "0"};
  const auto is_word = [&](std::string_view word) { return equals_ignoring_case(text, word); };
  if (std::any_of(std::begin(kYes), std::end(kYes), is_word)) return Scalar::of(true);
  if (std::any_of(std::begin(kNo), std::end(kNo), is_word)) return Scalar::of(false);
  return unreadable(type, text, ": expected true or false");
}

}  // namespace

Scalar scalar_at(const Column& column, size_t row) {
  const Type& type = column.type();
  if (column.is_null(row)) return Scalar::null(type);
  switch (type.physical()) {
    case Physical::kBool:
      return {type, column.bool_at(row)};
    case Physical::kInt64:
      return {type, column.int64_at(row)};
    case Physical::kInt128:
      return {type, column.int128_at(row)};
    case Physical::kDouble:
      return {type, column.double_at(row)};
    case Physical::kString:
      return {type, std::string(column.string_at(row))};
    default:
      break;
  }
  return column.encoding() == Encoding::kConstant ? nested_at(*column.base(), 0)
                                                  : nested_at(column, row);
}

void append_scalar(ColumnBuilder& builder, const Scalar& value) {
  if (value.is_null()) return builder.append_null();
  switch (builder.type().physical()) {
    case Physical::kBool:
      return builder.append_bool(value.as_bool());
    case Physical::kInt64:
      return builder.append_int64(value.as_int64());
    case Physical::kInt128:
      return builder.append_int128(value.as_int128());
    case Physical::kDouble:
      return builder.append_double(value.as_double());
    case Physical::kString:
      return builder.append_string(value.as_string());
    default:
      return append_nested(builder, value);
  }
}

ColumnPtr constant_column(const Scalar& value, size_t rows) {
  ColumnBuilder builder(value.type, 1);
  append_scalar(builder, value);
  return Column::constant(builder.finish(), rows);
}

void append_double_text(std::string& out, double value, bool single_precision) {
  char text[kDoubleRoom];
  out.append(text, write_double(text, value, single_precision));
}

void append_text(std::string& out, const Column& column, size_t row) {
  const Type& type = column.type();
  switch (type.physical()) {
    case Physical::kBool:
      out += column.bool_at(row) ? "TRUE" : "FALSE";
      return;
    case Physical::kInt64:
      return append_int64_text(out, type, column.int64_at(row));
    case Physical::kInt128:
      out += decimal_to_string(column.int128_at(row), type.scale());
      return;
    case Physical::kDouble:
      return append_double_text(out, column.double_at(row), type.kind() == TypeKind::kFloat);
    case Physical::kString:
      out += column.string_at(row);
      return;
    default:
      return append_nested_text(out, column, row);
  }
}

std::string to_text(const Scalar& value) {
  if (value.is_null()) return "NULL";
  std::string out;
  append_text(out, *constant_column(value, 1), 0);
  return out;
}

Result<Scalar> parse_scalar(const Type& type, std::string_view text) {
  std::optional<int64_t> time;
  switch (type.kind()) {
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInteger:
    case TypeKind::kBigInt:
      return parse_integer(type, text);
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      return parse_double(type, text);
    case TypeKind::kDecimal:
      return parse_decimal_scalar(type, text);
    case TypeKind::kBoolean:
      return parse_boolean(type, text);
    case TypeKind::kString:
    case TypeKind::kBytes:
      return Scalar{type, std::string(text)};
    case TypeKind::kDate:
      time = parse_date(text);
      break;
    case TypeKind::kTime:
      time = parse_time(text);
      break;
    case TypeKind::kTimestamp:
      time = parse_timestamp(text, false);
      break;
    case TypeKind::kTimestampLtz:
      time = parse_timestamp(text, true);
      break;
    default:
      return unreadable(type, text, ": this type has no text form to read");
  }
  if (!time) return unreadable(type, text, "");
  return Scalar{type, *time};
}

}  // namespace velo
