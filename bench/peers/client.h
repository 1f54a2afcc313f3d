#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace velo::bench {

// librdkafka as its own examples use it, and nothing of velo's: what these programs measure is the
// client. Whatever fails ends the program with a line on standard error.

struct DestroyHandle {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
using Handle = std::unique_ptr<rd_kafka_t, DestroyHandle>;

using Properties = std::initializer_list<std::pair<const char*, std::string>>;

[[noreturn]] void fail(const std::string& what);

Handle make_producer(const std::string& bootstrap, Properties properties = {});

/// A consumer with no group's offsets: what it reads is assigned.
Handle make_consumer(const std::string& bootstrap, Properties properties = {});

/// Assigns all partitions of a topic from the first offset (`from_end` false) or the end. Returns
/// how many records there are from there to the ends as of now.
int64_t assign_all(rd_kafka_t* consumer, const std::string& topic, bool from_end);

/// Sends one message, waiting while the producer's queue is full.
void send(rd_kafka_t* producer, const std::string& topic, std::string_view key,
          std::string_view value);

/// Returns when the broker has everything.
void flush(rd_kafka_t* producer);

/// Since an unnamed moment, for all processes of the machine.
int64_t now_ns();

double cpu_seconds();

}  // namespace velo::bench
