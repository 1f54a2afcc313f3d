#include "cli/text_table.h"

#include <gtest/gtest.h>

#include "cli/progress_line.h"
#include "cli/run_command.h"
#include "column/batch_text.h"

namespace velo {
namespace {

TEST(TextTable, AlignsNumbersToTheRight) {
  const Batch batch = batch_from_text("name STRING, n BIGINT", "Zürich 7\n. 1234\n");
  TextTable table(batch.schema);
  table.add(batch);
  EXPECT_EQ(table.render(),
            " name   | n\n"
            "--------+------\n"
            " Zürich |    7\n"
            " NULL   | 1234\n");
  EXPECT_EQ(table.rows(), 2u);
}

TEST(TextTable, LaterRowsWidenWithoutANewHeader) {
  const Batch first = batch_from_text("a STRING, b STRING", "x y\n");
  const Batch second = batch_from_text("a STRING, b STRING", "long z\n");
  TextTable table(first.schema);
  table.add(first);
  EXPECT_EQ(table.render(), " a | b\n---+---\n x | y\n");
  table.add(second);
  EXPECT_EQ(table.render(), " long | z\n");
}

TEST(ProgressText, Numbers) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(short_number(850), "850");
  EXPECT_EQ(short_number(12345), "12.3 k");
  EXPECT_EQ(short_number(5214000), "5.21 M");
  EXPECT_EQ(short_duration(0.214), "0.21 s");
  EXPECT_EQ(short_duration(185), "3 min 05 s");
  EXPECT_EQ(short_duration(7440), "2 h 04 min");
}

TEST(ProgressText, Line) {
  Progress progress;
  progress.rows_in = 1'200'000;
  progress.bytes_in = 25;
  progress.bytes_total = 100;
  progress.watermark_us = 1'704'067'200'000'000;
  EXPECT_EQ(progress_text(progress, 5.2e6, 1.0),
            "1,200,000 rows in  5.20 M rows/s  watermark 2024-01-01T00:00:00Z  25 %  ETA 3.00 s");
}

TEST(ClosingCounts, SilentWhenNothingWasLost) {
  Progress progress;
  progress.rows_in = 1000;
  EXPECT_EQ(closing_counts(progress), "");
  progress.rows_late = 2;
  progress.rows_bad = 1;
  const std::string text = closing_counts(progress);
  EXPECT_TRUE(text.starts_with(
      "warning: 3 rows did not make it into the answers (1,000 rows in):\n  1 bad: "))
      << text;
  EXPECT_NE(text.find("\n  2 late: "), std::string::npos);
}

}  // namespace
}  // namespace velo
