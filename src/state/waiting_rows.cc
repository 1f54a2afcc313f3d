#include "state/waiting_rows.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <utility>

#include "column/own_bytes.h"

namespace velo {

namespace {

constexpr size_t kSmallRows = 1024;

}  // namespace

void WaitingRows::push(const Batch& batch) {
  if (batch.rows == 0) return;
  Part part;
  part.batch = with_own_bytes(batch);
  part.order = by_time(part.batch);
  rows_ += batch.rows;
  parts_.push_back(std::move(part));
  put_together();
}

namespace {

// Sorts numbers below 2^(shift + bits) by their bits from `shift` on, and keeps the order of equal
// ones: byte by byte, from the last.
void sort_by_bytes(std::vector<uint64_t>& numbers, int shift, int bits) {
  std::vector<uint64_t> sorted(numbers.size());
  for (; bits > 0; shift += 8, bits -= 8) {
    std::array<uint32_t, 256> places{};
    for (const uint64_t number : numbers) ++places[number >> shift & 0xff];
    uint32_t begin = 0;
    for (uint32_t& place : places) begin += std::exchange(place, begin);
    for (const uint64_t number : numbers) sorted[places[number >> shift & 0xff]++] = number;
    numbers.swap(sorted);
  }
}

}  // namespace

// Row numbers in the order of time, then of arrival; none if the rows stand so.
Selection WaitingRows::by_time(const Batch& batch) const {
  const int64_t* times = batch.columns[time_column_]->values<int64_t>();
  if (std::is_sorted(times, times + batch.rows)) return {};
  Selection order(batch.rows);
  std::iota(order.begin(), order.end(), uint32_t{0});
  const auto [first, last] = std::minmax_element(times, times + batch.rows);
  const uint64_t span = static_cast<uint64_t>(*last) - static_cast<uint64_t>(*first);
  if (span > UINT32_MAX) {  // more than an hour
    std::stable_sort(order.begin(), order.end(),
                     [times](uint32_t a, uint32_t b) { return times[a] < times[b]; });
    return order;
  }
  // The time since the first, and the row.
  std::vector<uint64_t> keyed(batch.rows);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    keyed[row] = static_cast<uint64_t>(times[row] - *first) << 32 | row;
  }
  sort_by_bytes(keyed, 32, std::bit_width(span));
  std::transform(keyed.begin(), keyed.end(), order.begin(),
                 [](uint64_t key) { return static_cast<uint32_t>(key); });
  return order;
}

// Those at these places in the order of time.
Batch WaitingRows::rows_of(const Part& part, size_t begin, size_t end) {
  if (part.order.empty()) return slice(part.batch, begin, end - begin);
  return gather(part.batch, {part.order.data() + begin, end - begin});
}

Batch WaitingRows::release(int64_t watermark) {
  std::vector<Batch> taken;
  for (Part& part : parts_) {
    const size_t begin = part.next;
    while (part.left() > 0 && time_of(part, part.next) <= watermark) ++part.next;
    if (part.next == begin) continue;
    rows_ -= part.next - begin;
    taken.push_back(rows_of(part, begin, part.next));
    if (part.left() > 0 && part.next > part.batch.rows / 4) drop_taken(part);
  }
  std::erase_if(parts_, [](const Part& part) { return part.left() == 0; });
  if (taken.empty()) return {schema_, 0, {}, nullptr, nullptr};
  Batch all = concat(taken);
  const Selection order = taken.size() == 1 ? Selection() : by_time(all);
  return order.empty() ? all : gather(all, order);
}

// Those that wait, in their order, into a batch of their own.
void WaitingRows::drop_taken(Part& part) {
  part.batch = with_own_bytes(rows_of(part, part.next, part.batch.rows));
  part.order = Selection();
  part.next = 0;
}

// The last two parts, as long as they are small and the first is no more than twice the second: so
// that a row is copied a few times at most.
void WaitingRows::put_together() {
  while (parts_.size() > 1) {
    Part& first = parts_[parts_.size() - 2];
    Part& second = parts_.back();
    if (std::max(first.left(), second.left()) >= kSmallRows) return;
    if (first.left() > second.left() * 2) return;
    const Batch both[] = {rows_of(first, first.next, first.batch.rows),
                          rows_of(second, second.next, second.batch.rows)};
    first.batch = concat(both);
    first.order = by_time(first.batch);
    first.next = 0;
    drop_taken(first);
    parts_.pop_back();
  }
}

size_t WaitingRows::memory_bytes() const {
  size_t bytes = 0;
  for (const Part& part : parts_) {
    bytes += part.batch.memory_bytes() + part.order.capacity() * sizeof(uint32_t);
  }
  return bytes;
}

size_t WaitingRows::column_bytes() const {
  size_t bytes = rows_ * row_width(*schema_);
  for (const Part& part : parts_) {
    for (const ColumnPtr& column : part.batch.columns) {
      if (!may_be_long(column->type())) continue;
      for (size_t at = part.next; at < part.batch.rows; ++at) {
        bytes += long_bytes(*column, row_of(part, at));
      }
    }
  }
  return bytes;
}

void WaitingRows::save(SnapshotWriter& writer) const {
  writer.u64(parts_.size());
  for (const Part& part : parts_) {
    // Between equal times arrival decides, here too.
    const Batch batch = rows_of(part, part.next, part.batch.rows);
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
