// A grouping over rows that several threads read is done twice: each thread groups its own rows,
// and what comes out, far less, is dealt by key and grouped again. COUNT(x) becomes SUM(COUNT(x)),
// MIN(x) becomes MIN(MIN(x)).
//
// Invariant: the answer is the same to the last bit, whoever read which row. So it is not done for
// sums of DOUBLE, which round, nor for what depends on the order of rows or needs all of them
// (DISTINCT, medians, lists).
#include <algorithm>
#include <array>

#include "plan/plan_build.h"
#include "plan/rewrite.h"

namespace velo {
namespace {

/// Whether rows come as the threads read them: nothing below has dealt them by key or brought them
/// together.
bool is_spread(const PlanNode& plan) {
  switch (plan.kind) {
    case PlanKind::kScan:
      return true;
    case PlanKind::kFilter:
    case PlanKind::kProject:
    case PlanKind::kExpand:
    case PlanKind::kUnnest:
    case PlanKind::kWindowAssign:
      return is_spread(*plan.input());
    default:
      return false;
  }
}

/// The two halves of an aggregate: what a thread computes, and the function over that.
struct Halves {
  Aggregate partial;
  std::string_view whole;
};

std::optional<Halves> split(const Aggregate& aggregate) {
  const std::string_view name = aggregate.function->name();
  const bool counts = name == "COUNT";
  constexpr std::array<std::string_view, 5> kSame = {"MIN", "MAX", "SUM", "BOOL_AND", "BOOL_OR"};
  if (!counts && std::find(kSame.begin(), kSame.end(), name) == kSame.end()) return std::nullopt;
  for (const Component& component : aggregate.components) {
    const bool whole = component.kind == AccumulatorKind::kDistinct ||
                       component.kind == AccumulatorKind::kSumDouble;
    if (whole || !component.order.empty()) return std::nullopt;
  }
  if (counts) return Halves{aggregate, "SUM"};
  if (name != "SUM") return Halves{aggregate, name};
  const Component& sum = aggregate.components[0];
  const Type& type = sum.inputs[0]->type();
  if (!type.is_decimal() && !type.is_integer()) return std::nullopt;
  if (type.kind() != TypeKind::kBigInt) return Halves{aggregate, "SUM"};
  // A thread's sum of BIGINT may leave the type where the sum of all does not.
  AggregateRequest request;
  request.name = "SUM";
  request.filter = sum.filter;
  Result<ExprPtr> wide = make_cast(sum.inputs[0], Type::decimal(19, 0));
  if (!wide) return std::nullopt;
  request.args = {std::move(*wide)};
  Result<Aggregate> partial = resolve_aggregate(request);
  if (!partial) return std::nullopt;
  return Halves{std::move(*partial), "SUM"};
}

/// What the aggregate is, from what the second grouping made of it.
Result<ExprPtr> finished(const Aggregate& aggregate, ExprPtr whole) {
  if (aggregate.function->name() == "COUNT") {
    return make_coalesce({std::move(whole), make_int64(Type::bigint(), 0)});
  }
  if (whole->type() == aggregate.type) return whole;
  return make_cast(std::move(whole), aggregate.type);
}

/// Nothing if some aggregate cannot be split.
Result<PlanPtr> split_grouping(const AggregateNode& node) {
  GroupingParts first = parts_of(node);
  GroupingParts second = first;
  first.partial = true;
  first.standing.clear();
  second.keys.clear();
  second.aggregates.clear();
  std::vector<std::string_view> functions;
  for (size_t i = 0; i < node.aggregates.size(); ++i) {
    std::optional<Halves> halves = split(node.aggregates[i].aggregate);
    if (!halves) return PlanPtr{};
    std::string text = halves->partial.text;
    first.aggregates[i] = {std::move(halves->partial), std::move(text)};
    functions.push_back(halves->whole);
  }
  const PlanPtr partial = make_aggregate(node.input(), std::move(first));
  const size_t keys = node.keys.size();
  for (size_t i = 0; i < keys; ++i) second.keys.push_back(column_of(*partial, i));
  for (size_t i = 0; i < functions.size(); ++i) {
    AggregateRequest request;
    request.name = functions[i];
    request.args = {column_of(*partial, keys + i)};
    Aggregate whole = TRY(resolve_aggregate(request));
    std::string text = whole.text;
    second.aggregates.push_back({std::move(whole), std::move(text)});
  }
  const PlanPtr whole = make_aggregate(partial, std::move(second));
  std::vector<ExprPtr> columns;
  for (size_t i = 0; i < keys; ++i) columns.push_back(column_of(*whole, i));
  for (size_t i = 0; i < functions.size(); ++i) {
    columns.push_back(TRY(finished(node.aggregates[i].aggregate, column_of(*whole, keys + i))));
  }
  return make_project(whole, std::move(columns), column_names(node), node.span);
}

}  // namespace

PlanPtr split_aggregates(const PlanPtr& plan) {
  if (plan->kind == PlanKind::kShared) return plan;
  std::vector<PlanPtr> inputs;
  for (const PlanPtr& input : plan->inputs) inputs.push_back(split_aggregates(input));
  const PlanPtr same = with_inputs(plan, std::move(inputs));
  if (same->kind != PlanKind::kAggregate) return same;
  const auto& node = same->as<AggregateNode>();
  const bool in_one_go = node.emit.mode == PlanEmitMode::kFinal && !node.partial &&
                         !node.input()->changelog.changing && is_spread(*node.input());
  if (!in_one_go) return same;
  const Result<PlanPtr> halves = split_grouping(node);
  return halves && *halves ? *halves : same;
}

}  // namespace velo
