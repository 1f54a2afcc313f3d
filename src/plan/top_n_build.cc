// TopNNode: what a bound on the rank makes of OverNode.
#include <algorithm>

#include "plan/plan_build.h"

namespace velo {
namespace {

constexpr int64_t kWindowTimeStepUs = 1000;  // window_time = window_end − 1 ms
// A row whose time equals the watermark is still taken: sources that say WATERMARK FOR ts AS ts
// have several rows of one time.
constexpr int64_t kSameTimeUs = 1;

void add_number(PlanNode& node, const std::string& name) {
  std::vector<Field> fields = node.schema->fields();
  fields.push_back({name, Type::bigint()});
  node.schema = make_schema(std::move(fields));
  node.traits.emplace_back();
}

void set_changelog(TopNNode& node) {
  const PlanNode& input = *node.input();
  if (node.form != TopNForm::kStream) return;
  node.changelog.changing = true;
  node.changelog.cause = "the first rows of a partition, which later ones may push out";
  node.changelog.cause_span = node.span;
  std::vector<size_t> keys;
  for (const ExprPtr& key : node.partition) {
    if (key->kind() != ExprKind::kColumn) return;
    keys.push_back(key->index());
  }
  if (node.limit == 1 && node.rank == OverFunction::kRowNumber) {
    node.changelog.key = std::move(keys);
    node.changelog.single_row = node.partition.empty();
  } else if (node.with_rank && node.rank == OverFunction::kRowNumber) {
    node.changelog.key = std::move(keys);
    node.changelog.key.push_back(input.schema->size());
  } else {
    node.changelog.key = input.changelog.key;
  }
}

}  // namespace

int64_t arrival_shift_us(const PlanNode& plan, size_t column) {
  const int64_t step_us = (*plan.schema)[column].type.step_us();
  switch (plan.traits[column].window) {
    case WindowRole::kEnd:
      return -step_us;
    case WindowRole::kTime:
      return kWindowTimeStepUs - step_us;
    case WindowRole::kStart:
    case WindowRole::kNone:
      break;
  }
  return kSameTimeUs;
}

std::optional<size_t> partition_time(const PlanNode& input, const std::vector<ExprPtr>& partition) {
  for (const ExprPtr& key : partition) {
    if (key->kind() != ExprKind::kColumn) continue;
    const ColumnTraits& traits = input.traits[key->index()];
    if (traits.event_time || traits.window == WindowRole::kEnd) return key->index();
  }
  return std::nullopt;
}

PlanPtr make_top_n(PlanPtr input, TopNParts parts) {
  auto node = std::make_shared<TopNNode>();
  node->schema = input->schema;
  node->traits = input->traits;
  node->bounded = input->bounded;
  node->rank = parts.rank;
  node->limit = parts.limit;
  node->with_rank = !parts.name.empty();
  node->fallback = parts.fallback;
  node->span = parts.span;
  const std::optional<size_t> time = partition_time(*input, parts.partition);
  if (time && !input->changelog.changing) {
    node->form = TopNForm::kWindow;
    node->time_column = *time;
    node->shift_us = arrival_shift_us(*input, *time);
    node->bound = {StateBoundKind::kWatermark, 0};
  } else {
    // Other event times than that of the partition are passed by while it waits.
    for (ColumnTraits& traits : node->traits) traits = {};
    node->form = input->bounded ? TopNForm::kEnd : TopNForm::kStream;
    // RANK and DENSE_RANK let through any number of rows that are equal.
    const bool few = parts.partition.empty() && !input->changelog.changing &&
                     parts.rank == OverFunction::kRowNumber;
    node->bound = input->bounded ? PlanStateBound{StateBoundKind::kBoundedInput, 0}
                  : few          ? PlanStateBound{StateBoundKind::kSingleGroup, 0}
                                 : parts.fallback;
  }
  node->partition = std::move(parts.partition);
  node->order = std::move(parts.order);
  node->inputs = {std::move(input)};
  if (node->with_rank) add_number(*node, parts.name);
  set_changelog(*node);
  return node;
}

TopNParts parts_of(const TopNNode& node) {
  const std::string name = node.with_rank ? node.schema->fields().back().name : "";
  return {node.partition, node.order, node.rank, node.limit, name, node.fallback, node.span};
}

}  // namespace velo
