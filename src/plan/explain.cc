#include "plan/explain.h"

#include <set>
#include <utility>

#include "base/fmt.h"
#include "plan/literals.h"
#include "plan/state_text.h"
#include "plan/window_binder.h"

namespace velo {
namespace {

/// SQL text in which the columns that hold aggregates stand as calls, those that hold fields as
/// paths, without quotes.
std::string text_of(const Expr& expr) {
  std::string text = expr.to_string();
  const auto is_text = [](const Expr& part) {
    return part.kind() == ExprKind::kColumn &&
           part.name().find_first_of("(.[") != std::string::npos;
  };
  if (is_text(expr)) return expr.name();
  std::vector<const Expr*> parts = {&expr};
  while (!parts.empty()) {
    const Expr* part = parts.back();
    parts.pop_back();
    for (const ExprPtr& arg : part->args()) parts.push_back(arg.get());
    if (!is_text(*part)) continue;
    const std::string quoted = part->to_string();
    for (size_t at = text.find(quoted); at != std::string::npos; at = text.find(quoted, at)) {
      text.replace(at, quoted.size(), part->name());
      at += part->name().size();
    }
  }
  return text;
}

/// Expressions with their names where these say more: "price * 2 AS twice".
std::string named(const Expr& expr, const std::string& name) {
  const std::string text = text_of(expr);
  return text == name || (expr.kind() == ExprKind::kColumn && expr.name() == name)
             ? name
             : fmt::format("{} AS {}", text, name);
}

std::string emit_text(const PlanEmit& emit) {
  switch (emit.mode) {
    case PlanEmitMode::kFinal:
      return "EMIT FINAL";
    case PlanEmitMode::kChanges:
      return emit.coalesce ? "EMIT CHANGES" : "EMIT CHANGES for every row";
    case PlanEmitMode::kEvery:
      return "EMIT EVERY " + duration_text(emit.every_us);
  }
  return "";
}

/// The table that a column comes from under its name; "" if it is computed, or not of one table.
std::string table_of(const PlanNode& plan, size_t column) {
  switch (plan.kind) {
    case PlanKind::kScan:
      return plan.as<ScanNode>().table->name;
    case PlanKind::kShared:
      return plan.as<SharedNode>().name;
    case PlanKind::kProject: {
      const Expr& expr = *plan.as<ProjectNode>().exprs[column];
      const bool same =
          expr.kind() == ExprKind::kColumn && expr.name() == (*plan.schema)[column].name;
      return same ? table_of(*plan.input(), expr.index()) : "";
    }
    case PlanKind::kJoin: {
      const size_t left = plan.inputs[0]->schema->size();
      return column < left ? table_of(*plan.inputs[0], column)
                           : table_of(*plan.inputs[1], column - left);
    }
    case PlanKind::kFilter:
    case PlanKind::kNormalize:
    case PlanKind::kWindowAssign:
    case PlanKind::kOver:
    case PlanKind::kTopN:
      return column < plan.input()->schema->size() ? table_of(*plan.input(), column) : "";
    default:
      return "";
  }
}

/// As text_of, with the columns as fields of their tables, where these have a plain name: no path,
/// no "sub-plan 1".
std::string text_with_tables(const ExprPtr& expr, const PlanNode& left, const PlanNode* right) {
  std::vector<size_t> columns;
  collect_columns(*expr, &columns);
  std::vector<ExprPtr> by;
  const size_t width = left.schema->size();
  for (size_t i = 0; !columns.empty() && i <= columns.back(); ++i) {
    const PlanNode& side = i < width ? left : *right;
    const size_t at = i < width ? i : i - width;
    const auto& [name, type] = (*side.schema)[at];
    const std::string table = table_of(side, at);
    by.push_back(table.empty() || table.find_first_of("./ ") != std::string::npos
                     ? make_column(i, type, name)
                     : make_field(make_column(i, Type::row({name}, {type}), table), name).value());
  }
  return text_of(*substitute_columns(expr, by));
}

std::string keyed_text(const std::vector<size_t>& key, const Schema& schema) {
  std::string out;
  for (size_t i = 0; i < key.size(); ++i) out += (i == 0 ? " by " : ", ") + schema[key[i]].name;
  return out;
}

/// Writes one plan.
class Explainer {
 public:
  explicit Explainer(const ExplainOptions& options) : options_(options) {}
  void write(const PlanNode& node, int depth);
  std::string take() { return std::move(out_); }

 private:
  std::string describe(const PlanNode& node) const;
  std::string describe_scan(const ScanNode& scan) const;
  std::string describe_window_aggregate(const WindowAggregateNode& node) const;
  std::string describe_expand(const ExpandNode& node) const;
  std::string describe_aggregate(const AggregateNode& node) const;
  std::string describe_grouping(const std::vector<ExprPtr>& keys,
                                const std::vector<PlanAggregate>& aggregates) const;
  std::string describe_over(const OverNode& node) const;
  std::string describe_join(const JoinNode& node) const;
  std::string describe_order(const OrderByNode& node) const;
  std::string order_text(const std::vector<PlanOrder>& keys) const;
  std::string describe_top_n(const TopNNode& node) const;
  std::string describe_sink(const SinkNode& sink) const;
  std::string describe_unnest(const UnnestNode& node) const;
  std::string describe_repartition(const RepartitionNode& node) const;
  std::string describe_to_changelog(const ToChangelogNode& node) const;
  std::string describe_from_changelog(const FromChangelogNode& node) const;
  template <typename Node>
  std::string describe_keyed(std::string_view name, const Node& node) const {
    return std::string(name) + keyed_text(node.key, *node.schema) + state(node, node.bound);
  }
  std::string state(const PlanNode& node, const PlanStateBound& bound) const {
    return options_.state ? "; state: " + state_text(node, bound) : "";
  }
  std::string changes(const PlanNode& node) const;

  ExplainOptions options_;
  std::string out_;
  std::set<const PlanNode*> shown_;  // below SharedNodes
};

std::string Explainer::describe_scan(const ScanNode& scan) const {
  std::string out = "Scan " + scan.table->name + ": ";
  for (size_t i = 0; i < scan.outputs.size(); ++i) {
    if (i > 0) out += ", ";
    out += named(*scan.outputs[i], (*scan.schema)[i].name);
  }
  if (scan.outputs.empty()) out += "no columns";
  if (scan.watermark) {
    const std::string& time = (*scan.schema)[scan.watermark->column].name;
    std::string watermark = scan.watermark->expr->to_string();
    if (const std::optional<int64_t> delay = scan.watermark->delay_us) {
      watermark = *delay == 0 ? time : fmt::format("{} - {}", time, duration_text(*delay));
    }
    out += fmt::format("; WATERMARK FOR {} AS {}", time, watermark);
    if (!scan.bounded) {
      const int64_t idle_us = scan.table->idle_timeout_us();
      out += idle_us > 0 ? "; idle after " + duration_text(idle_us) : "; never idle";
    }
  }
  if (scan.table->traits.changes == TableChanges::kRetract) out += "; changes";
  if (scan.table->traits.changes == TableChanges::kUpsert) out += "; changes by key";
  if (scan.bounded) out += "; bounded";
  return out;
}

std::string Explainer::describe_grouping(const std::vector<ExprPtr>& keys,
                                         const std::vector<PlanAggregate>& aggregates) const {
  std::string out;
  for (size_t i = 0; i < keys.size(); ++i) {
    out += (i == 0 ? " GROUP BY " : ", ") + text_of(*keys[i]);
  }
  for (size_t i = 0; i < aggregates.size(); ++i) {
    out += (i == 0 ? ": " : ", ") + aggregates[i].aggregate.text;
  }
  return out;
}

std::string Explainer::describe_expand(const ExpandNode& node) const {
  std::string out = "Expand GROUPING SETS (";
  for (size_t s = 0; s < node.sets.size(); ++s) {
    out += s == 0 ? "(" : ", (";
    bool first = true;
    for (size_t k = 0; k < node.keys.size(); ++k) {
      if (!node.sets[s][k]) continue;
      out += (std::exchange(first, false) ? "" : ", ") + text_of(*node.keys[k]);
    }
    out += ")";
  }
  return out + ")";
}

std::string Explainer::describe_window_aggregate(const WindowAggregateNode& node) const {
  const std::string& time = (*node.input()->schema)[node.window.time_column].name;
  std::string out = "WindowAggregate " + window_text(node.window, time);
  out += describe_grouping(node.keys, node.aggregates);
  std::string columns;
  if (node.outputs.start) columns += ", window_start";
  if (node.outputs.end) columns += ", window_end";
  if (node.outputs.time) columns += ", window_time";
  if (!columns.empty()) out += "; with " + columns.substr(2);
  out += "; " + emit_text(node.emit);
  if (node.lateness_us > 0) out += "; ALLOWED LATENESS " + duration_text(node.lateness_us);
  if (node.grace_us > 0) out += "; GRACE PERIOD " + duration_text(node.grace_us);
  if (node.late) out += "; LATE DATA TO " + node.late->table->name;
  return out + state(node, node.bound);
}

std::string Explainer::describe_aggregate(const AggregateNode& node) const {
  std::string out = node.partial ? "Partial" : "";
  out += node.aggregates.empty() ? "Distinct" : "Aggregate";
  out += describe_grouping(node.keys, node.aggregates);
  if (node.partial) return out + "; in each thread";
  out += "; " + emit_text(node.emit);
  return out + state(node, node.bound);
}

std::string Explainer::describe_over(const OverNode& node) const {
  std::string out = "Over";
  for (size_t i = 0; i < node.partition.size(); ++i) {
    out += (i == 0 ? " PARTITION BY " : ", ") + text_of(*node.partition[i]);
  }
  if (!node.order.empty()) out += " ORDER BY " + order_text(node.order);
  for (size_t i = 0; i < node.calls.size(); ++i) {
    const OverCall& call = node.calls[i].call;
    out += (i == 0 ? ": " : ", ") + call.text;
    if (call.has_frame() && !call.frame.text.empty()) out += " " + call.frame.text;
  }
  constexpr std::string_view kForms[] = {"", "; once the watermark has passed",
                                         "; when the input has ended", "; as rows come"};
  out += kForms[static_cast<size_t>(node.form)];
  return out + state(node, node.bound);
}

std::string Explainer::describe_join(const JoinNode& node) const {
  constexpr std::string_view kKinds[] = {"Join",     "LeftJoin", "RightJoin", "FullJoin",
                                         "SemiJoin", "AntiJoin", "MarkJoin",  "SingleJoin"};
  std::string out(kKinds[static_cast<size_t>(node.join)]);
  for (size_t i = 0; i < node.compared.size(); ++i) {
    const Expr& equality = *node.compared[i];
    const auto text = [&](const ExprPtr& side) {
      return text_with_tables(side, *node.inputs[0], node.inputs[1].get());
    };
    out += fmt::format("{}{} IN {}", i == 0 ? " " : ", ", text(equality.arg(0)),
                       text(equality.arg(1)));
  }
  auto say = [&, first = true](const std::string& text) mutable {
    out += (std::exchange(first, false) ? " on " : " AND ") + text;
  };
  for (size_t i = 0; i < node.left_keys.size(); ++i) {
    say(fmt::format("{} = {}", text_with_tables(node.left_keys[i], *node.inputs[0], nullptr),
                    text_with_tables(node.right_keys[i], *node.inputs[1], nullptr)));
  }
  for (const ExprPtr& expr : node.rest) {
    say(text_with_tables(expr, *node.inputs[0], node.inputs[1].get()));
  }
  switch (node.form) {
    case JoinForm::kInterval: {
      const JoinTimes& times = *node.times;
      const std::string& left = (*node.inputs[0]->schema)[times.left_column].name;
      const std::string& right = (*node.inputs[1]->schema)[times.right_column].name;
      out += fmt::format("; right {} - left {} from {} to {}", right, left,
                         duration_text(times.lower_us), duration_text(times.upper_us));
      if (node.grace_us > 0) out += "; GRACE PERIOD " + duration_text(node.grace_us);
      break;
    }
    case JoinForm::kAsof: {
      const std::string& left = (*node.inputs[0]->schema)[node.times->left_column].name;
      const std::string& right = (*node.inputs[1]->schema)[node.times->right_column].name;
      out += fmt::format("; the last {} {} {}", right,
                         node.times->upper_us < 0 ? "before" : "up to", left);
      break;
    }
    case JoinForm::kBuild:
      out += fmt::format("; the {} side is read first", node.build == 0 ? "left" : "right");
      if (!node.build_reason.empty()) out += fmt::format(" ({})", node.build_reason);
      break;
    case JoinForm::kStream:
      out += "; both sides are kept";
      break;
  }
  if (node.moved) out += "; before others of FROM, which nothing ties to these yet";
  if (node.late) out += "; LATE DATA TO " + node.late->table->name;
  return out + state(node, node.bound);
}

std::string Explainer::order_text(const std::vector<PlanOrder>& keys) const {
  std::string out;
  for (size_t i = 0; i < keys.size(); ++i) {
    const PlanOrder& key = keys[i];
    if (i > 0) out += ", ";
    out += text_of(*key.key);
    if (key.descending) out += " DESC";
    if (key.nulls_first != key.descending) {
      out += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
    }
  }
  return out;
}

std::string Explainer::describe_order(const OrderByNode& node) const {
  const std::string out = "OrderBy " + order_text(node.keys);
  return node.time_column ? out + "; as the watermark passes" : out;
}

std::string Explainer::describe_top_n(const TopNNode& node) const {
  std::string out = fmt::format("TopN {}", node.limit);
  if (node.rank == OverFunction::kRank) out += " by RANK";
  if (node.rank == OverFunction::kDenseRank) out += " by DENSE_RANK";
  for (size_t i = 0; i < node.partition.size(); ++i) {
    out += (i == 0 ? " per " : ", ") + text_of(*node.partition[i]);
  }
  if (!node.order.empty()) out += " by " + order_text(node.order);
  if (node.with_rank) out += "; with " + node.schema->fields().back().name;
  constexpr std::string_view kForms[] = {"; once the watermark has passed",
                                         "; when the input has ended", "; as rows come"};
  out += kForms[static_cast<size_t>(node.form)];
  return out + state(node, node.bound);
}

std::string Explainer::describe_sink(const SinkNode& sink) const {
  std::string out = "Sink " + sink.table->name + ": ";
  for (size_t i = 0; i < sink.schema->size(); ++i) {
    if (i > 0) out += ", ";
    out += (*sink.schema)[i].name;
  }
  out += fmt::format("; written as {}", sink_encoding_name(sink.encoding));
  if (sink.encoding == SinkEncoding::kUpsert) out += keyed_text(sink.primary_key, *sink.schema);
  return out;
}

std::string Explainer::describe_to_changelog(const ToChangelogNode& node) const {
  std::string out = "ToChangelog " + (*node.schema)[0].name + ":";
  constexpr std::string_view kKinds[] = {"+I", "-U", "+U", "-D"};
  for (size_t kind = 0; kind < node.codes.size(); ++kind) {
    if (node.codes[kind]) out += fmt::format(" {}={}", kKinds[kind], *node.codes[kind]);
  }
  return out;
}

std::string Explainer::describe_from_changelog(const FromChangelogNode& node) const {
  std::string out = "FromChangelog " + (*node.input()->schema)[node.op].name + ":";
  for (const auto& [code, weight] : node.weights) {
    out += fmt::format(" {}{}", weight < 0 ? '-' : '+', code);
  }
  return out;
}

std::string Explainer::describe_repartition(const RepartitionNode& node) const {
  std::string out = "Repartition";
  for (size_t i = 0; i < node.keys.size(); ++i) {
    out += (i == 0 ? " by " : ", ") + text_of(*node.keys[i]);
  }
  if (node.keys.empty()) out += " to one";
  return out + fmt::format(" through topic '{}': {}", node.topic, node.reason);
}

std::string Explainer::describe_unnest(const UnnestNode& node) const {
  std::string out = (node.keep_empty ? "LeftUnnest " : "Unnest ") + text_of(*node.list);
  for (size_t i = node.input()->schema->size(); i < node.schema->size(); ++i) {
    out += (i == node.input()->schema->size() ? " AS " : ", ") + (*node.schema)[i].name;
  }
  return out;
}

std::string Explainer::describe(const PlanNode& node) const {
  switch (node.kind) {
    case PlanKind::kScan:
      return describe_scan(node.as<ScanNode>());
    case PlanKind::kToChangelog:
      return describe_to_changelog(node.as<ToChangelogNode>());
    case PlanKind::kFromChangelog:
      return describe_from_changelog(node.as<FromChangelogNode>());
    case PlanKind::kNormalize:
      return describe_keyed("Normalize", node.as<NormalizeNode>());
    case PlanKind::kKeepLast:
      return describe_keyed("KeepLast", node.as<KeepLastNode>());
    case PlanKind::kValues: {
      const size_t rows = node.as<ValuesNode>().rows.size();
      return fmt::format("Values: {} {}", rows, rows == 1 ? "row" : "rows");
    }
    case PlanKind::kFilter:
      return "Filter " + text_of(*node.as<FilterNode>().predicate);
    case PlanKind::kProject: {
      std::string out = "Project ";
      const std::vector<ExprPtr>& exprs = node.as<ProjectNode>().exprs;
      for (size_t i = 0; i < exprs.size(); ++i) {
        if (i > 0) out += ", ";
        out += named(*exprs[i], (*node.schema)[i].name);
      }
      return out;
    }
    case PlanKind::kProcessingTime:
      return "ProcessingTime " + node.schema->fields().back().name;
    case PlanKind::kWindowAssign: {
      const PlanWindow& window = node.as<WindowAssignNode>().window;
      return "WindowAssign " +
             window_text(window, (*node.input()->schema)[window.time_column].name);
    }
    case PlanKind::kExpand:
      return describe_expand(node.as<ExpandNode>());
    case PlanKind::kUnnest:
      return describe_unnest(node.as<UnnestNode>());
    case PlanKind::kWindowAggregate:
      return describe_window_aggregate(node.as<WindowAggregateNode>());
    case PlanKind::kAggregate:
      return describe_aggregate(node.as<AggregateNode>());
    case PlanKind::kOver:
      return describe_over(node.as<OverNode>());
    case PlanKind::kUnion:
      return "Union";
    case PlanKind::kRepeat:
      return fmt::format("Repeat {} times", text_of(*node.as<RepeatNode>().times));
    case PlanKind::kRepartition:
      return describe_repartition(node.as<RepartitionNode>());
    case PlanKind::kJoin:
      return describe_join(node.as<JoinNode>());
    case PlanKind::kTopN:
      return describe_top_n(node.as<TopNNode>());
    case PlanKind::kOrderBy:
      return describe_order(node.as<OrderByNode>());
    case PlanKind::kLimit: {
      const auto& limit = node.as<LimitNode>();
      std::string out = limit.limit ? fmt::format("Limit {}", *limit.limit) : "Limit none";
      return limit.offset > 0 ? out + fmt::format(" OFFSET {}", limit.offset) : out;
    }
    case PlanKind::kShared:
      return "Shared " + node.as<SharedNode>().name;
    case PlanKind::kSink:
      return describe_sink(node.as<SinkNode>());
  }
  return "";
}

std::string Explainer::changes(const PlanNode& node) const {
  if (!options_.changelog || !node.changelog.changing) return "";
  std::string out = " [changes";
  for (size_t i = 0; i < node.changelog.key.size(); ++i) {
    out += (i == 0 ? " by " : ", ") + (*node.schema)[node.changelog.key[i]].name;
  }
  return out + "]";
}

void Explainer::write(const PlanNode& node, int depth) {
  out_.append(static_cast<size_t>(depth) * 2, ' ');
  out_ += describe(node) + changes(node);
  const bool shared = node.kind == PlanKind::kShared;
  if (shared && !shown_.insert(node.input().get()).second) {
    out_ += ", as above\n";
    return;
  }
  out_ += "\n";
  for (const PlanPtr& input : node.inputs) write(*input, depth + 1);
}

std::string keys_text(const std::vector<ExprPtr>& keys) {
  std::string out;
  for (const ExprPtr& key : keys) out += (out.empty() ? " GROUP BY " : ", ") + text_of(*key);
  return out;
}

/// Of those that keep rows; null for the others.
const PlanStateBound* bound_of(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kJoin:
      return &node.as<JoinNode>().bound;
    case PlanKind::kOver:
      return &node.as<OverNode>().bound;
    case PlanKind::kTopN:
      return &node.as<TopNNode>().bound;
    case PlanKind::kNormalize:
      return &node.as<NormalizeNode>().bound;
    case PlanKind::kKeepLast:
      return &node.as<KeepLastNode>().bound;
    default:
      return nullptr;
  }
}

void collect_state(const PlanNode& node, std::vector<std::string>& lines) {
  if (node.kind == PlanKind::kWindowAggregate) {
    const auto& window = node.as<WindowAggregateNode>();
    const std::string& time = (*node.input()->schema)[window.window.time_column].name;
    lines.push_back(fmt::format("WindowAggregate {}{}: state {}", window_text(window.window, time),
                                keys_text(window.keys), state_text(window, window.bound)));
  } else if (node.kind == PlanKind::kAggregate) {
    const auto& aggregate = node.as<AggregateNode>();
    lines.push_back(fmt::format("{}{}: state {}",
                                aggregate.aggregates.empty() ? "Distinct" : "Aggregate",
                                keys_text(aggregate.keys), state_text(aggregate, aggregate.bound)));
  } else if (const PlanStateBound* bound = bound_of(node)) {
    const std::string text = explain(node, {.changelog = false, .state = false});
    lines.push_back(
        fmt::format("{}: state {}", text.substr(0, text.find('\n')), state_text(node, *bound)));
  } else if (node.kind == PlanKind::kOrderBy) {
    const bool timed = node.as<OrderByNode>().time_column.has_value();
    lines.push_back(timed ? "OrderBy: rows until the watermark passes"
                          : "OrderBy: all rows until the input ends");
  }
  for (const PlanPtr& input : node.inputs) collect_state(*input, lines);
}

}  // namespace

std::vector<std::string> state_texts(const PlanNode& plan) {
  std::vector<std::string> lines;
  collect_state(plan, lines);
  if (lines.empty()) lines.emplace_back("no state");
  return lines;
}

std::string explain(const PlanNode& plan, const ExplainOptions& options) {
  Explainer explainer(options);
  explainer.write(plan, 0);
  return explainer.take();
}

}  // namespace velo
