#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace velo {

inline constexpr int64_t kUsPerSecond = 1'000'000;
inline constexpr int64_t kUsPerDay = 86'400 * kUsPerSecond;

struct CivilDate {
  int64_t year;
  int month;  ///< 1…12
  int day;    ///< 1…31
};

/// Days since 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms"). REQUIRES: a real date.
int64_t days_from_civil(int64_t year, int month, int day);
CivilDate civil_from_days(int64_t days);
int days_in_month(int64_t year, int month);

/// Rounds towards minus infinity. REQUIRES: divisor > 0.
inline int64_t floor_div(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return quotient - (value % divisor < 0 ? 1 : 0);
}

/// "2023-09-18"
void append_date(std::string& out, int64_t days);
/// "14:00:00", with ".123" or ".123456" when there is a fraction.
void append_time(std::string& out, int64_t us_of_day);
/// "2023-09-18T14:00:00[.fraction]" and, for instants, a final "Z". `separator` is 'T' or ' '.
void append_timestamp(std::string& out, int64_t us, bool instant, char separator = 'T');
/// "1 02:03:04.5" (days hours…) and "1-02" (years-months).
std::string interval_day_to_string(int64_t us);
std::string interval_month_to_string(int64_t months);

/// "2023-09-18" → days.
std::optional<int64_t> parse_date(std::string_view text);
/// "14:00", "14:00:00", "14:00:00.123456789" (digits beyond microseconds must be zero) → µs of the
/// day.
std::optional<int64_t> parse_time(std::string_view text);
/// "2023-09-18T14:00:00[.fraction]" with 'T' or ' '; the date alone means midnight. A final 'Z' or
/// "+hh[:mm]" is read only when `instant`, and moves the result to UTC; without one an instant is
/// taken as UTC.
std::optional<int64_t> parse_timestamp(std::string_view text, bool instant);

}  // namespace velo
