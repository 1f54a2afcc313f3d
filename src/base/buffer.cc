#include "base/buffer.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

#include "base/check.h"

namespace velo {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

// Memory of the allocator is 16-byte aligned. Asking it for more is slow (glibc keeps no cache of
// aligned pieces, and small buffers come and go with every batch), so the alignment is made here:
//
//   memory … begin (8 bytes: what to free) | padding (64) | data | padding
constexpr size_t kAlign = 64;
constexpr size_t kBeginBytes = sizeof(void*);

void release_heap(std::byte* data, size_t capacity) {
  (void)capacity;
  void* begin;
  std::memcpy(&begin, data - kBufferPadding - kBeginBytes, kBeginBytes);
  ::operator delete(begin);
}

}  // namespace

std::shared_ptr<Buffer> Buffer::allocate(size_t capacity) {
  const size_t total = (capacity + 2 * kBufferPadding + kAlign - 1) & ~(kAlign - 1);
  void* begin = ::operator new(kBeginBytes + kAlign + total);
  const auto after = reinterpret_cast<uintptr_t>(begin) + kBeginBytes + kAlign - 1;
  auto* raw = reinterpret_cast<std::byte*>(after & ~(kAlign - 1));
  std::memcpy(raw - kBeginBytes, &begin, kBeginBytes);
  if (total >= 2 * kHugePage) {
    const auto start = (reinterpret_cast<uintptr_t>(raw) + kHugePage - 1) & ~(kHugePage - 1);
    const auto end = (reinterpret_cast<uintptr_t>(raw) + total) & ~(kHugePage - 1);
    if (start < end) ::madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE);
  }
  std::memset(raw, 0, kBufferPadding);
  std::memset(raw + kBufferPadding + capacity, 0, total - kBufferPadding - capacity);
  return std::shared_ptr<Buffer>(new Buffer(raw + kBufferPadding, capacity, release_heap));
}

std::shared_ptr<Buffer> Buffer::adopt(std::byte* data, size_t capacity,
                                      void (*release)(std::byte*, size_t)) {
  CHECK(release != nullptr);
  return std::shared_ptr<Buffer>(new Buffer(data, capacity, release));
}

Buffer::~Buffer() { release_(data_, capacity_); }

}  // namespace velo
