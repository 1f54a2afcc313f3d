#include "base/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fault_file.h"

namespace velo {
namespace {

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/velo_file_test_XXXXXX";
    root_ = ::mkdtemp(name);
  }
  void TearDown() override { (void)!::system(("rm -rf '" + root_ + "'").c_str()); }

  std::string at(const std::string& name) const { return root_ + "/" + name; }
  void put(const std::string& name, std::string_view text) {
    auto file = files_.open(at(name), OpenMode::kCreate).value();
    ASSERT_TRUE(file->write(as_bytes(text)).has_value());
  }

  LocalFileSystem files_;
  std::string root_;
};

TEST_F(FileTest, WritesReadsSeeksAndTells) {
  put("a", "hello world");
  EXPECT_EQ(read_whole_file(files_, at("a")).value(), "hello world");
  auto file = files_.open(at("a"), OpenMode::kRead).value();
  ASSERT_TRUE(file->seek(6).has_value());
  std::byte bytes[3];
  EXPECT_EQ(file->read(bytes, 3).value(), 3u);
  EXPECT_EQ(as_text(bytes), "wor");
  const FileInfo info = file->info().value();
  EXPECT_EQ(info.kind, FileKind::kRegular);
  EXPECT_EQ(info.size, 11u);
  EXPECT_TRUE(file->wait_readable(0).value());
}

TEST_F(FileTest, SaysWhatIsWrongWithAPath) {
  EXPECT_EQ(files_.open(at("no"), OpenMode::kRead).error().to_string(),
            "error 5001: cannot open '" + at("no") + "': No such file or directory");
  EXPECT_EQ(files_.open(root_, OpenMode::kRead).error().to_string(),
            "error 5005: cannot open '" + root_ + "': Is a directory");
  EXPECT_EQ(files_.open(root_, OpenMode::kCreate).error().code, ErrorCode::kNotAFile);
  put("a", "");
  EXPECT_EQ(files_.open(at("a"), OpenMode::kCreateNew).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(files_.open(at("a/b"), OpenMode::kRead).error().code, ErrorCode::kNotAFile);
}

TEST_F(FileTest, ReportsAFullDisk) {
  auto full = files_.open("/dev/full", OpenMode::kAppend).value();
  EXPECT_EQ(full->write(as_bytes("x")).error().to_string(),
            "error 5004: cannot write to '/dev/full': No space left on device");
}

TEST_F(FileTest, KnowsAFileByMoreThanItsName) {
  put("a", "1");
  const uint64_t first = files_.info(at("a")).value().identity();
  ASSERT_TRUE(files_.rename(at("a"), at("b")).has_value());
  put("a", "2");
  EXPECT_EQ(files_.info(at("b")).value().identity(), first);
  EXPECT_NE(files_.info(at("a")).value().identity(), first);
}

TEST_F(FileTest, MatchesPatterns) {
  EXPECT_TRUE(glob_matches("*.csv", "a.csv"));
  EXPECT_FALSE(glob_matches("*.csv", ".csv"));
  EXPECT_TRUE(glob_matches(".*", ".csv"));
  EXPECT_TRUE(glob_matches("a?c", "abc"));
  EXPECT_FALSE(glob_matches("a?c", "ac"));
  EXPECT_TRUE(glob_matches("[a-c]x[!0-9]", "bxz"));
  EXPECT_FALSE(glob_matches("[a-c]x[!0-9]", "bx3"));
  EXPECT_TRUE(glob_matches("[]]", "]"));
  EXPECT_TRUE(glob_matches("[x", "[x"));
  EXPECT_TRUE(glob_matches("*a*b*", "xxaxxbxx"));
  EXPECT_FALSE(glob_matches("*a*b", "xxaxxbxx"));
  EXPECT_TRUE(glob_matches("**", ""));
}

TEST_F(FileTest, FindsByPatternInEveryComponentSorted) {
  for (const char* directory : {"d2", "d10", "d1"}) {
    ASSERT_TRUE(files_.make_directories(at(directory)).has_value());
    put(std::string(directory) + "/b.csv", "");
    put(std::string(directory) + "/a.csv", "");
    put(std::string(directory) + "/.hidden.csv", "");
  }
  const std::vector<std::string> expected = {at("d1/a.csv"),  at("d1/b.csv"), at("d10/a.csv"),
                                             at("d10/b.csv"), at("d2/a.csv"), at("d2/b.csv")};
  EXPECT_EQ(files_.glob(at("d*/?.csv")).value(), expected);
  EXPECT_EQ(files_.glob(at("d2/a.csv")).value(), std::vector<std::string>{at("d2/a.csv")});
  EXPECT_TRUE(files_.glob(at("e*/x")).value().empty());
  EXPECT_TRUE(files_.glob(at("no/*.csv")).value().empty());
}

TEST_F(FileTest, MapsWithPaddingOnBothSides) {
  std::string text(kMapAlignment + 5000, 'x');
  text[kMapAlignment] = 'y';
  put("a", text);
  auto file = files_.open(at("a"), OpenMode::kRead).value();
  BufferPtr map = file->map(kMapAlignment, 5000).value();
  EXPECT_EQ(static_cast<char>(map->data()[0]), 'y');
  EXPECT_EQ(static_cast<char>(map->data()[4999]), 'x');
  EXPECT_EQ(static_cast<int>(map->data()[-1]), 0);
  EXPECT_EQ(static_cast<int>(map->data()[5000 + 63]), 0);
}

TEST_F(FileTest, WritesAtomicallyOrNotAtAll) {
  ASSERT_TRUE(write_file_atomically(files_, at("a"), as_bytes("old")).has_value());
  FaultyFileSystem faulty(files_);
  for (const Fault::On on :
       {Fault::On::kOpen, Fault::On::kWrite, Fault::On::kSync, Fault::On::kRename}) {
    Fault fault;
    fault.on = on;
    fault.error = ENOSPC;
    faulty.inject(fault);
    EXPECT_EQ(write_file_atomically(faulty, at("a"), as_bytes("new")).error().code,
              ErrorCode::kDiskFull);
    faulty.heal();
    EXPECT_EQ(read_whole_file(files_, at("a")).value(), "old");
    EXPECT_EQ(files_.list(root_).value().size(), 1u);
  }
  EXPECT_EQ(faulty.struck(), 4u);
}

TEST_F(FileTest, FaultsComeWhenToldAndReadsCanBeShort) {
  FaultyFileSystem faulty(files_);
  Fault full;
  full.after = 5;
  full.error = ENOSPC;
  full.once = true;
  faulty.inject(full);
  auto file = faulty.open(at("a"), OpenMode::kCreate).value();
  EXPECT_TRUE(file->write(as_bytes("abc")).has_value());
  EXPECT_EQ(file->write(as_bytes("defg")).error().code, ErrorCode::kDiskFull);
  EXPECT_TRUE(file->write(as_bytes("h")).has_value());
  EXPECT_EQ(read_whole_file(files_, at("a")).value(), "abcdeh");
  Fault shorter;
  shorter.on = Fault::On::kRead;
  shorter.read_most = 2;
  faulty.inject(shorter);
  auto reader = faulty.open(at("a"), OpenMode::kRead).value();
  std::byte bytes[6];
  EXPECT_EQ(reader->read(bytes, 6).value(), 2u);
  EXPECT_EQ(read_whole_file(faulty, at("a")).value(), "abcdeh");
}

TEST_F(FileTest, WritingToAPipeWithoutReaderIsClosedAndNoSignal) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  auto pipe = borrow_descriptor(ends[1], "pipe");
  EXPECT_EQ(pipe->write(as_bytes("x")).error().code, ErrorCode::kClosed);
  ::close(ends[1]);
}

TEST_F(FileTest, TakesPathsApart) {
  EXPECT_EQ(path_directory("a/b/c"), "a/b");
  EXPECT_EQ(path_directory("c"), ".");
  EXPECT_EQ(path_directory("/c"), "/");
  EXPECT_EQ(path_name("a/b/c"), "c");
  EXPECT_EQ(path_join("a/", "b"), "a/b");
  EXPECT_EQ(path_join("a", "b"), "a/b");
}

}  // namespace
}  // namespace velo
