#include "runtime/replay_rule.h"

#include <gtest/gtest.h>

#include "operator/operator.h"

namespace velo {
namespace {

constexpr int64_t kSecond = 1'000'000;

ReplayRule windows(std::vector<ReplayRule::Window> all) {
  ReplayRule rule;
  rule.kind = ReplayRule::Kind::kRecent;
  rule.windows = std::move(all);
  return rule;
}

TEST(ReplayRule, TumblingWindowsBeginAnewWithTheFirstOpenOne) {
  const ReplayRule rule = windows({{60 * kSecond, 60 * kSecond, 0, 1000, false}});
  EXPECT_EQ(rule.needed_from(90 * kSecond), 60 * kSecond);
  EXPECT_EQ(rule.floor(90 * kSecond), 60 * kSecond - 1000);
  // The last step before the end fires the window.
  EXPECT_EQ(rule.needed_from(120 * kSecond - 1000), 120 * kSecond);
  EXPECT_EQ(rule.needed_from(120 * kSecond - 1001), 60 * kSecond);
  EXPECT_EQ(rule.needed_from(-30 * kSecond), -60 * kSecond);
  EXPECT_EQ(rule.needed_from(kWatermarkEnd), kWatermarkEnd);
  EXPECT_EQ(rule.needed_from(kWatermarkNone), kWatermarkNone);
}

TEST(ReplayRule, HoppingWindowsOverlapWhatHasFired) {
  const ReplayRule rule = windows({{60 * kSecond, 10 * kSecond, 0, 1000, false}});
  EXPECT_EQ(rule.needed_from(95 * kSecond), 40 * kSecond);  // [40, 100) is open, [30, 90) fired
  EXPECT_EQ(rule.floor(95 * kSecond), 95 * kSecond);
}

TEST(ReplayRule, CumulatingWindowsBeginTogether) {
  const ReplayRule rule = windows({{60 * kSecond, 10 * kSecond, 5 * kSecond, 1000, true}});
  EXPECT_EQ(rule.needed_from(95 * kSecond), 65 * kSecond);
  EXPECT_EQ(rule.floor(95 * kSecond), 95 * kSecond);
}

TEST(ReplayRule, TheOldestOfSeveralDecides) {
  const ReplayRule rule = windows({{60 * kSecond, 60 * kSecond, 0, 1000, false},
                                   {3600 * kSecond, 3600 * kSecond, 0, 1000, false}});
  EXPECT_EQ(rule.needed_from(3690 * kSecond), 3600 * kSecond);
  EXPECT_EQ(rule.floor(3690 * kSecond), 3690 * kSecond);
}

TEST(ReplayRule, AJoinNeedsWhatLiesBehindItsWatermark) {
  ReplayRule rule;
  rule.kind = ReplayRule::Kind::kRecent;
  rule.joins = true;
  EXPECT_EQ(rule.needed_from(95 * kSecond), 95 * kSecond);
  EXPECT_EQ(rule.floor(95 * kSecond), 95 * kSecond);
}

TEST(ReplayNote, ComesBackAsItWas) {
  const ReplayNote note{-5, 60'000'000, 42};
  const auto back = ReplayNote::parse(note.to_string());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->floor, -5);
  EXPECT_EQ(back->needed_from, 60'000'000);
  EXPECT_EQ(back->read_to, 42u);
  const auto more = ReplayNote::parse(ReplayNote{1, 2, 3, "a 0:5:0;b 1:2:3"}.to_string());
  ASSERT_TRUE(more.has_value());
  EXPECT_EQ(more->more, "a 0:5:0;b 1:2:3");
  for (const char* other : {"", "x", "velo1", "velo1 1 2", "velo1 1 2 3x"}) {
    EXPECT_FALSE(ReplayNote::parse(other).has_value()) << other;
  }
}

TEST(ReplayNote, OfABeginningSaysWhatWasRead) {
  ReplayNote note;
  note.is_beginning = true;
  note.read_to = 17;
  const auto back = ReplayNote::parse(note.to_string());
  ASSERT_TRUE(back.has_value());
  EXPECT_TRUE(back->is_beginning);
  EXPECT_EQ(back->read_to, 17u);
  EXPECT_FALSE(ReplayNote::parse(ReplayNote{1, 2, 3}.to_string())->is_beginning);
  for (const char* other : {"velo1-begin", "velo1-begin x", "velo1-begin 1 2", "velo1-beginning"}) {
    EXPECT_FALSE(ReplayNote::parse(other).has_value()) << other;
  }
}

}  // namespace
}  // namespace velo
