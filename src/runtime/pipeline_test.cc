#include "runtime/pipeline.h"

#include <gtest/gtest.h>

#include "column/batch_text.h"
#include "operator/collect_output.h"
#include "operator/filter.h"
#include "operator/limit.h"
#include "operator/union.h"
#include "operator/values.h"

namespace velo {
namespace {

/// Collects as a Port.
struct CollectPort final : Port {
  void emit(Batch batch) override { text += batch_to_text(batch); }
  void advance(int64_t w) override {
    text += w == kWatermarkEnd ? "watermark end\n" : fmt::format("watermark {}\n", w);
  }
  void reject(Rejected) override {}
  void end() override { text += "end\n"; }
  std::string text;
};

struct CollectRejects final : RejectTarget {
  void reject(size_t node, Rejected rejected) override {
    text += fmt::format("node {}: {}", node, batch_to_text(rejected.rows));
  }
  std::string text;
};

std::unique_ptr<Operator> over_three() {
  const ExprPtr v = make_column(0, Type::bigint(), "v");
  return make_filter({schema_from_text("v BIGINT"),
                      *make_call(">", {*make_call("/", {make_integer(12), v}), make_integer(3)})});
}

TEST(Pipeline, CallsRunThroughToTheEnd) {
  Pipeline pipeline;
  CollectRejects rejects;
  pipeline.set_rejects(&rejects);
  const size_t filter = pipeline.add(over_three(), 1);
  const size_t limit = pipeline.add(make_limit({schema_from_text("v BIGINT"), 2}), 1);
  pipeline.connect(filter, limit, 0);
  CollectPort out;
  pipeline.connect(limit, out);
  pipeline.start();
  Port& in = pipeline.input(filter, 0);
  in.emit(batch_from_text("v BIGINT", "1\n0\n6"));
  in.advance(5);
  in.advance(5);
  EXPECT_TRUE(in.wants_more());
  in.emit(batch_from_text("v BIGINT", "2\n3"));
  EXPECT_FALSE(in.wants_more());
  in.end();
  in.end();
  EXPECT_EQ(out.text, "1\nwatermark 5\n2\nwatermark end\nend\n");
  EXPECT_EQ(rejects.text, "node 0: 0\n");
  EXPECT_EQ(pipeline.metrics(filter).rows_in.get(), 5u);
  EXPECT_EQ(pipeline.metrics(filter).rows_out.get(), 3u);
  EXPECT_EQ(pipeline.metrics(filter).failed.get(), 1u);
}

TEST(Pipeline, EndsOnceAllInputsHave) {
  Pipeline pipeline;
  const size_t values = pipeline.add(make_values({batch_from_text("v BIGINT", "7")}), 0);
  const size_t both = pipeline.add(make_union({schema_from_text("v BIGINT"), 2}), 2);
  pipeline.connect(values, both, 0);
  CollectPort out;
  CollectPort copy;
  pipeline.connect(both, out);
  pipeline.connect(both, copy);
  pipeline.start();
  pipeline.input(both, 1).emit(batch_from_text("v BIGINT", "8"));
  pipeline.input(both, 1).advance(3);
  EXPECT_EQ(out.text, "7\n8\nwatermark 3\n");
  pipeline.input(both, 1).end();
  EXPECT_EQ(out.text, "7\n8\nwatermark 3\nwatermark end\nend\n");
  EXPECT_EQ(copy.text, out.text);
}

TEST(Pipeline, GoesOnFromASnapshot) {
  const auto build = [](Pipeline& pipeline, Port& out) {
    pipeline.connect(pipeline.add(make_limit({schema_from_text("v BIGINT"), 2}), 1), out);
  };
  Pipeline before;
  CollectPort out;
  build(before, out);
  before.input(0, 0).emit(batch_from_text("v BIGINT", "1"));
  SnapshotWriter writer;
  before.save(writer);
  const std::string bytes = writer.finish();

  Pipeline after;
  build(after, out);
  SnapshotReader reader = *SnapshotReader::open(bytes);
  ASSERT_TRUE(after.load(reader));
  after.input(0, 0).emit(batch_from_text("v BIGINT", "2\n3"));
  EXPECT_EQ(out.text, "1\n2\n");

  Pipeline other;
  other.add(over_three(), 1);
  SnapshotReader again = *SnapshotReader::open(bytes);
  const Status refused = other.load(again);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIncompatibleState);
}

}  // namespace
}  // namespace velo
