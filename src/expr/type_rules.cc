#include "expr/type_rules.h"

#include <algorithm>

#include "column/decimal.h"

namespace velo {
namespace {

constexpr int kFree = 0;
constexpr int kFromNull = 1;
constexpr int kWiden = 1;
constexpr int kToDecimal = 10;
constexpr int kToDouble = 20;
constexpr int kLiteral = 30;

int integer_rank(const Type& type) { return static_cast<int>(type.kind()); }

/// Decimal digits that every value of an integer type fits in.
int integer_digits(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kTinyInt:
      return 3;
    case TypeKind::kSmallInt:
      return 5;
    case TypeKind::kInteger:
      return 10;
    default:
      return 19;
  }
}

bool is_time_kind(const Type& type) {
  return type.kind() >= TypeKind::kDate && type.kind() <= TypeKind::kTimestampLtz;
}

/// A string literal is read as the type that stands beside it.
bool literal_becomes(const Type& to) {
  return is_time_kind(to) || to.is_numeric() || to.is_interval() ||
         to.kind() == TypeKind::kBoolean || to.kind() == TypeKind::kBytes;
}

std::optional<int> nested_cast_cost(const Type& from, const Type& to) {
  if (from.kind() != to.kind() || from.children().size() != to.children().size()) return {};
  int total = kWiden;
  for (size_t i = 0; i < from.children().size(); ++i) {
    const auto cost = implicit_cast_cost(from.children()[i], to.children()[i]);
    if (!cost) return {};
    total += *cost;
  }
  return total;
}

std::optional<int> time_cast_cost(const Type& from, const Type& to) {
  if (from.kind() == to.kind()) {
    return from.precision() <= to.precision() ? std::optional<int>(kWiden) : std::nullopt;
  }
  if (from.kind() == TypeKind::kDate && to.kind() == TypeKind::kTimestamp) return 2;
  if (from.kind() == TypeKind::kDate && to.kind() == TypeKind::kTimestampLtz) return 4;
  if (from.kind() == TypeKind::kTimestamp && to.kind() == TypeKind::kTimestampLtz) return 3;
  return {};
}

Type common_decimal(const Type& a, const Type& b) {
  const int digits = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  const int scale = std::min(std::max(a.scale(), b.scale()), kDecimalDigitsMax - digits);
  return Type::decimal(std::max(1, digits + scale), scale);
}

std::optional<Type> common_numeric(const Type& a, const Type& b) {
  if (a.is_float() || b.is_float()) {
    const bool both_single = a.kind() == TypeKind::kFloat && b.kind() == TypeKind::kFloat;
    return both_single ? Type::float32() : Type::float64();
  }
  if (a.is_decimal() || b.is_decimal()) {
    return common_decimal(as_decimal_type(a), as_decimal_type(b));
  }
  return integer_rank(a) >= integer_rank(b) ? a : b;
}

std::optional<Type> common_time(const Type& a, const Type& b) {
  if (a.kind() == TypeKind::kTime || b.kind() == TypeKind::kTime) {
    if (a.kind() != b.kind()) return {};
    return a.precision() >= b.precision() ? a : b;
  }
  const int precision = std::max(a.precision(), b.precision());
  if (a.kind() == TypeKind::kTimestampLtz || b.kind() == TypeKind::kTimestampLtz) {
    return Type::timestamp_ltz(precision);
  }
  return Type::timestamp(precision);
}

std::optional<Type> common_nested(const Type& a, const Type& b) {
  if (a.kind() != b.kind() || a.children().size() != b.children().size()) return {};
  std::vector<Type> children;
  for (size_t i = 0; i < a.children().size(); ++i) {
    auto child = common_type(a.children()[i], b.children()[i]);
    if (!child) return {};
    children.push_back(*child);
  }
  if (a.kind() == TypeKind::kArray) return Type::array(children[0]);
  if (a.kind() == TypeKind::kMap) return Type::map(children[0], children[1]);
  return Type::row(a.field_names(), children);
}

}  // namespace

std::optional<int> implicit_cast_cost(const ArgumentType& from, const Type& to) {
  const Type& type = from.type;
  if (type == to) return kFree;
  if (type.is_null()) return kFromNull;
  if (type.is_nested() || to.is_nested()) return nested_cast_cost(type, to);
  if (type.is_integer()) {
    if (to.is_integer() && integer_rank(type) < integer_rank(to)) {
      return kWiden + integer_rank(to) - integer_rank(type);
    }
    if (to.is_decimal() && integer_digits(type) <= to.precision() - to.scale()) return kToDecimal;
    if (to.is_float()) return kToDouble + (to.kind() == TypeKind::kFloat ? 1 : 0);
    return {};
  }
  if (type.is_decimal()) {
    if (to.is_decimal() && type.scale() <= to.scale() &&
        type.precision() - type.scale() <= to.precision() - to.scale()) {
      return kWiden;
    }
    if (to.kind() == TypeKind::kDouble) return kToDouble;
    return {};
  }
  if (type.kind() == TypeKind::kFloat && to.kind() == TypeKind::kDouble) return kWiden;
  if (is_time_kind(type) && is_time_kind(to)) return time_cast_cost(type, to);
  if (type.is_string() && from.is_literal && literal_becomes(to)) return kLiteral;
  return {};
}

std::optional<Type> common_type(const ArgumentType& a, const ArgumentType& b) {
  if (a.type == b.type || b.type.is_null()) return a.type;
  if (a.type.is_null()) return b.type;
  if (a.type.is_numeric() && b.type.is_numeric()) return common_numeric(a.type, b.type);
  if (is_time_kind(a.type) && is_time_kind(b.type)) return common_time(a.type, b.type);
  if (a.type.is_nested() || b.type.is_nested()) return common_nested(a.type, b.type);
  if (a.type.is_string() && a.is_literal && literal_becomes(b.type)) return b.type;
  if (b.type.is_string() && b.is_literal && literal_becomes(a.type)) return a.type;
  return {};
}

std::optional<Type> common_type(std::span<const ArgumentType> types) {
  ArgumentType common = types[0];
  for (const ArgumentType& next : types.subspan(1)) {
    auto both = common_type(common, next);
    if (!both) return {};
    common = ArgumentType(*both, common.is_literal && next.is_literal);
  }
  return common.type;
}

bool can_cast(const Type& from, const Type& to) {
  if (from == to || from.is_null() || to.is_string()) return true;
  if (to.is_null()) return false;
  if (from.is_nested() || to.is_nested()) {
    if (from.kind() != to.kind() || from.children().size() != to.children().size()) return false;
    for (size_t i = 0; i < from.children().size(); ++i) {
      if (!can_cast(from.children()[i], to.children()[i])) return false;
    }
    return true;
  }
  if (from.is_string()) return !to.is_interval();
  if (from.kind() == TypeKind::kBytes || to.kind() == TypeKind::kBytes) return false;
  const bool from_number = from.is_numeric() || from.kind() == TypeKind::kBoolean;
  const bool to_number = to.is_numeric() || to.kind() == TypeKind::kBoolean;
  if (from_number && to_number) return true;
  if (is_time_kind(from) && is_time_kind(to)) {
    return !(from.kind() == TypeKind::kDate && to.kind() == TypeKind::kTime) &&
           !(from.kind() == TypeKind::kTime && to.kind() != TypeKind::kTime);
  }
  return from.kind() == to.kind();
}

std::string_view way_between(const Type& from, const Type& to) {
  if (from.is_numeric() && to.is_timestamp()) {
    return "a number has no unit: TO_TIMESTAMP_LTZ(x, 0) takes seconds since 1970, 3 milliseconds, "
           "6 microseconds";
  }
  if (from.is_timestamp() && to.is_numeric()) {
    return "say the unit: EXTRACT(EPOCH FROM t), or TIMESTAMPDIFF(MILLISECOND, a, b)";
  }
  return "";
}

Type as_decimal_type(const Type& type) {
  return type.is_decimal() ? type : Type::decimal(integer_digits(type), 0);
}

Type bounded_decimal(int precision, int scale) {
  if (precision <= kDecimalDigitsMax) return Type::decimal(precision, scale);
  const int digits = precision - scale;
  const int kept = std::max(kDecimalDigitsMax - digits, std::min(scale, 6));
  return Type::decimal(kDecimalDigitsMax, kept);
}

Type decimal_add_type(const Type& a, const Type& b) {
  const int scale = std::max(a.scale(), b.scale());
  const int digits = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  return bounded_decimal(digits + scale + 1, scale);
}

Type decimal_multiply_type(const Type& a, const Type& b) {
  return bounded_decimal(a.precision() + b.precision() + 1, a.scale() + b.scale());
}

Type decimal_divide_type(const Type& a, const Type& b) {
  const int scale = std::max(6, a.scale() + b.precision() + 1);
  return bounded_decimal(a.precision() - a.scale() + b.scale() + scale, scale);
}

Type decimal_modulo_type(const Type& a, const Type& b) {
  const int scale = std::max(a.scale(), b.scale());
  const int digits = std::min(a.precision() - a.scale(), b.precision() - b.scale());
  return Type::decimal(std::max(1, digits + scale), scale);
}

}  // namespace velo
