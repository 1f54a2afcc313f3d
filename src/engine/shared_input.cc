#include "engine/shared_input.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "base/fmt.h"
#include "base/random.h"
#include "engine/message_table.h"
#include "engine/repartition.h"
#include "engine/replay_of.h"
#include "plan/explain.h"
#include "plan/plan_build.h"
#include "plan/rewrite.h"

namespace velo {
namespace {

constexpr size_t kTopicNameMost = 249;  // characters, by Kafka

struct TableColumnRef {
  const TableDef* table;
  size_t column;
};

/// The column of a table that column `i` of the plan is, if it is one unchanged.
std::optional<TableColumnRef> origin_of(const PlanNode& plan, size_t i) {
  switch (plan.kind) {
    case PlanKind::kScan: {
      const auto& scan = plan.as<ScanNode>();
      const Expr& output = *scan.outputs[i];
      if (output.kind() != ExprKind::kColumn || output.index() >= scan.fields.size()) return {};
      return TableColumnRef{scan.table.get(), scan.fields[output.index()]};
    }
    case PlanKind::kProject: {
      const Expr& expr = *plan.as<ProjectNode>().exprs[i];
      if (expr.kind() != ExprKind::kColumn) return {};
      return origin_of(*plan.input(), expr.index());
    }
    case PlanKind::kFilter:
    case PlanKind::kShared:
    case PlanKind::kProcessingTime:
    case PlanKind::kWindowAssign:
      if (i >= plan.input()->schema->size()) return {};
      return origin_of(*plan.input(), i);
    default:
      return {};
  }
}

/// Of those below, in the order in which they are met.
void collect_tables(const PlanNode& plan, std::vector<const TableDef*>* tables) {
  if (plan.kind == PlanKind::kScan) {
    const TableDef* table = plan.as<ScanNode>().table.get();
    if (std::find(tables->begin(), tables->end(), table) == tables->end()) tables->push_back(table);
  }
  for (const PlanPtr& input : plan.inputs) collect_tables(*input, tables);
}

std::vector<std::string> topics_below(const PlanNode& plan) {
  std::vector<const TableDef*> tables;
  collect_tables(plan, &tables);
  std::vector<std::string> topics;
  for (const TableDef* table : tables) {
    for (std::string& topic : topics_of(*table)) topics.push_back(std::move(topic));
  }
  return topics;
}

Error refused(const std::string& what) {
  return Error(ErrorCode::kNotSupported, "not supported yet with 'application.id': " + what);
}

/// Why rows that are equal in `keys` come to several processes; "" = they do not.
Result<std::string> what_parts(const PlanNode& input, const std::vector<ExprPtr>& keys) {
  std::vector<const TableDef*> tables;
  collect_tables(input, &tables);
  std::vector<const TableDef*> shared;
  for (const TableDef* table : tables) {
    if (is_message_connector(table->connector())) shared.push_back(table);
  }
  if (shared.empty()) return std::string();
  if (shared.size() < tables.size()) {
    return refused(
        "a grouping of rows of topics together with others, which every instance reads "
        "whole");
  }
  if (shared.size() > 1 || topics_of(*shared[0]).size() != 1) {
    return std::string("rows of one group come from several topics");
  }
  const MessageTable messages = TRY(message_table(*shared[0], false));
  if (messages.key.empty()) {
    return fmt::format("nothing is known of the keys of the messages of '{}'", shared[0]->name);
  }
  std::string key;
  bool all = true;
  for (const size_t column : messages.key) {
    key += (key.empty() ? "" : ", ") + shared[0]->columns[column].name;
    all = all && std::any_of(keys.begin(), keys.end(), [&](const ExprPtr& expr) {
            if (expr->kind() != ExprKind::kColumn) return false;
            const auto origin = origin_of(input, expr->index());
            return origin && origin->column == column;
          });
  }
  if (all) return std::string();
  return fmt::format("the messages of '{}' are keyed by {}", shared[0]->name, key);
}

/// Whether the messages of both sides are dealt to partitions by the same keys, which are keys of
/// the join: then partners have partitions of the same number, if there are as many of them.
Result<bool> dealt_alike(const JoinNode& join) {
  std::array<MessageTable, 2> messages;
  std::array<const TableDef*, 2> tables{};
  for (size_t side = 0; side < 2; ++side) {
    std::vector<const TableDef*> found;
    collect_tables(*join.inputs[side], &found);
    if (found.size() != 1 || topics_of(*found[0]).size() != 1) return false;
    tables[side] = found[0];
    messages[side] = TRY(message_table(*found[0], false));
  }
  const size_t width = messages[0].key.size();
  if (width == 0 || width != messages[1].key.size() ||
      messages[0].key_format != messages[1].key_format) {
    return false;
  }
  const auto is = [&](const ExprPtr& key, size_t side, size_t i) {
    if (key->kind() != ExprKind::kColumn) return false;
    const auto origin = origin_of(*join.inputs[side], key->index());
    return origin && origin->table == tables[side] && origin->column == messages[side].key[i];
  };
  for (size_t i = 0; i < width; ++i) {
    bool same =
        tables[0]->columns[messages[0].key[i]].type == tables[1]->columns[messages[1].key[i]].type;
    bool joined = false;
    for (size_t k = 0; k < join.left_keys.size(); ++k) {
      joined = joined || (is(join.left_keys[k], 0, i) && is(join.right_keys[k], 1, i));
    }
    if (!same || !joined) return false;
  }
  return true;
}

/// The same name for the same rows, in every run and process, and another for others.
std::string topic_name(const std::string& application, const PlanNode& input,
                       const std::vector<ExprPtr>& keys, const std::vector<std::string>& like) {
  std::vector<const TableDef*> tables;
  collect_tables(input, &tables);
  std::string meaning = explain(input, {false, false});
  std::string readable = application;
  for (const TableDef* table : tables) readable += "-" + table->name;
  for (const std::string& topic : like) meaning += topic + "\n";
  for (const Field& field : input.schema->fields()) meaning += field.type.to_string() + "\n";
  for (size_t i = 0; i < keys.size(); ++i) {
    meaning += keys[i]->to_string() + "\n";
    const bool named = keys[i]->kind() == ExprKind::kColumn;
    readable += fmt::format("{}{}", i == 0 ? "-by-" : "-", named ? keys[i]->name() : "expression");
  }
  uint64_t hash = 0;
  for (const char c : meaning) hash = mix64(hash * 31 + static_cast<uint8_t>(c));
  const std::string end = fmt::format("-{:08x}-repartition", hash >> 32);
  readable.resize(std::min(readable.size(), kTopicNameMost - end.size()));
  for (char& c : readable) {
    const bool allowed = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                         (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-';
    if (!allowed) c = '_';
  }
  return readable + end;
}

class Sharing {
 public:
  explicit Sharing(const std::string& application) : application_(application) {}

  Result<PlanPtr> visit(const PlanPtr& plan) {
    const auto known = visited_.find(plan.get());
    if (known != visited_.end()) return known->second;
    std::vector<PlanPtr> inputs;
    for (const PlanPtr& input : plan->inputs) inputs.push_back(TRY(visit(input)));
    PlanPtr made = with_inputs(plan, std::move(inputs));
    if (made->kind == PlanKind::kWindowAggregate) {
      const auto& keys = made->as<WindowAggregateNode>().keys;
      const std::string reason = TRY(what_parts(*made->input(), keys));
      if (!reason.empty()) made = TRY(repartitioned(made, {keys}, reason));
    }
    if (made->kind == PlanKind::kJoin) {
      const auto& join = made->as<JoinNode>();
      TRY(check_topics(join));
      if (!TRY(dealt_alike(join))) {
        made = TRY(repartitioned(made, {join.left_keys, join.right_keys},
                                 "the messages of both sides of the join are not keyed alike by "
                                 "what it compares"));
      }
    }
    visited_.emplace(plan.get(), made);
    kept_.push_back(plan);
    return made;
  }

 private:
  /// One member of the group reads both sides.
  static Status check_topics(const JoinNode& join) {
    std::vector<const TableDef*> tables;
    collect_tables(join, &tables);
    for (const TableDef* table : tables) {
      if (!is_message_connector(table->connector())) {
        return refused("a join of a topic and of what is none");
      }
      if (member_name(*table) != member_name(*tables[0])) {
        return refused(fmt::format("a join of '{}' and '{}', whose 'properties.*' differ",
                                   tables[0]->name, table->name));
      }
    }
    return {};
  }

  /// `plan`, with its inputs dealt by these keys.
  Result<PlanPtr> repartitioned(const PlanPtr& plan, const std::vector<std::vector<ExprPtr>>& keys,
                                const std::string& reason) {
    std::vector<PlanPtr> inputs;
    for (size_t i = 0; i < plan->inputs.size(); ++i) {
      RepartitionParts parts{keys[i], "", reason};
      parts.like = topics_below(*plan);
      inputs.push_back(make_repartition(plan->inputs[i], std::move(parts), plan->span));
    }
    // Only what is read behind it goes through the topic.
    const PlanPtr pruned =
        prune_columns(with_inputs(plan, std::move(inputs)), WatermarkUse::kReadersAbove);
    inputs.clear();
    for (const PlanPtr& input : pruned->inputs) {
      RepartitionParts parts = parts_of(input->as<RepartitionNode>());
      parts.topic = topic_name(application_, *input->input(), parts.keys, parts.like);
      parts.has_origins = true;
      const PlanPtr placed = TRY(with_origins(input->input()));
      inputs.push_back(make_repartition(placed, std::move(parts), input->span));
    }
    return with_inputs(pruned, std::move(inputs));
  }

  const std::string& application_;
  std::map<const PlanNode*, PlanPtr> visited_;  // a shared sub-plan stays one
  std::vector<PlanPtr> kept_;                   // as long as their addresses count
};

}  // namespace

Result<std::vector<PlanPtr>> share_inputs(const std::vector<PlanPtr>& plans,
                                          const std::string& application) {
  // Partitions come and go; what cannot begin anew with some of its rows cannot follow them.
  for (const auto& [source, rule] : replay_of(plans)) {
    if (rule.kind != ReplayRule::Kind::kNever) continue;
    return refused(rule.why + " keeps state that does not move from instance to instance");
  }
  Sharing sharing(application);
  std::vector<PlanPtr> out;
  for (const PlanPtr& plan : plans) out.push_back(TRY(sharing.visit(plan)));
  return out;
}

}  // namespace velo
