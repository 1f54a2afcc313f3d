#include "plan/rewrite.h"

namespace velo {

PlanPtr optimise(const PlanPtr& plan, WatermarkUse use, bool parallel) {
  // Conditions that have met below may exclude each other.
  const PlanPtr met = fold_plan(push_predicates(fold_plan(plan)));
  const PlanPtr merged = merge_projections(merge_keys(met));
  // Once a scan gives what is asked for and no more, the projection over it changes nothing.
  const PlanPtr pruned = merge_projections(prune_columns(merged, use));
  return share_equal_plans(parallel ? merge_projections(split_aggregates(pruned)) : pruned);
}

}  // namespace velo
