// OVER where partitions are known whole: rows are sorted by partition and order when they have all
// come, and each partition is answered in one go.
#include <algorithm>
#include <numeric>
#include <utility>

#include "base/fmt.h"
#include "operator/order_by.h"
#include "operator/over_answers.h"
#include "operator/over_forms.h"
#include "operator/reject_rows.h"

namespace velo {
namespace {

constexpr size_t kRowsPerTurn = 4096;  // at least; a partition is never cut

OrderByOptions order_by_partition(const OverOptions& options) {
  OrderByOptions order;
  order.schema = options.input;
  if (options.form == OverForm::kWindow) {
    order.keys.push_back({options.time_column, false, true});
    order.time_column = static_cast<int>(options.time_column);
    order.shift_us = options.shift_us;
  }
  for (const size_t column : options.partition) order.keys.push_back({column, false, true});
  order.keys.insert(order.keys.end(), options.order.begin(), options.order.end());
  return order;
}

class WholeOver final : public Operator {
 public:
  explicit WholeOver(OverOptions options)
      : options_(std::move(options)),
        sorter_(make_order_by(order_by_partition(options_))),
        rows_(rows_for(options_, true, false)),
        answers_(options_, true, rows_) {}

  void push(size_t, const Batch& batch, Output& output) override {
    CHECK(!batch.weights || options_.form == OverForm::kEnd, "OVER takes no retractions");
    Sorted sorted(*this, output);
    sorter_->push(0, batch, sorted);
  }
  void advance(size_t, int64_t watermark, Output& output) override {
    Sorted sorted(*this, output);
    sorter_->advance(0, watermark, sorted);
    answer_rest(output);
    if (sorted.watermark) output.advance(*sorted.watermark);
  }
  void finish(Output& output) override {
    Sorted sorted(*this, output);
    sorter_->finish(sorted);
    answer_rest(output);
    if (sorted.watermark) output.advance(*sorted.watermark);
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("over whole");
    sorter_->save(writer);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("over whole"));
    return sorter_->load(reader);
  }
  std::string explain() const override { return over_text(options_); }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_rows() const override { return sorter_->state_rows(); }
  size_t state_bytes() const override { return sorter_->state_bytes(); }
  size_t state_column_bytes() const override { return sorter_->state_column_bytes(); }

 private:
  /// Where the sorter puts its rows.
  struct Sorted final : Output {
    Sorted(WholeOver& op, Output& next) : over(op), output(next) {}
    void emit(Batch batch) override { over.take(std::move(batch), output); }
    void advance(int64_t reached) override { watermark = reached; }
    void reject(Rejected rejected) override { output.reject(std::move(rejected)); }
    WholeOver& over;
    Output& output;
    std::optional<int64_t> watermark;
  };

  bool same_partition(const Batch& a, uint32_t row_a, const Batch& b, uint32_t row_b) const {
    return std::all_of(options_.partition.begin(), options_.partition.end(), [&](size_t column) {
      return rows_equal(*a.columns[column], row_a, *b.columns[column], row_b);
    });
  }
  bool begins_partition(const Batch& batch, uint32_t row) const {
    if (row > 0) return !same_partition(batch, row - 1, batch, row);
    if (held_.empty()) return true;
    const Batch& last = held_.back();
    return !same_partition(last, static_cast<uint32_t>(last.rows) - 1, batch, 0);
  }

  void take(Batch batch, Output& output) {
    auto cut = static_cast<uint32_t>(batch.rows);  // where the last partition begins
    while (cut > 0 && !begins_partition(batch, cut - 1)) --cut;
    if (cut > 0) --cut;
    const bool complete = cut > 0 || (!held_.empty() && begins_partition(batch, 0));
    if (complete && held_rows_ + cut >= kRowsPerTurn) {
      if (cut > 0) hold(slice(batch, 0, cut));
      answer_rest(output);
      batch = cut > 0 ? slice(batch, cut, batch.rows - cut) : std::move(batch);
    }
    hold(std::move(batch));
  }
  void hold(Batch batch) {
    held_rows_ += batch.rows;
    held_.push_back(std::move(batch));
  }

  // Answers what is held: whole partitions.
  void answer_rest(Output& output) {
    if (held_.empty()) return;
    Batch batch = concat(held_);
    held_.clear();
    held_rows_ = 0;
    turn_.clear();
    std::vector<uint32_t> groups(batch.rows, 0);
    for (uint32_t row = 1; row < batch.rows; ++row) {
      groups[row] = groups[row - 1] + (begins_partition(batch, row) ? 1 : 0);
    }
    rows_.take(batch, groups);
    answers_.arrive(batch, context_);
    for (uint32_t row = 0, first = 0; row < batch.rows; ++row) {
      if (row > 0 && groups[row] != groups[row - 1]) first = row;
      turn_.add(groups[row], row - first);
    }
    RowErrors errors;
    std::vector<ColumnPtr> columns = answers_.answer(turn_, context_, errors);
    answers_.clear();
    rows_.settle();
    emit_answers(std::move(batch), std::move(columns), options_.output, errors, output);
  }

  const OverOptions options_;
  std::unique_ptr<Operator> sorter_;
  // Of the partitions being answered: nothing between calls.
  OverRows rows_;
  OverAnswers answers_;
  OverTurn turn_;
  std::vector<Batch> held_;
  size_t held_rows_ = 0;
};

}  // namespace

std::unique_ptr<Operator> make_whole_over(OverOptions options) {
  return std::make_unique<WholeOver>(std::move(options));
}

}  // namespace velo
