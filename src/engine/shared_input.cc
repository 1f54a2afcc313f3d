#include "engine/shared_input.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/fmt.h"
#include "base/random.h"
#include "engine/dealing.h"
#include "engine/message_table.h"
#include "engine/repartition.h"
#include "plan/explain.h"
#include "plan/plan_build.h"
#include "plan/rewrite.h"

namespace velo {
namespace {

constexpr size_t kTopicNameMost = 249;  // characters, by Kafka
constexpr char kLeftAlone[] = "";       // a SharedNode that keeps a rewrite from looking below

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
  return Error(ErrorCode::kNotSupported, "not supported yet with 'application.id': " + what)
      .with_hint(
          "run one instance without 'application.id'; or write what is below into a topic, and let "
          "a script of its own read that");
}

/// By what rows must be together; nothing: that is all the same.
using Wanted = std::optional<std::vector<ExprPtr>>;

/// Whether rows that are equal in `keys` are equal in `expr`.
bool is_decided_by(const Expr& expr, const std::vector<ExprPtr>& keys) {
  if (std::any_of(keys.begin(), keys.end(), [&](const ExprPtr& key) { return *key == expr; })) {
    return true;
  }
  if (expr.kind() == ExprKind::kColumn || !expr.is_deterministic()) return false;
  return std::all_of(expr.args().begin(), expr.args().end(),
                     [&](const ExprPtr& arg) { return is_decided_by(*arg, keys); });
}

/// Of these expressions those that read only the first columns.
std::vector<ExprPtr> over_first(const std::vector<ExprPtr>& exprs, size_t columns) {
  std::vector<ExprPtr> out;
  for (const ExprPtr& expr : exprs) {
    std::vector<size_t> read;
    collect_columns(*expr, &read);
    if (read.empty() || read.back() < columns) out.push_back(expr);
  }
  return out;
}

/// What an output is to be together by, over the input; what cannot be said there is left out,
/// which asks for more than is needed. REQUIRES: no join.
Wanted over_input(const PlanNode& plan, const Wanted& wanted) {
  if (!wanted || plan.inputs.empty()) return std::nullopt;
  const auto computed = [&](const std::vector<ExprPtr>& outputs) {
    std::vector<ExprPtr> out;
    for (const ExprPtr& expr : over_first(*wanted, outputs.size())) {
      ExprPtr below = substitute_columns(expr, outputs);
      if (below->is_deterministic()) out.push_back(std::move(below));
    }
    return out;
  };
  switch (plan.kind) {
    case PlanKind::kProject:
      return computed(plan.as<ProjectNode>().exprs);
    case PlanKind::kWindowAggregate:
      return computed(plan.as<WindowAggregateNode>().keys);
    case PlanKind::kAggregate:
      return computed(plan.as<AggregateNode>().keys);
    case PlanKind::kToChangelog:
    case PlanKind::kFromChangelog:
      return std::vector<ExprPtr>();
    default:  // the input's columns come first
      return over_first(*wanted, plan.input()->schema->size());
  }
}

/// The keys of an operator that puts rows of equal keys together; nothing if it does not.
Wanted keys_of(const PlanNode& plan) {
  const auto columns = [&](const std::vector<size_t>& key) {
    std::vector<ExprPtr> out;
    for (const size_t column : key) out.push_back(column_of(*plan.input(), column));
    return out;
  };
  switch (plan.kind) {
    case PlanKind::kWindowAggregate:
      return plan.as<WindowAggregateNode>().keys;
    case PlanKind::kAggregate:
      return plan.as<AggregateNode>().keys;
    case PlanKind::kOver:
      return plan.as<OverNode>().partition;
    case PlanKind::kTopN:
      return plan.as<TopNNode>().partition;
    case PlanKind::kNormalize:
      return columns(plan.as<NormalizeNode>().key);
    case PlanKind::kKeepLast:
      return columns(plan.as<KeepLastNode>().key);
    default:
      return std::nullopt;
  }
}

bool has_below(const PlanNode& plan, PlanKind kind) {
  return std::any_of(plan.inputs.begin(), plan.inputs.end(), [&](const PlanPtr& input) {
    return input->kind == kind || has_below(*input, kind);
  });
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

/// From the sinks down it is passed on by what rows must be together, so that the rows are dealt
/// once for all who stand above each other; from the tables up it is seen to that they are.
class Sharing {
 public:
  explicit Sharing(const std::string& application) : application_(application) {}

  Result<PlanPtr> visit(const PlanPtr& plan, const Wanted& wanted) {
    if (is_whole(*plan)) return plan;
    std::string text = wanted ? "by" : "";
    for (const ExprPtr& expr : wanted.value_or(std::vector<ExprPtr>())) {
      text += " " + expr->to_string();
    }
    const auto known = visited_.find({plan.get(), text});
    if (known != visited_.end()) return known->second;
    TRY(check(*plan));
    const PlanPtr made = plan->kind == PlanKind::kJoin ? TRY(visit_join(plan, wanted))
                                                       : TRY(visit_other(plan, wanted));
    visited_.emplace(std::pair(plan.get(), text), made);
    kept_.push_back(plan);
    return made;
  }

 private:
  /// What no dealing makes right.
  static Status check(const PlanNode& plan) {
    if (plan.kind == PlanKind::kLimit)
      return refused("LIMIT, as each instance counts its own rows");
    if (plan.kind == PlanKind::kOrderBy) {
      return refused("ORDER BY, as each instance sorts its own rows");
    }
    const bool keeps = keys_of(plan) || plan.kind == PlanKind::kJoin;
    if (keeps && has_below(plan, PlanKind::kProcessingTime)) {
      return refused(clause_of(plan) +
                     " by PROCTIME(), which is another one when rows are read again");
    }
    if (plan.kind != PlanKind::kAggregate || !plan.bounded) return {};
    const auto& node = plan.as<AggregateNode>();
    if (!node.keys.empty() && node.standing.empty()) return {};
    return refused(
        "a total over everything of topics that end, as each instance gives one, if only of "
        "nothing");
  }

  Result<PlanPtr> visit_other(const PlanPtr& plan, const Wanted& wanted) {
    Wanted below = over_input(*plan, wanted);
    const Wanted keys = keys_of(*plan);
    if (keys && below) {
      std::erase_if(*below, [&](const ExprPtr& expr) { return !is_decided_by(*expr, *keys); });
    } else if (keys) {
      below = keys;
    }
    std::vector<PlanPtr> inputs;
    for (const PlanPtr& input : plan->inputs) inputs.push_back(TRY(visit(input, below)));
    const PlanPtr made = with_inputs(plan, std::move(inputs));
    if (!keys) return made;
    const Dealing dealing = TRY(dealing_of(*made->input()));
    if (is_dealt_by(dealing, *below)) return made;
    return repartitioned(made, {*below}, dealing.says);
  }

  Result<PlanPtr> visit_join(const PlanPtr& plan, const Wanted& wanted) {
    const auto& join = plan->as<JoinNode>();
    const size_t width = join.inputs[0]->schema->size();
    std::array<PlanPtr, 2> inputs = {join.inputs[0], join.inputs[1]};
    for (size_t side = 0; side < 2; ++side) {
      if (!is_whole(*inputs[1 - side])) continue;
      if (!keeps_keys(join.join, side)) {
        return refused(
            "a join that gives rows of what every instance reads whole, partner or none: those of "
            "a topic must be the ones that it keeps");
      }
      inputs[side] = TRY(visit(inputs[side], of_side(wanted, side, width)));
      return with_inputs(plan, {inputs[0], inputs[1]});
    }
    TRY(check_topics(join));
    std::array<std::vector<ExprPtr>, 2> keys;
    for (size_t k = 0; k < join.left_keys.size(); ++k) {
      if (wanted && !asks_for(*wanted, join, k)) continue;
      keys[0].push_back(join.left_keys[k]);
      keys[1].push_back(join.right_keys[k]);
    }
    std::array<Dealing, 2> dealt;
    for (size_t side = 0; side < 2; ++side) {
      inputs[side] = TRY(visit(inputs[side], keys[side]));
      dealt[side] = TRY(dealing_of(*inputs[side]));
    }
    const PlanPtr made = with_inputs(plan, {inputs[0], inputs[1]});
    if (is_dealt_by(dealt[0], keys[0]) && is_dealt_by(dealt[1], keys[1]) &&
        dealt_alike(join, dealt[0], dealt[1])) {
      return made;
    }
    // A side that is dealt like that already stays.
    std::array<Wanted, 2> anew;
    for (size_t side = 0; side < 2; ++side) {
      if (!is_dealt_anew_by(dealt[side], keys[side])) anew[side] = keys[side];
    }
    return repartitioned(made, {anew[0], anew[1]},
                         "the messages of both sides of the join are not keyed alike by what it "
                         "compares");
  }

  /// What is asked of the output of a join, of one side alone.
  static Wanted of_side(const Wanted& wanted, size_t side, size_t width) {
    if (!wanted) return wanted;
    if (side == 0) return over_first(*wanted, width);
    std::vector<ExprPtr> out;
    for (const ExprPtr& expr : *wanted) {
      std::vector<size_t> read;
      collect_columns(*expr, &read);
      if (read.empty() || read.front() < width) continue;
      std::vector<size_t> places(read.back() + 1, 0);
      for (const size_t column : read) places[column] = column - width;
      out.push_back(remap_columns(expr, places));
    }
    return out;
  }

  static bool asks_for(const std::vector<ExprPtr>& wanted, const JoinNode& join, size_t key) {
    const size_t width = join.inputs[0]->schema->size();
    const auto is_among = [&](const std::vector<ExprPtr>& exprs, const Expr& expr) {
      return std::any_of(exprs.begin(), exprs.end(), [&](const ExprPtr& e) { return *e == expr; });
    };
    return (keeps_keys(join.join, 0) &&
            is_among(*of_side(wanted, 0, width), *join.left_keys[key])) ||
           (keeps_keys(join.join, 1) &&
            is_among(*of_side(wanted, 1, width), *join.right_keys[key]));
  }

  /// One member of the group reads both sides.
  static Status check_topics(const JoinNode& join) {
    std::vector<const TableDef*> tables;
    collect_tables(join, &tables);
    std::erase_if(tables,
                  [](const TableDef* table) { return !is_message_connector(table->connector()); });
    for (const TableDef* table : tables) {
      if (member_name(*table) != member_name(*tables[0])) {
        return refused(fmt::format("a join of '{}' and '{}', whose 'properties.*' differ",
                                   tables[0]->name, table->name));
      }
    }
    return {};
  }

  /// `plan`, with its inputs dealt by these keys; nothing: as they are.
  Result<PlanPtr> repartitioned(const PlanPtr& plan, const std::vector<Wanted>& keys,
                                const std::string& reason) {
    std::vector<PlanPtr> inputs;
    for (size_t i = 0; i < plan->inputs.size(); ++i) {
      if (!keys[i]) {
        inputs.push_back(make_shared_plan(kLeftAlone, plan->inputs[i], plan->span));
        continue;
      }
      RepartitionParts parts{*keys[i], "", reason};
      parts.like = topics_below(*plan);
      inputs.push_back(cut(plan->inputs[i], std::move(parts)));
    }
    // Only what is read behind it goes through the topic.
    const PlanPtr pruned =
        prune_columns(with_inputs(plan, std::move(inputs)), WatermarkUse::kReadersAbove);
    inputs.clear();
    for (const PlanPtr& input : pruned->inputs) {
      inputs.push_back(TRY(with_topics(input, clause_of(*plan))));
    }
    return with_inputs(pruned, std::move(inputs));
  }

  /// Windows are put to rows behind the topic: they need not go through it.
  static PlanPtr cut(const PlanPtr& plan, RepartitionParts parts) {
    const bool passes = plan->kind == PlanKind::kProject || plan->kind == PlanKind::kFilter;
    const bool assigns = plan->kind == PlanKind::kWindowAssign;
    if (!assigns && !(passes && has_below(*plan, PlanKind::kWindowAssign))) {
      return make_repartition(plan, std::move(parts), plan->span);
    }
    parts.keys = *over_input(*plan, parts.keys);
    return with_inputs(plan, {cut(plan->input(), std::move(parts))});
  }

  Result<PlanPtr> with_topics(const PlanPtr& plan, const std::string& who) {
    if (plan->kind == PlanKind::kShared && plan->as<SharedNode>().name == kLeftAlone) {
      return plan->input();
    }
    if (plan->kind != PlanKind::kRepartition) {
      std::vector<PlanPtr> inputs;
      for (const PlanPtr& input : plan->inputs) inputs.push_back(TRY(with_topics(input, who)));
      return with_inputs(plan, std::move(inputs));
    }
    RepartitionParts parts = parts_of(plan->as<RepartitionNode>());
    parts.topic = topic_name(application_, *plan->input(), parts.keys, parts.like);
    parts.has_origins = true;
    const Result<PlanPtr> placed = with_origins(plan->input());
    if (!placed) {
      return refused(
          fmt::format("{}, over {}: {}, and only rows of tables, filtered and computed, "
                      "can be dealt anew",
                      who, placed.error().message, parts.reason));
    }
    return make_repartition(*placed, std::move(parts), plan->span);
  }

  const std::string& application_;
  /// A shared sub-plan stays one, if all ask the same of it.
  std::map<std::pair<const PlanNode*, std::string>, PlanPtr> visited_;
  std::vector<PlanPtr> kept_;  // as long as their addresses count
};

}  // namespace

Result<std::vector<PlanPtr>> share_inputs(const std::vector<PlanPtr>& plans,
                                          const std::string& application) {
  Sharing sharing(application);
  std::vector<PlanPtr> out;
  for (const PlanPtr& plan : plans) out.push_back(TRY(sharing.visit(plan, std::nullopt)));
  return out;
}

}  // namespace velo
