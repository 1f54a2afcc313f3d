#pragma once

#include <memory>
#include <vector>

#include "expr/aggregate.h"
#include "operator/emit_options.h"
#include "operator/operator.h"

namespace velo {

struct GroupAggregateOptions {
  SchemaPtr input;
  SchemaPtr output;  ///< keys, then aggregates
  std::vector<ExprPtr> keys;
  std::vector<Aggregate> aggregates;
  /// Groups that exist at the end even over no rows: values of the last key (BIGINT), all other
  /// keys NULL.
  std::vector<int64_t> standing;
  int time_column =
      -1;  ///< event time of the input, for FIRST_VALUE and its kin; −1: arrival decides
  bool retractable = false;  ///< the input may take rows back
  EmitOptions emit;
  /// kFinal: groups are given whenever there are many, and begun anew.
  bool partial = false;
  int64_t ttl_us = 0;  ///< a group not touched for so long (wall clock) is forgotten; 0 = never
};

/// GROUP BY without a window, and DISTINCT (no aggregates). kFinal: all groups in the order of
/// their keys when the input ends. A group is there as long as it has rows; the one group without
/// keys, and standing ones, at the end even over none.
std::unique_ptr<Operator> make_group_aggregate(GroupAggregateOptions options);

}  // namespace velo
