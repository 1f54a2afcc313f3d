#include "runtime/repartition_sink.h"

#include <utility>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "state/row_hash.h"

namespace velo {
namespace {

constexpr size_t kWaitingMost = 4096;  // rows
constexpr size_t kRecordBytes = size_t{256} << 10;

/// Rows of the same batch are mostly of one partition.
bool same_origin(const Batch& rows, size_t first, size_t a, size_t b) {
  return rows.columns[first + 1]->int64_at(a) == rows.columns[first + 1]->int64_at(b) &&
         rows.columns[first]->string_at(a) == rows.columns[first]->string_at(b);
}

}  // namespace

RepartitionSink::RepartitionSink(RepartitionSinkOptions options, Clock& clock)
    : WritingPort(std::move(options.sink), clock),
      options_(std::move(options)),
      keys_(options_.keys) {
  // Keys that depend on the zone must fall as the operator behind sees them.
  context_.zone = options_.zone;
  std::vector<Field> fields = options_.schema->fields();
  fields.push_back({"offset", Type::bigint()});
  fields.push_back({"number", Type::bigint()});
  piece_schema_ = make_schema(std::move(fields));
  mark_.watermark = kWatermarkNone;
  mark_.idle_since_us = kActive;
}

Status RepartitionSink::open() {
  TRY(WritingPort::open());
  waiting_.resize(sink_->partitions());
  return {};
}

void RepartitionSink::set_origins(std::vector<std::string> names, size_t in_all) {
  mark_.origins = std::move(names);
  mark_.in_all = in_all;
}

void RepartitionSink::emit(Batch batch) {
  if (!wants_more() || !sink_) return;
  metrics_.rows_out.add(batch.rows);
  const Batch rows = flatten(batch);
  hashes_.assign(rows.rows, 0);
  if (!options_.keys.empty()) {
    // Rows whose key fails go anywhere: the operator behind evaluates it again and rejects them.
    errors_.clear();
    keys_.evaluate(rows, context_, errors_, &key_columns_);
    hash_rows(key_columns_, rows.rows, &hashes_);
  }
  const size_t first = options_.schema->size();
  size_t begin = 0;
  for (size_t row = 1; row <= rows.rows; ++row) {
    if (row < rows.rows && same_origin(rows, first, begin, row)) continue;
    deal(rows, begin, row);
    begin = row;
  }
  if (waiting_rows_ >= kWaitingMost) note(write_buffer());
}

/// Which of its message's rows each row is, of those that have come as far as here.
ColumnPtr RepartitionSink::number_rows(const std::string& origin, const Column& offsets,
                                       size_t begin, size_t end) {
  Place& last = last_[origin];
  ColumnBuilder numbers(Type::bigint(), end - begin);
  for (size_t row = begin; row < end; ++row) {
    const int64_t offset = offsets.int64_at(row);
    last.number = offset == last.offset ? last.number + 1 : 0;
    last.offset = offset;
    numbers.append_int64(last.number);
  }
  return numbers.finish();
}

/// Rows `begin` to `end` are of one origin.
void RepartitionSink::deal(const Batch& all, size_t begin, size_t end) {
  const size_t first = options_.schema->size();
  const std::string origin = fmt::format("{}-{}", all.columns[first]->string_at(begin),
                                         all.columns[first + 1]->int64_at(begin));
  Batch rows = begin == 0 && end == all.rows ? all : slice(all, begin, end - begin);
  ColumnPtr numbers = number_rows(origin, *all.columns[first + 2], begin, end);
  ColumnPtr offsets = rows.columns[first + 2];
  rows.columns.resize(first);
  rows.columns.push_back(std::move(offsets));
  rows.columns.push_back(std::move(numbers));
  rows.schema = piece_schema_;
  rows.watermarks = nullptr;  // the reader's decide
  std::vector<Selection> dealt(waiting_.size());
  for (size_t row = begin; row < end; ++row) {
    dealt[(hashes_[row] >> 32) % dealt.size()].push_back(static_cast<uint32_t>(row - begin));
  }
  for (size_t partition = 0; partition < dealt.size(); ++partition) {
    if (dealt[partition].empty()) continue;
    waiting_[partition].push_back({origin, gather(rows, dealt[partition])});
  }
  waiting_rows_ += end - begin;
}

void RepartitionSink::advance(int64_t watermark) {
  SinkPort::advance(watermark);
  mark_.watermark = watermark;
  mark_is_told_ = false;
}

void RepartitionSink::idle(int64_t since_us) {
  mark_.idle_since_us = since_us;
  mark_is_told_ = false;
}

void RepartitionSink::end() {
  SinkPort::end();
  mark_.ended = true;
  mark_is_told_ = false;
}

void RepartitionSink::add_record(uint32_t partition, const std::string& record) {
  values_.push_back({static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(record.size())});
  partitions_.push_back(partition);
  bytes_ += record;
}

/// One record, or several if it were larger than brokers take.
void RepartitionSink::add_rows(uint32_t partition, const Piece& piece) {
  const size_t first = options_.schema->size();
  Batch rows = piece.rows;
  rows.columns.resize(first);
  const std::string record =
      encode_rows(piece.origin, *piece.rows.columns[first], *piece.rows.columns[first + 1], rows);
  if (record.size() <= kRecordBytes || rows.rows == 1) return add_record(partition, record);
  const size_t half = rows.rows / 2;
  add_rows(partition, {piece.origin, slice(piece.rows, 0, half)});
  add_rows(partition, {piece.origin, slice(piece.rows, half, rows.rows - half)});
}

/// Pieces of one origin behind each other become one record.
void RepartitionSink::add_pieces(uint32_t partition) {
  std::vector<Piece>& pieces = waiting_[partition];
  for (size_t i = 0; i < pieces.size();) {
    std::vector<Batch> together;
    size_t next = i;
    for (; next < pieces.size() && pieces[next].origin == pieces[i].origin; ++next) {
      together.push_back(std::move(pieces[next].rows));
    }
    add_rows(partition, {pieces[i].origin, concat(together)});
    i = next;
  }
  pieces.clear();
}

void RepartitionSink::add_marks() {
  // A process without partitions of the source has nothing to say of them.
  if (std::exchange(mark_is_told_, true) || mark_.origins.empty()) return;
  const std::string record = encode_mark(mark_);
  for (uint32_t partition = 0; partition < waiting_.size(); ++partition) {
    add_record(partition, record);
  }
}

Status RepartitionSink::write_buffer() {
  bytes_.clear();
  values_.clear();
  partitions_.clear();
  for (uint32_t partition = 0; partition < waiting_.size(); ++partition) add_pieces(partition);
  waiting_rows_ = 0;
  add_marks();
  if (values_.empty()) return {};
  metrics_.bytes_out.add(bytes_.size());
  OutgoingRecords records;
  records.bytes = as_bytes(bytes_);
  records.values = values_;
  records.partitions = partitions_;
  return timed([&] { return sink_->write_records(records); });
}

Status RepartitionSink::tick() {
  if (wants_more()) note(write_buffer());
  return WritingPort::tick();
}

}  // namespace velo
