#pragma once

#include <cstdint>
#include <string>

#include "column/batch.h"
#include "expr/evaluator.h"
#include "state/snapshot.h"

namespace velo {

/// Event times in microseconds. A watermark w says: no more rows with time ≤ w are expected.
inline constexpr int64_t kWatermarkNone = INT64_MIN;
inline constexpr int64_t kWatermarkEnd = INT64_MAX;

/// Why a row left the stream.
enum class RejectReason : uint8_t {
  kLate,       ///< every window that it belongs to, or this one, is closed
  kFuture,     ///< its time is too far ahead of the clock
  kError,      ///< an expression failed for it
  kNoTime,     ///< its event time is NULL
  kUnmatched,  ///< it takes back or deletes a row that is not there
};

/// Rows that left the stream, with what they looked like where that happened.
struct Rejected {
  RejectReason reason;
  /// The rows as the operator saw them. Late rows have four columns more: the watermark, the
  /// window's start and end (TIMESTAMP) and by how much they were late (INTERVAL).
  Batch rows;
  std::string message;  ///< of the first row, for kError
};

/// Where an operator puts its results. Calls go straight into the next operator: no queue in
/// between.
class Output {
 public:
  virtual ~Output() = default;
  /// Rows of the operator's output schema. Never empty.
  virtual void emit(Batch batch) = 0;
  /// All rows with time ≤ `watermark` have been emitted. Never goes back.
  virtual void advance(int64_t watermark) = 0;
  virtual void reject(Rejected rejected) = 0;
};

/// One step over batches. An operator owns state and nothing else: no thread, no clock, no I/O. It
/// is driven from one thread at a time; `advance` and `push` of one input come in the order of the
/// stream.
///
/// Watermarks: `advance` must call `output.advance` once it has emitted what the watermark releases
/// (row-wise operators at once; the default does that for operators with one input).
class Operator {
 public:
  virtual ~Operator() = default;

  /// REQUIRES: the batch has the input's schema and at least one row.
  virtual void push(size_t input, const Batch& batch, Output& output) = 0;
  virtual void advance(size_t input, int64_t watermark, Output& output) {
    (void)input;
    output.advance(watermark);
  }
  /// Of operators with several inputs: `input` is silent, so that its watermark holds the others
  /// back no more; or speaks again, before what it says.
  virtual void idle(size_t input, bool is_idle, Output& output) {
    (void)input;
    (void)is_idle;
    (void)output;
  }
  /// The wall clock moved to `now_us`: for what is paced by it (EMIT EVERY). Called between
  /// batches, at least every 100 ms while running.
  virtual void tick(int64_t now_us, Output& output) {
    (void)now_us;
    (void)output;
  }
  /// No more rows on any input: emit all that is held. `advance(kWatermarkEnd)` came before on
  /// every input.
  virtual void finish(Output& output) { (void)output; }

  /// False: whatever else is pushed will change nothing (a LIMIT that is full). The source may
  /// stop.
  virtual bool wants_more() const { return true; }

  /// The whole run state, such that a fresh operator that loads it goes on as this one would.
  virtual void save(SnapshotWriter& writer) const { (void)writer; }
  /// REQUIRES: nothing was pushed yet.
  virtual Status load(SnapshotReader& reader) {
    (void)reader;
    return {};
  }

  /// One line for EXPLAIN ANALYZE: "WindowAggregate TUMBLE(60 s) keys=[symbol]".
  virtual std::string explain() const = 0;
  virtual const SchemaPtr& output_schema() const = 0;
  /// Heap bytes of the run state.
  virtual size_t state_bytes() const { return 0; }
  virtual size_t state_rows() const { return 0; }
  /// Of operators that keep rows: the bytes of these rows' columns, which are part of the state's
  /// or are kept once for many rows.
  virtual size_t state_column_bytes() const { return 0; }
  /// Of operators that keep rows of keys: how many keys, and of the state's bytes those that they
  /// take beside their rows.
  virtual size_t state_keys() const { return 0; }
  virtual size_t state_key_bytes() const { return 0; }

  /// The clock, zone and randomness for expressions; set by the pipeline before each batch.
  EvaluationContext& context() { return context_; }

 protected:
  EvaluationContext context_;
};

}  // namespace velo
