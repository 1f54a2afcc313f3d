#include "runtime/message_reader.h"

#include <algorithm>
#include <utility>

#include "column/column_builder.h"
#include "column/null_rows.h"

namespace velo {

MessageReader::MessageReader(const MessageSpec& spec, const SchemaPtr& layout,
                             const std::vector<MetadataField>& metadata,
                             const PartitionInfo& partition, std::unique_ptr<Decoder> key,
                             Decoder& value)
    : spec_(spec),
      layout_(layout),
      metadata_(metadata),
      partition_(partition),
      key_(std::move(key)),
      value_(value) {
  no_values_.schema = value_.schema();
  for (const Field& field : no_values_.schema->fields()) {
    no_values_.columns.push_back(Column::nulls(field.type, 0));
  }
}

std::string_view MessageReader::text(RecordSpan span) const {
  return as_text(block_->bytes.subspan(span.offset, span.length));
}

Status MessageReader::read(const Block& block, MessageOutput& out) {
  block_ = &block;
  out_ = &out;
  nulls_.clear();
  next_null_ = 0;
  bad_key_.clear();
  if (key_) TRY(read_keys());
  TRY(read_values());
  return emit_until(static_cast<uint32_t>(block.records.size()), nullptr, {});
}

Status MessageReader::read_keys() {
  in_keys_ = true;
  fed_.clear();
  fed_as_.clear();
  key_batches_.clear();
  key_row_.assign(block_->records.size(), kNullRow);
  bad_key_.assign(block_->records.size(), false);
  for (uint32_t i = 0; i < block_->metadata.size(); ++i) {
    const RecordSpan key = block_->metadata[i].key;
    if (key.length == kNullLength) continue;
    fed_.push_back(key);
    fed_as_.push_back(i);
  }
  const Status status = key_->feed_messages({block_->owner, block_->bytes, fed_, false}, *this);
  in_keys_ = false;
  TRY(Status(status));
  keys_ = {};
  if (!key_batches_.empty()) keys_ = concat(key_batches_);
  return {};
}

/// Which messages are fed to the value decoder: all, by `fed_as_` empty, or those in it.
void MessageReader::choose_values() {
  fed_.clear();
  fed_as_.clear();
  const bool all_keys_good =
      std::none_of(bad_key_.begin(), bad_key_.end(), [](bool b) { return b; });
  if (block_->line_bytes > 0 && all_keys_good) return;
  for (uint32_t i = 0; i < block_->records.size(); ++i) {
    if (!bad_key_.empty() && bad_key_[i]) continue;
    if (block_->records[i].length == kNullLength) continue;
    fed_.push_back(block_->records[i]);
    fed_as_.push_back(i);
  }
}

Status MessageReader::read_values() {
  choose_values();
  const bool may_be_null = block_->line_bytes == 0 && spec_.nulls != NullValue::kNothing;
  for (uint32_t i = 0; may_be_null && i < block_->records.size(); ++i) {
    if (block_->records[i].length == kNullLength && (bad_key_.empty() || !bad_key_[i])) {
      nulls_.push_back(i);
    }
  }
  Messages messages{block_->owner, block_->bytes, fed_, false};
  if (fed_as_.empty() && block_->line_bytes > 0) {
    messages.bytes = block_->bytes.first(block_->line_bytes);
    messages.records = block_->records;
    messages.lines = true;
  }
  return value_.feed_messages(messages, *this);
}

/// Reports a message without value that is no row. False: it is one.
Result<bool> MessageReader::report_null(uint32_t message) {
  const bool deletes = spec_.nulls == NullValue::kDelete;
  if (spec_.nulls == NullValue::kRow || (deletes && key_row_[message] != kNullRow)) return false;
  BadRecord bad;
  bad.reason = BadReason::kSyntax;
  bad.message = deletes ? "the message has neither key nor value" : "the message has no value";
  TRY(out_->bad_message(bad, block_->metadata[message]));
  return true;
}

Status MessageReader::bad(const BadRecord& record) {
  const uint32_t message =
      fed_as_.empty() ? static_cast<uint32_t>(record.offset) : fed_as_[record.offset];
  if (!in_keys_) return out_->bad_message(record, block_->metadata[message]);
  bad_key_[message] = true;
  BadRecord whole = record;
  whole.message = "key: " + record.message;
  const RecordSpan value = block_->records[message];
  whole.bytes = value.length == kNullLength ? std::string_view() : text(value);
  whole.bytes_total = whole.bytes.size();
  return out_->bad_message(whole, block_->metadata[message]);
}

Status MessageReader::batch(Batch batch, DecodedRange range) {
  if (in_keys_) {
    auto row = static_cast<uint32_t>(0);
    for (const Batch& before : key_batches_) row += static_cast<uint32_t>(before.rows);
    for (const uint32_t fed : range.messages) key_row_[fed_as_[fed]] = row++;
    key_batches_.push_back(std::move(batch));
    return {};
  }
  if (batch.rows == 0) return {};
  std::vector<uint32_t> messages(range.messages.begin(), range.messages.end());
  if (!fed_as_.empty()) {
    for (uint32_t& message : messages) message = fed_as_[message];
  }
  return emit_until(messages.back() + 1, &batch, messages);
}

/// Hands out the values with, in the order of messages, the rows of those without value before
/// `message`.
Status MessageReader::emit_until(uint32_t message, const Batch* values,
                                 std::span<const uint32_t> messages) {
  std::vector<uint32_t> value_rows;
  std::vector<uint32_t> of;
  bool deletes = false;
  size_t row = 0;
  const auto take_values_before = [&](uint32_t end) {
    for (; row < messages.size() && messages[row] < end; ++row) {
      value_rows.push_back(static_cast<uint32_t>(row));
      of.push_back(messages[row]);
    }
  };
  for (; next_null_ < nulls_.size() && nulls_[next_null_] < message; ++next_null_) {
    if (TRY(report_null(nulls_[next_null_]))) continue;
    take_values_before(nulls_[next_null_]);
    value_rows.push_back(kNullRow);
    of.push_back(nulls_[next_null_]);
    deletes = spec_.nulls == NullValue::kDelete;
  }
  if (of.empty()) {  // the usual case: none in between
    if (values == nullptr) return {};
    return out_->rows(lay_out(*values, {}, messages, false), messages);
  }
  take_values_before(message);
  return out_->rows(lay_out(values == nullptr ? no_values_ : *values, value_rows, of, deletes), of);
}

/// `value_rows`: of `values`, kNullRow where there is none; empty: all of them.
Batch MessageReader::lay_out(const Batch& values, std::span<const uint32_t> value_rows,
                             std::span<const uint32_t> messages, bool deletes) const {
  Batch out{layout_, messages.size(), {}, nullptr, nullptr};
  std::vector<uint32_t> key_rows;
  if (key_) {
    for (const uint32_t message : messages) key_rows.push_back(key_row_[message]);
  }
  const auto value_of = [&](size_t column) {
    const ColumnPtr& all = values.columns[column];
    return value_rows.empty() ? all : gather_or_null(all, value_rows);
  };
  const auto key_of = [&](size_t column, const Type& type) {
    if (keys_.columns.empty()) return Column::nulls(type, messages.size());
    return gather_or_null(keys_.columns[column], key_rows);
  };
  for (size_t i = 0; i < spec_.columns.size(); ++i) {
    const MessageSpec::Column& column = spec_.columns[i];
    const Type& type = (*layout_)[i].type;
    if (!column.in_value) {
      out.columns.push_back(key_of(*column.key, type));
    } else if (column.key && deletes) {
      // The key of what is deleted, the value's own columns of all else.
      const std::vector<ColumnPtr> both = {value_of(column.value), key_of(*column.key, type)};
      std::vector<uint32_t> rows(messages.size());
      for (uint32_t row = 0; row < rows.size(); ++row) {
        rows[row] = value_rows[row] == kNullRow ? row + static_cast<uint32_t>(rows.size()) : row;
      }
      out.columns.push_back(gather(concat(both), rows));
    } else {
      out.columns.push_back(value_of(column.value));
    }
  }
  if (deletes) {
    ColumnBuilder weights(Type::bigint(), messages.size());
    for (const uint32_t row : value_rows) weights.append_int64(row == kNullRow ? -1 : 1);
    out.weights = weights.finish();
  } else if (value_rows.empty()) {
    out.weights = values.weights;
  }
  for (size_t i = 0; i < metadata_.size(); ++i) {
    out.columns.push_back(metadata_column(i, messages));
  }
  return out;
}

namespace {

std::string_view timestamp_kind_text(RecordMetadata::TimestampKind kind) {
  switch (kind) {
    case RecordMetadata::TimestampKind::kNone:
      break;
    case RecordMetadata::TimestampKind::kCreated:
      return "CreateTime";
    case RecordMetadata::TimestampKind::kAppended:
      return "LogAppendTime";
  }
  return "NoTimestampType";
}

}  // namespace

/// Of several headers of one name the last: a MAP has a key once.
void MessageReader::append_headers(const RecordMetadata& message, ColumnBuilder& builder) const {
  const std::span<const HeaderSpan> headers(block_->headers.data() + message.first_header,
                                            message.headers);
  for (size_t i = 0; i < headers.size(); ++i) {
    const auto later = headers.subspan(i + 1);
    const bool again = std::any_of(later.begin(), later.end(), [&](const HeaderSpan& h) {
      return text(h.name) == text(headers[i].name);
    });
    if (again) continue;
    builder.child(0).append_string(text(headers[i].name));
    headers[i].value.length == kNullLength ? builder.child(1).append_null()
                                           : builder.child(1).append_string(text(headers[i].value));
  }
  builder.append_list_end();
}

ColumnPtr MessageReader::metadata_column(size_t i, std::span<const uint32_t> messages) const {
  const Type& type = (*layout_)[spec_.columns.size() + i].type;
  ColumnBuilder builder(type, messages.size());
  for (const uint32_t number : messages) {
    const RecordMetadata& message = block_->metadata[number];
    switch (metadata_[i]) {
      case MetadataField::kUnit:
        builder.append_string(block_->begin.file);
        break;
      case MetadataField::kPartition:
        builder.append_string(partition_.name);
        break;
      case MetadataField::kNumber:
        builder.append_int64(partition_.number);
        break;
      case MetadataField::kOffset:
        builder.append_int64(static_cast<int64_t>(message.offset));
        break;
      case MetadataField::kTimestamp:
        message.timestamp_kind == RecordMetadata::TimestampKind::kNone
            ? builder.append_null()
            : builder.append_int64(message.timestamp_us);
        break;
      case MetadataField::kTimestampKind:
        builder.append_string(timestamp_kind_text(message.timestamp_kind));
        break;
      case MetadataField::kKey:
        message.key.length == kNullLength ? builder.append_null()
                                          : builder.append_string(text(message.key));
        break;
      case MetadataField::kHeaders:
        append_headers(message, builder);
        break;
    }
  }
  return builder.finish();
}

}  // namespace velo
