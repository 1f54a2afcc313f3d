// Positions that somebody outside remembers: what of a partition is dealt with (see replay_rule.h).
#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "runtime/source_driver.h"

namespace velo {
namespace {
constexpr size_t kMarksMost = 8192;    // of a partition
constexpr size_t kPlacesBytes = 3500;  // brokers take notes of 4096 bytes
constexpr int64_t kAskAgainNs = 1'000'000'000;
}

/// Notes which times were read before which offset. Marks of equal time, and every second one of
/// too many, say nothing that is needed.
void SourceDriver::mark(Partition& partition) {
  const auto index = static_cast<size_t>(&partition - partitions_.data());
  int64_t time = kWatermarkEnd;
  for (const auto& reader : readers_) time = std::min(time, reader->time_reached(index));
  std::deque<Partition::Mark>& marks = partition.marks;
  if (!marks.empty() && marks.back().time == time) {
    marks.back().offset = partition.position.offset;
    return;
  }
  marks.push_back({partition.position.offset, time});
  if (marks.size() < kMarksMost) return;
  std::deque<Partition::Mark> fewer;
  for (size_t i = 1; i < marks.size(); i += 2) fewer.push_back(marks[i]);
  marks = std::move(fewer);
}

void SourceDriver::note_positions() {
  for (Partition& partition : partitions_) {
    partition.noted = partition.position.offset;
    if (partition.dealt) partition.noted_places = partition.dealt->places(kPlacesBytes);
  }
}

/// REQUIRES: it begins at an offset that is known.
SourceCommit SourceDriver::beginning_of(const Partition& partition) const {
  SourceCommit commit;
  commit.partition = partition.info.id;
  commit.position.offset = *partition.info.begin;
  if (spec_.replay.kind != ReplayRule::Kind::kNever) return commit;
  ReplayNote note;
  note.is_beginning = true;
  note.read_to = std::max(*partition.info.begin, partition.noted);
  if (partition.replay) note.read_to = std::max(note.read_to, partition.replay->read_to);
  commit.note = note.to_string();
  return commit;
}

/// Where all rows are needed again, a position in their midst is none to begin at.
Status SourceDriver::check_beginning(const Partition& partition) const {
  const PartitionInfo& info = partition.info;
  if (spec_.replay.kind != ReplayRule::Kind::kNever || !commits() || !info.begin) return {};
  const bool by_others = info.begin_is_committed && !info.note.empty() &&
                         !(partition.replay && partition.replay->is_beginning);
  if (!by_others && !(spec_.is_dealt && *info.begin > 0)) return {};
  return Error(ErrorCode::kIncompatibleState,
               fmt::format("{} was read as far as offset {} for another script, and {} needs all "
                           "rows",
                           info.name, *info.begin, spec_.replay.why))
      .with_hint(
          "another 'application.id' begins anew; so does this one once its group is deleted");
}

/// Where a group of processes begins is told before anything is read: whoever goes on for this one
/// must not begin later.
bool SourceDriver::commit_beginnings() {
  const int64_t now = context_.clock.steady_ns();
  if (now < begin_next_ns_) return false;
  begin_next_ns_ = now + kAskAgainNs;
  std::vector<SourceCommit> beginnings;
  for (const Partition& partition : partitions_) {
    const PartitionInfo& info = partition.info;
    if (!info.begin || info.begin_is_committed) continue;
    beginnings.push_back(beginning_of(partition));
  }
  begun_ = beginnings.empty() || !commits() || !source_->is_member() || source_->commit(beginnings);
  return begun_;
}

void SourceDriver::note_catching_up(Partition& partition, bool at_end) {
  if (partition.behind_until == 0) return;
  if (!at_end && partition.position.offset < partition.behind_until) return;
  partition.behind_until = 0;
  const bool all = std::all_of(partitions_.begin(), partitions_.end(),
                               [](const Partition& p) { return p.behind_until == 0; });
  if (all) caught_up_.store(true, std::memory_order_release);
}

std::optional<SourceCommit> SourceDriver::commit_of(Partition& partition, int64_t done) const {
  if (!partition.first) return std::nullopt;  // it has read nothing
  const ReplayRule& rule = spec_.replay;
  SourceCommit commit;
  commit.partition = partition.info.id;
  commit.position = partition.position;
  commit.position.offset = partition.noted;
  if (rule.kind == ReplayRule::Kind::kNever) {
    commit = beginning_of(partition);
  } else if (rule.kind == ReplayRule::Kind::kRecent && done != kWatermarkEnd) {
    const int64_t from = rule.needed_from(done);
    // Even without a later offset to begin at, the watermark to go on from is worth noting.
    uint64_t offset = *partition.first;
    for (const Partition::Mark& mark : partition.marks) {
      if (mark.time == kWatermarkNone || mark.time >= from || mark.offset > partition.noted) break;
      offset = mark.offset;
    }
    while (!partition.marks.empty() && partition.marks.front().offset < offset) {
      partition.marks.pop_front();
    }
    commit.position.offset = offset;
    commit.note =
        ReplayNote{rule.floor(done), from, partition.noted, partition.noted_places}.to_string();
  } else if (rule.kind == ReplayRule::Kind::kExact) {
    // The next rows are not to be judged by a lower watermark than others were told.
    const int64_t floor = done == kWatermarkEnd ? kWatermarkNone : done;
    commit.note = ReplayNote{floor, kWatermarkNone, 0}.to_string();
  }
  std::string said = fmt::format("{} {}", commit.position.offset, commit.note);
  if (said == partition.committed) return std::nullopt;
  partition.committed = std::move(said);
  return commit;
}

void SourceDriver::commit() {
  const ReplayRule& rule = spec_.replay;
  const int64_t done = done_us_.load(std::memory_order_relaxed);
  if (!commits()) return;
  if (rule.kind == ReplayRule::Kind::kRecent && done == kWatermarkNone) return;
  std::vector<SourceCommit> commits;
  for (Partition& partition : partitions_) {
    if (auto one = commit_of(partition, done)) commits.push_back(std::move(*one));
  }
  if (!commits.empty()) source_->commit(commits);
}

}  // namespace velo
