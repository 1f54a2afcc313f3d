#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "column/column.h"

namespace velo {

/// Why one row of a batch has no value: overflow, division by zero, a text that is no number…
struct RowError {
  uint32_t row;  ///< of the batch that was evaluated
  ErrorCode code;
  std::string message;  ///< what failed, with the value; no trailing period
};

/// The failed rows of a batch: collected while its expressions are evaluated, then dropped and
/// routed by the caller. A row fails once: the first reason stays. Reuse one object per operator
/// (`clear` keeps its memory).
class RowErrors {
 public:
  void add(uint32_t row, ErrorCode code, std::string message) {
    errors_.push_back({row, code, std::move(message)});
  }
  bool empty() const { return errors_.empty(); }
  void clear() { errors_.clear(); }
  /// Ascending by row, one per row.
  const std::vector<RowError>& rows();
  /// Errors as they came, possibly several per row.
  const std::vector<RowError>& raw() const { return errors_; }
  /// The rows of a batch with `batch_rows` rows that did not fail.
  Selection good_rows(size_t batch_rows);

 private:
  std::vector<RowError> errors_;
};

}  // namespace velo
