#include "engine/replay_of.h"

#include <algorithm>

namespace velo {
namespace {

class Walk {
 public:
  void visit(const PlanNode& plan, bool under_window) {
    switch (plan.kind) {
      case PlanKind::kScan:
      case PlanKind::kValues:
      case PlanKind::kFilter:
      case PlanKind::kProject:
      case PlanKind::kWindowAssign:
      case PlanKind::kExpand:
      case PlanKind::kUnnest:
      case PlanKind::kUnion:
      case PlanKind::kShared:
      case PlanKind::kSink:
        break;
      case PlanKind::kProcessingTime:
        if (under_window) never("windows over PROCTIME()");
        break;
      case PlanKind::kWindowAggregate:
        if (under_window) never("windows over windows");
        take_window(plan.as<WindowAggregateNode>());
        under_window = true;
        break;
      case PlanKind::kAggregate:
        never("GROUP BY without a window");
        break;
      case PlanKind::kJoin:
        never("a join");
        break;
      case PlanKind::kOver:
        never("OVER");
        break;
      case PlanKind::kTopN:
        never("ROW_NUMBER() with a bound");
        break;
      case PlanKind::kNormalize:
      case PlanKind::kKeepLast:
        never("changes by key");
        break;
      default:
        never("ORDER BY, LIMIT or a changelog");
        break;
    }
    for (const PlanPtr& input : plan.inputs) visit(*input, under_window);
  }

  ReplayRule take() { return std::move(rule_); }

 private:
  void never(std::string why) {
    if (rule_.kind == ReplayRule::Kind::kNever) return;
    rule_.kind = ReplayRule::Kind::kNever;
    rule_.why = std::move(why);
  }

  void take_window(const WindowAggregateNode& node) {
    const PlanWindow& window = node.window;
    if (window.kind == PlanWindowKind::kSession) return never("SESSION windows");
    if (node.lateness_us > 0) return never("ALLOWED LATENESS");
    if (node.grace_us > 0) return never("GRACE PERIOD");
    if (window.unit != WindowUnit::kMicroseconds) return never("calendar windows");
    if (rule_.kind == ReplayRule::Kind::kNever) return;
    ReplayRule::Window open;
    open.size_us = window.size;
    open.slide_us = window.kind == PlanWindowKind::kTumble ? window.size : window.slide;
    open.offset_us = window.offset_us;
    open.step_us = (*node.input()->schema)[window.time_column].type.step_us();
    open.cumulates = window.kind == PlanWindowKind::kCumulate;
    rule_.kind = ReplayRule::Kind::kWindows;
    if (std::find(rule_.windows.begin(), rule_.windows.end(), open) == rule_.windows.end()) {
      rule_.windows.push_back(open);
    }
  }

  ReplayRule rule_;
};

}  // namespace

ReplayRule replay_of(const std::vector<PlanPtr>& plans) {
  Walk walk;
  for (const PlanPtr& plan : plans) walk.visit(*plan, false);
  return walk.take();
}

}  // namespace velo
