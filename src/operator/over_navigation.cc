#include "operator/over_navigation.h"

#include <algorithm>

#include "column/column_builder.h"

namespace velo {

OverNavigation::OverNavigation(const OverCall& call, bool whole, const OverRows& rows)
    : call_(call), whole_(whole), rows_(rows), kept_({call.argument->type()}) {}

void OverNavigation::grow() {
  grow_to(places_, rows_.groups());
  if (lists()) grow_to(lists_, places_.size());
  if (!keeps()) return;
  grow_to(values_, places_.size());
  kept_.resize(places_.size());
}

uint64_t OverNavigation::by_index(uint64_t start, uint64_t end) const {
  if (start >= end || end - start < n()) return OverRows::kNoRow;
  return from_start() ? start + n() - 1 : end - n();
}

// From the start the list has the first n rows of the frame that have a value, from the end the
// last n.
uint64_t OverNavigation::by_list(uint32_t group, Place& place, uint64_t start, uint64_t end) {
  RowIndexes& list = lists_[group];
  const size_t column = call_.argument->index();
  while (!list.empty() && list.front(place.low) < start) list.pop_front();
  place.entered = std::max(place.entered, std::min(start, end));
  for (; place.entered < end && !(from_start() && list.size() == n()); ++place.entered) {
    if (rows_.is_null(column, group, place.entered)) continue;
    list.push(place.entered);
    if (list.size() > n()) list.pop_front();
  }
  place.low = std::max(place.low, std::min(start, end));
  if (list.size() < n()) return OverRows::kNoRow;
  return list.at(from_start() ? n() - 1 : 0, place.low);
}

// Which rows have a value decides what they are to later ones, so all that enter are listed first
// and gathered at once. Once the n-th is found from the start, none is.
void OverNavigation::list_entering(const OverTurn& turn, const OverSpans& spans) {
  entering_.clear(), entering_indexes_.clear(), entered_ends_.clear();
  for (size_t i = 0; i < turn.size(); ++i) {
    const uint32_t group = turn.groups[i];
    Place& place = places_[group];
    uint64_t begin = place.entered;
    uint64_t end = std::max(begin, spans.ends[i]);
    place.low = place.entered = end;
    if (from_start() && !call_.ignore_nulls) {
      begin = std::max(begin, n() - 1);
      end = std::min(end, n());
    } else if (from_start() && values_[group].values >= n()) {
      begin = end;
    }
    for (; begin < end; ++begin) {
      entering_.push_back(group);
      entering_indexes_.push_back(begin);
    }
    entered_ends_.push_back(static_cast<uint32_t>(entering_.size()));
  }
}

void OverNavigation::keep(uint32_t group, std::span<const ColumnPtr> leaves, uint32_t entering) {
  const std::span<const uint32_t> row(&entering, 1);
  Kept& kept = values_[group];
  if (!from_start()) {
    kept_.append(group, kept.first, ++kept.values, leaves, row);
  } else if (kept.values < n()) {
    kept.values = call_.ignore_nulls ? kept.values + 1 : n();
    if (kept.values == n()) kept_.append(group, 0, 1, leaves, row);
  }
}

void OverNavigation::trim_kept() {
  for (const uint32_t group : entering_) {
    if (from_start()) break;
    Kept& kept = values_[group];
    if (kept.values > n()) kept.first = kept.values - n();
    kept_.trim(group, kept.first, kept.values);
  }
  kept_.settle();
  if (!kept_.wants_renewal()) return;
  kept_.renew_texts(values_.size(), [this](uint32_t group) { return kept_rows(group); });
}

ColumnPtr OverNavigation::from_kept(const OverTurn& turn, const OverSpans& spans,
                                    std::vector<uint64_t>* indexes) {
  list_entering(turn, spans);
  const ColumnPtr values = rows_.gather(call_.argument->index(), entering_, entering_indexes_);
  const std::vector<ColumnPtr> leaves = kept_.leaves_of({&values, 1});
  uint32_t next = 0;
  for (size_t i = 0; i < turn.size(); ++i) {
    const uint32_t group = turn.groups[i];
    for (; next < entered_ends_[i]; ++next) {
      if (!call_.ignore_nulls || !values->is_null(next)) keep(group, leaves, next);
    }
    const uint64_t entered = values_[group].values;
    if (entered >= n()) (*indexes)[i] = from_start() ? 0 : entered - n();
  }
  ColumnPtr found = kept_.gather(0, turn.groups, *indexes);
  trim_kept();
  return found;
}

ColumnPtr OverNavigation::answer(const OverTurn& turn, const OverSpans& spans) {
  grow();
  std::vector<uint64_t> indexes(turn.size(), OverRows::kNoRow);
  ColumnPtr found;
  if (keeps()) {
    found = from_kept(turn, spans, &indexes);
  } else {
    for (size_t i = 0; i < turn.size(); ++i) {
      Place& place = places_[turn.groups[i]];
      indexes[i] = lists() ? by_list(turn.groups[i], place, spans.starts[i], spans.ends[i])
                           : by_index(spans.starts[i], spans.ends[i]);
    }
    found = rows_.gather(call_.argument->index(), turn.groups, indexes);
  }
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

uint64_t OverNavigation::low(uint32_t group, const OverNextFrame& next) const {
  if (keeps() || lists()) {
    if (group >= places_.size()) return 0;
    const Place& place = places_[group];
    if (keeps()) return place.entered;
    const RowIndexes& list = lists_[group];
    return std::max(list.empty() ? place.entered : list.front(place.low),
                    std::min(next.start, next.end));
  }
  if (from_start()) return next.start + n() - 1;
  return std::max(next.start, next.end > n() ? next.end - n() : 0);
}

void OverNavigation::forget(uint32_t group) {
  if (group >= places_.size()) return;
  places_[group] = Place();
  if (lists()) lists_[group] = RowIndexes();
  if (!keeps()) return;
  values_[group] = Kept();
  kept_.forget(group);
}

void OverNavigation::save(std::span<const uint32_t> groups, SnapshotWriter& writer) const {
  std::vector<uint32_t> kept_groups;
  std::vector<uint64_t> kept_indexes;
  for (const uint32_t group : groups) {
    const bool known = group < places_.size();
    const Place place = known ? places_[group] : Place();
    writer.u64(place.low);
    writer.u64(place.entered);
    if (lists()) {
      const size_t listed = known ? lists_[group].size() : 0;
      writer.u64(listed);
      for (size_t i = 0; i < listed; ++i) writer.u64(lists_[group].at(i, place.low));
    }
    if (!keeps()) continue;
    writer.u64(known ? values_[group].values : 0);
    writer.u64(known ? values_[group].first : 0);
    const auto [first, end] = known ? kept_rows(group) : std::pair<uint64_t, uint64_t>();
    for (uint64_t index = first; index < end; ++index) {
      kept_groups.push_back(group);
      kept_indexes.push_back(index);
    }
  }
  if (keeps()) writer.column(*kept_.gather(0, kept_groups, kept_indexes));
}

Status OverNavigation::load(std::span<const uint32_t> groups, SnapshotReader& reader) {
  const Error misfit(ErrorCode::kCorruptData, "the rows of a frame are not there");
  grow();
  for (const uint32_t group : groups) {
    Place& place = places_[group];
    place.low = TRY(reader.u64());
    place.entered = TRY(reader.u64());
    if (place.low > rows_.count(group) || place.entered > rows_.count(group)) return misfit;
    const uint64_t listed = lists() ? TRY(reader.count(sizeof(uint64_t))) : 0;
    for (uint64_t i = 0; i < listed; ++i) {
      const uint64_t index = TRY(reader.u64());
      if (index < place.low || index >= rows_.count(group)) return misfit;
      lists_[group].push(index);
    }
    if (!keeps()) continue;
    values_[group].values = TRY(reader.u64());
    values_[group].first = TRY(reader.u64());
    if (values_[group].first > values_[group].values) return misfit;
  }
  return keeps() ? load_kept(groups, reader) : Status();
}

Status OverNavigation::load_kept(std::span<const uint32_t> groups, SnapshotReader& reader) {
  const ColumnPtr values = TRY(reader.column(call_.argument->type()));
  const std::vector<ColumnPtr> leaves = kept_.leaves_of({&values, 1});
  uint32_t next = 0;
  for (const uint32_t group : groups) {
    const auto [first, end] = kept_rows(group);
    for (uint64_t index = first; index < end; ++index, ++next) {
      if (next >= values->size()) {
        return Error(ErrorCode::kCorruptData, "values of a frame are missing");
      }
      kept_.append(group, first, index + 1, leaves, {&next, 1});
    }
  }
  kept_.settle();
  return {};
}

StateBytes OverNavigation::memory_bytes() const {
  size_t bytes = places_.capacity() * sizeof(Place) + values_.capacity() * sizeof(Kept) +
                 lists_.capacity() * sizeof(RowIndexes) + kept_.memory_bytes().all();
  for (const RowIndexes& list : lists_) bytes += list.memory_bytes();
  return {bytes, 0};
}

}  // namespace velo
