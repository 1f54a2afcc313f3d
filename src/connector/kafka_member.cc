#include "connector/kafka_member.h"

#include <algorithm>

#include "base/fmt.h"

namespace velo {
namespace {

constexpr int kPollMs = 100;
constexpr int kPatienceMs = 3000;  // a group that deals later makes the job begin again

}  // namespace

Result<std::unique_ptr<KafkaMember>> KafkaMember::join(const KafkaSourceOptions& options,
                                                       const KafkaProperties& properties) {
  std::unique_ptr<KafkaMember> member(new KafkaMember());
  KafkaClient::Hooks hooks;
  hooks.owner = member.get();
  hooks.rebalance = [](rd_kafka_t*, rd_kafka_resp_err_t code,
                       rd_kafka_topic_partition_list_t* partitions, void* owner) {
    static_cast<KafkaMember*>(owner)->rebalanced(code, *partitions);
  };
  member->client_ = TRY(KafkaClient::make(RD_KAFKA_CONSUMER, properties, hooks));
  rd_kafka_t* const handle = member->client_->handle();
  rd_kafka_poll_set_consumer(handle);
  const KafkaTopicPartitions wanted = make_topic_partitions(options.topics.size() + 1);
  for (const std::string& topic : options.topics) {
    TRY(member->client_->metadata(topic));  // a topic that is not there is an error now
    rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  if (options.pattern) {
    const std::string pattern = fmt::format("^({})$", options.pattern->text());
    rd_kafka_topic_partition_list_add(wanted.get(), pattern.c_str(), RD_KAFKA_PARTITION_UA);
  }
  const rd_kafka_resp_err_t code = rd_kafka_subscribe(handle, wanted.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return member;
  return kafka_error(code, fmt::format("joining group '{}'", options.group));
}

KafkaMember::~KafkaMember() {
  if (!client_) return;
  leaving_ = true;
  rd_kafka_consumer_close(client_->handle());
}

void KafkaMember::rebalanced(rd_kafka_resp_err_t code,
                             const rd_kafka_topic_partition_list_t& partitions) {
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    given_.reset(rd_kafka_topic_partition_list_copy(&partitions));
    is_new_ = true;
    return;
  }
  revoked_ = true;
  // Nobody will come to give them back.
  if (leaving_) give_back();
}

void KafkaMember::give_back() {
  revoked_ = false;
  is_new_ = false;
  given_.reset();
  rd_kafka_assign(client_->handle(), nullptr);
}

Result<std::vector<std::pair<std::string, int32_t>>> KafkaMember::assignment() {
  std::vector<std::pair<std::string, int32_t>> found;
  if (revoked_) give_back();
  for (int waited = 0; given_ == nullptr && waited < kPatienceMs; waited += kPollMs) {
    TRY(poll());
    if (revoked_) give_back();
  }
  if (given_ == nullptr) return found;  // `moving` once there are some
  is_new_ = false;
  for (int i = 0; i < given_->cnt; ++i) {
    found.emplace_back(given_->elems[i].topic, given_->elems[i].partition);
  }
  std::sort(found.begin(), found.end());
  if (found.empty()) TRY(start(*given_));  // nobody else will take note of it
  return found;
}

/// Lets the client tell what the group wants, or why it cannot be joined.
Status KafkaMember::poll() {
  rd_kafka_message_t* const message = rd_kafka_consumer_poll(client_->handle(), kPollMs);
  if (message == nullptr) return {};
  const rd_kafka_resp_err_t code = message->err;
  const bool passes =
      code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
      code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
      code == RD_KAFKA_RESP_ERR__PARTITION_EOF || code == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED;
  const std::string reason = passes ? "" : rd_kafka_message_errstr(message);
  rd_kafka_message_destroy(message);
  if (passes) return {};
  return kafka_error(code, "joining the group", reason);
}

Status KafkaMember::start(const rd_kafka_topic_partition_list_t& from) {
  const rd_kafka_resp_err_t code = rd_kafka_assign(client_->handle(), &from);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return kafka_error(code, "taking partitions");
}

}  // namespace velo
