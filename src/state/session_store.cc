#include "state/session_store.h"

#include <algorithm>

namespace velo {

std::vector<Session>& SessionStore::of(uint32_t group) {
  if (group >= groups_.size()) groups_.resize(group + group / 2 + 16);
  return groups_[group];
}

std::pair<size_t, size_t> SessionStore::touching(uint32_t group, int64_t time_us) {
  const std::vector<Session>& sessions = of(group);
  // A row is within a session if it is before its end, and the session starts before the row's own
  // end.
  size_t first = sessions.size();
  while (first > 0 && time_us < end_of(sessions[first - 1])) --first;
  size_t last = first;
  while (last < sessions.size() && sessions[last].start_us < time_us + gap_us_) ++last;
  return {first, last};
}

uint32_t SessionStore::take_slot() {
  if (free_slots_.empty()) return static_cast<uint32_t>(slots_++);
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

int64_t SessionStore::alarm_of(const Session& session) const {
  int64_t closing;
  if (!session.fired) return end_of(session);
  return __builtin_add_overflow(end_of(session), lateness_us_, &closing) ? INT64_MAX : closing;
}

Session& SessionStore::insert(uint32_t group, int64_t time_us) {
  std::vector<Session>& sessions = of(group);
  auto at = sessions.end();
  while (at != sessions.begin() && (at - 1)->start_us > time_us) --at;
  at = sessions.insert(at, Session{time_us, time_us, take_slot(), next_serial_++});
  ++open_;
  return *at;
}

Session& SessionStore::open(uint32_t group, int64_t time_us) {
  Session& session = insert(group, time_us);
  rearm(group, session, end_of(session));
  return session;
}

void SessionStore::close(uint32_t group, size_t first, size_t last) {
  std::vector<Session>& sessions = of(group);
  for (size_t i = first; i < last; ++i) freed_.push_back(sessions[i].slot);
  sessions.erase(sessions.begin() + static_cast<ptrdiff_t>(first),
                 sessions.begin() + static_cast<ptrdiff_t>(last));
  open_ -= last - first;
}

std::vector<uint32_t> SessionStore::take_freed() {
  free_slots_.insert(free_slots_.end(), freed_.begin(), freed_.end());
  std::vector<uint32_t> freed;
  freed.swap(freed_);
  return freed;
}

std::vector<uint32_t> SessionStore::due(int64_t watermark, int64_t step_us) {
  if (watermark == INT64_MAX) {  // the end: all are due, however many a group has
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>>().swap(timers_);
    return live_groups();
  }
  std::vector<uint32_t> groups;
  while (!timers_.empty() && timers_.top().at_us - step_us <= watermark) {
    const Timer timer = timers_.top();
    timers_.pop();
    for (const Session& session : of(timer.group)) {
      if (session.serial != timer.serial) continue;
      if (alarm_of(session) - step_us > watermark) {
        rearm(timer.group, session, alarm_of(session));
      } else {
        groups.push_back(timer.group);
      }
      break;
    }
  }
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

std::vector<uint32_t> SessionStore::live_groups() const {
  std::vector<uint32_t> live;
  for (uint32_t g = 0; g < groups_.size(); ++g) {
    if (!groups_[g].empty()) live.push_back(g);
  }
  return live;
}

void SessionStore::renumber(std::span<const uint32_t> live, std::span<const uint32_t> to) {
  std::vector<std::vector<Session>> old;
  old.swap(groups_);
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>>().swap(timers_);
  for (size_t i = 0; i < live.size(); ++i) {
    of(to[i]) = std::move(old[live[i]]);
    for (const Session& session : of(to[i])) rearm(to[i], session, alarm_of(session));
  }
}

void SessionStore::save(std::span<const uint32_t> live, SnapshotWriter& writer) const {
  writer.u64(live.size());
  for (size_t i = 0; i < live.size(); ++i) {
    const bool known = live[i] < groups_.size();
    writer.u64(known ? groups_[live[i]].size() : 0);
    if (!known) continue;
    for (const Session& session : groups_[live[i]]) {
      writer.i64(session.start_us);
      writer.i64(session.last_us);
      writer.u8(session.fired);
      writer.u8(session.shown);
      writer.u8(session.corrected);
    }
  }
}

Status SessionStore::load(std::span<const uint32_t> groups, SnapshotReader& reader) {
  if (TRY(reader.u64()) != groups.size())
    return Error(ErrorCode::kCorruptData, "sessions are missing");
  for (uint32_t group : groups) {
    const uint64_t n = TRY(reader.count(19));
    for (uint64_t i = 0; i < n; ++i) {
      const int64_t start = TRY(reader.i64());
      const int64_t last = TRY(reader.i64());
      if (last < start) return Error(ErrorCode::kCorruptData, "a session ends before it starts");
      Session& session = insert(group, start);
      session.last_us = last;
      session.fired = TRY(reader.u8()) != 0;
      session.shown = TRY(reader.u8()) != 0;
      session.corrected = TRY(reader.u8()) != 0;
      rearm(group, session, alarm_of(session));
    }
  }
  return {};
}

std::vector<uint32_t> SessionStore::slots_in_order(std::span<const uint32_t> groups) const {
  std::vector<uint32_t> slots;
  for (uint32_t group : groups) {
    if (group >= groups_.size()) continue;
    for (const Session& session : groups_[group]) slots.push_back(session.slot);
  }
  return slots;
}

size_t SessionStore::memory_bytes() const {
  return groups_.capacity() * sizeof(groups_[0]) + open_ * (sizeof(Session) + sizeof(Timer)) +
         free_slots_.capacity() * 4;
}

}  // namespace velo
