#include <variant>

#include "base/fmt.h"
#include "sql/lexer.h"
#include "sql/sql_printer.h"

// The items of FROM, and windows.

namespace velo {

using ast::TableRef;
using ast::WindowForm;
using ast::WindowKind;
using ast::WindowSpec;

void SqlPrinter::table(const TableRef& t) {
  bool aliased_join = t.alias && t.as<ast::Join>();
  if (aliased_join) put("(");
  std::visit([&](const auto& n) { node(n); }, t.node);
  if (aliased_join) put(")");
  if (!t.alias) return;
  put(" AS ");
  name(t.alias->name);
  if (t.alias->columns.empty()) return;
  put(" ");
  names(t.alias->columns);
}

void SqlPrinter::table_in_parens(const TableRef& t) {
  put("(");
  table(t);
  put(")");
}

/// The right side of a join: joins need parentheses there.
void SqlPrinter::table_operand(const TableRef& t) {
  if (t.as<ast::Join>() && !t.alias) return table_in_parens(t);
  table(t);
}

void SqlPrinter::node(const ast::NamedTable& n) {
  target(n.target);
  if (n.target.address && !n.target.options.empty()) {
    bool lines = std::exchange(lines_, false);
    options(n.target.options);
    lines_ = lines;
  } else if (!n.target.options.empty()) {
    hint(n.target.options);
  }
  if (!n.system_time) return;
  put(" FOR SYSTEM_TIME AS OF ");
  expr(*n.system_time);
}

void SqlPrinter::node(const ast::DerivedTable& n) {
  if (n.lateral) put("LATERAL ");
  parenthesised(*n.query);
}

void SqlPrinter::node(const ast::TableFunction& n) {
  const ast::Call* call = n.call->as<ast::Call>();
  bool unnest = call && call->name.text == "UNNEST" && !call->name.quoted;
  bool wrap = !unnest && !n.with_ordinality;
  if (n.lateral) put("LATERAL ");
  if (wrap) put("TABLE(");
  // Functions in FROM have no words between their arguments.
  if (call) plain_call(*call);
  if (wrap) put(")");
  if (n.with_ordinality) put(" WITH ORDINALITY");
}

void SqlPrinter::node(const ast::Join& n) {
  table(*n.left);
  new_line();
  if (n.natural) put("NATURAL ");
  if (n.asof) put("ASOF ");
  switch (n.kind) {
    case ast::JoinKind::kInner:
      break;
    case ast::JoinKind::kLeft:
      put("LEFT ");
      break;
    case ast::JoinKind::kRight:
      put("RIGHT ");
      break;
    case ast::JoinKind::kFull:
      put("FULL ");
      break;
    case ast::JoinKind::kCross:
      put("CROSS ");
      break;
    case ast::JoinKind::kSemi:
      put("LEFT SEMI ");
      break;
    case ast::JoinKind::kAnti:
      put("LEFT ANTI ");
      break;
  }
  put("JOIN ");
  table_operand(*n.right);
  if (n.on) {
    put(" ON ");
    expr(*n.on);
  } else if (!n.using_columns.empty()) {
    put(" USING ");
    names(n.using_columns);
  }
  if (n.within_after) {
    put(" WITHIN (");
    expr(*n.within);
    put(", ");
    expr(*n.within_after);
    put(")");
  } else if (n.within) {
    put(" WITHIN ");
    expr(*n.within);
  }
  if (n.grace) {
    put(" GRACE PERIOD ");
    expr(*n.grace);
  }
}

/// The table that a function in FROM takes.
void SqlPrinter::input_table(const TableRef& input, const std::vector<ast::Expr>& partition_by) {
  const ast::NamedTable* named = input.as<ast::NamedTable>();
  bool parens = input.alias || input.as<ast::Join>() || input.as<ast::TableFunction>() ||
                (named && named->system_time);
  if (named && !parens) put("TABLE ");
  if (parens) {
    table_in_parens(input);
  } else {
    table(input);
  }
  if (partition_by.empty()) return;
  put(" PARTITION BY ");
  expr_list(partition_by);
}

void SqlPrinter::node(const ast::ChangelogTable& n) {
  put(n.from ? "FROM_CHANGELOG(input => " : "TO_CHANGELOG(input => ");
  input_table(*n.input, n.partition_by);
  if (n.op) {
    put(", op => DESCRIPTOR(");
    name(*n.op);
    put(")");
  }
  if (n.op_mapping) {
    put(", op_mapping => ");
    expr(*n.op_mapping);
  }
  put(")");
}

void SqlPrinter::node(const ast::WindowTable& n) {
  put(n.window.kind == WindowKind::kTumble     ? "TUMBLE("
      : n.window.kind == WindowKind::kHop      ? "HOP("
      : n.window.kind == WindowKind::kCumulate ? "CUMULATE("
                                               : "SESSION(");
  input_table(*n.input, n.window.partition_by);
  std::vector<std::string> arguments;
  arguments.push_back("DESCRIPTOR(" + preview([&](SqlPrinter& p) { p.expr(*n.window.time); }) +
                      ")");
  window_lengths(n.window, arguments);
  window_extras(n.window, arguments);
  for (const std::string& argument : arguments) put(", " + argument);
  put(")");
}

/// The arguments that every window of its kind has, in their order.
void SqlPrinter::window_lengths(const WindowSpec& w, std::vector<std::string>& arguments) {
  auto add = [&](std::string_view named, const ast::Box<ast::Expr>& e) {
    if (!e) return;
    std::string text = preview([&](SqlPrinter& p) { p.expr(*e); });
    arguments.push_back(named.empty() ? text : fmt::format("{} => {}", named, text));
  };
  bool clause = w.form == WindowForm::kClause;
  const ast::Box<ast::Expr>& first = w.kind == WindowKind::kSession         ? w.gap
                                     : w.kind == WindowKind::kHop && clause ? w.size
                                     : w.slide                              ? w.slide
                                                                            : w.size;
  // Without a time column, what is not plainly a length of time would be taken for one.
  bool names = !w.time && first && !first->is<ast::Interval>();
  if (clause && w.kind == WindowKind::kHop) {
    add(names ? "SIZE" : "", w.size);
    add(names ? "SLIDE" : "", w.slide);
    return;
  }
  add(names ? (w.kind == WindowKind::kCumulate ? "STEP" : "SLIDE") : "", w.slide);
  add(names ? "SIZE" : "", w.size);
  add(names ? "GAP" : "", w.gap);
}

/// Offset, time zone and first day of the week.
void SqlPrinter::window_extras(const WindowSpec& w, std::vector<std::string>& arguments) {
  auto add = [&](std::string_view named, const ast::Box<ast::Expr>& e) {
    if (!e) return;
    arguments.push_back(std::string(named) + preview([&](SqlPrinter& p) { p.expr(*e); }));
  };
  bool function = w.form != WindowForm::kClause;
  add(function && !w.time_zone && !w.week_start ? "" : "`OFFSET` => ", w.offset);
  add("TIME_ZONE => ", w.time_zone);
  add("WEEK_START => ", w.week_start);
}

/// ksqlDB's parts that have no other spelling.
void SqlPrinter::window_parts(const WindowSpec& w, std::vector<std::string>& arguments) {
  auto add = [&](std::string_view word, const ast::Box<ast::Expr>& e) {
    if (!e) return;
    arguments.push_back(std::string(word) + preview([&](SqlPrinter& p) { p.expr(*e); }));
  };
  add("GRACE PERIOD ", w.grace);
  add("RETENTION ", w.retention);
}

/// A window in GROUP BY or after WINDOW.
void SqlPrinter::window(const WindowSpec& w) {
  bool clause = w.form == WindowForm::kClause;
  switch (w.kind) {
    case WindowKind::kTumble:
      put(clause ? "TUMBLING(" : "TUMBLE(");
      break;
    case WindowKind::kHop:
      put(clause ? "SLIDING(" : "HOP(");
      break;
    case WindowKind::kCumulate:
      put("CUMULATE(");
      break;
    case WindowKind::kSession:
      put("SESSION(");
      break;
  }
  std::vector<std::string> arguments;
  if (w.time) arguments.push_back(preview([&](SqlPrinter& p) { p.expr(*w.time); }));
  window_lengths(w, arguments);
  for (const ast::Expr& key : w.partition_by) {
    arguments.push_back(preview([&](SqlPrinter& p) { p.expr(key); }));
  }
  window_extras(w, arguments);
  window_parts(w, arguments);
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0) put(", ");
    put(arguments[i]);
  }
  put(")");
}

}  // namespace velo
