#include "plan/rewrite.h"

namespace velo {

PlanPtr optimise(const PlanPtr& plan) { return plan; }

}  // namespace velo
