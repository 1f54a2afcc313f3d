#include "runtime/job.h"

#include <gtest/gtest.h>

#include "base/fmt.h"
#include "column/batch_text.h"
#include "connector/script_source.h"
#include "format/formats.h"
#include "operator/filter.h"
#include "operator/limit.h"
#include "operator/window_aggregate.h"

namespace velo {
namespace {

constexpr const char* kColumns = "k STRING, v BIGINT, ts TIMESTAMP";

/// A table of csv lines, either pushed or read from a script, counted per key and minute.
struct Fixture {
  explicit Fixture(uint32_t parallelism = 1) {
    options.parallelism = parallelism, options.clock = &clock;
  }

  void add_source(bool pushed, size_t partitions = 1) {
    SourceUse use;
    use.spec.table = "t";
    use.spec.layout = schema_from_text(kColumns);
    use.spec.pushed_partitions = partitions;
    use.spec.make_decoder = [this] {
      DecoderOptions decoder;
      decoder.schema = schema_from_text(kColumns);
      decoder.projection = {0, 1, 2};
      decoder.batch_rows = batch_rows;
      return make_decoder("csv", std::move(decoder));
    };
    if (!pushed) {
      use.spec.make_source = [this, partitions](uint32_t) -> Result<std::unique_ptr<Source>> {
        ScriptSource::Options script;
        script.partitions.clear();
        for (size_t i = 0; i < partitions; ++i) script.partitions.push_back(fmt::format("{}", i));
        auto source = std::make_unique<ScriptSource>(script);
        for (size_t i = 0; i < lines.size(); ++i) {
          source->push(static_cast<uint32_t>(i % partitions), lines[i]);
        }
        source->finish_all();
        return std::unique_ptr<Source>(std::move(source));
      };
    }
    ReaderSpec reader;
    reader.schema = use.spec.layout;
    for (size_t i = 0; i < 3; ++i) {
      reader.outputs.push_back(
          make_column(i, (*use.spec.layout)[i].type, (*use.spec.layout)[i].name));
    }
    reader.watermark = WatermarkOptions{2, 0, nullptr, 10'000'000, std::nullopt};
    use.readers.push_back(reader);
    graph.sources.push_back(std::move(use));
  }

  void add_window() {
    NodeSpec node;
    node.make = [] {
      WindowAggregateOptions window;
      window.input = schema_from_text(kColumns);
      window.output = schema_from_text("k STRING, window_time TIMESTAMP, n BIGINT, s BIGINT");
      window.keys = {make_column(0, Type::string(), "k")};
      AggregateRequest count, sum;
      count.name = "COUNT";
      count.star = true;
      sum.name = "SUM";
      sum.args = {make_column(1, Type::bigint(), "v")};
      window.aggregates = {*resolve_aggregate(count), *resolve_aggregate(sum)};
      window.window.size = 60'000'000;
      window.time_column = 2;
      window.with_start = window.with_end = false;
      return make_window_aggregate(std::move(window));
    };
    node.inputs = {{Upstream::Kind::kReader, 0, 0}};
    node.spread = Spread::kByKey;
    node.keys = {{make_column(0, Type::string(), "k")}};
    node.merge = {{1, 0}, 1};
    graph.nodes.push_back(std::move(node));
    add_sink({Upstream::Kind::kNode, 0, 0});
  }

  void add_sink(Upstream from) {
    graph.sinks.push_back(
        {"out", from, [this]() -> Result<std::unique_ptr<SinkPort>> {
           return std::unique_ptr<SinkPort>(std::make_unique<CallbackSink>(
               [this](const Batch& b) { out += batch_to_text(b); }, *options.clock));
         }});
  }

  Job& job() {
    if (!made) made = std::make_unique<Job>(graph, options);
    return *made;
  }
  /// To the end.
  void run(bool threads) {
    if (!threads) {
      ASSERT_TRUE(*job().step());
      return;
    }
    ASSERT_TRUE(job().start());
    std::optional<Status> outcome;
    while (!outcome) outcome = job().wait(10'000'000);
    ASSERT_TRUE(*outcome);
  }
  Status push(std::string_view text, size_t partition = 0) {
    return job().push_bytes(0, partition, text);
  }

  ManualClock clock{0};
  SystemClock system_clock;
  JobOptions options;
  JobGraph graph;
  size_t batch_rows = 1024;
  std::vector<std::string> lines;
  std::string out;
  std::unique_ptr<Job> made;
};

std::string line(const char* k, int v, int second) {
  return fmt::format("{},{},1970-01-01 00:{:02}:{:02}\n", k, v, second / 60, second % 60);
}

TEST(Job, StepsThroughAScriptAndPublishesAtTheEnd) {
  Fixture f;
  f.lines = {line("a", 1, 0), line("b", 2, 10), line("a", 3, 59), line("a", 4, 61)};
  f.add_source(false);
  f.add_window();
  EXPECT_TRUE(*f.job().step());
  EXPECT_EQ(f.out,
            "a 1970-01-01T00:00:59.999 2 4\n"
            "b 1970-01-01T00:00:59.999 1 2\n"
            "a 1970-01-01T00:01:59.999 1 4\n");
  const JobProgress p = f.job().progress();
  EXPECT_EQ(p.state, JobState::kDone);
  EXPECT_EQ(p.rows_in, 4u);
  EXPECT_EQ(p.rows_out, 3u);
  EXPECT_TRUE(*f.job().step());
}

TEST(Job, ParallelismDoesNotChangeTheBytes) {
  std::vector<std::string> lines;
  for (int i = 0; i < 600; ++i) {
    lines.push_back(line(fmt::format("k{}", i * 7 % 13).c_str(), i, i));
  }
  std::string expected;
  for (const uint32_t parallelism : {1, 2, 3}) {
    for (const bool threads : {false, true}) {
      for (const size_t partitions : {1, 3}) {
        Fixture f(parallelism);
        if (threads) f.options.clock = &f.system_clock;
        f.options.channel_messages = 2;
        f.lines = lines;
        f.batch_rows = 7;
        f.add_source(false, partitions);
        f.add_window();
        f.run(threads);
        if (expected.empty()) expected = f.out;
        EXPECT_EQ(f.out, expected) << parallelism << threads << partitions;
      }
    }
  }
}

TEST(Job, TasksWithoutInputHoldNoWatermarkBack) {
  for (const uint32_t parallelism : {1, 2, 3}) {
    for (const bool threads : {false, true}) {
      Fixture f(parallelism);
      if (threads) f.options.clock = &f.system_clock;
      f.options.channel_messages = 1;
      // The row of second 10 is late wherever it is counted.
      f.lines = {line("a", 1, 0) + line("b", 2, 130) + line("a", 4, 10) + line("b", 8, 11)};
      f.add_source(false);
      f.add_window();
      f.run(threads);
      EXPECT_EQ(f.job().progress().rows_late, 2u) << parallelism << threads;
      EXPECT_EQ(f.out, "a 1970-01-01T00:00:59.999 1 1\nb 1970-01-01T00:02:59.999 1 2\n");
    }
  }
}

TEST(Job, PushedBytesWatermarksAndIdleness) {
  Fixture f;
  f.add_source(true, 2);
  f.add_window();
  ASSERT_TRUE(f.push(line("a", 1, 0) + line("a", 2, 61).substr(0, 5)));
  ASSERT_TRUE(f.push(line("a", 2, 61).substr(5)));
  EXPECT_FALSE(*f.job().step());
  EXPECT_EQ(f.out, "");
  f.clock.set(10'000'000);
  EXPECT_FALSE(*f.job().step());  // the other partition counts as idle from now + 10 s
  f.clock.set(20'000'000);
  EXPECT_FALSE(*f.job().step());
  EXPECT_EQ(f.out, "a 1970-01-01T00:00:59.999 1 1\n");
  ASSERT_TRUE(f.job().finish());
  EXPECT_EQ(f.out, "a 1970-01-01T00:00:59.999 1 1\na 1970-01-01T00:01:59.999 1 2\n");
  EXPECT_FALSE(f.push(line("a", 1, 0)));
}

TEST(Job, GoesOnFromASnapshotAfterEveryPush) {
  const std::vector<std::string> pieces = {line("a", 1, 0), line("b", 2, 70).substr(0, 6),
                                           line("b", 2, 70).substr(6) + line("a", 3, 30),
                                           line("c", 5, 200)};
  for (const uint32_t parallelism : {1, 2}) {
    std::string state;
    std::string out;
    for (size_t i = 0; i <= pieces.size(); ++i) {
      Fixture f(parallelism);
      f.add_source(true);
      f.add_window();
      if (!state.empty()) {
        const Status loaded = f.job().load(state);
        ASSERT_TRUE(loaded) << loaded.error().to_string();
      }
      if (i < pieces.size()) {
        ASSERT_TRUE(f.push(pieces[i]));
        ASSERT_FALSE(*f.job().step());
        state = *f.job().save();
      } else {
        ASSERT_TRUE(f.job().finish());
      }
      out += f.out;
    }
    EXPECT_EQ(out,
              "a 1970-01-01T00:00:59.999 1 1\n"
              "b 1970-01-01T00:01:59.999 1 2\n"
              "c 1970-01-01T00:03:59.999 1 5\n");
  }
}

TEST(Job, CountsGoOnFromASnapshot) {
  const std::vector<std::string> pieces = {line("a", 1, 0) + "bad\n", line("a", 2, 70),
                                           line("a", 4, 30) + line("b", 8, 71)};
  for (const uint32_t parallelism : {1, 2}) {
    std::string state;
    for (size_t i = 0; i <= pieces.size(); ++i) {
      Fixture f(parallelism);
      f.add_source(true);
      f.add_window();
      if (!state.empty()) {
        const Status loaded = f.job().load(state);
        ASSERT_TRUE(loaded) << loaded.error().to_string();
      }
      if (i < pieces.size()) {
        ASSERT_TRUE(f.push(pieces[i]));
        ASSERT_FALSE(*f.job().step());
        state = *f.job().save();
        continue;
      }
      const JobProgress before = f.job().progress();
      EXPECT_EQ(before.rows_in, 4u);
      EXPECT_EQ(before.rows_bad, 1u);
      EXPECT_EQ(before.rows_late, 1u);
      EXPECT_EQ(before.rows_out, 1u);
      EXPECT_EQ(before.watermark_us, 71'000'000);
      EXPECT_EQ(before.bytes_in, pieces[0].size() + pieces[1].size() + pieces[2].size());
      ASSERT_TRUE(f.job().finish());
      EXPECT_EQ(f.job().progress().rows_out, 3u);
      EXPECT_NE(f.job().stats_json().find("\"behind_watermark\":1"), std::string::npos);
    }
  }
}

TEST(Job, ALimitStopsTheSource) {
  Fixture f;
  for (int i = 0; i < 100; ++i) f.lines.push_back(line("a", i, i));
  f.add_source(false);
  NodeSpec node;
  node.make = [] { return make_limit({schema_from_text(kColumns), 2}); };
  node.inputs = {{Upstream::Kind::kReader, 0, 0}};
  node.spread = Spread::kSingle;
  f.graph.nodes.push_back(node);
  f.add_sink({Upstream::Kind::kNode, 0, 0});
  EXPECT_TRUE(*f.job().step());
  EXPECT_EQ(f.out, "a 0 1970-01-01T00:00:00\na 1 1970-01-01T00:00:01\n");
  EXPECT_LT(f.job().progress().rows_in, 5u);
}

TEST(Job, BadRecordsAreShownAndCountedOrFatal) {
  Fixture f;
  f.lines = {"a,x,1970-01-01 00:00:00\n", line("b", 1, 0), "c\n", "a,1,\n"};
  f.add_source(false);
  f.add_sink({Upstream::Kind::kReader, 0, 0});
  EXPECT_TRUE(*f.job().step());
  EXPECT_EQ(f.out, "b 1 1970-01-01T00:00:00\n");
  EXPECT_EQ(f.job().progress().rows_bad, 3u);
  const std::vector<std::string> messages = f.job().take_messages();
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_NE(messages[0].find("table 't'"), std::string::npos) << messages[0];

  Fixture g;
  g.lines = f.lines;
  g.add_source(false);
  g.graph.sources[0].spec.bad.policy = BadPolicy::kFail;
  g.add_sink({Upstream::Kind::kReader, 0, 0});
  const Result<bool> failed = g.job().step();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kBadRecord);
  EXPECT_EQ(g.job().progress().state, JobState::kFailed);
}

/// Two tasks look at a directory while it changes, and number what they find differently.
TEST(Job, PartitionsFoundInAnotherOrderAreReadOnce) {
  Fixture f(2);
  f.add_source(false);
  int tasks = 0;
  f.graph.sources[0].spec.bounded = false;
  f.graph.sources[0].spec.make_source = [&](uint32_t) -> Result<std::unique_ptr<Source>> {
    ScriptSource::Options script;
    script.partitions = {"one", "ten"};
    if (tasks++ > 0) std::swap(script.partitions[0], script.partitions[1]);
    auto source = std::make_unique<ScriptSource>(script);
    for (uint32_t i = 0; i < 2; ++i) source->push(i, line(script.partitions[i].c_str(), 1, 0));
    source->finish_all();
    return std::unique_ptr<Source>(std::move(source));
  };
  f.add_window();
  EXPECT_TRUE(*f.job().step());
  EXPECT_EQ(f.out,
            "one 1970-01-01T00:00:59.999 1 1\n"
            "ten 1970-01-01T00:00:59.999 1 1\n");
}

/// Every look at it takes 50 ms.
class TickingClock final : public Clock {
 public:
  int64_t now_us() const override { return 0; }
  int64_t steady_ns() const override { return ticks_ += 50'000'000; }
  void sleep_us(int64_t) override {}

 private:
  mutable int64_t ticks_ = 0;
};

TEST(Job, WarnsOnceOfTimeOutsideTheCore) {
  // Straight from the reader into a callback: of three looks at the clock per batch one is the
  // callback's.
  TickingClock clock;
  Fixture f;
  f.options.clock = &clock;
  f.add_source(true);
  f.add_sink({Upstream::Kind::kReader, 0, 0});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(f.push(line("a", i, i)));
  EXPECT_TRUE(f.job().take_messages().empty()) << "1.5 s say nothing yet";
  for (int i = 10; i < 40; ++i) ASSERT_TRUE(f.push(line("a", i, i)));
  const std::string warning =
      "33 % of the busy time was spent outside the synchronous core, more than 15 % (reading 0.00 "
      "s, writing and callbacks 2.00 s, channels 0.00 s)";
  EXPECT_EQ(f.job().take_messages(), std::vector<std::string>{warning});
  ASSERT_TRUE(f.job().finish());
  EXPECT_TRUE(f.job().take_messages().empty());

  // A run that ends before anybody asks is judged at its end; a short one is not.
  for (const int batches : {2, 40}) {
    Fixture g;
    g.options.clock = &clock;
    g.add_source(true);
    g.add_sink({Upstream::Kind::kReader, 0, 0});
    for (int i = 0; i < batches; ++i) ASSERT_TRUE(g.push(line("a", i, i)));
    ASSERT_TRUE(g.job().finish());
    EXPECT_EQ(g.job().take_messages().size(), batches == 2 ? 0u : 1u);
  }
}

TEST(Job, NoWarningWhereTheTimeIsTheCores) {
  TickingClock clock;
  Fixture f;
  f.options.clock = &clock;
  f.add_source(true);
  f.add_window();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(f.push(line("a", i, i)));
  ASSERT_TRUE(f.job().finish());
  EXPECT_EQ(f.out, "a 1970-01-01T00:00:59.999 40 780\n");
  EXPECT_TRUE(f.job().take_messages().empty());
  EXPECT_NE(f.job().stats_json().find("\"edge_share\":0.0"), std::string::npos);
}

TEST(Job, StatsAreOneJsonObject) {
  Fixture f(2);
  f.lines = {line("a", 1, 0)};
  f.add_source(false);
  f.add_window();
  ASSERT_TRUE(*f.job().step());
  const std::string json = f.job().stats_json();
  EXPECT_NE(json.find("{\"state\":\"done\",\"rows_in\":1,\"rows_out\":1,"), std::string::npos);
  EXPECT_NE(json.find("\"sources\":[{\"table\":\"t\",\"rows_in\":1,"), std::string::npos);
  EXPECT_NE(json.find("\"copies\":2,\"rows_in\":1,\"rows_out\":1"), std::string::npos) << json;
  // What the seed wants watched in production, per thread and channel.
  for (const char* name :
       {"batch_latency", "record_latency", "p99_ns", "voluntary_switches", "involuntary_switches",
        "core_allocations", "edge_share", "depth", "depth_max", "full_waits"}) {
    EXPECT_NE(json.find(fmt::format("\"{}\":", name)), std::string::npos) << name << " in " << json;
  }
}

}  // namespace
}  // namespace velo
