#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "operator/over_kept.h"
#include "operator/over_peers.h"
#include "operator/over_ranges.h"
#include "operator/row_order.h"

namespace velo {

/// The rows that OVER looks at: partitions as sequences, of which the rows from `first` on are
/// still there.
///
/// Columns that are asked for are kept by partition and index. Where states beside rows are asked
/// for, a row has a small number, its handle, by which they are found: in arrays indexed by handle.
/// Handles of rows that are forgotten are given to new ones. Where partitions come whole (`whole`)
/// handles are simply the batch's row numbers.
class OverRows {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Options {
    SchemaPtr schema;
    std::vector<SortKey> order;
    std::vector<size_t> kept;     ///< columns that are asked for after their batch
    /// Others that are asked for until the row is answered; so may be the time that `ranges` have.
    std::vector<size_t> waiting;
    bool whole = false;           ///< a batch has whole partitions, one after the other
    bool peers = false;           ///< numbers of peers are asked for, of rows to be answered
    bool peers_behind = false;    ///< and of others that are kept
    bool ranges = false;          ///< values of the first order key are
    bool handles = false;         ///< `handle` is
  };
  explicit OverRows(Options options);

  /// Takes rows that stand in their order, by partition; `groups` are theirs. REQUIRES: no row is a
  /// peer of one from an earlier batch. With `whole`: of partitions 0, 1, … in turn; what was there
  /// is gone.
  void take(const Batch& rows, std::span<const uint32_t> groups);

  /// Of the last batch, by row.
  const GroupRuns& taken_runs() const { return runs_; }
  std::span<const uint32_t> handles() const { return handles_; }
  /// All handles are below; none are left once `settle` found no rows.
  uint32_t handle_end() const { return handle_end_; }

  size_t groups() const { return keys_.size(); }
  /// Partitions of which rows have come. REQUIRES: not `whole`.
  size_t known() const { return known_; }
  /// How many rows of the partition have come.
  uint64_t count(uint32_t group) const { return keys_[group].count; }
  uint64_t first(uint32_t group) const { return keys_[group].first; }
  /// The first row whose `waiting` columns are there.
  uint64_t waits_from(uint32_t group) const {
    return options_.waiting.empty() ? keys_[group].first : waits_from_[group];
  }
  /// REQUIRES: options.handles, first ≤ index < count.
  uint32_t handle(uint32_t group, uint64_t index) const {
    if (options_.whole) return begins_[group] + static_cast<uint32_t>(index);
    return listed(group, index);
  }
  /// Which group of equal rows of its partition the row belongs to, from 0; and the index of that
  /// group's first row.
  uint64_t peer(uint32_t group, uint64_t index) const {
    return options_.whole ? whole_peers_[begins_[group] + index].number
                          : peers_.number(group, index);
  }
  uint64_t peer_first(uint32_t group, uint64_t index) const {
    return options_.whole ? whole_peers_[begins_[group] + index].first : peers_.first(group, index);
  }
  RangeKeys::Keys ranges(uint32_t group) const {
    return options_.whole ? ranges_.whole_keys(begins_[group]) : ranges_.keys(group);
  }

  /// Whether the column is kept, of whatever rows.
  bool has(size_t column) const {
    return kept_at_[column] >= 0 || waiting_at_[column] >= 0 || is_in_ranges(column);
  }
  /// The column's values in these rows: NULL for kNoRow, or first ≤ index < count; of `waiting`
  /// columns, of rows that are not answered. REQUIRES: it is kept.
  static constexpr uint64_t kNoRow = KeptColumns::kNoRow;
  ColumnPtr gather(size_t column, std::span<const uint32_t> groups,
                   std::span<const uint64_t> indexes) const;

  /// The same of one row, and of a column of this fixed width. REQUIRES: not `whole`.
  template <typename T>
  const T& value(size_t column, uint32_t group, uint64_t index) const {
    return columns_with(column).value<T>(place_of(column), group, index);
  }
  bool is_null(size_t column, uint32_t group, uint64_t index) const {
    if (options_.whole) return batch_.columns[column]->is_null(handle(group, index));
    return columns_with(column).is_null(place_of(column), group, index);
  }
  /// A time, which is not NULL.
  int64_t time_at(size_t column, uint32_t group, uint64_t index) const {
    return is_in_ranges(column) ? ranges_.time_at(group, index)
                                : value<int64_t>(column, group, index);
  }

  /// Forgets the rows before index `low`, and of those before `next`, which are answered, what only
  /// their answers needed.
  void forget_before(uint32_t group, uint64_t low, uint64_t next);
  /// Forgets the partition: it begins anew.
  void forget(uint32_t group);
  /// Handles of rows that were forgotten since the last call; they may be given out again.
  std::vector<uint32_t> take_forgotten();
  /// The turn is over: gives back memory.
  void settle();

  /// Stored rows. REQUIRES: not `whole`.
  size_t rows() const { return counted_; }
  /// Of long strings and lists in the columns of stored rows.
  size_t long_bytes() const;
  StateBytes memory_bytes() const;

  /// What a snapshot has of partitions `groups`; the handles of their rows, in order. Loading gives
  /// them handles 0, 1, ….
  std::vector<uint32_t> save(std::span<const uint32_t> groups, SnapshotWriter& writer) const;
  Status load(std::span<const uint32_t> groups, SnapshotReader& reader);

 private:
  struct Key {
    uint64_t first = 0;
    uint64_t count = 0;
  };
  struct Peer {
    uint64_t number = 0;
    uint64_t first = 0;
  };
  uint32_t new_handle();
  void take_handles(std::span<const uint32_t> groups);
  void reserve_handles(uint32_t group, size_t rows);
  uint32_t& listed(uint32_t group, uint64_t index) const {
    auto* handles = reinterpret_cast<uint32_t*>(listed_.values(group, 0));
    return handles[index - listed_.base(group)];
  }
  void take_ranges(const Column& column);
  void take_kept(const Batch& rows);
  std::vector<Type> types_of(const std::vector<size_t>& columns) const;
  /// The time of rows, where `ranges` have it and nothing else does.
  bool is_in_ranges(size_t column) const {
    return options_.ranges && !options_.whole && column == options_.order[0].column &&
           kept_at_[column] < 0 && waiting_at_[column] < 0;
  }
  /// In which of the two a column is that is gathered by index, and where there.
  const KeptColumns& columns_with(size_t column) const {
    return kept_at_[column] >= 0 ? kept_ : waiting_;
  }
  size_t place_of(size_t column) const {
    return static_cast<size_t>(kept_at_[column] >= 0 ? kept_at_[column] : waiting_at_[column]);
  }
  void save_columns(std::span<const uint32_t> groups, SnapshotWriter& writer) const;
  Status load_columns(std::span<const uint32_t> groups, const std::vector<size_t>& columns,
                      std::span<const uint64_t> firsts, KeptColumns* kept, SnapshotReader& reader);
  void resize_groups(size_t groups);
  void number_peers(const Batch& rows, std::span<const uint32_t> groups);
  void number_whole_peers(const Batch& rows, std::span<const uint32_t> groups);
  bool are_peers(const Batch& rows, uint32_t a, uint32_t b) const;

  Options options_;
  std::vector<Key> keys_;                     // by group
  std::vector<uint64_t> waits_from_;          // by group, if there are `waiting` columns
  std::vector<uint32_t> begins_;              // by group, where whole: the handle of row 0
  OverBlocks listed_{{sizeof(uint32_t)}, {}};  // handles
  std::vector<uint32_t> free_;
  std::vector<uint32_t> forgotten_;  // not yet free: others still know them
  uint32_t handle_end_ = 0;
  OverPeers peers_;
  std::vector<Peer> whole_peers_;  // by row of the batch
  RangeKeys ranges_;
  std::vector<int> kept_at_;     // by column: where it stands among those kept, or −1
  std::vector<int> waiting_at_;  // the same of `waiting`
  KeptColumns kept_;
  KeptColumns waiting_;   // of rows that are not answered
  Batch batch_;           // whole: the rows that are there
  std::vector<uint32_t> handles_;
  GroupRuns runs_;      // of the last batch, unless partitions come whole
  size_t counted_ = 0;  // rows
  size_t known_ = 0;    // partitions
};

}  // namespace velo
