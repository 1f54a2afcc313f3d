// Smallest and largest values, and the values of the first and last row by event time.
#include <bit>
#include <cmath>

#include "column/column_builder.h"
#include "state/accumulator.h"

namespace velo {
namespace {

// Doubles are kept as integers in the same order: positive ones by their bits, negative ones with
// the other bits turned. So smaller and larger are one instruction without a branch, -0.0 comes
// before 0.0, NaN after everything, and an empty slot is the integer that no double becomes.
int64_t order_of(double x) {
  const auto bits = std::bit_cast<int64_t>(x);
  return bits ^ ((bits >> 63) & INT64_MAX);
}
double double_of(int64_t order) {
  return std::bit_cast<double>(order ^ ((order >> 63) & INT64_MAX));
}
int64_t order_of_any(double x) {
  return std::isnan(x) ? std::bit_cast<int64_t>(std::nan("")) : order_of(x);
}

template <bool kMinimum>
struct DoubleExtremeRule {
  static constexpr int64_t kEmpty = kMinimum ? INT64_MAX : INT64_MIN;
  struct State {
    int64_t order = kEmpty;
  };
  static constexpr bool kAddsCheaply = true;
  using Input = OneInput<double>;
  Type type;
  static void offer(State& s, int64_t order) {
    s.order = kMinimum ? std::min(s.order, order) : std::max(s.order, order);
  }
  static void add(State& s, const Input& in, size_t row) { offer(s, order_of_any(in.values[row])); }
  static void add(State& s, const Input& in, size_t row, int64_t) { add(s, in, row); }
  static void merge(State& s, const State& other) { offer(s, other.order); }
  static bool word(const State& s, uint64_t* to) {
    *to = std::bit_cast<uint64_t>(double_of(s.order));
    return s.order != kEmpty;
  }
  void output(const State* states, std::span<const uint32_t> slots,
              std::vector<ColumnPtr>* out) const {
    ColumnBuilder builder(type, slots.size());
    double* to = builder.extend<double>(slots.size());
    bool empty = false;
    for (size_t i = 0; i < slots.size(); ++i) {
      const int64_t order = states[slots[i]].order;
      to[i] = double_of(order);
      empty |= order == kEmpty;
    }
    builder.added(slots.size());
    for (size_t i = 0; empty && i < slots.size(); ++i) {
      if (states[slots[i]].order == kEmpty) builder.set_null(i);
    }
    out->push_back(builder.finish());
  }
};

template <typename T, bool kMinimum>
struct NumberExtremeRule {
  struct State {
    T value{};
    T seen{};  // 0 or 1, as wide as the value: a snapshot holds states as they lie
  };
  static constexpr bool kAddsCheaply = true;
  using Input = OneInput<T>;
  Type type;
  static void add_value(State& s, T x) {
    const bool better = kMinimum ? x < s.value : x > s.value;
    s.value = (better | (s.seen == 0)) ? x : s.value;
    s.seen = 1;
  }
  static void add(State& s, const Input& in, size_t row) { add_value(s, in.values[row]); }
  static void add(State& s, const Input& in, size_t row, int64_t) { add_value(s, in.values[row]); }
  static void merge(State& s, const State& other) {
    if (other.seen != 0) add_value(s, other.value);
  }
  static bool word(const State& s, uint64_t* to)
    requires(sizeof(T) == 8)
  {
    *to = std::bit_cast<uint64_t>(s.value);
    return s.seen != 0;
  }
  void output(const State* states, std::span<const uint32_t> slots,
              std::vector<ColumnPtr>* out) const {
    ColumnBuilder builder(type, slots.size());
    T* to = builder.extend<T>(slots.size());
    bool empty = false;
    for (size_t i = 0; i < slots.size(); ++i) {
      to[i] = states[slots[i]].value;
      empty |= states[slots[i]].seen == 0;
    }
    builder.added(slots.size());
    for (size_t i = 0; empty && i < slots.size(); ++i) {
      if (states[slots[i]].seen == 0) builder.set_null(i);
    }
    out->push_back(builder.finish());
  }
};

template <bool kMinimum>
std::unique_ptr<Accumulator> make_extreme(const Type& type) {
  switch (type.physical()) {
    case Physical::kDouble:
      return std::make_unique<FixedAccumulator<DoubleExtremeRule<kMinimum>>>(
          DoubleExtremeRule<kMinimum>{type});
    case Physical::kInt64:
      return std::make_unique<FixedAccumulator<NumberExtremeRule<int64_t, kMinimum>>>(
          NumberExtremeRule<int64_t, kMinimum>{type});
    case Physical::kInt128:
      return std::make_unique<FixedAccumulator<NumberExtremeRule<int128_t, kMinimum>>>(
          NumberExtremeRule<int128_t, kMinimum>{type});
    case Physical::kBool:
      return std::make_unique<FixedAccumulator<NumberExtremeRule<uint8_t, kMinimum>>>(
          NumberExtremeRule<uint8_t, kMinimum>{type});
    default:
      return nullptr;
  }
}

}  // namespace

std::unique_ptr<Accumulator> make_number_extreme(const Component& component) {
  if (component.kind == AccumulatorKind::kMin)
    return make_extreme<true>(component.inputs[0]->type());
  if (component.kind == AccumulatorKind::kMax)
    return make_extreme<false>(component.inputs[0]->type());
  return nullptr;
}

}  // namespace velo
