#pragma once

#include "format/kernels.h"

// Loops that are written alike for every kind of CPU and left to the compiler. Private to
// kernels_*.cc: each compiles its own copy for its own CPU, so nothing here may have a name that
// another file could link to; hence `static`.
namespace velo {

/// The characters that follow an odd run of backslashes (Langdale and Lemire 2019, §3.1.1).
/// `carry`: the first one is such a character.
static inline uint64_t escaped_mask(uint64_t backslashes, uint64_t* carry) {
  constexpr uint64_t kEven = 0x5555555555555555ULL;
  const uint64_t run = backslashes & ~*carry;
  const uint64_t follows = (run << 1) | *carry;
  const uint64_t odd_starts = run & ~kEven & ~follows;
  uint64_t even_ends;
  *carry = __builtin_add_overflow(odd_starts, run, &even_ends) ? 1 : 0;
  return (kEven ^ (even_ends << 1)) & follows;
}

/// Kernels::read_long_numbers, with `kRead` for one number.
template <bool (*kRead)(const char* begin, const char* end, bool json, uint64_t* mantissa,
                        uint8_t* fraction)>
static inline void read_long_numbers_with(const FieldRun& run, bool json, const uint32_t* rows,
                                          uint32_t count, uint64_t* mantissas, uint8_t* fractions,
                                          uint8_t* negative) {
  for (uint32_t i = 0; i < count; ++i) {
    const char* const begin = run.begin(rows[i]);
    const char* const end = run.end(rows[i]);
    negative[i] = end > begin && *begin == '-';
    if (kRead(begin + negative[i], end, json, &mantissas[i], &fractions[i])) continue;
    mantissas[i] = 0;
    fractions[i] = 255;
  }
}

/// Kernels::scale.
static inline void scale_values(int64_t* values, uint32_t rows, int64_t factor) {
  for (uint32_t row = 0; row < rows; ++row) {
    values[row] =
        static_cast<int64_t>(static_cast<uint64_t>(values[row]) * static_cast<uint64_t>(factor));
  }
}

/// Kernels::all_within.
static inline bool are_all_within(const int64_t* values, uint32_t rows, int64_t least,
                                  int64_t most) {
  uint64_t outside = 0;
  for (uint32_t row = 0; row < rows; ++row) {
    outside |= (values[row] > most) | (values[row] < least);
  }
  return outside == 0;
}

}  // namespace velo
