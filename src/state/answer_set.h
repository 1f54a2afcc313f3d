#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "state/join_rows.h"

namespace velo {

/// What `x IN (…)` is.
enum class Truth : int8_t { kFalse, kTrue, kUnknown };

/// The rows of a sub-query that IN and EXISTS are asked of. A row has key columns, by which it
/// belongs to rows around, and value columns, which IN compares; EXISTS has none. Of equal rows one
/// is kept, with their number.
///
/// x IN (the rows of a key) is TRUE if one equals x; else NULL if one could, were its NULLs or
/// those of x known; else FALSE. Rows without NULLs are found by key and value; those with NULLs,
/// and for an x of several values with NULLs all rows, are looked at one by one.
///
/// A row that comes again is as young as if it came for the first time.
class AnswerSet {
 public:
  /// `keys` and `values`: columns of `rows`, the sub-query's rows. `ttl_us`: how long ago
  /// expire_arrivals lies; 0 = it is not called.
  AnswerSet(const SchemaPtr& rows, std::vector<size_t> keys, std::vector<size_t> values,
            int64_t ttl_us = 0);

  /// Adds all rows of a batch, or takes them away. `now_us` does not go back.
  void add(const Batch& batch, int64_t now_us);
  void take(const Batch& batch);
  /// The rows of a batch that could change an answer, were they added (or taken away): the others
  /// are there already (or more than once).
  Selection telling_rows(const Batch& batch, bool taken) const;

  /// What `values` IN the rows of `keys` is, for each of `rows` rows.
  std::vector<Truth> ask(std::span<const ColumnPtr> keys, std::span<const ColumnPtr> values,
                         size_t rows);

  void expire_arrivals(int64_t before_us);
  size_t rows() const { return known_.rows() + holed_.rows(); }
  size_t memory_bytes() const {
    return known_.memory_bytes() + holed_.memory_bytes() + key_bytes();
  }
  /// Of them the bytes of the rows' columns.
  size_t column_bytes() const { return known_.column_bytes() + holed_.column_bytes(); }
  /// Keys whose rows are counted, and of all bytes those that this takes.
  size_t keys() const { return keyed_ ? keyed_->rows() : 0; }
  size_t key_bytes() const { return keyed_ ? keyed_->memory_bytes() : 0; }
  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);

 private:
  using Id = JoinRows::Id;
  /// Rows of keys and values, and how they are found.
  struct Asked {
    Batch rows;
    RowKeys by_key;
    RowKeys by_all;
  };
  Asked asked(std::span<const ColumnPtr> keys, std::span<const ColumnPtr> values,
              size_t rows) const;
  Asked asked(const Batch& batch) const;
  Id find(const JoinRows& store, const Asked& asked, size_t row) const;
  void load_soon(const Asked& asked, size_t row) const {
    if (row % JoinRows::kAhead == 0) known_.load_soon(asked.by_all, row);
  }
  Truth answer(const Asked& asked, size_t row) const;
  bool some_could_equal(const JoinRows& store, const std::vector<Id>& ids, const Batch& asked,
                        size_t row) const;
  void count_row(JoinRows& store, const Asked& rows, uint32_t row, int64_t now_us,
                 uint32_t times = 1) const;
  void count_keys();
  void count_keys_of(const JoinRows& store);
  const RowKeys& keys_of(const JoinRows& store, const Asked& asked) const {
    return &store == &known_ ? asked.by_all : asked.by_key;
  }
  bool is_holed(const Asked& asked, size_t row) const {
    return !values_.empty() && asked.by_all.has_null(row);
  }
  /// The answer depends on whether its key has any rows.
  bool asks_for_key(const Asked& asked, size_t row) const {
    return values_.size() == 1 && !keys_.empty() && is_holed(asked, row) &&
           !asked.by_key.has_null(row);
  }
  void trim();

  std::vector<size_t> keys_;    // of the sub-query's rows
  std::vector<size_t> values_;  // of the sub-query's rows
  SchemaPtr schema_;            // keys, then values
  int64_t ttl_us_;
  JoinRows known_;  // no NULLs; found by key and value
  JoinRows holed_;  // with NULLs among the values; found by key
  // Of one value only, and once it was asked for with x NULL: the keys, and how many rows each has.
  std::optional<JoinRows> keyed_;
  int64_t total_ = 0;  // rows, where there are neither keys nor values
};

}  // namespace velo
