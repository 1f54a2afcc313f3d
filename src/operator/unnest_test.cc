#include "operator/unnest.h"

#include <gtest/gtest.h>

#include "operator/collect_output.h"

namespace velo {
namespace {

/// SPLIT(list, ',') of a column.
ExprPtr parts() {
  return *make_call("SPLIT", {make_column(1, Type::string(), "list"), make_string(",")});
}

Batch lists() { return batch_from_text("id BIGINT, list STRING", "+ 1 a,b\n- 2 .\n+ 3 c"); }

TEST(Unnest, GivesEveryRowOncePerElement) {
  auto op = make_unnest({schema_from_text("id BIGINT, list STRING"),
                         schema_from_text("id BIGINT, list STRING, x STRING, n BIGINT"), parts(),
                         true, false});
  CollectOutput out;
  op->push(0, lists(), out);
  op->advance(0, 7, out);
  EXPECT_EQ(out.text(), "+ 1 a,b a 1\n+ 1 a,b b 2\n+ 3 c c 1\nwatermark 7\n");
  EXPECT_EQ(op->explain(), "Unnest SPLIT(list, ',')");
}

TEST(Unnest, KeepsARowWithoutElementsWhereAskedTo) {
  auto op = make_unnest({schema_from_text("id BIGINT, list STRING"),
                         schema_from_text("id BIGINT, list STRING, x STRING, n BIGINT"), parts(),
                         true, true});
  CollectOutput out;
  op->push(0, lists(), out);
  EXPECT_EQ(out.rows(), "+ 1 a,b a 1\n+ 1 a,b b 2\n- 2 . . .\n+ 3 c c 1\n");
}

TEST(Unnest, AnElementThatIsARowBecomesItsFields) {
  const ExprPtr id = make_column(0, Type::bigint(), "id");
  const ExprPtr none = make_null(Type::row({"f0", "f1"}, {Type::bigint(), Type::bigint()}));
  const ExprPtr pairs = *make_call("ARRAY", {*make_call("ROW", {id, id}), none});
  auto op = make_unnest({schema_from_text("id BIGINT"),
                         schema_from_text("id BIGINT, a BIGINT, b BIGINT"), pairs, false, false});
  CollectOutput out;
  op->push(0, batch_from_text("id BIGINT", "1\n2"), out);
  EXPECT_EQ(out.rows(), "1 1 1\n1 . .\n2 2 2\n2 . .\n");
}

TEST(Unnest, ManyElementsComeInSeveralBatches) {
  const ExprPtr series =
      *make_call("GENERATE_SERIES", {make_integer(1), make_column(0, Type::bigint(), "n")});
  auto op = make_unnest(
      {schema_from_text("n BIGINT"), schema_from_text("n BIGINT, i BIGINT"), series, false, false});
  CollectOutput out;
  op->push(0, batch_from_text("n BIGINT", "3000\n3000\n9000"), out);
  size_t rows = 0;
  for (const Batch& batch : out.batches()) rows += batch.rows;
  EXPECT_EQ(rows, 15000u);
  EXPECT_EQ(out.batches().size(), 3u);
}

}  // namespace
}  // namespace velo
