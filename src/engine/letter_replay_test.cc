#include "engine/letter_replay.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

TEST(ReplayedRanges, NeighboursBecomeOne) {
  ReplayedRanges ranges;
  ranges.add(3, -1);
  ranges.add(4, 3);
  ranges.add(9, 4);  // nothing stands between 4 and 9
  EXPECT_EQ(ranges.to_string(), "3-9");
  ranges.add(20, 15);  // 15 was not replayed
  EXPECT_EQ(ranges.to_string(), "3-9 20-20");
  ranges.add(19, 15);
  EXPECT_EQ(ranges.to_string(), "3-9 19-20");
  ranges.add(15, 9);
  EXPECT_EQ(ranges.to_string(), "3-15 19-20");
  EXPECT_TRUE(ranges.contains(3));
  EXPECT_TRUE(ranges.contains(12));
  EXPECT_FALSE(ranges.contains(16));
  EXPECT_FALSE(ranges.contains(2));
}

TEST(ReplayedRanges, AreReadBack) {
  const ReplayedRanges ranges = ReplayedRanges::parse("0-41 45-45");
  EXPECT_EQ(ranges.to_string(), "0-41 45-45");
  EXPECT_EQ(ranges.end_of_first(0), 42);
  EXPECT_EQ(ranges.end_of_first(7), 42);
  EXPECT_EQ(ReplayedRanges::parse("5-6").end_of_first(2), 2);
  EXPECT_EQ(ReplayedRanges::parse("").to_string(), "");
  EXPECT_EQ(ReplayedRanges::parse("velo 1-x -").to_string(), "");
}

}  // namespace
}  // namespace velo
