#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/options.h"
#include "base/result.h"
#include "plan/catalog.h"
#include "plan/plan_node.h"
#include "plan/table_options.h"
#include "sql/ast.h"
#include "sql/variables.h"

namespace velo {

/// Something that runs but is probably not what was meant.
struct Warning {
  std::string message;
  Place place;
  std::string excerpt;
  std::string hint;
  /// "warning: message\n  at 3:7\n  <excerpt>\n  hint: …", without trailing newline.
  std::string to_string() const;
};

/// A bare SELECT: its rows are shown.
struct BoundQuery {
  PlanPtr plan;
};
/// A job that writes; `plan` is a SinkNode.
struct BoundInsert {
  PlanPtr plan;
  std::optional<std::string> created;  ///< CREATE … AS SELECT with a connector: the table it made
};
/// CREATE: the catalog has it now (or had it, with IF NOT EXISTS). Nothing to run.
struct BoundDefinition {
  std::string name;
  bool existed = false;
};
/// DROP: gone from the catalog (or never there, with IF EXISTS).
struct BoundDrop {
  std::string name;
  bool existed = true;
};
/// SET: in the settings now. RESET: gone from them. Without a name: show or reset all.
struct BoundSet {
  std::string name;
  std::string value;
  bool reset = false;
};
struct BoundStatement;
struct BoundExplain {
  bool analyze = false;
  std::vector<std::string> details;
  std::shared_ptr<const BoundStatement> statement;
};
struct BoundDescribe {
  bool extended = false;
  CatalogEntry entry;
};
/// DESCRIBE kafka('topic'): a table that does not exist, as it could be created.
struct BoundProposal {
  TableDefPtr table;
  OptionMap written;  ///< its options with their variables
  std::string guess;  ///< what its columns were guessed from
};
struct BoundStartJob {
  std::string name;
  std::shared_ptr<const BoundStatement> statement;
  OptionMap options;
};

/// A statement ready to be carried out.
struct BoundStatement {
  std::variant<BoundQuery, BoundInsert, BoundDefinition, BoundDrop, BoundSet, BoundExplain,
               BoundDescribe, BoundProposal, ast::Show, BoundStartJob, ast::ControlJob>
      node;
  std::vector<Warning> warnings;
  std::vector<ast::Annotation> annotations;  ///< all known ones

  /// The plan of a query or insert, else null.
  PlanPtr plan() const;
};

/// What a statement is bound against and what DDL changes. Borrowed.
struct BinderContext {
  Catalog* catalog;
  const TableKinds* kinds;
  OptionMap* settings;       ///< SET, --set
  VariableLookup variables;  ///< for ${VAR} in option values and names of tables
  bool optimise = true;      ///< off only to look at plans before the rewrites
  bool parallel = false;     ///< more than one thread will read tables
};

/// Binds one statement; CREATE, DROP and SET take effect. `text`: what the statement was parsed
/// from (spans point into it). Errors carry line, column and a caret excerpt; after an error
/// nothing has changed.
Result<BoundStatement> bind_statement(const ast::Statement& statement, std::string_view text,
                                      const BinderContext& context);

/// Binds one query, as the top of a job that only looks on.
Result<PlanPtr> bind_query(const ast::Query& query, std::string_view text,
                           const BinderContext& context, std::vector<Warning>* warnings);

}  // namespace velo
