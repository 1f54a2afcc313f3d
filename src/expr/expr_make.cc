// Making typed expressions: overloads chosen, casts inserted, types checked.
#include <algorithm>

#include "base/fmt.h"
#include "base/letters.h"
#include "base/nearest_name.h"
#include "column/column_builder.h"
#include "expr/expr_fields.h"

namespace velo {
namespace {

ExprPtr make(Expr::Fields fields) { return std::make_shared<const Expr>(std::move(fields)); }

ArgumentType argument_type(const ExprPtr& expr) {
  return ArgumentType(expr->type(), expr->is_literal() && expr->type().is_string());
}

std::vector<ArgumentType> argument_types(const std::vector<ExprPtr>& args) {
  std::vector<ArgumentType> types;
  types.reserve(args.size());
  for (const ExprPtr& arg : args) types.push_back(argument_type(arg));
  return types;
}

Result<ExprPtr> as_condition(ExprPtr expr, std::string_view where) {
  if (expr->type().is_null()) return make_null(Type::boolean());
  if (expr->type().kind() == TypeKind::kBoolean) return expr;
  return Error(ErrorCode::kTypeMismatch, fmt::format("{} needs a condition, but {} is {}", where,
                                                     expr->to_string(), expr->type().to_string()));
}

Result<Type> common_type_of(const std::vector<ExprPtr>& args, std::string_view where) {
  const std::vector<ArgumentType> types = argument_types(args);
  auto common = common_type(types);
  if (common) return *common;
  std::string names;
  for (const ArgumentType& type : types) {
    if (!names.empty()) names += ", ";
    names += type.type.to_string();
  }
  return Error(ErrorCode::kTypeMismatch,
               fmt::format("{} needs values of one type, not {}", where, names))
      .with_hint("use CAST to convert");
}

/// A string literal read as the type that it stands beside.
Result<ExprPtr> read_literal(const ExprPtr& literal, const Type& type) {
  const std::string_view text = literal->literal()->string_at(0);
  Result<Scalar> value = parse_scalar(type, text);
  if (value) return make_literal(*value);
  return Error(ErrorCode::kTypeMismatch, value.error().message);
}

Status check_literals(const Function& function, const std::vector<ExprPtr>& args) {
  if (function.check == nullptr) return {};
  for (size_t i = 0; i < args.size(); ++i) {
    if (!args[i]->is_literal() || args[i]->is_null_literal()) continue;
    std::string text;
    append_text(text, *args[i]->literal(), 0);
    TRY(function.check(text, i));
  }
  return {};
}

}  // namespace

ExprPtr make_column(size_t index, Type type, std::string name) {
  Expr::Fields fields{ExprKind::kColumn, std::move(type)};
  fields.index = index;
  fields.name = std::move(name);
  return make(std::move(fields));
}

ExprPtr make_stand_in(ExprKind kind, size_t index, Type type, std::string name) {
  CHECK(kind == ExprKind::kOuter || kind == ExprKind::kSubquery);
  Expr::Fields fields{kind, std::move(type)};
  fields.index = index;
  fields.name = std::move(name);
  return make(std::move(fields));
}

ExprPtr make_literal(ColumnPtr one_row) {
  CHECK(one_row->size() == 1);
  Expr::Fields fields{ExprKind::kLiteral, one_row->type()};
  fields.literal = flatten(one_row);
  return make(std::move(fields));
}

ExprPtr make_literal(const Scalar& value) { return make_literal(constant_column(value, 1)); }
ExprPtr make_null(Type type) { return make_literal(Scalar::null(std::move(type))); }
ExprPtr make_boolean(bool value) { return make_literal(Scalar::of(value)); }
ExprPtr make_int64(Type type, int64_t value) {
  return make_literal(Scalar::of(std::move(type), value));
}
ExprPtr make_integer(int64_t value) {
  const bool small = value >= INT32_MIN && value <= INT32_MAX;
  return make_int64(small ? Type::integer() : Type::bigint(), value);
}
ExprPtr make_double(double value) { return make_literal(Scalar::of(value)); }
ExprPtr make_decimal(int128_t unscaled, int precision, int scale) {
  return make_literal(Scalar::decimal(unscaled, precision, scale));
}
ExprPtr make_string(std::string_view value) { return make_literal(Scalar::of(std::string(value))); }

namespace {

/// The rows of the function table without a kernel: forms that evaluate only what they need.
Result<ExprPtr> make_lazy(std::string_view name, std::vector<ExprPtr> args) {
  if (name == "COALESCE") return make_coalesce(std::move(args));
  if (name == "TRY") return make_try(args[0]);
  static constexpr std::string_view kTimeParts[] = {"YEAR",      "QUARTER",    "MONTH",     "WEEK",
                                                    "DAYOFYEAR", "DAYOFMONTH", "DAYOFWEEK", "HOUR",
                                                    "MINUTE",    "SECOND"};
  if (std::find(std::begin(kTimeParts), std::end(kTimeParts), name) != std::end(kTimeParts)) {
    const std::string_view unit = name == "DAYOFYEAR" ? "DOY" : name == "DAYOFMONTH" ? "DAY" : name;
    return make_call("EXTRACT", {make_string(unit), args[0]});
  }
  if (name == "IF") return make_case({args[0], args[1]}, args[2]);
  if (name == "NVL2")
    return make_case({TRY(make_call("IS NOT NULL", {args[0]})), args[1]}, args[2]);
  CHECK(name == "NULLIF", name);
  ExprPtr equal = TRY(make_call("=", {args[0], args[1]}));
  return make_case({std::move(equal), make_null(args[0]->type())}, args[0]);
}

/// The few functions whose result type depends on a literal: ROUND(x, 2) of a DECIMAL has scale 2.
std::optional<Type> type_by_literal(const ResolvedFunction& call,
                                    const std::vector<ExprPtr>& args) {
  const std::string_view name = call.function->name();
  if (name == "TO_TIMESTAMP_LTZ" && args.size() == 2 && args[1]->type().is_integer() &&
      args[1]->is_literal() && !args[1]->is_null_literal() && args[1]->literal()->int64_at(0) > 3) {
    return Type::timestamp_ltz(6);
  }
  if ((name != "ROUND" && name != "TRUNCATE") || !call.result.is_decimal()) return {};
  if (args.size() == 2 && (!args[1]->is_literal() || args[1]->is_null_literal())) return {};
  const int64_t digits = args.size() == 2 ? args[1]->literal()->int64_at(0) : 0;
  const int scale = call.result.scale();
  if (digits >= scale) return {};
  const int kept = static_cast<int>(std::max<int64_t>(digits, 0));
  return Type::decimal(std::max(1, call.result.precision() - scale + kept), kept);
}

}  // namespace

Result<ExprPtr> make_call(std::string_view name, std::vector<ExprPtr> args) {
  ResolvedFunction resolved = TRY(resolve_function(name, argument_types(args)));
  if (resolved.function->kernel == nullptr) {
    return make_lazy(resolved.function->name(), std::move(args));
  }
  for (size_t i = 0; i < args.size(); ++i) {
    const bool is_text = resolved.args[i].is_string() && !args[i]->type().is_string();
    args[i] = TRY(is_text ? make_cast(args[i], resolved.args[i])
                          : make_implicit_cast(args[i], resolved.args[i]));
  }
  TRY(check_literals(*resolved.function, args));
  const std::optional<Type> final_type = type_by_literal(resolved, args);
  if (final_type && final_type->is_timestamp()) resolved.result = *final_type;
  Expr::Fields fields{ExprKind::kCall, std::move(resolved.result)};
  fields.args = std::move(args);
  fields.function = resolved.function;
  ExprPtr call = make(std::move(fields));
  return final_type ? make_cast(std::move(call), *final_type) : call;
}

Result<ExprPtr> make_cast(ExprPtr arg, Type type, bool is_try) {
  if (arg->type() == type) return arg;
  if (arg->is_null_literal()) return make_null(std::move(type));
  if (!can_cast(arg->type(), type)) {
    return Error(ErrorCode::kTypeMismatch,
                 fmt::format("{} cannot be cast to {}", arg->type().to_string(), type.to_string()))
        .with_hint(std::string(way_between(arg->type(), type)));
  }
  Expr::Fields fields{ExprKind::kCast, std::move(type)};
  fields.args.push_back(std::move(arg));
  fields.is_try = is_try;
  return make(std::move(fields));
}

Result<ExprPtr> make_implicit_cast(ExprPtr arg, const Type& type) {
  if (arg->type() == type) return arg;
  const ArgumentType from = argument_type(arg);
  if (from.is_literal && !type.is_string() && !arg->is_null_literal()) {
    if (!implicit_cast_cost(from, type)) {
      return Error(ErrorCode::kTypeMismatch,
                   fmt::format("{} is not {}", arg->to_string(), type.to_string()));
    }
    if (!type.is_interval()) return read_literal(arg, type);
  }
  const bool decimals = arg->type().is_numeric() && type.is_decimal();
  if (!implicit_cast_cost(from, type) && !decimals) {
    return Error(ErrorCode::kTypeMismatch,
                 fmt::format("{} is {}, but {} is needed", arg->to_string(),
                             arg->type().to_string(), type.to_string()))
        .with_hint(fmt::format("CAST({} AS {})", arg->to_string(), type.to_string()));
  }
  const bool literal = arg->is_literal();
  ExprPtr cast = TRY(make_cast(std::move(arg), type));
  return literal ? fold_constants(cast) : cast;
}

ExprPtr make_try(ExprPtr arg) {
  if (!arg->can_fail()) return arg;
  Expr::Fields fields{ExprKind::kTry, arg->type()};
  fields.args.push_back(std::move(arg));
  return make(std::move(fields));
}

Result<ExprPtr> make_case(std::vector<ExprPtr> whens, ExprPtr otherwise) {
  CHECK(whens.size() >= 2 && whens.size() % 2 == 0);
  std::vector<ExprPtr> results;
  for (size_t i = 0; i < whens.size(); i += 2) {
    whens[i] = TRY(as_condition(whens[i], "WHEN"));
    results.push_back(whens[i + 1]);
  }
  results.push_back(otherwise ? otherwise : make_null());
  const Type type = TRY(common_type_of(results, "CASE"));
  for (size_t i = 0; i < results.size(); ++i) {
    ExprPtr cast = TRY(make_implicit_cast(results[i], type));
    if (2 * i + 1 < whens.size()) {
      whens[2 * i + 1] = std::move(cast);
    } else {
      whens.push_back(std::move(cast));
    }
  }
  Expr::Fields fields{ExprKind::kCase, type};
  fields.args = std::move(whens);
  return make(std::move(fields));
}

Result<ExprPtr> make_simple_case(const ExprPtr& operand, std::vector<ExprPtr> whens,
                                 ExprPtr otherwise) {
  for (size_t i = 0; i < whens.size(); i += 2) {
    whens[i] = TRY(make_call("=", {operand, whens[i]}));
  }
  return make_case(std::move(whens), std::move(otherwise));
}

Result<ExprPtr> make_coalesce(std::vector<ExprPtr> args) {
  if (args.empty()) {
    return Error(ErrorCode::kTypeMismatch, "COALESCE needs at least one argument");
  }
  const Type type = TRY(common_type_of(args, "COALESCE"));
  for (ExprPtr& arg : args) arg = TRY(make_implicit_cast(arg, type));
  if (args.size() == 1) return args[0];
  Expr::Fields fields{ExprKind::kCoalesce, type};
  fields.args = std::move(args);
  return make(std::move(fields));
}

namespace {

Result<ExprPtr> make_logical(ExprKind kind, std::string_view name, ExprPtr a, ExprPtr b) {
  Expr::Fields fields{kind, Type::boolean()};
  fields.args.push_back(TRY(as_condition(std::move(a), name)));
  fields.args.push_back(TRY(as_condition(std::move(b), name)));
  return make(std::move(fields));
}

}  // namespace

Result<ExprPtr> make_and(ExprPtr a, ExprPtr b) {
  return make_logical(ExprKind::kAnd, "AND", std::move(a), std::move(b));
}

Result<ExprPtr> make_or(ExprPtr a, ExprPtr b) {
  return make_logical(ExprKind::kOr, "OR", std::move(a), std::move(b));
}

Result<ExprPtr> make_not(ExprPtr a) {
  return make_call("NOT", {TRY(as_condition(std::move(a), "NOT"))});
}

Result<ExprPtr> make_in(ExprPtr needle, std::vector<ExprPtr> haystack, bool negated) {
  CHECK(!haystack.empty());
  std::vector<ExprPtr> args{std::move(needle)};
  args.insert(args.end(), haystack.begin(), haystack.end());
  const Type type = TRY(common_type_of(args, "IN"));
  for (ExprPtr& arg : args) arg = TRY(make_implicit_cast(arg, type));
  const bool listed = std::all_of(args.begin() + 1, args.end(),
                                  [](const ExprPtr& arg) { return arg->is_literal(); });
  ExprPtr found;
  if (listed && !type.is_nested()) {
    Expr::Fields fields{ExprKind::kIn, Type::boolean()};
    fields.args = std::move(args);
    found = make(std::move(fields));
  } else {
    for (size_t i = 1; i < args.size(); ++i) {
      ExprPtr equal = TRY(make_call("=", {args[0], args[i]}));
      found = found ? TRY(make_or(std::move(found), std::move(equal))) : std::move(equal);
    }
  }
  return negated ? make_not(std::move(found)) : found;
}

Result<ExprPtr> make_between(const ExprPtr& x, ExprPtr low, ExprPtr high, bool negated) {
  ExprPtr above = TRY(make_call(">=", {x, std::move(low)}));
  ExprPtr below = TRY(make_call("<=", {x, std::move(high)}));
  ExprPtr between = TRY(make_and(std::move(above), std::move(below)));
  return negated ? make_not(std::move(between)) : between;
}

Result<ExprPtr> make_field(ExprPtr row, std::string_view name) {
  if (row->type().kind() != TypeKind::kRow) {
    return Error(ErrorCode::kTypeMismatch, fmt::format("{} is {}: only a ROW has fields",
                                                       row->to_string(), row->type().to_string()));
  }
  const std::vector<std::string>& names = row->type().field_names();
  auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) {
    at = std::find_if(names.begin(), names.end(),
                      [&](const std::string& one) { return equals_ignoring_case(one, name); });
  }
  if (at == names.end()) {
    Error error(ErrorCode::kUnknownName,
                fmt::format("{} has no field '{}'", row->to_string(), name));
    const std::string nearest = did_you_mean(name, names);
    if (!nearest.empty()) return std::move(error).with_hint(nearest);
    return std::move(error).with_hint(fmt::format("fields: {}", fmt::join(names, ", ")));
  }
  const size_t index = static_cast<size_t>(at - names.begin());
  Expr::Fields fields{ExprKind::kField, row->type().children()[index]};
  fields.index = index;
  fields.name = *at;
  fields.args.push_back(std::move(row));
  return make(std::move(fields));
}

}  // namespace velo
