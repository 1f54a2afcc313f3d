#include "state/waiting_rows.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "column/batch_text.h"
#include "column/column_builder.h"

namespace velo {
namespace {

struct Row {
  int64_t time;
  int64_t arrival;
  bool operator==(const Row&) const = default;
};

// A time from -span / 2 on; unsigned, as the difference overflows int64_t for the widest span.
int64_t time_within(uint64_t span, Random& random) {
  return static_cast<int64_t>(random.below(span) - span / 2);
}

// Pushes rows in pieces and releases what a watermark has passed; what comes out is in the order of
// time, then of arrival.
void check(uint64_t span, Random& random) {
  WaitingRows waiting(schema_from_text("t TIMESTAMP, n BIGINT"), 0);
  std::vector<Row> held;
  int64_t arrival = 0;
  for (int turn = 0; turn < 20; ++turn) {
    ColumnBuilder times(Type::timestamp(3)), numbers(Type::bigint());
    const size_t rows = random.below(100);
    for (size_t i = 0; i < rows; ++i) {
      const int64_t time = time_within(span, random);
      held.push_back({time, arrival});
      times.append_int64(time);
      numbers.append_int64(arrival++);
    }
    waiting.push({schema_from_text("t TIMESTAMP, n BIGINT"),
                  rows,
                  {times.finish(), numbers.finish()},
                  nullptr,
                  nullptr});
    const bool all = turn == 19;
    const int64_t watermark = all ? INT64_MAX : time_within(span, random);
    std::vector<Row> right;
    std::erase_if(held, [&](const Row& row) {
      if (row.time <= watermark) right.push_back(row);
      return row.time <= watermark;
    });
    std::stable_sort(right.begin(), right.end(),
                     [](const Row& a, const Row& b) { return a.time < b.time; });
    const Batch released = waiting.release(watermark);
    std::vector<Row> got;
    for (size_t i = 0; i < released.rows; ++i) {
      got.push_back({released.columns[0]->int64_at(i), released.columns[1]->int64_at(i)});
    }
    ASSERT_EQ(got, right) << "span " << span;
    ASSERT_EQ(waiting.rows(), held.size());
  }
}

TEST(WaitingRows, ComeInTheOrderOfTimeThenOfArrival) {
  Random random(1);
  for (const uint64_t span :
       {uint64_t{1}, uint64_t{5}, uint64_t{300}, uint64_t{70'000}, uint64_t{1} << 31,
        uint64_t{1} << 32, (uint64_t{1} << 32) + 5, uint64_t{1} << 45, UINT64_MAX}) {
    for (int round = 0; round < 10; ++round) check(span, random);
  }
}

// Whatever the size of batches; of texts, and of what is taken from the middle of parts.
TEST(WaitingRows, HoldLittleMoreThanThemselves) {
  const SchemaPtr schema = schema_from_text("t TIMESTAMP, n BIGINT, s STRING");
  for (const size_t batch_rows : {7, 300, 4096}) {
    for (const size_t length : {8, 100}) {
      Random random(batch_rows);
      WaitingRows waiting(schema, 0);
      size_t fullest = 0;
      for (int64_t now = 0; now < 30'000;) {
        ColumnBuilder times(Type::timestamp(3)), numbers(Type::bigint()), texts(Type::string());
        for (size_t i = 0; i < batch_rows; ++i, ++now) {
          times.append_int64(now + static_cast<int64_t>(random.below(1000)));
          numbers.append_int64(now);
          texts.append_string(std::string(length, 'x'));
        }
        const std::vector<ColumnPtr> columns = {times.finish(), numbers.finish(), texts.finish()};
        waiting.push({schema, batch_rows, columns, nullptr, nullptr});
        waiting.release(now - 5000);
        if (waiting.rows() < 4000) continue;
        fullest = std::max(fullest, waiting.rows());
        ASSERT_LE(static_cast<double>(waiting.memory_bytes()),
                  1.5 * static_cast<double>(waiting.column_bytes()))
            << waiting.rows() << " rows of batches of " << batch_rows << ", texts of " << length;
      }
      EXPECT_GE(fullest, 5000u);
    }
  }
}

}  // namespace
}  // namespace velo
