#include "connector/kafka_topics.h"

#include <algorithm>
#include <map>

#include "base/fmt.h"
#include "connector/kafka_client.h"
#include "connector/kafka_options.h"

namespace velo {
namespace {

constexpr int kTimeoutMs = 10'000;

struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};

/// Adds `sign` times the first or last offset of every partition, asked for at once.
Status add_offsets(KafkaClient& client, rd_kafka_topic_partition_list_t& partitions, int64_t which,
                   int sign, std::map<std::string, TopicInfo>* topics) {
  for (int i = 0; i < partitions.cnt; ++i) partitions.elems[i].offset = which;
  const KafkaQueue queue(rd_kafka_queue_new(client.handle()));
  rd_kafka_ListOffsets(client.handle(), &partitions, nullptr, queue.get());
  const std::unique_ptr<rd_kafka_event_t, EventDeleter> event(
      rd_kafka_queue_poll(queue.get(), kTimeoutMs));
  const rd_kafka_resp_err_t code =
      event == nullptr ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* const detail =
        event == nullptr ? nullptr : rd_kafka_event_error_string(event.get());
    return kafka_error(code, "offsets of topics", detail == nullptr ? "" : detail);
  }
  const auto* const result = rd_kafka_event_ListOffsets_result(event.get());
  size_t count = 0;
  const auto* const* const infos = rd_kafka_ListOffsets_result_infos(result, &count);
  for (size_t i = 0; i < count; ++i) {
    const auto* const at = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    if (at->err == RD_KAFKA_RESP_ERR_NO_ERROR) (*topics)[at->topic].messages += sign * at->offset;
  }
  return {};
}

}  // namespace

Result<std::vector<TopicInfo>> kafka_topics(const OptionMap& properties, std::string_view allowed) {
  OptionMap options = properties;
  options["topic"] = "any";
  for (const ConnectorProblem& problem : check_kafka_options(options, allowed)) {
    return problem.error;
  }
  const auto client = TRY(KafkaClient::make(
      RD_KAFKA_PRODUCER, kafka_properties_of(properties, KafkaRole::kProducer), {}));
  const KafkaMetadata metadata = TRY(client->metadata("", kTimeoutMs));
  std::map<std::string, TopicInfo> topics;
  const KafkaTopicPartitions partitions = make_topic_partitions(64);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic& topic = metadata->topics[i];
    if (std::string_view(topic.topic).starts_with("__")) continue;
    topics[topic.topic] = {topic.topic, topic.partition_cnt, 0};
    for (int p = 0; p < topic.partition_cnt; ++p) {
      rd_kafka_topic_partition_list_add(partitions.get(), topic.topic, topic.partitions[p].id);
    }
  }
  if (partitions->cnt > 0) {
    TRY(add_offsets(*client, *partitions, RD_KAFKA_OFFSET_SPEC_LATEST, 1, &topics));
    TRY(add_offsets(*client, *partitions, RD_KAFKA_OFFSET_SPEC_EARLIEST, -1, &topics));
  }
  std::vector<TopicInfo> found;
  for (auto& [name, topic] : topics) found.push_back(std::move(topic));
  return found;
}

}  // namespace velo
