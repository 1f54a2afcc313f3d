#include <gtest/gtest.h>

#include "base/fmt.h"
#include "column/batch_text.h"
#include "column/time_text.h"
#include "operator/collect_output.h"
#include "operator/delay_watermark.h"
#include "operator/filter.h"
#include "operator/limit.h"
#include "operator/order_by.h"
#include "operator/processing_time.h"
#include "operator/project.h"
#include "operator/union.h"
#include "operator/values.h"
#include "operator/window_assign.h"

namespace velo {
namespace {

ExprPtr column(size_t index, Type type, const char* name) {
  return make_column(index, std::move(type), name);
}

/// A fresh operator that goes on where `op` stands.
Status restore(const Operator& op, Operator& fresh) {
  SnapshotWriter writer;
  op.save(writer);
  const std::string bytes = writer.finish();
  SnapshotReader reader = TRY(SnapshotReader::open(bytes));
  TRY(fresh.load(reader));
  EXPECT_TRUE(reader.at_end());
  return {};
}

TEST(Filter, KeepsTheRowsWhereThePredicateIsTrue) {
  const SchemaPtr schema = schema_from_text("k STRING, v BIGINT");
  auto op =
      make_filter({schema, *make_call(">", {column(1, Type::bigint(), "v"), make_integer(1)})});
  CollectOutput out;
  op->push(0, batch_from_text("k STRING, v BIGINT", "a 1\nb 2\nc .\nd 3"), out);
  op->push(0, batch_from_text("k STRING, v BIGINT", "e 0"), out);
  op->push(0, batch_from_text("k STRING, v BIGINT", "- f 9"), out);
  op->advance(0, 7, out);
  EXPECT_EQ(out.text(), "b 2\nd 3\n- f 9\nwatermark 7\n");
  EXPECT_EQ(op->explain(), "Filter v > 1");
}

TEST(Filter, RejectsTheRowsWhereThePredicateFails) {
  const SchemaPtr schema = schema_from_text("v BIGINT");
  const ExprPtr v = column(0, Type::bigint(), "v");
  auto op = make_filter(
      {schema, *make_call(">", {*make_call("/", {make_integer(6), v}), make_integer(1)})});
  CollectOutput out;
  op->push(0, batch_from_text("v BIGINT", "1\n0\n2\n9"), out);
  EXPECT_EQ(out.rows(), "1\n2\n");
  EXPECT_EQ(out.rejected(), "error 0\n");
}

TEST(ProcessingTime, IsTheClockAndItsWatermark) {
  const SchemaPtr schema = schema_from_text("v BIGINT, p TIMESTAMP_LTZ");
  auto op = make_processing_time({schema});
  CollectOutput out;
  op->context().now_us = 5'000'700;
  op->advance(0, 9'000'000'000, out);  // of another time
  op->push(0, batch_from_text("v BIGINT", "1\n2"), out);
  op->tick(5'000'900, out);
  op->context().now_us = 4'000'000;  // the clock was set back
  op->push(0, batch_from_text("v BIGINT", "3"), out);
  auto fresh = make_processing_time({schema});
  ASSERT_TRUE(restore(*op, *fresh).has_value());
  fresh->tick(5'001'000, out);
  fresh->advance(0, kWatermarkEnd, out);
  EXPECT_EQ(out.text(),
            "watermark 4999000\n1 1970-01-01T00:00:05Z\n2 1970-01-01T00:00:05Z\n"
            "3 1970-01-01T00:00:05Z\nwatermark 5000000\nwatermark end\n");
}

TEST(DelayWatermark, PassesRowsOnAndStaysBehind) {
  const SchemaPtr schema = schema_from_text("v BIGINT");
  auto op = make_delay_watermark({schema, 30});
  CollectOutput out;
  op->advance(0, kWatermarkNone, out);
  Batch batch = batch_from_text("v BIGINT", "1\n2");
  batch.watermarks = batch_from_text("w BIGINT", "90\n100").columns[0];
  struct Marks final : Output {
    std::string text;
    void emit(Batch rows) override {
      for (size_t i = 0; i < rows.rows; ++i) {
        text += fmt::format("{} ", rows.watermarks->int64_at(i));
      }
    }
    void advance(int64_t) override {}
    void reject(Rejected) override {}
  } marks;
  op->push(0, batch, marks);
  EXPECT_EQ(marks.text, "60 70 ");
  op->push(0, batch_from_text("v BIGINT", "3"), out);
  op->advance(0, 100, out);
  op->advance(0, kWatermarkEnd, out);
  EXPECT_EQ(out.text(), "3\nwatermark 70\nwatermark end\n");
}

TEST(Project, ComputesColumnsAndKeepsWeights) {
  const ExprPtr v = column(1, Type::bigint(), "v");
  auto op = make_project({schema_from_text("w BIGINT, k STRING"),
                          {*make_call("+", {v, v}), column(0, Type::string(), "k")}});
  CollectOutput out;
  op->push(0, batch_from_text("k STRING, v BIGINT", "+ a 1\n- b 2"), out);
  EXPECT_EQ(out.text(), "+ 2 a\n- 4 b\n");
  EXPECT_EQ(op->explain(), "Project v + v AS w, k");
}

TEST(Project, RejectsTheInputRowsThatFail) {
  const ExprPtr v = column(0, Type::bigint(), "v");
  auto op = make_project(
      {schema_from_text("w BIGINT"), {*make_call("/", {make_int64(Type::bigint(), 6), v})}});
  CollectOutput out;
  op->push(0, batch_from_text("v BIGINT", "3\n0"), out);
  op->push(0, batch_from_text("v BIGINT", "0"), out);
  EXPECT_EQ(out.rows(), "2\n");
  EXPECT_EQ(out.rejected(), "error 0\nerror 0\n");
}

TEST(Union, WatermarkIsTheLeastOfTheInputs) {
  auto op = make_union({schema_from_text("v BIGINT"), 2});
  CollectOutput out;
  op->push(0, batch_from_text("x BIGINT", "1"), out);
  op->advance(0, 10, out);
  op->push(1, batch_from_text("y BIGINT", "2"), out);
  op->advance(1, 5, out);
  op->advance(1, 20, out);
  auto fresh = make_union({schema_from_text("v BIGINT"), 2});
  ASSERT_TRUE(restore(*op, *fresh));
  fresh->advance(0, kWatermarkEnd, out);
  EXPECT_EQ(out.text(), "1\n2\nwatermark 5\nwatermark 10\nwatermark 20\n");
}

TEST(Union, ARowIsAsLateAsAmongAllInputs) {
  auto op = make_union({schema_from_text("v BIGINT"), 2});
  CollectOutput out;
  Batch batch = batch_from_text("v BIGINT", "1\n2");
  batch.watermarks = batch_from_text("w BIGINT", "10\n30").columns[0];
  op->push(0, batch, out);
  EXPECT_EQ(out.batches().back().watermarks, nullptr);
  op->advance(1, 20, out);
  op->push(0, batch, out);
  EXPECT_EQ(out.batches().back().watermarks->int64_at(0), 10);
  EXPECT_EQ(out.batches().back().watermarks->int64_at(1), 20);
}

TEST(Limit, CountsAcrossBatchesAndSnapshots) {
  const SchemaPtr schema = schema_from_text("v BIGINT");
  auto op = make_limit({schema, 3, 2});
  CollectOutput out;
  op->push(0, batch_from_text("v BIGINT", "1"), out);
  op->push(0, batch_from_text("v BIGINT", "2\n3"), out);
  EXPECT_TRUE(op->wants_more());
  auto fresh = make_limit({schema, 3, 2});
  ASSERT_TRUE(restore(*op, *fresh));
  fresh->push(0, batch_from_text("v BIGINT", "4\n5\n6"), out);
  EXPECT_FALSE(fresh->wants_more());
  fresh->push(0, batch_from_text("v BIGINT", "7"), out);
  EXPECT_EQ(out.text(), "3\n4\n5\n");
  EXPECT_FALSE(make_limit({schema, 0, 0})->wants_more());
}

TEST(Values, GivesItsRowsOnce) {
  auto op = make_values({batch_from_text("v BIGINT", "1\n2")});
  CollectOutput out;
  op->finish(out);
  op->finish(out);
  auto fresh = make_values({batch_from_text("v BIGINT", "1\n2")});
  ASSERT_TRUE(restore(*op, *fresh));
  fresh->finish(out);
  EXPECT_EQ(out.text(), "1\n2\n");
}

TEST(OrderBy, SortsByKeysThenByTheOtherColumns) {
  const SchemaPtr schema = schema_from_text("k STRING, v BIGINT");
  OrderByOptions options{schema, {{1, true, false}}};
  auto op = make_order_by(options);
  CollectOutput out;
  op->push(0, batch_from_text("k STRING, v BIGINT", "d 1\nc 2\nx ."), out);
  op->advance(0, 5, out);
  auto fresh = make_order_by(options);
  ASSERT_TRUE(restore(*op, *fresh));
  fresh->push(0, batch_from_text("k STRING, v BIGINT", "a 2\nb 3"), out);
  EXPECT_EQ(out.text(), "");
  EXPECT_EQ(fresh->state_rows(), 5u);
  fresh->advance(0, kWatermarkEnd, out);
  fresh->finish(out);
  EXPECT_EQ(out.rows(), "b 3\na 2\nc 2\nd 1\nx .\n");
  EXPECT_EQ(fresh->explain(), "OrderBy v DESC");
}

TEST(OrderBy, LimitAndOffset) {
  OrderByOptions options{schema_from_text("v BIGINT"), {{0, false, true}}, 2, 1};
  auto op = make_order_by(options);
  CollectOutput out;
  op->push(0, batch_from_text("v BIGINT", "3\n1\n."), out);
  op->push(0, batch_from_text("v BIGINT", "2"), out);
  op->advance(0, kWatermarkEnd, out);
  op->finish(out);
  EXPECT_EQ(out.rows(), "1\n2\n");
}

TEST(OrderBy, HoldsLittleMoreThanTheLimit) {
  OrderByOptions options{schema_from_text("v BIGINT"), {{0, false, true}}, 2, 0};
  auto op = make_order_by(options);
  CollectOutput out;
  for (int i = 200; i > 0; --i) {
    std::string rows;
    for (int j = 0; j < 1000; ++j) rows += fmt::format("{}\n", i * 1000 - j);
    op->push(0, batch_from_text("v BIGINT", rows), out);
    EXPECT_LE(op->state_rows(), 67000u);
  }
  op->advance(0, kWatermarkEnd, out);
  op->finish(out);
  EXPECT_EQ(out.rows(), "1\n2\n");
}

TEST(OrderBy, RetractionsTakeTheirRowsOut) {
  OrderByOptions options{schema_from_text("k STRING, v BIGINT"), {{1, false, true}}};
  auto op = make_order_by(options);
  CollectOutput out;
  op->push(0, batch_from_text("k STRING, v BIGINT", "+ a 1\n+ b 1"), out);
  op->push(0, batch_from_text("k STRING, v BIGINT", "- a 1\n+ a 2"), out);
  op->advance(0, kWatermarkEnd, out);
  // What comes at the very end is sorted in with the rest.
  op->push(0, batch_from_text("k STRING, v BIGINT", "+ c 0"), out);
  op->finish(out);
  EXPECT_EQ(out.rows(), "c 0\nb 1\na 2\n");
}

TEST(WindowAssign, EveryRowOncePerWindow) {
  WindowAssignOptions options;
  options.output = schema_from_text(
      "k STRING, ts TIMESTAMP, window_start TIMESTAMP, window_end TIMESTAMP, "
      "window_time TIMESTAMP");
  options.window.kind = WindowKind::kHop;
  options.window.size = 10 * kUsPerSecond;
  options.window.slide = 5 * kUsPerSecond;
  options.time_column = 1;
  auto op = make_window_assign(options);
  CollectOutput out;
  op->push(0,
           batch_from_text("k STRING, ts TIMESTAMP",
                           "a '1970-01-01 00:00:07'\nb .\nc '1970-01-01 00:00:10'"),
           out);
  EXPECT_EQ(out.rows(),
            "a 1970-01-01T00:00:07 1970-01-01T00:00:00 1970-01-01T00:00:10 "
            "1970-01-01T00:00:09.999\n"
            "a 1970-01-01T00:00:07 1970-01-01T00:00:05 1970-01-01T00:00:15 "
            "1970-01-01T00:00:14.999\n"
            "c 1970-01-01T00:00:10 1970-01-01T00:00:05 1970-01-01T00:00:15 "
            "1970-01-01T00:00:14.999\n"
            "c 1970-01-01T00:00:10 1970-01-01T00:00:10 1970-01-01T00:00:20 "
            "1970-01-01T00:00:19.999\n");
  EXPECT_EQ(out.rejected(), "no time b .\n");
}

}  // namespace
}  // namespace velo
