#include "operator/over_peers.h"

#include <algorithm>

namespace velo {

uint64_t OverPeers::first(uint32_t group, uint64_t index) const {
  const Place& place = places_[group];
  const uint32_t* numbers = stored(group, place.low);
  const uint32_t* row = numbers + (index - place.low);
  const uint32_t* found = row;
  if (found > numbers && *(found - 1) == *row) {
    found = std::partition_point(numbers, row,
                                 [number = *row](uint32_t other) { return other != number; });
  }
  return found == numbers ? place.first : place.low + static_cast<uint64_t>(found - numbers);
}

void OverPeers::trim(uint32_t group, uint64_t low, uint64_t end) {
  Place& place = places_[group];
  if (low <= place.low) return;
  // Behind the last row a group begins.
  place.first = low < end ? first(group, low) : low;
  place.low = low;
  blocks_.trim(group, low, end);
}

void OverPeers::forget(uint32_t group) {
  if (group >= places_.size()) return;
  places_[group] = Place();
  blocks_.forget(group);
}

void OverPeers::save(uint32_t group, uint64_t end, SnapshotWriter& writer) const {
  const Place& place = places_[group];
  writer.u64(place.groups);
  writer.u64(place.low);
  writer.u64(place.first);
  const uint64_t rows = std::max(end, place.low) - place.low;
  writer.u64(rows);
  if (rows > 0) writer.raw(stored(group, place.low), rows * sizeof(uint32_t));
}

Status OverPeers::load(uint32_t group, uint64_t end, SnapshotReader& reader) {
  Place& place = places_[group];
  place.groups = TRY(reader.u64());
  place.low = TRY(reader.u64());
  place.first = TRY(reader.u64());
  const uint64_t rows = TRY(reader.count(sizeof(uint32_t)));
  if (place.low > end || place.first > place.low || rows != end - place.low) {
    return Error(ErrorCode::kCorruptData, "the peers of a partition do not fit its rows");
  }
  if (rows == 0) return {};
  blocks_.reserve(group, place.low, place.low, end);
  return reader.raw(stored(group, place.low), rows * sizeof(uint32_t));
}

}  // namespace velo
