// The kernels without vector instructions: what runs where no others do, and what the others are
// compared with.

#include <cstring>

#include "format/kernels.h"
#include "format/kernels_loops.h"
#include "format/short_string_table.h"

namespace velo {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101ULL;
constexpr uint64_t kHighs = 0x8080808080808080ULL;
constexpr int64_t kExactDoubleMax = int64_t{1} << 53;
constexpr double kPowers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

uint64_t load_word(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

// The high bit of every byte that is c.
uint64_t bytes_equal(uint64_t word, char c) {
  const uint64_t x = word ^ (kOnes * static_cast<unsigned char>(c));
  return ~(((x & ~kHighs) + ~kHighs) | x | ~kHighs);
}

// The bits of bytes at or behind `bytes` taken out: the last word of a text may hold more than the
// text.
uint64_t within(uint64_t highs, uint32_t bytes_left) {
  return bytes_left >= 8 ? highs : highs & ((uint64_t{1} << (bytes_left * 8)) - 1);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void look_at_rest(uint64_t word, uint32_t left, IndexFacts* facts) {
  facts->non_ascii |= within(word & kHighs, left) != 0;
  facts->zeros |= within(bytes_equal(word, 0), left) != 0;
}

void index_csv(const char* text, uint32_t bytes, char delimiter, char quote, uint32_t* positions,
               IndexFacts* facts) {
  *facts = {};
  uint32_t count = 0;
  for (uint32_t at = 0; at < bytes; at += 8) {
    const uint64_t word = load_word(text + at);
    const uint32_t left = bytes - at;
    look_at_rest(word, left, facts);
    facts->returns |= within(bytes_equal(word, '\r'), left) != 0;
    facts->quotes |= within(bytes_equal(word, quote), left) != 0;
    const uint64_t newlines = within(bytes_equal(word, '\n'), left);
    facts->newlines += static_cast<uint32_t>(__builtin_popcountll(newlines));
    uint64_t found = newlines | within(bytes_equal(word, delimiter), left);
    for (; found != 0; found &= found - 1) {
      positions[count++] = at + static_cast<uint32_t>(__builtin_ctzll(found) / 8);
    }
  }
  facts->positions = count;
}

void index_csv_quoted(const char* text, uint32_t bytes, char delimiter, char quote,
                      uint32_t* positions, IndexFacts* facts) {
  *facts = {};
  facts->quotes = true;
  facts->returns = true;  // not looked for
  bool inside = false;
  const auto ends_field = [&](uint32_t at) {
    if (text[at] == '\r') return at + 1 >= bytes || text[at + 1] == '\n';
    return text[at] == delimiter || text[at] == '\n';
  };
  for (uint32_t at = 0; at < bytes; ++at) {
    const char c = text[at];
    facts->non_ascii |= (c & 0x80) != 0;
    facts->zeros |= c == 0;
    if (c == quote) {
      // A quote behind a quote continues a doubled one, which closed and opens again.
      if (!inside && at > 0 && text[at - 1] != quote && text[at - 1] != delimiter &&
          text[at - 1] != '\n') {
        facts->broken = true;
      }
      if (inside && at + 1 < bytes && text[at + 1] != quote && !ends_field(at + 1)) {
        facts->broken = true;
      }
      inside = !inside;
    } else if (!inside && (c == delimiter || c == '\n')) {
      facts->newlines += c == '\n';
      positions[facts->positions++] = at;
    }
  }
}

void index_json(const char* text, uint32_t bytes, uint32_t* positions, IndexFacts* facts) {
  *facts = {};
  bool inside = false;
  for (uint32_t at = 0; at < bytes; ++at) {
    const char c = text[at];
    facts->non_ascii |= (c & 0x80) != 0;
    facts->zeros |= c == 0;
    if (inside) {
      facts->controls |= static_cast<unsigned char>(c) < 0x20;
      facts->broken |= c == '\n';
      if (c == '\\') {
        if (++at < bytes) {
          facts->non_ascii |= (text[at] & 0x80) != 0;
          facts->zeros |= text[at] == 0;
          facts->controls |= static_cast<unsigned char>(text[at]) < 0x20;
          facts->broken |= text[at] == '\n';
        }
      } else if (c == '"') {
        inside = false;
      }
    } else if (c == '"') {
      inside = true;
    } else if (c == '\\') {
      facts->broken = true;
    } else if (c == ',' || c == '\n') {
      facts->newlines += c == '\n';
      positions[facts->positions++] = at;
    }
  }
}

struct Number {
  int64_t mantissa = 0;
  uint32_t fraction = 0;
  bool negative = false;
};

// [-]digits[.digits] of 1 to `most` characters, ending with a digit. False if it is anything else.
bool read_number(const FieldRun& run, uint32_t row, bool json, bool point_allowed, Number* out) {
  const char* p = run.begin(row);
  const char* const end = run.end(row);
  if (end <= p || end - p > 16) return false;
  out->negative = *p == '-';
  p += out->negative;
  const char* const first = p;
  const char* point = nullptr;
  uint64_t value = 0;
  for (; p < end; ++p) {
    if (is_digit(*p)) {
      value = value * 10 + static_cast<uint64_t>(*p - '0');
    } else if (*p == '.' && point_allowed && !point) {
      point = p;
    } else {
      return false;
    }
  }
  if (end == first || !is_digit(end[-1])) return false;
  if (json && (point == first || (*first == '0' && end - first > 1 && point != first + 1))) {
    return false;
  }
  out->mantissa = static_cast<int64_t>(value);
  out->fraction = point ? static_cast<uint32_t>(end - point - 1) : 0;
  return true;
}

uint32_t read_integers(const FieldRun& run, bool json, int64_t* values, uint32_t* special) {
  uint32_t count = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    Number number;
    if (!read_number(run, row, json, false, &number)) special[count++] = row;
    values[row] = number.negative ? -number.mantissa : number.mantissa;
  }
  return count;
}

uint32_t read_doubles(const FieldRun& run, bool json, double* values, uint32_t* special) {
  uint32_t count = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    Number number;
    const bool read = read_number(run, row, json, true, &number);
    if (!read || number.mantissa > kExactDoubleMax) special[count++] = row;
    const double size = static_cast<double>(number.mantissa) / kPowers[number.fraction];
    values[row] = number.negative ? -size : size;
  }
  return count;
}

uint32_t read_decimals(const FieldRun& run, bool json, int64_t* mantissas, uint8_t* fractions,
                       uint32_t* special) {
  uint32_t count = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    Number number;
    if (!read_number(run, row, json, true, &number)) special[count++] = row;
    mantissas[row] = number.negative ? -number.mantissa : number.mantissa;
    fractions[row] = static_cast<uint8_t>(number.fraction);
  }
  return count;
}

bool read_long_number(const char* p, const char* end, bool json, uint64_t* mantissa,
                      uint8_t* fraction) {
  if (end - p > 31 || end <= p || !is_digit(end[-1])) return false;
  const char* const first = p;
  const char* point = nullptr;
  uint64_t value = 0;
  uint32_t digits = 0;
  for (; p < end; ++p) {
    if (*p == '.' && !point) {
      point = p;
      continue;
    }
    if (!is_digit(*p)) return false;
    digits += digits > 0 || *p != '0';
    if (digits > 19) return false;
    value = value * 10 + static_cast<uint64_t>(*p - '0');
  }
  if (json && (point == first || (*first == '0' && point != first + 1))) return false;
  *mantissa = value;
  *fraction = static_cast<uint8_t>(point ? end - point - 1 : 0);
  return true;
}

uint32_t find_strings(const FieldRun& run, const ShortStringTable& table, char reject_a,
                      char reject_b, uint32_t* indices, uint32_t* special) {
  uint32_t count = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    const char* const p = run.begin(row);
    const int64_t size = run.end(row) - p;
    indices[row] = 0;
    bool found = size > 0 && size <= 16;
    if (found) {
      found = std::memchr(p, reject_a, static_cast<size_t>(size)) == nullptr &&
              std::memchr(p, reject_b, static_cast<size_t>(size)) == nullptr;
      ShortKey key;
      std::memcpy(&key, p, static_cast<size_t>(size));
      const uint32_t index = table.find(key);
      found = found && index != ShortStringTable::kAbsent;
      if (found) indices[row] = index;
    }
    if (!found) special[count++] = row;
  }
  return count;
}

bool is_bare(char c) {
  return (c >= '+' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

uint32_t check_text(const FieldRun& run, bool bare, char reject_a, char reject_b,
                    uint32_t* special) {
  uint32_t count = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    const char* const p = run.begin(row);
    const int64_t size = run.end(row) - p;
    bool fine = size > 0 && size <= 16;
    for (int64_t i = 0; fine && i < size; ++i) {
      fine = p[i] != reject_a && p[i] != reject_b && (!bare || is_bare(p[i]));
    }
    if (!fine) special[count++] = row;
  }
  return count;
}

uint32_t match_literals(const FieldRun& run, const FieldLiteral& before, const FieldLiteral& behind,
                        uint32_t* special) {
  uint32_t count = 0;
  const FieldRun whole{run.text, run.ends, run.stride, 1, run.suffix, run.rows};
  for (uint32_t row = 0; row < run.rows; ++row) {
    const char* const p = whole.begin(row);
    const char* const end = whole.end(row);
    const bool same = end - p >= static_cast<int64_t>(before.size) + behind.size &&
                      std::memcmp(p, before.bytes, before.size) == 0 &&
                      std::memcmp(end - behind.size, behind.bytes, behind.size) == 0;
    if (!same) special[count++] = row;
  }
  return count;
}

constexpr Kernels kKernels{
    "portable",    index_csv,      index_csv_quoted, index_json,
    read_integers, read_doubles,   read_decimals,    read_long_numbers_with<read_long_number>,
    scale_values,  are_all_within, find_strings,     check_text,
    match_literals};

}  // namespace

const Kernels& portable_kernels() { return kKernels; }

}  // namespace velo
