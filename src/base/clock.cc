#include "base/clock.h"

#include <chrono>
#include <thread>

namespace velo {

int64_t SystemClock::now_us() const {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

int64_t SystemClock::steady_ns() const {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

void SystemClock::sleep_us(int64_t duration_us) {
  if (duration_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(duration_us));
}

}  // namespace velo
