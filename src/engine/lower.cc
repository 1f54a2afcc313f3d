#include "engine/lower.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/fmt.h"
#include "engine/lower_join.h"
#include "engine/lower_operators.h"
#include "engine/message_table.h"
#include "engine/repartition.h"
#include "expr/evaluator.h"
#include "operator/union.h"
#include "plan/field_reads.h"
#include "plan/plan_build.h"
#include "plan/same_plan.h"

namespace velo {
namespace {

/// One script's plans on their way to a graph. A node is lowered after its inputs.
class Lowering {
 public:
  explicit Lowering(const LowerContext& context) : context_(context) {}

  Result<JobGraph> lower_all(const std::vector<LowerInput>& plans) {
    for (const LowerInput& input : plans) collect(*input.plan);
    for (const LowerInput& input : plans) {
      if (input.plan->kind == PlanKind::kSink) {
        TRY(add_write(input.plan->as<SinkNode>()));
      } else {
        add_result(TRY(lower_node(input.plan)), input.result);
      }
    }
    TRY(finish_writes());
    return std::move(graph_);
  }

 private:
  struct Write {
    std::vector<Upstream> inputs;
    SinkEncoding encoding = SinkEncoding::kAppend;
    std::vector<size_t> key;
    SchemaPtr schema;
  };

  /// What all scans together want of each table.
  void collect(const PlanNode& plan) {
    if (plan.kind == PlanKind::kScan) {
      const auto& scan = plan.as<ScanNode>();
      Wanted& wanted = wanted_[scan.table.get()];
      for (size_t i = 0; i < scan.fields.size(); ++i) {
        const Type& type = (*scan.layout)[i].type;
        const auto [known, first] = wanted.fields.emplace(scan.fields[i], type);
        if (first) continue;
        known->second = widest(scan.table->columns[scan.fields[i]].type, known->second, type);
      }
      wanted.metadata.insert(scan.metadata.begin(), scan.metadata.end());
    }
    for (const PlanPtr& input : plan.inputs) collect(*input);
  }

  Result<Upstream> lower_node(const PlanPtr& plan) {
    switch (plan->kind) {
      case PlanKind::kScan:
        return lower_scan(plan->as<ScanNode>());
      case PlanKind::kShared:
        return lower_shared(plan->as<SharedNode>());
      case PlanKind::kRepartition:
        return lower_repartition(plan->as<RepartitionNode>());
      case PlanKind::kSink:
        CHECK(false, "a sink inside a plan");
      default:
        break;
    }
    if (!keeps_state(*plan)) return lower_anew(plan);
    // What another statement computes as well is computed once.
    for (const auto& [known, made] : stateful_) {
      if (same_plan(*known, *plan)) return made;
    }
    const Upstream made = TRY(lower_anew(plan));
    stateful_.emplace_back(plan, made);
    return made;
  }

  Result<Upstream> lower_anew(const PlanPtr& plan) {
    std::vector<Upstream> inputs;
    const PlanNode* node = plan.get();
    const OrderByNode* order = nullptr;
    if (node->kind == PlanKind::kLimit && node->input()->kind == PlanKind::kOrderBy &&
        !node->input()->as<OrderByNode>().time_column) {
      order = &node->input()->as<OrderByNode>();  // sorts no more than it must hold
    }
    for (const PlanPtr& input : order ? order->inputs : node->inputs) {
      inputs.push_back(TRY(lower_node(input)));
    }
    if (node->kind == PlanKind::kJoin) {
      if (!context_.application.empty()) read_together(*node);
      LoweredJoin join = lower_join(node->as<JoinNode>());
      for (size_t i = 0; i < 2; ++i) {
        if (join.before[i]) inputs[i] = TRY(add_node(std::move(*join.before[i]), {inputs[i]}));
      }
      return add_chain(std::move(join.nodes), std::move(inputs));
    }
    return add_chain(TRY(order ? lower_order_by(*order, &node->as<LimitNode>())
                               : lower_operator(*plan, options())),
                     std::move(inputs));
  }

  Result<Upstream> add_chain(std::vector<LoweredNode> nodes, std::vector<Upstream> inputs) {
    for (LoweredNode& node : nodes) {
      const Upstream last = TRY(add_node(std::move(node), std::move(inputs)));
      inputs = {last};
    }
    return inputs[0];
  }
  Result<Upstream> add_node(LoweredNode node, std::vector<Upstream> inputs) {
    node.spec.inputs = std::move(inputs);
    if (node.late != nullptr) node.spec.late->sink = TRY(late_sink(*node.late));
    graph_.nodes.push_back(std::move(node.spec));
    return Upstream{Upstream::Kind::kNode, graph_.nodes.size() - 1, 0};
  }

  OperatorLowering options() const {
    return {context_.parallelism > 1, context_.zone, context_.connectors.clock.now_us()};
  }

  Result<Upstream> lower_shared(const SharedNode& shared) {
    const auto found = shared_.find(shared.input().get());
    if (found != shared_.end()) return found->second;
    const Upstream made = TRY(lower_node(shared.input()));
    shared_.emplace(shared.input().get(), made);
    return made;
  }

  Result<Upstream> lower_scan(const ScanNode& scan) {
    const size_t source = TRY(source_of(scan.table));
    const Wanted& wanted = wanted_[scan.table.get()];
    // The scan's own layout is part of the common one.
    std::vector<ExprPtr> columns;
    for (const size_t field : scan.fields) {
      columns.push_back(make_column(position(wanted.fields, field), wanted.fields.at(field),
                                    scan.table->columns[field].name));
    }
    for (const size_t key : scan.metadata) {
      const TableColumn& column = scan.table->columns[key];
      columns.push_back(make_column(wanted.fields.size() + position(wanted.metadata, key),
                                    column.type, column.name));
    }
    ReaderSpec reader;
    reader.schema = scan.schema;
    for (const ExprPtr& output : scan.outputs) {
      reader.outputs.push_back(over_columns(output, columns));
    }
    if (scan.watermark) {
      WatermarkOptions watermark;
      watermark.time_column = scan.watermark->column;
      watermark.delay_us = scan.watermark->delay_us;
      watermark.strategy = scan.watermark->expr;
      watermark.idle_timeout_us = scan.table->idle_timeout_us();
      watermark.max_future_us = scan.table->max_future_us();
      watermark.by_key = scan.table->traits.changes == TableChanges::kUpsert;
      reader.watermark = std::move(watermark);
    }
    reader.by_key = scan.table->traits.changes == TableChanges::kUpsert;
    reader.leads_away = leads_away_;
    std::vector<ReaderSpec>& readers = graph_.sources[source].readers;
    for (size_t i = 0; i < readers.size(); ++i) {
      if (same(readers[i], reader)) return Upstream{Upstream::Kind::kReader, source, i};
    }
    readers.push_back(std::move(reader));
    return Upstream{Upstream::Kind::kReader, source, readers.size() - 1};
  }

  static bool same(const ReaderSpec& a, const ReaderSpec& b) {
    if (!(*a.schema == *b.schema) || a.outputs.size() != b.outputs.size()) return false;
    if (a.leads_away != b.leads_away) return false;
    for (size_t i = 0; i < a.outputs.size(); ++i) {
      if (!(*a.outputs[i] == *b.outputs[i]) || a.outputs[i]->is_volatile()) return false;
    }
    // One table has one watermark: it is the same if both have it in the same place.
    if (a.watermark.has_value() != b.watermark.has_value()) return false;
    return !a.watermark || a.watermark->time_column == b.watermark->time_column;
  }

  template <typename Ordered>
  static size_t position(const Ordered& set, size_t value) {
    return static_cast<size_t>(std::distance(set.begin(), set.find(value)));
  }

  Result<size_t> source_of(const TableDefPtr& table) {
    const auto found = sources_.find(table.get());
    if (found != sources_.end()) return found->second;
    if (!table->traits.can_read) {
      return Error(ErrorCode::kInvalidStatement,
                   fmt::format("table '{}' cannot be read: connector '{}' only writes", table->name,
                               table->connector()));
    }
    const Wanted& wanted = wanted_[table.get()];
    TableColumns columns;
    columns.metadata.assign(wanted.metadata.begin(), wanted.metadata.end());
    for (const auto& [field, type] : wanted.fields) {
      columns.fields.push_back(field);
      columns.types.push_back(type);
    }
    SourceUse use;
    use.spec = TRY(make_source_spec(*table, columns, context_.batch_rows, sharing_of(*table),
                                    context_.connectors));
    use.spec.replay = rule_of(table->name);
    TRY(set_bad_records(*table, use));
    graph_.sources.push_back(std::move(use));
    sources_.emplace(table.get(), graph_.sources.size() - 1);
    return graph_.sources.size() - 1;
  }

  ReplayRule rule_of(const std::string& source) const {
    const auto found = context_.replay.find(source);
    return found == context_.replay.end() ? ReplayRule() : found->second;
  }

  /// The member of the group that reads the table in this process: one for all tables that reach
  /// the same brokers in the same way. What it reads is known once all is lowered.
  SharedReading sharing_of(const TableDef& table) {
    if (context_.application.empty() || !is_message_connector(table.connector())) return {};
    add_topics(table.options, &group_of(table));
    return {context_.application, member_name(table), groups_[member_name(table)],
            rule_of(table.name).kind == ReplayRule::Kind::kNever};
  }
  GroupTopics& group_of(const TableDef& table) {
    std::shared_ptr<GroupTopics>& topics = groups_[member_name(table)];
    if (!topics) topics = std::make_shared<GroupTopics>();
    return *topics;
  }
  /// Partners stand in partitions of equal number: these must come to the same instance.
  void read_together(const PlanNode& join) {
    std::vector<TableDefPtr> tables;
    collect_tables(join, &tables);
    std::vector<std::string> topics;
    for (const PlanPtr& input : join.inputs) collect_topics(*input, &topics);
    group_of(*tables[0]).together.push_back(std::move(topics));
  }
  /// Those that the plan reads, here or behind another topic's rows.
  static void collect_topics(const PlanNode& plan, std::vector<std::string>* topics) {
    if (plan.kind == PlanKind::kRepartition) {
      return topics->push_back(plan.as<RepartitionNode>().topic);
    }
    if (plan.kind == PlanKind::kScan) {
      for (std::string& topic : topics_of(*plan.as<ScanNode>().table)) {
        topics->push_back(std::move(topic));
      }
    }
    for (const PlanPtr& input : plan.inputs) collect_topics(*input, topics);
  }

  /// The rows go into a topic of the job's own, and come out of it again, here or in another
  /// process.
  Result<Upstream> lower_repartition(const RepartitionNode& node) {
    const auto known = dealt_.find(node.topic);
    if (known != dealt_.end()) return known->second;
    const bool before = std::exchange(leads_away_, true);
    const Upstream rows = TRY(lower_node(node.input()));
    leads_away_ = before;
    std::vector<TableDefPtr> tables;
    collect_tables(*node.input(), &tables);
    SinkSpec sink;
    sink.name = node.topic;
    sink.input = rows;
    const ReplayRule rule = rule_of(node.topic);
    GroupTopics::Own own{node.topic, node.like, rule.kind == ReplayRule::Kind::kNever};
    for (const TableDefPtr& table : tables) sink.origins.push_back(sources_.at(table.get()));
    group_of(*tables[0]).own.push_back(std::move(own));
    auto shared = std::make_shared<RepartitionNode>(node);
    sink.make = [shared, like = tables[0], zone = context_.zone, connectors = context_.connectors] {
      return make_dealt_sink(*shared, *like, zone, connectors);
    };
    graph_.sinks.push_back(std::move(sink));
    const SharedReading sharing{context_.application, member_name(*tables[0]),
                                groups_[member_name(*tables[0])],
                                rule.kind == ReplayRule::Kind::kNever};
    SourceUse use;
    use.spec = TRY(make_dealt_source(node, *tables[0], rule, sharing, context_.connectors));
    use.readers.push_back(dealt_reader(node));
    graph_.sources.push_back(std::move(use));
    const Upstream made{Upstream::Kind::kReader, graph_.sources.size() - 1, 0};
    dealt_.emplace(node.topic, made);
    return made;
  }

  static ReaderSpec dealt_reader(const RepartitionNode& node) {
    ReaderSpec reader;
    reader.schema = node.schema;
    reader.outputs = all_columns(node);
    for (size_t i = 0; i < node.traits.size() && !reader.watermark; ++i) {
      if (!node.traits[i].event_time) continue;
      WatermarkOptions watermark;
      watermark.time_column = i;
      watermark.told = true;
      reader.watermark = std::move(watermark);
    }
    return reader;
  }

  static void collect_tables(const PlanNode& plan, std::vector<TableDefPtr>* tables) {
    if (plan.kind == PlanKind::kScan) {
      const TableDefPtr& table = plan.as<ScanNode>().table;
      if (std::find(tables->begin(), tables->end(), table) == tables->end()) {
        tables->push_back(table);
      }
    }
    for (const PlanPtr& input : plan.inputs) collect_tables(*input, tables);
  }

  Status set_bad_records(const TableDef& table, SourceUse& use) {
    switch (table.bad_records()) {
      case BadRecordPolicy::kFail:
        use.spec.bad.policy = BadPolicy::kFail;
        return {};
      case BadRecordPolicy::kSkip:
        use.spec.bad.policy = BadPolicy::kSkip;
        return {};
      case BadRecordPolicy::kDeadLetter:
        break;
    }
    const std::string name = table.option("bad-records.sink");
    const CatalogEntry* entry = context_.catalog->find(std::string_view(name));
    const auto* letters = entry ? std::get_if<TableDefPtr>(entry) : nullptr;
    if (letters == nullptr) {
      return Error(
                 ErrorCode::kUnknownName,
                 fmt::format("table '{}': 'bad-records.sink' = '{}' is no table", table.name, name))
          .with_hint("CREATE TABLE " + (name.empty() ? "dead_letters" : name) +
                     " (record STRING, source STRING, line BIGINT, message STRING) WITH (…)");
    }
    use.spec.bad.policy = BadPolicy::kDeadLetter;
    use.spec.bad.spec = TRY(make_dead_letter_spec(**letters));
    use.dead_letters = TRY(side_sink(*letters, use.spec.bad.spec.schema));
    return {};
  }

  Result<size_t> late_sink(const PlanLateOutput& late) {
    return side_sink(late.table, late.schema);
  }

  Result<size_t> side_sink(const TableDefPtr& table, const SchemaPtr& schema) {
    const auto found = side_sinks_.find(table->name);
    if (found != side_sinks_.end()) {
      if (*found->second.second == *schema) return found->second.first;
      return Error(ErrorCode::kNotSupported,
                   fmt::format("not supported yet: table '{}' takes late or bad rows of two shapes",
                               table->name));
    }
    graph_.sinks.push_back(sink_spec(table, schema, SinkEncoding::kAppend, {}));
    const size_t number = graph_.sinks.size() - 1;
    side_sinks_.emplace(table->name, std::pair(number, schema));
    return number;
  }

  SinkSpec sink_spec(const TableDefPtr& table, const SchemaPtr& schema, SinkEncoding encoding,
                     std::vector<size_t> key) const {
    SinkSpec spec;
    spec.name = table->name;
    OutputCallback deliver = context_.output_callback(table->name);
    spec.make = [table, schema, encoding, key = std::move(key), deliver = std::move(deliver),
                 connectors = context_.connectors] {
      return make_table_sink(*table, schema, encoding, key, deliver, connectors);
    };
    return spec;
  }

  void add_result(Upstream from, size_t result) {
    SinkSpec spec;
    spec.name = fmt::format("result {}", result + 1);
    spec.input = from;
    spec.make = [deliver = context_.result_callback(result),
                 connectors = context_.connectors]() -> Result<std::unique_ptr<SinkPort>> {
      return std::unique_ptr<SinkPort>(std::make_unique<CallbackSink>(deliver, connectors.clock));
    };
    graph_.sinks.push_back(std::move(spec));
  }

  Status add_write(const SinkNode& sink) {
    if (!writes_.contains(sink.table.get())) {
      order_.push_back(sink.table);
      writes_[sink.table.get()].schema = sink.input()->schema;
    }
    Write& write = writes_[sink.table.get()];
    write.inputs.push_back(TRY(lower_node(sink.input())));
    if (sink.encoding != SinkEncoding::kAppend) write.encoding = sink.encoding;
    const Changelog& changes = sink.input()->changelog;
    if (write.key.empty()) write.key = sink.primary_key.empty() ? changes.key : sink.primary_key;
    return {};
  }

  Status finish_writes() {
    for (const TableDefPtr& table : order_) {
      Write& write = writes_[table.get()];
      if (side_sinks_.contains(table->name)) {
        return Error(ErrorCode::kNotSupported,
                     fmt::format("not supported yet: table '{}' takes results and also late or "
                                 "bad rows",
                                 table->name));
      }
      Upstream from = write.inputs.front();
      if (write.inputs.size() > 1) {
        NodeSpec both;
        both.inputs = write.inputs;
        both.spread = Spread::kSingle;
        both.make = [schema = write.schema, inputs = write.inputs.size()] {
          return make_union({schema, inputs});
        };
        graph_.nodes.push_back(std::move(both));
        from = {Upstream::Kind::kNode, graph_.nodes.size() - 1, 0};
      }
      SinkSpec spec = sink_spec(table, write.schema, write.encoding, write.key);
      spec.input = from;
      graph_.sinks.push_back(std::move(spec));
    }
    return {};
  }

  struct Wanted {
    std::map<size_t, Type> fields;
    std::set<size_t> metadata;
  };
  const LowerContext& context_;
  JobGraph graph_;
  std::map<const TableDef*, Wanted> wanted_;
  std::map<const TableDef*, size_t> sources_;
  std::map<const PlanNode*, Upstream> shared_;
  std::map<std::string, Upstream> dealt_;                       // by topic
  std::map<std::string, std::shared_ptr<GroupTopics>> groups_;  // by name of the member
  bool leads_away_ = false;  // what is being lowered ends in a topic of the job's own
  std::vector<std::pair<PlanPtr, Upstream>> stateful_;
  std::map<std::string, std::pair<size_t, SchemaPtr>> side_sinks_;
  std::map<const TableDef*, Write> writes_;
  std::vector<TableDefPtr> order_;  // of the tables written
};

}  // namespace

Result<JobGraph> lower(const std::vector<LowerInput>& plans, const LowerContext& context) {
  return Lowering(context).lower_all(plans);
}

}  // namespace velo
