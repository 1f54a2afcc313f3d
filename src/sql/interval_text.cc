#include "sql/interval_text.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/fmt.h"
#include "base/int128.h"
#include "base/letters.h"

// Steps: split off the sign; read the fields (numbers between ' ', ':' or '-'); weigh each by its
// unit into months, days or microseconds; apply the sign. All arithmetic is in 128 bits on at most
// 20 digits and checked at the end, so nothing overflows on the way.

namespace velo {
namespace {

using ast::Interval;
using ast::TimeUnit;

constexpr size_t kDigitsMax = 20;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// A number with its fraction: value = units / 10^fraction_digits.
struct Number {
  int128_t digits = 0;
  size_t fraction_digits = 0;
};

int128_t power_of_ten(size_t exponent) {
  int128_t p = 1;
  while (exponent-- > 0) p *= 10;
  return p;
}

/// Reads digits[.digits] from the front of `text`.
std::optional<Number> take_number(std::string_view& text) {
  Number number;
  size_t count = 0;
  bool point = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    if (is_digit(text[i])) {
      number.digits = number.digits * 10 + (text[i] - '0');
      number.fraction_digits += point ? 1 : 0;
      if (++count > kDigitsMax) return std::nullopt;
    } else if (text[i] == '.' && !point) {
      point = true;
    } else {
      break;
    }
  }
  if (count == 0) return std::nullopt;
  text.remove_prefix(i);
  return number;
}

/// The amounts of one interval in the making.
struct Amounts {
  int128_t months = 0;
  int128_t days = 0;
  int128_t microseconds = 0;
};

int128_t microseconds_of(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kHour:
      return 3'600'000'000;
    case TimeUnit::kMinute:
      return 60'000'000;
    case TimeUnit::kSecond:
      return 1'000'000;
    case TimeUnit::kMillisecond:
      return 1'000;
    case TimeUnit::kMicrosecond:
      return 1;
    default:
      return 0;
  }
}

/// Adds `number` units; false if the result would not be whole months, days or microseconds.
bool add_units(Amounts& amounts, Number number, TimeUnit unit) {
  int128_t scale = power_of_ten(number.fraction_digits);
  int128_t whole = number.digits / scale;
  int128_t rest = number.digits % scale;
  switch (unit) {
    case TimeUnit::kYear:
    case TimeUnit::kQuarter:
    case TimeUnit::kMonth: {
      int128_t factor = unit == TimeUnit::kYear ? 12 : unit == TimeUnit::kQuarter ? 3 : 1;
      if (number.digits * factor % scale != 0) return false;
      amounts.months += number.digits * factor / scale;
      return true;
    }
    case TimeUnit::kWeek:
    case TimeUnit::kDay: {
      int128_t days = unit == TimeUnit::kWeek ? 7 : 1;
      int128_t day_part = rest * days;
      int128_t day_us = day_part % scale * 86'400'000'000;
      if (day_us % scale != 0) return false;
      amounts.days += whole * days + day_part / scale;
      amounts.microseconds += day_us / scale;
      return true;
    }
    case TimeUnit::kNanosecond:
      if (rest != 0 || whole % 1000 != 0) return false;
      amounts.microseconds += whole / 1000;
      return true;
    default: {
      int128_t factor = microseconds_of(unit);
      if (factor == 0 || number.digits * factor % scale != 0) return false;
      amounts.microseconds += number.digits * factor / scale;
      return true;
    }
  }
}

Error malformed(std::string_view text, std::string_view expected) {
  return Error(ErrorCode::kSyntax,
               fmt::format("'{}' is not an interval of the form '{}'", text, expected));
}

Error not_whole(std::string_view text) {
  return Error(
      ErrorCode::kSyntax,
      fmt::format("the interval '{}' is not a whole number of microseconds (or months)", text));
}

/// The fields between two units, each with the character before it.
struct Field {
  TimeUnit unit;
  char before;
};

/// Fields and pattern of `from TO to`, empty if there is no such pair.
std::vector<Field> fields_between(TimeUnit from, TimeUnit to) {
  static constexpr auto kYears =
      std::to_array<Field>({{TimeUnit::kYear, 0}, {TimeUnit::kMonth, '-'}});
  static constexpr auto kDays = std::to_array<Field>({{TimeUnit::kDay, 0},
                                                      {TimeUnit::kHour, ' '},
                                                      {TimeUnit::kMinute, ':'},
                                                      {TimeUnit::kSecond, ':'}});
  auto cut = [&](const auto& all) {
    std::vector<Field> out;
    for (const Field& field : all) {
      if (field.unit == from || !out.empty()) out.push_back(field);
      if (field.unit == to) return field.unit == from ? std::vector<Field>() : out;
    }
    return std::vector<Field>();
  };
  std::vector<Field> years = cut(kYears);
  return years.empty() ? cut(kDays) : years;
}

std::string pattern_of(const std::vector<Field>& fields) {
  std::string out;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) out += fields[i].before;
    out += lower_letter(ast::time_unit_name(fields[i].unit)[0]);
  }
  return out;
}

/// '1-2', '3 04:05:06.7': numbers in the order of `fields`.
Result<Amounts> read_fields(std::string_view whole, std::string_view text,
                            const std::vector<Field>& fields) {
  Amounts amounts;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) {
      if (text.empty() || text.front() != fields[i].before)
        return malformed(whole, pattern_of(fields));
      text.remove_prefix(1);
      if (fields[i].before == ' ') text = trim(text);
    }
    std::optional<Number> number = take_number(text);
    bool last = i + 1 == fields.size();
    if (!number || (!last && number->fraction_digits > 0))
      return malformed(whole, pattern_of(fields));
    if (!add_units(amounts, *number, fields[i].unit)) return not_whole(whole);
  }
  if (!text.empty()) return malformed(whole, pattern_of(fields));
  return amounts;
}

/// '1 day 2 hours', '1h30m', '1 02:30:00': units in the text. `single` gets the only pair's unit
/// and number.
Result<Amounts> read_free(std::string_view whole, std::string_view text,
                          std::optional<std::pair<TimeUnit, std::string>>& single) {
  Amounts amounts;
  size_t pairs = 0;
  while (!text.empty()) {
    std::string_view before = text;
    std::optional<Number> number = take_number(text);
    if (!number) return malformed(whole, "1 day 2 hours");
    std::string digits(before.substr(0, before.size() - text.size()));
    if (!text.empty() && text.front() == ':') {
      bool seconds = std::count(before.begin(), before.end(), ':') > 1;
      TimeUnit to = seconds ? TimeUnit::kSecond : TimeUnit::kMinute;
      Amounts clock = TRY(read_fields(whole, before, fields_between(TimeUnit::kHour, to)));
      amounts.microseconds += clock.microseconds;
      single.reset();
      return amounts;
    }
    text = trim(text);
    size_t letters = 0;
    while (letters < text.size() && !is_digit(text[letters]) && !is_blank(text[letters])) ++letters;
    std::optional<TimeUnit> unit = find_duration_unit(text.substr(0, letters));
    // A bare number before a clock is days: '1 02:30:00'.
    if (!unit && letters == 0 && !text.empty() && pairs == 0) unit = TimeUnit::kDay;
    if (!unit) return malformed(whole, "1 day 2 hours");
    if (!add_units(amounts, *number, *unit)) return not_whole(whole);
    text = trim(text.substr(letters));
    ++pairs;
    if (pairs == 1) single = {*unit, digits};
    if (pairs > 1) single.reset();
  }
  if (pairs == 0) return malformed(whole, "1 day 2 hours");
  return amounts;
}

bool fits(int128_t value) { return value <= INT64_MAX && value >= -INT64_MAX; }

/// Seconds with as many digits of fraction as needed: "0.25".
std::string seconds_text(int128_t microseconds) {
  std::string out = fmt::format("{}.{:06}", static_cast<int64_t>(microseconds / 1'000'000),
                                static_cast<int64_t>(microseconds % 1'000'000));
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

bool is_below_second(TimeUnit unit) {
  return unit == TimeUnit::kMillisecond || unit == TimeUnit::kMicrosecond ||
         unit == TimeUnit::kNanosecond;
}

}  // namespace

std::optional<TimeUnit> find_duration_unit(std::string_view word) {
  using Short = std::pair<std::string_view, TimeUnit>;
  static constexpr auto kShort = std::to_array<Short>({{"ns", TimeUnit::kNanosecond},
                                                       {"us", TimeUnit::kMicrosecond},
                                                       {"ms", TimeUnit::kMillisecond},
                                                       {"s", TimeUnit::kSecond},
                                                       {"sec", TimeUnit::kSecond},
                                                       {"m", TimeUnit::kMinute},
                                                       {"min", TimeUnit::kMinute},
                                                       {"h", TimeUnit::kHour},
                                                       {"d", TimeUnit::kDay},
                                                       {"w", TimeUnit::kWeek}});
  for (const Short& unit : kShort) {
    if (unit.first == word) return unit.second;
  }
  std::optional<TimeUnit> unit = ast::find_time_unit(word);
  if (unit && *unit > TimeUnit::kNanosecond) return std::nullopt;
  return unit;
}

Result<Interval> make_interval(std::string_view text, std::optional<TimeUnit> from,
                               std::optional<TimeUnit> to) {
  std::string_view rest = trim(text);
  bool negative = !rest.empty() && rest.front() == '-';
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest = trim(rest.substr(1));
  if (from && *from > TimeUnit::kNanosecond) {
    return Error(ErrorCode::kSyntax,
                 fmt::format("{} is not a unit of intervals", ast::time_unit_name(*from)));
  }
  Interval out{std::string(text), from, to, 0, 0, 0};
  Amounts amounts;
  if (from && to) {
    std::vector<Field> fields = fields_between(*from, *to);
    if (fields.empty()) {
      return Error(ErrorCode::kSyntax,
                   fmt::format("there is no interval {} TO {}", ast::time_unit_name(*from),
                               ast::time_unit_name(*to)));
    }
    amounts = TRY(read_fields(text, rest, fields));
  } else if (from) {
    std::optional<Number> number = take_number(rest);
    if (!number || !rest.empty()) return malformed(text, "5");
    if (!add_units(amounts, *number, *from)) return not_whole(text);
  } else {
    std::optional<std::pair<TimeUnit, std::string>> single;
    amounts = TRY(read_free(text, rest, single));
    if (single) {
      out.from = single->first;
      out.text = (negative ? "-" : "") + single->second;
    }
  }
  if (!fits(amounts.months) || !fits(amounts.days) || !fits(amounts.microseconds)) {
    return Error(ErrorCode::kSyntax, fmt::format("the interval '{}' is too long", text));
  }
  if (out.from && !out.to && is_below_second(*out.from)) {
    out.text = (negative ? "-" : "") + seconds_text(amounts.microseconds);
    out.from = TimeUnit::kSecond;
  }
  int64_t sign = negative ? -1 : 1;
  out.months = sign * static_cast<int64_t>(amounts.months);
  out.days = sign * static_cast<int64_t>(amounts.days);
  out.microseconds = sign * static_cast<int64_t>(amounts.microseconds);
  return out;
}

}  // namespace velo
