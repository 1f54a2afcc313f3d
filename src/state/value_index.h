#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/random.h"
#include "column/column.h"

namespace velo {

/// The same for doubles that are one value: -0.0 and 0.0, all NaNs.
uint64_t word_of(double value);

/// Gives every distinct 64-bit number a dense number from 0, in order of first sight.
/// Open addressing, linear probing, at most half full.
class NumberIndex {
 public:
  NumberIndex() { rehash(64); }
  uint32_t intern(uint64_t key) {
    size_t slot = mix64(key) & mask_;
    for (;;) {
      const Slot& s = slots_[slot];
      if (s.id != kFree && s.key == key) return s.id;
      if (s.id == kFree) return insert(slot, key);
      slot = (slot + 1) & mask_;
    }
  }
  /// Interns keys (key_of(0), key_of(1), …) and gives each number to take(i, number).
  template <typename KeyOf, typename Take>
  void intern_all(size_t count, KeyOf key_of, Take take) {
    for (size_t begin = 0; begin < count; begin += kBlock) {
      const size_t end = begin + kBlock < count ? begin + kBlock : count;
      if (const uint64_t first = key_of(begin); is_same(begin, end, first, key_of)) {
        // As windows are.
        const uint32_t number = intern(first);
        for (size_t i = begin; i < end; ++i) take(i, number);
        continue;
      }
      if (slots_.size() > kLargeSlots) {
        for (size_t i = begin; i < end; ++i) {
          __builtin_prefetch(&slots_[mix64(key_of(i)) & mask_]);
        }
      }
      for (size_t i = begin; i < end; ++i) take(i, intern(key_of(i)));
    }
  }
  uint32_t size() const { return size_; }
  size_t memory_bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  static constexpr size_t kBlock = 64;
  static constexpr size_t kLargeSlots = 16384;  // beyond the near caches
  static constexpr uint32_t kFree = UINT32_MAX;
  struct Slot {
    uint64_t key = 0;
    uint32_t id = kFree;
  };
  template <typename KeyOf>
  static bool is_same(size_t begin, size_t end, uint64_t key, KeyOf key_of) {
    uint64_t different = 0;
    for (size_t i = begin; i < end; ++i) different |= key_of(i) ^ key;
    return different == 0;
  }
  uint32_t insert(size_t slot, uint64_t key) {
    slots_[slot] = {key, size_};
    if (++size_ * 2 > slots_.size()) rehash(slots_.size() * 4);
    return size_ - 1;
  }
  void rehash(size_t capacity) {
    std::vector<Slot> old(capacity);
    old.swap(slots_);
    mask_ = capacity - 1;
    for (const Slot& s : old) {
      if (s.id == kFree) continue;
      size_t slot = mix64(s.key) & mask_;
      while (slots_[slot].id != kFree) slot = (slot + 1) & mask_;
      slots_[slot] = s;
    }
  }
  std::vector<Slot> slots_;
  size_t mask_ = 0;
  uint32_t size_ = 0;
};

/// Gives every distinct string a dense number from 0. The caller keeps the bytes of long strings
/// where `stored` points.
///
/// Open addressing, linear probing; a slot holds all that a probe looks at. While the table fits
/// the near caches it is kept so empty that most strings stand where their hash says: a block of
/// strings is looked up there without a branch (find_block), and only those that are not are
/// searched for.
class StringIndex {
 public:
  static constexpr uint32_t kAbsent = UINT32_MAX;
  static constexpr size_t kBlock = 64;

  StringIndex() { rehash(64); }
  /// The product of both halves, folded (after Wang Yi's wyhash): one multiplication.
  static uint64_t hash(const StringRef& s) {
    if (!s.is_inline()) return hash_long(s);
    const uint128_t product = static_cast<uint128_t>(s.low() ^ 0x9e3779b97f4a7c15ULL) *
                              (s.high() ^ 0xe7037ed1a0b428dbULL);
    return static_cast<uint64_t>(product >> 64) ^ static_cast<uint64_t>(product);
  }
  /// The number of `s`, or kAbsent.
  uint32_t find(const StringRef& s, uint64_t h) const {
    for (size_t slot = h & mask_;; slot = (slot + 1) & mask_) {
      const Slot& at = slots_[slot];
      if (at.key == s || at.id == kAbsent) return at.id;
    }
  }
  /// What a look at the first slot of each of `count` ≤ kBlock strings shows.
  struct Block {
    uint64_t hashes[kBlock];
    uint32_t ids[kBlock];     ///< right for all but the missed
    uint32_t missed[kBlock];  ///< strings that are long, elsewhere or new
    size_t missed_count;
  };
  void find_block(const StringRef* strings, size_t count, Block* out) const;
  /// REQUIRES: find(stored, h) == kAbsent.
  uint32_t insert(const StringRef& stored, uint64_t h);
  uint32_t size() const { return size_; }
  size_t memory_bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  static constexpr size_t kNearSlots = 8192;  // 256 KB: well inside the second cache
  struct alignas(32) Slot {                   // never across two cache lines
    StringRef key = nothing();
    uint32_t id = kAbsent;
  };
  // Equal to no string.
  static StringRef nothing();
  static uint64_t hash_long(const StringRef& s);
  size_t room() const {
    return slots_.size() < kNearSlots ? slots_.size() / 8
                                      : slots_.size() / (slots_.size() == kNearSlots ? 4 : 2);
  }
  void rehash(size_t capacity);
  std::vector<Slot> slots_;
  size_t mask_ = 0;
  uint32_t size_ = 0;
};

/// Gives every distinct value of one type a dense number and remembers the values. NULL is number
/// 0, whether it occurs or not. Doubles: -0.0 and 0.0 are one value, all NaNs are one. Nested
/// values are told apart by their text form.
class ValueIndex {
 public:
  static constexpr uint32_t kNullId = 0;

  explicit ValueIndex(Type type);
  /// Numbers of all rows. `ids`: room for column.size().
  void intern(const Column& column, uint32_t* ids);
  /// One more than the largest number given out.
  uint32_t size() const { return size_; }
  const Type& type() const { return type_; }

  /// The values with these numbers.
  ColumnPtr gather(std::span<const uint32_t> ids) const;
  /// Order of two values by number: NULL first, then as compare_rows.
  int compare(uint32_t a, uint32_t b) const;
  size_t memory_bytes() const;

 private:
  template <typename ToKey>
  void intern_numbers(const Column& column, uint32_t* ids, ToKey to_key);
  void intern_strings(const Column& column, uint32_t* ids);
  void intern_dictionary(const Column& column, uint32_t* ids);
  void intern_wide(const Column& column, uint32_t* ids);
  uint32_t string_id(const StringRef& s) { return string_id(s, StringIndex::hash(s)); }
  uint32_t string_id(const StringRef& s, uint64_t h);
  StringRef keep_text(const StringRef& s);

  Type type_;
  uint32_t size_ = 1;
  NumberIndex numbers_;
  StringIndex strings_;
  std::vector<uint64_t> words_;  // by number: int64, bool or the bits of a double
  std::vector<StringRef>
      texts_;  // by number: strings; the bytes of a DECIMAL; the text of a nested value
  std::vector<ColumnPtr> nested_;                // by number: one row each
  std::vector<std::shared_ptr<Buffer>> chunks_;  // bytes of long texts
  size_t chunk_used_ = 0;
  uint64_t dictionary_ = 0;  // identity of the dictionary that `dictionary_ids_` maps
  std::vector<uint32_t> dictionary_ids_;
};

}  // namespace velo
