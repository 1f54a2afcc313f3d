// From component outputs to the aggregate's value, a column of groups at a time.
#include <algorithm>
#include <cmath>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "column/decimal.h"
#include "expr/plain_rule.h"

namespace velo {
namespace {

/// One finalisation: reads flat parts, appends one value per group.
struct Finaliser {
  const Aggregate& aggregate;
  std::span<const ColumnPtr> parts;
  size_t groups;
  RowErrors& errors;
  ColumnBuilder out;

  void fail(size_t group, std::string message) {
    errors.add(static_cast<uint32_t>(group), ErrorCode::kOverflow, std::move(message));
    out.append_null();
  }
  void append_double(double value) {
    out.append_double(aggregate.type.kind() == TypeKind::kFloat
                          ? static_cast<double>(static_cast<float>(value))
                          : value);
  }
  void append_integer(size_t group, int128_t value) {
    if (value > INT64_MAX || value < INT64_MIN) {
      return fail(group, fmt::format("{} = {} does not fit in {}", aggregate.text,
                                     decimal_to_string(value, 0), aggregate.type.to_string()));
    }
    out.append_int64(static_cast<int64_t>(value));
  }
};

/// Rows where the count is 0 give NULL, the others f(group, count).
template <typename F>
void with_count(Finaliser& f, size_t count_part, F value) {
  const Column& counts = *f.parts[count_part];
  for (size_t g = 0; g < f.groups; ++g) {
    const int64_t count = counts.is_null(g) ? 0 : counts.int64_at(g);
    if (count <= 0) {
      f.out.append_null();
    } else {
      value(g, count);
    }
  }
}

/// A sum that a component could not hold arrives as NULL beside a positive count.
bool sum_is_lost(Finaliser& f, size_t group) {
  if (!f.parts[0]->is_null(group)) return false;
  f.fail(group,
         fmt::format("{} does not fit in {}", f.aggregate.text, f.aggregate.type.to_string()));
  return true;
}

void append_decimal(Finaliser& f, size_t group, int128_t value) {
  if (!fits_precision(value, f.aggregate.type.precision())) {
    return f.fail(group, fmt::format("{} does not fit in {}", f.aggregate.text,
                                     f.aggregate.type.to_string()));
  }
  f.out.append_int128(value);
}

/// sum / count at the result's scale, rounded half up.
void append_decimal_average(Finaliser& f, size_t group, int128_t sum, int sum_scale,
                            int64_t count) {
  int128_t average = 0;
  const int128_t factor = power_of_ten(f.aggregate.type.scale() - sum_scale);
  if (!multiply_divide(sum, factor, count, &average)) {
    return f.fail(group, fmt::format("{} does not fit in {}", f.aggregate.text,
                                     f.aggregate.type.to_string()));
  }
  append_decimal(f, group, average);
}

/// Sums of integers come as BIGINT where all fit, else as DECIMAL(38, 0).
int128_t integer_sum(const Column& sums, size_t group) {
  return sums.type().is_decimal() ? sums.int128_at(group) : int128_t{sums.int64_at(group)};
}

void finalise_sum(Finaliser& f) {
  const Column& sums = *f.parts[0];
  with_count(f, 1, [&](size_t g, int64_t) {
    if (sum_is_lost(f, g)) return;
    switch (f.aggregate.rule) {
      case FinalRule::kSumDecimal:
        return append_decimal(f, g, sums.int128_at(g));
      case FinalRule::kSumDouble:
        return f.append_double(sums.double_at(g));
      default:
        return f.append_integer(g, integer_sum(sums, g));
    }
  });
}

void finalise_average(Finaliser& f) {
  const Column& sums = *f.parts[0];
  with_count(f, 1, [&](size_t g, int64_t count) {
    if (sum_is_lost(f, g)) return;
    switch (f.aggregate.rule) {
      case FinalRule::kAvgDecimal:
        return append_decimal_average(f, g, sums.int128_at(g), sums.type().scale(), count);
      case FinalRule::kAvgDouble:
        return f.append_double(sums.double_at(g) / static_cast<double>(count));
      case FinalRule::kAvgInterval: {
        int128_t average = 0;
        multiply_divide(integer_sum(sums, g), 1, count, &average);
        return f.append_integer(g, average);
      }
      default:
        return f.append_double(integer_average(integer_sum(sums, g), count));
    }
  });
}

bool all_positive(const int64_t* counts, size_t n) {
  uint64_t signs = 0;
  for (size_t i = 0; i < n; ++i) {
    const auto count = static_cast<uint64_t>(counts[i]);
    signs |= count | (count - 1);
  }
  return signs >> 63 == 0;
}

/// The common case without a decision per group: no group is empty, and nothing can fail. Null if
/// it is not that case.
ColumnPtr finalise_plainly(const Aggregate& aggregate, std::span<const ColumnPtr> parts,
                           size_t groups) {
  const PlainRule rule = plain_rule(aggregate);
  if (rule == PlainRule::kNone) return nullptr;
  if (parts.size() == 1) {
    return parts[0]->may_have_nulls() ? nullptr : retype(parts[0], aggregate.type);
  }
  const Column& sums = *parts[0];
  const Column& counts = *parts[1];
  if (sums.may_have_nulls() || counts.may_have_nulls() || !sums.is_flat() || !counts.is_flat() ||
      sums.type().is_decimal() || !all_positive(counts.values<int64_t>(), groups)) {
    return nullptr;
  }
  if (rule == PlainRule::kFirstPart) return retype(parts[0], aggregate.type);
  ColumnBuilder builder(aggregate.type, groups);
  double* to = builder.extend<double>(groups);
  const int64_t* count = counts.values<int64_t>();
  if (rule == PlainRule::kRatio) {
    const double* sum = sums.values<double>();
    for (size_t g = 0; g < groups; ++g) to[g] = sum[g] / static_cast<double>(count[g]);
  } else {
    const int64_t* sum = sums.values<int64_t>();
    for (size_t g = 0; g < groups; ++g) to[g] = integer_average(sum[g], count[g]);
  }
  builder.added(groups);
  return builder.finish();
}

void finalise_moments(Finaliser& f) {
  const Column& m2 = *f.parts[2];
  const bool sample =
      f.aggregate.rule == FinalRule::kVarianceSamp || f.aggregate.rule == FinalRule::kStddevSamp;
  const bool root =
      f.aggregate.rule == FinalRule::kStddevPop || f.aggregate.rule == FinalRule::kStddevSamp;
  with_count(f, 0, [&](size_t g, int64_t n) {
    if (sample && n < 2) return f.out.append_null();
    // Retractions may leave a tiny negative remainder.
    const double variance =
        std::max(0.0, m2.double_at(g)) / static_cast<double>(sample ? n - 1 : n);
    f.append_double(root ? std::sqrt(variance) : variance);
  });
}

/// Parts: n, mean of y, mean of x, M2 of y, M2 of x, C (the aggregates are called with (y, x)).
void finalise_co_moments(Finaliser& f) {
  auto part = [&](size_t i, size_t g) { return f.parts[i]->double_at(g); };
  auto append_ratio = [&](double numerator, double denominator) {
    if (denominator == 0) return f.out.append_null();
    f.append_double(numerator / denominator);
  };
  if (f.aggregate.rule == FinalRule::kRegrCount) {
    for (size_t g = 0; g < f.groups; ++g) f.out.append_int64(f.parts[0]->int64_at(g));
    return;
  }
  with_count(f, 0, [&](size_t g, int64_t n) {
    const double my = part(1, g), mx = part(2, g), yy = part(3, g), xx = part(4, g), c = part(5, g);
    const auto count = static_cast<double>(n);
    switch (f.aggregate.rule) {
      case FinalRule::kCovarPop:
        return f.append_double(c / count);
      case FinalRule::kCovarSamp:
        return append_ratio(c, n < 2 ? 0 : count - 1);
      case FinalRule::kCorr:
        return append_ratio(c, std::sqrt(xx * yy));
      case FinalRule::kRegrSlope:
        return append_ratio(c, xx);
      case FinalRule::kRegrIntercept:
        if (xx == 0) return f.out.append_null();
        return f.append_double(my - c / xx * mx);
      case FinalRule::kRegrR2:
        if (xx == 0) return f.out.append_null();
        return f.append_double(yy == 0 ? 1.0 : (c * c) / (xx * yy));
      case FinalRule::kRegrAvgX:
        return f.append_double(mx);
      default:
        return f.append_double(my);
    }
  });
}

// --- Aggregates over lists of values ---

/// Calls f(group, child, begin, end) for non-empty lists; the others give NULL.
template <typename F>
void for_lists(Finaliser& f, F value) {
  const Column& lists = *f.parts[0];
  const Column& child = *lists.child(0);
  for (size_t g = 0; g < f.groups; ++g) {
    const uint32_t begin = lists.offsets()[g];
    const uint32_t end = lists.offsets()[g + 1];
    if (lists.is_null(g) || begin == end) {
      f.out.append_null();
    } else {
      value(g, child, begin, end);
    }
  }
}

/// Element numbers in compare_rows order, NULLs left out.
std::vector<uint32_t> sorted(const Column& child, uint32_t begin, uint32_t end, bool descending) {
  std::vector<uint32_t> order;
  for (uint32_t i = begin; i < end; ++i) {
    if (!child.is_null(i)) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const int way = compare_rows(child, a, child, b);
    if (way == 0) return a < b;
    return descending ? way > 0 : way < 0;
  });
  return order;
}

void finalise_percentile(Finaliser& f) {
  const double p = f.aggregate.parameter->double_at(0);
  const bool continuous = f.aggregate.rule == FinalRule::kPercentileCont;
  for_lists(f, [&](size_t, const Column& child, uint32_t begin, uint32_t end) {
    const std::vector<uint32_t> order = sorted(child, begin, end, f.aggregate.descending);
    if (order.empty()) return f.out.append_null();
    const auto n = static_cast<double>(order.size());
    if (!continuous) {
      const double rank = std::ceil(p * n);
      const auto at = static_cast<size_t>(std::max(1.0, rank)) - 1;
      return f.out.append_from(child, order[std::min(at, order.size() - 1)]);
    }
    const double place = p * (n - 1);
    const auto below = static_cast<size_t>(std::floor(place));
    const size_t above = std::min(below + 1, order.size() - 1);
    const double low = child.double_at(order[below]);
    const double high = child.double_at(order[above]);
    const double share = place - std::floor(place);
    f.append_double(share == 0 ? low : low + share * (high - low));
  });
}

void finalise_mode(Finaliser& f) {
  for_lists(f, [&](size_t, const Column& child, uint32_t begin, uint32_t end) {
    const std::vector<uint32_t> order = sorted(child, begin, end, false);
    if (order.empty()) return f.out.append_null();
    size_t best = 0;
    size_t best_count = 0;
    for (size_t i = 0; i < order.size();) {
      size_t next = i + 1;
      while (next < order.size() && rows_equal(child, order[i], child, order[next])) ++next;
      if (next - i > best_count) {
        best_count = next - i;
        best = i;
      }
      i = next;
    }
    f.out.append_from(child, order[best]);
  });
}

void finalise_join(Finaliser& f) {
  const std::string_view separator = f.aggregate.parameter->string_at(0);
  std::string text;
  for_lists(f, [&](size_t, const Column& child, uint32_t begin, uint32_t end) {
    text.clear();
    bool any = false;
    for (uint32_t i = begin; i < end; ++i) {
      if (child.is_null(i)) continue;
      if (any) text += separator;
      text += child.string_at(i);
      any = true;
    }
    if (!any) return f.out.append_null();
    f.out.append_string(text);
  });
}

void finalise_list(Finaliser& f) {
  for_lists(f, [&](size_t, const Column& child, uint32_t begin, uint32_t end) {
    for (uint32_t i = begin; i < end; ++i) f.out.child(0).append_from(child, i);
    f.out.append_list_end();
  });
}

/// Values in sorted order, so that a sum of doubles does not depend on the order of a hash set.
void finalise_distinct(Finaliser& f) {
  const bool average = f.aggregate.rule == FinalRule::kDistinctAvg;
  for_lists(f, [&](size_t g, const Column& child, uint32_t begin, uint32_t end) {
    const std::vector<uint32_t> order = sorted(child, begin, end, false);
    const auto count = static_cast<int64_t>(order.size());
    if (count == 0) return f.out.append_null();
    if (child.type().physical() == Physical::kDouble) {
      double sum = 0;
      double lost = 0;  // Neumaier
      for (const uint32_t i : order) {
        const double x = child.double_at(i);
        const double next = sum + x;
        lost += std::abs(sum) >= std::abs(x) ? (sum - next) + x : (x - next) + sum;
        sum = next;
      }
      const double total = std::isfinite(sum) ? sum + lost : sum;
      return f.append_double(average ? total / static_cast<double>(count) : total);
    }
    const bool decimal = child.type().is_decimal();
    int128_t sum = 0;
    for (const uint32_t i : order) {
      const int128_t x = decimal ? child.int128_at(i) : int128_t{child.int64_at(i)};
      if (__builtin_add_overflow(sum, x, &sum)) {
        return f.fail(g, f.aggregate.text + " does not fit in 128 bits");
      }
    }
    if (decimal && average) return append_decimal_average(f, g, sum, child.type().scale(), count);
    if (decimal) return append_decimal(f, g, sum);
    if (!average) return f.append_integer(g, sum);
    f.append_double(
        static_cast<double>(static_cast<long double>(sum) / static_cast<long double>(count)));
  });
}

void finalise_count(Finaliser& f) {
  for (size_t g = 0; g < f.groups; ++g) {
    f.out.append_int64(f.parts[0]->is_null(g) ? 0 : f.parts[0]->int64_at(g));
  }
}

void finalise_parts(Finaliser& f) {
  switch (f.aggregate.rule) {
    case FinalRule::kAsIs:
      return;
    case FinalRule::kCountOrZero:
      return finalise_count(f);
    case FinalRule::kSumInt:
    case FinalRule::kSumDecimal:
    case FinalRule::kSumDouble:
    case FinalRule::kSumInterval:
      return finalise_sum(f);
    case FinalRule::kAvgInt:
    case FinalRule::kAvgDouble:
    case FinalRule::kAvgDecimal:
    case FinalRule::kAvgInterval:
      return finalise_average(f);
    case FinalRule::kVariancePop:
    case FinalRule::kVarianceSamp:
    case FinalRule::kStddevPop:
    case FinalRule::kStddevSamp:
      return finalise_moments(f);
    case FinalRule::kDistinctSum:
    case FinalRule::kDistinctAvg:
      return finalise_distinct(f);
    case FinalRule::kPercentileCont:
    case FinalRule::kPercentileDisc:
      return finalise_percentile(f);
    case FinalRule::kJoinStrings:
      return finalise_join(f);
    case FinalRule::kList:
      return finalise_list(f);
    case FinalRule::kMode:
      return finalise_mode(f);
    default:
      return finalise_co_moments(f);
  }
}

}  // namespace

PlainRule plain_rule(const Aggregate& aggregate) {
  switch (aggregate.rule) {
    case FinalRule::kAsIs:
    case FinalRule::kCountOrZero:
      return PlainRule::kFirstPart;
    case FinalRule::kSumInt:
    case FinalRule::kSumInterval:
    case FinalRule::kSumDouble:
      return aggregate.type.kind() == TypeKind::kFloat ? PlainRule::kNone : PlainRule::kFirstPart;
    case FinalRule::kAvgDouble:
      return aggregate.type.kind() == TypeKind::kFloat ? PlainRule::kNone : PlainRule::kRatio;
    case FinalRule::kAvgInt:
      return PlainRule::kIntegerRatio;
    default:
      return PlainRule::kNone;
  }
}

ColumnPtr finalise_aggregate(const Aggregate& aggregate, std::span<const ColumnPtr> parts,
                             size_t groups, RowErrors& errors) {
  if (aggregate.rule == FinalRule::kAsIs) return parts[0];
  if (ColumnPtr plain = finalise_plainly(aggregate, parts, groups)) return plain;
  std::vector<ColumnPtr> flat;
  for (const ColumnPtr& part : parts) flat.push_back(flatten(part));
  Finaliser f{aggregate, flat, groups, errors, ColumnBuilder(aggregate.type, groups)};
  finalise_parts(f);
  return f.out.finish();
}

}  // namespace velo
