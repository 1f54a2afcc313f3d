#include "connector/kafka_member.h"

#include <algorithm>
#include <array>

#include "base/fmt.h"

namespace velo {
namespace {

constexpr int kPollMs = 100;
constexpr int kPatienceMs = 3000;  // a group that deals later makes the job begin again

bool passes(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
      return true;
    default:
      return false;
  }
}

/// Partitions by topic, of all there are.
std::map<std::string, int32_t> counts_of(const rd_kafka_metadata_t& metadata) {
  std::map<std::string, int32_t> counts;
  for (int i = 0; i < metadata.topic_cnt; ++i) {
    counts[metadata.topics[i].topic] = metadata.topics[i].partition_cnt;
  }
  return counts;
}

}  // namespace

Result<std::shared_ptr<KafkaMember>> KafkaMember::join(const KafkaSourceOptions& options,
                                                       const KafkaProperties& properties) {
  std::shared_ptr<KafkaMember> member(new KafkaMember());
  KafkaClient::Hooks hooks;
  hooks.owner = member.get();
  hooks.rebalance = [](rd_kafka_t*, rd_kafka_resp_err_t code,
                       rd_kafka_topic_partition_list_t* partitions, void* owner) {
    static_cast<KafkaMember*>(owner)->rebalanced(code, *partitions);
  };
  member->client_ = TRY(KafkaClient::make(RD_KAFKA_CONSUMER, properties, hooks));
  rd_kafka_t* const handle = member->client_->handle();
  rd_kafka_poll_set_consumer(handle);
  member->topics_ = options.group_topics;
  member->group_ = options.group;
  const GroupTopics& topics = *member->topics_;
  const KafkaTopicPartitions wanted = make_topic_partitions(topics.topics.size() + 1);
  for (const std::string& topic : topics.topics) {
    TRY(member->client_->metadata(topic));  // a topic that is not there is an error now
    rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  TRY(member->make_own_topics(topics));
  TRY(member->check_together());
  for (const GroupTopics::Own& own : topics.own) {
    rd_kafka_topic_partition_list_add(wanted.get(), own.name.c_str(), RD_KAFKA_PARTITION_UA);
  }
  for (const std::string& text : topics.patterns) {
    const std::string pattern = fmt::format("^({})$", text);
    rd_kafka_topic_partition_list_add(wanted.get(), pattern.c_str(), RD_KAFKA_PARTITION_UA);
  }
  member->client_->begin_reading();
  const rd_kafka_resp_err_t code = rd_kafka_subscribe(handle, wanted.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return member;
  return kafka_error(code, fmt::format("joining group '{}'", options.group));
}

KafkaMember::~KafkaMember() {
  if (!client_) return;
  leaving_ = true;
  rd_kafka_consumer_close(client_->handle());
}

/// As many partitions as the largest of the topics whose rows go through it. Instances that start
/// together may all try to make it.
Status KafkaMember::make_own_topics(const GroupTopics& topics) {
  if (topics.own.empty()) return {};
  const KafkaMetadata all = TRY(client_->metadata("", kKafkaTimeoutMs));
  const std::map<std::string, int32_t> counts = counts_of(*all);
  for (const GroupTopics::Own& own : topics.own) {
    int32_t wanted = 1;
    std::string_view largest;
    for (const std::string& like : own.like) {
      const auto found = counts.find(like);
      if (found == counts.end() || found->second < wanted) continue;
      wanted = found->second;
      largest = like;
    }
    if (!counts.contains(own.name)) {
      if (own.keeps) TRY(check_unread(own, counts));
      TRY(make_topic(own.name, wanted));
    }
    const KafkaMetadata made = TRY(client_->metadata(own.name, kKafkaTimeoutMs));
    const int32_t there = made->topics[0].partition_cnt;
    if (there == wanted) continue;
    return Error(ErrorCode::kIncompatibleState,
                 fmt::format("topic '{}' has {} partitions where '{}', whose rows go through it, "
                             "has {}",
                             own.name, there, largest, wanted))
        .with_hint(
            "stop every instance once it has nothing left to read, delete that topic, and start "
            "them again");
  }
  return {};
}

/// What was read before the topic is made would be missing in it for ever.
Status KafkaMember::check_unread(const GroupTopics::Own& own,
                                 const std::map<std::string, int32_t>& counts) {
  const KafkaTopicPartitions list = make_topic_partitions(16);
  for (const std::string& topic : own.like) {
    const auto found = counts.find(topic);
    const int32_t count = found == counts.end() ? 0 : found->second;
    for (int32_t i = 0; i < count; ++i) {
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), i);
    }
  }
  const rd_kafka_resp_err_t code = ask_patiently(kKafkaTimeoutMs, [&] {
    return rd_kafka_committed(client_->handle(), list.get(), kKafkaTimeoutMs);
  });
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_error(code, fmt::format("committed offsets of group '{}'", group_),
                       client_->last_trouble());
  }
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& answer = list->elems[i];
    // Without a note it is no work of an instance, but where somebody wants it to begin.
    if (answer.offset < 0 || answer.metadata_size == 0) continue;
    const KafkaMetadata now = TRY(client_->metadata("", kKafkaTimeoutMs));
    if (counts_of(*now).contains(own.name)) return {};  // another instance has made it meanwhile
    return Error(ErrorCode::kIncompatibleState,
                 fmt::format("group '{}' has read {}-{} as far as offset {}, for another script or "
                             "into a topic that was deleted: totals of all rows would lack those "
                             "before",
                             group_, answer.topic, answer.partition, answer.offset))
        .with_hint(
            "another 'application.id' begins anew; so does this one once its group is deleted");
  }
  return {};
}

/// Partners of a join stand in partitions of equal number only where there are as many of them.
Status KafkaMember::check_together() {
  for (const std::vector<std::string>& topics : topics_->together) {
    int32_t first = 0;
    for (const std::string& topic : topics) {
      const KafkaMetadata there = TRY(client_->metadata(topic, kKafkaTimeoutMs));
      const int32_t count = there->topics[0].partition_cnt;
      if (first == 0) first = count;
      if (count == first) continue;
      return Error(ErrorCode::kIncompatibleState,
                   fmt::format("topics '{}' and '{}' are joined by their keys, and have {} and {} "
                               "partitions",
                               topics[0], topic, first, count))
          .with_hint(
              "leave 'key.fields' out of one of the tables: then the rows of both are dealt anew, "
              "through topics of the job's own");
    }
  }
  return {};
}

/// Whether what the group gives keeps together what belongs together.
Status KafkaMember::check_round() const {
  for (const std::vector<std::string>& topics : topics_->together) {
    std::vector<std::vector<int32_t>> given(topics.size());
    for (size_t i = 0; i < topics.size(); ++i) {
      for (const auto& [topic, partition] : round_) {
        if (topic == topics[i]) given[i].push_back(partition);
      }
      if (given[i] == given[0]) continue;
      return Error(ErrorCode::kIncompatibleState,
                   fmt::format("the group gives other partitions of topic '{}' than of '{}', with "
                               "which it is joined",
                               topics[i], topics[0]))
          .with_hint("are all instances of one script and one version?");
    }
  }
  return {};
}

Status KafkaMember::make_topic(const std::string& name, int32_t partitions) {
  std::array<char, 512> reason{};
  rd_kafka_NewTopic_t* topic =
      rd_kafka_NewTopic_new(name.c_str(), partitions, -1, reason.data(), reason.size());
  if (topic == nullptr) {
    return Error(ErrorCode::kIo, fmt::format("making topic '{}': {}", name, reason.data()));
  }
  // Rows stay until those who read them have said that they are dealt with.
  rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "delete");
  rd_kafka_NewTopic_set_config(topic, "retention.ms", "-1");
  rd_kafka_NewTopic_set_config(topic, "retention.bytes", "-1");
  const KafkaQueue queue(rd_kafka_queue_new(client_->handle()));
  rd_kafka_CreateTopics(client_->handle(), &topic, 1, nullptr, queue.get());
  rd_kafka_NewTopic_destroy(topic);
  rd_kafka_event_t* const event = rd_kafka_queue_poll(queue.get(), 2 * kKafkaTimeoutMs);
  if (event == nullptr) {
    return Error(ErrorCode::kTimeout, fmt::format("making topic '{}': no answer", name));
  }
  rd_kafka_resp_err_t code = rd_kafka_event_error(event);
  std::string detail;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    size_t count = 0;
    const rd_kafka_topic_result_t** results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    code = rd_kafka_topic_result_error(results[0]);
    const char* const text = rd_kafka_topic_result_error_string(results[0]);
    detail = text == nullptr ? "" : text;
  }
  rd_kafka_event_destroy(event);
  const bool there =
      code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
  if (there) return {};
  return kafka_error(code, fmt::format("making topic '{}'", name), detail)
      .with_hint(fmt::format("it can be made beforehand: {} partitions, retention.ms=-1, "
                             "cleanup.policy=delete",
                             partitions));
}

void KafkaMember::rebalanced(rd_kafka_resp_err_t code,
                             const rd_kafka_topic_partition_list_t& partitions) {
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    given_.reset(rd_kafka_topic_partition_list_copy(&partitions));
    is_new_ = true;
    ++rebalances_;
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

Result<KafkaMember::Partitions> KafkaMember::enter() {
  std::lock_guard lock(mutex_);
  if (inside_++ > 0) return round_;
  round_.clear();
  selected_ = make_topic_partitions(16);
  started_ = false;
  if (revoked_) give_back();
  for (int waited = 0; given_ == nullptr && waited < kPatienceMs; waited += kPollMs) {
    TRY(poll(kPollMs));
    if (revoked_) give_back();
  }
  if (given_ == nullptr) return round_;  // `moving` once there are some
  is_new_ = false;
  for (int i = 0; i < given_->cnt; ++i) {
    round_.emplace_back(given_->elems[i].topic, given_->elems[i].partition);
  }
  std::sort(round_.begin(), round_.end());
  TRY(check_round());
  // Nobody else will take note of nothing.
  if (round_.empty()) rd_kafka_assign(client_->handle(), given_.get());
  return round_;
}

void KafkaMember::leave() {
  std::lock_guard lock(mutex_);
  --inside_;
}

void KafkaMember::select(const std::string& topic, int32_t partition, int64_t offset) {
  std::lock_guard lock(mutex_);
  rd_kafka_topic_partition_t* entry =
      rd_kafka_topic_partition_list_find(selected_.get(), topic.c_str(), partition);
  if (entry == nullptr) {
    entry = rd_kafka_topic_partition_list_add(selected_.get(), topic.c_str(), partition);
  }
  entry->offset = offset;
}

void KafkaMember::forward(const std::string& topic, int32_t partition, rd_kafka_queue_t* queue) {
  const KafkaQueue own(rd_kafka_queue_get_partition(client_->handle(), topic.c_str(), partition));
  rd_kafka_queue_forward(own.get(), queue);
}

Status KafkaMember::start() {
  std::lock_guard lock(mutex_);
  if (std::exchange(started_, true) || given_ == nullptr) return {};
  const rd_kafka_resp_err_t code = rd_kafka_assign(client_->handle(), selected_.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return kafka_error(code, "taking partitions");
}

Status KafkaMember::listen() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return {};  // another source does
  return poll(0);
}

/// Lets the client tell what the group wants, or why it cannot be joined.
Status KafkaMember::poll(int timeout_ms) {
  rd_kafka_message_t* const message = rd_kafka_consumer_poll(client_->handle(), timeout_ms);
  if (message == nullptr) return {};
  const rd_kafka_resp_err_t code = message->err;
  const std::string reason = passes(code) ? "" : rd_kafka_message_errstr(message);
  rd_kafka_message_destroy(message);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Error(ErrorCode::kInternal, "a record came to the member of the group, not to a source");
  }
  if (passes(code)) return {};
  return kafka_error(code, "as a member of the group", reason);
}

}  // namespace velo
