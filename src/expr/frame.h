#pragma once

#include <vector>

#include "column/batch.h"
#include "expr/evaluator.h"
#include "expr/kernel.h"

namespace velo {

/// The rows that a part of an expression is evaluated for: all of a batch or, inside a branch,
/// some. Columns of chosen rows are gathered when they are first read.
class Frame {
 public:
  /// All rows. `errors` may be null: failures are then forgotten. `memo_slots`: shared nodes of the
  /// program.
  Frame(const Batch& batch, EvaluationContext& context, RowErrors* errors, size_t memo_slots)
      : batch_(&batch), rows_(batch.rows), context_(&context), errors_(errors), memo_(memo_slots) {}

  /// Some rows of `outer`, by local number.
  Frame(const Frame& outer, std::span<const uint32_t> chosen)
      : batch_(outer.batch_),
        rows_(chosen.size()),
        is_partial_(true),
        row_map_(chosen.begin(), chosen.end()),
        context_(outer.context_),
        errors_(outer.errors_),
        gathered_(outer.batch_->columns.size()),
        memo_(outer.memo_.size()) {
    if (outer.is_partial_) {
      for (uint32_t& row : row_map_) row = outer.row_map_[row];
    }
  }

  /// The same rows, failures forgotten.
  static Frame quiet(const Frame& outer) {
    Frame frame = outer;
    frame.errors_ = nullptr;
    for (ColumnPtr& memo : frame.memo_) memo = nullptr;
    return frame;
  }

  size_t rows() const { return rows_; }
  EvaluationContext& context() const { return *context_; }
  bool is_quiet() const { return errors_ == nullptr; }
  ErrorSink sink() const { return {errors_, is_partial_ ? row_map_.data() : nullptr}; }

  const ColumnPtr& column(size_t i) {
    CHECK(i < batch_->columns.size(), "an expression reads a column that the batch does not have");
    if (!is_partial_) return batch_->columns[i];
    if (!gathered_[i]) gathered_[i] = gather(batch_->columns[i], row_map_);
    return gathered_[i];
  }
  ColumnPtr& memo(size_t slot) { return memo_[slot]; }

 private:
  const Batch* batch_;
  size_t rows_;
  bool is_partial_ = false;
  Selection row_map_;  // local row → row of the batch, when partial
  EvaluationContext* context_;
  RowErrors* errors_;
  std::vector<ColumnPtr> gathered_;
  std::vector<ColumnPtr> memo_;
};

}  // namespace velo
