#include "expr/casts.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/fmt.h"
#include "column/decimal.h"
#include "column/scalar.h"
#include "column/time_text.h"

namespace velo {
namespace {

std::string value_text(const KernelCall& call, size_t row) {
  std::string text;
  append_text(text, *call.args[0], row);
  return text;
}

void fail_range(KernelCall& call, size_t row) {
  call.fail(
      row, ErrorCode::kOverflow,
      fmt::format("{} does not fit in {}", value_text(call, row), call.out.type().to_string()));
}

// --- Numbers ---

void integer_to_integer(KernelCall& call) {
  const int64_t low = call.out.type().integer_min();
  const int64_t high = call.out.type().integer_max();
  map_all<int64_t, int64_t>(call, [](int64_t x) { return x; });
  const Values<int64_t> in(call, 0);
  for_valid(call, [&](size_t row) {
    if (in[row] < low || in[row] > high) [[unlikely]]
      fail_range(call, row);
  });
}

void integer_to_double(KernelCall& call) {
  map_all<double, int64_t>(call, [](int64_t x) { return static_cast<double>(x); });
}

void integer_to_float(KernelCall& call) {
  map_all<double, int64_t>(call,
                           [](int64_t x) { return static_cast<double>(static_cast<float>(x)); });
}

void double_to_float(KernelCall& call) {
  const Values<double> in(call, 0);
  double* out = call.out.values<double>();
  for_valid(call, [&](size_t row) {
    out[row] = static_cast<double>(static_cast<float>(in[row]));
    if (std::isinf(out[row]) && !std::isinf(in[row])) [[unlikely]]
      fail_range(call, row);
  });
}

void integer_to_decimal(KernelCall& call) {
  const int128_t factor = power_of_ten(call.out.type().scale());
  const int precision = call.out.type().precision();
  const Values<int64_t> in(call, 0);
  int128_t* out = call.out.values<int128_t>();
  for_valid(call, [&](size_t row) {
    if (__builtin_mul_overflow(static_cast<int128_t>(in[row]), factor, &out[row]) ||
        !fits_precision(out[row], precision)) [[unlikely]] {
      fail_range(call, row);
    }
  });
}

void decimal_to_decimal(KernelCall& call) {
  const int from = call.arg_type(0).scale();
  const int to = call.out.type().scale();
  const int precision = call.out.type().precision();
  const Values<int128_t> in(call, 0);
  int128_t* out = call.out.values<int128_t>();
  for_valid(call, [&](size_t row) {
    bool lossless = true;
    if (!rescale(in[row], from, to, &out[row], &lossless) || !fits_precision(out[row], precision))
        [[unlikely]] {
      fail_range(call, row);
    } else if (!lossless) [[unlikely]] {
      call.fail(row, ErrorCode::kOverflow,
                fmt::format("{} loses digits in {}: ROUND(x, {}) first", value_text(call, row),
                            call.out.type().to_string(), to));
    }
  });
}

void decimal_to_float(KernelCall& call) {
  const int scale = call.arg_type(0).scale();
  const bool single = call.out.type().kind() == TypeKind::kFloat;
  map_valid<double, int128_t>(call, [&](int128_t x) {
    const double value = decimal_to_double(x, scale);
    return single ? static_cast<double>(static_cast<float>(value)) : value;
  });
}

void decimal_to_integer(KernelCall& call) {
  const int scale = call.arg_type(0).scale();
  const Values<int128_t> in(call, 0);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    int128_t whole = 0;
    const bool fits = rescale(in[row], scale, 0, &whole) &&
                      whole >= call.out.type().integer_min() &&
                      whole <= call.out.type().integer_max();
    if (!fits) [[unlikely]]
      return fail_range(call, row);
    out[row] = static_cast<int64_t>(whole);
  });
}

void float_to_integer(KernelCall& call) {
  // Both are exact doubles; max + 1 is a power of two.
  const double low = static_cast<double>(call.out.type().integer_min());
  const double beyond = -low;
  const Values<double> in(call, 0);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    const double whole = std::nearbyint(in[row]);
    if (!(whole >= low && whole < beyond)) [[unlikely]]
      return fail_range(call, row);
    out[row] = static_cast<int64_t>(whole);
  });
}

void float_to_decimal(KernelCall& call) {
  const Type& type = call.out.type();
  const Values<double> in(call, 0);
  int128_t* out = call.out.values<int128_t>();
  for_valid(call, [&](size_t row) {
    if (!double_to_decimal(in[row], type.precision(), type.scale(), &out[row])) [[unlikely]] {
      fail_range(call, row);
    }
  });
}

template <typename T>
void number_to_boolean(KernelCall& call) {
  map_all<uint8_t, T>(call, [](T x) { return static_cast<uint8_t>(x != T{0} ? 1 : 0); });
}

void boolean_to_integer(KernelCall& call) {
  map_all<int64_t, uint8_t>(call, [](uint8_t x) { return static_cast<int64_t>(x); });
}

void boolean_to_double(KernelCall& call) {
  map_all<double, uint8_t>(call, [](uint8_t x) { return static_cast<double>(x); });
}

void boolean_to_decimal(KernelCall& call) {
  const int128_t one = power_of_ten(call.out.type().scale());
  const Values<uint8_t> in(call, 0);
  int128_t* out = call.out.values<int128_t>();
  for_valid(call, [&](size_t row) {
    out[row] = in[row] != 0 ? one : int128_t{0};
    if (!fits_precision(out[row], call.out.type().precision())) fail_range(call, row);
  });
}

// --- Text ---

void any_to_string(KernelCall& call) {
  std::string text;
  const Column& in = *call.args[0];
  for_valid(call, [&](size_t row) {
    text.clear();
    append_text(text, in, row);
    call.out.set_string(row, text);
  });
}

std::string_view trim_spaces(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

void fail_text(KernelCall& call, size_t row, std::string_view text) {
  Result<Scalar> value = parse_scalar(call.out.type(), text);
  call.fail(row, ErrorCode::kEvaluation,
            value ? fmt::format("'{}' is no {}", text, call.out.type().to_string())
                  : value.error().message);
}

void string_to_integer(KernelCall& call) {
  const int64_t low = call.out.type().integer_min();
  const int64_t high = call.out.type().integer_max();
  const Strings in(call, 0);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    std::string_view text = trim_spaces(in[row]);
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out[row]);
    if (error != std::errc() || stop != end || out[row] < low || out[row] > high) [[unlikely]] {
      fail_text(call, row, text);
    }
  });
}

void string_to_double(KernelCall& call) {
  const Strings in(call, 0);
  double* out = call.out.values<double>();
  const bool single = call.out.type().kind() == TypeKind::kFloat;
  for_valid(call, [&](size_t row) {
    std::string_view text = trim_spaces(in[row]);
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out[row]);
    if (error != std::errc() || stop != end) [[unlikely]]
      return fail_text(call, row, text);
    if (single) out[row] = static_cast<double>(static_cast<float>(out[row]));
  });
}

template <typename T>
void string_to_scalar(KernelCall& call) {
  const Strings in(call, 0);
  T* out = call.out.values<T>();
  for_valid(call, [&](size_t row) {
    const std::string_view text = trim_spaces(in[row]);
    Result<Scalar> value = parse_scalar(call.out.type(), text);
    if (!value) [[unlikely]]
      return call.fail(row, ErrorCode::kEvaluation, value.error().message);
    if constexpr (std::is_same_v<T, uint8_t>) {
      out[row] = value->as_bool() ? 1 : 0;
    } else {
      out[row] = std::get<T>(value->value);
    }
  });
}

void string_to_time(KernelCall& call) {
  const Type& type = call.out.type();
  const Strings in(call, 0);
  int64_t* out = call.out.values<int64_t>();
  const int64_t step = type.kind() == TypeKind::kDate ? 1 : type.step_us();
  for_valid(call, [&](size_t row) {
    const std::string_view text = trim_spaces(in[row]);
    std::optional<int64_t> value;
    switch (type.kind()) {
      case TypeKind::kDate:
        value = parse_date(text);
        break;
      case TypeKind::kTime:
        value = parse_time(text);
        break;
      default:
        value = parse_timestamp(text, type.kind() == TypeKind::kTimestampLtz);
    }
    if (!value) [[unlikely]]
      return fail_text(call, row, text);
    if (*value % step != 0) [[unlikely]] {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("'{}' has more digits than {} keeps", text, type.to_string()));
    }
    out[row] = *value;
  });
}

// --- Times ---

void time_to_coarser(KernelCall& call) {
  const int64_t step = call.out.type().step_us();
  map_all<int64_t, int64_t>(call, [step](int64_t x) { return floor_div(x, step) * step; });
}

void date_to_timestamp(KernelCall& call) {
  const Values<int64_t> in(call, 0);
  int64_t* out = call.out.values<int64_t>();
  const bool instant = call.out.type().kind() == TypeKind::kTimestampLtz;
  ZoneCursor zone(call.context.zone);
  for_valid(call, [&](size_t row) {
    if (__builtin_mul_overflow(in[row], kUsPerDay, &out[row])) [[unlikely]] {
      return fail_range(call, row);
    }
    if (instant) out[row] = zone.to_utc(out[row]);
  });
}

void timestamp_to_instant(KernelCall& call) {
  ZoneCursor zone(call.context.zone);
  const int64_t step = call.out.type().step_us();
  map_valid<int64_t, int64_t>(call,
                              [&](int64_t x) { return floor_div(zone.to_utc(x), step) * step; });
}

void instant_to_timestamp(KernelCall& call) {
  ZoneCursor zone(call.context.zone);
  const int64_t step = call.out.type().step_us();
  map_valid<int64_t, int64_t>(call,
                              [&](int64_t x) { return floor_div(zone.to_local(x), step) * step; });
}

/// A timestamp's day, or its time of day.
void timestamp_to_part(KernelCall& call) {
  const bool instant = call.arg_type(0).kind() == TypeKind::kTimestampLtz;
  const bool day = call.out.type().kind() == TypeKind::kDate;
  const int64_t step = day ? 1 : call.out.type().step_us();
  ZoneCursor zone(call.context.zone);
  map_valid<int64_t, int64_t>(call, [&](int64_t x) {
    const int64_t local = instant ? zone.to_local(x) : x;
    const int64_t days = floor_div(local, kUsPerDay);
    return day ? days : floor_div(local - days * kUsPerDay, step) * step;
  });
}

// --- Arrays and rows: their parts one by one ---

/// Casts children with `cast`, reporting a failed element at the row that holds it.
void cast_nested(KernelCall& call) {
  const ColumnPtr in = flatten(call.args[0]);
  const Type& type = call.out.type();
  const bool list = type.physical() == Physical::kList;
  std::vector<ColumnPtr> children;
  for (size_t c = 0; c < type.children().size(); ++c) {
    const ColumnPtr child = flatten(in->child(c));
    const Type& to = type.children()[c];
    const Kernel kernel = find_cast(child->type(), to);
    if (kernel == nullptr) {
      children.push_back(child->type().is_null() ? Column::nulls(to, child->size())
                                                 : retype(child, to));
      continue;
    }
    RowErrors errors;
    KernelOutput out(to, child->size());
    out.intersect_validity(*child);
    std::unique_ptr<KernelState> state;
    const std::vector<ColumnPtr> args{child};
    KernelCall part{child->size(), args, out, {&errors, nullptr}, call.context, state};
    kernel(part);
    children.push_back(out.finish());
    for (const RowError& error : errors.rows()) {
      size_t row = error.row;
      if (list) {
        const uint32_t* begin = in->offsets();
        row = static_cast<size_t>(std::upper_bound(begin, begin + in->size() + 1, error.row) -
                                  begin - 1);
      }
      if (!in->is_null(row)) call.fail(row, error.code, error.message);
    }
  }
  // The output's validity holds the failed rows and those that were NULL.
  auto words = Buffer::allocate(bitmap_words(call.rows) * sizeof(uint64_t));
  for (size_t w = 0; w < bitmap_words(call.rows); ++w) {
    words->as<uint64_t>()[w] =
        call.out.validity() != nullptr ? call.out.validity()[w] : ~uint64_t{0};
  }
  const BufferPtr validity = call.out.validity() != nullptr ? words : nullptr;
  call.out.set_column(list ? Column::list(type, call.rows, in->values_buffer(), children, validity)
                           : Column::row(type, call.rows, children, validity));
}

Kernel cast_integer(const Type& from, const Type& to) {
  switch (to.kind()) {
    case TypeKind::kBoolean:
      return number_to_boolean<int64_t>;
    case TypeKind::kFloat:
      return integer_to_float;
    case TypeKind::kDouble:
      return integer_to_double;
    case TypeKind::kDecimal:
      return integer_to_decimal;
    default:
      return from.kind() < to.kind() ? nullptr : integer_to_integer;
  }
}

Kernel cast_decimal(const Type& to) {
  if (to.kind() == TypeKind::kBoolean) return number_to_boolean<int128_t>;
  if (to.is_float()) return decimal_to_float;
  return to.is_decimal() ? decimal_to_decimal : decimal_to_integer;
}

Kernel cast_float(const Type& to) {
  if (to.kind() == TypeKind::kBoolean) return number_to_boolean<double>;
  if (to.kind() == TypeKind::kFloat) return double_to_float;
  if (to.kind() == TypeKind::kDouble) return nullptr;
  return to.is_decimal() ? float_to_decimal : float_to_integer;
}

Kernel cast_boolean(const Type& to) {
  if (to.is_float()) return boolean_to_double;
  return to.is_decimal() ? boolean_to_decimal : boolean_to_integer;
}

Kernel cast_string(const Type& to) {
  if (to.is_integer()) return string_to_integer;
  if (to.is_float()) return string_to_double;
  if (to.is_decimal()) return string_to_scalar<int128_t>;
  if (to.kind() == TypeKind::kBoolean) return string_to_scalar<uint8_t>;
  if (to.kind() == TypeKind::kBytes) return nullptr;
  return string_to_time;
}

Kernel cast_time(const Type& from, const Type& to) {
  if (from.kind() == to.kind()) {
    return from.precision() <= to.precision() ? nullptr : time_to_coarser;
  }
  if (from.kind() == TypeKind::kDate) return date_to_timestamp;
  if (to.kind() == TypeKind::kDate || to.kind() == TypeKind::kTime) return timestamp_to_part;
  return to.kind() == TypeKind::kTimestampLtz ? timestamp_to_instant : instant_to_timestamp;
}

}  // namespace

Kernel find_cast(const Type& from, const Type& to) {
  if (from.is_null() || from == to) return nullptr;
  if (to.is_string()) return from.kind() == TypeKind::kBytes ? nullptr : any_to_string;
  if (from.is_nested()) return cast_nested;
  if (from.is_integer()) return cast_integer(from, to);
  if (from.is_decimal()) return cast_decimal(to);
  if (from.is_float()) return cast_float(to);
  if (from.kind() == TypeKind::kBoolean) return cast_boolean(to);
  if (from.is_string()) return cast_string(to);
  if (from.is_interval()) return nullptr;
  return cast_time(from, to);
}

}  // namespace velo
