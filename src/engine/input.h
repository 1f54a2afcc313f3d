#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "column/batch.h"
#include "column/column_builder.h"
#include "engine/value.h"

namespace velo {

/// Takes what an Input collects. Implemented by the running query.
class InputTarget {
 public:
  virtual ~InputTarget() = default;
  virtual Status take(uint32_t partition, Batch batch) = 0;
  virtual Status take_bytes(uint32_t partition, std::string_view bytes) = 0;
  virtual Status take_watermark(uint32_t partition, int64_t watermark_us) = 0;
  virtual Status take_end(uint32_t partition) = 0;
};

/// A table that the program feeds: one partition of it. Records are appended straight into column
/// builders and go through the query `batch_rows` at a time, on the thread that pushes. One thread
/// at a time; different partitions may be fed by the same thread only (parallelism 1).
///
/// Errors of the query (a full disk behind its sink) come back from the call that met them and from
/// every later one.
class Input {
 public:
  /// One record, column by column; columns that are not set are NULL. Types are checked against the
  /// table's (a wrong one is a programmer's error). Nothing happens before `commit`.
  ///
  ///     TRY(input.row().int64(0, id).string(1, symbol).float64(2, price).commit());
  class Row {
   public:
    Row& int64(size_t column, int64_t value) {
      at(column, Physical::kInt64).append_int64(value);
      return *this;
    }
    Row& float64(size_t column, double value) {
      at(column, Physical::kDouble).append_double(value);
      return *this;
    }
    Row& boolean(size_t column, bool value) {
      at(column, Physical::kBool).append_bool(value);
      return *this;
    }
    Row& decimal(size_t column, int128_t unscaled) {
      at(column, Physical::kInt128).append_int128(unscaled);
      return *this;
    }
    /// STRING and BYTES; long values are copied.
    Row& string(size_t column, std::string_view value) {
      at(column, Physical::kString).append_string(value);
      return *this;
    }
    Row& null(size_t column) {
      input_.builders_[column].append_null();
      ++set_;
      return *this;
    }
    Status commit() { return input_.close_row(set_); }
    /// Commits a row that goes: for tables whose records are changes ('scan.changelog'). Read by
    /// key only the key counts.
    Status commit_deletion() {
      input_.deletions_.push_back(static_cast<uint32_t>(input_.rows_));
      return input_.close_row(set_);
    }

   private:
    friend class Input;
    explicit Row(Input& input) : input_(input) {}
    ColumnBuilder& at(size_t column, Physical physical) {
      DCHECK(column < input_.builders_.size());
      CHECK(input_.physical_[column] == physical, "push: value of another type than the column");
      ++set_;
      return input_.builders_[column];
    }
    Input& input_;
    size_t set_ = 0;
  };

  /// REQUIRES: the row before was committed.
  Row row() { return Row(*this); }
  /// One record, a value per column in order (missing ones at the end are NULL). Error
  /// kTypeMismatch if a value does not fit its column: nothing was appended then.
  Status push(std::span<const Value> record);
  /// A batch of the table's columns; records pushed before go first. Weights are changes.
  Status push(Batch batch);
  /// A stretch of text in the table's 'format' (the table must have one).
  Status push_bytes(std::string_view bytes);

  /// No more rows with time ≤ `watermark_us` will be pushed here. For tables without WATERMARK.
  Status advance_watermark(int64_t watermark_us);
  /// Sends what is collected through the query.
  Status flush();
  /// Flushes; nothing more comes on this partition.
  Status finish();

  const SchemaPtr& schema() const { return schema_; }
  const std::string& table() const { return table_; }

  /// Made by Query::input.
  Input(std::string table, SchemaPtr schema, uint32_t partition, size_t batch_rows,
        InputTarget& target);

 private:
  Status close_row(size_t set) {
    if (set != builders_.size()) [[unlikely]]
      fill_missing();
    if (++rows_ >= batch_rows_) [[unlikely]]
      return flush();
    return {};
  }
  Error wrong_type(size_t column) const;
  /// Brings every builder to rows_ + 1 rows.
  void fill_missing();

  std::string table_;
  SchemaPtr schema_;
  uint32_t partition_;
  size_t batch_rows_;
  InputTarget& target_;
  std::vector<ColumnBuilder> builders_;
  std::vector<Physical> physical_;
  std::vector<Value::Kind> kinds_;  ///< what a Value of each column must be
  size_t rows_ = 0;
  std::vector<uint32_t> deletions_;  ///< rows of weight −1, ascending
};

}  // namespace velo
