#include "engine/engine.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/fmt.h"
#include "column/batch_text.h"
#include "runtime/metrics.h"

namespace velo {
namespace {

constexpr const char* kTrades =
    "CREATE TABLE trades (symbol STRING, price DOUBLE, qty BIGINT, ts TIMESTAMP(3),\n"
    "  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)\n"
    "WITH ('connector' = 'push', 'format' = 'csv', 'partitions' = '2');\n";

/// An engine over a manual clock, one script, its results as text.
struct Fixture {
  explicit Fixture(uint32_t parallelism = 1, size_t batch_rows = 1024) {
    options.clock = &clock;
    options.parallelism = parallelism;
    options.batch_rows = batch_rows;
  }
  /// False with `error` set.
  bool open(const std::string& sql) {
    if (!engine) engine.emplace(options);
    Result<std::unique_ptr<Query>> made = engine->query(sql, "test.sql");
    if (!made) {
      error = made.error().to_string();
      return false;
    }
    query = std::move(*made);
    for (size_t i = 0; i < query->results().size(); ++i) {
      query->on_result(i, [this, i](const Batch& b) {
        std::istringstream lines(batch_to_text(b));
        for (std::string line; std::getline(lines, line);) {
          out += query->results().size() > 1 ? fmt::format("{}: {}\n", i, line) : line + "\n";
        }
      });
    }
    return true;
  }
  void push(const char* text, uint32_t partition = 0, const char* table = "trades") {
    const Status pushed = (*query->input(table, partition))->push_bytes(text);
    ASSERT_TRUE(pushed) << pushed.error().to_string();
  }
  std::string take() { return std::exchange(out, {}); }

  ManualClock clock{1'704'067'200'000'000};  // 2024-01-01
  EngineOptions options;
  std::optional<Engine> engine;
  std::unique_ptr<Query> query;
  std::string out;
  std::string error;
};

struct ScratchDirectory {
  ScratchDirectory() {
    path = std::filesystem::temp_directory_path() /
           fmt::format("velo_engine_test_{}", static_cast<const void*>(this));
    std::filesystem::create_directories(path);
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path); }
  std::string write(const char* name, std::string_view text) const {
    std::ofstream(path / name) << text;
    return (path / name).string();
  }
  std::string read(const char* name) const {
    std::stringstream text;
    text << std::ifstream(path / name).rdbuf();
    return text.str();
  }
  std::filesystem::path path;
};

TEST(Engine, FilterAndProjectFromFileToFile) {
  ScratchDirectory dir;
  const std::string in = dir.write("in.csv", "a,b\n1,x\n2,y\n3,z\n");
  Fixture f;
  ASSERT_TRUE(f.open(fmt::format(
      "CREATE TABLE t (a BIGINT, b STRING) WITH ('connector'='filesystem', 'path'='{}');\n"
      "CREATE TABLE o (c BIGINT, b STRING) WITH ('connector'='filesystem', 'path'='{}');\n"
      "INSERT INTO o SELECT a * 10, b FROM t WHERE a > 1;\n"
      "SELECT COUNT(*) FROM t;",
      in, (dir.path / "out.json").string())))
      << f.error;
  const Result<bool> done = f.query->step();
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_TRUE(*done);
  EXPECT_EQ(dir.read("out.json"), "{\"c\":20,\"b\":\"y\"}\n{\"c\":30,\"b\":\"z\"}\n");
  EXPECT_EQ(f.out, "3\n");
}

TEST(Engine, AMissingFileLeavesNoOutputBehind) {
  ScratchDirectory dir;
  Fixture f;
  ASSERT_TRUE(f.open(fmt::format(
      "CREATE TABLE t (a BIGINT) WITH ('connector'='filesystem', 'path'='{0}/no.csv');\n"
      "CREATE TABLE o (a BIGINT) WITH ('connector'='filesystem', 'path'='{0}/out.csv');\n"
      "INSERT INTO o SELECT a FROM t;",
      dir.path.string())));
  const Status run = f.query->run();
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(dir.path));
}

TEST(Engine, TumblingWindowsOverPushedText) {
  for (const uint32_t parallelism : {1, 2}) {
    for (const size_t batch_rows : {1, 3, 1024}) {
      Fixture f(parallelism, batch_rows);
      ASSERT_TRUE(f.open(std::string(kTrades) +
                         "SELECT symbol, window_end, COUNT(*) AS n, SUM(qty) AS q\n"
                         "FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE)\n"
                         "GROUP BY symbol, window_start, window_end HAVING COUNT(*) < 3;"))
          << f.error;
      f.push("B,1.5,1,2024-01-01 00:00:01\nA,1,2,2024-01-01 00:00:02\n");
      f.push("A,1.5,4,2024-01-01 00:00:59\nB,2,8,2024-01-01 00:01:01\n");
      f.push("A,1.5,16,2024-01-01 00:01:04\nC,1,1,2024-01-01 00:00:30\n", 1);
      ASSERT_TRUE(f.query->step());
      EXPECT_EQ(f.take(), "");
      f.push("B,1.5,32,2024-01-01 00:01:05\n");
      f.push("B,1.5,64,2024-01-01 00:01:06\n", 1);
      ASSERT_TRUE(f.query->step());
      EXPECT_EQ(f.take(),
                "A 2024-01-01T00:01:00 2 6\nB 2024-01-01T00:01:00 1 1\n"
                "C 2024-01-01T00:01:00 1 1\n");
      ASSERT_TRUE(f.query->finish());
      EXPECT_EQ(f.take(), "A 2024-01-01T00:02:00 1 16\n") << "B has three";
      const Progress p = f.query->progress();
      EXPECT_EQ(p.rows_in, 8u);
      EXPECT_EQ(p.rows_out, 4u);
      EXPECT_EQ(p.state, Progress::State::kDone);
    }
  }
}

TEST(Engine, LateRowsGoToTheirTable) {
  Fixture f;
  ASSERT_TRUE(f.open(std::string(kTrades) +
                     "CREATE TABLE late (symbol STRING, ts TIMESTAMP(3), window_end TIMESTAMP(3))\n"
                     "WITH ('connector' = 'push');\n"
                     "SELECT symbol, COUNT(*) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL "
                     "'1' MINUTE) GROUP BY symbol, window_start, window_end LATE DATA TO late;"))
      << f.error;
  std::string late;
  ASSERT_TRUE(f.query->on_output("late", [&](const Batch& b) { late += batch_to_text(b); }));
  f.push("A,1,1,2024-01-01 00:00:01\nA,1,1,2024-01-01 00:01:10\nB,1,1,2024-01-01 00:00:02\n");
  f.push("", 1);
  ASSERT_TRUE((*f.query->input("trades", 1))->finish());
  ASSERT_TRUE(f.query->step());
  f.push("B,1,1,2024-01-01 00:00:03\n");
  ASSERT_TRUE(f.query->finish());
  EXPECT_EQ(f.take(), "A 1\nB 1\nA 1\n");
  EXPECT_EQ(late, "B 2024-01-01T00:00:03 2024-01-01T00:01:00\n");
  EXPECT_EQ(f.query->progress().rows_late, 1u);
}

TEST(Engine, PushedDeletionsOfATableOfChanges) {
  Fixture f;
  ASSERT_TRUE(
      f.open("CREATE TABLE t (k STRING, v BIGINT, PRIMARY KEY (k) NOT ENFORCED)\n"
             "WITH ('connector' = 'push', 'scan.changelog' = 'upsert');\n"
             "CREATE TABLE plain (k STRING) WITH ('connector' = 'push');\n"
             "SELECT k, v FROM t; SELECT k FROM plain;"))
      << f.error;
  Input& in = **f.query->input("t");
  ASSERT_TRUE(in.row().string(0, "a").int64(1, 1).commit());
  ASSERT_TRUE(in.row().string(0, "a").int64(1, 2).commit());
  ASSERT_TRUE(in.row().string(0, "a").commit_deletion());
  ASSERT_TRUE(in.row().string(0, "b").int64(1, 3).commit());
  ASSERT_TRUE(in.flush());
  EXPECT_EQ(f.take(), "0: + a 1\n0: - a 1\n0: + a 2\n0: - a 2\n0: + b 3\n");
  Input& plain = **f.query->input("plain");
  ASSERT_TRUE(plain.row().string(0, "a").commit_deletion());
  const Status refused = plain.flush();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "push into 'plain': a deletion, and the table takes rows only");
}

TEST(Engine, PushedRecordsAndSharedStreams) {
  Fixture f;
  ASSERT_TRUE(
      f.open("CREATE TABLE t (k STRING, v BIGINT, unused DOUBLE) WITH ('connector' = 'push');\n"
             "CREATE STREAM big AS SELECT k, v + 1 AS w FROM t WHERE v > 10;\n"
             "SELECT k FROM big; SELECT w FROM big WHERE w > 20;"))
      << f.error;
  Input& in = **f.query->input("t");
  for (int64_t v : {5, 15, 25}) ASSERT_TRUE(in.row().string(0, "k").int64(1, v).commit());
  EXPECT_EQ(f.out, "");
  ASSERT_TRUE(in.flush());
  EXPECT_EQ(f.take(), "0: k\n0: k\n1: 26\n");
  ASSERT_TRUE(f.query->finish());
  EXPECT_EQ(f.query->progress().rows_in, 3u);  // the table is read once
  const Status refused = in.row().int64(1, 5).commit() ? in.flush() : Status();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kClosed);
}

TEST(Engine, SnapshotsGoOnInAFreshQuery) {
  const std::string sql = std::string(kTrades) +
                          "SELECT symbol, SUM(qty) FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), "
                          "INTERVAL '1' MINUTE) GROUP BY symbol, window_start, window_end;";
  std::string snapshot;
  std::string out;
  const char* pieces[] = {"A,1,1,2024-01-01 00:00:01\nA,1,2,20", "24-01-01 00:00:01\n",
                          "A,1,4,2024-01-01 00:02:01\n"};
  for (const char* piece : pieces) {
    Fixture f;
    ASSERT_TRUE(f.open(sql));
    if (!snapshot.empty()) {
      ASSERT_TRUE(f.query->load(snapshot));
    }
    f.push(piece);
    ASSERT_TRUE(f.query->step());
    snapshot = *f.query->save();
    out += f.out;
  }
  Fixture f;
  ASSERT_TRUE(f.open(sql));
  ASSERT_TRUE(f.query->load(snapshot));
  ASSERT_TRUE(f.query->finish());
  EXPECT_EQ(out + f.out, "A 3\nA 4\n");
}

TEST(Engine, AnEndlessPushedRecordDoesNotGrow) {
  const std::string sql =
      "CREATE TABLE t (a BIGINT, b STRING) WITH ('connector' = 'push', 'format' = 'csv', "
      "'csv.header' = 'false');\n"
      "SELECT a FROM t;";
  const std::string megabyte(size_t{1} << 20, 'x');
  Fixture f;
  ASSERT_TRUE(f.open(sql));
  f.push("1,a\n2,", 0, "t");
  for (int i = 0; i < 20; ++i) f.push(megabyte.c_str(), 0, "t");
  ASSERT_TRUE(f.query->step());
  const std::string snapshot = *f.query->save();
  EXPECT_LT(snapshot.size(), megabyte.size());
  Fixture g;
  ASSERT_TRUE(g.open(sql));
  ASSERT_TRUE(g.query->load(snapshot));
  for (Fixture* each : {&f, &g}) {
    each->push("x\n3,c\n", 0, "t");
    ASSERT_TRUE(each->query->finish());
    EXPECT_EQ(each->query->progress().rows_bad, 1u);
  }
  EXPECT_EQ(f.out, "1\n3\n");
  EXPECT_EQ(g.out, "3\n");
}

TEST(Engine, ARestartDoesNotShowTheFirstWarningsAnew) {
  const std::string sql =
      "CREATE TABLE t (a BIGINT) WITH ('connector' = 'push', 'format' = 'csv');\nSELECT a FROM t;";
  std::string snapshot;
  size_t shown = 0;
  for (int run = 0; run < 3; ++run) {
    Fixture f;
    ASSERT_TRUE(f.open(sql));
    if (run > 0) {
      ASSERT_TRUE(f.query->load(snapshot));
    }
    f.push("x\ny\n", 0, "t");
    ASSERT_TRUE(f.query->step());
    shown += f.query->take_messages().size();
    snapshot = *f.query->save();
  }
  EXPECT_EQ(shown, 3u);
}

TEST(Engine, AWatchedDirectoryGoesOnAmongNewAndGoneFiles) {
  const ScratchDirectory scratch;
  const std::string sql = fmt::format(
      "CREATE TABLE t (a BIGINT) WITH ('connector' = 'filesystem', 'path' = '{}', "
      "'format' = 'csv', 'csv.header' = 'false', 'source.watch' = 'true');\n"
      "SELECT a FROM t;",
      scratch.path.string());
  scratch.write("b", "1\n");
  scratch.write("d", "2\n");
  std::string snapshot;
  {
    Fixture f;
    ASSERT_TRUE(f.open(sql));
    ASSERT_TRUE(f.query->step());
    EXPECT_EQ(f.out, "1\n2\n");
    snapshot = *f.query->save();
  }
  scratch.write("a", "3\n");
  scratch.write("c", "4\n");
  std::ofstream(scratch.path / "d", std::ios::app) << "5\n";
  std::filesystem::remove(scratch.path / "b");
  Fixture f;
  ASSERT_TRUE(f.open(sql));
  const Status loaded = f.query->load(snapshot);
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  ASSERT_TRUE(f.query->step());
  EXPECT_EQ(f.out, "5\n3\n4\n");
  const std::vector<std::string> messages = f.query->take_messages();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_NE(messages[0].find("is gone"), std::string::npos) << messages[0];
}

TEST(Engine, ResultsThroughABoundedChannel) {
  Fixture f;
  ASSERT_TRUE(f.open("SELECT a FROM (VALUES (1), (2), (3)) AS t (a) ORDER BY a DESC;")) << f.error;
  const auto channel = f.query->channel(0, 1);
  std::string got;
  std::thread reader([&] {
    Batch batch;
    while (channel->next(batch) == QueueResult::kDone) got += batch_to_text(batch);
  });
  EXPECT_TRUE(f.query->run());
  reader.join();
  EXPECT_EQ(got, "3\n2\n1\n");
}

TEST(Engine, AFullChannelHoldsTheQueryBack) {
  Fixture f(1, 1);
  ASSERT_TRUE(f.open("CREATE TABLE t (v BIGINT) WITH ('connector' = 'push'); SELECT v FROM t;"));
  const auto channel = f.query->channel(0, 2);
  Input& in = **f.query->input("t");
  std::string got;
  std::thread reader([&] {
    // Whoever pushes stands still once two batches wait and a third one is there.
    while (channel->waits() == 0) std::this_thread::yield();
    EXPECT_EQ(channel->depth(), 2u);
    Batch batch;
    while (channel->next(batch) == QueueResult::kDone) got += batch_to_text(batch);
  });
  for (int64_t v = 1; v <= 5; ++v) ASSERT_TRUE(in.row().int64(0, v).commit());
  ASSERT_TRUE(f.query->finish());
  reader.join();
  EXPECT_EQ(got, "1\n2\n3\n4\n5\n");
  EXPECT_GE(channel->waits(), 1u);
  const std::string json = f.query->stats_json();
  EXPECT_NE(json.find("\"result_channels\":[{\"result\":1,\"batches\":5,\"depth\":0,"
                      "\"depth_max\":2,\"full_waits\":"),
            std::string::npos)
      << json;
}

TEST(Engine, AConsumerThatLeavesDoesNotStopTheQuery) {
  Fixture f(1, 1);
  ASSERT_TRUE(f.open("CREATE TABLE t (v BIGINT) WITH ('connector' = 'push'); SELECT v FROM t;"));
  const auto channel = f.query->channel(0, 1);
  Input& in = **f.query->input("t");
  channel->close();
  for (int64_t v = 1; v <= 5; ++v) ASSERT_TRUE(in.row().int64(0, v).commit());
  ASSERT_TRUE(f.query->finish());
  EXPECT_EQ(f.out, "1\n2\n3\n4\n5\n") << "the callback of the same result still gets all";
}

TEST(Engine, PushedBatchesRecordsAndBytesKeepTheirOrder) {
  Fixture f;
  ASSERT_TRUE(f.open(std::string(kTrades) + "SELECT symbol, qty FROM trades;"));
  Input& in = **f.query->input("trades");
  ASSERT_TRUE(in.row().string(0, "A").int64(2, 1).int64(3, 1'000'000).commit());
  const Batch batch = batch_from_text("symbol STRING, price DOUBLE, qty BIGINT, ts TIMESTAMP",
                                      "B 1.5 2 1970-01-01T00:00:01\nC . 3 1970-01-01T00:00:02");
  ASSERT_TRUE(in.push(batch));
  const Value record[] = {Value::text("D"), Value::null(), Value::int64(4),
                          Value::int64(3'000'000)};
  ASSERT_TRUE(in.push(record));
  ASSERT_TRUE(in.push_bytes("E,1,5,1970-01-01 00:00:04\n"));
  ASSERT_TRUE(f.query->finish());
  EXPECT_EQ(f.out, "A 1\nB 2\nC 3\nD 4\nE 5\n");
}

TEST(Engine, NothingOnTheHotPathAllocatesPerRecord) {
  if (!allocations_are_counted()) GTEST_SKIP() << "not linked with velo_count_allocations";
  Fixture f;
  ASSERT_TRUE(f.open(std::string(kTrades) +
                     "SELECT symbol, COUNT(*), AVG(price), SUM(qty), MIN(price), MAX(price)\n"
                     "FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE)\n"
                     "WHERE price > 0 GROUP BY symbol, window_start, window_end;"));
  Input& in = **f.query->input("trades");
  const auto push = [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      ASSERT_TRUE(in.row()
                      .string(0, i % 3 == 0 ? "a symbol of many letters" : "A")
                      .float64(1, 1.5)
                      .int64(2, i)
                      .int64(3, i * 1000)
                      .commit());
    }
  };
  push(0, 10'240);
  const uint64_t before = thread_allocations();
  push(10'240, 112'640);
  const uint64_t allocations = thread_allocations() - before;
  // So many batches of 1,024 records; what their builders allocate is counted too.
  EXPECT_LT(allocations, 100u * 150);
  ASSERT_TRUE(f.query->finish());
}

TEST(Engine, AnswersSettingsAndErrors) {
  Fixture f;
  ASSERT_TRUE(
      f.open(std::string(kTrades) + "SHOW TABLES; DESCRIBE trades; SET 'batch-rows' = '7';"))
      << f.error;
  EXPECT_FALSE(f.query->has_jobs());
  ASSERT_EQ(f.query->answers().size(), 2u);
  EXPECT_EQ(batch_to_text(f.query->answers()[0].rows), "trades table\n");
  EXPECT_EQ(f.engine->settings().at("batch-rows"), "7");
  EXPECT_EQ(f.engine->relation_names(), std::vector<std::string>{"trades"});

  EXPECT_FALSE(f.open("SELECT symbl FROM trades;"));
  EXPECT_NE(f.error.find("test.sql:1:8"), std::string::npos) << f.error;
  EXPECT_NE(f.error.find("did you mean 'symbol'"), std::string::npos) << f.error;
  EXPECT_FALSE(f.open("CREATE TABLE x (a INT) WITH ('connector'='pusch');"));
  EXPECT_NE(f.error.find("did you mean 'push'"), std::string::npos) << f.error;
  EXPECT_FALSE(f.open("CREATE TABLE x (a INT) WITH ('connector'='push', 'partitons'='2');"));
  EXPECT_NE(f.error.find("did you mean 'partitions'"), std::string::npos) << f.error;
  EXPECT_FALSE(f.open("SET 'batch-rows' = 'many';"));
}

TEST(Engine, CheckFindsEveryError) {
  Fixture f;
  Engine engine(f.options);
  const Engine::CheckReport report =
      engine.check("SELECT x FROM nowhere; SELEC 1; SELECT 1;", "test.sql");
  EXPECT_TRUE(report.has_errors());
  EXPECT_EQ(report.findings.size(), 2u);
  EXPECT_EQ(report.state_bounds.size(), 1u);
  EXPECT_TRUE(engine.relation_names().empty());
}

TEST(Engine, ExplainAnalyzeRunsTheQuery) {
  Fixture f;
  ASSERT_TRUE(
      f.open("EXPLAIN ANALYZE SELECT a + 1 AS b FROM (VALUES (1), (2)) AS t (a) WHERE a > "
             "1;"))
      << f.error;
  ASSERT_EQ(f.query->answers().size(), 1u);
  const std::string text = batch_to_text(f.query->answers()[0].rows);
  EXPECT_NE(text.find("rows in"), std::string::npos) << text;
}

TEST(Engine, BadRecordsGoToTheirTable) {
  Fixture f;
  ASSERT_TRUE(f.open(
      "CREATE TABLE bad (record STRING, line BIGINT, reason STRING) WITH ('connector' = 'push');\n"
      "CREATE TABLE t (a BIGINT, b BIGINT) WITH ('connector' = 'push', 'format' = 'csv',\n"
      "  'bad-records.sink' = 'bad');\n"
      "SELECT a / b FROM t;"))
      << f.error;
  std::string bad;
  ASSERT_TRUE(f.query->on_output("bad", [&](const Batch& b) { bad += batch_to_text(b); }));
  f.push("6,3\n6\n1,0\n6,x\n", 0, "t");
  ASSERT_TRUE(f.query->finish());
  EXPECT_EQ(f.out, "2\n");
  EXPECT_EQ(bad, "6 2 field-count\n6,x 4 value\n'a=1, b=0' . value\n");
  EXPECT_EQ(f.query->progress().rows_bad, 3u);
}

}  // namespace
}  // namespace velo
