#include "state/waiting_rows.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <set>
#include <utility>

#include "column/own_bytes.h"
#include "column/string_dictionary.h"

namespace velo {

void WaitingRows::push(const Batch& batch) {
  Part part;
  part.batch = batch;
  part.batch.watermarks = nullptr;
  for (ColumnPtr& column : part.batch.columns) {
    // Entries of a dictionary are numbers here too, and are there already.
    if (column->encoding() != Encoding::kDictionary) column = with_own_bytes(column);
  }
  if (part.batch.weights) part.batch.weights = flatten(part.batch.weights);
  part.order = by_time(part.batch);
  rows_ += batch.rows;
  parts_.push_back(std::move(part));
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

// Row numbers in the order of time, then of arrival.
Selection WaitingRows::by_time(const Batch& batch) const {
  Selection order(batch.rows);
  std::iota(order.begin(), order.end(), uint32_t{0});
  const int64_t* times = batch.columns[time_column_]->values<int64_t>();
  if (std::is_sorted(times, times + batch.rows)) return order;
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

Batch WaitingRows::release(int64_t watermark) {
  std::vector<Batch> taken;
  for (Part& part : parts_) {
    const size_t begin = part.next;
    while (part.next < part.order.size() && time_of(part, part.next) <= watermark) ++part.next;
    if (part.next == begin) continue;
    const bool whole = part.next - begin == part.batch.rows;
    rows_ -= part.next - begin;
    if (whole && std::is_sorted(part.order.begin(), part.order.end())) {
      taken.push_back(std::move(part.batch));
      continue;
    }
    taken.push_back(gather(part.batch, {part.order.data() + begin, part.next - begin}));
    const size_t left = part.order.size() - part.next;
    if (left > 0 && left < part.next) drop_taken(part);
  }
  std::erase_if(parts_, [](const Part& part) { return part.next == part.order.size(); });
  if (taken.empty()) return {schema_, 0, {}, nullptr, nullptr};
  if (taken.size() == 1) return std::move(taken[0]);
  const Batch all = concat(taken);
  const Selection order = by_time(all);
  if (std::is_sorted(order.begin(), order.end())) return all;
  return gather(all, order);
}

// Those that wait, in their order, into a batch of their own.
void WaitingRows::drop_taken(Part& part) {
  part.batch = gather(part.batch, std::span(part.order).subspan(part.next));
  part.order = Selection(part.batch.rows);
  std::iota(part.order.begin(), part.order.end(), uint32_t{0});
  part.next = 0;
}

size_t WaitingRows::memory_bytes() const {
  size_t bytes = 0;
  std::set<const StringDictionary*> dictionaries;
  for (const Part& part : parts_) {
    bytes += part.batch.memory_bytes() + part.order.capacity() * sizeof(uint32_t);
    for (const ColumnPtr& column : part.batch.columns) {
      if (column->encoding() == Encoding::kDictionary) dictionaries.insert(column->entries().get());
    }
  }
  for (const StringDictionary* entries : dictionaries) bytes += entries->memory_bytes();
  return bytes;
}

size_t WaitingRows::column_bytes() const {
  size_t bytes = rows_ * row_width(*schema_);
  for (const Part& part : parts_) {
    for (const ColumnPtr& column : part.batch.columns) {
      if (!may_be_long(column->type())) continue;
      for (size_t at = part.next; at < part.order.size(); ++at) {
        bytes += long_bytes(*column, part.order[at]);
      }
    }
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
