#include "expr/expr.h"

#include <gtest/gtest.h>

#include "expr/expr_test_support.h"

namespace velo::test {
namespace {

const ExprPtr kA = make_column(0, Type::bigint(), "a");
const ExprPtr kB = make_column(1, Type::bigint(), "b");
const ExprPtr kS = make_column(2, Type::string(), "s");
const ExprPtr kOdd = make_column(3, Type::boolean(), "odd name");

TEST(ExprText, HasTheParenthesesItNeeds) {
  const ExprPtr sum = call("+", {kA, kB});
  EXPECT_EQ(call("*", {sum, number(2)})->to_string(), "(a + b) * 2");
  EXPECT_EQ(call("+", {kA, call("*", {kB, number(2)})})->to_string(), "a + b * 2");
  EXPECT_EQ(call("-", {kA, call("-", {kB, number(1)})})->to_string(), "a - (b - 1)");
  EXPECT_EQ(call("-", {sum})->to_string(), "-(a + b)");
  const ExprPtr less = call("<", {kA, kB});
  EXPECT_EQ((*make_and(less, *make_or(kOdd, less)))->to_string(),
            "a < b AND (`odd name` OR a < b)");
  EXPECT_EQ((*make_not(*make_and(less, kOdd)))->to_string(), "NOT (a < b AND `odd name`)");
  EXPECT_EQ(call("IS NULL", {sum})->to_string(), "a + b IS NULL");
  EXPECT_EQ(call("=", {call("IS NULL", {kA}), make_boolean(true)})->to_string(),
            "(a IS NULL) = TRUE");
}

TEST(ExprText, SpecialForms) {
  EXPECT_EQ((*make_in(kA, {number(1), number(2)}, true))->to_string(), "NOT a IN (1, 2)");
  EXPECT_EQ((*make_case({call("<", {kA, kB}), text("it's")}, nullptr))->to_string(),
            "CASE WHEN a < b THEN 'it''s' END");
  EXPECT_EQ(call("LIKE", {kS, text("a%"), text("#")})->to_string(), "s LIKE 'a%' ESCAPE '#'");
  EXPECT_EQ(call("EXTRACT", {text("YEAR"), literal(Type::date(), "2024-01-01")})->to_string(),
            "EXTRACT(YEAR FROM DATE '2024-01-01')");
  EXPECT_EQ(cast(kA, Type::string(), true)->to_string(), "TRY_CAST(a AS STRING)");
  EXPECT_EQ(call("ARRAY", {kA, kB})->to_string(), "ARRAY[a, b]");
  EXPECT_EQ(call("[]", {call("ARRAY", {kA}), number(1)})->to_string(), "ARRAY[a][1]");
  EXPECT_EQ(make_double(1.5)->to_string(), "1.5e0");
  EXPECT_EQ(decimal("1.50")->to_string(), "1.50");
  EXPECT_EQ(make_int64(Type::interval_day(), 86400000000)->to_string(),
            "INTERVAL '1 00:00:00' DAY TO SECOND");
  EXPECT_EQ(make_null(Type::string())->to_string(), "NULL");
}

TEST(Expr, EqualByMeaning) {
  EXPECT_TRUE(*call("+", {kA, kB}) == *call("+", {kA, make_column(1, Type::bigint(), "other")}));
  EXPECT_FALSE(*call("+", {kA, kB}) == *call("+", {kB, kA}));
  EXPECT_FALSE(*number(1) == *make_int64(Type::bigint(), 1));
  EXPECT_EQ(call("+", {kA, kB})->hash(), call("+", {kA, kB})->hash());
}

TEST(Expr, Properties) {
  EXPECT_TRUE(call("+", {kA, kB})->can_fail());
  EXPECT_FALSE(call("<", {kA, kB})->can_fail());
  EXPECT_TRUE(call("%", {kA, kB})->can_fail());
  EXPECT_FALSE(call("%", {kA, make_int64(Type::bigint(), 7)})->can_fail());
  EXPECT_TRUE(call("%", {kA, make_int64(Type::bigint(), 0)})->can_fail());
  EXPECT_FALSE(call("TRY", {call("+", {kA, kB})})->can_fail());
  EXPECT_FALSE(cast(make_column(0, Type::integer(), "i"), Type::bigint())->can_fail());
  EXPECT_TRUE(cast(kA, Type::integer())->can_fail());
  const ExprPtr money = make_column(0, Type::decimal(6, 2), "m");
  EXPECT_FALSE(cast(money, Type::decimal(8, 3))->can_fail());
  EXPECT_TRUE(cast(money, Type::decimal(6, 3))->can_fail());
  EXPECT_TRUE(cast(money, Type::decimal(8, 1))->can_fail());
  EXPECT_FALSE(cast(kA, Type::decimal(19, 0))->can_fail());
  EXPECT_TRUE(cast(kA, Type::decimal(18, 0))->can_fail());
  EXPECT_FALSE(call("NOW", {})->is_deterministic());
  EXPECT_FALSE(call("NOW", {})->is_volatile());
  EXPECT_TRUE(call("RAND", {})->is_volatile());
  EXPECT_TRUE(call("+", {number(1), number(2)})->is_constant());
}

TEST(Expr, ColumnsAndRewrites) {
  const ExprPtr expr = call("+", {kB, call("*", {kA, kB})});
  std::vector<size_t> columns;
  collect_columns(*expr, &columns);
  EXPECT_EQ(columns, (std::vector<size_t>{0, 1}));
  columns.clear();
  collect_columns(*remap_columns(expr, {5, 4}), &columns);
  EXPECT_EQ(columns, (std::vector<size_t>{4, 5}));
  EXPECT_EQ(substitute_columns(expr, {number(2), kA})->to_string(), "a + 2 * a");
  std::vector<ExprPtr> conjuncts;
  split_conjuncts(*make_and(*make_and(kOdd, call("<", {kA, kB})), kOdd), &conjuncts);
  EXPECT_EQ(conjuncts.size(), 3U);
}

TEST(Expr, FoldsConstantsButNotFailures) {
  const ExprPtr expr = call("+", {kA, call("*", {number(2), number(3)})});
  EXPECT_EQ(fold_constants(expr)->to_string(), "a + 6");
  EXPECT_EQ(fold_constants(call("/", {number(1), number(0)}))->to_string(), "1 / 0");
  EXPECT_EQ(fold_constants(call("NOW", {}))->to_string(), "CURRENT_TIMESTAMP()");
  EXPECT_EQ(fold_constants(call("LENGTH", {make_null(Type::string())}))->to_string(), "NULL");
}

TEST(Expr, Fields) {
  const ExprPtr row =
      make_column(0, Type::row({"price", "size"}, {Type::float64(), Type::bigint()}), "r");
  EXPECT_EQ((*make_field(row, "size"))->to_string(), "r.size");
  EXPECT_EQ((*make_field(row, "size"))->type(), Type::bigint());
  const auto unknown = make_field(row, "prise");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().hint, "did you mean 'price'?");
}

TEST(Expr, TypesThatDoNotMeet) {
  EXPECT_EQ(make_case({make_boolean(true), kA}, kS).error().message,
            "CASE needs values of one type, not BIGINT, STRING");
  EXPECT_EQ(make_and(kA, kOdd).error().message, "AND needs a condition, but a is BIGINT");
  EXPECT_EQ((*make_case({make_boolean(true), number(1)}, decimal("1.5")))->type(),
            Type::decimal(11, 1));
}

TEST(TypeRules, CommonTypes) {
  auto common = [](Type a, Type b) {
    const auto type = common_type(ArgumentType(std::move(a)), ArgumentType(std::move(b)));
    return type ? type->to_string() : "none";
  };
  EXPECT_EQ(common(Type::integer(), Type::bigint()), "BIGINT");
  EXPECT_EQ(common(Type::bigint(), Type::decimal(5, 2)), "DECIMAL(21, 2)");
  EXPECT_EQ(common(Type::decimal(38, 0), Type::decimal(10, 5)), "DECIMAL(38, 0)");
  EXPECT_EQ(common(Type::decimal(5, 2), Type::float32()), "DOUBLE");
  EXPECT_EQ(common(Type::date(), Type::timestamp(3)), "TIMESTAMP(3)");
  EXPECT_EQ(common(Type::timestamp(3), Type::timestamp_ltz(6)), "TIMESTAMP_LTZ(6)");
  EXPECT_EQ(common(Type::null(), Type::string()), "STRING");
  EXPECT_EQ(common(Type::string(), Type::bigint()), "none");
  EXPECT_EQ(common(Type::array(Type::integer()), Type::array(Type::float64())), "ARRAY<DOUBLE>");
}

}  // namespace
}  // namespace velo::test
