#pragma once

#include <string>
#include <string_view>

#include "sql/ast.h"

/// Syntax tree to text in the primary (Flink) spelling. For every tree the parser can make,
/// parse(print(tree)) == tree, and print(parse(print(tree))) == print(tree). (One exception: chains
/// such as x::t::u are printed as nested CASTs, so a text at the limit of nesting may print beyond
/// it.)
namespace velo {

/// Every statement with its comments, each closed by ';' and a newline: what `velo fmt` writes.
std::string print_sql(const ast::Script& script);

/// A statement over several lines, with its comments, closed by ';' (no newline after it).
std::string print_sql(const ast::Statement& statement);

/// A query over several lines.
std::string print_sql(const ast::Query& query);

/// A name as it has to be written: in backticks unless it can stand as it is.
std::string sql_name(std::string_view text);

/// One line each.
std::string print_sql(const ast::Expr& expr);
std::string print_sql(const ast::TypeName& type);
std::string print_sql(const ast::TableRef& table);
std::string print_sql(const ast::WindowSpec& window);

}  // namespace velo
