#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "column/batch.h"
#include "column/row_width.h"
#include "state/snapshot.h"

namespace velo {

/// Rows that wait for the watermark, to be taken up in the order of their times.
///
/// Batches are kept as they come, so that what is released at once is not copied. What still waits
/// of one when a quarter of it is gone moves to a batch of its own, and small ones are put
/// together.
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
  /// Without dictionaries, which are their decoders'.
  size_t memory_bytes() const;
  /// Of them the bytes of the waiting rows' columns.
  size_t column_bytes() const;

  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);

 private:
  /// Rows that came one after the other, and which of them still wait.
  struct Part {
    Batch batch;
    Selection order;  // its rows by time; none: they stand so
    size_t next = 0;  // in that order
    size_t left() const { return batch.rows - next; }
  };
  Selection by_time(const Batch& batch) const;
  size_t row_of(const Part& part, size_t at) const {
    return part.order.empty() ? at : part.order[at];
  }
  int64_t time_of(const Part& part, size_t at) const {
    return part.batch.columns[time_column_]->int64_at(row_of(part, at));
  }
  static Batch rows_of(const Part& part, size_t begin, size_t end);
  static void drop_taken(Part& part);
  void put_together();

  SchemaPtr schema_;
  size_t time_column_;
  std::deque<Part> parts_;
  size_t rows_ = 0;
};

}  // namespace velo
