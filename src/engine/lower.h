#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/table_io.h"
#include "plan/catalog.h"
#include "runtime/job_graph.h"

namespace velo {

/// A script's queries as one job, and where the program meets it.
struct LoweredJob {
  JobGraph graph;
  struct PushedTable {
    size_t source;
    SchemaPtr schema;
    size_t partitions;
  };
  std::map<std::string, PushedTable, std::less<>> inputs;  ///< 'push' tables that are read
  std::map<std::string, std::shared_ptr<ResultPort>, std::less<>>
      outputs;                                       ///< 'push' tables that are written
  std::vector<std::shared_ptr<ResultPort>> results;  ///< bare SELECTs, in order
};

/// Plans to one graph of operators. Tables and shared sub-plans that several plans read are read
/// once. Plans whose top is no sink give to `results`. `catalog`: where dead-letter tables are
/// looked up. Errors: what no operator does yet (kNotSupported), side tables that do not fit.
Result<LoweredJob> lower(const std::vector<PlanPtr>& plans, const Catalog& catalog,
                         const TableSurroundings& around);

}  // namespace velo
