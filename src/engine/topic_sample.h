#pragma once

#include <vector>

#include "engine/table_kinds.h"
#include "format/message_guess.h"

namespace velo {

/// Messages from the beginning of each partition of a table's topics.
struct TopicSample {
  std::vector<SampledMessage> messages;
  size_t partitions = 0;
  bool all = true;  ///< there are no others
};

/// Reads at most `most` messages, some of each partition; nothing is committed. Errors: no topic,
/// or brokers that do not answer.
Result<TopicSample> sample_topic(const SortedOptions& options, size_t most,
                                 ConnectorContext context);

/// Columns and options of a table of messages that declares none. `format_given`: that of the
/// options is not only the default.
Result<InferredTable> infer_topic_table(const SortedOptions& options, bool format_given,
                                        ConnectorContext context);

}  // namespace velo
