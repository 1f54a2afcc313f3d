#include "column/decimal.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

std::string read(const char* text, int precision, int scale) {
  int128_t value = 0;
  switch (parse_decimal(text, precision, scale, &value)) {
    case DecimalStatus::kOk: return decimal_to_string(value, scale);
    case DecimalStatus::kSyntax: return "syntax";
    case DecimalStatus::kOverflow: return "overflow";
    case DecimalStatus::kLostDigit: return "lost " + decimal_to_string(value, scale);
  }
  return "";
}

TEST(Decimal, ReadsExactlyOrSaysWhyNot) {
  EXPECT_EQ(read("12.5", 10, 2), "12.50");
  EXPECT_EQ(read("-0.05", 10, 2), "-0.05");
  EXPECT_EQ(read(".5", 10, 2), "0.50");
  EXPECT_EQ(read("1e2", 10, 2), "100.00");
  EXPECT_EQ(read("125e-2", 10, 2), "1.25");
  EXPECT_EQ(read("1.005", 10, 2), "lost 1.01");
  EXPECT_EQ(read("0.994", 10, 2), "lost 0.99");
  EXPECT_EQ(read("1.500", 10, 1), "1.5");
  EXPECT_EQ(read("123456789", 10, 2), "overflow");
  EXPECT_EQ(read("", 10, 2), "syntax");
  EXPECT_EQ(read("1x", 10, 2), "syntax");
  EXPECT_EQ(read("99999999999999999999999999999999999999", 38, 0),
            "99999999999999999999999999999999999999");
  EXPECT_EQ(read("0.0001", 10, 2), "lost 0.00");
}

TEST(Decimal, RescaleRoundsHalfAwayFromZero) {
  int128_t out;
  bool lossless;
  ASSERT_TRUE(rescale(-125, 2, 1, &out, &lossless));
  EXPECT_EQ(static_cast<int>(out), -13);
  EXPECT_FALSE(lossless);
  ASSERT_TRUE(rescale(5, 0, 3, &out, &lossless));
  EXPECT_EQ(static_cast<int>(out), 5000);
  EXPECT_TRUE(lossless);
}

TEST(Decimal, MultiplyDivideUses256Bits) {
  int128_t out;
  const int128_t big = power_of_ten(37);
  ASSERT_TRUE(multiply_divide(big, big, big, &out));
  EXPECT_TRUE(out == big);
  ASSERT_TRUE(multiply_divide(10, 10, -3, &out));
  EXPECT_EQ(static_cast<int>(out), -33);
  EXPECT_FALSE(multiply_divide(big, big, 3, &out));
}

TEST(Decimal, DoublesConvertBothWays) {
  EXPECT_EQ(decimal_to_double(12345, 2), 123.45);
  int128_t out;
  ASSERT_TRUE(double_to_decimal(0.1, 10, 2, &out));
  EXPECT_EQ(static_cast<int>(out), 10);
  EXPECT_FALSE(double_to_decimal(1e30, 10, 2, &out));
}

}  // namespace
}  // namespace velo
