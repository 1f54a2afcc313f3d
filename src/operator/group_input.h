#pragma once

#include <vector>

#include "operator/operator.h"
#include "state/group_states.h"
#include "state/key_table.h"

namespace velo {

/// The common first step of every grouping: a batch's keys become group numbers and its aggregate
/// inputs are evaluated. Rows that fail to evaluate, or that have no event time, are rejected here.
class GroupInput {
 public:
  /// `time_column` < 0: rows have no event time. `retractable`: rows may have weight −1.
  GroupInput(std::vector<ExprPtr> keys, std::vector<Aggregate> aggregates, int time_column,
             bool retractable);

  /// The rows that remain (the batch itself, or a copy kept here), with groups, times and inputs
  /// set; null if none.
  const Batch* prepare(const Batch& batch, EvaluationContext& context, Output& output);

  const AggregateLayout& layout() const { return layout_; }
  KeyTable& keys() { return keys_; }
  const KeyTable& keys() const { return keys_; }

  // Of the last prepared batch, by row.
  const std::vector<uint32_t>& groups() const { return groups_; }
  const int64_t* times() const { return times_; }
  /// All its rows, for folding.
  FoldRows rows(size_t begin, size_t count) const;
  const AggregateLayout::Prepared& prepared() const { return prepared_; }

  /// The keys of some groups, for the snapshot; and back, giving their new numbers.
  void save_keys(std::span<const uint32_t> groups, SnapshotWriter& writer) const;
  Status load_keys(SnapshotReader& reader, std::vector<uint32_t>* groups);
  /// A fresh key table that knows only these groups; their new numbers.
  std::vector<uint32_t> keep_only(std::span<const uint32_t> groups);

 private:
  bool drop_rows_without_time(const Batch& batch, Output& output);

  AggregateLayout layout_;
  std::vector<Type> key_types_;
  KeyTable keys_;
  int time_column_;
  uint64_t sequence_ = 0;  // arrival number of the next row
  uint64_t first_sequence_ = 0;
  AggregateLayout::Prepared prepared_;
  RowErrors errors_;
  Batch kept_;
  std::vector<uint32_t> groups_;
  ColumnPtr time_values_;
  const int64_t* times_ = nullptr;
};

}  // namespace velo
