#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "column/column.h"
#include "column/column_builder.h"

namespace velo {

/// One value with its type: literals, parameters, records of the push API, expectations in tests.
/// Not for loops over rows.
struct Scalar {
  Type type;
  /// monostate = NULL; bool, int64_t, double, int128_t, string by physical type; vector: elements
  /// of an ARRAY, fields of a ROW, or alternating keys and values of a MAP.
  std::variant<std::monostate, bool, int64_t, double, int128_t, std::string, std::vector<Scalar>>
      value;

  static Scalar null(Type t = Type::null()) { return {std::move(t), {}}; }
  static Scalar of(bool v) { return {Type::boolean(), v}; }
  static Scalar of(int64_t v) { return {Type::bigint(), v}; }
  static Scalar of(int v) { return {Type::integer(), int64_t{v}}; }
  static Scalar of(double v) { return {Type::float64(), v}; }
  static Scalar of(std::string v) { return {Type::string(), std::move(v)}; }
  static Scalar of(const char* v) { return {Type::string(), std::string(v)}; }
  static Scalar of(Type t, int64_t v) { return {std::move(t), v}; }
  static Scalar decimal(int128_t v, int precision, int scale) {
    return {Type::decimal(precision, scale), v};
  }

  bool is_null() const { return std::holds_alternative<std::monostate>(value); }
  int64_t as_int64() const { return std::get<int64_t>(value); }
  double as_double() const { return std::get<double>(value); }
  bool as_bool() const { return std::get<bool>(value); }
  int128_t as_int128() const { return std::get<int128_t>(value); }
  const std::string& as_string() const { return std::get<std::string>(value); }
  const std::vector<Scalar>& elements() const { return std::get<std::vector<Scalar>>(value); }

  bool operator==(const Scalar&) const = default;
};

/// Row `row` of a column of any encoding.
Scalar scalar_at(const Column& column, size_t row);
/// REQUIRES: the physical types agree, or the value is NULL.
void append_scalar(ColumnBuilder& builder, const Scalar& value);
/// A constant column.
ColumnPtr constant_column(const Scalar& value, size_t rows);

/// The text form of a value (SEMANTICS.md §2), as CAST(… AS STRING) gives it: TRUE, 12, 1.5,
/// 2023-09-18T14:00:00Z, [1, 2], {k=v}, (a, b). Doubles in the shortest form that reads back the
/// same. REQUIRES: the row is not NULL.
void append_text(std::string& out, const Column& column, size_t row);
std::string to_text(const Scalar& value);
void append_double_text(std::string& out, double value, bool single_precision);

/// Reads the text form of a scalar type back. Errors (4001) say what does not fit. Not for nested
/// types.
Result<Scalar> parse_scalar(const Type& type, std::string_view text);

}  // namespace velo
