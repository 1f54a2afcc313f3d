#pragma once

// This header is included by files that are compiled for one kind of CPU: it must stay free of
// inline functions of the standard library, which the linker could pick for all others.

#include <cstddef>
#include <cstdint>

namespace velo {

/// Text is indexed in stretches of at most this many bytes, so that positions, text and columns
/// stay in the inner caches.
inline constexpr uint32_t kIndexBytes = 32768;
/// Positions that kernels may read or write in front of the first and behind the last one.
inline constexpr uint32_t kPositionSlack = 128;

/// One field of every row of a run. Positions are those of the characters that end fields
/// (delimiters and newlines), counted from `text`, `stride` of them per row; the one in front of
/// the first is that before the run (−1 as unsigned at the very start). The field of row r is
///   [text + ends[r * stride − 1] + prefix, text + ends[r * stride] − suffix),
/// and so `prefix` counts the ending character of the field before. The length may come out
/// negative: such a row is special. Readable: 64 bytes before and behind every field, and the
/// positions of the rows up to a multiple of four, as valid as the others.
struct FieldRun {
  const char* text;
  const uint32_t* ends;
  uint32_t stride;
  uint32_t prefix;
  uint32_t suffix;
  uint32_t rows;

  [[gnu::always_inline]] const char* begin(uint32_t row) const {
    const int64_t before = static_cast<int64_t>(row) * stride - 1;
    return text + static_cast<int64_t>(static_cast<int32_t>(ends[before])) + prefix;
  }
  [[gnu::always_inline]] const char* end(uint32_t row) const {
    return text + ends[row * stride] - suffix;
  }
};

/// What an index stage saw besides the positions.
struct IndexFacts {
  uint32_t positions = 0;  ///< how many were found
  uint32_t newlines = 0;   ///< how many of them are newlines
  bool quotes = false;     ///< CSV: there is a quote
  /// quotes stand where the rules do not let them: no positions can be trusted
  bool broken = false;
  bool non_ascii = false;
  bool zeros = false;      ///< CSV: there is a zero byte
  bool returns = false;    ///< CSV: there is a carriage return
  bool controls = false;   ///< JSON: there is a control character inside a string
};

/// A text to compare with, at most 48 bytes, padded for whole loads.
struct FieldLiteral {
  static constexpr uint32_t kMost = 48;
  uint32_t size = 0;
  alignas(16) char bytes[64] = {};
};

struct ShortStringTable;

/// The inner loops of the fast paths. All sets of kernels fill the same values; the rows that a
/// kernel does not read ("special": empty, too long, an odd character, not in the table …) may
/// differ. `special` has room for rows + 16 numbers and gets the special rows in ascending order,
/// `rows` and more not among them; the count is returned. Value arrays may be written up to the
/// next multiple of four rows.
struct Kernels {
  const char* name;

  /// Positions of delimiters and newlines. `positions` has room for bytes + kPositionSlack. `quote`
  /// 0: there is none.
  void (*index_csv)(const char* text, uint32_t bytes, char delimiter, char quote,
                    uint32_t* positions, IndexFacts* facts);
  /// The same outside of quotes. Broken if a quote neither opens a field, closes one, nor is
  /// doubled.
  void (*index_csv_quoted)(const char* text, uint32_t bytes, char delimiter, char quote,
                           uint32_t* positions, IndexFacts* facts);
  /// Positions of ',' and newlines outside of strings. Broken if a newline stands in a string.
  void (*index_json)(const char* text, uint32_t bytes, uint32_t* positions, IndexFacts* facts);

  /// [-]digits, at most 16 characters. `json`: no leading zeros.
  uint32_t (*read_integers)(const FieldRun& run, bool json, int64_t* values, uint32_t* special);
  /// [-]digits[.digits], at most 16 characters and 2^53: the nearest double.
  uint32_t (*read_doubles)(const FieldRun& run, bool json, double* values, uint32_t* special);
  /// The same as whole numbers with the count of digits behind the point.
  uint32_t (*read_decimals)(const FieldRun& run, bool json, int64_t* mantissas, uint8_t* fractions,
                            uint32_t* special);
  /// Numbers of 17 to 31 characters in the given rows: digits as a whole number (at most 19
  /// digits), the power of ten that it has to be divided by, and its sign (mantissa 0 with fraction
  /// 255: not read).
  void (*read_long_numbers)(const FieldRun& run, bool json, const uint32_t* rows, uint32_t count,
                            uint64_t* mantissas, uint8_t* fractions, uint8_t* negative);
  /// Multiplies, modulo 2^64.
  void (*scale)(int64_t* values, uint32_t rows, int64_t factor);
  /// Whether all of the values are within [least, most].
  bool (*all_within)(const int64_t* values, uint32_t rows, int64_t least, int64_t most);
  /// Strings of 1 to 16 bytes by their index in the table; those with a rejected character are
  /// special.
  uint32_t (*find_strings)(const FieldRun& run, const ShortStringTable& table, char reject_a,
                           char reject_b, uint32_t* indices, uint32_t* special);
  /// Strings of 1 to 16 bytes: special if a character is rejected or, with `bare`, is not of a
  /// number or word.
  uint32_t (*check_text)(const FieldRun& run, bool bare, char reject_a, char reject_b,
                         uint32_t* special);
  /// Rows whose field is not preceded and followed by the literals. The literal in front begins
  /// behind the ending character of the field before (run.prefix is not looked at), the one behind
  /// ends run.suffix characters before the ending character.
  uint32_t (*match_literals)(const FieldRun& run, const FieldLiteral& before,
                             const FieldLiteral& behind, uint32_t* special);
};

const Kernels& portable_kernels();
/// Null where they cannot be compiled.
const Kernels* avx2_kernels();
const Kernels* avx512_kernels();

enum class KernelChoice : uint8_t;
/// The kernels that the choice stands for on this CPU; null for none (row by row, or not
/// available).
const Kernels* find_kernels(KernelChoice choice);

}  // namespace velo
