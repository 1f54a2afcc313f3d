// The bridge: plan nodes become operators.
//
// 1. All scans of a table are collected first: it is read once, decoded to what any of them reads.
// 2. Each plan is lowered from its leaves up; a node's rows are named by an Upstream.
// 3. Keyed operators name their keys and the order of their results, so that the runtime may run
// copies of them and
//    still give one stream.
#include "engine/lower.h"

#include <algorithm>
#include <set>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "operator/filter.h"
#include "operator/group_aggregate.h"
#include "operator/limit.h"
#include "operator/order_by.h"
#include "operator/project.h"
#include "operator/union.h"
#include "operator/values.h"
#include "operator/window_aggregate.h"
#include "operator/window_assign.h"

namespace velo {
namespace {

/// What all scans of a table read of it.
struct TableUse {
  TableDefPtr table;
  std::set<size_t> fields;
  std::set<size_t> metadata;
  size_t source = 0;
};

class Lowering {
 public:
  Lowering(const Catalog& catalog, const TableSurroundings& around)
      : catalog_(catalog), around_(around) {}

  Result<LoweredJob> run(const std::vector<PlanPtr>& plans) {
    for (const PlanPtr& plan : plans) collect(*plan);
    TRY(add_sources());
    for (const PlanPtr& plan : plans) {
      if (plan->kind == PlanKind::kSink) {
        TRY(add_sink(plan->as<SinkNode>()));
      } else {
        TRY(add_result(plan));
      }
    }
    return std::move(job_);
  }

 private:
  void collect(const PlanNode& node);
  Status add_sources();
  Result<size_t> side_table(std::string_view name, SchemaPtr* schema, TableDefPtr* table);
  Status add_sink(const SinkNode& node);
  Status add_result(const PlanPtr& plan);

  Result<Upstream> node(const PlanPtr& plan);
  Result<Upstream> scan(const ScanNode& node);
  Result<Upstream> values(const ValuesNode& node);
  Result<Upstream> aggregate(const AggregateNode& node);
  Result<Upstream> window(const WindowAggregateNode& node);
  Result<Upstream> order_by(const OrderByNode& node, uint64_t limit, uint64_t offset);
  Result<Upstream> limit(const LimitNode& node);
  Result<Upstream> union_all(const UnionNode& node);
  Result<Upstream> project(Upstream input, SchemaPtr schema, std::vector<ExprPtr> columns);
  Upstream add(NodeSpec spec) {
    job_.graph.nodes.push_back(std::move(spec));
    return {Upstream::Kind::kNode, job_.graph.nodes.size() - 1, 0};
  }
  std::shared_ptr<ResultPort> port_of(const std::string& table) {
    auto& port = job_.outputs[table];
    if (!port) port = std::make_shared<ResultPort>();
    return port;
  }

  const Catalog& catalog_;
  TableSurroundings around_;
  LoweredJob job_;
  std::map<const TableDef*, TableUse> tables_;
  std::map<const PlanNode*, Upstream> shared_;  // by the input of the SharedNode
};

WindowSpec window_spec(const PlanWindow& plan) {
  WindowSpec spec;
  switch (plan.kind) {
    case PlanWindowKind::kTumble:
      spec.kind = WindowKind::kTumble;
      break;
    case PlanWindowKind::kHop:
      spec.kind = WindowKind::kHop;
      break;
    case PlanWindowKind::kCumulate:
      spec.kind = WindowKind::kCumulate;
      break;
    case PlanWindowKind::kSession:
      spec.kind = WindowKind::kSession;
      break;
  }
  switch (plan.unit) {
    case WindowUnit::kMicroseconds:
      spec.unit = PaneUnit::kMicroseconds;
      break;
    case WindowUnit::kDays:
      spec.unit = PaneUnit::kDays;
      break;
    case WindowUnit::kWeeks:
      spec.unit = PaneUnit::kWeeks;
      break;
    case WindowUnit::kMonths:
      spec.unit = PaneUnit::kMonths;
      break;
  }
  spec.size = plan.size;
  spec.slide = plan.slide;
  spec.gap_us = plan.gap_us;
  spec.offset_us = plan.offset_us;
  spec.zone = plan.zone;
  spec.week_start = plan.week_start;
  return spec;
}

EmitOptions emit_options(const PlanEmit& plan) {
  EmitOptions emit;
  switch (plan.mode) {
    case PlanEmitMode::kFinal:
      emit.mode = EmitMode::kFinal;
      break;
    case PlanEmitMode::kChanges:
      emit.mode = EmitMode::kChanges;
      break;
    case PlanEmitMode::kEvery:
      emit.mode = EmitMode::kEvery;
      break;
  }
  emit.every_us = plan.every_us;
  emit.coalesce = plan.coalesce;
  return emit;
}

LateSpec::Field late_field(LateField field) {
  switch (field) {
    case LateField::kInput:
      return LateSpec::Field::kInput;
    case LateField::kWatermark:
      return LateSpec::Field::kWatermark;
    case LateField::kWindowStart:
      return LateSpec::Field::kWindowStart;
    case LateField::kWindowEnd:
      return LateSpec::Field::kWindowEnd;
    case LateField::kLateBy:
      return LateSpec::Field::kLateBy;
    case LateField::kNull:
      break;
  }
  return LateSpec::Field::kNull;
}

std::vector<Aggregate> aggregates_of(const std::vector<PlanAggregate>& plan) {
  std::vector<Aggregate> aggregates;
  for (const PlanAggregate& aggregate : plan) aggregates.push_back(aggregate.aggregate);
  return aggregates;
}

void Lowering::collect(const PlanNode& node) {
  for (const PlanPtr& input : node.inputs) collect(*input);
  if (node.kind != PlanKind::kScan) return;
  const auto& scan = node.as<ScanNode>();
  TableUse& use = tables_[scan.table.get()];
  use.table = scan.table;
  use.fields.insert(scan.fields.begin(), scan.fields.end());
  use.metadata.insert(scan.metadata.begin(), scan.metadata.end());
}

Status Lowering::add_sources() {
  for (auto& [key, use] : tables_) {
    const bool pushed = table_parts(use.table->options).pushed;
    if (pushed) {  // the program pushes whole records
      for (size_t c = 0; c < use.table->columns.size(); ++c) {
        if (use.table->columns[c].kind == TableColumnKind::kPhysical) use.fields.insert(c);
      }
    }
    use.source = job_.graph.sources.size();
    SourceUse source;
    source.spec = make_source_spec(use.table, {use.fields.begin(), use.fields.end()},
                                   {use.metadata.begin(), use.metadata.end()}, around_);
    if (use.table->bad_records() == BadRecordPolicy::kDeadLetter) {
      TableDefPtr letters;
      SchemaPtr schema;
      source.dead_letters =
          TRY(side_table(use.table->option("bad-records.sink"), &schema, &letters));
      source.spec.bad.spec = TRY(dead_letter_spec(*letters));
    }
    if (pushed) {
      job_.inputs[use.table->name] = {use.source, physical_schema(*use.table),
                                      source.spec.pushed_partitions};
    }
    job_.graph.sources.push_back(std::move(source));
  }
  return {};
}

Result<size_t> Lowering::side_table(std::string_view name, SchemaPtr* schema, TableDefPtr* table) {
  const CatalogEntry* entry = catalog_.find(name);
  if (entry == nullptr || !std::holds_alternative<TableDefPtr>(*entry)) {
    return Error(ErrorCode::kUnknownName,
                 fmt::format("there is no table '{}' for records that leave", name))
        .with_hint("create it before the query that names it");
  }
  *table = std::get<TableDefPtr>(*entry);
  *schema = physical_schema(**table);
  SinkSpec sink =
      make_sink_spec(*table, *schema, SinkEncoding::kAppend, {}, port_of((*table)->name), around_);
  job_.graph.sinks.push_back(std::move(sink));
  return job_.graph.sinks.size() - 1;
}

Status Lowering::add_sink(const SinkNode& sink) {
  if (sink.encoding != SinkEncoding::kAppend && sink.encoding != SinkEncoding::kRetract) {
    return Error(ErrorCode::kNotSupported, fmt::format("not supported yet: 'sink.changelog' = '{}'",
                                                       sink_encoding_name(sink.encoding)));
  }
  const Upstream input = TRY(node(sink.input()));
  std::vector<size_t> key = sink.primary_key;
  if (key.empty()) key = sink.input()->changelog.key;
  SinkSpec spec = make_sink_spec(sink.table, sink.schema, sink.encoding, std::move(key),
                                 port_of(sink.table->name), around_);
  spec.input = input;
  job_.graph.sinks.push_back(std::move(spec));
  return {};
}

Status Lowering::add_result(const PlanPtr& plan) {
  auto port = std::make_shared<ResultPort>();
  SinkSpec spec;
  spec.name = fmt::format("result {}", job_.results.size());
  spec.input = TRY(node(plan));
  spec.make = [port]() -> Result<std::unique_ptr<SinkPort>> {
    return std::unique_ptr<SinkPort>(std::make_unique<ResultSink>(port));
  };
  job_.results.push_back(std::move(port));
  job_.graph.sinks.push_back(std::move(spec));
  return {};
}

Result<Upstream> Lowering::node(const PlanPtr& plan) {
  switch (plan->kind) {
    case PlanKind::kScan:
      return scan(plan->as<ScanNode>());
    case PlanKind::kValues:
      return values(plan->as<ValuesNode>());
    case PlanKind::kAggregate:
      return aggregate(plan->as<AggregateNode>());
    case PlanKind::kWindowAggregate:
      return window(plan->as<WindowAggregateNode>());
    case PlanKind::kUnion:
      return union_all(plan->as<UnionNode>());
    case PlanKind::kOrderBy:
      return order_by(plan->as<OrderByNode>(), UINT64_MAX, 0);
    case PlanKind::kLimit:
      return limit(plan->as<LimitNode>());
    case PlanKind::kProject:
      return project(TRY(node(plan->input())), plan->schema, plan->as<ProjectNode>().exprs);
    case PlanKind::kFilter: {
      NodeSpec spec;
      spec.inputs = {TRY(node(plan->input()))};
      spec.make = [options = FilterOptions{plan->schema, plan->as<FilterNode>().predicate}] {
        return make_filter(options);
      };
      return add(std::move(spec));
    }
    case PlanKind::kWindowAssign: {
      const auto& assign = plan->as<WindowAssignNode>();
      NodeSpec spec;
      spec.inputs = {TRY(node(plan->input()))};
      spec.make = [options = WindowAssignOptions{plan->schema, window_spec(assign.window),
                                                 assign.window.time_column}] {
        return make_window_assign(options);
      };
      return add(std::move(spec));
    }
    case PlanKind::kShared: {
      const auto known = shared_.find(plan->input().get());
      if (known != shared_.end()) return known->second;
      const Upstream made = TRY(node(plan->input()));
      shared_.emplace(plan->input().get(), made);
      return made;
    }
    case PlanKind::kSink:
      break;
  }
  return Error(ErrorCode::kInternal, "a sink stands inside a plan");
}

Result<Upstream> Lowering::scan(const ScanNode& scan) {
  const TableUse& use = tables_[scan.table.get()];
  std::vector<size_t> place;  // of the scan's layout in the source's
  for (size_t field : scan.fields) {
    place.push_back(static_cast<size_t>(std::distance(use.fields.begin(), use.fields.find(field))));
  }
  for (size_t field : scan.metadata) {
    place.push_back(use.fields.size() + static_cast<size_t>(std::distance(
                                            use.metadata.begin(), use.metadata.find(field))));
  }
  ReaderSpec reader;
  reader.schema = scan.schema;
  for (const ExprPtr& output : scan.outputs) reader.outputs.push_back(remap_columns(output, place));
  if (scan.watermark) {
    WatermarkOptions watermark;
    watermark.time_column = scan.watermark->column;
    watermark.delay_us = scan.watermark->delay_us;
    watermark.strategy = scan.watermark->expr;
    watermark.idle_timeout_us = scan.table->idle_timeout_us();
    watermark.max_future_us = scan.table->max_future_us();
    reader.watermark = std::move(watermark);
  }
  SourceUse& source = job_.graph.sources[use.source];
  source.readers.push_back(std::move(reader));
  return Upstream{Upstream::Kind::kReader, use.source, source.readers.size() - 1};
}

Result<Upstream> Lowering::values(const ValuesNode& values) {
  Batch rows{.schema = values.schema,
             .rows = values.rows.size(),
             .columns = {},
             .weights = nullptr,
             .watermarks = nullptr};
  EvaluationContext context;
  for (size_t c = 0; c < values.schema->size(); ++c) {
    ColumnBuilder builder((*values.schema)[c].type);
    for (const auto& row : values.rows)
      builder.append_from(*TRY(evaluate_constant(row[c], context)), 0);
    rows.columns.push_back(builder.finish());
  }
  NodeSpec spec;
  spec.spread = Spread::kSingle;
  spec.make = [rows] { return make_values({rows}); };
  return add(std::move(spec));
}

Result<Upstream> Lowering::project(Upstream input, SchemaPtr schema, std::vector<ExprPtr> columns) {
  NodeSpec spec;
  spec.inputs = {input};
  spec.make = [options = ProjectOptions{std::move(schema), std::move(columns)}] {
    return make_project(options);
  };
  return add(std::move(spec));
}

Result<Upstream> Lowering::aggregate(const AggregateNode& plan) {
  GroupAggregateOptions options;
  options.input = plan.input()->schema;
  options.output = plan.schema;
  options.keys = plan.keys;
  options.aggregates = aggregates_of(plan.aggregates);
  options.time_column = plan.time_column ? static_cast<int>(*plan.time_column) : -1;
  options.retractable = plan.input()->changelog.changing;
  options.emit = emit_options(plan.emit);
  options.ttl_us = plan.bound.kind == StateBoundKind::kTtl ? plan.bound.ttl_us : 0;
  NodeSpec spec;
  spec.inputs = {TRY(node(plan.input()))};
  spec.spread = plan.keys.empty() ? Spread::kSingle : Spread::kByKey;
  spec.keys = plan.keys;
  if (plan.emit.mode == PlanEmitMode::kFinal) {
    for (size_t k = 0; k < plan.keys.size(); ++k) spec.merge.order.push_back(k);
  }
  spec.make = [options] { return make_group_aggregate(options); };
  return add(std::move(spec));
}

// The operator always gives window_start, window_end and window_time: results of several copies are
// merged by them. A projection keeps those that the plan has.
Result<Upstream> Lowering::window(const WindowAggregateNode& plan) {
  const SchemaPtr& input = plan.input()->schema;
  const Type time = (*input)[plan.window.time_column].type;
  const size_t keys = plan.keys.size();
  std::vector<Field> fields(plan.schema->fields().begin(),
                            plan.schema->fields().begin() + static_cast<ptrdiff_t>(keys));
  for (const char* name : {"window_start", "window_end", "window_time"})
    fields.push_back({name, time});
  const size_t chosen =
      static_cast<size_t>(plan.outputs.start) + plan.outputs.end + plan.outputs.time;
  for (size_t c = keys + chosen; c < plan.schema->size(); ++c) fields.push_back((*plan.schema)[c]);

  WindowAggregateOptions options;
  options.input = input;
  options.output = make_schema(fields);
  options.window = window_spec(plan.window);
  options.time_column = plan.window.time_column;
  options.keys = plan.keys;
  options.aggregates = aggregates_of(plan.aggregates);
  options.retractable = plan.input()->changelog.changing;
  options.emit = emit_options(plan.emit);
  options.lateness_us = plan.lateness_us;

  NodeSpec spec;
  spec.inputs = {TRY(node(plan.input()))};
  spec.spread = keys == 0 ? Spread::kSingle : Spread::kByKey;
  spec.keys = plan.keys;
  if (plan.emit.mode == PlanEmitMode::kFinal) {
    spec.merge.order = {keys + 1, keys};
    for (size_t k = 0; k < keys; ++k) spec.merge.order.push_back(k);
    spec.merge.time_column = keys + 2;
  }
  if (plan.late) {
    TableDefPtr table;
    SchemaPtr schema;
    NodeSpec::Late late;
    late.sink = TRY(side_table(plan.late->table->name, &schema, &table));
    late.spec.schema = plan.late->schema;
    for (const LateColumn& column : plan.late->columns) {
      late.spec.columns.push_back({late_field(column.field), column.input_column});
    }
    spec.late = std::move(late);
  }
  const bool session = plan.window.kind == PlanWindowKind::kSession;
  spec.make = [options, session] {
    return session ? make_session_aggregate(options) : make_window_aggregate(options);
  };
  const Upstream all = add(std::move(spec));
  if (chosen == 3) return all;
  std::vector<ExprPtr> columns;
  auto keep = [&](size_t c) { columns.push_back(make_column(c, fields[c].type, fields[c].name)); };
  for (size_t k = 0; k < keys; ++k) keep(k);
  if (plan.outputs.start) keep(keys);
  if (plan.outputs.end) keep(keys + 1);
  if (plan.outputs.time) keep(keys + 2);
  for (size_t c = keys + 3; c < fields.size(); ++c) keep(c);
  return project(all, plan.schema, std::move(columns));
}

Result<Upstream> Lowering::union_all(const UnionNode& plan) {
  NodeSpec spec;
  for (const PlanPtr& input : plan.inputs) spec.inputs.push_back(TRY(node(input)));
  // Inputs may stand in different tasks: their rows meet in one.
  spec.spread = Spread::kSingle;
  spec.make = [options = UnionOptions{plan.schema, plan.inputs.size()}] {
    return make_union(options);
  };
  return add(std::move(spec));
}

// Keys that are no plain columns are computed behind the others, and dropped again.
Result<Upstream> Lowering::order_by(const OrderByNode& plan, uint64_t limit, uint64_t offset) {
  Upstream input = TRY(node(plan.input()));
  std::vector<Field> fields = plan.input()->schema->fields();
  std::vector<ExprPtr> columns;
  for (size_t c = 0; c < fields.size(); ++c)
    columns.push_back(make_column(c, fields[c].type, fields[c].name));
  const std::vector<ExprPtr> given = columns;
  OrderByOptions options;
  for (const PlanOrder& key : plan.keys) {
    size_t column = key.key->kind() == ExprKind::kColumn ? key.key->index() : fields.size();
    if (column == fields.size()) {
      fields.push_back({fmt::format("sort_key_{}", column), key.key->type()});
      columns.push_back(key.key);
    }
    options.keys.push_back({column, key.descending, key.nulls_first});
  }
  const bool computed = columns.size() > given.size();
  options.schema = computed ? make_schema(fields) : plan.schema;
  options.limit = limit;
  options.offset = offset;
  if (computed) input = TRY(project(input, options.schema, std::move(columns)));
  NodeSpec spec;
  spec.inputs = {input};
  spec.spread = Spread::kSingle;
  spec.make = [options] { return make_order_by(options); };
  const Upstream sorted = add(std::move(spec));
  return computed ? project(sorted, plan.schema, given) : Result<Upstream>(sorted);
}

Result<Upstream> Lowering::limit(const LimitNode& plan) {
  const auto most = plan.limit ? static_cast<uint64_t>(*plan.limit) : UINT64_MAX;
  const auto offset = static_cast<uint64_t>(plan.offset);
  if (plan.input()->kind == PlanKind::kOrderBy) {
    return order_by(plan.input()->as<OrderByNode>(), most, offset);
  }
  if (plan.input()->changelog.changing) {
    return Error(ErrorCode::kNotSupported,
                 "not supported yet: LIMIT over a changing result without ORDER BY")
        .with_hint("add ORDER BY, or EMIT FINAL");
  }
  NodeSpec spec;
  spec.inputs = {TRY(node(plan.input()))};
  spec.spread = Spread::kSingle;
  spec.make = [options = LimitOptions{plan.schema, most, offset}] { return make_limit(options); };
  return add(std::move(spec));
}

}  // namespace

Result<LoweredJob> lower(const std::vector<PlanPtr>& plans, const Catalog& catalog,
                         const TableSurroundings& around) {
  return Lowering(catalog, around).run(plans);
}

}  // namespace velo
