#include "plan/rewrite.h"

namespace velo {

PlanPtr optimise(const PlanPtr& plan) {
  return prune_columns(merge_projections(push_predicates(fold_plan(plan))));
}

}  // namespace velo
