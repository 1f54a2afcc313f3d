#include <utility>

#include "base/fmt.h"
#include "sql/token_parser.h"

// CREATE TABLE, STREAM, VIEW and FUNCTION.

namespace velo {

ast::Statement::Node TokenParser::create() {
  cursor_.advance();
  bool or_replace = cursor_.accept_words({"OR", "REPLACE"});
  bool temporary = cursor_.accept_word("TEMPORARY") || cursor_.accept_word("TEMP");
  bool materialized = cursor_.accept_word("MATERIALIZED");
  if (cursor_.accept_word("VIEW")) {
    ast::CreateView view;
    view.or_replace = or_replace;
    view.temporary = temporary;
    view.materialized = materialized;
    return create_view(std::move(view));
  }
  if (materialized) cursor_.fail_expected("VIEW");
  const bool system = temporary && cursor_.accept_word("SYSTEM");
  if (!or_replace && cursor_.accept_word("FUNCTION")) return create_function(temporary, system);
  if (system) cursor_.fail_expected("FUNCTION");
  ast::CreateTable table;
  table.or_replace = or_replace;
  table.temporary = temporary;
  if (cursor_.accept_word("STREAM")) {
    table.kind = ast::RelationKind::kStream;
  } else if (!cursor_.accept_word("TABLE")) {
    cursor_.fail_expected("TABLE, STREAM, VIEW or FUNCTION");
  }
  return create_table(std::move(table));
}

ast::CreateTable TokenParser::create_table(ast::CreateTable out) {
  out.if_not_exists = cursor_.accept_words({"IF", "NOT", "EXISTS"});
  out.name = qualified_name("a name");
  if (cursor_.accept(TokenKind::kLeftParen)) {
    table_elements(out);
    cursor_.expect(TokenKind::kRightParen);
  }
  while (true) {
    SourceSpan here = cursor_.peek().span;
    if (cursor_.accept_word("COMMENT")) {
      if (out.comment) fail_twice("COMMENT", here);
      out.comment = string_value();
    } else if (cursor_.accept_words({"PARTITIONED", "BY"})) {
      if (!out.partitioned_by.empty()) fail_twice("PARTITIONED BY", here);
      out.partitioned_by = name_list();
    } else if (cursor_.accept_word("WITH")) {
      if (!out.options.empty()) fail_twice("WITH", here);
      out.options = options();
    } else if (cursor_.accept_word("AS")) {
      out.query = query();
      take_query_options(out.options, *out.query);
      break;
    } else {
      break;
    }
  }
  bool declared = !out.columns.empty() || !out.options.empty() || out.query;
  if (!declared) cursor_.fail_expected("'(' with columns, WITH or AS");
  for (const ast::ColumnDef& column : out.columns) {
    bool bare = column.kind == ast::ColumnKind::kPhysical && !column.type;
    if (bare && !out.query) {
      cursor_.fail_at(column.span, fmt::format("column '{}' has no type", column.name.text),
                      "types may be left out only with AS SELECT");
    }
  }
  return out;
}

/// WITH (…) at the end of CREATE … AS SELECT … belongs to what is created.
void TokenParser::take_query_options(std::vector<ast::Option>& into, ast::Query& from) {
  if (from.options.empty()) return;
  if (!into.empty()) fail_twice("WITH", from.options.front().key_span);
  into = std::move(from.options);
  from.options.clear();
}

void TokenParser::table_elements(ast::CreateTable& out) {
  if (cursor_.at(TokenKind::kRightParen)) return;
  do table_element(out);
  while (cursor_.accept(TokenKind::kComma));
}

void TokenParser::table_element(ast::CreateTable& out) {
  size_t first = cursor_.position();
  SourceSpan here = cursor_.peek().span;
  if (cursor_.accept_words({"WATERMARK", "FOR"})) {
    out.watermarks.push_back(watermark(first));
    return;
  }
  bool constraint = cursor_.is_word(0, "CONSTRAINT") && cursor_.is_word(2, "PRIMARY");
  bool key = cursor_.is_word(0, "PRIMARY") && cursor_.is_word(1, "KEY") &&
             cursor_.is_kind(2, TokenKind::kLeftParen);
  if (constraint || key) {
    if (out.primary_key) fail_twice("PRIMARY KEY", here);
    out.primary_key = primary_key(first);
    return;
  }
  out.columns.push_back(column(first));
}

/// WATERMARK FOR is taken: ts AS expression.
ast::WatermarkDef TokenParser::watermark(size_t first) {
  ast::WatermarkDef out;
  out.column = qualified_name("the time column's name");
  cursor_.expect_word("AS");
  out.strategy = expression();
  out.span = cursor_.span_since(first);
  return out;
}

/// [CONSTRAINT c] PRIMARY KEY (a, b) [NOT ENFORCED].
ast::PrimaryKeyDef TokenParser::primary_key(size_t first) {
  ast::PrimaryKeyDef out;
  if (cursor_.accept_word("CONSTRAINT")) out.constraint = name("a constraint name");
  cursor_.expect_word("PRIMARY");
  cursor_.expect_word("KEY");
  out.columns = name_list();
  out.not_enforced = cursor_.accept_words({"NOT", "ENFORCED"});
  out.span = cursor_.span_since(first);
  return out;
}

/// name type …, name AS expression, or (before AS SELECT) name alone.
ast::ColumnDef TokenParser::column(size_t first) {
  ast::ColumnDef out;
  out.name = name("a column name");
  if (cursor_.accept_word("AS")) {
    out.kind = ast::ColumnKind::kComputed;
    out.computed = expression();
  } else if (!cursor_.at(TokenKind::kComma) && !cursor_.at(TokenKind::kRightParen)) {
    out.type = type(true);
  }
  column_constraints(out);
  out.span = cursor_.span_since(first);
  return out;
}

void TokenParser::column_constraints(ast::ColumnDef& out) {
  while (true) {
    SourceSpan here = cursor_.peek().span;
    if (out.type && cursor_.accept_word("METADATA")) {
      if (out.kind == ast::ColumnKind::kMetadata) fail_twice("METADATA", here);
      out.kind = ast::ColumnKind::kMetadata;
      if (cursor_.accept_word("FROM")) out.metadata_key = string_value();
      out.is_virtual = cursor_.accept_word("VIRTUAL");
    } else if (out.type && cursor_.accept_words({"NOT", "NULL"})) {
      out.type->not_null = true;
    } else if (cursor_.accept_words({"PRIMARY", "KEY"}) || cursor_.accept_word("KEY")) {
      out.primary_key = true;
      cursor_.accept_words({"NOT", "ENFORCED"});
    } else if (cursor_.accept_word("COMMENT")) {
      if (out.comment) fail_twice("COMMENT", here);
      out.comment = string_value();
    } else {
      return;
    }
  }
}

ast::CreateFunction TokenParser::create_function(bool temporary, bool system) {
  ast::CreateFunction out;
  out.temporary = temporary;
  out.system = system;
  out.if_not_exists = cursor_.accept_words({"IF", "NOT", "EXISTS"});
  out.name = qualified_name("a name");
  cursor_.expect_word("AS");
  out.class_name = string_value();
  if (cursor_.accept_word("LANGUAGE")) out.language = name("JAVA, SCALA or PYTHON");
  return out;
}

ast::CreateView TokenParser::create_view(ast::CreateView out) {
  out.if_not_exists = cursor_.accept_words({"IF", "NOT", "EXISTS"});
  out.name = qualified_name("a name");
  if (cursor_.at(TokenKind::kLeftParen)) out.columns = name_list();
  if (cursor_.accept_word("COMMENT")) out.comment = string_value();
  cursor_.expect_word("AS");
  out.query = query();
  return out;
}

}  // namespace velo
