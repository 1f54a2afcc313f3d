#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/options.h"
#include "base/result.h"

namespace velo {

struct ConnectorContext;

/// Where a message stands in its topic.
using MessagePlace = std::pair<int32_t, int64_t>;  // partition, offset

/// Which letters of a dead-letter topic are to be written back, and where to.
struct ReplayRequest {
  std::string topic;                             ///< of dead letters
  std::string to;                                ///< empty: each to the topic it came from
  std::optional<std::set<MessagePlace>> chosen;  ///< nothing: all
  bool again = false;                            ///< those that were replayed before, too
  bool dry_run = false;                          ///< write and note nothing
  /// Told of each letter that is written, or would be; may be empty.
  std::function<void(const MessagePlace& letter, const std::string& to)> on_letter;
};

struct ReplayReport {
  uint64_t replayed = 0;
  uint64_t before = 0;     ///< chosen, and left alone: they were replayed before
  uint64_t no_origin = 0;  ///< chosen, and no messages: rows that failed, or not from a dead letter
  std::map<std::string, uint64_t> to;  ///< replayed, by topic
};

/// Writes dead letters as the messages that they were: original key, value and headers, without
/// those that say what was wrong.
///
/// What was replayed is noted in Kafka, as offsets of the consumer group "velo-dlq.<topic>", after
/// the broker has acknowledged it and before more is written: a second run leaves it alone. One
/// that was killed in between may write up to 500 letters again.
///
/// Errors: brokers or topics that are not there; more separate ranges of replayed letters than can
/// be noted.
Result<ReplayReport> replay_letters(const ReplayRequest& request, const OptionMap& properties,
                                    const ConnectorContext& context);

/// Ranges of offsets that were dealt with, as they are noted: "0-41 45-45". Ascending, disjoint.
class ReplayedRanges {
 public:
  static ReplayedRanges parse(std::string_view text);
  std::string to_string() const;
  bool contains(int64_t offset) const;
  /// `previous`: of the letter before this one, which may lie further back than one; -1: it is the
  /// first.
  void add(int64_t offset, int64_t previous);
  /// Behind the range that begins at or before `first`; `first` if none does.
  int64_t end_of_first(int64_t first) const;

 private:
  std::map<int64_t, int64_t> ranges_;  ///< first to last
};

}  // namespace velo
