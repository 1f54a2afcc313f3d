#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/connect.h"
#include "plan/catalog.h"
#include "plan/plan_node.h"
#include "runtime/job_graph.h"

namespace velo {

/// A plan that is to run: a SinkNode writes, anything else is a result to be delivered.
struct LowerInput {
  PlanPtr plan;
  size_t result = 0;  ///< number of the result, if it is one
};

struct LowerContext {
  ConnectorContext connectors;
  const Catalog* catalog = nullptr;  ///< for dead-letter tables
  size_t batch_rows = 1024;
  uint32_t parallelism = 1;
  const TimeZone* zone = TimeZone::utc();
  std::string application = {};  ///< setting 'application.id'
  std::map<std::string, ReplayRule> replay = {};  ///< see replay_of
  /// Who takes the rows of a result, and of a pushed table.
  std::function<OutputCallback(size_t result)> result_callback = {};
  std::function<OutputCallback(const std::string& table)> output_callback = {};
};

/// Makes the plans of a script one graph: a table is read once however many read it, a shared
/// sub-plan runs once, a table that several statements write to has one sink.
Result<JobGraph> lower(const std::vector<LowerInput>& plans, const LowerContext& context);

}  // namespace velo
