#include "state/snapshot.h"

#include <gtest/gtest.h>

#include "column/batch_text.h"

namespace velo {
namespace {

TEST(Snapshot, GivesBackWhatWasWritten) {
  const Batch batch = batch_from_text("k STRING, v BIGINT", "a 1\n . 2\n 'a text that is long' .");
  SnapshotWriter writer;
  writer.section("here");
  writer.u8(7);
  writer.f64(-0.5);
  writer.string("");
  for (const ColumnPtr& column : batch.columns) writer.column(*column);
  const std::string bytes = writer.finish();
  SnapshotReader reader = SnapshotReader::open(bytes).value();
  EXPECT_TRUE(reader.section("here"));
  EXPECT_EQ(reader.u8().value(), 7);
  EXPECT_EQ(reader.f64().value(), -0.5);
  EXPECT_EQ(reader.string().value(), "");
  Batch again = batch;
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    again.columns[i] = reader.column((*batch.schema)[i].type).value();
  }
  EXPECT_EQ(batch_to_text(again), batch_to_text(batch));
  EXPECT_TRUE(reader.at_end());
}

// An empty vector gives no place to read to.
TEST(Snapshot, NothingIsReadIntoNowhere) {
  SnapshotWriter writer;
  writer.u8(1);
  const std::string bytes = writer.finish();
  SnapshotReader reader = SnapshotReader::open(bytes).value();
  EXPECT_TRUE(reader.raw(nullptr, 0));
  EXPECT_EQ(reader.u8().value(), 1);
  EXPECT_TRUE(reader.raw(nullptr, 0));
  EXPECT_TRUE(reader.at_end());
}

}  // namespace
}  // namespace velo
