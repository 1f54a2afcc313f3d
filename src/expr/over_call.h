#pragma once

#include <cstdint>
#include <string>

#include "base/int128.h"
#include "expr/aggregate.h"

namespace velo {

/// What a call with OVER computes of the rows of its partition.
enum class OverFunction : uint8_t {
  kAggregate,  ///< of the rows in the frame
  kRowNumber,
  kRank,
  kDenseRank,
  kPercentRank,
  kCumeDist,
  kNtile,      ///< of `n` buckets
  kFromStart,  ///< the argument in the n-th row of the frame: FIRST_VALUE, NTH_VALUE, LAG, LEAD
  kFromEnd,    ///< in the n-th row before its end: LAST_VALUE, LAG … IGNORE NULLS
};

/// One end of a frame, relative to the row that it is the frame of. Both ends are inclusive.
struct OverBound {
  enum class Unit : uint8_t {
    kUnbounded,  ///< of a start: the partition's first row; of an end: its last
    kRows,       ///< `distance` rows behind the row
    kGroups,     ///< `distance` groups of peers behind its own: rows that the order says are equal
    kRange,      ///< rows whose order key lies up to `range` behind the row's
  };
  Unit unit = Unit::kUnbounded;
  int64_t distance = 0;     ///< negative: before the row
  int128_t range = 0;       ///< in units of the order key: µs, unscaled DECIMAL; negative: before
  double range_double = 0;  ///< the same where the order key is a DOUBLE
  bool operator==(const OverBound&) const = default;
  /// No row behind the row and its peers.
  bool ends_here() const {
    return unit != Unit::kUnbounded && distance <= 0 && range <= 0 && range_double <= 0;
  }
  /// Before the row.
  bool ends_before() const { return distance < 0 || range < 0 || range_double < 0; }
};

struct OverFrame {
  OverBound start;
  OverBound end;
  std::string text;  ///< as SQL
  bool operator==(const OverFrame& other) const { return start == other.start && end == other.end; }
};

/// f(x) OVER (…), apart from how rows are parted and ordered. Expressions stand over the input.
struct OverCall {
  OverFunction function = OverFunction::kAggregate;
  OverFrame frame;             ///< of aggregates, kFromStart and kFromEnd
  Aggregate aggregate;         ///< kAggregate
  ExprPtr argument = nullptr;  ///< kFromStart, kFromEnd
  /// LAG, LEAD: what it is, in the row itself, where the partition has no such row; null = NULL.
  ExprPtr otherwise = nullptr;
  int64_t n = 1;
  bool ignore_nulls = false;  ///< rows whose argument is NULL are passed over
  Type type;                  ///< of the result
  std::string text;           ///< as SQL, without OVER

  bool has_frame() const {
    return function == OverFunction::kAggregate || function == OverFunction::kFromStart ||
           function == OverFunction::kFromEnd;
  }
  /// ROW_NUMBER, RANK, DENSE_RANK: known as soon as the row comes.
  bool is_rank() const {
    return function == OverFunction::kRowNumber || function == OverFunction::kRank ||
           function == OverFunction::kDenseRank;
  }
  /// It cannot be said before the partition's last row has come.
  bool needs_whole_partition() const {
    return has_frame() ? frame.end.unit == OverBound::Unit::kUnbounded : !is_rank();
  }
  /// It cannot be said before rows behind this one and its peers have come.
  bool looks_ahead() const { return has_frame() ? !frame.end.ends_here() : !is_rank(); }
};

}  // namespace velo
