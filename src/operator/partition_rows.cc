#include "operator/partition_rows.h"

#include <algorithm>

namespace velo {
namespace {

std::vector<Type> types_of(const Schema& schema, const std::vector<size_t>& columns) {
  std::vector<Type> types;
  for (const size_t column : columns) types.push_back(schema[column].type);
  return types;
}

std::vector<size_t> stored_columns(const Schema& input, const std::vector<size_t>& partition) {
  std::vector<size_t> stored;
  size_t next = 0;
  for (size_t c = 0; c < input.size(); ++c) {
    const bool is_key = std::find(partition.begin(), partition.end(), c) != partition.end();
    const bool once = is_key && is_told_by_key(input[c].type);
    stored.push_back(once ? PartitionRows::kNotStored : next++);
  }
  return stored;
}

SchemaPtr stored_schema(const Schema& input, const std::vector<size_t>& stored) {
  std::vector<Field> fields;
  for (size_t c = 0; c < stored.size(); ++c) {
    if (stored[c] != PartitionRows::kNotStored) fields.push_back(input[c]);
  }
  return make_schema(std::move(fields));
}

}  // namespace

PartitionRows::PartitionRows(SchemaPtr input, std::vector<size_t> partition)
    : input_(std::move(input)),
      partition_(std::move(partition)),
      stored_(stored_columns(*input_, partition_)),
      keys_(types_of(*input_, partition_)),
      slots_(stored_schema(*input_, stored_)) {}

void PartitionRows::intern(const Batch& batch, std::vector<uint32_t>* groups) {
  std::vector<ColumnPtr> columns;
  for (const size_t column : partition_) columns.push_back(batch.columns[column]);
  groups->resize(batch.rows);
  keys_.intern(columns, batch.rows, groups->data());
}

std::vector<uint32_t> PartitionRows::keep_only(const std::vector<uint32_t>& groups) {
  KeyTable kept(types_of(*input_, partition_));
  std::vector<uint32_t> numbers(groups.size());
  kept.intern(keys_.gather(groups), groups.size(), numbers.data());
  keys_ = std::move(kept);
  return numbers;
}

Batch PartitionRows::stored_part(const Batch& batch) const {
  Batch part{slots_.columns().schema(), batch.rows, {}, nullptr, nullptr};
  for (size_t c = 0; c < stored_.size(); ++c) {
    if (is_stored(c)) part.columns.push_back(batch.columns[c]);
  }
  return part;
}

std::vector<ColumnPtr> PartitionRows::gather(std::span<const Id> ids,
                                             std::span<const uint32_t> groups,
                                             const std::vector<uint8_t>* wanted) const {
  const auto is_wanted = [wanted](size_t column) {
    return wanted == nullptr || (*wanted)[column] != 0;
  };
  std::vector<ColumnPtr> keys;
  std::vector<ColumnPtr> columns;
  for (size_t c = 0; c < stored_.size(); ++c) {
    if (!is_wanted(c)) {
      columns.push_back(Column::nulls((*input_)[c].type, ids.size()));
      continue;
    }
    if (is_stored(c)) {
      columns.push_back(slots_.columns().gather(stored_[c], ids));
      continue;
    }
    if (keys.empty()) keys = keys_.gather(groups);
    const auto key = std::find(partition_.begin(), partition_.end(), c);
    columns.push_back(keys[static_cast<size_t>(key - partition_.begin())]);
  }
  return columns;
}

}  // namespace velo
