#include "connector/script_source.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/check.h"
#include "base/fmt.h"

namespace velo {

ScriptSource::ScriptSource(Options options) : bytes_max_(options.bytes_max) {
  CHECK(!options.partitions.empty());
  for (std::string& name : options.partitions) {
    lanes_.emplace_back();
    lanes_.back().name = std::move(name);
  }
}

ScriptSource::~ScriptSource() { ScriptSource::close(); }

bool ScriptSource::push(uint32_t partition, Push piece, int64_t timeout_us) {
  std::unique_lock lock(mutex_);
  CHECK(partition < lanes_.size());
  Lane& lane = lanes_[partition];
  const auto may_go_on = [&] {
    return closed_ || lane.finished || lane.waiting.empty() ||
           lane.waiting_bytes + piece.bytes.size() <= bytes_max_;
  };
  if (timeout_us < 0) {
    changed_.wait(lock, may_go_on);
  } else if (!changed_.wait_for(lock, std::chrono::microseconds(timeout_us), may_go_on)) {
    return false;
  }
  if (closed_ || lane.finished) return false;
  lane.waiting_bytes += piece.bytes.size();
  lane.waiting.push_back(std::move(piece));
  lock.unlock();
  changed_.notify_all();
  return true;
}

void ScriptSource::finish(uint32_t partition) {
  {
    std::lock_guard lock(mutex_);
    CHECK(partition < lanes_.size());
    lanes_[partition].finished = true;
  }
  changed_.notify_all();
}

void ScriptSource::finish_all() {
  {
    std::lock_guard lock(mutex_);
    for (Lane& lane : lanes_) lane.finished = true;
  }
  changed_.notify_all();
}

size_t ScriptSource::waiting_bytes(uint32_t partition) const {
  std::lock_guard lock(mutex_);
  return lanes_.at(partition).waiting_bytes;
}

Result<std::vector<PartitionInfo>> ScriptSource::partitions() {
  std::lock_guard lock(mutex_);
  std::vector<PartitionInfo> all;
  for (const Lane& lane : lanes_) {
    PartitionInfo info;
    info.id = static_cast<uint32_t>(all.size());
    info.name = lane.name;
    info.bounded = false;
    all.push_back(std::move(info));
  }
  return all;
}

Status ScriptSource::seek(uint32_t partition, const Position& position) {
  std::lock_guard lock(mutex_);
  lanes_.at(partition).skip = position.offset;
  return {};
}

bool ScriptSource::anything() const {
  if (closed_) return true;
  for (const Lane& lane : lanes_) {
    if (!lane.waiting.empty() || (lane.finished && !lane.end_told)) return true;
  }
  return false;
}

bool ScriptSource::take(Lane& lane, uint32_t partition, Block& out) {
  while (!lane.waiting.empty()) {
    Push piece = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    lane.waiting_bytes -= piece.bytes.size();
    const Position begin = lane.at;
    lane.at.offset += piece.bytes.size();
    ++lane.at.extra;
    size_t dropped = 0;
    if (lane.skip > begin.offset) {
      // A stretch of a stream may be cut anywhere; a piece of records goes as a whole.
      dropped =
          static_cast<size_t>(std::min<uint64_t>(lane.skip - begin.offset, piece.bytes.size()));
      if (dropped == piece.bytes.size() || piece.record_per_entry) continue;
    }
    const size_t kept = piece.bytes.size() - dropped;
    auto buffer = Buffer::allocate(kept);
    std::memcpy(buffer->data(), piece.bytes.data() + dropped, kept);
    out.bytes = {buffer->data(), kept};
    out.owner = std::move(buffer);
    out.partition = partition;
    out.begin = begin;
    out.begin.offset += dropped;
    out.end = lane.at;
    out.record_per_entry = piece.record_per_entry;
    out.records = std::move(piece.records);
    out.metadata = std::move(piece.metadata);
    out.headers = std::move(piece.headers);
    out.begins_unit = !lane.unit_open && !piece.record_per_entry && dropped == 0 &&
                      (lane.skip == 0 || begin.offset > lane.skip);
    out.first_line = out.begins_unit ? 1 : 0;
    out.ends_unit = piece.ends_unit;
    lane.unit_open = !piece.ends_unit;
    return true;
  }
  if (lane.finished && lane.unit_open) {
    out.partition = partition;
    out.begin = out.end = lane.at;
    out.ends_unit = true;
    lane.unit_open = false;
    return true;
  }
  return false;
}

Result<Poll> ScriptSource::poll(uint32_t partition, Block& out, int64_t timeout_us) {
  out.clear();
  std::unique_lock lock(mutex_);
  CHECK(partition < lanes_.size());
  Lane& lane = lanes_[partition];
  if (timeout_us > 0) {
    changed_.wait_for(lock, std::chrono::microseconds(timeout_us),
                      [&] { return closed_ || lane.finished || !lane.waiting.empty(); });
  }
  const bool taken = take(lane, partition, out);
  if (!taken && (lane.finished || closed_)) {
    lane.end_told = true;
    return Poll::kEnd;
  }
  lock.unlock();
  changed_.notify_all();
  return taken ? Poll::kBlock : Poll::kNothingYet;
}

Status ScriptSource::wait(int64_t timeout_us) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::microseconds(timeout_us), [&] { return anything(); });
  return {};
}

void ScriptSource::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace velo
