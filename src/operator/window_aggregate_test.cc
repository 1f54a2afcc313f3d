#include "operator/window_aggregate.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "operator/aggregate_test_case.h"

namespace velo {
namespace {

WindowSpec tumble(int64_t seconds) {
  return {.kind = WindowKind::kTumble, .size = seconds * kSecond};
}
WindowSpec hop(int64_t slide, int64_t size) {
  return {.kind = WindowKind::kHop, .size = size * kSecond, .slide = slide * kSecond};
}

struct Result {
  std::string rows;
  std::string rejected;
};

Result run(const WindowAggregateOptions& options, std::string_view rows, int64_t delay_seconds = 0,
           size_t batch_rows = 1000) {
  auto op = options.window.kind == WindowKind::kSession ? make_session_aggregate(options)
                                                        : make_window_aggregate(options);
  CollectOutput output;
  stream(*op, events(rows), delay_seconds * kSecond, batch_rows, output);
  return {short_times(output.rows()), short_times(output.rejected())};
}

TEST(WindowAggregate, TumblesAndNeverLosesTheLastWindow) {
  const auto options = window_options(tumble(60), {"COUNT(*)", "SUM(v)"});
  const Result result =
      run(options, "b 1 00:00:10\na 2 00:00:59.999\nb 3 00:00:30\na 4 00:01:00\n", 60);
  EXPECT_EQ(result.rows,
            "a 00:00:00 00:01:00 1 2\n"
            "b 00:00:00 00:01:00 2 4\n"
            "a 00:01:00 00:02:00 1 4\n");
  EXPECT_EQ(result.rejected, "");
}

TEST(WindowAggregate, FiresWhenTheWatermarkReachesTheLastMillisecond) {
  auto op = make_window_aggregate(window_options(tumble(60), {"COUNT(*)"}));
  CollectOutput output;
  op->push(0, events("a 1 00:00:10\n"), output);
  op->advance(0, at_time("00:00:59.998"), output);
  EXPECT_EQ(output.rows(), "");
  op->advance(0, at_time("00:00:59.999"), output);
  EXPECT_EQ(short_times(output.rows()), "a 00:00:00 00:01:00 1\n");
}

TEST(WindowAggregate, LateRowsAreDroppedCountedAndShown) {
  const auto options = window_options(tumble(60), {"COUNT(*)"});
  const Result result = run(options, "a 1 00:00:10\na 1 00:01:05\na 1 00:00:20\na 1 00:01:06\n");
  EXPECT_EQ(result.rows, "a 00:00:00 00:01:00 1\na 00:01:00 00:02:00 2\n");
  EXPECT_EQ(result.rejected, "late a 1 00:00:20 00:01:05 00:00:00 00:01:00 '0 00:00:45'\n");
}

TEST(WindowAggregate, HopIsLatePerWindow) {
  const auto options = window_options(hop(30, 60), {"COUNT(*)"});
  // At 00:01:05 the window [0:00, 1:00) has fired, [0:30, 1:30) has not.
  const Result result = run(options, "a 1 00:00:40\na 1 00:01:05\na 1 00:00:50\n");
  EXPECT_EQ(result.rows,
            "a 00:00:00 00:01:00 1\n"
            "a 00:00:30 00:01:30 3\n"
            "a 00:01:00 00:02:00 1\n");
  EXPECT_EQ(result.rejected, "late a 1 00:00:50 00:01:05 00:00:00 00:01:00 '0 00:00:15'\n");
}

TEST(WindowAggregate, WindowsThatFiredWithoutRowsStayFired) {
  const auto options = window_options(hop(60, 120), {"COUNT(*)"});
  // At 00:02:10 the window [0:00, 2:00) is over, and nothing ever lay in it.
  for (size_t batch_rows : {1, 2, 100}) {
    const Result result = run(options, "a 1 00:02:10\na 1 00:01:30\n", 0, batch_rows);
    EXPECT_EQ(result.rows, "a 00:01:00 00:03:00 2\na 00:02:00 00:04:00 1\n") << batch_rows;
    EXPECT_EQ(result.rejected, "late a 1 00:01:30 00:02:10 00:00:00 00:02:00 '0 00:00:40'\n");
  }
}

TEST(WindowAggregate, AllowedLatenessOpensAWindowThatFiredWithoutRows) {
  auto options = window_options(tumble(60), {"COUNT(*)"});
  options.lateness_us = 60 * kSecond;
  auto op = make_window_aggregate(options);
  CollectOutput output;
  stream(*op, events("a 1 00:01:05\nb 1 00:00:30\n"), 0, 100, output);
  EXPECT_EQ(short_times(output.rows()), "b 00:00:00 00:01:00 1\na 00:01:00 00:02:00 1\n");
}

TEST(WindowAggregate, AllowedLatenessCorrectsTheWholeRow) {
  auto options = window_options(tumble(60), {"COUNT(*)", "SUM(v)"});
  options.lateness_us = 30 * kSecond;
  const char* rows =
      "a 1 00:00:10\na 2 00:01:05\na 4 00:00:20\nb 8 00:00:21\na 1 00:01:40\na 16 00:00:30\n";
  const std::string expected =
      "a 00:00:00 00:01:00 1 1\n"
      "- a 00:00:00 00:01:00 1 1\n"
      "+ a 00:00:00 00:01:00 2 5\n"
      "b 00:00:00 00:01:00 1 8\n"
      "a 00:01:00 00:02:00 2 3\n";
  for (size_t batch_rows : {1, 2, 100}) {
    const Result result = run(options, rows, 0, batch_rows);
    EXPECT_EQ(result.rows, expected) << batch_rows;
    EXPECT_EQ(result.rejected, "late a 16 00:00:30 00:01:40 00:00:00 00:01:00 '0 00:01:10'\n");
  }
}

TEST(WindowAggregate, EmitChangesShowsEveryTouchedWindow) {
  auto options = window_options(hop(30, 60), {"SUM(v)"});
  options.emit.mode = EmitMode::kChanges;
  auto op = make_window_aggregate(options);
  CollectOutput output;
  op->push(0, events("a 1 00:00:40\na 2 00:00:45\n"), output);
  EXPECT_EQ(short_times(output.rows()), "a 00:00:00 00:01:00 3\na 00:00:30 00:01:30 3\n");
  output.clear();
  op->push(0, events("a 4 00:01:10\n"), output);
  EXPECT_EQ(short_times(output.rows()),
            "- a 00:00:30 00:01:30 3\n+ a 00:00:30 00:01:30 7\n+ a 00:01:00 00:02:00 4\n");
  output.clear();
  op->advance(0, kWatermarkEnd, output);
  EXPECT_EQ(output.rows(), "");
}

TEST(WindowAggregate, EmitEveryHoldsRefinementsBack) {
  auto options = window_options(tumble(60), {"SUM(v)"});
  options.emit = {.mode = EmitMode::kEvery, .every_us = 10 * kSecond};
  auto op = make_window_aggregate(options);
  CollectOutput output;
  op->push(0, events("a 1 00:00:01\n"), output);
  op->tick(100 * kSecond, output);
  op->push(0, events("a 1 00:00:02\n"), output);
  op->push(0, events("a 1 00:00:03\n"), output);
  op->tick(105 * kSecond, output);
  EXPECT_EQ(short_times(output.rows()), "a 00:00:00 00:01:00 1\n");
  SnapshotWriter writer;
  op->save(writer);
  const std::string bytes = writer.finish();
  op = make_window_aggregate(options);
  SnapshotReader reader = SnapshotReader::open(bytes).value();
  op->load(reader).value();
  output.clear();
  op->tick(110 * kSecond, output);
  EXPECT_EQ(short_times(output.rows()), "- a 00:00:00 00:01:00 1\n+ a 00:00:00 00:01:00 3\n");
  output.clear();
  op->push(0, events("a 1 00:00:04\n"), output);
  op->advance(0, kWatermarkEnd, output);  // closing gives what was held back
  EXPECT_EQ(short_times(output.rows()), "- a 00:00:00 00:01:00 3\n+ a 00:00:00 00:01:00 4\n");
}

TEST(WindowAggregate, CumulateGrowsWithinItsLargestWindow) {
  WindowSpec window{.kind = WindowKind::kCumulate, .size = 60 * kSecond, .slide = 20 * kSecond};
  const Result result = run(window_options(window, {"SUM(v)"}),
                            "a 1 00:00:10\na 2 00:00:30\na 4 00:00:50\na 8 00:01:10\n", 10);
  EXPECT_EQ(result.rows,
            "a 00:00:00 00:00:20 1\n"
            "a 00:00:00 00:00:40 3\n"
            "a 00:00:00 00:01:00 7\n"
            "a 00:01:00 00:01:20 8\n"
            "a 00:01:00 00:01:40 8\n"
            "a 00:01:00 00:02:00 8\n");
}

TEST(WindowAggregate, GapsBetweenHopsLoseRowsThatLieInNone) {
  const Result result = run(window_options(hop(60, 20), {"SUM(v)"}),
                            "a 1 00:00:10\na 2 00:00:30\na 4 00:01:19\na 8 00:01:20\n");
  EXPECT_EQ(result.rows, "a 00:00:00 00:00:20 1\na 00:01:00 00:01:20 4\n");
}

TEST(WindowAggregate, RowsWithoutTimeAndRowsThatFailLeave) {
  auto options = window_options(tumble(60), {"COUNT(*)"});
  const Result result = run(options, "a 1 00:00:10\n");
  EXPECT_EQ(result.rows, "a 00:00:00 00:01:00 1\n");
  auto op = make_window_aggregate(options);
  CollectOutput output;
  op->push(0, batch_from_text("k STRING, v BIGINT, t TIMESTAMP", "a 1 .\n"), output);
  EXPECT_EQ(output.rejected(), "no time a 1 .\n");
}

TEST(Session, MergesFiresAndKeepsTheRowAtTheGapApart) {
  WindowSpec window{.kind = WindowKind::kSession, .gap_us = 10 * kSecond};
  const Result result = run(
      window_options(window, {"COUNT(*)", "SUM(v)"}),
      "a 1 00:00:00\na 2 00:00:09\nb 4 00:00:05\na 8 00:00:19\na 16 00:00:35\na 32 00:00:27\n", 20);
  // 9 + 10 = 19 is the end, exclusive: the row at 19 opens a session, which the row at 27 bridges
  // to 35.
  EXPECT_EQ(result.rows,
            "b 00:00:05 00:00:15 1 4\n"
            "a 00:00:00 00:00:19 2 3\n"
            "a 00:00:19 00:00:45 3 56\n");
  EXPECT_EQ(result.rejected, "");
}

TEST(Session, LateRowsAreDroppedUnlessTheyJoinAnOpenSession) {
  WindowSpec window{.kind = WindowKind::kSession, .gap_us = 10 * kSecond};
  const Result result = run(window_options(window, {"SUM(v)"}),
                            "a 1 00:00:00\na 2 00:00:30\na 4 00:00:05\na 8 00:00:25\n");
  EXPECT_EQ(result.rows, "a 00:00:00 00:00:10 1\na 00:00:25 00:00:40 10\n");
  EXPECT_EQ(result.rejected, "late a 4 00:00:05 00:00:30 00:00:05 00:00:15 '0 00:00:25'\n");
}

TEST(Session, AllowedLatenessBridgesFiredSessions) {
  WindowSpec window{.kind = WindowKind::kSession, .gap_us = 10 * kSecond};
  auto options = window_options(window, {"SUM(v)"});
  options.lateness_us = 60 * kSecond;
  const char* rows = "a 1 00:00:00\na 2 00:00:15\nz 0 00:00:50\na 4 00:00:08\n";
  for (size_t batch_rows : {1, 3, 100}) {
    EXPECT_EQ(run(options, rows, 0, batch_rows).rows,
              "a 00:00:00 00:00:10 1\n"
              "a 00:00:15 00:00:25 2\n"
              "- a 00:00:00 00:00:10 1\n"
              "- a 00:00:15 00:00:25 2\n"
              "+ a 00:00:00 00:00:25 7\n"
              "z 00:00:50 00:01:00 0\n")
        << batch_rows;
  }
}

// --- Every window against recomputing it from the rows ---

struct Event {
  std::string key;
  int64_t value;
  int64_t time_s;
};

std::string event_text(const std::vector<Event>& list) {
  std::string text;
  for (const Event& e : list) {
    std::string time;
    append_time(time, e.time_s * kSecond);
    text += e.key + " " + std::to_string(e.value) + " " + time + "\n";
  }
  return text;
}

std::vector<Event> random_events(uint64_t seed, size_t n, int64_t disorder_s) {
  Random random(seed);
  std::vector<Event> list;
  int64_t now = 100;
  for (size_t i = 0; i < n; ++i) {
    now += static_cast<int64_t>(random.below(4) == 0 ? random.below(40) : random.below(3));
    list.push_back(
        {std::string(1, static_cast<char>('a' + random.below(5))),
         static_cast<int64_t>(random.below(100)),
         now - static_cast<int64_t>(random.below(static_cast<uint64_t>(disorder_s) + 1))});
  }
  return list;
}

std::string recompute(const WindowSpec& window, const std::vector<Event>& list) {
  std::map<std::tuple<int64_t, int64_t, std::string>, std::tuple<int64_t, int64_t, int64_t>> groups;
  for (const Event& e : list) {
    const int64_t size = window.size / kSecond;
    const int64_t slide =
        (window.kind == WindowKind::kTumble ? window.size : window.slide) / kSecond;
    for (int64_t start = floor_div(e.time_s - size, slide) * slide; start <= e.time_s;
         start += slide) {
      if (e.time_s >= start + size) continue;
      auto& [n, sum, max] = groups[{start + size, start, e.key}];
      max = n == 0 ? e.value : std::max(max, e.value);
      ++n;
      sum += e.value;
    }
  }
  std::string text;
  for (const auto& [window_key, value] : groups) {
    const auto& [end, start, key] = window_key;
    text += key + " ";
    append_time(text, start * kSecond);
    text += " ";
    append_time(text, end * kSecond);
    text += " " + std::to_string(std::get<0>(value)) + " " + std::to_string(std::get<1>(value)) +
            " " + std::to_string(std::get<2>(value)) + "\n";
  }
  return text;
}

TEST(WindowAggregate, AgreesWithRecomputingWhateverTheBatches) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const std::vector<Event> list = random_events(seed, 300, 7);
    for (const WindowSpec& window : {tumble(10), hop(5, 20), hop(4, 10), hop(1, 30)}) {
      const auto options = window_options(window, {"COUNT(*)", "SUM(v)", "MAX(v)"});
      const std::string expected = recompute(window, list);
      for (size_t batch_rows : {1, 3, 64, 1000}) {
        ASSERT_EQ(run(options, event_text(list), 7, batch_rows).rows, expected)
            << seed << " " << batch_rows;
      }
    }
  }
}

// Changes added up: what is left, one line per row, in order.
std::string added_up(const std::string& changes) {
  std::map<std::string, int> rows;
  for (size_t begin = 0; begin < changes.size();) {
    const size_t end = changes.find('\n', begin);
    const std::string line = changes.substr(begin, end - begin);
    const bool weighted = line.starts_with("- ") || line.starts_with("+ ");
    rows[weighted ? line.substr(2) : line] += line.starts_with("- ") ? -1 : 1;
    begin = end + 1;
  }
  std::string left;
  for (const auto& [row, n] : rows) {
    if (n != 0) left += (n == 1 ? "" : std::to_string(n) + " × ") + row + "\n";
  }
  return left;
}

TEST(WindowChanges, AddUpToTheFinalRows) {
  WindowSpec cumulate{.kind = WindowKind::kCumulate, .size = 20 * kSecond, .slide = 5 * kSecond};
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const std::string rows = event_text(random_events(seed, 200, 20));
    for (const WindowSpec& window : {tumble(10), hop(5, 20), hop(4, 10), hop(20, 6), cumulate}) {
      for (int64_t lateness : {0, 10}) {
        auto options = window_options(window, {"COUNT(*)", "SUM(v)", "MAX(v)", "AVG(v)"});
        options.lateness_us = lateness * kSecond;
        const Result final = run(options, rows, 5, 50);
        for (const EmitOptions& emit :
             {EmitOptions{EmitMode::kChanges, 0, true}, EmitOptions{EmitMode::kChanges, 0, false},
              EmitOptions{EmitMode::kEvery, 10 * kSecond, true}}) {
          options.emit = emit;
          for (size_t batch_rows : {1, 3, 1000}) {
            const Result changes = run(options, rows, 5, batch_rows);
            ASSERT_EQ(added_up(changes.rows), added_up(final.rows)) << seed << " " << batch_rows;
            ASSERT_EQ(changes.rejected, final.rejected) << seed << " " << batch_rows;
          }
        }
      }
    }
  }
}

TEST(WindowChanges, EveryChangeIsThatOfARowAlone) {
  const auto plain = [](std::string rows) {  // a batch of inserts alone has no weights
    for (size_t at = rows.find("+ "); at != std::string::npos; at = rows.find("+ ", at)) {
      rows.erase(at, 2);
    }
    return rows;
  };
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const std::string rows = event_text(random_events(seed, 200, 20));
    for (const WindowSpec& window : {tumble(10), hop(5, 20)}) {
      for (int64_t lateness : {0, 10}) {
        auto options = window_options(window, {"COUNT(*)", "SUM(v)", "MAX(v)"});
        options.lateness_us = lateness * kSecond;
        options.emit = {EmitMode::kChanges, 0, false};
        const Result one = run(options, rows, 5, 1);
        for (size_t batch_rows : {3, 1000}) {
          const Result many = run(options, rows, 5, batch_rows);
          ASSERT_EQ(plain(many.rows), plain(one.rows)) << seed << " " << batch_rows;
          ASSERT_EQ(many.rejected, one.rejected) << seed << " " << batch_rows;
        }
      }
    }
  }
}

TEST(WindowChanges, SnapshotsAtAnyPointChangeNothing) {
  const Batch batch = events(event_text(random_events(5, 120, 20)));
  for (const EmitOptions& emit : {EmitOptions{EmitMode::kChanges, 0, true},
                                  EmitOptions{EmitMode::kEvery, 10 * kSecond, true}}) {
    auto options = window_options(hop(5, 20), {"COUNT(*)", "MAX(v)", "STDDEV(v)", "ARRAY_AGG(v)"});
    options.lateness_us = 4 * kSecond;
    options.emit = emit;
    CollectOutput straight;
    CollectOutput restarted;
    auto one = make_window_aggregate(options);
    auto other = make_window_aggregate(options);
    int64_t watermark = kWatermarkNone;
    for (size_t row = 0; row < batch.rows; ++row) {
      Batch piece = slice(batch, row, 1);
      piece.watermarks = constant_column(Scalar::of(watermark), 1);
      watermark = std::max(watermark, batch.columns[2]->int64_at(row) - 5 * kSecond);
      one->push(0, piece, straight);
      one->advance(0, watermark, straight);
      other->push(0, piece, restarted);
      other->advance(0, watermark, restarted);
      SnapshotWriter writer;
      other->save(writer);
      const std::string bytes = writer.finish();
      other = make_window_aggregate(options);
      SnapshotReader reader = SnapshotReader::open(bytes).value();
      other->load(reader).value();
      ASSERT_TRUE(reader.at_end());
      one->tick(static_cast<int64_t>(row) * 3 * kSecond, straight);
      other->tick(static_cast<int64_t>(row) * 3 * kSecond, restarted);
      ASSERT_EQ(restarted.rows(), straight.rows()) << row;
    }
    one->advance(0, kWatermarkEnd, straight);
    other->advance(0, kWatermarkEnd, restarted);
    EXPECT_EQ(restarted.rows(), straight.rows());
  }
}

TEST(WindowChanges, AResultThatDoesNotFitIsRejected) {
  auto options = window_options(tumble(60), {"SUM(v)"});
  options.emit.mode = EmitMode::kChanges;
  const Result result =
      run(options, "a 9223372036854775807 00:00:10\na 1 00:00:20\na -5 00:00:30\n", 0, 1);
  EXPECT_EQ(result.rows,
            "a 00:00:00 00:01:00 9223372036854775807\n"
            "- a 00:00:00 00:01:00 9223372036854775807\n"
            "a 00:00:00 00:01:00 9223372036854775803\n");
  EXPECT_NE(result.rejected.find("a 00:00:00 00:01:00"), std::string::npos) << result.rejected;
}

TEST(WindowChanges, KeysThatNeverRecurAreForgotten) {
  auto options = window_options(hop(1, 2), {"COUNT(*)"});
  options.emit.mode = EmitMode::kChanges;
  auto op = make_window_aggregate(options);
  CollectOutput output;
  size_t most = 0;
  for (int64_t second = 0; second < 60; ++second) {
    std::vector<Event> list;
    for (int64_t i = 0; i < 1000; ++i)
      list.push_back({"k" + std::to_string(second * 1000 + i), 1, second});
    stream(*op, events(event_text(list)), 0, 1000, output, false);
    most = std::max(most, op->state_rows());
    output.clear();
  }
  EXPECT_LT(most, 20'000u);
}

TEST(WindowAggregate, LateRowsDoNotDependOnBatches) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const std::string rows = event_text(random_events(seed, 300, 30));
    WindowSpec session{.kind = WindowKind::kSession, .gap_us = 6 * kSecond};
    for (const WindowSpec& window : {tumble(10), hop(5, 20), session}) {
      for (int64_t lateness : {0, 10}) {
        auto options = window_options(window, {"COUNT(*)", "SUM(v)", "MAX(v)"});
        options.lateness_us = lateness * kSecond;
        const Result one = run(options, rows, 5, 1);
        for (size_t batch_rows : {3, 50, 1000}) {
          const Result many = run(options, rows, 5, batch_rows);
          ASSERT_EQ(many.rejected, one.rejected) << seed << " " << batch_rows;
          ASSERT_EQ(many.rows, one.rows) << seed << " " << batch_rows;
        }
      }
    }
  }
}

TEST(WindowAggregate, SnapshotsAtAnyPointChangeNothing) {
  WindowSpec session{.kind = WindowKind::kSession, .gap_us = 6 * kSecond};
  const Batch batch = events(event_text(random_events(5, 120, 20)));
  for (const WindowSpec& window : {tumble(10), hop(5, 20), session}) {
    auto options = window_options(
        window, {"COUNT(*)", "SUM(v)", "COUNT(DISTINCT v)", "STDDEV(v)", "ARRAY_AGG(v)"});
    options.lateness_us = 4 * kSecond;
    auto make = [&] {
      return window.kind == WindowKind::kSession ? make_session_aggregate(options)
                                                 : make_window_aggregate(options);
    };
    CollectOutput straight;
    auto op = make();
    stream(*op, batch, 5 * kSecond, 1, straight);
    CollectOutput restarted;
    op = make();
    int64_t watermark = kWatermarkNone;
    for (size_t row = 0; row < batch.rows; ++row) {
      Batch piece = slice(batch, row, 1);
      piece.watermarks = constant_column(Scalar::of(watermark), 1);
      watermark = std::max(watermark, batch.columns[2]->int64_at(row) - 5 * kSecond);
      op->push(0, piece, restarted);
      op->advance(0, watermark, restarted);
      SnapshotWriter writer;
      op->save(writer);
      const std::string bytes = writer.finish();
      op = make();
      SnapshotReader reader = SnapshotReader::open(bytes).value();
      op->load(reader).value();
      ASSERT_TRUE(reader.at_end());
    }
    op->advance(0, kWatermarkEnd, restarted);
    EXPECT_EQ(restarted.rows(), straight.rows());
  }
}

TEST(WindowAggregate, KeysThatNeverRecurAreForgotten) {
  auto op = make_window_aggregate(window_options(tumble(1), {"COUNT(*)"}));
  CollectOutput output;
  size_t most = 0;
  for (int64_t second = 0; second < 300; ++second) {
    std::vector<Event> list;
    for (int64_t i = 0; i < 1000; ++i)
      list.push_back({"k" + std::to_string(second * 1000 + i), 1, second});
    stream(*op, events(event_text(list)), 0, 1000, output, false);
    most = std::max(most, op->state_rows());
    output.clear();
  }
  EXPECT_LT(most, 40'000u);
}

}  // namespace
}  // namespace velo
