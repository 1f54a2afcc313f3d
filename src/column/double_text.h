#pragma once

#include <cstddef>

namespace velo {

/// Room for the longest text of a number of `write_double`.
inline constexpr size_t kDoubleRoom = 64;

/// Writes the text form of a DOUBLE or FLOAT, the same wherever one becomes text: the fewest digits
/// that read back the same number, without exponent from 1e-6 up to but not including 1e17, and
/// always with a point or an exponent, so that it stays recognisable: 2.0, 0.00001, 1e+17, -0.0,
/// NaN, Infinity, -Infinity. Gives the end of the text. docs/decisions/0003-text-of-doubles.md.
char* write_double(char* to, double value, bool single_precision);

}  // namespace velo
