#include "runtime/watermark.h"

#include <gtest/gtest.h>

#include "column/batch_text.h"
#include "operator/collect_output.h"

namespace velo {
namespace {

constexpr const char* kSchema = "v BIGINT, ts TIMESTAMP";

/// Rows with the given times (µs), numbered from 0; −1 = NULL.
Batch rows_at(const std::vector<int64_t>& times) {
  ColumnBuilder v(Type::bigint()), ts(Type::timestamp());
  for (size_t i = 0; i < times.size(); ++i) {
    v.append_int64(static_cast<int64_t>(i));
    if (times[i] < 0) {
      ts.append_null();
    } else {
      ts.append_int64(times[i]);
    }
  }
  return {schema_from_text(kSchema), times.size(), {v.finish(), ts.finish()}, nullptr, nullptr};
}

std::vector<int64_t> in_force(const Batch& batch) {
  std::vector<int64_t> values;
  for (size_t i = 0; batch.watermarks && i < batch.rows; ++i) {
    values.push_back(batch.watermarks->int64_at(i));
  }
  return values;
}

struct Fixture {
  explicit Fixture(WatermarkOptions options, size_t partitions = 1) : assigner(std::move(options)) {
    for (size_t i = 0; i < partitions; ++i) assigner.add_partition();
  }
  Batch assign(const std::vector<int64_t>& times, size_t partition = 0, int64_t now = 0) {
    Batch batch = rows_at(times);
    assigner.assign(partition, batch, now, out, metrics);
    assigner.combiner().update(now);
    return batch;
  }
  int64_t watermark() const { return assigner.combiner().combined(); }

  WatermarkAssigner assigner;
  CollectOutput out;
  SourceMetrics metrics;
};

WatermarkOptions delayed(int64_t delay_us) { return {1, delay_us, nullptr, 1000, std::nullopt}; }

TEST(Watermark, IsTheRunningMaximumMinusTheDelay) {
  Fixture f(delayed(5));
  EXPECT_EQ(in_force(f.assign({10, 12, 11})), std::vector<int64_t>{});
  EXPECT_EQ(f.watermark(), 7);
  EXPECT_EQ(in_force(f.assign({9})), std::vector<int64_t>{});
  EXPECT_EQ(f.watermark(), 7);
}

TEST(Watermark, LatenessIsNotedRowByRow) {
  Fixture f(delayed(0));
  // The row at 20 is not late by itself; the ones after it are judged by it.
  EXPECT_EQ(in_force(f.assign({10, 20, 15, 20, 21})),
            (std::vector<int64_t>{kWatermarkNone, 10, 20, 20, 20}));
  EXPECT_EQ(f.metrics.late.get(), 2u);
}

TEST(Watermark, BatchSizeDoesNotMatter) {
  const std::vector<int64_t> times = {10, 30, 5, 25, 31, 60, 59, 12, 61};
  std::vector<int64_t> expected;
  for (const size_t size : {1, 2, 3, 9}) {
    Fixture f(delayed(3));
    std::vector<int64_t> late;  // watermark in force for rows that are behind it, else none
    for (size_t i = 0; i < times.size(); i += size) {
      const std::vector<int64_t> part(
          times.begin() + static_cast<ptrdiff_t>(i),
          times.begin() + static_cast<ptrdiff_t>(std::min(times.size(), i + size)));
      const Batch batch = f.assign(part);
      for (size_t row = 0; row < part.size(); ++row) {
        const int64_t w = batch.watermarks ? batch.watermarks->int64_at(row) : kWatermarkNone;
        late.push_back(part[row] <= w ? w : kWatermarkNone);
      }
    }
    if (expected.empty()) expected = late;
    EXPECT_EQ(late, expected) << size;
    EXPECT_EQ(f.watermark(), 58);
  }
}

TEST(Watermark, LeastOverActivePartitions) {
  Fixture f(delayed(0), 2);
  f.assign({100}, 0);
  EXPECT_EQ(f.watermark(), kWatermarkNone);
  f.assign({50}, 1);
  EXPECT_EQ(f.watermark(), 50);
  // Late in its own partition, not among both.
  EXPECT_EQ(in_force(f.assign({70}, 0)), std::vector<int64_t>{});
  f.assigner.combiner().set_finished(1);
  f.assigner.combiner().update(0);
  EXPECT_EQ(f.watermark(), 100);
  f.assigner.combiner().set_finished(0);
  f.assigner.combiner().update(0);
  EXPECT_EQ(f.watermark(), kWatermarkEnd);
}

TEST(Watermark, IdlePartitionsHoldNobodyBack) {
  Fixture f(delayed(0), 2);
  f.assign({100}, 0, 0);
  f.assign({50}, 1, 0);
  f.assigner.quiet(1, 100);
  f.assign({120}, 0, 900);
  f.assigner.quiet(1, 999);
  f.assigner.combiner().update(999);
  EXPECT_EQ(f.watermark(), 50);
  f.assigner.quiet(1, 1000);
  f.assigner.combiner().update(1000);
  EXPECT_EQ(f.watermark(), 120);
  // It comes back behind the watermark: its rows are late, and nothing goes back.
  EXPECT_EQ(in_force(f.assign({60}, 1, 1200)), std::vector<int64_t>{120});
  EXPECT_EQ(f.watermark(), 120);
}

TEST(Watermark, WhenAllAreIdleTheClockMovesIt) {
  Fixture f(delayed(0));
  f.assign({100}, 0, 5000);
  f.assigner.quiet(0, 5000);
  f.assigner.quiet(0, 5999);
  f.assigner.combiner().update(5999);
  EXPECT_EQ(f.watermark(), 100);
  f.assigner.quiet(0, 6000);
  f.assigner.combiner().update(6000);
  EXPECT_EQ(f.watermark(), 1100);
  f.assigner.combiner().update(6500);
  EXPECT_EQ(f.watermark(), 1600);
}

TEST(Watermark, APartitionWithoutEventsIsIdleFromTheFirstLook) {
  Fixture f(delayed(0), 2);
  f.assign({100}, 0, 5000);
  f.assigner.quiet(1, 5000);
  f.assigner.quiet(1, 5999);
  f.assigner.combiner().update(5999);
  EXPECT_EQ(f.watermark(), kWatermarkNone);
  f.assigner.quiet(1, 6000);
  f.assigner.combiner().update(6000);
  EXPECT_EQ(f.watermark(), 100);
}

TEST(Watermark, FutureRowsAndRowsWithoutTimeLeave) {
  WatermarkOptions options = delayed(0);
  options.max_future_us = 1000;
  Fixture f(options);
  const Batch batch = f.assign({100, 5001, -1, 5000}, 0, 4000);
  EXPECT_EQ(batch.rows, 2u);
  EXPECT_EQ(f.watermark(), 5000);
  EXPECT_EQ(f.out.rejected(), "future 1 1970-01-01T00:00:00.005001\nno time 2 .\n");
  EXPECT_EQ(f.metrics.future.get(), 1u);
  EXPECT_EQ(f.metrics.no_time.get(), 1u);
  EXPECT_EQ(f.assign({-1, 9000}, 0, 4000).rows, 0u);
}

TEST(Watermark, AnyExpressionMayBeTheStrategy) {
  const ExprPtr ts = make_column(1, Type::timestamp(), "ts");
  WatermarkOptions options = delayed(0);
  options.delay_us.reset();
  options.strategy = *make_call("-", {ts, make_int64(Type::interval_day(), 7)});
  Fixture f(options);
  EXPECT_EQ(in_force(f.assign({10, 20, 13})), (std::vector<int64_t>{kWatermarkNone, 3, 13}));
  EXPECT_EQ(f.watermark(), 13);
}

TEST(Watermark, GoesOnFromASnapshot) {
  Fixture f(delayed(0), 2);
  f.assign({100}, 0, 0);
  f.assign({50}, 1, 0);
  f.assigner.quiet(1, 10);
  SnapshotWriter writer;
  f.assigner.save(writer);
  const std::string bytes = writer.finish();
  Fixture g(delayed(0), 2);
  SnapshotReader reader = *SnapshotReader::open(bytes);
  ASSERT_TRUE(g.assigner.load(reader));
  EXPECT_EQ(g.watermark(), 50);
  g.assigner.quiet(1, 1000);
  g.assigner.combiner().update(1000);
  EXPECT_EQ(g.watermark(), 100);
}

}  // namespace
}  // namespace velo
