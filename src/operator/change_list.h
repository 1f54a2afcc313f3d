#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "column/column_builder.h"
#include "operator/operator.h"
#include "state/row_store.h"

namespace velo {

/// Changes of stored rows that one batch makes, given as one batch, and the rows of the batch that
/// leave instead.
class ChangeList {
 public:
  /// The stored row `id` comes (+1) or goes (−1) because of row `cause` of the batch. A row that
  /// was removed from its store can be given until the store is trimmed.
  void add(RowStore::Id id, uint32_t cause, int64_t weight) {
    ids_.push_back(id);
    causes_.push_back(cause);
    weights_.push_back(weight);
  }
  /// Row `row` of the batch has a NULL in its key.
  void add_nameless(uint32_t row) { nameless_.push_back(row); }
  /// Row `row` of the batch takes back what is not there.
  void add_unmatched(uint32_t row) { unmatched_.push_back(row); }

  /// Emits and rejects all that was added. `watermark`: in force for batches that do not say.
  void give(const Batch& batch, const RowStore& store, int64_t watermark, Output& output) {
    reject({RejectReason::kError, {}, "the key of a change is NULL"}, batch, nameless_, output);
    reject({RejectReason::kUnmatched, {}, "there is no row of this key to take back"}, batch,
           unmatched_, output);
    if (ids_.empty()) return;
    Batch result{batch.schema, ids_.size(), {}, nullptr, nullptr};
    for (size_t c = 0; c < batch.columns.size(); ++c) {
      result.columns.push_back(store.gather(c, ids_));
    }
    if (std::any_of(weights_.begin(), weights_.end(), [](int64_t w) { return w < 0; })) {
      ColumnBuilder weights(Type::bigint(), ids_.size());
      for (const int64_t weight : weights_) weights.append_int64(weight);
      result.weights = weights.finish();
    }
    if (batch.watermarks) {
      result.watermarks = gather(batch.watermarks, causes_);
    } else if (watermark != kWatermarkNone) {
      ColumnBuilder in_force(Type::bigint(), 1);
      in_force.append_int64(watermark);
      result.watermarks = Column::constant(in_force.finish(), result.rows);
    }
    ids_.clear();
    causes_.clear();
    weights_.clear();
    output.emit(std::move(result));
  }

 private:
  static void reject(Rejected rejected, const Batch& batch, Selection& rows, Output& output) {
    if (rows.empty()) return;
    rejected.rows = gather(batch, rows);
    rows.clear();
    output.reject(std::move(rejected));
  }

  std::vector<RowStore::Id> ids_;
  std::vector<uint32_t> causes_;
  std::vector<int64_t> weights_;
  Selection nameless_;
  Selection unmatched_;
};

}  // namespace velo
