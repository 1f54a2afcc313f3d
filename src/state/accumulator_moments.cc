// Moments for variances, correlations and regressions, from sums of x, y, x², y² and xy that are
// kept to about 106 bits (TwoSum, and products made exact by a fused multiply-add: Dekker 1971,
// Ogita, Rump and Oishi 2005). So the answer does not depend on the order in which rows and panes
// are added, and a retraction undoes its row.
#include <cmath>

#include "column/column_builder.h"
#include "state/accumulator.h"

namespace velo {
namespace {

__extension__ typedef __float128 Quad;

/// An unevaluated sum of two doubles.
struct ExactSum {
  double high = 0;
  double low = 0;

  void add(double x) {
    const double t = high + x;
    const double y = t - high;
    low += (high - (t - y)) + (x - y);
    high = t;
  }
  void add_product(double x, double y) {
    const double product = x * y;
    add(product);
    low += std::fma(x, y, -product);
  }
  void add(const ExactSum& other) {
    add(other.high);
    low += other.low;
  }
  Quad value() const { return static_cast<Quad>(high) + static_cast<Quad>(low); }
};

struct TwoInputs {
  explicit TwoInputs(std::span<const ColumnPtr> inputs)
      : x(inputs[0]->values<double>()), y(inputs[1]->values<double>()) {}
  explicit TwoInputs(const void* const* inputs)
      : x(static_cast<const double*>(inputs[0])), y(static_cast<const double*>(inputs[1])) {}
  const double* x;
  const double* y;
};

// Σ(a − mean a)(b − mean b) = Σab − Σa Σb / n.
double centred(int64_t n, const ExactSum& ab, const ExactSum& a, const ExactSum& b) {
  if (n == 0) return 0;
  return static_cast<double>(ab.value() - a.value() * b.value() / static_cast<Quad>(n));
}
// Of a with itself: not negative, whatever the last bit says.
double squares(int64_t n, const ExactSum& aa, const ExactSum& a) {
  return std::fmax(0.0, centred(n, aa, a, a));
}
double mean(int64_t n, const ExactSum& sum) {
  return n == 0 ? 0 : static_cast<double>(sum.value() / static_cast<Quad>(n));
}

/// The columns of moments: n, then what `gets` say of a state.
template <typename State, typename... Get>
void output_moments(const State* states, std::span<const uint32_t> slots,
                    std::vector<ColumnPtr>* out, Get... gets) {
  ColumnBuilder n(Type::bigint(), slots.size());
  for (uint32_t slot : slots) n.append_int64(states[slot].n);
  out->push_back(n.finish());
  const auto doubles = [&](auto get) {
    ColumnBuilder builder(Type::float64(), slots.size());
    for (uint32_t slot : slots) builder.append_double(get(states[slot]));
    out->push_back(builder.finish());
  };
  (doubles(gets), ...);
}

struct VarianceRule {
  struct State {
    int64_t n = 0;
    ExactSum x, xx;
  };
  using Input = OneInput<double>;

  static void add(State& s, const Input& in, size_t row) { change(s, in.values[row], 1); }
  static void add(State& s, const Input& in, size_t row, int64_t weight) {
    for (; weight > 0; --weight) change(s, in.values[row], 1);
    for (; weight < 0; ++weight) change(s, in.values[row], -1);
  }
  static void change(State& s, double x, int sign) {
    s.n += sign;
    if (s.n == 0) {
      s = State();
      return;
    }
    s.x.add(sign * x);
    s.xx.add_product(sign * x, x);
  }
  static void merge(State& s, const State& other) {
    s.n += other.n;
    s.x.add(other.x);
    s.xx.add(other.xx);
  }
  void output(const State* states, std::span<const uint32_t> slots,
              std::vector<ColumnPtr>* out) const {
    output_moments(
        states, slots, out, [](const State& s) { return mean(s.n, s.x); },
        [](const State& s) { return squares(s.n, s.xx, s.x); });
  }
};

struct CoMomentsRule {
  struct State {
    int64_t n = 0;
    ExactSum x, y, xx, yy, xy;
  };
  using Input = TwoInputs;

  static void add(State& s, const Input& in, size_t row) { change(s, in.x[row], in.y[row], 1); }
  static void add(State& s, const Input& in, size_t row, int64_t weight) {
    for (; weight > 0; --weight) change(s, in.x[row], in.y[row], 1);
    for (; weight < 0; ++weight) change(s, in.x[row], in.y[row], -1);
  }
  static void change(State& s, double x, double y, int sign) {
    s.n += sign;
    if (s.n == 0) {
      s = State();
      return;
    }
    s.x.add(sign * x);
    s.y.add(sign * y);
    s.xx.add_product(sign * x, x);
    s.yy.add_product(sign * y, y);
    s.xy.add_product(sign * x, y);
  }
  static void merge(State& s, const State& other) {
    s.n += other.n;
    s.x.add(other.x);
    s.y.add(other.y);
    s.xx.add(other.xx);
    s.yy.add(other.yy);
    s.xy.add(other.xy);
  }
  void output(const State* states, std::span<const uint32_t> slots,
              std::vector<ColumnPtr>* out) const {
    output_moments(
        states, slots, out, [](const State& s) { return mean(s.n, s.x); },
        [](const State& s) { return mean(s.n, s.y); },
        [](const State& s) { return squares(s.n, s.xx, s.x); },
        [](const State& s) { return squares(s.n, s.yy, s.y); },
        [](const State& s) { return centred(s.n, s.xy, s.x, s.y); });
  }
};

}  // namespace

std::unique_ptr<Accumulator> make_moments(const Component& component) {
  if (component.kind == AccumulatorKind::kMoments) {
    return std::make_unique<FixedAccumulator<VarianceRule>>();
  }
  if (component.kind == AccumulatorKind::kCoMoments) {
    return std::make_unique<FixedAccumulator<CoMomentsRule>>();
  }
  return nullptr;
}

}  // namespace velo
