#pragma once

#include <cstdint>
#include <cstring>
#include <string>

namespace velo {

/// Seven bits a byte: Protobuf's numbers.
inline void put_varint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

/// The same with the sign in the lowest bit: Avro's int and long, Protobuf's sint32 and sint64.
inline uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline void put_zigzag(int64_t value, std::string* out) { put_varint(zigzag(value), out); }

/// Reads an unsigned number of seven bits a byte; false if it does not end before `end` or within
/// 64 bits. Protobuf's, too.
inline bool read_varint(const char*& p, const char* end, uint64_t* out) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (p == end) return false;
    const auto byte = static_cast<uint8_t>(*p++);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      *out = value;
      return shift < 63 || byte <= 1;
    }
  }
  return false;
}

inline int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

/// float, double: little endian, as in memory.
template <typename T>
void put_fixed(T value, std::string* out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out->append(bytes, sizeof(T));
}

}  // namespace velo
