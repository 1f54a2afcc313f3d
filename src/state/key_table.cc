#include "state/key_table.h"

#include <algorithm>

namespace velo {
namespace {

constexpr uint32_t kSearched = 15;  // batches until the last pairs are tried again

}  // namespace

KeyTable::KeyTable(std::vector<Type> types) : types_(std::move(types)) {
  for (const Type& type : types_) values_.emplace_back(type);
  if (types_.size() > 1) pairs_.resize(types_.size() - 1);
}

uint32_t KeyTable::size() const {
  if (values_.empty()) return 1;
  return pairs_.empty() ? values_[0].size() : pairs_.back().numbers.size();
}

void KeyTable::intern(std::span<const ColumnPtr> keys, size_t rows, uint32_t* groups) {
  CHECK(keys.size() == values_.size());
  if (keys.empty()) {
    std::fill(groups, groups + rows, 0);
    return;
  }
  values_[0].intern(*keys[0], groups);
  scratch_.resize(std::max(scratch_.size(), rows));
  for (size_t k = 1; k < keys.size(); ++k) {
    values_[k].intern(*keys[k], scratch_.data());
    intern_pairs(pairs_[k - 1], rows, values_[k].size(), groups);
  }
}

/// `groups`: numbers of what stands before the values in `scratch_`, then of both.
void KeyTable::intern_pairs(Pairs& pairs, size_t rows, size_t values, uint32_t* groups) {
  const uint32_t* value = scratch_.data();
  auto pair_of = [&](size_t i) { return uint64_t{groups[i]} << 32 | value[i]; };
  auto note = [&](size_t i, uint32_t number) {
    if (number == pairs.parts.size()) [[unlikely]]
      pairs.parts.push_back(pair_of(i));
  };
  if (pairs.searched > 0) {
    --pairs.searched;
    pairs.numbers.intern_all(rows, pair_of, [&](size_t i, uint32_t number) {
      note(i, number);
      groups[i] = number;
    });
    return;
  }
  if (pairs.last.size() < values) pairs.last.resize(values);
  size_t found = 0;
  for (size_t i = 0; i < rows; ++i) {
    LastPair& last = pairs.last[value[i]];
    if (last.before == groups[i]) {
      ++found;
    } else {
      last = {groups[i], pairs.numbers.intern(pair_of(i))};
      note(i, last.number);
    }
    groups[i] = last.number;
  }
  if (found * 2 < rows) pairs.searched = kSearched;
}

std::vector<ColumnPtr> KeyTable::gather(std::span<const uint32_t> groups) const {
  std::vector<ColumnPtr> columns(values_.size());
  if (values_.empty()) return columns;
  std::vector<uint32_t> numbers(groups.begin(), groups.end());
  std::vector<uint32_t> last(groups.size());
  for (size_t k = values_.size() - 1; k > 0; --k) {
    for (size_t i = 0; i < numbers.size(); ++i) {
      const uint64_t pair = pairs_[k - 1].parts[numbers[i]];
      last[i] = static_cast<uint32_t>(pair);
      numbers[i] = static_cast<uint32_t>(pair >> 32);
    }
    columns[k] = values_[k].gather(last);
  }
  columns[0] = values_[0].gather(numbers);
  return columns;
}

int KeyTable::compare(uint32_t a, uint32_t b) const {
  if (values_.empty()) return 0;
  // The first column decides first, and it is the deepest in the chain of pairs: unwind both.
  uint32_t left[64];
  uint32_t right[64];
  const size_t columns = values_.size();
  CHECK(columns <= 64, "at most 64 group keys");
  for (size_t k = columns - 1; k > 0; --k) {
    const uint64_t x = pairs_[k - 1].parts[a];
    const uint64_t y = pairs_[k - 1].parts[b];
    left[k] = static_cast<uint32_t>(x);
    right[k] = static_cast<uint32_t>(y);
    a = static_cast<uint32_t>(x >> 32);
    b = static_cast<uint32_t>(y >> 32);
  }
  left[0] = a;
  right[0] = b;
  for (size_t k = 0; k < columns; ++k) {
    if (int order = values_[k].compare(left[k], right[k])) return order;
  }
  return 0;
}

const std::vector<uint32_t>& KeyTable::ascending() {
  const auto known = static_cast<uint32_t>(ascending_.size());
  if (known == size()) return ascending_;
  for (uint32_t group = known; group < size(); ++group) ascending_.push_back(group);
  auto by_key = [this](uint32_t a, uint32_t b) { return less(a, b); };
  std::sort(ascending_.begin() + known, ascending_.end(), by_key);
  std::inplace_merge(ascending_.begin(), ascending_.begin() + known, ascending_.end(), by_key);
  return ascending_;
}

void KeyTable::order(std::vector<uint32_t>& groups) {
  constexpr size_t kFew = 8;
  if (groups.size() * kFew < size()) {
    std::sort(groups.begin(), groups.end(), [this](uint32_t a, uint32_t b) { return less(a, b); });
    return;
  }
  chosen_.resize(size());
  for (uint32_t g : groups) chosen_[g] = 1;
  const std::vector<uint32_t>& all = ascending();
  size_t n = 0;
  for (uint32_t g : all) {
    if (chosen_[g] != 0) groups[n++] = g;
    chosen_[g] = 0;
  }
}

size_t KeyTable::memory_bytes() const {
  size_t total = ascending_.capacity() * 4 + scratch_.capacity() * 4;
  for (const ValueIndex& index : values_) total += index.memory_bytes();
  for (const Pairs& pairs : pairs_) {
    total += pairs.numbers.memory_bytes() + pairs.parts.capacity() * 8 +
             pairs.last.capacity() * sizeof(LastPair);
  }
  return total;
}

}  // namespace velo
