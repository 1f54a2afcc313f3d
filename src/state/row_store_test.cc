#include "state/row_store.h"

#include <gtest/gtest.h>

#include <map>

#include "base/fmt.h"
#include "base/random.h"
#include "column/batch_text.h"
#include "column/column_builder.h"

namespace velo {
namespace {

using Id = RowStore::Id;

std::vector<uint32_t> all_rows(const Batch& batch) {
  std::vector<uint32_t> rows(batch.rows);
  for (uint32_t i = 0; i < rows.size(); ++i) rows[i] = i;
  return rows;
}

constexpr std::string_view kSchema = "k STRING, n BIGINT, t TIMESTAMP";

RowStore make_store(bool counts = false) {
  return RowStore({schema_from_text(kSchema), {0, 1}, 2, 10, counts});
}

Batch batch_of(std::span<const std::tuple<std::string, int64_t, int64_t>> rows) {
  const SchemaPtr schema = schema_from_text(kSchema);
  ColumnBuilder k(Type::string());
  ColumnBuilder n(Type::bigint());
  ColumnBuilder t((*schema)[2].type);
  for (const auto& [key, number, time] : rows) {
    if (key == ".") {
      k.append_null();
    } else {
      k.append_string(key);
    }
    n.append_int64(number);
    t.append_int64(time);
  }
  return {schema, rows.size(), {k.finish(), n.finish(), t.finish()}, nullptr, nullptr};
}

void append(RowStore& store, std::vector<std::tuple<std::string, int64_t, int64_t>> rows,
            int64_t now_us = 0) {
  const Batch batch = batch_of(rows);
  store.append(batch, all_rows(batch), RowKeys(batch, std::vector<size_t>{0, 1}), now_us);
}

/// Times of the rows with these keys, newest first.
std::string equal(const RowStore& store, const std::string& key, int64_t number) {
  const std::vector<std::tuple<std::string, int64_t, int64_t>> probe = {{key, number, 0}};
  const Batch batch = batch_of(probe);
  const RowKeys keys(batch, std::vector<size_t>{0, 1});
  std::string out;
  store.each_equal(keys, 0, [&](Id id) { out += fmt::format("{} ", store.time_of(id)); });
  return out;
}

TEST(RowStore, FindsRowsByKeyNewestFirst) {
  RowStore store = make_store();
  append(store, {{"a", 1, 100}, {"b", 1, 101}, {"a", 2, 102}, {"a", 1, 103}});
  append(store, {{"a string that is long", 1, 104}, {".", 1, 105}});
  EXPECT_EQ(equal(store, "a", 1), "103 100 ");
  EXPECT_EQ(equal(store, "b", 1), "101 ");
  EXPECT_EQ(equal(store, "b", 2), "");
  EXPECT_EQ(equal(store, "a string that is long", 1), "104 ");
  EXPECT_EQ(equal(store, ".", 1), "") << "NULL equals nothing";
  EXPECT_EQ(store.rows(), 6u);
}

TEST(RowStore, GathersValuesOfAnyRowsAndNullForNone) {
  RowStore store = make_store();
  append(store, {{"a", 1, 100}, {".", 2, 101}, {"a string that is long", 3, 102}});
  const std::vector<Id> ids = {2, RowStore::kNone, 0, 1};
  const ColumnPtr k = store.gather(0, ids);
  EXPECT_EQ(k->string_at(0), "a string that is long");
  EXPECT_TRUE(k->is_null(1));
  EXPECT_EQ(k->string_at(2), "a");
  EXPECT_TRUE(k->is_null(3));
  const ColumnPtr n = store.gather(1, ids);
  EXPECT_EQ(n->int64_at(0), 3);
  EXPECT_TRUE(n->is_null(1));
}

TEST(RowStore, ExpiryListsUnmatchedRowsByTime) {
  RowStore store = make_store(true);
  append(store, {{"a", 1, 30}, {"b", 1, 10}, {"c", 1, 20}, {"d", 1, 21}});
  store.set_count(2, store.count(2) + 1);
  std::vector<Id> unmatched;
  store.expire(19, &unmatched);
  EXPECT_TRUE(unmatched.empty());
  store.expire(31, &unmatched);
  EXPECT_EQ(unmatched, (std::vector<Id>{1, 3}));
  EXPECT_EQ(store.gather(0, unmatched)->string_at(1), "d") << "values stay until trim";
  store.trim();
  EXPECT_EQ(store.rows(), 1u);
  EXPECT_EQ(equal(store, "a", 1), "30 ");
  EXPECT_EQ(equal(store, "b", 1), "");
}

TEST(RowStore, CountsBeyondAByte) {
  RowStore store = make_store(true);
  append(store, {{"a", 1, 30}, {"b", 1, 40}});
  for (const uint32_t count : {1u, 254u, 255u, 256u, 70'000u, 255u, 254u, 0u, 300u}) {
    store.set_count(0, count);
    EXPECT_EQ(store.count(0), count);
    EXPECT_EQ(store.count(1), 0u);
  }
  SnapshotWriter writer;
  store.save(writer);
  const std::string bytes = writer.finish();
  SnapshotReader reader = SnapshotReader::open(bytes).value();
  RowStore loaded = make_store(true);
  ASSERT_TRUE(loaded.load(reader).has_value());
  EXPECT_EQ(loaded.count(0), 300u);
  std::vector<Id> unmatched;
  store.expire(40, &unmatched);
  EXPECT_EQ(store.rows(), 1u);
  EXPECT_TRUE(unmatched.empty());
}

TEST(RowStore, ForgetsWhatArrivedLongAgo) {
  RowStore store = make_store();
  append(store, {{"a", 1, 1}}, 100);
  store.expire_arrivals(100);
  EXPECT_EQ(store.rows(), 1u);
  store.expire_arrivals(101);
  EXPECT_EQ(store.rows(), 0u);
  store.trim();
  EXPECT_EQ(equal(store, "a", 1), "");
}

TEST(RowStore, AgreesWithALotOfRowsThroughRemovalAndSnapshots) {
  Random random(7);
  RowStore store = make_store(true);
  std::map<std::pair<std::string, int64_t>, std::vector<int64_t>> model;  // times by arrival
  for (int step = 0; step < 300; ++step) {
    std::vector<std::tuple<std::string, int64_t, int64_t>> rows;
    for (uint64_t i = random.below(200); i-- > 0;) {
      const std::string key = fmt::format("key with a long name {}", random.below(40));
      rows.emplace_back(key, static_cast<int64_t>(random.below(3)),
                        step * 10 + static_cast<int64_t>(random.below(50)));
      model[{key, std::get<1>(rows.back())}].push_back(std::get<2>(rows.back()));
    }
    if (!rows.empty()) append(store, rows);
    const int64_t watermark = step * 10 - 100;
    std::vector<Id> unmatched;
    store.expire(watermark, &unmatched);
    store.trim();
    size_t expected = 0;
    for (auto& [key, times] : model) {
      std::erase_if(times, [&](int64_t t) { return t + 10 <= watermark; });
      expected += times.size();
    }
    ASSERT_EQ(store.rows(), expected);
    if (step % 50 == 49) {
      SnapshotWriter writer;
      store.save(writer);
      const std::string bytes = writer.finish();
      SnapshotReader reader = *SnapshotReader::open(bytes);
      store = make_store(true);
      ASSERT_TRUE(static_cast<bool>(store.load(reader)));
      ASSERT_TRUE(reader.at_end());
    }
    if (step % 20 != 0) continue;
    for (const auto& [key, times] : model) {
      std::string text;
      for (size_t i = times.size(); i-- > 0;) text += fmt::format("{} ", times[i]);
      ASSERT_EQ(equal(store, key.first, key.second), text);
    }
  }
  EXPECT_LT(store.memory_bytes(), 2'000'000u) << "what was removed is given back";
}

TEST(RowStore, PlacesAreReused) {
  const RowStore::Options options{schema_from_text(kSchema), {0, 1}, -1, 0, true, true};
  Random random(11);
  RowStore store(options);
  std::multimap<std::pair<std::string, int64_t>, std::pair<int64_t, uint32_t>> model;
  size_t most = 0;
  for (int step = 0; step < 400; ++step) {
    std::vector<std::tuple<std::string, int64_t, int64_t>> rows;
    std::vector<uint32_t> counts;
    // First many, then about as many as go, in the end fewer.
    for (uint64_t i = random.below(step < 50 ? 200 : step < 300 ? 40 : 5); i-- > 0;) {
      const std::string key = fmt::format("key with a long name {}", random.below(40));
      rows.emplace_back(random.below(20) == 0 ? "." : key, static_cast<int64_t>(random.below(3)),
                        static_cast<int64_t>(random.below(1'000'000)));
      counts.push_back(static_cast<uint32_t>(random.below(600)));
      const auto& [name, number, time] = rows.back();
      model.emplace(std::pair(name, number), std::pair(time, counts.back()));
    }
    const Batch batch = batch_of(rows);
    if (!rows.empty()) {
      store.append_all(batch, RowKeys(batch, options.keys), 0, counts);
    }
    for (uint64_t i = step < 50 ? 0 : random.below(40); i-- > 0 && !model.empty();) {
      auto gone = model.begin();
      std::advance(gone, static_cast<ptrdiff_t>(random.below(model.size())));
      const auto& [key, row] = *gone;
      const std::vector<std::tuple<std::string, int64_t, int64_t>> one = {
          {key.first, key.second, row.first}};
      const Batch asked = batch_of(one);
      const Id id = store.find(asked, 0, RowKeys(asked, options.keys));
      ASSERT_NE(id, RowStore::kNone);
      ASSERT_EQ(store.count(id), row.second);
      store.remove(id);
      model.erase(gone);
    }
    store.trim();
    ASSERT_EQ(store.rows(), model.size());
    most = std::max(most, store.memory_bytes());
    if (step % 60 == 59) {
      SnapshotWriter writer;
      store.save(writer);
      const std::string bytes = writer.finish();
      SnapshotReader reader = *SnapshotReader::open(bytes);
      store = RowStore(options);
      ASSERT_TRUE(static_cast<bool>(store.load(reader)));
    }
    if (step % 20 != 0) continue;
    for (auto at = model.begin(); at != model.end(); at = model.upper_bound(at->first)) {
      if (at->first.first == ".") continue;  // equals no row
      std::multiset<int64_t> expected;
      for (auto row = at; row != model.upper_bound(at->first); ++row) {
        expected.insert(row->second.first);
      }
      const std::vector<std::tuple<std::string, int64_t, int64_t>> one = {
          {at->first.first, at->first.second, 0}};
      const Batch probe = batch_of(one);
      std::multiset<int64_t> got;
      store.each_equal(RowKeys(probe, options.keys), 0,
                       [&](Id id) { got.insert(*store.value<int64_t>(2, id)); });
      ASSERT_EQ(got, expected);
    }
  }
  EXPECT_LT(most, 1'000'000u) << "those that come take the places of those that went";
}

TEST(RowStore, PairsOfABatchAreThoseOfItsRows) {
  for (const bool one_key : {true, false}) {
    const std::vector<size_t> columns =
        one_key ? std::vector<size_t>{1} : std::vector<size_t>{0, 1};
    RowStore store({schema_from_text(kSchema), columns, -1, 0, false});
    Random random(3);
    const auto some = [&](size_t count) {
      std::vector<std::tuple<std::string, int64_t, int64_t>> rows;
      for (size_t i = 0; i < count; ++i) {
        rows.emplace_back(random.below(10) == 0 ? "." : "k", random.below(2000), 0);
      }
      return batch_of(rows);
    };
    for (int i = 0; i < 5; ++i) {
      const Batch batch = some(900);
      store.append_all(batch, RowKeys(batch, columns), 0);
    }
    for (Id id = 0; id < 2000; id += 3) store.remove(id);
    const Batch probe = some(300);
    const RowKeys keys(probe, columns);
    std::vector<std::pair<uint32_t, Id>> pairs;
    std::vector<std::pair<uint32_t, Id>> expected;
    store.each_pair(keys, [&](uint32_t row, Id id) { pairs.emplace_back(row, id); });
    for (uint32_t row = 0; row < probe.rows; ++row) {
      store.each_equal(keys, row, [&](Id id) { expected.emplace_back(row, id); });
    }
    EXPECT_EQ(pairs, expected);
    EXPECT_GT(pairs.size(), 300u);
  }
}

TEST(RowStore, ARowCostsLittleMoreThanItsColumns) {
  // 16 + 8 + 8 bytes of columns, long strings with as many bytes as they have.
  for (const size_t length : {size_t{1}, size_t{40}}) {
    RowStore store = make_store();
    std::vector<std::tuple<std::string, int64_t, int64_t>> rows;
    for (int64_t i = 0; i < 1000; ++i) rows.emplace_back(std::string(length, 'x'), i, i);
    const Batch batch = batch_of(rows);
    const RowKeys keys(batch, std::vector<size_t>{0, 1});
    for (int i = 0; i < 200; ++i) store.append_all(batch, keys, 0);
    const size_t needed = 32 + (length > StringRef::kInlineMax ? length : 0);
    EXPECT_LT(store.memory_bytes(), store.rows() * needed * 3 / 2);
  }
}

TEST(RowStore, FindsEqualRowsForRetraction) {
  RowStore store = make_store();
  append(store, {{"a", 1, 5}, {"a", 1, 6}, {".", 1, 7}, {"a", 1, 5}});
  const std::vector<std::tuple<std::string, int64_t, int64_t>> rows = {
      {"a", 1, 5}, {".", 1, 7}, {"a", 1, 8}};
  const Batch batch = batch_of(rows);
  const RowKeys keys(batch, std::vector<size_t>{0, 1});
  EXPECT_EQ(store.find(batch, 0, keys), 0u);
  EXPECT_EQ(store.find(batch, 1, keys), 2u);
  EXPECT_EQ(store.find(batch, 2, keys), RowStore::kNone);
  store.remove(0);
  EXPECT_EQ(store.find(batch, 0, keys), 3u);
}

}  // namespace
}  // namespace velo
