#include "operator/over_rows.h"

#include <algorithm>
#include <numeric>

#include "column/null_rows.h"

namespace velo {

namespace {

constexpr size_t kRingMin = 4;

SchemaPtr chosen_fields(const Schema& schema, const std::vector<size_t>& columns) {
  std::vector<Field> fields;
  for (const size_t column : columns) fields.push_back(schema[column]);
  return make_schema(std::move(fields));
}

Error bad_rows() {
  return Error(ErrorCode::kCorruptData, "the rows of a partition do not fit each other");
}

}  // namespace

OverRows::OverRows(Options options)
    : options_(std::move(options)),
      ranges_(options_.ranges ? (*options_.schema)[options_.order[0].column].type : Type::bigint(),
              options_.ranges ? options_.order[0] : SortKey{}),
      kept_at_(options_.schema->size(), -1),
      store_({chosen_fields(*options_.schema, options_.kept), {}, -1, 0, false}),
      by_index_(kept_types()) {
  for (size_t i = 0; i < options_.kept.size(); ++i) {
    kept_at_[options_.kept[i]] = static_cast<int>(i);
  }
}

void OverRows::take(const Batch& rows, std::span<const uint32_t> groups) {
  if (options_.whole) {
    keys_.clear();
    peers_of_.clear();
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
    if (!options_.kept.empty()) take_kept(rows);
  }
  if (options_.ranges) take_ranges(*rows.columns[options_.order[0].column]);
}

void OverRows::resize_groups(size_t groups) {
  grow_to(keys_, groups);
  if (options_.peers) grow_to(peers_of_, groups);
  if (options_.whole) grow_to(begins_, groups);
}

void OverRows::take_ranges(const Column& column) {
  if (options_.whole) return ranges_.put_whole(column);
  ranges_.resize(keys_.size());
  for (const GroupRuns::Run& run : runs_.runs()) {
    const Key& key = keys_[run.group];
    ranges_.append(run.group, key.first, key.count, column, runs_.rows(run));
  }
}

std::vector<Type> OverRows::kept_types() const {
  std::vector<Type> types;
  for (const size_t column : options_.kept) {
    if (!options_.handles) types.push_back((*options_.schema)[column].type);
  }
  return types;
}

void OverRows::take_kept(const Batch& rows) {
  by_index_.resize(keys_.size());
  std::vector<ColumnPtr> columns;
  for (const size_t column : options_.kept) columns.push_back(flatten(rows.columns[column]));
  for (const GroupRuns::Run& run : runs_.runs()) {
    const Key& key = keys_[run.group];
    by_index_.append(run.group, key.first, key.count, columns, runs_.rows(run));
  }
}

void OverRows::take_handles(const Batch& rows, std::span<const uint32_t> groups) {
  if (!options_.whole) rings_.resize(keys_.size());
  for (size_t row = 0; row < rows.rows; ++row) {
    handles_[row] = new_handle();
    push(groups[row], handles_[row]);
  }
  grow_arrays();
  if (options_.peers) number_peers(rows, groups);
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
  if (options_.peers) grow(peers_);
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
  std::vector<uint64_t> indexes(rows.rows);
  for (uint32_t row = static_cast<uint32_t>(rows.rows); row-- > 0;) {
    uint32_t& last = peers_of_[groups[row]].last;
    indexes[row] = last == kNone ? keys_[groups[row]].count - 1 : indexes[last] - 1;
    last = row;
  }
  for (const uint32_t group : groups) peers_of_[group].last = kNone;
  for (uint32_t row = 0; row < rows.rows; ++row) {
    Peers& peers = peers_of_[groups[row]];
    if (peers.last == kNone || !are_peers(rows, peers.last, row)) {
      ++peers.count;
      peers.first = indexes[row];
    }
    peers.last = row;
    peers_[handles_[row]] = {peers.count - 1, peers.first};
  }
  for (const uint32_t group : groups) peers_of_[group].last = kNone;
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
  if (!options_.handles) {
    return by_index_.gather(static_cast<size_t>(kept_at_[column]), groups, indexes);
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

void OverRows::forget_before(uint32_t group, uint64_t low) {
  if (options_.whole) return;
  Key& key = keys_[group];
  if (!options_.handles) {
    const uint64_t first = std::max(key.first, std::min(low, key.count));
    counted_ -= first - key.first;
    key.first = first;
    if (options_.ranges) ranges_.trim(group, first, key.count);
    if (!options_.kept.empty()) by_index_.trim(group, first, key.count);
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
  forget_before(group, UINT64_MAX);
  keys_[group] = Key();
  if (options_.peers) peers_of_[group] = Peers();
  if (options_.handles) std::vector<uint32_t>().swap(rings_[group]);
  ranges_.forget(group);
  by_index_.forget(group);
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
  if (options_.kept.empty()) return;
  if (!options_.handles) {
    if (!by_index_.wants_renewal()) return;
    by_index_.renew_texts(keys_.size(), [this](uint32_t group) {
      return std::pair(keys_[group].first, keys_[group].count);
    });
    return;
  }
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
  size_t bytes = keys_.capacity() * sizeof(Key) + peers_of_.capacity() * sizeof(Peers) +
                 begins_.capacity() * sizeof(uint32_t);
  bytes += rings_.capacity() * sizeof(rings_[0]);
  for (const std::vector<uint32_t>& ring : rings_) bytes += ring.capacity() * sizeof(uint32_t);
  bytes += free_.capacity() * sizeof(uint32_t) + peers_.capacity() * sizeof(Peer);
  bytes += stored_.capacity() * sizeof(RowStore::Id) + pins_.capacity() * sizeof(uint32_t);
  bytes += in_ring_.capacity() + runs_.memory_bytes();
  return bytes + ranges_.memory_bytes() + store_.memory_bytes() + by_index_.memory_bytes();
}

// Handles in their new order: those in rings by partition, then those that are only pinned.
OverRows::Saved OverRows::save(std::span<const uint32_t> groups, std::span<const uint32_t> pinned,
                               SnapshotWriter& writer) const {
  Saved saved;
  for (const uint32_t group : groups) {
    const Key& key = keys_[group];
    writer.u64(key.first);
    writer.u64(key.count);
    if (options_.peers) {
      writer.u64(peers_of_[group].count);
      writer.u64(peers_of_[group].first);
    }
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
  if (options_.peers) {
    for (const uint32_t handle : saved.handles) {
      writer.u64(peers_[handle].number);
      writer.u64(peers_[handle].first);
    }
  }
  if (options_.handles) {
    for (const size_t column : options_.kept) writer.column(*gather(column, saved.handles));
    return saved;
  }
  std::vector<uint32_t> row_groups;
  std::vector<uint64_t> indexes;
  for (const uint32_t group : groups) {
    for (uint64_t i = keys_[group].first; i < keys_[group].count; ++i) {
      row_groups.push_back(group);
      indexes.push_back(i);
    }
  }
  for (const size_t column : options_.kept) writer.column(*gather(column, row_groups, indexes));
  return saved;
}

Status OverRows::load_kept(std::span<const uint32_t> groups, size_t rows, SnapshotReader& reader) {
  std::vector<ColumnPtr> columns;
  for (const size_t column : options_.kept) {
    ColumnPtr read = TRY(reader.column((*options_.schema)[column].type));
    if (read->size() != rows) return bad_rows();
    columns.push_back(flatten(read));
  }
  if (columns.empty()) return {};
  by_index_.resize(keys_.size());
  std::vector<uint32_t> all(rows);
  std::iota(all.begin(), all.end(), uint32_t{0});
  size_t at = 0;
  for (const uint32_t group : groups) {
    const Key& key = keys_[group];
    const size_t held = key.count - key.first;
    by_index_.append(group, key.first, key.count, columns, std::span(all).subspan(at, held));
    at += held;
  }
  return {};
}

Status OverRows::load(std::span<const uint32_t> groups, SnapshotReader& reader) {
  uint64_t in_rings = 0;
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
    if (!options_.peers) continue;
    peers_of_[group].count = TRY(reader.u64());
    peers_of_[group].first = TRY(reader.u64());
  }
  ranges_.resize(keys_.size());
  for (size_t i = 0; options_.ranges && i < groups.size(); ++i) {
    TRY(ranges_.load(groups[i], keys_[groups[i]].first, ends[i], reader));
  }
  const uint64_t rows = TRY(reader.count(1));
  if (!options_.handles) {
    for (size_t i = 0; i < groups.size(); ++i) keys_[groups[i]].count = ends[i];
    counted_ = in_rings;
    return load_kept(groups, in_rings, reader);
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
  for (uint32_t handle = 0; options_.peers && handle < rows; ++handle) {
    peers_[handle].number = TRY(reader.u64());
    peers_[handle].first = TRY(reader.u64());
  }
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
