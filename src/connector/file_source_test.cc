#include "connector/file_source.h"

#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <future>
#include <thread>

#include "connector/scratch_files_test.h"

namespace velo {
namespace {

class FileSourceTest : public ScratchFiles {
 protected:
  FileSource source(const std::string& path, FileSourceOptions options = {}) {
    options.path = path;
    return FileSource(std::move(options), files_, clock_);
  }
  static FileSourceOptions blocks_of(size_t bytes) {
    FileSourceOptions options;
    options.block_bytes = bytes;
    return options;
  }
  std::string complaint(const std::string& path) {
    auto made = source(path);
    auto found = made.partitions();
    return found ? "" : found.error().to_string();
  }
  ManualClock clock_{1'000'000};
};

TEST_F(FileSourceTest, ReadsASmallFileAsOneBlock) {
  put("a.csv", "x,y\n1,2\n");
  auto s = source(at("a.csv"));
  const auto partitions = s.partitions().value();
  ASSERT_EQ(partitions.size(), 1u);
  EXPECT_EQ(partitions[0].name, at("a.csv"));
  EXPECT_TRUE(partitions[0].bounded);
  EXPECT_EQ(partitions[0].bytes, 8u);
  EXPECT_EQ(s.head(0, 100).value(), "x,y\n1,2\n");
  Block block;
  ASSERT_EQ(s.poll(0, block, 0).value(), Poll::kBlock);
  EXPECT_EQ(shown(block), "<x,y\n1,2\n>");
  EXPECT_EQ(block.first_line, 1u);
  EXPECT_EQ(block.begin.file, at("a.csv"));
  EXPECT_EQ(block.begin.offset, 0u);
  EXPECT_EQ(block.end.offset, 8u);
  EXPECT_NE(block.end.extra, 0u);
  EXPECT_EQ(s.poll(0, block, 0).value(), Poll::kEnd);
  EXPECT_EQ(s.poll(0, block, 0).value(), Poll::kEnd);
}

TEST_F(FileSourceTest, EndsBlocksAfterNewlinesAndTheLastWithoutOne) {
  put("a", "11\n222\n3333\n55");
  auto s = source(at("a"), blocks_of(8));
  s.partitions().value();
  EXPECT_EQ(drained(s), "<11\n222\n|3333\n55>|.");
  FileSourceOptions anywhere = blocks_of(8);
  anywhere.cut_at_newline = false;
  auto t = source(at("a"), anywhere);
  t.partitions().value();
  EXPECT_EQ(drained(t), "<11\n222\n3|333\n55>|.");
}

TEST_F(FileSourceTest, GivesALineLongerThanABlockInPieces) {
  const std::string line(20, 'x');
  put("a", "1\n" + line + "\n2\n");
  auto s = source(at("a"), blocks_of(8));
  s.partitions().value();
  EXPECT_EQ(drained(s), "<1\n|xxxxxxxx|xxxxxxxx|xxxx\n2\n>|.");
}

TEST_F(FileSourceTest, ReadsTheSameThroughShortReadsAndMappings) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += std::to_string(i * 7919) + "\n";
  text += "last";
  put("a", text);
  const auto whole = [&](const FileSourceOptions& options) {
    auto s = source(at("a"), options);
    s.partitions().value();
    std::string all;
    Block block;
    uint64_t offset = 0;
    while (s.poll(0, block, 0).value() == Poll::kBlock) {
      EXPECT_EQ(block.begin.offset, offset);
      offset = block.end.offset;
      const bool at_line_end = block.ends_unit || as_text(block.bytes).ends_with('\n');
      EXPECT_TRUE(at_line_end);
      // The padding rule: whole registers may be loaded at either edge.
      volatile std::byte edge = block.bytes.data()[-64];
      edge = block.bytes.data()[block.bytes.size() + 63];
      (void)edge;
      all += as_text(block.bytes);
    }
    return all;
  };
  EXPECT_EQ(whole(blocks_of(100)), text);
  EXPECT_EQ(whole(blocks_of(1 << 20)), text);
  FileSourceOptions mapped = blocks_of(1000);
  mapped.mapped = true;
  EXPECT_EQ(whole(mapped), text);
  Fault shorter;
  shorter.on = Fault::On::kRead;
  shorter.read_most = 3;
  files_.inject(shorter);
  EXPECT_EQ(whole(blocks_of(100)), text);
}

TEST_F(FileSourceTest, KeepsBytesOfABlockWhileItsOwnerLives) {
  put("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
  auto s = source(at("a"), blocks_of(4));
  s.partitions().value();
  std::vector<Block> kept(5);
  for (Block& block : kept) ASSERT_EQ(s.poll(0, block, 0).value(), Poll::kBlock);
  EXPECT_EQ(shown(kept[0]), "<1\n2\n");
  EXPECT_EQ(shown(kept[1]), "3\n4\n");
  EXPECT_EQ(shown(kept[3]), "7\n8\n");
  EXPECT_EQ(shown(kept[4]), "9\n>");
}

TEST_F(FileSourceTest, GoesOnFromAnyPosition) {
  put("a", "11\n222\n3333\n55\n");
  auto first = source(at("a"), blocks_of(8));
  first.partitions().value();
  Block block;
  ASSERT_EQ(first.poll(0, block, 0).value(), Poll::kBlock);
  const Position after = Position::parse(block.end.to_string()).value();
  for (const bool mapped : {false, true}) {
    FileSourceOptions options;
    options.mapped = mapped;
    auto second = source(at("a"), options);
    second.partitions().value();
    ASSERT_TRUE(second.seek(0, after).has_value());
    EXPECT_EQ(drained(second), "3333\n55\n>|.");
  }
  put("b", "11\n222\n3333\n55\n");
  ASSERT_TRUE(local_.rename(at("b"), at("a")).has_value());
  auto third = source(at("a"));
  third.partitions().value();
  ASSERT_TRUE(third.seek(0, after).has_value());
  EXPECT_EQ(third.poll(0, block, 0).error().message,
            "'" + at("a") + "' is not the file that was read up to byte 7 before");
}

TEST_F(FileSourceTest, MakesEachFileAPartitionInNameOrder) {
  put("b.csv", "b\n");
  put("a.csv", "a\n");
  put("c.txt", "c\n");
  put(".d.csv", "d\n");
  put("_e.csv", "e\n");
  put("f.csv.inprogress-1", "f\n");
  auto s = source(at("*.csv"));
  const auto found = s.partitions().value();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].name, at("_e.csv"));
  EXPECT_EQ(found[1].name, at("a.csv"));
  EXPECT_EQ(found[2].name, at("b.csv"));
  EXPECT_EQ(drained(s, 2), "<b\n>|.");
  EXPECT_EQ(drained(s, 1), "<a\n>|.");
  auto directory = source(root_);
  EXPECT_EQ(directory.partitions().value().size(), 3u);
}

TEST_F(FileSourceTest, ReadsAllFilesAsOnePartitionWhenAsked) {
  put("1.csv", "h\na\n");
  put("2.csv", "h\nb");
  put("3.csv", "");
  put("4.csv", "h\nc\n");
  FileSourceOptions options;
  options.single_partition = true;
  auto s = source(at("*.csv"), options);
  const auto found = s.partitions().value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].bytes, 11u);
  EXPECT_EQ(drained(s), "<h\na\n>|<h\nb>|<>|<h\nc\n>|.");
  auto again = source(at("*.csv"), options);
  again.partitions().value();
  ASSERT_TRUE(again.seek(0, {at("2.csv"), 2, 0}).has_value());
  EXPECT_EQ(drained(again), "b>|<>|<h\nc\n>|.");
}

TEST_F(FileSourceTest, OrdersASinglePartitionByTimeWhenAsked) {
  for (const char* name : {"a", "b", "c"}) put(name, std::string(name) + "\n");
  const timespec times[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, at("c").c_str(), times, 0), 0);
  FileSourceOptions options;
  options.single_partition = true;
  options.order = FileSourceOptions::Order::kModified;
  auto s = source(root_, options);
  s.partitions().value();
  EXPECT_EQ(drained(s), "<c\n>|<a\n>|<b\n>|.");
}

TEST_F(FileSourceTest, SaysWhatIsMissing) {
  put("task_events.csv", "");
  EXPECT_EQ(complaint(at("task_event.csv")), "error 5001: file '" + at("task_event.csv") +
                                                 "' does not exist\n  hint: did you mean '" +
                                                 at("task_events.csv") + "'?");
  EXPECT_EQ(complaint(at("no/such.csv")), "error 5001: file '" + at("no/such.csv") +
                                              "' does not exist\n  hint: directory '" + at("no") +
                                              "' does not exist");
  EXPECT_EQ(complaint(at("*.json")), "error 5001: no file matches '" + at("*.json") +
                                         "'\n  hint: '" + root_ +
                                         "' holds 1 other file, 'task_events.csv' for one");
  ASSERT_TRUE(local_.make_directories(at("empty")).has_value());
  EXPECT_EQ(complaint(at("empty")),
            "error 5001: there are no files in directory '" + at("empty") + "'");
  EXPECT_EQ(complaint(at("task_events.csv/x")),
            "error 5005: cannot look at '" + at("task_events.csv/x") + "': Not a directory");
}

TEST_F(FileSourceTest, TellsOfAFileThatMayNotBeReadBeforeAnythingRuns) {
  put("a", "x\n");
  Fault denied;
  denied.on = Fault::On::kOpen;
  denied.error = EACCES;
  files_.inject(denied);
  EXPECT_EQ(complaint(at("a")), "error 5002: cannot open '" + at("a") + "': Permission denied");
}

TEST_F(FileSourceTest, ReportsAReadErrorEveryTime) {
  put("a", "1\n");
  auto s = source(at("a"));
  s.partitions().value();
  Fault broken;
  broken.on = Fault::On::kRead;
  broken.error = EIO;
  broken.once = true;
  files_.inject(broken);
  Block block;
  EXPECT_EQ(s.poll(0, block, 0).error().code, ErrorCode::kIo);
  EXPECT_EQ(s.poll(0, block, 0).error().code, ErrorCode::kIo);
}

TEST_F(FileSourceTest, UnpacksByNameAndByOption) {
  const std::string text = "1\n2\n3\n";
  put("a.gz", packed(Compression::kGzip, text));
  put("a.zst", packed(Compression::kZstd, text));
  put("b", packed(Compression::kGzip, "1\n2") + packed(Compression::kGzip, "\n3\n") +
               std::string(7, '\0'));
  put("c.zst", packed(Compression::kZstd, "1\n2") + packed(Compression::kZstd, "\n3\n"));
  for (const char* name : {"a.gz", "a.zst", "c.zst"}) {
    auto s = source(at(name));
    s.partitions().value();
    EXPECT_EQ(drained(s), "<1\n2\n3\n>|.") << name;
  }
  FileSourceOptions gzip;
  gzip.compression = Compression::kGzip;
  auto s = source(at("b"), gzip);
  s.partitions().value();
  EXPECT_EQ(drained(s), "<1\n2\n3\n>|.");
  auto from = source(at("a.gz"));
  from.partitions().value();
  EXPECT_EQ(from.head(0, 3).value(), "1\n2");
  ASSERT_TRUE(from.seek(0, {at("a.gz"), 4, 0}).has_value());
  EXPECT_EQ(drained(from), "3\n>|.");
}

TEST_F(FileSourceTest, NeverEndsATornPackedFileInSilence) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + "\n";
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const std::string good = packed(compression, text);
    const std::string name = "t" + std::string(compression_extension(compression));
    for (const size_t length :
         {size_t{0}, size_t{1}, size_t{9}, good.size() / 2, good.size() - 1}) {
      put(name, good.substr(0, length));
      auto s = source(at(name), blocks_of(4096));
      s.partitions().value();
      EXPECT_TRUE(drained(s).ends_with("4003")) << name << " cut to " << length;
    }
    std::string bad = good;
    bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 0x55);
    put(name, bad);
    auto s = source(at(name), blocks_of(4096));
    s.partitions().value();
    EXPECT_TRUE(drained(s).ends_with("4003")) << name << " damaged";
    put(name, good + "trailing");
    auto t = source(at(name), blocks_of(4096));
    t.partitions().value();
    EXPECT_TRUE(drained(t).ends_with("4003")) << name << " with other bytes behind";
  }
  const std::string good = packed(Compression::kGzip, "1\n");
  put("s.gz", good.substr(0, good.size() - 3));
  auto s = source(at("s.gz"));
  s.partitions().value();
  Block block;
  EXPECT_EQ(s.poll(0, block, 0).error().to_string(),
            "error 4003: gzip data of '" + at("s.gz") + "' is cut short after " +
                std::to_string(good.size() - 3) + " bytes\n  at " + at("s.gz") + " offset " +
                std::to_string(good.size() - 3) +
                "\n  hint: the file was not written or copied to its end");
}

TEST_F(FileSourceTest, SplitsABigFileAtNewlines) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "line " + std::to_string(i) + "\n";
  put("a", text);
  EXPECT_EQ(file_splits(files_, at("a"), 1, 1).value(), (std::vector<uint64_t>{0, text.size()}));
  EXPECT_EQ(file_splits(files_, at("a"), 9, text.size()).value().size(), 2u);
  for (const uint32_t n : {2u, 3u, 7u, 64u}) {
    FileSourceOptions options = blocks_of(300);
    options.splits = n;
    options.split_bytes_min = 1;
    auto s = source(at("a"), options);
    const auto found = s.partitions().value();
    ASSERT_EQ(found.size(), n);
    EXPECT_EQ(found[1].name, at("a") + "#1/" + std::to_string(n));
    EXPECT_FALSE(found[0].starts_inside_unit);
    EXPECT_TRUE(found[1].starts_inside_unit);
    std::string all;
    for (const PartitionInfo& partition : found) {
      Block block;
      while (s.poll(partition.id, block, 0).value() == Poll::kBlock) all += as_text(block.bytes);
      EXPECT_TRUE(all.ends_with('\n'));
      EXPECT_EQ(s.head(partition.id, 6).value(), "line 0");
    }
    EXPECT_EQ(all, text);
  }
  put("b", "one line without an end");
  EXPECT_EQ(file_splits(files_, at("b"), 4, 1).value(), (std::vector<uint64_t>{0, 23}));
}

TEST_F(FileSourceTest, ReadsAPipeAsItCome) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  std::promise<void> looked;
  std::thread writer([&] {
    auto out = local_.open(at("pipe"), OpenMode::kAppend).value();
    out->write(as_bytes("a\nb\nc")).value();
    looked.get_future().wait();
    out->write(as_bytes("d\ne")).value();
  });
  auto s = source(at("pipe"));
  s.partitions().value();
  EXPECT_EQ(s.head(0, 100).value(), "a\nb\nc");
  Block block;
  EXPECT_EQ(s.poll(0, block, 0).value(), Poll::kBlock);
  EXPECT_EQ(shown(block), "<a\nb\n");
  looked.set_value();
  std::string rest;
  while (true) {
    const Poll polled = s.poll(0, block, 1'000'000).value();
    if (polled == Poll::kEnd) break;
    if (polled == Poll::kBlock) rest += shown(block) + "|";
  }
  writer.join();
  EXPECT_EQ(rest, "cd\n|e>|");
}

TEST_F(FileSourceTest, ReadsStandardInput) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int saved = ::dup(0);
  ::dup2(ends[0], 0);
  ::close(ends[0]);
  ASSERT_EQ(::write(ends[1], "1\n2", 3), 3);
  auto s = source("-");
  const auto found = s.partitions().value();
  EXPECT_EQ(found[0].name, "standard input");
  EXPECT_EQ(drained(s), "<1\n|~");
  ASSERT_TRUE(s.wait(1000).has_value());
  ::close(ends[1]);
  EXPECT_EQ(drained(s), "2>|.");
  ::dup2(saved, 0);
  ::close(saved);
}

}  // namespace
}  // namespace velo
