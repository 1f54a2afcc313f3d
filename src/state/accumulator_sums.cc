// Counts and sums. Every one is invertible: a row of weight −1 undoes one of weight +1.
#include <bit>
#include <cmath>

#include "column/column_builder.h"
#include "column/decimal.h"
#include "state/accumulator.h"

namespace velo {
namespace {

template <typename T, typename State, typename Get>
void append_values(const Type& type, const State* states, std::span<const uint32_t> slots,
                   std::vector<ColumnPtr>* out, Get get) {
  ColumnBuilder builder(type, slots.size());
  T* to = builder.extend<T>(slots.size());
  for (size_t i = 0; i < slots.size(); ++i) to[i] = get(states[slots[i]]);
  builder.added(slots.size());
  out->push_back(builder.finish());
}

struct CountRule {
  struct State {
    int64_t count = 0;
  };
  static constexpr bool kEmptyIsZero = true;
  using Input = NoInput;
  static void add(State& s, const Input&, size_t) { ++s.count; }
  static void add(State& s, const Input&, size_t, int64_t weight) { s.count += weight; }
  static void merge(State& s, const State& other) { s.count += other.count; }
  static void unmerge(State& s, const State& other) { s.count -= other.count; }
  static bool word(const State& s, uint64_t* to) {
    *to = static_cast<uint64_t>(s.count);
    return true;
  }
  void output(const State* states, std::span<const uint32_t> slots,
              std::vector<ColumnPtr>* out) const {
    append_values<int64_t>(Type::bigint(), states, slots, out,
                           [](const State& s) { return s.count; });
  }
};

// Two doubles whose exact sum is the sum so far to about 106 bits (Knuth's TwoSum; Neumaier 1974):
// the rounded result does not depend on the order of the rows but in the rarest of cases.
struct SumDoubleRule {
  struct State {
    double high = 0;
    double low = 0;
  };
  static constexpr bool kEmptyIsZero = true;
  using Input = OneInput<double>;
  static void add_value(State& s, double x) {
    const double t = s.high + x;
    const double y = t - s.high;
    s.low += (s.high - (t - y)) + (x - y);
    s.high = t;
  }
  static void add(State& s, const Input& in, size_t row) { add_value(s, in.values[row]); }
  static void add(State& s, const Input& in, size_t row, int64_t weight) {
    add_value(s, in.values[row] * static_cast<double>(weight));
  }
  static void merge(State& s, const State& other) {
    add_value(s, other.high);
    s.low += other.low;
  }
  static double value(const State& s) {
    const double sum = s.high + s.low;
    return std::isfinite(s.high) ? sum : s.high;  // the error term of an infinite sum is NaN
  }
  static bool word(const State& s, uint64_t* to) {
    *to = std::bit_cast<uint64_t>(value(s));
    return true;
  }
  void output(const State* states, std::span<const uint32_t> slots,
              std::vector<ColumnPtr>* out) const {
    append_values<double>(Type::float64(), states, slots, out, value);
  }
};

// The unscaled sum; past 38 digits it is no DECIMAL, and past 128 bits no number: `overflow` counts
// the latter.
struct SumDecimalRule {
  struct State {
    int128_t sum = 0;
    int64_t overflow = 0;
  };
  using Input = OneInput<int128_t>;
  Type type;
  static void add_value(State& s, int128_t x) {
    if (__builtin_add_overflow(s.sum, x, &s.sum)) s.overflow += x < 0 ? -1 : 1;
  }
  static void add(State& s, const Input& in, size_t row) { add_value(s, in.values[row]); }
  static void add(State& s, const Input& in, size_t row, int64_t weight) {
    for (; weight > 0; --weight) add_value(s, in.values[row]);
    for (; weight < 0; ++weight) add_value(s, -in.values[row]);
  }
  static void merge(State& s, const State& other) {
    add_value(s, other.sum);
    s.overflow += other.overflow;
  }
  static void unmerge(State& s, const State& other) {
    if (__builtin_sub_overflow(s.sum, other.sum, &s.sum)) s.overflow += other.sum < 0 ? 1 : -1;
    s.overflow -= other.overflow;
  }
  void output(const State* states, std::span<const uint32_t> slots,
              std::vector<ColumnPtr>* out) const {
    append_values<int128_t>(type, states, slots, out, [](const State& s) {
      // 10^38 is what the finaliser recognises as too large.
      return s.overflow != 0 ? power_of_ten(38) : s.sum;
    });
  }
};

struct BoolRule {
  struct State {
    int64_t falses = 0;
    int64_t trues = 0;
  };
  using Input = OneInput<uint8_t>;
  bool conjunction;
  static void add(State& s, const Input& in, size_t row) { add(s, in, row, 1); }
  static void add(State& s, const Input& in, size_t row, int64_t weight) {
    (in.values[row] ? s.trues : s.falses) += weight;
  }
  static void merge(State& s, const State& other) {
    s.falses += other.falses;
    s.trues += other.trues;
  }
  static void unmerge(State& s, const State& other) {
    s.falses -= other.falses;
    s.trues -= other.trues;
  }
  void output(const State* states, std::span<const uint32_t> slots,
              std::vector<ColumnPtr>* out) const {
    ColumnBuilder builder(Type::boolean(), slots.size());
    for (uint32_t slot : slots) {
      const State& s = states[slot];
      if (s.falses <= 0 && s.trues <= 0) {
        builder.append_null();
      } else {
        builder.append_bool(conjunction ? s.falses <= 0 : s.trues > 0);
      }
    }
    out->push_back(builder.finish());
  }
};

}  // namespace

std::unique_ptr<Accumulator> make_count_or_sum(const Component& component) {
  switch (component.kind) {
    case AccumulatorKind::kRowCount:
    case AccumulatorKind::kCountValid:
      return std::make_unique<FixedAccumulator<CountRule>>();
    case AccumulatorKind::kSumDouble:
      return std::make_unique<FixedAccumulator<SumDoubleRule>>();
    case AccumulatorKind::kSumDecimal:
      return std::make_unique<FixedAccumulator<SumDecimalRule>>(
          SumDecimalRule{component.output_types()[0]});
    case AccumulatorKind::kBoolAnd:
      return std::make_unique<FixedAccumulator<BoolRule>>(BoolRule{true});
    case AccumulatorKind::kBoolOr:
      return std::make_unique<FixedAccumulator<BoolRule>>(BoolRule{false});
    default:
      return nullptr;
  }
}

}  // namespace velo
