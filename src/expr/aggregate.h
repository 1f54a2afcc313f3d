#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expr/expr.h"
#include "expr/row_errors.h"

namespace velo {

/// The kinds of running state that aggregates are made of. Two aggregates that need the same
/// component of the same input share it: AVG(x), SUM(x) and COUNT(x) keep one sum and one count.
///
/// `w` is a row's weight (+1, −1). NULL inputs are skipped by all kinds but kRowCount.
/// "Invertible": a row of weight −1 undoes one of weight +1; the others accept retractions only
/// through the values kept beside them.
enum class AccumulatorKind : uint8_t {
  kRowCount,    ///< Σ w. No input. → BIGINT. Invertible
  kCountValid,  ///< Σ w over valid x. → BIGINT. Invertible
  kSumInt,      ///< Σ w·x in 128 bits, x an integer or day interval. → DECIMAL(38,0), or BIGINT
                ///< where all fit. Invertible
  kSumDouble,   ///< Σ w·x as an unevaluated sum of two doubles (Neumaier/TwoSum). → DOUBLE.
                ///< Invertible
  kSumDecimal,  ///< Σ w·x of unscaled int128, overflow of 128 bits or 38 digits kept as a flag that
                ///< makes the result row an error. → DECIMAL(38, s). Invertible
  kMin,         ///< smallest x in compare_rows order. → x's type; NULL if no valid input
  kMax,         ///< largest x. → x's type; NULL if no valid input
  kFirst,  ///< x of the row with the least (event time, sequence). NULL x is skipped. → x's type
  kLast,   ///< x of the row with the greatest (event time, sequence). NULL x is skipped. → x's type
  kMoments,    ///< n, mean, M2 = Σ (x − mean)² (Welford; merged by Chan). → BIGINT, DOUBLE, DOUBLE.
               ///< Invertible
  kCoMoments,  ///< over rows where inputs 0 and 1 are valid: n, mean 0, mean 1, M2 of 0, M2 of 1,
               ///< C = Σ (x0 − mean 0)(x1 − mean 1). → BIGINT, then five DOUBLEs. Invertible
  kDistinct,   ///< set of distinct valid x with multiplicity. → BIGINT its size, or ARRAY<x> (see
               ///< `Emission`). Invertible
  kHyperLogLog,  ///< sketch of distinct valid x, p = 12, sparse then dense. → BIGINT estimate
  kValueList,    ///< every valid x with its order keys (default: event time, then arrival). →
                 ///< ARRAY<x> in order. Invertible
  kBoolAnd,      ///< counts of FALSE and TRUE. → BOOLEAN; NULL if no valid input. Invertible
  kBoolOr,       ///< same state, other question
};

/// Which answer a component gives to the finaliser, where its kind has several.
enum class Emission : uint8_t { kValue, kCount, kValues };

/// How values of a list are ordered before anything is made of them.
struct ListOrder {
  ExprPtr key = nullptr;
  bool descending = false;
  bool nulls_first = false;
};

/// One piece of running state. Equal components (==) of a query's aggregates are kept once.
struct Component {
  AccumulatorKind kind;
  std::vector<ExprPtr> inputs;   ///< evaluated per row before folding: none, x, or x and y
  ExprPtr filter;                ///< FILTER (WHERE …): fold only rows where it is TRUE; null = all
  std::vector<ListOrder> order;  ///< kValueList only
  Emission emission = Emission::kValue;  ///< not part of the state's identity
  bool keeps_nulls = false;              ///< a NULL input is a value like others: ARRAY_AGG

  /// The columns it gives to the finaliser, types in order.
  std::vector<Type> output_types() const;
  bool is_invertible() const;
  /// The result can depend on the order of rows (beyond event time): kFirst, kLast, kValueList.
  bool needs_event_time() const;
  /// Same state (emission aside).
  bool same_state(const Component& other) const;
};

/// How component outputs become the aggregate's value.
enum class FinalRule : uint8_t {
  kAsIs,         ///< the single component's single column
  kCountOrZero,  ///< count; never NULL
  kSumInt,       ///< 128-bit sum → BIGINT or an error of the row; NULL when count = 0. (sum, count)
  kSumDecimal,   ///< (sum, count)
  kSumDouble,    ///< (sum, count)
  kSumInterval,  ///< (sum, count)
  kAvgInt,       ///< (sum, count) → DOUBLE
  kAvgDouble,    ///< (sum, count) → DOUBLE
  kAvgDecimal,   ///< (sum, count) → DECIMAL(38, max(6, s)), rounded half up
  kAvgInterval,  ///< (sum, count)
  kVariancePop,  ///< (n, mean, M2); NULL when n = 0
  kVarianceSamp,  ///< NULL when n < 2
  kStddevPop,
  kStddevSamp,
  kCovarPop,  ///< (n, mx, my, M2x, M2y, C)
  kCovarSamp,
  kCorr,
  kRegrSlope,  ///< REGR_*(y, x)
  kRegrIntercept,
  kRegrR2,
  kRegrCount,
  kRegrAvgX,
  kRegrAvgY,
  kDistinctSum,  ///< ARRAY of distinct values → sum, types as for SUM
  kDistinctAvg,
  kPercentileCont,  ///< ARRAY of values, parameter p → DOUBLE, linear between neighbours
  kPercentileDisc,  ///< ARRAY of values, parameter p → first value with cumulative share ≥ p
  kJoinStrings,     ///< ARRAY<STRING>, parameter = separator; NULL when empty
  kList,            ///< ARRAY; NULL when empty
  kMode,            ///< most frequent value, the smallest among equals
};

/// One row of the closed table of aggregates. Overloads are rows with the same name.
struct AggregateFunction {
  std::string_view names;      ///< "VAR_SAMP,VARIANCE"
  std::string_view signature;  ///< as for functions
  FinalRule final_rule;
  std::vector<AccumulatorKind> components;  ///< each over the value arguments
  int value_args;  ///< so many arguments are inputs; those after them are constant parameters (p,
                   ///< separator)
  std::string_view doc;
  TypeRule rule = nullptr;

  std::string_view name() const { return names.substr(0, names.find(',')); }
};

/// What the SQL said about one aggregate.
struct AggregateRequest {
  std::string_view name = {};
  std::vector<ExprPtr> args = {};  ///< empty with `star`
  bool star = false;               ///< COUNT(*)
  bool distinct = false;
  ExprPtr filter = nullptr;                  ///< FILTER (WHERE …), or null
  std::vector<ListOrder> order = {};         ///< ORDER BY inside the call
  std::vector<ListOrder> within_group = {};  ///< WITHIN GROUP (ORDER BY x)
  bool ignore_nulls = false;                 ///< IGNORE NULLS; only ARRAY_AGG does not by itself
};

/// An aggregate, typed and taken apart.
struct Aggregate {
  const AggregateFunction* function = nullptr;
  Type type;  ///< of the result
  FinalRule rule = FinalRule::kAsIs;
  std::vector<Component> components;
  ColumnPtr parameter;      ///< one row: p of a percentile, the separator; or null
  bool descending = false;  ///< percentile over descending order
  std::string text;         ///< "SUM(DISTINCT x) FILTER (WHERE …)", for EXPLAIN

  bool is_invertible() const;
  bool needs_event_time() const;
};

std::span<const AggregateFunction> aggregate_table();
/// "SUM(x INTEGER) -> BIGINT"
std::string signature_text(const AggregateFunction& aggregate);
bool is_aggregate(std::string_view name);
/// Upper-case names with aliases, ascending.
std::vector<std::string> aggregate_names();

/// Types the request and takes it apart. Errors: kUnknownName, kTypeMismatch (with the accepted
/// signatures), kNotSupported, kInvalidStatement (a parameter that is not constant, DISTINCT where
/// it means nothing).
Result<Aggregate> resolve_aggregate(const AggregateRequest& request);

/// The results of `groups` groups. `parts`: the output columns of all components in order (see
/// Component::output_types), `groups` rows each, any encoding. Failed rows (a sum that does not
/// fit) are NULL and reported.
ColumnPtr finalise_aggregate(const Aggregate& aggregate, std::span<const ColumnPtr> parts,
                             size_t groups, RowErrors& errors);

}  // namespace velo
