// LIKE by a matcher of ours; SIMILAR TO and the REGEXP functions by RE2, whose time is linear in
// the text.
#include <re2/re2.h>

#include <map>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "expr/function_table.h"
#include "expr/kernel.h"
#include "expr/like.h"
#include "expr/utf8.h"

namespace velo {
namespace {

constexpr size_t kPatternsKept = 64;

/// Compiled patterns of one call, by their text. `P` is what a pattern compiles to.
template <typename P>
struct PatternCache : KernelState {
  std::map<std::string, P, std::less<>> compiled;
  std::string last_key;
  const P* last = nullptr;

  const P* find(std::string_view key) {
    if (last != nullptr && key == last_key) return last;
    const auto at = compiled.find(key);
    if (at == compiled.end()) return nullptr;
    last_key = key;
    return last = &at->second;
  }
  const P* add(std::string_view key, P pattern) {
    if (compiled.size() >= kPatternsKept) compiled.clear();
    last_key = key;
    return last = &compiled.insert_or_assign(std::string(key), std::move(pattern)).first->second;
  }
};

// --- LIKE ---

Status check_like(std::string_view text, size_t position) {
  if (position == 2 && count_characters(text) != 1) {
    return Error(ErrorCode::kInvalidStatement,
                 fmt::format("ESCAPE takes one character, not '{}'", text));
  }
  return {};
}

void lower_into(std::string_view s, std::string* out) {
  out->clear();
  for (size_t at = 0; at < s.size();) {
    const size_t begin = at;
    const uint32_t code = decode_character(s, &at);
    char bytes[4];
    if (at - begin == 1 && code >= 0x80) {
      out->push_back(s[begin]);
    } else {
      out->append(bytes, encode_character(to_lower(code), bytes));
    }
  }
}

template <bool kIgnoreCase>
void like(KernelCall& call) {
  auto& cache = call.state_of<PatternCache<LikePattern>>();
  const Strings in(call, 0);
  const Strings patterns(call, 1);
  const bool has_escape = call.args.size() == 3;
  const Strings escapes(*call.args[has_escape ? 2 : 1]);
  uint8_t* out = call.out.values<uint8_t>();
  std::string key;
  std::string folded;
  for_valid(call, [&](size_t row) {
    if (kIgnoreCase) {
      lower_into(patterns[row], &key);
    } else {
      key = patterns[row];
    }
    const std::string_view escape = has_escape ? escapes[row] : std::string_view();
    // Never part of a pattern: pattern and escape in one key.
    if (has_escape) key.append(1, '\xff').append(escape);
    const LikePattern* pattern = cache.find(key);
    if (pattern == nullptr) {
      const std::string_view text =
          std::string_view(key).substr(0, key.size() - (has_escape ? escape.size() + 1 : 0));
      Result<LikePattern> compiled = LikePattern::compile(text, escape);
      if (!compiled) return call.fail(row, ErrorCode::kEvaluation, compiled.error().message);
      pattern = cache.add(key, std::move(*compiled));
    }
    if (kIgnoreCase) {
      lower_into(in[row], &folded);
      out[row] = pattern->matches(folded) ? 1 : 0;
    } else {
      out[row] = pattern->matches(in[row]) ? 1 : 0;
    }
  });
}

/// The usual LIKE: one pattern for all rows.
template <bool kIgnoreCase>
void like_any(KernelCall& call) {
  const bool constant = call.args[1]->encoding() == Encoding::kConstant && call.args.size() == 2;
  if (kIgnoreCase || !constant) return like<kIgnoreCase>(call);
  auto& cache = call.state_of<PatternCache<LikePattern>>();
  const std::string_view text = call.args[1]->string_at(0);
  const LikePattern* pattern = cache.find(text);
  if (pattern == nullptr) pattern = cache.add(text, *LikePattern::compile(text));
  const Strings in(call, 0);
  uint8_t* out = call.out.values<uint8_t>();
  for_valid(call, [&](size_t row) { out[row] = pattern->matches(in[row]) ? 1 : 0; });
}

// --- Regular expressions ---

using Regex = std::unique_ptr<RE2>;

Regex compile_regex(std::string_view text) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(8 << 20);
  return std::make_unique<RE2>(re2::StringPiece(text.data(), text.size()), options);
}

Status check_regex(std::string_view text, size_t position) {
  if (position != 1) return {};
  const Regex regex = compile_regex(text);
  if (regex->ok()) return {};
  return Error(ErrorCode::kInvalidStatement,
               fmt::format("'{}' is not a regular expression: {}", text, regex->error()))
      .with_hint("the syntax is RE2's: https://github.com/google/re2/wiki/Syntax");
}

/// The compiled pattern of a row, or null after failing the row.
const RE2* regex_of(KernelCall& call, PatternCache<Regex>& cache, size_t row,
                    std::string_view text) {
  const Regex* regex = cache.find(text);
  if (regex == nullptr) {
    Regex compiled = compile_regex(text);
    if (!compiled->ok()) {
      call.fail(row, ErrorCode::kEvaluation,
                fmt::format("'{}' is not a regular expression: {}", text, compiled->error()));
      return nullptr;
    }
    regex = cache.add(text, std::move(compiled));
  }
  return regex->get();
}

re2::StringPiece piece(std::string_view s) { return {s.data(), s.size()}; }

void regexp_like(KernelCall& call) {
  auto& cache = call.state_of<PatternCache<Regex>>();
  const Strings in(call, 0);
  const Strings patterns(call, 1);
  uint8_t* out = call.out.values<uint8_t>();
  for_valid(call, [&](size_t row) {
    const RE2* regex = regex_of(call, cache, row, patterns[row]);
    if (regex != nullptr) out[row] = RE2::PartialMatch(piece(in[row]), *regex) ? 1 : 0;
  });
}

/// SQL's regular expressions: % and _ as in LIKE, the rest as usual, the whole text matched.
std::string similar_to_regex(std::string_view pattern, std::string_view escape) {
  std::string out = "(?s)^(?:";
  for (size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (!escape.empty() && pattern.substr(at).starts_with(escape) &&
        at + escape.size() < pattern.size()) {
      at += escape.size();
      out.append("\\").push_back(pattern[at]);
    } else if (c == '%') {
      out += ".*";
    } else if (c == '_') {
      out += ".";
    } else if (c == '.' || c == '^' || c == '$' || c == '\\') {
      out.append("\\").push_back(c);
    } else {
      out.push_back(c);
    }
  }
  return out + ")$";
}

void similar_to(KernelCall& call) {
  auto& cache = call.state_of<PatternCache<Regex>>();
  const Strings in(call, 0);
  const Strings patterns(call, 1);
  const bool has_escape = call.args.size() == 3;
  const Strings escapes(*call.args[has_escape ? 2 : 1]);
  uint8_t* out = call.out.values<uint8_t>();
  std::string text;
  for_valid(call, [&](size_t row) {
    if (row == 0 || !patterns.is_constant() || text.empty()) {
      text = similar_to_regex(patterns[row], has_escape ? escapes[row] : std::string_view("\\"));
    }
    const RE2* regex = regex_of(call, cache, row, text);
    if (regex != nullptr) out[row] = RE2::PartialMatch(piece(in[row]), *regex) ? 1 : 0;
  });
}

/// NULL where nothing matches or the group took no part.
void regexp_extract(KernelCall& call) {
  auto& cache = call.state_of<PatternCache<Regex>>();
  const Strings in(call, 0);
  const Strings patterns(call, 1);
  const bool has_group = call.args.size() == 3;
  call.out.share(*call.args[0]);
  std::vector<re2::StringPiece> groups;
  for_valid(call, [&](size_t row) {
    const RE2* regex = regex_of(call, cache, row, patterns[row]);
    if (regex == nullptr) return;
    const int64_t group = has_group ? call.args[2]->int64_at(row) : 0;
    if (group < 0 || group > regex->NumberOfCapturingGroups()) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("'{}' has no group {}", patterns[row], group));
    }
    groups.resize(static_cast<size_t>(group) + 1);
    const std::string_view s = in[row];
    const bool found = regex->Match(piece(s), 0, s.size(), RE2::UNANCHORED, groups.data(),
                                    static_cast<int>(groups.size()));
    const re2::StringPiece& part = groups.back();
    if (!found || part.data() == nullptr) return call.out.set_null(row);
    call.out.set_string_view(row, {part.data(), part.size()});
  });
}

/// `$1` and `\1` name groups, `$$`, `\$` and `\\` are themselves: to RE2's spelling.
std::string rewrite_of(std::string_view replacement) {
  std::string out;
  for (size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    const char next = i + 1 < replacement.size() ? replacement[i + 1] : '\0';
    if ((c == '$' || c == '\\') && next >= '0' && next <= '9') {
      out.append("\\").push_back(next);
      ++i;
    } else if ((c == '$' || c == '\\') && (next == '$' || next == '\\')) {
      out += next == '\\' ? "\\\\" : "$";
      ++i;
    } else if (c == '\\') {
      out += "\\\\";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

void regexp_replace(KernelCall& call) {
  auto& cache = call.state_of<PatternCache<Regex>>();
  const Strings in(call, 0);
  const Strings patterns(call, 1);
  const Strings replacements(call, 2);
  std::string rewrite;
  std::string error;
  for_valid(call, [&](size_t row) {
    const RE2* regex = regex_of(call, cache, row, patterns[row]);
    if (regex == nullptr) return;
    rewrite = rewrite_of(replacements[row]);
    if (!regex->CheckRewriteString(rewrite, &error)) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("the replacement '{}' names a group that '{}' does not have",
                                   replacements[row], patterns[row]));
    }
    std::string text(in[row]);
    RE2::GlobalReplace(&text, *regex, rewrite);
    call.out.set_string(row, text);
  });
}

void regexp_count(KernelCall& call) {
  auto& cache = call.state_of<PatternCache<Regex>>();
  const Strings in(call, 0);
  const Strings patterns(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    const RE2* regex = regex_of(call, cache, row, patterns[row]);
    if (regex == nullptr) return;
    const std::string_view s = in[row];
    int64_t count = 0;
    re2::StringPiece match;
    for (size_t at = 0;
         at <= s.size() && regex->Match(piece(s), at, s.size(), RE2::UNANCHORED, &match, 1);) {
      ++count;
      const size_t end = static_cast<size_t>(match.data() - s.data()) + match.size();
      if (match.empty() && end == s.size()) break;
      at = match.empty() ? next_character(s, end) : end;
    }
    out[row] = count;
  });
}

/// Calls `then(match, groups)` for every match of `regex` in `s`, from the left.
template <typename F>
void each_match(const RE2& regex, std::string_view s, std::vector<re2::StringPiece>& groups,
                F then) {
  for (size_t at = 0; at <= s.size();) {
    if (!regex.Match(piece(s), at, s.size(), RE2::UNANCHORED, groups.data(),
                     static_cast<int>(groups.size()))) {
      return;
    }
    then();
    const re2::StringPiece& match = groups[0];
    const size_t end = static_cast<size_t>(match.data() - s.data()) + match.size();
    if (match.empty() && end == s.size()) return;
    at = match.empty() ? next_character(s, end) : end;
  }
}

/// Every match, or its group; a group that took no part is NULL.
void regexp_extract_all(KernelCall& call) {
  auto& cache = call.state_of<PatternCache<Regex>>();
  const Strings in(call, 0);
  const Strings patterns(call, 1);
  const bool has_group = call.args.size() == 3;
  ColumnBuilder builder(call.out.type(), call.rows);
  std::vector<re2::StringPiece> groups;
  for (size_t row = 0; row < call.rows; ++row) {
    const RE2* regex = call.out.is_null(row) ? nullptr : regex_of(call, cache, row, patterns[row]);
    const int64_t group = regex != nullptr && has_group ? call.args[2]->int64_at(row) : 0;
    if (regex != nullptr && (group < 0 || group > regex->NumberOfCapturingGroups())) {
      call.fail(row, ErrorCode::kEvaluation,
                fmt::format("'{}' has no group {}", patterns[row], group));
      regex = nullptr;
    }
    if (regex == nullptr) {
      builder.append_null();
      continue;
    }
    groups.assign(static_cast<size_t>(group) + 1, {});
    each_match(*regex, in[row], groups, [&] {
      const re2::StringPiece& part = groups.back();
      if (part.data() == nullptr) return builder.child(0).append_null();
      builder.child(0).append_string({part.data(), part.size()});
    });
    builder.append_list_end();
  }
  call.out.set_column(builder.finish());
}

/// What lies between the matches. Empty matches do not split.
void regexp_split(KernelCall& call) {
  auto& cache = call.state_of<PatternCache<Regex>>();
  const Strings in(call, 0);
  const Strings patterns(call, 1);
  ColumnBuilder builder(call.out.type(), call.rows);
  std::vector<re2::StringPiece> match(1);
  for (size_t row = 0; row < call.rows; ++row) {
    const RE2* regex = call.out.is_null(row) ? nullptr : regex_of(call, cache, row, patterns[row]);
    if (regex == nullptr) {
      builder.append_null();
      continue;
    }
    const std::string_view s = in[row];
    size_t begin = 0;
    each_match(*regex, s, match, [&] {
      if (match[0].empty()) return;
      const auto at = static_cast<size_t>(match[0].data() - s.data());
      builder.child(0).append_string(s.substr(begin, at - begin));
      begin = at + match[0].size();
    });
    builder.child(0).append_string(s.substr(begin));
    builder.append_list_end();
  }
  call.out.set_column(builder.finish());
}

/// In characters, from 1; 0 where nothing matches.
void regexp_position(KernelCall& call) {
  auto& cache = call.state_of<PatternCache<Regex>>();
  const Strings in(call, 0);
  const Strings patterns(call, 1);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    const RE2* regex = regex_of(call, cache, row, patterns[row]);
    if (regex == nullptr) return;
    const std::string_view s = in[row];
    re2::StringPiece match;
    const bool found = regex->Match(piece(s), 0, s.size(), RE2::UNANCHORED, &match, 1);
    const size_t at = found ? static_cast<size_t>(match.data() - s.data()) : 0;
    out[row] = found ? static_cast<int64_t>(count_characters(s.substr(0, at))) + 1 : 0;
  });
}

const Function kFunctions[] = {
    {"LIKE", "(s string, pattern string, escape string?) -> boolean", like_any<false>, kInfix,
     "Whether the whole text matches; % any characters, _ one", "'a.b' LIKE 'a._'", "TRUE", nullptr,
     check_like},
    {"ILIKE", "(s string, pattern string, escape string?) -> boolean", like_any<true>, kInfix,
     "LIKE without regard to case", "'ABC' ILIKE 'a%'", "TRUE", nullptr, check_like},
    {"SIMILAR TO", "(s string, pattern string, escape string?) -> boolean", similar_to, kInfix,
     "Whether the whole text matches a SQL regular expression", "'abc' SIMILAR TO '(a|x)b_'",
     "TRUE"},
    {"REGEXP_LIKE,REGEXP,RLIKE", "(s string, pattern string) -> boolean", regexp_like, kStrict,
     "Whether the regular expression (RE2) matches somewhere", "REGEXP_LIKE('abc', 'b.')", "TRUE",
     nullptr, check_regex},
    {"REGEXP_EXTRACT,REGEXP_SUBSTR", "(s string, pattern string, part bigint?) -> string",
     regexp_extract, kStrict, "The first match, or its group number `part`; NULL if none",
     "REGEXP_EXTRACT('id=42', 'id=(\\d+)', 1)", "42", nullptr, check_regex},
    {"REGEXP_REPLACE", "(s string, pattern string, replacement string) -> string", regexp_replace,
     kStrict, "Every match replaced; $1 is a group", "REGEXP_REPLACE('a1b2', '[0-9]', '#')", "a#b#",
     nullptr, check_regex},
    {"REGEXP_COUNT", "(s string, pattern string) -> integer", regexp_count, kStrict,
     "How often the regular expression matches", "REGEXP_COUNT('a1b22', '[0-9]')", "3", nullptr,
     check_regex},
    {"REGEXP_INSTR", "(s string, pattern string) -> integer", regexp_position, kStrict,
     "Where the first match begins, from 1; 0 if none", "REGEXP_INSTR('ab12', '[0-9]')", "3",
     nullptr, check_regex},
    {"REGEXP_EXTRACT_ALL", "(s string, pattern string, part bigint?) -> array<string>",
     regexp_extract_all, kStrict, "Every match, or its group number `part`",
     "REGEXP_EXTRACT_ALL('a1b22', '[0-9]+')", "[1, 22]", nullptr, check_regex},
    {"REGEXP_SPLIT,REGEXP_SPLIT_TO_ARRAY", "(s string, pattern string) -> array<string>",
     regexp_split, kStrict, "The parts between the matches", "REGEXP_SPLIT('a1b22c', '[0-9]+')",
     "[a, b, c]", nullptr, check_regex},
};

}  // namespace

std::span<const Function> pattern_functions() { return kFunctions; }

}  // namespace velo
