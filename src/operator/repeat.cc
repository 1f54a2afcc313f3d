#include "operator/repeat.h"

#include <algorithm>
#include <utility>

#include "operator/reject_rows.h"

namespace velo {
namespace {

constexpr size_t kRowsPerBatch = 4096;

class Repeat final : public Operator {
 public:
  explicit Repeat(RepeatOptions options)
      : options_(std::move(options)), evaluator_(std::vector<ExprPtr>{options_.times}) {}

  void push(size_t, const Batch& batch, Output& output) override {
    evaluator_.evaluate(batch, context_, errors_, &times_);
    Selection good;
    if (!errors_.empty()) {
      reject_failed_rows(batch, errors_, output, &good);
    } else {
      for (uint32_t row = 0; row < batch.rows; ++row) good.push_back(row);
    }
    for (const uint32_t row : good) {
      if (times_[0]->is_null(row)) continue;
      for (int64_t left = times_[0]->int64_at(row); left > 0;) {
        const auto now = std::min(static_cast<size_t>(left), kRowsPerBatch - rows_.size());
        rows_.insert(rows_.end(), now, row);
        left -= static_cast<int64_t>(now);
        if (rows_.size() == kRowsPerBatch) give(batch, output);
      }
    }
    give(batch, output);
  }

  std::string explain() const override { return "Repeat " + options_.times->to_string(); }
  const SchemaPtr& output_schema() const override { return options_.schema; }

 private:
  void give(const Batch& batch, Output& output) {
    if (rows_.empty()) return;
    output.emit(gather(batch, rows_));
    rows_.clear();
  }

  RepeatOptions options_;
  Evaluator evaluator_;
  RowErrors errors_;
  std::vector<ColumnPtr> times_;
  Selection rows_;
};

}  // namespace

std::unique_ptr<Operator> make_repeat(RepeatOptions options) {
  return std::make_unique<Repeat>(std::move(options));
}

}  // namespace velo
