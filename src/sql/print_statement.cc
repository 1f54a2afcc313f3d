#include <variant>

#include "base/fmt.h"
#include "sql/printer.h"
#include "sql/sql_printer.h"

// Statements and scripts with their comments, and the public functions.

namespace velo {
namespace {

std::string_view relation_word(ast::RelationKind kind) {
  switch (kind) {
    case ast::RelationKind::kTable:
      return "TABLE";
    case ast::RelationKind::kStream:
      return "STREAM";
    case ast::RelationKind::kView:
      return "VIEW";
  }
  return "";
}

}  // namespace

void SqlPrinter::node(const ast::SelectStatement& n) { query(*n.query); }

void SqlPrinter::create_head(bool or_replace, bool temporary, std::string_view what,
                             bool if_not_exists) {
  put("CREATE ");
  if (or_replace) put("OR REPLACE ");
  if (temporary) put("TEMPORARY ");
  put(what);
  if (if_not_exists) put(" IF NOT EXISTS");
  put(" ");
}

void SqlPrinter::node(const ast::CreateTable& n) {
  create_head(n.or_replace, n.temporary, relation_word(n.kind), n.if_not_exists);
  qualified_name(n.name);
  bool first = true;
  auto element = [&](auto write) {
    put(first ? " (" : ",");
    first = false;
    indent();
    new_line();
    write();
    dedent();
  };
  for (const ast::ColumnDef& c : n.columns) element([&] { column(c); });
  for (const ast::WatermarkDef& w : n.watermarks) {
    element([&] {
      put("WATERMARK FOR ");
      qualified_name(w.column);
      put(" AS ");
      expr(w.strategy);
    });
  }
  if (n.primary_key) {
    element([&] {
      if (n.primary_key->constraint) {
        put("CONSTRAINT ");
        name(*n.primary_key->constraint);
        put(" ");
      }
      put("PRIMARY KEY ");
      names(n.primary_key->columns);
      if (n.primary_key->not_enforced) put(" NOT ENFORCED");
    });
  }
  if (!first) {
    new_line();
    put(")");
  }
  if (n.comment) {
    new_line();
    put("COMMENT ");
    string(*n.comment);
  }
  if (!n.partitioned_by.empty()) {
    new_line();
    put("PARTITIONED BY ");
    names(n.partitioned_by);
  }
  options(n.options);
  if (!n.query) return;
  if (out_.back() == ')') {
    new_line();
  } else {
    put(" ");
  }
  put("AS");
  new_line();
  query(*n.query);
}

void SqlPrinter::column(const ast::ColumnDef& c) {
  name(c.name);
  if (c.type) {
    put(" ");
    type(*c.type);
  }
  if (c.kind == ast::ColumnKind::kComputed) {
    put(" AS ");
    expr(*c.computed);
  }
  if (c.kind == ast::ColumnKind::kMetadata) {
    put(" METADATA");
    if (c.metadata_key) {
      put(" FROM ");
      string(*c.metadata_key);
    }
    if (c.is_virtual) put(" VIRTUAL");
  }
  if (c.primary_key) put(" PRIMARY KEY NOT ENFORCED");
  if (c.comment) {
    put(" COMMENT ");
    string(*c.comment);
  }
}

void SqlPrinter::node(const ast::CreateView& n) {
  create_head(n.or_replace, n.temporary, n.materialized ? "MATERIALIZED VIEW" : "VIEW",
              n.if_not_exists);
  qualified_name(n.name);
  if (!n.columns.empty()) {
    put(" ");
    names(n.columns);
  }
  if (n.comment) {
    put(" COMMENT ");
    string(*n.comment);
  }
  put(" AS");
  new_line();
  query(*n.query);
}

void SqlPrinter::node(const ast::Insert& n) {
  put(n.overwrite ? "INSERT OVERWRITE " : "INSERT INTO ");
  qualified_name(n.table);
  if (!n.columns.empty()) {
    put(" ");
    names(n.columns);
  }
  new_line();
  query(*n.query);
}

void SqlPrinter::node(const ast::Explain& n) {
  put(n.analyze ? "EXPLAIN ANALYZE" : "EXPLAIN");
  for (size_t i = 0; i < n.details.size(); ++i) put((i == 0 ? " " : ", ") + n.details[i]);
  new_line();
  std::visit([&](const auto& inner) { node(inner); }, n.statement->node);
}

void SqlPrinter::node(const ast::Show& n) {
  put("SHOW ");
  put(ast::show_kind_name(n.kind));
  if (n.relation) put(fmt::format(" {}", relation_word(*n.relation)));
  if (n.name) {
    put(n.kind == ast::ShowKind::kColumns ? " FROM " : " ");
    qualified_name(*n.name);
  }
  if (n.like) {
    put(" LIKE ");
    string(*n.like);
  }
}

void SqlPrinter::node(const ast::Describe& n) {
  put(n.extended ? "DESCRIBE EXTENDED " : "DESCRIBE ");
  if (n.call) return expr(*n.call);
  qualified_name(n.name);
}

void SqlPrinter::node(const ast::Drop& n) {
  put(n.temporary ? "DROP TEMPORARY " : "DROP ");
  put(relation_word(n.kind));
  put(n.if_exists ? " IF EXISTS " : " ");
  qualified_name(n.name);
}

void SqlPrinter::node(const ast::SetOption& n) {
  put(n.reset ? "RESET" : "SET");
  if (!n.option) return;
  put(" ");
  string(n.option->key);
  if (n.reset) return;
  put(" = ");
  string(n.option->value);
}

void SqlPrinter::node(const ast::StartJob& n) {
  put("START JOB ");
  name(n.name);
  options(n.options);
  put(" AS");
  new_line();
  std::visit([&](const auto& inner) { node(inner); }, n.statement->node);
}

void SqlPrinter::node(const ast::CreateFunction& n) {
  create_head(false, n.temporary, n.system ? "SYSTEM FUNCTION" : "FUNCTION", n.if_not_exists);
  qualified_name(n.name);
  put(" AS ");
  string(n.class_name);
  if (!n.language) return;
  put(" LANGUAGE ");
  name(*n.language);
}

void SqlPrinter::node(const ast::ControlJob& n) {
  switch (n.action) {
    case ast::JobAction::kStop:
      put("STOP JOB ");
      break;
    case ast::JobAction::kPause:
      put("PAUSE JOB ");
      break;
    case ast::JobAction::kResume:
      put("RESUME JOB ");
      break;
  }
  name(n.name);
  if (n.force) put(" FORCE");
}

void SqlPrinter::statement(const ast::Statement& s) {
  for (size_t i = 0; i < s.comments.size(); ++i) {
    if (i > 0 && s.comments[i].blank_line_before) put("\n");
    put(s.comments[i].text);
    put("\n");
  }
  std::visit([&](const auto& n) { node(n); }, s.node);
  put(";");
  for (const ast::Comment& comment : s.trailing_comments) put(" " + comment.text);
}

void SqlPrinter::script(const ast::Script& s) {
  for (size_t i = 0; i < s.statements.size(); ++i) {
    if (i > 0) put("\n");
    statement(s.statements[i]);
    put("\n");
  }
  for (size_t i = 0; i < s.comments.size(); ++i) {
    bool apart = i == 0 ? !s.statements.empty() : s.comments[i].blank_line_before;
    if (apart) put("\n");
    put(s.comments[i].text);
    put("\n");
  }
}

std::string print_sql(const ast::Script& script) {
  SqlPrinter printer(true);
  printer.script(script);
  return printer.take();
}

std::string print_sql(const ast::Statement& statement) {
  SqlPrinter printer(true);
  printer.statement(statement);
  return printer.take();
}

std::string print_sql(const ast::Query& query) {
  SqlPrinter printer(true);
  printer.query(query);
  return printer.take();
}

std::string print_sql(const ast::Expr& expr) {
  SqlPrinter printer(false);
  printer.expr(expr);
  return printer.take();
}

std::string print_sql(const ast::TypeName& type) {
  SqlPrinter printer(false);
  printer.type(type);
  return printer.take();
}

std::string print_sql(const ast::TableRef& table) {
  SqlPrinter printer(false);
  printer.table(table);
  return printer.take();
}

std::string print_sql(const ast::WindowSpec& window) {
  SqlPrinter printer(false);
  printer.window(window);
  return printer.take();
}

}  // namespace velo
