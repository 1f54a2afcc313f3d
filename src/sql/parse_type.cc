#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "sql/token_parser.h"

// Type names: DECIMAL(10, 2), ARRAY<ROW<a INT>>, TIMESTAMP(3) WITH LOCAL TIME ZONE, INT ARRAY, INT
// NOT NULL.

namespace velo {
namespace {

using ast::TypeKind;
using ast::TypeName;

struct TypeWord {
  std::string_view word;
  TypeKind kind;
  size_t arguments;  ///< how many may stand in parentheses
};

constexpr auto kTypeWords = std::to_array<TypeWord>({
    {"BOOLEAN", TypeKind::kBoolean, 0},
    {"BOOL", TypeKind::kBoolean, 0},
    {"TINYINT", TypeKind::kTinyint, 0},
    {"SMALLINT", TypeKind::kSmallint, 0},
    {"INT", TypeKind::kInt, 0},
    {"INTEGER", TypeKind::kInt, 0},
    {"BIGINT", TypeKind::kBigint, 0},
    {"FLOAT", TypeKind::kFloat, 0},
    {"REAL", TypeKind::kFloat, 0},
    {"DOUBLE", TypeKind::kDouble, 0},
    {"DECIMAL", TypeKind::kDecimal, 2},
    {"DEC", TypeKind::kDecimal, 2},
    {"NUMERIC", TypeKind::kDecimal, 2},
    {"CHAR", TypeKind::kChar, 1},
    {"CHARACTER", TypeKind::kChar, 1},
    {"VARCHAR", TypeKind::kVarchar, 1},
    {"STRING", TypeKind::kString, 0},
    {"TEXT", TypeKind::kString, 0},
    {"BINARY", TypeKind::kBinary, 1},
    {"VARBINARY", TypeKind::kVarbinary, 1},
    {"BYTES", TypeKind::kBytes, 0},
    {"BYTEA", TypeKind::kBytes, 0},
    {"DATE", TypeKind::kDate, 0},
    {"TIME", TypeKind::kTime, 1},
    {"TIMESTAMP", TypeKind::kTimestamp, 1},
    {"DATETIME", TypeKind::kTimestamp, 1},
    {"TIMESTAMP_LTZ", TypeKind::kTimestampLtz, 1},
    {"TIMESTAMPTZ", TypeKind::kTimestampLtz, 1},
    {"INTERVAL", TypeKind::kInterval, 0},
    {"ARRAY", TypeKind::kArray, 0},
    {"MAP", TypeKind::kMap, 0},
    {"MULTISET", TypeKind::kMultiset, 0},
    {"ROW", TypeKind::kRow, 0},
    {"STRUCT", TypeKind::kRow, 0},
});

std::string nearest_type(std::string_view word) {
  std::array<std::string_view, kTypeWords.size()> words;
  std::transform(kTypeWords.begin(), kTypeWords.end(), words.begin(),
                 [](const TypeWord& w) { return w.word; });
  return did_you_mean(word, words);
}

}  // namespace

TypeName TokenParser::type(bool allow_not_null) {
  Nest nest(*this);
  size_t first = cursor_.position();
  TypeName out = type_core();
  out.span = cursor_.span_since(first);
  while (true) {
    TypeKind wrapper = TypeKind::kArray;
    if (cursor_.at(TokenKind::kLeftBracket) && cursor_.is_kind(1, TokenKind::kRightBracket)) {
      cursor_.advance();
      cursor_.advance();
    } else if (cursor_.accept_word("MULTISET")) {
      wrapper = TypeKind::kMultiset;
    } else if (!cursor_.accept_word("ARRAY")) {
      break;
    }
    grow();
    TypeName outer;
    outer.kind = wrapper;
    outer.elements.push_back(std::move(out));
    outer.span = cursor_.span_since(first);
    out = std::move(outer);
  }
  if (allow_not_null && cursor_.accept_words({"NOT", "NULL"})) {
    out.not_null = true;
    out.span = cursor_.span_since(first);
  } else if (allow_not_null) {
    cursor_.accept_word("NULL");
  }
  return out;
}

TypeName TokenParser::type_core() {
  const Token& token = cursor_.peek();
  if (token.kind != TokenKind::kWord) cursor_.fail_expected("a type");
  auto found = std::find_if(kTypeWords.begin(), kTypeWords.end(),
                            [&](const TypeWord& w) { return w.word == token.text; });
  if (found == kTypeWords.end()) {
    std::string_view written = cursor_.text().substr(token.span.offset, token.span.length);
    cursor_.fail_at(token.span, fmt::format("there is no type '{}'", written),
                    nearest_type(token.text));
  }
  cursor_.advance();
  TypeName out;
  out.kind = found->kind;
  switch (out.kind) {
    case TypeKind::kDouble:
      cursor_.accept_word("PRECISION");
      break;
    case TypeKind::kArray:
    case TypeKind::kMultiset:
      type_elements(out, 1);
      break;
    case TypeKind::kMap:
      type_elements(out, 2);
      break;
    case TypeKind::kRow:
      row_fields(out);
      break;
    case TypeKind::kInterval:
      interval_type(out);
      break;
    default:
      if (out.kind == TypeKind::kChar && cursor_.accept_word("VARYING"))
        out.kind = TypeKind::kVarchar;
      type_arguments(out, found->arguments);
      time_zone_suffix(out);
  }
  return out;
}

void TokenParser::type_arguments(TypeName& out, size_t max) {
  if (max == 0 || !cursor_.accept(TokenKind::kLeftParen)) return;
  do {
    if (out.arguments.size() == max) cursor_.fail_expected("')'");
    const Token& token = cursor_.expect(TokenKind::kInteger);
    int64_t value = 0;
    auto [end, error] =
        std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
    if (error != std::errc() || value > INT32_MAX) {
      cursor_.fail_at(token.span, fmt::format("{} is too large for a type", token.text));
    }
    out.arguments.push_back(value);
  } while (cursor_.accept(TokenKind::kComma));
  cursor_.expect(TokenKind::kRightParen);
}

/// <t>, <k, v>; parentheses do as well.
void TokenParser::type_elements(TypeName& out, size_t count) {
  bool round = cursor_.accept(TokenKind::kLeftParen);
  if (!round) cursor_.expect(TokenKind::kLess);
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) cursor_.expect(TokenKind::kComma);
    out.elements.push_back(type(true));
  }
  cursor_.expect(round ? TokenKind::kRightParen : TokenKind::kGreater);
}

void TokenParser::row_fields(TypeName& out) {
  bool round = cursor_.accept(TokenKind::kLeftParen);
  if (!round) cursor_.expect(TokenKind::kLess);
  do {
    ast::RowField field;
    field.name = any_word("a field name");
    field.type = type(true);
    out.fields.push_back(std::move(field));
  } while (cursor_.accept(TokenKind::kComma));
  cursor_.expect(round ? TokenKind::kRightParen : TokenKind::kGreater);
}

/// WITH [LOCAL] TIME ZONE makes an instant of a TIMESTAMP; WITHOUT TIME ZONE says what is the case
/// anyway.
void TokenParser::time_zone_suffix(TypeName& out) {
  if (out.kind != TypeKind::kTimestamp && out.kind != TypeKind::kTime) return;
  if (cursor_.accept_words({"WITHOUT", "TIME", "ZONE"})) return;
  if (out.kind == TypeKind::kTime) return;
  if (cursor_.accept_words({"WITH", "LOCAL", "TIME", "ZONE"}) ||
      cursor_.accept_words({"WITH", "TIME", "ZONE"})) {
    out.kind = TypeKind::kTimestampLtz;
  }
}

/// INTERVAL [unit [(n)] [TO unit [(n)]]]: years and months are one kind, days to seconds the other.
void TokenParser::interval_type(TypeName& out) {
  size_t first = cursor_.position();
  std::optional<ast::TimeUnit> from = accept_time_unit();
  if (!from) return;
  ast::TimeUnit to = cursor_.accept_word("TO") ? time_unit() : *from;
  bool from_months = *from <= ast::TimeUnit::kMonth;
  if (from_months != (to <= ast::TimeUnit::kMonth) || to > ast::TimeUnit::kSecond || to < *from) {
    cursor_.fail_at(cursor_.span_since(first),
                    fmt::format("there is no type INTERVAL {} TO {}", ast::time_unit_name(*from),
                                ast::time_unit_name(to)));
  }
  out.kind = from_months ? TypeKind::kIntervalYearMonth : TypeKind::kIntervalDaySecond;
}

}  // namespace velo
