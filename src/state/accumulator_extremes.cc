// Smallest and largest values, and the values of the first and last row by event time.
#include <bit>
#include <cmath>

#include "column/column_builder.h"
#include "state/accumulator.h"

namespace velo {
namespace {

// Extremes of numbers. An empty slot holds the identity; for doubles a NaN of its own, the others
// say by `seen` whether there was any.
template <typename T>
struct OneInput {
  explicit OneInput(std::span<const ColumnPtr> inputs) : values(inputs[0]->values<T>()) {}
  const T* values;
};

inline constexpr uint64_t kEmptyBits = 0x7ff8dead00000000ULL;

template <bool kMinimum>
struct DoubleExtremeRule {
  struct State {
    double value = std::bit_cast<double>(kEmptyBits);
  };
  using Input = OneInput<double>;
  Type type;
  static bool is_empty(const State& s) { return std::bit_cast<uint64_t>(s.value) == kEmptyBits; }
  // NaN is the greatest double.
  static void odd(State& s, double x) {
    if (is_empty(s)) {
      s.value = x;
    } else if (kMinimum) {
      if (!std::isnan(x)) s.value = x;
    } else if (std::isnan(x)) {
      s.value = x;
    }
  }
  static void add_value(State& s, double x) {
    const bool settled = kMinimum ? s.value <= x : s.value >= x;
    if (settled) [[likely]]
      return;
    const bool better = kMinimum ? x < s.value : x > s.value;
    if (better) {
      s.value = x;
    } else {
      odd(s, x);
    }
  }
  static void add(State& s, const Input& in, size_t row) { add_value(s, in.values[row]); }
  static void add(State& s, const Input& in, size_t row, int64_t) { add_value(s, in.values[row]); }
  static void merge(State& s, const State& other) {
    if (!is_empty(other)) add_value(s, other.value);
  }
  void output(const State* states, std::span<const uint32_t> slots,
              std::vector<ColumnPtr>* out) const {
    ColumnBuilder builder(type, slots.size());
    double* to = builder.extend<double>(slots.size());
    bool empty = false;
    for (size_t i = 0; i < slots.size(); ++i) {
      to[i] = states[slots[i]].value;
      empty |= is_empty(states[slots[i]]);
    }
    builder.added(slots.size());
    for (size_t i = 0; empty && i < slots.size(); ++i) {
      if (is_empty(states[slots[i]])) builder.set_null(i);
    }
    out->push_back(builder.finish());
  }
};

template <typename T, bool kMinimum>
struct NumberExtremeRule {
  struct State {
    T value{};
    uint8_t seen = 0;
  };
  using Input = OneInput<T>;
  Type type;
  static void add_value(State& s, T x) {
    const bool better = kMinimum ? x < s.value : x > s.value;
    if (better | (s.seen == 0)) {
      s.value = x;
      s.seen = 1;
    }
  }
  static void add(State& s, const Input& in, size_t row) { add_value(s, in.values[row]); }
  static void add(State& s, const Input& in, size_t row, int64_t) { add_value(s, in.values[row]); }
  static void merge(State& s, const State& other) {
    if (other.seen) add_value(s, other.value);
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
