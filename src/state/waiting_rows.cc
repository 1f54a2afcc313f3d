#include "state/waiting_rows.h"

#include <algorithm>
#include <numeric>

namespace velo {

void WaitingRows::push(const Batch& batch) {
  Part part;
  // Strings of a decoder's block must not keep the whole block while rows wait.
  part.batch = flatten(batch);
  part.batch.watermarks = nullptr;
  part.order.resize(batch.rows);
  std::iota(part.order.begin(), part.order.end(), uint32_t{0});
  const ColumnPtr& times = part.batch.columns[time_column_];
  std::stable_sort(part.order.begin(), part.order.end(),
                   [&](uint32_t a, uint32_t b) { return times->int64_at(a) < times->int64_at(b); });
  rows_ += batch.rows;
  parts_.push_back(std::move(part));
}

Batch WaitingRows::release(int64_t watermark) {
  std::vector<Batch> taken;
  for (Part& part : parts_) {
    const size_t begin = part.next;
    while (part.next < part.order.size() && time_of(part, part.next) <= watermark) ++part.next;
    if (part.next == begin) continue;
    taken.push_back(gather(part.batch, {part.order.data() + begin, part.next - begin}));
    rows_ -= part.next - begin;
  }
  std::erase_if(parts_, [](const Part& part) { return part.next == part.order.size(); });
  if (taken.empty()) return {schema_, 0, {}, nullptr, nullptr};
  if (taken.size() == 1) return std::move(taken[0]);
  const Batch all = concat(taken);
  Selection order(all.rows);
  std::iota(order.begin(), order.end(), uint32_t{0});
  const ColumnPtr& times = all.columns[time_column_];
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return times->int64_at(a) < times->int64_at(b); });
  return gather(all, order);
}

size_t WaitingRows::memory_bytes() const {
  size_t bytes = 0;
  for (const Part& part : parts_) {
    bytes += part.batch.memory_bytes() + part.order.capacity() * sizeof(uint32_t);
  }
  return bytes;
}

void WaitingRows::save(SnapshotWriter& writer) const {
  writer.u64(parts_.size());
  for (const Part& part : parts_) {
    // In the order of arrival, which decides between equal times.
    Selection rows(part.order.begin() + static_cast<ptrdiff_t>(part.next), part.order.end());
    std::sort(rows.begin(), rows.end());
    const Batch batch = gather(part.batch, rows);
    writer.u64(batch.rows);
    for (const ColumnPtr& column : batch.columns) writer.column(*column);
    writer.u8(batch.weights ? 1 : 0);
    if (batch.weights) writer.column(*batch.weights);
  }
}

Status WaitingRows::load(SnapshotReader& reader) {
  const uint64_t parts = TRY(reader.count(9));
  for (uint64_t i = 0; i < parts; ++i) {
    const uint64_t rows = TRY(reader.u64());
    Batch batch{schema_, rows, {}, nullptr, nullptr};
    bool fits = true;
    for (const Field& field : schema_->fields()) {
      batch.columns.push_back(TRY(reader.column(field.type)));
      fits &= batch.columns.back()->size() == batch.rows;
    }
    if (TRY(reader.u8()) != 0) {
      batch.weights = TRY(reader.column(Type::bigint()));
      fits &= batch.weights->size() == batch.rows;
    }
    if (!fits) {
      return Error(ErrorCode::kCorruptData, "the snapshot's waiting rows do not fit their columns");
    }
    push(batch);
  }
  return {};
}

}  // namespace velo
