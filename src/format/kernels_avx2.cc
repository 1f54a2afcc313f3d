// Kernels for CPUs with AVX2, BMI and PCLMUL (Haswell, Zen and later). The same ideas as in
// kernels_avx512.cc with narrower registers: 64 bytes of index are two registers, positions come
// out of the mask bit by bit, and fields are read one after the other in 16 bytes.
//
// Compiled for these CPUs only: nothing here may call an inline function of the standard library.

#include "format/kernels.h"
#include "format/kernels_loops.h"
#include "format/short_string_table.h"

#if defined(__x86_64__) && defined(__AVX2__)

#include <immintrin.h>

namespace velo {
namespace {

constexpr double kPowers[16] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
constexpr int64_t kExactDoubleMax = int64_t{1} << 53;

// kMasks + 16 − n: the first n of 16 bytes; kMasks + n: all but the first 16 − n.
alignas(64) constexpr uint8_t kFirst[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
alignas(64) constexpr uint8_t kLast[32] = {0,    0,    0,    0,    0,    0,    0,    0,
                                           0,    0,    0,    0,    0,    0,    0,    0,
                                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

inline __m128i load16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
inline __m128i first_bytes(uint32_t n) { return load16(kFirst + 16 - n); }
inline __m128i last_bytes(uint32_t n) { return load16(kLast + n); }

// --- Index stages ---

struct Block {
  __m256i low, high;
  uint64_t equal(char c) const {
    const __m256i wanted = _mm256_set1_epi8(c);
    return join(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
  }
  uint64_t high_bits() const { return join(low, high); }
  uint64_t below(uint8_t limit) const {
    const __m256i most = _mm256_set1_epi8(static_cast<char>(limit - 1));
    return join(_mm256_cmpeq_epi8(_mm256_max_epu8(low, most), most),
                _mm256_cmpeq_epi8(_mm256_max_epu8(high, most), most));
  }
  static uint64_t join(__m256i a, __m256i b) {
    const auto bits_a = static_cast<uint32_t>(_mm256_movemask_epi8(a));
    const auto bits_b = static_cast<uint32_t>(_mm256_movemask_epi8(b));
    return bits_a | static_cast<uint64_t>(bits_b) << 32;
  }
};

inline Block load_block(const char* p) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32))};
}

inline uint64_t within(uint32_t at, uint32_t bytes) {
  return bytes - at >= 64 ? ~uint64_t{0} : (uint64_t{1} << (bytes - at)) - 1;
}

// Writes up to 8 numbers at once, some of them not meant: the next call overwrites them.
inline uint32_t* append_positions(uint32_t* out, uint64_t mask, uint32_t at) {
  uint32_t* const end = out + __builtin_popcountll(mask);
  while (out < end) {
    for (int i = 0; i < 8; ++i) {
      out[i] = at + static_cast<uint32_t>(_tzcnt_u64(mask));
      mask = _blsr_u64(mask);
    }
    out += 8;
  }
  return end;
}

inline uint64_t quoted_mask(uint64_t quotes, uint64_t* inside) {
  const __m128i product = _mm_clmulepi64_si128(
      _mm_set_epi64x(0, static_cast<int64_t>(quotes)), _mm_set1_epi8(-1), 0);
  const uint64_t mask = static_cast<uint64_t>(_mm_cvtsi128_si64(product)) ^ *inside;
  *inside = static_cast<uint64_t>(static_cast<int64_t>(mask) >> 63);
  return mask;
}

void index_csv(const char* text, uint32_t bytes, char delimiter, char quote, uint32_t* positions,
               IndexFacts* facts) {
  *facts = {};
  uint32_t* out = positions;
  uint64_t quote_seen = 0, high_seen = 0, zero_seen = 0, return_seen = 0;
  uint32_t newline_count = 0;
  for (uint32_t at = 0; at < bytes; at += 64) {
    const uint64_t valid = within(at, bytes);
    const Block block = load_block(text + at);
    const uint64_t newline = block.equal('\n') & valid;
    quote_seen |= block.equal(quote) & valid;
    return_seen |= block.equal('\r') & valid;
    high_seen |= block.high_bits() & valid;
    zero_seen |= block.equal(0) & valid;
    newline_count += static_cast<uint32_t>(__builtin_popcountll(newline));
    out = append_positions(out, newline | (block.equal(delimiter) & valid), at);
  }
  facts->positions = static_cast<uint32_t>(out - positions);
  facts->newlines = newline_count;
  facts->quotes = quote_seen != 0;
  facts->non_ascii = high_seen != 0;
  facts->returns = return_seen != 0;
  facts->zeros = zero_seen != 0;
}

void index_csv_quoted(const char* text, uint32_t bytes, char delimiter, char quote,
                      uint32_t* positions, IndexFacts* facts) {
  *facts = {};
  facts->quotes = true;
  facts->returns = true;  // not looked for
  uint32_t* out = positions;
  uint64_t inside = 0, broken = 0, high_seen = 0, zero_seen = 0;
  // What the first byte of a block stands behind: see kernels_avx512.cc.
  uint64_t edge_before = 1, quote_before = 0, closing_before = 0, return_before = 0;
  uint32_t newline_count = 0;
  for (uint32_t at = 0; at < bytes; at += 64) {
    const uint64_t valid = within(at, bytes);
    const Block block = load_block(text + at);
    const uint64_t newline = block.equal('\n') & valid;
    const uint64_t edge = newline | (block.equal(delimiter) & valid);
    const uint64_t q = block.equal(quote) & valid;
    const uint64_t in = quoted_mask(q, &inside);
    const uint64_t opening = q & in, closing = q & ~in;
    broken |= opening & ~((edge << 1) | edge_before | (q << 1) | quote_before);
    const uint64_t behind = (closing << 1) | closing_before;
    const uint64_t cr = block.equal('\r') & valid;
    broken |= behind & ~(q | edge | cr) & valid;
    const uint64_t behind_return = ((behind & cr) << 1) | return_before;
    broken |= behind_return & ~newline & valid;
    edge_before = edge >> 63;
    quote_before = q >> 63;
    closing_before = closing >> 63;
    return_before = (behind & cr) >> 63;
    high_seen |= block.high_bits() & valid;
    zero_seen |= block.equal(0) & valid;
    newline_count += static_cast<uint32_t>(__builtin_popcountll(newline & ~in));
    out = append_positions(out, edge & ~in, at);
  }
  facts->positions = static_cast<uint32_t>(out - positions);
  facts->newlines = newline_count;
  facts->broken = broken != 0;
  facts->non_ascii = high_seen != 0;
  facts->zeros = zero_seen != 0;
}

void index_json(const char* text, uint32_t bytes, uint32_t* positions, IndexFacts* facts) {
  *facts = {};
  uint32_t* out = positions;
  uint64_t inside = 0, escape_carry = 0, broken = 0, high_seen = 0, control_seen = 0;
  uint32_t newline_count = 0;
  for (uint32_t at = 0; at < bytes; at += 64) {
    const uint64_t valid = within(at, bytes);
    const Block block = load_block(text + at);
    uint64_t quote = block.equal('"') & valid;
    const uint64_t backslash = block.equal('\\') & valid;
    if ((backslash | escape_carry) != 0) [[unlikely]] {
      quote &= ~escaped_mask(backslash, &escape_carry);
    }
    const uint64_t in = quoted_mask(quote, &inside);
    const uint64_t newline = block.equal('\n') & valid;
    broken |= (newline & in) | (backslash & ~in);
    control_seen |= block.below(0x20) & in & valid;
    high_seen |= block.high_bits() & valid;
    newline_count += static_cast<uint32_t>(__builtin_popcountll(newline & ~in));
    out = append_positions(out, (newline | (block.equal(',') & valid)) & ~in, at);
  }
  facts->positions = static_cast<uint32_t>(out - positions);
  facts->newlines = newline_count;
  facts->broken = broken != 0;
  facts->controls = control_seen != 0;
  facts->non_ascii = high_seen != 0;
}

// --- One field ---

/// A field's bytes and length; `size` above 16 is none that can be read here.
struct Short {
  const char* begin;
  const char* end;
  uint64_t size;
  bool fits() const { return size - 1 < 16; }
};

inline Short short_field(const FieldRun& run, uint32_t row) {
  const char* const begin = run.begin(row);
  const char* const end = run.end(row);
  return {begin, end, static_cast<uint64_t>(end - begin)};
}

inline uint32_t mask_of(__m128i bytes) { return static_cast<uint32_t>(_mm_movemask_epi8(bytes)); }

inline uint64_t join_sixteen(__m128i digits) {
  __m128i d = _mm_maddubs_epi16(digits, _mm_set1_epi16(10 | (1 << 8)));
  d = _mm_madd_epi16(d, _mm_set1_epi32(100 | (1 << 16)));
  d = _mm_packus_epi32(d, d);
  d = _mm_madd_epi16(d, _mm_set1_epi32(10000 | (1 << 16)));
  const auto halves = static_cast<uint64_t>(_mm_cvtsi128_si64(d));
  return (halves & 0xffffffff) * 100000000 + (halves >> 32);
}

struct Number {
  int64_t size;
  uint32_t fraction;
  bool negative;
};

template <bool kPoint, bool kJson>
inline bool read_number(const FieldRun& run, uint32_t row, Number* out) {
  const Short field = short_field(run, row);
  *out = {0, 0, false};
  if (!field.fits()) return false;
  out->negative = *field.begin == '-';
  const auto length = static_cast<uint32_t>(field.size) - (out->negative ? 1 : 0);
  if (length == 0) return false;
  __m128i d = _mm_and_si128(_mm_sub_epi8(load16(field.end - 16), _mm_set1_epi8('0')),
                            last_bytes(length));
  const uint32_t first = 0x10000u >> length;
  const uint32_t zero = mask_of(_mm_cmpeq_epi8(d, _mm_setzero_si128()));
  const uint32_t zero_first = kJson ? zero & first & 0x7fff : 0;
  if constexpr (kPoint) {
    const uint32_t point = mask_of(_mm_cmpeq_epi8(d, _mm_set1_epi8(static_cast<char>('.' - '0'))));
    if ((point & 0x8000) != 0) return false;
    if (kJson && ((point & first) | (zero_first & ~(point >> 1))) != 0) return false;
    if (point != 0) {
      const auto place = static_cast<uint32_t>(__builtin_ctz(point));
      d = _mm_blendv_epi8(d, _mm_slli_si128(d, 1), first_bytes(place + 1));
      out->fraction = 15 - place;
    }
  } else if (kJson && zero_first != 0) {
    return false;
  }
  if (mask_of(_mm_cmpeq_epi8(_mm_max_epu8(d, _mm_set1_epi8(9)), _mm_set1_epi8(9))) != 0xffff) {
    return false;
  }
  out->size = static_cast<int64_t>(join_sixteen(d));
  return true;
}

template <bool kJson>
uint32_t read_integers_as(const FieldRun& run, int64_t* values, uint32_t* special) {
  uint32_t count = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    Number number;
    special[count] = row;
    count += !read_number<false, kJson>(run, row, &number);
    values[row] = number.negative ? -number.size : number.size;
  }
  return count;
}

uint32_t read_integers(const FieldRun& run, bool json, int64_t* values, uint32_t* special) {
  return json ? read_integers_as<true>(run, values, special)
              : read_integers_as<false>(run, values, special);
}

template <bool kJson>
uint32_t read_doubles_as(const FieldRun& run, double* values, uint32_t* special) {
  uint32_t count = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    Number number;
    const bool read = read_number<true, kJson>(run, row, &number);
    special[count] = row;
    count += !read || number.size > kExactDoubleMax;
    const double size = static_cast<double>(number.size) / kPowers[number.fraction];
    values[row] = number.negative ? -size : size;
  }
  return count;
}

uint32_t read_doubles(const FieldRun& run, bool json, double* values, uint32_t* special) {
  return json ? read_doubles_as<true>(run, values, special)
              : read_doubles_as<false>(run, values, special);
}

uint32_t read_decimals(const FieldRun& run, bool json, int64_t* mantissas, uint8_t* fractions,
                       uint32_t* special) {
  uint32_t count = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    Number number;
    const bool read = json ? read_number<true, true>(run, row, &number)
                           : read_number<true, false>(run, row, &number);
    special[count] = row;
    count += !read;
    mantissas[row] = number.negative ? -number.size : number.size;
    fractions[row] = static_cast<uint8_t>(number.fraction);
  }
  return count;
}

// --- Long numbers ---

// The 16 digit values that end at `end`, of which `length` (≤ 16) belong to the number.
inline __m128i digits_before(const char* end, uint32_t length) {
  return _mm_and_si128(_mm_sub_epi8(load16(end - 16), _mm_set1_epi8('0')), last_bytes(length));
}

inline bool all_digits(__m128i d) {
  return mask_of(_mm_cmpeq_epi8(_mm_max_epu8(d, _mm_set1_epi8(9)), _mm_set1_epi8(9))) == 0xffff;
}

inline bool read_long_number(const char* begin, const char* end, bool json, uint64_t* mantissa,
                             uint8_t* fraction) {
  const int64_t length = end - begin;
  if (length < 1 || length > 31 || *begin == '.' || end[-1] == '.') return false;
  if (json && *begin == '0' && length > 1 && begin[1] != '.') return false;
  const char* point = nullptr;
  for (const char* p = begin; p < end; ++p) {
    if (*p == '.') {
      point = p;
      break;
    }
  }
  const char* const whole_end = point ? point : end;
  const int64_t whole = whole_end - begin;
  const int64_t behind = point ? end - point - 1 : 0;
  if (whole > 16 || behind > 16) return false;
  const __m128i whole_digits = digits_before(whole_end, static_cast<uint32_t>(whole));
  const __m128i behind_digits = digits_before(end, static_cast<uint32_t>(behind));
  if (!all_digits(whole_digits) || !all_digits(behind_digits)) return false;
  const uint64_t high = join_sixteen(whole_digits), low = join_sixteen(behind_digits);
  uint64_t scale = 1;
  for (int64_t i = 0; i < behind; ++i) scale *= 10;
  if (__builtin_mul_overflow(high, scale, mantissa) || *mantissa + low >= 10000000000000000000ULL) {
    return false;
  }
  *mantissa += low;
  *fraction = static_cast<uint8_t>(behind);
  return true;
}

// --- Strings ---

inline uint32_t find_key(const ShortStringTable& table, __m128i key) {
  const ShortKey halves{static_cast<uint64_t>(_mm_cvtsi128_si64(key)),
                        static_cast<uint64_t>(_mm_extract_epi64(key, 1))};
  const uint64_t bucket = table.bucket(ShortStringTable::hash(halves));
  const auto* const keys = reinterpret_cast<const __m256i*>(table.keys + bucket * 4);
  const __m256i wanted = _mm256_broadcastsi128_si256(key);
  const auto same_low = static_cast<uint32_t>(
      _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(_mm256_load_si256(keys), wanted))));
  const auto same_high = static_cast<uint32_t>(_mm256_movemask_pd(
      _mm256_castsi256_pd(_mm256_cmpeq_epi64(_mm256_load_si256(keys + 1), wanted))));
  uint32_t same = same_low | same_high << 4;
  same &= (same >> 1) & 0x55;
  if (same == 0) [[unlikely]] return ShortStringTable::kAbsent;
  return table.indices[bucket * 4 + (static_cast<uint32_t>(__builtin_ctz(same)) >> 1)];
}

uint32_t find_strings(const FieldRun& run, const ShortStringTable& table, char reject_a,
                      char reject_b, uint32_t* indices, uint32_t* special) {
  const __m128i a = _mm_set1_epi8(reject_a), b = _mm_set1_epi8(reject_b);
  uint32_t count = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    const Short field = short_field(run, row);
    const auto length = static_cast<uint32_t>(field.fits() ? field.size : 0);
    const __m128i key = _mm_and_si128(load16(field.begin), first_bytes(length));
    const __m128i rejected = _mm_or_si128(_mm_cmpeq_epi8(key, a), _mm_cmpeq_epi8(key, b));
    const uint32_t index = find_key(table, key);
    const bool found = length > 0 && mask_of(rejected) == 0 && index != ShortStringTable::kAbsent;
    indices[row] = found ? index : 0;
    special[count] = row;
    count += !found;
  }
  return count;
}

uint32_t check_text(const FieldRun& run, bool bare, char reject_a, char reject_b,
                    uint32_t* special) {
  const __m128i a = _mm_set1_epi8(reject_a), b = _mm_set1_epi8(reject_b);
  const auto up_to = [](__m128i t, char first, char last) {
    const __m128i most = _mm_set1_epi8(static_cast<char>(last - first));
    return _mm_cmpeq_epi8(_mm_max_epu8(_mm_sub_epi8(t, _mm_set1_epi8(first)), most), most);
  };
  uint32_t count = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    const Short field = short_field(run, row);
    const __m128i t = load16(field.begin);
    uint32_t wrong = mask_of(_mm_or_si128(_mm_cmpeq_epi8(t, a), _mm_cmpeq_epi8(t, b)));
    if (bare) {
      const __m128i word = up_to(_mm_or_si128(t, _mm_set1_epi8(0x20)), 'a', 'z');
      wrong |= ~mask_of(_mm_or_si128(word, up_to(t, '+', '9')));
    }
    const bool fits = field.fits();
    const uint32_t present = (1u << (fits ? field.size : 0)) - 1;
    special[count] = row;
    count += !fits || (wrong & present) != 0;
  }
  return count;
}

uint32_t match_literals(const FieldRun& run, const FieldLiteral& before, const FieldLiteral& behind,
                        uint32_t* special) {
  const FieldRun whole{run.text, run.ends, run.stride, 1, run.suffix, run.rows};
  alignas(16) char tail[16] = {};
  __builtin_memcpy(tail + 16 - behind.size, behind.bytes, behind.size);
  const __m128i last = load16(tail), last_mask = last_bytes(behind.size);
  uint32_t count = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    const Short field = short_field(whole, row);
    __m128i differs = _mm_and_si128(_mm_xor_si128(load16(field.end - 16), last), last_mask);
    for (uint32_t at = 0; at < before.size; at += 16) {
      const uint32_t left = before.size - at < 16 ? before.size - at : 16;
      const __m128i piece = _mm_xor_si128(load16(field.begin + at), load16(before.bytes + at));
      differs = _mm_or_si128(differs, _mm_and_si128(piece, first_bytes(left)));
    }
    const bool enough = field.end - field.begin >= static_cast<int64_t>(before.size + behind.size);
    special[count] = row;
    count += !enough || !_mm_testz_si128(differs, differs);
  }
  return count;
}

constexpr Kernels kKernels{
    "avx2",        index_csv,      index_csv_quoted, index_json,
    read_integers, read_doubles,   read_decimals,    read_long_numbers_with<read_long_number>,
    scale_values,  are_all_within, find_strings,     check_text,
    match_literals};

}  // namespace

const Kernels* avx2_kernels() { return &kKernels; }

}  // namespace velo

#else

namespace velo {
const Kernels* avx2_kernels() { return nullptr; }
}  // namespace velo

#endif
