#pragma once

#include <memory>
#include <vector>

#include "format/decoder.h"
#include "format/nexmark_model.h"

namespace velo {

/// Makes one column, or one field of a ROW, for the events of a batch.
class NexmarkColumn {
 public:
  virtual ~NexmarkColumn() = default;
  virtual ColumnPtr make(const NexmarkBatch& batch) = 0;
};

/// "Decodes" what the generator source sends (see DatagenDecoder) to the table of the public
/// Nexmark project for Flink: event_type and the ROWs person, auction and bid, of which one is not
/// NULL. Only the columns and fields that are asked for are made.
class NexmarkDecoder final : public Decoder {
 public:
  /// Errors: a column or field that Nexmark does not have, or has of another type.
  static Result<std::unique_ptr<Decoder>> make(const DecoderOptions& options);

  Status start_unit(const UnitStart& start) override {
    (void)start;
    return {};
  }
  Status feed(const DecodeInput& input, DecodeOutput& out) override;
  uint64_t consumed_offset() const override { return next_row_; }
  const SchemaPtr& schema() const override { return schema_; }

 private:
  explicit NexmarkDecoder(NexmarkOptions options) : model_(std::move(options)) {}

  NexmarkModel model_;
  NexmarkBatch batch_;
  SchemaPtr schema_;
  std::vector<std::unique_ptr<NexmarkColumn>> columns_;
  size_t batch_rows_ = 0;
  uint64_t next_row_ = 0;
};

/// The column of this name and type. Borrows the model. Errors as NexmarkDecoder::make.
Result<std::unique_ptr<NexmarkColumn>> make_nexmark_column(const NexmarkModel& model,
                                                           const Field& field);
/// The same errors.
Status check_nexmark_column(const Field& field);

}  // namespace velo
