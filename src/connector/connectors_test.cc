#include "connector/connectors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "connector/generator_source.h"
#include "connector/scratch_files_test.h"
#include "connector/script_source.h"

namespace velo {
namespace {

class ConnectorsTest : public ScratchFiles {
 protected:
  std::string source_complaint(std::string_view name, const OptionMap& options) {
    auto made = make_source(name, options, {}, {files_, clock_});
    return made ? "" : made.error().to_string();
  }
  /// "first+rows" of each block that comes at once, then "." or "~".
  static std::string ranges(Source& source, uint32_t partition, int most = 1000) {
    std::string all;
    Block block;
    for (int i = 0; i < most; ++i) {
      const Poll polled = source.poll(partition, block, 0).value();
      if (polled == Poll::kEnd) return all + ".";
      if (polled == Poll::kNothingYet) return all + "~";
      const RowRange range = RowRange::from(block.bytes);
      all += std::to_string(range.first_row) + "+" + std::to_string(range.rows) + " ";
    }
    return all;
  }
  ManualClock clock_{1'000'000};
};

TEST_F(ConnectorsTest, EveryRowOfTheTableCanBeMade) {
  for (const ConnectorInfo& connector : connectors()) {
    OptionMap options;
    if (connector.name == "filesystem") options["path"] = at("x");
    if (connector.of_records) {
      options = {{"topic", "t"}, {"properties.bootstrap.servers", "127.0.0.1:1"}};
    }
    EXPECT_FALSE(connector.description.empty());
    if (connector.is_source) {
      EXPECT_TRUE(make_source(connector.name, options, {}, {files_, clock_}).has_value());
    }
    if (connector.is_sink) {
      EXPECT_TRUE(make_sink(connector.name, options, {}, {files_, clock_}).has_value());
    }
    for (const OptionInfo& option : connector.options) {
      EXPECT_FALSE(option.description.empty()) << option.name;
      if (!option.default_value.empty()) {
        EXPECT_TRUE(check_option_value(option, option.default_value).has_value()) << option.name;
      }
    }
  }
  EXPECT_EQ(listing(), "") << "making a connector touches nothing";
}

TEST_F(ConnectorsTest, ComplainsWithTheNearestName) {
  EXPECT_EQ(source_complaint("filesytem", {}),
            "error 1002: there is no connector 'filesytem'\n  hint: did you mean 'filesystem'?");
  EXPECT_EQ(source_complaint("filesystem", {{"path", "x"}, {"source.wacth", "true"}}),
            "error 1001: connector 'filesystem' has no option 'source.wacth'\n"
            "  hint: did you mean 'source.watch'?");
  EXPECT_EQ(source_complaint("filesystem", {}).substr(0, 57),
            "error 1003: connector 'filesystem' needs option 'path'\n  ");
  EXPECT_EQ(source_complaint("filesystem", {{"path", "x"}, {"source.compression", "rar"}}),
            "error 1002: option 'source.compression' cannot be 'rar'\n"
            "  hint: give one of 'auto', 'none', 'gzip', 'zstd'");
  EXPECT_EQ(source_complaint("print", {}), "error 1002: connector 'print' cannot be a source");
  EXPECT_EQ(make_sink("datagen", {}, {}, {files_, clock_}).error().message,
            "connector 'datagen' cannot be a sink");
}

TEST_F(ConnectorsTest, FilesGoInAndOutThroughTheTable) {
  auto sink =
      make_sink("filesystem", {{"path", "file://" + at("x.gz")}}, {}, {files_, clock_}).value();
  ASSERT_TRUE(sink->open().has_value());
  ASSERT_TRUE(sink->write(as_bytes("1\n2\n"), 2).has_value());
  ASSERT_TRUE(sink->finish().has_value());
  auto source = make_source("filesystem", {{"path", at("x.gz")}}, {}, {files_, clock_}).value();
  EXPECT_EQ(source->partitions().value().size(), 1u);
  EXPECT_EQ(drained(*source), "<1\n2\n>|.");
}

TEST_F(ConnectorsTest, PrintWritesWholeBatchesAndStopsCleanly) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  SinkHints hints;
  hints.descriptor = ends[1];
  auto sink = make_sink("print", {}, hints, {files_, clock_}).value();
  sink->set_preamble("h\n");
  ASSERT_TRUE(sink->open().has_value());
  ASSERT_TRUE(sink->write(as_bytes("1\n"), 1).has_value());
  char text[16] = {};
  EXPECT_EQ(::read(ends[0], text, sizeof text), 4);
  EXPECT_STREQ(text, "h\n1\n");
  ::close(ends[0]);
  EXPECT_EQ(sink->write(as_bytes("2\n"), 1).error().code, ErrorCode::kClosed);
  EXPECT_TRUE(sink->finish().has_value());
  ::close(ends[1]);
}

TEST_F(ConnectorsTest, BlackholeCounts) {
  auto sink = make_sink("blackhole", {}, {}, {files_, clock_}).value();
  ASSERT_TRUE(sink->open().has_value());
  ASSERT_TRUE(sink->write(as_bytes("abc"), 2).has_value());
  EXPECT_EQ(sink->rows_written(), 2u);
  EXPECT_EQ(sink->bytes_written(), 3u);
}

TEST_F(ConnectorsTest, GeneratorNumbersRowsAndEnds) {
  auto source = make_source("datagen", {{"number-of-rows", "10000"}}, {}, {files_, clock_}).value();
  const auto found = source->partitions().value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].bounded);
  EXPECT_EQ(ranges(*source, 0), "0+4096 4096+4096 8192+1808 .");
}

TEST_F(ConnectorsTest, GeneratorDealsTheSameRowsToAnyNumberOfPartitions) {
  for (const uint32_t partitions : {1u, 2u, 3u, 5u}) {
    GeneratorOptions options;
    options.rows = 103;
    options.chunk_rows = 10;
    options.partitions = partitions;
    GeneratorSource source(options, clock_);
    source.partitions().value();
    std::vector<int> seen(103);
    Block block;
    for (uint32_t p = 0; p < partitions; ++p) {
      while (source.poll(p, block, 0).value() == Poll::kBlock) {
        const RowRange range = RowRange::from(block.bytes);
        for (uint64_t row = 0; row < range.rows; ++row) ++seen[range.first_row + row];
      }
    }
    EXPECT_EQ(seen, std::vector<int>(103, 1));
  }
}

TEST_F(ConnectorsTest, GeneratorKeepsThePace) {
  GeneratorOptions options;
  options.rows_per_second = 2;
  GeneratorSource slow(options, clock_);
  EXPECT_FALSE(slow.partitions().value()[0].bounded);
  EXPECT_EQ(ranges(slow, 0), "0+1 ~");
  ASSERT_TRUE(slow.wait(10'000'000).has_value());
  EXPECT_EQ(clock_.now_us(), 1'500'000);
  EXPECT_EQ(ranges(slow, 0), "1+1 ~");
  clock_.sleep_us(2'000'000);
  EXPECT_EQ(ranges(slow, 0), "2+4 ~") << "what fell due meanwhile comes at once";
  options.rows_per_second = 1'000'000;
  GeneratorSource fast(options, clock_);
  EXPECT_EQ(ranges(fast, 0), "~");
  clock_.sleep_us(10'000);
  EXPECT_EQ(ranges(fast, 0), "0+4096 4096+4096 ~");
}

TEST_F(ConnectorsTest, GeneratorGoesOnFromAPosition) {
  GeneratorOptions options;
  options.rows = 45;
  options.chunk_rows = 10;
  options.partitions = 2;
  GeneratorSource source(options, clock_);
  EXPECT_TRUE(source.seek(1, {"", 33, 0}).has_value());
  EXPECT_EQ(ranges(source, 1), "33+7 .");
  EXPECT_EQ(ranges(source, 0), "0+10 20+10 40+5 .");
  GeneratorSource other(options, clock_);
  EXPECT_EQ(other.seek(0, {"", 33, 0}).error().code, ErrorCode::kIncompatibleState);
}

TEST_F(ConnectorsTest, ScriptGivesWhatIsPushed) {
  ScriptSource::Options options;
  options.partitions = {"a", "b"};
  ScriptSource source(options);
  EXPECT_EQ(source.partitions().value()[1].name, "b");
  EXPECT_EQ(drained(source, 0), "~");
  EXPECT_TRUE(source.push(0, "1\n2"));
  EXPECT_TRUE(source.push(0, "2\n"));
  EXPECT_EQ(drained(source, 0), "<1\n2|2\n|~");
  EXPECT_EQ(drained(source, 1), "~");
  ScriptSource::Push unit;
  unit.bytes = "3";
  unit.ends_unit = true;
  EXPECT_TRUE(source.push(0, unit));
  EXPECT_TRUE(source.push(0, "4\n"));
  source.finish(0);
  EXPECT_FALSE(source.push(0, "5\n"));
  EXPECT_EQ(drained(source, 0), "3>|<4\n|>|.");
  source.finish_all();
  EXPECT_EQ(drained(source, 1), ".");
}

TEST_F(ConnectorsTest, ScriptSkipsWhatWasReadBeforeAPosition) {
  ScriptSource source({});
  Block block;
  ASSERT_TRUE(source.seek(0, {"", 3, 1}).has_value());
  source.push(0, "1\n2\n");
  source.push(0, "3\n");
  ASSERT_EQ(source.poll(0, block, 0).value(), Poll::kBlock);
  EXPECT_EQ(shown(block), "\n");
  EXPECT_EQ(block.end.offset, 4u);
  EXPECT_EQ(drained(source), "3\n|~");
}

TEST_F(ConnectorsTest, ScriptHoldsBackAFastPusher) {
  ScriptSource::Options options;
  options.bytes_max = 10;
  ScriptSource source(options);
  EXPECT_TRUE(source.push(0, std::string(100, 'x'))) << "a single big one passes";
  EXPECT_FALSE(source.push(0, ScriptSource::Push::stretch("y"), 1000));
  std::thread pusher([&] {
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(source.push(0, "12345\n"));
    source.finish(0);
  });
  uint64_t bytes = 0;
  Block block;
  while (true) {
    const Poll polled = source.poll(0, block, 100'000).value();
    if (polled == Poll::kEnd) break;
    bytes += block.bytes.size();
    EXPECT_LE(source.waiting_bytes(0), 10u);
  }
  pusher.join();
  EXPECT_EQ(bytes, 6100u);
}

TEST(Position, HasATextForm) {
  const Position position{"dir/with:colon, and space", 18446744073709551615u, 7};
  EXPECT_EQ(position.to_string(), "18446744073709551615:7:dir/with:colon, and space");
  EXPECT_EQ(Position::parse(position.to_string()).value(), position);
  EXPECT_EQ(Position::parse("0:0:").value(), Position());
  for (const char* bad : {"", "1", "1:", "1:2", "x:1:f", "-1:0:f"}) {
    EXPECT_EQ(Position::parse(bad).error().code, ErrorCode::kCorruptData) << bad;
  }
}

}  // namespace
}  // namespace velo
