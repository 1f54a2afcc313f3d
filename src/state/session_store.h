#pragma once

#include <cstdint>
#include <queue>
#include <span>
#include <vector>

#include "base/result.h"
#include "state/snapshot.h"

namespace velo {

/// One session of one group: [start, last + gap).
struct Session {
  int64_t start_us;
  int64_t last_us;
  uint32_t slot;    ///< of its aggregate state
  uint64_t serial;  ///< never reused: tells a timer whether its session still is the same
  bool fired = false;
  bool shown = false;  ///< a result row of it is out
  bool corrected = false;  ///< late rows have joined it since it first fired
};

/// The open sessions of all groups, and when they end.
///
/// Sessions of a group are disjoint and ascending; most groups have one, so a row finds its own by
/// looking at the last. Timers are re-armed lazily: a session has one timer, and when it goes off
/// too early (rows came in between) it is set to the session's present end.
class SessionStore {
 public:
  explicit SessionStore(int64_t gap_us, int64_t lateness_us = 0)
      : gap_us_(gap_us), lateness_us_(lateness_us) {}

  int64_t end_of(const Session& session) const { return session.last_us + gap_us_; }
  /// The sessions of a group, ascending.
  std::vector<Session>& of(uint32_t group);
  const std::vector<std::vector<Session>>& all() const { return groups_; }

  /// Indices [first, last) of the group's sessions that a row at `time_us` belongs to (more than
  /// one: it bridges).
  std::pair<size_t, size_t> touching(uint32_t group, int64_t time_us);
  /// A new session at its place among the group's.
  Session& open(uint32_t group, int64_t time_us);
  /// Removes sessions [first, last) of a group; their slots are free again.
  void close(uint32_t group, size_t first, size_t last);

  /// Groups with a session whose end − `step` ≤ watermark (and the lateness more, if it has fired),
  /// each once. Their timers are gone; `rearm` those that stay.
  std::vector<uint32_t> due(int64_t watermark, int64_t step_us);
  void rearm(uint32_t group, const Session& session, int64_t at_us) {
    timers_.push({at_us, group, session.serial});
  }

  /// One more than the largest slot in use.
  size_t slots() const { return slots_; }
  /// Slots given back since the last call: their states must be emptied before `open` gives them
  /// out again.
  std::vector<uint32_t> take_freed();
  size_t open_sessions() const { return open_; }
  /// Groups with a session, ascending.
  std::vector<uint32_t> live_groups() const;
  /// Group live[i] becomes to[i]; the others have no session.
  void renumber(std::span<const uint32_t> live, std::span<const uint32_t> to);

  void save(std::span<const uint32_t> live, SnapshotWriter& writer) const;
  Status load(std::span<const uint32_t> groups, SnapshotReader& reader);
  /// Slots of all sessions in the order in which save writes them.
  std::vector<uint32_t> slots_in_order(std::span<const uint32_t> groups) const;
  size_t memory_bytes() const;

 private:
  struct Timer {
    int64_t at_us;
    uint32_t group;
    uint64_t serial;
    bool operator>(const Timer& other) const { return at_us > other.at_us; }
  };
  uint32_t take_slot();
  Session& insert(uint32_t group, int64_t time_us);
  /// When a session is to be looked at again: at its end, and once it has fired when it closes.
  int64_t alarm_of(const Session& session) const;

  int64_t gap_us_;
  int64_t lateness_us_;
  std::vector<std::vector<Session>> groups_;  // by group
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::vector<uint32_t> free_slots_;
  std::vector<uint32_t> freed_;  // since take_freed
  size_t slots_ = 0;
  size_t open_ = 0;
  uint64_t next_serial_ = 1;
};

}  // namespace velo
