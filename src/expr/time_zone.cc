// A zone is read once from the system's tzdata into a list of stretches of constant offset; after
// that nothing here asks the library again, so lookups need neither locks nor exceptions.
#include "expr/time_zone.h"

#include <date/tz.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "column/time_text.h"
#include "expr/calendar.h"

namespace velo {

/// Builds zones and keeps them: the door to <date/tz.h>.
class TimeZoneTable {
 public:
  Result<const TimeZone*> find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto at = zones_.find(name);
    if (at != zones_.end()) return at->second.get();
    std::vector<TimeZone::Span> spans;
    if (const std::optional<int64_t> offset = fixed_offset(name)) {
      spans.push_back({INT64_MIN, *offset});
    } else {
      spans = TRY(load(name));
    }
    std::unique_ptr<const TimeZone> zone(new TimeZone(std::string(name), std::move(spans)));
    return zones_.emplace(std::string(name), std::move(zone)).first->second.get();
  }

 private:
  /// "UTC", "GMT", "Z", "+05:30", "-0800", "UTC+2", "GMT-03:00".
  static std::optional<int64_t> fixed_offset(std::string_view name);
  static Result<std::vector<TimeZone::Span>> load(std::string_view name);
  static Error unknown(std::string_view name);
  static void extend(std::vector<TimeZone::Span>* spans);

  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<const TimeZone>, std::less<>> zones_;
};

std::optional<int64_t> TimeZoneTable::fixed_offset(std::string_view name) {
  if (name == "Z" || name == "UTC" || name == "GMT") return 0;
  if (name.starts_with("UTC") || name.starts_with("GMT")) name.remove_prefix(3);
  if (name.size() < 2 || (name[0] != '+' && name[0] != '-')) return {};
  const bool west = name[0] == '-';
  name.remove_prefix(1);
  std::string digits;
  for (const char c : name) {
    if (c >= '0' && c <= '9') {
      digits.push_back(c);
    } else if (c != ':' || (digits.size() != 1 && digits.size() != 2)) {
      return {};
    }
  }
  if (digits.size() > 4 || digits.empty()) return {};
  if (digits.size() <= 2) digits += "00";
  if (digits.size() == 3) digits.insert(0, "0");
  const int64_t hours = (digits[0] - '0') * 10 + (digits[1] - '0');
  const int64_t minutes = (digits[2] - '0') * 10 + (digits[3] - '0');
  if (hours > 18 || minutes > 59) return {};
  const int64_t offset = (hours * 3600 + minutes * 60) * kUsPerSecond;
  return west ? -offset : offset;
}

Error TimeZoneTable::unknown(std::string_view name) {
  std::vector<std::string> names;
  for (const date::time_zone& zone : date::get_tzdb().zones) names.push_back(zone.name());
  const std::string nearest = did_you_mean(name, names);
  return Error(ErrorCode::kUnknownName, fmt::format("there is no time zone '{}'", name))
      .with_hint(nearest.empty() ? "names are like 'Europe/Berlin', 'UTC' or '+05:30'" : nearest);
}

namespace {

constexpr int64_t kLastListedYear = 2037;
constexpr int64_t kLastYear = 2200;

/// "The second Sunday of March at 02:00 on the wall": a clock change that comes back every year.
struct YearlyChange {
  int month;
  int week;     ///< 1…4, or 5 = the last
  int weekday;  ///< Monday = 1
  int64_t us_of_day;
  int64_t offset_before_us;
  int64_t offset_after_us;

  int64_t in_year(int64_t year) const {
    const int64_t first = days_from_civil(year, month, 1);
    int64_t day = first + (weekday - iso_weekday(first) + 7) % 7 + (week - 1) * 7;
    if (day >= first + days_in_month(year, month)) day -= 7;
    return day * kUsPerDay + us_of_day - offset_before_us;
  }
};

}  // namespace

/// The library's list of clock changes ends with 2037. Where the changes of the years before it
/// follow two yearly rules, these go on; elsewhere the last offset stays.
void TimeZoneTable::extend(std::vector<TimeZone::Span>* spans) {
  std::vector<YearlyChange> changes;
  auto is_listed = [&](int64_t at, int64_t offset) {
    return std::any_of(spans->begin(), spans->end(), [&](const TimeZone::Span& span) {
      return span.begin_us == at && span.offset_us == offset;
    });
  };
  for (size_t i = 1; i < spans->size(); ++i) {
    const TimeZone::Span& span = (*spans)[i];
    const int64_t wall_us = span.begin_us + (*spans)[i - 1].offset_us;
    const int64_t day = floor_div(wall_us, kUsPerDay);
    const CivilDate date = civil_from_days(day);
    if (date.year != kLastListedYear) continue;
    YearlyChange change{date.month,
                        (date.day - 1) / 7 + 1,
                        iso_weekday(day),
                        wall_us - day * kUsPerDay,
                        (*spans)[i - 1].offset_us,
                        span.offset_us};
    auto holds = [&] {
      for (int64_t year = kLastListedYear - 7; year <= kLastListedYear; ++year) {
        if (!is_listed(change.in_year(year), change.offset_after_us)) return false;
      }
      return true;
    };
    if (!holds()) change.week = 5;
    if (!holds()) return;
    changes.push_back(change);
  }
  if (changes.size() != 2) return;
  for (int64_t year = kLastListedYear + 1; year <= kLastYear; ++year) {
    for (const YearlyChange& change : changes) {
      spans->push_back({change.in_year(year), change.offset_after_us});
    }
  }
}

Result<std::vector<TimeZone::Span>> TimeZoneTable::load(std::string_view name) {
  using std::chrono::microseconds;
  try {
    const date::time_zone* zone = date::locate_zone(std::string(name));
    std::vector<TimeZone::Span> spans;
    const auto last = date::sys_days(date::year{static_cast<int>(kLastYear)} / 1 / 1);
    date::sys_seconds at = date::sys_days(date::year{1800} / 1 / 1);
    while (at < last) {
      const date::sys_info info = zone->get_info(at);
      const int64_t begin =
          spans.empty() ? INT64_MIN : microseconds(info.begin.time_since_epoch()).count();
      const int64_t offset = microseconds(info.offset).count();
      if (spans.empty() || spans.back().offset_us != offset) spans.push_back({begin, offset});
      if (info.end <= at) break;
      at = info.end;
    }
    extend(&spans);
    return spans;
  } catch (const std::exception&) {
    // The library's only way to say that it knows no such zone.
  }
  try {
    return unknown(name);
  } catch (const std::exception& problem) {
    return Error(ErrorCode::kUnavailable, fmt::format("no time zone data: {}", problem.what()))
        .with_hint("install the package tzdata");
  }
}

namespace {

TimeZoneTable& zone_table() {
  static TimeZoneTable table;
  return table;
}

}  // namespace

Result<const TimeZone*> TimeZone::find(std::string_view name) { return zone_table().find(name); }

const TimeZone* TimeZone::utc() {
  static const TimeZone kUtc("UTC", {{INT64_MIN, 0}});
  return &kUtc;
}

size_t TimeZone::span_at(int64_t utc_us) const {
  const auto after = std::upper_bound(spans_.begin(), spans_.end(), utc_us,
                                      [](int64_t t, const Span& s) { return t < s.begin_us; });
  return static_cast<size_t>(after - spans_.begin()) - 1;
}

int64_t TimeZone::to_utc(int64_t local_us) const {
  // No offset is as long as a day: one of the few stretches around it is right.
  const int64_t low = local_us < INT64_MIN + kUsPerDay ? INT64_MIN : local_us - kUsPerDay;
  for (size_t i = span_at(low); i < spans_.size(); ++i) {
    const int64_t utc_us = local_us - spans_[i].offset_us;
    const bool last = i + 1 == spans_.size();
    // Within this stretch, or in the gap that a jump forward leaves after it.
    if (last || utc_us < spans_[i + 1].begin_us ||
        local_us - spans_[i + 1].offset_us < spans_[i + 1].begin_us) {
      return utc_us;
    }
  }
  return local_us;
}

void ZoneCursor::seek(int64_t utc_us) {
  const size_t at = zone_->span_at(utc_us);
  offset_us_ = zone_->spans_[at].offset_us;
  begin_us_ = zone_->spans_[at].begin_us;
  const bool last = at + 1 == zone_->spans_.size();
  end_us_ = last ? INT64_MAX : zone_->spans_[at + 1].begin_us;
  safe_begin_us_ = at == 0 ? INT64_MIN : begin_us_ + kUsPerDay;
  safe_end_us_ = last ? INT64_MAX : end_us_ - kUsPerDay;
}

int64_t ZoneCursor::to_utc_slowly(int64_t local_us) {
  const int64_t utc_us = zone_->to_utc(local_us);
  seek(utc_us);
  return utc_us;
}

}  // namespace velo
