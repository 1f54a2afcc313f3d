#include "engine/lower_join.h"

#include "base/fmt.h"
#include "operator/asof_join.h"
#include "operator/build_join.h"
#include "operator/mark_join.h"
#include "operator/stream_join.h"

namespace velo {
namespace {

JoinKind kind_of(PlanJoinKind kind) {
  switch (kind) {
    case PlanJoinKind::kInner:
      return JoinKind::kInner;
    case PlanJoinKind::kLeft:
    case PlanJoinKind::kSingle:
      return JoinKind::kLeft;
    case PlanJoinKind::kRight:
      return JoinKind::kRight;
    case PlanJoinKind::kFull:
      return JoinKind::kFull;
    case PlanJoinKind::kSemi:
      return JoinKind::kSemi;
    case PlanJoinKind::kAnti:
      return JoinKind::kAnti;
    case PlanJoinKind::kMark:
      break;  // an operator of its own
  }
  return JoinKind::kInner;
}

/// One input: its columns, then the keys that are no columns.
struct Side {
  JoinInput input;
  std::vector<ExprPtr> columns;  // over the plan's input
  size_t width = 0;              // of the plan's input
};

Side side_of(const PlanNode& plan, const std::vector<ExprPtr>& keys) {
  Side side;
  std::vector<Field> fields = plan.schema->fields();
  side.width = fields.size();
  for (size_t i = 0; i < fields.size(); ++i) {
    side.columns.push_back(make_column(i, fields[i].type, fields[i].name));
  }
  for (const ExprPtr& key : keys) {
    if (key->kind() == ExprKind::kColumn) {
      side.input.keys.push_back(key->index());
      continue;
    }
    side.input.keys.push_back(fields.size());
    fields.push_back({fmt::format("key {}", fields.size() - side.width + 1), key->type()});
    side.columns.push_back(key);
  }
  side.input.schema = fields.size() == side.width ? plan.schema : make_schema(std::move(fields));
  return side;
}

/// The keys as the exchange between threads reads them.
std::vector<ExprPtr> key_columns(const JoinInput& input) {
  std::vector<ExprPtr> keys;
  for (const size_t key : input.keys) {
    keys.push_back(make_column(key, (*input.schema)[key].type, (*input.schema)[key].name));
  }
  return keys;
}

LoweredNode join_node(const JoinNode& join, std::array<JoinInput, 2> inputs, SchemaPtr output,
                      ExprPtr residual) {
  LoweredNode lowered;
  lowered.spec.spread = Spread::kByKey;
  if (!inputs[0].keys.empty()) {
    lowered.spec.keys = {key_columns(inputs[0]), key_columns(inputs[1])};
  }
  const JoinKind kind = kind_of(join.join);
  if (join.form == JoinForm::kBuild) {
    const BuildJoinOptions options{kind, std::move(inputs), std::move(output), std::move(residual),
                                   join.build,
                                   join.join == PlanJoinKind::kSingle && !join.one_row};
    lowered.spec.make = [options] { return make_build_join(options); };
    return lowered;
  }
  if (join.times) {
    inputs[0].time_column = static_cast<int>(join.times->left_column);
    inputs[0].shift_us = join.times->left_shift_us;
    inputs[1].time_column = static_cast<int>(join.times->right_column);
    inputs[1].shift_us = join.times->right_shift_us;
  }
  if (join.form == JoinForm::kAsof) {
    const AsofJoinOptions options{join.join == PlanJoinKind::kLeft, std::move(inputs),
                                  std::move(output), join.times->upper_us};
    lowered.spec.make = [options] { return make_asof_join(options); };
    return lowered;
  }
  StreamJoinOptions options;
  options.kind = kind;
  options.output = std::move(output);
  options.residual = std::move(residual);
  if (join.times) {
    options.interval = JoinInterval{join.times->lower_us, join.times->upper_us};
  }
  if (join.bound.kind == StateBoundKind::kTtl) options.ttl_us = join.bound.ttl_us;
  options.inputs = std::move(inputs);
  lowered.spec.make = [options] { return make_stream_join(options); };
  return lowered;
}

/// What is compared must be seen by every copy: only keys part the rows.
LoweredNode mark_join_node(const JoinNode& join) {
  MarkJoinOptions options;
  const size_t left = join.inputs[0]->schema->size();
  for (size_t side = 0; side < 2; ++side) {
    options.inputs[side].schema = join.inputs[side]->schema;
    for (const ExprPtr& key : side == 0 ? join.left_keys : join.right_keys) {
      CHECK(key->kind() == ExprKind::kColumn);
      options.inputs[side].keys.push_back(key->index());
    }
    for (const ExprPtr& equality : join.compared) {
      const ExprPtr& column = equality->arg(side);
      CHECK(column->kind() == ExprKind::kColumn);
      options.compared[side].push_back(column->index() - (side == 0 ? 0 : left));
    }
  }
  options.output = join.schema;
  options.right_first = join.form == JoinForm::kBuild;
  if (join.bound.kind == StateBoundKind::kTtl) options.ttl_us = join.bound.ttl_us;
  LoweredNode lowered;
  lowered.spec.spread = Spread::kByKey;
  if (!options.inputs[0].keys.empty()) {
    lowered.spec.keys = {key_columns(options.inputs[0]), key_columns(options.inputs[1])};
  }
  lowered.spec.make = [options] { return make_mark_join(options); };
  return lowered;
}

ExprPtr all_of(const std::vector<ExprPtr>& conjuncts) {
  ExprPtr all;
  for (const ExprPtr& conjunct : conjuncts) {
    all = all == nullptr ? conjunct : make_and(all, conjunct).value();
  }
  return all;
}

}  // namespace

LoweredJoin lower_join(const JoinNode& join) {
  LoweredJoin lowered;
  if (join.join == PlanJoinKind::kMark) {
    lowered.nodes.push_back(mark_join_node(join));
    return lowered;
  }
  std::array<Side, 2> sides = {side_of(*join.inputs[0], join.left_keys),
                               side_of(*join.inputs[1], join.right_keys)};
  const bool left_only = join.schema->size() == sides[0].width;
  std::vector<size_t> places;  // of the plan's columns among the operator's
  std::vector<Field> fields;
  for (size_t s = 0; s < 2; ++s) {
    const SchemaPtr& schema = sides[s].input.schema;
    const size_t first = fields.size();
    for (size_t i = 0; i < sides[s].width; ++i) places.push_back(first + i);
    fields.insert(fields.end(), schema->fields().begin(), schema->fields().end());
    if (schema->size() == sides[s].width) continue;
    lowered.before[s] = project_to(schema, sides[s].columns);
  }
  const bool computed = lowered.before[0] || lowered.before[1];
  ExprPtr residual = all_of(join.rest);
  if (residual != nullptr && computed) residual = remap_columns(residual, places);
  if (left_only) fields.resize(sides[0].input.schema->size());
  const SchemaPtr output = computed ? make_schema(fields) : join.schema;
  lowered.nodes.push_back(join_node(join, {std::move(sides[0].input), std::move(sides[1].input)},
                                    output, std::move(residual)));
  if (join.late) {
    lowered.nodes[0].late = &*join.late;
    lowered.nodes[0].spec.late = NodeSpec::Late{0, late_spec(*join.late, *join.schema)};
  }
  if (!computed) return lowered;
  std::vector<ExprPtr> columns;
  for (size_t i = 0; i < join.schema->size(); ++i) {
    columns.push_back(make_column(places[i], (*join.schema)[i].type, (*join.schema)[i].name));
  }
  lowered.nodes.push_back(project_to(join.schema, std::move(columns)));
  return lowered;
}

}  // namespace velo
