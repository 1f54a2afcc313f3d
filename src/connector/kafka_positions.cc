// Where partitions of topics are read from and to; what of them is committed, and deleted.
#include <algorithm>
#include <cstring>

#include "base/fmt.h"
#include "connector/kafka_source.h"

namespace velo {
namespace {

constexpr int64_t kPurgeEveryNs = 30'000'000'000;

}  // namespace

/// Where the lanes from `first` on begin. `later`: they came into being while we were reading, and
/// are read whole.
Status KafkaSource::set_starts(size_t first, bool later) {
  const KafkaPoint::Kind kind = later ? KafkaPoint::Kind::kEarliest : options_.start.kind;
  switch (kind) {
    case KafkaPoint::Kind::kNone:
    case KafkaPoint::Kind::kEarliest:
      if (options_.end.kind != KafkaPoint::Kind::kNone) {
        return set_by_range(first, false, &Lane::next);
      }
      for (size_t i = first; i < lanes_.size(); ++i) lanes_[i].next = RD_KAFKA_OFFSET_BEGINNING;
      return {};
    case KafkaPoint::Kind::kLatest:
      return set_by_range(first, true, &Lane::next);
    case KafkaPoint::Kind::kCommitted:
      return set_committed(first, true);
    case KafkaPoint::Kind::kTimestamp:
      return set_by_time(first, options_.start.timestamp_ms, &Lane::next);
    case KafkaPoint::Kind::kOffsets:
      return set_by_offsets(first, options_.start, &Lane::next);
  }
  return {};
}

Status KafkaSource::set_ends(size_t first) {
  switch (options_.end.kind) {
    case KafkaPoint::Kind::kNone:
    case KafkaPoint::Kind::kEarliest:
      return {};
    case KafkaPoint::Kind::kLatest:
      return set_by_range(first, true, &Lane::stop);
    case KafkaPoint::Kind::kCommitted:
      return set_committed(first, false);
    case KafkaPoint::Kind::kTimestamp:
      return set_by_time(first, options_.end.timestamp_ms, &Lane::stop);
    case KafkaPoint::Kind::kOffsets:
      return set_by_offsets(first, options_.end, &Lane::stop);
  }
  return {};
}

Status KafkaSource::set_by_range(size_t first, bool of_ends, int64_t Lane::* field) {
  for (size_t i = first; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    const auto range = TRY(client_->offsets(lane.topic, lane.partition, kKafkaTimeoutMs));
    lane.*field = of_ends ? range.end : range.begin;
  }
  return {};
}

Status KafkaSource::set_by_time(size_t first, int64_t timestamp_ms, int64_t Lane::* field) {
  const KafkaTopicPartitions list = make_topic_partitions(lanes_.size() - first);
  for (size_t i = first; i < lanes_.size(); ++i) {
    rd_kafka_topic_partition_list_add(list.get(), lanes_[i].topic.c_str(), lanes_[i].partition)
        ->offset = timestamp_ms;
  }
  const rd_kafka_resp_err_t code = ask_patiently(kKafkaTimeoutMs, [&] {
    return rd_kafka_offsets_for_times(client_->handle(), list.get(), kKafkaTimeoutMs);
  });
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(code, "offsets by time");
  for (int k = 0; k < list->cnt; ++k) {
    Lane& lane = lanes_[first + static_cast<size_t>(k)];
    const rd_kafka_topic_partition_t& answer = list->elems[k];
    if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return kafka_error(answer.err, fmt::format("offset by time of '{}'", lane.name()));
    }
    // Nothing is so late: the end.
    lane.*field = answer.offset >= 0
                      ? answer.offset
                      : TRY(client_->offsets(lane.topic, lane.partition, kKafkaTimeoutMs)).end;
  }
  return {};
}

Status KafkaSource::set_by_offsets(size_t first, const KafkaPoint& point, int64_t Lane::* field) {
  for (size_t i = first; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    const auto found =
        std::find_if(point.offsets.begin(), point.offsets.end(),
                     [&](const KafkaOffset& o) { return o.partition == lane.partition; });
    if (found == point.offsets.end()) {
      return Error(ErrorCode::kBadOptionValue,
                   fmt::format("'specific-offsets' have none for partition {} of topic '{}'",
                               lane.partition, lane.topic));
    }
    lane.*field = found->offset;
  }
  return {};
}

/// `start`: begin there; else end there. What has no committed offset begins as the options say,
/// and ends at once.
Status KafkaSource::set_committed(size_t first, bool start) {
  const KafkaTopicPartitions list = make_topic_partitions(lanes_.size() - first);
  for (size_t i = first; i < lanes_.size(); ++i) {
    rd_kafka_topic_partition_list_add(list.get(), lanes_[i].topic.c_str(), lanes_[i].partition);
  }
  const rd_kafka_resp_err_t code = ask_patiently(kKafkaTimeoutMs, [&] {
    return rd_kafka_committed(client_->handle(), list.get(), kKafkaTimeoutMs);
  });
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_error(code, fmt::format("committed offsets of group '{}'", options_.group),
                       client_->last_trouble());
  }
  for (int k = 0; k < list->cnt; ++k) {
    Lane& lane = lanes_[first + static_cast<size_t>(k)];
    const rd_kafka_topic_partition_t& answer = list->elems[k];
    if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return kafka_error(answer.err, fmt::format("committed offset of '{}'", lane.name()));
    }
    int64_t offset = answer.offset;
    if (offset < 0 && start && options_.without_commit == KafkaLoss::kFail) {
      return Error(ErrorCode::kNotFound,
                   fmt::format("group '{}' has no offset for '{}'", options_.group, lane.name()))
          .with_hint("'properties.auto.offset.reset' = 'earliest' or 'latest'");
    }
    if (offset < 0) {
      const auto range = TRY(client_->offsets(lane.topic, lane.partition, kKafkaTimeoutMs));
      const bool at_end = !start || options_.without_commit == KafkaLoss::kLatest;
      offset = at_end && start ? range.end : range.begin;
    } else if (start && answer.metadata_size > 0) {
      lane.note.assign(static_cast<const char*>(answer.metadata), answer.metadata_size);
    }
    if (start && member_ && options_.on_loss != KafkaLoss::kFail) {
      // What a member finds out later ends the job; the next one begins here.
      const auto range = TRY(client_->offsets(lane.topic, lane.partition, kKafkaTimeoutMs));
      if (offset < range.begin) {
        const int64_t to = options_.on_loss == KafkaLoss::kEarliest ? range.begin : range.end;
        warnings_.push_back(
            fmt::format("{}: the next offset is {}, the broker has {} to {}: going "
                        "on at {}",
                        lane.name(), offset, range.begin, range.end, to));
        offset = to;
      }
    }
    (start ? lane.next : lane.stop) = offset;
  }
  return {};
}

void KafkaSource::commit(std::span<const SourceCommit> commits) {
  if (options_.group.empty() || commits.empty() || closed_) return;
  const KafkaTopicPartitions list = make_topic_partitions(commits.size());
  for (const SourceCommit& commit : commits) {
    const Lane& lane = lanes_[commit.partition];
    rd_kafka_topic_partition_t* entry =
        rd_kafka_topic_partition_list_add(list.get(), lane.topic.c_str(), lane.partition);
    entry->offset = static_cast<int64_t>(commit.position.offset);
    if (commit.note.empty()) continue;
    entry->metadata = std::malloc(commit.note.size());  // freed with the list
    std::memcpy(entry->metadata, commit.note.data(), commit.note.size());
    entry->metadata_size = commit.note.size();
  }
  const rd_kafka_resp_err_t code = rd_kafka_commit(client_->handle(), list.get(), 0);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    for (const SourceCommit& commit : commits) {
      lanes_[commit.partition].committed = static_cast<int64_t>(commit.position.offset);
    }
    if (options_.purges) purge(*list);
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__NO_OFFSET) return;
  warnings_.push_back(
      kafka_error(code, fmt::format("committing offsets of group '{}'", options_.group)).message);
}

/// Lets the broker delete what nobody will ask for again, now and then.
void KafkaSource::purge(const rd_kafka_topic_partition_list_t& committed) {
  const int64_t now = clock_.steady_ns();
  if (now < purge_next_ns_) return;
  purge_next_ns_ = now + kPurgeEveryNs;
  if (!purged_) purged_.reset(rd_kafka_queue_new(client_->handle()));
  while (rd_kafka_event_t* const answer = rd_kafka_queue_poll(purged_.get(), 0)) {
    if (rd_kafka_event_error(answer) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      warnings_.push_back(kafka_error(rd_kafka_event_error(answer),
                                      "deleting records that are "
                                      "dealt with")
                              .message);
    }
    rd_kafka_event_destroy(answer);
  }
  rd_kafka_DeleteRecords_t* wanted = rd_kafka_DeleteRecords_new(&committed);
  rd_kafka_DeleteRecords(client_->handle(), &wanted, 1, nullptr, purged_.get());
  rd_kafka_DeleteRecords_destroy(wanted);
}

}  // namespace velo
