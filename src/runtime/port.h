#pragma once

#include "operator/operator.h"

namespace velo {

/// An Output that can also end: the way into an operator, a channel or a sink. Calls come from one
/// thread.
class Port : public Output {
 public:
  /// No more rows. Called once; the last call.
  virtual void end() = 0;
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
