// OverNode: when its rows can be answered.
#include <algorithm>

#include "base/fmt.h"
#include "plan/plan_build.h"

namespace velo {
namespace {

/// The event time that rows are ordered by first, ascending.
std::optional<size_t> order_time(const PlanNode& input, const std::vector<PlanOrder>& order) {
  if (order.empty() || order[0].descending || order[0].key->kind() != ExprKind::kColumn) {
    return std::nullopt;
  }
  const size_t column = order[0].key->index();
  if (!input.traits[column].event_time) return std::nullopt;
  return column;
}

const PlanOverCall* whole_partition_call(const std::vector<PlanOverCall>& calls) {
  const auto found = std::find_if(calls.begin(), calls.end(), [](const PlanOverCall& call) {
    return call.call.needs_whole_partition();
  });
  return found == calls.end() ? nullptr : &*found;
}

/// The wall clock, if rows are ordered by it as they would be by an event time: then it becomes
/// one, which rows wait for until the clock has moved on.
std::optional<size_t> order_clock(const PlanNode& input, const OverParts& parts) {
  const std::vector<PlanOrder>& order = parts.order;
  if (input.bounded || input.changelog.changing || order.empty() || order[0].descending ||
      order[0].key->kind() != ExprKind::kColumn || whole_partition_call(parts.calls) != nullptr) {
    return std::nullopt;
  }
  const size_t column = order[0].key->index();
  if (!input.traits[column].processing_time) return std::nullopt;
  return column;
}

/// A state of every row, or of every value, for as long as the partition goes on.
bool grows_with_rows(const OverCall& call) {
  if (call.function != OverFunction::kAggregate ||
      call.frame.start.unit != OverBound::Unit::kUnbounded) {
    return false;
  }
  return std::any_of(call.aggregate.components.begin(), call.aggregate.components.end(),
                     [](const Component& component) {
                       return component.kind == AccumulatorKind::kDistinct ||
                              component.kind == AccumulatorKind::kValueList;
                     });
}

/// All frames are spans of time: what is known of a partition is over with them.
bool ends_with_time(const std::vector<PlanOverCall>& calls) {
  return std::all_of(calls.begin(), calls.end(), [](const PlanOverCall& call) {
    const OverBound& start = call.call.frame.start;
    const OverBound& end = call.call.frame.end;
    return call.call.has_frame() && start.unit == OverBound::Unit::kRange &&
           (end.unit == OverBound::Unit::kRange ||
            (end.unit == OverBound::Unit::kGroups && end.distance <= 0));
  });
}

/// Rows that come change the answers of others, or rows are taken back.
void give_changes(OverNode& node, const PlanNode& input) {
  node.form = PlanOverForm::kChanges;
  node.bound = node.fallback;
  node.changelog = input.changelog;  // rows are told apart as before
  if (input.changelog.changing) return;
  node.changelog.changing = true;
  const PlanOverCall* whole = whole_partition_call(node.calls);
  node.changelog.cause =
      whole != nullptr
          ? fmt::format("{} OVER, which needs all rows of its partition", whole->call.text)
          : std::string("OVER in another order than that of an event time, ascending");
  node.changelog.cause_span = node.span;
}

void choose_form(OverNode& node, const PlanNode& input) {
  const std::optional<size_t> window = partition_time(input, node.partition);
  const std::optional<size_t> time = order_time(input, node.order);
  const bool grows_only = !input.changelog.changing;
  if (grows_only && window) {
    node.form = PlanOverForm::kWindow;
    node.time_column = *window;
    node.bound = {StateBoundKind::kWatermark, 0};
  } else if (grows_only && time && whole_partition_call(node.calls) == nullptr) {
    node.form = PlanOverForm::kTime;
    node.time_column = *time;
    const bool grows = std::any_of(node.calls.begin(), node.calls.end(),
                                   [](const auto& call) { return grows_with_rows(call.call); });
    node.bound = input.bounded                ? PlanStateBound{StateBoundKind::kBoundedInput, 0}
                 : ends_with_time(node.calls) ? PlanStateBound{StateBoundKind::kWatermark, 0}
                 : node.partition.empty() && !grows
                     ? PlanStateBound{StateBoundKind::kSingleGroup, 0}
                     : node.fallback;
  } else if (input.bounded) {
    node.form = PlanOverForm::kEnd;
    node.bound = {StateBoundKind::kBoundedInput, 0};
  } else {
    return give_changes(node, input);
  }
  if (node.form != PlanOverForm::kEnd) {
    node.shift_us = arrival_shift_us(input, node.time_column);
  }
}

/// Rows that wait for one event time are passed by in the others.
void set_traits(OverNode& node, const PlanNode& input) {
  node.traits.resize(node.schema->size());
  if (node.form == PlanOverForm::kEnd || node.form == PlanOverForm::kChanges) return;
  const bool window = input.traits[node.time_column].window != WindowRole::kNone;
  for (size_t i = 0; i < input.traits.size(); ++i) {
    const bool same =
        i == node.time_column || (window && input.traits[i].window != WindowRole::kNone);
    if (same) node.traits[i] = input.traits[i];
  }
}

}  // namespace

PlanPtr make_over(PlanPtr input, OverParts parts) {
  if (const std::optional<size_t> clock = order_clock(*input, parts)) {
    input = stamp_column(input, *clock, parts.span);
  }
  auto node = std::make_shared<OverNode>();
  std::vector<Field> fields = input->schema->fields();
  for (const PlanOverCall& call : parts.calls) fields.push_back({call.name, call.call.type});
  node->schema = make_schema(std::move(fields));
  node->bounded = input->bounded;
  node->partition = std::move(parts.partition);
  node->order = std::move(parts.order);
  node->calls = std::move(parts.calls);
  node->fallback = parts.fallback;
  node->span = parts.span;
  choose_form(*node, *input);
  set_traits(*node, *input);
  node->inputs = {std::move(input)};
  return node;
}

OverParts parts_of(const OverNode& node) {
  return {node.partition, node.order, node.calls, node.fallback, node.span};
}

OverParts rewrite_over(OverParts parts, const ExprRewrite& rewrite) {
  for (ExprPtr& key : parts.partition) key = rewrite(key);
  for (PlanOrder& order : parts.order) order.key = rewrite(order.key);
  for (PlanOverCall& call : parts.calls) {
    OverCall& asked = call.call;
    if (asked.argument != nullptr) asked.argument = rewrite(asked.argument);
    if (asked.otherwise != nullptr) asked.otherwise = rewrite(asked.otherwise);
    asked.aggregate = rewrite_aggregate({asked.aggregate, ""}, rewrite).aggregate;
  }
  return parts;
}

std::vector<ExprPtr> expressions_of(const OverParts& parts) {
  std::vector<ExprPtr> all = parts.partition;
  for (const PlanOrder& order : parts.order) all.push_back(order.key);
  for (const PlanOverCall& call : parts.calls) {
    if (call.call.argument != nullptr) all.push_back(call.call.argument);
    if (call.call.otherwise != nullptr) all.push_back(call.call.otherwise);
    const std::vector<ExprPtr> inputs = expressions_of(PlanAggregate{call.call.aggregate, ""});
    all.insert(all.end(), inputs.begin(), inputs.end());
  }
  return all;
}

}  // namespace velo
