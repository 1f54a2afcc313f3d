#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "format/wire_bytes.h"

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

/// What stands before a message of Protobuf: the same, and how many numbers lead to its type (of a
/// message of the file, of one inside of that …), and these; a single 0 for the file's first one.
struct ConfluentHeader {
  static constexpr size_t kDeepMax = 16;
  uint32_t id = 0;
  std::array<int32_t, kDeepMax> numbers = {};
  size_t deep = 0;
  size_t bytes = 0;
  std::span<const int32_t> place() const { return {numbers.data(), deep}; }
};

inline bool read_proto_header(std::string_view message, ConfluentHeader* out) {
  if (!read_confluent_header(message, &out->id)) return false;
  const char* p = message.data() + kConfluentHeaderBytes;
  const char* const end = message.data() + message.size();
  uint64_t raw = 0;
  if (!read_varint(p, end, &raw)) return false;
  const auto deep = static_cast<uint64_t>(unzigzag(raw));
  if (deep > ConfluentHeader::kDeepMax) return false;
  out->numbers[0] = 0;
  out->deep = deep == 0 ? 1 : deep;
  for (size_t i = 0; i < deep; ++i) {
    if (!read_varint(p, end, &raw)) return false;
    const int64_t number = unzigzag(raw);
    if (number != static_cast<int32_t>(number)) return false;
    out->numbers[i] = static_cast<int32_t>(number);
  }
  out->bytes = static_cast<size_t>(p - message.data());
  return true;
}

inline std::string proto_header(uint32_t id, std::span<const int32_t> place) {
  std::string header = confluent_header(id);
  if (place.size() == 1 && place[0] == 0) return header + '\0';
  put_zigzag(static_cast<int64_t>(place.size()), &header);
  for (const int32_t number : place) put_zigzag(number, &header);
  return header;
}

}  // namespace velo
