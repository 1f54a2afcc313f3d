// Lists as bytes, and columns as leaves, read back as they were.
#include "column/list_bytes.h"

#include <gtest/gtest.h>

#include "base/fmt.h"
#include "base/random.h"
#include "column/leaves.h"
#include "column/scalar.h"

namespace velo {
namespace {

/// Any value of the type; one in `null_of` is NULL, none if that is 0.
Scalar random_value(const Type& type, Random& random, uint64_t null_of) {
  if (null_of > 0 && random.below(null_of) == 0) return Scalar::null(type);
  switch (type.physical()) {
    case Physical::kBool:
      return {type, random.below(2) == 0};
    case Physical::kInt64:
      return {type, static_cast<int64_t>(random.next())};
    case Physical::kDouble:
      return {type, random.unit()};
    case Physical::kInt128:
      return {type, static_cast<int128_t>(random.next()) << random.below(50)};
    case Physical::kString:
      return {type, std::string(random.below(3) == 0 ? 200 : random.below(20), 'x')};
    default:
      break;
  }
  const bool row = type.physical() == Physical::kRow;
  const size_t count = row ? 1 : random.below(4) == 0 ? 150 : random.below(4);
  std::vector<Scalar> parts;
  for (size_t i = 0; i < count; ++i) {
    for (size_t c = 0; c < type.children().size(); ++c) {
      const bool key = type.children().size() == 2 && !row && c == 0;
      parts.push_back(random_value(type.children()[c], random, key ? 0 : null_of));
    }
  }
  return {type, std::move(parts)};
}

const std::vector<Type>& list_types() {
  static const std::vector<Type> types = {
      Type::array(Type::bigint()),
      Type::array(Type::boolean()),
      Type::array(Type::decimal(30, 2)),
      Type::map(Type::string(), Type::float64()),
      Type::array(Type::array(Type::string())),
      Type::array(Type::row(
          {"a", "b"},
          {Type::integer(), Type::map(Type::string(), Type::row({"c"}, {Type::timestamp(3)}))})),
  };
  return types;
}

TEST(ListBytes, AreReadBack) {
  for (const Type& type : list_types()) {
    for (const uint64_t null_of : {0, 3}) {
      Random random(null_of + 1);
      ColumnBuilder builder(type);
      std::vector<Scalar> values;
      for (int i = 0; i < 50; ++i) {
        values.push_back(random_value(type, random, null_of));
        append_scalar(builder, values.back());
      }
      const ColumnPtr column = builder.finish();
      std::string bytes;
      std::vector<size_t> begins;
      for (size_t row = 0; row < values.size(); ++row) {
        begins.push_back(bytes.size());
        append_list_bytes(*column, row, &bytes);
      }
      begins.push_back(bytes.size());
      ColumnBuilder back(type);
      for (size_t row = 0; row < values.size(); ++row) {
        const char* at = bytes.data() + begins[row];
        EXPECT_EQ(list_bytes_size(type, at), begins[row + 1] - begins[row]);
        append_list(at, &back);
      }
      const ColumnPtr read = back.finish();
      for (size_t row = 0; row < values.size(); ++row) {
        const Scalar wanted =
            values[row].is_null() ? Scalar{type, std::vector<Scalar>()} : values[row];
        EXPECT_EQ(scalar_at(*read, row), wanted) << type.to_string() << " row " << row;
      }
    }
  }
}

TEST(ListBytes, OfElementsThatAreConstant) {
  const Type type = Type::array(Type::row({"a"}, {Type::bigint()}));
  const Scalar element{type.children()[0], std::vector<Scalar>{Scalar::of(int64_t{7})}};
  auto offsets = Buffer::allocate(3 * sizeof(uint32_t));
  for (uint32_t i = 0; i < 3; ++i) offsets->as<uint32_t>()[i] = i * 2;
  const ColumnPtr column = Column::list(type, 2, offsets, {constant_column(element, 4)});
  std::string bytes;
  append_list_bytes(*column, 1, &bytes);
  EXPECT_EQ(bytes.size(), 1 + 2 * sizeof(int64_t));
  ColumnBuilder back(type);
  append_list(bytes.data(), &back);
  EXPECT_EQ(to_text(scalar_at(*back.finish(), 0)), "[(7), (7)]");
}

TEST(Leaves, MakeTheColumnsAgain) {
  const std::vector<Type> types = {
      Type::bigint(),
      Type::row({"a", "r"}, {Type::string(),
                             Type::row({"x", "l"}, {Type::bigint(), Type::array(Type::bigint())})}),
      Type::map(Type::string(), Type::bigint())};
  const Leaves leaves(types);
  EXPECT_EQ(leaves.size(), 7u);
  EXPECT_EQ(leaves.of(2), 6u);
  Random random(1);
  std::vector<ColumnPtr> columns;
  for (const Type& type : types) {
    ColumnBuilder builder(type);
    for (int i = 0; i < 40; ++i) append_scalar(builder, random_value(type, random, 3));
    columns.push_back(builder.finish());
  }
  const std::vector<ColumnPtr> parts = leaves.split(columns);
  for (size_t c = 0; c < types.size(); ++c) {
    const ColumnPtr made = leaves.join(
        leaves.of(c), 40, [&](size_t leaf) { return parts[leaf]->validity_buffer(); },
        [&](size_t leaf) { return parts[leaf]; });
    for (size_t row = 0; row < 40; ++row) EXPECT_TRUE(rows_equal(*made, row, *columns[c], row));
  }
}

}  // namespace
}  // namespace velo
