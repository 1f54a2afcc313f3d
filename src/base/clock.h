#pragma once

#include <atomic>
#include <cstdint>

namespace velo {

/// The door to time. Everything that asks for the time gets one of these as an argument.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall clock: microseconds since 1970-01-01T00:00:00Z.
  virtual int64_t now_us() const = 0;
  /// Never goes back; nanoseconds since an arbitrary start. For durations.
  virtual int64_t steady_ns() const = 0;
  /// Blocks the calling thread (a manual clock moves itself instead).
  virtual void sleep_us(int64_t duration_us) = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  int64_t now_us() const override;
  int64_t steady_ns() const override;
  void sleep_us(int64_t duration_us) override;
};

/// A clock that moves only when told to: for tests and `velo test`.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t now_us = 0) : now_us_(now_us) {}
  int64_t now_us() const override { return now_us_.load(std::memory_order_relaxed); }
  int64_t steady_ns() const override { return now_us() * 1000; }
  void sleep_us(int64_t duration_us) override { now_us_ += duration_us; }
  void set(int64_t now_us) { now_us_ = now_us; }

 private:
  std::atomic<int64_t> now_us_;
};

}  // namespace velo
