// Queries on threads of their own: the same answers as on one, and an end when one is asked for.
// Worth most under ThreadSanitizer.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "base/fmt.h"
#include "column/batch_text.h"
#include "engine/engine.h"

namespace velo {
namespace {

constexpr int64_t kSecond = 1'000'000;

struct ScratchDirectory {
  ScratchDirectory() {
    path = std::filesystem::temp_directory_path() /
           fmt::format("velo_threads_test_{}", static_cast<const void*>(this));
    std::filesystem::create_directories(path);
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

/// Four files of trades in order of time, a minute of each key in every one.
void write_trades(const std::filesystem::path& directory) {
  for (int file = 0; file < 4; ++file) {
    std::ofstream out(directory / fmt::format("trades-{}.csv", file));
    out << "k,v,ts\n";
    for (int i = 0; i < 2000; ++i) {
      const int second = i / 4;
      out << fmt::format("key{},{},2024-03-30 {:02}:{:02}:{:02}\n", (i * 7 + file) % 23,
                         i % 11 == 0 ? "" : fmt::format("{}", i % 100), 20 + second / 3600,
                         second / 60 % 60, second % 60);
    }
  }
}

std::string trades_table(const std::filesystem::path& directory) {
  return fmt::format(
      "CREATE TABLE t (k STRING, v BIGINT, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts) WITH "
      "('connector' = 'filesystem', 'path' = '{}', 'format' = 'csv', 'csv.header' = 'true');\n",
      directory.string());
}

constexpr const char* kEndless =
    "CREATE TABLE t (k BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH "
    "('connector' = 'datagen', 'rows-per-second' = '0', 'fields.k.min' = '0', "
    "'fields.k.max' = '99', 'fields.ts.step' = '1 s');\n";

/// A query on threads; its rows as sorted lines, each with the number of its result in front.
struct Running {
  Running(const std::string& sql, uint32_t parallelism) {
    EngineOptions options;
    options.parallelism = parallelism;
    options.batch_rows = 100;
    engine.emplace(options);
    Result<std::unique_ptr<Query>> made = engine->query(sql);
    EXPECT_TRUE(made) << made.error().to_string();
    if (made) query = std::move(*made);
  }
  void collect() {
    for (size_t i = 0; i < query->results().size(); ++i) {
      query->on_result(i, [this, i](const Batch& batch) {
        std::istringstream text(batch_to_text(batch));
        const std::lock_guard lock(mutex);
        for (std::string line; std::getline(text, line);) {
          lines.push_back(fmt::format("{}: {}", i, line));
        }
      });
    }
  }
  std::string sorted_lines() {
    const std::lock_guard lock(mutex);
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
  }
  void wait_for_rows() const {
    while (query->progress().rows_in == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  /// The outcome; a failure of the test if there is none in time.
  Status end() const {
    for (int i = 0; i < 60; ++i) {
      if (std::optional<Status> outcome = query->wait(kSecond)) return *outcome;
    }
    ADD_FAILURE() << "does not end";
    return {};
  }

  std::optional<Engine> engine;
  std::unique_ptr<Query> query;
  std::mutex mutex;
  std::vector<std::string> lines;
};

TEST(Threads, TheSameAnswersOnAnyNumber) {
  const ScratchDirectory scratch;
  write_trades(scratch.path);
  const std::string tumble = "TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)";
  const std::vector<std::string> queries = {
      "SELECT k, window_start, COUNT(*), COUNT(v), SUM(v), AVG(v), MIN(v), MAX(v) FROM " + tumble +
          " GROUP BY k, window_start, window_end",
      "SELECT window_end, COUNT(DISTINCT k) FROM " + tumble + " GROUP BY window_start, window_end",
      "SELECT k, window_start, SUM(v) FROM HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND, "
      "INTERVAL '1' MINUTE) GROUP BY k, window_start, window_end",
      "SELECT k, window_start, window_end, COUNT(*) FROM SESSION(TABLE t PARTITION BY k, "
      "DESCRIPTOR(ts), INTERVAL '2' SECOND) GROUP BY k, window_start, window_end",
      "SELECT k, COUNT(*), SUM(v) FROM t GROUP BY k",
      "SET 'table.local-time-zone' = 'Europe/Berlin'; "
      "SELECT EXTRACT(HOUR FROM CAST(ts AS TIMESTAMP)) AS h, COUNT(*) FROM t "
      "GROUP BY EXTRACT(HOUR FROM CAST(ts AS TIMESTAMP))",
      "SELECT k, v * 2 AS w FROM t WHERE v > 90",
      "SELECT k, v FROM t WHERE v < 3 UNION ALL SELECT k, -v FROM t WHERE v > 97",
      "CREATE VIEW big AS SELECT k, v, ts FROM t WHERE v > 50; SELECT k, COUNT(*) FROM big "
      "GROUP BY k; SELECT COUNT(*) FROM big",
      "SELECT k, 100 / v FROM t WHERE v < 2",  // rows that fail
  };
  for (const std::string& sql : queries) {
    std::string expected;
    for (const uint32_t parallelism : {1, 2, 4}) {
      Running run(trades_table(scratch.path) + sql, parallelism);
      ASSERT_NE(run.query, nullptr) << sql;
      run.collect();
      const Status status = run.query->run();
      ASSERT_TRUE(status) << sql << status.error().to_string();
      (void)run.query->stats_json();
      if (expected.empty()) expected = run.sorted_lines();
      EXPECT_NE(expected, "") << sql;
      EXPECT_EQ(run.sorted_lines(), expected) << parallelism << " " << sql;
      EXPECT_EQ(run.query->progress().rows_in % 8000, 0u) << sql;
    }
  }
}

TEST(Threads, AnEndlessQueryStopsWhenAsked) {
  for (const uint32_t parallelism : {1, 2, 4}) {
    Running run(std::string(kEndless) +
                    "SELECT k, COUNT(*) FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE) "
                    "GROUP BY k, window_start, window_end",
                parallelism);
    run.collect();
    ASSERT_TRUE(run.query->start());
    run.wait_for_rows();
    run.query->stop();
    const Status outcome = run.end();
    EXPECT_TRUE(outcome) << outcome.error().to_string();
  }
}

TEST(Threads, ALimitEndsAnEndlessSource) {
  for (const uint32_t parallelism : {1, 2}) {
    Running run(std::string(kEndless) + "SELECT k FROM t WHERE k < 90 LIMIT 5", parallelism);
    run.collect();
    ASSERT_TRUE(run.query->start());
    EXPECT_TRUE(run.end());
    EXPECT_EQ(run.lines.size(), 5u);
  }
}

TEST(Threads, GivingUpLetsGoOfAFullChannel) {
  for (const uint32_t parallelism : {1, 2}) {
    Running run(std::string(kEndless) + "SELECT k FROM t WHERE k >= 0", parallelism);
    const auto channel = run.query->channel(0, 1);
    ASSERT_TRUE(run.query->start());
    while (channel->waits() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    run.query->stop();
    EXPECT_FALSE(run.query->wait(kSecond / 20));  // its results must not get lost
    run.query->stop();
    const Status outcome = run.end();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::kCancelled);
  }
}

TEST(Threads, ARunningQueryCanBeDestroyed) {
  for (const uint32_t parallelism : {1, 2, 3}) {
    Running run(std::string(kEndless) +
                    "SELECT k, COUNT(*) FROM TUMBLE(TABLE t, DESCRIPTOR(ts), "
                    "INTERVAL '1' MINUTE) GROUP BY k, window_start, window_end",
                parallelism);
    const auto channel = run.query->channel(0, 1);
    ASSERT_TRUE(run.query->start());
    run.wait_for_rows();
    run.query.reset();
    Batch batch;
    while (channel->next(batch) == QueueResult::kDone) continue;
  }
}

TEST(Threads, ASlowTakerHoldsTheQueryBackAndLosesNothing) {
  const ScratchDirectory scratch;
  write_trades(scratch.path);
  Running run(trades_table(scratch.path) + "SELECT k, v FROM t WHERE k <> ''", 2);
  const auto channel = run.query->channel(0, 2);
  size_t rows = 0;
  std::thread taker([&] {
    Batch batch;
    while (channel->next(batch) == QueueResult::kDone) {
      rows += batch.rows;
      if (rows % 1000 < 100) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  EXPECT_TRUE(run.query->run());
  taker.join();
  EXPECT_EQ(rows, 8000u);
}

TEST(Threads, AGrowingDirectoryIsReadOnceByAllTogether) {
  const ScratchDirectory scratch;
  std::ofstream(scratch.path / "m.csv") << "1\n2\n";
  Running run(
      fmt::format("CREATE TABLE t (a BIGINT) WITH ('connector' = 'filesystem', 'path' = '{}', "
                  "'format' = 'csv', 'csv.header' = 'false', 'source.watch' = 'true', "
                  "'source.watch.interval' = '5 ms');\nSELECT a FROM t WHERE a > 0",
                  scratch.path.string()),
      3);
  run.collect();
  ASSERT_TRUE(run.query->start());
  run.wait_for_rows();
  for (int i = 0; i < 20; ++i) {
    const auto hidden = scratch.path / ".next";
    std::ofstream(hidden) << fmt::format("{}\n", 100 + i);
    std::filesystem::rename(hidden, scratch.path / fmt::format("{}.csv", 'a' + i * 7 % 26));
    if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(7));
  }
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (run.query->progress().rows_in < 22 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  run.query->stop();
  EXPECT_TRUE(run.end());
  EXPECT_EQ(run.query->progress().rows_in, 22u);
  EXPECT_EQ(run.lines.size(), 22u);
}

}  // namespace
}  // namespace velo
