// Moments for variances, correlations and regressions: Welford (1962) row by row, merged after
// Chan, Golub and LeVeque (1979). A retraction runs the update backwards.
#include "column/column_builder.h"
#include "state/accumulator.h"

namespace velo {
namespace {

struct TwoInputs {
  explicit TwoInputs(std::span<const ColumnPtr> inputs)
      : x(inputs[0]->values<double>()), y(inputs.back()->values<double>()) {}
  const double* x;
  const double* y;
};

// One rule serves both kinds: a variance is a covariance of x with itself.
struct MomentsRule {
  struct State {
    int64_t n = 0;
    double mean_x = 0;
    double mean_y = 0;
    double m2_x = 0;
    double m2_y = 0;
    double c = 0;
  };
  using Input = TwoInputs;
  bool pair;

  static void add(State& s, const Input& in, size_t row) { insert(s, in.x[row], in.y[row]); }
  static void add(State& s, const Input& in, size_t row, int64_t weight) {
    for (; weight > 0; --weight) insert(s, in.x[row], in.y[row]);
    for (; weight < 0; ++weight) remove(s, in.x[row], in.y[row]);
  }
  static void insert(State& s, double x, double y) {
    ++s.n;
    const double n = static_cast<double>(s.n);
    const double dx = x - s.mean_x;
    const double dy = y - s.mean_y;
    s.mean_x += dx / n;
    s.mean_y += dy / n;
    s.m2_x += dx * (x - s.mean_x);
    s.m2_y += dy * (y - s.mean_y);
    s.c += dx * (y - s.mean_y);
  }
  static void remove(State& s, double x, double y) {
    if (--s.n <= 0) {
      s = State();
      return;
    }
    const double n = static_cast<double>(s.n);
    const double old_mean_x = s.mean_x - (x - s.mean_x) / n;
    const double old_mean_y = s.mean_y - (y - s.mean_y) / n;
    s.m2_x -= (x - old_mean_x) * (x - s.mean_x);
    s.m2_y -= (y - old_mean_y) * (y - s.mean_y);
    s.c -= (x - old_mean_x) * (y - s.mean_y);
    s.mean_x = old_mean_x;
    s.mean_y = old_mean_y;
  }
  static void merge(State& s, const State& o) {
    if (o.n == 0) return;
    if (s.n == 0) {
      s = o;
      return;
    }
    const double a = static_cast<double>(s.n);
    const double b = static_cast<double>(o.n);
    const double n = a + b;
    const double dx = o.mean_x - s.mean_x;
    const double dy = o.mean_y - s.mean_y;
    s.m2_x += o.m2_x + dx * dx * a * b / n;
    s.m2_y += o.m2_y + dy * dy * a * b / n;
    s.c += o.c + dx * dy * a * b / n;
    s.mean_x += dx * b / n;
    s.mean_y += dy * b / n;
    s.n += o.n;
  }
  void output(const State* states, std::span<const uint32_t> slots,
              std::vector<ColumnPtr>* out) const {
    ColumnBuilder n(Type::bigint(), slots.size());
    for (uint32_t slot : slots) n.append_int64(states[slot].n);
    out->push_back(n.finish());
    auto doubles = [&](double State::* member) {
      ColumnBuilder builder(Type::float64(), slots.size());
      for (uint32_t slot : slots) builder.append_double(states[slot].*member);
      out->push_back(builder.finish());
    };
    doubles(&State::mean_x);
    if (!pair) return doubles(&State::m2_x);
    doubles(&State::mean_y);
    doubles(&State::m2_x);
    doubles(&State::m2_y);
    doubles(&State::c);
  }
};

}  // namespace

std::unique_ptr<Accumulator> make_moments(const Component& component) {
  if (component.kind == AccumulatorKind::kMoments) {
    return std::make_unique<FixedAccumulator<MomentsRule>>(MomentsRule{false});
  }
  if (component.kind == AccumulatorKind::kCoMoments) {
    return std::make_unique<FixedAccumulator<MomentsRule>>(MomentsRule{true});
  }
  return nullptr;
}

}  // namespace velo
