#include "engine/lower_over.h"

#include "engine/lower_columns.h"
#include "operator/over.h"
#include "plan/plan_build.h"

namespace velo {
namespace {

OverForm form_of(PlanOverForm form) {
  switch (form) {
    case PlanOverForm::kTime:
      return OverForm::kTime;
    case PlanOverForm::kWindow:
      return OverForm::kWindow;
    case PlanOverForm::kEnd:
      return OverForm::kEnd;
    case PlanOverForm::kChanges:
      return OverForm::kChanges;
  }
  return OverForm::kChanges;
}

OverOptions options_of(const OverNode& over, LoweredColumns& columns) {
  OverOptions options;
  for (const ExprPtr& key : over.partition) options.partition.push_back(columns.place_of(key));
  for (const PlanOrder& order : over.order) {
    options.order.push_back({columns.place_of(order.key), order.descending, order.nulls_first});
  }
  OverParts parts = parts_of(over);
  parts =
      rewrite_over(std::move(parts), [&](const ExprPtr& expr) { return columns.column_of(expr); });
  for (PlanOverCall& call : parts.calls) options.calls.push_back(std::move(call.call));
  options.input = make_schema(columns.fields);
  std::vector<Field> out = columns.fields;
  const size_t width = over.input()->schema->size();
  for (size_t i = 0; i < over.calls.size(); ++i) out.push_back((*over.schema)[width + i]);
  options.output = make_schema(std::move(out));
  options.form = form_of(over.form);
  options.time_column = over.time_column;
  options.shift_us = over.shift_us;
  if (over.bound.kind == StateBoundKind::kTtl) options.ttl_us = over.bound.ttl_us;
  return options;
}

}  // namespace

std::vector<LoweredNode> lower_over(const OverNode& over) {
  LoweredColumns columns(*over.input()->schema);
  const OverOptions options = options_of(over, columns);
  std::vector<LoweredNode> made;
  if (columns.computed()) made.push_back(project_to(options.input, columns.exprs));
  LoweredNode node;
  node.spec.make = [options] { return make_over(options); };
  // By time there is one copy: rows of one time come out in the order in which they came in.
  node.spec.spread = Spread::kSingle;
  if (options.form != OverForm::kTime) {
    node.spec.spread = Spread::kByKey;
    node.spec.keys.emplace_back();
    if (options.form == OverForm::kWindow) {
      node.spec.merge.time_column = options.time_column;
      node.spec.merge.due_us = -options.shift_us;
      node.spec.merge.order.push_back(options.time_column);
    }
    for (const size_t key : options.partition) {
      const Field& field = (*options.input)[key];
      node.spec.keys[0].push_back(make_column(key, field.type, field.name));
      if (options.form != OverForm::kChanges) node.spec.merge.order.push_back(key);
    }
  }
  made.push_back(std::move(node));
  if (!columns.computed()) return made;
  const size_t width = over.input()->schema->size();
  std::vector<ExprPtr> kept(columns.exprs.begin(),
                            columns.exprs.begin() + static_cast<ptrdiff_t>(width));
  for (size_t i = 0; i < over.calls.size(); ++i) {
    const Field& field = (*over.schema)[width + i];
    kept.push_back(make_column(columns.fields.size() + i, field.type, field.name));
  }
  made.push_back(project_to(over.schema, std::move(kept)));
  return made;
}

}  // namespace velo
