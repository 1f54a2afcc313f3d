#include <gtest/gtest.h>

#include "base/random.h"
#include "column/batch_text.h"
#include "column/column_builder.h"
#include "column/decimal.h"
#include "expr/expr_test_support.h"

namespace velo::test {
namespace {

std::string binary(std::string_view op, ExprPtr a, ExprPtr b) {
  return text_of(call(op, {std::move(a), std::move(b)}));
}
std::string type_of(std::string_view op, Type a, Type b) {
  return call(op, {make_column(0, std::move(a), "a"), make_column(1, std::move(b), "b")})
      ->type()
      .to_string();
}

TEST(Arithmetic, IntegerDivisionTruncatesAndZeroFails) {
  EXPECT_EQ(binary("/", number(7), number(2)), "3");
  EXPECT_EQ(binary("/", number(-7), number(2)), "-3");
  EXPECT_EQ(binary("%", number(-7), number(3)), "-1");
  EXPECT_EQ(binary("/", number(1), number(0)), "!division by zero: 1 / 0!");
  EXPECT_EQ(binary("%", number(1), number(0)), "!division by zero: 1 % 0!");
  EXPECT_EQ(binary("/", make_double(1), make_double(0)), "!division by zero: 1.0 / 0.0!");
  EXPECT_EQ(binary("/", decimal("1.0"), decimal("0.0")), "!division by zero: 1.0 / 0.0!");
}

TEST(Arithmetic, IntegerRangeIsTheDeclaredType) {
  EXPECT_EQ(binary("+", number(2147483647), number(1)), "!2147483647 + 1 does not fit in INTEGER!");
  EXPECT_EQ(binary("+", make_int64(Type::bigint(), 2147483647), number(1)), "2147483648");
  EXPECT_EQ(binary("*", make_int64(Type::tinyint(), 100), make_int64(Type::tinyint(), 2)),
            "!100 * 2 does not fit in TINYINT!");
  EXPECT_EQ(binary("*", make_int64(Type::bigint(), INT64_MAX), number(2)),
            "!9223372036854775807 * 2 does not fit in BIGINT!");
  EXPECT_EQ(binary("/", make_int64(Type::bigint(), INT64_MIN), number(-1)),
            "!-9223372036854775808 / -1 does not fit in BIGINT!");
  EXPECT_EQ(binary("%", make_int64(Type::bigint(), INT64_MIN), number(-1)), "0");
  EXPECT_EQ(text_of(call("-", {make_int64(Type::bigint(), INT64_MIN)})),
            "!-(-9223372036854775808) does not fit in BIGINT!");
}

TEST(Arithmetic, DecimalsAreExact) {
  EXPECT_EQ(binary("+", decimal("0.1"), decimal("0.2")), "0.3");
  EXPECT_EQ(binary("*", decimal("1.10"), decimal("2.5")), "2.750");
  EXPECT_EQ(binary("/", decimal("1.00"), decimal("3.0")), "0.333333");
  EXPECT_EQ(binary("/", decimal("2"), decimal("3")), "0.666667");
  EXPECT_EQ(binary("-", decimal("1.5"), number(2)), "-0.5");
  EXPECT_EQ(binary("%", decimal("7.5"), number(2)), "1.5");
  // Those far apart in size go beyond 128 bits on the way.
  EXPECT_EQ(binary("%", decimal("1.000000000000000001"), decimal("5821465661545028524545459.7")),
            "1.000000000000000001");
  EXPECT_EQ(binary("%", decimal("-5821465661545028524545459.7"), decimal("0.000000000000000007")),
            "-0.000000000000000006");
  EXPECT_EQ(binary("+", decimal("0.500000000000000000"), decimal("5821465661545028524545459.7")),
            "5821465661545028524545460.200000000000");
  EXPECT_EQ(binary("*", decimal("1.5"), make_double(2)), "3.0");
  EXPECT_EQ(text_of(call("-", {decimal("1.50")})), "-1.50");
}

TEST(Arithmetic, DecimalTypesFollowTheStandard) {
  EXPECT_EQ(type_of("+", Type::decimal(10, 2), Type::decimal(8, 4)), "DECIMAL(13, 4)");
  EXPECT_EQ(type_of("*", Type::decimal(10, 2), Type::decimal(8, 4)), "DECIMAL(19, 6)");
  EXPECT_EQ(type_of("/", Type::decimal(10, 2), Type::decimal(8, 4)), "DECIMAL(23, 11)");
  EXPECT_EQ(type_of("*", Type::decimal(38, 10), Type::decimal(38, 10)), "DECIMAL(38, 6)");
  EXPECT_EQ(type_of("+", Type::integer(), Type::decimal(5, 2)), "DECIMAL(13, 2)");
  EXPECT_EQ(type_of("+", Type::decimal(5, 2), Type::float64()), "DOUBLE");
  EXPECT_EQ(type_of("+", Type::float32(), Type::float32()), "FLOAT");
  EXPECT_EQ(type_of("+", Type::float32(), Type::integer()), "DOUBLE");
  EXPECT_EQ(type_of("+", Type::smallint(), Type::bigint()), "BIGINT");
}

TEST(Arithmetic, DecimalThatDoesNotFitFails) {
  const ExprPtr big = make_literal(Scalar::decimal(power_of_ten(37) * 9, 38, 0));
  EXPECT_EQ(binary("+", big, big),
            "!90000000000000000000000000000000000000 + 90000000000000000000000000000000000000 "
            "does not fit in DECIMAL(38, 0)!");
  // The result's scale is 6: a digit beyond it would be lost, zeros are not.
  const ExprPtr a = make_literal(Scalar::decimal(15000000000, 38, 10));
  EXPECT_EQ(binary("*", a, a), "2.250000");
  const ExprPtr tiny = make_literal(Scalar::decimal(1, 38, 10));
  EXPECT_EQ(binary("*", tiny, tiny),
            "!0.0000000001 * 0.0000000001 does not fit in DECIMAL(38, 6)!");
}

TEST(Arithmetic, DoublesFollowIeee) {
  EXPECT_EQ(binary("*", make_double(1e308), make_double(10)), "Infinity");
  EXPECT_EQ(binary("+", make_double(0.1), make_double(0.2)), "0.30000000000000004");
  EXPECT_EQ(binary("%", make_double(7.5), make_double(2)), "1.5");
}

TEST(Arithmetic, Bits) {
  EXPECT_EQ(binary("BITAND", number(12), number(10)), "8");
  EXPECT_EQ(binary("BITOR", number(12), number(10)), "14");
  EXPECT_EQ(binary("BITXOR", number(12), number(10)), "6");
  EXPECT_EQ(binary("SHIFTLEFT", number(1), number(40)), "1099511627776");
  EXPECT_EQ(binary("SHIFTRIGHT", number(-16), number(2)), "-4");
  EXPECT_EQ(binary("SHIFTLEFT", number(1), number(64)), "!cannot shift by 64: 0 to 63 bits!");
}

TEST(Arithmetic, RefusalsNameTheTypes) {
  EXPECT_EQ(refusal("+", {text("a"), make_boolean(true)}),
            "STRING + BOOLEAN does not exist for these types");
  EXPECT_EQ(refusal("+", {number(1), text("2")}),
            "INTEGER + STRING does not exist for these types");
  EXPECT_EQ(refusal("LENGHT", {text("a")}), "there is no function LENGHT");
}

/// A column of edge values, NULLs and random ones.
ColumnPtr random_integers(Random& random, size_t rows, bool constant) {
  static constexpr int64_t kEdges[] = {0, 1, -1, 2, INT64_MAX, INT64_MIN, INT32_MAX, INT64_MAX - 1};
  ColumnBuilder builder(Type::bigint(), rows);
  const size_t count = constant ? 1 : rows;
  for (size_t i = 0; i < count; ++i) {
    switch (random.below(5)) {
      case 0:
        builder.append_null();
        break;
      case 1:
        builder.append_int64(kEdges[random.below(std::size(kEdges))]);
        break;
      case 2:
        builder.append_int64(static_cast<int64_t>(random.below(100)) - 50);
        break;
      default:
        builder.append_int64(static_cast<int64_t>(random.next() >> random.below(64)));
    }
  }
  ColumnPtr column = builder.finish();
  return constant ? Column::constant(column, rows) : column;
}

/// What one row should give, by 128-bit arithmetic.
std::string expected(char op, const Column& a, const Column& b, size_t row) {
  if (a.is_null(row) || b.is_null(row)) return "NULL";
  const int128_t x = a.int64_at(row);
  const int128_t y = b.int64_at(row);
  if ((op == '/' || op == '%') && y == 0) return "!";
  const int128_t r = op == '+'   ? x + y
                     : op == '-' ? x - y
                     : op == '*' ? x * y
                     : op == '/' ? x / y
                                 : x % y;
  if (r > INT64_MAX || r < INT64_MIN) return "!";
  return decimal_to_string(r, 0);
}

TEST(Arithmetic, FastLoopsAgreeWithRowByRow) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    Batch batch;
    batch.rows = 1 + random.below(150);
    batch.columns = {random_integers(random, batch.rows, random.below(4) == 0),
                     random_integers(random, batch.rows, random.below(4) == 0)};
    for (const char op : std::string_view("+-*/%")) {
      const ExprPtr expr = call(std::string_view(&op, 1), {make_column(0, Type::bigint(), "a"),
                                                           make_column(1, Type::bigint(), "b")});
      Evaluator evaluator(expr);
      EvaluationContext context;
      RowErrors errors;
      const ColumnPtr result = evaluator.evaluate(0, batch, context, errors);
      std::vector<bool> failed(batch.rows);
      for (const RowError& error : errors.rows()) failed[error.row] = true;
      for (size_t row = 0; row < batch.rows; ++row) {
        const std::string got = failed[row]            ? "!"
                                : result->is_null(row) ? "NULL"
                                                       : std::to_string(result->int64_at(row));
        ASSERT_EQ(got, expected(op, *batch.columns[0], *batch.columns[1], row))
            << op << " row " << row << " round " << round;
      }
    }
  }
}

}  // namespace
}  // namespace velo::test
