#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/result.h"
#include "connector/connectors.h"

namespace velo {

/// Properties of librdkafka, under its names, checked.
using KafkaProperties = std::map<std::string, std::string, std::less<>>;

/// The options of the connectors 'kafka' and 'upsert-kafka'.
std::span<const OptionInfo> kafka_options();

/// Who uses a property.
enum class KafkaRole : uint8_t { kBoth, kConsumer, kProducer };

/// A property that SQL may set.
struct KafkaProperty {
  std::string_view name;       ///< librdkafka's
  std::string_view java = {};  ///< what the Java clients call it
  KafkaRole role = KafkaRole::kBoth;
};
std::span<const KafkaProperty> kafka_properties();

/// What is wrong with the options of a table. `allowed`: names of properties, separated by commas,
/// that the operator of this machine allows beside those of the table.
std::vector<ConnectorProblem> check_kafka_options(const OptionMap& options,
                                                  std::string_view allowed);

/// The properties of the options that are for `role`, under librdkafka's names. REQUIRES: checked.
KafkaProperties kafka_properties_of(const OptionMap& options, KafkaRole role);

/// An offset of one partition, as 'partition:0,offset:42;partition:1,offset:7' says them.
struct KafkaOffset {
  int32_t partition = 0;
  int64_t offset = 0;
};
Result<std::vector<KafkaOffset>> parse_kafka_offsets(std::string_view option,
                                                     std::string_view text);

/// Where reading begins or ends.
struct KafkaPoint {
  enum class Kind : uint8_t { kNone, kEarliest, kLatest, kCommitted, kTimestamp, kOffsets };
  Kind kind = Kind::kNone;
  int64_t timestamp_ms = 0;
  std::vector<KafkaOffset> offsets;
};

/// An extended regular expression of POSIX for whole names of topics.
class TopicPattern {
 public:
  static Result<TopicPattern> make(std::string text);
  bool matches(const std::string& name) const;
  const std::string& text() const { return text_; }

 private:
  struct Compiled;
  TopicPattern() = default;
  std::string text_;
  std::shared_ptr<const Compiled> compiled_;
};

/// What becomes of rows that the broker has deleted before they were read.
enum class KafkaLoss : uint8_t { kFail, kEarliest, kLatest };

struct KafkaSourceOptions {
  std::vector<std::string> topics;  ///< or `pattern`
  std::optional<TopicPattern> pattern;
  KafkaProperties properties;
  std::string group;  ///< empty: none; offsets are not committed
  KafkaPoint start;
  KafkaLoss without_commit = KafkaLoss::kEarliest;  ///< kCommitted, and nothing is
  KafkaPoint end;                                   ///< kNone: never
  KafkaLoss on_loss = KafkaLoss::kFail;
  int64_t discovery_us = 0;  ///< how often to look for new partitions; 0 = never
  bool keys = false;         ///< hand out keys
  bool headers = false;
  /// Not empty: the group deals the partitions of `group_topics`, and the member that outlives the
  /// source has this name.
  std::string member;
  std::shared_ptr<const GroupTopics> group_topics;
  /// What is committed may be deleted.
  bool purges = false;
  /// How much there is when it begins is told with the partitions.
  bool asks_ends = false;
};
Result<KafkaSourceOptions> parse_kafka_source_options(const OptionMap& options,
                                                      const OptionReader& reader);

struct KafkaSinkOptions {
  std::string topic;
  KafkaProperties properties;
  enum class Partitioner : uint8_t { kDefault, kFixed, kRoundRobin };
  Partitioner partitioner = Partitioner::kDefault;
  /// Behind a record that could not be written comes none.
  bool without_gaps = false;
};
Result<KafkaSinkOptions> parse_kafka_sink_options(const OptionMap& options,
                                                  const OptionReader& reader);

}  // namespace velo
