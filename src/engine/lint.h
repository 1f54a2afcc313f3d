#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "plan/plan_node.h"
#include "sql/ast.h"

namespace velo {

/// Notes on a script as a whole, for those who ask (`Engine::check`); none stops a run.
///
/// Tables that it makes and no query of it reads, writes or names in an option
/// ('bad-records.sink'). A script without queries only defines and has none.
std::vector<Error> unused_tables(const ast::Script& script, std::string_view text,
                                 const std::vector<PlanPtr>& plans);

/// "q.sql:3", for a line of its own about a statement. `source_name` "" = the text at hand.
std::string statement_place(const ast::Statement& statement, std::string_view text,
                            std::string_view source_name);
/// The statement on one line, cut to `most` bytes.
std::string statement_headline(const ast::Statement& statement, std::string_view text, size_t most);

}  // namespace velo
