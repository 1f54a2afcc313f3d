#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "column/string_dictionary.h"

namespace velo {

/// A string of at most 16 bytes, none of them zero, padded with zeros.
struct ShortKey {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const ShortKey&) const = default;
};

/// Where kernels look short strings up. 64-byte buckets of four keys, so that a look is one cache
/// line and one comparison. An empty place has a key of all ones and the index kAbsent.
struct ShortStringTable {
  static constexpr uint32_t kAbsent = ~0u;
  static constexpr size_t kKeyBytes = 16;
  static constexpr uint64_t kLowFactor = 0x9E3779B97F4A7C15ULL;
  static constexpr uint64_t kHighFactor = 0xC2B2AE3D27D4EB4FULL;
  static constexpr uint64_t kMixFactor = 0xD6E8FEB86659FD93ULL;

  const ShortKey* keys = nullptr;     ///< four per bucket, 64-byte aligned
  const uint32_t* indices = nullptr;  ///< one per key
  uint32_t shift = 0;                 ///< bucket = mixed hash >> shift

  static uint64_t hash(ShortKey key) {
    return (key.low * kLowFactor) ^ (key.high * kHighFactor);
  }
  uint64_t bucket(uint64_t hash) const { return (hash * kMixFactor) >> shift; }
  /// The index, or kAbsent if the key is not in its first bucket (it may be in a later one).
  uint32_t find(ShortKey key) const {
    const size_t first = bucket(hash(key)) * 4;
    for (size_t i = first; i < first + 4; ++i) {
      if (keys[i] == key) return indices[i];
    }
    return kAbsent;
  }
};

/// Gives every distinct string a small number: the entries of a StringDictionary, with the hash
/// tables that find them again. Entry 0 is the empty string.
class StringInterner {
 public:
  static constexpr uint32_t kFull = ~0u;

  explicit StringInterner(uint32_t entries_max);

  /// The number of `s`, a new one if it was not seen; kFull if it would be one too many.
  uint32_t intern(std::string_view s);
  uint32_t size() const { return dictionary_->size(); }
  uint32_t room() const { return entries_max_ - size(); }
  const std::shared_ptr<StringDictionary>& dictionary() const { return dictionary_; }
  const ShortStringTable& short_table() const { return table_; }
  size_t memory_bytes() const;

 private:
  uint32_t intern_short(ShortKey key, std::string_view s);
  uint32_t intern_long(std::string_view s);
  void resize_short(size_t buckets);
  void resize_long(size_t slots);
  void place_short(ShortKey key, uint32_t index);

  uint32_t entries_max_;
  std::shared_ptr<StringDictionary> dictionary_;
  ShortStringTable table_;
  size_t buckets_ = 0;
  size_t short_count_ = 0;
  std::shared_ptr<Buffer> keys_;
  std::vector<uint32_t> indices_;
  struct LongSlot {
    uint64_t hash = 0;
    uint32_t index = ShortStringTable::kAbsent;
  };
  std::vector<LongSlot> long_slots_;
  size_t long_count_ = 0;
};

}  // namespace velo
