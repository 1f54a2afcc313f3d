// = <> < <= > >=, IS [NOT] DISTINCT FROM, GREATEST, LEAST. NaN equals itself and stands above all
// other doubles, so that every comparison, sort and group agrees.
#include "column/decimal.h"
#include "column/scalar.h"
#include "expr/function_table.h"
#include "expr/kernel.h"

namespace velo {
namespace {

template <typename T>
bool is_equal(const T& a, const T& b) {
  return a == b;
}
inline bool is_equal(double a, double b) { return (a == b) | ((a != a) & (b != b)); }

template <typename T>
bool is_less(const T& a, const T& b) {
  return a < b;
}
inline bool is_less(double a, double b) { return (a < b) | ((b != b) & (a == a)); }

/// a < 0 … exact order of two decimals of different scales.
int compare_decimals(int128_t a, int scale_a, int128_t b, int scale_b) {
  const bool scale_up_a = scale_a < scale_b;
  int128_t& small = scale_up_a ? a : b;
  const int128_t factor = power_of_ten(scale_up_a ? scale_b - scale_a : scale_a - scale_b);
  const int sign = small < 0 ? -1 : 1;
  if (__builtin_mul_overflow(small, factor, &small)) {
    // Beyond every 128-bit number: its sign decides.
    return scale_up_a ? sign : -sign;
  }
  return a < b ? -1 : (b < a ? 1 : 0);
}

struct Equal {
  template <typename T>
  static bool test(const T& a, const T& b) {
    return is_equal(a, b);
  }
  static bool of(int order) { return order == 0; }
};
struct NotEqual {
  template <typename T>
  static bool test(const T& a, const T& b) {
    return !is_equal(a, b);
  }
  static bool of(int order) { return order != 0; }
};
struct Less {
  template <typename T>
  static bool test(const T& a, const T& b) {
    return is_less(a, b);
  }
  static bool of(int order) { return order < 0; }
};
struct LessEqual {
  template <typename T>
  static bool test(const T& a, const T& b) {
    return !is_less(b, a);
  }
  static bool of(int order) { return order <= 0; }
};
struct Greater {
  template <typename T>
  static bool test(const T& a, const T& b) {
    return is_less(b, a);
  }
  static bool of(int order) { return order > 0; }
};
struct GreaterEqual {
  template <typename T>
  static bool test(const T& a, const T& b) {
    return !is_less(a, b);
  }
  static bool of(int order) { return order >= 0; }
};

template <typename T, typename Op>
void compare_as(KernelCall& call) {
  map_all2<uint8_t, T, T>(
      call, [](const T& a, const T& b) { return static_cast<uint8_t>(Op::test(a, b)); });
}

/// Strings under a NULL may be anything: only valid rows are looked at.
template <typename Op>
void compare_strings(KernelCall& call) {
  const Values<StringRef> a(call, 0);
  const Values<StringRef> b(call, 1);
  uint8_t* out = call.out.values<uint8_t>();
  for_valid(call, [&](size_t row) { out[row] = Op::test(a[row], b[row]) ? 1 : 0; });
}

template <typename Op>
void compare_nested(KernelCall& call) {
  const ColumnPtr a = flatten(call.args[0]);
  const ColumnPtr b = flatten(call.args[1]);
  uint8_t* out = call.out.values<uint8_t>();
  for_valid(call, [&](size_t row) { out[row] = Op::of(compare_rows(*a, row, *b, row)) ? 1 : 0; });
}

template <typename Op>
void compare(KernelCall& call) {
  switch (call.arg_type(0).physical()) {
    case Physical::kBool:
      return compare_as<uint8_t, Op>(call);
    case Physical::kInt64:
      return compare_as<int64_t, Op>(call);
    case Physical::kDouble:
      return compare_as<double, Op>(call);
    case Physical::kInt128:
      return compare_as<int128_t, Op>(call);
    case Physical::kString:
      return compare_strings<Op>(call);
    default:
      return compare_nested<Op>(call);
  }
}

template <typename Op>
void compare_decimal(KernelCall& call) {
  const int sa = call.arg_type(0).scale();
  const int sb = call.arg_type(1).scale();
  if (sa == sb) return compare_as<int128_t, Op>(call);
  map_all2<uint8_t, int128_t, int128_t>(call, [=](int128_t a, int128_t b) {
    return static_cast<uint8_t>(Op::of(compare_decimals(a, sa, b, sb)));
  });
}

/// Decimals have overloads of their own, which compare without bringing both to one scale.
bool not_decimal(std::vector<Type>& args, Type*) { return !args[0].is_decimal(); }

template <bool kDistinct>
void distinct_from(KernelCall& call) {
  const ColumnPtr a = flatten(call.args[0]);
  const ColumnPtr b = flatten(call.args[1]);
  uint8_t* out = call.out.values<uint8_t>();
  for (size_t row = 0; row < call.rows; ++row) {
    out[row] = rows_equal(*a, row, *b, row) == kDistinct ? 0 : 1;
  }
}

/// The greatest or least argument that is not NULL (PostgreSQL's rule).
template <bool kGreatest>
void extreme(KernelCall& call) {
  std::vector<ColumnPtr> args;
  for (const ColumnPtr& arg : call.args) args.push_back(flatten(arg));
  std::vector<uint32_t> where(call.rows, 0);
  for (size_t row = 0; row < call.rows; ++row) {
    size_t best = 0;
    for (size_t i = 1; i < args.size(); ++i) {
      if (args[i]->is_null(row)) continue;
      const bool better = args[best]->is_null(row) ||
                          (kGreatest ? compare_rows(*args[i], row, *args[best], row) > 0
                                     : compare_rows(*args[i], row, *args[best], row) < 0);
      if (better) best = i;
    }
    where[row] = static_cast<uint32_t>(best * call.rows + row);
  }
  call.out.set_column(gather(concat(args), where));
}

constexpr uint32_t kCompareFlags = kInfix | kCheap | kInfallible;
constexpr uint32_t kDistinctFlags = kInfix | kNullAware | kInfallible;
constexpr uint32_t kExtremeFlags = kNullAware | kInfallible;

const Function kFunctions[] = {
    {"=,==", "(a T, b T) -> boolean", compare<Equal>, kCompareFlags,
     "Equal; NULL if a side is NULL", "1 = 1", "TRUE", not_decimal},
    {"=,==", "(a decimal, b decimal) -> boolean", compare_decimal<Equal>, kCompareFlags, "Equal",
     "1.50 = 1.5", "TRUE"},
    {"<>,!=", "(a T, b T) -> boolean", compare<NotEqual>, kCompareFlags, "Not equal", "1 <> 1",
     "FALSE", not_decimal},
    {"<>,!=", "(a decimal, b decimal) -> boolean", compare_decimal<NotEqual>, kCompareFlags,
     "Not equal", "1.50 <> 1.5", "FALSE"},
    {"<", "(a T, b T) -> boolean", compare<Less>, kCompareFlags, "Less", "'a' < 'b'", "TRUE",
     not_decimal},
    {"<", "(a decimal, b decimal) -> boolean", compare_decimal<Less>, kCompareFlags, "Less",
     "1.49 < 1.5", "TRUE"},
    {"<=", "(a T, b T) -> boolean", compare<LessEqual>, kCompareFlags, "Less or equal", "2 <= 1",
     "FALSE", not_decimal},
    {"<=", "(a decimal, b decimal) -> boolean", compare_decimal<LessEqual>, kCompareFlags,
     "Less or equal", "1.5 <= 1.50", "TRUE"},
    {">", "(a T, b T) -> boolean", compare<Greater>, kCompareFlags, "Greater", "2 > 1", "TRUE",
     not_decimal},
    {">", "(a decimal, b decimal) -> boolean", compare_decimal<Greater>, kCompareFlags, "Greater",
     "1.5 > 1", "TRUE"},
    {">=", "(a T, b T) -> boolean", compare<GreaterEqual>, kCompareFlags, "Greater or equal",
     "2 >= 2", "TRUE", not_decimal},
    {">=", "(a decimal, b decimal) -> boolean", compare_decimal<GreaterEqual>, kCompareFlags,
     "Greater or equal", "1.5 >= 2", "FALSE"},
    {"IS DISTINCT FROM", "(a T, b T) -> boolean", distinct_from<true>, kDistinctFlags,
     "Not equal, where NULL equals NULL", "NULL IS DISTINCT FROM 1", "TRUE"},
    {"IS NOT DISTINCT FROM", "(a T, b T) -> boolean", distinct_from<false>, kDistinctFlags,
     "Equal, where NULL equals NULL", "1 IS NOT DISTINCT FROM 1", "TRUE"},
    {"GREATEST", "(x T...) -> T", extreme<true>, kExtremeFlags,
     "The greatest value that is not NULL", "GREATEST(1, 3, 2)", "3"},
    {"LEAST", "(x T...) -> T", extreme<false>, kExtremeFlags, "The least value that is not NULL",
     "LEAST(1, 3, 2)", "1"},
};

}  // namespace

std::span<const Function> comparison_functions() { return kFunctions; }

}  // namespace velo
