#include "bench/peers/client.h"

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace velo::bench {
namespace {

constexpr int kAnswerMs = 15'000;

Handle make(rd_kafka_type_t type, const std::string& bootstrap, Properties properties) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const std::string& value) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
      fail(error);
    }
  };
  set("bootstrap.servers", bootstrap);
  for (const auto& [name, value] : properties) set(name, value);
  rd_kafka_t* handle = rd_kafka_new(type, conf, error, sizeof error);
  if (handle == nullptr) fail(error);
  return Handle(handle);
}

void check(rd_kafka_resp_err_t error) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
}

/// Of one topic, which must be there.
int partitions_of(rd_kafka_t* client, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  check(rd_kafka_metadata(client, 0, handle, &metadata, kAnswerMs));
  check(metadata->topics[0].err);
  const int count = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(handle);
  return count;
}

}  // namespace

void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

Handle make_producer(const std::string& bootstrap, Properties properties) {
  return make(RD_KAFKA_PRODUCER, bootstrap, properties);
}

Handle make_consumer(const std::string& bootstrap, Properties properties) {
  Handle consumer = make(RD_KAFKA_CONSUMER, bootstrap, properties);
  rd_kafka_poll_set_consumer(consumer.get());
  return consumer;
}

int64_t assign_all(rd_kafka_t* consumer, const std::string& topic, bool from_end) {
  const int partitions = partitions_of(consumer, topic);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  int64_t records = 0;
  for (int p = 0; p < partitions; ++p) {
    int64_t low = 0;
    int64_t high = 0;
    check(rd_kafka_query_watermark_offsets(consumer, topic.c_str(), p, &low, &high, kAnswerMs));
    rd_kafka_topic_partition_list_add(list, topic.c_str(), p)->offset = from_end ? high : low;
    records += from_end ? 0 : high - low;
  }
  check(rd_kafka_assign(consumer, list));
  rd_kafka_topic_partition_list_destroy(list);
  return records;
}

void send(rd_kafka_t* producer, const std::string& topic, std::string_view key,
          std::string_view value) {
  for (;;) {
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) return check(error);
    rd_kafka_poll(producer, 10);
  }
}

void flush(rd_kafka_t* producer) { check(rd_kafka_flush(producer, 60'000)); }

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace velo::bench
