#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/options.h"
#include "connector/sink.h"
#include "connector/source.h"

namespace velo {

/// What every connector may ask of its surroundings. Borrowed; outlives the connector.
struct ConnectorContext {
  FileSystem& files;
  Clock& clock;
  /// Properties of the Kafka client, separated by commas, that SQL may set beside the usual ones:
  /// what this machine's operator allows.
  std::string_view kafka_properties = {};
  /// Null: sources leave nothing behind.
  SourceLegacy* legacy = nullptr;
};

/// Topics that one member of a group reads for all sources of a job.
struct GroupTopics {
  std::vector<std::string> topics;
  std::vector<std::string> patterns;
  /// A topic that the job makes for itself, with as many partitions as the largest of `like`.
  struct Own {
    std::string name;
    std::vector<std::string> like;
    bool keeps = false;  ///< all that was written is read again and again
  };
  std::vector<Own> own;
  /// Topics whose partitions of equal number must come to the same member: they have as many.
  std::vector<std::vector<std::string>> together;
};
/// Adds those of a table's options.
void add_topics(const OptionMap& options, GroupTopics* topics);

/// What the engine knows and the user does not write. Fields that a connector has no use for are
/// ignored.
struct SourceHints {
  /// The format ends every record with a newline and has none elsewhere: blocks end after a newline
  /// where they can, and big plain files may be split.
  bool newline_framed = true;
  /// Read one big plain file as up to this many partitions. REQUIRES newline_framed if > 1.
  uint32_t splits = 1;
  /// Bytes per block; 0 = the connector's choice.
  size_t block_bytes = 0;
  /// Of messages: hand out the keys, the headers.
  bool keys = false;
  bool headers = false;
  /// Which of the table's readers in this process it is for.
  uint32_t task = 0;
  /// Not empty: the partitions are shared with all who run under this name, through the member of
  /// the group that has the name `member` in this process and reads `group_topics`.
  std::string application = {};
  std::string member = {};
  std::shared_ptr<const GroupTopics> group_topics = {};
  /// A topic of the job's own: read from its beginning, to the last record.
  bool own_topic = false;
  /// Read from the beginning again and again: nothing is deleted once it is committed, and how much
  /// there is when it begins is worth asking.
  bool again = false;
};

struct SinkHints {
  std::string extension;       ///< ".json": for names that the sink makes up
  bool transactional = false;  ///< checkpoints are on: publish at commit, not before
  int descriptor = 1;          ///< print: where to
  bool own_topic = false;      ///< of the job: what is written has no gaps
};

/// A row of the table of connectors.
struct ConnectorInfo {
  std::string_view name;
  std::string_view description;
  bool is_source = false;
  bool is_sink = false;
  /// Makes its own rows: the 'format' option does not apply.
  bool without_format = false;
  /// Moves records one by one (messages), with keys.
  bool of_records = false;
  std::span<const OptionInfo> options;
};

std::span<const ConnectorInfo> connectors();
/// kBadOptionValue with the nearest name if there is none.
Result<const ConnectorInfo*> find_connector(std::string_view name);
/// The options that the connector itself understands; empty for an unknown name.
std::span<const OptionInfo> connector_options(std::string_view name);

/// What is wrong with options beyond what their table says: of which (empty: of none alone).
struct ConnectorProblem {
  std::string option;
  Error error;
};
std::vector<ConnectorProblem> check_connector(std::string_view connector, const OptionMap& options,
                                              const ConnectorContext& context);

/// Checks `options` against the connector's table and makes it; touches nothing outside. The map
/// holds only the connector's own options (the caller has taken 'connector', 'format', 'csv.…' and
/// the like out).
Result<std::unique_ptr<Source>> make_source(std::string_view connector, const OptionMap& options,
                                            const SourceHints& hints, ConnectorContext context);
Result<std::unique_ptr<Sink>> make_sink(std::string_view connector, const OptionMap& options,
                                        const SinkHints& hints, ConnectorContext context);

}  // namespace velo
