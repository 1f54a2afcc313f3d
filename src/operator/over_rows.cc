#include "operator/over_rows.h"

#include <algorithm>
#include <numeric>

#include "column/column_builder.h"
#include "column/null_rows.h"

namespace velo {

namespace {

constexpr size_t kRingMin = 4;

SchemaPtr chosen_fields(const Schema& schema, const std::vector<size_t>& columns) {
  std::vector<Field> fields;
  for (const size_t column : columns) fields.push_back(schema[column]);
  return make_schema(std::move(fields));
}

/// By column: where it stands in the list, or −1.
std::vector<int> places_in(const Schema& schema, const std::vector<size_t>& columns) {
  std::vector<int> places(schema.size(), -1);
  for (size_t i = 0; i < columns.size(); ++i) places[columns[i]] = static_cast<int>(i);
  return places;
}

Error bad_rows() {
  return Error(ErrorCode::kCorruptData, "the rows of a partition do not fit each other");
}

}  // namespace

OverRows::OverRows(Options options)
    : options_(std::move(options)),
      ranges_(options_.ranges ? (*options_.schema)[options_.order[0].column].type : Type::bigint(),
              options_.ranges ? options_.order[0] : SortKey{}),
      kept_at_(places_in(*options_.schema, options_.kept)),
      waiting_at_(places_in(*options_.schema, options_.waiting)),
      store_({chosen_fields(*options_.schema, options_.kept), {}, -1, 0, false}),
      by_index_(options_.handles ? std::vector<Type>() : types_by_index(options_.kept)),
      waiting_(types_by_index(options_.waiting)) {
  CHECK(!options_.handles || options_.waiting.empty(), "both ways of finding columns");
}

void OverRows::take(const Batch& rows, std::span<const uint32_t> groups) {
  if (options_.whole) {
    keys_.clear();
    begins_.clear();
    handle_end_ = 0;
    batch_ = rows;
  }
  uint32_t end = 0;
  for (const uint32_t group : groups) end = std::max(end, group + 1);
  resize_groups(end);
  handles_.resize(rows.rows, 0);
  if (!options_.whole) runs_.sort(groups, keys_.size());
  if (options_.handles) {
    take_handles(rows, groups);
  } else {
    for (const uint32_t group : groups) ++keys_[group].count;
    counted_ += rows.rows;
    take_kept(rows);
  }
  if (options_.peers) number_peers(rows, groups);
  if (options_.ranges) take_ranges(*rows.columns[options_.order[0].column]);
}

void OverRows::resize_groups(size_t groups) {
  grow_to(keys_, groups);
  if (options_.whole) {
    grow_to(begins_, groups);
    return;
  }
  if (options_.peers) peers_.resize(keys_.size());
  if (!options_.waiting.empty()) grow_to(waits_from_, keys_.size());
}

void OverRows::take_ranges(const Column& column) {
  if (options_.whole) return ranges_.put_whole(column);
  ranges_.resize(keys_.size());
  for (const GroupRuns::Run& run : runs_.runs()) {
    const Key& key = keys_[run.group];
    ranges_.append(run.group, key.first, key.count, column, runs_.rows(run));
  }
}

std::vector<Type> OverRows::types_by_index(const std::vector<size_t>& columns) const {
  std::vector<Type> types;
  for (const size_t column : columns) types.push_back((*options_.schema)[column].type);
  return types;
}

void OverRows::take_kept(const Batch& rows) {
  const auto take_columns = [&](const std::vector<size_t>& which, KeptColumns& to, auto low_of) {
    if (which.empty()) return;
    to.resize(keys_.size());
    std::vector<ColumnPtr> columns;
    for (const size_t column : which) columns.push_back(flatten(rows.columns[column]));
    for (const GroupRuns::Run& run : runs_.runs()) {
      to.append(run.group, low_of(run.group), keys_[run.group].count, columns, runs_.rows(run));
    }
  };
  take_columns(options_.kept, by_index_, [this](uint32_t group) { return keys_[group].first; });
  take_columns(options_.waiting, waiting_, [this](uint32_t group) { return waits_from_[group]; });
}

void OverRows::take_handles(const Batch& rows, std::span<const uint32_t> groups) {
  if (!options_.whole) rings_.resize(keys_.size());
  for (size_t row = 0; row < rows.rows; ++row) {
    handles_[row] = new_handle();
    push(groups[row], handles_[row]);
  }
  grow_arrays();
  if (!options_.whole && !options_.kept.empty()) keep(rows);
}

uint32_t OverRows::new_handle() {
  if (free_.empty()) return handle_end_++;
  const uint32_t handle = free_.back();
  free_.pop_back();
  return handle;
}

void OverRows::grow_arrays() {
  const auto grow = [end = size_t{handle_end_}](auto& array) {
    if (end > array.size()) array.resize(std::max(end, array.size() * 2));
  };
  if (options_.whole) return;
  if (!options_.kept.empty()) grow(stored_);
  if (!options_.pins) return;
  grow(pins_);
  grow(in_ring_);
  for (const uint32_t handle : handles_) in_ring_[handle] = 1;
}

void OverRows::push(uint32_t group, uint32_t handle) {
  Key& key = keys_[group];
  if (options_.whole) {
    if (key.count++ == 0) begins_[group] = handle;
    return;
  }
  std::vector<uint32_t>& ring = rings_[group];
  const uint64_t held = key.count - key.first;
  if (held == ring.size()) {
    std::vector<uint32_t> larger(std::max(kRingMin, ring.size() * 2));
    for (uint64_t i = key.first; i < key.count; ++i) {
      larger[i & (larger.size() - 1)] = ring[i & (ring.size() - 1)];
    }
    ring = std::move(larger);
  }
  ring[key.count++ & (ring.size() - 1)] = handle;
}

bool OverRows::are_peers(const Batch& rows, uint32_t a, uint32_t b) const {
  return std::all_of(options_.order.begin(), options_.order.end(), [&](const SortKey& key) {
    return rows_equal(*rows.columns[key.column], a, *rows.columns[key.column], b);
  });
}

void OverRows::number_peers(const Batch& rows, std::span<const uint32_t> groups) {
  if (options_.whole) return number_whole_peers(rows, groups);
  for (const GroupRuns::Run& run : runs_.runs()) {
    const std::span<const uint32_t> of_group = runs_.rows(run);
    peers_.append(run.group, keys_[run.group].count, of_group.size(), [&](size_t i) {
      return i == 0 || !are_peers(rows, of_group[i - 1], of_group[i]);
    });
  }
}

void OverRows::number_whole_peers(const Batch& rows, std::span<const uint32_t> groups) {
  whole_peers_.resize(rows.rows);
  for (uint32_t row = 0; row < rows.rows; ++row) {
    if (row == 0 || groups[row - 1] != groups[row]) {
      whole_peers_[row] = Peer();
    } else if (are_peers(rows, row - 1, row)) {
      whole_peers_[row] = whole_peers_[row - 1];
    } else {
      whole_peers_[row] = {whole_peers_[row - 1].number + 1, row - begins_[groups[row]]};
    }
  }
}

void OverRows::keep(const Batch& rows) {
  Batch kept{nullptr, rows.rows, {}, nullptr, nullptr};
  for (const size_t column : options_.kept) kept.columns.push_back(rows.columns[column]);
  const RowStore::Id first = store_.append_all(kept, RowKeys(kept, {}), 0);
  for (uint32_t row = 0; row < rows.rows; ++row) stored_[handles_[row]] = first + row;
}

ColumnPtr OverRows::gather(size_t column, std::span<const uint32_t> handles) const {
  if (options_.whole) {
    static_assert(kNone == kNullRow);
    return gather_or_null(batch_.columns[column], handles);
  }
  std::vector<RowStore::Id> ids(handles.size());
  for (size_t i = 0; i < handles.size(); ++i) {
    ids[i] = handles[i] == kNone ? RowStore::kNone : stored_[handles[i]];
  }
  return store_.gather(static_cast<size_t>(kept_at_[column]), ids);
}

ColumnPtr OverRows::gather(size_t column, std::span<const uint32_t> groups,
                           std::span<const uint64_t> indexes) const {
  if (is_in_ranges(column)) {
    ColumnBuilder times((*options_.schema)[column].type, groups.size());
    for (size_t i = 0; i < groups.size(); ++i) {
      times.append_int64(ranges_.time_at(groups[i], indexes[i]));
    }
    return times.finish();
  }
  if (!options_.handles) {
    return columns_with(column).gather(place_of(column), groups, indexes);
  }
  std::vector<uint32_t> handles(groups.size(), kNone);
  for (size_t i = 0; i < groups.size(); ++i) {
    if (indexes[i] != kNoRow) handles[i] = handle(groups[i], indexes[i]);
  }
  return gather(column, handles);
}

void OverRows::release(uint32_t handle) {
  if (!options_.kept.empty()) store_.remove(stored_[handle]);
  forgotten_.push_back(handle);
}

void OverRows::unpin(uint32_t handle) {
  if (options_.whole) return;
  if (--pins_[handle] == 0 && in_ring_[handle] == 0) release(handle);
}

void OverRows::forget_before(uint32_t group, uint64_t low, uint64_t next) {
  if (options_.whole) return;
  Key& key = keys_[group];
  if (options_.peers) {
    peers_.trim(group, std::min(options_.peers_behind ? low : next, key.count), key.count);
  }
  if (!options_.handles) {
    const uint64_t first = std::max(key.first, std::min(low, key.count));
    counted_ -= first - key.first;
    key.first = first;
    if (options_.ranges) ranges_.trim(group, first, key.count);
    if (!options_.kept.empty()) by_index_.trim(group, first, key.count);
    if (options_.waiting.empty()) return;
    waits_from_[group] = std::max(waits_from_[group], std::min(next, key.count));
    waiting_.trim(group, waits_from_[group], key.count);
    return;
  }
  const std::vector<uint32_t>& ring = rings_[group];
  for (; key.first < std::min(low, key.count); ++key.first) {
    const uint32_t handle = ring[key.first & (ring.size() - 1)];
    if (options_.pins) in_ring_[handle] = 0;
    if (!options_.pins || pins_[handle] == 0) release(handle);
  }
}

void OverRows::forget(uint32_t group) {
  forget_before(group, UINT64_MAX, UINT64_MAX);
  keys_[group] = Key();
  peers_.forget(group);
  if (!options_.waiting.empty()) waits_from_[group] = 0;
  if (options_.handles) std::vector<uint32_t>().swap(rings_[group]);
  ranges_.forget(group);
  by_index_.forget(group);
  waiting_.forget(group);
}

std::vector<uint32_t> OverRows::take_forgotten() {
  std::vector<uint32_t> gone = std::exchange(forgotten_, {});
  free_.insert(free_.end(), gone.begin(), gone.end());
  return gone;
}

void OverRows::trim() {
  if (options_.whole) {
    batch_ = Batch();
    return;
  }
  if (!options_.handles) {
    if (by_index_.wants_renewal()) {
      by_index_.renew_texts(keys_.size(), [this](uint32_t group) {
        return std::pair(keys_[group].first, keys_[group].count);
      });
    }
    if (waiting_.wants_renewal()) {
      waiting_.renew_texts(keys_.size(), [this](uint32_t group) {
        return std::pair(waits_from_[group], keys_[group].count);
      });
    }
    return;
  }
  if (options_.kept.empty()) return;
  if (!store_.will_renumber()) {
    store_.trim();
    return;
  }
  const std::vector<RowStore::Id> old = store_.live();
  store_.trim();
  const std::vector<RowStore::Id> now = store_.live();
  // What stands under free handles is not looked at again.
  for (RowStore::Id& id : stored_) {
    const auto at = std::lower_bound(old.begin(), old.end(), id);
    if (at != old.end() && *at == id) id = now[static_cast<size_t>(at - old.begin())];
  }
}

size_t OverRows::memory_bytes() const {
  size_t bytes = keys_.capacity() * sizeof(Key) + waits_from_.capacity() * sizeof(uint64_t) +
                 begins_.capacity() * sizeof(uint32_t);
  bytes += rings_.capacity() * sizeof(rings_[0]);
  for (const std::vector<uint32_t>& ring : rings_) bytes += ring.capacity() * sizeof(uint32_t);
  bytes += free_.capacity() * sizeof(uint32_t) + whole_peers_.capacity() * sizeof(Peer);
  bytes += stored_.capacity() * sizeof(RowStore::Id) + pins_.capacity() * sizeof(uint32_t);
  bytes += in_ring_.capacity() + runs_.memory_bytes();
  return bytes + peers_.memory_bytes() + ranges_.memory_bytes() + store_.memory_bytes() +
         by_index_.memory_bytes() + waiting_.memory_bytes();
}

// Handles in their new order: those in rings by partition, then those that are only pinned.
OverRows::Saved OverRows::save(std::span<const uint32_t> groups, std::span<const uint32_t> pinned,
                               SnapshotWriter& writer) const {
  Saved saved;
  for (const uint32_t group : groups) {
    const Key& key = keys_[group];
    writer.u64(key.first);
    writer.u64(key.count);
    if (!options_.waiting.empty()) writer.u64(waits_from_[group]);
    if (options_.peers) peers_.save(group, key.count, writer);
    for (uint64_t i = key.first; options_.handles && i < key.count; ++i) {
      saved.handles.push_back(handle(group, i));
    }
  }
  saved.place_of.assign(handle_end_, kNone);
  for (size_t i = 0; i < saved.handles.size(); ++i) {
    saved.place_of[saved.handles[i]] = static_cast<uint32_t>(i);
  }
  for (const uint32_t handle : pinned) {
    if (saved.place_of[handle] != kNone) continue;
    saved.place_of[handle] = static_cast<uint32_t>(saved.handles.size());
    saved.handles.push_back(handle);
  }
  for (const uint32_t group : groups) {
    if (options_.ranges) ranges_.save(group, keys_[group].first, keys_[group].count, writer);
  }
  writer.u64(saved.handles.size());
  if (options_.handles) {
    for (const size_t column : options_.kept) writer.column(*gather(column, saved.handles));
    return saved;
  }
  save_columns(groups, writer);
  return saved;
}

void OverRows::save_columns(std::span<const uint32_t> groups, SnapshotWriter& writer) const {
  const auto save_those = [&](const std::vector<size_t>& columns, auto first_of) {
    std::vector<uint32_t> row_groups;
    std::vector<uint64_t> indexes;
    for (const uint32_t group : groups) {
      for (uint64_t i = first_of(group); i < keys_[group].count; ++i) {
        row_groups.push_back(group);
        indexes.push_back(i);
      }
    }
    for (const size_t column : columns) writer.column(*gather(column, row_groups, indexes));
  };
  save_those(options_.kept, [this](uint32_t group) { return keys_[group].first; });
  save_those(options_.waiting, [this](uint32_t group) { return waits_from(group); });
}

Status OverRows::load_columns(std::span<const uint32_t> groups, const std::vector<size_t>& columns,
                              std::span<const uint64_t> firsts, KeptColumns* kept,
                              SnapshotReader& reader) {
  if (columns.empty()) return {};
  size_t rows = 0;
  for (size_t i = 0; i < groups.size(); ++i) rows += keys_[groups[i]].count - firsts[i];
  std::vector<ColumnPtr> loaded;
  for (const size_t column : columns) {
    const ColumnPtr read = TRY(reader.column((*options_.schema)[column].type));
    if (read->size() != rows) return bad_rows();
    loaded.push_back(flatten(read));
  }
  kept->resize(keys_.size());
  std::vector<uint32_t> all(rows);
  std::iota(all.begin(), all.end(), uint32_t{0});
  size_t at = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    const uint64_t count = keys_[groups[i]].count;
    const std::span<const uint32_t> held = std::span(all).subspan(at, count - firsts[i]);
    kept->append(groups[i], firsts[i], count, loaded, held);
    at += held.size();
  }
  return {};
}

Status OverRows::load(std::span<const uint32_t> groups, SnapshotReader& reader) {
  uint64_t in_rings = 0;
  uint64_t in_wait = 0;
  std::vector<uint64_t> ends;
  for (const uint32_t group : groups) {
    resize_groups(group + 1);
    const uint64_t first = TRY(reader.u64());
    const uint64_t count = TRY(reader.u64());
    if (first > count || count - first > UINT32_MAX) return bad_rows();
    in_rings += count - first;
    if (in_rings > UINT32_MAX) return bad_rows();
    keys_[group] = {first, first};  // until they are pushed
    ends.push_back(count);
    if (!options_.waiting.empty()) {
      waits_from_[group] = TRY(reader.u64());
      if (waits_from_[group] > count) return bad_rows();
      in_wait += count - waits_from_[group];
      if (in_wait > UINT32_MAX) return bad_rows();
    }
    if (options_.peers) TRY(peers_.load(group, count, reader));
  }
  ranges_.resize(keys_.size());
  for (size_t i = 0; options_.ranges && i < groups.size(); ++i) {
    TRY(ranges_.load(groups[i], keys_[groups[i]].first, ends[i], reader));
  }
  const uint64_t rows = TRY(reader.count(1));
  if (!options_.handles) {
    for (size_t i = 0; i < groups.size(); ++i) keys_[groups[i]].count = ends[i];
    counted_ = in_rings;
    std::vector<uint64_t> firsts;
    for (const uint32_t group : groups) firsts.push_back(keys_[group].first);
    TRY(load_columns(groups, options_.kept, firsts, &by_index_, reader));
    firsts.clear();
    for (const uint32_t group : groups) firsts.push_back(waits_from(group));
    return load_columns(groups, options_.waiting, firsts, &waiting_, reader);
  }
  if (rows < in_rings || rows >= kNone) return bad_rows();
  rings_.resize(keys_.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    while (keys_[groups[i]].count < ends[i]) push(groups[i], handle_end_++);
  }
  handles_.clear();
  for (uint32_t handle = 0; handle < in_rings; ++handle) handles_.push_back(handle);
  handle_end_ = static_cast<uint32_t>(rows);
  grow_arrays();
  if (options_.kept.empty()) return {};
  Batch kept{nullptr, rows, {}, nullptr, nullptr};
  for (const size_t column : options_.kept) {
    kept.columns.push_back(TRY(reader.column((*options_.schema)[column].type)));
    if (kept.columns.back()->size() != rows) return bad_rows();
  }
  if (rows == 0) return {};
  const RowStore::Id first = store_.append_all(kept, RowKeys(kept, {}), 0);
  for (uint32_t handle = 0; handle < rows; ++handle) stored_[handle] = first + handle;
  return {};
}

}  // namespace velo
