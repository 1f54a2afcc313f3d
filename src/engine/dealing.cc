#include "engine/dealing.h"

#include <algorithm>

#include "base/fmt.h"
#include "engine/message_table.h"
#include "engine/repartition.h"
#include "plan/plan_build.h"

namespace velo {
namespace {

constexpr std::string_view kDealtRows = "rows";

bool has(const std::vector<ExprPtr>& exprs, const Expr& wanted) {
  return std::any_of(exprs.begin(), exprs.end(),
                     [&](const ExprPtr& expr) { return *expr == wanted; });
}

Dealing in_every_process() {
  Dealing dealing;
  dealing.whole = true;
  return dealing;
}

/// Where none knows which rows are together.
Dealing unknown(std::string says) {
  Dealing dealing;
  dealing.keys.emplace_back();
  dealing.says = std::move(says);
  return dealing;
}

Result<Dealing> dealing_of_scan(const ScanNode& scan) {
  const TableDef& table = *scan.table;
  if (!is_message_connector(table.connector())) return in_every_process();
  const std::vector<std::string> topics = topics_of(table);
  if (topics.size() != 1) return unknown("rows of one group come from several topics");
  const MessageTable messages = TRY(message_table(table, false));
  if (messages.key.empty()) {
    return unknown(fmt::format("nothing is known of the keys of the messages of '{}'", table.name));
  }
  Dealing dealing;
  dealing.topic = topics[0];
  dealing.scheme = "messages " + messages.key_format;
  dealing.says = fmt::format("the messages of '{}' are keyed by", table.name);
  for (const size_t column : messages.key) {
    const TableColumn& key = table.columns[column];
    dealing.says += fmt::format("{} {}", dealing.keys.empty() ? "" : ",", key.name);
    const bool named = messages.key_format != "raw";
    dealing.scheme += fmt::format(" {} {}", named ? key.name : "", key.type.to_string());
    std::vector<ExprPtr>& same = dealing.keys.emplace_back();
    for (size_t i = 0; i < scan.outputs.size(); ++i) {
      const Expr& output = *scan.outputs[i];
      const bool is_field =
          output.kind() == ExprKind::kColumn && output.index() < scan.fields.size();
      if (is_field && scan.fields[output.index()] == column) same.push_back(column_of(scan, i));
    }
  }
  return dealing;
}

Dealing dealing_of_repartition(const RepartitionNode& node) {
  Dealing dealing;
  dealing.topic = node.topic;
  dealing.scheme = kDealtRows;
  for (const ExprPtr& key : node.keys) {
    dealing.keys.push_back({key});
    dealing.scheme += " " + key->type().to_string();
    dealing.says += fmt::format("{}{}", dealing.says.empty() ? "its rows are dealt by " : ", ",
                                key->to_string());
  }
  if (dealing.keys.empty()) dealing.says = "one instance has all its rows";
  return dealing;
}

/// Over a node whose output `i` is `outputs[i]`, an expression over its input.
Dealing through(Dealing dealing, const PlanNode& node, const std::vector<ExprPtr>& outputs) {
  for (std::vector<ExprPtr>& same : dealing.keys) {
    std::vector<ExprPtr> after;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (has(same, *outputs[i])) after.push_back(column_of(node, i));
    }
    same = std::move(after);
  }
  return dealing;
}

/// Keys that every grouping set has are what they were.
Dealing through_expand(Dealing dealing, const ExpandNode& node) {
  const size_t width = node.input()->schema->size();
  for (size_t k = 0; k < node.keys.size(); ++k) {
    const bool in_all =
        std::all_of(node.sets.begin(), node.sets.end(), [&](const auto& set) { return set[k]; });
    for (std::vector<ExprPtr>& same : dealing.keys) {
      if (in_all && has(same, *node.keys[k])) same.push_back(column_of(node, width + k));
    }
  }
  return dealing;
}

/// Only what reads none but the first `width` columns.
Dealing of_first(Dealing dealing, size_t width) {
  for (std::vector<ExprPtr>& same : dealing.keys) {
    std::erase_if(same, [&](const ExprPtr& expr) {
      std::vector<size_t> columns;
      collect_columns(*expr, &columns);
      return !columns.empty() && columns.back() >= width;
    });
  }
  return dealing;
}

Dealing shifted(Dealing dealing, size_t width, size_t by) {
  std::vector<size_t> places(width);
  for (size_t i = 0; i < width; ++i) places[i] = i + by;
  for (std::vector<ExprPtr>& same : dealing.keys) {
    for (ExprPtr& expr : same) expr = remap_columns(expr, places);
  }
  return dealing;
}

/// REQUIRES: sides that are of topics are dealt alike.
Result<Dealing> dealing_of_join(const JoinNode& join) {
  Dealing left = TRY(dealing_of(*join.inputs[0]));
  Dealing right = TRY(dealing_of(*join.inputs[1]));
  if (left.whole && right.whole) return left;
  const size_t width = join.inputs[0]->schema->size();
  const size_t more = join.inputs[1]->schema->size();
  const bool has_right = join.schema->size() == width + more;
  if (has_right) {
    right = shifted(std::move(right), more, width);
  } else {
    right = unknown("");
  }
  if (left.whole) return right;
  if (is_whole(*join.inputs[1])) return left;
  for (size_t i = 0; i < left.keys.size(); ++i) {
    std::vector<ExprPtr>& same = left.keys[i];
    if (!keeps_keys(join.join, 0)) same.clear();
    if (!has_right || !keeps_keys(join.join, 1) || i >= right.keys.size()) continue;
    same.insert(same.end(), right.keys[i].begin(), right.keys[i].end());
  }
  return left;
}

Result<Dealing> dealing_of_union(const PlanNode& plan) {
  Dealing together = TRY(dealing_of(*plan.input()));
  for (const PlanPtr& input : plan.inputs) {
    const Dealing one = TRY(dealing_of(*input));
    if (one.whole && together.whole) continue;
    if (one.whole || together.whole) {
      return unknown("rows of topics stand together with others, which every instance reads whole");
    }
    if (one.topic != together.topic || one.scheme != together.scheme || one.topic.empty()) {
      return unknown("rows of one group come from several topics");
    }
    for (size_t i = 0; i < together.keys.size(); ++i) {
      std::erase_if(together.keys[i],
                    [&](const ExprPtr& expr) { return !has(one.keys[i], *expr); });
    }
  }
  return together;
}

}  // namespace

bool is_whole(const PlanNode& plan) {
  if (plan.kind == PlanKind::kScan) {
    return !is_message_connector(plan.as<ScanNode>().table->connector());
  }
  return std::all_of(plan.inputs.begin(), plan.inputs.end(),
                     [](const PlanPtr& input) { return is_whole(*input); });
}

Result<Dealing> dealing_of(const PlanNode& plan) {
  switch (plan.kind) {
    case PlanKind::kScan:
      return dealing_of_scan(plan.as<ScanNode>());
    case PlanKind::kValues:
      return in_every_process();
    case PlanKind::kRepartition:
      return dealing_of_repartition(plan.as<RepartitionNode>());
    case PlanKind::kProject:
      return through(TRY(dealing_of(*plan.input())), plan, plan.as<ProjectNode>().exprs);
    case PlanKind::kWindowAggregate:
      return through(TRY(dealing_of(*plan.input())), plan, plan.as<WindowAggregateNode>().keys);
    case PlanKind::kAggregate:
      return through(TRY(dealing_of(*plan.input())), plan, plan.as<AggregateNode>().keys);
    case PlanKind::kExpand:
      return through_expand(TRY(dealing_of(*plan.input())), plan.as<ExpandNode>());
    case PlanKind::kJoin:
      return dealing_of_join(plan.as<JoinNode>());
    case PlanKind::kUnion:
      return dealing_of_union(plan);
    case PlanKind::kToChangelog:
      return shifted(TRY(dealing_of(*plan.input())), plan.input()->schema->size(), 1);
    case PlanKind::kFromChangelog:
      return of_first(TRY(dealing_of(*plan.input())), plan.as<FromChangelogNode>().op);
    default:  // what their inputs have comes first, as it is
      return dealing_of(*plan.input());
  }
}

bool is_dealt_by(const Dealing& dealing, const std::vector<ExprPtr>& keys) {
  return dealing.whole ||
         std::all_of(dealing.keys.begin(), dealing.keys.end(), [&](const auto& same) {
           return std::any_of(same.begin(), same.end(),
                              [&](const ExprPtr& expr) { return has(keys, *expr); });
         });
}

bool is_dealt_anew_by(const Dealing& dealing, const std::vector<ExprPtr>& keys) {
  std::string scheme(kDealtRows);
  for (const ExprPtr& key : keys) scheme += " " + key->type().to_string();
  if (dealing.scheme != scheme) return false;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!has(dealing.keys[i], *keys[i])) return false;
  }
  return true;
}

bool dealt_alike(const JoinNode& join, const Dealing& left, const Dealing& right) {
  if (left.scheme != right.scheme || left.scheme.empty()) return false;
  for (size_t i = 0; i < left.keys.size(); ++i) {
    bool compared = false;
    for (size_t k = 0; k < join.left_keys.size(); ++k) {
      compared = compared ||
                 (has(left.keys[i], *join.left_keys[k]) && has(right.keys[i], *join.right_keys[k]));
    }
    if (!compared) return false;
  }
  return true;
}

bool keeps_keys(PlanJoinKind join, size_t side) {
  switch (join) {
    case PlanJoinKind::kInner:
      return true;
    case PlanJoinKind::kRight:
      return side == 1;
    case PlanJoinKind::kFull:
      return false;
    default:
      return side == 0;
  }
}

}  // namespace velo
