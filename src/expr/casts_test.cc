#include "expr/casts.h"

#include <gtest/gtest.h>

#include <limits>

#include "expr/expr_test_support.h"

namespace velo::test {
namespace {

std::string casted(ExprPtr value, Type to) {
  return text_of(cast(std::move(value), std::move(to)));
}
std::string tried(ExprPtr value, Type to) {
  return text_of(cast(std::move(value), std::move(to), true));
}

TEST(Casts, TextToNumbers) {
  EXPECT_EQ(casted(text(" 42 "), Type::integer()), "42");
  EXPECT_EQ(casted(text("+42"), Type::bigint()), "42");
  EXPECT_EQ(casted(text("1e3"), Type::float64()), "1000.0");
  EXPECT_EQ(casted(text("12.50"), Type::decimal(5, 2)), "12.50");
  EXPECT_EQ(casted(text("abc"), Type::integer()), "!'abc' is no INTEGER!");
  EXPECT_EQ(casted(text("300"), Type::tinyint()), "!'300' is no TINYINT: it does not fit!");
  EXPECT_EQ(casted(text("1.239"), Type::decimal(5, 2)),
            "!'1.239' is no DECIMAL(5, 2): it has too many decimal places!");
  EXPECT_EQ(casted(text(""), Type::integer()), "!'' is no INTEGER!");
  EXPECT_EQ(tried(text("abc"), Type::integer()), "NULL");
  EXPECT_EQ(casted(text("True"), Type::boolean()), "TRUE");
  EXPECT_EQ(tried(text("yes"), Type::boolean()), "TRUE");
  EXPECT_EQ(tried(text("maybe"), Type::boolean()), "NULL");
}

TEST(Casts, NumbersToNumbers) {
  EXPECT_EQ(casted(number(300), Type::tinyint()), "!300 does not fit in TINYINT!");
  EXPECT_EQ(casted(make_double(2.5), Type::integer()), "2");
  EXPECT_EQ(casted(decimal("2.5"), Type::integer()), "3");
  EXPECT_EQ(casted(decimal("-2.5"), Type::integer()), "-3");
  EXPECT_EQ(casted(make_double(1e19), Type::bigint()), "!1e+19 does not fit in BIGINT!");
  EXPECT_EQ(casted(make_double(std::numeric_limits<double>::quiet_NaN()), Type::bigint()),
            "!NaN does not fit in BIGINT!");
  EXPECT_EQ(casted(make_double(9223372036854774784.0), Type::bigint()), "9223372036854774784");
  EXPECT_EQ(casted(make_double(0.1), Type::float32()), "0.1");
  EXPECT_EQ(casted(make_double(1e300), Type::float32()), "!1e+300 does not fit in FLOAT!");
  EXPECT_EQ(casted(make_double(1.005), Type::decimal(10, 2)), "1.01");
  EXPECT_EQ(casted(number(7), Type::decimal(3, 1)), "7.0");
  EXPECT_EQ(casted(number(100), Type::decimal(3, 1)), "!100 does not fit in DECIMAL(3, 1)!");
  EXPECT_EQ(casted(decimal("1.20"), Type::decimal(3, 1)), "1.2");
  EXPECT_EQ(casted(decimal("1.25"), Type::decimal(3, 1)),
            "!1.25 loses digits in DECIMAL(3, 1): ROUND(x, 1) first!");
  EXPECT_EQ(casted(decimal("0.1"), Type::float64()), "0.1");
  EXPECT_EQ(casted(make_boolean(true), Type::integer()), "1");
  EXPECT_EQ(casted(number(0), Type::boolean()), "FALSE");
}

TEST(Casts, ToText) {
  EXPECT_EQ(casted(make_null(Type::integer()), Type::string()), "NULL");
  EXPECT_EQ(casted(make_double(3), Type::string()), "3.0");
  EXPECT_EQ(casted(make_boolean(true), Type::string()), "TRUE");
  EXPECT_EQ(casted(literal(Type::timestamp(3), "2023-09-18 14:00:00.5"), Type::string()),
            "2023-09-18T14:00:00.500");
  EXPECT_EQ(casted(literal(Type::timestamp_ltz(3), "2023-09-18T14:00:00+02:00"), Type::string()),
            "2023-09-18T12:00:00Z");
}

TEST(Casts, Times) {
  const ExprPtr moment = literal(Type::timestamp(6), "2023-09-18T14:00:00.123456");
  EXPECT_EQ(casted(moment, Type::timestamp(3)), "2023-09-18T14:00:00.123");
  EXPECT_EQ(casted(moment, Type::date()), "2023-09-18");
  EXPECT_EQ(casted(moment, Type::time(0)), "14:00:00");
  EXPECT_EQ(casted(literal(Type::timestamp(0), "1969-12-31T23:00:00"), Type::date()), "1969-12-31");
  EXPECT_EQ(casted(literal(Type::date(), "2023-09-18"), Type::timestamp(3)), "2023-09-18T00:00:00");
  EXPECT_EQ(casted(text("2023-09-18 14:00"), Type::timestamp(3)), "2023-09-18T14:00:00");
  EXPECT_EQ(casted(text("2023-09-18T14:00:00.0001"), Type::timestamp(3)),
            "!'2023-09-18T14:00:00.0001' has more digits than TIMESTAMP(3) keeps!");
  EXPECT_EQ(tried(text("2023-02-30"), Type::date()), "NULL");
  EvaluationContext berlin;
  berlin.zone = *TimeZone::find("Europe/Berlin");
  const ExprPtr noon = literal(Type::timestamp(3), "2024-07-01T12:00:00");
  EXPECT_EQ(text_of(cast(noon, Type::timestamp_ltz(3)), berlin), "2024-07-01T10:00:00Z");
  EXPECT_EQ(text_of(cast(cast(noon, Type::timestamp_ltz(3)), Type::timestamp(3)), berlin),
            "2024-07-01T12:00:00");
}

TEST(Casts, RefusedOnes) {
  const Result<ExprPtr> made = make_cast(number(1), Type::timestamp(3));
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().message, "INTEGER cannot be cast to TIMESTAMP(3)");
  EXPECT_EQ(made.error().hint,
            "a number has no unit: TO_TIMESTAMP_LTZ(x, 0) takes seconds since 1970, 3 "
            "milliseconds, 6 microseconds");
  EXPECT_FALSE(make_cast(make_boolean(true), Type::date()).has_value());
}

TEST(Casts, ArraysElementByElement) {
  const ExprPtr array = call("ARRAY", {text("1"), text("2"), make_null()});
  EXPECT_EQ(casted(array, Type::array(Type::integer())), "[1, 2, NULL]");
  EXPECT_EQ(casted(call("ARRAY", {text("1"), text("x")}), Type::array(Type::integer())),
            "!'x' is no INTEGER!");
}

}  // namespace
}  // namespace velo::test
