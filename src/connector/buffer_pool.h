#pragma once

#include <cstddef>
#include <memory>

#include "base/buffer.h"

namespace velo {

/// Hands out equal-sized buffers and takes each back when its last owner lets go, so that a steady
/// flow of blocks allocates no big memory. Buffers may outlive the pool and be released on any
/// thread.
class BufferPool {
 public:
  /// Keeps at most `keep_most` idle buffers of `capacity` bytes.
  BufferPool(size_t capacity, size_t keep_most);
  ~BufferPool();

  /// At least `capacity` bytes; more than the pool's size is allocated for the occasion. Contents
  /// undefined.
  std::shared_ptr<Buffer> take(size_t capacity);
  size_t capacity() const { return capacity_; }
  size_t idle() const;

  struct Shelf;  ///< the idle buffers, shared with those that are out

 private:
  const size_t capacity_;
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace velo
