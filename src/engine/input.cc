#include "engine/input.h"

#include <utility>

#include "base/fmt.h"

namespace velo {

namespace {

Value::Kind wanted_kind(Physical physical) {
  switch (physical) {
    case Physical::kBool:
      return Value::Kind::kBool;
    case Physical::kInt64:
      return Value::Kind::kInt64;
    case Physical::kDouble:
      return Value::Kind::kDouble;
    case Physical::kInt128:
      return Value::Kind::kDecimal;
    case Physical::kString:
      return Value::Kind::kText;
    default:
      return Value::Kind::kNull;  // nested: only NULL can be pushed as a Value
  }
}

}  // namespace

Input::Input(std::string table, SchemaPtr schema, uint32_t partition, size_t batch_rows,
             InputTarget& target)
    : table_(std::move(table)),
      schema_(std::move(schema)),
      partition_(partition),
      batch_rows_(batch_rows),
      target_(target) {
  builders_.reserve(schema_->size());
  for (const Field& field : schema_->fields()) {
    builders_.emplace_back(field.type, batch_rows_);
    physical_.push_back(field.type.physical());
    kinds_.push_back(wanted_kind(field.type.physical()));
  }
}

Status Input::push(std::span<const Value> record) {
  if (record.size() > builders_.size()) {
    return Error(ErrorCode::kTypeMismatch, fmt::format("push into '{}': {} values for {} columns",
                                                       table_, record.size(), builders_.size()));
  }
  for (size_t i = 0; i < record.size(); ++i) {
    if (record[i].kind() != kinds_[i] && !record[i].is_null()) [[unlikely]]
      return wrong_type(i);
  }
  for (size_t i = 0; i < record.size(); ++i) {
    const Value& value = record[i];
    ColumnBuilder& builder = builders_[i];
    switch (value.kind()) {
      case Value::Kind::kNull:
        builder.append_null();
        break;
      case Value::Kind::kBool:
        builder.append_bool(value.as_bool());
        break;
      case Value::Kind::kInt64:
        builder.append_int64(value.as_int64());
        break;
      case Value::Kind::kDouble:
        builder.append_double(value.as_double());
        break;
      case Value::Kind::kDecimal:
        builder.append_int128(value.as_int64());
        break;
      case Value::Kind::kText:
        builder.append_string(value.as_text());
        break;
    }
  }
  return close_row(record.size());
}

Error Input::wrong_type(size_t column) const {
  const Field& field = (*schema_)[column];
  return Error(ErrorCode::kTypeMismatch,
               fmt::format("push into '{}': the value for column '{}' is no {}", table_,
                           field.name, field.type.to_string()));
}

void Input::fill_missing() {
  for (ColumnBuilder& builder : builders_) {
    CHECK(builder.size() <= rows_ + 1, "push: a column was set twice in one record");
    if (builder.size() == rows_) builder.append_null();
  }
}

Status Input::push(Batch batch) {
  TRY(flush());
  if (batch.schema != schema_ && !(*batch.schema == *schema_)) {
    return Error(ErrorCode::kTypeMismatch,
                 fmt::format("push into '{}': the batch has columns ({}), the table ({})", table_,
                             batch.schema->to_string(), schema_->to_string()));
  }
  if (batch.empty()) return {};
  return target_.take(partition_, std::move(batch));
}

Status Input::push_bytes(std::string_view bytes) {
  TRY(flush());
  return target_.take_bytes(partition_, bytes);
}

Status Input::advance_watermark(int64_t watermark_us) {
  TRY(flush());
  return target_.take_watermark(partition_, watermark_us);
}

Status Input::flush() {
  if (rows_ == 0) return {};
  Batch batch;
  batch.schema = schema_;
  batch.rows = std::exchange(rows_, 0);
  batch.columns.reserve(builders_.size());
  for (ColumnBuilder& builder : builders_) {
    CHECK(builder.size() == batch.rows, "push: a record was not committed");
    batch.columns.push_back(builder.finish());
    builder.reserve(batch.rows);  // the next batch will be as long
  }
  if (!deletions_.empty()) {
    std::vector<int64_t> weights(batch.rows, 1);
    for (const uint32_t row : deletions_) weights[row] = -1;
    deletions_.clear();
    ColumnBuilder builder(Type::bigint(), batch.rows);
    for (const int64_t weight : weights) builder.append_int64(weight);
    batch.weights = builder.finish();
  }
  return target_.take(partition_, std::move(batch));
}

Status Input::finish() {
  TRY(flush());
  return target_.take_end(partition_);
}

}  // namespace velo
