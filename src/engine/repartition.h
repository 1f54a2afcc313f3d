#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/connect.h"
#include "plan/plan_node.h"

namespace velo {

/// The topics that a table's options name; none if they name a pattern.
std::vector<std::string> topics_of(const TableDef& table);

/// What stands there, as errors name it.
std::string clause_of(const PlanNode& plan);

/// The plan with three columns more (see RepartitionNode), which say of each row which message it
/// is of. Errors name what stands in the way.
Result<PlanPtr> with_origins(const PlanPtr& plan);

/// How a RepartitionNode's topic is read and written. `like`: the table whose rows go through it,
/// or the first of them.
Result<SourceSpec> make_dealt_source(const RepartitionNode& node, const TableDef& like,
                                     const ReplayRule& rule, const SharedReading& sharing,
                                     ConnectorContext context);
Result<std::unique_ptr<SinkPort>> make_dealt_sink(const RepartitionNode& node, const TableDef& like,
                                                  const TimeZone* zone, ConnectorContext context);

}  // namespace velo
