#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/options.h"
#include "base/record_span.h"
#include "base/result.h"
#include "column/batch.h"
#include "format/schema_access.h"

namespace velo {

/// Why a record could not become a row.
enum class BadReason : uint8_t {
  kSyntax,      ///< not a record of this format at all
  kFieldCount,  ///< CSV: too many or too few fields
  kValue,       ///< a value is not of the declared type
  kOverflow,    ///< a number that the declared type cannot hold
  kLostDigit,   ///< a digit beyond the declared scale or precision
  kEncoding,    ///< not UTF-8
  kTooLong,     ///< longer than DecoderOptions::record_bytes_max
  kTruncated,   ///< the input ends inside the record
};

/// "field-count", for metrics and dead-letter rows.
std::string_view bad_reason_name(BadReason reason);

/// A record that was left out, with all that is needed to find, show or keep it.
struct BadRecord {
  std::string_view bytes;     ///< unchanged, without its newline; valid during the call only
  uint64_t bytes_total = 0;   ///< more than bytes.size() when a too long record was cut
  uint64_t offset = 0;        ///< of its first byte in the unit; of messages: its number among them
  uint64_t line = 0;          ///< from 1; 0 = unknown
  BadReason reason = BadReason::kSyntax;
  std::string message;        ///< "column 'price': '12x' is no DOUBLE"
};

/// The stretch of its source that a batch was made from: [begin, end). Bad records lie in it too.
struct DecodedRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  /// Of messages: for each row, ascending, the number of its message. Else empty.
  std::span<const uint32_t> messages = {};
};

/// Who takes what a decoder makes. An error stops the decoder and is returned by `feed`.
class DecodeOutput {
 public:
  virtual ~DecodeOutput() = default;
  virtual Status batch(Batch batch, DecodedRange range) = 0;
  /// In the order of the input among themselves; a bad record of a batch's range comes before the
  /// batch.
  virtual Status bad(const BadRecord& record) = 0;
};

/// The next stretch of a partition's bytes.
struct DecodeInput {
  /// Keeps `bytes` alive and gives the padding of kBufferPadding around them: columns of strings
  /// may point into it. Null: the decoder copies.
  BufferPtr owner;
  Bytes bytes;
  uint64_t offset = 0;       ///< position of bytes[0] in its unit
  bool ends_unit = false;    ///< the file ends here: a last record without newline is complete
};

/// Whole records, one behind the other.
struct Messages {
  BufferPtr owner;  ///< as in DecodeInput
  Bytes bytes;
  std::span<const RecordSpan> records;  ///< none is null
  /// A newline stands behind each; none holds a newline or begins with white space.
  bool lines = false;
};

/// How a unit (a file, a topic) is entered.
struct UnitStart {
  std::string_view name = {};  ///< for messages
  uint64_t first_line = 1;     ///< line of the first byte that will be fed; 0 = unknown
  /// The first byte that will be fed is not the unit's first (a split, a restart): no header is
  /// skipped; it is learnt from `head`, the unit's first bytes.
  bool inside = false;
  std::string_view head = {};
  /// With `inside`: the first byte stands in a record that was given up as too long.
  bool skipping = false;
};

/// Turns the bytes of one partition, in order, into batches of the projected columns. All that is
/// complete is handed out before `feed` returns. One thread at a time.
class Decoder {
 public:
  virtual ~Decoder() = default;

  /// A new unit begins with the next byte fed. Not needed before the first `feed` of a whole file.
  /// The unfinished rest of the unit before, if any, is given up. Errors: a header that does not
  /// fit the schema.
  virtual Status start_unit(const UnitStart& start) = 0;
  /// REQUIRES: `input` continues the unit where the last one ended (any cut, also inside a record).
  virtual Status feed(const DecodeInput& input, DecodeOutput& out) = 0;
  /// Messages, of each of which some rows are made (in JSON an array may be many). They are no part
  /// of a unit, and have no header.
  virtual Status feed_messages(const Messages& messages, DecodeOutput& out) {
    (void)messages, (void)out;
    return Error(ErrorCode::kNotSupported, "a format that makes its own rows reads no messages");
  }
  /// End of the last record that was handed out or counted as bad: where a restart must seek.
  virtual uint64_t consumed_offset() const = 0;
  /// `consumed_offset` stands inside a record that was counted as too long and has not ended yet:
  /// a restart must say so (UnitStart::skipping).
  virtual bool skipping() const { return false; }
  /// The fields of the batches: the projection of the declared schema. Batches of changes have
  /// weights.
  virtual const SchemaPtr& schema() const = 0;
};

/// Which machine code a decoder runs. All give the same batches.
enum class KernelChoice : uint8_t {
  kBest,      ///< what the CPU at hand can do
  kRowByRow,  ///< the plain path alone: the yardstick of the others
  kPortable,  ///< the fast path without vector instructions
  kAvx2,
  kAvx512,
};

/// True if this CPU can run it.
bool kernel_available(KernelChoice choice);

/// Unpacks what a format finds packed by a codec that it names ("deflate"), to at most so many
/// bytes. kNotSupported: there is no such codec here. Empty: there is none.
using Unpack = std::function<Result<std::string>(std::string_view codec, std::string_view bytes,
                                                 size_t bytes_max)>;

/// What the records of a format say.
enum class ChangeForm : uint8_t {
  kAppend,   ///< rows
  kRetract,  ///< changes: an update takes the old row back and gives the new one
  kUpsert,  ///< changes by a key: weight +1 replaces the row of its key, −1 removes it, and of what
            ///< is removed only the key counts
};

struct DecoderOptions {
  SchemaPtr schema;             ///< the declared physical columns, nested ROWs included
  std::vector<int> projection;  ///< columns that the plan reads; the others are not validated
  ChangeForm changes = ChangeForm::kAppend;
  size_t batch_rows = 1024;
  size_t record_bytes_max = size_t{16} << 20;
  /// The format's own options under their full names ("csv.header"); checked by make_decoder.
  OptionMap options;
  SchemaAccess schemas = {};
  bool in_files = false;  ///< not in messages
  Unpack unpack = {};
  KernelChoice kernels = KernelChoice::kBest;
};

}  // namespace velo
