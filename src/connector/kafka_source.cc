#include "connector/kafka_source.h"

#include <algorithm>
#include <cstring>

#include "base/fmt.h"
#include "connector/kafka_block.h"

namespace velo {
namespace {

constexpr size_t kPumped = kKafkaBlockRecords;  // messages taken from the queue at once
constexpr size_t kAhead = 8;  // messages whose first line is asked for before they are looked at
constexpr size_t kHeldMost = 65'536;  // messages of a lane; then it is paused …
constexpr size_t kHeldFew = 8'192;    // … until so few are left
constexpr size_t kBuffersKept = 8;

/// Takes the error over, if it is one.
Status checked(rd_kafka_error_t* error, std::string_view what) {
  if (error == nullptr) return {};
  Error failure = kafka_error(rd_kafka_error_code(error), what, rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
  return failure;
}

}  // namespace

KafkaSource::KafkaSource(KafkaSourceOptions options, Clock& clock, SourceLegacy* legacy)
    : options_(std::move(options)),
      clock_(clock),
      legacy_(legacy),
      taken_(kPumped),
      pool_(kKafkaBlockBytes, kBuffersKept) {}

KafkaSource::~KafkaSource() { close(); }

Status KafkaSource::connect() {
  KafkaProperties properties = options_.properties;
  // Silence would lose or repeat rows: the client must not choose, commit or trust by itself.
  properties["auto.offset.reset"] = "error";
  properties["enable.auto.commit"] = "false";
  properties["enable.auto.offset.store"] = "false";
  properties["enable.partition.eof"] = "true";
  properties.try_emplace("check.crcs", "true");
  properties.try_emplace("fetch.error.backoff.ms", "100");
  // What waits in the client is little, to be near when it is read, and asked for without a pause:
  // the client's own second stops a reader that catches up.
  properties.try_emplace("queued.min.messages", "20000");
  properties.try_emplace("fetch.queue.backoff.ms", "2");
  // The client wants a group even where nothing joins one.
  properties["group.id"] = options_.group.empty() ? "velo" : options_.group;
  if (options_.member.empty()) {
    own_client_ = TRY(KafkaClient::make(RD_KAFKA_CONSUMER, properties, {}));
    client_ = own_client_.get();
    rd_kafka_poll_set_consumer(client_->handle());
  } else {
    // Whole assignments are given back and dealt: a job has one set of partitions from its begin to
    // its end.
    properties["partition.assignment.strategy"] = "range";
    properties.try_emplace("session.timeout.ms", "10000");  // the dead hold nothing for long
    std::shared_ptr<void>& left = (*legacy_)[options_.member];
    if (!left) left = std::shared_ptr<KafkaMember>(TRY(KafkaMember::join(options_, properties)));
    member_ = std::static_pointer_cast<KafkaMember>(left);
    client_ = &member_->client();
  }
  // Other sources read through a member, too: each has a queue of its own.
  queue_.reset(member_ ? rd_kafka_queue_new(client_->handle())
                       : rd_kafka_queue_get_consumer(client_->handle()));
  return {};
}

Result<std::vector<std::pair<std::string, int32_t>>> KafkaSource::find_partitions() {
  std::vector<std::pair<std::string, int32_t>> found;
  const auto add = [&](const rd_kafka_metadata_t& metadata) {
    for (int i = 0; i < metadata.topic_cnt; ++i) {
      const rd_kafka_metadata_topic& topic = metadata.topics[i];
      for (int p = 0; p < topic.partition_cnt; ++p) {
        found.emplace_back(topic.topic, topic.partitions[p].id);
      }
    }
  };
  if (!options_.pattern) {
    for (const std::string& topic : options_.topics) {
      const KafkaMetadata metadata = TRY(client_->metadata(topic, kKafkaTimeoutMs));
      add(*metadata);
    }
  } else {
    const KafkaMetadata metadata = TRY(client_->metadata("", kKafkaTimeoutMs));
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      const std::string name = metadata->topics[i].topic;
      if (name.starts_with("__") || !options_.pattern->matches(name)) continue;
      const KafkaMetadata one = TRY(client_->metadata(name, kKafkaTimeoutMs));
      add(*one);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Of what the group gives, that of our topics.
Result<std::vector<std::pair<std::string, int32_t>>> KafkaSource::given_partitions() {
  entered_ = true;
  auto given = TRY(member_->enter());
  std::erase_if(given, [&](const auto& partition) {
    const std::string& topic = partition.first;
    if (options_.pattern) return !options_.pattern->matches(topic);
    return std::find(options_.topics.begin(), options_.topics.end(), topic) ==
           options_.topics.end();
  });
  return given;
}

Result<std::vector<PartitionInfo>> KafkaSource::partitions() {
  TRY(connect());
  const auto all = TRY(find_partitions());
  in_all_ = all.size();
  const auto found = member_ ? TRY(given_partitions()) : all;
  if (found.empty() && options_.pattern && !member_) {
    warnings_.push_back(
        fmt::format("no topic's name is '{}': waiting for one", options_.pattern->text()));
  }
  looked_ns_ = clock_.steady_ns();
  return add_lanes(found, false);
}

Result<std::vector<PartitionInfo>> KafkaSource::discover() {
  const int64_t now = clock_.steady_ns();
  if (member_ || options_.discovery_us == 0 || now - looked_ns_ < options_.discovery_us * 1000) {
    return std::vector<PartitionInfo>();
  }
  looked_ns_ = now;
  const auto found = find_partitions();
  if (!found) {  // a broker that is away for a while stops nothing
    warnings_.push_back("looking for new partitions: " + found.error().message);
    return std::vector<PartitionInfo>();
  }
  return add_lanes(*found, true);
}

Result<std::vector<PartitionInfo>> KafkaSource::add_lanes(
    const std::vector<std::pair<std::string, int32_t>>& found, bool later) {
  const size_t first = lanes_.size();
  for (const auto& [topic, partition] : found) {
    if (!by_name_.emplace(std::pair(topic, partition), lanes_.size()).second) continue;
    Lane lane;
    lane.topic = topic;
    lane.partition = partition;
    lanes_.push_back(std::move(lane));
  }
  std::vector<PartitionInfo> added;
  if (lanes_.size() == first) return added;
  Lanes fresh;
  for (size_t i = first; i < lanes_.size(); ++i) fresh.push_back(&lanes_[i]);
  TRY(set_starts(fresh, later));
  TRY(set_ends(fresh));
  for (size_t i = first; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    lane.ended = lane.stop >= 0 && lane.next >= lane.stop;
    PartitionInfo info;
    info.id = static_cast<uint32_t>(i);
    info.name = lane.name();
    info.bounded = options_.end.kind != KafkaPoint::Kind::kNone;
    info.number = lane.partition;
    info.note = lane.note;
    if (lane.next >= 0) info.begin = static_cast<uint64_t>(lane.next);
    info.begin_is_committed = lane.begins_at_committed;
    if (options_.asks_ends) {
      const auto range = TRY(client_->offsets(lane.topic, lane.partition, kKafkaTimeoutMs));
      info.end = static_cast<uint64_t>(range.end);
    }
    added.push_back(std::move(info));
  }
  return added;
}

void KafkaSource::select(uint32_t partition) {
  Lane& lane = lanes_[partition];
  lane.selected = true;
  changed_ = true;
  if (member_ && !lane.ended) {
    lane.assigned = true;
    // Before anything can come: what nobody has a queue for would come to the member.
    member_->forward(lane.topic, lane.partition, queue_.get());
    member_->select(lane.topic, lane.partition, lane.next);
  }
}

Status KafkaSource::seek(uint32_t partition, const Position& position) {
  Lane& lane = lanes_[partition];
  lane.next = static_cast<int64_t>(position.offset);
  lane.ended = lane.stop >= 0 && lane.next >= lane.stop;
  if (member_ && lane.selected) select(partition);
  return {};
}

Status KafkaSource::assign() {
  changed_ = false;
  if (member_) return member_->start();
  const KafkaTopicPartitions list = make_topic_partitions(lanes_.size());
  for (Lane& lane : lanes_) {
    if (!lane.selected || lane.assigned || lane.ended) continue;
    lane.assigned = true;
    rd_kafka_topic_partition_list_add(list.get(), lane.topic.c_str(), lane.partition)->offset =
        lane.next;
  }
  if (list->cnt == 0) return {};
  client_->begin_reading();
  return checked(rd_kafka_incremental_assign(client_->handle(), list.get()),
                 "assigning partitions");
}

KafkaSource::Lane* KafkaSource::lane_of(const rd_kafka_message_t& message) {
  if (message.rkt == nullptr) return nullptr;
  if (message.rkt != last_topic_ || message.partition != last_partition_) {
    const auto found = by_name_.find({rd_kafka_topic_name(message.rkt), message.partition});
    if (found == by_name_.end()) return nullptr;
    last_topic_ = message.rkt;
    last_partition_ = message.partition;
    last_lane_ = found->second;
  }
  lanes_[last_lane_].heard = true;
  return &lanes_[last_lane_];
}

/// Takes what has come, waiting at most so long for the first message.
Status KafkaSource::pump(int timeout_ms) {
  if (member_) {
    TRY(member_->listen());
    for (const Lane& lane : lanes_) {
      if (lane.assigned && !lane.heard) {
        member_->forward(lane.topic, lane.partition, queue_.get());
      }
    }
  }
  if (timeout_ms > 0) {
    rd_kafka_message_t* const message = member_
                                            ? rd_kafka_consume_queue(queue_.get(), timeout_ms)
                                            : rd_kafka_consumer_poll(client_->handle(), timeout_ms);
    if (message == nullptr) return {};
    TRY(take(message));
  }
  const ssize_t got = rd_kafka_consume_batch_queue(queue_.get(), 0, taken_.data(), taken_.size());
  if (got < 0) return kafka_error(rd_kafka_last_error(), "reading");
  return take_all(std::span(taken_).first(static_cast<size_t>(got)));
}

/// All are taken over, whatever is wrong with one of them.
Status KafkaSource::take_all(std::span<rd_kafka_message_t* const> messages) {
  Status status;
  Lane* run = nullptr;  // an open lane, to which the message before belongs
  for (size_t i = 0; i < messages.size(); ++i) {
    if (i + kAhead < messages.size()) __builtin_prefetch(messages[i + kAhead]);
    rd_kafka_message_t* const message = messages[i];
    const bool is_event = message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
    if (run != nullptr && !is_event && message->rkt == last_topic_ &&
        message->partition == last_partition_ && (run->stop < 0 || message->offset < run->stop)) {
      run->waiting.emplace_back(message);
      continue;
    }
    Status taken = take(message);
    if (status && !taken) status = std::move(taken);
    const bool open = !is_event && last_topic_ != nullptr && !lanes_[last_lane_].ended;
    run = open ? &lanes_[last_lane_] : nullptr;
  }
  for (Lane& lane : lanes_) {
    if (lane.held() >= kHeldMost && !lane.paused) pause(lane, true);
  }
  return status;
}

Status KafkaSource::take(rd_kafka_message_t* taken) {
  KafkaMessage message(taken);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return take_event(*message);
  Lane* const lane = lane_of(*message);
  if (lane == nullptr || lane->ended) return {};
  lane->caught_up = false;
  if (lane->stop >= 0 && message->offset >= lane->stop) {
    lane->at_stop = true;
    return {};
  }
  lane->waiting.push_back(std::move(message));
  return {};
}

Status KafkaSource::take_event(const rd_kafka_message_t& message) {
  Lane* const lane = lane_of(message);
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      if (lane == nullptr) return {};
      lane->caught_up = true;
      if (lane->stop >= 0 && message.offset >= lane->stop) lane->at_stop = true;
      return {};
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      if (lane == nullptr) return {};
      return data_lost(*lane, rd_kafka_message_errstr(&message));
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
      return {};  // tried again; KafkaClient warns
    default:
      break;
  }
  const std::string what = lane == nullptr ? "reading" : "reading " + lane->name();
  return kafka_error(message.err, what, rd_kafka_message_errstr(&message));
}

/// The broker has no record at the offset that is to be read next.
Status KafkaSource::data_lost(Lane& lane, std::string_view reason) {
  const auto range = TRY(client_->offsets(lane.topic, lane.partition, kKafkaTimeoutMs));
  const std::string name = lane.name();
  const std::string what = fmt::format("{}: the next offset is {}, the broker has {} to {}", name,
                                       lane.next, range.begin, range.end);
  if (options_.on_loss == KafkaLoss::kFail || member_) {
    return Error(ErrorCode::kNotFound, fmt::format("{} ({})", what, reason))
        .with_hint(
            "records were deleted before they were read; 'scan.on-data-loss' = 'earliest' goes on "
            "without them");
  }
  const int64_t to = options_.on_loss == KafkaLoss::kEarliest ? range.begin : range.end;
  warnings_.push_back(fmt::format("{}: going on at {}", what, to));
  lane.next = to;
  // The client has given the partition up: it is to begin anew.
  const KafkaTopicPartitions list = make_topic_partitions(1);
  rd_kafka_topic_partition_list_add(list.get(), lane.topic.c_str(), lane.partition);
  TRY(checked(rd_kafka_incremental_unassign(client_->handle(), list.get()),
              "going on with " + name));
  lane.assigned = false;
  changed_ = true;
  return {};
}

void KafkaSource::pause(Lane& lane, bool paused) {
  lane.paused = paused;
  const KafkaTopicPartitions list = make_topic_partitions(1);
  rd_kafka_topic_partition_list_add(list.get(), lane.topic.c_str(), lane.partition);
  if (paused) {
    rd_kafka_pause_partitions(client_->handle(), list.get());
  } else {
    rd_kafka_resume_partitions(client_->handle(), list.get());
  }
}

Result<Poll> KafkaSource::poll(uint32_t partition, Block& out, int64_t timeout_us) {
  if (changed_) TRY(assign());
  Lane& lane = lanes_[partition];
  if (lane.held() == 0 && !lane.ended) {
    TRY(pump(static_cast<int>(timeout_us / 1000)));
    if (std::optional<Error> fatal = client_->fatal_error()) return *fatal;
  }
  if (lane.held() > 0) {
    fill(lane, partition, out);
    if (lane.paused && lane.held() < kHeldFew) pause(lane, false);
    return Poll::kBlock;
  }
  if (lane.ended || lane.at_stop || (lane.stop >= 0 && lane.next >= lane.stop)) {
    lane.ended = true;
    return Poll::kEnd;
  }
  return lane.caught_up ? Poll::kNothingYet : Poll::kBehind;
}

Status KafkaSource::wait(int64_t timeout_us) {
  if (changed_) TRY(assign());
  const auto has_some = [](const Lane& lane) { return lane.held() > 0; };
  if (std::any_of(lanes_.begin(), lanes_.end(), has_some)) return {};
  return pump(static_cast<int>(std::max<int64_t>(1, timeout_us / 1000)));
}

/// Moves messages of the lane into a block.
void KafkaSource::fill(Lane& lane, uint32_t partition, Block& out) {
  const std::span<KafkaMessage> waiting = std::span(lane.waiting).subspan(lane.head);
  const size_t taken = fill_kafka_block(waiting, options_.keys, options_.headers, pool_, out);
  lane.next = waiting[taken - 1]->offset + 1;
  out.partition = partition;
  out.begin = {lane.topic, out.metadata.front().offset, 0};
  out.end = {lane.topic, static_cast<uint64_t>(lane.next), 0};
  lane.records += taken;
  lane.bytes += out.bytes.size();
  for (KafkaMessage& message : waiting.first(taken)) message.reset();
  lane.head += taken;
  if (lane.head == lane.waiting.size()) {
    lane.waiting.clear();
    lane.head = 0;
  }
}

std::optional<SourceStats> KafkaSource::stats() const {
  SourceStats stats;
  if (client_ == nullptr) return std::nullopt;
  stats.errors = client_->errors();
  stats.rebalances = member_ ? member_->rebalances() : 0;
  stats.shared = member_ != nullptr;
  for (const Lane& lane : lanes_) {
    if (!lane.selected) continue;
    PartitionStats& partition = stats.partitions.emplace_back();
    partition.name = lane.name();
    partition.records = lane.records;
    partition.bytes = lane.bytes;
    partition.committed = lane.committed;
    partition.waiting = lane.held();
    partition.paused = lane.paused;
    // What came with the messages: nobody is asked.
    int64_t low = -1;
    int64_t high = -1;
    const bool heard =
        rd_kafka_get_watermark_offsets(client_->handle(), lane.topic.c_str(), lane.partition, &low,
                                       &high) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (heard && high >= 0) partition.end = high;
    if (lane.next >= 0) {
      partition.next = lane.next;
    } else if (heard && low >= 0) {
      partition.next = low;  // nothing was given out: it begins there
    }
  }
  return stats;
}

std::vector<std::string> KafkaSource::take_warnings() {
  std::vector<std::string> warnings = std::exchange(warnings_, {});
  if (client_ != nullptr) {
    for (std::string& warning : client_->take_warnings()) warnings.push_back(std::move(warning));
  }
  return warnings;
}

void KafkaSource::close() {
  if (std::exchange(closed_, true)) return;
  if (client_ == nullptr) return;
  for (std::string& warning : client_->take_warnings()) warnings_.push_back(std::move(warning));
  client_ = nullptr;
  lanes_.clear();
  queue_.reset();
  purged_.reset();
  own_client_.reset();
  if (entered_) member_->leave();
  member_.reset();
}

}  // namespace velo
