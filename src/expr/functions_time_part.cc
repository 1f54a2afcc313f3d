// Parts of times and steps between them: EXTRACT, DATE_TRUNC, FLOOR and CEIL, TIMESTAMPADD,
// TIMESTAMPDIFF.
#include "base/fmt.h"
#include "column/time_text.h"
#include "expr/function_table.h"
#include "expr/time_kernels.h"

namespace velo {
namespace {

/// A date, time, timestamp or instant argument as wall-clock microseconds.
class LocalTimes {
 public:
  LocalTimes(const KernelCall& call, size_t i)
      : values_(call, i),
        factor_(call.arg_type(i).kind() == TypeKind::kDate ? kUsPerDay : 1),
        is_instant_(call.arg_type(i).kind() == TypeKind::kTimestampLtz),
        zone_(call.context.zone) {}
  int64_t operator[](size_t row) {
    return is_instant_ ? zone_.to_local(values_[row]) : values_[row] * factor_;
  }
  /// Back to the argument's own form.
  int64_t restore(int64_t local_us) {
    return is_instant_ ? zone_.to_utc(local_us) : local_us / factor_;
  }
  void use_zone(const TimeZone* zone) {
    if (zone_.zone() != zone) zone_ = ZoneCursor(zone);
  }

 private:
  Values<int64_t> values_;
  int64_t factor_;
  bool is_instant_;
  ZoneCursor zone_;
};

void extract(KernelCall& call) {
  const UnitArgument units(call, 0);
  LocalTimes times(call, 1);
  const Values<int64_t> raw(call, 1);
  const bool instant = call.arg_type(1).kind() == TypeKind::kTimestampLtz;
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    const auto unit = units.at(call, row);
    if (!unit) return;
    // The epoch of an instant does not depend on a zone.
    out[row] = instant && *unit == TimeUnit::kEpoch ? floor_div(raw[row], kUsPerSecond)
                                                    : extract_part(*unit, times[row]);
  });
}

/// Parts of a duration, all with its sign: days, then hours of a day, …
void extract_duration(KernelCall& call) {
  const UnitArgument units(call, 0);
  const Values<int64_t> in(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    const auto unit = units.at(call, row);
    if (!unit) return;
    const int64_t us = in[row];
    switch (*unit) {
      case TimeUnit::kDay:
        out[row] = us / kUsPerDay;
        return;
      case TimeUnit::kHour:
        out[row] = us % kUsPerDay / (3600 * kUsPerSecond);
        return;
      case TimeUnit::kMinute:
        out[row] = us % (3600 * kUsPerSecond) / (60 * kUsPerSecond);
        return;
      case TimeUnit::kSecond:
        out[row] = us % (60 * kUsPerSecond) / kUsPerSecond;
        return;
      case TimeUnit::kMillisecond:
        out[row] = us % (60 * kUsPerSecond) / 1000;
        return;
      case TimeUnit::kMicrosecond:
        out[row] = us % (60 * kUsPerSecond);
        return;
      case TimeUnit::kEpoch:
        out[row] = us / kUsPerSecond;
        return;
      default:
        call.fail(row, ErrorCode::kEvaluation, "a duration has DAY, HOUR, MINUTE, SECOND, EPOCH …");
    }
  });
}

void extract_months(KernelCall& call) {
  const UnitArgument units(call, 0);
  const Values<int64_t> in(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    const auto unit = units.at(call, row);
    if (!unit) return;
    if (*unit != TimeUnit::kYear && *unit != TimeUnit::kMonth) {
      return call.fail(row, ErrorCode::kEvaluation, "an interval of months has YEAR and MONTH");
    }
    out[row] = *unit == TimeUnit::kYear ? in[row] / 12 : in[row] % 12;
  });
}

/// DATE_TRUNC(unit, t [, zone]), FLOOR(t TO unit), CEIL(t TO unit).
template <bool kUp, size_t kTimeArg>
void truncate(KernelCall& call) {
  const UnitArgument units(call, 1 - kTimeArg);
  LocalTimes times(call, kTimeArg);
  int64_t* out = call.out.values<int64_t>();
  const bool wall_clock = call.arg_type(kTimeArg).kind() == TypeKind::kTimestamp;
  const auto unit = units.constant();
  if (!kUp && wall_clock && unit && *unit < TimeUnit::kWeek) {
    const Values<int64_t> in(call, kTimeArg);
    const int64_t length = *fixed_length_us(*unit);
    for (size_t row = 0; row < call.rows; ++row) out[row] = floor_div(in[row], length) * length;
    return;
  }
  std::optional<ZoneArgument> zones;
  if (call.args.size() == 3) zones.emplace(call, 2);
  for_valid(call, [&](size_t row) {
    const auto row_unit = units.at(call, row);
    if (!row_unit) return;
    if (*row_unit > TimeUnit::kMillennium) {
      return call.fail(row, ErrorCode::kEvaluation,
                       "this unit is only a part, not a length of time");
    }
    if (zones) {
      const ZoneCursor* zone = zones->at(call, row);
      if (zone == nullptr) return;
      times.use_zone(zone->zone());
    }
    out[row] = times.restore(kUp ? ceil_time(*row_unit, times[row])
                                 : truncate_time(*row_unit, times[row]));
  });
}

void timestamp_add(KernelCall& call) {
  const UnitArgument units(call, 0);
  const Values<int64_t> count(call, 1);
  const Values<int64_t> raw(call, 2);
  LocalTimes times(call, 2);
  int64_t* out = call.out.values<int64_t>();
  const bool date = call.arg_type(2).kind() == TypeKind::kDate;
  for_valid(call, [&](size_t row) {
    const auto unit = units.at(call, row);
    if (!unit) return;
    int64_t step = 0;
    bool good = false;
    if (const auto months = length_months(*unit)) {
      if (!__builtin_mul_overflow(*months, count[row], &step)) {
        const auto moved = add_months(times[row], step);
        good = moved.has_value();
        if (good) out[row] = times.restore(*moved);
      }
    } else if (const auto length = fixed_length_us(*unit)) {
      good = !__builtin_mul_overflow(*length, count[row], &step) &&
             !__builtin_add_overflow(raw[row], date ? step / kUsPerDay : step, &out[row]);
      if (date && *unit < TimeUnit::kDay) {
        return call.fail(row, ErrorCode::kEvaluation,
                         "a DATE has no hours: cast it to TIMESTAMP first");
      }
    }
    if (!good) call.fail(row, ErrorCode::kOverflow, "the time leaves its range");
  });
}

void timestamp_difference(KernelCall& call) {
  const UnitArgument units(call, 0);
  LocalTimes begin(call, 1);
  LocalTimes end(call, 2);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    const auto unit = units.at(call, row);
    if (!unit) return;
    if (*unit > TimeUnit::kMillennium) {
      return call.fail(row, ErrorCode::kEvaluation,
                       "this unit is only a part, not a length of time");
    }
    out[row] = units_between(*unit, begin[row], end[row]);
  });
}

void last_day(KernelCall& call) {
  const Values<int64_t> in(call, 0);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    const CivilDate date = civil_from_days(in[row]);
    out[row] = in[row] - date.day + days_in_month(date.year, date.month);
  });
}

template <size_t kArg>
bool type_of(std::vector<Type>& args, Type* result) {
  *result = args[kArg];
  return true;
}

constexpr std::string_view kPart = "The same as EXTRACT of that unit";

constexpr std::string_view kDayNames[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                          "Friday", "Saturday", "Sunday"};
constexpr std::string_view kMonthNames[] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};

/// DAYNAME, MONTHNAME of a date, or of a time in its zone.
template <bool kOfDay>
void name_of(KernelCall& call) {
  const Values<int64_t> in(call, 0);
  const TypeKind kind = call.arg_type(0).kind();
  ZoneCursor zone(kind == TypeKind::kTimestampLtz ? call.context.zone : TimeZone::utc());
  for_valid(call, [&](size_t row) {
    const int64_t us = kind == TypeKind::kDate ? in[row] * kUsPerDay : zone.to_local(in[row]);
    if (kOfDay) {
      const int day = iso_weekday(floor_div(us, kUsPerDay));
      return call.out.set_string(row, kDayNames[static_cast<size_t>(day) - 1]);
    }
    const int64_t month = extract_part(TimeUnit::kMonth, us);
    call.out.set_string(row, kMonthNames[static_cast<size_t>(month) - 1]);
  });
}

const Function kFunctions[] = {
    {"EXTRACT,DATE_PART", "(unit string, t date) -> bigint", extract, kStrict, "A part of a date",
     "EXTRACT(YEAR FROM DATE '2024-02-29')", "2024", nullptr, check_first_unit},
    {"EXTRACT,DATE_PART", "(unit string, t timestamp) -> bigint", extract, kStrict,
     "A part of a timestamp", "EXTRACT(HOUR FROM TIMESTAMP '2024-02-29 13:00:00')", "13", nullptr,
     check_first_unit},
    {"EXTRACT,DATE_PART", "(unit string, t timestamp_ltz) -> bigint", extract, kUsesClock,
     "A part of what the session's wall clock shows", "", "", nullptr, check_first_unit},
    {"EXTRACT,DATE_PART", "(unit string, t time) -> bigint", extract, kStrict,
     "A part of a time of day", "EXTRACT(MINUTE FROM TIME '13:45:00')", "45", nullptr,
     check_first_unit},
    {"EXTRACT,DATE_PART", "(unit string, i interval_day) -> bigint", extract_duration, kStrict,
     "A part of a duration", "EXTRACT(HOUR FROM INTERVAL '26' HOUR)", "2", nullptr,
     check_first_unit},
    {"EXTRACT,DATE_PART", "(unit string, i interval_month) -> bigint", extract_months, kStrict,
     "A part of an interval of months", "EXTRACT(MONTH FROM INTERVAL '14' MONTH)", "2", nullptr,
     check_first_unit},
    {"YEAR", "(t any) -> bigint", nullptr, kStrict, kPart, "YEAR(DATE '2024-02-29')", "2024"},
    {"QUARTER", "(t any) -> bigint", nullptr, kStrict, kPart, "QUARTER(DATE '2024-05-01')", "2"},
    {"MONTH", "(t any) -> bigint", nullptr, kStrict, kPart, "MONTH(DATE '2024-02-29')", "2"},
    {"WEEK", "(t any) -> bigint", nullptr, kStrict, "The ISO week", "WEEK(DATE '2024-12-30')", "1"},
    {"DAYOFYEAR", "(t any) -> bigint", nullptr, kStrict, kPart, "DAYOFYEAR(DATE '2024-12-31')",
     "366"},
    {"DAYOFMONTH,DAY", "(t any) -> bigint", nullptr, kStrict, kPart,
     "DAYOFMONTH(DATE '2024-02-29')", "29"},
    {"DAYOFWEEK", "(t any) -> bigint", nullptr, kStrict, "Sunday = 1 … Saturday = 7",
     "DAYOFWEEK(DATE '2024-02-29')", "5"},
    {"HOUR", "(t any) -> bigint", nullptr, kStrict, kPart, "HOUR(TIME '13:45:10')", "13"},
    {"MINUTE", "(t any) -> bigint", nullptr, kStrict, kPart, "MINUTE(TIME '13:45:10')", "45"},
    {"SECOND", "(t any) -> bigint", nullptr, kStrict, kPart, "SECOND(TIME '13:45:10')", "10"},
    {"DATE_TRUNC", "(unit string, t timestamp) -> rule", truncate<false, 1>, kStrict,
     "The start of the unit", "DATE_TRUNC('month', TIMESTAMP '2024-02-29 13:00:00')",
     "2024-02-01T00:00:00", type_of<1>, check_first_unit},
    {"DATE_TRUNC", "(unit string, t timestamp_ltz, zone string?) -> rule", truncate<false, 1>,
     kUsesClock, "The start of the unit in a zone (the session's)", "", "", type_of<1>,
     check_first_unit},
    {"DATE_TRUNC", "(unit string, t date) -> date", truncate<false, 1>, kStrict,
     "The start of the unit", "DATE_TRUNC('year', DATE '2024-02-29')", "2024-01-01", nullptr,
     check_first_unit},
    {"FLOOR", "(t timestamp, unit string) -> same", truncate<false, 0>, kStrict,
     "The start of the unit: FLOOR(t TO HOUR)", "FLOOR(TIMESTAMP '2024-02-29 13:45:00' TO HOUR)",
     "2024-02-29T13:00:00", nullptr, check_second_unit},
    {"FLOOR", "(t timestamp_ltz, unit string) -> same", truncate<false, 0>, kUsesClock,
     "The start of the unit in the session's zone", "", "", nullptr, check_second_unit},
    {"FLOOR", "(t date, unit string) -> same", truncate<false, 0>, kStrict, "The start of the unit",
     "FLOOR(DATE '2024-02-29' TO MONTH)", "2024-02-01", nullptr, check_second_unit},
    {"CEIL,CEILING", "(t timestamp, unit string) -> same", truncate<true, 0>, kStrict,
     "The start of the next unit: CEIL(t TO HOUR)", "CEIL(TIMESTAMP '2024-02-29 13:45:00' TO HOUR)",
     "2024-02-29T14:00:00", nullptr, check_second_unit},
    {"CEIL,CEILING", "(t timestamp_ltz, unit string) -> same", truncate<true, 0>, kUsesClock,
     "The start of the next unit in the session's zone", "", "", nullptr, check_second_unit},
    {"CEIL,CEILING", "(t date, unit string) -> same", truncate<true, 0>, kStrict,
     "The start of the next unit", "CEIL(DATE '2024-02-29' TO MONTH)", "2024-03-01", nullptr,
     check_second_unit},
    {"TIMESTAMPADD", "(unit string, n bigint, t timestamp) -> rule", timestamp_add, kStrict,
     "n units later", "TIMESTAMPADD(MONTH, 1, TIMESTAMP '2024-01-31 00:00:00')",
     "2024-02-29T00:00:00", type_of<2>, check_first_unit},
    {"TIMESTAMPADD", "(unit string, n bigint, t timestamp_ltz) -> rule", timestamp_add, kUsesClock,
     "n units later; months in the session's zone", "", "", type_of<2>, check_first_unit},
    {"TIMESTAMPADD", "(unit string, n bigint, t date) -> date", timestamp_add, kStrict,
     "n units later", "TIMESTAMPADD(DAY, 1, DATE '2024-02-28')", "2024-02-29", nullptr,
     check_first_unit},
    {"TIMESTAMPDIFF", "(unit string, begin timestamp, finish timestamp) -> bigint",
     timestamp_difference, kStrict, "Whole units between, towards zero",
     "TIMESTAMPDIFF(HOUR, TIMESTAMP '2024-01-01 00:00:00', TIMESTAMP '2024-01-02 01:30:00')", "25",
     nullptr, check_first_unit},
    {"TIMESTAMPDIFF", "(unit string, begin timestamp_ltz, finish timestamp_ltz) -> bigint",
     timestamp_difference, kUsesClock, "Whole units between, towards zero", "", "", nullptr,
     check_first_unit},
    {"DAYNAME", "(d date) -> string", name_of<true>, kInfallible, "The English name of its weekday",
     "DAYNAME(DATE '2024-02-29')", "Thursday"},
    {"DAYNAME", "(t moment) -> string", name_of<true>, kInfallible | kUsesClock,
     "The English name of its weekday", "DAYNAME(TIMESTAMP '2024-02-29 12:00:00')", "Thursday"},
    {"MONTHNAME", "(d date) -> string", name_of<false>, kInfallible,
     "The English name of its month", "MONTHNAME(DATE '2024-02-29')", "February"},
    {"MONTHNAME", "(t moment) -> string", name_of<false>, kInfallible | kUsesClock,
     "The English name of its month", "MONTHNAME(TIMESTAMP '2024-02-29 12:00:00')", "February"},
    {"LAST_DAY", "(d date) -> date", last_day, kInfallible, "The last day of its month",
     "LAST_DAY(DATE '2024-02-10')", "2024-02-29"},
};

}  // namespace

std::span<const Function> time_part_functions() { return kFunctions; }

}  // namespace velo
