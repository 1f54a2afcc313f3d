// Arrays again: adding, leaving out, cutting, sorting, and arrays taken as sets of their elements.
#include <algorithm>
#include <numeric>

#include "base/fmt.h"
#include "expr/function_table.h"
#include "expr/lists.h"

namespace velo {
namespace {

/// Longer ones are taken for mistakes: they would fill the memory.
constexpr int64_t kSeriesMax = 10'000'000;

bool has(const Lists& lists, size_t row, const Column& needle, size_t needle_row) {
  for (uint32_t i = lists.begin(row); i < lists.end(row); ++i) {
    if (rows_equal(*lists.child(), i, needle, needle_row)) return true;
  }
  return false;
}

void copy_all(const Lists& lists, size_t row, ColumnBuilder& out) {
  for (uint32_t i = lists.begin(row); i < lists.end(row); ++i) out.append_from(*lists.child(), i);
}

/// The new element may be NULL, the array may not.
template <bool kInFront>
void add_element(KernelCall& call) {
  const Lists lists(call, 0);
  call.out.intersect_validity(*call.args[0]);
  rebuild(call, [&](size_t row, ColumnBuilder& out) {
    if (kInFront) out.append_from(*call.args[1], row);
    copy_all(lists, row, out);
    if (!kInFront) out.append_from(*call.args[1], row);
  });
}

void array_remove(KernelCall& call) {
  const Lists lists(call, 0);
  call.out.intersect_validity(*call.args[0]);
  rebuild(call, [&](size_t row, ColumnBuilder& out) {
    for (uint32_t i = lists.begin(row); i < lists.end(row); ++i) {
      if (!rows_equal(*lists.child(), i, *call.args[1], row)) out.append_from(*lists.child(), i);
    }
  });
}

/// From position `from` to position `to`, both counted from 1, or from the end if negative.
void array_slice(KernelCall& call) {
  const Lists lists(call, 0);
  const Values<int64_t> from(call, 1);
  const bool has_end = call.args.size() == 3;
  const Values<int64_t> to(call, has_end ? 2 : 1);
  rebuild(call, [&](size_t row, ColumnBuilder& out) {
    const int64_t size = lists.size(row);
    const auto place = [size](int64_t position) {
      return position < 0 ? position + size + 1 : position;
    };
    const int64_t first = std::max<int64_t>(place(from[row]), 1);
    const int64_t last = std::min(has_end ? place(to[row]) : size, size);
    for (int64_t i = first; i <= last; ++i) {
      out.append_from(*lists.child(), lists.begin(row) + static_cast<size_t>(i - 1));
    }
  });
}

/// Ascending with NULLs first, or descending with NULLs last, unless the third argument decides.
void array_sort(KernelCall& call) {
  const Lists lists(call, 0);
  const size_t args = call.args.size();
  const ColumnPtr ascending = args > 1 ? flatten(call.args[1]) : nullptr;
  const ColumnPtr nulls_first = args > 2 ? flatten(call.args[2]) : nullptr;
  std::vector<uint32_t> order;
  rebuild(call, [&](size_t row, ColumnBuilder& out) {
    const Column& child = *lists.child();
    const bool up = ascending == nullptr || ascending->bool_at(row);
    const bool nulls_up = nulls_first == nullptr ? up : nulls_first->bool_at(row);
    order.resize(lists.size(row));
    std::iota(order.begin(), order.end(), lists.begin(row));
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      if (child.is_null(a) || child.is_null(b)) {
        return child.is_null(a) != child.is_null(b) && child.is_null(a) == nulls_up;
      }
      const int way = compare_rows(child, a, child, b);
      return up ? way < 0 : way > 0;
    });
    for (const uint32_t i : order) out.append_from(child, i);
  });
}

template <bool kGreatest>
void array_extreme(KernelCall& call) {
  const Lists lists(call, 0);
  ColumnBuilder builder(call.out.type(), call.rows);
  for (size_t row = 0; row < call.rows; ++row) {
    const Column& child = *lists.child();
    std::optional<uint32_t> best;
    for (uint32_t i = lists.begin(row); !call.out.is_null(row) && i < lists.end(row); ++i) {
      if (child.is_null(i)) continue;
      const int way = best ? compare_rows(child, i, child, *best) : 0;
      if (!best || (kGreatest ? way > 0 : way < 0)) best = i;
    }
    if (best) {
      builder.append_from(child, *best);
    } else {
      builder.append_null();
    }
  }
  call.out.set_column(builder.finish());
}

/// Which elements of two arrays a set operation keeps; each once, in the order of being met.
enum class SetWay : uint8_t { kUnion, kIntersect, kExcept };

template <SetWay kWay>
void array_set(KernelCall& call) {
  const Lists a(call, 0);
  const Lists b(call, 1);
  rebuild(call, [&](size_t row, ColumnBuilder& out) {
    const auto seen = [&](const Lists& lists, uint32_t i) {
      for (uint32_t k = lists.begin(row); k < i; ++k) {
        if (rows_equal(*lists.child(), k, *lists.child(), i)) return true;
      }
      return false;
    };
    for (uint32_t i = a.begin(row); i < a.end(row); ++i) {
      if (seen(a, i)) continue;
      const bool other = kWay != SetWay::kUnion && has(b, row, *a.child(), i);
      if (kWay == SetWay::kUnion || other == (kWay == SetWay::kIntersect)) {
        out.append_from(*a.child(), i);
      }
    }
    for (uint32_t i = b.begin(row); kWay == SetWay::kUnion && i < b.end(row); ++i) {
      if (!seen(b, i) && !has(a, row, *b.child(), i)) out.append_from(*b.child(), i);
    }
  });
}

/// The only element; NULL of an empty array.
void only_element(KernelCall& call) {
  const Lists lists(call, 0);
  ColumnBuilder builder(call.out.type(), call.rows);
  for (size_t row = 0; row < call.rows; ++row) {
    if (!call.out.is_null(row) && lists.size(row) > 1) {
      call.errors.add(row, ErrorCode::kEvaluation,
                      fmt::format("ELEMENT of an array of {} elements", lists.size(row)));
    }
    if (call.out.is_null(row) || lists.size(row) != 1) {
      builder.append_null();
    } else {
      builder.append_from(*lists.child(), lists.begin(row));
    }
  }
  call.out.set_column(builder.finish());
}

/// from, from + step, … up to and with `to`.
void series(KernelCall& call) {
  const Values<int64_t> from(call, 0);
  const Values<int64_t> to(call, 1);
  const bool has_step = call.args.size() == 3;
  const Values<int64_t> steps(call, has_step ? 2 : 0);
  ColumnBuilder builder(call.out.type(), call.rows);
  for (size_t row = 0; row < call.rows; ++row) {
    const int64_t step = has_step && !call.out.is_null(row) ? steps[row] : 1;
    if (call.out.is_null(row)) {
      builder.append_null();
      continue;
    }
    const int128_t length =
        step == 0 ? -1 : (static_cast<int128_t>(to[row]) - from[row]) / step + 1;
    const bool runs = step != 0 && (step > 0 ? from[row] <= to[row] : from[row] >= to[row]);
    if (step == 0 || (runs && length > kSeriesMax)) {
      call.errors.add(row, ErrorCode::kEvaluation,
                      step == 0 ? "GENERATE_SERIES with a step of 0"
                                : fmt::format("GENERATE_SERIES of more than {}", kSeriesMax));
      builder.append_null();
      continue;
    }
    for (int64_t i = 0; runs && i < static_cast<int64_t>(length); ++i) {
      builder.child(0).append_int64(from[row] + i * step);
    }
    builder.append_list_end();
  }
  call.out.set_column(builder.finish());
}

bool series_rule(std::vector<Type>& args, Type* result) {
  for (Type& arg : args) {
    if (arg.is_null()) arg = Type::bigint();
    if (!arg.is_integer()) return false;
    arg = Type::bigint();
  }
  *result = Type::array(Type::bigint());
  return true;
}

bool moments_rule(std::vector<Type>& args, Type* result) {
  if (args[0].kind() != args[1].kind()) return false;
  const Type moment = args[0].precision() >= args[1].precision() ? args[0] : args[1];
  args[0] = moment;
  args[1] = moment;
  *result = Type::array(moment);
  return true;
}

const Function kFunctions[] = {
    {"ARRAY_APPEND", "(a array<T>, x T) -> array<T>", add_element<false>, kNullAware | kInfallible,
     "The array with x behind it", "ARRAY_APPEND(ARRAY[1, 2], 3)", "[1, 2, 3]"},
    {"ARRAY_PREPEND", "(a array<T>, x T) -> array<T>", add_element<true>, kNullAware | kInfallible,
     "The array with x in front", "ARRAY_PREPEND(ARRAY[1, 2], 0)", "[0, 1, 2]"},
    {"ARRAY_REMOVE", "(a array<T>, x T) -> array<T>", array_remove, kNullAware | kInfallible,
     "The array without the elements that are x", "ARRAY_REMOVE(ARRAY[1, 2, 1], 1)", "[2]"},
    {"ARRAY_SLICE", "(a array<T>, from_position bigint, to_position bigint?) -> array<T>",
     array_slice, kInfallible,
     "The elements from one position to another, both with; negative ones count from the end",
     "ARRAY_SLICE(ARRAY[1, 2, 3, 4], 2, -2)", "[2, 3]"},
    {"ARRAY_SORT", "(a array<T>, ascending boolean?, nulls_first boolean?) -> array<T>", array_sort,
     kInfallible, "The elements in order; NULLs first, or last if descending",
     "ARRAY_SORT(ARRAY[3, 1, 2])", "[1, 2, 3]"},
    {"ARRAY_MAX", "(a array<T>) -> T", array_extreme<true>, kInfallible,
     "The greatest element that is not NULL", "ARRAY_MAX(ARRAY[1, 3, 2])", "3"},
    {"ARRAY_MIN", "(a array<T>) -> T", array_extreme<false>, kInfallible,
     "The least element that is not NULL", "ARRAY_MIN(ARRAY[1, 3, 2])", "1"},
    {"ARRAY_UNION", "(a array<T>, b array<T>) -> array<T>", array_set<SetWay::kUnion>, kInfallible,
     "The elements of both, each once", "ARRAY_UNION(ARRAY[1, 2], ARRAY[2, 3])", "[1, 2, 3]"},
    {"ARRAY_INTERSECT", "(a array<T>, b array<T>) -> array<T>", array_set<SetWay::kIntersect>,
     kInfallible, "The elements that both have, each once",
     "ARRAY_INTERSECT(ARRAY[1, 2], ARRAY[2, 3])", "[2]"},
    {"ARRAY_EXCEPT", "(a array<T>, b array<T>) -> array<T>", array_set<SetWay::kExcept>,
     kInfallible, "The elements that the second does not have, each once",
     "ARRAY_EXCEPT(ARRAY[1, 2], ARRAY[2, 3])", "[1]"},
    {"ELEMENT", "(a array<T>) -> T", only_element, kStrict,
     "The only element; NULL of an empty array, an error if there are more", "ELEMENT(ARRAY['a'])",
     "a"},
    {"GENERATE_SERIES,SEQUENCE", "(start int, stop int, step int?) -> rule", series, kStrict,
     "start, start + step, … up to stop", "GENERATE_SERIES(1, 7, 3)", "[1, 4, 7]", series_rule},
    {"GENERATE_SERIES,SEQUENCE", "(start moment, stop moment, step interval_day) -> rule", series,
     kStrict, "Times a step apart",
     "GENERATE_SERIES(TIMESTAMP '2024-01-01 00:00:00', TIMESTAMP '2024-01-01 00:10:00', INTERVAL "
     "'10' MINUTE)",
     "[2024-01-01T00:00:00, 2024-01-01T00:10:00]", moments_rule},
};

}  // namespace

std::span<const Function> array_order_functions() { return kFunctions; }

}  // namespace velo
