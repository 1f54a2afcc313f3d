// From the root down each node is told which of its output columns are read, and of which ROW
// columns only fields; it keeps those (and may keep more), asks its inputs for what it reads
// itself, and says where they went. A field that reaches a scan becomes a column of its own there,
// and what nobody reads of the ROW is never decoded.
//
// Invariant: for every column that was asked for, `Pruned::at` holds its new index; for every field
// either `Pruned::fields` holds its new column, or `at` its whole column's.
#include <algorithm>
#include <array>

#include "base/check.h"
#include "plan/column_needs.h"
#include "plan/rewrite.h"

namespace velo {
namespace {

Pruned prune(const PlanPtr& plan, Needs needs);

/// As `prune`, and without what was only read below: for inputs whose rows are kept.
Pruned prune_kept(const PlanPtr& plan, Needs needs) { return narrowed(prune(plan, needs), needs); }

std::vector<size_t> same_places(const PlanNode& plan) {
  std::vector<size_t> at(plan.schema->size());
  for (size_t i = 0; i < at.size(); ++i) at[i] = i;
  return at;
}

Pruned prune_scan(const ScanNode& scan, Needs needs) {
  if (needs.watermark && scan.watermark) needs.add(scan.watermark->column);
  std::vector<ExprPtr> outputs;  // over the table's columns
  for (const size_t column : scan.output_columns) {
    const TableColumn& def = scan.table->columns[column];
    outputs.push_back(make_column(column, def.type, def.name));
  }
  outputs.insert(outputs.end(), scan.paths.begin(), scan.paths.end());
  std::vector<size_t> table_columns;
  std::vector<ExprPtr> paths;
  std::vector<size_t> at(scan.schema->size(), 0);
  for (const size_t column : needs.columns()) {
    at[column] = table_columns.size() + paths.size();
    if (column < scan.output_columns.size()) {
      table_columns.push_back(scan.output_columns[column]);
    } else {
      paths.push_back(outputs[column]);
    }
  }
  const size_t first = table_columns.size() + paths.size();
  for (const ExprPtr& field : needs.reads.fields()) paths.push_back(over_columns(field, outputs));
  Pruned pruned{make_scan(scan.table, table_columns, needs.watermark && scan.watermark, scan.span,
                          std::move(paths)),
                std::move(at)};
  for (size_t i = 0; i < needs.reads.fields().size(); ++i) {
    pruned.fields.push_back({needs.reads.fields()[i], column_of(*pruned.plan, first + i)});
  }
  return pruned;
}

Pruned prune_normalize(const NormalizeNode& node, const Needs& above) {
  Needs needs = whole_columns(above);
  for (const size_t key : node.key) needs.add(key);
  Pruned input = prune(node.input(), std::move(needs));
  std::vector<size_t> key;
  for (const size_t column : node.key) key.push_back(input.at[column]);
  return {make_normalize(input.plan, std::move(key), node.bound, node.span), std::move(input.at)};
}

/// Rows are told apart by all their columns.
Pruned prune_keep_last(const KeepLastNode& node) {
  const std::vector<size_t> all = same_places(node);
  const PlanPtr input = exactly(prune(node.input(), needs_all(all)), all);
  return {make_keep_last(input, node.key, node.bound, node.span), all};
}

/// Every column of a row is part of the change: an update of one that nobody reads is a row too.
Pruned prune_to_changelog(const ToChangelogNode& node, const Needs& needs) {
  const std::vector<size_t> all = same_places(*node.input());
  Needs below = needs_all(all);
  below.watermark = needs.watermark;
  const PlanPtr input = exactly(prune(node.input(), std::move(below)), all);
  return {make_to_changelog(input, (*node.schema)[0].name, node.key, node.codes, node.span),
          same_places(node)};
}

Pruned prune_from_changelog(const FromChangelogNode& node, const Needs& above) {
  const Needs needs = whole_columns(above);
  const auto in_input = [&](size_t column) { return column < node.op ? column : column + 1; };
  Needs below;
  below.watermark = needs.watermark;
  for (const size_t column : needs.columns()) below.add(in_input(column));
  below.add(node.op);
  const Pruned input = prune(node.input(), std::move(below));
  const size_t op = input.at[node.op];
  std::vector<size_t> at;
  for (size_t i = 0; i < node.schema->size(); ++i) {
    const size_t place = input.at[in_input(i)];
    at.push_back(place > op ? place - 1 : place);
  }
  return {make_from_changelog(input.plan, op, node.weights, node.span), std::move(at)};
}

Pruned prune_values(const ValuesNode& values, const Needs& above) {
  const Needs needs = whole_columns(above);
  std::vector<Field> fields;
  std::vector<size_t> at(values.schema->size(), 0);
  for (const size_t column : needs.columns()) {
    at[column] = fields.size();
    fields.push_back((*values.schema)[column]);
  }
  std::vector<std::vector<ExprPtr>> rows;
  for (const std::vector<ExprPtr>& row : values.rows) {
    std::vector<ExprPtr> kept;
    for (const size_t column : needs.columns()) kept.push_back(row[column]);
    rows.push_back(std::move(kept));
  }
  return {make_values(std::move(fields), std::move(rows), values.span), std::move(at)};
}

Pruned prune_project(const ProjectNode& project, Needs needs) {
  const std::vector<ExprPtr> asked = needs.reads.fields();
  for (const ExprPtr& field : asked) {
    const size_t column = column_of_field(*field)->index();
    if (project.exprs[column]->is_volatile()) needs.add(column);  // drawn once, not per field
  }
  Needs below;
  below.watermark = needs.watermark;
  for (const size_t column : needs.columns()) below.add(project.exprs[column]);
  std::vector<ExprPtr> fields;
  for (const ExprPtr& field : needs.reads.fields()) {
    fields.push_back(over_columns(field, project.exprs));
    below.add(fields.back());
  }
  const Pruned input = prune(project.input(), std::move(below));
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  std::vector<size_t> at(project.exprs.size(), 0);
  for (const size_t column : needs.columns()) {
    at[column] = exprs.size();
    exprs.push_back(carry(project.exprs[column], input));
    names.push_back((*project.schema)[column].name);
  }
  const size_t first = exprs.size();
  for (size_t i = 0; i < fields.size(); ++i) {
    exprs.push_back(carry(fields[i], input));
    names.push_back(needs.reads.fields()[i]->to_string());
  }
  Pruned pruned{make_project(input.plan, std::move(exprs), std::move(names), project.span),
                std::move(at)};
  for (size_t i = 0; i < fields.size(); ++i) {
    pruned.fields.push_back({needs.reads.fields()[i], column_of(*pruned.plan, first + i)});
  }
  return pruned;
}

/// The clock is what it is for: it stays.
Pruned prune_processing_time(const ProcessingTimeNode& node, const Needs& needs) {
  const size_t columns = node.input()->schema->size();
  Needs below;
  below.pass(needs, columns);
  const Pruned input = prune(node.input(), std::move(below));
  std::vector<size_t> at = input.at;
  at.push_back(input.plan->schema->size());
  return {make_processing_time(input.plan, node.schema->fields().back().name, node.span),
          std::move(at), input.fields};
}

Pruned prune_window_assign(const WindowAssignNode& assign, const Needs& needs) {
  const size_t columns = assign.input()->schema->size();
  Needs below;
  // Its table refuses rows without a time, before filters: which rows these are must not depend on
  // what is asked of the others.
  below.watermark = true;
  below.pass(needs, columns);
  below.add(assign.window.time_column);
  const Pruned input = prune(assign.input(), std::move(below));
  PlanWindow window = assign.window;
  window.time_column = input.at[window.time_column];
  std::vector<size_t> at = input.at;
  for (size_t i = 0; i < 3; ++i) at.push_back(input.plan->schema->size() + i);
  return {make_window_assign(input.plan, window, assign.span), std::move(at), input.fields};
}

Pruned prune_expand(const ExpandNode& node, const Needs& needs) {
  const size_t columns = node.input()->schema->size();
  Needs below;
  below.watermark = needs.watermark;
  below.pass(needs, columns);
  for (const ExprPtr& key : node.keys) below.add(key);
  const Pruned input = prune(node.input(), std::move(below));
  std::vector<std::string> names;
  std::vector<size_t> at = input.at;
  for (size_t i = columns; i < node.schema->size(); ++i) {
    at.push_back(input.plan->schema->size() + i - columns);
    if (i < columns + node.keys.size()) names.push_back((*node.schema)[i].name);
  }
  return {
      make_expand(input.plan, carry_all(node.keys, input), std::move(names), node.sets, node.span),
      std::move(at), input.fields};
}

Pruned prune_unnest(const UnnestNode& node, const Needs& needs) {
  const size_t columns = node.input()->schema->size();
  UnnestParts parts = parts_of(node);
  const size_t last = node.schema->size() - 1;
  if (parts.ordinality && !whole_columns(needs).reads.has(last)) {
    parts.ordinality = false;
    parts.names.pop_back();
  }
  Needs below;
  below.watermark = needs.watermark;
  below.pass(needs, columns);
  below.add(parts.list);
  const Pruned input = prune(node.input(), std::move(below));
  parts.list = carry(parts.list, input);
  std::vector<size_t> at = input.at;
  for (size_t i = columns; i < node.schema->size(); ++i) {
    at.push_back(input.plan->schema->size() + i - columns);
  }
  return {make_unnest(input.plan, std::move(parts)), std::move(at), input.fields};
}

/// What a grouping reads of its input, once only the aggregates that are read remain.
Needs needs_of(const GroupingParts& parts) {
  Needs needs;
  for (const ExprPtr& key : parts.keys) needs.add(key);
  for (const PlanAggregate& aggregate : parts.aggregates) {
    for (const ExprPtr& expr : expressions_of(aggregate)) needs.add(expr);
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
    const bool read = needs.reads.has(first + i);
    const bool last_chance = kept.empty() && i + 1 == parts->aggregates.size();
    if (!read && !last_chance) continue;
    (*at)[first + i] = first + kept.size();
    kept.push_back(std::move(parts->aggregates[i]));
  }
  parts->aggregates = std::move(kept);
}

void carry_parts(GroupingParts* parts, const Pruned& to) {
  parts->keys = carry_all(parts->keys, to);
  for (PlanAggregate& aggregate : parts->aggregates) {
    aggregate = rewrite_aggregate(aggregate, [&](const ExprPtr& e) { return carry(e, to); });
  }
}

Pruned prune_window_aggregate(const WindowAggregateNode& node, const Needs& needs) {
  GroupingParts parts = parts_of(node);
  std::vector<size_t> at;
  const size_t bounds =
      (node.outputs.start ? 1u : 0u) + (node.outputs.end ? 1u : 0u) + (node.outputs.time ? 1u : 0u);
  drop_aggregates(whole_columns(needs), parts.keys.size() + bounds, &parts, &at);
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
  carry_parts(&parts, input);
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
  drop_aggregates(whole_columns(needs), parts.keys.size(), &parts, &at);
  Needs below = needs_of(parts);
  const bool by_time =
      std::any_of(parts.aggregates.begin(), parts.aggregates.end(),
                  [](const PlanAggregate& a) { return a.aggregate.needs_event_time(); });
  if (by_time && node.time_column) {
    below.add(*node.time_column);
    below.watermark = true;  // keeps the column an event time
  }
  const Pruned input = prune(node.input(), std::move(below));
  carry_parts(&parts, input);
  return {make_aggregate(input.plan, std::move(parts)), std::move(at)};
}

Pruned prune_over(const OverNode& node, const Needs& needs) {
  OverParts parts = parts_of(node);
  const size_t columns = node.input()->schema->size();
  Needs below;
  below.watermark = node.form == PlanOverForm::kTime || node.form == PlanOverForm::kWindow;
  const Needs whole = whole_columns(needs);  // of the calls, no fields are passed on
  std::vector<PlanOverCall> read;
  std::vector<size_t> place_of_call;
  for (size_t i = 0; i < parts.calls.size(); ++i) {
    const std::vector<size_t>& asked = whole.columns();
    place_of_call.push_back(read.size());
    if (std::find(asked.begin(), asked.end(), columns + i) == asked.end()) continue;
    read.push_back(parts.calls[i]);
  }
  // Nobody reads any of them, but it also decides which rows are late, or final.
  if (read.empty()) read.push_back(parts.calls[0]);
  parts.calls = std::move(read);
  below.pass(needs, columns);
  for (const ExprPtr& expr : expressions_of(parts)) below.add(expr);
  const Pruned input = prune_kept(node.input(), std::move(below));
  parts = rewrite_over(std::move(parts), [&](const ExprPtr& expr) { return carry(expr, input); });
  std::vector<size_t> at = input.at;
  for (const size_t place : place_of_call) at.push_back(input.plan->schema->size() + place);
  return {make_over(input.plan, std::move(parts)), std::move(at), input.fields};
}

/// Of nodes that pass rows on as they are: every input gives exactly what is read.
Pruned prune_passing(const PlanNode& node, Needs needs) {
  RepartitionParts parts;
  const bool deals = node.kind == PlanKind::kRepartition;
  if (deals) parts = parts_of(node.as<RepartitionNode>());
  for (const ExprPtr& key : parts.keys) needs.add(key);
  needs.watermark |= deals;
  needs = whole_columns(needs);
  std::vector<PlanPtr> inputs;
  for (const PlanPtr& input : node.inputs) {
    inputs.push_back(exactly(prune(input, needs), needs.columns()));
  }
  std::vector<size_t> at(node.schema->size(), 0);
  for (size_t i = 0; i < needs.columns().size(); ++i) at[needs.columns()[i]] = i;
  if (!deals) return {make_union(std::move(inputs), node.span), std::move(at)};
  for (ExprPtr& key : parts.keys) key = remap_columns(key, at);
  return {make_repartition(inputs[0], std::move(parts), node.span), std::move(at)};
}

/// Both sides give what is read of them and what the condition reads.
Pruned prune_join(const JoinNode& node, const Needs& needs) {
  const size_t left = node.inputs[0]->schema->size();
  const bool marks = node.join == PlanJoinKind::kMark;
  Needs wanted;
  if (marks) {
    wanted.pass(needs, left);  // what is behind them is the mark
  } else {
    wanted = needs;
  }
  for (const ExprPtr& conjunct : node.conjuncts) wanted.add(conjunct);
  for (const ExprPtr& equality : node.compared) wanted.add(equality);
  const auto shift = [&](const ExprPtr& expr, size_t width, auto to) {
    std::vector<size_t> mapping(width);
    for (size_t i = 0; i < width; ++i) mapping[i] = to(i);
    return remap_columns(expr, mapping);
  };
  const size_t all = left + node.inputs[1]->schema->size();
  std::array<Needs, 2> below;
  for (const size_t column : wanted.columns()) {
    below[column < left ? 0 : 1].add(column < left ? column : column - left);
  }
  for (const ExprPtr& field : wanted.reads.fields()) {
    const bool first = column_of_field(*field)->index() < left;
    below[first ? 0 : 1].add(
        first ? field : shift(field, all, [&](size_t i) { return i < left ? 0 : i - left; }));
  }
  for (size_t i = 0; node.late && i < node.late->columns.size(); ++i) {
    for (size_t side = 0; side < 2; ++side) {
      const int named = node.inputs[side]->schema->index_of(node.late->columns[i].name);
      if (named >= 0) below[side].add(static_cast<size_t>(named));
    }
  }
  const bool timed = node.form == JoinForm::kInterval || node.form == JoinForm::kAsof;
  below[0].watermark = timed || (needs.watermark && node.build == 1);
  below[1].watermark = timed || (needs.watermark && node.build == 0);
  const auto side = [&](size_t s) {  // whose rows are kept, unless they look into the other
    const bool passes = node.form == JoinForm::kBuild && node.build != s;
    return (passes ? prune : prune_kept)(node.inputs[s], std::move(below[s]));
  };
  const Pruned first = side(0);
  const Pruned second = side(1);
  Pruned both = first;
  const size_t width = first.plan->schema->size();
  for (const size_t place : second.at) both.at.push_back(width + place);
  for (const MovedField& moved : second.fields) {
    both.fields.push_back(
        {shift(moved.field, all - left, [&](size_t i) { return i + left; }),
         shift(moved.column, second.plan->schema->size(), [&](size_t i) { return i + width; })});
  }
  JoinParts parts = parts_of(node);
  parts.conjuncts = carry_all(parts.conjuncts, both);
  parts.compared = carry_all(parts.compared, both);
  both.plan = make_join(first.plan, second.plan, std::move(parts));
  if (marks || node.schema->size() == left) {  // of the right side nothing but the mark
    both.at.resize(left);
    both.fields = first.fields;
  }
  if (marks) both.at.push_back(width);
  return both;
}

/// The number is given only if somebody reads it.
Pruned prune_top_n(const TopNNode& node, const Needs& needs) {
  const size_t columns = node.input()->schema->size();
  Needs below;
  TopNParts parts = parts_of(node);
  below.pass(needs, columns);
  if (!needs.reads.has(columns)) parts.name.clear();
  for (const ExprPtr& key : parts.partition) below.add(key);
  for (const PlanOrder& order : parts.order) below.add(order.key);
  below.watermark = node.form == TopNForm::kWindow;
  const Pruned input = prune_kept(node.input(), std::move(below));
  parts.partition = carry_all(parts.partition, input);
  for (PlanOrder& order : parts.order) order.key = carry(order.key, input);
  std::vector<size_t> at = input.at;
  if (node.with_rank) at.push_back(input.plan->schema->size());
  return {make_top_n(input.plan, std::move(parts)), std::move(at), input.fields};
}

Pruned prune_order_by(const OrderByNode& node, Needs needs) {
  needs.watermark |= node.time_column.has_value();
  for (const PlanOrder& key : node.keys) needs.add(key.key);
  Pruned input = prune_kept(node.input(), std::move(needs));
  std::vector<PlanOrder> keys = node.keys;
  for (PlanOrder& key : keys) key.key = carry(key.key, input);
  input.plan = make_order_by(input.plan, std::move(keys), node.span);
  return input;
}

Pruned prune_sink(const PlanPtr& plan) {
  const std::vector<size_t> all = same_places(*plan);
  Needs needs = needs_all(all);
  // Folders are complete once the watermark has passed their time.
  needs.watermark = !plan->as<SinkNode>().table->option("sink.partition-commit.trigger").empty();
  const PlanPtr input = exactly(prune(plan->input(), std::move(needs)), all);
  return {with_inputs(plan, {input}), all};
}

Pruned prune_node(const PlanPtr& plan, Needs needs) {
  switch (plan->kind) {
    case PlanKind::kScan:
      return prune_scan(plan->as<ScanNode>(), std::move(needs));
    case PlanKind::kKeepLast:
      return prune_keep_last(plan->as<KeepLastNode>());
    case PlanKind::kToChangelog:
      return prune_to_changelog(plan->as<ToChangelogNode>(), needs);
    case PlanKind::kFromChangelog:
      return prune_from_changelog(plan->as<FromChangelogNode>(), needs);
    case PlanKind::kNormalize:
      return prune_normalize(plan->as<NormalizeNode>(), std::move(needs));
    case PlanKind::kValues:
      return prune_values(plan->as<ValuesNode>(), needs);
    case PlanKind::kFilter: {
      const ExprPtr& predicate = plan->as<FilterNode>().predicate;
      needs.add(predicate);
      Pruned input = prune(plan->input(), std::move(needs));
      input.plan = make_filter(input.plan, carry(predicate, input), plan->span);
      return input;
    }
    case PlanKind::kProject:
      return prune_project(plan->as<ProjectNode>(), std::move(needs));
    case PlanKind::kProcessingTime:
      return prune_processing_time(plan->as<ProcessingTimeNode>(), needs);
    case PlanKind::kWindowAssign:
      return prune_window_assign(plan->as<WindowAssignNode>(), needs);
    case PlanKind::kExpand:
      return prune_expand(plan->as<ExpandNode>(), needs);
    case PlanKind::kUnnest:
      return prune_unnest(plan->as<UnnestNode>(), needs);
    case PlanKind::kWindowAggregate:
      return prune_window_aggregate(plan->as<WindowAggregateNode>(), needs);
    case PlanKind::kAggregate:
      return prune_aggregate(plan->as<AggregateNode>(), needs);
    case PlanKind::kOver:
      return prune_over(plan->as<OverNode>(), needs);
    case PlanKind::kRepeat: {
      const ExprPtr& times = plan->as<RepeatNode>().times;
      needs.add(times);
      Pruned input = prune(plan->input(), std::move(needs));
      input.plan = make_repeat(input.plan, carry(times, input), plan->span);
      return input;
    }
    case PlanKind::kUnion:
    case PlanKind::kRepartition:
      return prune_passing(*plan, std::move(needs));
    case PlanKind::kJoin:
      return prune_join(plan->as<JoinNode>(), needs);
    case PlanKind::kTopN:
      return prune_top_n(plan->as<TopNNode>(), needs);
    case PlanKind::kOrderBy:
      return prune_order_by(plan->as<OrderByNode>(), std::move(needs));
    case PlanKind::kLimit: {
      Pruned input = prune(plan->input(), std::move(needs));
      const auto& limit = plan->as<LimitNode>();
      input.plan = make_limit(input.plan, limit.limit, limit.offset, plan->span);
      return input;
    }
    case PlanKind::kShared:
      return {plan, same_places(*plan)};
    case PlanKind::kSink:
      break;
  }
  CHECK(plan->kind == PlanKind::kSink);
  return prune_sink(plan);
}

Pruned prune(const PlanPtr& plan, Needs needs) {
  Pruned pruned = prune_node(plan, std::move(needs));
  // A place too many, and what comes behind it would be read from the wrong column.
  CHECK(pruned.at.size() == plan->schema->size());
  return pruned;
}

}  // namespace

PlanPtr prune_columns(const PlanPtr& plan, WatermarkUse use) {
  const std::vector<size_t> all = same_places(*plan);
  Needs needs = needs_all(all);
  needs.watermark = use == WatermarkUse::kReadersAbove;
  return exactly(prune(plan, std::move(needs)), all);
}

}  // namespace velo
