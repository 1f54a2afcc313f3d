#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "column/string_ref.h"

namespace velo {

/// An append-only list of distinct strings that rows refer to by number. One decoder grows it while
/// batches downstream on the same thread read it; a batch that crosses threads is flattened first.
class StringDictionary {
 public:
  StringDictionary();
  /// Copies the bytes. The caller guarantees that the string is not an entry yet.
  uint32_t append(std::string_view s);
  uint32_t size() const { return static_cast<uint32_t>(entries_.size()); }
  /// Valid until the next append (long strings: as long as the dictionary).
  const StringRef& at(uint32_t index) const { return entries_[index]; }
  const StringRef* data() const { return entries_.data(); }
  /// Differs between any two dictionaries of a process; a cache may be keyed by it.
  uint64_t identity() const { return identity_; }
  size_t memory_bytes() const { return entries_.capacity() * sizeof(StringRef) + heap_bytes_; }

 private:
  std::vector<StringRef> entries_;
  std::vector<std::shared_ptr<Buffer>> chunks_;
  size_t chunk_used_ = 0;
  size_t heap_bytes_ = 0;
  uint64_t identity_;
};

}  // namespace velo
