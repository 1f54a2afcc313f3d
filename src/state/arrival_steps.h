#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace velo {

/// When rows came, told by three bits each: time is cut into steps of a quarter of the TTL, and a
/// step is forgotten as one, once its last row has grown old.
class ArrivalSteps {
 public:
  static constexpr size_t kBits = 3;

  /// `ttl_us` > 0: after how long rows are forgotten.
  explicit ArrivalSteps(int64_t ttl_us) : length_us_(ttl_us / 4) {}

  /// The step of rows that come now. `now_us` does not go back.
  uint32_t now(int64_t now_us) {
    const bool full = steps_.size() == kStepsMax;  // forget() was not called for long
    if (steps_.empty() || (!full && now_us - steps_.back().first_us > length_us_)) {
      steps_.push_back({now_us, now_us});
    }
    steps_.back().last_us = now_us;
    return static_cast<uint32_t>(first_ + steps_.size() - 1) % kCodes;
  }
  /// When the last row of a step came.
  int64_t last_us(uint32_t step) const { return steps_[age_of(step)].last_us; }
  /// Forgets the steps whose last rows came before; whether there were any.
  bool forget(int64_t before_us) {
    const size_t steps = steps_.size();
    while (!steps_.empty() && steps_.front().last_us < before_us) {
      steps_.pop_front();
      first_ = (first_ + 1) % kCodes;
    }
    return steps_.size() < steps;
  }
  /// REQUIRES: asked of rows after every forget() that says true.
  bool is_forgotten(uint32_t step) const { return age_of(step) >= steps_.size(); }
  /// Orders steps: 0 is the oldest.
  uint32_t age_of(uint32_t step) const { return (step + kCodes - first_) % kCodes; }

 private:
  static constexpr uint32_t kCodes = 1 << kBits;
  // Those just forgotten are told from those that are there.
  static constexpr size_t kStepsMax = kCodes - 1;
  struct Step {
    int64_t first_us;
    int64_t last_us;
  };
  int64_t length_us_;
  std::deque<Step> steps_;
  uint32_t first_ = 0;  // the number of the front
};

}  // namespace velo
