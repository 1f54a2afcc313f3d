#include "operator/over_cursor.h"

#include <algorithm>

namespace velo {
namespace {

using Unit = OverBound::Unit;

/// index + distance, within the partition.
uint64_t moved(uint64_t index, int64_t distance, uint64_t count) {
  if (distance >= 0) return std::min(count, index + static_cast<uint64_t>(distance));
  const uint64_t back = uint64_t{0} - static_cast<uint64_t>(distance);
  return index > back ? index - back : 0;
}

template <typename Skips>
uint64_t skip_while(uint64_t at, uint64_t count, Skips skips) {
  while (at < count && skips(at)) ++at;
  return at;
}

}  // namespace

void OverCursor::find(const OverTurn& turn, OverSpans* spans) {
  grow_to(places_, rows_.groups());
  spans->starts.resize(turn.size());
  spans->ends.resize(turn.size());
  find_starts(turn, spans->starts);
  find_ends(turn, spans->ends);
}

void OverCursor::find_starts(const OverTurn& turn, std::vector<uint64_t>& starts) {
  const OverBound& bound = frame_.start;
  const auto advance = [&](auto stays_out) {
    for (size_t i = 0; i < turn.size(); ++i) {
      const uint32_t group = turn.groups[i];
      uint64_t& at = places_[group].start;
      starts[i] = at = skip_while(at, rows_.count(group), stays_out(i));
    }
  };
  switch (bound.unit) {
    case Unit::kUnbounded:
      std::fill(starts.begin(), starts.end(), 0);
      return;
    case Unit::kRows:
      for (size_t i = 0; i < turn.size(); ++i) {
        starts[i] = moved(turn.indexes[i], bound.distance, rows_.count(turn.groups[i]));
      }
      return;
    case Unit::kGroups:
      return advance([&](size_t i) {
        return [this, group = turn.groups[i], last = last_peer(turn, i, bound)](uint64_t at) {
          return static_cast<int64_t>(rows_.peer(group, at)) < last;
        };
      });
    case Unit::kRange:
      return advance([&](size_t i) {
        return [&bound, row = turn.indexes[i], keys = rows_.ranges(turn.groups[i])](uint64_t at) {
          return keys.before(at, row, bound.range, bound.range_double);
        };
      });
  }
}

void OverCursor::find_ends(const OverTurn& turn, std::vector<uint64_t>& ends) {
  const OverBound& bound = frame_.end;
  const auto advance = [&](auto belongs) {
    for (size_t i = 0; i < turn.size(); ++i) {
      const uint32_t group = turn.groups[i];
      uint64_t& at = places_[group].end;
      ends[i] = at = skip_while(at, rows_.count(group), belongs(i));
    }
  };
  switch (bound.unit) {
    case Unit::kUnbounded:
      for (size_t i = 0; i < turn.size(); ++i) ends[i] = rows_.count(turn.groups[i]);
      return;
    case Unit::kRows:
      for (size_t i = 0; i < turn.size(); ++i) {
        ends[i] = moved(turn.indexes[i] + 1, bound.distance, rows_.count(turn.groups[i]));
      }
      return;
    case Unit::kGroups:
      return advance([&](size_t i) {
        return [this, group = turn.groups[i], last = last_peer(turn, i, bound)](uint64_t at) {
          return static_cast<int64_t>(rows_.peer(group, at)) <= last;
        };
      });
    case Unit::kRange:
      return advance([&](size_t i) {
        return [&bound, row = turn.indexes[i], keys = rows_.ranges(turn.groups[i])](uint64_t at) {
          return !keys.after(at, row, bound.range, bound.range_double);
        };
      });
  }
}

// The group of peers that lies where the bound says.
int64_t OverCursor::last_peer(const OverTurn& turn, size_t row, const OverBound& bound) const {
  return static_cast<int64_t>(rows_.peer(turn.groups[row], turn.indexes[row])) + bound.distance;
}

OverNextFrame OverCursor::next_frame(uint32_t group, uint64_t next) const {
  const Place place = group < places_.size() ? places_[group] : Place();
  const uint64_t count = rows_.count(group);
  OverNextFrame frame{place.start, place.end};
  if (frame_.start.unit == Unit::kRows) frame.start = moved(next, frame_.start.distance, count);
  if (frame_.end.unit == Unit::kRows) {
    frame.end = moved(next + 1, frame_.end.distance, count);
  } else if (!frame_.end.ends_before()) {
    frame.end = std::max(frame.end, next + 1);
  }
  return frame;
}

uint64_t OverCursor::low(uint32_t group) const {
  const Place place = group < places_.size() ? places_[group] : Place();
  const auto looked_at = [](const OverBound& bound, uint64_t at) {
    return bound.unit == Unit::kRange || bound.unit == Unit::kGroups ? at : UINT64_MAX;
  };
  return std::min(looked_at(frame_.start, place.start), looked_at(frame_.end, place.end));
}

void OverCursor::forget(uint32_t group) {
  if (group < places_.size()) places_[group] = Place();
}

void OverCursor::save(std::span<const uint32_t> groups, SnapshotWriter& writer) const {
  for (const uint32_t group : groups) {
    const Place place = group < places_.size() ? places_[group] : Place();
    writer.u64(place.start);
    writer.u64(place.end);
  }
}

Status OverCursor::load(std::span<const uint32_t> groups, SnapshotReader& reader) {
  grow_to(places_, rows_.groups());
  for (const uint32_t group : groups) {
    Place& place = places_[group];
    place.start = TRY(reader.u64());
    place.end = TRY(reader.u64());
    const bool there = low(group) >= rows_.first(group);
    if (place.start > rows_.count(group) || place.end > rows_.count(group) || !there) {
      return Error(ErrorCode::kCorruptData, "a frame lies outside its partition");
    }
  }
  return {};
}

}  // namespace velo
