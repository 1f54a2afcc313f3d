#include "column/column.h"

#include <gtest/gtest.h>

#include "column/batch_text.h"
#include "column/scalar.h"
#include "column/string_dictionary.h"

namespace velo {
namespace {

TEST(Type, PrintsItsSqlSpelling) {
  EXPECT_EQ(Type::decimal(10, 2).to_string(), "DECIMAL(10, 2)");
  EXPECT_EQ(Type::row({"a", "b"}, {Type::integer(), Type::array(Type::string())}).to_string(),
            "ROW<a INTEGER, b ARRAY<STRING>>");
  EXPECT_EQ(Type::timestamp(3).step_us(), 1000);
  EXPECT_NE(Type::timestamp(3), Type::timestamp(6));
}

TEST(StringRef, ShortStringsLiveInside) {
  EXPECT_EQ(StringRef("abc").view(), "abc");
  const std::string text = "a string of more than twelve bytes";
  EXPECT_EQ(StringRef(text).view(), text);
  EXPECT_TRUE(StringRef("abc") == StringRef("abc"));
  EXPECT_FALSE(StringRef("abc") == StringRef("abcd"));
  EXPECT_TRUE(StringRef(std::string_view("abc\0", 4)) != StringRef("abc"));
}

TEST(Batch, TextFormReadsAndPrints) {
  const char* text =
      "+ a 1 1.50 2023-09-18T14:00:00\n- . . . .\n+ 'two words' -3 0.00 1969-12-31T23:59:59.999\n";
  EXPECT_EQ(batch_to_text(batch_from_text("k STRING, v BIGINT, d DECIMAL(5,2), t TIMESTAMP", text)),
            text);
}

TEST(Column, GatherSliceConcatKeepValuesAndNulls) {
  Batch batch =
      batch_from_text("k STRING, v BIGINT", "a 1\n. 2\na-string-longer-than-twelve .\nd 4\n");
  const std::vector<uint32_t> rows = {3, 1, 1, 2};
  Batch some = gather(batch, rows);
  EXPECT_EQ(batch_to_text(some), "d 4\n. 2\n. 2\na-string-longer-than-twelve .\n");
  const std::vector<Batch> parts = {slice(batch, 2, 2), some};
  EXPECT_EQ(batch_to_text(concat(parts)),
            "a-string-longer-than-twelve .\nd 4\nd 4\n. 2\n. 2\na-string-longer-than-twelve .\n");
}

TEST(Column, DictionaryAndConstantFlatten) {
  auto entries = std::make_shared<StringDictionary>();
  entries->append("red");
  entries->append("a colour with a long name");
  auto indices = Buffer::allocate(12);
  indices->as<uint32_t>()[0] = 1;
  indices->as<uint32_t>()[1] = 0;
  indices->as<uint32_t>()[2] = 1;
  ColumnPtr column = Column::dictionary(Type::string(), 3, indices, entries);
  EXPECT_EQ(column->string_at(2), "a colour with a long name");
  ColumnPtr flat = flatten(column);
  EXPECT_TRUE(flat->is_flat());
  EXPECT_EQ(flat->string_at(0), "a colour with a long name");
  EXPECT_EQ(flat->string_at(1), "red");
  ColumnPtr five = constant_column(Scalar::of(int64_t{5}), 3);
  EXPECT_EQ(flatten(five)->values<int64_t>()[2], 5);
  EXPECT_TRUE(flatten(Column::nulls(Type::float64(), 2))->is_null(1));
}

TEST(Column, NestedValuesRoundTrip) {
  const Type type = Type::row({"a", "l"}, {Type::integer(), Type::array(Type::string())});
  Scalar value{type, std::vector<Scalar>{Scalar::of(1), Scalar{Type::array(Type::string()),
               std::vector<Scalar>{Scalar::of("x"), Scalar::null(Type::string())}}}};
  ColumnBuilder builder(type);
  append_scalar(builder, value);
  builder.append_null();
  append_scalar(builder, value);
  ColumnPtr column = builder.finish();
  EXPECT_EQ(scalar_at(*column, 2), value);
  EXPECT_TRUE(column->is_null(1));
  const std::vector<uint32_t> rows = {2, 1};
  ColumnPtr some = gather(column, rows);
  EXPECT_EQ(scalar_at(*some, 0), value);
  EXPECT_EQ(to_text(value), "(1, [x, NULL])");
  EXPECT_EQ(to_text(scalar_at(*Column::nulls(type, 3), 1)), "NULL");
}

TEST(Column, ComparisonPutsNullFirstAndNanLast) {
  Batch b = batch_from_text("d DOUBLE", ".\n1\nnan\n");
  EXPECT_LT(compare_rows(*b.columns[0], 0, *b.columns[0], 1), 0);
  EXPECT_LT(compare_rows(*b.columns[0], 1, *b.columns[0], 2), 0);
  EXPECT_EQ(compare_rows(*b.columns[0], 2, *b.columns[0], 2), 0);
}

}  // namespace
}  // namespace velo
