#include "engine/repartition.h"

#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "engine/message_table.h"
#include "engine/table_kinds.h"
#include "plan/plan_build.h"
#include "runtime/repartition_sink.h"

namespace velo {
namespace {

/// What stands in the way; who asked says of what.
Error obstacle(const std::string& what) { return Error(ErrorCode::kNotSupported, what); }

/// The column that every table of messages has without being asked.
size_t system_column(const TableDef& table, std::string_view key) {
  const auto found = std::find_if(
      table.columns.begin(), table.columns.end(),
      [&](const TableColumn& column) { return column.is_system && column.metadata_key == key; });
  CHECK(found != table.columns.end(), "a table of messages without its metadata");
  return static_cast<size_t>(found - table.columns.begin());
}

Result<PlanPtr> scan_with_origins(const ScanNode& scan) {
  const TableDef& table = *scan.table;
  if (!is_message_connector(table.connector())) return obstacle("a table that is no topic");
  const std::vector<std::string> topics = topics_of(table);
  if (topics.size() != 1) return obstacle("several topics of one table");
  const size_t partition = system_column(table, "partition");
  const size_t offset = system_column(table, "offset");
  std::vector<size_t> columns = scan.output_columns;
  columns.insert(columns.end(), {partition, offset});
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  const PlanPtr more =
      make_scan(scan.table, columns, scan.watermark.has_value(), scan.span, scan.paths);
  const auto place = [&](size_t column) {
    return static_cast<size_t>(std::find(columns.begin(), columns.end(), column) - columns.begin());
  };
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names = column_names(scan);
  for (const size_t column : scan.output_columns) exprs.push_back(column_of(*more, place(column)));
  for (size_t i = 0; i < scan.paths.size(); ++i) {
    exprs.push_back(column_of(*more, columns.size() + i));
  }
  exprs.push_back(make_string(topics[0]));
  exprs.push_back(column_of(*more, place(partition)));
  exprs.push_back(column_of(*more, place(offset)));
  names.insert(names.end(), {"topic", "partition", "offset"});
  return make_project(more, std::move(exprs), std::move(names), scan.span);
}

/// Only what reaches the broker, whatever else the table says of its records.
OptionMap client_options(const TableDef& like, const std::string& topic) {
  OptionMap options;
  for (const auto& [name, value] : like.options) {
    if (name.starts_with("properties.")) options[name] = value;
  }
  options["topic"] = topic;
  return options;
}

}  // namespace

std::string clause_of(const PlanNode& plan) {
  switch (plan.kind) {
    case PlanKind::kExpand:
      return "GROUPING SETS";
    case PlanKind::kUnnest:
      return "UNNEST";
    case PlanKind::kWindowAggregate:
      return "a grouping";
    case PlanKind::kAggregate:
      return plan.as<AggregateNode>().aggregates.empty() ? "DISTINCT" : "a grouping";
    case PlanKind::kOver:
      return "OVER";
    case PlanKind::kTopN:
      return "ROW_NUMBER() with a bound";
    case PlanKind::kJoin:
      return "a join";
    case PlanKind::kNormalize:
    case PlanKind::kKeepLast:
      return "changes by key";
    case PlanKind::kProcessingTime:
      return "PROCTIME()";
    default:
      return "what is more than rows of tables, filtered and computed";
  }
}

std::vector<std::string> topics_of(const TableDef& table) {
  GroupTopics topics;
  add_topics(table.options, &topics);
  return topics.patterns.empty() ? topics.topics : std::vector<std::string>();
}

Result<PlanPtr> with_origins(const PlanPtr& plan) {
  switch (plan->kind) {
    case PlanKind::kScan:
      return scan_with_origins(plan->as<ScanNode>());
    case PlanKind::kShared:
      return with_origins(plan->input());
    case PlanKind::kFilter: {
      const PlanPtr input = TRY(with_origins(plan->input()));
      return make_filter(input, plan->as<FilterNode>().predicate, plan->span);
    }
    case PlanKind::kProject: {
      const PlanPtr input = TRY(with_origins(plan->input()));
      std::vector<ExprPtr> exprs = plan->as<ProjectNode>().exprs;
      std::vector<std::string> names = column_names(*plan);
      const size_t first = input->schema->size() - kOriginColumns;
      for (size_t i = 0; i < kOriginColumns; ++i) {
        exprs.push_back(column_of(*input, first + i));
        names.push_back((*input->schema)[first + i].name);
      }
      return make_project(input, std::move(exprs), std::move(names), plan->span);
    }
    case PlanKind::kUnion: {
      std::vector<PlanPtr> inputs;
      for (const PlanPtr& input : plan->inputs) inputs.push_back(TRY(with_origins(input)));
      return make_union(std::move(inputs), plan->span);
    }
    default:
      return obstacle(clause_of(*plan));
  }
}

Result<SourceSpec> make_dealt_source(const RepartitionNode& node, const TableDef& like,
                                     const ReplayRule& rule, const SharedReading& sharing,
                                     ConnectorContext context) {
  SourceSpec spec;
  spec.table = node.topic;
  spec.bounded = false;
  spec.is_dealt = true;
  spec.layout = node.schema;
  spec.replay = rule;
  spec.make_source = [options = client_options(like, node.topic), sharing, context](uint32_t task) {
    SourceHints hints;
    hints.task = task;
    hints.application = sharing.application;
    hints.member = sharing.member;
    hints.group_topics = sharing.topics;
    hints.own_topic = true;
    hints.again = sharing.again;
    return make_source("kafka", options, hints, context);
  };
  return spec;
}

Result<std::unique_ptr<SinkPort>> make_dealt_sink(const RepartitionNode& node, const TableDef& like,
                                                  const TimeZone* zone, ConnectorContext context) {
  RepartitionSinkOptions sink;
  SinkHints hints;
  hints.own_topic = true;
  sink.sink = TRY(make_sink("kafka", client_options(like, node.topic), hints, context));
  sink.schema = node.schema;
  sink.keys = node.keys;
  sink.zone = zone;
  return std::unique_ptr<SinkPort>(
      std::make_unique<RepartitionSink>(std::move(sink), context.clock));
}

}  // namespace velo
