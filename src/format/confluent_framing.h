#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace velo {

/// A byte of 0 and the number of the schema, big endian: what stands before a record whose schema
/// is in a registry.
inline constexpr size_t kConfluentHeaderBytes = 5;

inline bool read_confluent_header(std::string_view message, uint32_t* id) {
  if (message.size() < kConfluentHeaderBytes || message[0] != 0) return false;
  *id = 0;
  for (size_t i = 1; i < kConfluentHeaderBytes; ++i) {
    *id = (*id << 8) | static_cast<uint8_t>(message[i]);
  }
  return true;
}

inline std::string confluent_header(uint32_t id) {
  std::string header(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) header += static_cast<char>(id >> shift);
  return header;
}

}  // namespace velo
