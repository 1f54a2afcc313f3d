#include "operator/over_values.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "column/compare_values.h"
#include "state/value_index.h"

namespace velo {

bool KeptValues::is_left_out(uint32_t group, uint64_t index) const {
  if (rows_.is_null(column_, group, index)) return true;
  if (filter_ < 0) return false;
  const auto filter = static_cast<size_t>(filter_);
  return rows_.is_null(filter, group, index) || rows_.value<uint8_t>(filter, group, index) == 0;
}

namespace {

/// One bit pattern for all that are equal.
uint64_t plain_bits(double value) {
  if (std::isnan(value)) value = std::nan("");
  if (value == 0) value = 0;  // -0.0
  return std::bit_cast<uint64_t>(value);
}

}  // namespace

int KeptValues::order(uint32_t group, uint64_t a, uint64_t b) const {
  const auto of = [&]<typename T>(const T*) {
    return compare_values(physical_, &value<T>(group, a), &value<T>(group, b));
  };
  switch (physical_) {
    case Physical::kBool:
      return of(static_cast<const uint8_t*>(nullptr));
    case Physical::kInt128:
      return of(static_cast<const int128_t*>(nullptr));
    case Physical::kString:
      return of(static_cast<const StringRef*>(nullptr));
    default:
      return of(static_cast<const uint64_t*>(nullptr));
  }
}

uint64_t KeptValues::hash(uint32_t group, uint64_t index) const {
  const auto mix = [](uint64_t word) {
    const uint64_t mixed = word * 0x9e3779b97f4a7c15;
    return (mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93;
  };
  switch (physical_) {
    case Physical::kBool:
      return mix(value<uint8_t>(group, index));
    case Physical::kInt128: {
      const auto bits = static_cast<uint128_t>(value<int128_t>(group, index));
      return mix(static_cast<uint64_t>(bits) ^ mix(static_cast<uint64_t>(bits >> 64)));
    }
    case Physical::kDouble:
      return mix(plain_bits(value<double>(group, index)));
    case Physical::kString:
      return StringIndex::hash(value<StringRef>(group, index));
    default:
      return mix(value<uint64_t>(group, index));
  }
}

size_t LastOfValues::find(const KeptValues& values, uint32_t group, const Low& low,
                          uint64_t index) const {
  size_t slot = home(values.hash(group, index));
  while (get(slot) != kEmpty && !values.equal(group, index_in(slot, low), index)) {
    slot = next(slot);
  }
  return slot;
}

void LastOfValues::rebuild(const KeptValues& values, uint32_t group, uint64_t low, size_t capacity,
                           bool wide) {
  std::vector<uint64_t> indexes;
  each(low, [&](uint64_t index) { indexes.push_back(index); });
  is_wide_ = wide;
  narrow_ = std::vector<uint16_t>(wide ? 0 : capacity, UINT16_MAX);
  wide_ = std::vector<uint32_t>(wide ? capacity : 0, kEmpty);
  for (const uint64_t index : indexes) {
    set(find(values, group, low_of(low), index), rest(index));
  }
}

void LastOfValues::enter(const KeptValues& values, uint32_t group, uint64_t low, uint64_t index) {
  constexpr size_t kFew = 16;  // with them a table may be nearly full
  const size_t size = size_ + 1;
  const bool wide = is_wide_ || index - low >= kNarrow - 1;
  const bool is_full = size <= kFew ? size >= capacity() : size * 4 > capacity() * 3;
  if (wide != is_wide_ || is_full) {
    const size_t room = size <= kFew ? std::max<size_t>(1, size / 4) : size / 2;
    rebuild(values, group, low, size + room, wide);
  }
  const size_t slot = find(values, group, low_of(low), index);
  if (get(slot) == kEmpty) ++size_;
  set(slot, rest(index));
}

void LastOfValues::leave(const KeptValues& values, uint32_t group, uint64_t index) {
  const Low low = low_of(index);
  const size_t slot = find(values, group, low, index);
  if (get(slot) == kEmpty || index_in(slot, low) != index) return;  // it came again
  erase(values, group, low, slot);
  --size_;
  if (size_ * 4 < capacity() && capacity() > 16) {
    rebuild(values, group, index, size_ * 3 / 2 + 1, is_wide_);
  }
}

void LastOfValues::erase(const KeptValues& values, uint32_t group, const Low& low, size_t slot) {
  const auto distance = [this](size_t from, size_t to) {
    return to >= from ? to - from : to + capacity() - from;
  };
  for (size_t at = next(slot); get(at) != kEmpty; at = next(at)) {
    const size_t from = home(values.hash(group, index_in(at, low)));
    if (distance(from, at) < distance(slot, at)) continue;  // it would stand before its home
    set(slot, get(at));
    slot = at;
  }
  set(slot, kEmpty);
}

}  // namespace velo
