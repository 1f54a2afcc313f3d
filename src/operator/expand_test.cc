#include "operator/expand.h"

#include <gtest/gtest.h>

#include "operator/collect_output.h"

namespace velo {
namespace {

std::unique_ptr<Operator> rollup() {
  const ExprPtr a = make_column(0, Type::string(), "a");
  const ExprPtr half =
      *make_call("/", {make_int64(Type::bigint(), 10), make_column(1, Type::bigint(), "v")});
  return make_expand({schema_from_text("a STRING, v BIGINT"),
                      schema_from_text("a STRING, v BIGINT, ka STRING, kv BIGINT, s BIGINT"),
                      {a, half},
                      {{true, true}, {true, false}, {false, false}}});
}

TEST(Expand, GivesEveryRowOncePerSet) {
  auto op = rollup();
  CollectOutput out;
  op->push(0, batch_from_text("a STRING, v BIGINT", "+ x 5\n- y 2"), out);
  op->advance(0, 7, out);
  EXPECT_EQ(out.text(),
            "+ x 5 x 2 0\n- y 2 y 5 0\n"
            "+ x 5 x . 1\n- y 2 y . 1\n"
            "+ x 5 . . 2\n- y 2 . . 2\n"
            "watermark 7\n");
  EXPECT_EQ(op->explain(), "Expand (a, 10 / v) (a) ()");
}

TEST(Expand, ARowWhoseKeyFailsLeavesOnce) {
  auto op = rollup();
  CollectOutput out;
  op->push(0, batch_from_text("a STRING, v BIGINT", "x 0\ny 2"), out);
  EXPECT_EQ(out.rows(), "y 2 y 5 0\ny 2 y . 1\ny 2 . . 2\n");
  EXPECT_EQ(out.rejected(), "error x 0\n");
}

TEST(Expand, CopiesOfARowStandTogetherWhereWatermarksDo) {
  auto op = rollup();
  Batch batch = batch_from_text("a STRING, v BIGINT", "x 5\ny 2");
  batch.watermarks = batch_from_text("w BIGINT", "1\n9").columns[0];
  CollectOutput out;
  op->push(0, batch, out);
  EXPECT_EQ(out.rows(), "x 5 x 2 0\nx 5 x . 1\nx 5 . . 2\ny 2 y 5 0\ny 2 y . 1\ny 2 . . 2\n");
  EXPECT_EQ(out.batches()[0].watermarks->int64_at(2), 1);
  EXPECT_EQ(out.batches()[0].watermarks->int64_at(3), 9);
}

}  // namespace
}  // namespace velo
