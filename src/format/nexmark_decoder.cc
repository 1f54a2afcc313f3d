#include "format/nexmark_decoder.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "format/formats.h"

namespace velo {

Result<std::unique_ptr<Decoder>> NexmarkDecoder::make(const DecoderOptions& options) {
  const OptionReader reader("connector 'nexmark'", options.options, format_options("nexmark"));
  TRY(reader.check());
  NexmarkOptions parsed = TRY(parse_nexmark_options(reader));
  std::unique_ptr<NexmarkDecoder> out(new NexmarkDecoder(std::move(parsed)));
  // What is declared must be right, whether it is read or not.
  for (const Field& field : options.schema->fields()) TRY(check_nexmark_column(field));
  std::vector<Field> projected;
  for (const int index : options.projection) {
    const Field& field = (*options.schema)[static_cast<size_t>(index)];
    out->columns_.push_back(TRY(make_nexmark_column(out->model_, field)));
    projected.push_back(field);
  }
  out->schema_ = make_schema(std::move(projected));
  out->batch_rows_ = options.batch_rows;
  return std::unique_ptr<Decoder>(std::move(out));
}

Status NexmarkDecoder::feed(const DecodeInput& input, DecodeOutput& out) {
  if (input.bytes.empty()) return {};
  uint64_t range[2];
  CHECK(input.bytes.size() == sizeof range, "a generator's block is a range of rows");
  std::memcpy(range, input.bytes.data(), sizeof range);
  const uint64_t end = range[0] + range[1];
  for (uint64_t first = range[0]; first < end;) {
    const size_t rows = static_cast<size_t>(std::min<uint64_t>(batch_rows_, end - first));
    model_.start(first, rows, &batch_);
    Batch batch;
    batch.schema = schema_;
    batch.rows = rows;
    batch.columns.reserve(columns_.size());
    for (auto& column : columns_) batch.columns.push_back(column->make(batch_));
    next_row_ = first + rows;
    TRY(out.batch(std::move(batch), {first, first + rows}));
    first += rows;
  }
  return {};
}

}  // namespace velo
