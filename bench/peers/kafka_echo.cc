// A bare echo loop: what comes into one topic from now on goes out to another, key and value as
// they came. Prints "ready" when it reads; SIGTERM ends it.
//
//   kafka_echo BOOTSTRAP FROM TO LINGER_MS
#include <csignal>
#include <cstdio>
#include <string>

#include "bench/peers/client.h"

namespace velo::bench {
namespace {

volatile std::sig_atomic_t stopped = 0;

std::string_view bytes(const void* data, size_t size) {
  return {static_cast<const char*>(data), size};
}

void run(const std::string& bootstrap, const std::string& from, const std::string& to,
         const std::string& linger_ms) {
  const Handle producer = make_producer(bootstrap, {{"linger.ms", linger_ms}});
  const Handle consumer =
      make_consumer(bootstrap, {{"group.id", "kafka-echo"}, {"enable.auto.commit", "false"}});
  assign_all(consumer.get(), from, true);
  std::puts("ready");
  std::fflush(stdout);
  while (stopped == 0) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer.get(), 100);
    rd_kafka_poll(producer.get(), 0);
    if (message == nullptr) continue;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_message_errstr(message));
    send(producer.get(), to, bytes(message->key, message->key_len),
         bytes(message->payload, message->len));
    rd_kafka_message_destroy(message);
  }
  flush(producer.get());
  rd_kafka_consumer_close(consumer.get());
}

}  // namespace
}  // namespace velo::bench

int main(int argc, char** argv) {
  if (argc != 5) velo::bench::fail("usage: kafka_echo BOOTSTRAP FROM TO LINGER_MS");
  std::signal(SIGTERM, [](int) { velo::bench::stopped = 1; });
  std::signal(SIGINT, [](int) { velo::bench::stopped = 1; });
  velo::bench::run(argv[1], argv[2], argv[3], argv[4]);
}
