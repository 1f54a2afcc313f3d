#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "column/batch.h"
#include "column/row_width.h"
#include "state/snapshot.h"

namespace velo {

/// Rows that wait for the watermark, to be taken up in the order of their times.
class WaitingRows {
 public:
  /// `time_column`: of the rows, never NULL.
  WaitingRows(SchemaPtr schema, size_t time_column)
      : schema_(std::move(schema)), time_column_(time_column) {}

  void push(const Batch& batch);
  /// Takes out the rows with time ≤ `watermark`: in the order of time, then of arrival, with their
  /// weights. Empty if there are none.
  Batch release(int64_t watermark);

  size_t rows() const { return rows_; }
  size_t memory_bytes() const;
  /// Of them the bytes of the waiting rows' columns.
  size_t column_bytes() const;

  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);

 private:
  /// One pushed batch and what of it still waits.
  struct Part {
    Batch batch;
    Selection order;  // its rows by time
    size_t next = 0;  // of `order`
  };
  Selection by_time(const Batch& batch) const;
  static void drop_taken(Part& part);
  int64_t time_of(const Part& part, size_t at) const {
    return part.batch.columns[time_column_]->int64_at(part.order[at]);
  }

  SchemaPtr schema_;
  size_t time_column_;
  std::deque<Part> parts_;
  size_t rows_ = 0;
};

}  // namespace velo
