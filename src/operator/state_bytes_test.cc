// What operators keep of rows at volume: at most 1.5 times the bytes of the rows' columns.
#include <gtest/gtest.h>

#include "base/fmt.h"
#include "base/random.h"
#include "column/batch_text.h"
#include "column/column_builder.h"
#include "operator/aggregate_test_case.h"
#include "operator/asof_join.h"
#include "operator/build_join.h"
#include "operator/collect_output.h"
#include "operator/over.h"
#include "operator/stream_join.h"
#include "operator/top_n.h"

namespace velo {
namespace {

constexpr size_t kBatchRows = 1000;

/// Numbers 0, 1 … of rows, each in `rows_of_each` rows; texts have `length` letters.
Batch batch_of(const SchemaPtr& schema, size_t first, size_t rows_of_each, size_t length) {
  Batch batch{schema, kBatchRows, {}, nullptr, nullptr};
  for (const Field& field : schema->fields()) {
    ColumnBuilder column(field.type, kBatchRows);
    for (size_t row = first; row < first + kBatchRows; ++row) {
      const auto number = static_cast<int64_t>(row / rows_of_each);
      if (field.type.is_string()) {
        column.append_string(fmt::format("{:0>{}}", number, length));
      } else if (field.name == "k") {
        column.append_int64(number);
      } else {
        column.append_int64(static_cast<int64_t>(mix64(row) % 1'000'000) + 1);
      }
    }
    batch.columns.push_back(column.finish());
  }
  return batch;
}

void expect_little_more_than_columns(const Operator& op, size_t rows, size_t bytes_per_row) {
  ASSERT_EQ(op.state_rows(), rows);
  EXPECT_EQ(op.state_column_bytes(), rows * bytes_per_row);
  const auto ratio =
      static_cast<double>(op.state_bytes()) / static_cast<double>(op.state_column_bytes());
  EXPECT_LE(ratio, 1.5) << op.explain() << ": " << op.state_bytes() / rows << " bytes per row";
}

void expect_lean_join(JoinKind kind, std::string_view schema_text, size_t rows, size_t length,
                      size_t bytes_per_row) {
  const SchemaPtr schema = schema_from_text(schema_text);
  std::vector<Field> both = schema->fields();
  for (const Field& field : schema->fields()) both.push_back(field);
  StreamJoinOptions options;
  options.kind = kind;
  for (JoinInput& input : options.inputs) input = {schema, {0}, 1, 0};
  options.output = make_schema(std::move(both));
  options.interval = JoinInterval{0, 1'000'000'000'000};
  const auto op = make_stream_join(options);
  CollectOutput out;
  for (size_t first = 0; first < rows; first += kBatchRows) {
    op->push(0, batch_of(schema, first, 1, length), out);
  }
  expect_little_more_than_columns(*op, rows, bytes_per_row);
}

TEST(StateBytes, OfJoins) {
  expect_lean_join(JoinKind::kInner, "k BIGINT, t TIMESTAMP", 1'000'000, 0, 16);
  // Just before and just after the table of buckets has grown it is emptiest and fullest.
  for (size_t rows = 100'000; rows <= 200'000; rows += 10'000) {
    expect_lean_join(JoinKind::kInner, "k BIGINT, t TIMESTAMP", rows, 0, 16);
  }
  // Rows of outer joins carry a number each.
  expect_lean_join(JoinKind::kLeft, "k BIGINT, t TIMESTAMP, v BIGINT", 300'000, 0, 24);
  expect_lean_join(JoinKind::kInner, "s STRING, t TIMESTAMP", 100'000, 40, 24 + 40);
}

// A side that is nothing but a key, or a time, in every kind of join.
TEST(StateBytes, OfJoinsOnKeysAlone) {
  for (const char* schema_text : {"k BIGINT", "k DOUBLE", "k TIMESTAMP"}) {
    const SchemaPtr schema = schema_from_text(schema_text);
    const bool is_time = schema_text == std::string_view("k TIMESTAMP");
    for (const JoinKind kind :
         {JoinKind::kInner, JoinKind::kLeft, JoinKind::kFull, JoinKind::kSemi, JoinKind::kAnti}) {
      for (const int64_t ttl_us : {0, 1'000'000'000}) {
        StreamJoinOptions options;
        options.kind = kind;
        for (JoinInput& input : options.inputs) input = {schema, {0}, is_time ? 0 : -1, 0};
        options.output = kind == JoinKind::kSemi || kind == JoinKind::kAnti
                             ? schema
                             : make_schema({(*schema)[0], (*schema)[0]});
        if (is_time) options.interval = JoinInterval{0, 0};
        options.ttl_us = ttl_us;
        const auto op = make_stream_join(options);
        CollectOutput out;
        for (size_t row = 0; row < 100'000; row += kBatchRows) {
          for (const size_t side : {0, 1}) {
            ColumnBuilder keys((*schema)[0].type, kBatchRows);
            for (size_t i = row; i < row + kBatchRows; ++i) {
              const auto key = static_cast<int64_t>(mix64(i * 2 + side) % 200'000);
              if ((*schema)[0].type.physical() == Physical::kDouble) {
                keys.append_double(static_cast<double>(key) / 3);
              } else {
                keys.append_int64(key);
              }
            }
            op->push(side, {schema, kBatchRows, {keys.finish()}, nullptr, nullptr}, out);
            out.clear();
          }
          if (row >= 20'000) expect_little_more_than_columns(*op, 2 * (row + kBatchRows), 8);
        }
      }
    }
  }
}

/// k BIGINT, t TIMESTAMP, and lists of one to five elements or a ROW; `bytes`: of their columns.
Batch nested_batch(const SchemaPtr& schema, size_t first, size_t* bytes) {
  Batch batch{schema, kBatchRows, {}, nullptr, nullptr};
  *bytes = 16 * kBatchRows;
  for (const Field& field : schema->fields()) {
    ColumnBuilder column(field.type, kBatchRows);
    for (size_t row = first; row < first + kBatchRows; ++row) {
      const size_t elements = 1 + mix64(row) % 5;
      if (!field.type.is_nested()) {
        column.append_int64(static_cast<int64_t>(row));
      } else if (field.type.physical() == Physical::kRow) {
        column.child(0).append_int64(static_cast<int64_t>(row));
        column.child(1).append_string("green");
        column.append_row_end();
        *bytes += 8 + 16;
      } else {
        for (size_t i = 0; i < elements; ++i) {
          column.child(0).append_int64(static_cast<int64_t>(mix64(row + i)));
        }
        column.append_list_end();
        *bytes += 4 + 8 * elements;
      }
    }
    batch.columns.push_back(column.finish());
  }
  return batch;
}

TEST(StateBytes, OfJoinsOfNestedValues) {
  const Type list = Type::array(Type::bigint());
  const Type row = Type::row({"p", "q"}, {Type::bigint(), Type::string()});
  for (const std::vector<Type>& types :
       {std::vector{list}, std::vector{row}, std::vector{list, row}}) {
    std::vector<Field> fields = {{"k", Type::bigint()}, {"t", Type::timestamp(3)}};
    for (const Type& type : types) fields.push_back({"n", type});
    const SchemaPtr schema = make_schema(fields);
    fields.insert(fields.end(), schema->fields().begin(), schema->fields().end());
    StreamJoinOptions options;
    for (JoinInput& input : options.inputs) input = {schema, {0}, 1, 0};
    options.output = make_schema(fields);
    options.interval = JoinInterval{0, 1'000'000'000'000};
    const auto op = make_stream_join(options);
    CollectOutput out;
    size_t columns = 0;
    for (size_t first = 0; first < 100'000; first += kBatchRows) {
      size_t bytes = 0;
      op->push(0, nested_batch(schema, first, &bytes), out);
      columns += bytes;
    }
    EXPECT_LE(static_cast<double>(op->state_bytes()), 1.5 * static_cast<double>(columns))
        << schema->to_string();
    // The length of a list, and that none of it is NULL, are a byte.
    EXPECT_LE(op->state_column_bytes(), columns + 100'000);
    EXPECT_GE(op->state_column_bytes(), columns);
  }
}

// Rows that wait for the other side, read from blocks that others have long done with.
TEST(StateBytes, OfJoinsThatReadOneSideFirst) {
  BuildJoinOptions options;
  const SchemaPtr schema = schema_from_text("s STRING, v BIGINT");
  for (JoinInput& input : options.inputs) input = {schema, {0}, -1, 0};
  options.output = schema_from_text("s STRING, v BIGINT, t STRING, w BIGINT");
  const auto op = make_build_join(options);
  CollectOutput out;
  constexpr size_t kRows = 100'000;
  for (size_t first = 0; first < kRows; first += kBatchRows) {
    Batch held = batch_of(schema, first, 1, 12);
    ColumnBuilder texts(Type::string());
    for (size_t row = 0; row < kBatchRows; ++row) texts.append_from(*held.columns[0], row);
    texts.keep(Buffer::allocate(1 << 20));
    held.columns[0] = texts.finish();
    op->push(0, held, out);
    op->push(1, batch_of(schema, first, 1, 12), out);
  }
  expect_little_more_than_columns(*op, 2 * kRows, 24);
}

// Of most keys newer versions came, in no order of the keys.
TEST(StateBytes, OfVersions) {
  constexpr size_t kKeys = 50'000;
  AsofJoinOptions options;
  const SchemaPtr schema = schema_from_text("k BIGINT, v BIGINT, t TIMESTAMP");
  for (JoinInput& input : options.inputs) input = {schema, {0}, 2, 0};
  std::vector<Field> both = schema->fields();
  both.insert(both.end(), schema->fields().begin(), schema->fields().end());
  options.output = make_schema(std::move(both));
  const auto op = make_asof_join(options);
  CollectOutput out;
  Random random(1);
  for (size_t first = 0; first < 6 * kKeys; first += kBatchRows) {
    Batch batch = batch_of(schema, first, 1, 0);
    ColumnBuilder keys(Type::bigint(), kBatchRows), times(Type::timestamp(3), kBatchRows);
    for (size_t row = first; row < first + kBatchRows; ++row) {
      keys.append_int64(static_cast<int64_t>(random.below(kKeys)));
      times.append_int64(static_cast<int64_t>(row * 1000));
    }
    batch.columns[0] = keys.finish();
    batch.columns[2] = times.finish();
    op->push(1, batch, out);
    for (const size_t side : {0, 1}) op->advance(side, static_cast<int64_t>(first * 1000), out);
    if (first < kKeys) continue;
    EXPECT_LE(static_cast<double>(op->state_bytes()),
              1.5 * static_cast<double>(op->state_column_bytes()))
        << op->state_rows() << " rows";
  }
  EXPECT_GT(op->state_rows(), kKeys * 99 / 100);
}

TEST(StateBytes, OfFirstRowsPerKey) {
  constexpr size_t kRows = 300'000;
  for (const bool texts : {true, false}) {
    TopNOptions options;
    options.input = schema_from_text(texts ? "s STRING, v BIGINT, t BIGINT, q BIGINT"
                                           : "k BIGINT, v BIGINT, t BIGINT, q BIGINT");
    options.output = options.input;
    options.partition = {0};
    options.order = {{1, true, false}};
    options.limit = 10;
    const auto op = make_top_n(options);
    CollectOutput out;
    for (size_t first = 0; first < kRows; first += kBatchRows) {
      op->push(0, batch_of(options.input, first, 10, 8), out);
      out.clear();
    }
    expect_little_more_than_columns(*op, kRows, texts ? 40 : 32);
    // Most of what comes now pushes others out.
    for (size_t first = 0; first < kRows; first += 2 * kBatchRows) {
      Batch more = batch_of(options.input, first, 10, 8);
      more.columns[1] = batch_of(options.input, first + 17, 10, 8).columns[2];
      op->push(0, more, out);
      out.clear();
    }
    expect_little_more_than_columns(*op, kRows, texts ? 40 : 32);
  }
}

/// OVER (PARTITION BY k ORDER BY t …) of k STRING, v BIGINT, x DOUBLE, t TIMESTAMP.
OverOptions over_by_time() {
  OverOptions options;
  options.input = schema_from_text("k STRING, v BIGINT, x DOUBLE, t TIMESTAMP");
  options.partition = {0};
  options.order = {{3, false, true}};
  options.time_column = 3;
  options.output = options.input;
  return options;
}

void add_call(OverOptions& options, OverCall call) {
  std::vector<Field> fields = options.output->fields();
  fields.push_back({call.text, call.type});
  options.output = make_schema(std::move(fields));
  options.calls.push_back(std::move(call));
}

void add_aggregate(OverOptions& options, const OverFrame& frame, const std::string& text) {
  OverCall call;
  call.frame = frame;
  call.aggregate = aggregate_of(options.input, text);
  call.type = call.aggregate.type;
  call.text = text;
  add_call(options, std::move(call));
}

/// FIRST_VALUE, LAG, LEAD, LAST_VALUE of a column: the first row of the frame, or its last.
void add_value(OverOptions& options, const OverFrame& frame, std::string_view column,
               OverFunction function = OverFunction::kFromStart) {
  OverCall call;
  call.function = function;
  call.frame = frame;
  call.argument = input_column(options.input, column);
  call.type = call.argument->type();
  call.text = "value of " + std::string(column);
  add_call(options, std::move(call));
}

/// Rows of random keys, `rows_of_each` of each, at the fullest of the state.
struct OverState {
  size_t rows = 0, columns = 0, row_bytes = 0, keys = 0, key_bytes = 0;
};
OverState fullest(const OverOptions& options, size_t keys, size_t rows_of_each,
                  size_t text_length = 8) {
  const auto op = make_over(options);
  CollectOutput out;
  Random random(keys);
  OverState most;
  for (size_t first = 0; first < rows_of_each * keys; first += kBatchRows) {
    Batch batch = batch_of(options.input, first, 1, text_length);
    ColumnBuilder names(Type::string(), kBatchRows), times(Type::timestamp(3), kBatchRows);
    for (size_t row = first; row < first + kBatchRows; ++row) {
      names.append_string(fmt::format("SYM{}", random.below(keys)));
      times.append_int64(static_cast<int64_t>((row + random.below(500)) * 1000));
    }
    batch.columns[0] = names.finish();
    batch.columns[3] = times.finish();
    op->push(0, batch, out);
    op->advance(0, static_cast<int64_t>(first * 1000), out);
    out.clear();
    if (op->state_rows() < most.rows) continue;
    most = {op->state_rows(), op->state_column_bytes(), op->state_bytes() - op->state_key_bytes(),
            op->state_keys(), op->state_key_bytes()};
  }
  return most;
}

constexpr OverBound kHere{OverBound::Unit::kRows, 0, 0, 0};
constexpr OverBound kHundred{OverBound::Unit::kRows, -99, 0, 0};

/// At least a hundred rows of each key in frames: what keys cost is little of it.
void expect_lean_over(const OverOptions& options, size_t keys) {
  const OverState state = fullest(options, keys, 150);
  EXPECT_GE(state.rows, 90 * keys);
  EXPECT_LE(static_cast<double>(state.row_bytes + state.key_bytes),
            1.5 * static_cast<double>(state.columns))
      << make_over(options)->explain() << " of " << keys << " keys";
}

TEST(StateBytes, OfOver) {
  for (const size_t keys : {100, 1000, 1100, 4000}) {
    OverOptions rows = over_by_time();
    add_aggregate(rows, {kHundred, kHere, "the last rows"}, "AVG(x)");
    add_aggregate(rows, {kHundred, kHere, "the last rows"}, "SUM(v)");
    expect_lean_over(rows, keys);
    const int128_t time = int128_t{100'000} * static_cast<int64_t>(keys);
    const OverFrame range{{OverBound::Unit::kRange, 0, -time, 0},
                          {OverBound::Unit::kRange, 0, 0, 0},
                          "the last time"};
    OverOptions times = over_by_time();
    add_aggregate(times, range, "AVG(x)");
    add_aggregate(times, range, "SUM(v)");
    expect_lean_over(times, keys);
  }
}

// What every key has once is told apart, so that a row takes no more where keys have few.
TEST(StateBytes, OfOverKeysOfFewRows) {
  const OverFrame last{kHundred, kHere, "the last rows"};
  const OverFrame all{{OverBound::Unit::kUnbounded, 0, 0, 0}, kHere, "all rows"};
  constexpr size_t kKeys = 50'000;
  for (const size_t rows_of_each : {1, 3, 5, 30}) {
    const size_t keys = rows_of_each == 30 ? kKeys / 10 : kKeys;
    for (const char* text : {"SUM(v)", "STDDEV_POP(x)", "MAX(x)", "FIRST_VALUE", "and the first"}) {
      OverOptions options = over_by_time();
      if (std::string_view(text) == "FIRST_VALUE") {
        add_value(options, last, "k");
      } else if (std::string_view(text) == "and the first") {
        add_value(options, all, "v");
        add_aggregate(options, last, "SUM(x)");
      } else {
        add_aggregate(options, last, text);
      }
      const OverState state = fullest(options, keys, rows_of_each);
      EXPECT_LE(static_cast<double>(state.row_bytes), 1.5 * static_cast<double>(state.columns))
          << text << ", " << rows_of_each << " rows of each key: " << state.row_bytes / state.rows
          << " bytes per row";
      EXPECT_LE(state.keys, keys + 1);
      EXPECT_LE(state.key_bytes, 450 * state.keys) << text;
    }
  }
}

/// The same of k STRING, s STRING, v BIGINT, t TIMESTAMP, with one call.
template <typename Add>
OverOptions over_with(Add add) {
  OverOptions options;
  options.input = schema_from_text("k STRING, s STRING, v BIGINT, t TIMESTAMP");
  options.partition = {0};
  options.order = {{3, false, true}};
  options.time_column = 3;
  options.output = options.input;
  add(options);
  return options;
}

// A row or a few of each key, of which more come in a turn than are kept; and keys with more. Long
// texts too: of those, what waits for the watermark holds some as well.
TEST(StateBytes, OfOverThatKeepsAFewRows) {
  const auto rows = [](int64_t start, int64_t end) {
    return OverFrame{{OverBound::Unit::kRows, start, 0, 0},
                     {OverBound::Unit::kRows, end, 0, 0},
                     fmt::format("ROWS {} TO {}", start, end)};
  };
  const OverFrame all{{}, {OverBound::Unit::kRange, 0, 0, 0}, "all before"};
  struct Form {
    OverOptions options;
    size_t text_length;
  };
  std::vector<Form> forms;
  for (const char* column : {"v", "s"}) {
    const auto add = [&](auto add_to) {
      forms.push_back({over_with(add_to), column[0] == 's' ? size_t{40} : size_t{8}});
    };
    add([&](OverOptions& to) { add_value(to, rows(-1, -1), column); });  // LAG
    add([&](OverOptions& to) { add_value(to, rows(-5, -5), column); });
    add([&](OverOptions& to) { add_value(to, rows(1, 1), column); });  // LEAD
    add([&](OverOptions& to) { add_value(to, rows(5, 5), column); });
    add([&](OverOptions& to) { add_value(to, all, column, OverFunction::kFromEnd); });
    add([&](OverOptions& to) { add_value(to, rows(-2, 0), column, OverFunction::kFromEnd); });
    add([&](OverOptions& to) { add_aggregate(to, all, fmt::format("MAX({})", column)); });
    for (const char* text : {"MAX({})", "ARRAY_AGG({})", "MODE({})", "COUNT(DISTINCT {})"}) {
      const std::string call = fmt::format(fmt::runtime(text), column);
      for (const int64_t before : {-2, -29}) {
        add([&](OverOptions& to) { add_aggregate(to, rows(before, 0), call); });
      }
    }
  }
  for (const Form& form : forms) {
    for (const size_t keys : {30, 3000}) {
      const OverState state = fullest(form.options, keys, keys == 30 ? 300 : 20, form.text_length);
      EXPECT_GE(state.rows, 500);
      EXPECT_LE(static_cast<double>(state.row_bytes), 1.5 * static_cast<double>(state.columns))
          << make_over(form.options)->explain() << ", " << keys << " keys: " << state.rows
          << " rows, " << state.row_bytes / state.rows << " bytes each";
    }
  }
}

}  // namespace
}  // namespace velo
