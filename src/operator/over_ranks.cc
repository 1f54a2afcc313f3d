#include "operator/over_ranks.h"

#include <algorithm>

#include "column/column_builder.h"

namespace velo {
namespace {

template <typename T, typename Value>
ColumnPtr column_of(const Type& type, size_t rows, Value value) {
  ColumnBuilder builder(type, rows);
  T* to = builder.extend<T>(rows);
  for (size_t i = 0; i < rows; ++i) to[i] = value(i);
  builder.added(rows);
  return builder.finish();
}

/// Buckets 1 … n of as equal sizes as may be, larger ones first.
int64_t bucket_of(uint64_t index, uint64_t count, uint64_t buckets) {
  const uint64_t size = count / buckets;
  const uint64_t larger = count % buckets;  // so many have one row more
  const uint64_t in_larger = larger * (size + 1);
  if (index < in_larger) return static_cast<int64_t>(index / (size + 1)) + 1;
  return static_cast<int64_t>(larger + (index - in_larger) / size) + 1;
}

}  // namespace

bool asks_for_peers(OverFunction function) {
  return function == OverFunction::kRank || function == OverFunction::kDenseRank ||
         function == OverFunction::kPercentRank || function == OverFunction::kCumeDist;
}

ColumnPtr rank_column(const OverCall& call, const OverRows& rows, const OverTurn& turn,
                      const OverSpans& peer_spans) {
  const size_t n = turn.size();
  const auto count = [&](size_t i) { return rows.count(turn.groups[i]); };
  switch (call.function) {
    case OverFunction::kRowNumber:
      return column_of<int64_t>(
          call.type, n, [&](size_t i) { return static_cast<int64_t>(turn.indexes[i]) + 1; });
    case OverFunction::kRank:
      return column_of<int64_t>(call.type, n, [&](size_t i) {
        return static_cast<int64_t>(rows.peer_first(turn.groups[i], turn.indexes[i])) + 1;
      });
    case OverFunction::kDenseRank:
      return column_of<int64_t>(call.type, n, [&](size_t i) {
        return static_cast<int64_t>(rows.peer(turn.groups[i], turn.indexes[i])) + 1;
      });
    case OverFunction::kPercentRank:
      return column_of<double>(call.type, n, [&](size_t i) {
        const auto before = static_cast<double>(rows.peer_first(turn.groups[i], turn.indexes[i]));
        return count(i) > 1 ? before / static_cast<double>(count(i) - 1) : 0.0;
      });
    case OverFunction::kCumeDist:
      return column_of<double>(call.type, n, [&](size_t i) {
        return static_cast<double>(peer_spans.ends[i]) / static_cast<double>(count(i));
      });
    case OverFunction::kNtile:
      return column_of<int64_t>(call.type, n, [&](size_t i) {
        return bucket_of(turn.indexes[i], count(i), static_cast<uint64_t>(call.n));
      });
    case OverFunction::kAggregate:
    case OverFunction::kFromStart:
    case OverFunction::kFromEnd:
      break;
  }
  CHECK(false, "not a rank");
  return nullptr;
}

}  // namespace velo
