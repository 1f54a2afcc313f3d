#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "connector/kafka_client.h"
#include "connector/kafka_options.h"

namespace velo {

/// A member of a consumer group, for all sources of a job that read its topics: partitions of equal
/// number are dealt to the same member. It outlives them: when the group deals its partitions anew,
/// the job ends and begins again, and a member that left would make the others do the same, for
/// ever.
///
/// States: joining (no partitions yet) → assigned → moving (the group wants them back, or has dealt
/// others; they are ours until all sources have left) → joining. Any thread, but `client`'s calls.
class KafkaMember {
 public:
  using Partitions = std::vector<std::pair<std::string, int32_t>>;

  /// Joins the group, for the topics of `options.group_topics`, of which it makes those that are
  /// its own; waits for nobody.
  static Result<std::shared_ptr<KafkaMember>> join(const KafkaSourceOptions& options,
                                                   const KafkaProperties& properties);
  ~KafkaMember();

  KafkaClient& client() { return *client_; }
  /// A source comes. The first one gives back what the group wants back, and waits a little for the
  /// partitions that it gives: topic and number, ascending; none if others have all, or it has not
  /// dealt them yet. All that come before the last has left get the same answer.
  Result<Partitions> enter();
  /// REQUIRES: it entered, and reads nothing any more.
  void leave();
  /// A partition will be read from there. REQUIRES: before `start`.
  void select(const std::string& topic, int32_t partition, int64_t offset);
  /// What is read of it goes into `queue`. To be said again until something has come: the client
  /// forgets it while it still gives back what was read before.
  void forward(const std::string& topic, int32_t partition, rd_kafka_queue_t* queue);
  /// Begins to read what was selected, for all sources. Idempotent until all have left.
  Status start();
  /// Hears what the group wants.
  Status listen();
  /// The group wants its partitions back, or gives others.
  bool moving() const { return revoked_ || is_new_; }
  /// How often the group has dealt partitions to it.
  uint64_t rebalances() const { return rebalances_; }

 private:
  KafkaMember() = default;
  Status make_own_topics(const GroupTopics& topics);
  Status check_unread(const GroupTopics::Own& own, const std::map<std::string, int32_t>& counts);
  Status check_together();
  Status check_round() const;
  Status make_topic(const std::string& name, int32_t partitions);
  void give_back();
  Status poll(int timeout_ms);
  void rebalanced(rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t& partitions);

  std::shared_ptr<const GroupTopics> topics_;
  std::string group_;
  std::unique_ptr<KafkaClient> client_;
  std::mutex mutex_;            // held while the client calls back, too
  KafkaTopicPartitions given_;  ///< null: none yet
  std::atomic<bool> revoked_ = false;  ///< told, and not given back
  std::atomic<bool> is_new_ = false;   ///< given, and not asked for yet
  bool leaving_ = false;
  size_t inside_ = 0;  ///< sources
  Partitions round_;   ///< what they were told
  KafkaTopicPartitions selected_;
  bool started_ = false;
  std::atomic<uint64_t> rebalances_ = 0;
};

}  // namespace velo
