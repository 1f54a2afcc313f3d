// The table of aggregates, and taking a request apart into components.
#include "base/letters.h"
#include "expr/aggregate.h"

#include <algorithm>
#include <set>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "column/decimal.h"
#include "expr/signature.h"

namespace velo {
namespace {

using enum AccumulatorKind;

Type widest_decimal(int scale) { return Type::decimal(kDecimalDigitsMax, scale); }

bool sum_decimal_rule(std::vector<Type>& args, Type* result) {
  *result = widest_decimal(args[0].scale());
  return true;
}

bool average_decimal_rule(std::vector<Type>& args, Type* result) {
  *result = widest_decimal(std::max(6, args[0].scale()));
  return true;
}

bool array_of_first_rule(std::vector<Type>& args, Type* result) {
  *result = Type::array(args[0]);
  return true;
}

/// MIN and MAX need an order: everything but MAP has one.
bool ordered_rule(std::vector<Type>& args, Type* result) {
  *result = args[0];
  return args[0].kind() != TypeKind::kMap;
}

std::vector<AggregateFunction> build_table() {
  using R = FinalRule;
  return {
      {"COUNT",
       "(x any) -> bigint",
       R::kCountOrZero,
       {kCountValid},
       1,
       "Rows where x is not NULL; COUNT(*): rows"},
      {"SUM",
       "(x int) -> bigint",
       R::kSumInt,
       {kSumInt, kCountValid},
       1,
       "Sum, kept in 128 bits; a result that does not fit is an error of its row"},
      {"SUM",
       "(x decimal) -> rule",
       R::kSumDecimal,
       {kSumDecimal, kCountValid},
       1,
       "Exact sum",
       sum_decimal_rule},
      {"SUM",
       "(x double) -> float64",
       R::kSumDouble,
       {kSumDouble, kCountValid},
       1,
       "Compensated sum"},
      {"SUM",
       "(x interval_day) -> same",
       R::kSumInterval,
       {kSumInt, kCountValid},
       1,
       "Sum of durations"},
      {"SUM",
       "(x interval_month) -> same",
       R::kSumInterval,
       {kSumInt, kCountValid},
       1,
       "Sum of months"},
      {"AVG,MEAN",
       "(x int) -> float64",
       R::kAvgInt,
       {kSumInt, kCountValid},
       1,
       "Average, as DOUBLE"},
      {"AVG,MEAN",
       "(x decimal) -> rule",
       R::kAvgDecimal,
       {kSumDecimal, kCountValid},
       1,
       "Average with at least 6 decimal places, rounded half up",
       average_decimal_rule},
      {"AVG,MEAN",
       "(x double) -> float64",
       R::kAvgDouble,
       {kSumDouble, kCountValid},
       1,
       "Average of a compensated sum"},
      {"AVG,MEAN",
       "(x interval_day) -> same",
       R::kAvgInterval,
       {kSumInt, kCountValid},
       1,
       "Average duration"},
      {"MIN", "(x any) -> rule", R::kAsIs, {kMin}, 1, "Least value", ordered_rule},
      {"MAX", "(x any) -> rule", R::kAsIs, {kMax}, 1, "Greatest value", ordered_rule},
      {"FIRST_VALUE,FIRST,EARLIEST,EARLIEST_BY_OFFSET",
       "(x any) -> same",
       R::kAsIs,
       {kFirst},
       1,
       "Value of the row with the least event time"},
      {"LAST_VALUE,LAST,LATEST,LATEST_BY_OFFSET",
       "(x any) -> same",
       R::kAsIs,
       {kLast},
       1,
       "Value of the row with the greatest event time"},
      {"VAR_POP",
       "(x float64) -> float64",
       R::kVariancePop,
       {kMoments},
       1,
       "Variance of all values"},
      {"VAR_SAMP,VARIANCE",
       "(x float64) -> float64",
       R::kVarianceSamp,
       {kMoments},
       1,
       "Variance of a sample (n − 1)"},
      {"STDDEV_POP",
       "(x float64) -> float64",
       R::kStddevPop,
       {kMoments},
       1,
       "Standard deviation of all values"},
      {"STDDEV_SAMP,STDDEV",
       "(x float64) -> float64",
       R::kStddevSamp,
       {kMoments},
       1,
       "Standard deviation of a sample (n − 1)"},
      {"APPROX_COUNT_DISTINCT,APPROX_DISTINCT",
       "(x any) -> bigint",
       R::kCountOrZero,
       {kHyperLogLog},
       1,
       "Distinct values, about ±1.6 %"},
      {"PERCENTILE_CONT,QUANTILE_CONT",
       "(x float64, p float64) -> float64",
       R::kPercentileCont,
       {kValueList},
       1,
       "Value at share p (0 to 1), between neighbours by a straight line"},
      {"PERCENTILE_DISC,QUANTILE_DISC",
       "(x any, p float64) -> same",
       R::kPercentileDisc,
       {kValueList},
       1,
       "First value whose cumulative share reaches p"},
      {"MEDIAN",
       "(x float64) -> float64",
       R::kPercentileCont,
       {kValueList},
       1,
       "PERCENTILE_CONT(x, 0.5)"},
      {"MODE",
       "(x any) -> same",
       R::kMode,
       {kValueList},
       1,
       "Most frequent value, the least among equals"},
      {"STRING_AGG,LISTAGG,GROUP_CONCAT",
       "(x text, separator string?) -> string",
       R::kJoinStrings,
       {kValueList},
       1,
       "Texts in order of event time (or ORDER BY), joined"},
      {"ARRAY_AGG,COLLECT,COLLECT_LIST",
       "(x any) -> rule",
       R::kList,
       {kValueList},
       1,
       "Values in order of event time (or ORDER BY); ARRAY_AGG keeps NULLs",
       array_of_first_rule},
      {"BOOL_AND,EVERY",
       "(x boolean) -> boolean",
       R::kAsIs,
       {kBoolAnd},
       1,
       "TRUE if no value is FALSE"},
      {"BOOL_OR,SOME",
       "(x boolean) -> boolean",
       R::kAsIs,
       {kBoolOr},
       1,
       "TRUE if some value is TRUE"},
      {"CORR",
       "(y float64, x float64) -> float64",
       R::kCorr,
       {kCoMoments},
       2,
       "Pearson's correlation"},
      {"COVAR_POP",
       "(y float64, x float64) -> float64",
       R::kCovarPop,
       {kCoMoments},
       2,
       "Covariance of all pairs"},
      {"COVAR_SAMP",
       "(y float64, x float64) -> float64",
       R::kCovarSamp,
       {kCoMoments},
       2,
       "Covariance of a sample (n − 1)"},
      {"REGR_SLOPE",
       "(y float64, x float64) -> float64",
       R::kRegrSlope,
       {kCoMoments},
       2,
       "Slope of the least-squares line"},
      {"REGR_INTERCEPT",
       "(y float64, x float64) -> float64",
       R::kRegrIntercept,
       {kCoMoments},
       2,
       "Where the least-squares line meets x = 0"},
      {"REGR_R2",
       "(y float64, x float64) -> float64",
       R::kRegrR2,
       {kCoMoments},
       2,
       "Share of y's variance that the line explains"},
      {"REGR_COUNT",
       "(y float64, x float64) -> bigint",
       R::kRegrCount,
       {kCoMoments},
       2,
       "Pairs where both are not NULL"},
      {"REGR_AVGX",
       "(y float64, x float64) -> float64",
       R::kRegrAvgX,
       {kCoMoments},
       2,
       "Average x of those pairs"},
      {"REGR_AVGY",
       "(y float64, x float64) -> float64",
       R::kRegrAvgY,
       {kCoMoments},
       2,
       "Average y of those pairs"},
  };
}

const std::vector<AggregateFunction>& table() {
  static const std::vector<AggregateFunction> kTable = build_table();
  return kTable;
}

bool has_name(const AggregateFunction& function, std::string_view upper_name) {
  std::string_view rest = function.names;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    if (rest.substr(0, comma) == upper_name) return true;
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return false;
}

struct Chosen {
  const AggregateFunction* function;
  std::vector<Type> args;
  Type result;
};

Result<Chosen> choose(const std::string& name, std::span<const ArgumentType> types) {
  std::optional<Signature::Match> best;
  const AggregateFunction* function = nullptr;
  std::string accepted;
  for (const AggregateFunction& candidate : table()) {
    if (!has_name(candidate, name)) continue;
    const Signature signature = Signature::parse(candidate.signature);
    accepted += (accepted.empty() ? "" : "; ") + name + signature.to_string();
    auto match = signature.match(types);
    if (!match || (best && best->cost <= match->cost)) continue;
    if (candidate.rule != nullptr && !candidate.rule(match->args, &match->result)) continue;
    best = std::move(match);
    function = &candidate;
  }
  if (accepted.empty()) {
    return Error(ErrorCode::kUnknownName, fmt::format("there is no aggregate {}", name))
        .with_hint(did_you_mean(name, aggregate_names()));
  }
  if (best) return Chosen{function, std::move(best->args), std::move(best->result)};
  std::string given;
  for (const ArgumentType& type : types)
    given += (given.empty() ? "" : ", ") + type.type.to_string();
  return Error(ErrorCode::kTypeMismatch,
               fmt::format("{}({}) does not exist for these types", name, given))
      .with_hint(fmt::format("accepted: {}", accepted));
}

/// WITHIN GROUP (ORDER BY x) names the input of a percentile; of LISTAGG only the order.
Status move_within_group(const std::string& name, AggregateRequest* request) {
  if (request->within_group.empty()) return {};
  if (name.starts_with("PERCENTILE") || name.starts_with("QUANTILE") || name == "MODE") {
    if (request->within_group.size() != 1) {
      return Error(ErrorCode::kInvalidStatement, name + " orders by exactly one expression");
    }
    request->args.insert(request->args.begin(), request->within_group[0].key);
    return {};
  }
  if (!request->order.empty()) {
    return Error(ErrorCode::kInvalidStatement, name + " has both ORDER BY and WITHIN GROUP");
  }
  request->order = std::move(request->within_group);
  request->within_group.clear();
  return {};
}

std::string request_text(const std::string& name, const AggregateRequest& request) {
  std::string out = name + "(";
  if (request.distinct) out += "DISTINCT ";
  if (request.star) out += "*";
  for (size_t i = 0; i < request.args.size(); ++i) {
    out += (i > 0 ? ", " : "") + request.args[i]->to_string();
  }
  for (size_t i = 0; i < request.order.size(); ++i) {
    out += (i > 0 ? ", " : " ORDER BY ") + request.order[i].key->to_string();
    if (request.order[i].descending) out += " DESC";
  }
  out += ")";
  if (request.ignore_nulls) out += " IGNORE NULLS";
  if (request.filter) out += " FILTER (WHERE " + request.filter->to_string() + ")";
  return out;
}

/// DISTINCT means something for sums, averages and lists; MIN(DISTINCT x) is MIN(x).
Status make_distinct(const std::string& name, Aggregate* aggregate, FinalRule* rule) {
  auto set_of = [](const Component& from, Emission emission) {
    return Component{kDistinct, from.inputs, from.filter, {}, emission};
  };
  Component& first = aggregate->components[0];
  switch (*rule) {
    case FinalRule::kCountOrZero:
      if (first.kind == kCountValid) aggregate->components = {set_of(first, Emission::kCount)};
      return {};
    case FinalRule::kSumInt:
    case FinalRule::kSumDecimal:
    case FinalRule::kSumDouble:
      aggregate->components = {set_of(first, Emission::kValues)};
      *rule = FinalRule::kDistinctSum;
      return {};
    case FinalRule::kAvgInt:
    case FinalRule::kAvgDecimal:
    case FinalRule::kAvgDouble:
      aggregate->components = {set_of(first, Emission::kValues)};
      *rule = FinalRule::kDistinctAvg;
      return {};
    case FinalRule::kJoinStrings:
    case FinalRule::kList:
      if (first.order.empty()) {
        aggregate->components = {set_of(first, Emission::kValues)};
        return {};
      }
      break;
    case FinalRule::kAsIs:
      return {};
    default:
      break;
  }
  return Error(ErrorCode::kNotSupported,
               fmt::format("not supported yet: DISTINCT in {}",
                           name + (first.order.empty() ? "" : " with ORDER BY")));
}

Status take_parameter(const std::string& name, const ExprPtr& arg, Aggregate* aggregate) {
  const ExprPtr folded = fold_constants(arg);
  if (!folded->is_literal() || folded->is_null_literal()) {
    return Error(ErrorCode::kInvalidStatement,
                 fmt::format("{} needs a constant here, not {}", name, arg->to_string()));
  }
  aggregate->parameter = folded->literal();
  const bool is_share = name.starts_with("PERCENTILE") || name.starts_with("QUANTILE");
  if (is_share) {
    const double p = aggregate->parameter->double_at(0);
    if (!(p >= 0 && p <= 1)) {
      return Error(ErrorCode::kInvalidStatement,
                   fmt::format("{} needs a share from 0 to 1, not {}", name, arg->to_string()));
    }
  }
  return {};
}

}  // namespace

std::vector<Type> Component::output_types() const {
  const Type x = inputs.empty() ? Type() : inputs[0]->type();
  switch (kind) {
    case kRowCount:
    case kCountValid:
    case kHyperLogLog:
      return {Type::bigint()};
    case kSumInt:
      return {widest_decimal(0)};
    case kSumDouble:
      return {Type::float64()};
    case kSumDecimal:
      return {widest_decimal(x.scale())};
    case kMin:
    case kMax:
    case kFirst:
    case kLast:
      return {x};
    case kMoments:
      return {Type::bigint(), Type::float64(), Type::float64()};
    case kCoMoments: {
      std::vector<Type> types(6, Type::float64());
      types[0] = Type::bigint();
      return types;
    }
    case kDistinct:
      return {emission == Emission::kValues ? Type::array(x) : Type::bigint()};
    case kValueList:
      return {Type::array(x)};
    case kBoolAnd:
    case kBoolOr:
      return {Type::boolean()};
  }
  return {};
}

bool Component::is_invertible() const {
  return kind != kMin && kind != kMax && kind != kFirst && kind != kLast && kind != kHyperLogLog;
}

bool Component::needs_event_time() const {
  return kind == kFirst || kind == kLast || (kind == kValueList && order.empty());
}

bool Component::same_state(const Component& other) const {
  auto same = [](const ExprPtr& a, const ExprPtr& b) { return a == b || (a && b && *a == *b); };
  if (kind != other.kind || keeps_nulls != other.keeps_nulls ||
      inputs.size() != other.inputs.size() || order.size() != other.order.size() ||
      !same(filter, other.filter)) {
    return false;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!same(inputs[i], other.inputs[i])) return false;
  }
  for (size_t i = 0; i < order.size(); ++i) {
    if (!same(order[i].key, other.order[i].key) ||
        order[i].descending != other.order[i].descending ||
        order[i].nulls_first != other.order[i].nulls_first) {
      return false;
    }
  }
  return true;
}

bool Aggregate::is_invertible() const {
  return std::all_of(components.begin(), components.end(),
                     [](const Component& c) { return c.is_invertible(); });
}

bool Aggregate::needs_event_time() const {
  // These order their list by value.
  switch (rule) {
    case FinalRule::kPercentileCont:
    case FinalRule::kPercentileDisc:
    case FinalRule::kMode:
    case FinalRule::kDistinctSum:
    case FinalRule::kDistinctAvg:
      return false;
    default:
      break;
  }
  return std::any_of(components.begin(), components.end(),
                     [](const Component& c) { return c.needs_event_time(); });
}

std::string signature_text(const AggregateFunction& aggregate) {
  return std::string(aggregate.name()) + Signature::parse(aggregate.signature).to_string();
}

std::span<const AggregateFunction> aggregate_table() { return table(); }

bool is_aggregate(std::string_view name) {
  const std::string wanted = to_upper(name);
  return std::any_of(table().begin(), table().end(),
                     [&](const AggregateFunction& f) { return has_name(f, wanted); });
}

std::vector<std::string> aggregate_names() {
  std::set<std::string> names;
  for (const AggregateFunction& function : table()) {
    std::string_view rest = function.names;
    while (!rest.empty()) {
      const size_t comma = rest.find(',');
      names.emplace(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
  return {names.begin(), names.end()};
}

namespace {

Aggregate count_rows(const AggregateRequest& request) {
  Aggregate aggregate;
  aggregate.function = &table()[0];
  aggregate.type = Type::bigint();
  aggregate.rule = FinalRule::kCountOrZero;
  aggregate.components.push_back({kRowCount, {}, request.filter, {}});
  aggregate.text = request_text("COUNT", request);
  return aggregate;
}

Status check_shape(const std::string& name, const AggregateRequest& request) {
  if (request.star && (name != "COUNT" || request.distinct || !request.args.empty())) {
    return Error(ErrorCode::kInvalidStatement, name + "(*) does not exist: only COUNT(*)");
  }
  if (request.filter && request.filter->type().kind() != TypeKind::kBoolean) {
    return Error(ErrorCode::kTypeMismatch,
                 fmt::format("FILTER needs a condition, but {} is {}", request.filter->to_string(),
                             request.filter->type().to_string()));
  }
  return {};
}

}  // namespace

Result<Aggregate> resolve_aggregate(const AggregateRequest& original) {
  AggregateRequest request = original;
  const std::string name = to_upper(request.name);
  TRY(check_shape(name, request));
  if (request.star) return count_rows(request);
  const bool descending = !request.within_group.empty() && request.within_group[0].descending;
  TRY(move_within_group(name, &request));

  std::vector<ArgumentType> types;
  for (const ExprPtr& arg : request.args) {
    types.emplace_back(arg->type(), arg->is_literal() && arg->type().is_string());
  }
  const Chosen chosen = TRY(choose(name, types));
  Aggregate aggregate;
  aggregate.function = chosen.function;
  aggregate.type = chosen.result;
  aggregate.rule = chosen.function->final_rule;
  aggregate.descending = descending;
  aggregate.text = request_text(name, request);

  const size_t value_args = static_cast<size_t>(chosen.function->value_args);
  std::vector<ExprPtr> inputs;
  for (size_t i = 0; i < request.args.size(); ++i) {
    const Type& type = chosen.args[i];
    ExprPtr arg = TRY(type.is_string() ? make_cast(request.args[i], type)
                                       : make_implicit_cast(request.args[i], type));
    if (i >= value_args) {
      TRY(take_parameter(name, arg, &aggregate));
    } else {
      inputs.push_back(std::move(arg));
    }
  }
  if (name == "MEDIAN") aggregate.parameter = make_double(0.5)->literal();
  if (aggregate.rule == FinalRule::kJoinStrings && !aggregate.parameter) {
    aggregate.parameter = make_string(",")->literal();
  }
  const bool lists = chosen.function->components[0] == kValueList;
  if (!request.order.empty() && !lists) {
    return Error(ErrorCode::kNotSupported, fmt::format("not supported yet: ORDER BY in {}", name));
  }
  for (const AccumulatorKind kind : chosen.function->components) {
    aggregate.components.push_back({kind, inputs, request.filter, request.order});
  }
  aggregate.components[0].keeps_nulls = name == "ARRAY_AGG" && !request.ignore_nulls;
  if (request.distinct) TRY(make_distinct(name, &aggregate, &aggregate.rule));
  return aggregate;
}

}  // namespace velo
