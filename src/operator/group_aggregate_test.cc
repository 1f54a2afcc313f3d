#include "operator/group_aggregate.h"

#include <gtest/gtest.h>

#include <map>

#include "operator/aggregate_test_case.h"

namespace velo {
namespace {

/// Batches with keys 0 … 20,000 in turn, each key in several of them.
std::vector<Batch> rows_of_many_keys(const SchemaPtr& schema) {
  std::vector<Batch> batches;
  for (int64_t batch = 0; batch < 30; ++batch) {
    std::string text;
    for (int64_t row = 0; row < 2000; ++row) {
      text += fmt::format("k{} {}\n", (batch * 2000 + row) % 20'000, row);
    }
    batches.push_back(batch_from_text("k STRING, v BIGINT", text));
    CHECK(*batches.back().schema == *schema);
  }
  return batches;
}

/// Count and sum of each key, added up over all rows that came of it.
std::map<std::string, std::pair<int64_t, int64_t>> totals(const CollectOutput& output) {
  std::map<std::string, std::pair<int64_t, int64_t>> totals;
  for (const Batch& batch : output.batches()) {
    for (size_t row = 0; row < batch.rows; ++row) {
      auto& [count, sum] = totals[std::string(batch.columns[0]->string_at(row))];
      count += batch.columns[1]->int64_at(row);
      sum += batch.columns[2]->int64_at(row);
    }
  }
  return totals;
}

TEST(GroupAggregate, PartialGroupsAreGivenWhenThereAreMany) {
  GroupAggregateOptions options;
  options.input = schema_from_text("k STRING, v BIGINT");
  options.keys = {input_column(options.input, "k")};
  std::vector<Field> fields = {{"k", Type::string()}};
  for (const char* text : {"COUNT(*)", "SUM(v)"}) {
    options.aggregates.push_back(aggregate_of(options.input, text));
    fields.push_back({text, options.aggregates.back().type});
  }
  options.output = make_schema(std::move(fields));
  options.emit = {.mode = EmitMode::kFinal};

  const std::vector<Batch> rows = rows_of_many_keys(options.input);
  const auto run = [&](bool partial, size_t restore_after, CollectOutput& output) {
    options.partial = partial;
    std::unique_ptr<Operator> op = make_group_aggregate(options);
    size_t most = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      op->push(0, rows[i], output);
      most = std::max(most, op->state_rows());
      if (i + 1 != restore_after) continue;
      SnapshotWriter writer;
      op->save(writer);
      const std::string bytes = writer.finish();
      op = make_group_aggregate(options);
      SnapshotReader reader = *SnapshotReader::open(bytes);
      CHECK(op->load(reader).has_value());
    }
    op->finish(output);
    return most;
  };
  CollectOutput whole;
  EXPECT_GE(run(false, 0, whole), 20'000u);
  for (const size_t restore_after : {0, 5, 9}) {
    CollectOutput parts;
    EXPECT_LT(run(true, restore_after, parts), 16'384u);
    EXPECT_EQ(totals(parts), totals(whole)) << restore_after;
  }
  EXPECT_EQ(totals(whole).size(), 20'000u);
  EXPECT_EQ(totals(whole)["k7"].first, 3);
}

}  // namespace
}  // namespace velo
