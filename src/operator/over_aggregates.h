#pragma once

#include <memory>
#include <vector>

#include "operator/over_cursor.h"
#include "state/group_states.h"

namespace velo {

/// Aggregates over the frames of one kind. Each row of a partition enters once and leaves once.
class OverAggregates {
 public:
  virtual ~OverAggregates() = default;
  /// Rows that came, whose frames may be asked for later.
  virtual void arrive(const Batch& rows, EvaluationContext& context) = 0;
  /// A column per aggregate for the turn's rows. Those without a result are in `errors`.
  virtual std::vector<ColumnPtr> answer(const OverTurn& turn, const OverSpans& spans,
                                        EvaluationContext& context, RowErrors& errors) = 0;
  /// No row before this index is asked for by later frames, from `next` on.
  virtual uint64_t low(uint32_t group, const OverNextFrame& next) const = 0;
  /// The handles are about to stand for other rows.
  virtual void forget_rows(std::span<const uint32_t> handles) = 0;
  virtual void forget(uint32_t group) = 0;
  /// The turn is over: gives back memory.
  virtual void settle() {}
  /// Whole partitions were answered; others follow.
  virtual void clear() = 0;

  virtual void save(std::span<const uint32_t> groups, std::span<const uint32_t> handles,
                    SnapshotWriter& writer) const = 0;
  /// Loads what was saved of `rows` rows, whose handles are 0, 1, ….
  virtual Status load(std::span<const uint32_t> groups, size_t rows, SnapshotReader& reader) = 0;
  virtual StateBytes memory_bytes() const = 0;
};

struct OverAggregatesOptions {
  SchemaPtr schema;
  std::vector<Aggregate> aggregates;
  bool starts_with_partition = false;  ///< the frames: no row leaves
  bool whole = false;                  ///< partitions come whole
};

/// Whether the state of this aggregate is a few numbers, or one value: cheap to copy and to merge.
bool merges_cheaply(const Aggregate& aggregate);

/// Whether the states follow from numbers that the rows have: frames of them are answered along
/// these, and rows keep nothing else.
bool follows_from_numbers(const Aggregate& aggregate);

/// Whether the result follows from which rows of the frame count, found by index in the column that
/// the aggregate reads: MIN and MAX of texts, the first and the last value, what is made of the
/// DISTINCT values. Of frames that
/// rows leave, where partitions do not come whole.
bool follows_from_indexes(const Aggregate& aggregate);

/// Whether the result is made of a list of all values: of frames that rows leave, and where
/// partitions come whole.
bool follows_from_lists(const Aggregate& aggregate);

/// For aggregates that follow from numbers.
std::unique_ptr<OverAggregates> make_number_aggregates(OverAggregatesOptions options,
                                                       const OverRows& rows);
/// For other aggregates that merge cheaply: a frame is two states, what of it had come at the last
/// turn of the tables and what has come since (two stacks).
std::unique_ptr<OverAggregates> make_merged_aggregates(OverAggregatesOptions options,
                                                       const OverRows& rows);
/// For aggregates that follow from indexes. The columns that they read are kept by `rows`.
std::unique_ptr<OverAggregates> make_indexed_aggregates(OverAggregatesOptions options,
                                                        const OverRows& rows);
/// For aggregates that follow from lists. The columns that they read are kept by `rows`.
std::unique_ptr<OverAggregates> make_list_aggregates(OverAggregatesOptions options,
                                                     const OverRows& rows);
/// For aggregates that keep values: one state per partition, which rows enter and leave. The
/// columns that they read are kept by `rows`.
std::unique_ptr<OverAggregates> make_sliding_aggregates(OverAggregatesOptions options,
                                                        const OverRows& rows);

}  // namespace velo
