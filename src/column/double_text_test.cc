#include "column/double_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "base/random.h"

namespace velo {
namespace {

std::string text(double value, bool single_precision = false) {
  char to[kDoubleRoom];
  return std::string(to, write_double(to, value, single_precision));
}

TEST(DoubleText, FewestDigitsAndAlwaysRecognisable) {
  EXPECT_EQ(text(0.0), "0.0");
  EXPECT_EQ(text(-0.0), "-0.0");
  EXPECT_EQ(text(2), "2.0");
  EXPECT_EQ(text(-2.5), "-2.5");
  EXPECT_EQ(text(100), "100.0");
  EXPECT_EQ(text(100000), "100000.0");
  EXPECT_EQ(text(10.01), "10.01");
  EXPECT_EQ(text(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(text(123456789.1234), "123456789.1234");
  EXPECT_EQ(text(9999999999.9999), "9999999999.9999");
  EXPECT_EQ(text(12345678901.0), "12345678901.0");
  EXPECT_EQ(text(0.00001), "0.00001");
  EXPECT_EQ(text(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(text(HUGE_VAL), "Infinity");
  EXPECT_EQ(text(-HUGE_VAL), "-Infinity");
}

TEST(DoubleText, ExponentsOnlyFarAway) {
  EXPECT_EQ(text(1e16), "10000000000000000.0");
  EXPECT_EQ(text(1e17), "1e+17");
  EXPECT_EQ(text(1e-6), "0.000001");
  EXPECT_EQ(text(1e-7), "1e-07");
  EXPECT_EQ(text(5e-324), "5e-324");
  EXPECT_EQ(text(1.7976931348623157e308), "1.7976931348623157e+308");
}

TEST(DoubleText, FloatsAreShortAsFloats) {
  EXPECT_EQ(text(static_cast<double>(0.1f), true), "0.1");
  EXPECT_EQ(text(3, true), "3.0");
  EXPECT_EQ(text(static_cast<double>(1e20f), true), "1e+20");
}

TEST(DoubleText, RandomOnesReadBackTheSame) {
  Random random(7);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t bits = random.next();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    if (i % 2 == 0) value = static_cast<double>(random.below(1000000000)) / 1e4;
    if (!std::isfinite(value)) continue;
    const std::string written = text(value);
    ASSERT_EQ(std::strtod(written.c_str(), nullptr), value) << written;
    ASSERT_NE(written.find_first_of(".e"), std::string::npos) << written;
  }
}

}  // namespace
}  // namespace velo
