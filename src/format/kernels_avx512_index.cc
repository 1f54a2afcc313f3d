// Kernels for CPUs with AVX-512 (see kernels_avx512.h): index stages.
//
// 64 bytes at a time become a bit mask per interesting character; the positions of set bits are
// squeezed out of the numbers 0…63 (vpcompressb). Inside of quotes = prefix exclusive-or of the
// quotes' mask, by a carry-less multiplication (Langdale and Lemire, "Parsing gigabytes of JSON per
// second", 2019).
//
// Compiled for these CPUs only: nothing here may call an inline function of the standard library.

#include "format/kernels_avx512.h"
#include "format/kernels_loops.h"

#if defined(__x86_64__) && defined(__AVX512VBMI2__)

#include <immintrin.h>

namespace velo {
namespace {

alignas(64) constexpr uint8_t kCounting[64] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

inline __m512i load_block(const char* p) { return _mm512_loadu_si512(p); }

// The bits of a block that lie within the text.
inline uint64_t within(uint32_t at, uint32_t bytes) {
  return bytes - at >= 64 ? ~uint64_t{0} : (uint64_t{1} << (bytes - at)) - 1;
}

// Appends `at` + the number of every set bit; writes up to 64 numbers.
inline uint32_t* append_positions(uint32_t* out, uint64_t mask, __m512i counting, uint32_t at) {
  const __m512i base = _mm512_set1_epi32(static_cast<int>(at));
  const __m512i squeezed = _mm512_maskz_compress_epi8(mask, counting);
  const auto wide = [&](__m128i numbers) {
    return _mm512_add_epi32(base, _mm512_cvtepu8_epi32(numbers));
  };
  const auto count = static_cast<uint32_t>(__builtin_popcountll(mask));
  _mm512_storeu_si512(out, wide(_mm512_castsi512_si128(squeezed)));
  if (count > 16) [[unlikely]] {
    _mm512_storeu_si512(out + 16, wide(_mm512_extracti32x4_epi32(squeezed, 1)));
    if (count > 32) {
      _mm512_storeu_si512(out + 32, wide(_mm512_extracti32x4_epi32(squeezed, 2)));
      _mm512_storeu_si512(out + 48, wide(_mm512_extracti32x4_epi32(squeezed, 3)));
    }
  }
  return out + count;
}

// All bits up to and including an odd number of set ones; `inside` carries from block to block.
inline uint64_t quoted_mask(uint64_t quotes, uint64_t* inside) {
  const __m128i product = _mm_clmulepi64_si128(
      _mm_set_epi64x(0, static_cast<int64_t>(quotes)), _mm_set1_epi8(-1), 0);
  const uint64_t mask = static_cast<uint64_t>(_mm_cvtsi128_si64(product)) ^ *inside;
  *inside = static_cast<uint64_t>(static_cast<int64_t>(mask) >> 63);
  return mask;
}

/// Sums up the index stage of unquoted text, block by block.
struct CsvIndexer {
  __m512i delimiters, quotes, newlines, returns, counting;
  uint32_t* out;
  uint32_t newline_count = 0;
  __mmask64 quote_mask = 0;
  __mmask64 return_mask = 0;
  __m512i high_bits = _mm512_setzero_si512();
  __m512i least = _mm512_set1_epi8(-1);

  inline void take(__m512i block, uint32_t at) {
    const uint64_t newline = _mm512_cmpeq_epi8_mask(block, newlines);
    const uint64_t found = newline | _mm512_cmpeq_epi8_mask(block, delimiters);
    quote_mask |= _mm512_cmpeq_epi8_mask(block, quotes);
    return_mask |= _mm512_cmpeq_epi8_mask(block, returns);
    high_bits = _mm512_or_si512(high_bits, block);
    least = _mm512_min_epu8(least, block);
    newline_count += static_cast<uint32_t>(__builtin_popcountll(newline));
    out = append_positions(out, found, counting, at);
  }
};

}  // namespace

void avx512_index_csv(const char* text, uint32_t bytes, char delimiter, char quote,
                      uint32_t* positions, IndexFacts* facts) {
  *facts = {};
  CsvIndexer indexer{_mm512_set1_epi8(delimiter), _mm512_set1_epi8(quote),
                     _mm512_set1_epi8('\n'),      _mm512_set1_epi8('\r'),
                     _mm512_load_si512(kCounting), positions};
  uint32_t at = 0;
  for (; at + 64 <= bytes; at += 64) indexer.take(load_block(text + at), at);
  if (at < bytes) {  // blanks for what lies behind the text
    indexer.take(_mm512_mask_mov_epi8(_mm512_set1_epi8('x'), within(at, bytes),
                                      load_block(text + at)), at);
  }
  facts->positions = static_cast<uint32_t>(indexer.out - positions);
  facts->newlines = indexer.newline_count;
  facts->quotes = indexer.quote_mask != 0;
  facts->returns = indexer.return_mask != 0;
  facts->non_ascii = _mm512_movepi8_mask(indexer.high_bits) != 0;
  facts->zeros = _mm512_testn_epi8_mask(indexer.least, indexer.least) != 0;
}

void avx512_index_csv_quoted(const char* text, uint32_t bytes, char delimiter, char quote,
                      uint32_t* positions, IndexFacts* facts) {
  *facts = {};
  facts->quotes = true;
  facts->returns = true;  // not looked for
  const __m512i delimiters = _mm512_set1_epi8(delimiter), quotes = _mm512_set1_epi8(quote);
  const __m512i newlines = _mm512_set1_epi8('\n'), returns = _mm512_set1_epi8('\r');
  const __m512i counting = _mm512_load_si512(kCounting);
  uint32_t* out = positions;
  uint64_t inside = 0, broken = 0, high_seen = 0, zero_seen = 0;
  // What the first byte of a block stands behind: the edge of a field, a quote, a closing quote,
  // such a quote and a carriage return.
  uint64_t edge_before = 1, quote_before = 0, closing_before = 0, return_before = 0;
  uint32_t newline_count = 0;
  for (uint32_t at = 0; at < bytes; at += 64) {
    const uint64_t valid = within(at, bytes);
    const __m512i block = _mm512_maskz_mov_epi8(valid, load_block(text + at));
    const uint64_t newline = _mm512_cmpeq_epi8_mask(block, newlines);
    const uint64_t edge = newline | _mm512_cmpeq_epi8_mask(block, delimiters);
    const uint64_t q = _mm512_mask_cmpeq_epi8_mask(valid, block, quotes);
    const uint64_t in = quoted_mask(q, &inside);
    const uint64_t opening = q & in, closing = q & ~in;
    broken |= opening & ~((edge << 1) | edge_before | (q << 1) | quote_before);
    const uint64_t behind = (closing << 1) | closing_before;
    const uint64_t cr = _mm512_cmpeq_epi8_mask(block, returns);
    broken |= behind & ~(q | edge | cr) & valid;
    const uint64_t behind_return = ((behind & cr) << 1) | return_before;
    broken |= behind_return & ~newline & valid;
    edge_before = edge >> 63;
    quote_before = q >> 63;
    closing_before = closing >> 63;
    return_before = (behind & cr) >> 63;
    high_seen |= _mm512_movepi8_mask(block);
    zero_seen |= _mm512_mask_testn_epi8_mask(valid, block, block);
    newline_count += static_cast<uint32_t>(__builtin_popcountll(newline & ~in));
    out = append_positions(out, edge & ~in, counting, at);
  }
  facts->positions = static_cast<uint32_t>(out - positions);
  facts->newlines = newline_count;
  facts->broken = broken != 0;
  facts->non_ascii = high_seen != 0;
  facts->zeros = zero_seen != 0;
}

namespace {

/// Sums up the index stage of JSON, block by block.
struct JsonIndexer {
  __m512i commas, newlines, quotes, backslashes, blank, counting;
  uint32_t* out;
  uint32_t newline_count = 0;
  uint64_t inside = 0, escape_carry = 0, broken = 0, control_seen = 0;
  __m512i high_bits = _mm512_setzero_si512();

  inline void take(__m512i block, uint32_t at) {
    uint64_t quote = _mm512_cmpeq_epi8_mask(block, quotes);
    const uint64_t backslash = _mm512_cmpeq_epi8_mask(block, backslashes);
    const bool escapes = (backslash | escape_carry) != 0;
    if (escapes) [[unlikely]] quote &= ~escaped_mask(backslash, &escape_carry);
    const uint64_t in = quoted_mask(quote, &inside);
    if (escapes) [[unlikely]] broken |= backslash & ~in;
    const uint64_t newline = _mm512_cmpeq_epi8_mask(block, newlines);
    const uint64_t comma = _mm512_cmpeq_epi8_mask(block, commas);
    control_seen |= _mm512_cmplt_epu8_mask(block, blank) & in;  // newlines too
    high_bits = _mm512_or_si512(high_bits, block);
    newline_count += static_cast<uint32_t>(__builtin_popcountll(newline));
    out = append_positions(out, (newline | comma) & ~in, counting, at);
  }
};

}  // namespace

void avx512_index_json(const char* text, uint32_t bytes, uint32_t* positions, IndexFacts* facts) {
  *facts = {};
  const __m512i blank = _mm512_set1_epi8(0x20);
  JsonIndexer indexer{_mm512_set1_epi8(','),  _mm512_set1_epi8('\n'), _mm512_set1_epi8('"'),
                      _mm512_set1_epi8('\\'), blank, _mm512_load_si512(kCounting), positions};
  uint32_t at = 0;
  for (; at + 64 <= bytes; at += 64) indexer.take(load_block(text + at), at);
  if (at < bytes) {
    indexer.take(_mm512_mask_mov_epi8(blank, within(at, bytes), load_block(text + at)), at);
  }
  facts->positions = static_cast<uint32_t>(indexer.out - positions);
  facts->newlines = indexer.newline_count;
  facts->broken = indexer.broken != 0;
  facts->controls = indexer.control_seen != 0;
  facts->non_ascii = _mm512_movepi8_mask(indexer.high_bits) != 0;
}

}  // namespace velo

#endif
