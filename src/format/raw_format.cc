#include "format/raw_format.h"

namespace velo {

RecordDecoder::Outcome RawDecoder::decode_record(std::string_view record, size_t row, bool stable) {
  if (assembler_.columns() == 0) return Outcome::kRow;
  ScalarTarget& target = *assembler_.scalar(0);
  if (target.rules().type.is_string() && !is_utf8(record)) {
    return bad(BadReason::kEncoding,
               field_error_message((*schema())[0].name, target.rules().type, record,
                                   FieldError::kEncoding));
  }
  target.set_string(row, record, stable);
  return Outcome::kRow;
}

Status RawEncoder::encode_records(const Batch& batch, std::string& out,
                                  std::vector<RecordSpan>* records) {
  const Column& column = *batch.columns[0];
  for (size_t row = 0; row < batch.rows; ++row) {
    const size_t begin = out.size();
    if (!column.is_null(row)) out += column.string_at(row);
    note(records, begin, out.size());
    out.push_back('\n');
  }
  return {};
}

}  // namespace velo
