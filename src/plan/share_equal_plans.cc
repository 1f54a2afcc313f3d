// 1. Sub-plans that keep state are counted, the equal ones together. (What keeps none is cheaper to
//    do twice than to hand on; tables are read once anyway.)
// 2. From the root down, one that is there more than once becomes a SharedNode; nothing below it is
//    looked at, for it is shared with it.
#include <algorithm>
#include <unordered_map>

#include "base/fmt.h"
#include "plan/plan_build.h"
#include "plan/rewrite.h"
#include "plan/same_plan.h"

namespace velo {
namespace {

class Sharing {
 public:
  void count(const PlanPtr& plan) {
    if (plan->kind == PlanKind::kShared) return;
    if (keeps_state(*plan)) {
      Found& found = find_or_add(plan);
      if (++found.times > 1) return;  // what is below was counted
    }
    for (const PlanPtr& input : plan->inputs) count(input);
  }

  PlanPtr share(const PlanPtr& plan) {
    if (plan->kind == PlanKind::kShared) return plan;
    Found* found = keeps_state(*plan) ? &find_or_add(plan) : nullptr;
    if (found != nullptr && found->shared != nullptr) return found->shared;
    std::vector<PlanPtr> inputs;
    for (const PlanPtr& input : plan->inputs) inputs.push_back(share(input));
    PlanPtr made = with_inputs(plan, std::move(inputs));
    if (found == nullptr || found->times < 2) return made;
    found->shared = make_found_plan(++shared_, std::move(made));
    return found->shared;
  }

 private:
  struct Found {
    PlanPtr plan;
    size_t times = 0;
    PlanPtr shared;
  };
  Found& find_or_add(const PlanPtr& plan) {
    std::vector<std::unique_ptr<Found>>& equals = found_[plan_hash(*plan)];
    for (const auto& found : equals) {
      if (same_plan(*found->plan, *plan)) return *found;
    }
    equals.push_back(std::make_unique<Found>());
    equals.back()->plan = plan;
    return *equals.back();
  }
  static PlanPtr make_found_plan(size_t number, PlanPtr plan) {
    const SourceSpan span = plan->span;
    return make_shared_plan(fmt::format("sub-plan {}", number), std::move(plan), span);
  }

  std::unordered_map<uint64_t, std::vector<std::unique_ptr<Found>>> found_;
  size_t shared_ = 0;
};

}  // namespace

PlanPtr share_equal_plans(const PlanPtr& plan) {
  Sharing sharing;
  sharing.count(plan);
  return sharing.share(plan);
}

}  // namespace velo
