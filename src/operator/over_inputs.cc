#include "operator/over_inputs.h"

#include <algorithm>

namespace velo {

KeptInputs::KeptInputs(SchemaPtr schema, AggregateLayout* layout, const OverRows& rows)
    : schema_(std::move(schema)), layout_(layout), rows_(rows) {
  for (const Component& component : layout->components()) {
    for (const ExprPtr& input : component.inputs) collect_columns(*input, &read_);
    for (const ListOrder& order : component.order) collect_columns(*order.key, &read_);
    if (component.filter != nullptr) collect_columns(*component.filter, &read_);
  }
  std::sort(read_.begin(), read_.end());
  read_.erase(std::unique(read_.begin(), read_.end()), read_.end());
}

const AggregateLayout::Prepared& KeptInputs::prepare(std::span<const uint32_t> groups,
                                                     std::span<const uint64_t> indexes,
                                                     EvaluationContext& context) {
  Batch batch{schema_, groups.size(), {}, nullptr, nullptr};
  for (const Field& field : schema_->fields()) {
    batch.columns.push_back(Column::nulls(field.type, groups.size()));
  }
  for (const size_t column : read_) batch.columns[column] = rows_.gather(column, groups, indexes);
  RowErrors errors;
  layout_->prepare(batch, context, errors, &prepared_);
  return prepared_;
}

}  // namespace velo
