#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/ast.h"

namespace velo {

/// Writes trees as text. Expressions always stand on one line; queries and statements take one line
/// per clause when `lines` is set. Parentheses are written where the parser needs them and nowhere
/// else.
class SqlPrinter {
 public:
  explicit SqlPrinter(bool lines) : lines_(lines) {}

  std::string take() { return std::move(out_); }

  // print_expression.cc
  void expr(const ast::Expr& e, int min_level = 0);
  void type(const ast::TypeName& t);
  // print_query.cc, print_table.cc
  void query(const ast::Query& q);
  void table(const ast::TableRef& t);
  void window(const ast::WindowSpec& w);
  // print_statement.cc
  void statement(const ast::Statement& s);
  void script(const ast::Script& s);

 private:
  // Text.
  void put(std::string_view text) { out_ += text; }
  void new_line();  ///< a blank when everything stands on one line
  void indent() { ++indent_; }
  void dedent() { --indent_; }
  void name(const ast::Name& n);
  void qualified_name(const ast::QualifiedName& n);
  void names(const std::vector<ast::Name>& list);  ///< (a, b)
  void string(std::string_view value);
  void options(const std::vector<ast::Option>& list);
  void hint(const std::vector<ast::Option>& list);
  void expr_list(const std::vector<ast::Expr>& list);
  /// What `write` puts, on one line, without putting it.
  template <typename F>
  std::string preview(F write) {
    SqlPrinter one_line(false);
    write(one_line);
    return one_line.take();
  }
  bool fits(std::string_view text) const;

  // Expressions.
  void node(const ast::Literal& n);
  void node(const ast::Interval& n);
  void node(const ast::UnitWord& n);
  void node(const ast::ColumnRef& n);
  void node(const ast::Star& n);
  void node(const ast::Unary& n);
  void node(const ast::Binary& n);
  void node(const ast::IsTest& n);
  void node(const ast::Between& n);
  void node(const ast::InList& n);
  void node(const ast::InQuery& n);
  void node(const ast::Like& n);
  void node(const ast::Quantified& n);
  void node(const ast::Exists& n);
  void node(const ast::ScalarQuery& n);
  void node(const ast::Case& n);
  void node(const ast::Cast& n);
  void node(const ast::Call& n);
  void node(const ast::AtTimeZone& n);
  void node(const ast::RowValue& n);
  void node(const ast::ArrayValue& n);
  void node(const ast::MapValue& n);
  void node(const ast::FieldAccess& n);
  void node(const ast::Subscript& n);
  bool worded_call(const ast::Call& n);
  void plain_call(const ast::Call& n);
  void call_suffix(const ast::Call& n);
  void over(const ast::Over& n);
  void frame(const ast::Frame& n);
  void bound(const ast::FrameBound& n);
  void order_items(const std::vector<ast::OrderItem>& list);

  // Queries.
  void set_operand(const ast::Query& q, int min_level);
  void body(const ast::Select& s);
  void body(const ast::Values& v);
  void body(const ast::SetOperation& s);
  void common_tables(const ast::Query& q);
  void closing_clauses(const ast::Query& q);
  void select_items(const ast::Select& s);
  void select_item(const ast::SelectItem& item);
  void condition(std::string_view word, const ast::Expr& e);
  void group_item(const ast::GroupItem& item);
  void target(const ast::Target& t);
  void parenthesised(const ast::Query& q);

  // Tables.
  void node(const ast::NamedTable& n);
  void node(const ast::DerivedTable& n);
  void node(const ast::TableFunction& n);
  void node(const ast::WindowTable& n);
  void node(const ast::ChangelogTable& n);
  void node(const ast::Join& n);
  void table_operand(const ast::TableRef& t);
  void table_in_parens(const ast::TableRef& t);
  void input_table(const ast::TableRef& input, const std::vector<ast::Expr>& partition_by);
  void window_lengths(const ast::WindowSpec& w, std::vector<std::string>& arguments);
  void window_extras(const ast::WindowSpec& w, std::vector<std::string>& arguments);
  void window_parts(const ast::WindowSpec& w, std::vector<std::string>& arguments);

  // Statements.
  void node(const ast::SelectStatement& n);
  void node(const ast::CreateTable& n);
  void node(const ast::CreateView& n);
  void node(const ast::Insert& n);
  void node(const ast::Explain& n);
  void node(const ast::Show& n);
  void node(const ast::Describe& n);
  void node(const ast::Drop& n);
  void node(const ast::SetOption& n);
  void node(const ast::StartJob& n);
  void node(const ast::CreateFunction& n);
  void node(const ast::ControlJob& n);
  void column(const ast::ColumnDef& c);
  void create_head(bool or_replace, bool temporary, std::string_view what, bool if_not_exists);

  std::string out_;
  bool lines_;
  int indent_ = 0;
};

}  // namespace velo
