#pragma once

#include <cstdint>

#include "column/time_text.h"
#include "state/snapshot.h"

namespace velo {

/// When a grouping gives its rows.
enum class EmitMode : uint8_t {
  kFinal,    ///< once: when the window fires, or when the input ends
  kChanges,  ///< refinements as they happen
  kEvery,    ///< at most one refinement per key and interval of the wall clock
};

struct EmitOptions {
  EmitMode mode = EmitMode::kFinal;
  int64_t every_us = 0;  ///< kEvery
  bool coalesce = true;  ///< kChanges: one refinement per key and batch, not per row
};

/// When EMIT EVERY is due: at the first look in each interval, intervals being multiples of their
/// length on the wall clock. So all copies of an operator, and all runs, are due at the same time.
class EmitPace {
 public:
  explicit EmitPace(int64_t every_us) : every_us_(every_us) {}
  /// REQUIRES: an interval.
  bool is_time(int64_t now_us) {
    const int64_t interval = floor_div(now_us, every_us_);
    if (interval == seen_) return false;
    seen_ = interval;
    return true;
  }
  void save(SnapshotWriter& writer) const { writer.i64(seen_); }
  Status load(SnapshotReader& reader) {
    seen_ = TRY(reader.i64());
    return {};
  }

 private:
  int64_t every_us_;
  int64_t seen_ = INT64_MIN;
};

}  // namespace velo
