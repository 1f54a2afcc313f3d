#include <variant>

#include "base/fmt.h"
#include "sql/sql_printer.h"
#include "sql/token_parser.h"

// Queries: one line per clause. What does not fit into a line is broken at its commas or ANDs.

namespace velo {

using ast::Expr;
using ast::Query;

namespace {

constexpr size_t kLineMax = 80;

bool is_plain(const Query& q) {
  return q.with.empty() && q.order_by.empty() && !q.limit && !q.offset && !q.emit &&
         !q.allowed_lateness && !q.late_data_to && !q.into && q.options.empty();
}

int level_of(ast::SetOp op) { return op == ast::SetOp::kIntersect ? 1 : 0; }

/// The terms of a AND b AND c, in order.
void conjuncts(const Expr& e, std::vector<const Expr*>& out) {
  const ast::Binary* binary = e.as<ast::Binary>();
  if (binary && binary->op == ast::BinaryOp::kAnd) {
    conjuncts(*binary->left, out);
    out.push_back(&*binary->right);
  } else {
    out.push_back(&e);
  }
}

}  // namespace

void SqlPrinter::new_line() {
  if (!lines_) return put(" ");
  out_ += '\n';
  out_.append(static_cast<size_t>(indent_) * 2, ' ');
}

bool SqlPrinter::fits(std::string_view text) const {
  size_t start = out_.rfind('\n') + 1;
  return !lines_ || out_.size() - start + text.size() <= kLineMax;
}

void SqlPrinter::parenthesised(const Query& q) {
  put("(");
  if (lines_) {
    indent();
    new_line();
    query(q);
    dedent();
    new_line();
  } else {
    query(q);
  }
  put(")");
}

void SqlPrinter::query(const Query& q) {
  common_tables(q);
  std::visit([&](const auto& b) { body(b); }, q.body);
  closing_clauses(q);
}

void SqlPrinter::common_tables(const Query& q) {
  for (size_t i = 0; i < q.with.size(); ++i) {
    const ast::CommonTable& table = q.with[i];
    put(i == 0 ? (q.recursive ? "WITH RECURSIVE " : "WITH ") : ", ");
    name(table.name);
    if (!table.columns.empty()) {
      put(" ");
      names(table.columns);
    }
    put(" AS ");
    parenthesised(*table.query);
  }
  if (!q.with.empty()) new_line();
}

void SqlPrinter::body(const ast::SetOperation& s) {
  int level = level_of(s.op);
  set_operand(*s.left, level);
  new_line();
  switch (s.op) {
    case ast::SetOp::kUnion:
      put("UNION");
      break;
    case ast::SetOp::kIntersect:
      put("INTERSECT");
      break;
    case ast::SetOp::kExcept:
      put("EXCEPT");
      break;
  }
  if (s.all) put(" ALL");
  new_line();
  set_operand(*s.right, level + 1);
}

void SqlPrinter::set_operand(const Query& q, int min_level) {
  const ast::SetOperation* set = q.as<ast::SetOperation>();
  if (is_plain(q) && (!set || level_of(set->op) >= min_level)) return query(q);
  parenthesised(q);
}

void SqlPrinter::body(const ast::Values& v) {
  put("VALUES");
  bool several = v.rows.size() > 1;
  if (several) indent();
  for (size_t i = 0; i < v.rows.size(); ++i) {
    if (i > 0) put(",");
    if (several) {
      new_line();
    } else {
      put(" ");
    }
    put("(");
    expr_list(v.rows[i]);
    put(")");
  }
  if (several) dedent();
}

void SqlPrinter::body(const ast::Select& s) {
  put(s.distinct ? "SELECT DISTINCT " : "SELECT ");
  select_items(s);
  if (s.from) {
    new_line();
    put("FROM ");
    table(*s.from);
  }
  if (s.where) condition("WHERE ", *s.where);
  for (size_t i = 0; i < s.group_by.size(); ++i) {
    if (i == 0) new_line();
    put(i == 0 ? "GROUP BY " : ", ");
    group_item(s.group_by[i]);
  }
  if (s.window) {
    new_line();
    put("WINDOW ");
    window(*s.window);
  }
  if (s.having) condition("HAVING ", *s.having);
  for (size_t i = 0; i < s.named_windows.size(); ++i) {
    if (i == 0) new_line();
    put(i == 0 ? "WINDOW " : ", ");
    name(s.named_windows[i].name);
    put(" AS ");
    over(s.named_windows[i].over);
  }
  if (s.qualify) condition("QUALIFY ", *s.qualify);
}

void SqlPrinter::select_items(const ast::Select& s) {
  std::string all = preview([&](SqlPrinter& p) {
    for (size_t i = 0; i < s.items.size(); ++i) {
      if (i > 0) p.put(", ");
      p.select_item(s.items[i]);
    }
  });
  if (fits(all)) return put(all);
  while (out_.back() == ' ') out_.pop_back();
  indent();
  for (size_t i = 0; i < s.items.size(); ++i) {
    if (i > 0) put(",");
    new_line();
    select_item(s.items[i]);
  }
  dedent();
}

void SqlPrinter::select_item(const ast::SelectItem& item) {
  expr(item.expr);
  if (item.alias) {
    put(" AS ");
    name(*item.alias);
  }
  if (item.primary_key) put(" PRIMARY KEY");
}

/// A clause with a condition, its ANDs each on a line if they do not fit into one.
void SqlPrinter::condition(std::string_view word, const Expr& e) {
  new_line();
  put(word);
  std::string all = preview([&](SqlPrinter& p) { p.expr(e); });
  if (fits(all)) return put(all);
  std::vector<const Expr*> terms;
  conjuncts(e, terms);
  indent();
  for (size_t i = 0; i < terms.size(); ++i) {
    if (i > 0) new_line();
    if (i > 0) put("AND ");
    expr(*terms[i], i == 0 && terms.size() == 1 ? kLevelLowest : kLevelAnd + 1);
  }
  dedent();
}

void SqlPrinter::group_item(const ast::GroupItem& item) {
  auto list = [&](const std::vector<ast::GroupItem>& items) {
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) put(", ");
      group_item(items[i]);
    }
  };
  if (const Expr* e = std::get_if<Expr>(&item.node)) return expr(*e);
  if (const ast::WindowSpec* w = std::get_if<ast::WindowSpec>(&item.node)) return window(*w);
  if (const ast::GroupingSet* set = std::get_if<ast::GroupingSet>(&item.node)) {
    put("(");
    expr_list(set->exprs);
    return put(")");
  }
  const ast::GroupingSets& sets = std::get<ast::GroupingSets>(item.node);
  switch (sets.kind) {
    case ast::GroupingKind::kSets:
      put("GROUPING SETS (");
      break;
    case ast::GroupingKind::kRollup:
      put("ROLLUP (");
      break;
    case ast::GroupingKind::kCube:
      put("CUBE (");
      break;
  }
  list(sets.items);
  put(")");
}

void SqlPrinter::closing_clauses(const Query& q) {
  auto clause = [&](std::string_view word, const ast::Box<Expr>& e) {
    if (!e) return;
    new_line();
    put(word);
    expr(*e);
  };
  if (!q.order_by.empty()) {
    new_line();
    put("ORDER BY ");
    order_items(q.order_by);
  }
  if (q.with_ties) {
    const bool plain = q.limit->is<ast::Literal>();  // what else is there might begin as ROWS does
    clause(plain ? "FETCH FIRST " : "FETCH FIRST (", q.limit);
    put(plain ? " ROWS WITH TIES" : ") ROWS WITH TIES");
  } else {
    clause("LIMIT ", q.limit);
  }
  clause("OFFSET ", q.offset);
  if (q.emit) {
    new_line();
    switch (q.emit->kind) {
      case ast::EmitKind::kFinal:
        put("EMIT FINAL");
        break;
      case ast::EmitKind::kChanges:
        put("EMIT CHANGES");
        break;
      case ast::EmitKind::kEvery:
        put("EMIT EVERY ");
        break;
    }
    if (q.emit->every) expr(*q.emit->every);
  }
  clause("ALLOWED LATENESS ", q.allowed_lateness);
  if (q.late_data_to) {
    new_line();
    put("LATE DATA TO ");
    target(*q.late_data_to);
  }
  // Before INTO, whose own options they would become behind it.
  options(q.options);
  if (q.into) {
    new_line();
    put("INTO ");
    target(*q.into);
    options(q.into->options);
  }
}

/// The name or address, without options.
void SqlPrinter::target(const ast::Target& t) {
  if (t.address) return string(*t.address);
  qualified_name(t.name);
}

/// WITH (…), each option on a line; nothing if there are none.
void SqlPrinter::options(const std::vector<ast::Option>& list) {
  if (list.empty()) return;
  new_line();
  put("WITH (");
  indent();
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) put(",");
    if (lines_ || i > 0) new_line();
    string(list[i].key);
    put(" = ");
    string(list[i].value);
  }
  dedent();
  if (lines_) new_line();
  put(")");
}

/// The options of one table in a query, as Flink writes them.
void SqlPrinter::hint(const std::vector<ast::Option>& list) {
  put(" /*+ OPTIONS(");
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) put(", ");
    string(list[i].key);
    put(" = ");
    string(list[i].value);
  }
  put(") */");
}

}  // namespace velo
