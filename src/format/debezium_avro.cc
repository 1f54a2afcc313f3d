#include "format/debezium_avro.h"

#include <utility>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "column/null_rows.h"
#include "format/avro_encoder.h"
#include "format/debezium_envelope.h"

namespace velo {

Result<std::unique_ptr<Encoder>> DebeziumAvroEncoder::make(const AvroOptions& avro,
                                                           const std::string& format,
                                                           const Schema& with_op) {
  const std::vector<Field> columns(with_op.fields().begin() + 1, with_op.fields().end());
  auto encoder =
      std::unique_ptr<DebeziumAvroEncoder>(new DebeziumAvroEncoder(envelope_of(columns)));
  encoder->records_ = TRY(AvroEncoder::make(avro, format, *encoder->envelope_));
  return std::unique_ptr<Encoder>(std::move(encoder));
}

Status DebeziumAvroEncoder::encode_records(const Batch& batch, std::string& out,
                                           std::vector<RecordSpan>* records) {
  Selection before;
  Selection after;
  ColumnBuilder ops(Type::string(), batch.rows);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    const std::string_view op = batch.columns[0]->string_at(row);
    const bool goes = op.front() == '-';
    const bool updates = op == "-U";
    before.push_back(goes ? row : kNullRow);
    if (updates) ++row;
    after.push_back(!goes || updates ? row : kNullRow);
    ops.append_string(updates ? "u" : goes ? "d" : "c");
  }
  const ColumnPtr rows = Column::row((*envelope_)[0].type, batch.rows,
                                     {batch.columns.begin() + 1, batch.columns.end()});
  const Batch envelopes{envelope_,
                        before.size(),
                        {gather_or_null(rows, before), gather_or_null(rows, after), ops.finish()},
                        nullptr,
                        nullptr};
  return records_->encode_records(envelopes, out, records);
}

Result<std::vector<Field>> envelope_columns(const AvroType& envelope) {
  for (const AvroField& field : envelope.fields) {
    if (field.name != "after") continue;
    for (const AvroType* part : field.type->parts) {
      if (part->kind == AvroKind::kRecord) return avro_columns(*part);
    }
    if (field.type->kind == AvroKind::kRecord) return avro_columns(*field.type);
  }
  return Error(ErrorCode::kBadOptionValue,
               fmt::format("the schema {} is no envelope of Debezium's: it has no record 'after'",
                           avro_type_name(envelope)));
}

}  // namespace velo
