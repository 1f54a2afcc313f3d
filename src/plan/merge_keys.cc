// A key of a grouping that other keys decide (GROUP BY a, a + 1), or that is the same for all rows,
// makes no group of its own: it is computed from the others, once per group instead of per row.
//
// Invariant: some key remains where there was one, because a grouping without keys has a group over
// no rows.
#include <algorithm>

#include "plan/plan_build.h"
#include "plan/rewrite.h"

namespace velo {
namespace {

bool reads_only(const Expr& expr, const std::vector<size_t>& columns) {
  std::vector<size_t> read;
  collect_columns(expr, &read);
  return std::all_of(read.begin(), read.end(), [&](size_t column) {
    return std::find(columns.begin(), columns.end(), column) != columns.end();
  });
}

/// Keys that are plain columns decide the others.
std::vector<bool> needed_keys(const std::vector<ExprPtr>& keys) {
  std::vector<bool> needed(keys.size(), true);
  std::vector<size_t> columns;
  for (const ExprPtr& key : keys) {
    if (key->kind() == ExprKind::kColumn) columns.push_back(key->index());
  }
  size_t left = keys.size();
  for (size_t i = 0; i < keys.size() && left > 1; ++i) {
    const Expr& key = *keys[i];
    const bool simple = key.kind() != ExprKind::kColumn && key.is_deterministic() &&
                        !key.can_fail() && reads_only(key, columns);
    if (!simple) continue;
    needed[i] = false;
    --left;
  }
  return needed;
}

/// The grouping by the needed keys alone, and over it a projection that gives all columns again.
template <typename Make>
PlanPtr merge(const PlanPtr& plan, GroupingParts parts, const Make& make) {
  const std::vector<bool> needed = needed_keys(parts.keys);
  if (std::all_of(needed.begin(), needed.end(), [](bool need) { return need; })) return plan;
  const std::vector<ExprPtr> keys = std::move(parts.keys);
  const std::vector<std::string> names = std::move(parts.key_names);
  parts.keys.clear();
  parts.key_names.clear();
  // Where a column of the input that is a key stands in the new output.
  std::vector<size_t> place(plan->input()->schema->size(), 0);
  std::vector<size_t> place_of_key(keys.size(), 0);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!needed[i]) continue;
    if (keys[i]->kind() == ExprKind::kColumn) place[keys[i]->index()] = parts.keys.size();
    place_of_key[i] = parts.keys.size();
    parts.keys.push_back(keys[i]);
    parts.key_names.push_back(names[i]);
  }
  const size_t gone = keys.size() - parts.keys.size();
  const PlanPtr grouped = make(std::move(parts));
  std::vector<ExprPtr> exprs;
  for (size_t i = 0; i < keys.size(); ++i) {
    exprs.push_back(needed[i] ? column_of(*grouped, place_of_key[i])
                              : remap_columns(keys[i], place));
  }
  for (size_t i = keys.size(); i < plan->schema->size(); ++i) {
    exprs.push_back(column_of(*grouped, i - gone));
  }
  return make_project(grouped, std::move(exprs), column_names(*plan), plan->span);
}

}  // namespace

PlanPtr merge_keys(const PlanPtr& plan) {
  if (plan->kind == PlanKind::kShared) return plan;
  std::vector<PlanPtr> inputs;
  for (const PlanPtr& input : plan->inputs) inputs.push_back(merge_keys(input));
  const PlanPtr same = with_inputs(plan, std::move(inputs));
  if (same->kind == PlanKind::kAggregate) {
    const auto& node = same->as<AggregateNode>();
    return merge(same, parts_of(node), [&](GroupingParts parts) {
      return make_aggregate(node.input(), std::move(parts));
    });
  }
  if (same->kind == PlanKind::kWindowAggregate) {
    const auto& node = same->as<WindowAggregateNode>();
    return merge(same, parts_of(node), [&](GroupingParts parts) {
      return make_window_aggregate(node.input(), node.window, node.outputs, std::move(parts),
                                   node.lateness_us, node.grace_us, node.late);
    });
  }
  return same;
}

}  // namespace velo
