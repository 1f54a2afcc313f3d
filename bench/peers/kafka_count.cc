// A bare consume loop: reads a topic from the first offset to the end as of now and counts bytes.
//
//   kafka_count BOOTSTRAP TOPIC
#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench/peers/client.h"

namespace velo::bench {
namespace {

constexpr size_t kBatch = 10'000;

struct Counted {
  int64_t rows = 0;
  int64_t bytes = 0;
};

Counted count_all(rd_kafka_t* consumer, int64_t rows) {
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(consumer);
  static rd_kafka_message_t* messages[kBatch];
  Counted counted;
  while (counted.rows < rows) {
    const ssize_t got = rd_kafka_consume_batch_queue(queue, 100, messages, kBatch);
    for (ssize_t i = 0; i < got; ++i) {
      if (messages[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail(rd_kafka_message_errstr(messages[i]));
      counted.bytes += static_cast<int64_t>(messages[i]->len);
      rd_kafka_message_destroy(messages[i]);
    }
    counted.rows += got > 0 ? got : 0;
  }
  rd_kafka_queue_destroy(queue);
  return counted;
}

void run(const std::string& bootstrap, const std::string& topic) {
  const Handle consumer = make_consumer(bootstrap, {{"group.id", "kafka-count"},
                                                    {"enable.auto.commit", "false"},
                                                    {"queued.min.messages", "1000000"}});
  const int64_t rows = assign_all(consumer.get(), topic, false);
  const int64_t begun = now_ns();
  const double cpu = cpu_seconds();
  const Counted counted = count_all(consumer.get(), rows);
  const double seconds = static_cast<double>(now_ns() - begun) / 1e9;
  std::printf(
      "{\"bench\":\"librdkafka count\",\"rows\":%lld,\"bytes\":%lld,\"seconds\":%.4f,"
      "\"cpu_seconds\":%.4f}\n",
      static_cast<long long>(counted.rows), static_cast<long long>(counted.bytes), seconds,
      cpu_seconds() - cpu);
  rd_kafka_consumer_close(consumer.get());
}

}  // namespace
}  // namespace velo::bench

int main(int argc, char** argv) {
  if (argc != 3) velo::bench::fail("usage: kafka_count BOOTSTRAP TOPIC");
  velo::bench::run(argv[1], argv[2]);
}
