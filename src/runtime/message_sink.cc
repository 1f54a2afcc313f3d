#include "runtime/message_sink.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "operator/change_kinds.h"

namespace velo {
namespace {

constexpr size_t kHeldRows = size_t{64} << 10;  // before only the last of each key are kept
constexpr size_t kRowsPerBatch = 4096;

Batch choose(const Batch& rows, const std::vector<size_t>& columns, const SchemaPtr& schema) {
  Batch chosen{schema, rows.rows, {}, nullptr, nullptr};
  for (const size_t column : columns) chosen.columns.push_back(rows.columns[column]);
  return chosen;
}

}  // namespace

MessageSink::MessageSink(MessageSinkOptions options, Clock& clock)
    : WritingPort(std::move(options.sink), clock), options_(std::move(options)) {}

bool MessageSink::hold() {
  holds_ = options_.changes == SinkChanges::kUpsert && !options_.key.empty();
  thin_at_ = kHeldRows;
  return holds_;
}

void MessageSink::keep(Batch batch) {
  held_rows_ += batch.rows;
  held_.push_back(flatten(batch));
  if (held_rows_ < thin_at_) return;
  Batch last = last_changes(concat(held_), options_.key);
  held_rows_ = last.rows;
  thin_at_ = std::max(kHeldRows, 2 * held_rows_);
  held_.clear();
  held_.push_back(std::move(last));
}

void MessageSink::release() {
  if (!std::exchange(holds_, false) || held_.empty()) return;
  const Batch last = last_changes(concat(std::exchange(held_, {})), options_.key);
  for (size_t begin = 0; begin < last.rows; begin += kRowsPerBatch) {
    emit(slice(last, begin, std::min(kRowsPerBatch, last.rows - begin)));
  }
}

void MessageSink::end() {
  release();
  WritingPort::end();
}

void MessageSink::emit(Batch batch) {
  if (!wants_more() || !sink_) return;
  if (holds_) return keep(std::move(batch));
  metrics_.rows_out.add(batch.rows);
  switch (options_.changes) {
    case SinkChanges::kRetract:
      batch = with_change_kinds(batch, options_.schema, options_.key);
      break;
    case SinkChanges::kUpsert:
      batch = with_upserts(batch, options_.schema, options_.key);
      break;
    case SinkChanges::kAppend:
      CHECK(!batch.weights, "a changing stream reached an append-only sink");
      break;
  }
  if (batch.rows > 0) note(write(batch));
}

void MessageSink::take_letter(const DeadLetter& letter) {
  if (!wants_more() || !sink_) return;
  metrics_.rows_out.add(1);
  bytes_.clear();
  const auto copy = [&](const auto& text) {
    if (!text) return RecordSpan{0, kNullLength};
    const RecordSpan span{static_cast<uint32_t>(bytes_.size()),
                          static_cast<uint32_t>(text->size())};
    bytes_ += *text;
    return span;
  };
  values_ = {copy(letter.value)};
  keys_ = {copy(letter.key)};
  headers_.assign(1, {});
  for (const DeadLetter::Header& header : letter.headers) {
    const RecordSpan name = copy(std::optional<std::string_view>(header.name));
    headers_[0].push_back({name, copy(header.value)});
  }
  note(timed(
      [&] { return sink_->write_records({as_bytes(bytes_), values_, keys_, {}, headers_}); }));
}

/// The row that each record is of.
std::vector<uint32_t> MessageSink::rows_of_records(const Batch& rows) const {
  std::vector<uint32_t> of;
  for (uint32_t row = 0; row < rows.rows; ++row) {
    const bool is_half = options_.updates_are_one && rows.columns[0]->string_at(row) == "-U";
    if (!is_half) of.push_back(row);
  }
  return of;
}

Status MessageSink::write(const Batch& rows) {
  bytes_.clear();
  values_.clear();
  keys_.clear();
  timestamps_ms_.clear();
  headers_.clear();
  TRY(options_.value_encoder->encode_records(choose(rows, options_.values, options_.value_schema),
                                             bytes_, &values_));
  metrics_.bytes_out.add(bytes_.size());
  if (options_.changes == SinkChanges::kUpsert) {
    for (size_t row = 0; row < rows.rows; ++row) {
      if (rows.columns[0]->string_at(row) == "-D") values_[row].length = kNullLength;
    }
  }
  const std::vector<uint32_t> of = rows_of_records(rows);
  const bool all = of.size() == rows.rows;
  if (options_.key_encoder) TRY(add_keys(all ? rows : gather(rows, of)));
  if (options_.timestamp) {
    const Column& times = *rows.columns[*options_.timestamp];
    for (const uint32_t row : of) {
      timestamps_ms_.push_back(times.is_null(row) ? 0 : times.int64_at(row) / 1000);
    }
  }
  if (options_.headers) add_headers(all ? rows : gather(rows, of));
  CHECK(values_.size() == of.size(), "an encoder made another number of records");
  return timed([&] {
    return sink_->write_records({as_bytes(bytes_), values_, keys_, timestamps_ms_, headers_});
  });
}

Status MessageSink::add_keys(const Batch& rows) {
  const Batch keys = choose(rows, options_.keys, options_.key_schema);
  TRY(options_.key_encoder->encode_records(keys, bytes_, &keys_));
  for (size_t row = 0; row < keys.rows; ++row) {
    bool all_null = true;
    for (const ColumnPtr& column : keys.columns) all_null = all_null && column->is_null(row);
    if (all_null) keys_[row].length = kNullLength;
  }
  return {};
}

void MessageSink::add_headers(const Batch& rows) {
  const ColumnPtr column = flatten(rows.columns[*options_.headers]);
  const Column& names = *column->child(0);
  const Column& values = *column->child(1);
  const auto copy = [&](std::string_view text) {
    const RecordSpan span{static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(text.size())};
    bytes_ += text;
    return span;
  };
  headers_.resize(rows.rows);
  for (size_t row = 0; row < rows.rows; ++row) {
    if (column->is_null(row)) continue;
    for (uint32_t i = column->offsets()[row]; i < column->offsets()[row + 1]; ++i) {
      if (names.is_null(i)) continue;
      HeaderSpan header;
      header.name = copy(names.string_at(i));
      header.value = values.is_null(i) ? RecordSpan{0, kNullLength} : copy(values.string_at(i));
      headers_[row].push_back(header);
    }
  }
}

}  // namespace velo
