#pragma once

#include <memory>
#include <vector>

#include "format/decoder.h"

namespace velo {

/// Makes the values of one column from row numbers: the same whatever the batches. Pure.
class FieldGenerator {
 public:
  virtual ~FieldGenerator() = default;
  /// The column of rows [first, first + rows).
  virtual ColumnPtr make(uint64_t first, size_t rows) = 0;
};

/// "Decodes" what the generator source sends: blocks of 16 bytes, {uint64 first_row, uint64 rows}
/// in the machine's byte order. Offsets are row numbers.
class DatagenDecoder final : public Decoder {
 public:
  static Result<std::unique_ptr<Decoder>> make(const DecoderOptions& options);

  Status start_unit(const UnitStart& start) override { (void)start; return {}; }
  Status feed(const DecodeInput& input, DecodeOutput& out) override;
  uint64_t consumed_offset() const override { return next_row_; }
  const SchemaPtr& schema() const override { return schema_; }

 private:
  DatagenDecoder() = default;

  SchemaPtr schema_;
  std::vector<std::unique_ptr<FieldGenerator>> fields_;
  size_t batch_rows_ = 0;
  uint64_t next_row_ = 0;
};

/// Options of one field under the names that follow `fields.<column>.`.
using FieldOptions = OptionMap;

/// Errors name the column and the option.
Result<std::unique_ptr<FieldGenerator>> make_field_generator(const Field& field,
                                                             const FieldOptions& options,
                                                             uint64_t seed);

}  // namespace velo
