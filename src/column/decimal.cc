#include "column/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"

namespace velo {
namespace {

constexpr std::array<int128_t, 39> make_powers() {
  std::array<int128_t, 39> out{};
  int128_t power = 1;
  for (int i = 0; i < 39; ++i) {
    out[static_cast<size_t>(i)] = power;
    if (i < 38) power *= 10;
  }
  return out;
}

constexpr std::array<int128_t, 39> kPowers = make_powers();

uint128_t magnitude(int128_t v) {
  return v < 0 ? uint128_t{0} - static_cast<uint128_t>(v) : static_cast<uint128_t>(v);
}

struct Wide {
  uint128_t high;
  uint128_t low;
};

Wide wide_multiply(uint128_t a, uint128_t b) {
  const uint128_t mask = ~uint64_t{0};
  const uint128_t a0 = a & mask, a1 = a >> 64, b0 = b & mask, b1 = b >> 64;
  const uint128_t low = a0 * b0;
  const uint128_t middle = a1 * b0 + (low >> 64);
  const uint128_t middle2 = a0 * b1 + (middle & mask);
  return {a1 * b1 + (middle >> 64) + (middle2 >> 64), (middle2 << 64) | (low & mask)};
}

// Schoolbook binary long division; only for products beyond 128 bits, which are rare.
bool wide_divide(Wide dividend, uint128_t divisor, uint128_t* quotient, uint128_t* remainder) {
  if (dividend.high >= divisor) return false;
  uint128_t rest = dividend.high;
  uint128_t result = 0;
  for (int bit = 127; bit >= 0; --bit) {
    const bool carry = (rest >> 127) != 0;
    rest = (rest << 1) | ((dividend.low >> bit) & 1);
    result <<= 1;
    if (carry || rest >= divisor) {
      rest -= divisor;
      result |= 1;
    }
  }
  *quotient = result;
  *remainder = rest;
  return true;
}

// Reads the digits of `text` at *i (with at most one point) into `digits`, counting those after the
// point.
bool read_digits(std::string_view text, size_t* i, std::string* digits, int* fraction) {
  bool point = false;
  bool any = false;
  for (; *i < text.size(); ++*i) {
    const char c = text[*i];
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      any = true;
      digits->push_back(c);
      if (point) ++*fraction;
    } else {
      break;
    }
  }
  return any;
}

}  // namespace

int128_t power_of_ten(int n) {
  CHECK(n >= 0 && n <= 38);
  return kPowers[static_cast<size_t>(n)];
}

bool fits_precision(int128_t value, int precision) {
  return magnitude(value) < static_cast<uint128_t>(power_of_ten(precision));
}

DecimalStatus parse_decimal(std::string_view text, int precision, int scale, int128_t* out) {
  size_t i = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) ++i;
  std::string digits;
  int fraction = 0;
  if (!read_digits(text, &i, &digits, &fraction)) return DecimalStatus::kSyntax;
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E') return DecimalStatus::kSyntax;
    ++i;
    if (i < text.size() && text[i] == '+') ++i;
    int exponent = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + text.size(), exponent);
    if (error != std::errc() || end != text.data() + text.size()) return DecimalStatus::kSyntax;
    if (exponent > 1000 || exponent < -1000) exponent = exponent > 0 ? 1000 : -1000;
    fraction -= exponent;
  }
  const size_t leading = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, leading);
  DecimalStatus status = DecimalStatus::kOk;
  bool round_up = false;
  if (fraction > scale) {  // drop digits
    const size_t drop = static_cast<size_t>(fraction - scale);
    const size_t keep = digits.size() > drop ? digits.size() - drop : 0;
    const bool nonzero = digits.find_first_not_of('0', keep) != std::string::npos;
    round_up = drop <= digits.size() && digits[keep] >= '5';
    if (nonzero) status = DecimalStatus::kLostDigit;
    digits.resize(keep);
  } else if (!digits.empty()) {
    if (static_cast<size_t>(scale - fraction) + digits.size() > 38) return DecimalStatus::kOverflow;
    digits.append(static_cast<size_t>(scale - fraction), '0');
  }
  if (digits.size() > 38) return DecimalStatus::kOverflow;
  int128_t value = 0;
  for (char c : digits) value = value * 10 + (c - '0');
  if (round_up) ++value;
  if (!fits_precision(value, precision)) return DecimalStatus::kOverflow;
  *out = negative ? -value : value;
  return status;
}

std::string decimal_to_string(int128_t value, int scale) {
  uint128_t rest = magnitude(value);
  char text[48];
  char* end = text + sizeof text;
  char* p = end;
  int digits = 0;
  do {
    if (digits == scale && scale > 0) *--p = '.';
    *--p = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
    ++digits;
  } while (rest != 0 || digits <= scale);
  if (value < 0) *--p = '-';
  return std::string(p, static_cast<size_t>(end - p));
}

bool rescale(int128_t value, int from_scale, int to_scale, int128_t* out, bool* lossless) {
  if (lossless) *lossless = true;
  if (to_scale >= from_scale) {
    return !__builtin_mul_overflow(value, power_of_ten(std::min(38, to_scale - from_scale)), out);
  }
  const int128_t divisor = power_of_ten(std::min(38, from_scale - to_scale));
  const int128_t rest = value % divisor;
  int128_t quotient = value / divisor;
  if (rest != 0) {
    if (lossless) *lossless = false;
    if (magnitude(rest) >= magnitude(divisor) - magnitude(rest)) quotient += value < 0 ? -1 : 1;
  }
  *out = quotient;
  return true;
}

bool multiply_divide(int128_t a, int128_t b, int128_t divisor, int128_t* out) {
  const bool negative = ((a < 0) != (b < 0)) != (divisor < 0);
  const uint128_t by = magnitude(divisor);
  const Wide product = wide_multiply(magnitude(a), magnitude(b));
  uint128_t quotient, rest;
  if (product.high == 0) {
    quotient = product.low / by;
    rest = product.low % by;
  } else if (!wide_divide(product, by, &quotient, &rest)) {
    return false;
  }
  if (rest >= by - rest) ++quotient;
  if (quotient >> 127 != 0) return false;
  *out = negative ? -static_cast<int128_t>(quotient) : static_cast<int128_t>(quotient);
  return true;
}

double decimal_to_double(int128_t value, int scale) {
  if (magnitude(value) < (uint128_t{1} << 53) && scale <= 22) {
    static constexpr double kExact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                        1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    return static_cast<double>(static_cast<int64_t>(value)) / kExact[scale];
  }
  const std::string text = decimal_to_string(value, scale);
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

bool double_to_decimal(double value, int precision, int scale, int128_t* out) {
  if (!std::isfinite(value) || std::fabs(value) >= 1e39) return false;
  char text[512];
  const auto [end, error] =
      std::to_chars(text, text + sizeof text, value, std::chars_format::fixed);
  if (error != std::errc()) return false;
  const std::string_view view(text, static_cast<size_t>(end - text));
  const DecimalStatus status = parse_decimal(view, precision, scale, out);
  return status == DecimalStatus::kOk || status == DecimalStatus::kLostDigit;
}

}  // namespace velo
