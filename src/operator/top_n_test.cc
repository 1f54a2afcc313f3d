#include "operator/top_n.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/fmt.h"
#include "base/random.h"
#include "column/batch_text.h"
#include "operator/collect_output.h"

namespace velo {
namespace {

constexpr std::string_view kSchema = "k STRING, v BIGINT, t BIGINT";

TopNOptions options_of(size_t limit, bool with_rank) {
  TopNOptions options;
  options.input = schema_from_text(kSchema);
  options.output =
      schema_from_text(with_rank ? "k STRING, v BIGINT, t BIGINT, rn BIGINT" : kSchema);
  options.partition = {0};
  options.order = {{1, true, false}};
  options.limit = limit;
  options.with_rank = with_rank;
  return options;
}
Batch rows(std::string_view text) { return batch_from_text(kSchema, text); }

std::unique_ptr<Operator> restored(const Operator& op, const TopNOptions& options) {
  SnapshotWriter writer;
  op.save(writer);
  const std::string bytes = writer.finish();
  SnapshotReader reader = *SnapshotReader::open(bytes);
  auto fresh = make_top_n(options);
  EXPECT_TRUE(static_cast<bool>(fresh->load(reader)));
  EXPECT_TRUE(reader.at_end());
  return fresh;
}

TEST(TopN, GivesWhatComesInAndTakesBackWhatIsPushedOut) {
  const TopNOptions options = options_of(2, false);
  auto op = make_top_n(options);
  CollectOutput out;
  op->push(0, rows("a 1 0\na 3 0\na 2 0\nb . 0"), out);
  EXPECT_EQ(out.rows(), "a 3 0\na 2 0\nb . 0\n");
  out.clear();
  op = restored(*op, options);
  op->push(0, rows("a 1 1\nb 5 0\nb 4 0"), out);
  EXPECT_EQ(out.rows(), "- b . 0\n+ b 5 0\n+ b 4 0\n");
  out.clear();
  op->push(0, rows("a 3 1"), out);
  EXPECT_EQ(out.rows(), "- a 2 0\n+ a 3 1\n") << "of equal rows the first stands first";
  EXPECT_EQ(op->state_rows(), 4u);
}

TEST(TopN, WithRanksRowsThatMoveAreGivenAnew) {
  auto op = make_top_n(options_of(2, true));
  CollectOutput out;
  op->push(0, rows("a 1 0"), out);
  op->push(0, rows("a 2 0"), out);
  op->push(0, rows("a 3 0"), out);
  EXPECT_EQ(out.rows(),
            "a 1 0 1\n- a 1 0 1\n+ a 2 0 1\n+ a 1 0 2\n- a 2 0 1\n- a 1 0 2\n+ a 3 0 1\n"
            "+ a 2 0 2\n");
}

TEST(TopN, RowsTakenBackLetOthersIn) {
  TopNOptions options = options_of(1, false);
  options.retractable = true;
  auto op = make_top_n(options);
  CollectOutput out;
  op->push(0, rows("a 1 0\na 2 0\na 2 0"), out);
  out.clear();
  op->push(0, rows("- a 2 0"), out);
  EXPECT_EQ(out.rows(), "- a 2 0\n+ a 2 0\n") << "the other row of the same values";
  out.clear();
  op->push(0, rows("- a 2 0"), out);
  EXPECT_EQ(out.rows(), "- a 2 0\n+ a 1 0\n");
  out.clear();
  op->push(0, rows("- a 1 0"), out);
  EXPECT_EQ(out.rows(), "- a 1 0\n");
}

TEST(TopN, WithAnEventTimePartitionsAreGivenOnce) {
  TopNOptions options = options_of(2, true);
  options.partition = {2, 0};
  options.time_column = 2;
  auto op = make_top_n(options);
  CollectOutput out;
  op->push(0, rows("b 1 10\na 1 20\na 1 10\na 2 10\na 3 10"), out);
  op->advance(0, 9, out);
  op = restored(*op, options);
  op->push(0, rows("b 9 10"), out);
  op->advance(0, 10, out);
  EXPECT_EQ(out.text(), "watermark 9\na 3 10 1\na 2 10 2\nb 9 10 1\nb 1 10 2\nwatermark 10\n");
  out.clear();
  op->advance(0, kWatermarkEnd, out);
  EXPECT_EQ(out.text(), "a 1 20 1\nwatermark end\n");
  EXPECT_EQ(op->state_rows(), 0u);
}

/// What is given of rows (k, v, t) that stand in the order of v, as text with how often.
std::map<std::string, int64_t> first_rows(const std::vector<std::array<int64_t, 3>>& ordered,
                                          const TopNOptions& options) {
  struct Last {
    int64_t rows = 0, value = -1, rank = 0, dense = 0;
  };
  std::map<std::string, int64_t> expected;
  std::map<int64_t, Last> partitions;
  for (const auto& row : ordered) {
    Last& last = partitions[row[0]];
    ++last.rows;
    if (row[1] != last.value) last = {last.rows, row[1], last.rows, last.dense + 1};
    const int64_t rank = options.rank == OverFunction::kRowNumber ? last.rows
                         : options.rank == OverFunction::kRank    ? last.rank
                                                                  : last.dense;
    if (rank > static_cast<int64_t>(options.limit)) continue;
    std::string line = fmt::format("k{} {} {}", row[0], row[1], row[2]);
    if (options.with_rank) line += fmt::format(" {}", rank);
    ++expected[line + "\n"];
  }
  return expected;
}

void compare_with_sorting(const TopNOptions& options, uint64_t seed) {
  Random random(seed);
  const uint64_t values = options.rank == OverFunction::kRowNumber ? 1000 : 20;  // many are equal
  auto op = make_top_n(options);
  CollectOutput out;
  std::vector<std::array<int64_t, 3>> all;
  for (int step = 0; step < 200; ++step) {
    std::string text;
    for (uint64_t i = 1 + random.below(6); i-- > 0;) {
      if (options.retractable && !all.empty() && random.below(3) == 0) {
        const size_t which = random.below(all.size());
        text += fmt::format("- k{} {} {}\n", all[which][0], all[which][1], all[which][2]);
        all.erase(all.begin() + static_cast<ptrdiff_t>(which));
        continue;
      }
      all.push_back({static_cast<int64_t>(random.below(4)),
                     static_cast<int64_t>(random.below(values)), step});
      text += fmt::format("+ k{} {} {}\n", all.back()[0], all.back()[1], all.back()[2]);
    }
    op->push(0, rows(text), out);
    if (step % 23 == 0) op = restored(*op, options);
  }
  std::map<std::string, int64_t> got;
  for (const Batch& batch : out.batches()) {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      Batch one = slice(batch, row, 1);
      one.weights = nullptr;
      const std::string line = batch_to_text(one);
      if ((got[line] += batch.weight(row)) == 0) got.erase(line);
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a[1] > b[1]; });
  EXPECT_EQ(got, first_rows(all, options))
      << "seed " << seed << " rank " << static_cast<int>(options.rank) << " retractable "
      << options.retractable;
}

TEST(TopN, AgreesWithSorting) {
  for (const OverFunction rank :
       {OverFunction::kRowNumber, OverFunction::kRank, OverFunction::kDenseRank}) {
    for (const bool retractable : {false, true}) {
      for (uint64_t seed = 1; seed <= 4; ++seed) {
        TopNOptions options = options_of(3, seed % 2 == 0);
        options.rank = rank;
        options.retractable = retractable;
        compare_with_sorting(options, seed);
      }
    }
  }
}

}  // namespace
}  // namespace velo
