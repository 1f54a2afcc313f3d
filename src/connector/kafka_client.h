#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connector/kafka_options.h"

namespace velo {

/// For what is asked before anything runs.
inline constexpr int kKafkaTimeoutMs = 10'000;

/// The broker's words for `code`, behind what we were doing.
Error kafka_error(rd_kafka_resp_err_t code, std::string_view what, std::string_view detail = {});

/// Frees what librdkafka hands out.
struct KafkaDeleter {
  void operator()(rd_kafka_conf_t* p) const { rd_kafka_conf_destroy(p); }
  void operator()(rd_kafka_topic_t* p) const { rd_kafka_topic_destroy(p); }
  void operator()(rd_kafka_queue_t* p) const { rd_kafka_queue_destroy(p); }
  void operator()(rd_kafka_message_t* p) const { rd_kafka_message_destroy(p); }
  void operator()(rd_kafka_topic_partition_list_t* p) const {
    rd_kafka_topic_partition_list_destroy(p);
  }
  void operator()(const rd_kafka_metadata_t* p) const { rd_kafka_metadata_destroy(p); }
};
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, KafkaDeleter>;
using KafkaTopicPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t, KafkaDeleter>;
using KafkaMetadata = std::unique_ptr<const rd_kafka_metadata_t, KafkaDeleter>;
using KafkaTopic = std::unique_ptr<rd_kafka_topic_t, KafkaDeleter>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaDeleter>;

/// Asks until the answer is another than that a broker is only just starting or giving its part to
/// another one; for `timeout_ms` at most, besides what `ask` itself takes.
rd_kafka_resp_err_t ask_patiently(int timeout_ms, const std::function<rd_kafka_resp_err_t()>& ask);

KafkaTopicPartitions make_topic_partitions(size_t capacity);

/// A handle of librdkafka with what its threads have to tell. Calls that poll are for one thread.
class KafkaClient {
 public:
  struct Hooks {
    /// Called from `poll` for each message that could not be delivered (producers).
    void (*undelivered)(const rd_kafka_message_t& message, void* owner) = nullptr;
    /// Called from polls (consumers of a group). See rd_kafka_conf_set_rebalance_cb.
    void (*rebalance)(rd_kafka_t* handle, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t* partitions, void* owner) = nullptr;
    void* owner = nullptr;
  };
  static Result<std::unique_ptr<KafkaClient>> make(rd_kafka_type_t type,
                                                   const KafkaProperties& properties, Hooks hooks);
  ~KafkaClient();
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  rd_kafka_t* handle() const { return handle_; }
  const std::string& servers() const { return servers_; }

  /// What is known of one topic, or of all with an empty name; waits until there is a leader for
  /// each partition of it. kNotFound with a hint if there is no such topic, kUnavailable if nobody
  /// answers.
  Result<KafkaMetadata> metadata(const std::string& topic, int timeout_ms = 10'000);
  /// First offset and the one behind the last, of a partition.
  struct Range {
    int64_t begin = 0;
    int64_t end = 0;
  };
  Result<Range> offsets(const std::string& topic, int32_t partition, int timeout_ms = 10'000);

  /// Says that messages come from now on: polling for what else the client has to tell would throw
  /// them away, so nothing here does it any more.
  void begin_reading() { reading_ = true; }

  /// Warnings since the last call, each told once.
  std::vector<std::string> take_warnings();
  /// What no retrying will mend.
  std::optional<Error> fatal_error() const;
  /// How often a connection or a request failed.
  uint64_t errors() const { return errors_.load(std::memory_order_relaxed); }
  /// The last thing that went wrong with a connection; empty = nothing did.
  std::string last_trouble() const;
  const Hooks& hooks() const { return hooks_; }

 private:
  explicit KafkaClient(Hooks hooks) : hooks_(hooks) {}
  static void on_log(const rd_kafka_t* handle, int level, const char* facility, const char* text);
  static void on_error(rd_kafka_t* handle, int code, const char* reason, void* self);
  void warn(std::string text);
  Error no_answer(std::string_view what) const;
  bool refused() const;
  Error no_topic(const std::string& topic, int timeout_ms);

  Hooks hooks_;
  rd_kafka_t* handle_ = nullptr;
  bool reading_ = false;
  std::string servers_;
  std::atomic<uint64_t> errors_{0};
  mutable std::mutex mutex_;  // librdkafka's threads write what follows
  std::vector<std::string> warnings_;
  std::vector<std::string> told_;
  std::string last_trouble_;
  rd_kafka_resp_err_t last_code_ = RD_KAFKA_RESP_ERR_NO_ERROR;  // of the last trouble
};

}  // namespace velo
