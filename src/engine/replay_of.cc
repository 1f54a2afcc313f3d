#include "engine/replay_of.h"

#include <algorithm>

#include "engine/dealing.h"

namespace velo {
namespace {

void never(std::string why, ReplayRule* rule) {
  if (rule->kind == ReplayRule::Kind::kNever) return;
  rule->kind = ReplayRule::Kind::kNever;
  rule->why = std::move(why);
}

void add_window(const ReplayRule::Window& window, ReplayRule* rule) {
  if (rule->kind == ReplayRule::Kind::kNever) return;
  rule->kind = ReplayRule::Kind::kRecent;
  if (std::find(rule->windows.begin(), rule->windows.end(), window) == rule->windows.end()) {
    rule->windows.push_back(window);
  }
}

void take_window(const WindowAggregateNode& node, ReplayRule* rule) {
  const PlanWindow& window = node.window;
  if (window.kind == PlanWindowKind::kSession) return never("SESSION windows", rule);
  if (node.lateness_us > 0) return never("ALLOWED LATENESS", rule);
  if (node.grace_us > 0) return never("GRACE PERIOD", rule);
  if (window.unit != WindowUnit::kMicroseconds) return never("calendar windows", rule);
  ReplayRule::Window open;
  open.size_us = window.size;
  open.slide_us = window.kind == PlanWindowKind::kTumble ? window.size : window.slide;
  open.offset_us = window.offset_us;
  open.step_us = (*node.input()->schema)[window.time_column].type.step_us();
  open.cumulates = window.kind == PlanWindowKind::kCumulate;
  add_window(open, rule);
}

/// What ends is read first, and whole in every process; the rows of the other side pass it by.
bool only_looks_up(const JoinNode& join) {
  return join.form == JoinForm::kBuild && is_whole(*join.inputs[join.build]);
}

void take_join(const JoinNode& node, ReplayRule* rule) {
  if (node.join != PlanJoinKind::kInner || node.form != JoinForm::kInterval) {
    return never("a join, but for an inner one by time,", rule);
  }
  if (rule->kind == ReplayRule::Kind::kNever) return;
  rule->kind = ReplayRule::Kind::kRecent;
  rule->joins = true;
}

/// What stands above a plan.
enum class Above : uint8_t { kNothing, kWindow, kJoin };

/// From the sinks down: what a source needs is what stands above it.
class Walk {
 public:
  void visit(const PlanNode& plan, ReplayRule rule, Above above) {
    switch (plan.kind) {
      case PlanKind::kScan:
        return reach(plan.as<ScanNode>().table->name, rule);
      case PlanKind::kRepartition:
        reach(plan.as<RepartitionNode>().topic, rule);
        // What is in its topic is needed of nobody else.
        return visit(*plan.input(), ReplayRule(), Above::kNothing);
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
        if (above == Above::kWindow) never("windows over PROCTIME()", &rule);
        break;
      case PlanKind::kWindowAggregate:
        if (above == Above::kWindow) never("windows over windows", &rule);
        if (above == Above::kJoin) never("a join of windows", &rule);
        take_window(plan.as<WindowAggregateNode>(), &rule);
        above = Above::kWindow;
        break;
      case PlanKind::kAggregate:
        never("GROUP BY without a window", &rule);
        break;
      case PlanKind::kJoin:
        if (only_looks_up(plan.as<JoinNode>())) break;
        if (above == Above::kWindow) never("windows over a join", &rule);
        if (above == Above::kJoin) never("a join of joins", &rule);
        take_join(plan.as<JoinNode>(), &rule);
        above = Above::kJoin;
        break;
      case PlanKind::kOver:
        never("OVER", &rule);
        break;
      case PlanKind::kTopN:
        never("ROW_NUMBER() with a bound", &rule);
        break;
      case PlanKind::kNormalize:
      case PlanKind::kKeepLast:
        never("changes by key", &rule);
        break;
      default:
        never("ORDER BY, LIMIT or a changelog", &rule);
        break;
    }
    for (const PlanPtr& input : plan.inputs) visit(*input, rule, above);
  }

  std::map<std::string, ReplayRule> take() { return std::move(rules_); }

 private:
  void reach(const std::string& source, const ReplayRule& rule) {
    ReplayRule& known = rules_[source];
    if (rule.kind == ReplayRule::Kind::kNever) never(rule.why, &known);
    for (const ReplayRule::Window& window : rule.windows) add_window(window, &known);
    if (!rule.joins || known.kind == ReplayRule::Kind::kNever) return;
    known.kind = ReplayRule::Kind::kRecent;
    known.joins = true;
  }

  std::map<std::string, ReplayRule> rules_;
};

}  // namespace

std::map<std::string, ReplayRule> replay_of(const std::vector<PlanPtr>& plans) {
  Walk walk;
  for (const PlanPtr& plan : plans) walk.visit(*plan, ReplayRule(), Above::kNothing);
  return walk.take();
}

}  // namespace velo
