#pragma once

#include <vector>

#include "operator/operator.h"
#include "state/join_rows.h"

namespace velo {

/// Pairs of a row of a batch and a stored row of the other side that a join looks at.
struct JoinPairs {
  Selection rows;
  std::vector<JoinRows::Id> ids;
  void clear() { rows.clear(), ids.clear(); }
  void add(uint32_t row, JoinRows::Id id) { rows.push_back(row), ids.push_back(id); }
  void shorten(size_t size) { rows.resize(size), ids.resize(size); }
  size_t size() const { return rows.size(); }
};

/// What partners must meet beside equal keys: a predicate over left columns, then right ones.
class JoinResidual {
 public:
  /// `residual` may be null: everything meets it.
  JoinResidual(const ExprPtr& residual, const SchemaPtr& left, const SchemaPtr& right);

  /// Keeps the pairs that meet it. Pairs for which it fails are rejected (kError), as rows of all
  /// columns. `side`: of the batch; `stored`: the other side's rows.
  void keep(size_t side, const Batch& batch, const JoinRows& stored, EvaluationContext& context,
            JoinPairs& pairs, Output& output);

 private:
  Batch rows_of(size_t side, const Batch& batch, const JoinRows& stored, const JoinPairs& pairs,
                const std::vector<size_t>& columns) const;

  SchemaPtr schema_;  // left columns, then right ones
  size_t left_;
  Evaluator evaluator_;
  std::vector<size_t> columns_;  // that the predicate reads, ascending
  RowErrors errors_;
  Selection chosen_;
};

}  // namespace velo
