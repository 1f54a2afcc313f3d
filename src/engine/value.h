#pragma once

#include <cstdint>
#include <string_view>

#include "base/int128.h"
#include "column/type.h"

namespace velo {

/// One field of a pushed record: a small tagged union that owns nothing and allocates nothing. Text
/// must live until the push returns.
class Value {
 public:
  enum class Kind : uint8_t { kNull, kBool, kInt64, kDouble, kDecimal, kText };

  Value() = default;
  static Value null() { return Value(); }
  static Value boolean(bool v) { return Value(Kind::kBool, int64_t{v}); }
  /// Integers, and dates, times and intervals by their int64 form (timestamps in µs).
  static Value int64(int64_t v) { return Value(Kind::kInt64, v); }
  static Value float64(double v) {
    Value value(Kind::kDouble, int64_t{0});
    value.double_ = v;
    return value;
  }
  /// The unscaled number of a DECIMAL of the column's scale; 64 bits of it (wider ones by Batch).
  static Value decimal(int64_t unscaled) { return Value(Kind::kDecimal, unscaled); }
  /// STRING or BYTES.
  static Value text(std::string_view v) {
    Value value(Kind::kText, int64_t{0});
    value.text_ = v.data();
    value.size_ = static_cast<uint32_t>(v.size());
    return value;
  }

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  int64_t as_int64() const { return int64_; }
  double as_double() const { return double_; }
  bool as_bool() const { return int64_ != 0; }
  std::string_view as_text() const { return {text_, size_}; }

 private:
  Value(Kind kind, int64_t v) : kind_(kind), int64_(v) {}
  Kind kind_ = Kind::kNull;
  uint32_t size_ = 0;
  union {
    int64_t int64_ = 0;
    double double_;
    const char* text_;
  };
};

}  // namespace velo
