#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace velo {

/// A string in 16 bytes: its length, then the bytes themselves if they are at most 12 (zero-padded,
/// so that two short strings are equal exactly when their 16 bytes are), else the first 4 and a
/// pointer to all of them. The pointed-to bytes belong to a buffer of the column that holds the
/// reference.
class StringRef {
 public:
  static constexpr uint32_t kInlineMax = 12;

  StringRef() : size_(0), bytes_{} {}
  explicit StringRef(std::string_view s) : StringRef(s.data(), static_cast<uint32_t>(s.size())) {}
  StringRef(const char* data, uint32_t size) : size_(size), bytes_{} {
    if (size <= kInlineMax) {
      if (size > 0) std::memcpy(bytes_, data, size);
    } else {
      std::memcpy(bytes_, data, 4);
      std::memcpy(bytes_ + 4, &data, sizeof data);
    }
  }

  uint32_t size() const { return size_; }
  bool is_inline() const { return size_ <= kInlineMax; }
  const char* data() const {
    if (is_inline()) return bytes_;
    const char* pointer;
    std::memcpy(&pointer, bytes_ + 4, sizeof pointer);
    return pointer;
  }
  /// Valid as long as this object (short strings live inside it) and the column's buffers.
  std::string_view view() const { return {data(), size_}; }

  /// The first and second half of the 16 bytes, for hashing and comparing short strings.
  uint64_t low() const { uint64_t x; std::memcpy(&x, this, 8); return x; }
  uint64_t high() const {
    uint64_t x;
    std::memcpy(&x, reinterpret_cast<const char*>(this) + 8, 8);
    return x;
  }

  friend bool operator==(const StringRef& a, const StringRef& b) {
    if (a.low() != b.low()) return false;
    if (a.is_inline()) return a.high() == b.high();
    return std::memcmp(a.data(), b.data(), a.size_) == 0;
  }
  friend bool operator<(const StringRef& a, const StringRef& b) { return a.view() < b.view(); }

 private:
  uint32_t size_;
  char bytes_[12];
};

static_assert(sizeof(StringRef) == 16);

}  // namespace velo
