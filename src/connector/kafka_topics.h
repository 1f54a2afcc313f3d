#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/options.h"
#include "base/result.h"

namespace velo {

struct TopicInfo {
  std::string name;
  int32_t partitions = 0;
  int64_t messages = 0;  ///< last offset minus first one: there may be fewer (compaction)
};

/// The topics that brokers have, by name, without Kafka's own. `properties`: the 'properties.*' of
/// a table's options. Errors: bad properties, no answer.
Result<std::vector<TopicInfo>> kafka_topics(const OptionMap& properties, std::string_view allowed);

}  // namespace velo
