#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace velo {

/// What EXTRACT, DATE_TRUNC and TIMESTAMPADD count in.
enum class TimeUnit : uint8_t {
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,  ///< begins on Monday (ISO 8601)
  kMonth,
  kQuarter,
  kYear,
  kDecade,
  kCentury,
  kMillennium,
  // Only parts, no lengths:
  kDayOfWeek,  ///< Sunday = 1 … Saturday = 7 (Flink's DAYOFWEEK)
  kDow,        ///< Sunday = 0 … Saturday = 6 (PostgreSQL's DOW)
  kIsoDow,     ///< Monday = 1 … Sunday = 7
  kDayOfYear,
  kIsoYear,
  kEpoch,  ///< seconds since 1970-01-01T00:00:00
};

/// "day", "DAYS", "hour", "SQL_TSI_HOUR", "doy", … in any case.
std::optional<TimeUnit> parse_time_unit(std::string_view text);

/// Microseconds of a unit from kMicrosecond to kWeek; nothing for the others.
std::optional<int64_t> fixed_length_us(TimeUnit unit);
/// Months of a unit from kMonth to kMillennium; nothing for the others.
std::optional<int64_t> length_months(TimeUnit unit);

/// The same wall-clock time `months` later; the day is cut to the month's last (Jan 31 + 1 → Feb
/// 28). Nothing if the result leaves the years ±290000.
std::optional<int64_t> add_months(int64_t local_us, int64_t months);
/// The same for a day number.
int64_t add_months_to_date(int64_t days, int64_t months);

/// The latest start of the unit at or before the time. REQUIRES: not a part-only unit.
int64_t truncate_time(TimeUnit unit, int64_t local_us);
/// The start of the unit after the one that holds the time; the time itself if it is a start.
int64_t ceil_time(TimeUnit unit, int64_t local_us);
/// The number that EXTRACT gives.
int64_t extract_part(TimeUnit unit, int64_t local_us);
/// Whole units from `begin` to `end`, towards zero.
int64_t units_between(TimeUnit unit, int64_t begin_us, int64_t end_us);

/// Monday = 1 … Sunday = 7.
int iso_weekday(int64_t days);
struct IsoWeek {
  int64_t year;
  int week;  ///< 1…53
};
IsoWeek iso_week(int64_t days);

}  // namespace velo
