#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "column/batch.h"
#include "column/column_builder.h"
#include "format/decoder.h"
#include "operator/operator.h"
#include "runtime/sink_port.h"

namespace velo {

/// What becomes of a record that is no row. SEMANTICS.md §5.
enum class BadPolicy : uint8_t { kFail, kSkip, kDeadLetter };

/// What a dead-letter table can ask for.
enum class DeadLetterField : uint8_t {
  kNull,
  kBytes,      ///< the record, unchanged (STRING or BYTES)
  kTable,      ///< the table that was read
  kUnit,       ///< file or topic
  kPartition,  ///< its name
  kOffset,     ///< of the record in its unit
  kLine,       ///< NULL where unknown
  kReason,     ///< "field-count"
  kMessage,
};

/// A table for dead letters: what stands in its columns.
struct DeadLetterSpec {
  /// The sink takes messages: they go into it as they came, with what is said of them in headers.
  bool as_messages = false;
  SchemaPtr schema;
  std::vector<DeadLetterField> fields;  ///< one per column
};

/// What stands in the columns of a LATE DATA table.
struct LateSpec {
  enum class Field : uint8_t {
    kInput,
    kWatermark,
    kWindowStart,
    kWindowEnd,
    kLateBy,
    kPosition,  ///< STRING, partition:offset
    kNamed,     ///< the column `name` of the row; NULL if it has none
    kNull,
  };
  struct Column {
    Field field = Field::kNull;
    size_t input = 0;   ///< column of the rejecting operator's input; kPosition: the partition
    size_t offset = 0;  ///< kPosition: of the offset
    std::string name;   ///< of column `input`, for kInput and kPosition; kNamed
    std::string offset_name;
  };
  SchemaPtr schema;
  std::vector<Column> columns;  ///< one per column of the schema
};

/// A record that was left out, and where it stood.
struct BadPlace {
  std::string_view table;
  std::string_view unit;
  std::string_view partition;
};

/// Of a record that came as a message: all of it.
struct BadMessage {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::vector<DeadLetter::Header> headers;
  int32_t partition = 0;
  bool again = false;  ///< another bad record of the message came before: it has its letter
};

/// Where everything goes that leaves a job on the way: counted by those who send it, here shown,
/// written to its side table, or made the end of the job. Any thread; nothing here is on the path
/// of good rows.
class Rejects {
 public:
  struct Policy {
    BadPolicy policy = BadPolicy::kSkip;
    SinkPort* sink = nullptr;  ///< kDeadLetter: borrowed
    DeadLetterSpec spec;
  };

  /// Registers a source; its number.
  size_t add_source(Policy policy);
  /// Late rows of operator `node` go to `sink` (borrowed).
  void set_late(size_t node, SinkPort* sink, LateSpec spec);

  /// Rows that reader `reader` of `source` refuses as future go to `sink` (borrowed) too, with NULL
  /// for all that is not theirs.
  void set_future(size_t source, size_t reader, const Schema& rows, SinkPort* sink,
                  const LateSpec& late);

  /// A record that could not be decoded; `message`: null if it did not come as one. An error if the
  /// policy is to fail.
  Status bad_record(size_t source, const BadPlace& place, const BadRecord& record,
                    const BadMessage* message = nullptr);
  /// Whether messages of the source are to be given whole.
  bool wants_messages(size_t source) const;
  /// Rows that left at a reader of `source`.
  void from_reader(size_t source, size_t reader, std::string_view table, Rejected rejected);
  /// Rows that left at operator `node`. Failed ones follow the policy of source 0.
  void from_operator(size_t node, Rejected rejected);

  /// Passes on what the side tables have buffered, and lets them rotate, while others may write to
  /// them. What fails there becomes `failure`.
  void tend_sinks();

  /// Makes what is in the side tables durable, and publishes it.
  Status publish_sinks(uint64_t epoch);

  /// What made the job fail, if anything did.
  std::optional<Error> failure() const;
  /// Warnings so far; emptied by the call.
  std::vector<std::string> take_messages();
  void add_message(std::string message);

  /// How many of each kind were shown, so that a restart does not begin to count anew.
  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);

 private:
  struct Late {
    size_t node;
    SinkPort* sink;
    LateSpec spec;
  };
  struct Future {
    size_t source;
    size_t reader;
    SinkPort* sink;
    LateSpec spec;
  };
  void failed_rows(size_t source, std::string_view where, const Rejected& rejected);
  void show(size_t reason, std::string message);
  void write_letter(const Policy& policy, const BadPlace& place, const BadRecord& record,
                    const BadMessage* message = nullptr);
  void check(const SinkPort& sink);

  mutable std::mutex mutex_;
  std::vector<Policy> sources_;
  std::vector<Late> late_;
  std::vector<Future> future_;
  std::array<size_t, 6> shown_{};  // by kind: those of RejectReason, then bad
  std::vector<std::string> messages_;
  std::optional<Error> failure_;
};

}  // namespace velo
