#include "state/value_index.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "column/column_builder.h"

namespace velo {
namespace {

// Empty, short, just short enough to stand inline, just too long for it, long; some differ only in
// their last byte.
std::string text_of(uint64_t n) {
  static constexpr size_t kLengths[] = {1, 8, 12, 13, 40};
  const std::string digits = std::to_string(n);
  const size_t length = kLengths[n % 5];
  return n == 0 ? "" : std::string(length - std::min(length, digits.size()), 'x') + digits;
}

void expect_numbers_of_a_map(uint64_t distinct, uint64_t nulls_of_100, size_t batch_rows) {
  ValueIndex index(Type::string());
  std::map<std::string, uint32_t> expected;
  Random random(distinct);
  std::vector<uint32_t> ids(batch_rows);
  for (size_t batch = 0; batch < 40; ++batch) {
    ColumnBuilder builder(Type::string());
    std::vector<std::string> rows;
    for (size_t i = 0; i < batch_rows; ++i) {
      if (random.below(100) < nulls_of_100) {
        builder.append_null();
        rows.push_back("NULL");
      } else {
        rows.push_back(text_of(random.below(distinct)));
        builder.append_string(rows.back());
      }
    }
    index.intern(*builder.finish(), ids.data());
    for (size_t i = 0; i < batch_rows; ++i) {
      if (rows[i] == "NULL") {
        ASSERT_EQ(ids[i], ValueIndex::kNullId);
        continue;
      }
      const auto [at, is_new] = expected.emplace(rows[i], expected.size() + 1);
      ASSERT_EQ(ids[i], at->second) << "'" << rows[i] << "' in batch " << batch;
    }
  }
  ASSERT_EQ(index.size(), expected.size() + 1);
  for (const auto& [text, id] : expected) {
    const ColumnPtr back = index.gather({&id, 1});
    ASSERT_EQ(back->string_at(0), text);
  }
}

TEST(ValueIndex, StringsAreNumberedInOrderOfFirstSight) {
  for (const uint64_t distinct : {1, 7, 100, 1000, 3000, 50000}) {
    for (const uint64_t nulls : {0, 10, 100}) {
      expect_numbers_of_a_map(distinct, nulls, 1000);
      expect_numbers_of_a_map(distinct, nulls, 63);
    }
  }
}

TEST(ValueIndex, NullRowsMayHoldAnything) {
  ValueIndex index(Type::string());
  uint32_t ids[3];
  ColumnBuilder builder(Type::string());
  builder.append_string("a");
  builder.append_string("");
  builder.append_string("never seen");
  builder.set_null(2);
  index.intern(*builder.finish(), ids);
  EXPECT_EQ(ids[0], 1U);
  EXPECT_EQ(ids[1], 2U);
  EXPECT_EQ(ids[2], ValueIndex::kNullId);
  EXPECT_EQ(index.size(), 3U);
}

}  // namespace
}  // namespace velo
