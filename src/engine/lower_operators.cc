#include "engine/lower_operators.h"

#include <utility>

#include "base/fmt.h"
#include "engine/lower_over.h"
#include "engine/lower_top_n.h"
#include "expr/evaluator.h"
#include "operator/changelog.h"
#include "operator/delay_watermark.h"
#include "operator/expand.h"
#include "operator/filter.h"
#include "operator/group_aggregate.h"
#include "operator/keep_last.h"
#include "operator/limit.h"
#include "operator/normalize.h"
#include "operator/order_by.h"
#include "operator/processing_time.h"
#include "operator/project.h"
#include "operator/repeat.h"
#include "operator/union.h"
#include "operator/unnest.h"
#include "operator/values.h"
#include "operator/window_aggregate.h"
#include "operator/window_assign.h"

namespace velo {
namespace {

using Lowered = std::vector<LoweredNode>;

template <typename Make>
LoweredNode node(Spread spread, Make make) {
  LoweredNode lowered;
  lowered.spec.make = std::move(make);
  lowered.spec.spread = spread;
  return lowered;
}

WindowSpec window_spec(const PlanWindow& window) {
  WindowSpec spec;
  switch (window.kind) {
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
  switch (window.unit) {
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
  spec.size = window.size;
  spec.slide = window.slide;
  spec.gap_us = window.gap_us;
  spec.offset_us = window.offset_us;
  spec.zone = window.zone;
  spec.week_start = window.week_start;
  return spec;
}

EmitOptions emit_options(const PlanEmit& emit) {
  EmitOptions options;
  switch (emit.mode) {
    case PlanEmitMode::kFinal:
      options.mode = EmitMode::kFinal;
      break;
    case PlanEmitMode::kChanges:
      options.mode = EmitMode::kChanges;
      break;
    case PlanEmitMode::kEvery:
      options.mode = EmitMode::kEvery;
      break;
  }
  options.every_us = emit.every_us;
  options.coalesce = emit.coalesce;
  return options;
}

std::vector<Aggregate> aggregates_of(const std::vector<PlanAggregate>& from) {
  std::vector<Aggregate> aggregates;
  for (const PlanAggregate& aggregate : from) aggregates.push_back(aggregate.aggregate);
  return aggregates;
}

/// Copies of the operator give window_time even if nobody asked for it, so that their results can
/// be merged in its order; a projection takes it away again.
Lowered with_merge(const WindowAggregateNode& plan, WindowAggregateOptions options) {
  const size_t keys = plan.keys.size();
  const size_t windows = size_t{options.with_start} + size_t{options.with_end};
  const bool added = !options.with_time;
  if (added) {
    std::vector<Field> fields = options.output->fields();
    const Type type = (*options.input)[options.time_column].type;
    fields.insert(fields.begin() + static_cast<ptrdiff_t>(keys + windows), {"window_time", type});
    options.output = make_schema(std::move(fields));
    options.with_time = true;
  }
  Lowered made;
  made.push_back(node(Spread::kByKey, [options] {
    return options.window.kind == WindowKind::kSession ? make_session_aggregate(options)
                                                       : make_window_aggregate(options);
  }));
  if (options.emit.mode == EmitMode::kFinal) {
    made[0].spec.merge.time_column = keys + windows;
    // A window is given one step before its end, window_time is a millisecond before it.
    const Type& time = (*options.input)[options.time_column].type;
    made[0].spec.merge.due_us = time.step_us() - 1000;
    made[0].spec.merge.order = {keys + windows};
    for (size_t i = 0; i < keys; ++i) made[0].spec.merge.order.push_back(i);
  }
  if (added) {
    std::vector<ExprPtr> columns;
    for (size_t i = 0; i < options.output->size(); ++i) {
      if (i == keys + windows) continue;
      columns.push_back(make_column(i, (*options.output)[i].type, (*options.output)[i].name));
    }
    made.push_back(project_to(plan.schema, std::move(columns)));
  }
  return made;
}

Lowered lower_window_aggregate(const WindowAggregateNode& plan, const OperatorLowering& lowering) {
  WindowAggregateOptions options;
  options.input = plan.input()->schema;
  options.output = plan.schema;
  options.window = window_spec(plan.window);
  options.time_column = plan.window.time_column;
  options.keys = plan.keys;
  options.aggregates = aggregates_of(plan.aggregates);
  options.with_start = plan.outputs.start;
  options.with_end = plan.outputs.end;
  options.with_time = plan.outputs.time;
  options.emit = emit_options(plan.emit);
  options.retractable = plan.input()->changelog.changing;
  options.lateness_us = plan.lateness_us;
  if (plan.grouping_sets) options.set_column = plan.keys.back()->index();
  Lowered made;
  if (lowering.parallel && !plan.keys.empty()) {
    made = with_merge(plan, std::move(options));
  } else {
    made.push_back(node(Spread::kByKey, [options] {
      return options.window.kind == WindowKind::kSession ? make_session_aggregate(options)
                                                         : make_window_aggregate(options);
    }));
  }
  made[0].spec.keys = {plan.keys};
  if (plan.late) {
    made[0].late = &*plan.late;
    made[0].spec.late = NodeSpec::Late{0, late_spec(*plan.late, *plan.input()->schema)};
  }
  const auto delay_by = [](int64_t delay_us, const SchemaPtr& schema) {
    const DelayWatermarkOptions delay{schema, delay_us};
    return node(Spread::kAnywhere, [delay] { return make_delay_watermark(delay); });
  };
  const int64_t before_us = plan.grace_us - plan.early_us;
  if (before_us != 0) made.insert(made.begin(), delay_by(before_us, plan.input()->schema));
  if (plan.early_us != 0) made.push_back(delay_by(plan.early_us, plan.schema));
  return made;
}

LoweredNode lower_aggregate(const AggregateNode& plan) {
  GroupAggregateOptions options;
  options.input = plan.input()->schema;
  options.output = plan.schema;
  options.keys = plan.keys;
  options.aggregates = aggregates_of(plan.aggregates);
  options.time_column = plan.time_column ? static_cast<int>(*plan.time_column) : -1;
  options.retractable = plan.input()->changelog.changing;
  options.emit = emit_options(plan.emit);
  if (plan.bound.kind == StateBoundKind::kTtl) options.ttl_us = plan.bound.ttl_us;
  options.standing = plan.standing;
  options.partial = plan.partial;
  if (plan.partial)
    return node(Spread::kAnywhere, [options] { return make_group_aggregate(options); });
  // One of several copies alone must know of the groups that exist without rows.
  const Spread spread = plan.standing.empty() ? Spread::kByKey : Spread::kSingle;
  LoweredNode made = node(spread, [options] { return make_group_aggregate(options); });
  made.spec.keys = {plan.keys};
  if (plan.emit.mode == PlanEmitMode::kFinal) {
    for (size_t i = 0; i < plan.keys.size(); ++i) made.spec.merge.order.push_back(i);
  }
  return made;
}

LoweredNode lower_to_changelog(const ToChangelogNode& plan) {
  const ToChangelogOptions options{plan.schema, plan.key, plan.codes};
  return node(Spread::kAnywhere, [options] { return make_to_changelog(options); });
}

LoweredNode lower_from_changelog(const FromChangelogNode& plan) {
  const FromChangelogOptions options{plan.input()->schema, plan.schema, plan.op, plan.weights};
  return node(Spread::kAnywhere, [options] { return make_from_changelog(options); });
}

/// An operator that keeps rows by key.
template <typename Node>
LoweredNode lower_keyed(const Node& plan,
                        std::unique_ptr<Operator> (*make)(KeyedRowsOptions options)) {
  KeyedRowsOptions options{plan.schema, plan.key, 0};
  if (plan.bound.kind == StateBoundKind::kTtl) options.ttl_us = plan.bound.ttl_us;
  LoweredNode made = node(Spread::kByKey, [options, make] { return make(options); });
  made.spec.keys.emplace_back();
  for (const size_t column : plan.key) {
    const Field& field = (*plan.schema)[column];
    made.spec.keys[0].push_back(make_column(column, field.type, field.name));
  }
  return made;
}

Result<LoweredNode> lower_values(const ValuesNode& plan, const OperatorLowering& lowering) {
  EvaluationContext context;
  context.now_us = lowering.now_us;
  context.zone = lowering.zone;
  Batch rows{plan.schema, plan.rows.size(), {}, nullptr, nullptr};
  for (size_t column = 0; column < plan.schema->size(); ++column) {
    std::vector<ColumnPtr> parts;
    for (const std::vector<ExprPtr>& row : plan.rows) {
      parts.push_back(TRY(evaluate_constant(row[column], context)));
    }
    rows.columns.push_back(parts.empty() ? Column::nulls((*plan.schema)[column].type, 0)
                                         : concat(parts));
  }
  return node(Spread::kSingle, [rows] { return make_values({rows}); });
}

Lowered one(LoweredNode made) {
  Lowered list;
  list.push_back(std::move(made));
  return list;
}

LoweredNode lower_limit(const LimitNode& limit) {
  LimitOptions limits{limit.schema, limit.limit ? static_cast<uint64_t>(*limit.limit) : UINT64_MAX,
                      static_cast<uint64_t>(limit.offset)};
  return node(Spread::kSingle, [limits] { return make_limit(limits); });
}

}  // namespace

LateSpec late_spec(const PlanLateOutput& late, const Schema& input) {
  LateSpec spec;
  spec.schema = late.schema;
  for (const LateColumn& column : late.columns) {
    LateSpec::Column to;
    to.input = column.input_column;
    to.offset = column.offset_column;
    switch (column.field) {
      case LateField::kInput:
        to.field = LateSpec::Field::kInput;
        to.name = input[column.input_column].name;
        break;
      case LateField::kWatermark:
        to.field = LateSpec::Field::kWatermark;
        break;
      case LateField::kWindowStart:
        to.field = LateSpec::Field::kWindowStart;
        break;
      case LateField::kWindowEnd:
        to.field = LateSpec::Field::kWindowEnd;
        break;
      case LateField::kLateBy:
        to.field = LateSpec::Field::kLateBy;
        break;
      case LateField::kPosition:
        to.field = LateSpec::Field::kPosition;
        to.name = input[column.input_column].name;
        to.offset_name = input[to.offset].name;
        break;
      case LateField::kNamed:
        to.field = LateSpec::Field::kNamed;
        to.name = column.name;
        break;
      case LateField::kNull:
        to.field = LateSpec::Field::kNull;
        break;
    }
    spec.columns.push_back(to);
  }
  return spec;
}

LoweredNode project_to(const SchemaPtr& output, std::vector<ExprPtr> columns) {
  return node(Spread::kAnywhere,
              [output, columns = std::move(columns)] { return make_project({output, columns}); });
}

Result<std::vector<LoweredNode>> lower_operator(const PlanNode& plan,
                                                const OperatorLowering& options) {
  const SchemaPtr schema = plan.schema;
  switch (plan.kind) {
    case PlanKind::kToChangelog:
      return one(lower_to_changelog(plan.as<ToChangelogNode>()));
    case PlanKind::kFromChangelog:
      return one(lower_from_changelog(plan.as<FromChangelogNode>()));
    case PlanKind::kNormalize:
      return one(lower_keyed(plan.as<NormalizeNode>(), make_normalize));
    case PlanKind::kKeepLast:
      return one(lower_keyed(plan.as<KeepLastNode>(), make_keep_last));
    case PlanKind::kValues:
      return one(TRY(lower_values(plan.as<ValuesNode>(), options)));
    case PlanKind::kFilter:
      return one(node(Spread::kAnywhere, [schema, predicate = plan.as<FilterNode>().predicate] {
        return make_filter({schema, predicate});
      }));
    case PlanKind::kProject:
      return one(project_to(schema, plan.as<ProjectNode>().exprs));
    case PlanKind::kProcessingTime:
      return one(node(Spread::kAnywhere, [schema] { return make_processing_time({schema}); }));
    case PlanKind::kWindowAssign: {
      const PlanWindow window = plan.as<WindowAssignNode>().window;
      return one(node(Spread::kAnywhere, [schema, window] {
        return make_window_assign({schema, window_spec(window), window.time_column});
      }));
    }
    case PlanKind::kExpand: {
      const auto& expand = plan.as<ExpandNode>();
      const ExpandOptions made{plan.input()->schema, schema, expand.keys, expand.sets};
      return one(node(Spread::kAnywhere, [made] { return make_expand(made); }));
    }
    case PlanKind::kUnnest: {
      const auto& unnest = plan.as<UnnestNode>();
      const UnnestOptions made{plan.input()->schema, schema, unnest.list, unnest.ordinality,
                               unnest.keep_empty};
      return one(node(Spread::kAnywhere, [made] { return make_unnest(made); }));
    }
    case PlanKind::kWindowAggregate:
      return lower_window_aggregate(plan.as<WindowAggregateNode>(), options);
    case PlanKind::kAggregate:
      return one(lower_aggregate(plan.as<AggregateNode>()));
    case PlanKind::kOver:
      return lower_over(plan.as<OverNode>());
    case PlanKind::kUnion:
      return one(node(Spread::kAnywhere, [schema, inputs = plan.inputs.size()] {
        return make_union({schema, inputs});
      }));
    case PlanKind::kRepeat:
      return one(node(Spread::kAnywhere, [schema, times = plan.as<RepeatNode>().times] {
        return make_repeat({schema, times});
      }));
    case PlanKind::kOrderBy:
      return lower_order_by(plan.as<OrderByNode>(), nullptr);
    case PlanKind::kLimit:
      return one(lower_limit(plan.as<LimitNode>()));
    case PlanKind::kTopN:
      return lower_top_n(plan.as<TopNNode>());
    case PlanKind::kRepartition:
    case PlanKind::kJoin:
    case PlanKind::kScan:
    case PlanKind::kShared:
    case PlanKind::kSink:
      break;
  }
  return Error(ErrorCode::kInternal, "a plan node without an operator");
}

Result<std::vector<LoweredNode>> lower_order_by(const OrderByNode& order, const LimitNode* limit) {
  OrderByOptions options;
  std::vector<Field> fields = order.schema->fields();
  const size_t width = fields.size();
  std::vector<ExprPtr> columns;
  for (size_t i = 0; i < width; ++i) {
    columns.push_back(make_column(i, fields[i].type, fields[i].name));
  }
  const std::vector<ExprPtr> all = columns;
  for (const PlanOrder& key : order.keys) {
    SortKey sort{0, key.descending, key.nulls_first};
    if (key.key->kind() == ExprKind::kColumn) {
      sort.column = key.key->index();
    } else {
      sort.column = columns.size();
      columns.push_back(key.key);
      fields.push_back({fmt::format("sort key {}", columns.size() - width), key.key->type()});
    }
    options.keys.push_back(sort);
  }
  if (order.time_column) {
    options.time_column = static_cast<int>(*order.time_column);
    options.shift_us = order.shift_us;
  }
  if (limit != nullptr) {
    if (limit->limit) options.limit = static_cast<uint64_t>(*limit->limit);
    options.offset = static_cast<uint64_t>(limit->offset);
  }
  options.schema = make_schema(std::move(fields));
  Lowered made;
  const bool computed = columns.size() > width;
  if (computed) made.push_back(project_to(options.schema, columns));
  made.push_back(node(Spread::kSingle, [options] { return make_order_by(options); }));
  if (computed) made.push_back(project_to(order.schema, all));
  return made;
}

}  // namespace velo
