#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "expr/expr.h"
#include "plan/plan_node.h"

namespace velo {

/// How the rows of a plan are dealt to the processes that run it together.
struct Dealing {
  /// Every process has all rows by itself: they are of no topic.
  bool whole = false;
  /// Rows that are equal in all of these are in the same process; of each, the expressions over the
  /// plan's output that equal it (none: it is not told any more). No keys: one process has all.
  std::vector<std::vector<ExprPtr>> keys;
  /// Keys that are equal stand in partitions of equal number where this is equal as well, and there
  /// are as many partitions.
  std::string scheme;
  /// Whose partitions these are.
  std::string topic;
  /// For those who wonder: "the messages of 't' are keyed by k".
  std::string says;
};

/// Errors: options of a table that say nothing sensible of keys.
Result<Dealing> dealing_of(const PlanNode& plan);

/// Whether no row of the plan is of a topic.
bool is_whole(const PlanNode& plan);

/// Whether rows that are equal in `keys` are in the same process.
bool is_dealt_by(const Dealing& dealing, const std::vector<ExprPtr>& keys);

/// Whether the rows came through a topic that deals them by just these keys.
bool is_dealt_anew_by(const Dealing& dealing, const std::vector<ExprPtr>& keys);

/// Whether partners of the join stand in partitions of equal number, if there are as many of them.
bool dealt_alike(const JoinNode& join, const Dealing& left, const Dealing& right);

/// Whether every row of one side comes out of the join in the process that has it, its keys as they
/// are: not so where the other side has rows without partners.
bool keeps_keys(PlanJoinKind join, size_t side);

}  // namespace velo
