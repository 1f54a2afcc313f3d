#pragma once

#include <pthread.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

namespace velo {

/// Takes SIGINT and SIGTERM for as long as it lives, on a thread of its own, so that they count
/// even while every other thread waits for somebody to read what it writes.
///
/// The first calls `on_stop(1)`, the second `on_stop(2)`; if the owner is still there a second
/// after that, the process ends with exit status 1. A third kills it at once. Both ends call
/// `on_exit`; what has not been published by then never is. SIGPIPE and SIGXFSZ are ignored from
/// here on: such writes are errors like others.
class StopSignals {
 public:
  StopSignals(std::function<void(int count)> on_stop, std::function<void()> on_exit);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  void listen();

  std::function<void(int)> on_stop_;
  std::function<void()> on_exit_;
  sigset_t signals_;
  std::atomic<bool> over_ = false;
  std::thread listener_;
};

}  // namespace velo
