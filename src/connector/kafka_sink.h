#pragma once

#include <memory>
#include <optional>

#include "connector/kafka_client.h"
#include "connector/kafka_options.h"
#include "connector/sink.h"

namespace velo {

/// Writes records to a topic. The client sends them on threads of its own; when it holds as many as
/// it may, `write_records` waits. A record that the broker does not take ends the sink, with the
/// broker's words. `prepare` and `finish` wait until all is acknowledged.
class KafkaSink final : public Sink {
 public:
  explicit KafkaSink(KafkaSinkOptions options) : options_(std::move(options)) {}
  ~KafkaSink() override;

  Status open() override;
  uint32_t partitions() const override { return static_cast<uint32_t>(partitions_); }
  Status write(Bytes encoded, uint64_t rows) override;
  Status write_records(const OutgoingRecords& records) override;
  Status flush() override;
  Status tick() override { return flush(); }
  Result<std::string> prepare(uint64_t epoch) override;
  Status finish() override;
  uint64_t waiting() const override;
  uint64_t errors() const override;

 private:
  Status send(const OutgoingRecords& records, size_t i);
  Status failure() const;
  Status drain();
  int32_t next_partition();

  KafkaSinkOptions options_;
  std::unique_ptr<KafkaClient> client_;
  KafkaTopic topic_;
  int32_t partitions_ = 0;
  int32_t turn_ = 0;
  std::optional<Error> undelivered_;
  uint64_t undelivered_count_ = 0;
};

}  // namespace velo
