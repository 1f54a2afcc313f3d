#include "operator/mark_join.h"

#include <gtest/gtest.h>

#include "column/batch_text.h"
#include "operator/collect_output.h"

namespace velo {
namespace {

constexpr std::string_view kLeft = "k STRING, a BIGINT";
constexpr std::string_view kRight = "k STRING, b BIGINT";

MarkJoinOptions options_of(bool right_first, bool keyed, bool compares = true) {
  MarkJoinOptions options;
  options.inputs[0] = {schema_from_text(kLeft), {}, -1, 0};
  options.inputs[1] = {schema_from_text(kRight), {}, -1, 0};
  if (keyed) options.inputs[0].keys = options.inputs[1].keys = {0};
  if (compares) options.compared = {{{1}, {1}}};
  options.output = schema_from_text("k STRING, a BIGINT, mark BOOLEAN");
  options.right_first = right_first;
  return options;
}

/// The operator, saved and loaded.
std::unique_ptr<Operator> restarted(const Operator& op, const MarkJoinOptions& options) {
  SnapshotWriter writer;
  op.save(writer);
  const std::string bytes = writer.finish();
  SnapshotReader reader = *SnapshotReader::open(bytes);
  auto fresh = make_mark_join(options);
  EXPECT_TRUE(static_cast<bool>(fresh->load(reader)));
  EXPECT_TRUE(reader.at_end());
  return fresh;
}

std::string taken(CollectOutput& out) {
  std::string rows = out.rows();
  out.clear();
  return rows;
}

TEST(MarkJoin, TheRightSideFirst) {
  const MarkJoinOptions options = options_of(true, false);
  auto op = make_mark_join(options);
  CollectOutput out;
  op->push(1, batch_from_text(kRight, "x 1\ny ."), out);
  op->push(0, batch_from_text(kLeft, "+ p 1\n- q 2"), out);
  op->advance(0, 5, out);
  EXPECT_EQ(out.text(), "") << "nothing before the other side is whole";
  op = restarted(*op, options);
  op->push(1, batch_from_text(kRight, "x 3"), out);
  op->advance(1, kWatermarkEnd, out);
  op->push(0, batch_from_text(kLeft, "r 3\ns ."), out);
  op->advance(0, kWatermarkEnd, out);
  EXPECT_EQ(out.text(), "+ p 1 TRUE\n- q 2 .\nwatermark 5\nr 3 TRUE\ns . .\nwatermark end\n");
  EXPECT_EQ(op->explain(), "Join mark, right side first a IN b");
}

TEST(MarkJoin, AnswersChangeAsTheRightSideGoesOn) {
  const MarkJoinOptions options = options_of(false, false);
  auto op = make_mark_join(options);
  CollectOutput out;
  op->push(0, batch_from_text(kLeft, "p 1\nq 2\nr ."), out);
  EXPECT_EQ(taken(out), "p 1 FALSE\nq 2 FALSE\nr . FALSE\n");
  op = restarted(*op, options);
  op->push(1, batch_from_text(kRight, "x 1\nx 1"), out);
  EXPECT_EQ(taken(out), "- p 1 FALSE\n+ p 1 TRUE\n- r . FALSE\n+ r . .\n");
  op->push(1, batch_from_text(kRight, "x ."), out);
  EXPECT_EQ(taken(out), "- q 2 FALSE\n+ q 2 .\n");
  op->push(1, batch_from_text(kRight, "- x 1"), out);
  EXPECT_EQ(taken(out), "") << "there were two of them";
  op->push(1, batch_from_text(kRight, "- x 1\n- x ."), out);
  op = restarted(*op, options);
  op->push(0, batch_from_text(kLeft, "- p 1\n+ p 5"), out);
  op->push(1, batch_from_text(kRight, "x 1"), out);
  EXPECT_EQ(op->state_rows(), 4u);
}

TEST(MarkJoin, ByKeys) {
  const MarkJoinOptions options = options_of(false, true);
  auto op = make_mark_join(options);
  CollectOutput out;
  op->push(0, batch_from_text(kLeft, "p 1\nq 1\n. 1"), out);
  EXPECT_EQ(taken(out), "p 1 FALSE\nq 1 FALSE\n. 1 FALSE\n");
  op->push(1, batch_from_text(kRight, "p 1\n. 1\nq ."), out);
  EXPECT_EQ(taken(out), "- p 1 FALSE\n+ p 1 TRUE\n- q 1 FALSE\n+ q 1 .\n");
  EXPECT_EQ(op->explain(), "Join mark a IN b on k = k");
}

TEST(MarkJoin, WithoutValuesItAsksWhetherThereAreRows) {
  const MarkJoinOptions options = options_of(false, false, false);
  auto op = make_mark_join(options);
  CollectOutput out;
  op->push(0, batch_from_text(kLeft, "p 1\nq ."), out);
  EXPECT_EQ(taken(out), "p 1 FALSE\nq . FALSE\n");
  op->push(1, batch_from_text(kRight, "x 1"), out);
  EXPECT_EQ(taken(out), "- p 1 FALSE\n+ p 1 TRUE\n- q . FALSE\n+ q . TRUE\n");
  op->push(1, batch_from_text(kRight, "x 2"), out);
  EXPECT_EQ(taken(out), "");
  op->push(1, batch_from_text(kRight, "- x 2\n- x 1"), out);
  EXPECT_EQ(taken(out), "- p 1 TRUE\n+ p 1 FALSE\n- q . TRUE\n+ q . FALSE\n");
}

TEST(MarkJoin, RowsGoWithTheAnswersWithWhichTheyCame) {
  MarkJoinOptions options = options_of(false, false);
  options.ttl_us = 100;
  auto op = make_mark_join(options);
  CollectOutput out;
  op->push(1, batch_from_text(kRight, "x 1"), out);
  op->context().now_us = 90;
  op->push(0, batch_from_text(kLeft, "p 1\nq 1\nr 2"), out);
  EXPECT_EQ(taken(out), "p 1 TRUE\nq 1 TRUE\nr 2 FALSE\n");
  op->tick(150, out);
  op = restarted(*op, options);
  op->context().now_us = 150;
  op->push(1, batch_from_text(kRight, "x 1"), out);
  EXPECT_EQ(taken(out), "") << "it was forgotten in between, but nobody was told so";
  op->push(0, batch_from_text(kLeft, "s 1"), out);
  EXPECT_EQ(taken(out), "s 1 TRUE\n");
  op->tick(260, out);
  op->push(0, batch_from_text(kLeft, "- p 1\n- s 1"), out);
  EXPECT_EQ(taken(out), "- p 1 FALSE\n- s 1 FALSE\n") << "forgotten";
}

TEST(MarkJoin, KeepsNothingOnceTheRightSideHasEnded) {
  auto op = make_mark_join(options_of(false, true));
  CollectOutput out;
  op->push(0, batch_from_text(kLeft, "p 1"), out);
  op->push(1, batch_from_text(kRight, "p 1"), out);
  op->advance(1, kWatermarkEnd, out);
  EXPECT_EQ(op->state_rows(), 1u);
  op->push(0, batch_from_text(kLeft, "p 2"), out);
  EXPECT_EQ(op->state_rows(), 1u);
}

}  // namespace
}  // namespace velo
