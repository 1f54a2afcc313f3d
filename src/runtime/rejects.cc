#include "runtime/rejects.h"

#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "column/batch_text.h"
#include "column/scalar.h"
#include "format/field_text.h"

namespace velo {
namespace {

constexpr size_t kShownMax = 3;  // of each kind
constexpr size_t kExcerptBytes = 120;
constexpr size_t kBadKind = 5;  // in shown_, after those of RejectReason

/// The beginning of a record, fit for a terminal: whole characters, no control codes, and bytes
/// that are no UTF-8 by their numbers.
std::string excerpt(std::string_view bytes) {
  std::string_view shown = bytes.substr(0, kExcerptBytes);
  while (shown.size() < bytes.size() && !shown.empty() && (bytes[shown.size()] & 0xc0) == 0x80) {
    shown.remove_suffix(1);
  }
  const bool utf8 = is_utf8(shown);
  std::string text;
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && !utf8) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text.push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
    }
  }
  if (shown.size() < bytes.size()) text += "…";
  return text;
}

std::string place_text(const BadPlace& place, const BadRecord& record) {
  std::string text = fmt::format("table '{}'", place.table);
  if (!place.unit.empty()) text += fmt::format(", {}", place.unit);
  if (place.unit != place.partition && !place.partition.empty()) {
    text += fmt::format(" partition {}", place.partition);
  }
  if (record.line != 0) {
    text += fmt::format(":{}", record.line);
  } else {
    text += fmt::format(" at offset {}", record.offset);
  }
  return text;
}

std::string row_text(const Batch& rows, size_t row) {
  std::string text;
  for (size_t i = 0; i < rows.columns.size(); ++i) {
    if (i > 0) text += ", ";
    text += (*rows.schema)[i].name + "=";
    if (rows.columns[i]->is_null(row)) {
      text += "NULL";
    } else {
      append_text(text, *rows.columns[i], row);
    }
  }
  return text;
}

void append_letter(ColumnBuilder& builder, DeadLetterField field, const BadPlace& place,
                   const BadRecord& record) {
  switch (field) {
    case DeadLetterField::kNull:
      return builder.append_null();
    case DeadLetterField::kBytes:
      return builder.append_string(record.bytes);
    case DeadLetterField::kTable:
      return builder.append_string(place.table);
    case DeadLetterField::kUnit:
      return builder.append_string(place.unit);
    case DeadLetterField::kPartition:
      return builder.append_string(place.partition);
    case DeadLetterField::kOffset:
      return builder.append_int64(static_cast<int64_t>(record.offset));
    case DeadLetterField::kLine:
      return record.line == 0 ? builder.append_null()
                              : builder.append_int64(static_cast<int64_t>(record.line));
    case DeadLetterField::kReason:
      return builder.append_string(bad_reason_name(record.reason));
    case DeadLetterField::kMessage:
      return builder.append_string(record.message);
  }
}

}  // namespace

size_t Rejects::add_source(Policy policy) {
  sources_.push_back(std::move(policy));
  return sources_.size() - 1;
}

void Rejects::set_late(size_t node, SinkPort* sink, LateSpec spec) {
  late_.push_back({node, sink, std::move(spec)});
}

void Rejects::set_future(size_t source, size_t reader, const Schema& rows, SinkPort* sink,
                         const LateSpec& late) {
  LateSpec spec = late;
  for (size_t i = 0; i < spec.columns.size(); ++i) {
    LateSpec::Column& column = spec.columns[i];
    const int input = rows.index_of(column.name);
    const int offset = rows.index_of(column.offset_name);
    column.input = static_cast<size_t>(std::max(input, 0));
    column.offset = static_cast<size_t>(std::max(offset, 0));
    const bool has_input = column.field == LateSpec::Field::kInput && input >= 0 &&
                           rows[column.input].type.physical() == (*spec.schema)[i].type.physical();
    const bool has_position =
        column.field == LateSpec::Field::kPosition && input >= 0 && offset >= 0;
    if (column.field == LateSpec::Field::kNamed) continue;
    if (!has_input && !has_position) column.field = LateSpec::Field::kNull;
  }
  future_.push_back({source, reader, sink, std::move(spec)});
}

void Rejects::show(size_t kind, std::string message) {
  if (shown_[kind]++ < kShownMax) messages_.push_back(std::move(message));
}

namespace {

/// The message as it came, with the headers that Kafka Connect gives its dead letters, and ours.
DeadLetter letter_of(const BadPlace& place, const BadRecord& record, const BadMessage* message) {
  DeadLetter letter;
  letter.value = record.bytes;
  if (message != nullptr) {
    letter.key = message->key;
    letter.value = message->value;
    letter.headers = message->headers;
    letter.headers.push_back({"__connect.errors.topic", std::string(place.unit)});
    letter.headers.push_back({"__connect.errors.partition", fmt::format("{}", message->partition)});
    letter.headers.push_back({"__connect.errors.offset", fmt::format("{}", record.offset)});
  }
  const bool of_key = record.message.starts_with("key: ");
  letter.headers.push_back({"__connect.errors.connector.name", std::string(place.table)});
  letter.headers.push_back({"__connect.errors.task.id", "0"});
  letter.headers.push_back(
      {"__connect.errors.stage", of_key ? "KEY_CONVERTER" : "VALUE_CONVERTER"});
  letter.headers.push_back({"__connect.errors.exception.class.name", "velo.BadRecord"});
  letter.headers.push_back({"__connect.errors.exception.message", record.message});
  letter.headers.push_back({"velo.errors.reason", std::string(bad_reason_name(record.reason))});
  return letter;
}

}  // namespace

bool Rejects::wants_messages(size_t source) const {
  std::lock_guard lock(mutex_);
  return sources_[source].policy == BadPolicy::kDeadLetter && sources_[source].spec.as_messages;
}

void Rejects::write_letter(const Policy& policy, const BadPlace& place, const BadRecord& record,
                           const BadMessage* message) {
  if (policy.spec.as_messages) {
    policy.sink->take_letter(letter_of(place, record, message));
    return check(*policy.sink);
  }
  Batch letter{policy.spec.schema, 1, {}, nullptr, nullptr};
  for (size_t i = 0; i < policy.spec.fields.size(); ++i) {
    ColumnBuilder builder((*policy.spec.schema)[i].type, 1);
    append_letter(builder, policy.spec.fields[i], place, record);
    letter.columns.push_back(builder.finish());
  }
  policy.sink->emit(std::move(letter));
  check(*policy.sink);
}

/// A full disk behind a side table is found out now, not when it is to be published.
void Rejects::check(const SinkPort& sink) {
  if (sink.error() && !failure_) failure_ = *sink.error();
}

Status Rejects::bad_record(size_t source, const BadPlace& place, const BadRecord& record,
                           const BadMessage* message) {
  std::lock_guard lock(mutex_);
  const Policy& policy = sources_[source];
  if (policy.policy == BadPolicy::kFail) {
    Error error(ErrorCode::kBadRecord,
                fmt::format("bad record: {}: {}", record.message, excerpt(record.bytes)));
    Place at;
    at.source = place.unit.empty() ? std::string(place.table) : std::string(place.unit);
    at.line = static_cast<uint32_t>(record.line);
    at.offset = record.offset;
    return std::move(error).at(std::move(at)).with_hint("'bad-records'='skip' leaves it out");
  }
  show(kBadKind, fmt::format("bad record ({}) in {}: {}: {}", bad_reason_name(record.reason),
                             place_text(place, record), record.message, excerpt(record.bytes)));
  const bool has_letter = message != nullptr && message->again;
  if (policy.policy == BadPolicy::kDeadLetter && !has_letter) {
    write_letter(policy, place, record, message);
  }
  return {};
}

void Rejects::failed_rows(size_t source, std::string_view where, const Rejected& rejected) {
  static const Policy kDefault;
  const Policy& policy = source < sources_.size() ? sources_[source] : kDefault;
  const std::string first = row_text(rejected.rows, 0);
  if (policy.policy == BadPolicy::kFail) {
    if (!failure_) {
      failure_.emplace(ErrorCode::kEvaluation,
                       fmt::format("{} for the row {}", rejected.message, first));
      failure_->hint = "'bad-records'='skip' leaves such rows out; TRY_… functions give NULL";
    }
    return;
  }
  show(static_cast<size_t>(rejected.reason),
       fmt::format("a row failed in {}: {}{}{}", where, rejected.message, first.empty() ? "" : ": ",
                   first));
  if (policy.policy != BadPolicy::kDeadLetter) return;
  for (size_t row = 0; row < rejected.rows.rows; ++row) {
    const std::string text = row_text(rejected.rows, row);
    BadRecord record;
    record.bytes = text;
    record.bytes_total = text.size();
    record.reason = BadReason::kValue;
    record.message = rejected.message;
    write_letter(policy, {where, {}, {}}, record);
  }
}

namespace {

/// "orders.csv:120"; NULL if either part is.
ColumnPtr positions(const Column& partitions, const Column& offsets, size_t rows) {
  ColumnBuilder builder(Type::string(), rows);
  for (size_t row = 0; row < rows; ++row) {
    if (partitions.is_null(row) || offsets.is_null(row)) {
      builder.append_null();
    } else {
      builder.append_string(fmt::format("{}:{}", partitions.string_at(row), offsets.int64_at(row)));
    }
  }
  return builder.finish();
}

Batch late_batch(const LateSpec& spec, const Batch& rows) {
  const size_t inputs = rows.columns.size() - 4;  // unused for rows without the four
  Batch result{spec.schema, rows.rows, {}, nullptr, nullptr};
  for (size_t i = 0; i < spec.columns.size(); ++i) {
    const Type& type = (*spec.schema)[i].type;
    const LateSpec::Column& column = spec.columns[i];
    if (column.field == LateSpec::Field::kNull) {
      result.columns.push_back(Column::nulls(type, rows.rows));
      continue;
    }
    if (column.field == LateSpec::Field::kNamed) {
      const int named = rows.schema->index_of(column.name);
      result.columns.push_back(named < 0 ? Column::nulls(type, rows.rows)
                                         : retype(rows.columns[static_cast<size_t>(named)], type));
      continue;
    }
    if (column.field == LateSpec::Field::kPosition) {
      result.columns.push_back(
          positions(*rows.columns[column.input], *rows.columns[column.offset], rows.rows));
      continue;
    }
    size_t from = column.input;
    if (column.field != LateSpec::Field::kInput) {
      from = inputs + static_cast<size_t>(column.field) -
             static_cast<size_t>(LateSpec::Field::kWatermark);
    }
    result.columns.push_back(retype(rows.columns[from], type));
  }
  return result;
}

}  // namespace

void Rejects::from_reader(size_t source, size_t reader, std::string_view table, Rejected rejected) {
  std::lock_guard lock(mutex_);
  if (rejected.reason == RejectReason::kError) {
    return failed_rows(source, fmt::format("table '{}'", table), rejected);
  }
  bool routed = false;
  for (const Future& future : future_) {
    if (rejected.reason != RejectReason::kFuture || future.source != source ||
        future.reader != reader) {
      continue;
    }
    future.sink->emit(late_batch(future.spec, rejected.rows));
    routed = true;
  }
  if (routed) return;
  show(static_cast<size_t>(rejected.reason),
       fmt::format("a row of table '{}' was refused: {}: {}", table, rejected.message,
                   row_text(rejected.rows, 0)));
}

void Rejects::from_operator(size_t node, Rejected rejected) {
  std::lock_guard lock(mutex_);
  if (rejected.reason == RejectReason::kError) return failed_rows(0, "the query", rejected);
  if (rejected.reason == RejectReason::kUnmatched) {
    return show(static_cast<size_t>(RejectReason::kUnmatched),
                fmt::format("a change was passed over: {}: {}", rejected.message,
                            row_text(rejected.rows, 0)));
  }
  if (rejected.reason != RejectReason::kLate) return;
  for (const Late& late : late_) {
    if (late.node != node) continue;
    late.sink->emit(late_batch(late.spec, rejected.rows));
    return check(*late.sink);
  }
  show(static_cast<size_t>(RejectReason::kLate),
       fmt::format("a late row was dropped: {}", row_text(rejected.rows, 0)));
}

void Rejects::tend_sinks() {
  std::lock_guard lock(mutex_);
  const auto tend = [this](SinkPort* sink) {
    if (sink == nullptr) return;
    Status tended = sink->flush();
    if (tended) tended = sink->tick();
    if (!tended && !failure_) failure_ = tended.error();
  };
  for (const Policy& policy : sources_) tend(policy.sink);
  for (const Late& late : late_) tend(late.sink);
}

Status Rejects::publish_sinks(uint64_t epoch) {
  std::lock_guard lock(mutex_);
  std::vector<SinkPort*> all;
  for (const Policy& policy : sources_) all.push_back(policy.sink);
  for (const Late& late : late_) all.push_back(late.sink);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  for (SinkPort* sink : all) {
    if (sink == nullptr) continue;
    TRY(sink->prepare(epoch));
    TRY(sink->commit(epoch));
  }
  return {};
}

std::optional<Error> Rejects::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

std::vector<std::string> Rejects::take_messages() {
  std::lock_guard lock(mutex_);
  return std::exchange(messages_, {});
}

void Rejects::add_message(std::string message) {
  std::lock_guard lock(mutex_);
  messages_.push_back(std::move(message));
}

void Rejects::save(SnapshotWriter& writer) const {
  std::lock_guard lock(mutex_);
  writer.section("rejects");
  for (const size_t shown : shown_) writer.u64(shown);
}

Status Rejects::load(SnapshotReader& reader) {
  std::lock_guard lock(mutex_);
  TRY(reader.section("rejects"));
  for (size_t& shown : shown_) shown = TRY(reader.u64());
  return {};
}

}  // namespace velo
