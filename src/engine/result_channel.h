#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bounded_queue.h"
#include "column/batch.h"

namespace velo {

/// Results of a query through a bounded queue: the query waits while it is full. One consuming
/// thread, which is not the one that drives the query.
class ResultChannel {
 public:
  explicit ResultChannel(size_t capacity) : queue_(capacity) {}

  /// The next batch; kClosed after the last one; kTimeout after `timeout_us` (−1 = never).
  QueueResult next(Batch& out, int64_t timeout_us = -1) { return queue_.pop(out, timeout_us); }
  /// The consumer is no longer interested: the query goes on and drops these results.
  void close() { queue_.close(); }
  size_t depth() const { return queue_.depth(); }
  size_t depth_max() const { return queue_.high_water(); }

  /// For the query. False = the consumer is gone.
  bool put(Batch batch) { return queue_.push(std::move(batch)) == QueueResult::kDone; }
  /// Batches so far, and how often the query found it full.
  uint64_t batches() const { return queue_.pushed(); }
  uint64_t waits() const { return queue_.producer_waits(); }

 private:
  BoundedQueue<Batch> queue_;
};

}  // namespace velo
