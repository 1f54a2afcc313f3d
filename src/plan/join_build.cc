// JoinNode: how its sides wait for each other, and what is known of its output.
#include <algorithm>

#include "plan/join_condition.h"
#include "plan/join_order.h"
#include "plan/plan_build.h"

namespace velo {
namespace {

std::string_view clause_of(PlanJoinKind kind) {
  constexpr std::string_view kClauses[] = {
      "JOIN",      "LEFT JOIN", "RIGHT JOIN",   "FULL JOIN",
      "SEMI JOIN", "ANTI JOIN", "IN or EXISTS", "a sub-query as a value"};
  return kClauses[static_cast<size_t>(kind)];
}

bool has_time(const PlanNode& plan) {
  return std::any_of(plan.traits.begin(), plan.traits.end(), [](const ColumnTraits& column) {
    return column.event_time || column.window != WindowRole::kNone;
  });
}

/// The side that is read whole before the other passes by it, and why that one.
struct BuildSide {
  size_t side = 1;
  std::string_view reason;
};

/// Of two that could be: the one without an event time, which only the other's rows keep; then the
/// smaller.
BuildSide choose_build_side(const PlanNode& left, const PlanNode& right) {
  if (has_time(left)) return {1, ""};
  if (has_time(right)) return {0, "the right one has an event time"};
  const std::optional<uint64_t> left_bytes = source_bytes(left);
  const std::optional<uint64_t> right_bytes = source_bytes(right);
  if (left_bytes && right_bytes && *left_bytes < *right_bytes) return {0, "it is the smaller"};
  return {1, ""};
}

/// A side can be read first if it ends and does not change, and its rows need not come out alone
/// while the other goes on.
std::optional<BuildSide> build_side(const JoinNode& node) {
  const auto can = [&](size_t side) {
    return node.inputs[side]->bounded && !node.inputs[side]->changelog.changing;
  };
  const bool inner = node.join == PlanJoinKind::kInner;
  if (inner && can(0) && can(1)) return choose_build_side(*node.inputs[0], *node.inputs[1]);
  if (can(1)) {
    const bool alone = node.join == PlanJoinKind::kRight || node.join == PlanJoinKind::kFull;
    if (!alone || can(0)) return BuildSide{1, ""};
  }
  if (can(0) && (inner || node.join == PlanJoinKind::kRight)) return BuildSide{0, ""};
  return std::nullopt;
}

void set_form(JoinNode& node, JoinCondition condition) {
  node.left_keys = std::move(condition.left_keys);
  node.right_keys = std::move(condition.right_keys);
  node.rest = std::move(condition.rest);
  if (node.asof) {
    node.form = JoinForm::kAsof;
    node.times = condition.until;
    node.bound = {StateBoundKind::kWatermark, 0};
    return;
  }
  if (condition.times) {
    node.form = JoinForm::kInterval;
    node.times = condition.times;
    node.times->left_shift_us += node.grace_us;
    node.times->right_shift_us += node.grace_us;
    node.bound = {StateBoundKind::kWatermark, 0};
    return;
  }
  if (const std::optional<BuildSide> build = build_side(node)) {
    node.form = JoinForm::kBuild;
    node.build = build->side;
    node.build_reason = build->reason;
    node.bound = {StateBoundKind::kBoundedInput, 0};
    return;
  }
  node.form = JoinForm::kStream;
  const bool ends = node.inputs[0]->bounded && node.inputs[1]->bounded;
  node.bound = ends ? PlanStateBound{StateBoundKind::kBoundedInput, 0} : node.fallback;
}

bool gives_left_only(PlanJoinKind kind) {
  return kind == PlanJoinKind::kSemi || kind == PlanJoinKind::kAnti || kind == PlanJoinKind::kMark;
}

/// A row without partner comes out at once and goes when one comes.
void set_changelog(JoinNode& node) {
  for (const PlanPtr& input : node.inputs) {
    if (!input->changelog.changing || node.changelog.changing) continue;
    node.changelog = input->changelog;
    node.changelog.key.clear();
    node.changelog.single_row = false;
  }
  const bool subquery = node.join == PlanJoinKind::kMark || node.join == PlanJoinKind::kSingle;
  const bool pads = node.join != PlanJoinKind::kInner && node.join != PlanJoinKind::kSemi;
  if (!node.changelog.changing && pads && node.form == JoinForm::kStream) {
    node.changelog.changing = true;
    node.changelog.cause =
        std::string(clause_of(node.join)) +
        (subquery ? " over tables that go on" : " without a bound on the time between its rows");
    node.changelog.cause_span = node.span;
  }
  if (!node.changelog.changing) return;
  const auto& left = node.inputs[0]->changelog;
  const auto& right = node.inputs[1]->changelog;
  if (gives_left_only(node.join) || subquery) {
    node.changelog.key = left.key;
    return;
  }
  if (left.key.empty() || right.key.empty()) return;
  // NULLs in the place of a key tell rows apart as values do.
  node.changelog.key = left.key;
  for (const size_t key : right.key) {
    node.changelog.key.push_back(node.inputs[0]->schema->size() + key);
  }
}

/// Event times and window bounds stay what they are where the output's watermark waits for them.
void set_traits(JoinNode& node) {
  node.traits.clear();
  for (size_t side = 0; side < (gives_left_only(node.join) ? 1u : 2u); ++side) {
    const bool timed =
        node.form == JoinForm::kInterval || (node.form == JoinForm::kBuild && node.build != side);
    const size_t time = !node.times ? 0
                        : side == 0 ? node.times->left_column
                                    : node.times->right_column;
    for (size_t i = 0; i < node.inputs[side]->traits.size(); ++i) {
      ColumnTraits traits = node.inputs[side]->traits[i];
      // Another event time of an interval join may lie further back than rows wait.
      const bool waits =
          node.form != JoinForm::kInterval || i == time || traits.window != WindowRole::kNone;
      if (!timed || !waits) traits = {};
      node.traits.push_back(traits);
    }
  }
  if (node.join == PlanJoinKind::kMark) node.traits.emplace_back();
}

}  // namespace

PlanPtr make_join(PlanPtr left, PlanPtr right, JoinParts parts) {
  auto node = std::make_shared<JoinNode>();
  std::vector<Field> fields = left->schema->fields();
  if (parts.kind == PlanJoinKind::kMark) fields.push_back({parts.mark, Type::boolean()});
  if (!gives_left_only(parts.kind)) {
    for (const Field& field : right->schema->fields()) fields.push_back(field);
  }
  node->schema = make_schema(std::move(fields));
  node->bounded = left->bounded && right->bounded;
  node->join = parts.kind;
  node->grace_us = parts.grace_us;
  node->asof = parts.asof;
  node->fallback = parts.fallback;
  node->span = parts.span;
  node->late = parts.late;
  node->moved = parts.moved;
  node->compared = std::move(parts.compared);
  node->mark = std::move(parts.mark);
  node->one_row = parts.one_row;
  // A value waits for nothing: that no later row comes is known of sides that end alone.
  const bool with_times = parts.kind != PlanJoinKind::kMark && parts.kind != PlanJoinKind::kSingle;
  JoinCondition condition =
      sort_join_condition(parts.conjuncts, *left, *right, parts.asof, with_times);
  node->conjuncts = std::move(parts.conjuncts);
  node->inputs = {std::move(left), std::move(right)};
  set_form(*node, std::move(condition));
  set_changelog(*node);
  set_traits(*node);
  return node;
}

JoinParts parts_of(const JoinNode& node) {
  return {node.join, node.conjuncts, node.grace_us, node.asof, node.fallback, node.span,
          node.late, node.moved,     node.compared, node.mark, node.one_row};
}

}  // namespace velo
