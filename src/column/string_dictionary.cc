#include "column/string_dictionary.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace velo {
namespace {

constexpr size_t kChunkBytes = 16384;

uint64_t next_identity() {
  static std::atomic<uint64_t> counter{1};
  return counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

StringDictionary::StringDictionary() : identity_(next_identity()) {}

uint32_t StringDictionary::append(std::string_view s) {
  const uint32_t index = size();
  if (s.size() <= StringRef::kInlineMax) {
    entries_.emplace_back(s);
    return index;
  }
  if (chunks_.empty() || chunk_used_ + s.size() > chunks_.back()->capacity()) {
    chunks_.push_back(Buffer::allocate(std::max(kChunkBytes, s.size())));
    heap_bytes_ += chunks_.back()->capacity();
    chunk_used_ = 0;
  }
  char* place = chunks_.back()->as<char>() + chunk_used_;
  std::memcpy(place, s.data(), s.size());
  chunk_used_ += s.size();
  entries_.emplace_back(place, static_cast<uint32_t>(s.size()));
  return index;
}

}  // namespace velo
