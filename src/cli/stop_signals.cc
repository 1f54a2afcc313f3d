#include "cli/stop_signals.h"

#include <unistd.h>

#include <ctime>

namespace velo {
namespace {

constexpr int64_t kTickNs = 20'000'000;
constexpr int kTicksToGiveUp = 50;

/// As if nobody had taken the signal.
void die_of(int number) {
  std::signal(number, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  std::raise(number);
}

}  // namespace

StopSignals::StopSignals(std::function<void(int)> on_stop, std::function<void()> on_exit)
    : on_stop_(std::move(on_stop)), on_exit_(std::move(on_exit)) {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  // Threads that are made from now on inherit the mask.
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  // A reader that went away and a file that may not grow are errors of the write, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  listener_ = std::thread([this] { listen(); });
}

StopSignals::~StopSignals() {
  over_ = true;
  pthread_kill(listener_.native_handle(), SIGTERM);  // for it alone: no run ends a tick later
  listener_.join();
}

void StopSignals::listen() {
  const timespec tick{0, kTickNs};
  int count = 0;
  int ticks_left = kTicksToGiveUp;
  while (!over_) {
    const int number = sigtimedwait(&signals_, nullptr, &tick);
    if (over_) return;
    if (number > 0) {
      if (++count > 2) {
        on_exit_();
        die_of(number);
      }
      on_stop_(count);
    } else if (count >= 2 && --ticks_left == 0) {
      // Somebody waits in a write that nobody reads: no thread can be asked to end.
      on_exit_();
      ::_exit(1);
    }
  }
}

}  // namespace velo
