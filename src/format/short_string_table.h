#pragma once

// Included by files that are compiled for one kind of CPU: see kernels.h.

#include <cstdint>

namespace velo {

/// A string of at most 16 bytes, none of them zero, padded with zeros.
struct ShortKey {
  uint64_t low = 0;
  uint64_t high = 0;
};

/// Where kernels look short strings up. 64-byte buckets of four keys, so that a look is one cache
/// line and one comparison. An empty place has a key of all ones and the index kAbsent.
struct ShortStringTable {
  static constexpr uint32_t kAbsent = ~0u;
  static constexpr uint32_t kKeyBytes = 16;
  static constexpr uint64_t kLowFactor = 0x9E3779B97F4A7C15ULL;
  static constexpr uint64_t kHighFactor = 0xC2B2AE3D27D4EB4FULL;
  static constexpr uint64_t kMixFactor = 0xD6E8FEB86659FD93ULL;

  const ShortKey* keys = nullptr;     ///< four per bucket, 64-byte aligned
  const uint32_t* indices = nullptr;  ///< one per key
  uint32_t shift = 0;                 ///< bucket = mixed hash >> shift

  [[gnu::always_inline]] static uint64_t hash(ShortKey key) {
    return (key.low * kLowFactor) ^ (key.high * kHighFactor);
  }
  [[gnu::always_inline]] uint64_t bucket(uint64_t hash) const {
    return (hash * kMixFactor) >> shift;
  }
  /// The index, or kAbsent if the key is not in its first bucket (it may be in a later one).
  [[gnu::always_inline]] uint32_t find(ShortKey key) const {
    const uint64_t first = bucket(hash(key)) * 4;
    for (uint64_t i = first; i < first + 4; ++i) {
      if (keys[i].low == key.low && keys[i].high == key.high) return indices[i];
    }
    return kAbsent;
  }
};

}  // namespace velo
