#pragma once

#include <string>
#include <string_view>

#include "base/int128.h"

namespace velo {

/// Exact decimals: an unscaled int128_t and a scale kept beside it (value = unscaled / 10^scale), ≤
/// 38 digits.

inline constexpr int kDecimalDigitsMax = 38;

/// 10^n. REQUIRES: 0 ≤ n ≤ 38.
int128_t power_of_ten(int n);

/// True if |value| has at most `precision` digits.
bool fits_precision(int128_t value, int precision);

enum class DecimalStatus { kOk, kSyntax, kOverflow, kLostDigit };

/// Reads "[-+]digits[.digits][e[-+]digits]" into DECIMAL(precision, scale). A non-zero digit beyond
/// the scale is kLostDigit (`*out` is then the value rounded half up, away from zero), too many
/// integer digits kOverflow.
DecimalStatus parse_decimal(std::string_view text, int precision, int scale, int128_t* out);

/// "-12.50" for (-1250, 2).
std::string decimal_to_string(int128_t value, int scale);

/// Moves `value` from one scale to another, rounding half away from zero. `*lossless` (optional)
/// tells whether digits were lost. False on overflow of 128 bits.
bool rescale(int128_t value, int from_scale, int to_scale, int128_t* out, bool* lossless = nullptr);

/// a × b / divisor with a 256-bit product, rounded half away from zero. False if the result does
/// not fit.
/// REQUIRES: divisor ≠ 0.
bool multiply_divide(int128_t a, int128_t b, int128_t divisor, int128_t* out);

/// Nearest double (via text, correctly rounded).
double decimal_to_double(int128_t value, int scale);
/// Rounded half away from zero to `scale` digits. False if NaN, infinite or too large for
/// `precision`.
bool double_to_decimal(double value, int precision, int scale, int128_t* out);

}  // namespace velo
