// Looking into strings: positions, prefixes, splitting. Positions count characters from 1; 0 = not
// found.
#include <algorithm>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "expr/function_table.h"
#include "expr/kernel.h"
#include "expr/utf8.h"

namespace velo {
namespace {

int64_t position_of(std::string_view needle, std::string_view s, int64_t start) {
  if (start < 1) return 0;
  const size_t from = byte_of_character(s, static_cast<size_t>(start - 1));
  const size_t at = s.find(needle, from);
  return at == std::string_view::npos ? 0
                                      : static_cast<int64_t>(count_characters(s.substr(0, at))) + 1;
}

/// POSITION(needle, s [, start]) when kNeedleFirst, else INSTR(s, needle).
template <bool kNeedleFirst>
void position(KernelCall& call) {
  const Strings needle(call, kNeedleFirst ? 0 : 1);
  const Strings in(call, kNeedleFirst ? 1 : 0);
  int64_t* out = call.out.values<int64_t>();
  if (call.args.size() == 2) {
    for_valid(call, [&](size_t row) { out[row] = position_of(needle[row], in[row], 1); });
    return;
  }
  const Values<int64_t> start(call, 2);
  for_valid(call, [&](size_t row) { out[row] = position_of(needle[row], in[row], start[row]); });
}

template <typename F>
void test_pair(KernelCall& call, F test) {
  const Strings a(call, 0);
  const Strings b(call, 1);
  uint8_t* out = call.out.values<uint8_t>();
  for_valid(call, [&](size_t row) { out[row] = test(a[row], b[row]) ? 1 : 0; });
}

void starts_with(KernelCall& call) {
  test_pair(call, [](std::string_view s, std::string_view x) { return s.starts_with(x); });
}
void ends_with(KernelCall& call) {
  test_pair(call, [](std::string_view s, std::string_view x) { return s.ends_with(x); });
}
void contains(KernelCall& call) {
  test_pair(call, [](std::string_view s, std::string_view x) { return s.find(x) != s.npos; });
}

/// How often the first byte of the second text stands in the first one, which may be NULL.
void count_char(KernelCall& call) {
  const Strings in(call, 0);
  const Strings wanted(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for (size_t row = 0; row < call.rows; ++row) {
    out[row] = 0;
    if (call.args[1]->is_null(row)) {
      call.out.set_null(row);
    } else if (!call.args[0]->is_null(row) && !wanted[row].empty()) {
      const std::string_view s = in[row];
      out[row] = std::count(s.begin(), s.end(), wanted[row].front());
    }
  }
}

/// Part number `n` from 0 between separators; false if there are fewer.
bool part_at(std::string_view s, std::string_view separator, int64_t n, std::string_view* part) {
  if (separator.empty()) {
    *part = s;
    return n == 0;
  }
  for (; n > 0; --n) {
    const size_t at = s.find(separator);
    if (at == std::string_view::npos) return false;
    s.remove_prefix(at + separator.size());
  }
  *part = s.substr(0, s.find(separator));
  return true;
}

int64_t count_parts(std::string_view s, std::string_view separator) {
  int64_t count = 1;
  while (!separator.empty()) {
    const size_t at = s.find(separator);
    if (at == std::string_view::npos) break;
    s.remove_prefix(at + separator.size());
    ++count;
  }
  return count;
}

/// SPLIT_INDEX counts from 0 and gives NULL where there is no such part (Flink's rules).
void split_index(KernelCall& call) {
  const Strings in(call, 0);
  const Strings separator(call, 1);
  const Values<int64_t> index(call, 2);
  call.out.share(*call.args[0]);
  for_valid(call, [&](size_t row) {
    std::string_view part;
    if (index[row] < 0 || !part_at(in[row], separator[row], index[row], &part)) {
      return call.out.set_null(row);
    }
    call.out.set_string_view(row, part);
  });
}

/// SPLIT_PART counts from 1, or from the end when negative, and gives '' where there is none
/// (PostgreSQL's rules).
void split_part(KernelCall& call) {
  const Strings in(call, 0);
  const Strings separator(call, 1);
  const Values<int64_t> number(call, 2);
  call.out.share(*call.args[0]);
  for_valid(call, [&](size_t row) {
    int64_t n = number[row];
    if (n == 0) {
      return call.fail(row, ErrorCode::kEvaluation, "SPLIT_PART counts from 1, not 0");
    }
    if (n < 0) n = std::max(n, -INT64_MAX) + count_parts(in[row], separator[row]) + 1;
    std::string_view part;
    if (n < 1 || !part_at(in[row], separator[row], n - 1, &part)) part = {};
    call.out.set_string_view(row, part);
  });
}

void split(KernelCall& call) {
  const Strings in(call, 0);
  const Strings separator(call, 1);
  ColumnBuilder builder(call.out.type(), call.rows);
  for (size_t row = 0; row < call.rows; ++row) {
    if (call.out.is_null(row)) {
      builder.append_null();
      continue;
    }
    const int64_t parts = count_parts(in[row], separator[row]);
    for (int64_t n = 0; n < parts; ++n) {
      std::string_view part;
      part_at(in[row], separator[row], n, &part);
      builder.child(0).append_string(part);
    }
    builder.append_list_end();
  }
  call.out.set_column(builder.finish());
}

void bit_length(KernelCall& call) {
  const Strings in(call, 0);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) { out[row] = static_cast<int64_t>(in[row].size()) * 8; });
}

/// NULL outside the list, or where the chosen text is.
void element_of_texts(KernelCall& call) {
  const Values<int64_t> number(call, 0);
  for (const ColumnPtr& arg : call.args.subspan(1)) call.out.share(*arg);
  for (size_t row = 0; row < call.rows; ++row) {
    const auto texts = static_cast<int64_t>(call.args.size()) - 1;
    if (call.args[0]->is_null(row) || number[row] < 1 || number[row] > texts) {
      call.out.set_null(row);
      continue;
    }
    const Column& chosen = *call.args[static_cast<size_t>(number[row])];
    if (chosen.is_null(row)) {
      call.out.set_null(row);
    } else {
      call.out.set_string(row, chosen.string_at(row));
    }
  }
}

template <bool (*kIs)(char)>
void all_characters(KernelCall& call) {
  const Strings in(call, 0);
  uint8_t* out = call.out.values<uint8_t>();
  for_valid(call, [&](size_t row) {
    const std::string_view s = in[row];
    out[row] = !s.empty() && std::all_of(s.begin(), s.end(), kIs) ? 1 : 0;
  });
}
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Insertions, deletions and replacements of characters that make a into b.
void edit_distance(KernelCall& call) {
  constexpr size_t kBytesMax = 4096;
  const Strings a(call, 0);
  const Strings b(call, 1);
  int64_t* out = call.out.values<int64_t>();
  std::vector<int64_t> last;
  for_valid(call, [&](size_t row) {
    const std::string_view s = a[row];
    const std::string_view t = b[row];
    if (s.size() > kBytesMax || t.size() > kBytesMax) {
      return call.fail(row, ErrorCode::kLimitExceeded, "LEVENSHTEIN: a text is over 4096 bytes");
    }
    last.clear();
    for (size_t j = 0; j <= count_characters(t); ++j) last.push_back(static_cast<int64_t>(j));
    for (size_t i = 0; i < s.size(); i = next_character(s, i)) {
      const std::string_view c = s.substr(i, next_character(s, i) - i);
      int64_t corner = last[0]++;
      size_t column = 1;
      for (size_t j = 0; j < t.size(); j = next_character(t, j), ++column) {
        const std::string_view d = t.substr(j, next_character(t, j) - j);
        const int64_t changed = corner + (c == d ? 0 : 1);
        corner = last[column];
        last[column] = std::min({changed, last[column] + 1, last[column - 1] + 1});
      }
    }
    out[row] = last.back();
  });
}

const Function kFunctions[] = {
    {"POSITION,LOCATE", "(needle string, s string, start bigint?) -> integer", position<true>,
     kInfallible, "Where needle stands in s, from 1; 0 if it does not", "LOCATE('l', 'hello')",
     "3"},
    {"INSTR,STRPOS", "(s string, needle string) -> integer", position<false>, kInfallible,
     "Where needle stands in s, from 1; 0 if it does not", "INSTR('hello', 'l')", "3"},
    {"STARTS_WITH,STARTSWITH", "(s string, prefix string) -> boolean", starts_with, kInfallible,
     "Whether s begins so", "STARTS_WITH('hello', 'he')", "TRUE"},
    {"ENDS_WITH,ENDSWITH", "(s string, suffix string) -> boolean", ends_with, kInfallible,
     "Whether s ends so", "ENDS_WITH('hello', 'lo')", "TRUE"},
    {"CONTAINS", "(s string, part string) -> boolean", contains, kInfallible,
     "Whether part stands in s", "CONTAINS('hello', 'ell')", "TRUE"},
    {"SPLIT_INDEX", "(s string, separator string, index bigint) -> string", split_index,
     kInfallible, "Part number `index` from 0; NULL if there are fewer",
     "SPLIT_INDEX('a,b,c', ',', 1)", "b"},
    {"SPLIT_PART", "(s string, separator string, n bigint) -> string", split_part, kStrict,
     "Part number n from 1 (from the end if negative); '' if there are fewer",
     "SPLIT_PART('a,b,c', ',', -1)", "c"},
    {"COUNT_CHAR", "(s string, character string) -> bigint", count_char, kNullAware | kInfallible,
     "How often the character (of one byte) stands in s; 0 if s is NULL",
     "COUNT_CHAR('banana', 'a')", "3"},
    {"BIT_LENGTH", "(s string) -> bigint", bit_length, kInfallible, "Bits of its UTF-8 bytes",
     "BIT_LENGTH('ä')", "16"},
    {"ELT", "(n bigint, s text...) -> string", element_of_texts, kNullAware | kInfallible,
     "Text number n from 1; NULL if there is none", "ELT(2, 'a', 'b')", "b"},
    {"IS_ALPHA", "(s string) -> boolean", all_characters<is_letter>, kInfallible,
     "Whether it is all letters (a to z), at least one", "IS_ALPHA('abc')", "TRUE"},
    {"IS_DIGIT", "(s string) -> boolean", all_characters<is_digit>, kInfallible,
     "Whether it is all digits, at least one", "IS_DIGIT('12x')", "FALSE"},
    {"LEVENSHTEIN", "(a string, b string) -> bigint", edit_distance, kStrict,
     "Characters to insert, delete or replace to make a into b", "LEVENSHTEIN('kitten', 'sitting')",
     "3"},
    {"SPLIT,STRING_TO_ARRAY", "(s string, separator string) -> array<string>", split, kInfallible,
     "The parts as an array", "SPLIT('a,b', ',')", "[a, b]"},
};

}  // namespace

std::span<const Function> string_search_functions() { return kFunctions; }

}  // namespace velo
