#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace velo {

/// What a value means. SEMANTICS.md §2.
enum class TypeKind : uint8_t {
  kNull,  ///< the type of a bare NULL; casts to every other type
  kBoolean,
  kTinyInt,
  kSmallInt,
  kInteger,
  kBigInt,
  kFloat,
  kDouble,
  kDecimal,  ///< precision ≤ 38, scale ≤ precision
  kString,   ///< VARCHAR, CHAR, STRING: UTF-8
  kBytes,
  kDate,          ///< days since 1970-01-01
  kTime,          ///< microseconds since midnight
  kTimestamp,     ///< wall clock: microseconds since 1970-01-01T00:00:00
  kTimestampLtz,  ///< instant: microseconds since 1970-01-01T00:00:00Z
  kIntervalDay,   ///< a duration in microseconds
  kIntervalMonth,  ///< a number of months
  kArray,
  kMap,
  kRow,
};

/// How a value lies in memory.
enum class Physical : uint8_t {
  kBool,    ///< uint8_t, 0 or 1
  kInt64,   ///< integers, dates, times, intervals: int64_t
  kInt128,  ///< DECIMAL: unscaled int128_t
  kDouble,  ///< FLOAT (rounded to float precision) and DOUBLE: double
  kString,  ///< StringRef
  kList,    ///< ARRAY (one child) and MAP (two children): uint32_t offsets into the children
  kRow,     ///< ROW: children of equal length
};

class Type;
struct NestedType;

/// A SQL type: a small value, compared by meaning.
class Type {
 public:
  Type() = default;
  explicit Type(TypeKind kind) : kind_(kind) {}

  static Type null() { return Type(TypeKind::kNull); }
  static Type boolean() { return Type(TypeKind::kBoolean); }
  static Type tinyint() { return Type(TypeKind::kTinyInt); }
  static Type smallint() { return Type(TypeKind::kSmallInt); }
  static Type integer() { return Type(TypeKind::kInteger); }
  static Type bigint() { return Type(TypeKind::kBigInt); }
  static Type float32() { return Type(TypeKind::kFloat); }
  static Type float64() { return Type(TypeKind::kDouble); }
  static Type string() { return Type(TypeKind::kString); }
  static Type bytes() { return Type(TypeKind::kBytes); }
  static Type date() { return Type(TypeKind::kDate); }
  static Type time(int precision = 0) { return Type(TypeKind::kTime, precision, 0); }
  /// Precision = digits of the fraction of a second, 0…6.
  static Type timestamp(int precision = 3) { return Type(TypeKind::kTimestamp, precision, 0); }
  static Type timestamp_ltz(int precision = 3) {
    return Type(TypeKind::kTimestampLtz, precision, 0);
  }
  static Type interval_day() { return Type(TypeKind::kIntervalDay); }
  static Type interval_month() { return Type(TypeKind::kIntervalMonth); }
  /// REQUIRES: 1 ≤ precision ≤ 38, 0 ≤ scale ≤ precision.
  static Type decimal(int precision, int scale) {
    return Type(TypeKind::kDecimal, precision, scale);
  }
  static Type array(Type element);
  static Type map(Type key, Type value);
  static Type row(std::vector<std::string> names, std::vector<Type> types);

  TypeKind kind() const { return kind_; }
  int precision() const { return precision_; }
  int scale() const { return scale_; }
  Physical physical() const;

  bool is_null() const { return kind_ == TypeKind::kNull; }
  bool is_integer() const { return kind_ >= TypeKind::kTinyInt && kind_ <= TypeKind::kBigInt; }
  bool is_float() const { return kind_ == TypeKind::kFloat || kind_ == TypeKind::kDouble; }
  bool is_decimal() const { return kind_ == TypeKind::kDecimal; }
  bool is_numeric() const { return is_integer() || is_float() || is_decimal(); }
  bool is_string() const { return kind_ == TypeKind::kString; }
  /// TIMESTAMP or TIMESTAMP_LTZ.
  bool is_timestamp() const {
    return kind_ == TypeKind::kTimestamp || kind_ == TypeKind::kTimestampLtz;
  }
  bool is_interval() const {
    return kind_ == TypeKind::kIntervalDay || kind_ == TypeKind::kIntervalMonth;
  }
  bool is_nested() const { return kind_ >= TypeKind::kArray; }

  /// ARRAY: 1 child; MAP: key and value; ROW: its fields; else none.
  const std::vector<Type>& children() const;
  /// ROW: the names of its fields; else none.
  const std::vector<std::string>& field_names() const;

  /// Largest and smallest value of an integer type. REQUIRES: is_integer().
  int64_t integer_max() const;
  int64_t integer_min() const;
  /// One step of a timestamp or time of this precision, in microseconds (precision 3 → 1000).
  int64_t step_us() const;

  /// SQL spelling: "DECIMAL(10, 2)", "ROW<a INTEGER, b STRING>".
  std::string to_string() const;
  bool operator==(const Type& other) const;

 private:
  Type(TypeKind kind, int precision, int scale)
      : kind_(kind),
        precision_(static_cast<uint8_t>(precision)),
        scale_(static_cast<uint8_t>(scale)) {}
  TypeKind kind_ = TypeKind::kNull;
  uint8_t precision_ = 0;
  uint8_t scale_ = 0;
  std::shared_ptr<const NestedType> nested_;
};

struct NestedType {
  std::vector<std::string> names;
  std::vector<Type> types;
};

/// A named column of a schema.
struct Field {
  std::string name;
  Type type;
  bool operator==(const Field&) const = default;
};

/// The names and types of a batch's columns, in order. Immutable and shared.
class Schema {
 public:
  explicit Schema(std::vector<Field> fields) : fields_(std::move(fields)) {}
  size_t size() const { return fields_.size(); }
  const Field& operator[](size_t i) const { return fields_[i]; }
  const std::vector<Field>& fields() const { return fields_; }
  /// Index of the column with exactly this name (case counts), or -1.
  int index_of(std::string_view name) const;
  /// "a BIGINT, b STRING"
  std::string to_string() const;
  bool operator==(const Schema&) const = default;

 private:
  std::vector<Field> fields_;
};

using SchemaPtr = std::shared_ptr<const Schema>;

inline SchemaPtr make_schema(std::vector<Field> fields) {
  return std::make_shared<const Schema>(std::move(fields));
}

}  // namespace velo
