#include "runtime/repartition_record.h"

#include <utility>

namespace velo {
namespace {

constexpr std::string_view kRows = "rows";
constexpr std::string_view kMark = "mark";

Error no_record(std::string_view why) { return Error(ErrorCode::kCorruptData, std::string(why)); }

Result<RepartitionRecord> read_rows(SnapshotReader& reader, const SchemaPtr& schema) {
  RepartitionRows out;
  out.origin = TRY(reader.string());
  if (TRY(reader.u32()) != schema->size()) return no_record("its rows have other columns");
  const bool weights = TRY(reader.u8()) != 0;
  out.offsets = TRY(reader.column(Type::bigint()));
  out.numbers = TRY(reader.column(Type::bigint()));
  out.rows.schema = schema;
  out.rows.rows = out.offsets->size();
  if (weights) out.rows.weights = TRY(reader.column(Type::bigint()));
  bool even = out.rows.rows > 0 && out.numbers->size() == out.rows.rows &&
              !out.offsets->may_have_nulls() && !out.numbers->may_have_nulls() &&
              (!weights ||
               (out.rows.weights->size() == out.rows.rows && !out.rows.weights->may_have_nulls()));
  for (const Field& field : schema->fields()) {
    out.rows.columns.push_back(TRY(reader.column(field.type)));
    even = even && out.rows.columns.back()->size() == out.rows.rows;
  }
  if (!even) return no_record("its columns do not agree");
  return RepartitionRecord(std::move(out));
}

Result<RepartitionRecord> read_mark(SnapshotReader& reader) {
  RepartitionMark out;
  out.in_all = TRY(reader.u64());
  out.watermark = TRY(reader.i64());
  out.idle_since_us = TRY(reader.i64());
  out.ended = TRY(reader.u8()) != 0;
  const uint64_t count = TRY(reader.count(sizeof(uint64_t)));
  for (uint64_t i = 0; i < count; ++i) out.origins.push_back(TRY(reader.string()));
  return RepartitionRecord(std::move(out));
}

}  // namespace

std::string encode_rows(std::string_view origin, const Column& offsets, const Column& numbers,
                        const Batch& rows) {
  SnapshotWriter writer;
  writer.section(kRows);
  writer.string(origin);
  writer.u32(static_cast<uint32_t>(rows.columns.size()));
  writer.u8(rows.weights ? 1 : 0);
  writer.column(offsets);
  writer.column(numbers);
  if (rows.weights) writer.column(*rows.weights);
  for (const ColumnPtr& column : rows.columns) writer.column(*column);
  return writer.finish();
}

std::string encode_mark(const RepartitionMark& mark) {
  SnapshotWriter writer;
  writer.section(kMark);
  writer.u64(mark.in_all);
  writer.i64(mark.watermark);
  writer.i64(mark.idle_since_us);
  writer.u8(mark.ended ? 1 : 0);
  writer.u64(mark.origins.size());
  for (const std::string& origin : mark.origins) writer.string(origin);
  return writer.finish();
}

Result<RepartitionRecord> decode_repartition_record(std::string_view bytes,
                                                    const SchemaPtr& schema) {
  SnapshotReader reader = TRY(SnapshotReader::open(bytes));
  const std::string kind = TRY(reader.string());
  if (kind != kRows && kind != kMark) return no_record("it is of an unknown kind");
  RepartitionRecord record =
      kind == kRows ? TRY(read_rows(reader, schema)) : TRY(read_mark(reader));
  if (!reader.at_end()) return no_record("more follows behind its end");
  return record;
}

}  // namespace velo
