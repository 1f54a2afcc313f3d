#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "format/collect_test.h"

namespace velo {
namespace {

Collected generate(const DecodeCase& c, uint64_t first, uint64_t rows) {
  std::unique_ptr<Decoder> decoder = c.make().value();
  Collected out;
  uint64_t range[2] = {first, rows};
  DecodeInput input;
  input.bytes = {reinterpret_cast<const std::byte*>(range), sizeof range};
  decoder->feed(input, out).value();
  EXPECT_EQ(decoder->consumed_offset(), first + rows);
  return out;
}

DecodeCase datagen(std::string schema, OptionMap options) {
  DecodeCase c;
  c.format = "datagen";
  c.schema = std::move(schema);
  c.options = std::move(options);
  return c;
}

TEST(Datagen, SequencesAndTicks) {
  const DecodeCase c = datagen("id bigint, name string, t timestamp, d date",
                               {{"fields.id.kind", "sequence"},
                                {"fields.id.start", "10"},
                                {"fields.id.end", "12"},
                                {"fields.name.kind", "sequence"},
                                {"fields.name.prefix", "n"},
                                {"fields.t.start", "2024-01-01T00:00:00"},
                                {"fields.t.step", "1500 ms"},
                                {"fields.d.start", "2024-02-28"}});
  EXPECT_EQ(generate(c, 0, 4).rows_text(),
            "10 n0 2024-01-01T00:00:00 2024-02-28\n"
            "11 n1 2024-01-01T00:00:01.500 2024-02-29\n"
            "12 n2 2024-01-01T00:00:03 2024-03-01\n"
            "10 n3 2024-01-01T00:00:04.500 2024-03-02\n");
}

TEST(Datagen, SameRowsWhateverTheBatches) {
  DecodeCase c = datagen(
      "s string, i integer, f double, n decimal(8,2), h string, b boolean, t timestamp, z time",
      {{"seed", "7"},
       {"fields.s.prefix", "S"},
       {"fields.s.distinct", "5"},
       {"fields.i.min", "-3"},
       {"fields.i.max", "3"},
       {"fields.i.null-rate", "0.2"},
       {"fields.f.min", "100"},
       {"fields.f.max", "200"},
       {"fields.h.length", "40"},
       {"fields.t.disorder", "2 s"},
       {"fields.t.late-fraction", "0.1"},
       {"fields.t.late-by", "1 h"}});
  const std::string whole = generate(c, 0, 500).rows_text();
  c.batch_rows = 3;
  EXPECT_EQ(generate(c, 0, 500).rows_text(), whole);
  EXPECT_TRUE(whole.ends_with(generate(c, 400, 100).rows_text()));
  c.options["seed"] = "8";
  EXPECT_NE(generate(c, 0, 500).rows_text(), whole);
}

TEST(Datagen, ValuesStayInTheirBounds) {
  const Collected out = generate(datagen("i integer, s string, f double, t timestamp_ltz",
                                         {{"fields.i.min", "-3"},
                                          {"fields.i.max", "3"},
                                          {"fields.i.null-rate", "0.5"},
                                          {"fields.s.distinct", "4"},
                                          {"fields.f.min", "-1"},
                                          {"fields.t.start", "1970-01-01"},
                                          {"fields.t.step", "1 s"},
                                          {"fields.t.disorder", "5 s"}}),
                                 0, 4000);
  std::set<int64_t> integers;
  std::set<std::string> strings;
  size_t nulls = 0, row_number = 0;
  for (const Batch& batch : out.batches) {
    EXPECT_EQ(batch.columns[1]->encoding(), Encoding::kDictionary);
    for (size_t row = 0; row < batch.rows; ++row, ++row_number) {
      nulls += batch.columns[0]->is_null(row);
      if (!batch.columns[0]->is_null(row)) integers.insert(batch.columns[0]->int64_at(row));
      strings.insert(std::string(batch.columns[1]->string_at(row)));
      EXPECT_GE(batch.columns[2]->double_at(row), -1);
      EXPECT_LT(batch.columns[2]->double_at(row), 1);
      const int64_t tick = static_cast<int64_t>(row_number) * 1'000'000;
      EXPECT_LE(batch.columns[3]->int64_at(row), tick);
      EXPECT_GE(batch.columns[3]->int64_at(row), tick - 5'001'000);
    }
  }
  EXPECT_EQ(integers, (std::set<int64_t>{-3, -2, -1, 0, 1, 2, 3}));
  EXPECT_EQ(strings, (std::set<std::string>{"0", "1", "2", "3"}));
  EXPECT_NEAR(static_cast<double>(nulls), 2000, 150);
}

TEST(Datagen, OnlyProjectedColumns) {
  DecodeCase c = datagen("a bigint, b bigint", {{"fields.b.kind", "sequence"}});
  c.projection = {1};
  EXPECT_EQ(generate(c, 5, 2).rows_text(), "5\n6\n");
}

TEST(Datagen, ErrorsNameTheOption) {
  EXPECT_EQ(datagen("a bigint", {{"fields.a.knd", "random"}}).make().error().to_string(),
            "error 1001: option 'fields.a.knd' is not known\n  hint: did you mean 'kind'?");
  EXPECT_EQ(datagen("a bigint", {{"fields.b.kind", "random"}}).make().error().message,
            "option 'fields.b.kind': there is no column 'b'");
  EXPECT_EQ(datagen("a tinyint", {{"fields.a.max", "300"}}).make().error().message,
            "option 'fields.a.min' = '': a range within [-128, 127] is wanted");
  EXPECT_EQ(datagen("a string", {{"fields.a.length", "x"}}).make().error().message,
            "option 'fields.a.length' = 'x': a whole number is wanted");
}

}  // namespace
}  // namespace velo
