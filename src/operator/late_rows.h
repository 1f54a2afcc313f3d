#pragma once

#include <optional>
#include <vector>

#include "operator/operator.h"

namespace velo {

/// Collects the rows of one batch that missed a window, and rejects them together.
class LateRows {
 public:
  /// `set_column`: see WindowAggregateOptions.
  LateRows(const SchemaPtr& input, size_t time_column,
           std::optional<size_t> set_column = std::nullopt);
  void add(uint32_t row, int64_t watermark, int64_t window_start, int64_t window_end);
  /// REQUIRES: `batch` is the one whose rows were added.
  void reject(const Batch& batch, Output& output);

 private:
  void leave_set_0(const Column& sets);

  SchemaPtr schema_;
  size_t time_column_;
  std::optional<size_t> set_column_;
  Selection rows_;
  std::vector<int64_t> watermarks_;
  std::vector<int64_t> starts_;
  std::vector<int64_t> ends_;
};

}  // namespace velo
