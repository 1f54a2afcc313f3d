#pragma once

#include "operator/operator.h"

namespace velo {

/// Instead of the wall time since when somebody is silent.
inline constexpr int64_t kActive = INT64_MIN;
inline constexpr int64_t kNeverHadEvent = INT64_MIN + 1;

/// An Output that can also end: the way into an operator, a channel or a sink. Calls come from one
/// thread.
class Port : public Output {
 public:
  /// No more rows. Called once; the last call.
  virtual void end() = 0;
  /// The sender is silent: others need not wait for its watermark, which moves on with the clock
  /// from wall time `since_us` (kNeverHadEvent: it does not, or the sender sees to it). kActive: it
  /// speaks again; comes before what it says.
  virtual void idle(int64_t since_us) { (void)since_us; }
  /// False: nothing that comes will change anything; the source may stop.
  virtual bool wants_more() const { return true; }
};

/// Who takes the rows that left the stream.
class RejectTarget {
 public:
  virtual ~RejectTarget() = default;
  /// `node`: number of the operator in its pipeline.
  virtual void reject(size_t node, Rejected rejected) = 0;
};

}  // namespace velo
