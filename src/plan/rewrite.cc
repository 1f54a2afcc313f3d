#include "plan/rewrite.h"

namespace velo {

PlanPtr optimise(const PlanPtr& plan, WatermarkUse use) {
  const PlanPtr merged = merge_projections(push_predicates(fold_plan(plan)));
  // Once a scan gives what is asked for and no more, the projection over it changes nothing.
  return merge_projections(prune_columns(merged, use));
}

}  // namespace velo
