#include "plan/plan_build.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "plan/field_reads.h"
#include "plan/literals.h"

namespace velo {
namespace {

/// Milliseconds are the least precision of window bounds: window_time is one before the end.
constexpr int kWindowFractionDigits = 3;

void take_over(PlanNode& node, const PlanNode& input) {
  node.changelog = input.changelog;
  node.bounded = input.bounded;
}

std::shared_ptr<ScanNode> scan_over(const TableDef& table, const std::vector<size_t>& columns,
                                    const std::vector<ExprPtr>& paths) {
  auto scan = std::make_shared<ScanNode>();
  std::vector<ExprPtr> stored;  // every column over those that records have
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const TableColumn& def = table.columns[i];
    stored.push_back(def.kind == TableColumnKind::kComputed ? def.computed
                                                            : make_column(i, def.type, def.name));
  }
  std::vector<ExprPtr> outputs;
  for (const size_t column : columns) outputs.push_back(stored[column]);
  for (const ExprPtr& path : paths) outputs.push_back(over_columns(path, stored));
  FieldReads reads;
  for (const ExprPtr& output : outputs) reads.add(output);
  std::vector<size_t> read = reads.columns();
  for (const ExprPtr& field : reads.fields()) read.push_back(column_of_field(*field)->index());
  std::sort(read.begin(), read.end());
  read.erase(std::unique(read.begin(), read.end()), read.end());
  for (const size_t column : read) {
    const bool physical = table.columns[column].kind == TableColumnKind::kPhysical;
    (physical ? scan->fields : scan->metadata).push_back(column);
  }
  std::vector<Field> layout;
  for (const std::vector<size_t>* part : {&scan->fields, &scan->metadata}) {
    for (const size_t column : *part) {
      const TableColumn& def = table.columns[column];
      const Type type = table.traits.reads_fields ? narrowed(def.type, column, reads) : def.type;
      stored[column] = make_column(layout.size(), type, def.name);
      if (def.length_max > 0) stored[column] = limit_length(stored[column], def.length_max);
      layout.push_back({def.name, type});
    }
  }
  scan->layout = make_schema(std::move(layout));
  for (const ExprPtr& output : outputs) scan->outputs.push_back(over_columns(output, stored));
  return scan;
}

/// The input's column that the expression passes on as it is, or does not give a row at all.
std::optional<size_t> passed_column(const Expr& expr) {
  if (expr.kind() == ExprKind::kColumn) return expr.index();
  const bool limits = expr.kind() == ExprKind::kCall && expr.function().name() == "AT_MOST";
  return limits ? passed_column(*expr.arg(0)) : std::nullopt;
}

}  // namespace

PlanPtr make_scan(TableDefPtr table, const std::vector<size_t>& columns, bool with_watermark,
                  SourceSpan span, std::vector<ExprPtr> paths) {
  std::shared_ptr<ScanNode> scan = scan_over(*table, columns, paths);
  scan->output_columns = columns;
  std::vector<Field> fields;
  std::vector<size_t> position(table->columns.size(), 0);
  for (size_t i = 0; i < columns.size(); ++i) {
    position[columns[i]] = i;
    fields.push_back({table->columns[columns[i]].name, table->columns[columns[i]].type});
  }
  for (const ExprPtr& path : paths) fields.push_back({path->to_string(), path->type()});
  scan->traits.resize(fields.size());
  scan->schema = make_schema(std::move(fields));
  scan->paths = std::move(paths);
  if (with_watermark && table->watermark) {
    const TableWatermark& watermark = *table->watermark;
    const auto found = std::find(columns.begin(), columns.end(), watermark.column);
    if (found != columns.end()) {
      const auto at = static_cast<size_t>(found - columns.begin());
      scan->traits[at].event_time = true;
      scan->watermark = {at, remap_columns(watermark.expr, position), watermark.delay_us};
    }
  }
  scan->bounded = table->traits.bounded;
  if (table->traits.changes != TableChanges::kNone) {
    scan->changelog.changing = true;
    scan->changelog.cause = "the changes that '" + table->name + "' delivers";
    scan->changelog.cause_span = span;
    for (const size_t key : table->primary_key) {
      const auto found = std::find(columns.begin(), columns.end(), key);
      if (found == columns.end()) {
        scan->changelog.key.clear();
        break;
      }
      scan->changelog.key.push_back(static_cast<size_t>(found - columns.begin()));
    }
  }
  scan->table = std::move(table);
  scan->span = span;
  return scan;
}

PlanPtr make_values(std::vector<Field> fields, std::vector<std::vector<ExprPtr>> rows,
                    SourceSpan span) {
  auto values = std::make_shared<ValuesNode>();
  values->traits.resize(fields.size());
  values->schema = make_schema(std::move(fields));
  values->rows = std::move(rows);
  values->bounded = true;
  values->span = span;
  return values;
}

PlanPtr make_filter(PlanPtr input, ExprPtr predicate, SourceSpan span) {
  auto filter = std::make_shared<FilterNode>();
  take_over(*filter, *input);
  filter->schema = input->schema;
  filter->traits = input->traits;
  filter->predicate = std::move(predicate);
  filter->inputs = {std::move(input)};
  filter->span = span;
  return filter;
}

namespace {
bool is_processing_time(const Expr& expr) {
  return expr.kind() == ExprKind::kCall && expr.function().name() == "PROCTIME";
}
}  // namespace

PlanPtr make_project(PlanPtr input, std::vector<ExprPtr> exprs, std::vector<std::string> names,
                     SourceSpan span) {
  CHECK(exprs.size() == names.size());
  auto project = std::make_shared<ProjectNode>();
  take_over(*project, *input);
  std::vector<Field> fields;
  std::vector<int> first_at(input->schema->size(), -1);
  for (size_t i = 0; i < exprs.size(); ++i) {
    fields.push_back({std::move(names[i]), exprs[i]->type()});
    ColumnTraits traits;
    if (const std::optional<size_t> column = passed_column(*exprs[i])) {
      traits = input->traits[*column];
      int& first = first_at[*column];
      if (first < 0) first = static_cast<int>(i);
    }
    traits.processing_time |= is_processing_time(*exprs[i]);
    project->traits.push_back(traits);
  }
  project->changelog.key.clear();
  for (const size_t key : input->changelog.key) {
    if (first_at[key] < 0) {
      project->changelog.key.clear();
      break;
    }
    project->changelog.key.push_back(static_cast<size_t>(first_at[key]));
  }
  project->schema = make_schema(std::move(fields));
  project->exprs = std::move(exprs);
  project->inputs = {std::move(input)};
  project->span = span;
  return project;
}

Type window_bound_type(const Type& time) {
  const int digits = std::max(kWindowFractionDigits, time.precision());
  return time.kind() == TypeKind::kTimestampLtz ? Type::timestamp_ltz(digits)
                                                : Type::timestamp(digits);
}

PlanPtr make_window_assign(PlanPtr input, PlanWindow window, SourceSpan span) {
  auto assign = std::make_shared<WindowAssignNode>();
  take_over(*assign, *input);
  std::vector<Field> fields = input->schema->fields();
  const Type bound = window_bound_type(fields[window.time_column].type);
  assign->traits = input->traits;
  fields.push_back({"window_start", bound});
  assign->traits.push_back({false, WindowRole::kStart});
  fields.push_back({"window_end", bound});
  assign->traits.push_back({false, WindowRole::kEnd});
  // A row may come until the watermark passes its own time, so its window's end is an event time.
  fields.push_back({"window_time", bound});
  assign->traits.push_back({true, WindowRole::kTime});
  assign->schema = make_schema(std::move(fields));
  assign->window = window;
  assign->inputs = {std::move(input)};
  assign->span = span;
  return assign;
}

PlanPtr make_window_aggregate(PlanPtr input, PlanWindow window, WindowOutputs outputs,
                              GroupingParts parts, int64_t lateness_us, int64_t grace_us,
                              std::optional<PlanLateOutput> late) {
  auto node = std::make_shared<WindowAggregateNode>();
  std::vector<Field> fields;
  for (size_t i = 0; i < parts.keys.size(); ++i) {
    const Expr& key = *parts.keys[i];
    fields.push_back({parts.key_names[i], key.type()});
    // The bounds of the input's windows stay what they are.
    ColumnTraits traits;
    if (window.instants && key.kind() == ExprKind::kColumn) traits = input->traits[key.index()];
    if (traits.window == WindowRole::kNone) traits = {};
    node->traits.push_back(traits);
  }
  const Type bound = window_bound_type((*input->schema)[window.time_column].type);
  const auto add_bound = [&](bool wanted, std::string name, ColumnTraits traits) {
    if (!wanted) return;
    fields.push_back({std::move(name), bound});
    node->traits.push_back(traits);
  };
  add_bound(outputs.start, "window_start", {false, WindowRole::kStart});
  add_bound(outputs.end, "window_end", {true, WindowRole::kEnd});
  add_bound(outputs.time, "window_time", {true, WindowRole::kTime});
  const size_t key_columns = fields.size();
  for (const PlanAggregate& aggregate : parts.aggregates) {
    fields.push_back({aggregate.name, aggregate.aggregate.type});
    node->traits.emplace_back();
  }
  node->schema = make_schema(std::move(fields));
  node->changelog.changing = parts.emit.mode != PlanEmitMode::kFinal || lateness_us > 0;
  if (node->changelog.changing) {
    node->changelog.cause = parts.emit.mode == PlanEmitMode::kChanges ? "EMIT CHANGES"
                            : parts.emit.mode == PlanEmitMode::kEvery ? "EMIT EVERY"
                                                                      : "ALLOWED LATENESS";
    node->changelog.cause_span = parts.emit_span.length > 0 ? parts.emit_span : parts.span;
    // Windows of CUMULATE share their starts.
    const bool by_start = outputs.start && window.kind != PlanWindowKind::kCumulate;
    if (by_start || outputs.end || outputs.time || window.instants) {
      for (size_t i = 0; i < key_columns; ++i) node->changelog.key.push_back(i);
    }
  }
  node->bounded = input->bounded;
  node->window = window;
  node->keys = std::move(parts.keys);
  node->aggregates = std::move(parts.aggregates);
  node->grouping_sets = parts.grouping_sets;
  if (window.instants) node->early_us = -arrival_shift_us(*input, window.time_column);
  node->outputs = outputs;
  node->emit = parts.emit;
  node->lateness_us = lateness_us;
  node->grace_us = grace_us;
  node->late = std::move(late);
  node->bound = parts.bound;
  node->inputs = {std::move(input)};
  node->span = parts.span;
  return node;
}

PlanPtr make_aggregate(PlanPtr input, GroupingParts parts) {
  auto node = std::make_shared<AggregateNode>();
  std::vector<Field> fields;
  for (size_t i = 0; i < parts.keys.size(); ++i) {
    fields.push_back({parts.key_names[i], parts.keys[i]->type()});
  }
  for (const PlanAggregate& aggregate : parts.aggregates) {
    fields.push_back({aggregate.name, aggregate.aggregate.type});
    if (aggregate.aggregate.needs_event_time()) {
      for (size_t i = 0; i < input->traits.size() && !node->time_column; ++i) {
        if (input->traits[i].event_time) node->time_column = i;
      }
    }
  }
  node->traits.resize(fields.size());
  node->schema = make_schema(std::move(fields));
  // Distinct rows of a stream that only grows are never taken back.
  const bool only_grows = parts.aggregates.empty() && !input->changelog.changing;
  if (parts.emit.mode != PlanEmitMode::kFinal && !only_grows) {
    node->changelog.changing = true;
    node->changelog.cause = !parts.clause.empty()      ? parts.clause
                            : parts.aggregates.empty() ? "DISTINCT"
                            : parts.keys.empty()       ? "an aggregate without a window"
                                                       : "GROUP BY without a window";
    if (parts.emit_span.length > 0 && input->bounded) {
      node->changelog.cause =
          parts.emit.mode == PlanEmitMode::kChanges ? "EMIT CHANGES" : "EMIT EVERY";
      node->changelog.cause_span = parts.emit_span;
    } else {
      node->changelog.cause_span = parts.span;
    }
    for (size_t i = 0; i < parts.keys.size(); ++i) node->changelog.key.push_back(i);
    node->changelog.single_row = parts.keys.empty();
  }
  node->bounded = input->bounded;
  node->keys = std::move(parts.keys);
  node->aggregates = std::move(parts.aggregates);
  node->standing = std::move(parts.standing);
  node->partial = parts.partial;
  node->clause = std::move(parts.clause);
  node->emit = parts.emit;
  node->bound = parts.bound;
  node->inputs = {std::move(input)};
  node->span = parts.span;
  return node;
}

PlanPtr make_union(std::vector<PlanPtr> inputs, SourceSpan span) {
  auto node = std::make_shared<UnionNode>();
  node->schema = inputs[0]->schema;
  node->traits = inputs[0]->traits;
  node->bounded = true;
  for (const PlanPtr& input : inputs) {
    node->bounded &= input->bounded;
    for (size_t i = 0; i < node->traits.size(); ++i) {
      node->traits[i].event_time &= input->traits[i].event_time;
      if (node->traits[i].window != input->traits[i].window) {
        node->traits[i].window = WindowRole::kNone;
      }
    }
    if (input->changelog.changing && !node->changelog.changing) {
      node->changelog = input->changelog;
      // The same key may come from both sides.
      node->changelog.key.clear();
      node->changelog.single_row = false;
    }
  }
  node->inputs = std::move(inputs);
  node->span = span;
  return node;
}

PlanPtr make_repeat(PlanPtr input, ExprPtr times, SourceSpan span) {
  auto node = std::make_shared<RepeatNode>();
  take_over(*node, *input);
  node->changelog.key.clear();
  node->changelog.single_row = false;
  node->schema = input->schema;
  node->traits = input->traits;
  node->times = std::move(times);
  node->inputs = {std::move(input)};
  node->span = span;
  return node;
}

PlanPtr make_repartition(PlanPtr input, RepartitionParts parts, SourceSpan span) {
  auto node = std::make_shared<RepartitionNode>();
  take_over(*node, *input);
  node->schema = input->schema;
  node->traits = input->traits;
  if (parts.has_origins) {
    std::vector<Field> fields = input->schema->fields();
    fields.resize(fields.size() - kOriginColumns);
    node->traits.resize(fields.size());
    node->schema = make_schema(std::move(fields));
  }
  node->keys = std::move(parts.keys);
  node->topic = std::move(parts.topic);
  node->reason = std::move(parts.reason);
  node->like = std::move(parts.like);
  node->has_origins = parts.has_origins;
  node->inputs = {std::move(input)};
  node->span = span;
  return node;
}

RepartitionParts parts_of(const RepartitionNode& node) {
  return {node.keys, node.topic, node.reason, node.like, node.has_origins};
}

namespace {

/// The event time that an input which goes on is ordered by first.
std::optional<size_t> time_of_first(const PlanNode& input, const std::vector<PlanOrder>& keys) {
  if (input.bounded || input.changelog.changing || keys.empty() || keys[0].descending ||
      keys[0].key->kind() != ExprKind::kColumn) {
    return std::nullopt;
  }
  const ColumnTraits& traits = input.traits[keys[0].key->index()];
  if (!traits.event_time && traits.window != WindowRole::kEnd) return std::nullopt;
  return keys[0].key->index();
}

}  // namespace

PlanPtr make_order_by(PlanPtr input, std::vector<PlanOrder> keys, SourceSpan span) {
  auto node = std::make_shared<OrderByNode>();
  node->bounded = input->bounded;  // what is left at the end is given once
  node->schema = input->schema;
  node->traits.resize(input->traits.size());
  const std::optional<size_t> time = time_of_first(*input, keys);
  if (time && !input->changelog.changing) {
    node->time_column = *time;
    node->shift_us = arrival_shift_us(*input, *time);
    const bool window = input->traits[*time].window != WindowRole::kNone;
    for (size_t i = 0; i < node->traits.size(); ++i) {
      const bool same = i == *time || (window && input->traits[i].window != WindowRole::kNone);
      if (same) node->traits[i] = input->traits[i];
    }
  }
  node->keys = std::move(keys);
  node->inputs = {std::move(input)};
  node->span = span;
  return node;
}

PlanPtr make_limit(PlanPtr input, std::optional<int64_t> limit, int64_t offset, SourceSpan span) {
  auto node = std::make_shared<LimitNode>();
  take_over(*node, *input);
  node->schema = input->schema;
  node->traits = input->traits;
  node->bounded = input->bounded || limit.has_value();
  node->limit = limit;
  node->offset = offset;
  node->inputs = {std::move(input)};
  node->span = span;
  return node;
}

PlanPtr make_shared_plan(std::string name, PlanPtr input, SourceSpan span) {
  auto node = std::make_shared<SharedNode>();
  take_over(*node, *input);
  if (node->changelog.changing) {
    node->changelog.cause += " in '" + name + "'";
    node->changelog.cause_span = span;
  }
  node->schema = input->schema;
  node->traits = input->traits;
  node->name = std::move(name);
  node->inputs = {std::move(input)};
  node->span = span;
  return node;
}

PlanPtr make_sink(PlanPtr input, TableDefPtr table, std::vector<size_t> columns,
                  SinkEncoding encoding, SourceSpan span) {
  auto node = std::make_shared<SinkNode>();
  take_over(*node, *input);
  node->schema = input->schema;
  node->traits = input->traits;
  for (const size_t key : table->primary_key) {
    const auto found = std::find(columns.begin(), columns.end(), key);
    if (found != columns.end()) {
      node->primary_key.push_back(static_cast<size_t>(found - columns.begin()));
    }
  }
  node->table = std::move(table);
  node->columns = std::move(columns);
  node->encoding = encoding;
  node->inputs = {std::move(input)};
  node->span = span;
  return node;
}

namespace {

template <typename T>
PlanPtr copy_with_inputs(const PlanNode& node, std::vector<PlanPtr> inputs) {
  auto copy = std::make_shared<T>(node.as<T>());
  copy->inputs = std::move(inputs);
  return copy;
}

}  // namespace

PlanPtr with_inputs(const PlanPtr& node, std::vector<PlanPtr> inputs) {
  if (inputs == node->inputs) return node;
  switch (node->kind) {
    case PlanKind::kScan:
      return copy_with_inputs<ScanNode>(*node, std::move(inputs));
    case PlanKind::kKeepLast:
      return copy_with_inputs<KeepLastNode>(*node, std::move(inputs));
    case PlanKind::kToChangelog:
      return copy_with_inputs<ToChangelogNode>(*node, std::move(inputs));
    case PlanKind::kFromChangelog:
      return copy_with_inputs<FromChangelogNode>(*node, std::move(inputs));
    case PlanKind::kNormalize:
      return copy_with_inputs<NormalizeNode>(*node, std::move(inputs));
    case PlanKind::kValues:
      return copy_with_inputs<ValuesNode>(*node, std::move(inputs));
    case PlanKind::kFilter:
      return copy_with_inputs<FilterNode>(*node, std::move(inputs));
    case PlanKind::kProject:
      return copy_with_inputs<ProjectNode>(*node, std::move(inputs));
    case PlanKind::kProcessingTime:
      return copy_with_inputs<ProcessingTimeNode>(*node, std::move(inputs));
    case PlanKind::kWindowAssign:
      return copy_with_inputs<WindowAssignNode>(*node, std::move(inputs));
    case PlanKind::kExpand:
      return copy_with_inputs<ExpandNode>(*node, std::move(inputs));
    case PlanKind::kUnnest:
      return copy_with_inputs<UnnestNode>(*node, std::move(inputs));
    case PlanKind::kWindowAggregate:
      return copy_with_inputs<WindowAggregateNode>(*node, std::move(inputs));
    case PlanKind::kAggregate:
      return copy_with_inputs<AggregateNode>(*node, std::move(inputs));
    case PlanKind::kOver:
      return copy_with_inputs<OverNode>(*node, std::move(inputs));
    case PlanKind::kUnion:
      return copy_with_inputs<UnionNode>(*node, std::move(inputs));
    case PlanKind::kRepeat:
      return copy_with_inputs<RepeatNode>(*node, std::move(inputs));
    case PlanKind::kRepartition:
      return copy_with_inputs<RepartitionNode>(*node, std::move(inputs));
    case PlanKind::kJoin:
      return copy_with_inputs<JoinNode>(*node, std::move(inputs));
    case PlanKind::kTopN:
      return copy_with_inputs<TopNNode>(*node, std::move(inputs));
    case PlanKind::kOrderBy:
      return copy_with_inputs<OrderByNode>(*node, std::move(inputs));
    case PlanKind::kLimit:
      return copy_with_inputs<LimitNode>(*node, std::move(inputs));
    case PlanKind::kShared:
      return copy_with_inputs<SharedNode>(*node, std::move(inputs));
    case PlanKind::kSink:
      return copy_with_inputs<SinkNode>(*node, std::move(inputs));
  }
  CHECK(false);
  return node;
}

PlanAggregate rewrite_aggregate(const PlanAggregate& aggregate, const ExprRewrite& rewrite) {
  PlanAggregate out = aggregate;
  for (Component& component : out.aggregate.components) {
    for (ExprPtr& input : component.inputs) input = rewrite(input);
    if (component.filter != nullptr) component.filter = rewrite(component.filter);
    for (ListOrder& order : component.order) order.key = rewrite(order.key);
  }
  return out;
}

std::vector<ExprPtr> expressions_of(const PlanAggregate& aggregate) {
  std::vector<ExprPtr> all;
  for (const Component& component : aggregate.aggregate.components) {
    all.insert(all.end(), component.inputs.begin(), component.inputs.end());
    if (component.filter != nullptr) all.push_back(component.filter);
    for (const ListOrder& order : component.order) all.push_back(order.key);
  }
  return all;
}

namespace {

template <typename T>
GroupingParts grouping_parts(const T& node) {
  GroupingParts parts;
  parts.keys = node.keys;
  for (size_t i = 0; i < node.keys.size(); ++i) parts.key_names.push_back((*node.schema)[i].name);
  parts.aggregates = node.aggregates;
  parts.emit = node.emit;
  parts.bound = node.bound;
  parts.span = node.span;
  parts.emit_span = node.changelog.cause_span;
  return parts;
}

}  // namespace

GroupingParts parts_of(const AggregateNode& node) {
  GroupingParts parts = grouping_parts(node);
  parts.standing = node.standing;
  parts.partial = node.partial;
  parts.clause = node.clause;
  return parts;
}
GroupingParts parts_of(const WindowAggregateNode& node) {
  GroupingParts parts = grouping_parts(node);
  parts.grouping_sets = node.grouping_sets;
  return parts;
}

ExprPtr column_of(const PlanNode& plan, size_t index) {
  return make_column(index, (*plan.schema)[index].type, (*plan.schema)[index].name);
}

std::vector<ExprPtr> all_columns(const PlanNode& plan) {
  std::vector<ExprPtr> columns;
  for (size_t i = 0; i < plan.schema->size(); ++i) columns.push_back(column_of(plan, i));
  return columns;
}

std::vector<std::string> column_names(const PlanNode& plan) {
  std::vector<std::string> names;
  for (const Field& field : plan.schema->fields()) names.push_back(field.name);
  return names;
}

}  // namespace velo
