// Every aggregate against recomputing it from its rows: folded at once, folded in parts that are
// merged, with rows taken back, and through a snapshot.
#include "state/accumulator.h"

#include <gtest/gtest.h>

#include "base/fmt.h"
#include "base/random.h"
#include "column/batch_text.h"
#include "state/group_states.h"

namespace velo {
namespace {

const char* kSchema =
    "k BIGINT, i BIGINT, d DOUBLE, m DECIMAL(10,2), s STRING, b BOOLEAN, t TIMESTAMP";

Aggregate aggregate_of(const Batch& batch, std::string_view text) {
  AggregateRequest request;
  const size_t open = text.find('(');
  request.name = text.substr(0, open);
  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  if (rest.starts_with("DISTINCT ")) {
    request.distinct = true;
    rest.remove_prefix(9);
  }
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view name = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const int index = batch.schema->index_of(name);
    if (name == "*") {
      request.star = true;
    } else if (index >= 0) {
      const auto at = static_cast<size_t>(index);
      request.args.push_back(make_column(at, (*batch.schema)[at].type, std::string(name)));
    } else if (name == "'-'") {
      request.args.push_back(make_string("-"));
    } else {
      request.args.push_back(make_decimal(50, 2, 2));
    }
  }
  return resolve_aggregate(request).value();
}

Batch random_rows(uint64_t seed, size_t n, bool nulls = true) {
  Random random(seed);
  std::string text;
  auto cell = [&](std::string value) {
    return nulls && random.below(8) == 0 ? std::string(".") : value;
  };
  for (size_t i = 0; i < n; ++i) {
    const auto number = static_cast<int64_t>(random.below(20)) - 10;
    text += std::to_string(random.below(3)) + " " + cell(std::to_string(number)) + " " +
            cell(std::to_string(static_cast<double>(number) / 4)) + " " +
            cell(std::to_string(number) + ".25") + " " +
            cell(std::string(1 + random.below(16), static_cast<char>('p' + random.below(5)))) +
            " " + cell(random.below(2) == 0 ? "true" : "false") +
            " 2024-01-01T00:00:" + std::to_string(10 + random.below(50)) + "\n";
  }
  return batch_from_text(kSchema, text);
}

const std::vector<std::string> kAggregates = {"COUNT(*)",
                                              "COUNT(s)",
                                              "SUM(i)",
                                              "SUM(d)",
                                              "SUM(m)",
                                              "AVG(i)",
                                              "AVG(d)",
                                              "AVG(m)",
                                              "MIN(i)",
                                              "MAX(i)",
                                              "MIN(d)",
                                              "MAX(d)",
                                              "MIN(m)",
                                              "MAX(m)",
                                              "MIN(s)",
                                              "MAX(s)",
                                              "MIN(b)",
                                              "MAX(t)",
                                              "FIRST_VALUE(s)",
                                              "LAST_VALUE(i)",
                                              "STDDEV_POP(d)",
                                              "VAR_SAMP(i)",
                                              "COUNT(DISTINCT s)",
                                              "SUM(DISTINCT i)",
                                              "APPROX_COUNT_DISTINCT(s)",
                                              "MEDIAN(d)",
                                              "STRING_AGG(s,'-')",
                                              "ARRAY_AGG(i)",
                                              "BOOL_AND(b)",
                                              "BOOL_OR(b)",
                                              "CORR(d,i)"};

struct Folded {
  GroupStates states;
  explicit Folded(const AggregateLayout* layout) : states(layout) { states.resize(3); }
};

// Folds rows; `sequence` is the arrival number of the first.
void fold(AggregateLayout& layout, GroupStates& states, const Batch& batch, uint64_t sequence) {
  if (batch.empty()) return;
  EvaluationContext context;
  RowErrors errors;
  AggregateLayout::Prepared prepared;
  layout.prepare(batch, context, errors, &prepared);
  std::vector<uint32_t> slots;
  for (size_t i = 0; i < batch.rows; ++i)
    slots.push_back(static_cast<uint32_t>(batch.columns[0]->int64_at(i)));
  FoldRows rows;
  rows.slots = slots.data();
  rows.count = batch.rows;
  rows.times = batch.columns[6]->values<int64_t>();
  rows.first_sequence = sequence;
  states.fold(prepared, rows);
}

std::string results(const AggregateLayout& layout, const GroupStates& states) {
  RowErrors errors;
  const uint32_t groups[] = {0, 1, 2};
  const std::vector<ColumnPtr> columns = states.results(groups, errors);
  std::string out;
  for (size_t a = 0; a < columns.size(); ++a) {
    out += layout.aggregates()[a].text + ":";
    for (size_t g = 0; g < 3; ++g) {
      const Scalar value = scalar_at(*columns[a], g);
      // Floats agree to 12 digits: moments merge in another order.
      out += " " + (value.type.is_float() && !value.is_null()
                        ? fmt::format("{:.12g}", value.as_double() + 0.0)
                        : to_text(value));
    }
    out += "\n";
  }
  return out;
}

std::vector<Aggregate> all_aggregates(const Batch& batch) {
  std::vector<Aggregate> aggregates;
  for (const std::string& text : kAggregates) aggregates.push_back(aggregate_of(batch, text));
  return aggregates;
}

TEST(Accumulator, MergedPartsEqualTheWhole) {
  for (uint64_t seed = 1; seed < 20; ++seed) {
    const Batch batch = random_rows(seed, 60);
    AggregateLayout layout({}, all_aggregates(batch), false);
    Folded whole(&layout);
    fold(layout, whole.states, batch, 0);
    Folded first(&layout);
    Folded second(&layout);
    fold(layout, first.states, slice(batch, 0, 25), 0);
    fold(layout, second.states, slice(batch, 25, 35), 25);
    Folded both(&layout);
    const uint32_t all[] = {0, 1, 2};
    both.states.assign_merged(0, first.states, all, second.states, all);
    ASSERT_EQ(results(layout, both.states), results(layout, whole.states)) << seed;
    first.states.merge_all(second.states);
    ASSERT_EQ(results(layout, first.states), results(layout, whole.states)) << seed;
    Folded picked(&layout);
    const uint32_t groups[] = {2, 0, 1};
    picked.states.merge(first.states, groups, groups);
    ASSERT_EQ(results(layout, picked.states), results(layout, whole.states)) << seed;
  }
}

// Front and back as a WindowStore keeps them: what is exact is in the back alone.
struct Stacks {
  explicit Stacks(const AggregateLayout* layout) : front(layout), back(layout), left(layout) {}
  void turn(const GroupStates& pane) {
    back.states.merge_all(pane);
    back.states.clear_inexact();
    front.states.merge_keeping(pane, kGroups, kGroups, left, 4);
  }
  void leave(const GroupStates& pane) {
    front.states.restore(left, 4, kGroups);
    back.states.unmerge(pane, kGroups, kGroups);
  }
  static constexpr uint32_t kGroups[] = {2, 0, 1};
  Folded front, back;
  GroupStates left;
};

TEST(Accumulator, PanesThatLeaveLeaveNoTrace) {
  for (uint64_t seed = 1; seed < 20; ++seed) {
    const Batch batch = random_rows(seed, 60);
    AggregateLayout layout({}, all_aggregates(batch), false);
    Folded first(&layout);
    Folded second(&layout);
    Folded whole(&layout);
    fold(layout, first.states, slice(batch, 0, 25), 0);
    fold(layout, second.states, slice(batch, 25, 35), 25);
    fold(layout, whole.states, batch, 0);
    Stacks stacks(&layout);
    stacks.turn(first.states);
    stacks.back.states.merge_all(second.states);
    const uint32_t all[] = {0, 1, 2};
    Folded both(&layout);
    both.states.make_anew();
    both.states.assign_merged(0, stacks.front.states, all, stacks.back.states, all);
    ASSERT_EQ(results(layout, both.states), results(layout, whole.states)) << seed;
    stacks.leave(first.states);
    both.states.make_anew();
    both.states.assign_merged(0, stacks.front.states, all, stacks.back.states, all);
    ASSERT_EQ(results(layout, both.states), results(layout, second.states)) << seed;
  }
}

// write_results of one aggregate, merged from two parts: the words, or none if it says no.
std::vector<uint64_t> written(const Aggregate& aggregate, const Batch& batch, size_t split,
                              bool range, std::vector<uint64_t>* expected) {
  AggregateLayout layout({}, {aggregate}, false);
  Folded first(&layout);
  Folded second(&layout);
  fold(layout, first.states, slice(batch, 0, split), 0);
  fold(layout, second.states, slice(batch, split, batch.rows - split), split);
  Stacks stacks(&layout);
  stacks.turn(first.states);
  stacks.back.states.merge_all(second.states);
  const uint32_t groups[] = {2, 0, 1};
  const uint32_t positions[] = {0, 3, 1};
  std::vector<uint64_t> words(4, 7);
  uint64_t* const columns[] = {words.data()};
  const WordPlaces places = range ? WordPlaces::range(1, 2) : WordPlaces{groups, positions, 0, 3};
  const bool merges = split < batch.rows;
  const GroupStates& states = merges ? stacks.front.states : first.states;
  if (!states.write_results(places, merges ? &stacks.back.states : nullptr, columns)) return {};
  first.states.merge_all(second.states);
  RowErrors errors;
  const ColumnPtr column = first.states.results(groups, errors)[0];
  EXPECT_TRUE(errors.empty() && column->is_flat() && !column->may_have_nulls());
  const auto* values = column->values<uint64_t>();
  *expected = {values[0], values[2], 7, values[1]};
  if (range) *expected = {values[2], values[0], 7, 7};
  return words;
}

TEST(Accumulator, WordsAreTheResults) {
  size_t words_written = 0;
  for (const std::string& text : kAggregates) {
    for (uint64_t seed = 1; seed < 40; ++seed) {
      const Batch batch = random_rows(seed, 30, seed % 4 == 0);
      for (const size_t split : {size_t{13}, batch.rows}) {
        for (const bool range : {false, true}) {
          std::vector<uint64_t> expected;
          const auto words = written(aggregate_of(batch, text), batch, split, range, &expected);
          ASSERT_EQ(words, expected) << text << " " << seed;
          words_written += words.size();
        }
      }
    }
  }
  EXPECT_GT(words_written, 2000U);
}

// A sum of 9 groups, one of which is large, from two parts.
TEST(Accumulator, IntegerSumsAreExactBeyond64Bits) {
  const Batch small = batch_from_text(kSchema,
                                      "0 5 . . . . 2024-01-01T00:00:02\n"
                                      "1 7 . . . . 2024-01-01T00:00:01\n");
  const Batch large = batch_from_text(kSchema,
                                      "0 9223372036854775807 . . . . 2024-01-01T00:00:02\n"
                                      "1 -9 . . . . 2024-01-01T00:00:01\n");
  Batch undone = large;
  undone.weights = constant_column(Scalar::of(int64_t{-1}), undone.rows);
  AggregateLayout layout({}, {aggregate_of(small, "AVG(i)"), aggregate_of(small, "SUM(i)")}, true);
  Folded sums(&layout);
  Folded more(&layout);
  fold(layout, sums.states, small, 0);
  fold(layout, more.states, large, 0);
  const std::string before = results(layout, sums.states);
  sums.states.merge_all(more.states);
  uint64_t words[2][3];
  uint64_t* const columns[] = {words[0], words[1]};
  EXPECT_FALSE(sums.states.write_results(WordPlaces::range(0, 2), nullptr, columns));
  const uint32_t all[] = {0, 1, 2};
  SnapshotWriter writer;
  sums.states.save(all, writer);
  const std::string bytes = writer.finish();
  SnapshotReader reader = SnapshotReader::open(bytes).value();
  Folded again(&layout);
  again.states.load(all, reader).value();
  RowErrors errors;
  const std::vector<ColumnPtr> now = again.states.results(all, errors);
  EXPECT_EQ(now[0]->double_at(0), 4611686018427387906.0);
  EXPECT_EQ(now[1]->int64_at(1), -2);
  ASSERT_EQ(errors.rows().size(), 1U);  // a BIGINT holds no such sum
  EXPECT_EQ(errors.rows()[0].row, 0U);
  fold(layout, again.states, undone, 0);
  EXPECT_EQ(results(layout, again.states), before);
  sums.states.unmerge(more.states, all, all);
  EXPECT_EQ(results(layout, sums.states), before);
  sums.states.clear_all();
  fold(layout, sums.states, small, 0);
  EXPECT_EQ(results(layout, sums.states), before);
  EXPECT_TRUE(sums.states.write_results(WordPlaces::range(0, 2), nullptr, columns));
  EXPECT_EQ(words[1][1], 7U);
}

TEST(Accumulator, PanesUsedAgainForgetTheirValues) {
  const Batch one = batch_from_text(kSchema, "0 1 1 1 a true 2024-01-01T00:00:00\n");
  for (const char* text : {"COUNT(DISTINCT i)", "COUNT(DISTINCT s)"}) {
    AggregateLayout layout({}, {aggregate_of(one, text)}, false);
    GroupStates states(&layout);
    states.resize(3);
    size_t early = 0;
    for (int64_t pane = 0; pane < 2000; ++pane) {
      std::string rows;
      for (int64_t i = 0; i < 100; ++i) {
        const std::string value = std::to_string(pane * 100 + i);
        rows += "0 " + value + " 1 1 s" + value + " true 2024-01-01T00:00:00\n";
      }
      fold(layout, states, batch_from_text(kSchema, rows), 0);
      ASSERT_TRUE(results(layout, states).find(": 100 0 0") != std::string::npos);
      states.clear_first(3);
      if (pane == 100) early = states.memory_bytes();
    }
    EXPECT_LE(states.memory_bytes(), early * 2) << text;
  }
}

TEST(Accumulator, RowsTakenBackLeaveNoTrace) {
  for (uint64_t seed = 1; seed < 20; ++seed) {
    const Batch stays = random_rows(seed, 40);
    Batch goes = random_rows(seed + 100, 30);
    AggregateLayout layout({}, all_aggregates(stays), true);
    Folded expected(&layout);
    fold(layout, expected.states, stays, 0);
    Folded folded(&layout);
    fold(layout, folded.states, goes, 1000);
    fold(layout, folded.states, stays, 0);
    goes.weights = constant_column(Scalar::of(int64_t{-1}), goes.rows);
    fold(layout, folded.states, goes, 2000);
    ASSERT_EQ(results(layout, folded.states), results(layout, expected.states)) << seed;
  }
}

TEST(Accumulator, SnapshotsBringBackTheState) {
  for (bool retractable : {false, true}) {
    const Batch batch = random_rows(3, 80);
    AggregateLayout layout({}, all_aggregates(batch), retractable);
    Folded whole(&layout);
    fold(layout, whole.states, batch, 0);
    Folded before(&layout);
    fold(layout, before.states, slice(batch, 0, 50), 0);
    SnapshotWriter writer;
    const uint32_t groups[] = {0, 1, 2};
    before.states.save(groups, writer);
    const std::string bytes = writer.finish();
    Folded after(&layout);
    SnapshotReader reader = SnapshotReader::open(bytes).value();
    after.states.load(groups, reader).value();
    EXPECT_TRUE(reader.at_end());
    fold(layout, after.states, slice(batch, 50, 30), 50);
    EXPECT_EQ(results(layout, after.states), results(layout, whole.states));
  }
}

TEST(Accumulator, ExactValues) {
  const Batch batch = batch_from_text(kSchema,
                                      "0 9223372036854775807 1e16 0.10 b true 2024-01-01T00:00:02\n"
                                      "0 1 1 0.20 a false 2024-01-01T00:00:01\n"
                                      "0 -9223372036854775807 -1e16 0.30 c . 2024-01-01T00:00:03\n"
                                      "1 . . . . . 2024-01-01T00:00:04\n"
                                      "2 5 nan 1.00 z true 2024-01-01T00:00:05\n"
                                      "2 7 2 3.00 z true 2024-01-01T00:00:05\n");
  AggregateLayout layout({}, all_aggregates(batch), false);
  Folded folded(&layout);
  fold(layout, folded.states, batch, 0);
  const std::string text = results(layout, folded.states);
  auto line = [&](std::string_view name) {
    const size_t at = text.find("\n" + std::string(name) + ":");
    return at == std::string::npos ? "no line"
                                   : text.substr(at + 1, text.find('\n', at + 1) - at - 1);
  };
  EXPECT_EQ(line("SUM(i)"), "SUM(i): 1 NULL 12");
  EXPECT_EQ(line("SUM(d)"), "SUM(d): 1 NULL nan");
  EXPECT_EQ(line("SUM(m)"), "SUM(m): 0.60 NULL 4.00");
  EXPECT_EQ(line("AVG(m)"), "AVG(m): 0.200000 NULL 2.000000");
  EXPECT_EQ(line("COUNT(s)"), "COUNT(s): 3 0 2");
  EXPECT_EQ(line("MIN(d)"), "MIN(d): -1e+16 NULL 2");
  EXPECT_EQ(line("MAX(d)"), "MAX(d): 1e+16 NULL nan");
  EXPECT_EQ(line("FIRST_VALUE(s)"), "FIRST_VALUE(s): a NULL z");
  EXPECT_EQ(line("LAST_VALUE(i)"), "LAST_VALUE(i): -9223372036854775807 NULL 7");
  EXPECT_EQ(line("COUNT(DISTINCT s)"), "COUNT(DISTINCT s): 3 0 1");
  EXPECT_EQ(line("STRING_AGG(s, '-')"), "STRING_AGG(s, '-'): a-b-c NULL z-z");
  EXPECT_EQ(line("BOOL_AND(b)"), "BOOL_AND(b): FALSE NULL TRUE");
  EXPECT_EQ(line("VAR_SAMP(i)"), "VAR_SAMP(i): 8.50705917302e+37 NULL 2");
}

TEST(Accumulator, SketchesEstimateWithinTheirError) {
  ColumnBuilder values(Type::bigint());
  for (int64_t i = 0; i < 100000; ++i) values.append_int64(i * 7919);
  const SchemaPtr schema = schema_from_text("v BIGINT");
  Batch batch{.schema = schema,
              .rows = 100000,
              .columns = {values.finish()},
              .weights = nullptr,
              .watermarks = nullptr};
  AggregateLayout layout({}, {aggregate_of(batch, "APPROX_COUNT_DISTINCT(v)")}, false);
  GroupStates states(&layout);
  states.resize(1);
  EvaluationContext context;
  RowErrors errors;
  AggregateLayout::Prepared prepared;
  layout.prepare(batch, context, errors, &prepared);
  const std::vector<uint32_t> slots(batch.rows, 0);
  FoldRows rows;
  rows.slots = slots.data();
  rows.count = batch.rows;
  states.fold(prepared, rows);
  const uint32_t zero = 0;
  const int64_t estimate = states.results({&zero, 1}, errors)[0]->int64_at(0);
  EXPECT_NEAR(static_cast<double>(estimate), 100000.0, 5000.0);
}

}  // namespace
}  // namespace velo
