#pragma once

#include <string>
#include <vector>

#include "plan/plan_node.h"

namespace velo {

struct ExplainOptions {
  bool changelog = true;  ///< whether rows of each node may be taken back
  bool state = true;      ///< what bounds the state of each operator
};

/// The plan as a tree of text, inputs below and indented, expressions in SQL; ends with a newline:
///
///     Sink alerts: symbol, n [append]
///       Project symbol, n
///         WindowAggregate TUMBLE(ts, INTERVAL '1' MINUTE) …
std::string explain(const PlanNode& plan, const ExplainOptions& options = {});

/// A line for each operator that keeps state, and what bounds it: "Aggregate GROUP BY symbol: state
/// each key for INTERVAL '1' HOUR". One line "no state" if there is none.
std::vector<std::string> state_texts(const PlanNode& plan);

}  // namespace velo
