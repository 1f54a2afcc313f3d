#include "operator/order_by.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "base/fmt.h"
#include "column/column_builder.h"

namespace velo {
namespace {

constexpr size_t kBatchRows = 4096;        // of the result
constexpr size_t kCompactRowsMin = 65536;  // with a limit: cut back when so many are held

class OrderBy final : public Operator {
 public:
  explicit OrderBy(OrderByOptions options)
      : options_(std::move(options)),
        wanted_(options_.limit > UINT64_MAX - options_.offset ? UINT64_MAX
                                                              : options_.limit + options_.offset) {}

  void push(size_t, const Batch& batch, Output&) override {
    held_.push_back(batch);
    held_.back().watermarks = nullptr;
    rows_ += batch.rows;
    weighted_ = weighted_ || batch.weights;
    if (!weighted_ && rows_ > kCompactRowsMin && rows_ / 2 > wanted_) compact();
  }
  /// Nothing comes out before the end, so nothing is promised either. The end of time is not yet
  /// the end of rows: an aggregation without a window gives its answer after it.
  void advance(size_t, int64_t, Output&) override {}
  void finish(Output& output) override {
    emit_all(output);
    output.advance(kWatermarkEnd);
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("order_by");
    const Batch all = merged();
    writer.u64(all.rows);
    if (all.rows == 0) return;
    for (const ColumnPtr& column : all.columns) writer.column(*column);
    writer.u8(all.weights ? 1 : 0);
    if (all.weights) writer.column(*all.weights);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("order_by"));
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
  size_t state_rows() const override { return rows_; }
  size_t state_bytes() const override {
    size_t bytes = 0;
    for (const Batch& batch : held_) bytes += batch.memory_bytes();
    return bytes;
  }

 private:
  Batch merged() const {
    if (held_.empty()) return Batch{options_.schema, 0, {}, nullptr, nullptr};
    Batch all = concat(held_);
    all.schema = options_.schema;
    return all;
  }

  int compare(const Batch& all, uint32_t a, uint32_t b) const {
    for (const SortKey& key : options_.keys) {
      const Column& column = *all.columns[key.column];
      const bool a_null = column.is_null(a);
      const bool b_null = column.is_null(b);
      if (a_null || b_null) {
        if (a_null && b_null) continue;
        return a_null == key.nulls_first ? -1 : 1;
      }
      const int order = compare_rows(column, a, column, b);
      if (order != 0) return key.descending ? -order : order;
    }
    for (const ColumnPtr& column : all.columns) {
      const int order = compare_rows(*column, a, *column, b);
      if (order != 0) return order;
    }
    return 0;
  }

  /// Numbers of the rows of the answer (offset and limit not yet applied to weighted input).
  Selection sorted(const Batch& all) const {
    Selection order(all.rows);
    std::iota(order.begin(), order.end(), 0u);
    const auto less = [&](uint32_t a, uint32_t b) {
      const int by_value = compare(all, a, b);
      return by_value != 0 ? by_value < 0 : a < b;
    };
    if (!all.weights && wanted_ < all.rows) {
      std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(wanted_), order.end(),
                        less);
      order.resize(wanted_);
    } else {
      std::sort(order.begin(), order.end(), less);
    }
    return all.weights ? without_retracted(all, order) : order;
  }

  /// Equal rows stand together: as many of them stay as their weights add up to.
  Selection without_retracted(const Batch& all, const Selection& order) const {
    Selection kept;
    for (size_t begin = 0; begin < order.size();) {
      size_t end = begin;
      int64_t weight = 0;
      while (end < order.size() && compare(all, order[begin], order[end]) == 0) {
        weight += all.weight(order[end++]);
      }
      for (int64_t i = 0; i < weight; ++i) kept.push_back(order[begin]);
      begin = end;
    }
    return kept;
  }

  void compact() {
    const Batch all = merged();
    Batch kept = gather(all, sorted(all));
    rows_ = kept.rows;
    held_.assign(1, std::move(kept));
  }

  void emit_all(Output& output) {
    Batch all = merged();
    held_.clear();
    rows_ = 0;
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
  std::vector<Batch> held_;
  size_t rows_ = 0;
  bool weighted_ = false;
};

}  // namespace

std::unique_ptr<Operator> make_order_by(OrderByOptions options) {
  return std::make_unique<OrderBy>(std::move(options));
}

}  // namespace velo
