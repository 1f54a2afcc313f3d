// Following files that grow, are rotated, cut, and come anew. The clock is manual: an interval
// passes when the test says so.
#include <gtest/gtest.h>

#include "connector/file_source.h"
#include "connector/scratch_files_test.h"

namespace velo {
namespace {

class FileWatchTest : public ScratchFiles {
 protected:
  FileSource source(const std::string& path, FileSourceOptions options = {}) {
    options.path = path;
    options.watch = true;
    return FileSource(std::move(options), files_, clock_);
  }
  void interval() { clock_.sleep_us(200'000); }
  std::string names(const std::vector<PartitionInfo>& found) const {
    std::string all;
    for (const PartitionInfo& each : found) {
      all += (all.empty() ? "" : " ") + path_name(each.name);
      EXPECT_FALSE(each.bounded);
    }
    return all;
  }
  ManualClock clock_{1'000'000};
};

TEST_F(FileWatchTest, GivesLinesOnceTheyAreWhole) {
  put("log", "1\n2");
  auto s = source(at("log"));
  EXPECT_EQ(names(s.partitions().value()), "log");
  EXPECT_EQ(drained(s), "<1\n|~");
  add("log", "2");
  EXPECT_EQ(drained(s), "~");
  add("log", "\n3\n");
  EXPECT_EQ(drained(s), "22\n3\n|~");
  Block block;
  EXPECT_EQ(s.poll(0, block, 1'000'000).value(), Poll::kNothingYet);
  EXPECT_EQ(clock_.now_us(), 2'000'000);
}

TEST_F(FileWatchTest, FollowsARenameAndTakesTheLastBytesOfTheOldFile) {
  put("log", "1\n");
  auto s = source(at("log"));
  s.partitions().value();
  EXPECT_EQ(drained(s), "<1\n|~");
  ASSERT_TRUE(local_.rename(at("log"), at("log.1")).has_value());
  interval();
  EXPECT_EQ(drained(s), "~") << "the new file is not there yet";
  add("log.1", "2\n");
  put("log", "4\n");
  interval();
  EXPECT_EQ(drained(s), "2\n|~") << "the old file gets one more interval";
  add("log.1", "3");
  interval();
  EXPECT_EQ(drained(s), "3>|<4\n|~");
  add("log", "5\n");
  EXPECT_EQ(drained(s), "5\n|~");
  EXPECT_TRUE(s.take_warnings().empty());
}

TEST_F(FileWatchTest, StartsAnewWhenTheFileIsCut) {
  put("log", "1\n2\n33");
  auto s = source(at("log"));
  s.partitions().value();
  EXPECT_EQ(drained(s), "<1\n2\n|~");
  put("log", "4\n");
  interval();
  EXPECT_EQ(drained(s), "33>|<4\n|~");
  EXPECT_EQ(s.take_warnings(),
            std::vector<std::string>{"'" + at("log") +
                                     "' was cut to 2 bytes while being read: reading it anew"});
}

TEST_F(FileWatchTest, FindsNewFilesInADirectory) {
  auto s = source(root_);
  EXPECT_EQ(names(s.partitions().value()), "");
  put("b", "1\n");
  EXPECT_EQ(names(s.discover().value()), "") << "not before the interval is over";
  interval();
  EXPECT_EQ(names(s.discover().value()), "b");
  EXPECT_EQ(drained(s, 0), "<1\n|~");
  put("a", "2\n");
  put(".hidden", "3\n");
  interval();
  EXPECT_EQ(names(s.discover().value()), "a");
  EXPECT_EQ(drained(s, 1), "<2\n|~");
  add("b", "4\n");
  EXPECT_EQ(drained(s, 0), "4\n|~");
}

TEST_F(FileWatchTest, ReadsEachFileOnceThroughRotationUnderAPattern) {
  put("log", "new 1\n");
  put("log.1", "old 1\n");
  auto s = source(at("log*"));
  EXPECT_EQ(names(s.partitions().value()), "log log.1");
  EXPECT_EQ(drained(s, 0), "<new 1\n|~");
  EXPECT_EQ(drained(s, 1), "<old 1\n|~");
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(local_.rename(at("log.1"), at("log.2")).has_value());
    ASSERT_TRUE(local_.rename(at("log"), at("log.1")).has_value());
    put("log", "round " + std::to_string(round) + "\n");
    std::string first, second;
    for (int i = 0; i < 4; ++i) {
      interval();
      EXPECT_EQ(names(s.discover().value()), "");
      first += drained(s, 0);
      second += drained(s, 1);
    }
    EXPECT_EQ(first, "~>|<round " + std::to_string(round) + "\n|~~~");
    EXPECT_EQ(second, "~~~~");
  }
}

TEST_F(FileWatchTest, TakesFilesOneAfterTheOtherInASinglePartition) {
  put("1", "a\n");
  FileSourceOptions options;
  options.single_partition = true;
  auto s = source(root_, options);
  EXPECT_EQ(s.partitions().value().size(), 1u);
  EXPECT_EQ(drained(s), "<a\n|~");
  put("2", "b\n");
  interval();
  EXPECT_EQ(s.discover().value().size(), 0u);
  EXPECT_EQ(drained(s), "~");
  add("1", "tail");
  interval();
  EXPECT_EQ(drained(s), "tail>|<b\n|~");
}

TEST_F(FileWatchTest, GoesOnInARotatedFileAfterARestart) {
  put("log", "1\n2\n");
  Block block;
  {
    FileSourceOptions small;
    small.block_bytes = 2;
    auto s = source(at("log"), small);
    s.partitions().value();
    ASSERT_EQ(s.poll(0, block, 0).value(), Poll::kBlock);
  }
  add("log", "3\n");
  ASSERT_TRUE(local_.rename(at("log"), at("log.1")).has_value());
  put("log", "4\n");
  auto s = source(at("log"));
  s.partitions().value();
  ASSERT_TRUE(s.seek(0, block.end).has_value());
  EXPECT_EQ(drained(s), "2\n3\n>|<4\n|~");
  ASSERT_TRUE(local_.remove(at("log.1")).has_value());
  auto t = source(at("log"));
  t.partitions().value();
  ASSERT_TRUE(t.seek(0, block.end).has_value());
  EXPECT_EQ(drained(t), "<4\n|~");
  EXPECT_EQ(t.take_warnings().size(), 1u);
}

TEST_F(FileWatchTest, ARestartKeepsTheOrderInWhichFilesWereFound) {
  FileSourceOptions options;
  options.single_partition = true;
  put("b", "1\n");
  auto s = source(root_, options);
  s.partitions().value();
  EXPECT_EQ(drained(s), "<1\n|~");
  put("a", "2\n");
  interval();
  s.discover().value();
  interval();
  drained(s);
  interval();
  Block block;
  ASSERT_EQ(s.poll(0, block, 0).value(), Poll::kBlock);  // the end of b
  ASSERT_EQ(s.poll(0, block, 0).value(), Poll::kBlock);
  EXPECT_EQ(shown(block), "<2\n");
  put("0", "3\n");
  auto t = source(root_, options);
  t.partitions().value();
  ASSERT_TRUE(t.restore(s.save()).has_value());
  ASSERT_TRUE(t.seek(0, block.end).has_value());
  std::string rest;
  for (int i = 0; i < 4; ++i) {
    rest += drained(t);
    interval();
  }
  EXPECT_EQ(rest, "~>|<3\n|~~~") << "b is read, a has its one interval more, 0 is new";
  EXPECT_FALSE(t.restore("3:a").has_value());
  EXPECT_FALSE(t.restore("x").has_value());
}

TEST_F(FileWatchTest, WaitsForTheRestOfAPackedFile) {
  const std::string all = packed(Compression::kGzip, "1\n2\n3\n");
  put("a.gz", all.substr(0, all.size() - 4));
  auto s = source(at("a.gz"));
  s.partitions().value();
  EXPECT_EQ(drained(s), "<1\n2\n3\n|~");
  add("a.gz", all.substr(all.size() - 4) + packed(Compression::kGzip, "4\n"));
  EXPECT_EQ(drained(s), "4\n|~");
}

TEST_F(FileWatchTest, WantsANamedFileToExist) {
  auto s = source(at("nothing"));
  EXPECT_EQ(s.partitions().error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace velo
