#include "state/key_table.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "column/batch_text.h"
#include "column/column_builder.h"
#include "column/string_dictionary.h"

namespace velo {
namespace {

std::vector<Type> types_of(const Batch& batch) {
  std::vector<Type> types;
  for (const Field& field : batch.schema->fields()) types.push_back(field.type);
  return types;
}

std::string keys_text(const KeyTable& table, const Batch& like, std::span<const uint32_t> groups) {
  Batch out{.schema = like.schema,
            .rows = groups.size(),
            .columns = table.gather(groups),
            .weights = nullptr,
            .watermarks = nullptr};
  return batch_to_text(out);
}

TEST(KeyTable, EqualTuplesGetEqualNumbersAndComeBack) {
  const Batch batch = batch_from_text("s STRING, n BIGINT, d DOUBLE, b BOOLEAN, m DECIMAL(20,2)",
                                      "a 1 0.5 true 1.00\na 1 0.5 true 1.00\na . 0.5 true "
                                      "1.00\na-much-longer-string-key 1 -0 false 2.00\n"
                                      "a-much-longer-string-key 1 0 false 2.00\n. . . . .\n. . . . "
                                      ".\nb 1 nan true -5.00\nb 1 nan true -5.00\n");
  KeyTable table(types_of(batch));
  std::vector<uint32_t> groups(batch.rows);
  table.intern(batch.columns, batch.rows, groups.data());
  EXPECT_EQ(groups[0], groups[1]);
  EXPECT_NE(groups[0], groups[2]);
  EXPECT_EQ(groups[3], groups[4]);
  EXPECT_EQ(groups[5], groups[6]);
  EXPECT_EQ(groups[7], groups[8]);
  const std::vector<uint32_t> some = {groups[7], groups[2], groups[5], groups[3]};
  EXPECT_EQ(keys_text(table, batch, some),
            "b 1 NaN TRUE -5.00\na . 0.5 TRUE 1.00\n. . . . .\n"
            "a-much-longer-string-key 1 0.0 FALSE 2.00\n");
}

TEST(KeyTable, KeysThatBeginAlikeAndKeysThatDoNotHaveTheSameNumbers) {
  KeyTable table({Type::bigint(), Type::bigint()});
  std::map<std::pair<int64_t, int64_t>, uint32_t> known;
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    const bool alike = random.below(3) > 0;
    ColumnBuilder first(Type::bigint(), 50), second(Type::bigint(), 50);
    std::vector<std::pair<int64_t, int64_t>> keys;
    for (int i = 0; i < 50; ++i) {
      const int64_t window = alike ? round / 20 : static_cast<int64_t>(random.below(100));
      keys.emplace_back(window, static_cast<int64_t>(random.below(30)));
      first.append_int64(keys.back().first);
      second.append_int64(keys.back().second);
    }
    std::vector<uint32_t> groups(keys.size());
    table.intern(std::vector<ColumnPtr>{first.finish(), second.finish()}, keys.size(),
                 groups.data());
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto [at, is_new] = known.emplace(keys[i], groups[i]);
      ASSERT_EQ(at->second, groups[i]);
      if (is_new) {
        ASSERT_EQ(groups[i] + 1, known.size());
      }
    }
  }
  EXPECT_EQ(table.size(), known.size());
}

TEST(KeyTable, AscendingPutsNullFirstAndKeepsUpWithNewKeys) {
  Batch batch = batch_from_text("s STRING, n BIGINT", "b 2\na 9\nb -1\n. 7\n");
  KeyTable table(types_of(batch));
  std::vector<uint32_t> groups(8);
  table.intern(batch.columns, batch.rows, groups.data());
  EXPECT_EQ(keys_text(table, batch, table.ascending()), ". 7\na 9\nb -1\nb 2\n");
  batch = batch_from_text("s STRING, n BIGINT", "b 0\na 1\n");
  table.intern(batch.columns, batch.rows, groups.data());
  EXPECT_EQ(keys_text(table, batch, table.ascending()), ". 7\na 1\na 9\nb -1\nb 0\nb 2\n");
}

TEST(KeyTable, DictionariesAndConstantsMeanTheirValues) {
  auto entries = std::make_shared<StringDictionary>();
  entries->append("x");
  entries->append("y");
  auto indices = Buffer::allocate(12);
  indices->as<uint32_t>()[0] = 1;
  indices->as<uint32_t>()[1] = 0;
  indices->as<uint32_t>()[2] = 1;
  const ColumnPtr coded = Column::dictionary(Type::string(), 3, indices, entries);
  const Batch flat = batch_from_text("s STRING", "y\nz\n");
  KeyTable table({Type::string()});
  std::vector<uint32_t> a(3), b(2), c(2);
  table.intern(std::vector<ColumnPtr>{coded}, 3, a.data());
  table.intern(flat.columns, 2, b.data());
  EXPECT_EQ(a[0], a[2]);
  EXPECT_EQ(a[0], b[0]);
  entries->append("z");  // the dictionary grows under the cached numbers
  indices = Buffer::allocate(8);
  indices->as<uint32_t>()[0] = 2;
  indices->as<uint32_t>()[1] = 1;
  table.intern(std::vector<ColumnPtr>{Column::dictionary(Type::string(), 2, indices, entries)}, 2,
               c.data());
  EXPECT_EQ(c[0], b[1]);
  EXPECT_EQ(c[1], b[0]);
  table.intern(std::vector<ColumnPtr>{Column::nulls(Type::string(), 2)}, 2, c.data());
  EXPECT_EQ(c[0], ValueIndex::kNullId);
}

TEST(KeyTable, ManyRandomKeysAgreeWithAMap) {
  Random random(7);
  std::map<std::pair<std::string, int64_t>, uint32_t> expected;
  KeyTable table({Type::string(), Type::bigint()});
  for (int round = 0; round < 200; ++round) {
    ColumnBuilder strings(Type::string());
    ColumnBuilder numbers(Type::bigint());
    std::vector<std::pair<std::string, int64_t>> rows;
    for (int i = 0; i < 100; ++i) {
      rows.emplace_back(std::string(random.below(30), static_cast<char>('a' + random.below(4))),
                        static_cast<int64_t>(random.below(50)));
      strings.append_string(rows.back().first);
      numbers.append_int64(rows.back().second);
    }
    std::vector<uint32_t> groups(rows.size());
    table.intern(std::vector<ColumnPtr>{strings.finish(), numbers.finish()}, rows.size(),
                 groups.data());
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto [at, added] = expected.emplace(rows[i], groups[i]);
      ASSERT_EQ(at->second, groups[i]);
    }
  }
  EXPECT_EQ(table.size(), expected.size());
}

TEST(KeyTable, WithoutColumnsThereIsOneGroup) {
  KeyTable table({});
  std::vector<uint32_t> groups(3, 9);
  table.intern({}, 3, groups.data());
  EXPECT_EQ(groups, std::vector<uint32_t>(3, 0));
  EXPECT_EQ(table.size(), 1u);
}

}  // namespace
}  // namespace velo
