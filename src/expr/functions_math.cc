// Mathematics on doubles, and sign and magnitude of any number. Outside its domain a function fails
// the row, as in PostgreSQL; infinities and NaN go through as IEEE 754 says.
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/fmt.h"
#include "column/decimal.h"
#include "column/scalar.h"
#include "expr/function_table.h"
#include "expr/kernel.h"

namespace velo {
namespace {

using Real = double (*)(double);

template <Real kF>
void real(KernelCall& call) {
  map_all<double, double>(call, [](double x) { return kF(x); });
}

void fail_domain(KernelCall& call, size_t row, double x) {
  call.fail(row, ErrorCode::kEvaluation, fmt::format("{}: not a number this function takes", x));
}

/// f where `in_domain(x)`; NaN goes through.
template <typename F, typename D>
void real_within(KernelCall& call, F f, D in_domain) {
  const Values<double> in(call, 0);
  double* out = call.out.values<double>();
  for_valid(call, [&](size_t row) {
    if (!in_domain(in[row]) && !std::isnan(in[row])) [[unlikely]] {
      return fail_domain(call, row, in[row]);
    }
    out[row] = f(in[row]);
  });
}

void square_root(KernelCall& call) {
  real_within(call, [](double x) { return std::sqrt(x); }, [](double x) { return x >= 0; });
}

template <Real kF>
void logarithm(KernelCall& call) {
  real_within(call, [](double x) { return kF(x); }, [](double x) { return x > 0; });
}

template <Real kF>
void inverse_of_unit(KernelCall& call) {
  real_within(call, [](double x) { return kF(x); }, [](double x) { return x >= -1 && x <= 1; });
}

void inverse_hyperbolic_cosine(KernelCall& call) {
  real_within(call, [](double x) { return std::acosh(x); }, [](double x) { return x >= 1; });
}
void inverse_hyperbolic_tangent(KernelCall& call) {
  real_within(
      call, [](double x) { return std::atanh(x); }, [](double x) { return x > -1 && x < 1; });
}

void logarithm_to_base(KernelCall& call) {
  const Values<double> base(call, 0);
  const Values<double> x(call, 1);
  double* out = call.out.values<double>();
  for_valid(call, [&](size_t row) {
    if (base[row] <= 0 || base[row] == 1) return fail_domain(call, row, base[row]);
    if (x[row] <= 0) return fail_domain(call, row, x[row]);
    out[row] = std::log(x[row]) / std::log(base[row]);
  });
}

void power(KernelCall& call) {
  const Values<double> x(call, 0);
  const Values<double> y(call, 1);
  double* out = call.out.values<double>();
  for_valid(call, [&](size_t row) {
    if (x[row] < 0 && std::floor(y[row]) != y[row]) [[unlikely]]
      return fail_domain(call, row, x[row]);
    if (x[row] == 0 && y[row] < 0) [[unlikely]] {
      return call.fail(row, ErrorCode::kDivisionByZero,
                       fmt::format("0 to the power of {}", y[row]));
    }
    out[row] = std::pow(x[row], y[row]);
  });
}

void arc_tangent2(KernelCall& call) {
  map_all2<double, double, double>(call, [](double y, double x) { return std::atan2(y, x); });
}

void hypotenuse(KernelCall& call) {
  map_all2<double, double, double>(call, [](double y, double x) { return std::hypot(y, x); });
}

double degrees_of(double x) { return x * (180.0 / std::numbers::pi); }
double radians_of(double x) { return x * (std::numbers::pi / 180.0); }
/// Exact for cubes, which std::cbrt may miss by a bit.
double cube_root(double x) {
  const double root = std::cbrt(x);
  const double whole = std::nearbyint(root);
  return whole * whole * whole == x ? whole : root;
}
double cotangent_of(double x) { return 1.0 / std::tan(x); }

template <int kWhich>
void number(KernelCall& call) {
  constexpr double kValue = kWhich == 0 ? std::numbers::pi : std::numbers::e;
  for (size_t row = 0; row < call.rows; ++row) call.out.values<double>()[row] = kValue;
}

// --- Whole numbers ---

/// out = f(a, b), or the row fails where f says false.
template <typename F>
void whole_numbers(KernelCall& call, std::string_view name, F f) {
  const Values<int64_t> a(call, 0);
  const Values<int64_t> b(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (f(a[row], b[row], &out[row])) return;
    call.fail(row, b[row] == 0 ? ErrorCode::kDivisionByZero : ErrorCode::kOverflow,
              fmt::format("{}({}, {}) has no BIGINT", name, a[row], b[row]));
  });
}

uint64_t magnitude(int64_t x) {
  return x < 0 ? 0 - static_cast<uint64_t>(x) : static_cast<uint64_t>(x);
}

uint64_t divisor(int64_t a, int64_t b) { return std::gcd(magnitude(a), magnitude(b)); }

void quotient(KernelCall& call) {
  whole_numbers(call, "DIV", [](int64_t a, int64_t b, int64_t* out) {
    if (b == 0 || (a == INT64_MIN && b == -1)) return false;
    *out = a / b;
    return true;
  });
}

void greatest_divisor(KernelCall& call) {
  whole_numbers(call, "GCD", [](int64_t a, int64_t b, int64_t* out) {
    const uint64_t found = divisor(a, b);
    *out = static_cast<int64_t>(found);
    return found <= INT64_MAX;
  });
}

void least_multiple(KernelCall& call) {
  whole_numbers(call, "LCM", [](int64_t a, int64_t b, int64_t* out) {
    if (a == 0 || b == 0) return *out = 0, true;
    uint64_t found = 0;
    if (__builtin_mul_overflow(magnitude(a) / divisor(a, b), magnitude(b), &found)) return false;
    *out = static_cast<int64_t>(found);
    return found <= INT64_MAX;
  });
}

void factorial(KernelCall& call) {
  const Values<int64_t> n(call, 0);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (n[row] < 0 || n[row] > 20) {
      return call.fail(row, ErrorCode::kOverflow,
                       fmt::format("FACTORIAL({}): 0 to 20 have one that fits", n[row]));
    }
    out[row] = 1;
    for (int64_t k = 2; k <= n[row]; ++k) out[row] *= k;
  });
}

// --- Sign and magnitude ---

void abs_double(KernelCall& call) {
  map_all<double, double>(call, [](double x) { return std::fabs(x); });
}
void abs_decimal(KernelCall& call) {
  map_all<int128_t, int128_t>(call, [](int128_t x) { return x < 0 ? -x : x; });
}
void abs_integer(KernelCall& call) {
  const Values<int64_t> in(call, 0);
  int64_t* out = call.out.values<int64_t>();
  const int64_t low = call.out.type().integer_min();
  for_valid(call, [&](size_t row) {
    if (in[row] == low) [[unlikely]] {
      return call.fail(
          row, ErrorCode::kOverflow,
          fmt::format("ABS({}) does not fit in {}", in[row], call.out.type().to_string()));
    }
    out[row] = in[row] < 0 ? -in[row] : in[row];
  });
}

template <typename T, typename Out>
void sign(KernelCall& call) {
  map_all<Out, T>(call, [](T x) {
    return static_cast<Out>(static_cast<int>(x > 0) - static_cast<int>(x < 0));
  });
}

void is_nan(KernelCall& call) {
  map_all<uint8_t, double>(call, [](double x) { return static_cast<uint8_t>(x != x); });
}
void is_infinite(KernelCall& call) {
  map_all<uint8_t, double>(call, [](double x) { return static_cast<uint8_t>(std::isinf(x)); });
}

/// Which of `count` equal buckets between low and high x falls in; 0 below, count + 1 above (SQL
/// standard).
void width_bucket(KernelCall& call) {
  const Values<double> x(call, 0);
  const Values<double> low(call, 1);
  const Values<double> high(call, 2);
  const Values<int64_t> count(call, 3);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (count[row] <= 0 || low[row] == high[row] || count[row] == INT64_MAX || std::isnan(x[row])) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("WIDTH_BUCKET({}, {}, {}, {}) has no buckets", x[row], low[row],
                                   high[row], count[row]));
    }
    const double place = (x[row] - low[row]) / (high[row] - low[row]);
    const auto buckets = static_cast<double>(count[row]);
    if (place < 0) {
      out[row] = 0;
    } else if (place >= 1) {
      out[row] = count[row] + 1;
    } else {
      out[row] = static_cast<int64_t>(place * buckets) + 1;
    }
  });
}

const Function kFunctions[] = {
    {"ABS", "(x int) -> same", abs_integer, kCheap, "Magnitude", "ABS(-3)", "3"},
    {"ABS", "(x double) -> same", abs_double, kCheap | kInfallible, "Magnitude", "ABS(-1.5e0)",
     "1.5"},
    {"ABS", "(x decimal) -> same", abs_decimal, kCheap | kInfallible, "Magnitude", "ABS(-1.50)",
     "1.50"},
    {"SIGN", "(x int) -> integer", sign<int64_t, int64_t>, kCheap | kInfallible, "−1, 0 or 1",
     "SIGN(-3)", "-1"},
    {"SIGN", "(x double) -> same", sign<double, double>, kCheap | kInfallible, "−1, 0 or 1",
     "SIGN(-1.5e0)", "-1.0"},
    {"SIGN", "(x decimal) -> integer", sign<int128_t, int64_t>, kCheap | kInfallible, "−1, 0 or 1",
     "SIGN(-1.50)", "-1"},
    {"SQRT", "(x float64) -> float64", square_root, kStrict, "Square root", "SQRT(2.25)", "1.5"},
    {"CBRT", "(x float64) -> float64", real<cube_root>, kInfallible, "Cube root", "CBRT(27)",
     "3.0"},
    {"POWER,POW", "(x float64, y float64) -> float64", power, kStrict, "x to the power of y",
     "POWER(2, 10)", "1024.0"},
    {"EXP", "(x float64) -> float64", real<std::exp>, kInfallible, "e to the power of x", "EXP(0)",
     "1.0"},
    {"LN", "(x float64) -> float64", logarithm<std::log>, kStrict, "Natural logarithm", "LN(1)",
     "0.0"},
    {"LOG", "(base float64, x float64) -> float64", logarithm_to_base, kStrict,
     "Logarithm to a base", "LOG(2, 8)", "3.0"},
    {"LOG,LOG10", "(x float64) -> float64", logarithm<std::log10>, kStrict, "Logarithm to base 10",
     "LOG10(1000)", "3.0"},
    {"LOG2", "(x float64) -> float64", logarithm<std::log2>, kStrict, "Logarithm to base 2",
     "LOG2(8)", "3.0"},
    {"SIN", "(x float64) -> float64", real<std::sin>, kInfallible, "Sine", "SIN(0)", "0.0"},
    {"COS", "(x float64) -> float64", real<std::cos>, kInfallible, "Cosine", "COS(0)", "1.0"},
    {"TAN", "(x float64) -> float64", real<std::tan>, kInfallible, "Tangent", "TAN(0)", "0.0"},
    {"COT", "(x float64) -> float64", real<cotangent_of>, kInfallible, "Cotangent",
     "ROUND(COT(0.785398163397448), 6)", "1.0"},
    {"ASIN", "(x float64) -> float64", inverse_of_unit<std::asin>, kStrict, "Inverse sine",
     "ASIN(0)", "0.0"},
    {"ACOS", "(x float64) -> float64", inverse_of_unit<std::acos>, kStrict, "Inverse cosine",
     "ACOS(1)", "0.0"},
    {"ATAN", "(x float64) -> float64", real<std::atan>, kInfallible, "Inverse tangent", "ATAN(0)",
     "0.0"},
    {"ATAN2", "(y float64, x float64) -> float64", arc_tangent2, kInfallible,
     "Angle of the point (x, y)", "ATAN2(0, 1)", "0.0"},
    {"SINH", "(x float64) -> float64", real<std::sinh>, kInfallible, "Hyperbolic sine", "SINH(0)",
     "0.0"},
    {"COSH", "(x float64) -> float64", real<std::cosh>, kInfallible, "Hyperbolic cosine", "COSH(0)",
     "1.0"},
    {"TANH", "(x float64) -> float64", real<std::tanh>, kInfallible, "Hyperbolic tangent",
     "TANH(0)", "0.0"},
    {"ASINH", "(x float64) -> float64", real<std::asinh>, kInfallible, "Inverse hyperbolic sine",
     "ASINH(0)", "0.0"},
    {"ACOSH", "(x float64) -> float64", inverse_hyperbolic_cosine, kStrict,
     "Inverse hyperbolic cosine", "ACOSH(1)", "0.0"},
    {"ATANH", "(x float64) -> float64", inverse_hyperbolic_tangent, kStrict,
     "Inverse hyperbolic tangent", "ATANH(0)", "0.0"},
    {"DIV", "(a bigint, b bigint) -> bigint", quotient, kStrict, "Whole quotient, towards zero",
     "DIV(-7, 2)", "-3"},
    {"GCD", "(a bigint, b bigint) -> bigint", greatest_divisor, kStrict, "Greatest common divisor",
     "GCD(12, 18)", "6"},
    {"LCM", "(a bigint, b bigint) -> bigint", least_multiple, kStrict, "Least common multiple",
     "LCM(4, 6)", "12"},
    {"FACTORIAL", "(n bigint) -> bigint", factorial, kStrict, "1 · 2 · … · n, up to 20",
     "FACTORIAL(5)", "120"},
    {"HYPOT", "(y float64, x float64) -> float64", hypotenuse, kInfallible,
     "Length of the vector (x, y)", "HYPOT(3, 4)", "5.0"},
    {"DEGREES", "(x float64) -> float64", real<degrees_of>, kInfallible, "Radians to degrees",
     "DEGREES(PI())", "180.0"},
    {"RADIANS", "(x float64) -> float64", real<radians_of>, kInfallible, "Degrees to radians",
     "RADIANS(0)", "0.0"},
    {"PI", "() -> float64", number<0>, kInfallible, "3.14159…", "ROUND(PI(), 4)", "3.1416"},
    {"E", "() -> float64", number<1>, kInfallible, "2.71828…", "ROUND(E(), 4)", "2.7183"},
    {"IS_NAN", "(x double) -> boolean", is_nan, kInfallible, "Whether x is not a number",
     "IS_NAN(1)", "FALSE"},
    {"IS_INF", "(x double) -> boolean", is_infinite, kInfallible, "Whether x is infinite",
     "IS_INF(1)", "FALSE"},
    {"WIDTH_BUCKET", "(x float64, low float64, high float64, count bigint) -> bigint", width_bucket,
     kStrict, "Which of `count` equal buckets x falls in", "WIDTH_BUCKET(5, 0, 10, 4)", "3"},
};

}  // namespace

std::span<const Function> math_functions() { return kFunctions; }

}  // namespace velo
