#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace velo {

/// Characters (code points) of UTF-8 text. Bytes that are not UTF-8 never lead out of the text.

inline bool is_continuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

/// Code points.
inline size_t count_characters(std::string_view s) {
  size_t count = 0;
  for (const char c : s) count += is_continuation(c) ? 0 : 1;
  return count;
}

/// Byte position after the character that begins at `at`. REQUIRES: at < s.size().
inline size_t next_character(std::string_view s, size_t at) {
  ++at;
  while (at < s.size() && is_continuation(s[at])) ++at;
  return at;
}

/// Byte position where the character before `at` begins. REQUIRES: at > 0.
inline size_t previous_character(std::string_view s, size_t at) {
  --at;
  while (at > 0 && is_continuation(s[at])) --at;
  return at;
}

/// Byte position of character number `n` (from 0), or s.size() if there are fewer.
inline size_t byte_of_character(std::string_view s, size_t n) {
  size_t at = 0;
  while (n > 0 && at < s.size()) {
    at = next_character(s, at);
    --n;
  }
  return at;
}

/// The code point at `at`, moved past it; a broken sequence gives its first byte. REQUIRES: at <
/// s.size().
uint32_t decode_character(std::string_view s, size_t* at);
/// Writes 1 to 4 bytes.
size_t encode_character(uint32_t code_point, char* out);

/// Simple case mapping of ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic letters; others
/// stay.
uint32_t to_upper_beyond_ascii(uint32_t code_point);
uint32_t to_lower_beyond_ascii(uint32_t code_point);
inline uint32_t to_upper(uint32_t c) {
  if (c >= 0x80) return to_upper_beyond_ascii(c);
  return c - 'a' < 26 ? c - 32 : c;
}
inline uint32_t to_lower(uint32_t c) {
  if (c >= 0x80) return to_lower_beyond_ascii(c);
  return c - 'A' < 26 ? c + 32 : c;
}

}  // namespace velo
