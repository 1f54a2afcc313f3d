#include "operator/build_join.h"

#include <gtest/gtest.h>

#include "column/batch_text.h"
#include "operator/collect_output.h"

namespace velo {
namespace {

constexpr std::string_view kLeft = "k STRING, a BIGINT";
constexpr std::string_view kRight = "k STRING, b BIGINT";

BuildJoinOptions options_of(JoinKind kind, size_t build = 1) {
  BuildJoinOptions options;
  options.kind = kind;
  options.inputs[0] = {schema_from_text(kLeft), {0}, -1, 0};
  options.inputs[1] = {schema_from_text(kRight), {0}, -1, 0};
  const bool left_only = kind == JoinKind::kSemi || kind == JoinKind::kAnti;
  options.output = schema_from_text(left_only ? kLeft : "k STRING, a BIGINT, k STRING, b BIGINT");
  options.build = build;
  return options;
}

/// What comes of two left batches around the end of the right side.
std::string run(JoinKind kind) {
  auto op = make_build_join(options_of(kind));
  CollectOutput out;
  op->push(1, batch_from_text(kRight, "x 1\ny 2\nx 3\nz 4"), out);
  op->push(0, batch_from_text(kLeft, "+ x 10\n- n 11"), out);
  op->advance(0, 5, out);
  EXPECT_EQ(out.text(), "") << "nothing before the other side is whole";
  SnapshotWriter writer;
  op->save(writer);
  const std::string bytes = writer.finish();
  SnapshotReader reader = *SnapshotReader::open(bytes);
  op = make_build_join(options_of(kind));
  EXPECT_TRUE(static_cast<bool>(op->load(reader)));
  EXPECT_TRUE(reader.at_end());
  op->push(1, batch_from_text(kRight, ". 5"), out);
  op->advance(1, kWatermarkEnd, out);
  op->push(0, batch_from_text(kLeft, "y 12\n. 13"), out);
  op->advance(0, kWatermarkEnd, out);
  op->finish(out);
  return out.text();
}

TEST(BuildJoin, Inner) {
  EXPECT_EQ(run(JoinKind::kInner),
            "+ x 10 x 1\n+ x 10 x 3\nwatermark 5\ny 12 y 2\nwatermark end\n");
}

TEST(BuildJoin, LeftPadsRowsThatPassAlone) {
  EXPECT_EQ(run(JoinKind::kLeft),
            "+ x 10 x 1\n+ x 10 x 3\n- n 11 . .\nwatermark 5\ny 12 y 2\n. 13 . .\n"
            "watermark end\n");
}

TEST(BuildJoin, RightAndFullGiveTheLonelyBuildRowsAtTheEnd) {
  EXPECT_EQ(run(JoinKind::kRight),
            "+ x 10 x 1\n+ x 10 x 3\nwatermark 5\ny 12 y 2\n. . z 4\n. . . 5\nwatermark end\n");
  EXPECT_EQ(run(JoinKind::kFull),
            "+ x 10 x 1\n+ x 10 x 3\n- n 11 . .\nwatermark 5\ny 12 y 2\n. 13 . .\n. . z 4\n"
            ". . . 5\nwatermark end\n");
}

TEST(BuildJoin, SemiAndAnti) {
  EXPECT_EQ(run(JoinKind::kSemi), "+ x 10\nwatermark 5\ny 12\nwatermark end\n");
  EXPECT_EQ(run(JoinKind::kAnti), "- n 11\nwatermark 5\n. 13\nwatermark end\n");
}

TEST(BuildJoin, TheLeftSideMayBeTheOneThatEnds) {
  auto op = make_build_join(options_of(JoinKind::kRight, 0));
  CollectOutput out;
  op->push(0, batch_from_text(kLeft, "x 1"), out);
  op->advance(0, kWatermarkEnd, out);
  op->push(1, batch_from_text(kRight, "x 2\ny 3"), out);
  EXPECT_EQ(out.text(), "x 1 x 2\n. . y 3\n");
}

TEST(BuildJoin, WithoutKeysEveryPairIsLookedAt) {
  BuildJoinOptions options = options_of(JoinKind::kInner);
  options.inputs[0].keys.clear();
  options.inputs[1].keys.clear();
  options.residual =
      *make_call("<", {make_column(1, Type::bigint(), "a"), make_column(3, Type::bigint(), "b")});
  auto op = make_build_join(options);
  CollectOutput out;
  op->push(1, batch_from_text(kRight, "u 1\nv 5\nw 9"), out);
  op->advance(1, kWatermarkEnd, out);
  op->push(0, batch_from_text(kLeft, "x 4\ny 8"), out);
  EXPECT_EQ(out.text(), "x 4 v 5\nx 4 w 9\ny 8 w 9\n");
}

}  // namespace
}  // namespace velo
