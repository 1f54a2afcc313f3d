#include <algorithm>
#include <charconv>

#include "base/fmt.h"
#include "sql/token_parser.h"

// Calls: plain ones, those with words between their arguments, and OVER.

namespace velo {

using ast::Call;
using ast::Expr;

namespace {

Expr call_of(std::string_view name, SourceSpan name_span, std::vector<Expr> arguments,
             SourceSpan span) {
  Call out;
  out.name = {std::string(name), false, name_span};
  for (Expr& argument : arguments) out.arguments.push_back({std::nullopt, std::move(argument)});
  return {std::move(out), span};
}

/// A unit word as the first argument of TIMESTAMPADD and its kin.
bool takes_unit_first(std::string_view function) {
  return function == "TIMESTAMPADD" || function == "TIMESTAMPDIFF";
}

}  // namespace

/// `name` is taken, '(' is next.
Expr TokenParser::call(ast::Name name, size_t first) {
  Call out;
  out.name = std::move(name);
  if (!out.name.quoted) out.name.text = upper_case(out.name.text);
  cursor_.expect(TokenKind::kLeftParen);
  call_list(out);
  cursor_.expect(TokenKind::kRightParen);
  call_suffix(out);
  return {std::move(out), cursor_.span_since(first)};
}

/// What stands between the parentheses.
void TokenParser::call_list(Call& call) {
  if (cursor_.at(TokenKind::kRightParen)) return;
  call.distinct = cursor_.accept_word("DISTINCT");
  if (!call.distinct) cursor_.accept_word("ALL");
  do call.arguments.push_back(argument());
  while (cursor_.accept(TokenKind::kComma));
  if (cursor_.accept_words({"ORDER", "BY"})) call.order_by = order_items();
  if (cursor_.accept_words({"IGNORE", "NULLS"})) {
    call.nulls = ast::NullTreatment::kIgnore;
  } else if (cursor_.accept_words({"RESPECT", "NULLS"})) {
    call.nulls = ast::NullTreatment::kRespect;
  }
}

ast::Argument TokenParser::argument() {
  ast::Argument out;
  size_t first = cursor_.position();
  if (cursor_.accept(TokenKind::kStar)) {
    out.value = {ast::Star{}, cursor_.span_since(first)};
    return out;
  }
  const Token& token = cursor_.peek();
  bool word = token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedWord;
  if (word && cursor_.is_kind(1, TokenKind::kArrow)) {
    out.name = any_word("an argument name");
    cursor_.advance();
  }
  out.value = expression();
  return out;
}

/// WITHIN GROUP (ORDER BY …), FILTER (WHERE …), IGNORE NULLS, OVER …, in any order.
void TokenParser::call_suffix(Call& call) {
  while (true) {
    SourceSpan here = cursor_.peek().span;
    if (cursor_.is_word(0, "WITHIN") && cursor_.is_word(1, "GROUP")) {
      cursor_.advance();
      cursor_.advance();
      cursor_.expect(TokenKind::kLeftParen);
      cursor_.expect_word("ORDER");
      cursor_.expect_word("BY");
      if (!call.within_group.empty()) fail_twice("WITHIN GROUP", here);
      call.within_group = order_items();
      cursor_.expect(TokenKind::kRightParen);
    } else if (cursor_.at_word("FILTER") && cursor_.is_kind(1, TokenKind::kLeftParen)) {
      cursor_.advance();
      cursor_.advance();
      cursor_.expect_word("WHERE");
      if (call.filter) fail_twice("FILTER", here);
      call.filter = expression();
      cursor_.expect(TokenKind::kRightParen);
    } else if (cursor_.accept_words({"IGNORE", "NULLS"})) {
      call.nulls = ast::NullTreatment::kIgnore;
    } else if (cursor_.accept_words({"RESPECT", "NULLS"})) {
      call.nulls = ast::NullTreatment::kRespect;
    } else if (cursor_.at_word("OVER") && (cursor_.is_kind(1, TokenKind::kLeftParen) ||
                                           cursor_.is_kind(1, TokenKind::kQuotedWord) ||
                                           cursor_.is_kind(1, TokenKind::kWord))) {
      cursor_.advance();
      if (call.over) fail_twice("OVER", here);
      call.over = over();
    } else {
      return;
    }
  }
}

/// The current word names a function of its own grammar and '(' is next; nothing for all others.
std::optional<Expr> TokenParser::special_call() {
  size_t first = cursor_.position();
  const std::string word = cursor_.peek().text;
  if (word == "EXTRACT") return extract_call(first);
  if (word == "SUBSTRING" || word == "SUBSTR") return substring_call(first);
  if (word == "TRIM") return trim_call(first);
  if (word == "JSON_OBJECT") return json_object_call(first);
  if (word == "POSITION") return position_call(first);
  if (word == "OVERLAY") return overlay_call(first);
  if (word == "FLOOR" || word == "CEIL" || word == "CEILING") return rounding_call(first);
  if (takes_unit_first(word)) return unit_call(first);
  return std::nullopt;
}

/// EXTRACT(unit FROM t), EXTRACT('unit', t).
Expr TokenParser::extract_call(size_t first) {
  SourceSpan name_span = cursor_.advance().span;
  cursor_.advance();
  const Token& token = cursor_.peek();
  bool string = token.kind == TokenKind::kString;
  std::optional<ast::TimeUnit> unit = ast::find_time_unit(token.text);
  if (!unit || (!string && token.kind != TokenKind::kWord)) cursor_.fail_expected("a unit of time");
  cursor_.advance();
  Expr unit_expr{ast::UnitWord{*unit}, token.span};
  if (!cursor_.accept_word("FROM") && !cursor_.accept(TokenKind::kComma))
    cursor_.fail_expected("FROM");
  std::vector<Expr> arguments;
  arguments.push_back(std::move(unit_expr));
  arguments.push_back(expression());
  cursor_.expect(TokenKind::kRightParen);
  return call_of("EXTRACT", name_span, std::move(arguments), cursor_.span_since(first));
}

/// SUBSTRING(s FROM a [FOR n]), SUBSTRING(s, a [, n]).
Expr TokenParser::substring_call(size_t first) {
  SourceSpan name_span = cursor_.advance().span;
  cursor_.advance();
  std::vector<Expr> arguments;
  arguments.push_back(expression());
  if (cursor_.accept_word("FROM")) {
    arguments.push_back(expression());
    if (cursor_.accept_word("FOR")) arguments.push_back(expression());
  } else {
    while (cursor_.accept(TokenKind::kComma)) arguments.push_back(expression());
  }
  cursor_.expect(TokenKind::kRightParen);
  return call_of("SUBSTRING", name_span, std::move(arguments), cursor_.span_since(first));
}

/// TRIM([BOTH|LEADING|TRAILING] [chars] FROM s), TRIM(s[, chars]).
Expr TokenParser::trim_call(size_t first) {
  SourceSpan name_span = cursor_.advance().span;
  cursor_.advance();
  std::string_view function = "TRIM";
  bool one_word = cursor_.is_kind(1, TokenKind::kRightParen) ||
                  cursor_.is_kind(1, TokenKind::kComma) || cursor_.is_kind(1, TokenKind::kDot);
  bool side = false;
  if (!one_word && cursor_.accept_word("LEADING")) {
    function = "LTRIM";
    side = true;
  } else if (!one_word && cursor_.accept_word("TRAILING")) {
    function = "RTRIM";
    side = true;
  } else if (!one_word) {
    side = cursor_.accept_word("BOTH");
  }
  std::vector<Expr> arguments;
  if (side && cursor_.accept_word("FROM")) {
    arguments.push_back(expression());
  } else {
    arguments.push_back(expression());
    if (cursor_.accept_word("FROM")) {
      arguments.insert(arguments.begin(), expression());
    } else if (side) {
      cursor_.fail_expected("FROM");
    } else {
      while (cursor_.accept(TokenKind::kComma)) arguments.push_back(expression());
    }
  }
  cursor_.expect(TokenKind::kRightParen);
  return call_of(function, name_span, std::move(arguments), cursor_.span_since(first));
}

/// JSON_OBJECT([KEY] key VALUE value, … [NULL ON NULL]), JSON_OBJECT(key, value, …).
Expr TokenParser::json_object_call(size_t first) {
  SourceSpan name_span = cursor_.advance().span;
  cursor_.advance();
  std::vector<Expr> arguments;
  while (!cursor_.at(TokenKind::kRightParen)) {
    const bool is_name = cursor_.is_word(1, "VALUE") || cursor_.is_kind(1, TokenKind::kComma) ||
                         cursor_.is_kind(1, TokenKind::kDot);
    const bool key = !is_name && cursor_.accept_word("KEY");
    arguments.push_back(expression());
    if (cursor_.accept_word("VALUE")) {
      arguments.push_back(expression());
    } else if (key) {
      cursor_.fail_expected("VALUE");
    }
    if (!cursor_.accept(TokenKind::kComma)) break;
  }
  if (cursor_.at_word("ABSENT")) {
    cursor_.fail_at(cursor_.peek().span, "not supported yet: ABSENT ON NULL",
                    "NULL values stay as null");
  }
  cursor_.accept_words({"NULL", "ON", "NULL"});
  cursor_.expect(TokenKind::kRightParen);
  return call_of("JSON_OBJECT", name_span, std::move(arguments), cursor_.span_since(first));
}

/// POSITION(needle IN text), POSITION(needle, text).
Expr TokenParser::position_call(size_t first) {
  SourceSpan name_span = cursor_.advance().span;
  cursor_.advance();
  std::vector<Expr> arguments;
  // Above the level of IN, which is a word of this call here.
  arguments.push_back(expression(kLevelRange + 1));
  if (!cursor_.accept_word("IN")) cursor_.expect(TokenKind::kComma);
  arguments.push_back(expression());
  cursor_.expect(TokenKind::kRightParen);
  return call_of("POSITION", name_span, std::move(arguments), cursor_.span_since(first));
}

/// OVERLAY(s PLACING by FROM a [FOR n]), OVERLAY(s, by, a [, n]).
Expr TokenParser::overlay_call(size_t first) {
  SourceSpan name_span = cursor_.advance().span;
  cursor_.advance();
  std::vector<Expr> arguments;
  arguments.push_back(expression());
  if (cursor_.accept_word("PLACING")) {
    arguments.push_back(expression());
    cursor_.expect_word("FROM");
    arguments.push_back(expression());
    if (cursor_.accept_word("FOR")) arguments.push_back(expression());
  } else {
    while (cursor_.accept(TokenKind::kComma)) arguments.push_back(expression());
  }
  cursor_.expect(TokenKind::kRightParen);
  return call_of("OVERLAY", name_span, std::move(arguments), cursor_.span_since(first));
}

/// FLOOR(x), FLOOR(t TO unit), and CEIL.
Expr TokenParser::rounding_call(size_t first) {
  std::string function = cursor_.peek().text == "FLOOR" ? "FLOOR" : "CEIL";
  SourceSpan name_span = cursor_.advance().span;
  cursor_.advance();
  std::vector<Expr> arguments;
  arguments.push_back(expression());
  if (cursor_.accept_word("TO")) {
    size_t at = cursor_.position();
    ast::TimeUnit unit = time_unit();
    arguments.push_back({ast::UnitWord{unit}, cursor_.span_since(at)});
  }
  while (cursor_.accept(TokenKind::kComma)) arguments.push_back(expression());
  cursor_.expect(TokenKind::kRightParen);
  return call_of(function, name_span, std::move(arguments), cursor_.span_since(first));
}

/// TIMESTAMPADD(unit, n, t), TIMESTAMPDIFF(unit, a, b).
Expr TokenParser::unit_call(size_t first) {
  std::string function = cursor_.peek().text;
  SourceSpan name_span = cursor_.advance().span;
  cursor_.advance();
  size_t at = cursor_.position();
  std::vector<Expr> arguments;
  ast::TimeUnit unit = time_unit();
  arguments.push_back({ast::UnitWord{unit}, cursor_.span_since(at)});
  while (cursor_.accept(TokenKind::kComma)) arguments.push_back(expression());
  cursor_.expect(TokenKind::kRightParen);
  return call_of(function, name_span, std::move(arguments), cursor_.span_since(first));
}

ast::Over TokenParser::over() {
  size_t first = cursor_.position();
  ast::Over out;
  if (cursor_.at(TokenKind::kLeftParen)) {
    out = over_in_parens();
  } else {
    out.base = name("a window name");
    out.only_name = true;
  }
  out.span = cursor_.span_since(first);
  return out;
}

ast::Over TokenParser::over_in_parens() {
  Nest nest(*this);
  cursor_.expect(TokenKind::kLeftParen);
  ast::Over out;
  const Token& token = cursor_.peek();
  bool keyword = token.kind == TokenKind::kWord &&
                 (token.text == "PARTITION" || token.text == "ROWS" || token.text == "RANGE" ||
                  token.text == "GROUPS" || token.text == "EMIT" || token.text == "EXPIRE");
  if (at_name() && !keyword) out.base = name("a window name");
  std::optional<int64_t> buffer_rows;
  while (over_part(out, buffer_rows)) {
  }
  if (buffer_rows) narrow_frame(out, *buffer_rows);
  cursor_.expect(TokenKind::kRightParen);
  return out;
}

bool TokenParser::over_part(ast::Over& over, std::optional<int64_t>& buffer_rows) {
  SourceSpan here = cursor_.peek().span;
  if (cursor_.accept_word("PARTITION")) {
    cursor_.expect_word("BY");
    if (!over.partition_by.empty()) fail_twice("PARTITION BY", here);
    over.partition_by = expression_list();
  } else if (cursor_.accept_word("ORDER")) {
    cursor_.expect_word("BY");
    if (!over.order_by.empty()) fail_twice("ORDER BY", here);
    over.order_by = order_items();
  } else if (cursor_.accept_words({"ROWS", "WINDOW", "BUFFER"})) {
    if (buffer_rows) fail_twice("ROWS WINDOW BUFFER", here);
    const Token& token = cursor_.expect(TokenKind::kInteger);
    int64_t rows = 0;
    auto [end, error] =
        std::from_chars(token.text.data(), token.text.data() + token.text.size(), rows);
    if (error != std::errc() || rows < 1) {
      cursor_.fail_at(token.span, fmt::format("a buffer of {} rows is impossible", token.text));
    }
    buffer_rows = rows;
    if (!cursor_.accept_word("ROW")) cursor_.expect_word("ROWS");
  } else if (cursor_.at_word("ROWS") || cursor_.at_word("RANGE") || cursor_.at_word("GROUPS")) {
    if (over.frame) fail_twice("the frame", here);
    over.frame = frame();
  } else if (over.frame && cursor_.accept_words({"EXCLUDE", "NO", "OTHERS"})) {
    // As a frame is without it.
  } else if (over.frame && cursor_.at_word("EXCLUDE")) {
    cursor_.fail_at(here, "not supported yet: EXCLUDE in a frame",
                    "EXCLUDE NO OTHERS is what a frame means without it");
  } else if (cursor_.accept_words({"EMIT", "EVERY", "RECORD"})) {
    over.emit_on_buffer_full = false;
  } else if (cursor_.accept_words({"EMIT", "ON", "BUFFER", "FULL"})) {
    over.emit_on_buffer_full = true;
  } else if (cursor_.accept_words({"EXPIRE", "AFTER"})) {
    if (!cursor_.accept_word("NEVER")) {
      over.expire_after = duration();
      cursor_.expect_word("INACTIVITY");
    }
  } else {
    return false;
  }
  return true;
}

/// A buffer of n rows reaches n-1 rows back: as a frame, or as a bound on the frame that was
/// written.
void TokenParser::narrow_frame(ast::Over& over, int64_t buffer_rows) {
  using ast::BoundKind;
  auto rows_back = [](int64_t n) {
    return Expr{ast::Literal{ast::LiteralKind::kInteger, std::to_string(n)}, {}};
  };
  if (!over.frame) {
    over.frame = ast::Frame{ast::FrameUnit::kRows,
                            {BoundKind::kPreceding, rows_back(buffer_rows - 1)},
                            {BoundKind::kCurrentRow, {}},
                            {}};
    return;
  }
  ast::FrameBound& start = over.frame->start;
  if (over.frame->unit == ast::FrameUnit::kRows && start.kind == BoundKind::kUnboundedPreceding) {
    start = {BoundKind::kPreceding, rows_back(buffer_rows - 1)};
    return;
  }
  const ast::Literal* distance = start.distance ? start.distance->as<ast::Literal>() : nullptr;
  bool rows = over.frame->unit == ast::FrameUnit::kRows && start.kind == BoundKind::kPreceding &&
              distance && distance->kind == ast::LiteralKind::kInteger;
  if (!rows) {
    over.buffer_rows = buffer_rows;
    return;
  }
  int64_t back = 0;
  const std::string& digits = distance->text;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), back);
  if (error != std::errc() || back > buffer_rows - 1) start.distance = rows_back(buffer_rows - 1);
}

ast::Frame TokenParser::frame() {
  size_t first = cursor_.position();
  ast::Frame out;
  std::string word = cursor_.advance().text;
  out.unit = word == "ROWS"    ? ast::FrameUnit::kRows
             : word == "RANGE" ? ast::FrameUnit::kRange
                               : ast::FrameUnit::kGroups;
  if (cursor_.accept_word("BETWEEN")) {
    out.start = frame_bound();
    cursor_.expect_word("AND");
    out.end = frame_bound();
  } else {
    out.start = frame_bound();
  }
  out.span = cursor_.span_since(first);
  using ast::BoundKind;
  bool backwards = out.start.kind == BoundKind::kUnboundedFollowing ||
                   out.end.kind == BoundKind::kUnboundedPreceding || out.start.kind > out.end.kind;
  if (backwards) cursor_.fail_at(out.span, "the frame ends before it starts");
  return out;
}

ast::FrameBound TokenParser::frame_bound() {
  using ast::BoundKind;
  if (cursor_.accept_words({"UNBOUNDED", "PRECEDING"})) return {BoundKind::kUnboundedPreceding, {}};
  if (cursor_.accept_words({"UNBOUNDED", "FOLLOWING"})) return {BoundKind::kUnboundedFollowing, {}};
  if (cursor_.accept_words({"CURRENT", "ROW"})) return {BoundKind::kCurrentRow, {}};
  ast::FrameBound out;
  bool unit = cursor_.is_kind(1, TokenKind::kWord) && ast::find_time_unit(cursor_.peek(1).text);
  out.distance = unit ? duration() : expression(kLevelConcat);
  if (cursor_.accept_word("PRECEDING")) {
    out.kind = BoundKind::kPreceding;
  } else if (cursor_.accept_word("FOLLOWING")) {
    out.kind = BoundKind::kFollowing;
  } else {
    cursor_.fail_expected("PRECEDING or FOLLOWING");
  }
  return out;
}

}  // namespace velo
