#include "expr/calendar.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/check.h"
#include "base/letters.h"
#include "column/time_text.h"

namespace velo {
namespace {

constexpr int64_t kYearMax = 290'000;

struct UnitName {
  std::string_view name;
  TimeUnit unit;
};

constexpr std::array kUnitNames = std::to_array<UnitName>({
    {"MICROSECOND", TimeUnit::kMicrosecond},
    {"MILLISECOND", TimeUnit::kMillisecond},
    {"SECOND", TimeUnit::kSecond},
    {"MINUTE", TimeUnit::kMinute},
    {"HOUR", TimeUnit::kHour},
    {"DAY", TimeUnit::kDay},
    {"DAYOFMONTH", TimeUnit::kDay},
    {"WEEK", TimeUnit::kWeek},
    {"MONTH", TimeUnit::kMonth},
    {"QUARTER", TimeUnit::kQuarter},
    {"YEAR", TimeUnit::kYear},
    {"DECADE", TimeUnit::kDecade},
    {"CENTURY", TimeUnit::kCentury},
    {"MILLENNIUM", TimeUnit::kMillennium},
    {"DAYOFWEEK", TimeUnit::kDayOfWeek},
    {"DOW", TimeUnit::kDow},
    {"ISODOW", TimeUnit::kIsoDow},
    {"DOY", TimeUnit::kDayOfYear},
    {"DAYOFYEAR", TimeUnit::kDayOfYear},
    {"ISOYEAR", TimeUnit::kIsoYear},
    {"EPOCH", TimeUnit::kEpoch},
});

/// The first month of a period of `length` months, as month number since year 0.
int64_t month_number(int64_t days) {
  const CivilDate date = civil_from_days(days);
  return date.year * 12 + date.month - 1;
}

int64_t day_of_month_number(int64_t months) {
  return days_from_civil(floor_div(months, 12),
                         static_cast<int>(months - floor_div(months, 12) * 12) + 1, 1);
}

/// Centuries and millennia begin in years …01 (PostgreSQL's rule); months count from year 1 then.
int64_t period_offset_months(TimeUnit unit) {
  return unit == TimeUnit::kCentury || unit == TimeUnit::kMillennium ? 12 : 0;
}

}  // namespace

std::optional<TimeUnit> parse_time_unit(std::string_view text) {
  const std::string upper = to_upper(text);
  std::string_view name = upper;
  if (name.starts_with("SQL_TSI_")) name.remove_prefix(8);
  auto find = [](std::string_view wanted) -> std::optional<TimeUnit> {
    for (const UnitName& entry : kUnitNames) {
      if (entry.name == wanted) return entry.unit;
    }
    return {};
  };
  if (const auto unit = find(name)) return unit;
  if (name == "CENTURIES") return TimeUnit::kCentury;
  if (name == "MILLENNIA") return TimeUnit::kMillennium;
  if (name.ends_with('S')) return find(name.substr(0, name.size() - 1));
  return {};
}

std::optional<int64_t> fixed_length_us(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kMicrosecond:
      return 1;
    case TimeUnit::kMillisecond:
      return 1000;
    case TimeUnit::kSecond:
      return kUsPerSecond;
    case TimeUnit::kMinute:
      return 60 * kUsPerSecond;
    case TimeUnit::kHour:
      return 3600 * kUsPerSecond;
    case TimeUnit::kDay:
      return kUsPerDay;
    case TimeUnit::kWeek:
      return 7 * kUsPerDay;
    default:
      return {};
  }
}

std::optional<int64_t> length_months(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kMonth:
      return 1;
    case TimeUnit::kQuarter:
      return 3;
    case TimeUnit::kYear:
      return 12;
    case TimeUnit::kDecade:
      return 120;
    case TimeUnit::kCentury:
      return 1200;
    case TimeUnit::kMillennium:
      return 12000;
    default:
      return {};
  }
}

int64_t add_months_to_date(int64_t days, int64_t months) {
  const CivilDate date = civil_from_days(days);
  const int64_t total = date.year * 12 + (date.month - 1) + months;
  const int64_t year = floor_div(total, 12);
  const int month = static_cast<int>(total - year * 12) + 1;
  return days_from_civil(year, month, std::min(date.day, days_in_month(year, month)));
}

std::optional<int64_t> add_months(int64_t local_us, int64_t months) {
  if (months > kYearMax * 24 || months < -kYearMax * 24) return {};
  const int64_t days = floor_div(local_us, kUsPerDay);
  const int64_t moved = add_months_to_date(days, months);
  const int64_t limit = kYearMax * 366;
  if (moved > limit || moved < -limit) return {};
  return local_us + (moved - days) * kUsPerDay;
}

int64_t truncate_time(TimeUnit unit, int64_t local_us) {
  if (unit == TimeUnit::kWeek) {
    const int64_t days = floor_div(local_us, kUsPerDay);
    return (days - (iso_weekday(days) - 1)) * kUsPerDay;
  }
  if (const auto length = fixed_length_us(unit)) return floor_div(local_us, *length) * *length;
  const auto months = length_months(unit);
  CHECK(months.has_value(), "a unit without length");
  const int64_t offset = period_offset_months(unit);
  const int64_t number = month_number(floor_div(local_us, kUsPerDay)) - offset;
  return day_of_month_number(floor_div(number, *months) * *months + offset) * kUsPerDay;
}

int64_t ceil_time(TimeUnit unit, int64_t local_us) {
  const int64_t start = truncate_time(unit, local_us);
  if (start == local_us) return local_us;
  if (const auto length = fixed_length_us(unit)) return start + *length;
  return add_months_to_date(floor_div(start, kUsPerDay), *length_months(unit)) * kUsPerDay;
}

int iso_weekday(int64_t days) {
  // 1970-01-01 was a Thursday.
  const int64_t shifted = days + 3;
  return static_cast<int>(shifted - floor_div(shifted, 7) * 7) + 1;
}

IsoWeek iso_week(int64_t days) {
  // The week belongs to the year that holds its Thursday.
  const int64_t thursday = days - iso_weekday(days) + 4;
  const int64_t year = civil_from_days(thursday).year;
  const int64_t day_of_year = thursday - days_from_civil(year, 1, 1);
  return {year, static_cast<int>(day_of_year / 7) + 1};
}

int64_t extract_part(TimeUnit unit, int64_t local_us) {
  const int64_t days = floor_div(local_us, kUsPerDay);
  const int64_t us = local_us - days * kUsPerDay;
  const CivilDate date = civil_from_days(days);
  const int64_t seconds = us / kUsPerSecond;
  switch (unit) {
    case TimeUnit::kMicrosecond:
      return us % (60 * kUsPerSecond);
    case TimeUnit::kMillisecond:
      return us % (60 * kUsPerSecond) / 1000;
    case TimeUnit::kSecond:
      return seconds % 60;
    case TimeUnit::kMinute:
      return seconds / 60 % 60;
    case TimeUnit::kHour:
      return seconds / 3600;
    case TimeUnit::kDay:
      return date.day;
    case TimeUnit::kWeek:
      return iso_week(days).week;
    case TimeUnit::kMonth:
      return date.month;
    case TimeUnit::kQuarter:
      return (date.month + 2) / 3;
    case TimeUnit::kYear:
      return date.year;
    case TimeUnit::kDecade:
      return floor_div(date.year, 10);
    case TimeUnit::kCentury:
      return floor_div(date.year - 1, 100) + 1;
    case TimeUnit::kMillennium:
      return floor_div(date.year - 1, 1000) + 1;
    case TimeUnit::kDayOfWeek:
      return iso_weekday(days) % 7 + 1;
    case TimeUnit::kDow:
      return iso_weekday(days) % 7;
    case TimeUnit::kIsoDow:
      return iso_weekday(days);
    case TimeUnit::kDayOfYear:
      return days - days_from_civil(date.year, 1, 1) + 1;
    case TimeUnit::kIsoYear:
      return iso_week(days).year;
    case TimeUnit::kEpoch:
      return floor_div(local_us, kUsPerSecond);
  }
  return 0;
}

int64_t units_between(TimeUnit unit, int64_t begin_us, int64_t end_us) {
  if (const auto length = fixed_length_us(unit)) return (end_us - begin_us) / *length;
  const int64_t begin_days = floor_div(begin_us, kUsPerDay);
  int64_t months = month_number(floor_div(end_us, kUsPerDay)) - month_number(begin_days);
  // Not a whole month yet if the end's day and time stand before the begin's.
  const auto reached = add_months(begin_us, months);
  if (reached && months > 0 && *reached > end_us) --months;
  if (reached && months < 0 && *reached < end_us) ++months;
  return months / *length_months(unit);
}

}  // namespace velo
