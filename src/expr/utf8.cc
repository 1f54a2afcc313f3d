#include "expr/utf8.h"

namespace velo {

uint32_t decode_character(std::string_view s, size_t* at) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(s[i])); };
  const uint32_t first = byte(*at);
  const size_t length = first < 0x80    ? 1
                        : first >= 0xF0 ? 4
                        : first >= 0xE0 ? 3
                        : first >= 0xC0 ? 2
                                        : 1;
  bool whole = *at + length <= s.size();
  for (size_t i = 1; whole && i < length; ++i) whole = is_continuation(s[*at + i]);
  if (length == 1 || !whole) {
    ++*at;
    return first;
  }
  uint32_t code = first & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) code = (code << 6) | (byte(*at + i) & 0x3F);
  *at += length;
  return code;
}

size_t encode_character(uint32_t code, char* out) {
  if (code < 0x80) {
    out[0] = static_cast<char>(code);
    return 1;
  }
  const size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; --i) {
    out[i] = static_cast<char>(0x80 | (code & 0x3F));
    code >>= 6;
  }
  const uint32_t mark = length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0;
  out[0] = static_cast<char>(mark | code);
  return length;
}

namespace {

/// Latin Extended-A: capital and small letters alternate, in some stretches with the capital on odd
/// numbers.
bool capital_is_odd(uint32_t c) { return (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E); }
bool alternates(uint32_t c) {
  return (c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) || (c >= 0x139 && c <= 0x148) ||
         (c >= 0x14A && c <= 0x177) || (c >= 0x179 && c <= 0x17E);
}

}  // namespace

uint32_t to_upper_beyond_ascii(uint32_t c) {
  if (c >= 0xE0 && c <= 0xFE) return c == 0xF7 ? c : c - 32;
  if (c == 0xFF) return 0x178;
  if (alternates(c)) return (c & 1) == (capital_is_odd(c) ? 0U : 1U) ? c - 1 : c;
  if (c == 0x3C2) return 0x3A3;
  if (c >= 0x3B1 && c <= 0x3C9) return c - 32;
  if (c >= 0x430 && c <= 0x44F) return c - 32;
  if (c >= 0x450 && c <= 0x45F) return c - 80;
  return c;
}

uint32_t to_lower_beyond_ascii(uint32_t c) {
  if (c >= 0xC0 && c <= 0xDE) return c == 0xD7 ? c : c + 32;
  if (c == 0x178) return 0xFF;
  if (alternates(c)) return (c & 1) == (capital_is_odd(c) ? 1U : 0U) ? c + 1 : c;
  if (c >= 0x391 && c <= 0x3A9) return c + 32;
  if (c >= 0x410 && c <= 0x42F) return c + 32;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  return c;
}

}  // namespace velo
