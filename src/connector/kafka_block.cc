#include "connector/kafka_block.h"

#include <algorithm>
#include <cstring>

namespace velo {
namespace {

/// How many bytes are newlines.
size_t count_newlines(const std::byte* bytes, size_t size) {
  constexpr size_t kStep = 128;  // so often nothing overflows
  size_t total = 0;
  for (size_t begin = 0; begin < size; begin += kStep) {
    const size_t end = std::min(size, begin + kStep);
    uint8_t found = 0;
    for (size_t i = begin; i < end; ++i) found += bytes[i] == std::byte{'\n'} ? 1 : 0;
    total += found;
  }
  return total;
}

size_t header_bytes(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
  size_t bytes = 0;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    bytes += std::strlen(name) + size;
  }
  return bytes;
}

void add_headers(const rd_kafka_message_t& message, RecordMetadata& metadata, Block& out,
                 std::byte* base, uint32_t* at) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const auto copy = [&](const void* bytes, size_t size) {
    const RecordSpan span{*at, static_cast<uint32_t>(size)};
    if (size > 0) std::memcpy(base + *at, bytes, size);
    *at += span.length;
    return span;
  };
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    HeaderSpan header;
    header.name = copy(name, std::strlen(name));
    header.value = value == nullptr ? RecordSpan{0, kNullLength} : copy(value, size);
    out.headers.push_back(header);
    ++metadata.headers;
  }
}

RecordMetadata::TimestampKind kind_of(rd_kafka_timestamp_type_t kind) {
  switch (kind) {
    case RD_KAFKA_TIMESTAMP_CREATE_TIME:
      return RecordMetadata::TimestampKind::kCreated;
    case RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME:
      return RecordMetadata::TimestampKind::kAppended;
    default:
      return RecordMetadata::TimestampKind::kNone;
  }
}

}  // namespace

size_t fill_kafka_block(std::span<const KafkaMessage> messages, bool keys, bool headers,
                        BufferPool& pool, Block& out) {
  out.clear();
  size_t values = 0;
  size_t extras = 0;
  size_t count = 0;
  for (; count < std::min(messages.size(), kKafkaBlockRecords); ++count) {
    const rd_kafka_message_t& message = *messages[count];
    if (count > 0 && values + extras + message.len > kKafkaBlockBytes) break;
    values += message.len + 1;
    if (keys) extras += message.key_len;
    if (headers) extras += header_bytes(message);
  }
  const std::shared_ptr<Buffer> buffer = pool.take(values + extras);
  std::byte* const base = buffer->data();
  uint32_t at = 0;
  auto beside = static_cast<uint32_t>(values);
  bool lines = true;
  out.records.resize(count);
  out.metadata.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_message_t& message = *messages[i];
    const auto length = static_cast<uint32_t>(message.len);
    const bool null = message.payload == nullptr;
    out.records[i] = {at, null ? kNullLength : length};
    if (length > 0) std::memcpy(base + at, message.payload, length);
    lines = lines && length > 0 && static_cast<uint8_t>(base[at]) > ' ';
    at += length;
    base[at++] = std::byte{'\n'};
    RecordMetadata& metadata = out.metadata[i];
    metadata.offset = static_cast<uint64_t>(message.offset);
    rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    metadata.timestamp_us = rd_kafka_message_timestamp(&message, &kind) * 1000;
    metadata.timestamp_kind = kind_of(kind);
    if (keys && message.key != nullptr) {
      metadata.key = {beside, static_cast<uint32_t>(message.key_len)};
      if (message.key_len > 0) std::memcpy(base + beside, message.key, message.key_len);
      beside += metadata.key.length;
    }
    metadata.first_header = static_cast<uint32_t>(out.headers.size());
    if (headers) add_headers(message, metadata, out, base, &beside);
  }
  out.owner = buffer;
  out.bytes = Bytes(base, beside);
  lines = lines && count_newlines(base, at) == count;
  out.line_bytes = lines ? at : 0;
  out.record_per_entry = true;
  return count;
}

}  // namespace velo
