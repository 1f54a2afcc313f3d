#include "engine/lower_top_n.h"

#include "engine/lower_columns.h"
#include "operator/top_n.h"

namespace velo {
std::vector<LoweredNode> lower_top_n(const TopNNode& top) {
  const size_t width = top.input()->schema->size();
  LoweredColumns columns(*top.input()->schema);
  TopNOptions options;
  for (const ExprPtr& key : top.partition) options.partition.push_back(columns.place_of(key));
  for (const PlanOrder& order : top.order) {
    options.order.push_back({columns.place_of(order.key), order.descending, order.nulls_first});
  }
  const bool computed = columns.computed();
  options.input = make_schema(columns.fields);
  std::vector<Field> out = columns.fields;
  if (top.with_rank) out.push_back(top.schema->fields().back());
  options.output = make_schema(out);
  options.rank = top.rank;
  options.limit = static_cast<size_t>(top.limit);
  options.with_rank = top.with_rank;
  options.retractable = top.input()->changelog.changing;
  options.at_end = top.form == TopNForm::kEnd;
  if (top.form == TopNForm::kWindow) {
    options.time_column = static_cast<int>(top.time_column);
    options.shift_us = top.shift_us;
  }
  if (top.bound.kind == StateBoundKind::kTtl) options.ttl_us = top.bound.ttl_us;

  std::vector<LoweredNode> made;
  if (computed) made.push_back(project_to(options.input, columns.exprs));
  LoweredNode node;
  node.spec.spread = Spread::kByKey;
  node.spec.keys.emplace_back();
  for (const size_t key : options.partition) {
    node.spec.keys[0].push_back(make_column(key, out[key].type, out[key].name));
  }
  if (top.form != TopNForm::kStream) {
    if (top.form == TopNForm::kWindow) {
      node.spec.merge.time_column = top.time_column;
      node.spec.merge.due_us = -top.shift_us;
      node.spec.merge.order.push_back(top.time_column);
    }
    for (const size_t key : options.partition) node.spec.merge.order.push_back(key);
  }
  node.spec.make = [options] { return make_top_n(options); };
  made.push_back(std::move(node));
  if (!computed) return made;
  std::vector<ExprPtr> kept(columns.exprs.begin(),
                            columns.exprs.begin() + static_cast<ptrdiff_t>(width));
  if (top.with_rank) {
    kept.push_back(make_column(out.size() - 1, out.back().type, out.back().name));
  }
  made.push_back(project_to(top.schema, std::move(kept)));
  return made;
}

}  // namespace velo
