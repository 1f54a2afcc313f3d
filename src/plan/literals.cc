#include "plan/literals.h"

#include <charconv>

#include "base/check.h"
#include "base/fmt.h"
#include "column/column_builder.h"
#include "column/scalar.h"
#include "column/time_text.h"

namespace velo {
namespace {

constexpr int kFractionDigitsMax = 6;
constexpr int kDecimalDigitsMax = 38;

int64_t argument_or(const ast::TypeName& type, size_t i, int64_t otherwise) {
  return i < type.arguments.size() ? type.arguments[i] : otherwise;
}

Result<int> bind_fraction_digits(const BindSession& session, const ast::TypeName& type,
                                 int64_t otherwise) {
  const int64_t digits = argument_or(type, 0, otherwise);
  if (digits < 0 || digits > kFractionDigitsMax) {
    return session
        .error(ErrorCode::kTypeMismatch,
               fmt::format("{}({}) is out of range", ast::type_kind_name(type.kind), digits),
               type.span)
        .with_hint("times are kept in microseconds: 0 to 6 digits");
  }
  return static_cast<int>(digits);
}

Result<Type> bind_decimal(const BindSession& session, const ast::TypeName& type) {
  const int64_t precision = argument_or(type, 0, 10);
  const int64_t scale = argument_or(type, 1, 0);
  if (precision < 1 || precision > kDecimalDigitsMax || scale < 0 || scale > precision) {
    return session
        .error(ErrorCode::kTypeMismatch,
               fmt::format("DECIMAL({}, {}) is out of range", precision, scale), type.span)
        .with_hint("precision 1 to 38, scale 0 to precision");
  }
  return Type::decimal(static_cast<int>(precision), static_cast<int>(scale));
}

/// A type inside of ARRAY, MAP or ROW, where nothing would see that a text is too long.
Result<Type> bind_element_type(const BindSession& session, const ast::TypeName& type) {
  if (length_of(type) > 0) {
    return session.not_supported("the length of a text or of bytes inside of ARRAY, MAP and ROW",
                                 type.span);
  }
  return bind_type(session, type);
}

Result<Type> bind_row(const BindSession& session, const ast::TypeName& type) {
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const ast::RowField& field : type.fields) {
    names.push_back(field.name.text);
    types.push_back(TRY(bind_element_type(session, field.type)));
  }
  return Type::row(std::move(names), std::move(types));
}

Result<ExprPtr> bind_integer(const BindSession& session, const std::string& digits, SourceSpan span,
                             bool negative) {
  const std::string text = (negative ? "-" : "") + digits;
  int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed == std::errc() && end == text.data() + text.size()) return make_integer(value);
  if (digits.size() <= kDecimalDigitsMax) {
    const Type type = Type::decimal(static_cast<int>(digits.size()), 0);
    return make_literal(TRY(session.at(span, parse_scalar(type, text))));
  }
  return session.error(ErrorCode::kTypeMismatch, "a number of more than 38 digits", span)
      .with_hint("write it with an exponent for a DOUBLE: 1e40");
}

Result<ExprPtr> bind_decimal_literal(const BindSession& session, const std::string& text,
                                     SourceSpan span, bool negative) {
  const size_t point = text.find('.');
  size_t first = 0;
  while (first + 1 < point && text[first] == '0') ++first;
  const int scale = static_cast<int>(text.size() - point - 1);
  int precision = static_cast<int>(text.size() - 1 - first);
  if (text[first] == '0' || first == point) precision = std::max(scale, 1);
  if (precision > kDecimalDigitsMax) {
    return session.error(ErrorCode::kTypeMismatch, "a number of more than 38 digits", span)
        .with_hint("write it with an exponent for a DOUBLE: 1.5e0");
  }
  const std::string signed_text = (negative ? "-" : "") + text;
  return make_literal(
      TRY(session.at(span, parse_scalar(Type::decimal(precision, scale), signed_text))));
}

Result<ExprPtr> bind_double(const BindSession& session, const std::string& text, SourceSpan span,
                            bool negative) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) {
    return session.error(ErrorCode::kTypeMismatch,
                         fmt::format("{} does not fit into a DOUBLE", text), span);
  }
  return make_double(negative ? -value : value);
}

int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

ExprPtr bind_bytes(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(hex_digit(hex[i]) * 16 + hex_digit(hex[i + 1])));
  }
  return make_literal(Scalar{Type::bytes(), std::move(bytes)});
}

/// A literal's type has as many digits as are written, but no less than 3.
int written_fraction_digits(std::string_view text) {
  const size_t point = text.find('.');
  if (point == std::string_view::npos) return 3;
  size_t end = point + 1;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  return end - point - 1 <= 3 ? 3 : kFractionDigitsMax;
}

Result<ExprPtr> bind_text_literal(const BindSession& session, const Type& type,
                                  std::string_view text, SourceSpan span) {
  Result<Scalar> value = parse_scalar(type, text);
  if (value) return make_literal(*value);
  return session.error(ErrorCode::kTypeMismatch,
                       fmt::format("'{}' is no {}", text, type.to_string()), span);
}

}  // namespace

int64_t length_of(const ast::TypeName& type) {
  switch (type.kind) {
    case ast::TypeKind::kChar:
    case ast::TypeKind::kVarchar:
    case ast::TypeKind::kBinary:
    case ast::TypeKind::kVarbinary:
      return type.arguments.empty() ? 0 : type.arguments[0];
    default:
      return 0;
  }
}

ExprPtr limit_length(ExprPtr value, int64_t length_max) {
  Result<ExprPtr> limited = make_call("AT_MOST", {std::move(value), make_integer(length_max)});
  CHECK(limited.has_value());
  return *std::move(limited);
}

Result<Type> bind_type(const BindSession& session, const ast::TypeName& type) {
  switch (type.kind) {
    case ast::TypeKind::kBoolean:
      return Type::boolean();
    case ast::TypeKind::kTinyint:
      return Type::tinyint();
    case ast::TypeKind::kSmallint:
      return Type::smallint();
    case ast::TypeKind::kInt:
      return Type::integer();
    case ast::TypeKind::kBigint:
      return Type::bigint();
    case ast::TypeKind::kFloat:
      return Type::float32();
    case ast::TypeKind::kDouble:
      return Type::float64();
    case ast::TypeKind::kDecimal:
      return bind_decimal(session, type);
    case ast::TypeKind::kChar:
    case ast::TypeKind::kVarchar:
    case ast::TypeKind::kString:
      return Type::string();
    case ast::TypeKind::kBinary:
    case ast::TypeKind::kVarbinary:
    case ast::TypeKind::kBytes:
      return Type::bytes();
    case ast::TypeKind::kDate:
      return Type::date();
    case ast::TypeKind::kTime:
      return Type::time(TRY(bind_fraction_digits(session, type, 0)));
    case ast::TypeKind::kTimestamp:
      return Type::timestamp(TRY(bind_fraction_digits(session, type, kFractionDigitsMax)));
    case ast::TypeKind::kTimestampLtz:
      return Type::timestamp_ltz(TRY(bind_fraction_digits(session, type, kFractionDigitsMax)));
    case ast::TypeKind::kIntervalYearMonth:
      return Type::interval_month();
    case ast::TypeKind::kIntervalDaySecond:
    case ast::TypeKind::kInterval:
      return Type::interval_day();
    case ast::TypeKind::kArray:
      return Type::array(TRY(bind_element_type(session, type.elements[0])));
    case ast::TypeKind::kMap: {
      Type key = TRY(bind_element_type(session, type.elements[0]));
      return Type::map(std::move(key), TRY(bind_element_type(session, type.elements[1])));
    }
    case ast::TypeKind::kRow:
      return bind_row(session, type);
    case ast::TypeKind::kNull:
      return Type::null();
    case ast::TypeKind::kMultiset:
      break;
  }
  return session.not_supported(fmt::format("the type {}", ast::type_kind_name(type.kind)),
                               type.span);
}

Result<ExprPtr> bind_literal(const BindSession& session, const ast::Literal& literal,
                             SourceSpan span, bool negative) {
  switch (literal.kind) {
    case ast::LiteralKind::kNull:
      return make_null();
    case ast::LiteralKind::kBoolean:
      return make_boolean(literal.text == "TRUE");
    case ast::LiteralKind::kInteger:
      return bind_integer(session, literal.text, span, negative);
    case ast::LiteralKind::kDecimal:
      return bind_decimal_literal(session, literal.text, span, negative);
    case ast::LiteralKind::kDouble:
      return bind_double(session, literal.text, span, negative);
    case ast::LiteralKind::kString:
      return make_string(literal.text);
    case ast::LiteralKind::kBytes:
      return bind_bytes(literal.text);
    case ast::LiteralKind::kDate:
      return bind_text_literal(session, Type::date(), literal.text, span);
    case ast::LiteralKind::kTime:
      return bind_text_literal(session, Type::time(written_fraction_digits(literal.text)),
                               literal.text, span);
    case ast::LiteralKind::kTimestamp:
      return bind_text_literal(session, Type::timestamp(written_fraction_digits(literal.text)),
                               literal.text, span);
    case ast::LiteralKind::kTimestampLtz:
      return bind_text_literal(session, Type::timestamp_ltz(written_fraction_digits(literal.text)),
                               literal.text, span);
  }
  return session.not_supported("this literal", span);
}

Result<ExprPtr> bind_interval(const BindSession& session, const ast::Interval& interval,
                              SourceSpan span) {
  const bool months_wanted = interval.from && (*interval.from == ast::TimeUnit::kYear ||
                                               *interval.from == ast::TimeUnit::kQuarter ||
                                               *interval.from == ast::TimeUnit::kMonth);
  const bool has_time = interval.days != 0 || interval.microseconds != 0;
  if (interval.months != 0 && has_time) {
    return session.not_supported("an interval of months and days at once", span);
  }
  if (interval.months != 0 || (months_wanted && !has_time)) {
    return make_int64(Type::interval_month(), interval.months);
  }
  int64_t us = 0;
  if (__builtin_mul_overflow(interval.days, kUsPerDay, &us) ||
      __builtin_add_overflow(us, interval.microseconds, &us)) {
    return session.error(ErrorCode::kTypeMismatch, "this interval is too long", span);
  }
  return make_int64(Type::interval_day(), us);
}

Result<int64_t> bind_count(const BindSession& session, const ast::Expr& expr,
                           std::string_view what) {
  const auto* literal = expr.as<ast::Literal>();
  if (literal != nullptr && literal->kind == ast::LiteralKind::kInteger) {
    int64_t value = 0;
    const char* end = literal->text.data() + literal->text.size();
    const auto [stop, failed] = std::from_chars(literal->text.data(), end, value);
    if (failed == std::errc() && stop == end) return value;
  }
  return session.error(ErrorCode::kInvalidStatement, fmt::format("{} needs a whole number", what),
                       expr.span);
}

Result<int64_t> bind_duration(const BindSession& session, const ast::Expr& expr,
                              std::string_view what) {
  if (const auto* unary = expr.as<ast::Unary>();
      unary != nullptr && unary->op == ast::UnaryOp::kNegate) {
    return -TRY(bind_duration(session, *unary->operand, what));
  }
  const auto* interval = expr.as<ast::Interval>();
  if (interval == nullptr) {
    return session
        .error(ErrorCode::kInvalidStatement, fmt::format("{} needs a length of time", what),
               expr.span)
        .with_hint("write INTERVAL '10' SECOND or 10s");
  }
  if (interval->months != 0) {
    return session.error(
        ErrorCode::kInvalidStatement,
        fmt::format("{} needs a fixed length of time, and months differ in length", what),
        expr.span);
  }
  const ExprPtr bound = TRY(bind_interval(session, *interval, expr.span));
  return bound->literal()->int64_at(0);
}

std::string duration_text(int64_t us) {
  struct Unit {
    int64_t us;
    std::string_view name;
  };
  static constexpr Unit kUnits[] = {{86'400'000'000, "DAY"},
                                    {3'600'000'000, "HOUR"},
                                    {60'000'000, "MINUTE"},
                                    {1'000'000, "SECOND"}};
  for (const Unit& unit : kUnits) {
    if (us != 0 && us % unit.us == 0)
      return fmt::format("INTERVAL '{}' {}", us / unit.us, unit.name);
  }
  const int64_t magnitude = us < 0 ? -us : us;
  std::string fraction = fmt::format("{:06}", magnitude % 1'000'000);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return fmt::format("INTERVAL '{}{}{}{}' SECOND", us < 0 ? "-" : "", magnitude / 1'000'000,
                     fraction.empty() ? "" : ".", fraction);
}

}  // namespace velo
