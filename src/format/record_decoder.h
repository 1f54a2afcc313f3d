#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "format/batch_assembler.h"
#include "format/decoder.h"

namespace velo {

/// What all decoders of text records share: records that are cut by the edges of blocks, records
/// that are too long, bad records, line numbers, batches. A format adds where a record ends and
/// what its text means.
///
/// The way of a block: the record that the block before left unfinished (`carry_`) is completed and
/// decoded; then `decode_some` takes as many whole records as it likes, from where it stopped
/// record by record; the unfinished rest goes into `carry_`.
class RecordDecoder : public Decoder {
 public:
  RecordDecoder(BatchAssembler assembler, size_t record_bytes_max)
      : assembler_(std::move(assembler)), record_bytes_max_(record_bytes_max) {}

  Status start_unit(const UnitStart& start) override;
  Status feed(const DecodeInput& input, DecodeOutput& out) override;
  Status feed_messages(const Messages& messages, DecodeOutput& out) override;
  uint64_t consumed_offset() const override { return consumed_; }
  bool skipping() const override { return skipping_; }
  const SchemaPtr& schema() const override { return assembler_.output_schema(); }

 protected:
  enum class Outcome : uint8_t {
    kRow,   ///< row assembler_.rows() (or the given one) is written
    kNone,  ///< no row and nothing bad: an empty line, a header
    kBad,   ///< `problem_` says why
  };
  struct Problem {
    BadReason reason = BadReason::kSyntax;
    std::string message;
  };
  /// The end of a record: [begin, content_end) is its text, `next` where the following one begins.
  struct RecordEnd {
    const char* content_end = nullptr;  ///< null: not in the bytes given
    const char* next = nullptr;
  };
  /// Bytes at hand, all of one owner. `p` moves; `offset_of` gives positions in the unit.
  struct Region {
    const char* begin;
    const char* p;
    const char* end;
    uint64_t begin_offset;
    uint64_t offset_of(const char* at) const {
      return begin_offset + static_cast<uint64_t>(at - begin);
    }
  };

  /// Records that a fast path has written into rows [assembler_.rows(), + rows), by the characters
  /// that end their fields (see FieldRun).
  struct RecordRun {
    const char* text;
    const uint32_t* ends;  ///< of the first record's first field
    uint32_t stride;
    uint32_t rows;
    bool lines_in_records;  ///< newlines may stand inside of records
    std::string_view record(uint32_t row) const {
      const uint32_t* const e = ends + static_cast<size_t>(row) * stride;
      const char* const begin = text + static_cast<int64_t>(static_cast<int32_t>(e[-1])) + 1;
      return {begin, static_cast<size_t>(text + e[stride - 1] - begin)};
    }
  };

  /// False: no byte order mark stands before a record.
  virtual bool is_text() const { return true; }
  /// Looks for the end of a record. `from`: where to go on; the state of a search that found
  /// nothing is kept until `begin_record`.
  virtual void begin_record() = 0;
  virtual RecordEnd find_end(const char* from, const char* end) = 0;
  /// Behind a too long record: where the next one begins (`next`); null: not in the bytes given.
  virtual RecordEnd find_resync(const char* from, const char* end);
  /// What stands between records and belongs to none. Returns the first byte of a record, or `end`.
  virtual const char* skip_gap(const char* from, const char* end) { (void)end; return from; }
  /// Decodes one whole record into row `row`. At least kBufferPadding bytes behind it can be read.
  /// `stable`: strings may point into it.
  virtual Outcome decode_record(std::string_view record, size_t row, bool stable) = 0;
  /// Looks at the first record of a unit (without byte order mark): true if it is a header.
  virtual Result<bool> take_header(std::string_view record) { (void)record; return false; }
  /// The header of a unit that is entered inside, from its head.
  virtual Status learn_header(std::string_view head) { (void)head; return {}; }
  /// A message that is a whole input of its own; the default decodes it as one record.
  virtual Status decode_message(std::string_view message, const DecodeInput& input,
                                DecodeOutput& out);
  /// Whether messages that are lines (Messages::lines) mean the same when they are read as the
  /// lines of a file; if so, that they are about to be. None is too long.
  virtual bool enter_lines(const Messages& messages) {
    (void)messages;
    return false;
  }
  /// A fast path: takes whole records from region.p on, as many as it likes, none if it has nothing
  /// to offer.
  virtual Status decode_some(Region& region, DecodeOutput& out) {
    (void)region, (void)out;
    return {};
  }
  /// The unit ends in good order? Else `problem_` says why not.
  virtual bool unit_complete() { return true; }
  virtual void reset_unit() {}

  /// As decode_record, of which the changes, if records are changes, then say what it means.
  Outcome decode_judged(std::string_view record, size_t row, bool stable);
  Outcome judge_change(size_t row);
  /// `odd` and the rows of the run that are no changes.
  const std::vector<uint32_t>& with_odd_changes(const RecordRun& run,
                                                const std::vector<uint32_t>& odd);
  /// Decodes the record and adds the row, or reports it.
  Status take_record(std::string_view record, uint64_t offset, uint64_t next_offset, bool stable,
                     DecodeOutput& out);
  /// Adds the run's rows, after decoding the odd ones again; moves `region.p` behind the run.
  Status add_rows(Region& region, const RecordRun& run, const std::vector<uint32_t>& odd,
                  DecodeOutput& out);
  Status report_bad(std::string_view record, uint64_t total, uint64_t offset, uint64_t line,
                    DecodeOutput& out);
  Outcome bad(BadReason reason, std::string message) {
    problem_ = {reason, std::move(message)};
    return Outcome::kBad;
  }
  /// After rows or bad records up to there.
  void consumed_to(uint64_t offset) { consumed_ = offset; }
  void count_lines(std::string_view text);
  bool at_unit_start() const { return first_record_; }

  BatchAssembler assembler_;
  Problem problem_;
  std::string unit_name_;
  uint64_t line_ = 1;  ///< of the next record; 0 = unknown

 private:
  Status feed_region(Region& region, DecodeOutput& out);
  Status feed_message(std::string_view message, const DecodeInput& input, DecodeOutput& out);
  void note_messages(uint32_t rows);
  void note_message() {
    if (in_messages_) assembler_.note_message(static_cast<uint32_t>(line_ - 1));
  }
  Status finish_carry(Region& region, DecodeOutput& out);
  Status finish_unit(uint64_t offset, DecodeOutput& out);
  Status give_up_too_long(std::string_view seen, uint64_t offset, Region& region,
                          DecodeOutput& out);
  Status take_carry(uint64_t next_offset, DecodeOutput& out);
  bool skip_too_long(Region& region);
  std::string_view without_mark(std::string_view record) const;

  size_t record_bytes_max_;
  std::vector<uint32_t> dropped_;
  std::vector<uint32_t> odd_;
  uint64_t consumed_ = 0;
  bool first_record_ = true;
  bool skipping_ = false;  ///< behind a too long record, up to the next newline
  bool in_messages_ = false;    ///< whose numbers are those of lines, from 0
  uint64_t message_bytes_ = 0;  ///< fed so far as lines
  bool in_record_ = false;  ///< begin_record was called and its end not found
  std::string carry_;       ///< the beginning of a record whose end has not come
  uint64_t carry_offset_ = 0;
};

}  // namespace velo
