#pragma once

#include <cstdint>

namespace velo {

/// A stretch of bytes that somebody else holds. `length` kNullLength: no value at all (a Kafka
/// tombstone).
struct RecordSpan {
  uint32_t offset = 0;
  uint32_t length = 0;
  bool operator==(const RecordSpan&) const = default;
};
inline constexpr uint32_t kNullLength = UINT32_MAX;

}  // namespace velo
