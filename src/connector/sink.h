#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/record_span.h"
#include "base/result.h"
#include "connector/block.h"

namespace velo {

/// Records for a sink that takes them one by one. All spans point into `bytes`.
struct OutgoingRecords {
  Bytes bytes;
  std::span<const RecordSpan> values;      ///< kNullLength: a tombstone
  std::span<const RecordSpan> keys;        ///< empty, or one per record; kNullLength: none
  std::span<const int64_t> timestamps_ms;  ///< since 1970, one per record; empty: now
  std::span<const std::vector<HeaderSpan>> headers;  ///< empty, or one list per record
  std::span<const uint32_t> partitions = {};  ///< empty: the sink deals them; else one per record
};

/// Moves encoded bytes out. Used by one thread.
///
/// Life: open, write*, then finish (publishes everything) or abort_all. A sink destroyed without
/// `finish` leaves nothing behind that looks like a result.
/// With checkpoints: … write*, prepare(e), [write*], commit(e) …, finish. What was written before
/// prepare(e) becomes visible with commit(e), or at once where the sink cannot do better (print).
/// After a crash: recover(text of the last completed prepare) in the place of open.
///
/// kClosed from any call means that the reader went away (a closed pipe): a clean stop, not a
/// failure.
class Sink {
 public:
  virtual ~Sink() = default;

  /// Makes the connection or the file; errors here come before anything runs.
  virtual Status open() = 0;
  /// Where records can be dealt to. REQUIRES: open.
  virtual uint32_t partitions() const { return 1; }
  /// Written at the beginning of each unit (file) that is made: a CSV header. REQUIRES: before the
  /// first write.
  virtual void set_preamble(std::string preamble) { (void)preamble; }
  /// Whole records with their separators, `rows` of them.
  virtual Status write(Bytes encoded, uint64_t rows) = 0;
  /// Instead of `write`, for sinks of records.
  virtual Status write_records(const OutgoingRecords& records) {
    (void)records;
    return Error(ErrorCode::kInternal, "this sink takes bytes, not records");
  }
  /// Passes on what is buffered, so that a watcher sees it. Publishes nothing.
  virtual Status flush() = 0;
  /// To be called now and then when nothing is written: rotation by time happens here too.
  virtual Status tick() { return {}; }

  /// Makes everything written so far durable under `epoch`. The answer goes into the checkpoint,
  /// for `recover`.
  virtual Result<std::string> prepare(uint64_t epoch) {
    (void)epoch;
    TRY(flush());
    return std::string();
  }
  /// The checkpoint `epoch` is complete: publish what it prepared. Idempotent.
  virtual Status commit(uint64_t epoch) { (void)epoch; return {}; }
  /// The checkpoint `epoch` failed: what it prepared belongs to the next one.
  virtual Status abort(uint64_t epoch) { (void)epoch; return {}; }
  /// Instead of `open`, after a crash: completes the commit of the checkpoint that holds
  /// `prepared`, and drops what was written after it.
  virtual Status recover(std::string_view prepared) {
    (void)prepared;
    return open();
  }

  /// The end: publishes everything. Nothing may be called after it.
  virtual Status finish() = 0;

  /// Records that are handed over and not acknowledged, and what went wrong on the way, mended or
  /// not: of sinks that send.
  virtual uint64_t waiting() const { return 0; }
  virtual uint64_t errors() const { return 0; }

  uint64_t rows_written() const { return rows_written_; }
  uint64_t bytes_written() const { return bytes_written_; }  ///< before compression

 protected:
  void count(Bytes encoded, uint64_t rows) {
    rows_written_ += rows;
    bytes_written_ += encoded.size();
  }

 private:
  uint64_t rows_written_ = 0;
  uint64_t bytes_written_ = 0;
};

}  // namespace velo
