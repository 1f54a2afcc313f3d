#include "connector/kafka_sink.h"

#include "base/fmt.h"

namespace velo {
namespace {

constexpr int kWaitMs = 100;  // for room, and for acknowledgements, at a time

RecordSpan span_or_null(std::span<const RecordSpan> spans, size_t i) {
  return spans.empty() ? RecordSpan{0, kNullLength} : spans[i];
}

}  // namespace

KafkaSink::~KafkaSink() {
  // What failed must not go on being sent.
  if (client_) rd_kafka_purge(client_->handle(), RD_KAFKA_PURGE_F_QUEUE);
  topic_.reset();
}

Status KafkaSink::open() {
  KafkaProperties properties = options_.properties;
  properties.try_emplace("enable.idempotence", "true");
  properties.try_emplace("linger.ms", "5");
  properties.try_emplace("queue.buffering.max.kbytes", "65536");
  properties.try_emplace("queue.buffering.max.messages", "500000");
  if (options_.without_gaps) {
    properties["enable.idempotence"] = "true";
    properties["enable.gapless.guarantee"] = "true";
    properties["message.timeout.ms"] = "0";  // never given up
    properties.try_emplace("compression.type", "lz4");
  }
  // That of the Java clients: others that write with the same keys reach the same partitions.
  properties["partitioner"] = "murmur2_random";
  properties["delivery.report.only.error"] = "true";
  KafkaClient::Hooks hooks;
  hooks.owner = this;
  hooks.undelivered = [](const rd_kafka_message_t& message, void* owner) {
    auto* sink = static_cast<KafkaSink*>(owner);
    ++sink->undelivered_count_;
    if (sink->undelivered_) return;
    // Not rd_kafka_message_errstr, which takes the payload for the text.
    const char* const reason = rd_kafka_message_produce_errstr(&message);
    sink->undelivered_ = kafka_error(
        message.err,
        fmt::format("writing to topic '{}', partition {}", sink->options_.topic, message.partition),
        reason == nullptr ? "" : reason);
  };
  client_ = TRY(KafkaClient::make(RD_KAFKA_PRODUCER, properties, hooks));
  const KafkaMetadata metadata = TRY(client_->metadata(options_.topic));
  partitions_ = metadata->topics[0].partition_cnt;
  topic_.reset(rd_kafka_topic_new(client_->handle(), options_.topic.c_str(), nullptr));
  if (topic_) return {};
  return kafka_error(rd_kafka_last_error(), fmt::format("topic '{}'", options_.topic));
}

Status KafkaSink::write(Bytes, uint64_t) {
  return Error(ErrorCode::kInternal, "a topic takes records, not a stream of bytes");
}

int32_t KafkaSink::next_partition() {
  switch (options_.partitioner) {
    case KafkaSinkOptions::Partitioner::kDefault:
      break;
    case KafkaSinkOptions::Partitioner::kFixed:
      return 0;
    case KafkaSinkOptions::Partitioner::kRoundRobin:
      turn_ = (turn_ + 1) % partitions_;
      return turn_;
  }
  return RD_KAFKA_PARTITION_UA;
}

Status KafkaSink::send(const OutgoingRecords& records, size_t i) {
  const RecordSpan value = records.values[i];
  const RecordSpan key = span_or_null(records.keys, i);
  // librdkafka copies.
  auto* base = const_cast<std::byte*>(records.bytes.data());
  void* const value_bytes = value.length == kNullLength ? nullptr : base + value.offset;
  void* const key_bytes = key.length == kNullLength ? nullptr : base + key.offset;
  const size_t value_size = value_bytes == nullptr ? 0 : value.length;
  const size_t key_size = key_bytes == nullptr ? 0 : key.length;
  const int32_t partition =
      records.partitions.empty() ? next_partition() : static_cast<int32_t>(records.partitions[i]);
  rd_kafka_headers_t* headers = nullptr;
  if (!records.headers.empty()) {
    headers = rd_kafka_headers_new(records.headers[i].size());
    for (const HeaderSpan& header : records.headers[i]) {
      const bool null = header.value.length == kNullLength;
      rd_kafka_header_add(headers, reinterpret_cast<const char*>(base + header.name.offset),
                          static_cast<ssize_t>(header.name.length),
                          null ? nullptr : base + header.value.offset,
                          null ? 0 : static_cast<ssize_t>(header.value.length));
    }
  }
  for (;;) {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (headers == nullptr && records.timestamps_ms.empty()) {
      const int sent = rd_kafka_produce(topic_.get(), partition, RD_KAFKA_MSG_F_COPY, value_bytes,
                                        value_size, key_bytes, key_size, nullptr);
      if (sent != 0) code = rd_kafka_last_error();
    } else {
      const int64_t timestamp = records.timestamps_ms.empty() ? 0 : records.timestamps_ms[i];
      code = rd_kafka_producev(
          client_->handle(), RD_KAFKA_V_RKT(topic_.get()), RD_KAFKA_V_PARTITION(partition),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value_bytes, value_size),
          RD_KAFKA_V_KEY(key_bytes, key_size), RD_KAFKA_V_TIMESTAMP(timestamp),
          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};  // the headers are the message's now
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      if (headers != nullptr) rd_kafka_headers_destroy(headers);
      return kafka_error(code, fmt::format("writing to topic '{}'", options_.topic));
    }
    rd_kafka_poll(client_->handle(), kWaitMs);
    const Status failed = failure();
    if (!failed) {
      if (headers != nullptr) rd_kafka_headers_destroy(headers);
      return failed;
    }
  }
}

Status KafkaSink::failure() const {
  if (undelivered_) {
    Error error = *undelivered_;
    if (undelivered_count_ > 1) {
      error.message += fmt::format("; {} records were not written", undelivered_count_);
    }
    return error;
  }
  if (std::optional<Error> fatal = client_->fatal_error()) return *fatal;
  return {};
}

Status KafkaSink::write_records(const OutgoingRecords& records) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < records.values.size(); ++i) {
    TRY(send(records, i));
    if (records.values[i].length != kNullLength) bytes += records.values[i].length;
  }
  count(records.bytes.first(bytes), records.values.size());
  return flush();
}

Status KafkaSink::flush() {
  rd_kafka_poll(client_->handle(), 0);
  return failure();
}

uint64_t KafkaSink::waiting() const {
  return client_ ? static_cast<uint64_t>(rd_kafka_outq_len(client_->handle())) : 0;
}

uint64_t KafkaSink::errors() const {
  return undelivered_count_ + (client_ ? client_->errors() : 0);
}

Status KafkaSink::drain() {
  while (rd_kafka_outq_len(client_->handle()) > 0) {
    rd_kafka_flush(client_->handle(), kWaitMs);
    TRY(failure());
  }
  return failure();
}

Result<std::string> KafkaSink::prepare(uint64_t) {
  TRY(drain());
  return std::string();
}

Status KafkaSink::finish() { return drain(); }

}  // namespace velo
