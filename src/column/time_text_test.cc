#include "column/time_text.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

std::string again(std::string_view text, bool instant) {
  auto us = parse_timestamp(text, instant);
  if (!us) return "bad";
  std::string out;
  append_timestamp(out, *us, instant);
  return out;
}

TEST(TimeText, TimestampsRoundTrip) {
  EXPECT_EQ(again("2023-09-18T14:00:00", false), "2023-09-18T14:00:00");
  EXPECT_EQ(again("2023-09-18 14:00:00.5", false), "2023-09-18T14:00:00.500");
  EXPECT_EQ(again("2023-09-18", false), "2023-09-18T00:00:00");
  EXPECT_EQ(again("2023-09-18T14:00:00Z", true), "2023-09-18T14:00:00Z");
  EXPECT_EQ(again("2023-09-18T14:00:00+02:00", true), "2023-09-18T12:00:00Z");
  EXPECT_EQ(again("2023-09-18T14:00:00Z", false), "bad");
  EXPECT_EQ(again("2023-02-29T00:00:00", false), "bad");
  EXPECT_EQ(again("1969-12-31T23:59:59.000001", false), "1969-12-31T23:59:59.000001");
  EXPECT_EQ(again("2023-09-18T24:00:00", false), "bad");
  EXPECT_EQ(again("2023-09-18T14:00:00 ", false), "bad");
}

TEST(TimeText, OffsetsStayWithinFourDigitYears) {
  EXPECT_EQ(again("9999-12-31 23:00:00-00:59", true), "9999-12-31T23:59:00Z");
  EXPECT_EQ(again("9999-12-31 23:00:00-01:00", true), "bad");
  EXPECT_EQ(again("0000-01-01 01:00:00+01:00", true), "0000-01-01T00:00:00Z");
  EXPECT_EQ(again("0000-01-01 00:59:00+01:00", true), "bad");
}

TEST(TimeText, CivilDatesAreInverse) {
  for (int64_t day = -800000; day < 800000; day += 37) {
    const CivilDate date = civil_from_days(day);
    ASSERT_EQ(days_from_civil(date.year, date.month, date.day), day);
  }
  EXPECT_EQ(days_from_civil(1970, 1, 1), 0);
  EXPECT_EQ(days_from_civil(2000, 3, 1), 11017);
}

TEST(TimeText, Intervals) {
  EXPECT_EQ(interval_day_to_string(90'061'500'000), "1 01:01:01.500");
  EXPECT_EQ(interval_month_to_string(-14), "-1-02");
}

}  // namespace
}  // namespace velo
