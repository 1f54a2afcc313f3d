#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "operator/operator.h"

namespace velo {

enum class JoinKind : uint8_t {
  kInner,
  kLeft,
  kRight,
  kFull,
  kSemi,  ///< left rows that have a partner, once
  kAnti,  ///< left rows that have none
};

/// "inner", "left" …
std::string_view join_kind_name(JoinKind kind);

/// One side of a join.
struct JoinInput {
  SchemaPtr schema;
  /// Columns that equal those of the other side, place by place, in value and type. None: every
  /// pair of rows is looked at.
  std::vector<size_t> keys;
  int time_column = -1;  ///< event time; −1: none
  int64_t shift_us = 0;  ///< once the watermark has reached time + shift, no such row comes
};

/// How far apart the times of partners may lie: lower ≤ right.time − left.time ≤ upper.
struct JoinInterval {
  int64_t lower_us = 0;
  int64_t upper_us = 0;
};

struct StreamJoinOptions {
  JoinKind kind = JoinKind::kInner;
  std::array<JoinInput, 2> inputs;  ///< left, right
  SchemaPtr output;                 ///< left columns, then right ones; of kSemi and kAnti the left
  ExprPtr residual;  ///< what else partners must meet, over left columns then right; may be null
  std::optional<JoinInterval> interval;
  int64_t ttl_us = 0;  ///< rows are forgotten so long after they came (wall clock); 0 = never
};

/// Joins two streams, each row with the rows of the other side that came before or come after it.
///
/// With an interval, rows are kept until the watermark says that no partner can come; a row without
/// partner (LEFT, RIGHT, FULL, ANTI) is given then, once, in the order of times. The output's
/// watermark lags by as much as rows wait. Late rows are rejected (kLate).
///
/// Without one, rows are kept for ever or for the TTL, and what has no partner yet is given at once
/// and taken back when one comes. Inputs may take rows back.
std::unique_ptr<Operator> make_stream_join(StreamJoinOptions options);

}  // namespace velo
