// Steps of a match: 1. the count of arguments; 2. the common type of all T arguments; 3. each
// argument against its parameter, adding up what the casts cost; 4. the result type.
#include "expr/signature.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace velo {
namespace {

struct NamedPattern {
  std::string_view name;
  Accepts accepts;
  TypeKind kind;
};

constexpr std::array kPatterns = std::to_array<NamedPattern>({
    {"boolean", Accepts::kFixed, TypeKind::kBoolean},
    {"integer", Accepts::kFixed, TypeKind::kInteger},
    {"bigint", Accepts::kFixed, TypeKind::kBigInt},
    {"decimal", Accepts::kFixed, TypeKind::kDecimal},
    {"string", Accepts::kFixed, TypeKind::kString},
    {"bytes", Accepts::kFixed, TypeKind::kBytes},
    {"date", Accepts::kFixed, TypeKind::kDate},
    {"time", Accepts::kFixed, TypeKind::kTime},
    {"timestamp", Accepts::kFixed, TypeKind::kTimestamp},
    {"timestamp_ltz", Accepts::kFixed, TypeKind::kTimestampLtz},
    {"interval_day", Accepts::kFixed, TypeKind::kIntervalDay},
    {"interval_month", Accepts::kFixed, TypeKind::kIntervalMonth},
    {"float64", Accepts::kFixed, TypeKind::kDouble},
    {"array<string>", Accepts::kFixed, TypeKind::kArray},
    {"int", Accepts::kInt, TypeKind::kNull},
    {"double", Accepts::kDouble, TypeKind::kDouble},
    {"number", Accepts::kNumber, TypeKind::kNull},
    {"moment", Accepts::kMoment, TypeKind::kNull},
    {"text", Accepts::kText, TypeKind::kString},
    {"any", Accepts::kAny, TypeKind::kNull},
    {"T", Accepts::kCommon, TypeKind::kNull},
    {"array<T>", Accepts::kArray, TypeKind::kNull},
});

Type type_of(const NamedPattern& pattern) {
  switch (pattern.kind) {
    case TypeKind::kTimestamp:
      return Type::timestamp(3);
    case TypeKind::kTimestampLtz:
      return Type::timestamp_ltz(3);
    case TypeKind::kTime:
      return Type::time(0);
    case TypeKind::kArray:
      return Type::array(Type::string());
    default:
      return Type(pattern.kind);
  }
}

const NamedPattern& find_pattern(std::string_view name) {
  for (const NamedPattern& pattern : kPatterns) {
    if (pattern.name == name) return pattern;
  }
  check_failed("unknown type in a signature", __FILE__, __LINE__, name);
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

Signature::Parameter parse_parameter(std::string_view text) {
  const size_t space = text.find(' ');
  CHECK(space != std::string_view::npos, text);
  Signature::Parameter parameter;
  parameter.name = text.substr(0, space);
  std::string_view type = trim(text.substr(space));
  if (type.ends_with("...")) {
    parameter.repeats = true;
    type.remove_suffix(3);
  } else if (type.ends_with("?")) {
    parameter.is_optional = true;
    type.remove_suffix(1);
  }
  const NamedPattern& pattern = find_pattern(type);
  parameter.accepts = pattern.accepts;
  parameter.type = type_of(pattern);
  return parameter;
}

std::string_view accepts_text(Accepts accepts) {
  switch (accepts) {
    case Accepts::kInt:
      return "INTEGER";
    case Accepts::kDouble:
      return "DOUBLE";
    case Accepts::kNumber:
      return "NUMBER";
    case Accepts::kMoment:
      return "TIMESTAMP";
    case Accepts::kText:
      return "ANY";
    case Accepts::kAny:
      return "ANY";
    case Accepts::kCommon:
      return "T";
    case Accepts::kArray:
      return "ARRAY<T>";
    case Accepts::kFixed:
      break;
  }
  return {};
}

std::string type_text(Accepts accepts, const Type& type) {
  if (accepts != Accepts::kFixed) return std::string(accepts_text(accepts));
  const std::string text = type.kind() == TypeKind::kDecimal ? "DECIMAL" : type.to_string();
  return type.is_nested() ? text : text.substr(0, text.find('('));
}

/// An argument for a parameter of a fixed type.
std::optional<int> match_fixed(const ArgumentType& arg, const Type& wanted, Type* cast_to) {
  const TypeKind kind = wanted.kind();
  if (arg.type.kind() == kind && !wanted.is_nested()) {
    *cast_to = arg.type;
    return 0;
  }
  if (kind == TypeKind::kDecimal) {
    if (arg.type.is_integer() || arg.type.is_null()) {
      *cast_to = arg.type.is_null() ? Type::decimal(1, 0) : as_decimal_type(arg.type);
      return arg.type.is_null() ? 1 : 10;
    }
    return {};
  }
  *cast_to = wanted;
  if (arg.type.kind() == TypeKind::kDate || (arg.is_literal && arg.type.is_string())) {
    // A date has no fraction and a literal's fraction must survive.
    if (kind == TypeKind::kTimestamp) *cast_to = Type::timestamp(arg.is_literal ? 6 : 0);
    if (kind == TypeKind::kTimestampLtz) *cast_to = Type::timestamp_ltz(arg.is_literal ? 6 : 0);
    if (kind == TypeKind::kTime && arg.is_literal) *cast_to = Type::time(6);
  }
  if (arg.type.kind() == TypeKind::kTimestamp && kind == TypeKind::kTimestampLtz) {
    *cast_to = Type::timestamp_ltz(arg.type.precision());
  }
  return implicit_cast_cost(arg, *cast_to);
}

std::optional<int> match_kept(const ArgumentType& arg, Accepts accepts, Type* cast_to) {
  const Type& type = arg.type;
  *cast_to = type;
  switch (accepts) {
    case Accepts::kInt:
      if (type.is_null()) *cast_to = Type::integer();
      if (type.is_integer() || type.is_null()) return 0;
      return {};
    case Accepts::kDouble:
      if (type.is_float()) return 0;
      *cast_to = Type::float64();
      return implicit_cast_cost(arg, *cast_to);
    case Accepts::kNumber:
      if (type.is_null()) *cast_to = Type::integer();
      if (type.is_numeric() || type.is_null()) return 0;
      return {};
    case Accepts::kMoment:
      if (type.is_timestamp()) return 0;
      *cast_to = Type::timestamp(arg.is_literal ? 6 : 0);
      return implicit_cast_cost(arg, *cast_to);
    case Accepts::kText:
      *cast_to = Type::string();
      return type.is_string() ? 0 : 40;
    default:
      return 0;
  }
}

}  // namespace

Signature Signature::parse(std::string_view text) {
  Signature signature;
  const size_t arrow = text.find(") -> ");
  CHECK(text.starts_with('(') && arrow != std::string_view::npos, text);
  std::string_view inside = text.substr(1, arrow - 1);
  while (!trim(inside).empty()) {
    const size_t comma = inside.find(',');
    signature.parameters.push_back(parse_parameter(trim(inside.substr(0, comma))));
    inside = comma == std::string_view::npos ? std::string_view() : inside.substr(comma + 1);
  }
  const std::string_view result = trim(text.substr(arrow + 5));
  if (result == "same") {
    signature.result_of = ResultOf::kFirst;
  } else if (result == "T") {
    signature.result_of = ResultOf::kCommon;
  } else if (result == "array<T>") {
    signature.result_of = ResultOf::kArrayOfCommon;
  } else if (result == "rule") {
    signature.result_of = ResultOf::kRule;
  } else {
    signature.result = type_of(find_pattern(result));
  }
  return signature;
}

const Signature::Parameter& Signature::parameter(size_t i) const {
  return parameters[std::min(i, parameters.size() - 1)];
}

std::optional<Signature::Match> Signature::match(std::span<const ArgumentType> args) const {
  size_t required = 0;
  for (const Parameter& p : parameters) required += p.is_optional ? 0 : 1;
  const bool open_ended = !parameters.empty() && parameters.back().repeats;
  if (args.size() < required || (args.size() > parameters.size() && !open_ended)) return {};

  std::vector<ArgumentType> shared;
  for (size_t i = 0; i < args.size(); ++i) {
    if (parameter(i).accepts == Accepts::kCommon) shared.push_back(args[i]);
    if (parameter(i).accepts == Accepts::kArray) {
      if (args[i].type.kind() != TypeKind::kArray) return {};
      shared.emplace_back(args[i].type.children()[0]);
    }
  }
  Type common;
  if (!shared.empty()) {
    auto found = common_type(shared);
    if (!found) return {};
    common = *found;
  }

  Match match{0, {}, result};
  for (size_t i = 0; i < args.size(); ++i) {
    const Parameter& p = parameter(i);
    Type cast_to;
    std::optional<int> cost;
    if (p.accepts == Accepts::kFixed) {
      cost = match_fixed(args[i], p.type, &cast_to);
    } else if (p.accepts == Accepts::kCommon || p.accepts == Accepts::kArray) {
      cast_to = p.accepts == Accepts::kCommon ? common : Type::array(common);
      cost = args[i].type == cast_to ? 0 : 2;
    } else {
      cost = match_kept(args[i], p.accepts, &cast_to);
    }
    if (!cost) return {};
    match.cost += *cost;
    match.args.push_back(cast_to);
  }
  if (result_of == ResultOf::kFirst) match.result = match.args.empty() ? Type() : match.args[0];
  if (result_of == ResultOf::kCommon) match.result = common;
  if (result_of == ResultOf::kArrayOfCommon) match.result = Type::array(common);
  return match;
}

std::string Signature::to_string() const {
  std::string out = "(";
  size_t open = 0;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& p = parameters[i];
    if (p.is_optional) {
      out += i > 0 ? " [, " : "[";
      ++open;
    } else if (i > 0) {
      out += ", ";
    }
    out += p.name + " " + type_text(p.accepts, p.type);
    if (p.repeats) out += ", …";
  }
  out.append(open, ']');
  out += ") -> ";
  switch (result_of) {
    case ResultOf::kFixed:
      return out + type_text(Accepts::kFixed, result);
    case ResultOf::kFirst:
      return out + type_text(parameters[0].accepts, parameters[0].type);
    case ResultOf::kCommon:
      return out + "T";
    case ResultOf::kArrayOfCommon:
      return out + "ARRAY<T>";
    case ResultOf::kRule:
      break;
  }
  return out + (parameters.empty() ? "ANY" : type_text(parameters[0].accepts, parameters[0].type));
}

}  // namespace velo
