#include "base/buffer.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

#include "base/check.h"

namespace velo {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

void release_heap(std::byte* data, size_t capacity) {
  (void)capacity;
  ::operator delete(data - kBufferPadding, std::align_val_t{64});
}

}  // namespace

std::shared_ptr<Buffer> Buffer::allocate(size_t capacity) {
  const size_t total = (capacity + 2 * kBufferPadding + 63) & ~size_t{63};
  auto* raw = static_cast<std::byte*>(::operator new(total, std::align_val_t{64}));
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
