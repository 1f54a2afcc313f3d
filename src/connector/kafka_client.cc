#include "connector/kafka_client.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "base/fmt.h"
#include "base/nearest_name.h"

namespace velo {
namespace {

constexpr size_t kToldMost = 64;  // different warnings of one handle
constexpr int kStepMs = 1000;     // after so long it is asked whether asking on makes sense
constexpr auto kRetryPause = std::chrono::milliseconds(100);

/// What a broker says while it starts or while its part moves to another one.
bool is_moving(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR__DESTROY_BROKER:
      return true;
    default:
      return false;
  }
}

ErrorCode code_of(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return ErrorCode::kNotFound;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return ErrorCode::kPermission;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
      return ErrorCode::kTimeout;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return ErrorCode::kUnavailable;
    default:
      return is_moving(code) ? ErrorCode::kUnavailable : ErrorCode::kIo;
  }
}

bool is_passing(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
         code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
         code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

/// The worst that is said of the topics, if anything is.
rd_kafka_resp_err_t trouble_in(const rd_kafka_metadata_t& metadata) {
  for (int i = 0; i < metadata.topic_cnt; ++i) {
    const rd_kafka_metadata_topic& topic = metadata.topics[i];
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) return topic.err;
    if (topic.partition_cnt == 0) return RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    for (int p = 0; p < topic.partition_cnt; ++p) {
      if (topic.partitions[p].leader < 0) return RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    }
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

Error kafka_error(rd_kafka_resp_err_t code, std::string_view what, std::string_view detail) {
  std::string text = fmt::format("{}: {}", what, rd_kafka_err2str(code));
  if (!detail.empty() && detail != rd_kafka_err2str(code)) text += fmt::format(" ({})", detail);
  return Error(code_of(code), std::move(text));
}

rd_kafka_resp_err_t ask_patiently(int timeout_ms, const std::function<rd_kafka_resp_err_t()>& ask) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    const rd_kafka_resp_err_t code = ask();
    if (!is_moving(code) || std::chrono::steady_clock::now() > deadline) return code;
    std::this_thread::sleep_for(kRetryPause);
  }
}

KafkaTopicPartitions make_topic_partitions(size_t capacity) {
  return KafkaTopicPartitions(rd_kafka_topic_partition_list_new(static_cast<int>(capacity)));
}

Result<std::unique_ptr<KafkaClient>> KafkaClient::make(rd_kafka_type_t type,
                                                       const KafkaProperties& properties,
                                                       Hooks hooks) {
  std::unique_ptr<KafkaClient> client(new KafkaClient(hooks));
  std::unique_ptr<rd_kafka_conf_t, KafkaDeleter> conf(rd_kafka_conf_new());
  std::array<char, 512> reason{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), reason.data(), reason.size()) !=
        RD_KAFKA_CONF_OK) {
      return Error(ErrorCode::kBadOptionValue,
                   fmt::format("option 'properties.{}': {}", name, reason.data()));
    }
  }
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_log_cb(conf.get(), &KafkaClient::on_log);
  rd_kafka_conf_set_error_cb(conf.get(), &KafkaClient::on_error);
  if (hooks.undelivered != nullptr) {
    rd_kafka_conf_set_dr_msg_cb(conf.get(),
                                [](rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
                                  const Hooks& own = static_cast<KafkaClient*>(self)->hooks_;
                                  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
                                    own.undelivered(*message, own.owner);
                                });
  }
  if (hooks.rebalance != nullptr) {
    rd_kafka_conf_set_rebalance_cb(conf.get(),
                                   [](rd_kafka_t* handle, rd_kafka_resp_err_t code,
                                      rd_kafka_topic_partition_list_t* partitions, void* self) {
                                     const Hooks& own = static_cast<KafkaClient*>(self)->hooks_;
                                     own.rebalance(handle, code, partitions, own.owner);
                                   });
  }
  const auto servers = properties.find("bootstrap.servers");
  if (servers != properties.end()) client->servers_ = servers->second;
  client->handle_ = rd_kafka_new(type, conf.get(), reason.data(), reason.size());
  if (client->handle_ == nullptr) {
    return Error(ErrorCode::kBadOptionValue, fmt::format("Kafka: {}", reason.data()));
  }
  (void)conf.release();  // the handle's from here on
  return client;
}

KafkaClient::~KafkaClient() {
  if (handle_ != nullptr) rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void KafkaClient::on_log(const rd_kafka_t* handle, int level, const char* facility,
                         const char* text) {
  constexpr int kErrorLevel = 3;  // of syslog
  auto* self = static_cast<KafkaClient*>(rd_kafka_opaque(handle));
  // Of a broker that hangs up, `on_error` says only that none is left.
  if (std::string_view(facility) == "FAIL") {
    std::lock_guard lock(self->mutex_);
    if (self->last_code_ == RD_KAFKA_RESP_ERR_NO_ERROR ||
        self->last_code_ == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
      self->last_trouble_ = text;
    }
  }
  // What fails is told by `on_error` too; this is the rest.
  if (level <= kErrorLevel && std::string_view(facility) != "FAIL" &&
      std::string_view(facility) != "ERROR") {
    self->warn(fmt::format("Kafka: {}", text));
  }
}

void KafkaClient::on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  auto* self = static_cast<KafkaClient*>(opaque);
  const auto kind = static_cast<rd_kafka_resp_err_t>(code);
  self->errors_.fetch_add(1, std::memory_order_relaxed);
  // That all are down is the least of what can be said.
  if (kind != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || self->last_trouble().empty()) {
    std::lock_guard lock(self->mutex_);
    self->last_trouble_ = reason;
    self->last_code_ = kind;
  }
  self->warn(fmt::format("Kafka: {}", reason));
}

void KafkaClient::warn(std::string text) {
  std::lock_guard lock(mutex_);
  if (told_.size() >= kToldMost || std::find(told_.begin(), told_.end(), text) != told_.end()) {
    return;
  }
  told_.push_back(text);
  warnings_.push_back(std::move(text));
}

std::vector<std::string> KafkaClient::take_warnings() {
  std::lock_guard lock(mutex_);
  return std::exchange(warnings_, {});
}

std::string KafkaClient::last_trouble() const {
  std::lock_guard lock(mutex_);
  return last_trouble_;
}

std::optional<Error> KafkaClient::fatal_error() const {
  std::array<char, 512> reason{};
  const rd_kafka_resp_err_t code = rd_kafka_fatal_error(handle_, reason.data(), reason.size());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  return kafka_error(code, "Kafka", reason.data());
}

/// Trying again will not help.
bool KafkaClient::refused() const {
  std::lock_guard lock(mutex_);
  return last_code_ == RD_KAFKA_RESP_ERR__AUTHENTICATION || last_code_ == RD_KAFKA_RESP_ERR__SSL;
}

Error KafkaClient::no_answer(std::string_view what) const {
  std::lock_guard lock(mutex_);
  if (last_code_ == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
    return Error(ErrorCode::kPermission, fmt::format("{}: '{}' does not accept the credentials: {}",
                                                     what, servers_, last_trouble_))
        .with_hint(
            "check 'properties.sasl.username', 'properties.sasl.password' and "
            "'properties.sasl.mechanism'");
  }
  if (last_code_ == RD_KAFKA_RESP_ERR__SSL) {
    return Error(ErrorCode::kPermission, fmt::format("{}: no secure connection with '{}': {}", what,
                                                     servers_, last_trouble_))
        .with_hint(
            "'properties.ssl.ca.pem' = '${file:/path/ca.pem}' names the authority that signed "
            "the broker's certificate");
  }
  std::string text = fmt::format("{}: no answer from '{}'", what, servers_);
  if (!last_trouble_.empty()) text += ": " + last_trouble_;
  Error error(ErrorCode::kUnavailable, std::move(text));
  error.hint = "is the broker up, and 'properties.bootstrap.servers' its address?";
  // It answers, and hangs up.
  for (const std::string_view sign : {"security.protocol", "Disconnected", "Broken pipe"}) {
    if (last_trouble_.find(sign) == std::string::npos) continue;
    error.hint =
        "'properties.security.protocol' must be what the broker listens for there: PLAINTEXT, SSL, "
        "SASL_PLAINTEXT or SASL_SSL";
  }
  return error;
}

Error KafkaClient::no_topic(const std::string& topic, int timeout_ms) {
  Error error(ErrorCode::kNotFound, fmt::format("there is no topic '{}' at '{}'", topic, servers_));
  const rd_kafka_metadata_t* all = nullptr;
  if (rd_kafka_metadata(handle_, 1, nullptr, &all, timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return error;
  }
  const KafkaMetadata metadata(all);
  std::vector<std::string> names;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    if (!std::string_view(metadata->topics[i].topic).starts_with("__")) {
      names.emplace_back(metadata->topics[i].topic);
    }
  }
  error.hint = did_you_mean(topic, names);
  return error;
}

Result<KafkaMetadata> KafkaClient::metadata(const std::string& topic, int timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  const int step_ms = std::min(timeout_ms, kStepMs);
  const bool all = topic.empty();
  KafkaTopic handle(all ? nullptr : rd_kafka_topic_new(handle_, topic.c_str(), nullptr));
  const std::string what = all ? "listing topics" : fmt::format("topic '{}'", topic);
  const auto unknown_until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
  for (;;) {
    const rd_kafka_metadata_t* found = nullptr;
    const rd_kafka_resp_err_t code =
        rd_kafka_metadata(handle_, all ? 1 : 0, handle.get(), &found, step_ms);
    if (!reading_) rd_kafka_poll(handle_, 0);  // what `on_error` is to be told
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
      if (refused() || std::chrono::steady_clock::now() > deadline) return no_answer(what);
      std::this_thread::sleep_for(kRetryPause);
      continue;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(code, what);
    KafkaMetadata metadata(found);
    const rd_kafka_resp_err_t trouble = all ? RD_KAFKA_RESP_ERR_NO_ERROR : trouble_in(*metadata);
    if (trouble == RD_KAFKA_RESP_ERR_NO_ERROR) return metadata;
    const auto now = std::chrono::steady_clock::now();
    // A topic that is being made is unknown for a moment.
    const bool unknown = is_passing(trouble) && trouble != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    if (!is_passing(trouble) || now > (unknown ? unknown_until : deadline)) {
      return unknown ? no_topic(topic, timeout_ms) : kafka_error(trouble, what);
    }
    std::this_thread::sleep_for(kRetryPause);
  }
}

Result<KafkaClient::Range> KafkaClient::offsets(const std::string& topic, int32_t partition,
                                                int timeout_ms) {
  Range range;
  const rd_kafka_resp_err_t code = ask_patiently(timeout_ms, [&] {
    const rd_kafka_resp_err_t said = rd_kafka_query_watermark_offsets(
        handle_, topic.c_str(), partition, &range.begin, &range.end, timeout_ms);
    // Whoever asks has seen the partition: a broker that has just started does not know it yet.
    const bool unknown = said == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
                         said == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    return unknown ? RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE : said;
  });
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return range;
  return kafka_error(code, fmt::format("offsets of topic '{}', partition {}", topic, partition));
}

}  // namespace velo
