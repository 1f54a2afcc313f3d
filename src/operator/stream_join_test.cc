#include "operator/stream_join.h"

#include <gtest/gtest.h>

#include <map>

#include "base/fmt.h"
#include "base/random.h"
#include "column/batch_text.h"
#include "column/column_builder.h"
#include "operator/collect_output.h"

namespace velo {
namespace {

constexpr std::string_view kLeft = "k STRING, a BIGINT, t BIGINT";
constexpr std::string_view kRight = "k STRING, b BIGINT, t BIGINT";

StreamJoinOptions options_of(JoinKind kind, std::optional<JoinInterval> interval = {}) {
  StreamJoinOptions options;
  options.kind = kind;
  options.inputs[0] = {schema_from_text(kLeft), {0}, 2, 0};
  options.inputs[1] = {schema_from_text(kRight), {0}, 2, 0};
  const bool left_only = kind == JoinKind::kSemi || kind == JoinKind::kAnti;
  options.output =
      left_only ? schema_from_text(kLeft)
                : schema_from_text("k STRING, a BIGINT, t BIGINT, k STRING, b BIGINT, t BIGINT");
  options.interval = interval;
  return options;
}

Batch left(std::string_view rows) { return batch_from_text(kLeft, rows); }
Batch right(std::string_view rows) { return batch_from_text(kRight, rows); }

TEST(StreamJoin, InnerGivesEveryPairOnce) {
  auto op = make_stream_join(options_of(JoinKind::kInner));
  CollectOutput out;
  op->push(0, left("x 1 0\ny 2 0\n. 3 0"), out);
  op->push(1, right("x 10 0\nz 11 0\n. 12 0\nx 13 0"), out);
  EXPECT_EQ(out.rows(), "x 1 0 x 10 0\nx 1 0 x 13 0\n");
  out.clear();
  op->push(0, left("x 4 0"), out);
  EXPECT_EQ(out.rows(), "x 4 0 x 13 0\nx 4 0 x 10 0\n");
}

TEST(StreamJoin, ResidualDecidesToo) {
  StreamJoinOptions options = options_of(JoinKind::kLeft);
  options.residual =
      *make_call("<", {make_column(1, Type::bigint(), "a"), make_column(4, Type::bigint(), "b")});
  auto op = make_stream_join(options);
  CollectOutput out;
  op->push(1, right("x 10 0\nx 20 0"), out);
  op->push(0, left("x 15 0\nx 25 0"), out);
  EXPECT_EQ(out.rows(), "x 15 0 x 20 0\nx 25 0 . . .\n");
}

TEST(StreamJoin, LeftTakesBackTheLoneRowWhenAPartnerComes) {
  auto op = make_stream_join(options_of(JoinKind::kLeft));
  CollectOutput out;
  op->push(0, left("x 1 0\n. 2 0"), out);
  EXPECT_EQ(out.rows(), "x 1 0 . . .\n. 2 0 . . .\n");
  out.clear();
  op->push(1, right("x 10 0\nx 11 0"), out);
  EXPECT_EQ(out.rows(), "- x 1 0 . . .\n+ x 1 0 x 10 0\n+ x 1 0 x 11 0\n");
  out.clear();
  op->push(1, right("- x 10 0"), out);
  op->push(1, right("- x 11 0"), out);
  EXPECT_EQ(out.rows(), "- x 1 0 x 10 0\n- x 1 0 x 11 0\n+ x 1 0 . . .\n");
  out.clear();
  op->push(0, left("- x 1 0\n- . 2 0"), out);
  EXPECT_EQ(out.rows(), "- x 1 0 . . .\n- . 2 0 . . .\n");
  EXPECT_EQ(op->state_rows(), 0u);
}

TEST(StreamJoin, FullPadsBothSides) {
  auto op = make_stream_join(options_of(JoinKind::kFull));
  CollectOutput out;
  op->push(0, left("x 1 0"), out);
  op->push(1, right("y 10 0"), out);
  op->push(1, right("x 11 0"), out);
  op->push(0, left("y 2 0"), out);
  EXPECT_EQ(out.rows(),
            "x 1 0 . . .\n. . . y 10 0\n- x 1 0 . . .\n+ x 1 0 x 11 0\n"
            "- . . . y 10 0\n+ y 2 0 y 10 0\n");
}

TEST(StreamJoin, SemiAndAntiGiveLeftRowsOnce) {
  auto semi = make_stream_join(options_of(JoinKind::kSemi));
  CollectOutput out;
  semi->push(0, left("x 1 0\ny 2 0"), out);
  semi->push(1, right("x 10 0\nx 11 0"), out);
  semi->push(0, left("x 3 0"), out);
  semi->push(1, right("- x 10 0\n- x 11 0"), out);
  EXPECT_EQ(out.rows(), "x 1 0\nx 3 0\n- x 3 0\n- x 1 0\n");

  auto anti = make_stream_join(options_of(JoinKind::kAnti));
  out.clear();
  anti->push(0, left("x 1 0\ny 2 0"), out);
  anti->push(1, right("x 10 0\nx 11 0"), out);
  anti->push(0, left("x 3 0"), out);
  anti->push(1, right("- x 10 0\n- x 11 0"), out);
  EXPECT_EQ(out.rows(), "x 1 0\ny 2 0\n- x 1 0\nx 3 0\nx 1 0\n");
}

TEST(StreamJoin, IntervalKeepsRowsAsLongAsPartnersMayCome) {
  // The right row comes up to 10 after the left one.
  auto op = make_stream_join(options_of(JoinKind::kLeft, JoinInterval{0, 10}));
  CollectOutput out;
  op->push(0, left("x 1 100\ny 2 105\nz 3 103"), out);
  op->push(1, right("x 10 99\nx 11 110\nx 12 111"), out);
  EXPECT_EQ(out.text(), "x 1 100 x 11 110\n");
  op->advance(0, 120, out);
  EXPECT_EQ(out.text(), "x 1 100 x 11 110\n");
  op->advance(1, 114, out);
  EXPECT_EQ(out.text(), "x 1 100 x 11 110\nz 3 103 . . .\nwatermark 104\n");
  op->advance(1, kWatermarkEnd, out);
  out.clear();
  op->advance(0, kWatermarkEnd, out);
  EXPECT_EQ(out.text(), "watermark end\n");
  EXPECT_EQ(op->state_rows(), 0u);
}

TEST(StreamJoin, LateRowsAreRejected) {
  auto op = make_stream_join(options_of(JoinKind::kInner, JoinInterval{-5, 5}));
  CollectOutput out;
  Batch batch = left("x 1 100\nx 2 101\nx 3 .");
  ColumnBuilder watermarks(Type::bigint());
  for (int i = 0; i < 3; ++i) watermarks.append_int64(100);
  batch.watermarks = watermarks.finish();
  op->push(1, right("x 10 100"), out);
  op->push(0, batch, out);
  EXPECT_EQ(out.rows(), "x 2 101 x 10 100\n");
  EXPECT_EQ(out.rejected().substr(0, 13), "late x 1 100 ");
  EXPECT_NE(out.rejected().find("no time x 3 .\n"), std::string::npos);
}

TEST(StreamJoin, TtlForgets) {
  StreamJoinOptions options = options_of(JoinKind::kInner);
  options.ttl_us = 100;
  auto op = make_stream_join(options);
  CollectOutput out;
  op->context().now_us = 1000;
  op->push(0, left("x 1 0"), out);
  op->tick(1100, out);
  op->push(1, right("x 10 0"), out);
  EXPECT_EQ(out.rows(), "x 1 0 x 10 0\n");
  op->tick(1101, out);
  op->push(1, right("x 11 0"), out);
  EXPECT_EQ(out.rows(), "x 1 0 x 10 0\n");
}

/// What every kind of join is, computed from all rows at once: lines with their multiplicities.
std::map<std::string, int64_t> expected(JoinKind kind, const std::vector<std::array<int64_t, 3>>& a,
                                        const std::vector<std::array<int64_t, 3>>& b,
                                        std::optional<JoinInterval> interval) {
  const auto text = [](const std::array<int64_t, 3>& row) {
    return fmt::format("k{} {} {}", row[0], row[1], row[2]);
  };
  std::map<std::string, int64_t> out;
  std::vector<bool> met(b.size(), false);
  const bool only = kind == JoinKind::kSemi || kind == JoinKind::kAnti;
  for (const auto& x : a) {
    bool any = false;
    for (size_t i = 0; i < b.size(); ++i) {
      const int64_t apart = b[i][2] - x[2];
      if (b[i][0] != x[0]) continue;
      if (interval && (apart < interval->lower_us || apart > interval->upper_us)) continue;
      any = met[i] = true;
      if (!only) ++out[text(x) + " " + text(b[i]) + "\n"];
    }
    if (kind == JoinKind::kSemi && any) ++out[text(x) + "\n"];
    if (kind == JoinKind::kAnti && !any) ++out[text(x) + "\n"];
    if ((kind == JoinKind::kLeft || kind == JoinKind::kFull) && !any) {
      ++out[text(x) + " . . .\n"];
    }
  }
  for (size_t i = 0; i < b.size(); ++i) {
    if ((kind == JoinKind::kRight || kind == JoinKind::kFull) && !met[i]) {
      ++out[". . . " + text(b[i]) + "\n"];
    }
  }
  return out;
}

class RandomJoin : public ::testing::TestWithParam<std::tuple<JoinKind, bool>> {};

TEST_P(RandomJoin, AgreesWithRecomputing) {
  const JoinKind kind = std::get<0>(GetParam());
  std::optional<JoinInterval> interval;
  if (std::get<1>(GetParam())) interval = JoinInterval{-7, 12};
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Random random(seed);
    const StreamJoinOptions options = options_of(kind, interval);
    auto op = make_stream_join(options);
    CollectOutput out;
    std::array<std::vector<std::array<int64_t, 3>>, 2> rows;
    std::array<int64_t, 2> clock{100, 100};
    for (int step = 0; step < 120; ++step) {
      const size_t side = random.below(2);
      std::string text;
      for (uint64_t i = 1 + random.below(4); i-- > 0;) {
        std::array<int64_t, 3> row = {static_cast<int64_t>(random.below(5)), step,
                                      clock[side] + 1 + static_cast<int64_t>(random.below(10))};
        // Without an interval rows are taken back as well.
        if (!interval && !rows[side].empty() && random.below(4) == 0) {
          const size_t which = random.below(rows[side].size());
          row = rows[side][which];
          rows[side].erase(rows[side].begin() + static_cast<ptrdiff_t>(which));
          text += fmt::format("- k{} {} {}\n", row[0], row[1], row[2]);
          continue;
        }
        rows[side].push_back(row);
        text += fmt::format("+ k{} {} {}\n", row[0], row[1], row[2]);
      }
      op->push(side, side == 0 ? left(text) : right(text), out);
      if (random.below(3) == 0) op->advance(side, clock[side] += 4, out);
      if (step % 17 != 0) continue;
      SnapshotWriter writer;
      op->save(writer);
      const std::string bytes = writer.finish();
      SnapshotReader reader = *SnapshotReader::open(bytes);
      op = make_stream_join(options);
      ASSERT_TRUE(static_cast<bool>(op->load(reader)));
      ASSERT_TRUE(reader.at_end());
    }
    for (size_t side = 0; side < 2; ++side) op->advance(side, kWatermarkEnd, out);
    op->finish(out);
    std::map<std::string, int64_t> got;
    for (const Batch& batch : out.batches()) {
      for (uint32_t row = 0; row < batch.rows; ++row) {
        Batch one = slice(batch, row, 1);
        one.weights = nullptr;
        const std::string line = batch_to_text(one);
        if ((got[line] += batch.weight(row)) == 0) got.erase(line);
      }
    }
    EXPECT_EQ(got, expected(kind, rows[0], rows[1], interval)) << "seed " << seed;
    EXPECT_EQ(out.rejected(), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, RandomJoin,
                         ::testing::Combine(::testing::Values(JoinKind::kInner, JoinKind::kLeft,
                                                              JoinKind::kRight, JoinKind::kFull,
                                                              JoinKind::kSemi, JoinKind::kAnti),
                                            ::testing::Bool()));

}  // namespace
}  // namespace velo
