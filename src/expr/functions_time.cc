// Arithmetic of times, the clock, zones, and making times from numbers.
#include <cmath>

#include "base/fmt.h"
#include "column/scalar.h"
#include "column/time_text.h"
#include "expr/function_table.h"
#include "expr/time_kernels.h"

namespace velo {
namespace {

void fail_outside(KernelCall& call, size_t row) {
  call.fail(row, ErrorCode::kOverflow,
            "the time leaves the range of " + call.out.type().to_string());
}

// --- Time ± interval ---

/// moment ± duration; kTimeArg says which argument is the moment.
template <bool kSubtract, size_t kTimeArg>
void add_duration(KernelCall& call) {
  const Values<int64_t> time(call, kTimeArg);
  const Values<int64_t> interval(call, 1 - kTimeArg);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    const bool outside = kSubtract ? __builtin_sub_overflow(time[row], interval[row], &out[row])
                                   : __builtin_add_overflow(time[row], interval[row], &out[row]);
    if (outside) [[unlikely]]
      fail_outside(call, row);
  });
}

template <bool kSubtract, size_t kTimeArg>
void add_duration_to_date(KernelCall& call) {
  const Values<int64_t> date(call, kTimeArg);
  const Values<int64_t> interval(call, 1 - kTimeArg);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    int64_t us = 0;
    const bool outside = __builtin_mul_overflow(date[row], kUsPerDay, &us) ||
                         (kSubtract ? __builtin_sub_overflow(us, interval[row], &out[row])
                                    : __builtin_add_overflow(us, interval[row], &out[row]));
    if (outside) [[unlikely]]
      fail_outside(call, row);
  });
}

/// TIME ± duration goes round the clock.
template <bool kSubtract>
void add_duration_to_time(KernelCall& call) {
  const Values<int64_t> time(call, 0);
  const Values<int64_t> interval(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    const int64_t step = interval[row] % kUsPerDay;
    const int64_t sum = time[row] + (kSubtract ? -step : step);
    out[row] = sum - floor_div(sum, kUsPerDay) * kUsPerDay;
  });
}

/// TIMESTAMP or TIMESTAMP_LTZ (in the session's zone) or DATE ± months.
template <bool kSubtract, size_t kTimeArg>
void add_month_interval(KernelCall& call) {
  const Values<int64_t> time(call, kTimeArg);
  const Values<int64_t> months(call, 1 - kTimeArg);
  int64_t* out = call.out.values<int64_t>();
  const TypeKind kind = call.arg_type(kTimeArg).kind();
  const int64_t day = kind == TypeKind::kDate ? kUsPerDay : 1;
  ZoneCursor zone(kind == TypeKind::kTimestampLtz ? call.context.zone : TimeZone::utc());
  for_valid(call, [&](size_t row) {
    const int64_t count = kSubtract ? -months[row] : months[row];
    const auto moved = add_months(zone.to_local(time[row] * day), count);
    if (!moved) [[unlikely]]
      return fail_outside(call, row);
    out[row] = zone.to_utc(*moved) / day;
  });
}

void difference(KernelCall& call) {
  const Values<int64_t> a(call, 0);
  const Values<int64_t> b(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (__builtin_sub_overflow(a[row], b[row], &out[row])) [[unlikely]]
      fail_outside(call, row);
  });
}

template <bool kSubtract, size_t kTimeArg>
void add_days(KernelCall& call) {
  add_duration<kSubtract, kTimeArg>(call);
}

// --- The clock ---

void now(KernelCall& call) {
  for (size_t row = 0; row < call.rows; ++row) {
    call.out.values<int64_t>()[row] = floor_div(call.context.now_us, 1000) * 1000;
  }
}
void local_now(KernelCall& call) {
  const int64_t us = floor_div(call.context.zone->to_local(call.context.now_us), 1000) * 1000;
  for (size_t row = 0; row < call.rows; ++row) call.out.values<int64_t>()[row] = us;
}
void current_date(KernelCall& call) {
  const int64_t days = floor_div(call.context.zone->to_local(call.context.now_us), kUsPerDay);
  for (size_t row = 0; row < call.rows; ++row) call.out.values<int64_t>()[row] = days;
}
void current_time(KernelCall& call) {
  const int64_t local = call.context.zone->to_local(call.context.now_us);
  const int64_t second = floor_div(local - floor_div(local, kUsPerDay) * kUsPerDay, kUsPerSecond);
  for (size_t row = 0; row < call.rows; ++row) {
    call.out.values<int64_t>()[row] = second * kUsPerSecond;
  }
}
void unix_now(KernelCall& call) {
  const int64_t seconds = floor_div(call.context.now_us, kUsPerSecond);
  for (size_t row = 0; row < call.rows; ++row) call.out.values<int64_t>()[row] = seconds;
}

// --- Numbers to times ---

/// TO_TIMESTAMP_LTZ(x, 0 | 3 | 6 | 9): seconds, milli-, micro- or nanoseconds since 1970. Nothing
/// is guessed.
void to_instant(KernelCall& call) {
  const Values<int64_t> x(call, 0);
  const Values<int64_t> precision(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    switch (precision[row]) {
      case 0:
      case 3:
        if (__builtin_mul_overflow(x[row], precision[row] == 0 ? kUsPerSecond : 1000, &out[row])) {
          fail_outside(call, row);
        }
        return;
      case 6:
        out[row] = x[row];
        return;
      case 9:
        out[row] = floor_div(x[row], 1000);
        return;
      default:
        call.fail(
            row, ErrorCode::kEvaluation,
            fmt::format("TO_TIMESTAMP_LTZ counts in 10^-{} seconds: 0, 3, 6 or 9", precision[row]));
    }
  });
}

Status check_precision(std::string_view text, size_t position) {
  if (position != 1 || text == "0" || text == "3" || text == "6" || text == "9") return {};
  return Error(
      ErrorCode::kInvalidStatement,
      fmt::format("the second argument is 0 (seconds), 3 (milliseconds), 6 or 9, not {}", text));
}

void make_date(KernelCall& call) {
  const Values<int64_t> year(call, 0);
  const Values<int64_t> month(call, 1);
  const Values<int64_t> day(call, 2);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    const int64_t m = month[row];
    const bool real = year[row] > -100000 && year[row] < 100000 && m >= 1 && m <= 12 &&
                      day[row] >= 1 && day[row] <= days_in_month(year[row], static_cast<int>(m));
    if (!real) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("{}-{}-{} is not a date", year[row], m, day[row]));
    }
    out[row] = days_from_civil(year[row], static_cast<int>(m), static_cast<int>(day[row]));
  });
}

void make_timestamp(KernelCall& call) {
  make_date(call);
  const Values<int64_t> hour(call, 3);
  const Values<int64_t> minute(call, 4);
  const Values<double> second(call, 5);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (hour[row] < 0 || hour[row] > 23 || minute[row] < 0 || minute[row] > 59 ||
        !(second[row] >= 0) || second[row] >= 60) {
      return call.fail(
          row, ErrorCode::kEvaluation,
          fmt::format("{}:{}:{} is not a time of day", hour[row], minute[row], second[row]));
    }
    const auto us =
        static_cast<int64_t>(std::nearbyint(second[row] * static_cast<double>(kUsPerSecond)));
    out[row] = out[row] * kUsPerDay + (hour[row] * 60 + minute[row]) * 60 * kUsPerSecond + us;
  });
}

/// UNIX_TIMESTAMP(t): the second that EXTRACT(EPOCH FROM t) gives.
void unix_of_time(KernelCall& call) {
  map_all<int64_t, int64_t>(call, [](int64_t us) { return floor_div(us, kUsPerSecond); });
}

void add_months_to_days(KernelCall& call) {
  const Values<int64_t> days(call, 0);
  const Values<int64_t> months(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (months[row] < -4'000'000 || months[row] > 4'000'000) return fail_outside(call, row);
    out[row] = add_months_to_date(days[row], months[row]);
  });
}

/// The start of the bucket of `step` that holds t; buckets are counted from the origin (1970).
void time_bucket(KernelCall& call) {
  const Values<int64_t> step(call, 0);
  const Values<int64_t> time(call, 1);
  const bool has_origin = call.args.size() == 3;
  const Values<int64_t> origin(*call.args[has_origin ? 2 : 1]);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (step[row] <= 0) {
      return call.fail(row, ErrorCode::kEvaluation, "the length of a bucket is not above zero");
    }
    const int64_t from = has_origin ? origin[row] : 0;
    int64_t since = 0;
    if (__builtin_sub_overflow(time[row], from, &since)) return fail_outside(call, row);
    const int128_t start = int128_t{floor_div(since, step[row])} * step[row] + from;
    if (start < INT64_MIN) return fail_outside(call, row);
    out[row] = static_cast<int64_t>(start);
  });
}

bool type_of_bucket(std::vector<Type>& args, Type* result) {
  if (args.size() == 3) args[2] = args[1];
  *result = args[1];
  return true;
}

// --- Zones ---

void timestamp_at_zone(KernelCall& call) {
  const Values<int64_t> time(call, 0);
  ZoneArgument zones(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (ZoneCursor* zone = zones.at(call, row)) out[row] = zone->to_utc(time[row]);
  });
}

void instant_at_zone(KernelCall& call) {
  const Values<int64_t> time(call, 0);
  ZoneArgument zones(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (ZoneCursor* zone = zones.at(call, row)) out[row] = zone->to_local(time[row]);
  });
}

void convert_zone(KernelCall& call) {
  const Values<int64_t> time(call, 0);
  ZoneArgument from(call, 1);
  ZoneArgument to(call, 2);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    ZoneCursor* old_zone = from.at(call, row);
    if (old_zone == nullptr) return;
    const int64_t utc = old_zone->to_utc(time[row]);
    if (ZoneCursor* new_zone = to.at(call, row)) out[row] = new_zone->to_local(utc);
  });
}

bool instant_of_same_precision(std::vector<Type>& args, Type* result) {
  *result = Type::timestamp_ltz(args[0].precision());
  return true;
}
bool wall_clock_of_same_precision(std::vector<Type>& args, Type* result) {
  *result = Type::timestamp(args[0].precision());
  return true;
}
bool type_of_second(std::vector<Type>& args, Type* result) {
  *result = args[1];
  return true;
}

constexpr uint32_t kOp = kInfix;
constexpr uint32_t kZoned = kUsesClock;

const Function kFunctions[] = {
    {"+", "(t moment, i interval_day) -> same", add_duration<false, 0>, kOp, "Later by a duration",
     "TIMESTAMP '2024-01-31 10:00:00' + INTERVAL '1' DAY", "2024-02-01T10:00:00"},
    {"+", "(i interval_day, t moment) -> rule", add_duration<false, 1>, kOp, "Later by a duration",
     "INTERVAL '1' DAY + TIMESTAMP '2024-01-31 10:00:00'", "2024-02-01T10:00:00", type_of_second},
    {"+", "(d date, i interval_day) -> timestamp", add_duration_to_date<false, 0>, kOp,
     "Later by a duration", "DATE '2024-01-31' + INTERVAL '1' HOUR", "2024-01-31T01:00:00"},
    {"+", "(i interval_day, d date) -> timestamp", add_duration_to_date<false, 1>, kOp,
     "Later by a duration", "INTERVAL '1' HOUR + DATE '2024-01-31'", "2024-01-31T01:00:00"},
    {"+", "(t time, i interval_day) -> same", add_duration_to_time<false>, kOp,
     "Later, round the clock", "TIME '23:30:00' + INTERVAL '1' HOUR", "00:30:00"},
    {"+", "(t timestamp, i interval_month) -> same", add_month_interval<false, 0>, kOp,
     "Months later; the day is cut to the month's last",
     "TIMESTAMP '2024-01-31 10:00:00' + INTERVAL '1' MONTH", "2024-02-29T10:00:00"},
    {"+", "(t timestamp_ltz, i interval_month) -> same", add_month_interval<false, 0>, kOp | kZoned,
     "Months later in the session's zone", "", ""},
    {"+", "(d date, i interval_month) -> same", add_month_interval<false, 0>, kOp, "Months later",
     "DATE '2023-01-31' + INTERVAL '1' MONTH", "2023-02-28"},
    {"+", "(i interval_month, t timestamp) -> rule", add_month_interval<false, 1>, kOp,
     "Months later", "", "", type_of_second},
    {"+", "(i interval_month, t timestamp_ltz) -> rule", add_month_interval<false, 1>, kOp | kZoned,
     "Months later in the session's zone", "", "", type_of_second},
    {"+", "(i interval_month, d date) -> rule", add_month_interval<false, 1>, kOp, "Months later",
     "", "", type_of_second},
    {"+,DATE_ADD", "(d date, days int) -> same", add_days<false, 0>, kOp, "Days later",
     "DATE '2024-02-28' + 2", "2024-03-01"},
    {"+", "(days int, d date) -> date", add_days<false, 1>, kOp, "Days later",
     "2 + DATE '2024-02-28'", "2024-03-01"},
    {"-", "(t moment, i interval_day) -> same", add_duration<true, 0>, kOp, "Earlier by a duration",
     "TIMESTAMP '2024-03-01 10:00:00' - INTERVAL '1' DAY", "2024-02-29T10:00:00"},
    {"-", "(d date, i interval_day) -> timestamp", add_duration_to_date<true, 0>, kOp,
     "Earlier by a duration", "DATE '2024-01-31' - INTERVAL '1' HOUR", "2024-01-30T23:00:00"},
    {"-", "(t time, i interval_day) -> same", add_duration_to_time<true>, kOp,
     "Earlier, round the clock", "TIME '00:30:00' - INTERVAL '1' HOUR", "23:30:00"},
    {"-", "(t timestamp, i interval_month) -> same", add_month_interval<true, 0>, kOp,
     "Months earlier", "TIMESTAMP '2024-03-31 10:00:00' - INTERVAL '1' MONTH",
     "2024-02-29T10:00:00"},
    {"-", "(t timestamp_ltz, i interval_month) -> same", add_month_interval<true, 0>, kOp | kZoned,
     "Months earlier in the session's zone", "", ""},
    {"-", "(d date, i interval_month) -> same", add_month_interval<true, 0>, kOp, "Months earlier",
     "DATE '2024-03-31' - INTERVAL '1' MONTH", "2024-02-29"},
    {"-,DATE_SUB", "(d date, days int) -> same", add_days<true, 0>, kOp, "Days earlier",
     "DATE '2024-03-01' - 1", "2024-02-29"},
    {"-", "(a timestamp, b timestamp) -> interval_day", difference, kOp, "Duration between",
     "TIMESTAMP '2024-01-02 00:00:00' - TIMESTAMP '2024-01-01 12:00:00'", "0 12:00:00"},
    {"-", "(a timestamp_ltz, b timestamp_ltz) -> interval_day", difference, kOp, "Duration between",
     "", ""},
    {"-", "(a time, b time) -> interval_day", difference, kOp, "Duration between",
     "TIME '12:00:00' - TIME '10:00:00'", "0 02:00:00"},
    {"-,DATEDIFF", "(a date, b date) -> integer", difference, kOp, "Days between",
     "DATE '2024-03-01' - DATE '2024-02-01'", "29"},
    {"CURRENT_TIMESTAMP,NOW,CURRENT_ROW_TIMESTAMP", "() -> timestamp_ltz", now,
     kUsesClock | kInfallible, "The wall clock, the same for all rows of a batch", "", ""},
    {"PROCTIME", "() -> timestamp_ltz", now, kUsesClock | kInfallible,
     "The wall clock as a time that windows can be built on", "", ""},
    {"LOCALTIMESTAMP", "() -> timestamp", local_now, kUsesClock | kInfallible,
     "The wall clock in the session's zone", "", ""},
    {"CURRENT_DATE", "() -> date", current_date, kUsesClock | kInfallible,
     "Today in the session's zone", "", ""},
    {"CURRENT_TIME,LOCALTIME", "() -> time", current_time, kUsesClock | kInfallible,
     "The time of day in the session's zone", "", ""},
    {"UNIX_TIMESTAMP", "() -> bigint", unix_now, kUsesClock | kInfallible,
     "Seconds since 1970 by the wall clock", "", ""},
    {"TO_TIMESTAMP_LTZ", "(x bigint, precision bigint) -> timestamp_ltz", to_instant, kStrict,
     "The instant x seconds (0), milliseconds (3), microseconds (6) or nanoseconds (9) after 1970",
     "TO_TIMESTAMP_LTZ(1700000000, 0)", "2023-11-14T22:13:20Z", nullptr, check_precision},
    {"ADD_MONTHS", "(d date, months bigint) -> date", add_months_to_days, kStrict,
     "Months later; the day is cut to the month's last", "ADD_MONTHS(DATE '2024-01-31', 1)",
     "2024-02-29"},
    {"DATE_BIN,TIME_BUCKET", "(step interval_day, t moment, origin moment?) -> rule", time_bucket,
     kStrict, "The start of t's bucket; buckets are counted from the origin, by default 1970",
     "DATE_BIN(INTERVAL '15' MINUTE, TIMESTAMP '2024-02-29 13:47:00')", "2024-02-29T13:45:00",
     type_of_bucket},
    {"UNIX_TIMESTAMP", "(t moment) -> bigint", unix_of_time, kInfallible,
     "Whole seconds since 1970", "UNIX_TIMESTAMP(TIMESTAMP '1970-01-02 00:00:00')", "86400"},
    {"MAKE_DATE", "(year bigint, month bigint, day bigint) -> date", make_date, kStrict,
     "A date from its parts", "MAKE_DATE(2024, 2, 29)", "2024-02-29"},
    {"MAKE_TIMESTAMP",
     "(year bigint, month bigint, day bigint, hour bigint, minute bigint, second float64) -> "
     "timestamp",
     make_timestamp, kStrict, "A timestamp from its parts",
     "MAKE_TIMESTAMP(2024, 2, 29, 12, 30, 1.5)", "2024-02-29T12:30:01.500"},
    {"AT TIME ZONE", "(t timestamp, zone string) -> rule", timestamp_at_zone, kOp,
     "The instant of a wall-clock time in a zone",
     "TIMESTAMP '2024-07-01 12:00:00' AT TIME ZONE 'Europe/Berlin'", "2024-07-01T10:00:00Z",
     instant_of_same_precision, check_zones_from<1>},
    {"AT TIME ZONE", "(t timestamp_ltz, zone string) -> rule", instant_at_zone, kOp,
     "What the wall clock of a zone shows at an instant",
     "TO_TIMESTAMP_LTZ(0, 0) AT TIME ZONE 'Asia/Tokyo'", "1970-01-01T09:00:00",
     wall_clock_of_same_precision, check_zones_from<1>},
    {"CONVERT_TZ", "(t timestamp, from_zone string, to_zone string) -> same", convert_zone, kStrict,
     "The same instant on another zone's wall clock",
     "CONVERT_TZ(TIMESTAMP '2024-01-01 00:00:00', 'UTC', 'Asia/Tokyo')", "2024-01-01T09:00:00",
     nullptr, check_zones_from<1>},
};

}  // namespace

std::span<const Function> time_functions() { return kFunctions; }

}  // namespace velo
