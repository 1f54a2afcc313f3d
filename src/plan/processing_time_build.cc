// ProcessingTimeNode: the wall clock as an event time of rows.
#include "base/check.h"
#include "plan/plan_build.h"

namespace velo {

PlanPtr make_processing_time(PlanPtr input, std::string name, SourceSpan span) {
  CHECK(!input->changelog.changing);
  auto node = std::make_shared<ProcessingTimeNode>();
  node->bounded = input->bounded;
  std::vector<Field> fields = input->schema->fields();
  fields.push_back({std::move(name), Type::timestamp_ltz(3)});
  node->traits.resize(fields.size());
  node->traits.back().event_time = true;
  node->schema = make_schema(std::move(fields));
  node->inputs = {std::move(input)};
  node->span = span;
  return node;
}

PlanPtr stamp_column(const PlanPtr& input, size_t column, SourceSpan span) {
  std::vector<std::string> names = column_names(*input);
  const PlanPtr stamped = make_processing_time(input, names[column], span);
  std::vector<ExprPtr> exprs = all_columns(*input);
  exprs[column] = column_of(*stamped, names.size());
  return make_project(stamped, std::move(exprs), std::move(names), span);
}

}  // namespace velo
