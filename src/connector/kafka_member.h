#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connector/kafka_client.h"
#include "connector/kafka_options.h"

namespace velo {

/// A member of a consumer group. It outlives the source that reads its partitions: when the group
/// deals them anew, the job ends and begins again, and a member that left would make the others do
/// the same, for ever.
///
/// States: joining (no partitions yet) → assigned → moving (the group wants them back, or has dealt
/// others; they are ours until `assignment` is called again) → joining. One thread at a time.
class KafkaMember {
 public:
  /// Joins the group that `properties` name; waits for nobody.
  static Result<std::unique_ptr<KafkaMember>> join(const KafkaSourceOptions& options,
                                                   const KafkaProperties& properties);
  ~KafkaMember();

  KafkaClient& client() { return *client_; }
  /// Gives back what the group wants back, and waits a little for the partitions it gives: topic
  /// and number, ascending; none if others have all, or it has not dealt them yet. They are read
  /// once `start` is called.
  Result<std::vector<std::pair<std::string, int32_t>>> assignment();
  /// Reads them, from the offsets given.
  Status start(const rd_kafka_topic_partition_list_t& from);
  /// The group wants its partitions back, or gives others.
  bool moving() const { return revoked_ || is_new_; }

 private:
  KafkaMember() = default;
  void give_back();
  Status poll();
  void rebalanced(rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t& partitions);

  std::unique_ptr<KafkaClient> client_;
  KafkaTopicPartitions given_;  ///< null: none yet
  bool revoked_ = false;        ///< told, and not given back
  bool is_new_ = false;         ///< given, and not asked for yet
  bool leaving_ = false;
};

}  // namespace velo
