#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "connector/buffer_pool.h"
#include "connector/kafka_client.h"
#include "connector/kafka_member.h"
#include "connector/kafka_options.h"
#include "connector/source.h"

namespace velo {

/// Reads topics of Kafka: each partition of a topic is one of ours, named "topic-3".
///
/// The way of a message: librdkafka fetches ahead on threads of its own into one queue; `pump`
/// deals what is there to the lanes of the partitions; `poll` copies a lane's messages into a
/// block, a newline behind each. A lane that holds too much is paused until it is read.
///
/// A partition has been read to its end when the broker says so; until then it is behind, not
/// quiet.
class KafkaSource final : public Source {
 public:
  /// Borrows the clock and, for a member of a group, what sources leave behind.
  KafkaSource(KafkaSourceOptions options, Clock& clock, SourceLegacy* legacy = nullptr);
  ~KafkaSource() override;

  Result<std::vector<PartitionInfo>> partitions() override;
  Result<std::vector<PartitionInfo>> discover() override;
  bool is_member() const override { return member_ != nullptr; }
  size_t partitions_in_all() const override { return in_all_; }
  bool moved() const override { return member_ && member_->moving(); }
  void select(uint32_t partition) override;
  Status seek(uint32_t partition, const Position& position) override;
  Result<Poll> poll(uint32_t partition, Block& out, int64_t timeout_us) override;
  Status wait(int64_t timeout_us) override;
  bool commit(std::span<const SourceCommit> commits) override;
  bool commits() const override { return !options_.group.empty(); }
  std::vector<std::string> take_warnings() override;
  std::optional<SourceStats> stats() const override;
  void close() override;

 private:
  struct Lane {
    std::string topic;
    int32_t partition = 0;
    int64_t next =
        0;  ///< offset, or a logical one of librdkafka, to begin at; then behind the last
    int64_t stop = -1;  ///< the first offset that is not read; below 0: none
    std::string note;   ///< of the committed offset
    bool begins_at_committed = false;
    uint64_t records = 0;  ///< given out
    uint64_t bytes = 0;
    int64_t committed = -1;
    bool selected = false;
    bool assigned = false;
    bool heard = false;  ///< of a member: something came
    bool caught_up = false;
    bool at_stop = false;  ///< nothing before `stop` will come any more
    bool ended = false;
    bool paused = false;
    std::vector<KafkaMessage> waiting;  ///< from `head` on
    size_t head = 0;
    size_t held() const { return waiting.size() - head; }
    std::string name() const { return topic + '-' + std::to_string(partition); }
  };

  Status connect();
  Result<std::vector<std::pair<std::string, int32_t>>> find_partitions();
  Result<std::vector<std::pair<std::string, int32_t>>> given_partitions();
  Result<std::vector<PartitionInfo>> add_lanes(
      const std::vector<std::pair<std::string, int32_t>>& found, bool later);
  using Lanes = std::vector<Lane*>;
  Status set_starts(Lanes lanes, bool later);
  Status set_ends(const Lanes& lanes);
  Result<Lanes> set_committed(const Lanes& lanes, int64_t Lane::* field);
  Status skip_lost(Lane& lane);
  Status set_by_time(const Lanes& lanes, int64_t timestamp_ms, int64_t Lane::* field);
  Status set_by_offsets(const Lanes& lanes, const KafkaPoint& point, int64_t Lane::* field);
  Status set_by_range(const Lanes& lanes, bool of_ends, int64_t Lane::* field);
  Status assign();
  Status pump(int timeout_ms);
  Status take_all(std::span<rd_kafka_message_t* const> messages);
  Status take(rd_kafka_message_t* message);
  Status take_event(const rd_kafka_message_t& message);
  void purge(const rd_kafka_topic_partition_list_t& committed);
  Status data_lost(Lane& lane, std::string_view reason);
  Lane* lane_of(const rd_kafka_message_t& message);
  void pause(Lane& lane, bool paused);
  void fill(Lane& lane, uint32_t partition, Block& out);

  KafkaSourceOptions options_;
  Clock& clock_;
  SourceLegacy* legacy_;
  std::unique_ptr<KafkaClient> own_client_;
  std::shared_ptr<KafkaMember> member_;  ///< or its client
  KafkaClient* client_ = nullptr;
  KafkaQueue queue_;
  std::vector<Lane> lanes_;
  std::map<std::pair<std::string, int32_t>, size_t> by_name_;
  // Messages of one partition come in runs.
  const rd_kafka_topic_t* last_topic_ = nullptr;
  int32_t last_partition_ = -1;
  size_t last_lane_ = 0;
  std::vector<rd_kafka_message_t*> taken_;
  std::vector<std::string> warnings_;
  BufferPool pool_;
  int64_t looked_ns_ = 0;
  bool changed_ = false;  ///< some lane waits to be assigned
  bool entered_ = false;
  size_t in_all_ = 0;
  KafkaQueue purged_;  ///< answers to what `purge` asked
  int64_t purge_next_ns_ = 0;
  bool closed_ = false;
};

}  // namespace velo
