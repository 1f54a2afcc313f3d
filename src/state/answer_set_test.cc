#include "state/answer_set.h"

#include <gtest/gtest.h>

#include "column/batch_text.h"

namespace velo {
namespace {

constexpr std::string_view kRows = "k STRING, x BIGINT, y STRING";

/// What x IN gives for rows of key and values: T, F or U each.
std::string ask(AnswerSet& set, std::string_view schema, std::string_view rows, size_t keys) {
  const Batch batch = batch_from_text(schema, rows);
  const std::span<const ColumnPtr> columns(batch.columns);
  std::string text;
  for (const Truth answer : set.ask(columns.first(keys), columns.subspan(keys), batch.rows)) {
    text += answer == Truth::kTrue ? 'T' : answer == Truth::kFalse ? 'F' : 'U';
  }
  return text;
}

TEST(AnswerSet, OneValueWithoutKeys) {
  AnswerSet set(schema_from_text(kRows), {}, {1});
  EXPECT_EQ(ask(set, "x BIGINT", "1\n.", 0), "FF") << "nothing is in nothing";
  set.add(batch_from_text(kRows, "a 1 p\na 1 p\nb 2 q"), 0);
  EXPECT_EQ(ask(set, "x BIGINT", "1\n2\n3\n.", 0), "TTFU");
  set.add(batch_from_text(kRows, "c . q"), 0);
  EXPECT_EQ(ask(set, "x BIGINT", "1\n3\n.", 0), "TUU");
  set.take(batch_from_text(kRows, "a 1 p\nc . q"));
  EXPECT_EQ(ask(set, "x BIGINT", "1\n3\n.", 0), "TFU") << "one of two equal rows is left";
  set.take(batch_from_text(kRows, "a 1 p\nb 2 q"));
  EXPECT_EQ(ask(set, "x BIGINT", "1\n2\n.", 0), "FFF");
  EXPECT_EQ(set.rows(), 0u);
}

TEST(AnswerSet, KeysPartTheRows) {
  AnswerSet set(schema_from_text(kRows), {0}, {1});
  set.add(batch_from_text(kRows, "a 1 p\nb . p\n. 3 p"), 0);
  EXPECT_EQ(ask(set, "k STRING, x BIGINT", "a 1\na 2\na .\nb 1\nb .\nc .\n. 3", 1), "TFUUUFF");
}

TEST(AnswerSet, KeysAreCountedOnceANullAsksForThem) {
  constexpr std::string_view kAsked = "k STRING, x BIGINT";
  AnswerSet set(schema_from_text(kRows), {0}, {1});
  set.add(batch_from_text(kRows, "a 1 p\na 1 p\nb 2 p\nb . p"), 0);
  EXPECT_EQ(ask(set, kAsked, "a 1\nb 1", 1), "TU");
  EXPECT_EQ(set.keys(), 0u);
  EXPECT_EQ(set.key_bytes(), 0u);
  EXPECT_EQ(ask(set, kAsked, "a .\nb .\nc .", 1), "UUF");
  EXPECT_EQ(set.keys(), 2u);
  EXPECT_GT(set.key_bytes(), 0u);
  set.add(batch_from_text(kRows, "c 3 p"), 0);
  set.take(batch_from_text(kRows, "a 1 p\nb 2 p"));
  EXPECT_EQ(ask(set, kAsked, "a .\nb .\nc .", 1), "UUU") << "of two rows each one is left";
  set.take(batch_from_text(kRows, "a 1 p\nb . p"));
  EXPECT_EQ(ask(set, kAsked, "a .\nb .\nc .", 1), "FFU");
  EXPECT_EQ(set.keys(), 1u);
}

TEST(AnswerSet, SeveralValuesThatCouldBeEqual) {
  AnswerSet set(schema_from_text(kRows), {}, {1, 2});
  set.add(batch_from_text(kRows, "a 1 p\na 2 .\na 3 q"), 0);
  EXPECT_EQ(ask(set, "x BIGINT, y STRING", "1 p\n1 q\n2 p\n. q\n. z\n3 .\n4 .", 0), "TFUUUUF");
}

TEST(AnswerSet, WithoutValuesItAsksForRows) {
  AnswerSet keyed(schema_from_text(kRows), {0}, {});
  AnswerSet alone(schema_from_text(kRows), {}, {});
  EXPECT_EQ(ask(alone, "", "", 0), "");
  keyed.add(batch_from_text(kRows, "a 1 p\n. 1 p"), 0);
  EXPECT_EQ(ask(keyed, "k STRING", "a\nb\n.", 1), "TFF");
}

TEST(AnswerSet, TellsWhichRowsCouldChangeAnAnswer) {
  AnswerSet set(schema_from_text(kRows), {0}, {1});
  set.add(batch_from_text(kRows, "a 1 p\na 1 q\na . q"), 0);
  const Batch rows = batch_from_text(kRows, "a 1 p\na 2 p\n. 1 p\na . p");
  EXPECT_EQ(set.telling_rows(rows, false), Selection({1}));
  EXPECT_EQ(set.telling_rows(batch_from_text(kRows, "a 1 p"), true), Selection());
  EXPECT_EQ(set.telling_rows(batch_from_text(kRows, "a . p"), true), Selection({0}));
}

TEST(AnswerSet, ARowThatComesAgainIsYoung) {
  AnswerSet set(schema_from_text(kRows), {0}, {1}, 100);
  set.add(batch_from_text(kRows, "a 1 p\nb . p"), 0);
  set.add(batch_from_text(kRows, "a 1 p\nb . p"), 90);
  set.expire_arrivals(110 - 100);
  EXPECT_EQ(ask(set, "k STRING, x BIGINT", "a 1\na .\nb 1", 1), "TUU");
  set.take(batch_from_text(kRows, "a 1 p"));
  EXPECT_EQ(ask(set, "k STRING, x BIGINT", "a 1", 1), "T") << "there are two of them";
  set.expire_arrivals(191 - 100);
  EXPECT_EQ(set.rows(), 0u);
}

TEST(AnswerSet, SaysTheSameAfterARestart) {
  AnswerSet set(schema_from_text(kRows), {0}, {1});
  set.add(batch_from_text(kRows, "a 1 p\na 1 p\nb . p"), 0);
  SnapshotWriter writer;
  set.save(writer);
  const std::string bytes = writer.finish();
  SnapshotReader reader = *SnapshotReader::open(bytes);
  AnswerSet fresh(schema_from_text(kRows), {0}, {1});
  ASSERT_TRUE(static_cast<bool>(fresh.load(reader)));
  EXPECT_TRUE(reader.at_end());
  fresh.take(batch_from_text(kRows, "a 1 p"));
  EXPECT_EQ(ask(fresh, "k STRING, x BIGINT", "a 1\nb 1\na .", 1), "TUU");
}

}  // namespace
}  // namespace velo
