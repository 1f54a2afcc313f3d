#include "connector/file_sink.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "connector/scratch_files_test.h"

namespace velo {
namespace {

class FileSinkTest : public ScratchFiles {
 protected:
  std::unique_ptr<FileSink> sink(const std::string& path, FileSinkOptions options = {}) {
    options.path = path;
    clock_.sleep_us(1);  // another run, another name in progress
    return std::make_unique<FileSink>(std::move(options), files_, clock_);
  }
  static void say(Sink& to, std::string_view text) { to.write(as_bytes(text), 1).value(); }
  void fail_with(Fault::On on, int error, uint64_t after = 0) {
    Fault fault;
    fault.on = on;
    fault.error = error;
    fault.after = after;
    files_.inject(fault);
  }
  ManualClock clock_{1'000'000};
};

TEST_F(FileSinkTest, PublishesAtTheEndAndNotBefore) {
  put("x.json", "old\n");
  auto s = sink(at("x.json"));
  ASSERT_TRUE(s->open().has_value());
  say(*s, "1\n");
  say(*s, "2\n");
  ASSERT_TRUE(s->flush().has_value());
  EXPECT_EQ(text_of("x.json"), "old\n");
  ASSERT_TRUE(s->finish().has_value());
  EXPECT_EQ(text_of("x.json"), "1\n2\n");
  EXPECT_EQ(listing(), "x.json");
  EXPECT_EQ(s->rows_written(), 2u);
  EXPECT_EQ(s->bytes_written(), 4u);
}

TEST_F(FileSinkTest, LeavesNothingWhenNotFinished) {
  {
    auto s = sink(at("x"));
    ASSERT_TRUE(s->open().has_value());
    say(*s, "1\n");
    EXPECT_NE(listing(), "");
  }
  EXPECT_EQ(listing(), "");
}

TEST_F(FileSinkTest, WritesAnEmptyAnswerWithItsHeader) {
  auto s = sink(at("x.csv"));
  s->set_preamble("a,b\n");
  ASSERT_TRUE(s->open().has_value());
  ASSERT_TRUE(s->finish().has_value());
  EXPECT_EQ(text_of("x.csv"), "a,b\n");
}

TEST_F(FileSinkTest, PassesLargePiecesThrough) {
  const std::string big(700'000, 'x');
  auto s = sink(at("x"));
  ASSERT_TRUE(s->open().has_value());
  say(*s, "a");
  say(*s, big);
  say(*s, "b");
  ASSERT_TRUE(s->finish().has_value());
  EXPECT_EQ(text_of("x"), "a" + big + "b");
}

TEST_F(FileSinkTest, PacksByName) {
  for (const auto& [name, compression] :
       {std::pair{"x.gz", Compression::kGzip}, std::pair{"x.zst", Compression::kZstd}}) {
    auto s = sink(at(name));
    s->set_preamble("h\n");
    ASSERT_TRUE(s->open().has_value());
    say(*s, "1\n");
    ASSERT_TRUE(s->finish().has_value());
    EXPECT_EQ(unpacked(compression, text_of(name)), "h\n1\n");
  }
}

TEST_F(FileSinkTest, HonoursWhatToDoWithAnExistingFile) {
  put("x", "old\n");
  FileSinkOptions options;
  options.exists = FileSinkOptions::Exists::kFail;
  EXPECT_EQ(sink(at("x"), options)->open().error().to_string(),
            "error 5006: '" + at("x") +
                "' exists already\n"
                "  hint: remove it, name another, or set 'sink.exists' to 'replace' or 'append'");
  options.exists = FileSinkOptions::Exists::kAppend;
  auto s = sink(at("x"), options);
  s->set_preamble("h\n");
  ASSERT_TRUE(s->open().has_value());
  say(*s, "new\n");
  EXPECT_EQ(text_of("x"), "old\n");
  ASSERT_TRUE(s->finish().has_value());
  EXPECT_EQ(text_of("x"), "old\nnew\n");
  auto fresh = sink(at("y"), options);
  fresh->set_preamble("h\n");
  ASSERT_TRUE(fresh->open().has_value());
  say(*fresh, "1\n");
  ASSERT_TRUE(fresh->finish().has_value());
  EXPECT_EQ(text_of("y"), "h\n1\n");
}

TEST_F(FileSinkTest, RotatesBySizeUnderNumberedNames) {
  FileSinkOptions options;
  options.rotate_bytes = 6;
  auto s = sink(at("t.json"), options);
  s->set_preamble("h\n");
  ASSERT_TRUE(s->open().has_value());
  for (const char* row : {"11\n", "22\n", "33\n", "44\n", "55\n"}) say(*s, row);
  EXPECT_EQ(text_of("t-00000.json"), "h\n11\n22\n") << "published as soon as it is full";
  ASSERT_TRUE(s->finish().has_value());
  EXPECT_EQ(listing(), "t-00000.json t-00001.json t-00002.json");
  EXPECT_EQ(text_of("t-00002.json"), "h\n55\n");
}

TEST_F(FileSinkTest, RotatesByTimeIntoADirectory) {
  FileSinkOptions options;
  options.rotate_interval_us = 1'000'000;
  options.extension = ".csv";
  options.compression = Compression::kGzip;
  auto s = sink(at("out/deep/"), options);
  ASSERT_TRUE(s->open().has_value());
  say(*s, "1\n");
  clock_.sleep_us(600'000);
  say(*s, "2\n");
  clock_.sleep_us(400'000);
  EXPECT_EQ(s->parts_published(), 0u);
  ASSERT_TRUE(s->tick().has_value());
  EXPECT_EQ(s->parts_published(), 1u);
  clock_.sleep_us(5'000'000);
  ASSERT_TRUE(s->tick().has_value());
  say(*s, "3\n");
  ASSERT_TRUE(s->finish().has_value());
  EXPECT_EQ(listing("out/deep"), "part-00000.csv.gz part-00001.csv.gz");
  EXPECT_EQ(unpacked(Compression::kGzip, text_of("out/deep/part-00000.csv.gz")), "1\n2\n");
  EXPECT_EQ(unpacked(Compression::kGzip, text_of("out/deep/part-00001.csv.gz")), "3\n");
}

TEST_F(FileSinkTest, ReplacesOrContinuesNumberedFiles) {
  put("part-00000.json", "old 0");
  put("part-00007.json", "old 7");
  put("other.json", "mine");
  FileSinkOptions options;
  options.extension = ".json";
  options.exists = FileSinkOptions::Exists::kAppend;
  auto more = sink(root_ + "/", options);
  ASSERT_TRUE(more->open().has_value());
  say(*more, "8");
  ASSERT_TRUE(more->finish().has_value());
  EXPECT_EQ(listing(), "other.json part-00000.json part-00007.json part-00008.json");
  options.exists = FileSinkOptions::Exists::kFail;
  EXPECT_EQ(sink(root_ + "/", options)->open().error().code, ErrorCode::kAlreadyExists);
  options.exists = FileSinkOptions::Exists::kReplace;
  auto anew = sink(root_ + "/", options);
  ASSERT_TRUE(anew->open().has_value());
  say(*anew, "new");
  EXPECT_EQ(text_of("part-00000.json"), "old 0");
  ASSERT_TRUE(anew->finish().has_value());
  EXPECT_EQ(listing(), "other.json part-00000.json");
  EXPECT_EQ(text_of("part-00000.json"), "new");
}

TEST_F(FileSinkTest, SaysWhatIsWrongWithThePath) {
  EXPECT_EQ(sink(root_)->open().error().to_string(),
            "error 5005: '" + root_ +
                "' is a directory, not a file\n"
                "  hint: end it with a slash to write files into it: '" +
                root_ + "/'");
  EXPECT_EQ(sink(at("no/x.csv"))->open().error().to_string(),
            "error 5001: cannot write '" + at("no/x.csv") + "': directory '" + at("no") +
                "' does not exist\n  hint: make the directory first");
  fail_with(Fault::On::kOpen, EACCES);
  EXPECT_EQ(sink(at("x"))->open().error().to_string(),
            "error 5002: cannot open '" + at("x") + "': Permission denied");
}

TEST_F(FileSinkTest, AFullDiskPublishesNothing) {
  put("x", "old\n");
  auto s = sink(at("x"));
  ASSERT_TRUE(s->open().has_value());
  fail_with(Fault::On::kWrite, ENOSPC, 300'000);
  const std::string piece(100'000, 'x');
  Status written;
  for (int i = 0; i < 10 && written; ++i) written = s->write(as_bytes(piece), 1);
  const std::string expected = "error 5004: cannot write to '" + at("x") +
                               "': No space left on device\n"
                               "  hint: nothing was published; make room and run again";
  EXPECT_EQ(written.error().to_string(), expected);
  EXPECT_EQ(s->write(as_bytes("1"), 1).error().to_string(), expected);
  EXPECT_EQ(s->finish().error().to_string(), expected);
  EXPECT_EQ(listing(), "x");
  EXPECT_EQ(text_of("x"), "old\n");
}

TEST_F(FileSinkTest, NoFailingStepAtTheEndPublishesAnything) {
  put("x", "old\n");
  for (const Fault::On on :
       {Fault::On::kWrite, Fault::On::kSync, Fault::On::kClose, Fault::On::kRename}) {
    auto s = sink(at("x"));
    ASSERT_TRUE(s->open().has_value());
    say(*s, "new\n");
    fail_with(on, EIO);
    EXPECT_EQ(s->finish().error().code, ErrorCode::kIo);
    files_.heal();
    s.reset();
    EXPECT_EQ(listing(), "x");
    EXPECT_EQ(text_of("x"), "old\n");
  }
}

TEST_F(FileSinkTest, WritesDevicesAndPipesStraight) {
  auto full = sink("/dev/full");
  ASSERT_TRUE(full->open().has_value());
  EXPECT_EQ(full->write(as_bytes("x"), 1).error().code, ErrorCode::kDiskFull);
  auto null = sink("/dev/null");
  ASSERT_TRUE(null->open().has_value());
  say(*null, "x");
  ASSERT_TRUE(null->finish().has_value());
  struct stat info{};
  ASSERT_EQ(::stat("/dev/null", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode));
}

TEST_F(FileSinkTest, ReplacesWhatALinkPointsToAndNotTheLink) {
  put("target", "old");
  ASSERT_EQ(::symlink("target", at("link").c_str()), 0);
  auto s = sink(at("link"));
  ASSERT_TRUE(s->open().has_value());
  say(*s, "new");
  ASSERT_TRUE(s->finish().has_value());
  EXPECT_EQ(text_of("target"), "new");
  struct stat info{};
  ASSERT_EQ(::lstat(at("link").c_str(), &info), 0);
  EXPECT_TRUE(S_ISLNK(info.st_mode));
}

class FileSinkCheckpointTest : public FileSinkTest {
 protected:
  static FileSinkOptions rotating(uint64_t bytes, Compression compression = Compression::kNone) {
    FileSinkOptions options;
    options.rotate_bytes = bytes;
    options.transactional = true;
    options.compression = compression;
    return options;
  }
  /// What a crash leaves: the files as they are. Failing removals keep the destructor from tidying
  /// up.
  void crash(std::unique_ptr<FileSink> s) {
    fail_with(Fault::On::kRemove, EIO);
    s.reset();
    files_.heal();
  }
};

TEST_F(FileSinkCheckpointTest, PublishesRotatedFilesAtCommitOnly) {
  auto s = sink(at("t.json"), rotating(4));
  ASSERT_TRUE(s->open().has_value());
  say(*s, "11\n");
  say(*s, "22\n");
  EXPECT_EQ(s->parts_published(), 0u);
  s->prepare(1).value();
  say(*s, "33\n");
  say(*s, "44\n");
  EXPECT_EQ(s->parts_published(), 0u);
  ASSERT_TRUE(s->commit(1).has_value());
  EXPECT_EQ(s->parts_published(), 1u);
  EXPECT_EQ(text_of("t-00000.json"), "11\n22\n");
  ASSERT_TRUE(s->commit(1).has_value());
  s->prepare(2).value();
  ASSERT_TRUE(s->abort(2).has_value());
  ASSERT_TRUE(s->commit(2).has_value());
  EXPECT_EQ(s->parts_published(), 1u);
  s->prepare(3).value();
  ASSERT_TRUE(s->commit(3).has_value());
  EXPECT_EQ(s->parts_published(), 2u);
  ASSERT_TRUE(s->finish().has_value());
  EXPECT_EQ(listing(), "t-00000.json t-00001.json");
}

TEST_F(FileSinkCheckpointTest, GoesOnAfterACrashWithoutLossOrRepetition) {
  for (const Compression compression :
       {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
    for (const bool committed : {false, true}) {
      const std::string name =
          "c" + std::to_string(static_cast<int>(compression)) + std::to_string(committed) + ".json";
      auto s = sink(at(name), rotating(40, compression));
      ASSERT_TRUE(s->open().has_value());
      std::string expected;
      for (int i = 0; i < 30; ++i) {
        const std::string row = "row " + std::to_string(i * 7919) + "\n";
        expected += row;
        say(*s, row);
      }
      const std::string state = s->prepare(1).value();
      if (committed) s->commit(1).value();
      for (int i = 0; i < 30; ++i)
        say(*s, "written after the checkpoint and lost with the crash\n");
      crash(std::move(s));

      auto t = sink(at(name), rotating(40, compression));
      ASSERT_TRUE(t->recover(state).has_value());
      say(*t, "again\n");
      ASSERT_TRUE(t->finish().has_value());
      std::string all;
      const auto entries = local_.list(root_).value();
      for (const DirectoryEntry& entry : entries) {
        const std::string part = text_of(entry.name);
        EXPECT_EQ(entry.name.find("inprogress"), std::string::npos) << entry.name;
        all += compression == Compression::kNone ? part : unpacked(compression, part);
        ASSERT_TRUE(local_.remove(at(entry.name)).has_value());
      }
      EXPECT_EQ(all, expected + "again\n") << name;
    }
  }
}

TEST_F(FileSinkCheckpointTest, GoesOnInASingleFile) {
  FileSinkOptions options;
  options.transactional = true;
  auto s = sink(at("x.csv"), options);
  s->set_preamble("h\n");
  ASSERT_TRUE(s->open().has_value());
  say(*s, "1\n");
  const std::string state = s->prepare(1).value();
  say(*s, "lost\n");
  crash(std::move(s));
  auto t = sink(at("x.csv"), options);
  t->set_preamble("h\n");
  ASSERT_TRUE(t->recover(state).has_value());
  say(*t, "2\n");
  ASSERT_TRUE(t->finish().has_value());
  EXPECT_EQ(text_of("x.csv"), "h\n1\n2\n");
  EXPECT_EQ(listing(), "x.csv");
}

TEST_F(FileSinkCheckpointTest, WhatWasSavedOutlivesASinkThatIsLetGo) {
  auto s = sink(at("x.csv"), FileSinkOptions());
  ASSERT_TRUE(s->open().has_value());
  say(*s, "1\n");
  const std::string state = s->prepare(1).value();
  say(*s, "lost\n");
  s.reset();
  auto t = sink(at("x.csv"), FileSinkOptions());
  ASSERT_TRUE(t->recover(state).has_value());
  say(*t, "2\n");
  ASSERT_TRUE(t->finish().has_value());
  EXPECT_EQ(text_of("x.csv"), "1\n2\n");
  EXPECT_EQ(listing(), "x.csv");
}

TEST_F(FileSinkCheckpointTest, RefusesAStateThatDoesNotFitTheDisk) {
  auto s = sink(at("x"), rotating(1));
  ASSERT_TRUE(s->open().has_value());
  say(*s, "1\n");
  const std::string state = s->prepare(1).value();
  s.reset();
  const auto entries = local_.list(root_).value();
  for (const DirectoryEntry& entry : entries) {
    ASSERT_TRUE(local_.remove(at(entry.name)).has_value());
  }
  EXPECT_EQ(sink(at("x"), rotating(1))->recover(state).error().code, ErrorCode::kIncompatibleState);
  EXPECT_EQ(sink(at("x"), rotating(1))->recover("nonsense").error().code, ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace velo
