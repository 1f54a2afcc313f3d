#include <gtest/gtest.h>

#include "base/random.h"
#include "column/time_text.h"
#include "expr/calendar.h"
#include "expr/expr_test_support.h"
#include "expr/time_format.h"
#include "expr/time_zone.h"

namespace velo::test {
namespace {

int64_t utc(std::string_view text_form) { return *parse_timestamp(text_form, false); }

std::string shown(int64_t us) {
  std::string out;
  append_timestamp(out, us, false);
  return out;
}

ExprPtr ts(std::string_view value) { return literal(Type::timestamp(6), value); }
ExprPtr instant(std::string_view value) { return literal(Type::timestamp_ltz(6), value); }
ExprPtr date(std::string_view value) { return literal(Type::date(), value); }
ExprPtr days(int64_t n) { return make_int64(Type::interval_day(), n * kUsPerDay); }
ExprPtr months(int64_t n) { return make_int64(Type::interval_month(), n); }

TEST(TimeZone, OffsetsAcrossClockChanges) {
  const TimeZone* berlin = *TimeZone::find("Europe/Berlin");
  EXPECT_EQ(shown(berlin->to_local(utc("2024-03-31 00:59:59"))), "2024-03-31T01:59:59");
  EXPECT_EQ(shown(berlin->to_local(utc("2024-03-31 01:00:00"))), "2024-03-31T03:00:00");
  // Skipped: read with the offset before the jump. Doubled: the first.
  EXPECT_EQ(shown(berlin->to_utc(utc("2024-03-31 02:30:00"))), "2024-03-31T01:30:00");
  EXPECT_EQ(shown(berlin->to_utc(utc("2024-10-27 02:30:00"))), "2024-10-27T00:30:00");
  EXPECT_EQ(shown(berlin->to_utc(utc("2024-10-27 03:00:00"))), "2024-10-27T02:00:00");
}

TEST(TimeZone, FixedOffsetsAndUnknownNames) {
  EXPECT_EQ((*TimeZone::find("+05:30"))->offset_at(0), (5 * 3600 + 1800) * kUsPerSecond);
  EXPECT_EQ((*TimeZone::find("UTC-3"))->offset_at(0), -3 * 3600 * kUsPerSecond);
  EXPECT_TRUE((*TimeZone::find("UTC"))->is_utc());
  EXPECT_EQ(*TimeZone::find("Asia/Tokyo"), *TimeZone::find("Asia/Tokyo"));
  const auto unknown = TimeZone::find("Europe/Berlim");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().hint, "did you mean 'Europe/Berlin'?");
}

TEST(TimeZone, YearlyRulesGoOnAfterTheList) {
  auto local = [](const char* zone, std::string_view at) {
    return shown((*TimeZone::find(zone))->to_local(utc(at)));
  };
  EXPECT_EQ(local("Europe/Berlin", "2050-03-27 00:59:59"), "2050-03-27T01:59:59");
  EXPECT_EQ(local("Europe/Berlin", "2050-03-27 01:00:00"), "2050-03-27T03:00:00");
  EXPECT_EQ(local("Europe/Berlin", "2050-10-30 01:00:00"), "2050-10-30T02:00:00");
  EXPECT_EQ(local("America/New_York", "2100-03-14 06:59:59"), "2100-03-14T01:59:59");
  EXPECT_EQ(local("America/New_York", "2100-03-14 07:00:00"), "2100-03-14T03:00:00");
  EXPECT_EQ(local("Australia/Sydney", "2060-01-01 00:00:00"), "2060-01-01T11:00:00");
  EXPECT_EQ(local("Asia/Tokyo", "2060-07-01 00:00:00"), "2060-07-01T09:00:00");
}

TEST(TimeZone, CursorsAgreeWithLookups) {
  Random random(11);
  for (const char* name :
       {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo", "UTC"}) {
    const TimeZone* zone = *TimeZone::find(name);
    ZoneCursor cursor(zone);
    int64_t at = utc("2000-01-01 00:00:00");
    for (int i = 0; i < 20000; ++i) {
      at += static_cast<int64_t>(random.below(kUsPerDay));
      ASSERT_EQ(cursor.to_local(at), zone->to_local(at)) << name << " " << shown(at);
      ASSERT_EQ(cursor.to_utc(at), zone->to_utc(at)) << name << " " << shown(at);
      if (i % 1000 == 0) at = utc("2010-06-01 00:00:00");
    }
  }
}

TEST(Calendar, MonthsClampTheDay) {
  EXPECT_EQ(shown(*add_months(utc("2024-01-31 10:00:00"), 1)), "2024-02-29T10:00:00");
  EXPECT_EQ(shown(*add_months(utc("2024-03-31 10:00:00"), -13)), "2023-02-28T10:00:00");
  EXPECT_FALSE(add_months(0, INT64_MAX).has_value());
}

TEST(Calendar, TruncatesAndCeils) {
  const int64_t t = utc("2024-08-15 13:45:10.123456");
  EXPECT_EQ(shown(truncate_time(TimeUnit::kWeek, t)), "2024-08-12T00:00:00");
  EXPECT_EQ(shown(truncate_time(TimeUnit::kQuarter, t)), "2024-07-01T00:00:00");
  EXPECT_EQ(shown(truncate_time(TimeUnit::kDecade, t)), "2020-01-01T00:00:00");
  EXPECT_EQ(shown(truncate_time(TimeUnit::kCentury, t)), "2001-01-01T00:00:00");
  EXPECT_EQ(shown(truncate_time(TimeUnit::kMillisecond, t)), "2024-08-15T13:45:10.123");
  EXPECT_EQ(shown(truncate_time(TimeUnit::kHour, utc("1969-12-31 23:30:00"))),
            "1969-12-31T23:00:00");
  EXPECT_EQ(shown(ceil_time(TimeUnit::kMonth, t)), "2024-09-01T00:00:00");
  EXPECT_EQ(shown(ceil_time(TimeUnit::kDay, utc("2024-01-01"))), "2024-01-01T00:00:00");
}

TEST(Calendar, IsoWeeks) {
  auto week = [](std::string_view day) {
    const IsoWeek w = iso_week(*parse_date(day));
    return std::to_string(w.year) + "-" + std::to_string(w.week);
  };
  EXPECT_EQ(week("2024-12-30"), "2025-1");
  EXPECT_EQ(week("2021-01-03"), "2020-53");
  EXPECT_EQ(week("2021-01-04"), "2021-1");
  EXPECT_EQ(iso_weekday(*parse_date("2024-02-29")), 4);
}

TEST(TimeFunctions, Arithmetic) {
  EXPECT_EQ(text_of(call("+", {ts("2024-02-28 10:00:00"), days(2)})), "2024-03-01T10:00:00");
  EXPECT_EQ(text_of(call("-", {ts("2024-03-31 10:00:00"), months(1)})), "2024-02-29T10:00:00");
  EXPECT_EQ(text_of(call("+", {months(12), date("2024-02-29")})), "2025-02-28");
  EXPECT_EQ(text_of(call("+", {date("2024-02-28"), number(2)})), "2024-03-01");
  EXPECT_EQ(text_of(call("-", {date("2024-03-01"), date("2024-02-01")})), "29");
  EXPECT_EQ(text_of(call("-", {ts("2024-01-02"), ts("2024-01-01 12:00:00")})), "0 12:00:00");
  EXPECT_EQ(text_of(call("*", {days(1), make_double(0.5)})), "0 12:00:00");
  EXPECT_EQ(text_of(call("+", {ts("2024-01-01"), make_int64(Type::interval_day(), INT64_MAX)})),
            "!the time leaves the range of TIMESTAMP(6)!");
  // A day of 23 hours: months go by the wall clock, days are 24 hours.
  EvaluationContext berlin;
  berlin.zone = *TimeZone::find("Europe/Berlin");
  EXPECT_EQ(text_of(call("+", {instant("2024-02-29T12:00:00Z"), months(2)}), berlin),
            "2024-04-29T11:00:00Z");
  EXPECT_EQ(text_of(call("+", {instant("2024-03-30T12:00:00Z"), days(1)}), berlin),
            "2024-03-31T12:00:00Z");
}

TEST(TimeFunctions, Parts) {
  const ExprPtr t = ts("2024-08-15 13:45:10.123456");
  const std::pair<const char*, const char*> parts[] = {{"YEAR", "2024"},
                                                       {"QUARTER", "3"},
                                                       {"MONTH", "8"},
                                                       {"WEEK", "33"},
                                                       {"DAY", "15"},
                                                       {"DOY", "228"},
                                                       {"DOW", "4"},
                                                       {"ISODOW", "4"},
                                                       {"DAYOFWEEK", "5"},
                                                       {"HOUR", "13"},
                                                       {"MINUTE", "45"},
                                                       {"SECOND", "10"},
                                                       {"MILLISECOND", "10123"},
                                                       {"MICROSECOND", "10123456"},
                                                       {"EPOCH", "1723729510"},
                                                       {"CENTURY", "21"},
                                                       {"DECADE", "202"},
                                                       {"MILLENNIUM", "3"}};
  for (const auto& [unit, wanted] : parts) {
    EXPECT_EQ(text_of(call("EXTRACT", {text(unit), t})), wanted) << unit;
  }
  EXPECT_EQ(text_of(call("YEAR", {date("2024-08-15")})), "2024");
  EXPECT_EQ(text_of(call("HOUR", {literal(Type::time(), "13:45:10")})), "13");
  EXPECT_EQ(text_of(call("EXTRACT", {text("HOUR"), days(-2)})), "0");
  EXPECT_EQ(refusal("EXTRACT", {text("YAER"), t}), "'YAER' is not a unit of time");
  EvaluationContext tokyo;
  tokyo.zone = *TimeZone::find("Asia/Tokyo");
  EXPECT_EQ(text_of(call("HOUR", {instant("2024-01-01T20:00:00Z")}), tokyo), "5");
  EXPECT_EQ(text_of(call("EXTRACT", {text("EPOCH"), instant("2024-01-01T00:00:00Z")}), tokyo),
            "1704067200");
}

TEST(TimeFunctions, Steps) {
  const ExprPtr t = ts("2024-08-15 13:45:10.123456");
  EXPECT_EQ(text_of(call("DATE_TRUNC", {text("hour"), t})), "2024-08-15T13:00:00");
  EXPECT_EQ(text_of(call("FLOOR", {t, text("MONTH")})), "2024-08-01T00:00:00");
  EXPECT_EQ(text_of(call("CEIL", {t, text("YEAR")})), "2025-01-01T00:00:00");
  EXPECT_EQ(text_of(call("DATE_TRUNC", {text("year"), date("2024-08-15")})), "2024-01-01");
  EXPECT_EQ(text_of(call("DATE_TRUNC",
                         {text("day"), instant("2024-08-15T23:30:00Z"), text("Europe/Berlin")})),
            "2024-08-15T22:00:00Z");
  EXPECT_EQ(text_of(call("TIMESTAMPADD", {text("MONTH"), number(1), ts("2024-01-31")})),
            "2024-02-29T00:00:00");
  EXPECT_EQ(text_of(call("TIMESTAMPADD", {text("DAY"), number(1), date("2024-02-28")})),
            "2024-02-29");
  EXPECT_EQ(text_of(call("TIMESTAMPDIFF", {text("MONTH"), ts("2024-01-31"), ts("2024-02-29")})),
            "1");
  EXPECT_EQ(text_of(call("TIMESTAMPDIFF", {text("MONTH"), ts("2024-01-15"), ts("2024-03-14")})),
            "1");
  EXPECT_EQ(text_of(call("TIMESTAMPDIFF", {text("MONTH"), ts("2024-03-14"), ts("2024-01-15")})),
            "-1");
  EXPECT_EQ(
      text_of(call("TIMESTAMPDIFF", {text("HOUR"), ts("2024-01-01"), ts("2024-01-02 01:30:00")})),
      "25");
  EXPECT_EQ(text_of(call("LAST_DAY", {date("2023-02-10")})), "2023-02-28");
  EXPECT_EQ(text_of(call("DATEDIFF", {date("2024-03-01"), date("2024-02-28")})), "2");
}

TEST(TimeFunctions, ClockAndZones) {
  EvaluationContext context;
  context.now_us = utc("2024-07-01 22:30:00.123456");
  context.zone = *TimeZone::find("Europe/Berlin");
  EXPECT_EQ(text_of(call("NOW", {}), context), "2024-07-01T22:30:00.123Z");
  EXPECT_EQ(text_of(call("LOCALTIMESTAMP", {}), context), "2024-07-02T00:30:00.123");
  EXPECT_EQ(text_of(call("CURRENT_DATE", {}), context), "2024-07-02");
  EXPECT_EQ(text_of(call("CURRENT_TIME", {}), context), "00:30:00");
  EXPECT_EQ(text_of(call("UNIX_TIMESTAMP", {}), context), "1719873000");
  EXPECT_EQ(text_of(call("AT TIME ZONE", {ts("2024-07-01 12:00:00"), text("America/New_York")})),
            "2024-07-01T16:00:00Z");
  EXPECT_EQ(
      text_of(call("AT TIME ZONE", {instant("2024-07-01T12:00:00Z"), text("America/New_York")})),
      "2024-07-01T08:00:00");
  EXPECT_EQ(text_of(call("CONVERT_TZ",
                         {text("1970-01-01 00:00:00"), text("UTC"), text("America/Los_Angeles")})),
            "1969-12-31 16:00:00");
  EXPECT_EQ(refusal("AT TIME ZONE", {ts("2024-07-01"), text("Mars/Base")}),
            "there is no time zone 'Mars/Base'");
}

TEST(TimeFunctions, NumbersToTimesNeedTheirUnit) {
  const ExprPtr x = make_int64(Type::bigint(), 1700000000123);
  EXPECT_EQ(text_of(call("TO_TIMESTAMP_LTZ", {x, number(3)})), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(text_of(call("TO_TIMESTAMP_LTZ", {number(1700000000), number(0)})),
            "2023-11-14T22:13:20Z");
  EXPECT_EQ(call("TO_TIMESTAMP_LTZ", {x, number(6)})->type().to_string(), "TIMESTAMP_LTZ(6)");
  EXPECT_EQ(refusal("TO_TIMESTAMP_LTZ", {x, number(4)}),
            "the second argument is 0 (seconds), 3 (milliseconds), 6 or 9, not 4");
  EXPECT_FALSE(make_call("TO_TIMESTAMP", {x}).has_value());
  EXPECT_EQ(text_of(call("MAKE_TIMESTAMP",
                         {number(2024), number(2), number(30), number(0), number(0), number(0)})),
            "!2024-2-30 is not a date!");
}

TEST(TimeFunctions, Formats) {
  const ExprPtr t = ts("2024-02-09 13:05:09.045");
  auto formatted = [&](std::string_view pattern) {
    return text_of(call("DATE_FORMAT", {t, text(pattern)}));
  };
  EXPECT_EQ(formatted("yyyy-MM-dd'T'HH:mm:ss.SSS"), "2024-02-09T13:05:09.045");
  EXPECT_EQ(formatted("EEEE, d MMMM yy h:mm a"), "Friday, 9 February 24 1:05 PM");
  EXPECT_EQ(formatted("D, H 'o''clock'"), "40, 13 o'clock");
  EXPECT_EQ(refusal("DATE_FORMAT", {t, text("yyyy-bb")}),
            "'b' in the time format 'yyyy-bb' means nothing");
  EXPECT_EQ(text_of(call("TO_TIMESTAMP", {text("9 Feb 2024 1:05 PM"), text("d MMM yyyy h:mm a")})),
            "2024-02-09T13:05:00");
  EXPECT_EQ(text_of(call("TO_TIMESTAMP", {text("20240209130509"), text("yyyyMMddHHmmss")})),
            "2024-02-09T13:05:09");
  EXPECT_EQ(text_of(call("TO_TIMESTAMP", {text("2024-02-30"), text("yyyy-MM-dd")})),
            "!'2024-02-30' does not match the format 'yyyy-MM-dd'!");
  EXPECT_EQ(text_of(call("TO_DATE", {text("09/02/2024"), text("dd/MM/yyyy")})), "2024-02-09");
  EXPECT_EQ(text_of(call("TO_TIMESTAMP_LTZ",
                         {text("2024-01-01 00:00:00 +0100"), text("yyyy-MM-dd HH:mm:ss Z")})),
            "2023-12-31T23:00:00Z");
  EvaluationContext berlin;
  berlin.zone = *TimeZone::find("Europe/Berlin");
  EXPECT_EQ(text_of(call("FROM_UNIXTIME", {number(0)}), berlin), "1970-01-01 01:00:00");
  EXPECT_EQ(text_of(call("UNIX_TIMESTAMP", {text("1970-01-01 01:00:00")}), berlin), "0");
  EXPECT_EQ(
      text_of(call("DATE_FORMAT", {instant("2024-07-01T10:00:00Z"), text("HH:mmXXX")}), berlin),
      "12:00+02:00");
}

}  // namespace
}  // namespace velo::test
