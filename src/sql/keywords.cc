#include "sql/keywords.h"

#include <algorithm>
#include <array>

namespace velo {
namespace {

using Word = std::string_view;

// Each table is sorted for binary search.
constexpr auto kReserved = std::to_array<Word>(
    {"ALL",    "AND",     "AS",        "BETWEEN", "CASE",  "CROSS", "DISTINCT", "ELSE",
     "END",    "EXCEPT",  "FALSE",     "FROM",    "FULL",  "GROUP", "HAVING",   "ILIKE",
     "IN",     "INNER",   "INTERSECT", "INTO",    "IS",    "JOIN",  "LEFT",     "LIKE",
     "LIMIT",  "NATURAL", "NOT",       "NULL",    "ON",    "OR",    "ORDER",    "RIGHT",
     "SELECT", "THEN",    "TRUE",      "UNION",   "USING", "WHEN",  "WHERE",    "WITH"});

constexpr auto kClauseWords = std::to_array<Word>(
    {"ALLOWED", "ANTI",   "ASC",    "ASOF",  "AT",    "DESC",      "EMIT",        "ESCAPE",
     "EXPIRE",  "FETCH",  "FILTER", "FOR",   "GRACE", "LATE",      "LATERAL",     "MATCH_RECOGNIZE",
     "MINUS",   "NULLS",  "OFFSET", "OUTER", "OVER",  "PARTITION", "PIVOT",       "PRIMARY",
     "QUALIFY", "REGEXP", "RLIKE",  "ROWS",  "SEMI",  "SIMILAR",   "TABLESAMPLE", "UNPIVOT",
     "WINDOW",  "WITHIN"});

constexpr auto kBareFunctions = std::to_array<Word>(
    {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"});

constexpr auto kClauseStarts = std::to_array<Word>(
    {"FROM",   "WHERE",   "GROUP", "HAVING",    "WINDOW", "ORDER",  "LIMIT", "EMIT",
     "JOIN",   "INNER",   "LEFT",  "RIGHT",     "FULL",   "CROSS",  "ON",    "USING",
     "WITHIN", "QUALIFY", "UNION", "INTERSECT", "EXCEPT", "OFFSET", "FETCH", "INTO",
     "WITH",   "NATURAL", "LATE",  "ALLOWED",   "ASOF"});

static_assert(std::is_sorted(kReserved.begin(), kReserved.end()));
static_assert(std::is_sorted(kClauseWords.begin(), kClauseWords.end()));
static_assert(std::is_sorted(kBareFunctions.begin(), kBareFunctions.end()));

template <size_t N>
bool holds(const std::array<Word, N>& words, Word word) {
  return std::binary_search(words.begin(), words.end(), word);
}

}  // namespace

bool is_reserved(std::string_view upper) { return holds(kReserved, upper); }
bool is_clause_word(std::string_view upper) { return holds(kClauseWords, upper); }
bool is_bare_function(std::string_view upper) { return holds(kBareFunctions, upper); }
std::span<const std::string_view> clause_starts() { return kClauseStarts; }

}  // namespace velo
