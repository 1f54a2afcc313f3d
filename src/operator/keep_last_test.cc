#include "operator/keep_last.h"

#include <gtest/gtest.h>

#include "operator/collect_output.h"

namespace velo {
namespace {

constexpr std::string_view kSchema = "k STRING, v BIGINT";

Batch rows(std::string_view text) { return batch_from_text(kSchema, text); }

TEST(KeepLast, ShowsTheRowThatCameLast) {
  auto op = make_keep_last({schema_from_text(kSchema), {0}, 0});
  CollectOutput out;
  op->push(0, rows("a 1\na 2\nb 5"), out);
  EXPECT_EQ(out.rows(), "+ a 1\n- a 1\n+ a 2\n+ b 5\n");
  out.clear();
  op->push(0, rows("- a 1\n- b 5"), out);
  EXPECT_EQ(out.rows(), "- b 5\n") << "a 1 was not shown any more";
}

TEST(KeepLast, GoesBackToTheRowBefore) {
  auto op = make_keep_last({schema_from_text(kSchema), {0}, 0});
  CollectOutput out;
  op->push(0, rows("a 1\na 2"), out);
  SnapshotWriter writer;
  op->save(writer);
  const std::string bytes = writer.finish();
  SnapshotReader reader = *SnapshotReader::open(bytes);
  auto fresh = make_keep_last({schema_from_text(kSchema), {0}, 0});
  ASSERT_TRUE(static_cast<bool>(fresh->load(reader)));
  EXPECT_TRUE(reader.at_end());
  out.clear();
  fresh->push(0, rows("- a 2\n- a 7\n+ . 1"), out);
  EXPECT_EQ(out.rows(), "- a 2\n+ a 1\n");
  EXPECT_EQ(out.rejected(), "error + . 1\nunmatched - a 7\n");
  EXPECT_EQ(fresh->state_rows(), 1u);
}

}  // namespace
}  // namespace velo
