#pragma once

#include <optional>
#include <vector>

#include "operator/over.h"
#include "operator/over_cursor.h"

namespace velo {

/// Rows ordered by event time that are not answered yet, and which of them can be: frames may reach
/// behind their row.
///
/// A row can be answered at a moment that depends on the rows alone: when the row came that
/// completes its frame, or when the watermark passed what its frame reaches. Rows are given in the
/// order of these moments, so that it does not matter how the stream was cut.
///
/// The rows of a partition are answered in their order: of each only its number in the stream is
/// kept, and of a partition that waits the time of the next row to be answered (in a heap, from
/// which what is no longer so goes as it comes up).
class OverQueue {
 public:
  OverQueue(const OverOptions& options, const OverRows& rows);

  /// Whether any row waits longer than until its own time is passed.
  bool delays() const { return rows_ahead_ > 0 || groups_ahead_ > 0 || time_ahead_ > 0; }

  /// The last rows that `rows` took, of partitions `groups`.
  void arrive(std::span<const uint32_t> groups);
  /// Takes out the rows that can be answered once all rows up to `passed` have come. `closed`: no
  /// others will. REQUIRES: `passed` does not go back.
  void take_ready(int64_t passed, bool closed, OverTurn* turn);

  /// Index of the partition's first row that waits.
  uint64_t next(uint32_t group) const { return group < next_.size() ? next_[group] : 0; }
  /// The least time of a row that waits.
  std::optional<int64_t> oldest() const;
  /// How many rows wait.
  size_t waiting() const { return waiting_; }
  /// REQUIRES: none of these partitions' rows waits.
  void forget(std::span<const uint32_t> groups);
  /// The turn is over: gives back memory.
  void settle() { sequences_.settle(); }

  void save(std::span<const uint32_t> groups, SnapshotWriter& writer) const;
  Status load(std::span<const uint32_t> groups, SnapshotReader& reader);
  StateBytes memory_bytes() const;

 private:
  /// A partition whose next row is this one, as long as it is.
  struct Next {
    int64_t time;
    uint64_t index;
    uint32_t group;
    /// Of a heap that has the least time in front.
    bool operator<(const Next& other) const { return time > other.time; }
  };
  /// When a row became ready: after row `sequence` of time `time`, or (phase 1) after all of them.
  struct Moment {
    int64_t time;
    uint8_t phase;
    uint64_t sequence;
    uint64_t own;  ///< the row's own number
    uint32_t group;
    uint64_t index;
    bool operator<(const Moment& other) const;
  };
  bool waits(uint32_t group) const { return next_[group] < rows_.count(group); }
  int64_t time_of(uint32_t group, uint64_t index) const {
    return rows_.time_at(time_column_, group, index);
  }
  uint64_t& sequence_of(uint32_t group, uint64_t index) const {
    auto* values = reinterpret_cast<uint64_t*>(sequences_.values(group, 0));
    return values[index - sequences_.base(group)];
  }
  std::optional<Moment> moment_of(uint32_t group, uint64_t index, int64_t passed,
                                  bool closed) const;
  uint64_t first_of_peer(uint32_t group, uint64_t after, uint64_t peer) const;
  void look_at(uint32_t group, int64_t passed, bool closed);
  void look_at_due(int64_t passed, bool closed);
  void note_next(uint32_t group);
  void drop_stale();

  const OverRows& rows_;
  size_t time_column_;
  uint64_t rows_ahead_ = 0;
  uint64_t groups_ahead_ = 0;
  int64_t time_ahead_ = 0;

  std::vector<uint64_t> next_;       // by group
  OverBlocks sequences_{{sizeof(uint64_t)}, {}};  // of the rows that wait
  uint64_t sequence_ = 0;
  std::vector<Next> nexts_;  // a heap; every partition that waits is in it
  size_t waiting_ = 0;
  // Of the call at work.
  std::vector<Moment> moments_;
  std::vector<uint32_t> touched_;  // groups of rows that arrived
  std::vector<Next> still_;        // due, but not complete
};

}  // namespace velo
