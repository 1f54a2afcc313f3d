// Results that are kept from window to window against results that are computed for every window.
#include "operator/window_results.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "operator/aggregate_test_case.h"
#include "operator/group_input.h"

namespace velo {
namespace {

struct Input {
  uint64_t seed = 1;
  size_t rows = 1500;
  uint64_t keys = 30;
  uint64_t nulls_of_100 = 0;
  int64_t scale = 1;  ///< values are multiples of it
};

// Some keys are frequent, some come once in a while: groups come and go.
Batch random_batch(const Input& input) {
  Random random(input.seed);
  ColumnBuilder key(Type::string());
  ColumnBuilder value(Type::bigint());
  ColumnBuilder time(Type::timestamp(3));
  int64_t now = at_time("00:01:00");
  for (size_t i = 0; i < input.rows; ++i) {
    if (random.below(3) == 0) now += static_cast<int64_t>(random.below(3)) * kSecond / 2;
    if (random.below(200) == 0) now += 45 * kSecond;
    const uint64_t k = random.below(1 + random.below(input.keys));
    key.append_string("key" + std::to_string(k));
    if (random.below(100) < input.nulls_of_100) {
      value.append_null();
    } else {
      value.append_int64(static_cast<int64_t>(random.below(1000)) * input.scale);
    }
    time.append_int64(now - static_cast<int64_t>(random.below(2000)) * 1000);
  }
  return {.schema = schema_from_text("k STRING, v BIGINT, t TIMESTAMP"),
          .rows = input.rows,
          .columns = {key.finish(), value.finish(), time.finish()},
          .weights = nullptr,
          .watermarks = nullptr};
}

WindowSpec hop(int64_t slide, int64_t size) {
  return {.kind = WindowKind::kHop, .size = size * kSecond, .slide = slide * kSecond};
}

const std::vector<WindowSpec>& windows() {
  static const std::vector<WindowSpec> all = {
      hop(1, 30),
      hop(2, 10),
      hop(4, 6),
      {.kind = WindowKind::kCumulate, .size = 30 * kSecond, .slide = 2 * kSecond}};
  return all;
}

class Reference {
 public:
  explicit Reference(const WindowSpec& window, const std::vector<std::string>& aggregates)
      : options_(window_options(window, aggregates)),
        input_(options_.keys, options_.aggregates, 2, false),
        store_(&input_.layout(), window) {}

  /// Folds the rows as they come, under a watermark two seconds behind the row; some come late.
  void run(const Batch& batch) {
    const Batch* rows = input_.prepare(batch, context_, ignored_);
    for (size_t row = 0; row < rows->rows; ++row) {
      PaneClock& clock = store_.clock();
      const int64_t pane = clock.pane_of(input_.times()[row]);
      const auto last = clock.last_end(pane);
      if (last && *last > fired_) {
        store_.fold(pane, input_.prepared(), input_.rows(row, 1), input_.keys().size());
      }
      fire(input_.times()[row] - kSecond);
    }
    fire(INT64_MAX);
    for (const Held& held : held_) EXPECT_EQ(text_of(held.columns, {}), held.text);
  }
  size_t windows() const { return windows_; }

 private:
  struct Held {
    std::vector<ColumnPtr> columns;
    std::string text;
  };

  void fire(int64_t watermark) {
    for (auto end = store_.next_end(fired_); end && store_.clock().start_of(*end) <= watermark;
         end = store_.next_end(fired_)) {
      fired_ = *end;
      const WindowStore::Window shown = store_.combine(*end);
      kept_.show(shown, input_.keys());
      WindowResults anew;
      anew.show(shown, input_.keys());
      ASSERT_EQ(kept_.chunks(), anew.chunks());
      if (windows_++ % 50 == 49) {
        kept_.skip();
      } else {
        for (size_t chunk = 0; chunk < anew.chunks(); ++chunk) compare(shown, chunk, anew);
      }
      store_.drop_through(fired_);
    }
  }

  void compare(const WindowStore::Window& shown, size_t chunk, WindowResults& anew) {
    RowErrors errors;
    RowErrors expected_errors;
    const auto columns = kept_.columns(store_, shown, chunk, errors);
    const auto expected = anew.columns(store_, shown, chunk, expected_errors);
    ASSERT_TRUE(std::ranges::equal(kept_.groups(chunk), anew.groups(chunk)));
    const std::string text = text_of(columns, errors.rows());
    ASSERT_EQ(text, text_of(expected, expected_errors.rows())) << "window " << windows_;
    // Some are held on to, by column, as consumers do who want a few.
    for (size_t c = 0; c < columns.size(); ++c) {
      if ((windows_ + c) % 7 == 0) held_.push_back({{columns[c]}, text_of({&columns[c], 1}, {})});
    }
  }

  static std::string text_of(std::span<const ColumnPtr> columns,
                             const std::vector<RowError>& errors) {
    std::string out;
    for (const ColumnPtr& column : columns) {
      for (size_t row = 0; row < column->size(); ++row) {
        if (column->is_null(row)) {
          out += ". ";
        } else {
          append_text(out, *column, row);
          out += ' ';
        }
      }
      out += '\n';
    }
    for (const RowError& error : errors) out += std::to_string(error.row) + error.message + "\n";
    return out;
  }

  WindowAggregateOptions options_;
  GroupInput input_;
  WindowStore store_;
  WindowResults kept_;
  EvaluationContext context_;
  CollectOutput ignored_;
  int64_t fired_ = INT64_MIN;
  size_t windows_ = 0;
  std::vector<Held> held_;
};

void expect_same(const Input& input, const std::vector<std::string>& aggregates) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    Input seeded = input;
    seeded.seed = seed;
    const Batch batch = random_batch(seeded);
    for (const WindowSpec& window : windows()) {
      Reference reference(window, aggregates);
      reference.run(batch);
      EXPECT_GT(reference.windows(), 50U);
    }
  }
}

TEST(WindowResults, PlainWords) {
  expect_same({}, {"COUNT(*)", "SUM(v)", "MAX(v)", "AVG(v)", "COUNT(v)"});
}

TEST(WindowResults, MissingValues) {
  expect_same({.nulls_of_100 = 40}, {"SUM(v)", "MIN(v)", "AVG(v)", "COUNT(v)"});
}

TEST(WindowResults, ResultsThatAreNoWordsOrAreNotWritten) {
  expect_same({}, {"STDDEV_POP(v)", "COUNT(DISTINCT v)", "LAST_VALUE(v)"});
  expect_same({.nulls_of_100 = 10}, {"MIN(k)", "COUNT(*)", "ARRAY_AGG(v)"});
}

TEST(WindowResults, SumsThatDoNotFit) {
  expect_same({.keys = 8, .scale = 2'000'000'000'000'000}, {"SUM(v)", "COUNT(*)"});
}

TEST(WindowResults, NoAggregates) { expect_same({}, {}); }

TEST(WindowResults, MoreGroupsThanAChunk) {
  const Batch batch = random_batch({.rows = 20'000, .keys = 20'000});
  for (const WindowSpec& window : {hop(1000, 5000), hop(600, 3000)}) {
    Reference reference(window, {"COUNT(*)", "SUM(v)"});
    reference.run(batch);
    EXPECT_GT(reference.windows(), 5U);
  }
}

}  // namespace
}  // namespace velo
