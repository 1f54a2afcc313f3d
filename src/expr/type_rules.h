#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "column/type.h"

namespace velo {

/// What an expression offers as an argument, for the rules of implicit casts.
struct ArgumentType {
  Type type;
  bool is_literal = false;  ///< a string literal adopts the type it meets: ts > '2024-01-01'
  ArgumentType(Type t, bool literal = false) : type(std::move(t)), is_literal(literal) {}  // NOLINT
};

/// How far a type is from another, for choosing among overloads; nothing = no implicit cast. 0 =
/// nothing to do. Widening only: integers → wider integers → DECIMAL → DOUBLE, FLOAT → DOUBLE, DATE
/// → TIMESTAMP → TIMESTAMP_LTZ (by the session's zone), NULL → all, string literal → times,
/// numbers, BOOLEAN.
std::optional<int> implicit_cast_cost(const ArgumentType& from, const Type& to);

/// The type that both sides are cast to in a comparison, CASE, COALESCE, IN, UNION or ARRAY[…];
/// nothing if there is none. Integers and DECIMALs widen; digits beyond 38 are taken from the
/// scale, never from the integer part.
std::optional<Type> common_type(const ArgumentType& a, const ArgumentType& b);
/// The same over many; NULL type if all are NULL. REQUIRES: not empty.
std::optional<Type> common_type(std::span<const ArgumentType> types);

/// True if CAST(from AS to) exists at all (it may still fail for a row).
bool can_cast(const Type& from, const Type& to);

/// How to get from one type to the other where no cast leads; empty when there is nothing better.
/// A number becomes a time only with a unit.
std::string_view way_between(const Type& from, const Type& to);

/// DECIMAL(3|5|10|19, 0) for an integer type; a DECIMAL as it is.
Type as_decimal_type(const Type& type);

/// The type of an exact result that would need this precision and scale: when precision is beyond
/// 38 the scale gives way down to 6 digits (Flink's and Hive's rule), and a result that does not
/// fit is an error of its row.
Type bounded_decimal(int precision, int scale);
Type decimal_add_type(const Type& a, const Type& b);
Type decimal_multiply_type(const Type& a, const Type& b);
Type decimal_divide_type(const Type& a, const Type& b);
Type decimal_modulo_type(const Type& a, const Type& b);

}  // namespace velo
