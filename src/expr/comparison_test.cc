#include <gtest/gtest.h>

#include <limits>

#include "base/random.h"
#include "column/batch_text.h"
#include "expr/expr_test_support.h"

namespace velo::test {
namespace {

std::string compared(ExprPtr a, std::string_view op, ExprPtr b) {
  return text_of(call(op, {std::move(a), std::move(b)}));
}

TEST(Comparison, ThreeValued) {
  EXPECT_EQ(compared(make_null(), "=", make_null()), "NULL");
  EXPECT_EQ(compared(number(1), "=", make_null()), "NULL");
  EXPECT_EQ(compared(make_null(), "IS NOT DISTINCT FROM", make_null()), "TRUE");
  EXPECT_EQ(compared(number(1), "IS DISTINCT FROM", make_null()), "TRUE");
  EXPECT_EQ(compared(number(1), "IS DISTINCT FROM", number(1)), "FALSE");
}

TEST(Comparison, AcrossTypes) {
  EXPECT_EQ(compared(decimal("1.50"), "=", decimal("1.5")), "TRUE");
  EXPECT_EQ(compared(decimal("1.50"), "=", make_double(1.5)), "TRUE");
  EXPECT_EQ(compared(number(2), ">", decimal("1.99")), "TRUE");
  // At one scale these would need more than 38 digits.
  const ExprPtr tiny = decimal("0.000000000000000001");
  EXPECT_EQ(compared(tiny, "<", decimal("-5821465661545028524545459.72")), "FALSE");
  EXPECT_EQ(compared(decimal("-5821465661545028524545459.72"), "<", tiny), "TRUE");
  EXPECT_EQ(compared(tiny, "<", decimal("5821465661545028524545459.72")), "TRUE");
  EXPECT_EQ(compared(make_int64(Type::bigint(), INT64_MAX), "<",
                     make_literal(Scalar::decimal(1, 38, 37))),
            "FALSE");
  EXPECT_EQ(compared(text("2"), "=", number(2)), "TRUE");
  EXPECT_EQ(compared(literal(Type::timestamp(3), "2024-01-01T00:00:00"), ">",
                     text("2023-12-31 23:59:59.999")),
            "TRUE");
  EXPECT_EQ(compared(literal(Type::date(), "2024-01-01"), "=",
                     literal(Type::timestamp(3), "2024-01-01T00:00:00")),
            "TRUE");
  EXPECT_EQ(refusal("=", {make_column(0, Type::string(), "s"), number(1)}),
            "STRING = INTEGER does not exist for these types");
  EXPECT_EQ(refusal("=", {make_column(0, Type::bigint(), "n"), text("abc")}), "'abc' is no BIGINT");
}

TEST(Comparison, NanStandsAboveAllAndEqualsItself) {
  const ExprPtr nan = make_double(std::numeric_limits<double>::quiet_NaN());
  const ExprPtr infinity = make_double(std::numeric_limits<double>::infinity());
  EXPECT_EQ(compared(nan, "=", nan), "TRUE");
  EXPECT_EQ(compared(nan, ">", infinity), "TRUE");
  EXPECT_EQ(compared(infinity, "<", nan), "TRUE");
  EXPECT_EQ(compared(nan, "<", nan), "FALSE");
  EXPECT_EQ(compared(nan, "<=", nan), "TRUE");
  EXPECT_EQ(compared(nan, "<>", make_double(1)), "TRUE");
}

TEST(Comparison, LogicTables) {
  const ExprPtr values[] = {make_boolean(true), make_boolean(false), make_null(Type::boolean())};
  std::string ands;
  std::string ors;
  for (const ExprPtr& a : values) {
    for (const ExprPtr& b : values) {
      ands += text_of(*make_and(a, b)) + " ";
      ors += text_of(*make_or(a, b)) + " ";
    }
  }
  EXPECT_EQ(ands, "TRUE FALSE NULL FALSE FALSE FALSE NULL FALSE NULL ");
  EXPECT_EQ(ors, "TRUE TRUE TRUE TRUE FALSE NULL TRUE NULL NULL ");
  EXPECT_EQ(text_of(*make_not(make_null())), "NULL");
  EXPECT_EQ(text_of(call("IS TRUE", {make_null(Type::boolean())})), "FALSE");
  EXPECT_EQ(text_of(call("IS NOT TRUE", {make_null(Type::boolean())})), "TRUE");
  EXPECT_EQ(text_of(call("IS UNKNOWN", {make_null(Type::boolean())})), "TRUE");
}

TEST(Comparison, InAndBetween) {
  const Batch batch = batch_from_text("x BIGINT, s STRING", "1 a\n2 b\n3 .\n. c");
  const ExprPtr x = column(batch, "x");
  EXPECT_EQ(column_text(*make_in(x, {number(1), number(3)}, false), batch), "TRUE FALSE TRUE NULL");
  EXPECT_EQ(column_text(*make_in(x, {number(1), make_null()}, false), batch),
            "TRUE NULL NULL NULL");
  EXPECT_EQ(column_text(*make_in(x, {number(1), make_null()}, true), batch),
            "FALSE NULL NULL NULL");
  EXPECT_EQ(column_text(*make_in(column(batch, "s"), {text("b"), text("c")}, false), batch),
            "FALSE TRUE NULL TRUE");
  EXPECT_EQ(column_text(*make_in(x, {x, number(0)}, false), batch), "TRUE TRUE TRUE NULL");
  EXPECT_EQ(column_text(*make_between(x, number(2), number(3), false), batch),
            "FALSE TRUE TRUE NULL");
  EXPECT_EQ(column_text(*make_between(x, number(2), number(3), true), batch),
            "TRUE FALSE FALSE NULL");
}

TEST(Comparison, GreatestIgnoresNull) {
  EXPECT_EQ(text_of(call("GREATEST", {number(1), make_null(), number(3)})), "3");
  EXPECT_EQ(text_of(call("LEAST", {decimal("1.5"), number(2)})), "1.5");
  EXPECT_EQ(text_of(call("GREATEST", {make_null(), make_null()})), "NULL");
}

TEST(Comparison, SelectionsAgreeWithRows) {
  Random random(3);
  for (int round = 0; round < 50; ++round) {
    const size_t rows = 1 + random.below(200);
    ColumnBuilder builder(Type::bigint(), rows);
    for (size_t i = 0; i < rows; ++i) {
      if (random.below(6) == 0) {
        builder.append_null();
      } else {
        builder.append_int64(static_cast<int64_t>(random.below(10)));
      }
    }
    Batch batch;
    batch.rows = rows;
    batch.columns = {builder.finish()};
    const ExprPtr x = make_column(0, Type::bigint(), "x");
    const ExprPtr condition =
        *make_and(call(">", {x, number(2)}), call("<>", {call("%", {number(12), x}), number(0)}));
    Evaluator evaluator(condition);
    EvaluationContext context;
    RowErrors errors;
    Selection selection;
    evaluator.select(batch, context, errors, &selection);
    EXPECT_TRUE(errors.empty());
    Selection wanted;
    for (uint32_t row = 0; row < rows; ++row) {
      if (batch.columns[0]->is_null(row)) continue;
      const int64_t v = batch.columns[0]->int64_at(row);
      if (v > 2 && 12 % v != 0) wanted.push_back(row);
    }
    ASSERT_EQ(selection, wanted);
  }
}

}  // namespace
}  // namespace velo::test
