#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connector/connectors.h"
#include "plan/plan_node.h"
#include "runtime/job_graph.h"

namespace velo {

/// What readers of one table in one run need of it together: columns of the table, ascending.
struct TableColumns {
  std::vector<size_t> fields;
  std::vector<Type> types;  ///< of the fields; of a ROW perhaps only what is read
  std::vector<size_t> metadata;
};

/// How a table's partitions are shared with other processes, if they are: under which name, through
/// which member of the group in this process, and what that one reads in all.
struct SharedReading {
  std::string application = {};  ///< empty: they are not
  std::string member = {};
  std::shared_ptr<const GroupTopics> topics = {};
  bool again = false;  ///< from their beginning whenever they are dealt
};

/// The name of the member that reads the table: one for all that reach the same brokers in the same
/// way.
std::string member_name(const TableDef& table);

/// How a table is opened for reading. Nothing outside is touched before the job opens it.
Result<SourceSpec> make_source_spec(const TableDef& table, const TableColumns& columns,
                                    size_t batch_rows, const SharedReading& sharing,
                                    ConnectorContext context);

/// Gives the callback for a table that the program reads itself; looked up when rows come.
using OutputCallback = std::function<void(const Batch&)>;

/// How rows of `schema` are written to a table. `key`: columns that identify a changing row.
/// `deliver`: who takes the rows of a pushed table.
Result<std::unique_ptr<SinkPort>> make_table_sink(const TableDef& table, const SchemaPtr& schema,
                                                  SinkEncoding encoding, std::vector<size_t> key,
                                                  OutputCallback deliver, ConnectorContext context);

/// What a dead-letter table's columns mean, by their names. Errors name a column that means
/// nothing.
Result<DeadLetterSpec> make_dead_letter_spec(const TableDef& table);

}  // namespace velo
