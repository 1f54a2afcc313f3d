#include "column/leaves.h"

namespace velo {

Leaves::Leaves(std::span<const Type> types) {
  for (const Type& type : types) {
    first_.push_back(types_.size());
    add(type);
  }
}

void Leaves::add(const Type& type) {
  types_.push_back(type);
  if (type.physical() != Physical::kRow) return;
  for (const Type& field : type.children()) add(field);
}

std::vector<ColumnPtr> Leaves::split(std::span<const ColumnPtr> columns) const {
  std::vector<ColumnPtr> leaves;
  leaves.reserve(types_.size());
  for (const ColumnPtr& column : columns) split_into(column, &leaves);
  return leaves;
}

void Leaves::split_into(const ColumnPtr& column, std::vector<ColumnPtr>* leaves) {
  if (column->type().physical() != Physical::kRow) {
    leaves->push_back(column);
    return;
  }
  const ColumnPtr flat = flatten(column);
  leaves->push_back(flat);
  for (const ColumnPtr& field : flat->children()) split_into(field, leaves);
}

}  // namespace velo
