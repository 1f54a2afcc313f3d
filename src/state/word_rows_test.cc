#include "state/word_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/random.h"
#include "column/batch_text.h"
#include "column/column_builder.h"

namespace velo {
namespace {

using Id = WordRows::Id;

constexpr int64_t kNull = INT64_MIN;  // stands for NULL here

Batch batch_of(std::span<const int64_t> words) {
  ColumnBuilder column(Type::bigint());
  for (const int64_t word : words) {
    if (word == kNull) {
      column.append_null();
    } else {
      column.append_int64(word);
    }
  }
  return {schema_from_text("k BIGINT"), words.size(), {column.finish()}, nullptr, nullptr};
}

RowKeys keys_of(const Batch& batch) { return RowKeys(batch, std::vector<size_t>{0}); }

WordRows make_rows(bool counts, int64_t ttl_us) {
  return WordRows({schema_from_text("k BIGINT"), counts, false, 0, ttl_us});
}

void append(WordRows& rows, std::vector<int64_t> words, int64_t now_us = 0,
            std::vector<uint32_t> counts = {}) {
  const Batch batch = batch_of(words);
  rows.append_all(batch, keys_of(batch), now_us, counts);
}

size_t number_of(const WordRows& rows, int64_t word) {
  const Batch probe = batch_of({&word, 1});
  size_t found = 0;
  rows.each_equal(keys_of(probe), 0, [&](Id id) {
    EXPECT_EQ(rows.gather(0, {&id, 1})->int64_at(0), word);
    ++found;
  });
  return found;
}

TEST(WordRows, AreForOneKeyOfEightBytes) {
  const std::vector<size_t> first = {0};
  EXPECT_TRUE(WordRows::is_for(*schema_from_text("k BIGINT"), first));
  EXPECT_TRUE(WordRows::is_for(*schema_from_text("k TIMESTAMP"), first));
  EXPECT_TRUE(WordRows::is_for(*schema_from_text("k DOUBLE"), first));
  EXPECT_FALSE(WordRows::is_for(*schema_from_text("k STRING"), first));
  EXPECT_FALSE(WordRows::is_for(*schema_from_text("k BIGINT, v BIGINT"), first));
  EXPECT_FALSE(WordRows::is_for(*schema_from_text("k BIGINT"), {}));
}

TEST(WordRows, FindsEqualRowsAndNoNulls) {
  WordRows rows = make_rows(false, 0);
  append(rows, {7, kNull, 8, 7, kNull});
  EXPECT_EQ(rows.rows(), 5u);
  EXPECT_EQ(number_of(rows, 7), 2u);
  EXPECT_EQ(number_of(rows, 8), 1u);
  EXPECT_EQ(number_of(rows, 0), 0u) << "where NULLs are";
  const Batch probe = batch_of(std::vector<int64_t>{kNull, 9});
  rows.each_pair(keys_of(probe), [](uint32_t, Id) { FAIL(); });
  const Id null = rows.find(probe, 0, keys_of(probe));
  ASSERT_NE(null, WordRows::kNone);
  EXPECT_TRUE(rows.gather(0, {&null, 1})->is_null(0));
  EXPECT_EQ(rows.find(probe, 1, keys_of(probe)), WordRows::kNone);
  rows.remove(null);
  EXPECT_EQ(rows.rows(), 4u);
}

TEST(WordRows, DoublesAreEqualAsValues) {
  const SchemaPtr schema = schema_from_text("k DOUBLE");
  const auto batch_of_doubles = [&](std::vector<double> values) {
    ColumnBuilder column((*schema)[0].type);
    for (const double value : values) column.append_double(value);
    return Batch{schema, values.size(), {column.finish()}, nullptr, nullptr};
  };
  WordRows rows({schema, false});
  std::vector<double> many = {0.0, -0.0, std::nan("1"), -std::nan("2"), 1.5};
  for (int i = 0; i < 1000; ++i) many.push_back(100 + i);
  const Batch batch = batch_of_doubles(many);
  rows.append_all(batch, keys_of(batch), 0);
  rows.trim();
  const Batch probe = batch_of_doubles({-0.0, std::nan("3"), 1.5, 2.5});
  std::vector<uint32_t> found;
  std::vector<Id> ids;
  rows.each_pair(keys_of(probe), [&](uint32_t row, Id id) {
    found.push_back(row);
    ids.push_back(id);
  });
  EXPECT_EQ(found, (std::vector<uint32_t>{0, 0, 1, 1, 2}));
  const ColumnPtr values = rows.gather(0, ids);
  EXPECT_NE(std::signbit(values->double_at(0)), std::signbit(values->double_at(1)))
      << "values are as they came";
}

TEST(WordRows, ForgetsRowsByTheTimeOfTheirArrival) {
  WordRows rows = make_rows(false, 400);
  append(rows, {1, 1}, 1000);
  append(rows, {1, 2}, 1100);  // later by a step of a quarter
  append(rows, {1, 3}, 1201);
  rows.expire_arrivals(1000);
  EXPECT_EQ(rows.rows(), 6u);
  rows.expire_arrivals(1101);
  rows.trim();
  EXPECT_EQ(rows.rows(), 2u) << "those of one step go together, with the last";
  EXPECT_EQ(number_of(rows, 1), 1u);
  EXPECT_EQ(number_of(rows, 2), 0u);
  EXPECT_EQ(number_of(rows, 3), 1u);
  // The oldest of equal ones is found; however long nobody asks for old ones.
  for (int64_t i = 1; i <= 1000; ++i) append(rows, {3}, 1201 + i * 200);
  const Batch probe = batch_of(std::vector<int64_t>{3});
  EXPECT_EQ(rows.arrival_of(rows.find(probe, 0, keys_of(probe))), 1201);
  rows.expire_arrivals(201'202);
  EXPECT_EQ(rows.rows(), 0u) << "more steps than are told apart";
}

using Model = std::multimap<int64_t, std::pair<uint32_t, int64_t>>;  // word: count, arrival

std::multiset<uint32_t> counts_of(const Model& model, int64_t word) {
  std::multiset<uint32_t> counts;
  const auto [begin, end] = model.equal_range(word);
  for (auto row = begin; row != end; ++row) counts.insert(row->second.first);
  return counts;
}

// Stories of rows that come, go one by one and by age, and are saved.
TEST(WordRows, AgreeWithAMultimap) {
  constexpr int64_t kTtl = 64'000;
  for (const bool has_ttl : {false, true}) {
    Random random(has_ttl ? 5 : 6);
    WordRows rows = make_rows(true, has_ttl ? kTtl : 0);
    Model model;
    int64_t now = 0;
    size_t most = 0;
    for (int step = 0; step < 600; ++step) {
      now += kTtl / 4 + 1 + static_cast<int64_t>(random.below(500));  // every batch is a step
      std::vector<int64_t> words;
      std::vector<uint32_t> counts;
      const bool few_keys = step / 100 % 2 == 0;
      for (uint64_t i = random.below(step < 300 ? 300 : 20); i-- > 0;) {
        const auto word = static_cast<int64_t>(random.below(few_keys ? 50 : 100'000));
        words.push_back(random.below(50) == 0 ? kNull : word);
        counts.push_back(static_cast<uint32_t>(random.below(4) == 0 ? random.below(600) : 0));
        model.emplace(words.back(), std::pair(counts.back(), now));
      }
      append(rows, words, now, counts);
      for (uint64_t i = random.below(60); i-- > 0 && !model.empty();) {
        auto gone = model.begin();
        std::advance(gone,
                     static_cast<ptrdiff_t>(random.below(std::min<size_t>(model.size(), 500))));
        const Batch probe = batch_of({&gone->first, 1});
        const Id id = rows.find(probe, 0, keys_of(probe));
        ASSERT_NE(id, WordRows::kNone);
        auto [begin, end] = model.equal_range(gone->first);
        const auto same = std::find_if(begin, end, [&](const auto& row) {
          return row.second.first == rows.count(id) &&
                 (!has_ttl || rows.arrival_of(id) == row.second.second);
        });
        ASSERT_NE(same, end);
        rows.remove(id);
        model.erase(same);
      }
      if (has_ttl && step % 2 == 0) {
        rows.expire_arrivals(now - kTtl);
        std::erase_if(model, [&](const auto& row) { return row.second.second < now - kTtl; });
      }
      rows.trim();
      most = std::max(most, rows.memory_bytes());
      if (step % 50 == 49) {
        SnapshotWriter writer;
        rows.save(writer);
        const std::string bytes = writer.finish();
        SnapshotReader reader = *SnapshotReader::open(bytes);
        rows = make_rows(true, has_ttl ? kTtl : 0);
        ASSERT_TRUE(static_cast<bool>(rows.load(reader)));
        ASSERT_TRUE(reader.at_end());
      }
      if (step % 10 != 0) continue;
      ASSERT_EQ(rows.rows(), model.size());
      for (int64_t word = 0; word < 60; ++word) {
        const Batch probe = batch_of({&word, 1});
        std::multiset<uint32_t> found;
        rows.each_equal(keys_of(probe), 0, [&](Id id) { found.insert(rows.count(id)); });
        ASSERT_EQ(found, counts_of(model, word)) << word << " at " << step;
      }
    }
    EXPECT_LT(most, 1'000'000u);
  }
}

// Times that the watermark passes, a little or by far, on rows a little or far ahead.
TEST(WordRows, ExpiryListsUnmatchedTimesInTheirOrder) {
  constexpr int64_t kReach = 10;
  for (const int64_t ahead : {20, 100'000}) {
    const WordRows::Options options{schema_from_text("k BIGINT"), true, true, kReach};
    WordRows rows(options);
    Random random(static_cast<uint64_t>(ahead));
    std::multimap<int64_t, uint32_t> model;
    int64_t watermark = 0;
    size_t listed = 0;
    for (int step = 0; step < 500; ++step) {
      std::vector<int64_t> times;
      std::vector<uint32_t> counts;
      for (uint64_t i = random.below(200); i-- > 0;) {
        times.push_back(watermark + 1 +
                        static_cast<int64_t>(random.below(static_cast<uint64_t>(ahead))));
        counts.push_back(static_cast<uint32_t>(random.below(2)));
        model.emplace(times.back(), counts.back());
      }
      append(rows, times, 0, counts);
      rows.trim();
      watermark += static_cast<int64_t>(random.below(step % 50 == 0 ? 40'000 : 300));
      std::vector<Id> unmatched;
      rows.expire(watermark, &unmatched);
      std::vector<int64_t> expected;
      while (!model.empty() && model.begin()->first + kReach <= watermark) {
        if (model.begin()->second == 0) expected.push_back(model.begin()->first);
        model.erase(model.begin());
      }
      std::vector<int64_t> got;
      for (const Id id : unmatched) got.push_back(rows.time_of(id));
      ASSERT_EQ(got, expected);
      listed += got.size();
      rows.trim();
      ASSERT_EQ(rows.rows(), model.size());
      if (step % 100 != 99) continue;
      SnapshotWriter writer;
      rows.save(writer);
      const std::string bytes = writer.finish();
      SnapshotReader reader = *SnapshotReader::open(bytes);
      rows = WordRows(options);
      ASSERT_TRUE(static_cast<bool>(rows.load(reader)));
    }
    EXPECT_GT(listed, 10'000u);
  }
}

TEST(WordRows, ARowTakesLittleMoreThanItsWord) {
  for (const bool counts : {false, true}) {
    for (const int64_t ttl_us : {0, 1'000'000'000}) {
      for (const int64_t equal : {1, 3, 1000}) {
        WordRows rows = make_rows(counts, ttl_us);
        std::vector<int64_t> words(1000);
        for (int64_t batch = 0; batch < 400; ++batch) {
          for (size_t i = 0; i < words.size(); ++i) {
            words[i] = (batch * 1000 + static_cast<int64_t>(i)) / equal;
          }
          append(rows, words, batch * 10'000);
          rows.trim();
          if (batch < 20) continue;
          EXPECT_LE(static_cast<double>(rows.memory_bytes()),
                    12.0 * static_cast<double>(rows.rows()))
              << rows.rows() << " rows, counts " << counts << ", TTL " << ttl_us << ", " << equal;
        }
        EXPECT_EQ(rows.column_bytes(), 8u * 400'000);
      }
    }
  }
}

TEST(WordRows, PairsOfABatchAreThoseOfItsRows) {
  WordRows rows = make_rows(false, 0);
  Random random(3);
  const auto some = [&](size_t count) {
    std::vector<int64_t> words;
    for (size_t i = 0; i < count; ++i) {
      words.push_back(random.below(10) == 0 ? kNull : static_cast<int64_t>(random.below(2000)));
    }
    return words;
  };
  for (int i = 0; i < 5; ++i) {
    append(rows, some(900));
    rows.trim();
  }
  const Batch probe = batch_of(some(300));
  std::vector<std::pair<uint32_t, Id>> pairs;
  std::vector<std::pair<uint32_t, Id>> expected;
  rows.each_pair(keys_of(probe), [&](uint32_t row, Id id) { pairs.emplace_back(row, id); });
  for (uint32_t row = 0; row < probe.rows; ++row) {
    rows.each_equal(keys_of(probe), row, [&](Id id) { expected.emplace_back(row, id); });
  }
  EXPECT_EQ(pairs, expected);
  EXPECT_GT(pairs.size(), 300u);
}

}  // namespace
}  // namespace velo
