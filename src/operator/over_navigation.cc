#include "operator/over_navigation.h"

#include <algorithm>

#include "column/column_builder.h"

namespace velo {

OverNavigation::OverNavigation(const OverCall& call, bool whole, OverRows& rows)
    : call_(call), whole_(whole), rows_(rows) {}

uint64_t OverNavigation::by_index(uint64_t start, uint64_t end) const {
  const auto n = static_cast<uint64_t>(call_.n);
  if (start >= end || end - start < n) return OverRows::kNoRow;
  return from_start() ? start + n - 1 : end - n;
}

const OverNavigation::Entry* OverNavigation::by_list(const List& list) const {
  const auto n = static_cast<size_t>(call_.n);
  // Without IGNORE NULLS the n-th row is all that the list has.
  if (!call_.ignore_nulls) return list.empty() ? nullptr : &list[0];
  if (list.size() < n) return nullptr;
  return &list[from_start() ? n - 1 : list.size() - n];
}

void OverNavigation::grow() {
  grow_to(places_, rows_.groups());
  if (!lists()) return;
  lists_.resize(places_.size());
  ahead_.resize(places_.size());
}

// Which of the rows that enter have a value: gathered once for all of the turn.
void OverNavigation::look_for_nulls(const OverTurn& turn, const OverSpans& spans) {
  std::vector<uint32_t> entering;  // their partitions
  std::vector<uint64_t> indexes;
  for (const uint32_t group : turn.groups) ahead_[group] = places_[group].entered;
  for (size_t i = 0; i < turn.size(); ++i) {
    uint64_t& at = ahead_[turn.groups[i]];
    at = std::max(at, std::min(spans.starts[i], spans.ends[i]));
    for (; at < spans.ends[i]; ++at) {
      entering.push_back(turn.groups[i]);
      indexes.push_back(at);
    }
  }
  valid_.assign(entering.size(), 1);
  if (!call_.ignore_nulls) return;
  const ColumnPtr values = rows_.gather(call_.argument->index(), entering, indexes);
  for (size_t i = 0; i < entering.size(); ++i) valid_[i] = values->is_null(i) ? 0 : 1;
}

void OverNavigation::drop_front(List& list) {
  if (pinning()) rows_.unpin(list.front().handle);
  list.pop_front();
}

void OverNavigation::enter(uint32_t group, Place& place, uint64_t start, uint64_t end,
                           size_t* next) {
  const auto n = static_cast<uint64_t>(call_.n);
  List& list = lists_[group];
  place.entered = std::max(place.entered, std::min(start, end));
  for (; place.entered < end; ++place.entered) {
    if (valid_[(*next)++] == 0) continue;
    const bool enough = starts_with_partition() && from_start() &&
                        (call_.ignore_nulls ? list.size() >= n : place.entered + 1 != n);
    if (enough) continue;
    const uint32_t handle = pinning() ? rows_.handle(group, place.entered) : OverRows::kNone;
    if (pinning()) rows_.pin(handle);
    list.push_back({place.entered, handle});
    if (starts_with_partition() && !from_start() && list.size() > n) drop_front(list);
  }
  while (!list.empty() && list.front().index < start) drop_front(list);
}

ColumnPtr OverNavigation::answer(const OverTurn& turn, const OverSpans& spans) {
  grow();
  std::vector<uint32_t> handles(turn.size(), OverRows::kNone);  // of pinned rows
  std::vector<uint64_t> indexes(turn.size(), OverRows::kNoRow);
  if (lists()) look_for_nulls(turn, spans);
  size_t next = 0;
  for (size_t i = 0; i < turn.size(); ++i) {
    const uint32_t group = turn.groups[i];
    Place& place = places_[group];
    if (lists()) {
      enter(group, place, spans.starts[i], spans.ends[i], &next);
      if (const Entry* entry = by_list(lists_[group])) {
        indexes[i] = entry->index;
        handles[i] = entry->handle;
      }
      place.low = place.entered;
    } else {
      indexes[i] = by_index(spans.starts[i], spans.ends[i]);
      const auto n = static_cast<uint64_t>(call_.n);
      const uint64_t last = spans.ends[i] > n ? spans.ends[i] - n : 0;
      place.low = from_start() ? spans.starts[i] : std::max(spans.starts[i], last);
    }
  }
  const size_t column = call_.argument->index();
  const ColumnPtr found =
      pinning() ? rows_.gather(column, handles) : rows_.gather(column, turn.groups, indexes);
  return call_.otherwise == nullptr ? found : with_default(turn, found, indexes);
}

ColumnPtr OverNavigation::with_default(const OverTurn& turn, const ColumnPtr& found,
                                       std::span<const uint64_t> indexes) const {
  const ColumnPtr otherwise = rows_.gather(call_.otherwise->index(), turn.groups, turn.indexes);
  ColumnBuilder builder(found->type(), indexes.size());
  for (size_t i = 0; i < indexes.size(); ++i) {
    builder.append_from(indexes[i] == OverRows::kNoRow ? *otherwise : *found, i);
  }
  return builder.finish();
}

uint64_t OverNavigation::low(uint32_t group) const {
  return group < places_.size() ? places_[group].low : 0;
}

void OverNavigation::forget(uint32_t group) {
  if (group >= places_.size()) return;
  while (lists() && !lists_[group].empty()) drop_front(lists_[group]);
  places_[group] = Place();
}

void OverNavigation::list_pinned(std::span<const uint32_t> groups,
                                 std::vector<uint32_t>* handles) const {
  for (const uint32_t group : groups) {
    if (!pinning() || group >= lists_.size()) continue;
    for (const Entry& entry : lists_[group]) handles->push_back(entry.handle);
  }
}

void OverNavigation::save(std::span<const uint32_t> groups, const OverRows::Saved& rows,
                          SnapshotWriter& writer) const {
  const List nothing;
  for (const uint32_t group : groups) {
    const Place place = group < places_.size() ? places_[group] : Place();
    const List& list = group < lists_.size() ? lists_[group] : nothing;
    writer.u64(place.low);
    writer.u64(place.entered);
    writer.u64(list.size());
    for (const Entry& entry : list) {
      writer.u64(entry.index);
      if (pinning()) writer.u32(rows.place_of[entry.handle]);
    }
  }
}

Status OverNavigation::load(std::span<const uint32_t> groups, size_t rows, SnapshotReader& reader) {
  grow();
  for (const uint32_t group : groups) {
    Place& place = places_[group];
    place.low = TRY(reader.u64());
    place.entered = TRY(reader.u64());
    const uint64_t listed = TRY(reader.count(sizeof(uint64_t)));
    bool fits = (listed == 0 || lists()) && place.low >= rows_.first(group) &&
                place.low <= rows_.count(group) && place.entered <= rows_.count(group);
    for (uint64_t i = 0; i < listed; ++i) {
      const uint64_t index = TRY(reader.u64());
      uint32_t handle = OverRows::kNone;
      if (pinning()) handle = TRY(reader.u32());
      fits &= pinning() ? handle < rows : index >= rows_.first(group) && index < rows_.count(group);
      if (!fits) break;
      lists_[group].push_back({index, handle});
      if (pinning()) rows_.pin(handle);
    }
    if (!fits) return Error(ErrorCode::kCorruptData, "the rows of a frame are not there");
  }
  return {};
}

size_t OverNavigation::memory_bytes() const {
  size_t bytes = places_.capacity() * sizeof(Place);
  for (const List& list : lists_) bytes += sizeof(List) + list.size() * sizeof(Entry);
  return bytes + ahead_.capacity() * sizeof(uint64_t);
}

}  // namespace velo
