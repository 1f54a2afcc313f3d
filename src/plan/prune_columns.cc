// From the root down each node is told which of its output columns are read; it keeps those (and
// may keep more), asks its inputs for what it reads itself, and says where the columns went.
//
// Invariant: for every column that was asked for, `Pruned::at` holds its new index.
#include <algorithm>
#include <array>

#include "base/check.h"
#include "plan/plan_build.h"
#include "plan/rewrite.h"

namespace velo {
namespace {

/// Columns of an output that are read, ascending; and whether somebody waits for its watermark.
struct Needs {
  std::vector<size_t> columns;
  bool watermark = false;

  void add(size_t column) {
    const auto at = std::lower_bound(columns.begin(), columns.end(), column);
    if (at == columns.end() || *at != column) columns.insert(at, column);
  }
  void add(const Expr& expr) { collect_columns(expr, &columns); }
};

struct Pruned {
  PlanPtr plan;
  std::vector<size_t> at;  ///< new index by old index
};

Pruned prune(const PlanPtr& plan, Needs needs);

std::vector<size_t> same_places(const PlanNode& plan) {
  std::vector<size_t> at(plan.schema->size());
  for (size_t i = 0; i < at.size(); ++i) at[i] = i;
  return at;
}

std::vector<ExprPtr> remap_all(const std::vector<ExprPtr>& exprs, const std::vector<size_t>& at) {
  std::vector<ExprPtr> out;
  for (const ExprPtr& expr : exprs) out.push_back(remap_columns(expr, at));
  return out;
}

/// Exactly the given old columns, in that order.
PlanPtr exactly(const Pruned& pruned, const std::vector<size_t>& columns) {
  bool same = columns.size() == pruned.plan->schema->size();
  for (size_t i = 0; i < columns.size(); ++i) same = same && pruned.at[columns[i]] == i;
  if (same) return pruned.plan;
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (const size_t column : columns) {
    exprs.push_back(column_of(*pruned.plan, pruned.at[column]));
    names.push_back((*pruned.plan->schema)[pruned.at[column]].name);
  }
  return make_project(pruned.plan, std::move(exprs), std::move(names), pruned.plan->span);
}

Pruned prune_scan(const ScanNode& scan, Needs needs) {
  if (needs.watermark && scan.watermark) needs.add(scan.watermark->column);
  std::vector<size_t> table_columns;
  std::vector<size_t> at(scan.schema->size(), 0);
  std::vector<ExprPtr> outputs;
  for (const size_t column : needs.columns) {
    at[column] = table_columns.size();
    table_columns.push_back(scan.output_columns[column]);
  }
  return {make_scan(scan.table, table_columns, needs.watermark && scan.watermark, scan.span),
          std::move(at)};
}

Pruned prune_values(const ValuesNode& values, const Needs& needs) {
  std::vector<Field> fields;
  std::vector<size_t> at(values.schema->size(), 0);
  for (const size_t column : needs.columns) {
    at[column] = fields.size();
    fields.push_back((*values.schema)[column]);
  }
  std::vector<std::vector<ExprPtr>> rows;
  for (const std::vector<ExprPtr>& row : values.rows) {
    std::vector<ExprPtr> kept;
    for (const size_t column : needs.columns) kept.push_back(row[column]);
    rows.push_back(std::move(kept));
  }
  return {make_values(std::move(fields), std::move(rows), values.span), std::move(at)};
}

Pruned prune_project(const ProjectNode& project, const Needs& needs) {
  Needs below;
  below.watermark = needs.watermark;
  for (const size_t column : needs.columns) below.add(*project.exprs[column]);
  const Pruned input = prune(project.input(), std::move(below));
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  std::vector<size_t> at(project.exprs.size(), 0);
  for (const size_t column : needs.columns) {
    at[column] = exprs.size();
    exprs.push_back(remap_columns(project.exprs[column], input.at));
    names.push_back((*project.schema)[column].name);
  }
  return {make_project(input.plan, std::move(exprs), std::move(names), project.span),
          std::move(at)};
}

/// The clock is what it is for: it stays.
Pruned prune_processing_time(const ProcessingTimeNode& node, const Needs& needs) {
  const size_t columns = node.input()->schema->size();
  Needs below;
  for (const size_t column : needs.columns) {
    if (column < columns) below.add(column);
  }
  const Pruned input = prune(node.input(), std::move(below));
  std::vector<size_t> at = input.at;
  at.push_back(input.plan->schema->size());
  return {make_processing_time(input.plan, node.schema->fields().back().name, node.span),
          std::move(at)};
}

Pruned prune_window_assign(const WindowAssignNode& assign, const Needs& needs) {
  const size_t columns = assign.input()->schema->size();
  Needs below;
  below.watermark = needs.watermark;
  for (const size_t column : needs.columns) {
    if (column < columns) below.add(column);
  }
  below.add(assign.window.time_column);
  const Pruned input = prune(assign.input(), std::move(below));
  PlanWindow window = assign.window;
  window.time_column = input.at[window.time_column];
  std::vector<size_t> at = input.at;
  for (size_t i = 0; i < 3; ++i) at.push_back(input.plan->schema->size() + i);
  return {make_window_assign(input.plan, window, assign.span), std::move(at)};
}

/// What a grouping reads of its input, once only the aggregates that are read remain.
Needs needs_of(const GroupingParts& parts) {
  Needs needs;
  for (const ExprPtr& key : parts.keys) needs.add(*key);
  for (const PlanAggregate& aggregate : parts.aggregates) {
    for (const ExprPtr& expr : expressions_of(aggregate)) needs.add(*expr);
  }
  return needs;
}

/// Drops the aggregates whose columns (from `first` on) nobody reads, but for one at least if
/// there were any. `at` learns the new places of all columns.
void drop_aggregates(const Needs& needs, size_t first, GroupingParts* parts,
                     std::vector<size_t>* at) {
  at->resize(first + parts->aggregates.size(), 0);
  for (size_t i = 0; i < first; ++i) (*at)[i] = i;
  std::vector<PlanAggregate> kept;
  for (size_t i = 0; i < parts->aggregates.size(); ++i) {
    const bool read = std::binary_search(needs.columns.begin(), needs.columns.end(), first + i);
    const bool last_chance = kept.empty() && i + 1 == parts->aggregates.size();
    if (!read && !last_chance) continue;
    (*at)[first + i] = first + kept.size();
    kept.push_back(std::move(parts->aggregates[i]));
  }
  parts->aggregates = std::move(kept);
}

void remap_parts(GroupingParts* parts, const std::vector<size_t>& at) {
  parts->keys = remap_all(parts->keys, at);
  for (PlanAggregate& aggregate : parts->aggregates) {
    aggregate =
        rewrite_aggregate(aggregate, [&](const ExprPtr& expr) { return remap_columns(expr, at); });
  }
}

Pruned prune_window_aggregate(const WindowAggregateNode& node, const Needs& needs) {
  GroupingParts parts = parts_of(node);
  std::vector<size_t> at;
  const size_t bounds =
      (node.outputs.start ? 1u : 0u) + (node.outputs.end ? 1u : 0u) + (node.outputs.time ? 1u : 0u);
  drop_aggregates(needs, parts.keys.size() + bounds, &parts, &at);
  Needs below = needs_of(parts);
  below.watermark = true;
  below.add(node.window.time_column);
  std::optional<PlanLateOutput> late = node.late;
  if (late) {
    for (const LateColumn& column : late->columns) {
      if (column.reads_input()) below.add(column.input_column);
      if (column.field == LateField::kPosition) below.add(column.offset_column);
    }
  }
  const Pruned input = prune(node.input(), std::move(below));
  remap_parts(&parts, input.at);
  PlanWindow window = node.window;
  window.time_column = input.at[window.time_column];
  if (late) {
    for (LateColumn& column : late->columns) {
      if (column.reads_input()) column.input_column = input.at[column.input_column];
      if (column.field == LateField::kPosition) {
        column.offset_column = input.at[column.offset_column];
      }
    }
  }
  return {make_window_aggregate(input.plan, window, node.outputs, std::move(parts),
                                node.lateness_us, node.grace_us, std::move(late)),
          std::move(at)};
}

Pruned prune_aggregate(const AggregateNode& node, const Needs& needs) {
  GroupingParts parts = parts_of(node);
  std::vector<size_t> at;
  drop_aggregates(needs, parts.keys.size(), &parts, &at);
  Needs below = needs_of(parts);
  const bool by_time =
      std::any_of(parts.aggregates.begin(), parts.aggregates.end(),
                  [](const PlanAggregate& a) { return a.aggregate.needs_event_time(); });
  if (by_time && node.time_column) {
    below.add(*node.time_column);
    below.watermark = true;  // keeps the column an event time
  }
  const Pruned input = prune(node.input(), std::move(below));
  remap_parts(&parts, input.at);
  return {make_aggregate(input.plan, std::move(parts)), std::move(at)};
}

Pruned prune_over(const OverNode& node, const Needs& needs) {
  OverParts parts = parts_of(node);
  const size_t columns = node.input()->schema->size();
  Needs below;
  below.watermark = true;
  for (const size_t column : needs.columns) {
    if (column < columns) below.add(column);
  }
  below.add(node.time_column);
  for (const ExprPtr& key : parts.partition) below.add(*key);
  for (const PlanAggregate& aggregate : parts.aggregates) {
    for (const ExprPtr& expr : expressions_of(aggregate)) below.add(*expr);
  }
  const Pruned input = prune(node.input(), std::move(below));
  parts.time_column = input.at[node.time_column];
  parts.partition = remap_all(parts.partition, input.at);
  for (PlanAggregate& aggregate : parts.aggregates) {
    aggregate = rewrite_aggregate(
        aggregate, [&](const ExprPtr& expr) { return remap_columns(expr, input.at); });
  }
  std::vector<size_t> at = input.at;
  for (size_t i = 0; i < parts.aggregates.size(); ++i) {
    at.push_back(input.plan->schema->size() + i);
  }
  return {make_over(input.plan, std::move(parts)), std::move(at)};
}

Pruned prune_union(const UnionNode& node, const Needs& needs) {
  std::vector<PlanPtr> inputs;
  for (const PlanPtr& input : node.inputs) {
    inputs.push_back(exactly(prune(input, needs), needs.columns));
  }
  std::vector<size_t> at(node.schema->size(), 0);
  for (size_t i = 0; i < needs.columns.size(); ++i) at[needs.columns[i]] = i;
  return {make_union(std::move(inputs), node.span), std::move(at)};
}

/// Both sides give what is read of them and what the condition reads.
Pruned prune_join(const JoinNode& node, const Needs& needs) {
  const size_t left = node.inputs[0]->schema->size();
  std::vector<size_t> wanted = needs.columns;
  for (const ExprPtr& conjunct : node.conjuncts) collect_columns(*conjunct, &wanted);
  std::array<Needs, 2> below;
  for (const size_t column : wanted) {
    below[column < left ? 0 : 1].add(column < left ? column : column - left);
  }
  const bool timed = node.form == JoinForm::kInterval || node.form == JoinForm::kAsof;
  below[0].watermark = timed || (needs.watermark && node.build == 1);
  below[1].watermark = timed || (needs.watermark && node.build == 0);
  const Pruned first = prune(node.inputs[0], std::move(below[0]));
  const Pruned second = prune(node.inputs[1], std::move(below[1]));
  std::vector<size_t> at = first.at;
  for (const size_t place : second.at) at.push_back(first.plan->schema->size() + place);
  JoinParts parts = parts_of(node);
  parts.conjuncts = remap_all(parts.conjuncts, at);
  if (node.schema->size() == left) at.resize(left);
  return {make_join(first.plan, second.plan, std::move(parts)), std::move(at)};
}

/// The number is given only if somebody reads it.
Pruned prune_top_n(const TopNNode& node, const Needs& needs) {
  const size_t columns = node.input()->schema->size();
  Needs below;
  TopNParts parts = parts_of(node);
  bool number = false;
  for (const size_t column : needs.columns) {
    if (column < columns) below.add(column);
    number |= column == columns;
  }
  if (!number) parts.name.clear();
  for (const ExprPtr& key : parts.partition) below.add(*key);
  for (const PlanOrder& order : parts.order) below.add(*order.key);
  below.watermark = node.form == TopNForm::kWindow;
  const Pruned input = prune(node.input(), std::move(below));
  parts.partition = remap_all(parts.partition, input.at);
  for (PlanOrder& order : parts.order) order.key = remap_columns(order.key, input.at);
  std::vector<size_t> at = input.at;
  at.push_back(input.plan->schema->size());
  return {make_top_n(input.plan, std::move(parts)), std::move(at)};
}

Pruned prune_order_by(const OrderByNode& node, Needs needs) {
  for (const PlanOrder& key : node.keys) needs.add(*key.key);
  Pruned input = prune(node.input(), std::move(needs));
  std::vector<PlanOrder> keys = node.keys;
  for (PlanOrder& key : keys) key.key = remap_columns(key.key, input.at);
  return {make_order_by(input.plan, std::move(keys), node.span), std::move(input.at)};
}

Pruned prune(const PlanPtr& plan, Needs needs) {
  switch (plan->kind) {
    case PlanKind::kScan:
      return prune_scan(plan->as<ScanNode>(), std::move(needs));
    case PlanKind::kValues:
      return prune_values(plan->as<ValuesNode>(), needs);
    case PlanKind::kFilter: {
      const ExprPtr& predicate = plan->as<FilterNode>().predicate;
      needs.add(*predicate);
      Pruned input = prune(plan->input(), std::move(needs));
      return {make_filter(input.plan, remap_columns(predicate, input.at), plan->span),
              std::move(input.at)};
    }
    case PlanKind::kProject:
      return prune_project(plan->as<ProjectNode>(), needs);
    case PlanKind::kProcessingTime:
      return prune_processing_time(plan->as<ProcessingTimeNode>(), needs);
    case PlanKind::kWindowAssign:
      return prune_window_assign(plan->as<WindowAssignNode>(), needs);
    case PlanKind::kWindowAggregate:
      return prune_window_aggregate(plan->as<WindowAggregateNode>(), needs);
    case PlanKind::kAggregate:
      return prune_aggregate(plan->as<AggregateNode>(), needs);
    case PlanKind::kOver:
      return prune_over(plan->as<OverNode>(), needs);
    case PlanKind::kUnion:
      return prune_union(plan->as<UnionNode>(), needs);
    case PlanKind::kJoin:
      return prune_join(plan->as<JoinNode>(), needs);
    case PlanKind::kTopN:
      return prune_top_n(plan->as<TopNNode>(), needs);
    case PlanKind::kRowNumber:
      return {plan, same_places(*plan)};
    case PlanKind::kOrderBy:
      return prune_order_by(plan->as<OrderByNode>(), std::move(needs));
    case PlanKind::kLimit: {
      Pruned input = prune(plan->input(), std::move(needs));
      const auto& limit = plan->as<LimitNode>();
      return {make_limit(input.plan, limit.limit, limit.offset, plan->span), std::move(input.at)};
    }
    case PlanKind::kShared:
      return {plan, same_places(*plan)};
    case PlanKind::kSink:
      break;
  }
  CHECK(plan->kind == PlanKind::kSink);
  const std::vector<size_t> all = same_places(*plan);
  const PlanPtr input = exactly(prune(plan->input(), {all, false}), all);
  return {with_inputs(plan, {input}), all};
}

}  // namespace

PlanPtr prune_columns(const PlanPtr& plan, WatermarkUse use) {
  const std::vector<size_t> all = same_places(*plan);
  return exactly(prune(plan, {all, use == WatermarkUse::kReadersAbove}), all);
}

}  // namespace velo
