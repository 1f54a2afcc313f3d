// Blocks of messages: those of a format, and those that other processes of the job have written.
#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "runtime/source_driver.h"

namespace velo {

Status SourceDriver::read_messages(Partition& partition) {
  partition.unit = block_.begin.file;
  if (!partition.messages) {
    std::unique_ptr<Decoder> key;
    if (messages_.make_key_decoder) key = TRY(messages_.make_key_decoder());
    partition.messages =
        std::make_unique<MessageReader>(messages_, spec_.layout, spec_.metadata, partition.info,
                                        std::move(key), *partition.decoder);
  }
  for (size_t i = block_.metadata.size(); i < block_.records.size(); ++i) {
    block_.metadata.emplace_back().offset = i;
  }
  if (!partition.first) partition.first = block_.begin.offset;
  TRY(partition.messages->read(block_, *this));
  partition.position = block_.end;
  if (source_ && source_->commits()) mark(partition);
  return {};
}

Status SourceDriver::read_dealt(Partition& partition) {
  partition.unit = block_.begin.file;
  if (!partition.dealt) partition.dealt = std::make_unique<RepartitionReader>(spec_.layout);
  if (!partition.first) partition.first = block_.begin.offset;
  RepartitionReader& dealt = *partition.dealt;
  const std::optional<ReplayNote>& replay = partition.replay;
  for (size_t i = 0; i < block_.records.size(); ++i) {
    const RecordSpan span = block_.records[i];
    const uint64_t offset = block_.metadata[i].offset;
    const bool again = replay && offset < replay->read_to;
    if (replay && !again && !std::exchange(partition.goes_on, true)) dealt.skip_to(replay->more);
    const Bytes bytes = block_.bytes.subspan(
        span.offset, span.length == kNullLength ? 0 : static_cast<size_t>(span.length));
    const Result<Batch> rows = dealt.read(as_text(bytes), now_us_);
    if (!rows) {
      return Error(rows.error().code,
                   fmt::format("{}, offset {}: this is no record of rows of this job: {}",
                               partition.info.name, offset, rows.error().message))
          .with_hint(
              "only the instances of one 'application.id', all of one version, may write to this "
              "topic; stop them all, delete it, and start again");
    }
    if (rows->rows > 0) {
      metrics_.rows_in.add(rows->rows);
      TRY(deliver(current_, *rows, again ? std::optional(replay->needed_from) : std::nullopt));
    }
    for (const auto& reader : readers_) {
      reader->told(current_, dealt.watermark(), dealt.idle_since(), now_us_);
    }
  }
  partition.position = block_.end;
  if (source_ && source_->commits()) mark(partition);
  return dealt.ended() ? finish_partition(current_, now_us_) : Status();
}

Status SourceDriver::rows(Batch batch, std::span<const uint32_t> messages) {
  metrics_.rows_in.add(batch.rows);
  const std::optional<ReplayNote>& replay = partitions_[current_].replay;
  if (!replay || block_.metadata[messages.front()].offset >= replay->read_to) {
    return deliver(current_, batch);
  }
  // Read for a second time, perhaps only the first of them.
  const auto fresh = std::find_if(messages.begin(), messages.end(), [&](uint32_t message) {
    return block_.metadata[message].offset >= replay->read_to;
  });
  const auto again = static_cast<size_t>(fresh - messages.begin());
  TRY(deliver(current_, slice(batch, 0, again), replay->needed_from));
  if (again == batch.rows) return {};
  return deliver(current_, slice(batch, again, batch.rows - again));
}

Status SourceDriver::bad_message(const BadRecord& record, const RecordMetadata& message) {
  Partition& partition = partitions_[current_];
  // What was read before a restart became a letter then.
  if (partition.replay && message.offset < partition.replay->read_to) return {};
  metrics_.bad.add(1);
  BadRecord placed = record;
  placed.offset = message.offset;
  const BadPlace place{spec_.table, partition.unit, partition.info.name};
  if (!context_.rejects.wants_messages(context_.source)) {
    return context_.rejects.bad_record(context_.source, place, placed);
  }
  BadMessage whole = whole_message(message);
  whole.again = partition.letter == message.offset;
  partition.letter = message.offset;
  return context_.rejects.bad_record(context_.source, place, placed, &whole);
}

BadMessage SourceDriver::whole_message(const RecordMetadata& message) const {
  const auto text = [&](RecordSpan span) -> std::optional<std::string_view> {
    if (span.length == kNullLength) return std::nullopt;
    return as_text(block_.bytes.subspan(span.offset, span.length));
  };
  BadMessage whole;
  whole.partition = partitions_[current_].info.number;
  whole.key = text(message.key);
  whole.value = text(block_.records[static_cast<size_t>(&message - block_.metadata.data())]);
  for (uint32_t i = 0; i < message.headers; ++i) {
    const HeaderSpan& header = block_.headers[message.first_header + i];
    DeadLetter::Header copy{std::string(*text(header.name)), std::nullopt};
    if (const auto value = text(header.value)) copy.value = std::string(*value);
    whole.headers.push_back(std::move(copy));
  }
  return whole;
}

}  // namespace velo
