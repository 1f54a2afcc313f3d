#include "operator/asof_join.h"

#include <gtest/gtest.h>

#include "column/batch_text.h"
#include "column/column_builder.h"
#include "operator/collect_output.h"

namespace velo {
namespace {

constexpr std::string_view kLeft = "k STRING, a BIGINT, t BIGINT";
constexpr std::string_view kRight = "k STRING, b BIGINT, t BIGINT";

AsofJoinOptions options_of(bool outer) {
  AsofJoinOptions options;
  options.outer = outer;
  options.inputs[0] = {schema_from_text(kLeft), {0}, 2, 0};
  options.inputs[1] = {schema_from_text(kRight), {0}, 2, 0};
  options.output = schema_from_text("k STRING, a BIGINT, t BIGINT, k STRING, b BIGINT, t BIGINT");
  return options;
}

TEST(AsofJoin, FindsTheVersionThatHeldAtTheRowsTime) {
  auto op = make_asof_join(options_of(true));
  CollectOutput out;
  op->push(0, batch_from_text(kLeft, "x 1 15\nx 2 9\nx 3 20\ny 4 15\n. 5 16"), out);
  op->push(1, batch_from_text(kRight, "x 30 20\nx 10 10\nx 11 10\n. 12 10"), out);
  op->advance(0, 100, out);
  EXPECT_EQ(out.text(), "");
  op->advance(1, 16, out);
  EXPECT_EQ(out.text(), "x 2 9 . . .\nx 1 15 x 11 10\ny 4 15 . . .\n. 5 16 . . .\nwatermark 16\n");
  out.clear();
  SnapshotWriter writer;
  op->save(writer);
  const std::string bytes = writer.finish();
  SnapshotReader reader = *SnapshotReader::open(bytes);
  op = make_asof_join(options_of(true));
  ASSERT_TRUE(static_cast<bool>(op->load(reader)));
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(op->state_rows(), 3u) << "two that wait, one version";
  op->push(1, batch_from_text(kRight, "y 40 19"), out);
  op->push(0, batch_from_text(kLeft, "y 6 19\nx 7 18"), out);
  op->advance(1, kWatermarkEnd, out);
  EXPECT_EQ(out.text(), "x 7 18 x 11 10\ny 6 19 y 40 19\nx 3 20 x 30 20\nwatermark 100\n");
}

TEST(AsofJoin, InnerLeavesOutRowsWithoutVersionAndStrictMeansBefore) {
  AsofJoinOptions options = options_of(false);
  options.until_us = -1;
  auto op = make_asof_join(options);
  CollectOutput out;
  op->push(0, batch_from_text(kLeft, "x 1 10\nx 2 11"), out);
  op->push(1, batch_from_text(kRight, "x 10 10"), out);
  op->advance(0, kWatermarkEnd, out);
  op->advance(1, kWatermarkEnd, out);
  EXPECT_EQ(out.rows(), "x 2 11 x 10 10\n");
}

TEST(AsofJoin, LateRowsAreRejected) {
  auto op = make_asof_join(options_of(false));
  CollectOutput out;
  Batch batch = batch_from_text(kRight, "x 1 5\nx 2 6");
  ColumnBuilder watermarks(Type::bigint());
  watermarks.append_int64(5);
  watermarks.append_int64(5);
  batch.watermarks = watermarks.finish();
  op->push(1, batch, out);
  EXPECT_EQ(out.rejected().substr(0, 11), "late x 1 5 ");
  EXPECT_EQ(op->state_rows(), 1u);
}

}  // namespace
}  // namespace velo
