#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plan/plan_node.h"
#include "plan/table_def.h"
#include "sql/ast.h"

namespace velo {

/// CREATE VIEW: a query that is bound anew wherever the view is read.
struct ViewDef {
  std::string name;
  bool temporary = false;
  std::vector<std::string> columns;  ///< names given to the query's columns; empty = its own
  ast::Query query;
  std::string text;  ///< of the statement, which the spans of `query` point into
  std::string comment;
};
using ViewDefPtr = std::shared_ptr<const ViewDef>;

/// CREATE STREAM|TABLE … AS SELECT without a connector: a sub-plan that all readers share.
struct SharedDef {
  std::string name;
  bool is_stream = false;
  bool temporary = false;
  PlanPtr plan;  ///< a SharedNode
  std::vector<size_t> primary_key;
  std::string text;
};
using SharedDefPtr = std::shared_ptr<const SharedDef>;

/// A name that FROM or INSERT INTO can use.
using CatalogEntry = std::variant<TableDefPtr, ViewDefPtr, SharedDefPtr>;
const std::string& entry_name(const CatalogEntry& entry);
/// "table", "stream" or "view".
std::string_view entry_kind(const CatalogEntry& entry);

/// The relations of a session, by name. Names differ by more than case unless they were quoted when
/// they were defined and when they are used. Not thread-safe; copies share the definitions.
class Catalog {
 public:
  /// The relation `name` refers to: the one spelt so, else the only one that differs by case
  /// (quoted names must be spelt exactly). nullptr if there is none.
  const CatalogEntry* find(const ast::Name& name) const;
  const CatalogEntry* find(std::string_view exact_name) const;

  /// Adds or, if there is one of that name, replaces.
  void put(CatalogEntry entry);
  /// False if there was none.
  bool remove(std::string_view exact_name);
  /// Ascending.
  std::vector<std::string> names() const;
  const std::map<std::string, CatalogEntry, std::less<>>& entries() const { return entries_; }

 private:
  std::map<std::string, CatalogEntry, std::less<>> entries_;
};

}  // namespace velo
