// Where partitions of topics are read from and to; what of them is committed, and deleted.
#include <algorithm>
#include <cstring>

#include "base/fmt.h"
#include "connector/kafka_source.h"

namespace velo {
namespace {

constexpr int64_t kPurgeEveryNs = 30'000'000'000;

}  // namespace

/// Where the lanes begin. `later`: they came into being while we were reading, and are read whole.
/// A group that shares its partitions goes on where it stood: what the options say of its beginning
/// is meant once, not whenever partitions are dealt.
Status KafkaSource::set_starts(Lanes lanes, bool later) {
  const KafkaPoint::Kind kind = later ? KafkaPoint::Kind::kEarliest : options_.start.kind;
  if (kind == KafkaPoint::Kind::kCommitted || member_) {
    lanes = TRY(set_committed(lanes, &Lane::next));
  }
  switch (lanes.empty() ? KafkaPoint::Kind::kNone : kind) {
    case KafkaPoint::Kind::kNone:
    case KafkaPoint::Kind::kEarliest:
      if (member_ || options_.end.kind != KafkaPoint::Kind::kNone) {
        return set_by_range(lanes, false, &Lane::next);
      }
      for (Lane* lane : lanes) lane->next = RD_KAFKA_OFFSET_BEGINNING;
      return {};
    case KafkaPoint::Kind::kLatest:
      return set_by_range(lanes, true, &Lane::next);
    case KafkaPoint::Kind::kCommitted:
      if (options_.without_commit == KafkaLoss::kFail) {
        return Error(ErrorCode::kNotFound, fmt::format("group '{}' has no offset for '{}'",
                                                       options_.group, lanes[0]->name()))
            .with_hint("'properties.auto.offset.reset' = 'earliest' or 'latest'");
      }
      return set_by_range(lanes, options_.without_commit == KafkaLoss::kLatest, &Lane::next);
    case KafkaPoint::Kind::kTimestamp:
      return set_by_time(lanes, options_.start.timestamp_ms, &Lane::next);
    case KafkaPoint::Kind::kOffsets:
      return set_by_offsets(lanes, options_.start, &Lane::next);
  }
  return {};
}

Status KafkaSource::set_ends(const Lanes& lanes) {
  switch (options_.end.kind) {
    case KafkaPoint::Kind::kNone:
    case KafkaPoint::Kind::kEarliest:
      return {};
    case KafkaPoint::Kind::kLatest:
      return set_by_range(lanes, true, &Lane::stop);
    case KafkaPoint::Kind::kCommitted:
      // What has no committed offset ends at once.
      return set_by_range(TRY(set_committed(lanes, &Lane::stop)), false, &Lane::stop);
    case KafkaPoint::Kind::kTimestamp:
      return set_by_time(lanes, options_.end.timestamp_ms, &Lane::stop);
    case KafkaPoint::Kind::kOffsets:
      return set_by_offsets(lanes, options_.end, &Lane::stop);
  }
  return {};
}

Status KafkaSource::set_by_range(const Lanes& lanes, bool of_ends, int64_t Lane::* field) {
  for (Lane* lane : lanes) {
    const auto range = TRY(client_->offsets(lane->topic, lane->partition, kKafkaTimeoutMs));
    lane->*field = of_ends ? range.end : range.begin;
  }
  return {};
}

Status KafkaSource::set_by_time(const Lanes& lanes, int64_t timestamp_ms, int64_t Lane::* field) {
  const KafkaTopicPartitions list = make_topic_partitions(lanes.size());
  for (const Lane* lane : lanes) {
    rd_kafka_topic_partition_list_add(list.get(), lane->topic.c_str(), lane->partition)->offset =
        timestamp_ms;
  }
  const rd_kafka_resp_err_t code = ask_patiently(kKafkaTimeoutMs, [&] {
    return rd_kafka_offsets_for_times(client_->handle(), list.get(), kKafkaTimeoutMs);
  });
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(code, "offsets by time");
  for (int k = 0; k < list->cnt; ++k) {
    Lane& lane = *lanes[static_cast<size_t>(k)];
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

Status KafkaSource::set_by_offsets(const Lanes& lanes, const KafkaPoint& point,
                                   int64_t Lane::* field) {
  for (Lane* lane : lanes) {
    const auto found =
        std::find_if(point.offsets.begin(), point.offsets.end(),
                     [&](const KafkaOffset& o) { return o.partition == lane->partition; });
    if (found == point.offsets.end()) {
      return Error(ErrorCode::kBadOptionValue,
                   fmt::format("'specific-offsets' have none for partition {} of topic '{}'",
                               lane->partition, lane->topic));
    }
    lane->*field = found->offset;
  }
  return {};
}

/// Those for which nothing is committed.
Result<KafkaSource::Lanes> KafkaSource::set_committed(const Lanes& lanes, int64_t Lane::* field) {
  const KafkaTopicPartitions list = make_topic_partitions(lanes.size());
  for (const Lane* lane : lanes) {
    rd_kafka_topic_partition_list_add(list.get(), lane->topic.c_str(), lane->partition);
  }
  const rd_kafka_resp_err_t code = ask_patiently(kKafkaTimeoutMs, [&] {
    return rd_kafka_committed(client_->handle(), list.get(), kKafkaTimeoutMs);
  });
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_error(code, fmt::format("committed offsets of group '{}'", options_.group),
                       client_->last_trouble());
  }
  Lanes others;
  for (int k = 0; k < list->cnt; ++k) {
    Lane& lane = *lanes[static_cast<size_t>(k)];
    const rd_kafka_topic_partition_t& answer = list->elems[k];
    if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return kafka_error(answer.err, fmt::format("committed offset of '{}'", lane.name()));
    }
    if (answer.offset < 0) {
      others.push_back(&lane);
      continue;
    }
    lane.*field = answer.offset;
    if (field != &Lane::next) continue;
    lane.begins_at_committed = true;
    if (answer.metadata_size > 0) {
      lane.note.assign(static_cast<const char*>(answer.metadata), answer.metadata_size);
    }
    if (member_ && options_.on_loss != KafkaLoss::kFail) TRY(skip_lost(lane));
  }
  return others;
}

/// What a member finds out later ends the job; the next one begins here.
Status KafkaSource::skip_lost(Lane& lane) {
  const auto range = TRY(client_->offsets(lane.topic, lane.partition, kKafkaTimeoutMs));
  if (lane.next >= range.begin) return {};
  const int64_t to = options_.on_loss == KafkaLoss::kEarliest ? range.begin : range.end;
  warnings_.push_back(
      fmt::format("{}: the next offset is {}, the broker has {} to {}: going on at {}", lane.name(),
                  lane.next, range.begin, range.end, to));
  lane.next = to;
  return {};
}

bool KafkaSource::commit(std::span<const SourceCommit> commits) {
  if (options_.group.empty() || commits.empty() || closed_) return true;
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
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__NO_OFFSET) return true;
  warnings_.push_back(
      kafka_error(code, fmt::format("committing offsets of group '{}'", options_.group)).message);
  return false;
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
