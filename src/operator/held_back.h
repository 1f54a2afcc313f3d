#pragma once

#include <string>
#include <variant>
#include <vector>

#include "column/row_width.h"
#include "operator/operator.h"

namespace velo {

/// What an input brought while an operator waits for another one: batches and watermarks, in their
/// order.
class HeldBack {
 public:
  explicit HeldBack(SchemaPtr schema) : schema_(std::move(schema)) {}

  void hold(const Batch& batch);
  void hold(int64_t watermark) { items_.emplace_back(watermark); }

  /// Gives all, and holds nothing more.
  template <typename OnBatch, typename OnWatermark>
  void release(OnBatch on_batch, OnWatermark on_watermark) {
    std::vector<std::variant<Batch, int64_t>> items;
    items.swap(items_);
    rows_ = 0;
    for (const auto& item : items) {
      if (const auto* batch = std::get_if<Batch>(&item)) {
        on_batch(*batch);
      } else {
        on_watermark(std::get<int64_t>(item));
      }
    }
  }

  size_t rows() const { return rows_; }
  size_t memory_bytes() const;
  /// Of them the bytes of the rows' columns.
  size_t column_bytes() const;
  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);

 private:
  SchemaPtr schema_;
  std::vector<std::variant<Batch, int64_t>> items_;
  size_t rows_ = 0;
};

}  // namespace velo
