#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"

namespace velo {

/// What happened to a `push` or `pop`.
enum class QueueResult : uint8_t { kDone, kTimeout, kClosed };

/// A ring between one producer thread and one consumer thread that blocks when full or empty.
///
/// head_ and tail_ only grow; slot i % capacity belongs to the producer while i - head_ < capacity
/// and to the consumer from the store of tail_ > i on. Uncontended push and pop are two atomic
/// accesses. Only a side that finds nothing to do takes the mutex: it raises its `waiting` flag,
/// looks again, then sleeps; the other side publishes its index, then looks at the flag. Both in
/// sequentially consistent order, so that one of them sees the other (Dekker) and no wake-up is
/// lost.
template <typename T>
class BoundedQueue {
 public:
  static constexpr int64_t kForever = -1;

  /// REQUIRES: capacity > 0.
  explicit BoundedQueue(size_t capacity) : slots_(capacity) { CHECK(capacity > 0); }
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  /// Producer. Waits for room; `item` is moved from only if the answer is kDone.
  QueueResult push(T&& item, int64_t timeout_us = kForever) {
    const uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (closed_.load(std::memory_order_acquire)) return QueueResult::kClosed;
    if (tail - producer_sees_head_ >= slots_.size()) {
      producer_sees_head_ = head_.load(std::memory_order_acquire);
      if (tail - producer_sees_head_ >= slots_.size()) {
        producer_waits_.fetch_add(1, std::memory_order_relaxed);
        const auto room = [&] {
          producer_sees_head_ = head_.load(std::memory_order_seq_cst);
          return tail - producer_sees_head_ < slots_.size();
        };
        const QueueResult slept = sleep(producer_waiting_, room, timeout_us);
        if (slept != QueueResult::kDone) return slept;
        if (closed_.load(std::memory_order_acquire)) return QueueResult::kClosed;
      }
    }
    slots_[tail % slots_.size()] = std::move(item);
    tail_.store(tail + 1, std::memory_order_seq_cst);
    note_depth(tail + 1 - head_.load(std::memory_order_relaxed));
    wake(consumer_waiting_);
    return QueueResult::kDone;
  }
  QueueResult push(const T& item, int64_t timeout_us = kForever) {
    return push(T(item), timeout_us);
  }

  /// Consumer. What was pushed before `close` still comes out; after the last of it: kClosed.
  QueueResult pop(T& out, int64_t timeout_us = kForever) {
    const uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == consumer_sees_tail_) {
      consumer_sees_tail_ = tail_.load(std::memory_order_acquire);
      if (head == consumer_sees_tail_) {
        consumer_waits_.fetch_add(1, std::memory_order_relaxed);
        const auto filled = [&] {
          consumer_sees_tail_ = tail_.load(std::memory_order_seq_cst);
          return consumer_sees_tail_ != head;
        };
        const QueueResult slept = sleep(consumer_waiting_, filled, timeout_us);
        if (slept != QueueResult::kDone) return slept;
      }
    }
    out = std::move(slots_[head % slots_.size()]);
    head_.store(head + 1, std::memory_order_seq_cst);
    wake(producer_waiting_);
    return QueueResult::kDone;
  }
  QueueResult try_push(T&& item) { return push(std::move(item), 0); }
  QueueResult try_pop(T& out) { return pop(out, 0); }

  /// Either side, any thread, any number of times: the producer is done, or the consumer gives up.
  /// Wakes both.
  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_.store(true, std::memory_order_seq_cst);
    }
    changed_.notify_all();
  }
  bool closed() const { return closed_.load(std::memory_order_acquire); }

  size_t capacity() const { return slots_.size(); }
  /// Items inside; exact only for a quiet queue. Any thread.
  size_t depth() const {
    const uint64_t head = head_.load(std::memory_order_acquire);
    const uint64_t tail = tail_.load(std::memory_order_acquire);
    return tail > head ? static_cast<size_t>(tail - head) : 0;
  }
  /// The greatest depth ever seen by the producer. Any thread.
  size_t high_water() const { return high_water_.load(std::memory_order_relaxed); }
  /// How often a side found the queue full or empty. Any thread.
  uint64_t producer_waits() const { return producer_waits_.load(std::memory_order_relaxed); }
  uint64_t consumer_waits() const { return consumer_waits_.load(std::memory_order_relaxed); }
  /// Items ever pushed. Any thread.
  uint64_t pushed() const { return tail_.load(std::memory_order_acquire); }

 private:
  /// Sleeps until `ready()`, the time is up, or the queue is closed; kDone if ready, even if also
  /// closed.
  template <typename Ready>
  QueueResult sleep(std::atomic<bool>& waiting, const Ready& ready, int64_t timeout_us) {
    if (timeout_us == 0) {
      // The order matters: what was pushed before closing must be seen once closing is.
      const bool was_closed = closed_.load(std::memory_order_seq_cst);
      if (ready()) return QueueResult::kDone;
      return was_closed ? QueueResult::kClosed : QueueResult::kTimeout;
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(timeout_us);
    std::unique_lock lock(mutex_);
    waiting.store(true, std::memory_order_seq_cst);
    QueueResult result = QueueResult::kDone;
    while (true) {
      const bool was_closed = closed_.load(std::memory_order_seq_cst);
      if (ready()) break;
      if (was_closed) {
        result = QueueResult::kClosed;
        break;
      }
      if (timeout_us < 0) {
        changed_.wait(lock);
      } else if (changed_.wait_until(lock, deadline) == std::cv_status::timeout && !ready()) {
        result = QueueResult::kTimeout;
        break;
      }
    }
    waiting.store(false, std::memory_order_relaxed);
    return result;
  }

  void wake(std::atomic<bool>& waiting) {
    if (!waiting.load(std::memory_order_seq_cst)) return;
    // The sleeper holds the mutex from raising its flag until it sleeps: taking it means it sleeps
    // or is awake.
    { std::lock_guard lock(mutex_); }
    changed_.notify_all();
  }

  void note_depth(uint64_t depth) {
    if (depth > high_water_.load(std::memory_order_relaxed)) {
      high_water_.store(static_cast<size_t>(depth), std::memory_order_relaxed);
    }
  }

  std::vector<T> slots_;
  alignas(64) std::atomic<uint64_t> head_{0};
  uint64_t consumer_sees_tail_ = 0;
  alignas(64) std::atomic<uint64_t> tail_{0};
  uint64_t producer_sees_head_ = 0;
  std::atomic<size_t> high_water_{0};
  alignas(64) std::atomic<bool> consumer_waiting_{false};
  std::atomic<bool> producer_waiting_{false};
  std::atomic<bool> closed_{false};
  std::atomic<uint64_t> producer_waits_{0};
  std::atomic<uint64_t> consumer_waits_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace velo
