#pragma once

#include <functional>
#include <map>
#include <vector>

#include "column/scalar.h"
#include "operator/group_input.h"
#include "operator/kept_column.h"

namespace velo {

/// The result rows of some groups at one moment. `exists[i]`: group i has a row at all.
struct GroupResults {
  std::vector<uint8_t> exists;
  std::vector<ColumnPtr> columns;  ///< one per aggregate, a row per group
};

/// Writes result rows: keys, then the window's columns, then aggregates.
class ResultRows {
 public:
  /// Constant columns between keys and aggregates (window_start…) are made by the caller.
  explicit ResultRows(SchemaPtr schema) : schema_(std::move(schema)) {}
  const SchemaPtr& schema() const { return schema_; }

  /// One row per group that exists. Groups whose result failed are rejected.
  void emit(const KeyTable& keys, std::span<const uint32_t> groups, GroupResults results,
            RowErrors& errors, const std::vector<Scalar>& window, Output& output);
  /// A change of some groups.
  struct Change {
    const GroupResults& before;
    const GroupResults& after;
    /// In force, where what changes has fired: the rows are late for those who window them again.
    int64_t watermark;
  };
  /// What changed: for every group −old and +new, neither where both are equal. Groups whose new
  /// result failed (`errors`) are rejected, and do not exist in `after`.
  void emit_changes(const KeyTable& keys, std::span<const uint32_t> groups, const Change& change,
                    RowErrors& errors, const std::vector<Scalar>& window, Output& output);

 private:
  Batch assemble(std::vector<ColumnPtr> keys, std::vector<ColumnPtr> aggregates,
                 const std::vector<Scalar>& window, size_t rows);
  ColumnPtr window_column(size_t k, const Scalar& value, size_t rows);

  SchemaPtr schema_;
  std::vector<uint32_t>
      last_groups_;  // whose key columns `last_keys_` are: windows often have equal groups
  std::vector<ColumnPtr> last_keys_;
  std::vector<KeptColumn> window_columns_;
};

/// Results as they were before the first change since the last emission, per window (named by its
/// end). capture → fold → … → emit gives coalesced refinements.
class PendingChanges {
 public:
  using Compute = std::function<GroupResults(int64_t window, std::span<const uint32_t> groups)>;
  using Emit = std::function<void(int64_t window, std::span<const uint32_t> groups,
                                  const GroupResults& before)>;

  /// Remembers the current results of those groups that are not pending yet. `groups` may repeat.
  void capture(int64_t window, std::span<const uint32_t> groups, const Compute& compute);
  /// All pending windows in ascending order; then they are pending no more.
  void flush(const Emit& emit);
  bool empty() const { return windows_.empty(); }

  /// Adds the groups that it names.
  void collect_groups(std::vector<uint32_t>* groups) const;
  /// Group numbers are written as positions in `live` (ascending).
  void save(std::span<const uint32_t> live, SnapshotWriter& writer) const;
  /// `groups`: the number of each live group. `types`: of the aggregates.
  Status load(std::span<const uint32_t> groups, std::span<const Type> types,
              SnapshotReader& reader);

 private:
  struct Window {
    std::vector<uint8_t> known;  // by group
    std::vector<uint32_t> groups;
    std::vector<GroupResults> parts;
    GroupResults before() const;
  };
  std::map<int64_t, Window> windows_;
};

}  // namespace velo
