#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/avro_decoder.h"
#include "format/batch_assembler.h"
#include "format/encoder.h"

namespace velo {

/// Avro's object container files: "Obj" and a byte 1, metadata with the schema and the file's mark
/// of 16 bytes; then blocks: how many records, how many bytes, these, the mark.

struct AvroFileHeader {
  std::shared_ptr<const AvroSchema> schema;
  std::string codec;  ///< "null", "deflate", …
  std::string mark;
  size_t bytes = 0;
};

/// Nothing if the bytes end before the header does. Errors: no such file, a broken schema.
Result<std::optional<AvroFileHeader>> read_avro_header(std::string_view bytes);

/// Files to columns, block by block; their own schema is the writer's. A record that cannot be read
/// takes the rest of its block with it; behind a broken block it goes on at the next mark.
class AvroFileDecoder final : public Decoder {
 public:
  /// Errors: a reader's schema that does not fit the columns.
  static Result<std::unique_ptr<Decoder>> make(AvroOptions avro, const SchemaPtr& declared,
                                               BatchAssembler assembler, Unpack unpack);

  /// Errors: `head` is no whole header.
  Status start_unit(const UnitStart& start) override;
  Status feed(const DecodeInput& input, DecodeOutput& out) override;
  uint64_t consumed_offset() const override { return begin_; }
  bool skipping() const override { return skipping_; }
  const SchemaPtr& schema() const override { return assembler_.output_schema(); }

 private:
  AvroFileDecoder(AvroOptions avro, BatchAssembler assembler, Unpack unpack)
      : avro_(std::move(avro)), assembler_(std::move(assembler)), unpack_(std::move(unpack)) {}
  Status enter(AvroFileHeader header);
  /// Takes a header, a block or what is passed over; false: more bytes are needed.
  Result<bool> take(DecodeOutput& out);
  Result<bool> take_header();
  Result<bool> take_block(DecodeOutput& out);
  bool find_mark();
  Status decode_block(std::string_view bytes, uint64_t records, uint64_t end, DecodeOutput& out);
  Status give_up_block(BadReason reason, std::string message, DecodeOutput& out);
  std::string_view rest() const { return std::string_view(pending_).substr(taken_); }
  void move_by(size_t bytes) { taken_ += bytes, begin_ += bytes; }

  AvroOptions avro_;
  BatchAssembler assembler_;
  Unpack unpack_;
  AvroReader reader_;
  std::string unit_;
  std::optional<AvroFileHeader> header_;
  AvroStep step_;
  std::string pending_;  ///< bytes that were fed; before `taken_` they are done with
  size_t taken_ = 0;
  uint64_t begin_ = 0;     ///< where `rest()` stands in the unit
  bool inside_ = false;    ///< a unit is entered
  bool skipping_ = false;  ///< up to the next mark
};

/// Rows to files of one block a batch, unpacked.
class AvroFileEncoder final : public Encoder {
 public:
  /// As AvroEncoder::make.
  static Result<std::unique_ptr<Encoder>> make(const AvroOptions& avro, const Schema& columns);
  std::string preamble() const override { return header_; }
  Status encode_records(const Batch& batch, std::string& out,
                        std::vector<RecordSpan>* records) override;

 private:
  AvroFileEncoder() = default;
  std::unique_ptr<Encoder> records_;
  std::string header_;
  std::string mark_;
  std::string block_;
};

}  // namespace velo
