#include "column/time_text.h"

#include "base/check.h"

namespace velo {
namespace {

void append_padded(std::string& out, int64_t value, int width) {
  char digits[20];
  int n = 0;
  do {
    digits[n++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value > 0);
  for (int i = n; i < width; ++i) out.push_back('0');
  while (n > 0) out.push_back(digits[--n]);
}

// Reads exactly `count` digits.
bool read_number(std::string_view& text, int count, int64_t* out) {
  if (text.size() < static_cast<size_t>(count)) return false;
  int64_t value = 0;
  for (int i = 0; i < count; ++i) {
    const char c = text[static_cast<size_t>(i)];
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(static_cast<size_t>(count));
  *out = value;
  return true;
}

bool read_char(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

bool read_date(std::string_view& text, int64_t* days) {
  int64_t year, month, day;
  if (!read_number(text, 4, &year) || !read_char(text, '-') || !read_number(text, 2, &month) ||
      !read_char(text, '-') || !read_number(text, 2, &day)) {
    return false;
  }
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, static_cast<int>(month))) {
    return false;
  }
  *days = days_from_civil(year, static_cast<int>(month), static_cast<int>(day));
  return true;
}

bool read_fraction(std::string_view& text, int64_t* us) {
  int64_t value = 0;
  size_t i = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    if (i < 6) {
      value = value * 10 + (text[i] - '0');
    } else if (text[i] != '0' || i >= 9) {
      return false;
    }
  }
  if (i == 0) return false;
  for (size_t digit = i; digit < 6; ++digit) value *= 10;
  text.remove_prefix(i);
  *us = value;
  return true;
}

bool read_time(std::string_view& text, int64_t* us) {
  int64_t hour, minute, second = 0, fraction = 0;
  if (!read_number(text, 2, &hour) || !read_char(text, ':') || !read_number(text, 2, &minute))
    return false;
  if (read_char(text, ':')) {
    if (!read_number(text, 2, &second)) return false;
    if (read_char(text, '.') && !read_fraction(text, &fraction)) return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  *us = ((hour * 60 + minute) * 60 + second) * kUsPerSecond + fraction;
  return true;
}

// "Z", "+hh", "+hhmm" or "+hh:mm".
bool read_zone(std::string_view& text, int64_t* offset_us) {
  *offset_us = 0;
  if (read_char(text, 'Z') || read_char(text, 'z')) return true;
  const bool negative = !text.empty() && text[0] == '-';
  if (!read_char(text, '+') && !read_char(text, '-')) return false;
  int64_t hours, minutes = 0;
  if (!read_number(text, 2, &hours)) return false;
  if (!text.empty()) {
    read_char(text, ':');
    if (!read_number(text, 2, &minutes)) return false;
  }
  if (hours > 18 || minutes > 59) return false;
  *offset_us = (hours * 60 + minutes) * 60 * kUsPerSecond * (negative ? -1 : 1);
  return true;
}

}  // namespace

int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = floor_div(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilDate civil_from_days(int64_t days) {
  days += 719468;
  const int64_t era = floor_div(days, 146097);
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

int days_in_month(int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

void append_date(std::string& out, int64_t days) {
  const CivilDate date = civil_from_days(days);
  if (date.year < 0) out.push_back('-');
  append_padded(out, date.year < 0 ? -date.year : date.year, 4);
  out.push_back('-');
  append_padded(out, date.month, 2);
  out.push_back('-');
  append_padded(out, date.day, 2);
}

void append_time(std::string& out, int64_t us_of_day) {
  const int64_t seconds = us_of_day / kUsPerSecond;
  const int64_t fraction = us_of_day % kUsPerSecond;
  append_padded(out, seconds / 3600, 2);
  out.push_back(':');
  append_padded(out, seconds / 60 % 60, 2);
  out.push_back(':');
  append_padded(out, seconds % 60, 2);
  if (fraction == 0) return;
  out.push_back('.');
  if (fraction % 1000 == 0) {
    append_padded(out, fraction / 1000, 3);
  } else {
    append_padded(out, fraction, 6);
  }
}

void append_timestamp(std::string& out, int64_t us, bool instant, char separator) {
  const int64_t days = floor_div(us, kUsPerDay);
  append_date(out, days);
  out.push_back(separator);
  append_time(out, us - days * kUsPerDay);
  if (instant) out.push_back('Z');
}

std::string interval_day_to_string(int64_t us) {
  std::string out;
  if (us < 0) out.push_back('-');
  const uint64_t size =
      us < 0 ? uint64_t{0} - static_cast<uint64_t>(us) : static_cast<uint64_t>(us);
  append_padded(out, static_cast<int64_t>(size / static_cast<uint64_t>(kUsPerDay)), 1);
  out.push_back(' ');
  append_time(out, static_cast<int64_t>(size % static_cast<uint64_t>(kUsPerDay)));
  return out;
}

std::string interval_month_to_string(int64_t months) {
  std::string out;
  if (months < 0) out.push_back('-');
  const int64_t size = months < 0 ? -months : months;
  append_padded(out, size / 12, 1);
  out.push_back('-');
  append_padded(out, size % 12, 2);
  return out;
}

std::optional<int64_t> parse_date(std::string_view text) {
  int64_t days;
  if (!read_date(text, &days) || !text.empty()) return std::nullopt;
  return days;
}

std::optional<int64_t> parse_time(std::string_view text) {
  int64_t us;
  if (!read_time(text, &us) || !text.empty()) return std::nullopt;
  return us;
}

std::optional<int64_t> parse_timestamp(std::string_view text, bool instant) {
  int64_t days, us = 0, offset_us = 0;
  if (!read_date(text, &days)) return std::nullopt;
  if (!text.empty()) {
    if (!read_char(text, 'T') && !read_char(text, ' ')) return std::nullopt;
    if (!read_time(text, &us)) return std::nullopt;
    if (instant && !text.empty() && !read_zone(text, &offset_us)) return std::nullopt;
    if (!text.empty()) return std::nullopt;
  }
  us += days * kUsPerDay;
  if (offset_us == 0) return us;
  // An offset may lead out of the years of four digits; what was read must be readable again.
  us -= offset_us;
  const int64_t first = days_from_civil(0, 1, 1) * kUsPerDay;
  const int64_t end = days_from_civil(10000, 1, 1) * kUsPerDay;
  return us >= first && us < end ? std::optional(us) : std::nullopt;
}

}  // namespace velo
