// How long a message takes from one topic to another, whoever carries it: sends messages at a fixed
// rate, each with the moment at which it was due, and reads them on the other side. A program that
// stalls is not spared: the moments are those of the schedule, not of the sending.
//
//   kafka_latency BOOTSTRAP FROM TO RATE SECONDS [WARM_UP_SECONDS]
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fmt.h"
#include "bench/peers/client.h"

namespace velo::bench {
namespace {

constexpr std::string_view kDue = "\"due\":";
constexpr int64_t kPatienceNs = 10'000'000'000;

struct Load {
  std::string bootstrap;
  std::string from;
  std::string to;
  int64_t rate = 0;  ///< messages per second
  int64_t warm_up = 0;
  int64_t count = 0;  ///< messages, the `warm_up` first ones among them
};

/// Sends what is due once per millisecond at most.
void send_all(const Load& load) {
  const Handle producer = make_producer(load.bootstrap, {{"linger.ms", "0"}});
  const int64_t begun = now_ns();
  std::string value;
  for (int64_t i = 0; i < load.count;) {
    const int64_t due_count = std::min(load.count, (now_ns() - begun) * load.rate / 1'000'000'000);
    for (; i < due_count; ++i) {
      value.clear();
      fmt::format_to(
          std::back_inserter(value),
          "{{\"number\":{},\"due\":{},\"symbol\":\"SYM{}\",\"price\":{}.25,\"pad\":\"{:024}\"}}", i,
          begun + i * 1'000'000'000 / load.rate, i % 1000, i % 997, i);
      send(producer.get(), load.from, {}, value);
    }
    rd_kafka_poll(producer.get(), 0);
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  flush(producer.get());
}

/// The moment at which the message was due.
int64_t due_of(std::string_view value) {
  const size_t at = value.find(kDue);
  int64_t due = 0;
  if (at != std::string_view::npos) {
    size_t first = at + kDue.size();
    while (first < value.size() && value[first] == ' ') ++first;
    std::from_chars(value.data() + first, value.data() + value.size(), due);
  }
  if (due == 0) fail("a message came without its moment: " + std::string(value));
  return due;
}

std::vector<int64_t> receive_all(rd_kafka_t* consumer, int64_t count) {
  std::vector<int64_t> latencies;
  latencies.reserve(static_cast<size_t>(count));
  int64_t last = now_ns();
  while (static_cast<int64_t>(latencies.size()) < count && now_ns() - last < kPatienceNs) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 100);
    if (message == nullptr) continue;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_message_errstr(message));
    last = now_ns();
    latencies.push_back(last - due_of({static_cast<const char*>(message->payload), message->len}));
    rd_kafka_message_destroy(message);
  }
  return latencies;
}

double ms(const std::vector<int64_t>& sorted, double part) {
  const auto at = static_cast<size_t>(part * static_cast<double>(sorted.size() - 1));
  return static_cast<double>(sorted[at]) / 1e6;
}

void run(const Load& load) {
  const Handle consumer = make_consumer(load.bootstrap, {{"group.id", "kafka-latency"},
                                                         {"enable.auto.commit", "false"},
                                                         {"fetch.wait.max.ms", "10"}});
  assign_all(consumer.get(), load.to, true);
  std::thread sender([&] { send_all(load); });
  std::vector<int64_t> latencies = receive_all(consumer.get(), load.count);
  sender.join();
  rd_kafka_consumer_close(consumer.get());
  if (static_cast<int64_t>(latencies.size()) != load.count) {
    fail(fmt::format("{} of {} messages arrived", latencies.size(), load.count));
  }
  latencies.erase(latencies.begin(), latencies.begin() + load.warm_up);
  std::sort(latencies.begin(), latencies.end());
  std::printf(
      "{\"bench\":\"latency\",\"rows\":%lld,\"rate\":%lld,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
      "\"max_ms\":%.3f}\n",
      static_cast<long long>(latencies.size()), static_cast<long long>(load.rate),
      ms(latencies, 0.5), ms(latencies, 0.99), ms(latencies, 1));
}

}  // namespace
}  // namespace velo::bench

int main(int argc, char** argv) {
  if (argc < 6) {
    velo::bench::fail("usage: kafka_latency BOOTSTRAP FROM TO RATE SECONDS [WARM_UP_SECONDS]");
  }
  const int64_t rate = std::strtoll(argv[4], nullptr, 10);
  const int64_t seconds = std::strtoll(argv[5], nullptr, 10);
  const int64_t warm_up = argc > 6 ? std::strtoll(argv[6], nullptr, 10) : 2;
  velo::bench::run({.bootstrap = argv[1],
                    .from = argv[2],
                    .to = argv[3],
                    .rate = rate,
                    .warm_up = rate * warm_up,
                    .count = rate * (seconds + warm_up)});
}
