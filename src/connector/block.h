#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/record_span.h"
#include "base/result.h"

namespace velo {

/// Where reading of a partition stands. Opaque to all but the source that made it.
///   files:     path, byte offset (in the uncompressed stream), identity of the file (0 = unknown)
///   generator: "", number of the next row, 0
///   script:    "", bytes pushed so far, number of pushes
///   Kafka:     topic, next offset of the partition, 0
struct Position {
  std::string file;
  uint64_t offset = 0;
  uint64_t extra = 0;

  /// "offset:extra:file", for checkpoints; `parse` is its inverse.
  std::string to_string() const;
  static Result<Position> parse(std::string_view text);
  bool operator==(const Position&) const = default;
};

struct HeaderSpan {
  RecordSpan name;
  RecordSpan value;
};

/// What a message system says about one record; spans point into the block's bytes.
struct RecordMetadata {
  uint64_t offset = 0;        ///< number of the record in its partition
  int64_t timestamp_us = 0;   ///< since 1970; meaning by `timestamp_kind`
  enum class TimestampKind : uint8_t { kNone, kCreated, kAppended };
  TimestampKind timestamp_kind = TimestampKind::kNone;
  RecordSpan key{0, kNullLength};
  uint32_t first_header = 0;  ///< into Block::headers
  uint32_t headers = 0;
};

/// A piece of one partition's bytes, in order. Two kinds, by `record_per_entry`:
///   false  a stretch of a byte stream. Framing is the decoder's business; a record may begin in
///          one block and end in a later one (sources that can, end a block after a newline, so
///          that this is rare);
///   true   `records` lists complete records, `bytes` is what they point into.
/// `bytes` may be empty: a block can say only that a unit ended.
struct Block {
  /// Keeps `bytes` alive; at least kBufferPadding readable bytes stand before and after them.
  BufferPtr owner;
  Bytes bytes;
  uint32_t partition = 0;
  Position begin;  ///< of the first byte
  Position end;    ///< after the last: seek there to go on
  bool record_per_entry = false;
  std::vector<RecordSpan> records;
  /// If not 0: the first so many of `bytes` are the records with a newline behind each, and none is
  /// null, holds a newline or begins with white space: text of such records can be read like a
  /// file.
  size_t line_bytes = 0;
  std::vector<RecordMetadata> metadata;  ///< empty, or one for each of `records`
  std::vector<HeaderSpan> headers;
  /// `bytes` start a unit (a file): a header line stands there if the format has one.
  bool begins_unit = false;
  /// `bytes` end a unit: a last record without newline is complete, the next block begins a new
  /// unit.
  bool ends_unit = false;
  /// Line number of the first byte, from 1; 0 = unknown.
  uint64_t first_line = 0;

  /// Empties all but keeps the vectors' memory.
  void clear();
};

/// One independently ordered part of a source.
struct PartitionInfo {
  uint32_t id = 0;   ///< index; may differ in the next run
  std::string name;  ///< the same in every run: key for checkpoints, shown in messages
  bool bounded = true;
  uint64_t bytes = 0;  ///< left to read, as stored (compressed); 0 = unknown
  /// Begins inside a unit (a later split of a file): a header, if there is one, has to be taken
  /// from `head`.
  bool starts_inside_unit = false;
  /// Of a message system: the number of the partition in its topic, and what the last `commit` of
  /// its position noted.
  int32_t number = -1;
  std::string note = {};
  /// Of one whose positions are committed: where it begins, and whether that was committed.
  std::optional<uint64_t> begin = {};
  bool begin_is_committed = false;
  uint64_t end = 0;  ///< behind what was there when it was given; 0: nobody asked
};

}  // namespace velo
