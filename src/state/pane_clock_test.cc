#include "state/pane_clock.h"

#include <gtest/gtest.h>

#include "column/time_text.h"

namespace velo {
namespace {

constexpr int64_t kSecond = 1'000'000;

int64_t utc(std::string_view text) { return *parse_timestamp(text, true); }

std::string text_of(int64_t us) {
  std::string out;
  append_timestamp(out, us, true);
  return out;
}

// "start … end" of every window that holds the time.
std::vector<std::string> windows_of(const WindowSpec& spec, std::string_view time) {
  PaneClock clock(spec);
  const int64_t pane = clock.pane_of(utc(time));
  std::vector<std::string> out;
  for (auto end = clock.next_end(pane, INT64_MIN); end; end = clock.next_end(pane, *end)) {
    out.push_back(text_of(clock.start_of(clock.window_start(*end))) + " " +
                  text_of(clock.start_of(*end)));
  }
  return out;
}

using Windows = std::vector<std::string>;

TEST(PaneClock, FixedWindowsAreAlignedToTheEpoch) {
  EXPECT_EQ(windows_of({.size = 60 * kSecond}, "2024-01-01T00:00:59.999Z"),
            Windows({"2024-01-01T00:00:00Z 2024-01-01T00:01:00Z"}));
  EXPECT_EQ(windows_of({.size = 60 * kSecond, .offset_us = 15 * kSecond}, "2024-01-01T00:00:10Z"),
            Windows({"2023-12-31T23:59:15Z 2024-01-01T00:00:15Z"}));
  EXPECT_EQ(windows_of({.size = 60 * kSecond}, "1969-12-31T23:59:59Z"),
            Windows({"1969-12-31T23:59:00Z 1970-01-01T00:00:00Z"}));
}

TEST(PaneClock, HopsOverlapOrLeaveGaps) {
  const WindowSpec overlapping{
      .kind = WindowKind::kHop, .size = 10 * kSecond, .slide = 4 * kSecond};
  EXPECT_EQ(windows_of(overlapping, "1970-01-01T00:00:09Z"),
            Windows({"1970-01-01T00:00:00Z 1970-01-01T00:00:10Z",
                     "1970-01-01T00:00:04Z 1970-01-01T00:00:14Z",
                     "1970-01-01T00:00:08Z 1970-01-01T00:00:18Z"}));
  const WindowSpec gaps{.kind = WindowKind::kHop, .size = 4 * kSecond, .slide = 10 * kSecond};
  EXPECT_EQ(windows_of(gaps, "1970-01-01T00:00:03Z"),
            Windows({"1970-01-01T00:00:00Z 1970-01-01T00:00:04Z"}));
  EXPECT_EQ(windows_of(gaps, "1970-01-01T00:00:05Z"), Windows());
}

TEST(PaneClock, CumulateGrows) {
  const WindowSpec spec{.kind = WindowKind::kCumulate, .size = 6 * kSecond, .slide = 2 * kSecond};
  EXPECT_EQ(windows_of(spec, "1970-01-01T00:00:09Z"),
            Windows({"1970-01-01T00:00:06Z 1970-01-01T00:00:10Z",
                     "1970-01-01T00:00:06Z 1970-01-01T00:00:12Z"}));
}

TEST(PaneClock, CalendarWindowsFollowTheZone) {
  const TimeZone* berlin = TimeZone::find("Europe/Berlin").value();
  const WindowSpec day{.unit = PaneUnit::kDays, .size = 1, .zone = berlin};
  // The day of the jump forward has 23 hours, that of the jump back 25.
  EXPECT_EQ(windows_of(day, "2024-03-31T12:00:00Z"),
            Windows({"2024-03-30T23:00:00Z 2024-03-31T22:00:00Z"}));
  EXPECT_EQ(windows_of(day, "2024-10-27T12:00:00Z"),
            Windows({"2024-10-26T22:00:00Z 2024-10-27T23:00:00Z"}));
  const WindowSpec month{.unit = PaneUnit::kMonths, .size = 1};
  EXPECT_EQ(windows_of(month, "2024-02-29T23:59:59Z"),
            Windows({"2024-02-01T00:00:00Z 2024-03-01T00:00:00Z"}));
  const WindowSpec quarter{.unit = PaneUnit::kMonths, .size = 3, .zone = berlin};
  EXPECT_EQ(windows_of(quarter, "2024-06-30T22:30:00Z"),
            Windows({"2024-06-30T22:00:00Z 2024-09-30T22:00:00Z"}));
  const WindowSpec year{.unit = PaneUnit::kMonths, .size = 12};
  EXPECT_EQ(windows_of(year, "1969-06-01T00:00:00Z"),
            Windows({"1969-01-01T00:00:00Z 1970-01-01T00:00:00Z"}));
}

TEST(PaneClock, WeeksStartWhereTheyAreToldTo) {
  const WindowSpec monday{.unit = PaneUnit::kWeeks, .size = 1};
  EXPECT_EQ(windows_of(monday, "2024-01-03T00:00:00Z"),
            Windows({"2024-01-01T00:00:00Z 2024-01-08T00:00:00Z"}));
  const WindowSpec sunday{.unit = PaneUnit::kWeeks, .size = 1, .week_start = 7};
  EXPECT_EQ(windows_of(sunday, "2024-01-06T23:59:59Z"),
            Windows({"2023-12-31T00:00:00Z 2024-01-07T00:00:00Z"}));
}

}  // namespace
}  // namespace velo
