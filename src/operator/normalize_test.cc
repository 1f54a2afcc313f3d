#include "operator/normalize.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "operator/collect_output.h"

namespace velo {
namespace {

constexpr std::string_view kSchema = "k STRING, v BIGINT";

KeyedRowsOptions options_of(int64_t ttl_us = 0) { return {schema_from_text(kSchema), {0}, ttl_us}; }
Batch rows(std::string_view text) { return batch_from_text(kSchema, text); }

std::unique_ptr<Operator> restored(const Operator& op) {
  SnapshotWriter writer;
  op.save(writer);
  const std::string bytes = writer.finish();
  SnapshotReader reader = *SnapshotReader::open(bytes);
  auto fresh = make_normalize(options_of());
  EXPECT_TRUE(static_cast<bool>(fresh->load(reader)));
  EXPECT_TRUE(reader.at_end());
  return fresh;
}

TEST(Normalize, TakesBackTheRowThatWas) {
  auto op = make_normalize(options_of());
  CollectOutput out;
  op->push(0, rows("a 1\nb 2\na 3"), out);
  EXPECT_EQ(out.rows(), "+ a 1\n+ b 2\n- a 1\n+ a 3\n");
  out.clear();
  op = restored(*op);
  op->push(0, rows("+ b 5\n- a .\n+ a 4"), out);
  EXPECT_EQ(out.rows(), "- b 2\n+ b 5\n- a 3\n+ a 4\n");
  EXPECT_EQ(op->state_rows(), 2u);
}

TEST(Normalize, SaysNothingOfARowThatStaysTheSame) {
  auto op = make_normalize(options_of());
  CollectOutput out;
  op->push(0, rows("a 1\nb ."), out);
  out.clear();
  op->push(0, rows("a 1\nb .\na 1"), out);
  EXPECT_EQ(out.rows(), "");
  EXPECT_EQ(op->state_rows(), 2u);
}

TEST(Normalize, ChangesThatFindNothingLeave) {
  auto op = make_normalize(options_of());
  CollectOutput out;
  op->push(0, rows("- a .\n+ . 7\n+ a 1\n- a .\n- a ."), out);
  EXPECT_EQ(out.rows(), "+ a 1\n- a 1\n");
  EXPECT_EQ(out.rejected(), "error + . 7\nunmatched - a .\nunmatched - a .\n");
  EXPECT_EQ(op->state_rows(), 0u);
}

TEST(Normalize, ForgetsKeysAfterTheTtl) {
  auto op = make_normalize(options_of(1000));
  CollectOutput out;
  op->context().now_us = 0;
  op->push(0, rows("a 1"), out);
  op->tick(5000, out);
  EXPECT_EQ(op->state_rows(), 0u);
  op->context().now_us = 5000;
  out.clear();
  op->push(0, rows("a 2"), out);
  EXPECT_EQ(out.rows(), "a 2\n");
}

TEST(Normalize, ChangesCarryTheWatermarkOfTheRowThatMadeThem) {
  auto op = make_normalize(options_of());
  CollectOutput out;
  Batch batch = rows("a 1\nb 1\na 2");
  batch.watermarks = batch_from_text("w BIGINT", "10\n20\n30").columns[0];
  op->push(0, batch, out);
  const Batch& given = out.batches().front();
  ASSERT_EQ(given.rows, 4u);
  EXPECT_EQ(given.watermarks->int64_at(1), 20);
  EXPECT_EQ(given.watermarks->int64_at(2), 30) << "what is taken back came with its cause";
  EXPECT_EQ(given.watermarks->int64_at(3), 30);
}

TEST(Normalize, WhatWasGivenAddsUpToTheLastRows) {
  Random random(5);
  auto op = make_normalize(options_of());
  std::map<std::string, std::string> last;
  std::map<std::string, int64_t> sum;
  CollectOutput out;
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 20; ++i) {
      const std::string key(1, static_cast<char>('a' + random.below(7)));
      if (random.below(4) == 0) {
        text += "- " + key + " .\n";
        last.erase(key);
      } else {
        const std::string value = std::to_string(random.below(3));
        text += "+ " + key + " " + value + "\n";
        last[key] = value;
      }
    }
    op->push(0, rows(text), out);
    if (round % 50 == 0) op = restored(*op);
  }
  for (const Batch& batch : out.batches()) {
    for (size_t row = 0; row < batch.rows; ++row) {
      const Batch one = slice(batch, row, 1);
      Batch plain = one;
      plain.weights = nullptr;
      sum[batch_to_text(plain)] += one.weight(0);
    }
  }
  std::erase_if(sum, [](const auto& entry) { return entry.second == 0; });
  std::map<std::string, int64_t> expected;
  for (const auto& [key, value] : last) expected[key + " " + value + "\n"] = 1;
  EXPECT_EQ(sum, expected);
}

}  // namespace
}  // namespace velo
