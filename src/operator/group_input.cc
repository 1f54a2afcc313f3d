#include "operator/group_input.h"

#include "operator/reject_rows.h"

namespace velo {
namespace {

std::vector<Type> types_of(const std::vector<ExprPtr>& keys) {
  std::vector<Type> types;
  for (const ExprPtr& key : keys) types.push_back(key->type());
  return types;
}

}  // namespace

GroupInput::GroupInput(std::vector<ExprPtr> keys, std::vector<Aggregate> aggregates,
                       int time_column, bool retractable)
    : layout_(std::move(keys), std::move(aggregates), retractable),
      key_types_(types_of(layout_.keys())),
      keys_(key_types_),
      time_column_(time_column) {}

bool GroupInput::drop_rows_without_time(const Batch& batch, Output& output) {
  const Column& time = *batch.columns[static_cast<size_t>(time_column_)];
  if (!time.may_have_nulls()) return false;
  Selection with;
  Selection without;
  for (uint32_t row = 0; row < batch.rows; ++row)
    (time.is_null(row) ? without : with).push_back(row);
  if (without.empty()) return false;
  output.reject({RejectReason::kNoTime, gather(batch, without), "the event time is NULL"});
  kept_ = gather(batch, with);
  return true;
}

const Batch* GroupInput::prepare(const Batch& batch, EvaluationContext& context, Output& output) {
  const Batch* rows = &batch;
  if (time_column_ >= 0 && drop_rows_without_time(batch, output)) rows = &kept_;
  if (rows->empty()) return nullptr;
  layout_.prepare(*rows, context, errors_, &prepared_);
  if (!errors_.empty()) {
    Selection good;
    reject_failed_rows(*rows, errors_, output, &good);
    kept_ = gather(*rows, good);
    rows = &kept_;
    if (rows->empty()) return nullptr;
    layout_.prepare(*rows, context, errors_, &prepared_);
    CHECK(errors_.empty(), "a row that did not fail fails when it is alone");
  }
  groups_.resize(std::max(groups_.size(), rows->rows));
  keys_.intern(prepared_.keys, rows->rows, groups_.data());
  if (time_column_ >= 0) {
    time_values_ = flatten(rows->columns[static_cast<size_t>(time_column_)]);
    times_ = time_values_->values<int64_t>();
  }
  first_sequence_ = sequence_;
  sequence_ += rows->rows;
  return rows;
}

FoldRows GroupInput::rows(size_t begin, size_t count) const {
  FoldRows rows;
  rows.slots = groups_.data();
  rows.begin = begin;
  rows.count = count;
  rows.times = times_;
  rows.first_sequence = first_sequence_;
  return rows;
}

void GroupInput::save_keys(std::span<const uint32_t> groups, SnapshotWriter& writer) const {
  writer.u64(sequence_);
  writer.u64(groups.size());
  for (const ColumnPtr& column : keys_.gather(groups)) writer.column(*column);
}

Status GroupInput::load_keys(SnapshotReader& reader, std::vector<uint32_t>* groups) {
  sequence_ = TRY(reader.u64());
  const uint64_t n = TRY(reader.u64());
  std::vector<ColumnPtr> columns;
  for (const Type& type : key_types_) {
    columns.push_back(TRY(reader.column(type)));
    if (columns.back()->size() != n)
      return Error(ErrorCode::kCorruptData, "group keys are missing");
  }
  if (columns.empty() && n > 1)
    return Error(ErrorCode::kCorruptData, "there can be only one group");
  groups->resize(n);
  keys_.intern(columns, n, groups->data());
  return {};
}

std::vector<uint32_t> GroupInput::keep_only(std::span<const uint32_t> groups) {
  const std::vector<ColumnPtr> columns = keys_.gather(groups);
  keys_ = KeyTable(key_types_);
  std::vector<uint32_t> numbers(groups.size());
  keys_.intern(columns, groups.size(), numbers.data());
  return numbers;
}

}  // namespace velo
