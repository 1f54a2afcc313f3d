#include "operator/over_queue.h"

#include <algorithm>
#include <tuple>

namespace velo {
namespace {

constexpr size_t kStaleMax = 1024;  // at least so many may be in the heap for nothing

}  // namespace

bool OverQueue::Moment::operator<(const Moment& other) const {
  return std::tuple(time, phase, sequence, own) <
         std::tuple(other.time, other.phase, other.sequence, other.own);
}

OverQueue::OverQueue(const OverOptions& options, const OverRows& rows)
    : rows_(rows), time_column_(options.time_column) {
  for (const OverCall& call : options.calls) {
    if (!call.has_frame()) continue;
    const OverBound& end = call.frame.end;
    const auto ahead = static_cast<uint64_t>(std::max<int64_t>(end.distance, 0));
    if (end.unit == OverBound::Unit::kRows) rows_ahead_ = std::max(rows_ahead_, ahead);
    if (end.unit == OverBound::Unit::kGroups) groups_ahead_ = std::max(groups_ahead_, ahead);
    if (end.unit == OverBound::Unit::kRange) {
      time_ahead_ = std::max(time_ahead_, static_cast<int64_t>(end.range));
    }
  }
}

void OverQueue::arrive(std::span<const uint32_t> groups) {
  grow_to(next_, rows_.groups());
  if (!delays()) {
    touched_.assign(groups.begin(), groups.end());
    return;
  }
  sequences_.resize(rows_.groups());
  const GroupRuns& runs = rows_.taken_runs();
  for (const GroupRuns::Run& run : runs.runs()) {
    const std::span<const uint32_t> taken = runs.rows(run);
    const uint64_t count = rows_.count(run.group);
    const uint64_t begin = count - taken.size();
    const bool waited = next_[run.group] < begin;
    sequences_.reserve(run.group, next_[run.group], begin, count);
    for (size_t i = 0; i < taken.size(); ++i) {
      sequence_of(run.group, begin + i) = sequence_ + taken[i];
    }
    if (!waited) note_next(run.group);
    touched_.push_back(run.group);
  }
  sequence_ += groups.size();
  waiting_ += groups.size();
}

void OverQueue::note_next(uint32_t group) {
  const uint64_t next = next_[group];
  nexts_.push_back({time_of(group, next), next, group});
  std::push_heap(nexts_.begin(), nexts_.end());
}

// So that the first one is right.
void OverQueue::drop_stale() {
  const auto is_stale = [this](const Next& next) {
    return next_[next.group] != next.index || !waits(next.group);
  };
  if (nexts_.size() > next_.size() * 2 + kStaleMax) {
    std::erase_if(nexts_, is_stale);
    std::make_heap(nexts_.begin(), nexts_.end());
  }
  while (!nexts_.empty() && is_stale(nexts_.front())) {
    std::pop_heap(nexts_.begin(), nexts_.end());
    nexts_.pop_back();
  }
}

// The first row behind `after` that belongs to this group of peers or a later one.
uint64_t OverQueue::first_of_peer(uint32_t group, uint64_t after, uint64_t peer) const {
  uint64_t low = after;
  uint64_t high = rows_.count(group);
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (rows_.peer(group, middle) < peer) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::optional<OverQueue::Moment> OverQueue::moment_of(uint32_t group, uint64_t index,
                                                      int64_t passed, bool closed) const {
  const uint64_t own = sequence_of(group, index);
  const int64_t time = time_of(group, index);
  Moment moment{time, 0, own, own, group, index};
  bool complete = true;
  const auto after = [&](const Moment& other) { moment = std::max(moment, other); };
  if (rows_ahead_ > 0) {
    const uint64_t last = index + rows_ahead_;
    complete &= last < rows_.count(group);
    if (complete) after({time_of(group, last), 0, sequence_of(group, last), own, group, index});
  }
  if (complete && groups_ahead_ > 0) {
    const uint64_t last = first_of_peer(group, index, rows_.peer(group, index) + groups_ahead_);
    complete &= last < rows_.count(group);
    if (complete) after({time_of(group, last), 1, 0, own, group, index});
  }
  if (complete && time_ahead_ > 0) {
    const int64_t reach = time + time_ahead_;
    complete &= reach <= passed;
    if (complete) after({reach, 1, 0, own, group, index});
  }
  if (complete) return moment;
  if (closed) return Moment{INT64_MAX, 1, 0, own, group, index};
  return std::nullopt;
}

// Its rows that can be answered.
void OverQueue::look_at(uint32_t group, int64_t passed, bool closed) {
  uint64_t& next = next_[group];
  const uint64_t before = next;
  for (; next < rows_.count(group); ++next) {
    const std::optional<Moment> moment = moment_of(group, next, passed, closed);
    if (!moment) break;
    moments_.push_back(*moment);
  }
  if (next == before) return;
  if (!waits(group)) return sequences_.forget(group);
  sequences_.trim(group, next, rows_.count(group));
  note_next(group);
}

void OverQueue::take_ready(int64_t passed, bool closed, OverTurn* turn) {
  turn->clear();
  if (!delays()) {
    for (const uint32_t group : touched_) turn->add(group, next_[group]++);
    touched_.clear();
    return;
  }
  moments_.clear();
  for (const uint32_t group : touched_) look_at(group, passed, closed);
  touched_.clear();
  for (uint32_t group = 0; closed && group < next_.size(); ++group) {
    if (waits(group)) look_at(group, passed, closed);
  }
  if (time_ahead_ > 0) look_at_due(passed, closed);
  drop_stale();
  std::sort(moments_.begin(), moments_.end());
  for (const Moment& moment : moments_) turn->add(moment.group, moment.index);
  waiting_ -= moments_.size();
}

void OverQueue::look_at_due(int64_t passed, bool closed) {
  for (drop_stale(); !nexts_.empty() && nexts_.front().time <= passed - time_ahead_; drop_stale()) {
    std::pop_heap(nexts_.begin(), nexts_.end());
    const Next next = nexts_.back();
    nexts_.pop_back();
    look_at(next.group, passed, closed);
    if (next_[next.group] == next.index) still_.push_back(next);
  }
  for (const Next& next : still_) {
    nexts_.push_back(next);
    std::push_heap(nexts_.begin(), nexts_.end());
  }
  still_.clear();
}

std::optional<int64_t> OverQueue::oldest() const {
  if (nexts_.empty()) return std::nullopt;
  return nexts_.front().time;
}

void OverQueue::forget(std::span<const uint32_t> groups) {
  for (const uint32_t group : groups) {
    next_[group] = 0;
    sequences_.forget(group);
  }
}

void OverQueue::save(std::span<const uint32_t> groups, SnapshotWriter& writer) const {
  for (const uint32_t group : groups) writer.u64(next_[group]);
  writer.u64(sequence_);
  if (!delays()) return;
  for (const uint32_t group : groups) {
    for (uint64_t index = next_[group]; index < rows_.count(group); ++index) {
      writer.u64(sequence_of(group, index));
    }
  }
}

Status OverQueue::load(std::span<const uint32_t> groups, SnapshotReader& reader) {
  next_.resize(rows_.groups());
  for (const uint32_t group : groups) {
    next_[group] = TRY(reader.u64());
    const bool behind = delays() && next_[group] < rows_.waits_from(group);
    if (next_[group] > rows_.count(group) || behind) {
      return Error(ErrorCode::kCorruptData, "the rows that wait do not fit their partition");
    }
  }
  sequence_ = TRY(reader.u64());
  if (!delays()) return {};
  sequences_.resize(next_.size());
  for (const uint32_t group : groups) {
    const uint64_t count = rows_.count(group);
    sequences_.reserve(group, next_[group], next_[group], count);
    for (uint64_t index = next_[group]; index < count; ++index) {
      sequence_of(group, index) = TRY(reader.u64());
    }
    waiting_ += count - next_[group];
    if (waits(group)) note_next(group);
  }
  return {};
}

StateBytes OverQueue::memory_bytes() const {
  const size_t keys = next_.capacity() * sizeof(uint64_t) + nexts_.capacity() * sizeof(Next);
  return StateBytes{keys, 0} + sequences_.memory_bytes();
}

}  // namespace velo
