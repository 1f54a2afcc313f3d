#include "operator/late_rows.h"

#include "column/column_builder.h"

namespace velo {
namespace {

ColumnPtr column_of(const Type& type, const std::vector<int64_t>& values) {
  ColumnBuilder builder(type, values.size());
  for (int64_t value : values) builder.append_int64(value);
  return builder.finish();
}

}  // namespace

LateRows::LateRows(const SchemaPtr& input, size_t time_column, std::optional<size_t> set_column)
    : time_column_(time_column), set_column_(set_column) {
  std::vector<Field> fields = input->fields();
  const Type time = fields[time_column].type;
  fields.push_back({"watermark", time});
  fields.push_back({"window_start", time});
  fields.push_back({"window_end", time});
  fields.push_back({"late_by", Type::interval_day()});
  schema_ = make_schema(std::move(fields));
}

void LateRows::add(uint32_t row, int64_t watermark, int64_t window_start, int64_t window_end) {
  rows_.push_back(row);
  watermarks_.push_back(watermark);
  starts_.push_back(window_start);
  ends_.push_back(window_end);
}

/// A late row comes once per grouping set, and is reported once.
void LateRows::leave_set_0(const Column& sets) {
  size_t kept = 0;
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (sets.int64_at(rows_[i]) != 0) continue;
    rows_[kept] = rows_[i];
    watermarks_[kept] = watermarks_[i];
    starts_[kept] = starts_[i];
    ends_[kept] = ends_[i];
    ++kept;
  }
  for (std::vector<int64_t>* part : {&watermarks_, &starts_, &ends_}) part->resize(kept);
  rows_.resize(kept);
}

void LateRows::reject(const Batch& batch, Output& output) {
  if (set_column_ && !rows_.empty()) leave_set_0(*batch.columns[*set_column_]);
  if (rows_.empty()) return;
  Batch late = gather(batch, rows_);
  late.watermarks = nullptr;
  const Type& time = batch.columns[time_column_]->type();
  std::vector<int64_t> late_by;
  for (size_t i = 0; i < rows_.size(); ++i) {
    late_by.push_back(watermarks_[i] - late.columns[time_column_]->int64_at(i));
  }
  late.schema = schema_;
  late.columns.push_back(column_of(time, watermarks_));
  late.columns.push_back(column_of(time, starts_));
  late.columns.push_back(column_of(time, ends_));
  late.columns.push_back(column_of(Type::interval_day(), late_by));
  output.reject({RejectReason::kLate, std::move(late), ""});
  rows_.clear();
  watermarks_.clear();
  starts_.clear();
  ends_.clear();
}

}  // namespace velo
