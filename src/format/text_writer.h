#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace velo {

/// Appends to a string through a bare pointer: room is asked for once per value instead of checked
/// for every character. The string is whole again when the writer is gone.
class TextWriter {
 public:
  explicit TextWriter(std::string& out) : out_(out), used_(out.size()) { grow(0); }
  ~TextWriter() { out_.resize(used_); }
  TextWriter(const TextWriter&) = delete;
  TextWriter& operator=(const TextWriter&) = delete;

  /// At least `bytes` characters can be written there; `written` says how many were.
  char* room(size_t bytes) {
    if (used_ + bytes > capacity_) [[unlikely]] grow(bytes);
    return begin_ + used_;
  }
  void written(const char* end) { used_ = static_cast<size_t>(end - begin_); }

  /// Characters in the string so far.
  size_t size() const { return used_; }

  void put(char c) {
    *room(1) = c;
    ++used_;
  }
  void put(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(room(text.size()), text.data(), text.size());
    used_ += text.size();
  }

 private:
  void grow(size_t bytes) {
    constexpr size_t kLeast = 4096;
    const size_t wanted = used_ + bytes + kLeast;
    out_.resize(wanted > out_.capacity() ? wanted * 2 : out_.capacity());
    begin_ = out_.data();
    capacity_ = out_.size();
  }

  std::string& out_;
  size_t used_;
  char* begin_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace velo
