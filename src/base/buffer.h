#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace velo {

/// A view of raw bytes; whoever hands it out says how long it lives.
using Bytes = std::span<const std::byte>;

inline std::string_view as_text(Bytes b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}
inline Bytes as_bytes(std::string_view s) {
  return {reinterpret_cast<const std::byte*>(s.data()), s.size()};
}

/// An owned, 64-byte aligned piece of memory, shared as pointer-to-const once filled.
/// At least `kBufferPadding` readable bytes stand before `data()` and after `data() + capacity()`,
/// so that vector code may load whole registers at either edge. Large buffers ask for huge pages.
class Buffer {
 public:
  /// Contents are uninitialised; the padding is zero.
  static std::shared_ptr<Buffer> allocate(size_t capacity);
  /// Takes over memory that somebody else made (a mapping); `release` runs when the last owner
  /// goes. The caller guarantees the padding rule.
  static std::shared_ptr<Buffer> adopt(std::byte* data, size_t capacity,
                                       void (*release)(std::byte*, size_t));
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t capacity() const { return capacity_; }
  template <typename T> T* as() { return reinterpret_cast<T*>(data_); }
  template <typename T> const T* as() const { return reinterpret_cast<const T*>(data_); }

 private:
  Buffer(std::byte* data, size_t capacity, void (*release)(std::byte*, size_t))
      : data_(data), capacity_(capacity), release_(release) {}
  std::byte* data_;
  size_t capacity_;
  void (*release_)(std::byte*, size_t);
};

inline constexpr size_t kBufferPadding = 64;

using BufferPtr = std::shared_ptr<const Buffer>;

}  // namespace velo
