#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connector/block.h"

namespace velo {

/// What `Source::poll` found.
enum class Poll : uint8_t {
  kBlock,       ///< `out` is filled
  kNothingYet,  ///< read to its end for now, more may come: the partition is quiet
  kBehind,      ///< there is more, but it is still on its way: not quiet
  kEnd,         ///< nothing will ever come again (bounded, or finished from outside)
};

/// Everything of a partition before `position` is dealt with; `note` comes back with it.
struct SourceCommit {
  uint32_t partition = 0;
  Position position;
  std::string note;
};

/// What sources leave behind for those that are made after them in the same job, by names of their
/// own. Outlives them all.
using SourceLegacy = std::map<std::string, std::shared_ptr<void>>;

/// How far one partition of a message system is read. Offsets: -1 = not known.
struct PartitionStats {
  std::string name;
  uint64_t records = 0;    ///< given out
  uint64_t bytes = 0;      ///< of these
  int64_t next = -1;       ///< the offset that is given out next
  int64_t end = -1;        ///< behind the last record that there is, as far as has been heard
  int64_t committed = -1;  ///< by this source
  uint64_t waiting = 0;    ///< fetched, and not given out
  bool paused = false;     ///< not fetched, because too many wait
  /// Records that are there and were not given out; -1 = not known.
  int64_t lag() const { return next < 0 || end < 0 ? -1 : end > next ? end - next : 0; }
};

/// What a source of messages has to say of its work.
struct SourceStats {
  std::vector<PartitionStats> partitions;
  uint64_t rebalances = 0;  ///< how often a group has dealt partitions to it
  uint64_t errors = 0;      ///< of connections and requests, mended or not
  bool shared = false;      ///< these two are counted for all sources of the job together
};

/// Moves bytes in. Pulled by one thread; to read partitions in parallel, make one source per thread
/// from the same options and let each poll its own partitions (names, not ids, agree between them).
/// Order of calls: partitions, restore, seek*, then poll/wait/discover, close.
class Source {
 public:
  virtual ~Source() = default;

  /// Looks at the outside world: a missing file or topic is an error here, before anything runs.
  /// Call once.
  virtual Result<std::vector<PartitionInfo>> partitions() = 0;
  /// Partitions that came into being since the last call of this or `partitions` (a new file in a
  /// watched directory). Cheap: looks outside no more often than the source's interval.
  virtual Result<std::vector<PartitionInfo>> discover() { return std::vector<PartitionInfo>{}; }

  /// What a restart must know beside the positions, for `restore` of a fresh source: in which order
  /// a watched directory's files were found. Empty where there is nothing.
  virtual std::string save() const { return {}; }
  /// REQUIRES: after `partitions`, before any `seek`.
  virtual Status restore(std::string_view saved) {
    (void)saved;
    return {};
  }

  /// True: its partitions are this reader's alone, dealt by a group that others are in, too.
  virtual bool is_member() const { return false; }
  /// Of all members together.
  virtual size_t partitions_in_all() const { return 0; }
  /// The group deals its partitions anew: what was read is to be finished and committed, and a
  /// source made after this one is closed has the new ones.
  virtual bool moved() const { return false; }

  /// This one will be polled; others may be left alone. REQUIRES: before its seek and first poll.
  virtual void select(uint32_t partition) { (void)partition; }

  /// The next block comes from there. REQUIRES: before the first poll of this partition.
  virtual Status seek(uint32_t partition, const Position& position) = 0;

  /// The next block of a partition; waits at most `timeout_us` for it (0 = not at all). `out` is
  /// overwritten; its bytes stay valid while its `owner` lives. After an error the partition stays
  /// in error.
  virtual Result<Poll> poll(uint32_t partition, Block& out, int64_t timeout_us) = 0;

  /// For those who poll several partitions with timeout 0: waits until one of them may have
  /// something, at most `timeout_us`. May return early.
  virtual Status wait(int64_t timeout_us) = 0;

  /// The first bytes of the unit in which the partition begins (at most about `most`), without
  /// moving: for headers and inference. Empty if the source cannot look without taking.
  virtual Result<std::string> head(uint32_t partition, size_t most) {
    (void)partition, (void)most;
    return std::string();
  }

  /// For sources that others remember the position of (a consumer group): a source made later goes
  /// on there. Whether it was taken; if not, a warning says why.
  virtual bool commit(std::span<const SourceCommit> commits) {
    (void)commits;
    return true;
  }
  /// Whether `commit` does anything.
  virtual bool commits() const { return false; }

  /// Things the user should know of and that stop nothing ("log was replaced while …"). Emptied by
  /// the call.
  virtual std::vector<std::string> take_warnings() { return {}; }

  /// As of now; asks nobody. Nothing for sources that are not of messages.
  virtual std::optional<SourceStats> stats() const { return std::nullopt; }

  virtual void close() {}
};

}  // namespace velo
