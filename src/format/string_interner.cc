#include "format/string_interner.h"

#include <bit>

#include "base/int128.h"

namespace velo {
namespace {

constexpr size_t kFirstBuckets = 256;
constexpr size_t kFirstLongSlots = 256;

uint64_t fold_multiply(uint64_t a, uint64_t b) {
  const uint128_t product = static_cast<uint128_t>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Sixteen bytes a step, folded multiplication (the idea of wyhash, Wang Yi). REQUIRES: s.size() >
// 16 or a string with a zero byte, for which the table of short strings is not made.
uint64_t hash_text(std::string_view s) {
  uint64_t state = s.size() * ShortStringTable::kMixFactor;
  size_t i = 0;
  for (; i + 16 <= s.size(); i += 16) {
    uint64_t a, b;
    std::memcpy(&a, s.data() + i, 8);
    std::memcpy(&b, s.data() + i + 8, 8);
    state =
        fold_multiply(a ^ ShortStringTable::kLowFactor ^ state, b ^ ShortStringTable::kHighFactor);
  }
  uint64_t rest[2] = {0, 0};
  if (i < s.size()) std::memcpy(rest, s.data() + i, s.size() - i);
  return fold_multiply(rest[0] ^ ShortStringTable::kLowFactor ^ state,
                       rest[1] ^ ShortStringTable::kHighFactor);
}

}  // namespace

StringInterner::StringInterner(uint32_t entries_max)
    : entries_max_(entries_max), dictionary_(std::make_shared<StringDictionary>()) {
  dictionary_->append("");
  resize_short(kFirstBuckets);
  resize_long(kFirstLongSlots);
}

uint32_t StringInterner::intern(std::string_view s) {
  if (s.empty()) return 0;
  if (s.size() <= ShortStringTable::kKeyBytes && std::memchr(s.data(), 0, s.size()) == nullptr) {
    ShortKey key;
    std::memcpy(&key, s.data(), s.size());
    const uint32_t index = table_.find(key);
    return index != ShortStringTable::kAbsent ? index : intern_short(key, s);
  }
  return intern_long(s);
}

uint32_t StringInterner::intern_short(ShortKey key, std::string_view s) {
  size_t bucket = table_.bucket(ShortStringTable::hash(key));
  for (;; bucket = (bucket + 1) & (buckets_ - 1)) {
    bool end = false;
    for (size_t i = bucket * 4; i < bucket * 4 + 4; ++i) {
      if (indices_[i] == ShortStringTable::kAbsent) {
        end = true;
        break;
      }
      if (table_.keys[i].low == key.low && table_.keys[i].high == key.high) return indices_[i];
    }
    if (end) break;
  }
  if (room() == 0) return kFull;
  const uint32_t index = dictionary_->append(s);
  if (short_count_ + 1 > buckets_ * 2) resize_short(buckets_ * 2);
  place_short(key, index);
  ++short_count_;
  return index;
}

void StringInterner::place_short(ShortKey key, uint32_t index) {
  size_t bucket = table_.bucket(ShortStringTable::hash(key));
  for (;; bucket = (bucket + 1) & (buckets_ - 1)) {
    for (size_t i = bucket * 4; i < bucket * 4 + 4; ++i) {
      if (indices_[i] != ShortStringTable::kAbsent) continue;
      keys_->as<ShortKey>()[i] = key;
      indices_[i] = index;
      return;
    }
  }
}

void StringInterner::resize_short(size_t buckets) {
  const std::shared_ptr<Buffer> old_keys = std::move(keys_);
  const std::vector<uint32_t> old_indices = std::move(indices_);
  keys_ = Buffer::allocate(buckets * 64);
  std::memset(keys_->data(), 0xff, buckets * 64);
  indices_.assign(buckets * 4, ShortStringTable::kAbsent);
  buckets_ = buckets;
  table_.keys = keys_->as<ShortKey>();
  table_.indices = indices_.data();
  table_.shift = static_cast<uint32_t>(64 - std::countr_zero(buckets));
  for (size_t i = 0; i < old_indices.size(); ++i) {
    if (old_indices[i] != ShortStringTable::kAbsent) {
      place_short(old_keys->as<ShortKey>()[i], old_indices[i]);
    }
  }
}

uint32_t StringInterner::intern_long(std::string_view s) {
  const uint64_t hash = hash_text(s);
  size_t slot = hash & (long_slots_.size() - 1);
  for (; long_slots_[slot].index != ShortStringTable::kAbsent;
       slot = (slot + 1) & (long_slots_.size() - 1)) {
    const LongSlot& found = long_slots_[slot];
    if (found.hash == hash && dictionary_->at(found.index).view() == s) return found.index;
  }
  if (room() == 0) return kFull;
  const uint32_t index = dictionary_->append(s);
  long_slots_[slot] = {hash, index};
  if (++long_count_ * 2 > long_slots_.size()) resize_long(long_slots_.size() * 2);
  return index;
}

void StringInterner::resize_long(size_t slots) {
  const std::vector<LongSlot> old = std::move(long_slots_);
  long_slots_.assign(slots, {});
  for (const LongSlot& entry : old) {
    if (entry.index == ShortStringTable::kAbsent) continue;
    size_t slot = entry.hash & (slots - 1);
    while (long_slots_[slot].index != ShortStringTable::kAbsent) slot = (slot + 1) & (slots - 1);
    long_slots_[slot] = entry;
  }
}

size_t StringInterner::memory_bytes() const {
  return dictionary_->memory_bytes() + keys_->capacity() + indices_.capacity() * sizeof(uint32_t) +
         long_slots_.capacity() * sizeof(LongSlot);
}

}  // namespace velo
