// Kernels for CPUs with AVX-512 (see kernels_avx512.h): fields.
//
// Four rows at a time, each field in 16 bytes of a 512-bit register. Numbers lie right-aligned, so
// that the mask of digits follows from the length alone; pairs of digits are joined by multiply-add
// until four 64-bit numbers are left (Muła and Lemire). A decimal point is closed up by moving the
// digits before it.
//
// Compiled for these CPUs only: nothing here may call an inline function of the standard library.

#include "format/kernels_avx512.h"
#include "format/kernels_loops.h"
#include "format/short_string_table.h"

#if defined(__x86_64__) && defined(__AVX512VBMI2__)

#include <immintrin.h>

namespace velo {
namespace {

constexpr uint32_t kLanes = 4;  // rows per register
// The last byte of every 16-byte lane.
constexpr uint64_t kLaneLast = 0x8000800080008000ULL;

alignas(64) constexpr double kPowers[16] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                            1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

// --- Four fields ---

/// Four fields' positions: where they end (or begin), and their lengths.
struct Quad {
  const char* at[kLanes];
  __m128i size;  // 32 bits each
};

// Sign extension: the position in front of the run's first row may be −1.
inline const char* at_position(const char* text, uint32_t position) {
  return text + static_cast<int64_t>(static_cast<int32_t>(position));
}

inline __m128i quad_sizes(const uint32_t* ends, uint32_t stride, uint32_t around) {
  const auto size = [&](uint32_t lane) {
    const uint32_t* const e = ends + lane * stride;
    return static_cast<int>(e[0] - e[-1]);
  };
  const __m128i sizes = _mm_set_epi32(size(3), size(2), size(1), size(0));
  return _mm_sub_epi32(sizes, _mm_set1_epi32(static_cast<int>(around)));
}

inline __m512i load_quad(const char* a, const char* b, const char* c, const char* d) {
  const auto load = [](const char* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  };
  __m512i out = _mm512_castsi128_si512(load(a));
  out = _mm512_inserti32x4(out, load(b), 1);
  out = _mm512_inserti32x4(out, load(c), 2);
  return _mm512_inserti32x4(out, load(d), 3);
}

// 16 bytes that end `back` bytes before each field's ending character.
inline __m512i load_ends(const FieldRun& run, const uint32_t* ends, uint32_t back) {
  const char* const text = run.text - back - 16;
  const uint32_t s = run.stride;
  return load_quad(text + ends[0], text + ends[s], text + ends[2 * s], text + ends[3 * s]);
}

// 16 bytes that begin `skip` bytes behind the ending character before each field.
inline __m512i load_begins(const FieldRun& run, const uint32_t* ends, uint32_t skip) {
  const uint32_t s = run.stride;
  return load_quad(
      at_position(run.text, ends[-1]) + skip, at_position(run.text, ends[s - 1]) + skip,
      at_position(run.text, ends[2 * s - 1]) + skip, at_position(run.text, ends[3 * s - 1]) + skip);
}

// Each lane's length in all its 16 bytes.
inline __m512i spread_sizes(__m128i sizes) {
  const __m512i control = _mm512_set_epi32(
      0x0c0c0c0c, 0x0c0c0c0c, 0x0c0c0c0c, 0x0c0c0c0c, 0x08080808, 0x08080808, 0x08080808,
      0x08080808, 0x04040404, 0x04040404, 0x04040404, 0x04040404, 0, 0, 0, 0);
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(sizes), control);
}

inline __m512i lane_numbers_up() {
  return _mm512_broadcast_i32x4(
      _mm_set_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}
inline __m512i lane_numbers_down() {
  return _mm512_broadcast_i32x4(
      _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

// Lanes with a length of 1 to 16.
inline uint32_t lanes_short(__m128i sizes) {
  return _mm_cmplt_epu32_mask(_mm_sub_epi32(sizes, _mm_set1_epi32(1)), _mm_set1_epi32(16));
}
// Lanes of which any byte's bit is set.
inline uint32_t lanes_of(uint64_t bytes) {
  const __m128i words = _mm_cvtsi64_si128(static_cast<int64_t>(bytes));
  return _mm_test_epi16_mask(words, words);
}

// Sixteen digit values per lane to a number per lane.
inline __m256i join_digits(__m512i digits) {
  __m512i d = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(10 | (1 << 8)));
  d = _mm512_madd_epi16(d, _mm512_set1_epi32(100 | (1 << 16)));
  d = _mm512_packus_epi32(d, d);
  d = _mm512_madd_epi16(d, _mm512_set1_epi32(10000 | (1 << 16)));
  d = _mm512_add_epi64(_mm512_mul_epu32(d, _mm512_set1_epi64(100000000)), _mm512_srli_epi64(d, 32));
  const __m512i even = _mm512_set_epi64(6, 4, 2, 0, 6, 4, 2, 0);
  return _mm512_castsi512_si256(_mm512_permutexvar_epi64(even, d));
}

inline uint32_t* append_special(uint32_t* out, uint32_t lanes, uint32_t row) {
  const __m128i rows =
      _mm_add_epi32(_mm_set1_epi32(static_cast<int>(row)), _mm_set_epi32(3, 2, 1, 0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                   _mm_maskz_compress_epi32(static_cast<__mmask8>(lanes), rows));
  return out + __builtin_popcount(lanes);
}

// Special rows behind the run's last one are not wanted.
inline uint32_t special_count(const uint32_t* special, const uint32_t* end, uint32_t rows) {
  while (end > special && end[-1] >= rows) --end;
  return static_cast<uint32_t>(end - special);
}

/// Four numbers: size, sign, digits behind the point, and which of them could not be read.
struct QuadNumbers {
  __m256i size;
  __m128i fraction;  // 16 bits each, low four
  uint32_t negative;
  uint32_t special;
};

template <bool kPoint, bool kJson>
inline QuadNumbers read_quad(const FieldRun& run, const uint32_t* ends, __m512i down) {
  const __m128i sizes = quad_sizes(ends, run.stride, run.prefix + run.suffix);
  const __m512i spread = spread_sizes(sizes);
  const uint64_t present = _mm512_cmpgt_epu8_mask(spread, down);
  const uint64_t first =
      _mm512_cmpeq_epi8_mask(spread, _mm512_add_epi8(down, _mm512_set1_epi8(1)));
  __m512i d =
      _mm512_maskz_sub_epi8(present, load_ends(run, ends, run.suffix), _mm512_set1_epi8('0'));
  const uint64_t minus =
      _mm512_mask_cmpeq_epi8_mask(first, d, _mm512_set1_epi8(static_cast<char>('-' - '0')));
  d = _mm512_maskz_mov_epi8(~minus, d);
  uint64_t wrong = minus & kLaneLast;
  const uint64_t leading = (first & ~minus) | (minus << 1);
  const uint64_t zero_first =
      kJson ? leading & ~kLaneLast & _mm512_testn_epi8_mask(d, d) : 0;
  __m128i fraction = _mm_setzero_si128();
  if constexpr (kPoint) {
    const uint64_t point =
        _mm512_cmpeq_epi8_mask(d, _mm512_set1_epi8(static_cast<char>('.' - '0')));
    wrong |= point & kLaneLast;
    if constexpr (kJson) wrong |= (point & leading) | (zero_first & ~(point >> 1));
    const __m128i points = _mm_cvtsi64_si128(static_cast<int64_t>(point));
    const __mmask8 has_point = _mm_test_epi16_mask(points, points);
    // Bits up to and including the first point: the bytes that move up by one.
    const __m128i before =
        _mm_xor_si128(points, _mm_add_epi16(points, _mm_set1_epi16(-1)));
    const __m128i moving = _mm_maskz_mov_epi16(has_point, before);
    fraction = _mm_maskz_sub_epi16(has_point, _mm_set1_epi16(16), _mm_popcnt_epi16(moving));
    d = _mm512_mask_mov_epi8(d, static_cast<uint64_t>(_mm_cvtsi128_si64(moving)),
                             _mm512_bslli_epi128(d, 1));
  } else if constexpr (kJson) {
    wrong |= zero_first;
  }
  wrong |= _mm512_cmpgt_epu8_mask(d, _mm512_set1_epi8(9));
  return {join_digits(d), fraction, lanes_of(minus), lanes_of(wrong) | (lanes_short(sizes) ^ 15)};
}

inline __m256i negate(__m256i size, uint32_t negative) {
  return _mm256_mask_sub_epi64(size, static_cast<__mmask8>(negative), _mm256_setzero_si256(), size);
}

template <bool kJson>
uint32_t read_integers_as(const FieldRun& run, int64_t* values, uint32_t* special) {
  const __m512i down = lane_numbers_down();
  uint32_t* out = special;
  const uint32_t* ends = run.ends;
  for (uint32_t row = 0; row < run.rows; row += kLanes, ends += kLanes * run.stride) {
    const QuadNumbers n = read_quad<false, kJson>(run, ends, down);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(values + row), negate(n.size, n.negative));
    out = append_special(out, n.special, row);
  }
  return special_count(special, out, run.rows);
}

uint32_t read_integers(const FieldRun& run, bool json, int64_t* values, uint32_t* special) {
  return json ? read_integers_as<true>(run, values, special)
              : read_integers_as<false>(run, values, special);
}

template <bool kJson>
uint32_t read_doubles_as(const FieldRun& run, double* values, uint32_t* special) {
  const __m512i down = lane_numbers_down();
  const __m512d powers_low = _mm512_load_pd(kPowers), powers_high = _mm512_load_pd(kPowers + 8);
  const __m256i exact_max = _mm256_set1_epi64x(int64_t{1} << 53);
  uint32_t* out = special;
  const uint32_t* ends = run.ends;
  for (uint32_t row = 0; row < run.rows; row += kLanes, ends += kLanes * run.stride) {
    const QuadNumbers n = read_quad<true, kJson>(run, ends, down);
    const __m512i fraction = _mm512_castsi256_si512(_mm256_cvtepu16_epi64(n.fraction));
    const __m256d power =
        _mm512_castpd512_pd256(_mm512_permutex2var_pd(powers_low, fraction, powers_high));
    const __m256d size = _mm256_div_pd(_mm256_cvtepi64_pd(n.size), power);
    const __m256d sign = _mm256_set1_pd(-0.0);
    _mm256_storeu_pd(values + row,
                     _mm256_mask_xor_pd(size, static_cast<__mmask8>(n.negative), size, sign));
    out = append_special(out, n.special | _mm256_cmpgt_epi64_mask(n.size, exact_max), row);
  }
  return special_count(special, out, run.rows);
}

uint32_t read_doubles(const FieldRun& run, bool json, double* values, uint32_t* special) {
  return json ? read_doubles_as<true>(run, values, special)
              : read_doubles_as<false>(run, values, special);
}

template <bool kJson>
uint32_t read_decimals_as(const FieldRun& run, int64_t* mantissas, uint8_t* fractions,
                          uint32_t* special) {
  const __m512i down = lane_numbers_down();
  uint32_t* out = special;
  const uint32_t* ends = run.ends;
  for (uint32_t row = 0; row < run.rows; row += kLanes, ends += kLanes * run.stride) {
    const QuadNumbers n = read_quad<true, kJson>(run, ends, down);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(mantissas + row), negate(n.size, n.negative));
    const int packed = _mm_cvtsi128_si32(_mm_packus_epi16(n.fraction, n.fraction));
    __builtin_memcpy(fractions + row, &packed, 4);
    out = append_special(out, n.special, row);
  }
  return special_count(special, out, run.rows);
}

uint32_t read_decimals(const FieldRun& run, bool json, int64_t* mantissas, uint8_t* fractions,
                       uint32_t* special) {
  return json ? read_decimals_as<true>(run, mantissas, fractions, special)
              : read_decimals_as<false>(run, mantissas, fractions, special);
}

// --- Long numbers, one by one in 32 bytes ---

inline uint64_t join_sixteen(__m128i digits) {
  __m128i d = _mm_maddubs_epi16(digits, _mm_set1_epi16(10 | (1 << 8)));
  d = _mm_madd_epi16(d, _mm_set1_epi32(100 | (1 << 16)));
  d = _mm_packus_epi32(d, d);
  d = _mm_madd_epi16(d, _mm_set1_epi32(10000 | (1 << 16)));
  const auto halves = static_cast<uint64_t>(_mm_cvtsi128_si64(d));
  return (halves & 0xffffffff) * 100000000 + (halves >> 32);
}

inline bool read_long_number(const char* begin, const char* end, bool json, uint64_t* mantissa,
                             uint8_t* fraction) {
  const int64_t length = end - begin;
  if (length < 1 || length > 31) return false;
  const __m256i zero = _mm256_set1_epi8('0');
  const auto load = [](const char* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  };
  const auto present = static_cast<uint32_t>(0xffffffff00000000ULL >> length);
  __m256i d = _mm256_maskz_sub_epi8(present, load(end - 32), zero);
  const uint32_t point =
      _mm256_cmpeq_epi8_mask(d, _mm256_set1_epi8(static_cast<char>('.' - '0')));
  const uint32_t first = present & (0u - present);
  const uint32_t zero_first = first & _mm256_testn_epi8_mask(d, d);
  if ((point & 0x80000000u) != 0) return false;
  if (json && ((point & first) != 0 || (zero_first & ~(point >> 1)) != 0)) return false;
  *fraction = 0;
  if (point != 0) {
    const uint32_t moving = point ^ (point - 1);
    *fraction = static_cast<uint8_t>(31 - __builtin_ctz(point));
    const __m256i moved = _mm256_maskz_sub_epi8(present << 1, load(end - 33), zero);
    d = _mm256_mask_mov_epi8(d, moving, moved);
  }
  if (_mm256_cmpgt_epu8_mask(d, _mm256_set1_epi8(9)) != 0) return false;
  const uint64_t high = join_sixteen(_mm256_castsi256_si128(d));
  if (high >= 1000) return false;
  *mantissa = high * 10000000000000000ULL + join_sixteen(_mm256_extracti128_si256(d, 1));
  return true;
}

// --- Strings ---

inline uint32_t find_key(const ShortStringTable& table, __m128i key, uint64_t hash) {
  const uint64_t bucket = table.bucket(hash);
  const __m512i keys = _mm512_load_si512(table.keys + bucket * 4);
  uint32_t same = _mm512_cmpeq_epi64_mask(keys, _mm512_broadcast_i64x2(key));
  same &= (same >> 1) & 0x55;
  if (same == 0) [[unlikely]] return ShortStringTable::kAbsent;
  return table.indices[bucket * 4 + (static_cast<uint32_t>(__builtin_ctz(same)) >> 1)];
}

uint32_t find_strings(const FieldRun& run, const ShortStringTable& table, char reject_a,
                      char reject_b, uint32_t* indices, uint32_t* special) {
  const __m512i up = lane_numbers_up();
  const __m512i a = _mm512_set1_epi8(reject_a), b = _mm512_set1_epi8(reject_b);
  const __m512i factors = _mm512_broadcast_i64x2(
      _mm_set_epi64x(static_cast<int64_t>(ShortStringTable::kHighFactor),
                     static_cast<int64_t>(ShortStringTable::kLowFactor)));
  uint32_t* out = special;
  const uint32_t* ends = run.ends;
  for (uint32_t row = 0; row < run.rows; row += kLanes, ends += kLanes * run.stride) {
    const __m128i sizes = quad_sizes(ends, run.stride, run.prefix + run.suffix);
    const uint64_t present = _mm512_cmpgt_epu8_mask(spread_sizes(sizes), up);
    const __m512i keys = _mm512_maskz_mov_epi8(present, load_begins(run, ends, run.prefix));
    const uint64_t rejected = _mm512_cmpeq_epi8_mask(keys, a) | _mm512_cmpeq_epi8_mask(keys, b);
    uint32_t wrong = (lanes_short(sizes) ^ 15) | lanes_of(rejected);
    __m512i hash = _mm512_mullo_epi64(keys, factors);
    hash = _mm512_xor_si512(hash, _mm512_shuffle_epi32(hash, static_cast<_MM_PERM_ENUM>(0x4E)));
    alignas(64) uint64_t hashes[8];
    _mm512_store_si512(hashes, hash);
    const uint32_t found[kLanes] = {
        find_key(table, _mm512_castsi512_si128(keys), hashes[0]),
        find_key(table, _mm512_extracti32x4_epi32(keys, 1), hashes[2]),
        find_key(table, _mm512_extracti32x4_epi32(keys, 2), hashes[4]),
        find_key(table, _mm512_extracti32x4_epi32(keys, 3), hashes[6])};
    const __m128i four = _mm_set_epi32(static_cast<int>(found[3]), static_cast<int>(found[2]),
                                       static_cast<int>(found[1]), static_cast<int>(found[0]));
    wrong |= _mm_cmpeq_epi32_mask(four, _mm_set1_epi32(-1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(indices + row),
                     _mm_maskz_mov_epi32(static_cast<__mmask8>(wrong ^ 15), four));
    out = append_special(out, wrong, row);
  }
  return special_count(special, out, run.rows);
}

uint32_t check_text(const FieldRun& run, bool bare, char reject_a, char reject_b,
                    uint32_t* special) {
  const __m512i up = lane_numbers_up();
  const __m512i a = _mm512_set1_epi8(reject_a), b = _mm512_set1_epi8(reject_b);
  const uint64_t strict = bare ? ~uint64_t{0} : 0;
  uint32_t* out = special;
  const uint32_t* ends = run.ends;
  for (uint32_t row = 0; row < run.rows; row += kLanes, ends += kLanes * run.stride) {
    const __m128i sizes = quad_sizes(ends, run.stride, run.prefix + run.suffix);
    const uint64_t present = _mm512_cmpgt_epu8_mask(spread_sizes(sizes), up);
    const __m512i t = load_begins(run, ends, run.prefix);
    uint64_t wrong = _mm512_cmpeq_epi8_mask(t, a) | _mm512_cmpeq_epi8_mask(t, b);
    const __m512i lower = _mm512_or_si512(t, _mm512_set1_epi8(0x20));
    const uint64_t word = _mm512_cmple_epu8_mask(_mm512_sub_epi8(lower, _mm512_set1_epi8('a')),
                                                 _mm512_set1_epi8('z' - 'a'));
    const uint64_t number = _mm512_cmple_epu8_mask(_mm512_sub_epi8(t, _mm512_set1_epi8('+')),
                                                   _mm512_set1_epi8('9' - '+'));
    wrong |= ~(word | number) & strict;
    out = append_special(out, (lanes_short(sizes) ^ 15) | lanes_of(wrong & present), row);
  }
  return special_count(special, out, run.rows);
}

inline __m512i broadcast_piece(const char* bytes) {
  return _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(bytes)));
}
inline uint64_t piece_mask(uint32_t bytes) {
  const uint64_t lane = bytes >= 16 ? 0xffff : (uint64_t{1} << bytes) - 1;
  return lane | lane << 16 | lane << 32 | lane << 48;
}

template <bool kBehind>
uint32_t match_literals_as(const FieldRun& run, const FieldLiteral& before,
                           const FieldLiteral& behind, uint32_t* special) {
  uint32_t* out = special;
  const uint32_t* ends = run.ends;
  const uint32_t pieces = (before.size + 15) / 16;
  const __m512i first = broadcast_piece(before.bytes);
  const uint64_t first_mask = piece_mask(before.size);
  // The literal behind, right-aligned like what is loaded.
  alignas(16) char tail[16] = {};
  __builtin_memcpy(tail + 16 - behind.size, behind.bytes, behind.size);
  const __m512i last = broadcast_piece(tail);
  const uint64_t last_mask = ~piece_mask(16 - behind.size);
  const __m128i least = _mm_set1_epi32(static_cast<int>(before.size + behind.size));
  for (uint32_t row = 0; row < run.rows; row += kLanes, ends += kLanes * run.stride) {
    const __m128i sizes = quad_sizes(ends, run.stride, 1 + run.suffix);
    uint64_t differs = _mm512_mask_cmpneq_epi8_mask(first_mask, load_begins(run, ends, 1), first);
    for (uint32_t piece = 1; piece < pieces; ++piece) {
      differs |= _mm512_mask_cmpneq_epi8_mask(piece_mask(before.size - 16 * piece),
                                              load_begins(run, ends, 1 + 16 * piece),
                                              broadcast_piece(before.bytes + 16 * piece));
    }
    if constexpr (kBehind) {
      differs |= _mm512_mask_cmpneq_epi8_mask(last_mask, load_ends(run, ends, run.suffix), last);
    }
    const uint32_t wrong = _mm_cmplt_epi32_mask(sizes, least) | lanes_of(differs);
    if (wrong != 0) [[unlikely]] out = append_special(out, wrong, row);
  }
  return special_count(special, out, run.rows);
}

uint32_t match_literals(const FieldRun& run, const FieldLiteral& before, const FieldLiteral& behind,
                        uint32_t* special) {
  return behind.size > 0 ? match_literals_as<true>(run, before, behind, special)
                         : match_literals_as<false>(run, before, behind, special);
}

constexpr Kernels kKernels{"avx512",
                           avx512_index_csv,
                           avx512_index_csv_quoted,
                           avx512_index_json,
                           read_integers,
                           read_doubles,
                           read_decimals,
                           read_long_numbers_with<read_long_number>,
                           scale_values,
                           are_all_within,
                           find_strings,
                           check_text,
                           match_literals};

}  // namespace

const Kernels* avx512_kernels() { return &kKernels; }

}  // namespace velo

#else

namespace velo {
const Kernels* avx512_kernels() { return nullptr; }
}  // namespace velo

#endif
