#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <vector>

#include "operator/over.h"
#include "operator/over_aggregates.h"
#include "operator/over_navigation.h"

namespace velo {

/// All columns that the call reads.
void add_columns_of(const OverCall& call, std::set<size_t>* columns);

/// What must be remembered of rows for these calls. `whole`: partitions come whole. `delayed`: rows
/// are answered later than they come, so that until then all their columns are kept but for those
/// of PARTITION BY that are like those of all rows of their partition.
OverRows::Options rows_for(const OverOptions& options, bool whole, bool delayed);

/// Bytes of the columns that frames read of a row before theirs.
size_t read_bytes(const OverOptions& options);

/// All calls of one OVER, over the rows of `rows`: those with the same frame share where it begins
/// and ends, and their aggregates.
class OverAnswers {
 public:
  OverAnswers(const OverOptions& options, bool whole, OverRows& rows);

  /// The last rows that `rows` took.
  void arrive(const Batch& batch, EvaluationContext& context);
  /// One column per call. Rows without a result are in `errors`.
  std::vector<ColumnPtr> answer(const OverTurn& turn, EvaluationContext& context,
                                RowErrors& errors);
  /// No row before this index is asked for by later frames: those of rows from `next` on.
  uint64_t low(uint32_t group, uint64_t next) const;
  void forget_rows(std::span<const uint32_t> handles);
  void forget(uint32_t group);
  /// The turn is over: gives back memory.
  void settle();
  /// Whole partitions were answered; others follow.
  void clear();

  /// `handles`: of the rows, in order.
  void save(std::span<const uint32_t> groups, std::span<const uint32_t> handles,
            SnapshotWriter& writer) const;
  Status load(std::span<const uint32_t> groups, size_t rows, SnapshotReader& reader);
  StateBytes memory_bytes() const;

 private:
  /// The calls whose frames are the same.
  struct Framed {
    OverCursor cursor;
    OverSpans spans;
    /// Aggregates of one kind, and which calls they answer.
    struct Aggregates {
      std::unique_ptr<OverAggregates> made;
      std::vector<size_t> calls;
    };
    Aggregates numbers, indexed, lists, merged, sliding;
    std::array<const Aggregates*, 5> kinds() const {
      return {&numbers, &indexed, &lists, &merged, &sliding};
    }
    std::vector<OverNavigation> navigations;
    std::vector<size_t> navigation_calls;
    std::vector<size_t> rank_calls;
    bool has_calls() const {
      return !navigations.empty() ||
             std::ranges::any_of(kinds(), [](const auto* kind) { return kind->made != nullptr; });
    }
  };
  void add(size_t call);
  Framed& framed_by(const OverFrame& frame);
  void make_aggregates(Framed& framed);
  template <typename Visit>
  void each_aggregates(Visit visit) const {
    for (const Framed& framed : framed_) {
      for (const auto* kind : framed.kinds()) {
        if (kind->made) visit(*kind->made);
      }
    }
  }

  const OverOptions& options_;
  bool whole_;
  OverRows& rows_;
  std::vector<Framed> framed_;
};

}  // namespace velo
