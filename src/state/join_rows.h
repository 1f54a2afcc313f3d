#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "state/row_store.h"
#include "state/word_rows.h"

namespace velo {

/// What a join remembers of one side: rows found by key, in the form that takes the least. They are
/// a RowStore, or WordRows where the join needs nothing of them but a key of 64 bits.
///
/// Equal rows come out newest first, but where only their numbers tell them apart. A row is named
/// by a number that is valid until `trim`, which is called when rows were stored or removed.
class JoinRows {
 public:
  using Id = RowStore::Id;
  static constexpr Id kNone = RowStore::kNone;
  static constexpr size_t kAhead = RowStore::kAhead;

  struct Options {
    SchemaPtr schema;
    std::vector<size_t> keys;
    bool counts = false;   ///< every row carries a number, at first 0: of its partners
    int time_column = -1;  ///< −1: rows are not forgotten by time
    int64_t reach_us = 0;  ///< a row is needed until the watermark reaches its time + reach
    int64_t ttl_us = 0;    ///< how long ago expire_arrivals lies; 0: it is not called
  };
  explicit JoinRows(const Options& options) : rows_(make(options)) {}

  /// Stores rows of a batch; `counts` are theirs, or all 0. `now_us` does not go back.
  void append(const Batch& batch, std::span<const uint32_t> rows, const RowKeys& keys,
              int64_t now_us, std::span<const uint32_t> counts = {}) {
    std::visit([&](auto& store) { store.append(batch, rows, keys, now_us, counts); }, rows_);
  }
  void append_all(const Batch& batch, const RowKeys& keys, int64_t now_us,
                  std::span<const uint32_t> counts = {}) {
    std::visit([&](auto& store) { store.append_all(batch, keys, now_us, counts); }, rows_);
  }

  /// Calls visit(id) for every row whose keys equal those of row `row`.
  template <typename Visit>
  void each_equal(const RowKeys& keys, size_t row, Visit visit) const {
    std::visit([&](const auto& store) { store.each_equal(keys, row, visit); }, rows_);
  }
  /// Calls visit(row, id) for every such pair of the rows of a batch, row by row; quicker than one
  /// after the other. What is stored must stay as it is.
  template <typename Visit>
  void each_pair(const RowKeys& keys, Visit visit) const {
    std::visit([&](const auto& store) { store.each_pair(keys, visit); }, rows_);
  }
  /// Asks for the memory that each_equal of the rows from `begin` on will look at, of kAhead rows.
  void load_soon(const RowKeys& keys, size_t begin) const {
    std::visit([&](const auto& store) { store.load_soon(keys, begin); }, rows_);
  }
  /// The oldest row that equals row `row` of the batch in every column, or kNone.
  Id find(const Batch& batch, size_t row, const RowKeys& keys) const {
    return std::visit([&](const auto& store) { return store.find(batch, row, keys); }, rows_);
  }

  /// REQUIRES: a time column.
  int64_t time_of(Id id) const {
    return std::visit([&](const auto& store) { return store.time_of(id); }, rows_);
  }
  /// When the last of the rows came that are forgotten by arrival together with this one.
  int64_t arrival_of(Id id) const {
    return std::visit([&](const auto& store) { return store.arrival_of(id); }, rows_);
  }
  /// REQUIRES, of these: options.counts.
  uint32_t count(Id id) const {
    return std::visit([&](const auto& store) { return store.count(id); }, rows_);
  }
  void set_count(Id id, uint32_t count) {
    std::visit([&](auto& store) { store.set_count(id, count); }, rows_);
  }
  /// The values of one column for these rows; NULL for kNone.
  ColumnPtr gather(size_t column, std::span<const Id> ids) const {
    return std::visit([&](const auto& store) { return store.gather(column, ids); }, rows_);
  }

  /// The row can be read until another is stored, or `trim`.
  void remove(Id id) {
    std::visit([&](auto& store) { store.remove(id); }, rows_);
  }
  /// Removes the rows that `watermark` has made useless, as RowStore. REQUIRES: a time column.
  void expire(int64_t watermark, std::vector<Id>* unmatched) {
    std::visit([&](auto& store) { store.expire(watermark, unmatched); }, rows_);
  }
  /// Removes rows that came before; some stay for a little while. REQUIRES: a TTL.
  void expire_arrivals(int64_t before_us) {
    std::visit([&](auto& store) { store.expire_arrivals(before_us); }, rows_);
  }
  void clear() {
    std::visit([](auto& store) { store.clear(); }, rows_);
  }
  /// All rows; oldest first where a RowStore never had one removed.
  std::vector<Id> live() const {
    return std::visit([](const auto& store) { return store.live(); }, rows_);
  }
  /// Gives back the memory of removed rows, and gives rows new numbers.
  void trim() {
    std::visit([](auto& store) { store.trim(); }, rows_);
  }

  size_t rows() const {
    return std::visit([](const auto& store) { return store.rows(); }, rows_);
  }
  size_t memory_bytes() const {
    return std::visit([](const auto& store) { return store.memory_bytes(); }, rows_);
  }
  /// Of them the bytes of the rows' columns.
  size_t column_bytes() const {
    return std::visit([](const auto& store) { return store.column_bytes(); }, rows_);
  }

  void save(SnapshotWriter& writer) const {
    std::visit([&](const auto& store) { store.save(writer); }, rows_);
  }
  /// REQUIRES: empty, and the same options as at `save`.
  Status load(SnapshotReader& reader) {
    return std::visit([&](auto& store) { return store.load(reader); }, rows_);
  }

 private:
  using Rows = std::variant<RowStore, WordRows>;
  static Rows make(const Options& options) {
    if (WordRows::is_for(*options.schema, options.keys)) {
      return WordRows({options.schema, options.counts, options.time_column >= 0, options.reach_us,
                       options.ttl_us});
    }
    const bool reuses = options.time_column < 0 && options.ttl_us == 0;
    return RowStore({options.schema, options.keys, options.time_column, options.reach_us,
                     options.counts, reuses});
  }
  Rows rows_;
};

}  // namespace velo
