#include "expr/time_format.h"

#include <algorithm>
#include <array>

#include "base/fmt.h"
#include "base/letters.h"
#include "column/time_text.h"
#include "expr/calendar.h"

namespace velo {
namespace {

constexpr std::string_view kLetters = "yuMLdDEaHkhKmsSnXxZ";
constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// At least `width` digits, filled with zeros.
void append_number(std::string& out, int64_t value, int width) {
  std::array<char, 24> digits;
  size_t at = digits.size();
  auto magnitude = static_cast<uint64_t>(value < 0 ? -value : value);
  for (; magnitude > 0; magnitude /= 10) digits[--at] = static_cast<char>('0' + magnitude % 10);
  if (value < 0) out.push_back('-');
  const size_t size = digits.size() - at;
  const auto wanted = static_cast<size_t>(std::max(width, 1));
  if (size < wanted) out.append(wanted - size, '0');
  out.append(digits.data() + at, size);
}

void append_offset(std::string& out, int64_t offset_us, char letter, int count) {
  if (letter == 'X' && offset_us == 0) {
    out.push_back('Z');
    return;
  }
  const int64_t minutes = (offset_us < 0 ? -offset_us : offset_us) / (60 * kUsPerSecond);
  out.push_back(offset_us < 0 ? '-' : '+');
  append_number(out, minutes / 60, 2);
  if (count == 1 && letter != 'Z' && minutes % 60 == 0) return;
  if (letter != 'Z' && count == 3) out.push_back(':');
  append_number(out, minutes % 60, 2);
}

/// Up to `width` digits (at least one).
bool take_number(std::string_view* text, size_t width, int64_t* value) {
  size_t digits = 0;
  int64_t total = 0;
  while (digits < width && digits < text->size() && is_digit((*text)[digits])) {
    total = total * 10 + ((*text)[digits] - '0');
    ++digits;
  }
  text->remove_prefix(digits);
  *value = total;
  return digits > 0;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view word) {
  return equals_ignoring_case(text.substr(0, word.size()), word);
}

/// The full name or its first three letters.
template <size_t N>
bool take_name(std::string_view* text, const std::array<std::string_view, N>& names, int* index) {
  for (const bool full : {true, false}) {
    for (size_t i = 0; i < N; ++i) {
      const std::string_view name = full ? names[i] : names[i].substr(0, 3);
      if (!starts_with_ignoring_case(*text, name)) continue;
      text->remove_prefix(name.size());
      *index = static_cast<int>(i) + 1;
      return true;
    }
  }
  return false;
}

bool take_offset(std::string_view* text, int64_t* offset_us) {
  if (text->starts_with('Z')) {
    text->remove_prefix(1);
    *offset_us = 0;
    return true;
  }
  if (text->empty() || ((*text)[0] != '+' && (*text)[0] != '-')) return false;
  const bool west = (*text)[0] == '-';
  text->remove_prefix(1);
  int64_t hours = 0;
  int64_t minutes = 0;
  if (!take_number(text, 2, &hours)) return false;
  if (text->starts_with(':')) text->remove_prefix(1);
  if (!text->empty() && is_digit((*text)[0])) take_number(text, 2, &minutes);
  if (hours > 18 || minutes > 59) return false;
  *offset_us = (hours * 3600 + minutes * 60) * kUsPerSecond * (west ? -1 : 1);
  return true;
}

}  // namespace

/// What a text said, field by field.
struct TimeFormat::Fields {
  int64_t year = 1970;
  int64_t month = 1;
  int64_t day = 1;
  std::optional<int64_t> day_of_year;
  int64_t hour = 0;
  std::optional<int64_t> hour_of_half;  // 1…12
  bool afternoon = false;
  int64_t minute = 0;
  int64_t second = 0;
  int64_t fraction_us = 0;
  std::optional<int64_t> offset_us;
};

Result<TimeFormat> TimeFormat::compile(std::string_view pattern) {
  TimeFormat format;
  auto literal = [&](char c) {
    if (format.parts_.empty() || format.parts_.back().letter != 0)
      format.parts_.push_back({0, 0, {}});
    format.parts_.back().literal.push_back(c);
  };
  bool quoted = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\'') {
      if (i + 1 < pattern.size() && pattern[i + 1] == '\'') {
        literal('\'');
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (quoted || !is_letter(c)) {
      literal(c);
    } else if (kLetters.find(c) == kLetters.npos) {
      return Error(ErrorCode::kInvalidStatement,
                   fmt::format("'{}' in the time format '{}' means nothing", c, pattern))
          .with_hint("letters are those of java.time: yyyy-MM-dd HH:mm:ss.SSS; text goes in '…'");
    } else if (!format.parts_.empty() && format.parts_.back().letter == c) {
      ++format.parts_.back().count;
    } else {
      format.parts_.push_back({c, 1, {}});
    }
  }
  if (quoted) {
    return Error(ErrorCode::kInvalidStatement,
                 fmt::format("the time format \"{}\" has an open quote", pattern));
  }
  return format;
}

void TimeFormat::format(std::string& out, int64_t local_us, int64_t offset_us) const {
  const int64_t days = floor_div(local_us, kUsPerDay);
  const CivilDate date = civil_from_days(days);
  const int64_t us = local_us - days * kUsPerDay;
  const int64_t second = us / kUsPerSecond;
  const int64_t hour = second / 3600;
  for (const Part& part : parts_) {
    switch (part.letter) {
      case 0:
        out += part.literal;
        break;
      case 'y':
      case 'u':
        append_number(out, part.count == 2 ? date.year % 100 : date.year, part.count);
        break;
      case 'M':
      case 'L':
        if (part.count >= 3) {
          const std::string_view name = kMonths[static_cast<size_t>(date.month - 1)];
          out += part.count == 3 ? name.substr(0, 3) : name;
        } else {
          append_number(out, date.month, part.count);
        }
        break;
      case 'd':
        append_number(out, date.day, part.count);
        break;
      case 'D':
        append_number(out, extract_part(TimeUnit::kDayOfYear, local_us), part.count);
        break;
      case 'E': {
        const std::string_view name = kDays[static_cast<size_t>(iso_weekday(days) - 1)];
        out += part.count >= 4 ? name : name.substr(0, 3);
        break;
      }
      case 'a':
        out += hour < 12 ? "AM" : "PM";
        break;
      case 'H':
        append_number(out, hour, part.count);
        break;
      case 'k':
        append_number(out, hour == 0 ? 24 : hour, part.count);
        break;
      case 'h':
        append_number(out, hour % 12 == 0 ? 12 : hour % 12, part.count);
        break;
      case 'K':
        append_number(out, hour % 12, part.count);
        break;
      case 'm':
        append_number(out, second / 60 % 60, part.count);
        break;
      case 's':
        append_number(out, second % 60, part.count);
        break;
      case 'S': {
        std::string digits = fmt::format("{:06}000", us % kUsPerSecond);
        digits.resize(static_cast<size_t>(part.count), '0');
        out += digits;
        break;
      }
      case 'n':
        append_number(out, us % kUsPerSecond * 1000, part.count);
        break;
      default:
        append_offset(out, offset_us, part.letter, part.count);
    }
  }
}

bool TimeFormat::parse_part(const Part& part, bool next_is_digits, std::string_view* text,
                            Fields* fields) {
  if (part.letter == 0) {
    if (!text->starts_with(part.literal)) return false;
    text->remove_prefix(part.literal.size());
    return true;
  }
  // Digits run on to the next field unless that is a number too.
  const auto count = static_cast<size_t>(part.count);
  const size_t width = next_is_digits ? count : std::max<size_t>(count, 2);
  int64_t value = 0;
  int name = 0;
  switch (part.letter) {
    case 'y':
    case 'u':
      if (!take_number(text, part.count == 2 || next_is_digits ? count : std::max<size_t>(count, 6),
                       &value))
        return false;
      fields->year = part.count == 2 ? 2000 + value : value;
      return true;
    case 'M':
    case 'L':
      if (part.count < 3) return take_number(text, width, &fields->month);
      if (!take_name(text, kMonths, &name)) return false;
      fields->month = name;
      return true;
    case 'E':
      return take_name(text, kDays, &name);
    case 'd':
      return take_number(text, width, &fields->day);
    case 'D':
      if (!take_number(text, 3, &value)) return false;
      fields->day_of_year = value;
      return true;
    default:
      return parse_clock(part, width, text, fields);
  }
}

bool TimeFormat::parse_clock(const Part& part, size_t width, std::string_view* text,
                             Fields* fields) {
  const auto count = static_cast<size_t>(part.count);
  int64_t value = 0;
  switch (part.letter) {
    case 'H':
      return take_number(text, width, &fields->hour) && fields->hour < 24;
    case 'k':
      if (!take_number(text, width, &value) || value < 1 || value > 24) return false;
      fields->hour = value % 24;
      return true;
    case 'h':
    case 'K':
      if (!take_number(text, width, &value) || value > 12) return false;
      fields->hour_of_half = value % 12;
      return true;
    case 'a':
      fields->afternoon = starts_with_ignoring_case(*text, "PM");
      if (!fields->afternoon && !starts_with_ignoring_case(*text, "AM")) return false;
      text->remove_prefix(2);
      return true;
    case 'm':
      return take_number(text, width, &fields->minute) && fields->minute < 60;
    case 's':
      return take_number(text, width, &fields->second) && fields->second < 60;
    case 'n':
    case 'S': {
      const size_t before = text->size();
      if (!take_number(text, part.letter == 'S' ? count : 9, &value)) return false;
      const size_t digits = part.letter == 'S' ? before - text->size() : 9;
      if (part.letter == 'S' && digits != count) return false;
      for (size_t i = digits; i < 6; ++i) value *= 10;
      for (size_t i = 6; i < digits; ++i) {
        // A digit finer than a microsecond would be lost.
        if (value % 10 != 0) return false;
        value /= 10;
      }
      fields->fraction_us = value;
      return true;
    }
    default: {
      int64_t offset = 0;
      if (!take_offset(text, &offset)) return false;
      fields->offset_us = offset;
      return true;
    }
  }
}

std::optional<TimeFormat::Parsed> TimeFormat::parse(std::string_view text) const {
  Fields fields;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const bool next_is_digits =
        i + 1 < parts_.size() && parts_[i + 1].letter != 0 &&
        std::string_view("yuMdDHkhKmsSn").find(parts_[i + 1].letter) != std::string_view::npos;
    if (!parse_part(parts_[i], next_is_digits, &text, &fields)) return {};
  }
  if (!text.empty() || fields.month < 1 || fields.month > 12 || fields.day < 1 ||
      fields.day > days_in_month(fields.year, static_cast<int>(fields.month))) {
    return {};
  }
  int64_t days =
      days_from_civil(fields.year, static_cast<int>(fields.month), static_cast<int>(fields.day));
  if (fields.day_of_year) {
    days = days_from_civil(fields.year, 1, 1) + *fields.day_of_year - 1;
    if (*fields.day_of_year < 1 || civil_from_days(days).year != fields.year) return {};
  }
  if (fields.hour_of_half) fields.hour = *fields.hour_of_half + (fields.afternoon ? 12 : 0);
  const int64_t seconds = fields.hour * 3600 + fields.minute * 60 + fields.second;
  return Parsed{days * kUsPerDay + seconds * kUsPerSecond + fields.fraction_us, fields.offset_us};
}

}  // namespace velo
