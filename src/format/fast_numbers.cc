// The number columns of the fast path: what the kernels read is checked, scaled and rounded in
// plain loops; numbers that are too long for them are finished here.

#include <fast_float/fast_float.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "column/decimal.h"
#include "column/time_text.h"
#include "format/fast_fields.h"

namespace velo {
namespace {

constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr uint64_t kExactDoubleMax = uint64_t{1} << 53;

/// The nearest double of mantissa / 10^fraction; false if that takes the whole text (Eisel and
/// Lemire; Lemire, "Number Parsing at a Gigabyte per Second", 2021). REQUIRES: all digits are in
/// the mantissa.
bool to_double(uint64_t mantissa, uint32_t fraction, double* out) {
  if (mantissa <= kExactDoubleMax && fraction <= 22) {
    *out = static_cast<double>(mantissa) / kPowers[fraction];
    return true;
  }
  const fast_float::adjusted_mantissa found =
      fast_float::compute_float<fast_float::binary_format<double>>(-static_cast<int64_t>(fraction),
                                                                   mantissa);
  if (found.power2 < 0) return false;
  *out = std::bit_cast<double>(found.mantissa | static_cast<uint64_t>(found.power2) << 52);
  return true;
}

}  // namespace

void FastFields::read_integers(const FastField& field, const FieldRun& run, ScalarTarget& target) {
  int64_t* const out = target.values<int64_t>() + first_row_;
  uint32_t specials = kernels_.read_integers(run, json_, out, special_.data());
  if (specials > 0) {  // seventeen to nineteen digits
    mantissas_.resize(specials), fractions_.resize(specials), negative_.resize(specials);
    kernels_.read_long_numbers(run, json_, special_.data(), specials, mantissas_.data(),
                               fractions_.data(), negative_.data());
    uint32_t left = 0;
    for (uint32_t i = 0; i < specials; ++i) {
      const uint32_t row = special_[i];
      const bool whole = fractions_[i] == 0 && mantissas_[i] <= INT64_MAX;
      const auto size = static_cast<int64_t>(mantissas_[i]);
      out[row] = !whole ? 0 : negative_[i] ? -size : size;
      special_[left] = row;
      left += whole ? 0 : 1;
    }
    specials = left;
  }
  if (target.rules().type.is_integer()) {
    check_range(run, target);
  } else {
    scale_epoch(run, target);
  }
  fix_all(field, run, specials);
}

void FastFields::check_range(const FieldRun& run, ScalarTarget& target) {
  const Type& type = target.rules().type;
  if (type.kind() == TypeKind::kBigInt) return;
  const int64_t* const values = target.values<int64_t>() + first_row_;
  const int64_t least = type.integer_min(), most = type.integer_max();
  if (kernels_.all_within(values, run.rows, least, most)) return;
  for (uint32_t row = 0; row < run.rows; ++row) {
    if (values[row] < least || values[row] > most) mark_odd(row);
  }
}

void FastFields::scale_epoch(const FieldRun& run, ScalarTarget& target) {
  int64_t* const values = target.values<int64_t>() + first_row_;
  const int64_t unit = epoch_unit_us(target.rules().times);
  const int64_t step = target.rules().type.step_us();
  if (unit == 0) {
    for (uint32_t row = 0; row < run.rows; ++row) values[row] = floor_div(values[row], 1000);
  } else {
    const int64_t most = std::numeric_limits<int64_t>::max() / unit;
    if (!kernels_.all_within(values, run.rows, -most, most)) {
      for (uint32_t row = 0; row < run.rows; ++row) {
        if (values[row] < -most || values[row] > most) mark_odd(row);
      }
    }
    kernels_.scale(values, run.rows, unit);
  }
  if (unit >= step) return;
  for (uint32_t row = 0; row < run.rows; ++row) {
    if (values[row] % step != 0) mark_odd(row);
  }
}

void FastFields::read_doubles(const FastField& field, const FieldRun& run, ScalarTarget& target) {
  double* const out = target.values<double>() + first_row_;
  uint32_t specials = kernels_.read_doubles(run, json_, out, special_.data());
  if (target.rules().type.kind() == TypeKind::kFloat) {
    fix_all(field, run, specials);
    return round_to_float(field, run, target);
  }
  if (specials == 0) return;
  mantissas_.resize(specials), fractions_.resize(specials), negative_.resize(specials);
  kernels_.read_long_numbers(run, json_, special_.data(), specials, mantissas_.data(),
                             fractions_.data(), negative_.data());
  uint32_t left = 0;
  for (uint32_t i = 0; i < specials; ++i) {
    const uint32_t row = special_[i];
    double size = 0;
    const bool read = fractions_[i] != 255 && to_double(mantissas_[i], fractions_[i], &size);
    out[row] = negative_[i] ? -size : size;
    special_[left] = row;
    left += read ? 0 : 1;
  }
  fix_all(field, run, left);
}

// A double rounds to the nearest float unless it is itself the middle between two: then the text
// decides.
void FastFields::round_to_float(const FastField& field, const FieldRun& run, ScalarTarget& target) {
  constexpr uint64_t kRest = (uint64_t{1} << 29) - 1, kMiddle = uint64_t{1} << 28;
  constexpr double kNormal = 1.17549435e-38, kLargest = 3.4e38;
  double* const values = target.values<double>() + first_row_;
  for (uint32_t row = 0; row < run.rows; ++row) {
    const double value = values[row];
    const double size = std::fabs(value);
    const bool middle = (std::bit_cast<uint64_t>(value) & kRest) == kMiddle;
    if (middle || (size != 0 && size < kNormal) || !(size < kLargest)) {
      fix(field, run, row);
    } else {
      values[row] = static_cast<double>(static_cast<float>(value));
    }
  }
}

void FastFields::read_decimals(const FastField& field, const FieldRun& run, ScalarTarget& target) {
  const size_t slots = run.rows + ScalarTarget::kSlackRows;
  if (mantissas_.size() < slots) mantissas_.resize(slots);
  if (fractions_.size() < slots) fractions_.resize(slots);
  auto* const mantissas = reinterpret_cast<int64_t*>(mantissas_.data());
  const uint32_t specials =
      kernels_.read_decimals(run, json_, mantissas, fractions_.data(), special_.data());
  int128_t* const out = target.values<int128_t>() + first_row_;
  const int precision = target.rules().type.precision(), scale = target.rules().type.scale();
  // By digits behind the point: the factor to the declared scale, and the first mantissa that is
  // too large.
  int64_t factors[17], limits[17];
  for (int digits = 0; digits <= 16; ++digits) {
    const int missing = scale - digits;
    const bool fits = missing >= 0 && missing <= 18 && precision - missing > 0;
    factors[digits] = fits ? static_cast<int64_t>(power_of_ten(missing)) : 0;
    limits[digits] =
        fits ? static_cast<int64_t>(power_of_ten(std::min(18, precision - missing))) : 0;
  }
  size_t next = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    const bool special = next < specials && special_[next] == row;
    next += special ? 1 : 0;
    const int64_t mantissa = special ? 0 : mantissas[row];
    const uint8_t digits = special ? 0 : fractions_[row];
    if (mantissa < limits[digits] && -mantissa < limits[digits]) {
      out[row] = static_cast<int128_t>(mantissa) * factors[digits];
    } else if (!special) {
      fix(field, run, row);  // trailing zeros may still make it fit
    }
  }
  fix_all(field, run, specials);
}

}  // namespace velo
