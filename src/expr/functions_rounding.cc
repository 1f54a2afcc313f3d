// CEIL, FLOOR, ROUND, TRUNCATE of numbers. ROUND goes half away from zero. A literal number of
// digits becomes the scale of a DECIMAL result (make_call sees to it).
#include <algorithm>
#include <cmath>

#include "base/fmt.h"
#include "column/decimal.h"
#include "column/scalar.h"
#include "expr/function_table.h"
#include "expr/kernel.h"

namespace velo {
namespace {

void same_integer(KernelCall& call) {
  map_all<int64_t, int64_t>(call, [](int64_t x) { return x; });
}

void ceil_double(KernelCall& call) {
  map_all<double, double>(call, [](double x) { return std::ceil(x); });
}
void floor_double(KernelCall& call) {
  map_all<double, double>(call, [](double x) { return std::floor(x); });
}

/// Quotient by 10^scale towards plus (kUp) or minus infinity.
template <bool kUp>
void whole_decimal(KernelCall& call) {
  const int128_t unit = power_of_ten(call.arg_type(0).scale());
  map_all<int128_t, int128_t>(call, [unit](int128_t x) {
    const int128_t quotient = x / unit;
    const int128_t rest = x % unit;
    if (kUp) return quotient + (rest > 0 ? 1 : 0);
    return quotient - (rest < 0 ? 1 : 0);
  });
}

bool whole_decimal_rule(std::vector<Type>& args, Type* result) {
  *result =
      Type::decimal(std::min(kDecimalDigitsMax, args[0].precision() - args[0].scale() + 1), 0);
  return true;
}

/// Digits to keep, per row; 0 without the argument.
class Digits {
 public:
  explicit Digits(const KernelCall& call)
      : given_(call.args.size() == 2), values_(*call.args[given_ ? 1 : 0], given_) {}
  int64_t operator[](size_t row) const { return given_ ? values_[row] : 0; }

 private:
  struct Optional {
    Optional(const Column& column, bool given) {
      if (!given) return;
      const Column& holder = column.is_flat() ? column : *column.base();
      values = holder.values<int64_t>();
      mask = column.is_flat() ? ~size_t{0} : 0;
    }
    int64_t operator[](size_t row) const { return values[row & mask]; }
    const int64_t* values = nullptr;
    size_t mask = 0;
  };
  bool given_;
  Optional values_;
};

double round_to(double x, int64_t digits, bool half_up) {
  if (!std::isfinite(x) || digits > 300) return x;
  if (digits < -308) return 0.0;
  const double factor = std::pow(10.0, static_cast<double>(std::abs(digits)));
  const double scaled = digits >= 0 ? x * factor : x / factor;
  if (!std::isfinite(scaled)) return x;
  const double whole = half_up ? std::round(scaled) : std::trunc(scaled);
  return digits >= 0 ? whole / factor : whole * factor;
}

template <bool kHalfUp>
void round_double(KernelCall& call) {
  const Values<double> in(call, 0);
  const Digits digits(call);
  double* out = call.out.values<double>();
  for_valid(call, [&](size_t row) { out[row] = round_to(in[row], digits[row], kHalfUp); });
}

/// `value` with its last `dropped` digits made zero. REQUIRES: 0 < dropped ≤ 38.
int128_t zero_digits(int128_t value, int dropped, bool half_up) {
  const int128_t unit = power_of_ten(dropped);
  const int128_t rest = value % unit;
  int128_t out = value - rest;
  const int128_t magnitude = rest < 0 ? -rest : rest;
  if (half_up && magnitude >= unit - magnitude) out += rest < 0 ? -unit : unit;
  return out;
}

template <bool kHalfUp>
void round_decimal(KernelCall& call) {
  const Values<int128_t> in(call, 0);
  const Digits digits(call);
  int128_t* out = call.out.values<int128_t>();
  const int64_t scale = call.arg_type(0).scale();
  for_valid(call, [&](size_t row) {
    const int64_t dropped = std::clamp<int64_t>(digits[row], -kDecimalDigitsMax - 1, scale);
    if (dropped == scale) {
      out[row] = in[row];
    } else if (scale - dropped > kDecimalDigitsMax) {
      out[row] = 0;
    } else {
      out[row] = zero_digits(in[row], static_cast<int>(scale - dropped), kHalfUp);
      if (!fits_precision(out[row], call.out.type().precision())) {
        call.fail(row, ErrorCode::kOverflow,
                  fmt::format("ROUND({}) does not fit in {}",
                              decimal_to_string(in[row], static_cast<int>(scale)),
                              call.out.type().to_string()));
      }
    }
  });
}

bool one_digit_more(std::vector<Type>& args, Type* result) {
  *result = Type::decimal(std::min(kDecimalDigitsMax, args[0].precision() + 1), args[0].scale());
  return true;
}

template <bool kHalfUp>
void round_integer(KernelCall& call) {
  const Values<int64_t> in(call, 0);
  const Digits digits(call);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (digits[row] >= 0) {
      out[row] = in[row];
      return;
    }
    const int dropped = static_cast<int>(-std::max<int64_t>(digits[row], -20));
    const int128_t value = zero_digits(in[row], dropped, kHalfUp);
    if (value > call.out.type().integer_max() || value < call.out.type().integer_min()) {
      return call.fail(row, ErrorCode::kOverflow,
                       fmt::format("ROUND({}, {}) does not fit in {}", in[row], digits[row],
                                   call.out.type().to_string()));
    }
    out[row] = static_cast<int64_t>(value);
  });
}

const Function kFunctions[] = {
    {"CEIL,CEILING", "(x int) -> same", same_integer, kInfallible | kCheap, "x", "CEIL(3)", "3"},
    {"CEIL,CEILING", "(x double) -> same", ceil_double, kInfallible | kCheap,
     "Least integer not below x", "CEIL(1.2e0)", "2.0"},
    {"CEIL,CEILING", "(x decimal) -> rule", whole_decimal<true>, kInfallible | kCheap,
     "Least integer not below x", "CEIL(-1.2)", "-1", whole_decimal_rule},
    {"FLOOR", "(x int) -> same", same_integer, kInfallible | kCheap, "x", "FLOOR(3)", "3"},
    {"FLOOR", "(x double) -> same", floor_double, kInfallible | kCheap,
     "Greatest integer not above x", "FLOOR(1.2e0)", "1.0"},
    {"FLOOR", "(x decimal) -> rule", whole_decimal<false>, kInfallible | kCheap,
     "Greatest integer not above x", "FLOOR(-1.2)", "-2", whole_decimal_rule},
    {"ROUND", "(x int, digits bigint?) -> same", round_integer<true>, kStrict,
     "Half away from zero; negative digits count left of the point", "ROUND(1250, -2)", "1300"},
    {"ROUND", "(x double, digits bigint?) -> same", round_double<true>, kInfallible,
     "Half away from zero to so many digits", "ROUND(2.675e0, 1)", "2.7"},
    {"ROUND", "(x decimal, digits bigint?) -> rule", round_decimal<true>, kStrict,
     "Half away from zero to so many digits", "ROUND(2.675, 2)", "2.68", one_digit_more},
    {"TRUNCATE,TRUNC", "(x int, digits bigint?) -> same", round_integer<false>, kStrict,
     "Towards zero; negative digits count left of the point", "TRUNCATE(1250, -2)", "1200"},
    {"TRUNCATE,TRUNC", "(x double, digits bigint?) -> same", round_double<false>, kInfallible,
     "Towards zero to so many digits", "TRUNCATE(-1.29e0, 1)", "-1.2"},
    {"TRUNCATE,TRUNC", "(x decimal, digits bigint?) -> rule", round_decimal<false>, kStrict,
     "Towards zero to so many digits", "TRUNCATE(2.679, 2)", "2.67", one_digit_more},
};

}  // namespace

std::span<const Function> rounding_functions() { return kFunctions; }

}  // namespace velo
