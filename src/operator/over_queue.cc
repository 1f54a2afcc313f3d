#include "operator/over_queue.h"

#include <algorithm>
#include <tuple>

namespace velo {
namespace {

constexpr size_t kAnsweredMax = 4096;  // at least so many are taken out of the queue at once

}  // namespace

bool OverQueue::Moment::operator<(const Moment& other) const {
  return std::tuple(time, phase, sequence, own) <
         std::tuple(other.time, other.phase, other.sequence, other.own);
}

OverQueue::OverQueue(const OverOptions& options, const OverRows& rows) : rows_(rows) {
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

void OverQueue::arrive(const Column& times, std::span<const uint32_t> groups) {
  grow_to(next_, rows_.groups());
  if (!delays()) {
    touched_.assign(groups.begin(), groups.end());
    return;
  }
  if (times_.size() < rows_.handle_end()) {
    times_.resize(std::max<size_t>(rows_.handle_end(), times_.size() * 2));
    sequences_.resize(times_.size());
  }
  const std::span<const uint32_t> handles = rows_.handles();
  std::vector<uint64_t> indexes(groups.size());
  grow_to(behind_, rows_.groups());
  for (size_t row = groups.size(); row-- > 0;) {
    indexes[row] = rows_.count(groups[row]) - ++behind_[groups[row]];
  }
  for (const uint32_t group : groups) behind_[group] = 0;
  for (size_t row = 0; row < groups.size(); ++row) {
    times_[handles[row]] = times.int64_at(row);
    sequences_[handles[row]] = sequence_;
    open_.push_back({times.int64_at(row), sequence_++, indexes[row], groups[row]});
    touched_.push_back(groups[row]);
  }
  waiting_ += groups.size();
}

// The first row behind `after` that belongs to this group of peers or a later one.
uint64_t OverQueue::first_of_peer(uint32_t group, uint64_t after, uint64_t peer) const {
  uint64_t low = after;
  uint64_t high = rows_.count(group);
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (rows_.peer(rows_.handle(group, middle)) < peer) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::optional<OverQueue::Moment> OverQueue::moment_of(uint32_t group, uint64_t index,
                                                      int64_t passed, bool closed) const {
  const uint32_t handle = rows_.handle(group, index);
  const uint64_t own = sequences_[handle];
  Moment moment{times_[handle], 0, own, own, group, index};
  bool complete = true;
  const auto after = [&](const Moment& other) { moment = std::max(moment, other); };
  if (rows_ahead_ > 0) {
    complete &= index + rows_ahead_ < rows_.count(group);
    if (complete) {
      const uint32_t last = rows_.handle(group, index + rows_ahead_);
      after({times_[last], 0, sequences_[last], own, group, index});
    }
  }
  if (complete && groups_ahead_ > 0) {
    const uint64_t last = first_of_peer(group, index, rows_.peer(handle) + groups_ahead_);
    complete &= last < rows_.count(group);
    if (complete) after({times_[rows_.handle(group, last)], 1, 0, own, group, index});
  }
  if (complete && time_ahead_ > 0) {
    const int64_t reach = times_[handle] + time_ahead_;
    complete &= reach <= passed;
    if (complete) after({reach, 1, 0, own, group, index});
  }
  if (complete) return moment;
  if (closed) return Moment{INT64_MAX, 1, 0, own, group, index};
  return std::nullopt;
}

void OverQueue::look_at(uint32_t group, int64_t passed, bool closed) {
  for (uint64_t& next = next_[group]; next < rows_.count(group); ++next) {
    const std::optional<Moment> moment = moment_of(group, next, passed, closed);
    if (!moment) return;
    moments_.push_back(*moment);
  }
}

void OverQueue::take_ready(int64_t passed, bool closed, OverTurn* turn) {
  turn->clear();
  if (!delays()) {
    for (size_t row = 0; row < touched_.size(); ++row) {
      turn->add(touched_[row], next_[touched_[row]]++, rows_.handles()[row]);
    }
    touched_.clear();
    return;
  }
  moments_.clear();
  for (const uint32_t group : touched_) look_at(group, passed, closed);
  touched_.clear();
  for (; due_ < open_.size() && open_[due_].time <= passed - time_ahead_; ++due_) {
    look_at(open_[due_].group, passed, closed);
  }
  for (size_t i = begin_; closed && i < open_.size(); ++i) {
    look_at(open_[i].group, passed, closed);
  }
  std::sort(moments_.begin(), moments_.end());
  for (const Moment& moment : moments_) {
    turn->add(moment.group, moment.index, rows_.handle(moment.group, moment.index));
  }
  waiting_ -= moments_.size();
  while (begin_ < open_.size() && !waits(open_[begin_])) ++begin_;
  if (open_.size() > waiting_ * 2 + kAnsweredMax) drop_answered();
}

void OverQueue::drop_answered() {
  std::vector<Open> left;
  size_t due = 0;
  for (size_t i = begin_; i < open_.size(); ++i) {
    if (!waits(open_[i])) continue;
    if (i < due_) ++due;
    left.push_back(open_[i]);
  }
  open_ = std::move(left);
  begin_ = 0;
  due_ = due;
}

std::optional<int64_t> OverQueue::oldest() const {
  if (begin_ == open_.size()) return std::nullopt;
  return open_[begin_].time;
}

void OverQueue::forget(std::span<const uint32_t> groups) {
  drop_answered();
  for (const uint32_t group : groups) next_[group] = 0;
}

void OverQueue::save(std::span<const uint32_t> groups, const OverRows::Saved& rows,
                     SnapshotWriter& writer) const {
  for (const uint32_t group : groups) writer.u64(next_[group]);
  writer.u64(sequence_);
  if (!delays()) return;
  for (const uint32_t handle : rows.handles) {
    writer.i64(times_[handle]);
    writer.u64(sequences_[handle]);
  }
}

Status OverQueue::load(std::span<const uint32_t> groups, size_t rows, SnapshotReader& reader) {
  next_.resize(rows_.groups());
  for (const uint32_t group : groups) {
    next_[group] = TRY(reader.u64());
    const bool behind = delays() && next_[group] < rows_.first(group);
    if (next_[group] > rows_.count(group) || behind) {
      return Error(ErrorCode::kCorruptData, "the rows that wait do not fit their partition");
    }
  }
  sequence_ = TRY(reader.u64());
  if (!delays()) return {};
  for (size_t handle = 0; handle < rows; ++handle) {
    times_.push_back(TRY(reader.i64()));
    sequences_.push_back(TRY(reader.u64()));
  }
  for (const uint32_t group : groups) {
    for (uint64_t index = next_[group]; index < rows_.count(group); ++index) {
      const uint32_t handle = rows_.handle(group, index);
      open_.push_back({times_[handle], sequences_[handle], index, group});
    }
  }
  std::sort(open_.begin(), open_.end(),
            [](const Open& a, const Open& b) { return a.sequence < b.sequence; });
  waiting_ = open_.size();
  return {};
}

size_t OverQueue::memory_bytes() const {
  return (next_.capacity() + times_.capacity() + sequences_.capacity()) * sizeof(uint64_t) +
         behind_.capacity() * sizeof(uint32_t) + open_.capacity() * sizeof(Open);
}

}  // namespace velo
