#include "operator/row_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "column/batch_text.h"
#include "column/column_builder.h"

namespace velo {
namespace {

// Few different values of every kind, so that keys leave rows equal; NULL among them.
Batch random_batch(size_t rows, Random& random) {
  Batch batch{schema_from_text("i BIGINT, d DOUBLE, s STRING, m DECIMAL(38,0), b BOOLEAN"),
              rows,
              {},
              nullptr,
              nullptr};
  std::vector<ColumnBuilder> columns;
  for (const Field& field : batch.schema->fields()) columns.emplace_back(field.type);
  const double doubles[] = {0.0, -0.0, 1.5, -1e300, INFINITY, std::nan("")};
  const std::string strings[] = {
      "",           "a",          std::string("a\\0", 2), "sevenby",
      "sevenbytes", "sevenbyter", "sevenbytes and more",  "sevenbytes and some"};
  const int128_t decimals[] = {0, -1, 7, int128_t{1} << 100, (int128_t{1} << 100) + 1};
  const bool wide = random.below(2) == 0;
  for (size_t row = 0; row < rows; ++row) {
    columns[0].append_int64(random.below(2) == 0 ? INT64_MIN + static_cast<int64_t>(random.below(3))
                                                 : static_cast<int64_t>(random.below(5)) - 2);
    columns[1].append_double(doubles[random.below(6)]);
    columns[2].append_string(strings[random.below(8)]);
    columns[3].append_int128(decimals[random.below(wide ? 5 : 3)]);
    columns[4].append_bool(random.below(2) == 0);
    for (ColumnBuilder& column : columns) {
      if (random.below(6) == 0) column.set_null(row);
    }
  }
  for (ColumnBuilder& column : columns) batch.columns.push_back(column.finish());
  return batch;
}

TEST(RowOrder, IsThatOfComparingRows) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const Batch batch = random_batch(random.below(120), random);
    std::vector<SortKey> keys;
    for (uint64_t n = random.below(4); n-- > 0;) {
      keys.push_back({random.below(5), random.below(2) == 0, random.below(2) == 0});
    }
    for (const Ties ties : {Ties::kArrival, Ties::kColumns}) {
      Selection right(batch.rows);
      std::iota(right.begin(), right.end(), 0u);
      std::stable_sort(right.begin(), right.end(), [&](uint32_t a, uint32_t b) {
        if (const int order = compare_by(keys, batch, a, b)) return order < 0;
        for (size_t c = 0; ties == Ties::kColumns && c < batch.columns.size(); ++c) {
          const Column& column = *batch.columns[c];
          if (const int order = compare_rows(column, a, column, b)) return order < 0;
        }
        return false;
      });
      ASSERT_EQ(sorted_rows(batch, keys, ties), right) << "seed " << seed;
      const size_t limit = random.below(batch.rows + 1);
      right.resize(limit);
      ASSERT_EQ(sorted_rows(batch, keys, ties, limit), right) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace velo
