#include <algorithm>
#include <array>
#include <utility>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "sql/token_parser.h"

// Windows in their three spellings, all of which end as one WindowSpec:
//   FROM TUMBLE(TABLE t, DESCRIPTOR(ts), …)    arguments by position or by name
//   GROUP BY TUMBLE(ts, …)                     the same without the table
//   WINDOW TUMBLING(…)                         size first; ksqlDB's SIZE …, ADVANCE BY … inside
// HOP and CUMULATE take the slide (step) before the size; SLIDING and HOPPING the size before the
// slide.

namespace velo {

using ast::Box;
using ast::Expr;
using ast::WindowForm;
using ast::WindowKind;
using ast::WindowSpec;

namespace {

std::string_view function_name(const WindowSpec& window) {
  bool clause = window.form == WindowForm::kClause;
  switch (window.kind) {
    case WindowKind::kTumble:
      return clause ? "TUMBLING" : "TUMBLE";
    case WindowKind::kHop:
      return clause ? "HOPPING" : "HOP";
    case WindowKind::kCumulate:
      return "CUMULATE";
    case WindowKind::kSession:
      return "SESSION";
  }
  return "";
}

std::optional<WindowKind> function_kind(std::string_view upper) {
  if (upper == "TUMBLE") return WindowKind::kTumble;
  if (upper == "HOP") return WindowKind::kHop;
  if (upper == "CUMULATE") return WindowKind::kCumulate;
  if (upper == "SESSION") return WindowKind::kSession;
  return std::nullopt;
}

std::optional<WindowKind> clause_kind(std::string_view upper) {
  if (upper == "TUMBLING") return WindowKind::kTumble;
  if (upper == "SLIDING" || upper == "HOPPING") return WindowKind::kHop;
  if (upper == "CUMULATING") return WindowKind::kCumulate;
  return function_kind(upper);
}

/// Whether an argument is a length of time in itself, not a column.
bool is_duration(const Expr& expr) { return expr.is<ast::Interval>(); }

/// DESCRIPTOR(ts) gives ts.
Expr unwrap_descriptor(Expr expr) {
  ast::Call* call = expr.as<ast::Call>();
  if (call && call->name.text == "DESCRIPTOR" && call->arguments.size() == 1 &&
      call->arguments[0].value.is<ast::ColumnRef>()) {
    return std::move(call->arguments[0].value);
  }
  return expr;
}

bool is_descriptor(const Expr& expr) {
  const ast::Call* call = expr.as<ast::Call>();
  return call && call->name.text == "DESCRIPTOR";
}

struct NamedSlot {
  std::string_view name;
  Box<Expr> WindowSpec::* slot;
};

constexpr auto kSlots = std::to_array<NamedSlot>({{"TIMECOL", &WindowSpec::time},
                                                  {"SIZE", &WindowSpec::size},
                                                  {"SLIDE", &WindowSpec::slide},
                                                  {"STEP", &WindowSpec::slide},
                                                  {"GAP", &WindowSpec::gap},
                                                  {"OFFSET", &WindowSpec::offset},
                                                  {"TIME_ZONE", &WindowSpec::time_zone},
                                                  {"WEEK_START", &WindowSpec::week_start}});

}  // namespace

bool TokenParser::at_window_function() const {
  const Token& token = cursor_.peek();
  return token.kind == TokenKind::kWord && cursor_.is_kind(1, TokenKind::kLeftParen) &&
         function_kind(token.text).has_value();
}

/// TUMBLE([DATA =>] [TABLE] t [PARTITION BY k], [TIMECOL =>] DESCRIPTOR(ts), …).
ast::TableRef TokenParser::window_table() {
  Nest nest(*this);
  size_t first = cursor_.position();
  ast::WindowTable out;
  out.window.form = WindowForm::kTableFunction;
  out.window.kind = *function_kind(cursor_.advance().text);
  cursor_.advance();
  if (cursor_.is_word(0, "DATA") && cursor_.is_kind(1, TokenKind::kArrow)) {
    cursor_.advance();
    cursor_.advance();
  }
  out.input = input_table(out.window.partition_by);
  if (!cursor_.accept(TokenKind::kComma)) cursor_.fail_expected("','");
  std::vector<ast::Argument> arguments;
  do arguments.push_back(window_argument(!arguments.empty() && arguments.back().name));
  while (cursor_.accept(TokenKind::kComma));
  cursor_.expect(TokenKind::kRightParen);
  out.window.span = cursor_.span_since(first);
  assign_window_arguments(out.window, std::move(arguments));
  return {std::move(out), cursor_.span_since(first)};
}

ast::TableRef TokenParser::input_table(std::vector<Expr>& partition_by) {
  size_t first = cursor_.position();
  bool table_word = cursor_.is_word(0, "TABLE") && !cursor_.is_kind(1, TokenKind::kComma);
  if (table_word) cursor_.advance();
  ast::TableRef out;
  if (cursor_.at(TokenKind::kLeftParen)) {
    out = table_in_parens();
  } else if (at_window_function()) {
    out = window_table();
  } else if (at_changelog_function()) {
    out = changelog_table();
  } else {
    out = named_table();
  }
  if (cursor_.accept_words({"PARTITION", "BY"})) {
    do {
      Expr key = expression();
      ast::RowValue* keys = key.as<ast::RowValue>();
      if (keys && !keys->row_keyword) {
        for (Expr& field : keys->fields) partition_by.push_back(std::move(field));
      } else {
        partition_by.push_back(std::move(key));
      }
      // A comma goes on with the keys unless an argument starts behind it.
    } while (!cursor_.is_word(1, "DESCRIPTOR") && !cursor_.is_kind(2, TokenKind::kArrow) &&
             cursor_.accept(TokenKind::kComma));
  }
  out.span = cursor_.span_since(first);
  return out;
}

/// `value` or `name => value`; durations may be in any spelling.
ast::Argument TokenParser::window_argument(bool after_named) {
  ast::Argument out;
  const Token& token = cursor_.peek();
  bool word = token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedWord;
  if (!word || !cursor_.is_kind(1, TokenKind::kArrow)) {
    if (after_named)
      cursor_.fail_at(token.span, "an argument without a name after one with a name");
    out.value = duration();
    return out;
  }
  out.name = any_word("an argument name");
  cursor_.advance();
  // Zones and week days are strings; the others lengths of time.
  std::string upper = upper_case(out.name->text);
  bool text = upper == "TIME_ZONE" || upper == "WEEK_START";
  out.value = text ? expression() : duration();
  return out;
}

void TokenParser::assign_window_arguments(WindowSpec& window,
                                          std::vector<ast::Argument> arguments) {
  std::vector<Expr> positional;
  for (ast::Argument& argument : arguments) {
    if (!argument.name) positional.push_back(std::move(argument.value));
  }
  assign_positional(window, std::move(positional));
  for (ast::Argument& argument : arguments) {
    if (argument.name) assign_named(window, *argument.name, std::move(argument.value));
  }
  check_window(window);
}

void TokenParser::assign_named(WindowSpec& window, const ast::Name& name, Expr value) {
  std::string upper = upper_case(name.text);
  auto slot = std::find_if(kSlots.begin(), kSlots.end(),
                           [&](const NamedSlot& s) { return s.name == upper; });
  if (slot == kSlots.end()) {
    std::array<std::string_view, kSlots.size()> names;
    std::transform(kSlots.begin(), kSlots.end(), names.begin(),
                   [](const NamedSlot& s) { return s.name; });
    cursor_.fail_at(name.span,
                    fmt::format("{} has no argument '{}'", function_name(window), name.text),
                    did_you_mean(upper, names));
  }
  if (window.*(slot->slot)) fail_twice(slot->name, name.span);
  window.*(slot->slot) = unwrap_descriptor(std::move(value));
}

void TokenParser::assign_positional(WindowSpec& window, std::vector<Expr> values) {
  take_leading_time(window, values);
  std::vector<Box<Expr> WindowSpec::*> slots;
  bool size_first = window.form == WindowForm::kClause;
  switch (window.kind) {
    case WindowKind::kTumble:
      slots = {&WindowSpec::size, &WindowSpec::offset};
      break;
    case WindowKind::kHop:
    case WindowKind::kCumulate:
      if (size_first && window.kind == WindowKind::kHop) {
        slots = {&WindowSpec::size, &WindowSpec::slide, &WindowSpec::offset};
      } else {
        slots = {&WindowSpec::slide, &WindowSpec::size, &WindowSpec::offset};
      }
      break;
    case WindowKind::kSession:
      slots = {&WindowSpec::gap};
      take_session_keys(window, values);
      break;
  }
  if (values.size() > slots.size()) {
    cursor_.fail_at(values[slots.size()].span, fmt::format("{} takes at most {} lengths of time",
                                                           function_name(window), slots.size()));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (window.*slots[i]) fail_twice("a length of time", values[i].span);
    window.*slots[i] = std::move(values[i]);
  }
}

/// The time column stands first; in the clause it may be left out, or follow the size of TUMBLING.
void TokenParser::take_leading_time(WindowSpec& window, std::vector<Expr>& values) {
  if (values.empty()) return;
  bool clause = window.form == WindowForm::kClause;
  size_t at = 0;
  if (clause && is_duration(values[0])) {
    bool behind =
        window.kind == WindowKind::kTumble && values.size() == 2 && values[1].is<ast::ColumnRef>();
    if (!behind) return;
    at = 1;
  } else if (clause && values[0].is<ast::Literal>()) {
    cursor_.fail_at(values[0].span, "a length of time needs a unit",
                    "write 5s, 5m, 5h or INTERVAL '5' MINUTE");
  }
  window.time = unwrap_descriptor(std::move(values[at]));
  values.erase(values.begin() + static_cast<std::ptrdiff_t>(at));
}

/// SESSION(ts, gap, key, …) and SESSION(t, DESCRIPTOR(ts), DESCRIPTOR(key), gap): the keys.
void TokenParser::take_session_keys(WindowSpec& window, std::vector<Expr>& values) {
  std::vector<Expr> rest;
  for (Expr& value : values) {
    bool key = is_descriptor(value) || (!rest.empty() && value.is<ast::ColumnRef>());
    if (key) {
      window.partition_by.push_back(unwrap_descriptor(std::move(value)));
    } else {
      rest.push_back(std::move(value));
    }
  }
  values = std::move(rest);
}

/// Nothing is missing and nothing there that this kind of window does not have.
void TokenParser::check_window(const WindowSpec& window) {
  bool session = window.kind == WindowKind::kSession;
  bool slides = window.kind == WindowKind::kHop || window.kind == WindowKind::kCumulate;
  auto need = [&](const Box<Expr>& part, std::string_view what, std::string_view hint = {}) {
    if (!part) {
      cursor_.fail_at(window.span, fmt::format("{} needs {}", function_name(window), what),
                      std::string(hint));
    }
    const ast::Literal* literal = part->as<ast::Literal>();
    if (literal) {
      cursor_.fail_at(part->span, "a length of time needs a unit",
                      "write 5s, 5m, 5h or INTERVAL '5' MINUTE");
    }
  };
  auto refuse = [&](const Box<Expr>& part, std::string_view what) {
    if (part) cursor_.fail_at(part->span, fmt::format("{} has no {}", function_name(window), what));
  };
  if (window.form != WindowForm::kClause && !window.time) {
    cursor_.fail_at(window.span, fmt::format("{} needs a time column", function_name(window)));
  }
  if (window.time && !window.time->is<ast::ColumnRef>()) {
    cursor_.fail_at(window.time->span,
                    fmt::format("{} needs a time column here", function_name(window)));
  }
  bool step = window.kind == WindowKind::kCumulate;
  if (session) {
    need(window.gap, "a gap");
    refuse(window.size, "size");
    refuse(window.offset, "offset");
  } else {
    refuse(window.gap, "gap");
    const bool clause = window.form == WindowForm::kClause && !step;
    if (slides) {
      need(window.slide, step ? "a step" : "a slide",
           clause ? "SLIDING(1m, 10s): the size, then the slide" : "");
    }
    need(window.size, "a size");
  }
  if (!slides) refuse(window.slide, "slide");
}

/// The call has been read as an expression; its arguments say the rest.
WindowSpec TokenParser::group_window(const ast::Call& call, SourceSpan span) {
  WindowSpec out;
  out.form = WindowForm::kGroupFunction;
  out.kind = *function_kind(call.name.text);
  out.span = span;
  if (call.distinct || call.filter || call.over || !call.order_by.empty()) {
    cursor_.fail_at(span, fmt::format("{} in GROUP BY takes only a time column and lengths of time",
                                      call.name.text));
  }
  assign_window_arguments(out, call.arguments);
  return out;
}

/// After WINDOW: TUMBLING (…), SLIDING (…), HOPPING (…), SESSION (…).
WindowSpec TokenParser::window_clause_spec() {
  size_t first = cursor_.position();
  const Token& token = cursor_.peek();
  std::optional<WindowKind> kind;
  if (token.kind == TokenKind::kWord) kind = clause_kind(token.text);
  if (!kind) {
    for (std::string_view word : {"TUMBLING", "SLIDING", "HOPPING", "CUMULATE", "SESSION"})
      cursor_.at_word(word);
    cursor_.fail_expected("TUMBLING, SLIDING, HOPPING, CUMULATE, SESSION or a window name");
  }
  WindowSpec out;
  out.form = WindowForm::kClause;
  out.kind = *kind;
  cursor_.advance();
  cursor_.expect(TokenKind::kLeftParen);
  std::vector<ast::Argument> arguments;
  do {
    if (at_ksql_part()) {
      ksql_window_part(out);
    } else {
      arguments.push_back(window_argument(!arguments.empty() && arguments.back().name));
    }
  } while (cursor_.accept(TokenKind::kComma));
  cursor_.expect(TokenKind::kRightParen);
  out.span = cursor_.span_since(first);
  assign_window_arguments(out, std::move(arguments));
  return out;
}

bool TokenParser::at_ksql_part() {
  if (cursor_.is_kind(1, TokenKind::kArrow) || cursor_.is_kind(1, TokenKind::kComma) ||
      cursor_.is_kind(1, TokenKind::kRightParen) || cursor_.is_kind(1, TokenKind::kDot)) {
    return false;
  }
  return cursor_.at_word("SIZE") || cursor_.at_word("ADVANCE") || cursor_.at_word("GRACE") ||
         cursor_.at_word("RETENTION");
}

/// SIZE d | ADVANCE BY d | GRACE PERIOD d | RETENTION d.
void TokenParser::ksql_window_part(WindowSpec& window) {
  SourceSpan here = cursor_.peek().span;
  auto take = [&](Box<Expr>& slot, std::string_view what) {
    if (slot) fail_twice(what, here);
    slot = duration();
  };
  if (cursor_.accept_word("SIZE")) {
    take(window.size, "SIZE");
  } else if (cursor_.accept_words({"ADVANCE", "BY"})) {
    take(window.slide, "ADVANCE BY");
  } else if (cursor_.accept_words({"GRACE", "PERIOD"})) {
    take(window.grace, "GRACE PERIOD");
  } else if (cursor_.accept_word("RETENTION")) {
    take(window.retention, "RETENTION");
  } else {
    cursor_.fail_expected("SIZE, ADVANCE BY, GRACE PERIOD or RETENTION");
  }
}

}  // namespace velo
