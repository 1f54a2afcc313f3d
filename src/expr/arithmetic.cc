// + - * / % and bit operations on numbers. Fast loops first compute all rows and gather whether any
// overflowed; only then a second pass finds the rows at fault.
#include <cmath>

#include "base/fmt.h"
#include "column/decimal.h"
#include "column/scalar.h"
#include "expr/function_table.h"
#include "expr/kernel.h"

namespace velo {
namespace {

std::string operand_text(const KernelCall& call, size_t arg, size_t row) {
  std::string text;
  append_text(text, *call.args[arg], row);
  return text;
}

void fail_overflow(KernelCall& call, size_t row, char op) {
  call.fail(row, ErrorCode::kOverflow,
            fmt::format("{} {} {} does not fit in {}", operand_text(call, 0, row), op,
                        operand_text(call, 1, row), call.out.type().to_string()));
}

void fail_zero(KernelCall& call, size_t row, char op) {
  call.fail(row, ErrorCode::kDivisionByZero,
            fmt::format("division by zero: {} {} {}", operand_text(call, 0, row), op,
                        operand_text(call, 1, row)));
}

// --- Integers ---

/// Each step computes wrapped and tells overflow in the sign bit of `bad`: no branch, so that the
/// loop vectorises.
struct Add {
  static constexpr char kSign = '+';
  static int64_t step(int64_t a, int64_t b, int64_t* bad) {
    const auto r = static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    *bad |= (a ^ r) & (b ^ r);
    return r;
  }
  static bool checked(int64_t a, int64_t b, int64_t* r) { return __builtin_add_overflow(a, b, r); }
};

struct Subtract {
  static constexpr char kSign = '-';
  static int64_t step(int64_t a, int64_t b, int64_t* bad) {
    const auto r = static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
    *bad |= (a ^ b) & (a ^ r);
    return r;
  }
  static bool checked(int64_t a, int64_t b, int64_t* r) { return __builtin_sub_overflow(a, b, r); }
};

struct Multiply {
  static constexpr char kSign = '*';
  static int64_t step(int64_t a, int64_t b, int64_t* bad) {
    int64_t r;
    *bad |= -static_cast<int64_t>(__builtin_mul_overflow(a, b, &r));
    return r;
  }
  static bool checked(int64_t a, int64_t b, int64_t* r) { return __builtin_mul_overflow(a, b, r); }
};

template <typename Op>
void integer_operation(KernelCall& call) {
  const int64_t low = call.out.type().is_integer() ? call.out.type().integer_min() : INT64_MIN;
  const int64_t high = call.out.type().is_integer() ? call.out.type().integer_max() : INT64_MAX;
  int64_t bad = 0;
  map_all2<int64_t, int64_t, int64_t>(
      call, [&bad](int64_t a, int64_t b) { return Op::step(a, b, &bad); });
  if (high != INT64_MAX) {
    const int64_t* out = call.out.values<int64_t>();
    int64_t outside = 0;
    for (size_t row = 0; row < call.rows; ++row) outside |= (out[row] < low) | (out[row] > high);
    bad |= -outside;
  }
  if (bad >= 0) return;
  const Values<int64_t> a(call, 0);
  const Values<int64_t> b(call, 1);
  for_valid(call, [&](size_t row) {
    int64_t r = 0;
    if (Op::checked(a[row], b[row], &r) || r < low || r > high) fail_overflow(call, row, Op::kSign);
  });
}

void integer_divide(KernelCall& call) {
  const Values<int64_t> a(call, 0);
  const Values<int64_t> b(call, 1);
  int64_t* out = call.out.values<int64_t>();
  const int64_t high = call.out.type().integer_max();
  for_valid(call, [&](size_t row) {
    if (b[row] == 0) [[unlikely]]
      return fail_zero(call, row, '/');
    if (b[row] == -1) {
      // The only quotient that can leave the range.
      if (a[row] == call.out.type().integer_min()) return fail_overflow(call, row, '/');
      out[row] = -a[row];
    } else {
      out[row] = a[row] / b[row];
      if (out[row] > high) fail_overflow(call, row, '/');
    }
  });
}

void integer_modulo(KernelCall& call) {
  const Values<int64_t> a(call, 0);
  const Values<int64_t> b(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (b[row] == 0) [[unlikely]]
      return fail_zero(call, row, '%');
    out[row] = b[row] == -1 ? 0 : a[row] % b[row];
  });
}

void integer_negate(KernelCall& call) {
  const Values<int64_t> a(call, 0);
  int64_t* out = call.out.values<int64_t>();
  const int64_t low = call.out.type().is_integer() ? call.out.type().integer_min() : INT64_MIN;
  for_valid(call, [&](size_t row) {
    if (a[row] == low) [[unlikely]] {
      return call.fail(row, ErrorCode::kOverflow,
                       fmt::format("-({}) does not fit in {}", operand_text(call, 0, row),
                                   call.out.type().to_string()));
    }
    out[row] = -a[row];
  });
}

// --- Doubles ---

/// FLOAT results are rounded to float.
void round_single(KernelCall& call) {
  if (call.out.type().kind() != TypeKind::kFloat) return;
  double* out = call.out.values<double>();
  for (size_t row = 0; row < call.rows; ++row) {
    out[row] = static_cast<double>(static_cast<float>(out[row]));
  }
}

void double_add(KernelCall& call) {
  map_all2<double, double, double>(call, [](double a, double b) { return a + b; });
  round_single(call);
}

void double_subtract(KernelCall& call) {
  map_all2<double, double, double>(call, [](double a, double b) { return a - b; });
  round_single(call);
}

void double_multiply(KernelCall& call) {
  map_all2<double, double, double>(call, [](double a, double b) { return a * b; });
  round_single(call);
}

void fail_zero_divisors(KernelCall& call, char op) {
  const Values<double> b(call, 1);
  bool any = false;
  for (size_t row = 0; row < call.rows; ++row) any |= b[row] == 0.0;
  if (!any) return;
  for_valid(call, [&](size_t row) {
    if (b[row] == 0.0) fail_zero(call, row, op);
  });
}

void double_divide(KernelCall& call) {
  map_all2<double, double, double>(call, [](double a, double b) { return a / b; });
  round_single(call);
  fail_zero_divisors(call, '/');
}

void double_modulo(KernelCall& call) {
  const Values<double> a(call, 0);
  const Values<double> b(call, 1);
  double* out = call.out.values<double>();
  for_valid(call, [&](size_t row) {
    if (b[row] == 0.0) [[unlikely]]
      return fail_zero(call, row, '%');
    out[row] = std::fmod(a[row], b[row]);
  });
  round_single(call);
}

void double_negate(KernelCall& call) {
  map_all<double, double>(call, [](double a) { return -a; });
}

// --- Decimals: exact, or an error of the row ---

template <typename F>
void decimal_operation(KernelCall& call, char op, F f) {
  const Values<int128_t> a(call, 0);
  const Values<int128_t> b(call, 1);
  int128_t* out = call.out.values<int128_t>();
  const int precision = call.out.type().precision();
  for_valid(call, [&](size_t row) {
    if (!f(a[row], b[row], &out[row]) || !fits_precision(out[row], precision)) [[unlikely]] {
      fail_overflow(call, row, op);
    }
  });
}

/// Both operands at the larger scale, then moved to the result's without losing a digit.
template <bool kSubtract>
void decimal_sum(KernelCall& call) {
  const int sa = call.arg_type(0).scale();
  const int sb = call.arg_type(1).scale();
  const int wide = std::max(sa, sb);
  const int128_t fa = power_of_ten(wide - sa);
  const int128_t fb = power_of_ten(wide - sb);
  const int scale = call.out.type().scale();
  const auto sum = [](int128_t x, int128_t y, int128_t* r) {
    return !(kSubtract ? __builtin_sub_overflow(x, y, r) : __builtin_add_overflow(x, y, r));
  };
  decimal_operation(call, kSubtract ? '-' : '+', [=](int128_t a, int128_t b, int128_t* r) {
    int128_t x = 0;
    int128_t y = 0;
    bool lossless = true;
    if (!__builtin_mul_overflow(a, fa, &x) && !__builtin_mul_overflow(b, fb, &y) && sum(x, y, r)) {
      return wide == scale || (rescale(*r, wide, scale, r, &lossless) && lossless);
    }
    // Too large at the larger scale: exact at the result's if neither has digits below it.
    bool also = true;
    return rescale(a, sa, scale, &x, &lossless) && rescale(b, sb, scale, &y, &also) && lossless &&
           also && sum(x, y, r);
  });
}

void decimal_multiply(KernelCall& call) {
  const int product_scale = call.arg_type(0).scale() + call.arg_type(1).scale();
  const int scale = call.out.type().scale();
  const int128_t divisor = power_of_ten(product_scale - scale);
  decimal_operation(call, '*', [=](int128_t a, int128_t b, int128_t* r) {
    if (!__builtin_mul_overflow(a, b, r)) {
      if (product_scale == scale) return true;
      bool lossless = true;
      return rescale(*r, product_scale, scale, r, &lossless) && lossless;
    }
    if (product_scale == scale || !multiply_divide(a, b, divisor, r)) return false;
    // Exact exactly when the product, modulo 2^128, is the quotient times the divisor.
    return static_cast<uint128_t>(*r) * static_cast<uint128_t>(divisor) ==
           static_cast<uint128_t>(a) * static_cast<uint128_t>(b);
  });
}

void decimal_divide(KernelCall& call) {
  const int shift = call.out.type().scale() - call.arg_type(0).scale() + call.arg_type(1).scale();
  const Values<int128_t> a(call, 0);
  const Values<int128_t> b(call, 1);
  int128_t* out = call.out.values<int128_t>();
  const int precision = call.out.type().precision();
  const int128_t factor = power_of_ten(std::min(std::max(shift, 0), kDecimalDigitsMax));
  for_valid(call, [&](size_t row) {
    if (b[row] == 0) [[unlikely]]
      return fail_zero(call, row, '/');
    int128_t divisor = b[row];
    bool fits = shift <= kDecimalDigitsMax;
    if (shift < 0) fits = !__builtin_mul_overflow(divisor, power_of_ten(-shift), &divisor);
    if (!fits || !multiply_divide(a[row], factor, divisor, &out[row]) ||
        !fits_precision(out[row], precision)) [[unlikely]] {
      fail_overflow(call, row, '/');
    }
  });
}

/// x·10^n mod y. REQUIRES: 0 < y < 10^38. No sum exceeds 2y, which fits in 128 bits.
uint128_t shifted_modulo(uint128_t x, int n, uint128_t y) {
  const auto plus = [y](uint128_t a, uint128_t b) { return a + b >= y ? a + b - y : a + b; };
  uint128_t rest = x % y;
  for (; n > 0; --n) {
    const uint128_t twice = plus(rest, rest);
    const uint128_t five_times = plus(plus(twice, twice), rest);
    rest = plus(five_times, five_times);
  }
  return rest;
}

void decimal_modulo(KernelCall& call) {
  const int scale = call.out.type().scale();
  const int shift = scale - call.arg_type(0).scale();
  const int128_t fa = power_of_ten(shift);
  const int128_t fb = power_of_ten(scale - call.arg_type(1).scale());
  const Values<int128_t> b(call, 1);
  for_valid(call, [&](size_t row) {
    if (b[row] == 0) fail_zero(call, row, '%');
  });
  decimal_operation(call, '%', [=](int128_t x, int128_t y, int128_t* r) {
    int128_t high = 0;
    if (__builtin_mul_overflow(y, fb, &y)) {
      *r = x;  // a divisor beyond 128 bits, and the dividend is at the result's scale
    } else if (__builtin_mul_overflow(x, fa, &high)) {
      const auto rest = static_cast<int128_t>(shifted_modulo(
          static_cast<uint128_t>(x < 0 ? -x : x), shift, static_cast<uint128_t>(y < 0 ? -y : y)));
      *r = x < 0 ? -rest : rest;
    } else {
      *r = y == -1 ? 0 : high % y;
    }
    return true;
  });
}

void decimal_negate(KernelCall& call) {
  map_all<int128_t, int128_t>(call, [](int128_t a) { return -a; });
}

// --- Bits ---

void bit_and(KernelCall& call) {
  map_all2<int64_t, int64_t, int64_t>(call, [](int64_t a, int64_t b) { return a & b; });
}
void bit_or(KernelCall& call) {
  map_all2<int64_t, int64_t, int64_t>(call, [](int64_t a, int64_t b) { return a | b; });
}
void bit_xor(KernelCall& call) {
  map_all2<int64_t, int64_t, int64_t>(call, [](int64_t a, int64_t b) { return a ^ b; });
}
void bit_not(KernelCall& call) {
  map_all<int64_t, int64_t>(call, [](int64_t a) { return ~a; });
}

/// Shifts of a 64-bit word; a distance outside 0…63 is an error of the row.
template <bool kLeft>
void bit_shift(KernelCall& call) {
  const Values<int64_t> a(call, 0);
  const Values<int64_t> b(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (b[row] < 0 || b[row] > 63) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("cannot shift by {}: 0 to 63 bits", b[row]));
    }
    out[row] =
        kLeft ? static_cast<int64_t>(static_cast<uint64_t>(a[row]) << b[row]) : a[row] >> b[row];
  });
}

// --- Intervals ---

void interval_scale(KernelCall& call) {
  const Values<int64_t> a(call, 0);
  const Values<double> b(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    const double product = std::nearbyint(static_cast<double>(a[row]) * b[row]);
    if (!(product >= -0x1p63 && product < 0x1p63)) return fail_overflow(call, row, '*');
    out[row] = static_cast<int64_t>(product);
  });
}

bool type_of_second(std::vector<Type>& args, Type* result) {
  *result = args[1];
  return true;
}

// --- Types ---

bool wider_integer(std::vector<Type>& args, Type* result) {
  *result = args[0].kind() >= args[1].kind() ? args[0] : args[1];
  return true;
}

bool float_or_double(std::vector<Type>& args, Type* result) {
  bool single = true;
  for (const Type& arg : args) single &= arg.kind() == TypeKind::kFloat;
  *result = single ? Type::float32() : Type::float64();
  return true;
}

bool decimal_add_rule(std::vector<Type>& args, Type* result) {
  *result = decimal_add_type(args[0], args[1]);
  return true;
}
bool decimal_multiply_rule(std::vector<Type>& args, Type* result) {
  *result = decimal_multiply_type(args[0], args[1]);
  return true;
}
bool decimal_divide_rule(std::vector<Type>& args, Type* result) {
  *result = decimal_divide_type(args[0], args[1]);
  return true;
}
bool decimal_modulo_rule(std::vector<Type>& args, Type* result) {
  *result = decimal_modulo_type(args[0], args[1]);
  return true;
}

constexpr uint32_t kOp = kInfix | kCheap;
constexpr uint32_t kSafe = kInfix | kCheap | kInfallible;

const Function kFunctions[] = {
    {"+", "(a int, b int) -> rule", integer_operation<Add>, kOp,
     "Sum; overflow is an error of the row", "1 + 2", "3", wider_integer},
    {"+", "(a double, b double) -> rule", double_add, kSafe, "Sum", "1.5e0 + 2e0", "3.5",
     float_or_double},
    {"+", "(a decimal, b decimal) -> rule", decimal_sum<false>, kOp, "Exact sum", "0.1 + 0.2",
     "0.3", decimal_add_rule},
    {"-", "(a int, b int) -> rule", integer_operation<Subtract>, kOp, "Difference", "1 - 2", "-1",
     wider_integer},
    {"-", "(a double, b double) -> rule", double_subtract, kSafe, "Difference", "1.5e0 - 2e0",
     "-0.5", float_or_double},
    {"-", "(a decimal, b decimal) -> rule", decimal_sum<true>, kOp, "Exact difference",
     "0.3 - 0.25", "0.05", decimal_add_rule},
    {"-", "(a int) -> same", integer_negate, kOp, "Negation", "-(3)", "-3"},
    {"-", "(a double) -> same", double_negate, kSafe, "Negation", "-(1.5e0)", "-1.5"},
    {"-", "(a decimal) -> same", decimal_negate, kSafe, "Negation", "-(1.50)", "-1.50"},
    {"-", "(i interval_day) -> same", integer_negate, kOp, "Negation", "-(INTERVAL '1' SECOND)",
     ""},
    {"-", "(i interval_month) -> same", integer_negate, kOp, "Negation", "-(INTERVAL '1' MONTH)",
     ""},
    {"+", "(a interval_day, b interval_day) -> same", integer_operation<Add>, kOp,
     "Sum of durations", "INTERVAL '1' DAY + INTERVAL '1' HOUR", "1 01:00:00"},
    {"+", "(a interval_month, b interval_month) -> same", integer_operation<Add>, kOp,
     "Sum of months", "INTERVAL '1' YEAR + INTERVAL '1' MONTH", "1-01"},
    {"-", "(a interval_day, b interval_day) -> same", integer_operation<Subtract>, kOp,
     "Difference of durations", "INTERVAL '1' DAY - INTERVAL '1' HOUR", "0 23:00:00"},
    {"-", "(a interval_month, b interval_month) -> same", integer_operation<Subtract>, kOp,
     "Difference of months", "INTERVAL '1' YEAR - INTERVAL '1' MONTH", "0-11"},
    {"*", "(i interval_day, n int) -> same", integer_operation<Multiply>, kOp, "n times as long",
     "INTERVAL '1' HOUR * 2", "0 02:00:00"},
    {"*", "(i interval_month, n int) -> same", integer_operation<Multiply>, kOp, "n times as long",
     "INTERVAL '1' MONTH * 2", "0-02"},
    {"*", "(n int, i interval_day) -> rule", integer_operation<Multiply>, kOp, "n times as long",
     "2 * INTERVAL '1' HOUR", "0 02:00:00", type_of_second},
    {"*", "(n int, i interval_month) -> rule", integer_operation<Multiply>, kOp, "n times as long",
     "2 * INTERVAL '1' MONTH", "0-02", type_of_second},
    {"*", "(i interval_day, x float64) -> same", interval_scale, kOp, "x times as long",
     "INTERVAL '1' HOUR * 0.5", "0 00:30:00"},
    {"/", "(i interval_day, n int) -> same", integer_divide, kOp, "The n-th part",
     "INTERVAL '1' HOUR / 2", "0 00:30:00"},
    {"*", "(a int, b int) -> rule", integer_operation<Multiply>, kOp, "Product", "6 * 7", "42",
     wider_integer},
    {"*", "(a double, b double) -> rule", double_multiply, kSafe, "Product", "1.5e0 * 2e0", "3.0",
     float_or_double},
    {"*", "(a decimal, b decimal) -> rule", decimal_multiply, kOp, "Exact product", "1.5 * 2.25",
     "3.375", decimal_multiply_rule},
    {"/", "(a int, b int) -> rule", integer_divide, kOp,
     "Quotient, truncated; division by zero is an error of the row", "7 / 2", "3", wider_integer},
    {"/", "(a double, b double) -> rule", double_divide, kOp, "Quotient", "7e0 / 2e0", "3.5",
     float_or_double},
    {"/", "(a decimal, b decimal) -> rule", decimal_divide, kOp,
     "Quotient, rounded half up to its scale", "1.00 / 3.0", "0.333333", decimal_divide_rule},
    {"%,MOD", "(a int, b int) -> rule", integer_modulo, kOp,
     "Remainder with the sign of the dividend", "-7 % 3", "-1", wider_integer},
    {"%,MOD", "(a double, b double) -> rule", double_modulo, kOp, "Remainder", "7.5e0 % 2e0", "1.5",
     float_or_double},
    {"%,MOD", "(a decimal, b decimal) -> rule", decimal_modulo, kOp, "Remainder", "7.5 % 2", "1.5",
     decimal_modulo_rule},
    {"BITAND", "(a int, b int) -> rule", bit_and, kCheap | kInfallible, "Bits set in both",
     "BITAND(12, 10)", "8", wider_integer},
    {"BITOR", "(a int, b int) -> rule", bit_or, kCheap | kInfallible, "Bits set in either",
     "BITOR(12, 10)", "14", wider_integer},
    {"BITXOR", "(a int, b int) -> rule", bit_xor, kCheap | kInfallible, "Bits set in one only",
     "BITXOR(12, 10)", "6", wider_integer},
    {"BITNOT", "(a int) -> same", bit_not, kCheap | kInfallible, "All bits flipped", "BITNOT(5)",
     "-6"},
    {"SHIFTLEFT,SHIFT_LEFT", "(a bigint, distance int) -> bigint", bit_shift<true>, kCheap,
     "Bits moved up", "SHIFTLEFT(1, 4)", "16"},
    {"SHIFTRIGHT,SHIFT_RIGHT", "(a bigint, distance int) -> bigint", bit_shift<false>, kCheap,
     "Bits moved down, keeping the sign", "SHIFTRIGHT(-16, 2)", "-4"},
};

}  // namespace

std::span<const Function> arithmetic_functions() { return kFunctions; }

}  // namespace velo
