#include "column/double_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace velo {
namespace {

// Numbers with at most 15 digits, four of them behind the point: a decimal of 15 digits is the only
// one that its double is nearest to, so what divides back exactly is the shortest. Null if it is
// none.
char* write_short_decimal(char* p, double value) {
  constexpr double kMost = 1e10, kScale = 1e4;
  const double size = std::fabs(value);
  if (!(size < kMost)) return nullptr;
  const double scaled = std::nearbyint(size * kScale);
  if (scaled / kScale != size) return nullptr;
  auto rest = static_cast<uint64_t>(scaled);
  if (std::signbit(value)) *p++ = '-';
  const uint64_t whole = rest / 10000;
  rest %= 10000;
  p = std::to_chars(p, p + 24, whole).ptr;
  *p++ = '.';
  char* const first = p;
  for (uint64_t unit = 1000; unit > 0; rest %= unit, unit /= 10) {
    *p++ = static_cast<char>('0' + rest / unit);
  }
  while (p - 1 > first && p[-1] == '0') --p;
  return p;
}

char* write_text(char* p, std::string_view text) {
  std::memcpy(p, text.data(), text.size());
  return p + text.size();
}

}  // namespace

char* write_double(char* to, double value, bool single_precision) {
  if (!std::isfinite(value)) {
    return write_text(to, std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
  }
  if (!single_precision) {
    if (char* const end = write_short_decimal(to, value)) return end;
  }
  constexpr double kLeast = 1e-6, kMost = 1e17;
  const double size = std::fabs(value);
  const bool plain = size == 0 || (size >= kLeast && size < kMost);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  char* const room = to + kDoubleRoom;
  char* end = single_precision ? std::to_chars(to, room, static_cast<float>(value), format).ptr
                               : std::to_chars(to, room, value, format).ptr;
  const bool has_point = std::memchr(to, '.', static_cast<size_t>(end - to)) != nullptr;
  return plain && !has_point ? write_text(end, ".0") : end;
}

}  // namespace velo
