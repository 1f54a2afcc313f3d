#include "connector/buffer_pool.h"

#include <mutex>
#include <vector>

namespace velo {

struct BufferPool::Shelf {
  std::mutex mutex;
  std::vector<std::shared_ptr<Buffer>> idle;
  size_t keep_most = 0;

  void put_back(std::shared_ptr<Buffer> buffer) {
    std::lock_guard lock(mutex);
    if (idle.size() < keep_most) idle.push_back(std::move(buffer));
  }
};

BufferPool::BufferPool(size_t capacity, size_t keep_most)
    : capacity_(capacity), shelf_(std::make_shared<Shelf>()) {
  shelf_->keep_most = keep_most;
  shelf_->idle.reserve(keep_most);
}

BufferPool::~BufferPool() {
  std::lock_guard lock(shelf_->mutex);
  shelf_->keep_most = 0;
  shelf_->idle.clear();
}

std::shared_ptr<Buffer> BufferPool::take(size_t capacity) {
  if (capacity > capacity_) return Buffer::allocate(capacity);
  std::shared_ptr<Buffer> buffer;
  {
    std::lock_guard lock(shelf_->mutex);
    if (!shelf_->idle.empty()) {
      buffer = std::move(shelf_->idle.back());
      shelf_->idle.pop_back();
    }
  }
  if (buffer == nullptr) buffer = Buffer::allocate(capacity_);
  // The deleter owns the buffer; the pointer handed out only borrows it until its last copy goes.
  Buffer* const raw = buffer.get();
  return std::shared_ptr<Buffer>(raw, [shelf = shelf_, kept = std::move(buffer)](Buffer*) mutable {
    shelf->put_back(std::move(kept));
  });
}

size_t BufferPool::idle() const {
  std::lock_guard lock(shelf_->mutex);
  return shelf_->idle.size();
}

}  // namespace velo
