#include "operator/order_by.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/fmt.h"
#include "column/own_bytes.h"
#include "column/row_width.h"
#include "operator/on_time.h"
#include "state/waiting_rows.h"

namespace velo {
namespace {

constexpr size_t kBatchRows = 4096;        // of the result
constexpr size_t kCompactRowsMin = 65536;  // with a limit: cut back when so many are held

class OrderBy final : public Operator {
 public:
  explicit OrderBy(OrderByOptions options)
      : options_(std::move(options)),
        wanted_(options_.limit > UINT64_MAX - options_.offset ? UINT64_MAX
                                                              : options_.limit + options_.offset),
        waiting_(options_.schema, timed() ? static_cast<size_t>(options_.time_column) : 0) {
    CHECK(!timed() || (wanted_ == UINT64_MAX && options_.offset == 0));
  }

  void push(size_t, const Batch& batch, Output& output) override {
    if (timed()) {
      Batch kept;
      const auto time = static_cast<size_t>(options_.time_column);
      const Batch* rows = rows_on_time(time, options_.shift_us, batch, &kept, output);
      if (rows != nullptr) waiting_.push(*rows);
      return;
    }
    held_.push_back(with_own_bytes(batch));
    rows_ += batch.rows;
    weighted_ = weighted_ || batch.weights;
    if (!weighted_ && rows_ > kCompactRowsMin && rows_ / 2 > wanted_) compact();
  }
  /// Without a time nothing comes out before the end, so nothing is promised either. The end of
  /// time is not yet the end of rows: an aggregation without a window gives its answer after it.
  void advance(size_t, int64_t watermark, Output& output) override {
    if (!timed()) return;
    emit_sorted(waiting_.release(time_passed(watermark, options_.shift_us)), output);
    output.advance(std::min(watermark, time_passed(watermark, options_.shift_us)));
  }
  void finish(Output& output) override {
    if (timed()) return;
    emit_sorted(merged(), output);
    held_.clear();
    rows_ = 0;
    output.advance(kWatermarkEnd);
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("order_by");
    if (timed()) return waiting_.save(writer);
    const Batch all = merged();
    writer.u64(all.rows);
    if (all.rows == 0) return;
    for (const ColumnPtr& column : all.columns) writer.column(*column);
    writer.u8(all.weights ? 1 : 0);
    if (all.weights) writer.column(*all.weights);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("order_by"));
    if (timed()) return waiting_.load(reader);
    const uint64_t rows = TRY(reader.u64());
    Batch all{options_.schema, rows, {}, nullptr, nullptr};
    if (all.rows == 0) return {};
    for (const Field& field : options_.schema->fields()) {
      all.columns.push_back(TRY(reader.column(field.type)));
    }
    if (TRY(reader.u8()) != 0) all.weights = TRY(reader.column(Type::bigint()));
    rows_ = all.rows;
    weighted_ = all.weights != nullptr;
    held_ = {std::move(all)};
    return {};
  }

  std::string explain() const override {
    std::string text = "OrderBy ";
    for (size_t i = 0; i < options_.keys.size(); ++i) {
      const SortKey& key = options_.keys[i];
      if (i > 0) text += ", ";
      text += (*options_.schema)[key.column].name;
      if (key.descending) text += " DESC";
      if (key.nulls_first == key.descending)
        text += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
    }
    if (options_.limit != UINT64_MAX) text += fmt::format(" limit {}", options_.limit);
    if (options_.offset != 0) text += fmt::format(" offset {}", options_.offset);
    return text;
  }
  const SchemaPtr& output_schema() const override { return options_.schema; }
  size_t state_rows() const override { return rows_ + waiting_.rows(); }
  size_t state_bytes() const override {
    size_t bytes = waiting_.memory_bytes();
    for (const Batch& batch : held_) bytes += batch.memory_bytes();
    return bytes;
  }
  size_t state_column_bytes() const override {
    size_t bytes = waiting_.column_bytes();
    for (const Batch& batch : held_) bytes += column_bytes(batch);
    return bytes;
  }

 private:
  bool timed() const { return options_.time_column >= 0; }

  Batch merged() const {
    if (held_.empty()) return Batch{options_.schema, 0, {}, nullptr, nullptr};
    Batch all = concat(held_);
    all.schema = options_.schema;
    return all;
  }

  /// Numbers of the rows of the answer (offset and limit not yet applied to weighted input).
  Selection sorted(const Batch& all) const {
    const size_t limit = all.weights ? SIZE_MAX : wanted_;
    const Selection order = sorted_rows(all, options_.keys, Ties::kColumns, limit);
    return all.weights ? without_retracted(all, order) : order;
  }

  /// Equal rows stand together: as many of them stay as their weights add up to.
  Selection without_retracted(const Batch& all, const Selection& order) const {
    Selection kept;
    for (size_t begin = 0; begin < order.size();) {
      size_t end = begin;
      int64_t weight = 0;
      while (end < order.size() && equal(all, order[begin], order[end])) {
        weight += all.weight(order[end++]);
      }
      for (int64_t i = 0; i < weight; ++i) kept.push_back(order[begin]);
      begin = end;
    }
    return kept;
  }

  static bool equal(const Batch& all, uint32_t a, uint32_t b) {
    return std::all_of(all.columns.begin(), all.columns.end(),
                       [&](const ColumnPtr& column) { return rows_equal(*column, a, *column, b); });
  }

  void compact() {
    const Batch all = merged();
    Batch kept = with_own_bytes(gather(all, sorted(all)));
    rows_ = kept.rows;
    held_.assign(1, std::move(kept));
  }

  void emit_sorted(Batch all, Output& output) {
    if (all.rows == 0) return;
    const Selection order = sorted(all);
    all.weights = nullptr;
    const size_t end = std::min<uint64_t>(order.size(), wanted_);
    for (size_t at = std::min<uint64_t>(options_.offset, end); at < end; at += kBatchRows) {
      const size_t rows = std::min(kBatchRows, end - at);
      output.emit(gather(all, std::span(order).subspan(at, rows)));
    }
  }

  OrderByOptions options_;
  uint64_t wanted_;
  WaitingRows waiting_;  // with a time
  std::vector<Batch> held_;
  size_t rows_ = 0;
  bool weighted_ = false;
};

}  // namespace

std::unique_ptr<Operator> make_order_by(OrderByOptions options) {
  return std::make_unique<OrderBy>(std::move(options));
}

}  // namespace velo
