// Making strings from strings: case, trimming, parts, padding, joining. Positions and lengths count
// characters from 1.
#include <algorithm>
#include <array>

#include "base/fmt.h"
#include "expr/function_table.h"
#include "expr/kernel.h"
#include "expr/utf8.h"

namespace velo {
namespace {

constexpr size_t kResultBytesMax = size_t{16} << 20;

bool too_long(KernelCall& call, size_t row, size_t bytes) {
  if (bytes <= kResultBytesMax) return false;
  call.fail(row, ErrorCode::kLimitExceeded,
            fmt::format("the string would be {} bytes long; at most {}", bytes, kResultBytesMax));
  return true;
}

bool is_ascii(std::string_view s) {
  uint8_t bits = 0;
  for (const char c : s) bits |= static_cast<uint8_t>(c);
  return bits < 0x80;
}

// --- Case ---

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// `convert(code point, is first of a word)` for every character; ASCII bytes one to one. Where
/// words begin is followed only for kWords.
template <bool kWords, typename F>
void map_characters(KernelCall& call, F convert) {
  const Strings in(call, 0);
  for_valid(call, [&](size_t row) {
    const std::string_view s = in[row];
    // No mapping here makes a character longer than one byte more than it was.
    char* out = call.out.build(s.size() * 2);
    size_t size = 0;
    bool word_start = true;
    if (is_ascii(s)) {
      size = s.size();
      for (size_t i = 0; i < size; ++i) {
        out[i] = static_cast<char>(convert(static_cast<uint8_t>(s[i]), word_start));
        if (kWords) word_start = !is_word_byte(s[i]);
      }
    } else {
      for (size_t at = 0; at < s.size();) {
        const size_t begin = at;
        const uint32_t code = decode_character(s, &at);
        if (at - begin == 1 && code >= 0x80) {
          out[size++] = s[begin];  // a broken byte stays
          continue;
        }
        size += encode_character(convert(code, word_start), out + size);
        word_start = to_upper(code) == to_lower(code) && !(code >= '0' && code <= '9');
      }
    }
    call.out.set_built(row, size);
  });
}

void upper(KernelCall& call) {
  map_characters<false>(call, [](uint32_t c, bool) { return to_upper(c); });
}
void lower(KernelCall& call) {
  map_characters<false>(call, [](uint32_t c, bool) { return to_lower(c); });
}
void initcap(KernelCall& call) {
  map_characters<true>(call,
                       [](uint32_t c, bool first) { return first ? to_upper(c) : to_lower(c); });
}

// --- Trimming ---

bool holds_character(std::string_view set, std::string_view character) {
  return set.find(character) != std::string_view::npos;
}

std::string_view trim(std::string_view s, std::string_view set, bool left, bool right) {
  while (left && !s.empty()) {
    const size_t next = next_character(s, 0);
    if (!holds_character(set, s.substr(0, next))) break;
    s.remove_prefix(next);
  }
  while (right && !s.empty()) {
    const size_t last = previous_character(s, s.size());
    if (!holds_character(set, s.substr(last))) break;
    s.remove_suffix(s.size() - last);
  }
  return s;
}

template <bool kLeft, bool kRight>
void trim_ends(KernelCall& call) {
  const Strings in(call, 0);
  call.out.share(*call.args[0]);
  if (call.args.size() == 1) {
    for_valid(call, [&](size_t row) {
      call.out.set_string_view(row, trim(in[row], " ", kLeft, kRight));
    });
    return;
  }
  const Strings set(call, 1);
  for_valid(call, [&](size_t row) {
    call.out.set_string_view(row, trim(in[row], set[row], kLeft, kRight));
  });
}

// --- Parts ---

/// Characters [start, start + length) where `start` counts from 1, or from the end when negative.
std::string_view substring(std::string_view s, int64_t start, int64_t length) {
  if (start < 0) {
    const auto characters = static_cast<int64_t>(count_characters(s));
    start = std::max(start, -characters - 1) + characters + 1;
  }
  int64_t end = 0;
  if (__builtin_add_overflow(start, length, &end)) end = INT64_MAX;
  start = std::max<int64_t>(start, 1);
  if (end <= start) return {};
  const size_t from = byte_of_character(s, static_cast<size_t>(start - 1));
  const std::string_view rest = s.substr(from);
  return rest.substr(0, byte_of_character(rest, static_cast<size_t>(end - start)));
}

void substring(KernelCall& call) {
  const Strings in(call, 0);
  const Values<int64_t> start(call, 1);
  call.out.share(*call.args[0]);
  if (call.args.size() == 2) {
    for_valid(call, [&](size_t row) {
      call.out.set_string_view(row, substring(in[row], start[row], INT64_MAX));
    });
    return;
  }
  const Values<int64_t> length(call, 2);
  for_valid(call, [&](size_t row) {
    if (length[row] < 0) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("SUBSTRING of negative length {}", length[row]));
    }
    call.out.set_string_view(row, substring(in[row], start[row], length[row]));
  });
}

/// LEFT(s, n), RIGHT(s, n); a negative n means all but |n| characters.
template <bool kLeft>
void end_part(KernelCall& call) {
  const Strings in(call, 0);
  const Values<int64_t> n(call, 1);
  call.out.share(*call.args[0]);
  for_valid(call, [&](size_t row) {
    const std::string_view s = in[row];
    const auto all = static_cast<int64_t>(count_characters(s));
    const int64_t count =
        n[row] < 0 ? std::max<int64_t>(0, all + std::max(n[row], -all)) : std::min(n[row], all);
    const size_t cut = byte_of_character(s, static_cast<size_t>(kLeft ? count : all - count));
    call.out.set_string_view(row, kLeft ? s.substr(0, cut) : s.substr(cut));
  });
}

// --- Building ---

/// LPAD, RPAD: exactly n characters, cut or filled with `pad` again and again.
template <bool kLeft>
void pad(KernelCall& call) {
  const Strings in(call, 0);
  const Values<int64_t> n(call, 1);
  const bool has_pad = call.args.size() == 3;
  const Strings pads(*call.args[has_pad ? 2 : 0]);
  std::string text;
  for_valid(call, [&](size_t row) {
    const std::string_view s = in[row];
    const std::string_view filler = has_pad ? pads[row] : std::string_view(" ");
    const auto wanted = static_cast<size_t>(std::max<int64_t>(0, n[row]));
    const size_t size = count_characters(s);
    if (size >= wanted || filler.empty()) {
      return call.out.set_string(row, s.substr(0, byte_of_character(s, wanted)));
    }
    if (too_long(call, row, s.size() + (wanted - size) * 4)) return;
    text.clear();
    size_t at = 0;
    for (size_t missing = wanted - size; missing > 0; --missing) {
      const size_t next = next_character(filler, at);
      text += filler.substr(at, next - at);
      at = next == filler.size() ? 0 : next;
    }
    if (kLeft) {
      text += s;
    } else {
      text.insert(0, s);
    }
    call.out.set_string(row, text);
  });
}

void repeat(KernelCall& call) {
  const Strings in(call, 0);
  const Values<int64_t> n(call, 1);
  for_valid(call, [&](size_t row) {
    const std::string_view s = in[row];
    const auto times = static_cast<size_t>(std::max<int64_t>(0, n[row]));
    size_t bytes = 0;
    if (__builtin_mul_overflow(times, s.size(), &bytes)) bytes = SIZE_MAX;
    if (too_long(call, row, bytes)) return;
    char* out = call.out.build(bytes);
    for (size_t at = 0; at < bytes; at += s.size()) std::memcpy(out + at, s.data(), s.size());
    call.out.set_built(row, bytes);
  });
}

void reverse(KernelCall& call) {
  const Strings in(call, 0);
  for_valid(call, [&](size_t row) {
    const std::string_view s = in[row];
    char* out = call.out.build(s.size()) + s.size();
    for (size_t at = 0; at < s.size();) {
      const size_t next = next_character(s, at);
      out -= next - at;
      std::memcpy(out, s.data() + at, next - at);
      at = next;
    }
    call.out.set_built(row, s.size());
  });
}

void replace(KernelCall& call) {
  const Strings in(call, 0);
  const Strings from(call, 1);
  const Strings to(call, 2);
  std::string text;
  for_valid(call, [&](size_t row) {
    std::string_view rest = in[row];
    text.clear();
    while (!from[row].empty()) {
      const size_t at = rest.find(from[row]);
      if (at == std::string_view::npos) break;
      text.append(rest.substr(0, at)).append(to[row]);
      if (too_long(call, row, text.size())) return;
      rest.remove_prefix(at + from[row].size());
    }
    text += rest;
    call.out.set_string(row, text);
  });
}

/// Each character of s that stands in `from` becomes the one at the same place in `to`, or goes.
void translate(KernelCall& call) {
  const Strings in(call, 0);
  const Strings from(call, 1);
  const Strings to(call, 2);
  std::string text;
  for_valid(call, [&](size_t row) {
    const std::string_view s = in[row];
    text.clear();
    for (size_t at = 0; at < s.size();) {
      const size_t next = next_character(s, at);
      const std::string_view character = s.substr(at, next - at);
      at = next;
      const size_t found = from[row].find(character);
      if (found == std::string_view::npos) {
        text += character;
        continue;
      }
      const size_t begin = byte_of_character(to[row], count_characters(from[row].substr(0, found)));
      if (begin < to[row].size()) {
        text += to[row].substr(begin, next_character(to[row], begin) - begin);
      }
    }
    call.out.set_string(row, text);
  });
}

/// OVERLAY(s PLACING r FROM start [FOR length]).
void overlay(KernelCall& call) {
  const Strings in(call, 0);
  const Strings placing(call, 1);
  const Values<int64_t> start(call, 2);
  const bool has_length = call.args.size() == 4;
  const Values<int64_t> lengths(*call.args[has_length ? 3 : 2]);
  std::string text;
  for_valid(call, [&](size_t row) {
    const auto length =
        has_length ? lengths[row] : static_cast<int64_t>(count_characters(placing[row]));
    if (start[row] < 1 || length < 0) {
      return call.fail(
          row, ErrorCode::kEvaluation,
          fmt::format("OVERLAY from {} for {}: positions count from 1", start[row], length));
    }
    const std::string_view s = in[row];
    const size_t begin = byte_of_character(s, static_cast<size_t>(start[row] - 1));
    const std::string_view rest = s.substr(begin);
    text.assign(s.substr(0, begin)).append(placing[row]);
    text += rest.substr(byte_of_character(rest, static_cast<size_t>(length)));
    call.out.set_string(row, text);
  });
}

void append_all(KernelCall& call, size_t first, std::string_view separator, size_t row,
                std::string* text) {
  bool any = false;
  for (size_t i = first; i < call.args.size(); ++i) {
    if (call.args[i]->is_null(row)) continue;
    if (any) *text += separator;
    *text += call.args[i]->string_at(row);
    any = true;
  }
}

/// NULLs are left out (PostgreSQL's rule); `||` keeps them.
void concat(KernelCall& call) {
  std::string text;
  for (size_t row = 0; row < call.rows; ++row) {
    text.clear();
    append_all(call, 0, {}, row, &text);
    call.out.set_string(row, text);
  }
}

void concat_with_separator(KernelCall& call) {
  std::string text;
  for (size_t row = 0; row < call.rows; ++row) {
    if (call.args[0]->is_null(row)) {
      call.out.set_null(row);
      continue;
    }
    text.clear();
    append_all(call, 1, call.args[0]->string_at(row), row, &text);
    call.out.set_string(row, text);
  }
}

void concat_two(KernelCall& call) {
  const Strings a(call, 0);
  const Strings b(call, 1);
  for_valid(call, [&](size_t row) {
    const std::string_view x = a[row];
    const std::string_view y = b[row];
    if (too_long(call, row, x.size() + y.size())) return;
    char* out = call.out.build(x.size() + y.size());
    std::memcpy(out, x.data(), x.size());
    std::memcpy(out + x.size(), y.data(), y.size());
    call.out.set_built(row, x.size() + y.size());
  });
}

// --- Characters and numbers ---

void character_length(KernelCall& call) {
  const Strings in(call, 0);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) { out[row] = static_cast<int64_t>(count_characters(in[row])); });
}

void characters_at_most(KernelCall& call) {
  constexpr size_t kShown = 40;
  const Strings in(call, 0);
  const Values<int64_t> limit(call, 1);
  for_valid(call, [&](size_t row) {
    const std::string_view s = in[row];
    const auto fits = [&](size_t length) { return static_cast<int64_t>(length) <= limit[row]; };
    if (!fits(s.size()) && !fits(count_characters(s))) [[unlikely]] {
      const std::string_view shown = s.substr(0, byte_of_character(s, kShown));
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("'{}{}' has more than {} characters", shown,
                                   shown.size() < s.size() ? "…" : "", limit[row]));
    }
    call.out.set_string(row, s);
  });
}

void bytes_at_most(KernelCall& call) {
  const Strings in(call, 0);
  const Values<int64_t> limit(call, 1);
  for_valid(call, [&](size_t row) {
    if (static_cast<int64_t>(in[row].size()) > limit[row]) [[unlikely]] {
      return call.fail(
          row, ErrorCode::kEvaluation,
          fmt::format("{} bytes, of which at most {} are allowed", in[row].size(), limit[row]));
    }
    call.out.set_string(row, in[row]);
  });
}

void octet_length(KernelCall& call) {
  const Strings in(call, 0);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) { out[row] = static_cast<int64_t>(in[row].size()); });
}

void ascii(KernelCall& call) {
  const Strings in(call, 0);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    size_t at = 0;
    out[row] = in[row].empty() ? 0 : static_cast<int64_t>(decode_character(in[row], &at));
  });
}

void chr(KernelCall& call) {
  const Values<int64_t> in(call, 0);
  for_valid(call, [&](size_t row) {
    const int64_t code = in[row];
    if (code <= 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("CHR({}): no such character", code));
    }
    std::array<char, 4> bytes{};
    const size_t size = encode_character(static_cast<uint32_t>(code), bytes.data());
    call.out.set_string(row, {bytes.data(), size});
  });
}

const Function kFunctions[] = {
    {"UPPER,UCASE", "(s string) -> string", upper, kInfallible, "Capital letters",
     "UPPER('straße 1')", "STRAßE 1"},
    {"LOWER,LCASE", "(s string) -> string", lower, kInfallible, "Small letters", "LOWER('ÄRGER')",
     "ärger"},
    {"INITCAP", "(s string) -> string", initcap, kInfallible, "Words with a capital first letter",
     "INITCAP('hello wORLD')", "Hello World"},
    {"TRIM,BTRIM", "(s string, characters string?) -> string", trim_ends<true, true>, kInfallible,
     "Without these characters (blanks) at both ends", "TRIM('  a ')", "a"},
    {"LTRIM", "(s string, characters string?) -> string", trim_ends<true, false>, kInfallible,
     "Without these characters (blanks) at the left", "LTRIM('xya', 'yx')", "a"},
    {"RTRIM", "(s string, characters string?) -> string", trim_ends<false, true>, kInfallible,
     "Without these characters (blanks) at the right", "RTRIM('a  ')", "a"},
    {"SUBSTRING,SUBSTR,MID", "(s string, start bigint, length bigint?) -> string", substring,
     kStrict, "Characters from `start` (1 = first, −1 = last)", "SUBSTRING('hello', 2, 3)", "ell"},
    {"LEFT", "(s string, n bigint) -> string", end_part<true>, kInfallible,
     "The first n characters", "LEFT('hello', 2)", "he"},
    {"RIGHT", "(s string, n bigint) -> string", end_part<false>, kInfallible,
     "The last n characters", "RIGHT('hello', 2)", "lo"},
    {"LPAD", "(s string, n bigint, pad string?) -> string", pad<true>, kStrict,
     "Filled at the left, or cut, to n characters", "LPAD('7', 3, '0')", "007"},
    {"RPAD", "(s string, n bigint, pad string?) -> string", pad<false>, kStrict,
     "Filled at the right, or cut, to n characters", "RPAD('7', 3, '.')", "7.."},
    {"REPEAT", "(s string, n bigint) -> string", repeat, kStrict, "s, n times", "REPEAT('ab', 3)",
     "ababab"},
    {"REVERSE", "(s string) -> string", reverse, kInfallible, "Characters from last to first",
     "REVERSE('abc')", "cba"},
    {"REPLACE", "(s string, what string, by string) -> string", replace, kStrict,
     "Every `what` in s replaced", "REPLACE('a.b.c', '.', '-')", "a-b-c"},
    {"TRANSLATE", "(s string, characters string, by string) -> string", translate, kInfallible,
     "Character by character replaced, or removed where `by` is shorter",
     "TRANSLATE('a-b_c', '-_', '+')", "a+bc"},
    {"OVERLAY", "(s string, placing string, start bigint, length bigint?) -> string", overlay,
     kStrict, "A part of s replaced", "OVERLAY('Txxxxas', 'hom', 2, 4)", "Thomas"},
    {"CONCAT", "(x text...) -> string", concat, kNullAware | kInfallible,
     "All texts joined; NULLs are left out", "CONCAT('a', 1, NULL, 'b')", "a1b"},
    {"CONCAT_WS", "(separator string, x text...) -> string", concat_with_separator,
     kNullAware | kInfallible, "All texts joined by the separator; NULLs are left out",
     "CONCAT_WS('-', 'a', NULL, 'b')", "a-b"},
    {"||", "(a text, b text) -> string", concat_two, kInfix, "Joined; NULL if either is NULL",
     "'a' || 1", "a1"},
    {"LENGTH,CHAR_LENGTH,CHARACTER_LENGTH,LEN", "(s string) -> integer", character_length,
     kInfallible, "Characters", "LENGTH('äöü')", "3"},
    {"AT_MOST", "(s string, n bigint) -> string", characters_at_most, kStrict,
     "s, which must not have more than n characters: CAST(s AS VARCHAR(n))", "AT_MOST('abc', 3)",
     "abc"},
    {"AT_MOST", "(b bytes, n bigint) -> bytes", bytes_at_most, kStrict,
     "b, which must not have more than n bytes: CAST(b AS VARBINARY(n))",
     "HEX(AT_MOST(UNHEX('00FF'), 2))", "00FF"},
    {"LENGTH,OCTET_LENGTH", "(b bytes) -> integer", octet_length, kInfallible, "Bytes",
     "OCTET_LENGTH(UNHEX('00FF'))", "2"},
    {"OCTET_LENGTH", "(s string) -> integer", octet_length, kInfallible, "Bytes of the UTF-8 form",
     "OCTET_LENGTH('äöü')", "6"},
    {"ASCII,UNICODE,ORD", "(s string) -> integer", ascii, kInfallible,
     "Code point of the first character; 0 for ''", "ASCII('A')", "65"},
    {"CHR,CHAR", "(code bigint) -> string", chr, kStrict, "The character with this code point",
     "CHR(65)", "A"},
};

}  // namespace

std::span<const Function> string_functions() { return kFunctions; }

}  // namespace velo
