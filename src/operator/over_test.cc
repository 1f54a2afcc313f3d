#include "operator/over.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/random.h"
#include "operator/aggregate_test_case.h"

namespace velo {
namespace {

OverOptions over_options(std::optional<uint64_t> preceding, std::vector<std::string> aggregates) {
  OverOptions options;
  options.input = schema_from_text("k STRING, v BIGINT, t TIMESTAMP");
  options.partition = {input_column(options.input, "k")};
  options.time_column = 2;
  options.preceding = preceding;
  std::vector<Field> fields = options.input->fields();
  for (const std::string& text : aggregates) {
    options.aggregates.push_back(aggregate_of(options.input, text));
    fields.push_back({text, options.aggregates.back().type});
  }
  options.output = make_schema(std::move(fields));
  return options;
}

std::string run(const OverOptions& options, const Batch& rows, int64_t delay_us, size_t batch_rows,
                std::string* rejected = nullptr) {
  auto op = make_over(options);
  CollectOutput output;
  stream(*op, rows, delay_us, batch_rows, output);
  if (rejected != nullptr) *rejected = short_times(output.rejected());
  return short_times(output.rows());
}

TEST(Over, TheLastRowsOfAKeyInTheOrderOfTime) {
  const OverOptions options =
      over_options(2, {"COUNT(*)", "SUM(v)", "MIN(v)", "MAX(v)", "COUNT(v)"});
  const Batch rows = events(
      "a 1 00:00:01\na 2 00:00:02\nb 10 00:00:02\na 9 00:00:05\na 4 00:00:04\na . 00:00:06\n"
      "a 6 00:00:07\nb 20 00:00:08\n");
  EXPECT_EQ(run(options, rows, 3 * kSecond, 100),
            "a 1 00:00:01 1 1 1 1 1\n"
            "a 2 00:00:02 2 3 1 2 2\n"
            "b 10 00:00:02 1 10 10 10 1\n"
            "a 4 00:00:04 3 7 1 4 3\n"
            "a 9 00:00:05 3 15 2 9 3\n"
            "a . 00:00:06 3 13 4 9 2\n"
            "a 6 00:00:07 3 15 6 9 2\n"
            "b 20 00:00:08 2 30 10 20 2\n");
}

TEST(Over, AllRowsBeforeAndOnlyTheRowItself) {
  const Batch rows = events("a 1 00:00:01\nb 5 00:00:01\na 2 00:00:02\na 4 00:00:03\n");
  EXPECT_EQ(run(over_options(std::nullopt, {"SUM(v)"}), rows, kSecond, 1),
            "a 1 00:00:01 1\nb 5 00:00:01 5\na 2 00:00:02 3\na 4 00:00:03 7\n");
  EXPECT_EQ(run(over_options(0, {"SUM(v)"}), rows, kSecond, 100),
            "a 1 00:00:01 1\nb 5 00:00:01 5\na 2 00:00:02 2\na 4 00:00:03 4\n");
}

TEST(Over, RowsWaitForTheWatermarkAndLateOnesAreRejected) {
  auto op = make_over(over_options(1, {"SUM(v)"}));
  CollectOutput output;
  op->push(0, events("a 1 00:00:05\na 2 00:00:03\n"), output);
  op->advance(0, at_time("00:00:02"), output);
  EXPECT_EQ(output.rows(), "");
  op->advance(0, at_time("00:00:03"), output);
  EXPECT_EQ(short_times(output.rows()), "a 2 00:00:03 2\n");
  op->advance(0, at_time("00:00:05"), output);
  EXPECT_EQ(short_times(output.rows()), "a 2 00:00:03 2\na 1 00:00:05 3\n");

  std::string rejected;
  EXPECT_EQ(run(over_options(1, {"SUM(v)"}), events("a 1 00:00:05\na 2 00:00:03\na 4 00:00:06\n"),
                0, 100, &rejected),
            "a 1 00:00:05 1\na 4 00:00:06 5\n");
  EXPECT_EQ(rejected, "late a 2 00:00:03 00:00:05 00:00:03 00:00:03 '0 00:00:02'\n");
}

/// Keys, values and times at random; the times within a second of the order.
Batch random_rows(size_t rows, Random& random) {
  std::string text;
  for (size_t i = 0; i < rows; ++i) {
    const auto ms = static_cast<int64_t>(i * 100 + random.below(1000));
    text += fmt::format("k{} {} 00:{:02}:{:02}.{:03}\n", random.below(5), random.below(1000),
                        ms / 60000, ms / 1000 % 60, ms % 1000);
  }
  return events(text);
}

/// Every frame summed anew.
std::string plain(const Batch& rows, size_t frame) {
  std::vector<uint32_t> order(rows.rows);
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return rows.columns[2]->int64_at(a) < rows.columns[2]->int64_at(b);
  });
  std::map<std::string, std::deque<int64_t>> last;
  std::string text;
  for (const uint32_t row : order) {
    std::deque<int64_t>& values = last[std::string(rows.columns[0]->string_at(row))];
    values.push_back(rows.columns[1]->int64_at(row));
    if (values.size() > frame) values.pop_front();
    int64_t sum = 0;
    for (const int64_t value : values) sum += value;
    const uint32_t one[] = {row};
    std::string line = short_times(batch_to_text(gather(rows, one)));
    line.pop_back();
    text += fmt::format("{} {} {} {}\n", line, values.size(), sum,
                        *std::max_element(values.begin(), values.end()));
  }
  return text;
}

TEST(Over, AgreesWithAPlainSumWhateverTheBatchesAndOverRestarts) {
  Random random(11);
  for (const size_t frame : {1, 2, 3, 7, 100}) {
    const Batch rows = random_rows(300, random);
    const std::string expected = plain(rows, frame);
    const OverOptions options = over_options(frame - 1, {"COUNT(*)", "SUM(v)", "MAX(v)"});
    for (const size_t batch_rows : {1, 3, 64, 1000}) {
      EXPECT_EQ(run(options, rows, kSecond, batch_rows), expected) << frame << " " << batch_rows;
    }
    std::string restarted;
    std::string snapshot;
    for (size_t begin = 0; begin < rows.rows; begin += 50) {
      auto op = make_over(options);
      if (!snapshot.empty()) {
        SnapshotReader reader = SnapshotReader::open(snapshot).value();
        ASSERT_TRUE(op->load(reader));
      }
      CollectOutput output;
      // Nothing later than a second behind the last row comes any more.
      const Batch piece = slice(rows, begin, 50);
      op->push(0, piece, output);
      op->advance(0,
                  begin + 50 == rows.rows
                      ? kWatermarkEnd
                      : at_time("00:00:00") + static_cast<int64_t>(begin + 50) * 100'000 - 1,
                  output);
      restarted += short_times(output.rows());
      SnapshotWriter writer;
      op->save(writer);
      snapshot = writer.finish();
    }
    EXPECT_EQ(restarted, expected) << frame;
  }
}

}  // namespace
}  // namespace velo
