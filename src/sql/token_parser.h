#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/ast.h"
#include "sql/token_cursor.h"

namespace velo {

/// How tightly operators bind, loosest first (PostgreSQL's table). The printer uses the same
/// levels.
enum BindingLevel : int {
  kLevelLowest = 0,
  kLevelOr,
  kLevelAnd,
  kLevelNot,
  kLevelIs,
  kLevelComparison,  ///< does not chain
  kLevelRange,       ///< BETWEEN, IN, LIKE: do not chain
  kLevelConcat,
  kLevelAdd,
  kLevelMultiply,
  kLevelAtZone,
  kLevelSign,
  kLevelPostfix,  ///< :: [ ] .
  kLevelPrimary,
};

/// Recursive descent over tokens, one function per rule; operators by precedence climbing. A syntax
/// error throws SyntaxFailure, which never leaves this folder. The rules stand in parse_<topic>.cc.
class TokenParser {
 public:
  TokenParser(std::string_view text, const std::vector<Token>& tokens) : cursor_(text, tokens) {}

  TokenCursor& cursor() { return cursor_; }

  // parse_statement.cc, parse_create.cc
  ast::Statement::Node statement();
  /// Expects that nothing but an optional ';' follows.
  void finish();

  // parse_query.cc
  ast::Query query();

  // parse_expression.cc
  ast::Expr expression(int min_level = kLevelLowest);

  // parse_type.cc
  ast::TypeName type(bool allow_not_null);

 private:
  // Names and small things (parse_name.cc).
  bool at_name() const;
  ast::Name name(std::string_view what);
  ast::Name any_word(std::string_view what);  ///< keywords too: after AS and '.'
  ast::QualifiedName qualified_name(std::string_view what);
  std::vector<ast::Name> name_list();  ///< (a, b)
  std::string string_value();
  std::vector<ast::Option> options();  ///< after WITH: ('k' = 'v', …)
  std::vector<ast::Option> options_until(TokenKind close);
  ast::Option option();
  std::string option_word(SourceSpan& span);
  std::string option_value(SourceSpan& span);
  ast::Target target(std::string_view what);
  void fail_twice(std::string_view clause, SourceSpan span);

  // Statements.
  ast::SelectStatement select_statement();
  ast::Explain explain();
  ast::Show show();
  ast::Describe describe();
  ast::Drop drop();
  ast::SetOption set();
  ast::SetOption reset();
  ast::StartJob start_job();
  ast::CreateFunction create_function(bool temporary, bool system);
  ast::ControlJob control_job(ast::JobAction action);
  ast::Insert insert();
  bool at_query();
  ast::RelationKind relation_kind();

  // CREATE.
  ast::Statement::Node create();
  ast::CreateTable create_table(ast::CreateTable out);
  ast::CreateView create_view(ast::CreateView out);
  void table_elements(ast::CreateTable& out);
  void table_element(ast::CreateTable& out);
  ast::ColumnDef column(size_t first);
  void column_constraints(ast::ColumnDef& out);
  ast::PrimaryKeyDef primary_key(size_t first);
  ast::WatermarkDef watermark(size_t first);
  void take_query_options(std::vector<ast::Option>& into, ast::Query& from);

  // Queries.
  std::vector<ast::CommonTable> common_tables();
  ast::Query set_expression(ast::Query& closing, int min_level);
  ast::Query continue_set(ast::Query left, ast::Query& closing, int min_level);
  ast::Query continue_query(ast::Query first);
  ast::Query set_operand(ast::Query& closing);
  ast::Values values();
  ast::Select select(ast::Query& closing);
  ast::SelectItem select_item();
  bool select_clause(ast::Select& out);
  void window_clause(ast::Select& out);
  bool closing_clause(ast::Query& out);
  bool limiting_clause(ast::Query& out);
  bool emission_clause(ast::Query& out);
  std::vector<ast::GroupItem> group_items(TokenKind close);
  ast::GroupItem group_item();
  std::vector<ast::OrderItem> order_items();
  std::optional<ast::Name> alias(bool* had_as);
  bool at_set_operator();
  bool at_query_tail();  ///< something that can follow a query in parentheses, within its query

  // Tables in FROM (parse_table.cc).
  ast::TableRef from_clause();
  ast::TableRef joined_table();
  ast::TableRef table_primary();
  ast::TableRef table_in_parens();
  ast::TableRef table_function();
  ast::TableRef table_in_table_call(size_t first);
  ast::TableRef named_table();
  void table_options(ast::NamedTable& table);
  bool options_belong_to_table(const ast::NamedTable& table) const;
  std::optional<ast::TableAlias> table_alias();
  bool join_kind(ast::Join& join);
  void join_condition(ast::Join& join);
  void join_within(ast::Join& join);

  // Changes as rows, and back (parse_changelog.cc).
  bool at_changelog_function() const;
  ast::TableRef changelog_table();
  void changelog_argument(ast::ChangelogTable& out);

  // Windows (parse_window.cc).
  bool at_window_function() const;
  ast::TableRef window_table();
  /// The table that a function in FROM takes: [TABLE] t [PARTITION BY k].
  ast::TableRef input_table(std::vector<ast::Expr>& partition_by);
  ast::WindowSpec window_clause_spec();
  void ksql_window_part(ast::WindowSpec& window);
  bool at_ksql_part();
  ast::WindowSpec group_window(const ast::Call& call, SourceSpan span);
  ast::Argument window_argument(bool after_named);
  void assign_window_arguments(ast::WindowSpec& window, std::vector<ast::Argument> arguments);
  void assign_named(ast::WindowSpec& window, const ast::Name& name, ast::Expr value);
  void assign_positional(ast::WindowSpec& window, std::vector<ast::Expr> values);
  void take_leading_time(ast::WindowSpec& window, std::vector<ast::Expr>& values);
  void take_session_keys(ast::WindowSpec& window, std::vector<ast::Expr>& values);
  void check_window(const ast::WindowSpec& window);

  // Expressions.
  ast::Expr expression_at(int min_level);
  ast::Expr prefix(int min_level);
  ast::Expr postfix(ast::Expr operand);
  ast::Expr primary();
  ast::Expr literal(ast::LiteralKind kind);
  std::optional<ast::Expr> word_primary();
  std::optional<ast::Expr> time_literal();
  ast::Expr in_parens();
  ast::Expr column_or_call();
  ast::Expr case_expression();
  ast::Expr cast(bool try_cast);
  bool infix(ast::Expr& left, int min_level, int& max_level);
  bool word_infix(ast::Expr& left, int min_level, int& max_level);
  bool is_infix(ast::Expr& left);
  bool range_infix(ast::Expr& left, int min_level, int& max_level);
  void comparison(ast::Expr& left, ast::BinaryOp op);
  ast::Expr between(ast::Expr left, bool negated);
  ast::Expr in(ast::Expr left, bool negated);
  ast::Expr like(ast::Expr left, ast::LikeKind kind, bool negated);
  ast::Expr interval();
  std::optional<ast::TimeUnit> accept_time_unit();
  ast::TimeUnit time_unit();
  ast::Expr make_interval_at(std::string_view text, std::optional<ast::TimeUnit> from,
                             std::optional<ast::TimeUnit> to, size_t first);
  /// A duration in any spelling (5m, 5 MINUTES, '5m', INTERVAL …) or, failing that, an expression.
  ast::Expr duration();
  std::vector<ast::Expr> expression_list();

  // Calls (parse_call.cc).
  ast::Expr call(ast::Name name, size_t first);
  std::optional<ast::Expr> special_call();
  ast::Expr extract_call(size_t first);
  ast::Expr substring_call(size_t first);
  ast::Expr trim_call(size_t first);
  ast::Expr json_object_call(size_t first);
  ast::Expr position_call(size_t first);
  ast::Expr overlay_call(size_t first);
  ast::Expr rounding_call(size_t first);
  ast::Expr unit_call(size_t first);
  ast::Argument argument();
  void call_suffix(ast::Call& call);
  void call_list(ast::Call& call);
  ast::Over over();
  ast::Over over_in_parens();
  bool over_part(ast::Over& over, std::optional<int64_t>& buffer_rows);
  ast::Frame frame();
  ast::FrameBound frame_bound();
  void narrow_frame(ast::Over& over, int64_t buffer_rows);

  // Types.
  ast::TypeName type_core();
  void type_arguments(ast::TypeName& out, size_t max);
  void type_elements(ast::TypeName& out, size_t count);
  void row_fields(ast::TypeName& out);
  void time_zone_suffix(ast::TypeName& out);
  void interval_type(ast::TypeName& out);

  /// Bounds recursion and tree height; see kNestingMax and kTreeHeightMax. One per recursive rule.
  class Nest {
   public:
    explicit Nest(TokenParser& parser);
    ~Nest();
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    TokenParser& parser_;
    int height_outside_;
  };
  /// One more node on top of what was parsed in the current Nest.
  void grow();

  TokenCursor cursor_;
  int nesting_ = 0;
  int height_ = 0;  ///< of the tallest tree in the current Nest
};

}  // namespace velo
