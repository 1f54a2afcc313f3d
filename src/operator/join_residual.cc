#include "operator/join_residual.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "operator/reject_rows.h"

namespace velo {
namespace {

SchemaPtr both(const SchemaPtr& left, const SchemaPtr& right) {
  std::vector<Field> fields = left->fields();
  for (const Field& field : right->fields()) fields.push_back(field);
  return make_schema(std::move(fields));
}

}  // namespace

JoinResidual::JoinResidual(const ExprPtr& residual, const SchemaPtr& left, const SchemaPtr& right)
    : schema_(both(left, right)),
      left_(left->size()),
      evaluator_(residual ? std::vector<ExprPtr>{residual} : std::vector<ExprPtr>{}) {
  if (residual) collect_columns(*residual, &columns_);
}

void JoinResidual::keep(size_t side, const Batch& batch, const JoinRows& stored,
                        EvaluationContext& context, JoinPairs& pairs, Output& output) {
  if (evaluator_.size() == 0 || pairs.size() == 0) return;
  const Batch rows = rows_of(side, batch, stored, pairs, columns_);
  evaluator_.select(rows, context, errors_, &chosen_);
  if (!errors_.empty()) {
    std::vector<size_t> all(schema_->size());
    std::iota(all.begin(), all.end(), size_t{0});
    Selection good;
    reject_failed_rows(rows_of(side, batch, stored, pairs, all), errors_, output, &good);
    Selection kept;
    std::set_intersection(chosen_.begin(), chosen_.end(), good.begin(), good.end(),
                          std::back_inserter(kept));
    chosen_.swap(kept);
  }
  for (size_t i = 0; i < chosen_.size(); ++i) {
    pairs.rows[i] = pairs.rows[chosen_[i]];
    pairs.ids[i] = pairs.ids[chosen_[i]];
  }
  pairs.shorten(chosen_.size());
}

Batch JoinResidual::rows_of(size_t side, const Batch& batch, const JoinRows& stored,
                            const JoinPairs& pairs, const std::vector<size_t>& columns) const {
  Batch rows{schema_, pairs.size(), {}, nullptr, nullptr};
  for (size_t c = 0; c < schema_->size(); ++c) {
    if (!std::binary_search(columns.begin(), columns.end(), c)) {
      rows.columns.push_back(Column::nulls((*schema_)[c].type, rows.rows));
      continue;
    }
    const size_t of_side = c < left_ ? 0 : 1;
    const size_t at = c < left_ ? c : c - left_;
    rows.columns.push_back(of_side == side ? gather(batch.columns[at], pairs.rows)
                                           : stored.gather(at, pairs.ids));
  }
  return rows;
}

}  // namespace velo
