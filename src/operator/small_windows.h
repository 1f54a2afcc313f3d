#pragma once

#include <span>
#include <vector>

#include "operator/window_aggregate.h"
#include "state/key_table.h"
#include "state/window_store.h"

namespace velo {

/// Results of windows with few groups, which fire many at a time: gathered, and written as one
/// batch, as making a batch costs more than a few rows of it.
class SmallWindows {
 public:
  /// Borrows `layout`.
  SmallWindows(const WindowAggregateOptions& options, const AggregateLayout* layout);

  /// Whether a window of so many groups is gathered: false if it is large, or if its states are not
  /// cheap to copy.
  bool takes(size_t groups) const { return cheap_ && groups <= kGroupsMax; }
  /// The groups of a window of `store` in the order of its rows, and their slots.
  void add(WindowStore& store, const WindowStore::Window& window, std::span<const uint32_t> groups,
           std::span<const uint32_t> slots, int64_t start_us, int64_t end_us);
  bool full() const { return groups_.size() >= kRowsPerBatch - kGroupsMax; }
  /// Writes what was gathered; groups whose result failed are rejected.
  void emit(const KeyTable& keys, Output& output);

 private:
  static constexpr size_t kGroupsMax = 256;
  static constexpr size_t kRowsPerBatch = 4096;
  ColumnPtr window_column(const std::vector<int64_t>& values, int64_t offset_us) const;

  SchemaPtr schema_;
  Type time_type_;
  bool with_start_, with_end_, with_time_;
  bool cheap_;
  GroupStates states_;  // by row
  std::vector<uint32_t> groups_;
  std::vector<int64_t> starts_us_;
  std::vector<int64_t> ends_us_;
  std::vector<uint32_t> numbers_;  // 0, 1, 2 …
};

}  // namespace velo
