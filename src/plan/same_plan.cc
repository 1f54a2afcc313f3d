#include "plan/same_plan.h"

#include <algorithm>

#include "base/random.h"
#include "plan/plan_build.h"

namespace velo {
namespace {

bool same(const ExprPtr& a, const ExprPtr& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return *a == *b && !a->is_volatile();
}
bool same(const std::vector<ExprPtr>& a, const std::vector<ExprPtr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const ExprPtr& x, const ExprPtr& y) { return same(x, y); });
}
bool same(const std::vector<PlanAggregate>& a, const std::vector<PlanAggregate>& b) {
  const auto by_chance = [](const PlanAggregate& aggregate) {
    const std::vector<ExprPtr> exprs = expressions_of(aggregate);
    return std::any_of(exprs.begin(), exprs.end(),
                       [](const ExprPtr& expr) { return expr->is_volatile(); });
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](const PlanAggregate& x, const PlanAggregate& y) {
                      return same_aggregate(x.aggregate, y.aggregate) && !by_chance(x);
                    });
}
bool same(const PlanEmit& a, const PlanEmit& b) {
  return a.mode == b.mode && a.every_us == b.every_us && a.coalesce == b.coalesce;
}
bool same(const PlanStateBound& a, const PlanStateBound& b) {
  return a.kind == b.kind && a.ttl_us == b.ttl_us;
}
bool same(const WindowOutputs& a, const WindowOutputs& b) {
  return a.start == b.start && a.end == b.end && a.time == b.time;
}

bool same_scan(const ScanNode& a, const ScanNode& b) {
  return a.table == b.table && a.output_columns == b.output_columns && same(a.paths, b.paths) &&
         same(a.outputs, b.outputs) && a.watermark.has_value() == b.watermark.has_value();
}

bool same_window_aggregate(const WindowAggregateNode& a, const WindowAggregateNode& b) {
  return a.window == b.window && same(a.keys, b.keys) && same(a.aggregates, b.aggregates) &&
         same(a.outputs, b.outputs) && same(a.emit, b.emit) && a.lateness_us == b.lateness_us &&
         a.grace_us == b.grace_us && a.grouping_sets == b.grouping_sets && !a.late && !b.late &&
         same(a.bound, b.bound);
}

bool same_aggregate_node(const AggregateNode& a, const AggregateNode& b) {
  return same(a.keys, b.keys) && same(a.aggregates, b.aggregates) &&
         a.time_column == b.time_column && a.standing == b.standing && a.partial == b.partial &&
         same(a.emit, b.emit) && same(a.bound, b.bound);
}

bool same_join(const JoinNode& a, const JoinNode& b) {
  return a.join == b.join && same(a.conjuncts, b.conjuncts) && same(a.compared, b.compared) &&
         a.grace_us == b.grace_us && a.asof == b.asof && a.one_row == b.one_row &&
         a.form == b.form && a.build == b.build && !a.late && !b.late && same(a.bound, b.bound);
}

bool same_unnest(const UnnestNode& a, const UnnestNode& b) {
  return same(a.list, b.list) && a.ordinality == b.ordinality && a.keep_empty == b.keep_empty;
}

/// The nodes themselves, whatever is below them.
bool same_node(const PlanNode& a, const PlanNode& b) {
  switch (a.kind) {
    case PlanKind::kScan:
      return same_scan(a.as<ScanNode>(), b.as<ScanNode>());
    case PlanKind::kValues: {
      const auto& rows = a.as<ValuesNode>().rows;
      const auto& others = b.as<ValuesNode>().rows;
      return std::equal(rows.begin(), rows.end(), others.begin(), others.end(),
                        [](const auto& x, const auto& y) { return same(x, y); });
    }
    case PlanKind::kFilter:
      return same(a.as<FilterNode>().predicate, b.as<FilterNode>().predicate);
    case PlanKind::kProject:
      return same(a.as<ProjectNode>().exprs, b.as<ProjectNode>().exprs);
    case PlanKind::kWindowAssign:
      return a.as<WindowAssignNode>().window == b.as<WindowAssignNode>().window;
    case PlanKind::kExpand:
      return same(a.as<ExpandNode>().keys, b.as<ExpandNode>().keys) &&
             a.as<ExpandNode>().sets == b.as<ExpandNode>().sets;
    case PlanKind::kUnnest:
      return same_unnest(a.as<UnnestNode>(), b.as<UnnestNode>());
    case PlanKind::kWindowAggregate:
      return same_window_aggregate(a.as<WindowAggregateNode>(), b.as<WindowAggregateNode>());
    case PlanKind::kAggregate:
      return same_aggregate_node(a.as<AggregateNode>(), b.as<AggregateNode>());
    case PlanKind::kUnion:
    case PlanKind::kShared:
      return true;
    case PlanKind::kLimit:
      return a.as<LimitNode>().limit == b.as<LimitNode>().limit &&
             a.as<LimitNode>().offset == b.as<LimitNode>().offset;
    case PlanKind::kRepeat:
      return same(a.as<RepeatNode>().times, b.as<RepeatNode>().times);
    case PlanKind::kRepartition:
      return a.as<RepartitionNode>().topic == b.as<RepartitionNode>().topic;
    case PlanKind::kJoin:
      return same_join(a.as<JoinNode>(), b.as<JoinNode>());
    default:
      return false;
  }
}

uint64_t mix(uint64_t seed, uint64_t value) { return mix64(seed * 31 + value); }

}  // namespace

bool same_aggregate(const Aggregate& a, const Aggregate& b) {
  if (a.function != b.function || a.type != b.type || a.descending != b.descending ||
      a.components.size() != b.components.size() ||
      (a.parameter == nullptr) != (b.parameter == nullptr)) {
    return false;
  }
  if (a.parameter != nullptr && (a.parameter->type() != b.parameter->type() ||
                                 !rows_equal(*a.parameter, 0, *b.parameter, 0))) {
    return false;
  }
  for (size_t i = 0; i < a.components.size(); ++i) {
    if (a.components[i].emission != b.components[i].emission ||
        !a.components[i].same_state(b.components[i])) {
      return false;
    }
  }
  return true;
}

bool same_plan(const PlanNode& a, const PlanNode& b) {
  if (&a == &b) return true;
  if (a.kind != b.kind || !(*a.schema == *b.schema) || a.inputs.size() != b.inputs.size()) {
    return false;
  }
  if (!same_node(a, b)) return false;
  for (size_t i = 0; i < a.inputs.size(); ++i) {
    if (!same_plan(*a.inputs[i], *b.inputs[i])) return false;
  }
  return true;
}

uint64_t plan_hash(const PlanNode& plan) {
  uint64_t hash = mix(static_cast<uint64_t>(plan.kind), plan.schema->size());
  if (plan.kind == PlanKind::kScan) {
    hash = mix(hash, reinterpret_cast<uintptr_t>(plan.as<ScanNode>().table.get()));
  }
  if (plan.kind == PlanKind::kProject) {
    for (const ExprPtr& expr : plan.as<ProjectNode>().exprs) hash = mix(hash, expr->hash());
  }
  for (const PlanPtr& input : plan.inputs) hash = mix(hash, plan_hash(*input));
  return hash;
}

bool keeps_state(const PlanNode& plan) {
  return plan.kind == PlanKind::kWindowAggregate || plan.kind == PlanKind::kAggregate ||
         plan.kind == PlanKind::kJoin || plan.kind == PlanKind::kRepartition;
}

}  // namespace velo
