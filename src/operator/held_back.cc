#include "operator/held_back.h"

#include "column/own_bytes.h"

namespace velo {
namespace {

Result<ColumnPtr> column_of(SnapshotReader& reader, const Type& type, size_t rows) {
  ColumnPtr column = TRY(reader.column(type));
  if (column->size() == rows) return column;
  return Error(ErrorCode::kCorruptData, "the snapshot's waiting rows do not fit their columns");
}

}  // namespace

void HeldBack::hold(const Batch& batch) {
  Batch held = with_own_bytes(flatten(batch));
  held.watermarks = batch.watermarks ? flatten(batch.watermarks) : nullptr;
  rows_ += held.rows;
  items_.emplace_back(std::move(held));
}

size_t HeldBack::memory_bytes() const {
  size_t bytes = 0;
  for (const auto& item : items_) {
    if (const auto* batch = std::get_if<Batch>(&item)) bytes += batch->memory_bytes();
  }
  return bytes;
}

size_t HeldBack::column_bytes() const {
  size_t bytes = 0;
  for (const auto& item : items_) {
    if (const auto* batch = std::get_if<Batch>(&item)) bytes += velo::column_bytes(*batch);
  }
  return bytes;
}

void HeldBack::save(SnapshotWriter& writer) const {
  writer.u64(items_.size());
  for (const auto& item : items_) {
    const auto* batch = std::get_if<Batch>(&item);
    writer.u8(batch != nullptr ? 1 : 0);
    if (batch == nullptr) {
      writer.i64(std::get<int64_t>(item));
      continue;
    }
    writer.u64(batch->rows);
    for (const ColumnPtr& column : batch->columns) writer.column(*column);
    for (const ColumnPtr* extra : {&batch->weights, &batch->watermarks}) {
      writer.u8(*extra ? 1 : 0);
      if (*extra) writer.column(**extra);
    }
  }
}

Status HeldBack::load(SnapshotReader& reader) {
  const uint64_t items = TRY(reader.count(9));
  for (uint64_t i = 0; i < items; ++i) {
    const bool is_batch = TRY(reader.u8()) != 0;
    if (!is_batch) {
      const int64_t watermark = TRY(reader.i64());
      items_.emplace_back(watermark);
      continue;
    }
    Batch batch;
    batch.schema = schema_;
    batch.rows = TRY(reader.u64());
    for (const Field& field : schema_->fields()) {
      ColumnPtr column = TRY(column_of(reader, field.type, batch.rows));
      batch.columns.push_back(std::move(column));
    }
    for (ColumnPtr* extra : {&batch.weights, &batch.watermarks}) {
      const bool given = TRY(reader.u8()) != 0;
      if (given) *extra = TRY(column_of(reader, Type::bigint(), batch.rows));
    }
    rows_ += batch.rows;
    items_.emplace_back(std::move(batch));
  }
  return {};
}

}  // namespace velo
