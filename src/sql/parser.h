#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"

/// SQL text to syntax tree. The whole text must parse; an error has code kSyntax, line, column, a
/// caret excerpt, what was expected, and "did you mean" where a word looks misspelt. All functions
/// are pure and thread-safe. Nesting is bounded (kNestingMax in sql/token_cursor.h), so no text can
/// overflow the stack; texts up to 4 GiB.
namespace velo {

/// Statements separated by ';'. An empty text is a script without statements. Returns the first
/// error.
Result<ast::Script> parse_script(std::string_view text);

/// What could be parsed, and the first error of every statement that could not.
struct ScriptWithErrors {
  ast::Script script;
  std::vector<Error> errors;
};
ScriptWithErrors parse_script_with_errors(std::string_view text);

/// Exactly one statement, with or without a ';' at its end.
Result<ast::Statement> parse_statement(std::string_view text);

/// Exactly one query: SELECT, VALUES, WITH, a set operation, or one of these in parentheses.
Result<ast::Query> parse_query(std::string_view text);

/// Exactly one expression.
Result<ast::Expr> parse_expression(std::string_view text);

/// Exactly one type name: `ROW<a INT, b ARRAY<STRING>>`.
Result<ast::TypeName> parse_type(std::string_view text);

}  // namespace velo
