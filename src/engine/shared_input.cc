#include "engine/shared_input.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/fmt.h"
#include "engine/message_table.h"
#include "engine/replay_of.h"

namespace velo {
namespace {

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

void collect_tables(const PlanNode& plan, std::set<const TableDef*>* tables) {
  if (plan.kind == PlanKind::kScan) tables->insert(plan.as<ScanNode>().table.get());
  for (const PlanPtr& input : plan.inputs) collect_tables(*input, tables);
}

Error refused(const std::string& what) {
  return Error(ErrorCode::kNotSupported, "not supported yet with 'application.id': " + what);
}

Status check_window(const WindowAggregateNode& node) {
  std::set<const TableDef*> tables;
  collect_tables(node, &tables);
  for (const TableDef* table : tables) {
    if (!is_message_connector(table->connector())) continue;
    const MessageTable messages = TRY(message_table(*table, false));
    bool all = !messages.key.empty();
    for (const size_t column : messages.key) {
      all = all && std::any_of(node.keys.begin(), node.keys.end(), [&](const ExprPtr& key) {
              if (key->kind() != ExprKind::kColumn) return false;
              const auto origin = origin_of(*node.input(), key->index());
              return origin && origin->table == table && origin->column == column;
            });
    }
    if (all) continue;
    return refused(fmt::format("a grouping without the key of the messages of '{}': rows of one "
                               "group would come to several instances",
                               table->name))
        .with_hint(messages.key.empty()
                       ? "say which columns the key of a message holds: 'key.fields' = 'a;b'"
                       : "group by all of 'key.fields', or run one instance without "
                         "'application.id'");
  }
  return {};
}

Status visit(const PlanNode& plan) {
  if (plan.kind == PlanKind::kWindowAggregate) TRY(check_window(plan.as<WindowAggregateNode>()));
  for (const PlanPtr& input : plan.inputs) TRY(visit(*input));
  return {};
}

}  // namespace

Status check_shared(const PlanPtr& plan) {
  // Partitions come and go; what cannot begin anew with some of its rows cannot follow them.
  const ReplayRule rule = replay_of({plan});
  if (rule.kind == ReplayRule::Kind::kNever) {
    return refused(rule.why + " keeps state that does not move from instance to instance");
  }
  return visit(*plan);
}

}  // namespace velo
