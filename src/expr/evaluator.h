#pragma once

#include <memory>
#include <vector>

#include "base/random.h"
#include "column/batch.h"
#include "expr/expr.h"
#include "expr/row_errors.h"
#include "expr/time_zone.h"

namespace velo {

/// What expressions may know beside the rows. Owned by the operator that evaluates; one thread at a
/// time.
struct EvaluationContext {
  int64_t now_us = 0;  ///< the batch's clock: what NOW() and PROCTIME() give for all its rows
  const TimeZone* zone = TimeZone::utc();  ///< the session's zone: TIMESTAMP ↔ TIMESTAMP_LTZ
  Random random{0};                        ///< for RAND() and UUID()
};

/// Evaluates expressions over batches, column at a time.
///
/// Compiled once: constants folded, equal parts computed once. A row that fails (overflow, x/0, a
/// bad cast) is reported and NULL in the result; the caller drops and routes it. CASE, COALESCE,
/// AND and OR evaluate their branches only for the rows that need them. Dictionary-encoded strings
/// are worked on once per entry where that is cheaper; constants stay constant. Holds caches: one
/// thread at a time, movable, not copyable.
class Evaluator {
 public:
  explicit Evaluator(const std::vector<ExprPtr>& expressions);
  explicit Evaluator(const ExprPtr& expression) : Evaluator(std::vector<ExprPtr>{expression}) {}
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  size_t size() const;
  /// The value of expression `i` for every row, in any encoding.
  ColumnPtr evaluate(size_t i, const Batch& batch, EvaluationContext& context, RowErrors& errors);
  /// The values of all expressions; what they share is computed once.
  void evaluate(const Batch& batch, EvaluationContext& context, RowErrors& errors,
                std::vector<ColumnPtr>* out);
  /// The rows where expression 0 is TRUE (not FALSE, NULL or failed). REQUIRES: it is BOOLEAN.
  void select(const Batch& batch, EvaluationContext& context, RowErrors& errors, Selection* out);

 private:
  friend Result<ColumnPtr> evaluate_constant(const ExprPtr& expr, EvaluationContext& context);
  struct Program;
  Result<ColumnPtr> evaluate_unfolded(const ExprPtr& expr, EvaluationContext& context);
  std::unique_ptr<Program> program_;
};

/// The value of a constant expression as one flat row. The error of its row if it fails.
Result<ColumnPtr> evaluate_constant(const ExprPtr& expr, EvaluationContext& context);

}  // namespace velo
