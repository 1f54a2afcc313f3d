#pragma once

#include <memory>
#include <string>

#include "format/avro_decoder.h"
#include "format/encoder.h"

namespace velo {

/// Rows whose first column says +I, -U, +U or -D to Avro's records of Debezium's envelope: a -U and
/// the +U behind it become one.
class DebeziumAvroEncoder final : public Encoder {
 public:
  /// As AvroEncoder::make; a schema that is given is the envelope's.
  static Result<std::unique_ptr<Encoder>> make(const AvroOptions& avro, const std::string& format,
                                               const Schema& with_op);
  /// REQUIRES: a -U and its +U stand in one batch.
  Status encode_records(const Batch& batch, std::string& out,
                        std::vector<RecordSpan>* records) override;

 private:
  explicit DebeziumAvroEncoder(SchemaPtr envelope) : envelope_(std::move(envelope)) {}

  SchemaPtr envelope_;
  std::unique_ptr<Encoder> records_;
};

/// The columns of the rows in an envelope. Errors: a schema that is none.
Result<std::vector<Field>> envelope_columns(const AvroType& envelope);

}  // namespace velo
