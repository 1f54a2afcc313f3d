#include "state/row_slots.h"

#include <gtest/gtest.h>

#include <map>

#include "base/fmt.h"
#include "base/random.h"
#include "column/batch_text.h"
#include "column/column_builder.h"

namespace velo {
namespace {

using Id = RowSlots::Id;

const SchemaPtr& schema() {
  static const SchemaPtr made = schema_from_text("s STRING, n BIGINT");
  return made;
}

/// Row i: a text of its own and the number i; every fifth text is NULL.
Batch rows_from(int64_t first, size_t count, size_t length) {
  ColumnBuilder s(Type::string());
  ColumnBuilder n(Type::bigint());
  for (size_t i = 0; i < count; ++i) {
    const int64_t number = first + static_cast<int64_t>(i);
    if (number % 5 == 4) {
      s.append_null();
    } else {
      s.append_string(fmt::format("{:0>{}}", number, length));
    }
    n.append_int64(number);
  }
  return {schema(), count, {s.finish(), n.finish()}, nullptr, nullptr};
}

void expect_row(const RowSlots& slots, Id id, int64_t number, size_t length) {
  const ColumnPtr n = slots.columns().gather(1, {&id, 1});
  const ColumnPtr s = slots.columns().gather(0, {&id, 1});
  ASSERT_EQ(n->int64_at(0), number);
  ASSERT_EQ(s->is_null(0), number % 5 == 4);
  if (number % 5 == 4) return;
  ASSERT_EQ(s->string_at(0), fmt::format("{:0>{}}", number, length));
}

TEST(RowSlots, RowsKeepTheirNumbersWhileOthersComeAndGo) {
  for (const size_t length : {size_t{8}, size_t{30}}) {
    Random random(11);
    RowSlots slots(schema());
    std::map<Id, int64_t> model;
    int64_t next = 0;
    std::vector<Id> ids;
    std::vector<uint32_t> chosen;
    for (int step = 0; step < 400; ++step) {
      const Batch batch = rows_from(next, random.below(300), length);
      chosen.clear();
      for (uint32_t row = 0; row < batch.rows; ++row) {
        if (random.below(3) > 0) chosen.push_back(row);
      }
      slots.put(batch, chosen, &ids);
      ASSERT_EQ(ids.size(), chosen.size());
      for (size_t i = 0; i < ids.size(); ++i) {
        ASSERT_TRUE(model.emplace(ids[i], next + chosen[i]).second);
      }
      next += static_cast<int64_t>(batch.rows);
      const bool most = step % 100 == 99;
      for (auto it = model.begin(); it != model.end();) {
        if (!most && random.below(5) > 0) {
          ++it;
          continue;
        }
        slots.remove(it->first);
        expect_row(slots, it->first, it->second, length);
        it = model.erase(it);
      }
      slots.reuse();
      ASSERT_EQ(slots.rows(), model.size());
      for (const auto& [id, number] : model) expect_row(slots, id, number, length);
    }
  }
}

TEST(RowSlots, PlacesAndTextsAreUsedAgain) {
  RowSlots slots(schema());
  std::vector<Id> ids;
  const std::vector<uint32_t> all = [] {
    std::vector<uint32_t> rows(500);
    for (uint32_t i = 0; i < rows.size(); ++i) rows[i] = i;
    return rows;
  }();
  std::vector<Id> held;
  Random random(5);
  for (int step = 0; step < 300; ++step) {
    slots.put(rows_from(step * 500, 500, 40), all, &ids);
    held.insert(held.end(), ids.begin(), ids.end());
    // Whichever: holes everywhere.
    while (held.size() > 20'000) {
      const size_t at = random.below(held.size());
      slots.remove(held[at]);
      held[at] = held.back();
      held.pop_back();
    }
    slots.reuse();
  }
  EXPECT_EQ(slots.rows(), 20'000u);
  // 16 + 8 bytes and four texts of 40 in five rows.
  EXPECT_LT(slots.memory_bytes(), 20'000u * (24 + 32) * 3 / 2);
  for (const Id id : held) slots.remove(id);
  slots.reuse();
  EXPECT_LT(slots.memory_bytes(), 100'000u) << "what is empty holds nothing";
}

}  // namespace
}  // namespace velo
