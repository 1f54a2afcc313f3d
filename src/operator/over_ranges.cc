#include "operator/over_ranges.h"

#include <algorithm>
#include <cmath>

namespace velo {

RangeKeys::RangeKeys(const Type& type, SortKey key)
    : key_(key),
      physical_(type.physical()),
      width_(physical_ == Physical::kInt128 ? sizeof(int128_t) : sizeof(int64_t)),
      blocks_({width_, 0}, {}) {}

RangeKeys::Rank RangeKeys::rank_of(const Column& column, size_t row) const {
  if (column.is_null(row)) return key_.nulls_first ? kNullFirst : kNullLast;
  if (physical_ != Physical::kDouble || !std::isnan(column.double_at(row))) return kNumber;
  return key_.descending ? kNanFirst : kNanLast;
}

void RangeKeys::put_value(const Column& column, size_t row, std::byte* to) const {
  if (column.is_null(row)) return;
  if (physical_ == Physical::kDouble) {
    const double value = column.double_at(row);
    *reinterpret_cast<double*>(to) = key_.descending ? -value : value;
  } else if (physical_ == Physical::kInt128) {
    const int128_t value = column.int128_at(row);
    *reinterpret_cast<int128_t*>(to) = key_.descending ? -value : value;
  } else {
    // −INT64_MIN does not exist, but no time and no number that is near it is told from it.
    const int64_t value = std::max(column.int64_at(row), INT64_MIN + 1);
    *reinterpret_cast<int64_t*>(to) = key_.descending ? -value : value;
  }
}

void RangeKeys::put_whole(const Column& column) {
  const size_t rows = column.size();
  whole_values_.resize(rows * width_ / sizeof(std::max_align_t) + 1);
  whole_ranks_.resize(rows);
  auto* values = reinterpret_cast<std::byte*>(whole_values_.data());
  for (size_t row = 0; row < rows; ++row) {
    whole_ranks_[row] = rank_of(column, row);
    put_value(column, row, values + row * width_);
  }
}

void RangeKeys::append(uint32_t group, uint64_t low, uint64_t end, const Column& column,
                       std::span<const uint32_t> rows) {
  for (size_t i = 0; all_numbers_ && i < rows.size(); ++i) {
    if (rank_of(column, rows[i]) == kNumber) continue;
    all_numbers_ = false;
    blocks_.widen_values(kRanks, 1, kNumber);
  }
  const uint64_t begin = end - rows.size();
  blocks_.reserve(group, low, begin, end);
  const size_t at = begin - blocks_.base(group);
  std::byte* values = blocks_.values(group, kValues) + at * width_;
  for (size_t i = 0; i < rows.size(); ++i) put_value(column, rows[i], values + i * width_);
  if (all_numbers_) return;
  std::byte* ranks = blocks_.values(group, kRanks) + at;
  for (size_t i = 0; i < rows.size(); ++i) ranks[i] = std::byte{rank_of(column, rows[i])};
}

RangeKeys::Keys RangeKeys::keys(uint32_t group) const {
  Keys keys;
  keys.physical_ = physical_;
  keys.values_ = blocks_.values(group, kValues);
  keys.ranks_ =
      all_numbers_ ? nullptr : reinterpret_cast<const uint8_t*>(blocks_.values(group, kRanks));
  keys.base_ = blocks_.base(group);
  return keys;
}

RangeKeys::Keys RangeKeys::whole_keys(uint32_t begin) const {
  Keys keys;
  keys.physical_ = physical_;
  keys.values_ = reinterpret_cast<const std::byte*>(whole_values_.data()) + begin * width_;
  keys.ranks_ = whole_ranks_.data() + begin;
  keys.base_ = 0;
  return keys;
}

int RangeKeys::Keys::compare(uint64_t a, uint64_t b, int128_t units, double number) const {
  a -= base_;
  b -= base_;
  if (ranks_ != nullptr) {
    if (ranks_[a] != ranks_[b]) return ranks_[a] < ranks_[b] ? -1 : 1;
    if (ranks_[a] != kNumber) return 0;
  }
  const auto order = [](const auto& value, const auto& bound) {
    return value < bound ? -1 : (value > bound ? 1 : 0);
  };
  if (physical_ == Physical::kDouble) {
    const auto* values = reinterpret_cast<const double*>(values_);
    return order(values[a], values[b] + number);
  }
  if (physical_ == Physical::kInt128) {
    const auto* values = reinterpret_cast<const int128_t*>(values_);
    return order(values[a], values[b] + units);
  }
  const auto* values = reinterpret_cast<const int64_t*>(values_);
  return order(int128_t{values[a]}, int128_t{values[b]} + units);
}

StateBytes RangeKeys::memory_bytes() const {
  const size_t whole =
      whole_values_.capacity() * sizeof(std::max_align_t) + whole_ranks_.capacity();
  return blocks_.memory_bytes() + StateBytes{0, whole};
}

void RangeKeys::save(uint32_t group, uint64_t first, uint64_t end, SnapshotWriter& writer) const {
  writer.u8(all_numbers_ ? 1 : 0);
  const size_t at = first - blocks_.base(group);
  const size_t rows = end - first;
  writer.u64(rows);
  if (rows == 0) return;
  writer.raw(blocks_.values(group, kValues) + at * width_, rows * width_);
  if (!all_numbers_) writer.raw(blocks_.values(group, kRanks) + at, rows);
}

Status RangeKeys::load(uint32_t group, uint64_t first, uint64_t end, SnapshotReader& reader) {
  const uint8_t all_numbers = TRY(reader.u8());
  if (all_numbers == 0 && all_numbers_) {
    all_numbers_ = false;
    blocks_.widen_values(kRanks, 1, kNumber);
  }
  const uint64_t rows = TRY(reader.count(width_));
  if (rows != end - first) {
    return Error(ErrorCode::kCorruptData, "a partition's keys do not fit its rows");
  }
  blocks_.reserve(group, first, first, end);
  if (rows == 0) return {};
  TRY(reader.raw(blocks_.values(group, kValues), rows * width_));
  if (all_numbers_) return {};
  return reader.raw(blocks_.values(group, kRanks), rows);
}

}  // namespace velo
