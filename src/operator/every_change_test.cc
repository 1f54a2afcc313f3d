#include "operator/every_change.h"

#include <gtest/gtest.h>

#include <sstream>
#include <utility>

#include "base/random.h"
#include "operator/aggregate_test_case.h"
#include "operator/group_aggregate.h"

namespace velo {
namespace {

/// Keys and values at random, times in order; some values NULL.
Batch random_rows(size_t rows, uint64_t seed) {
  Random random(seed);
  std::string text;
  for (size_t i = 0; i < rows; ++i) {
    const std::string value = random.below(8) == 0 ? "." : std::to_string(random.below(4));
    text += fmt::format("k{} {} {:02}:{:02}:{:02}\n", random.below(3), value, i / 3600, i / 60 % 60,
                        i % 60);
  }
  return events(text);
}

const std::vector<std::string> kAggregates = {"COUNT(*)", "SUM(v)", "AVG(v)", "MIN(v)", "MAX(v)"};

std::string changes(Operator& op, const Batch& rows, size_t batch_rows) {
  CollectOutput output;
  stream(op, rows, kSecond, batch_rows, output);
  std::string text;
  for (Batch batch : output.batches()) {
    const ColumnPtr weights = std::exchange(batch.weights, nullptr);
    std::istringstream lines(batch_to_text(batch));
    std::string line;
    for (size_t row = 0; std::getline(lines, line); ++row) {
      text += (weights && weights->int64_at(row) < 0 ? "- " : "+ ") + line + "\n";
    }
  }
  return short_times(text);
}

/// Rows that may be taken back are handled one by one: what the rows at once must agree with.
GroupAggregateOptions one_by_one(GroupAggregateOptions options) {
  options.retractable = true;
  return options;
}

TEST(EveryChange, IsWhatRowsOneByOneGive) {
  GroupAggregateOptions options;
  options.input = schema_from_text("k STRING, v BIGINT, t TIMESTAMP");
  options.keys = {input_column(options.input, "k")};
  options.emit = {.mode = EmitMode::kChanges, .every_us = 0, .coalesce = false};
  std::vector<Field> fields = {{"k", Type::string()}};
  for (const std::string& text : kAggregates) {
    options.aggregates.push_back(aggregate_of(options.input, text));
    fields.push_back({text, options.aggregates.back().type});
  }
  options.output = make_schema(std::move(fields));
  const Batch rows = random_rows(5000, 6);
  const std::string expected = changes(*make_group_aggregate(one_by_one(options)), rows, 1);
  EXPECT_NE(expected.find("- k0"), std::string::npos);
  for (const size_t batch_rows : {1, 7, 64, 5000}) {
    EXPECT_EQ(changes(*make_group_aggregate(options), rows, batch_rows), expected) << batch_rows;
  }
}

}  // namespace
}  // namespace velo
