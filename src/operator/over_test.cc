#include "operator/over.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"
#include "operator/aggregate_test_case.h"

namespace velo {
namespace {

using Unit = OverBound::Unit;

OverBound unbounded() { return {}; }
OverBound rows_away(int64_t n) { return {Unit::kRows, n, 0, 0}; }
OverBound groups_away(int64_t n) { return {Unit::kGroups, n, 0, 0}; }
OverBound time_away(int64_t us) { return {Unit::kRange, 0, us, 0}; }
OverFrame between(OverBound start, OverBound end) { return {start, end, "some rows"}; }
OverFrame last_rows(int64_t n) { return between(rows_away(1 - n), rows_away(0)); }

/// Over (k STRING, v BIGINT, t TIMESTAMP), per k, by t.
OverOptions over_options(OverForm form = OverForm::kTime) {
  OverOptions options;
  options.input = schema_from_text("k STRING, v BIGINT, t TIMESTAMP");
  options.output = options.input;
  options.partition = {0};
  options.order = {{2, false, true}};
  options.form = form;
  options.time_column = 2;
  options.shift_us = 1;
  return options;
}
void add(OverOptions& options, OverCall call, std::string name) {
  std::vector<Field> fields = options.output->fields();
  fields.push_back({std::move(name), call.type});
  options.output = make_schema(std::move(fields));
  options.calls.push_back(std::move(call));
}
void add_aggregate(OverOptions& options, const OverFrame& frame, const std::string& text) {
  OverCall call;
  call.frame = frame;
  call.aggregate = aggregate_of(options.input, text);
  call.type = call.aggregate.type;
  add(options, std::move(call), text);
}
void add_rank(OverOptions& options, OverFunction function, int64_t n = 1) {
  OverCall call;
  call.function = function;
  call.n = n;
  const bool share = function == OverFunction::kPercentRank || function == OverFunction::kCumeDist;
  call.type = share ? Type::float64() : Type::bigint();
  add(options, std::move(call), "rank");
}
void add_value(OverOptions& options, const OverFrame& frame, OverFunction function, int64_t n,
               bool ignore_nulls) {
  OverCall call;
  call.function = function;
  call.frame = frame;
  call.n = n;
  call.ignore_nulls = ignore_nulls;
  call.argument = input_column(options.input, "v");
  call.type = Type::bigint();
  add(options, std::move(call), "value");
}
OverOptions sums(const OverFrame& frame, std::vector<std::string> aggregates) {
  OverOptions options = over_options();
  for (const std::string& text : aggregates) add_aggregate(options, frame, text);
  return options;
}

std::string run(const OverOptions& options, const Batch& rows, int64_t delay_us, size_t batch_rows,
                std::string* rejected = nullptr) {
  auto op = make_over(options);
  CollectOutput output;
  stream(*op, rows, delay_us, batch_rows, output);
  if (rejected != nullptr) *rejected = short_times(output.rejected());
  return short_times(output.rows());
}

TEST(Over, TheLastRowsOfAKeyInTheOrderOfTime) {
  const OverOptions options =
      sums(last_rows(3), {"COUNT(*)", "SUM(v)", "MIN(v)", "MAX(v)", "COUNT(v)"});
  const Batch rows = events(
      "a 1 00:00:01\na 2 00:00:02\nb 10 00:00:02\na 9 00:00:05\na 4 00:00:04\na . 00:00:06\n"
      "a 6 00:00:07\nb 20 00:00:08\n");
  EXPECT_EQ(run(options, rows, 3 * kSecond, 100),
            "a 1 00:00:01 1 1 1 1 1\n"
            "a 2 00:00:02 2 3 1 2 2\n"
            "b 10 00:00:02 1 10 10 10 1\n"
            "a 4 00:00:04 3 7 1 4 3\n"
            "a 9 00:00:05 3 15 2 9 3\n"
            "a . 00:00:06 3 13 4 9 2\n"
            "a 6 00:00:07 3 15 6 9 2\n"
            "b 20 00:00:08 2 30 10 20 2\n");
}

TEST(Over, AllRowsBeforeAndOnlyTheRowItself) {
  const Batch rows = events("a 1 00:00:01\nb 5 00:00:01\na 2 00:00:02\na 4 00:00:03\n");
  EXPECT_EQ(run(sums(between(unbounded(), rows_away(0)), {"SUM(v)"}), rows, kSecond, 1),
            "a 1 00:00:01 1\nb 5 00:00:01 5\na 2 00:00:02 3\na 4 00:00:03 7\n");
  EXPECT_EQ(run(sums(last_rows(1), {"SUM(v)"}), rows, kSecond, 100),
            "a 1 00:00:01 1\nb 5 00:00:01 5\na 2 00:00:02 2\na 4 00:00:03 4\n");
}

TEST(Over, RowsWaitForTheWatermarkAndThoseBehindItAreRejected) {
  auto op = make_over(sums(last_rows(2), {"SUM(v)"}));
  CollectOutput output;
  op->push(0, events("a 1 00:00:05\na 2 00:00:03\n"), output);
  op->advance(0, at_time("00:00:03"), output);
  EXPECT_EQ(output.rows(), "") << "others of the same time may follow";
  op->advance(0, at_time("00:00:03") + 1, output);
  EXPECT_EQ(short_times(output.rows()), "a 2 00:00:03 2\n");
  op->advance(0, at_time("00:00:06"), output);
  EXPECT_EQ(short_times(output.rows()), "a 2 00:00:03 2\na 1 00:00:05 3\n");

  std::string rejected;
  EXPECT_EQ(
      run(sums(last_rows(2), {"SUM(v)"}),
          events("a 1 00:00:05\na 2 00:00:03\na 3 00:00:05\na 4 00:00:06\n"), 0, 100, &rejected),
      "a 1 00:00:05 1\na 3 00:00:05 4\na 4 00:00:06 7\n");
  EXPECT_EQ(rejected, "late a 2 00:00:03 00:00:05 00:00:03 00:00:03 '0 00:00:02'\n");
}

TEST(Over, WhatWaitsForLaterRowsHoldsTheWatermarkBack) {
  auto op = make_over(sums(between(rows_away(0), rows_away(1)), {"SUM(v)"}));
  CollectOutput output;
  op->push(0, events("a 1 00:00:01\nb 5 00:00:02\na 2 00:00:03\n"), output);
  op->advance(0, at_time("00:00:09"), output);
  EXPECT_EQ(short_times(output.rows()), "a 1 00:00:01 3\n");
  EXPECT_EQ(output.text().substr(output.text().rfind("watermark")),
            fmt::format("watermark {}\n", at_time("00:00:02") - 1));
  op->advance(0, kWatermarkEnd, output);
  EXPECT_EQ(short_times(output.rows()), "a 1 00:00:01 3\nb 5 00:00:02 5\na 2 00:00:03 2\n");
}

TEST(Over, WithAnEventTimePartitionsAreGivenWholeWhenTheyAreOver) {
  OverOptions options = over_options(OverForm::kWindow);
  options.partition = {2};
  options.order = {{1, true, true}};
  add_rank(options, OverFunction::kNtile, 2);
  add_aggregate(options, between(unbounded(), unbounded()), "SUM(v)");
  auto op = make_over(options);
  CollectOutput output;
  op->push(0, events("b 1 00:00:10\na 1 00:00:20\na 3 00:00:10\n"), output);
  op->advance(0, at_time("00:00:10"), output);
  SnapshotWriter writer;
  op->save(writer);
  const std::string bytes = writer.finish();
  SnapshotReader reader = SnapshotReader::open(bytes).value();
  op = make_over(options);
  ASSERT_TRUE(op->load(reader).has_value());
  op->push(0, events("c 2 00:00:10\n"), output);
  EXPECT_EQ(output.rows(), "");
  op->advance(0, at_time("00:00:11"), output);
  EXPECT_EQ(short_times(output.rows()), "a 3 00:00:10 1 6\nc 2 00:00:10 1 6\nb 1 00:00:10 2 6\n");
  EXPECT_EQ(op->state_rows(), 1u);
}

TEST(Over, KeysThatTimeHasPassedAreForgotten) {
  const OverOptions options =
      sums(between(time_away(-kSecond), groups_away(0)), {"SUM(v)", "COUNT(DISTINCT v)"});
  auto op = make_over(options);
  CollectOutput output;
  for (int64_t i = 0; i < 60; ++i) {
    std::string rows;
    for (int key = 0; key < 1000; ++key) {
      rows += fmt::format("k{} 1 2024-01-01T00:00:{:02}\n", i * 1000 + key, i);
    }
    op->push(0, batch_from_text("k STRING, v BIGINT, t TIMESTAMP", rows), output);
    op->advance(0, at_time("00:00:00") + i * kSecond, output);
    output.clear();
  }
  EXPECT_LT(op->state_rows(), 20000u);
}

/// Over (k BIGINT, price DOUBLE, quantity BIGINT, t TIMESTAMP), per k, by t.
OverOptions trade_options() {
  OverOptions options = over_options();
  options.input = schema_from_text("k BIGINT, price DOUBLE, quantity BIGINT, t TIMESTAMP");
  options.output = options.input;
  options.order = {{3, false, true}};
  options.time_column = 3;
  return options;
}
OverOptions sums_of_trades(const OverFrame& frame) {
  OverOptions options = trade_options();
  add_aggregate(options, frame, "AVG(price)");
  add_aggregate(options, frame, "SUM(quantity)");
  return options;
}
OverOptions first_price(const OverFrame& frame) {
  OverOptions options = trade_options();
  OverCall call;
  call.function = OverFunction::kFromStart;
  call.frame = frame;
  call.argument = input_column(options.input, "price");
  call.type = Type::float64();
  add(options, std::move(call), "first");
  return options;
}

/// So many rows of each of so many keys have come: what these take, times what is read of them,
/// which is so many bytes, unless some of them are not answered yet.
double bytes_over_columns(const OverOptions& options, std::optional<size_t> read, int64_t keys,
                          int64_t rows_of_each) {
  auto op = make_over(options);
  for (int64_t i = 0; i < rows_of_each; ++i) {
    Batch batch{options.input, static_cast<size_t>(keys), {}, nullptr, nullptr};
    std::vector<ColumnBuilder> columns;
    for (const Field& field : options.input->fields()) columns.emplace_back(field.type);
    for (int64_t key = 0; key < keys; ++key) {
      columns[0].append_int64(key);
      columns[1].append_double(static_cast<double>(key + i) / 8);
      columns[2].append_int64(key * i);
      columns[3].append_int64(i * kSecond);
    }
    for (ColumnBuilder& column : columns) batch.columns.push_back(column.finish());
    CollectOutput output;
    op->push(0, batch, output);
    op->advance(0, i * kSecond + 1, output);
  }
  EXPECT_GE(op->state_rows(), static_cast<size_t>(keys * rows_of_each / 2));
  if (read) {
    EXPECT_EQ(op->state_column_bytes(), op->state_rows() * *read);
  }
  return static_cast<double>(op->state_bytes()) / static_cast<double>(op->state_column_bytes());
}

TEST(Over, RowsTakeLittleMoreThanWhatFramesReadOfThem) {
  EXPECT_LE(bytes_over_columns(sums_of_trades(last_rows(100)), 16, 4000, 130), 1.5);
  EXPECT_LE(bytes_over_columns(sums_of_trades(last_rows(1000)), 16, 300, 1100), 1.35);
  const OverFrame last_minutes = between(time_away(-999 * kSecond), time_away(0));
  EXPECT_LE(bytes_over_columns(sums_of_trades(last_minutes), 24, 300, 1100), 1.35);
  EXPECT_LE(bytes_over_columns(first_price(last_rows(1000)), 8, 300, 1100), 1.35);
}

TEST(Over, DifferentValuesTakeLittleMoreThanTheirColumn) {
  OverOptions options = trade_options();
  add_aggregate(options, last_rows(1000), "COUNT(DISTINCT price)");
  EXPECT_LE(bytes_over_columns(options, 8, 300, 1100), 1.5);  // all are different
}

TEST(Over, DifferentValuesOfFramesOfManyRows) {
  constexpr int64_t kFrame = 70'000;
  OverOptions options = trade_options();
  add_aggregate(options, last_rows(kFrame), "COUNT(DISTINCT quantity)");
  auto op = make_over(options);
  std::vector<int64_t> values;
  std::map<int64_t, int64_t> in_frame;
  Random random(1);
  for (int64_t begin = 0; begin < 3 * kFrame; begin += 5000) {
    ColumnBuilder keys(Type::bigint()), prices(Type::float64()), quantities(Type::bigint()),
        times((*options.input)[3].type);
    std::vector<int64_t> expected;
    for (int64_t row = begin; row < begin + 5000; ++row) {
      const auto spread = static_cast<uint64_t>(row < kFrame ? 100'000 : 10 + row / 100);
      values.push_back(static_cast<int64_t>(random.below(spread)));
      ++in_frame[values.back()];
      if (row >= kFrame) {
        const auto gone = in_frame.find(values[static_cast<size_t>(row - kFrame)]);
        if (--gone->second == 0) in_frame.erase(gone);
      }
      expected.push_back(static_cast<int64_t>(in_frame.size()));
      keys.append_int64(0);
      prices.append_double(0);
      quantities.append_int64(values.back());
      times.append_int64(row);
    }
    CollectOutput output;
    op->push(0,
             {options.input,
              5000,
              {keys.finish(), prices.finish(), quantities.finish(), times.finish()},
              nullptr,
              nullptr},
             output);
    op->advance(0, begin + 5001, output);
    std::vector<int64_t> got;
    for (const Batch& batch : output.batches()) {
      for (size_t row = 0; row < batch.rows; ++row) got.push_back(batch.columns[4]->int64_at(row));
    }
    ASSERT_EQ(got, expected) << begin;
  }
}

TEST(Over, PeersTakeLittleMoreThanWhatFramesReadOfThem) {
  const OverFrame last_times = between(groups_away(-999), groups_away(0));
  EXPECT_LE(bytes_over_columns(sums_of_trades(last_times), 24, 300, 1100), 1.35);
  OverOptions ranked = sums_of_trades(last_rows(1000));
  add_rank(ranked, OverFunction::kRank);
  add_rank(ranked, OverFunction::kDenseRank);
  EXPECT_LE(bytes_over_columns(ranked, 16, 300, 1100), 1.35);
}

TEST(Over, RowsThatWaitTakeLittleMoreThanTheirColumns) {
  const OverFrame around = between(rows_away(-500), rows_away(500));
  EXPECT_LE(bytes_over_columns(sums_of_trades(around), std::nullopt, 300, 1100), 1.5);
  EXPECT_LE(bytes_over_columns(first_price(between(rows_away(800), rows_away(800))), std::nullopt,
                               300, 1100),
            1.25);
  const OverFrame minutes = between(time_away(-500 * kSecond), time_away(500 * kSecond));
  EXPECT_LE(bytes_over_columns(sums_of_trades(minutes), std::nullopt, 300, 1100), 1.5);
}

// ---- A model that looks at every row of every frame.

struct Row {
  std::string k;
  std::optional<int64_t> v;
  int64_t t;
};

class Model {
 public:
  Model(const OverOptions& options, const Batch& batch, bool ties_by_columns) : options_(options) {
    for (uint32_t i = 0; i < batch.rows; ++i) {
      const Column& v = *batch.columns[1];
      Row row{std::string(batch.columns[0]->string_at(i)), std::nullopt,
              batch.columns[2]->int64_at(i)};
      if (!v.is_null(i)) row.v = v.int64_at(i);
      partitions_[row.k].push_back(row);
    }
    for (auto& [key, rows] : partitions_) {
      std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
        if (a.t != b.t || !ties_by_columns) return a.t < b.t;
        return a.v < b.v;  // NULL first
      });
    }
  }

  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const auto& [key, rows] : partitions_) {
      for (size_t i = 0; i < rows.size(); ++i) {
        std::string line =
            fmt::format("{} {} {}", key, text(rows[i].v), short_times(format_time(rows[i].t)));
        for (const OverCall& call : options_.calls) line += " " + answer(call, rows, i);
        lines.push_back(line);
      }
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

 private:
  static std::string text(std::optional<int64_t> v) { return v ? fmt::format("{}", *v) : "."; }
  static std::string format_time(int64_t t) {
    const uint32_t one[] = {0};
    ColumnBuilder builder(Type::timestamp(3));
    builder.append_int64(t);
    Batch batch{schema_from_text("t TIMESTAMP"), 1, {builder.finish()}, nullptr, nullptr};
    std::string line = batch_to_text(gather(batch, one));
    line.pop_back();
    return line;
  }
  static size_t group_of(const std::vector<Row>& rows, size_t at) {
    std::set<int64_t> times;
    for (size_t i = 0; i <= at; ++i) times.insert(rows[i].t);
    return times.size() - 1;
  }
  static bool is_from(const OverBound& bound, const std::vector<Row>& rows, size_t row, size_t at,
                      int sign) {
    const auto signed_at = static_cast<int64_t>(at);
    const auto signed_row = static_cast<int64_t>(row);
    switch (bound.unit) {
      case Unit::kUnbounded:
        return true;
      case Unit::kRows:
        return sign * (signed_at - signed_row - bound.distance) >= 0;
      case Unit::kGroups:
        return sign * (static_cast<int64_t>(group_of(rows, at)) -
                       static_cast<int64_t>(group_of(rows, row)) - bound.distance) >=
               0;
      case Unit::kRange:
        return sign * (rows[at].t - rows[row].t - static_cast<int64_t>(bound.range)) >= 0;
    }
    return false;
  }
  static std::string answer(const OverCall& call, const std::vector<Row>& rows, size_t row) {
    if (!call.has_frame()) return rank(call, rows, row);
    std::vector<std::optional<int64_t>> in;
    for (size_t at = 0; at < rows.size(); ++at) {
      if (is_from(call.frame.start, rows, row, at, 1) &&
          is_from(call.frame.end, rows, row, at, -1)) {
        in.push_back(rows[at].v);
      }
    }
    if (call.function == OverFunction::kAggregate) return aggregate(call.aggregate.text, in);
    if (call.ignore_nulls) std::erase(in, std::nullopt);
    const auto n = static_cast<size_t>(call.n);
    if (in.size() < n) return ".";
    return text(call.function == OverFunction::kFromStart ? in[n - 1] : in[in.size() - n]);
  }
  static std::string aggregate(std::string_view name,
                               const std::vector<std::optional<int64_t>>& in) {
    std::vector<int64_t> there;
    for (const auto& v : in) {
      if (v) there.push_back(*v);
    }
    if (name == "COUNT(*)") return fmt::format("{}", in.size());
    if (name == "COUNT(v)") return fmt::format("{}", there.size());
    if (name == "COUNT(DISTINCT v)") {
      return fmt::format("{}", std::set<int64_t>(there.begin(), there.end()).size());
    }
    if (there.empty()) return ".";
    int64_t sum = 0;
    for (const int64_t v : there) sum += v;
    if (name == "SUM(v)") return fmt::format("{}", sum);
    return fmt::format("{}", name == "MIN(v)" ? *std::min_element(there.begin(), there.end())
                                              : *std::max_element(there.begin(), there.end()));
  }
  static std::string rank(const OverCall& call, const std::vector<Row>& rows, size_t row) {
    if (call.function == OverFunction::kRowNumber) return fmt::format("{}", row + 1);
    if (call.function == OverFunction::kRank) {
      const auto before = std::count_if(rows.begin(), rows.end(),
                                        [&](const Row& other) { return other.t < rows[row].t; });
      return fmt::format("{}", before + 1);
    }
    if (call.function == OverFunction::kDenseRank)
      return fmt::format("{}", group_of(rows, row) + 1);
    // Buckets are filled one row after the other, larger ones first.
    const auto n = static_cast<size_t>(call.n);
    std::vector<size_t> sizes(n, rows.size() / n);
    for (size_t i = 0; i < rows.size() % n; ++i) ++sizes[i];
    size_t bucket = 0, left = row;
    while (left >= sizes[bucket]) left -= sizes[bucket++];
    return fmt::format("{}", bucket + 1);
  }

  const OverOptions& options_;
  std::map<std::string, std::vector<Row>> partitions_;
};

/// Keys, values and times at random; the times within two seconds of the order.
Batch random_rows(size_t rows, Random& random) {
  std::string text;
  for (size_t i = 0; i < rows; ++i) {
    const auto ms = static_cast<int64_t>(i * 250 + 250 * random.below(8));
    const std::string v = random.below(4) == 0 ? "." : fmt::format("{}", random.below(6));
    text += fmt::format("k{} {} 00:{:02}:{:02}.{:03}\n", random.below(3), v, ms / 60000,
                        ms / 1000 % 60, ms % 1000);
  }
  return events(text);
}

OverFrame random_frame(Random& random, bool whole) {
  const auto pick = [&](int64_t n) {
    return static_cast<int64_t>(random.below(static_cast<uint64_t>(n)));
  };
  int64_t first = pick(7) - 4;
  int64_t last = pick(7) - 3;
  if (random.below(3) == 0) last = 0;
  if (first > last) std::swap(first, last);
  const uint64_t unit = random.below(3);
  const int64_t many = random.below(3) == 0 ? 17 : 1;
  const auto bound = [&](int64_t n) {
    return unit == 0 ? rows_away(n * many) : unit == 1 ? groups_away(n) : time_away(n * 500'000);
  };
  OverFrame frame = between(bound(first), bound(last));
  if (random.below(4) == 0) frame.start = unbounded();
  if (whole && random.below(4) == 0) frame.end = unbounded();
  return frame;
}

OverOptions random_calls(Random& random, OverForm form) {
  OverOptions options = over_options(form);
  const bool whole = form != OverForm::kTime;
  constexpr std::string_view kAggregates[] = {"COUNT(*)", "SUM(v)",   "MIN(v)",
                                              "MAX(v)",   "COUNT(v)", "COUNT(DISTINCT v)"};
  constexpr OverFunction kRanks[] = {OverFunction::kRowNumber, OverFunction::kRank,
                                     OverFunction::kDenseRank, OverFunction::kNtile};
  for (uint64_t i = 1 + random.below(4); i-- > 0;) {
    const OverFrame frame = random_frame(random, whole);
    const auto n = static_cast<int64_t>(1 + random.below(3));
    switch (random.below(4)) {
      case 0:
        add_rank(options, kRanks[random.below(whole ? 4 : 3)], n);
        break;
      case 1:
        add_value(options, frame,
                  random.below(2) == 0 ? OverFunction::kFromStart : OverFunction::kFromEnd, n,
                  random.below(2) == 0);
        break;
      default:
        add_aggregate(options, frame, std::string(kAggregates[random.below(6)]));
        break;
    }
  }
  return options;
}

std::string restarted_run(const OverOptions& options, const Batch& rows, size_t step) {
  std::string text;
  std::string snapshot;
  for (size_t begin = 0; begin < rows.rows; begin += step) {
    auto op = make_over(options);
    if (!snapshot.empty()) {
      SnapshotReader reader = SnapshotReader::open(snapshot).value();
      const Status loaded = op->load(reader);
      EXPECT_TRUE(loaded.has_value()) << loaded.error().to_string();
      EXPECT_TRUE(reader.at_end());
    }
    CollectOutput output;
    const bool last = begin + step >= rows.rows;
    op->push(0, slice(rows, begin, std::min(step, rows.rows - begin)), output);
    // Nothing behind this comes any more.
    const int64_t passed = at_time("00:00:00") + static_cast<int64_t>(begin + step) * 250'000;
    op->advance(0, last ? kWatermarkEnd : passed, output);
    if (last) op->finish(output);
    text += short_times(output.rows());
    SnapshotWriter writer;
    op->save(writer);
    snapshot = writer.finish();
  }
  return text;
}

std::vector<std::string> sorted_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST(Over, AgreesWithAModelWhateverTheBatchesAndOverRestarts) {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    Random random(seed);
    const OverForm form = seed % 3 == 0 ? OverForm::kEnd : OverForm::kTime;
    const OverOptions options = random_calls(random, form);
    const Batch rows = random_rows(20 + random.below(seed % 5 == 0 ? 300 : 60), random);
    const Model model(options, rows, form == OverForm::kEnd);
    const std::string whole = run(options, rows, 3 * kSecond, 1000);
    ASSERT_EQ(sorted_lines(whole), model.lines()) << "seed " << seed;
    for (const size_t batch_rows : {1, 3, 16}) {
      ASSERT_EQ(run(options, rows, 3 * kSecond, batch_rows), whole)
          << "seed " << seed << ", batches of " << batch_rows;
    }
    ASSERT_EQ(restarted_run(options, rows, 7), whole) << "seed " << seed;
  }
}

// A few rows of `all`, some of them in force more than once, that come or go.
Batch some_changes(const Batch& all, Selection* in_force, Random& random) {
  Selection chosen;
  ColumnBuilder weights(Type::bigint());
  for (uint64_t i = 1 + random.below(6); i-- > 0;) {
    if (!in_force->empty() && random.below(3) == 0) {
      const size_t which = random.below(in_force->size());
      chosen.push_back((*in_force)[which]);
      in_force->erase(in_force->begin() + static_cast<ptrdiff_t>(which));
      weights.append_int64(-1);
      continue;
    }
    const auto row = static_cast<uint32_t>(random.below(all.rows));
    const uint64_t weight = 1 + random.below(3) / 2;
    chosen.push_back(row);
    in_force->insert(in_force->end(), weight, row);
    weights.append_int64(static_cast<int64_t>(weight));
  }
  Batch changes = gather(all, chosen);
  changes.weights = weights.finish();
  return changes;
}

TEST(Over, ChangesAddUpToTheAnswersOfTheRowsInForce) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    OverOptions options = random_calls(random, OverForm::kChanges);
    OverOptions at_end = options;
    at_end.form = OverForm::kEnd;
    const Batch all = random_rows(30, random);
    auto op = make_over(options);
    Selection in_force;
    std::map<std::string, int64_t> got;
    for (size_t step = 0; step < 30; ++step) {
      CollectOutput output;
      op->push(0, some_changes(all, &in_force, random), output);
      for (const Batch& batch : output.batches()) {
        for (uint32_t row = 0; row < batch.rows; ++row) {
          Batch one = slice(batch, row, 1);
          one.weights = nullptr;
          const std::string line = short_times(batch_to_text(one));
          if ((got[line] += batch.weight(row)) == 0) got.erase(line);
        }
      }
      std::vector<std::string> lines;
      for (const auto& [line, weight] : got) {
        ASSERT_GT(weight, 0) << "seed " << seed << " " << line;
        for (int64_t i = 0; i < weight; ++i) lines.push_back(line.substr(0, line.size() - 1));
      }
      std::string expected;
      if (!in_force.empty()) expected = run(at_end, gather(all, in_force), kSecond, 1000);
      ASSERT_EQ(lines, sorted_lines(expected)) << "seed " << seed << ", step " << step;
      if (random.below(5) > 0) continue;
      SnapshotWriter writer;
      op->save(writer);
      const std::string bytes = writer.finish();
      SnapshotReader reader = SnapshotReader::open(bytes).value();
      op = make_over(options);
      ASSERT_TRUE(op->load(reader).has_value());
      ASSERT_TRUE(reader.at_end());
    }
  }
}

// Texts that are needed no more give their memory back, and those that are stay what they were.
TEST(Over, LongTextsOfEarlierRows) {
  OverOptions options = over_options();
  options.input = options.output = schema_from_text("k STRING, v STRING, t TIMESTAMP");
  OverCall call;
  call.function = OverFunction::kFromStart;
  call.frame = last_rows(10);
  call.n = 1;
  call.argument = input_column(options.input, "v");
  call.type = Type::string();
  add(options, std::move(call), "first");
  const auto text_of = [](int64_t row) {
    return row % 7 == 0 ? "NULL" : fmt::format("{:0>{}}", row, 1 + row % 60);
  };
  const auto op = make_over(options);
  std::string got, expected;
  for (int64_t begin = 0; begin < 20'000; begin += 100) {
    ColumnBuilder keys(Type::string()), values(Type::string()), times((*options.input)[2].type);
    for (int64_t row = begin; row < begin + 100; ++row) {
      keys.append_string(fmt::format("k{}", row % 10));
      row % 7 == 0 ? values.append_null() : values.append_string(text_of(row));
      times.append_int64(row * 1000);
      expected += text_of(std::max(row - 90, row % 10)) + "\n";
    }
    CollectOutput out;
    op->push(0, {options.input, 100, {keys.finish(), values.finish(), times.finish()}, {}, nullptr},
             out);
    op->advance(0, (begin + 100) * 1000, out);
    for (const Batch& batch : out.batches()) {
      for (size_t row = 0; row < batch.rows; ++row) {
        const Column& first = *batch.columns[3];
        got += first.is_null(row) ? "NULL\n" : std::string(first.string_at(row)) + "\n";
      }
    }
  }
  ASSERT_EQ(got, expected);
  EXPECT_LE(op->state_bytes(), 100'000u);
}

}  // namespace
}  // namespace velo
