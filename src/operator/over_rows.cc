#include "operator/over_rows.h"

#include <algorithm>
#include <numeric>

#include "column/column_builder.h"
#include "column/null_rows.h"

namespace velo {

namespace {

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
      kept_(types_of(options_.kept)),
      waiting_(types_of(options_.waiting)) {}

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
  if (options_.whole) {
    for (uint32_t row = 0; row < rows.rows; ++row) {
      if (keys_[groups[row]].count++ == 0) begins_[groups[row]] = row;
    }
  } else {
    runs_.sort(groups, keys_.size());
    for (const GroupRuns::Run& run : runs_.runs()) {
      Key& key = keys_[run.group];
      if (key.count == 0) ++known_;
      key.count += run.end - run.begin;
    }
    counted_ += rows.rows;
    take_kept(rows);
  }
  if (options_.handles) take_handles(groups);
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
  if (options_.handles) listed_.resize(keys_.size());
}

void OverRows::take_ranges(const Column& column) {
  if (options_.whole) return ranges_.put_whole(column);
  ranges_.resize(keys_.size());
  for (const GroupRuns::Run& run : runs_.runs()) {
    const Key& key = keys_[run.group];
    ranges_.append(run.group, key.first, key.count, column, runs_.rows(run));
  }
}

std::vector<Type> OverRows::types_of(const std::vector<size_t>& columns) const {
  std::vector<Type> types;
  for (const size_t column : columns) types.push_back((*options_.schema)[column].type);
  return types;
}

void OverRows::take_kept(const Batch& rows) {
  const auto take_columns = [&](const std::vector<size_t>& which, KeptColumns& to, auto low_of) {
    if (which.empty()) return;
    to.resize(keys_.size());
    std::vector<ColumnPtr> columns;
    for (const size_t column : which) columns.push_back(rows.columns[column]);
    const std::vector<ColumnPtr> leaves = to.leaves_of(columns);
    for (const GroupRuns::Run& run : runs_.runs()) {
      to.append(run.group, low_of(run.group), keys_[run.group].count, leaves, runs_.rows(run));
    }
  };
  take_columns(options_.kept, kept_, [this](uint32_t group) { return keys_[group].first; });
  take_columns(options_.waiting, waiting_, [this](uint32_t group) { return waits_from_[group]; });
}

void OverRows::take_handles(std::span<const uint32_t> groups) {
  handles_.resize(groups.size());
  if (options_.whole) {
    std::iota(handles_.begin(), handles_.end(), uint32_t{0});
    handle_end_ = static_cast<uint32_t>(groups.size());
    return;
  }
  for (uint32_t& handle : handles_) handle = new_handle();
  for (const GroupRuns::Run& run : runs_.runs()) {
    const std::span<const uint32_t> rows = runs_.rows(run);
    reserve_handles(run.group, rows.size());
    uint32_t* to = &listed(run.group, keys_[run.group].count - rows.size());
    for (size_t i = 0; i < rows.size(); ++i) to[i] = handles_[rows[i]];
  }
}

// The last rows of the partition get their handles.
void OverRows::reserve_handles(uint32_t group, size_t rows) {
  const Key& key = keys_[group];
  listed_.reserve(group, key.first, key.count - rows, key.count);
}

uint32_t OverRows::new_handle() {
  if (free_.empty()) return handle_end_++;
  const uint32_t handle = free_.back();
  free_.pop_back();
  return handle;
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

ColumnPtr OverRows::gather(size_t column, std::span<const uint32_t> groups,
                           std::span<const uint64_t> indexes) const {
  if (is_in_ranges(column)) {
    ColumnBuilder times((*options_.schema)[column].type, groups.size());
    for (size_t i = 0; i < groups.size(); ++i) {
      times.append_int64(ranges_.time_at(groups[i], indexes[i]));
    }
    return times.finish();
  }
  if (!options_.whole) return columns_with(column).gather(place_of(column), groups, indexes);
  std::vector<uint32_t> rows(groups.size(), kNullRow);
  for (size_t i = 0; i < groups.size(); ++i) {
    if (indexes[i] != kNoRow) rows[i] = handle(groups[i], indexes[i]);
  }
  return gather_or_null(batch_.columns[column], rows);
}

void OverRows::forget_before(uint32_t group, uint64_t low, uint64_t next) {
  if (options_.whole) return;
  Key& key = keys_[group];
  if (options_.peers) {
    peers_.trim(group, std::min(options_.peers_behind ? low : next, key.count), key.count);
  }
  const uint64_t first = std::max(key.first, std::min(low, key.count));
  if (options_.handles) {
    for (uint64_t row = key.first; row < first; ++row) forgotten_.push_back(handle(group, row));
    listed_.trim(group, first, key.count);
  }
  counted_ -= first - key.first;
  key.first = first;
  if (options_.ranges) ranges_.trim(group, first, key.count);
  if (!options_.kept.empty()) kept_.trim(group, first, key.count);
  if (options_.waiting.empty()) return;
  waits_from_[group] = std::max(waits_from_[group], std::min(next, key.count));
  if (waits_from_[group] == key.count) return waiting_.forget(group);
  waiting_.trim(group, waits_from_[group], key.count);
}

void OverRows::forget(uint32_t group) {
  forget_before(group, UINT64_MAX, UINT64_MAX);
  if (!options_.whole && keys_[group].count > 0) --known_;
  keys_[group] = Key();
  peers_.forget(group);
  if (!options_.waiting.empty()) waits_from_[group] = 0;
  if (options_.handles) listed_.forget(group);
  ranges_.forget(group);
  kept_.forget(group);
  waiting_.forget(group);
}

std::vector<uint32_t> OverRows::take_forgotten() {
  std::vector<uint32_t> gone = std::exchange(forgotten_, {});
  free_.insert(free_.end(), gone.begin(), gone.end());
  return gone;
}

void OverRows::settle() {
  if (options_.whole) {
    batch_ = Batch();
    return;
  }
  listed_.settle();
  peers_.settle();
  ranges_.settle();
  kept_.settle();
  waiting_.settle();
  if (counted_ == 0) {  // as between turns of frames that begin with their partitions
    handle_end_ = 0;
    std::vector<uint32_t>().swap(free_);
  }
  if (kept_.wants_renewal()) {
    kept_.renew_texts(keys_.size(), [this](uint32_t group) {
      return std::pair(keys_[group].first, keys_[group].count);
    });
  }
  if (waiting_.wants_renewal()) {
    waiting_.renew_texts(keys_.size(), [this](uint32_t group) {
      return std::pair(waits_from_[group], keys_[group].count);
    });
  }
}

size_t OverRows::long_bytes() const {
  size_t bytes = 0;
  for (uint32_t group = 0; group < keys_.size(); ++group) {
    const Key& key = keys_[group];
    if (!options_.kept.empty()) bytes += kept_.long_bytes(group, key.first, key.count);
    if (options_.waiting.empty()) continue;
    bytes += waiting_.long_bytes(group, waits_from_[group], key.count);
  }
  return bytes;
}

StateBytes OverRows::memory_bytes() const {
  const size_t keys = keys_.capacity() * sizeof(Key) + waits_from_.capacity() * sizeof(uint64_t) +
                      begins_.capacity() * sizeof(uint32_t);
  const size_t rows = free_.capacity() * sizeof(uint32_t) + whole_peers_.capacity() * sizeof(Peer);
  return StateBytes{keys, rows} + runs_.memory_bytes() + listed_.memory_bytes() +
         peers_.memory_bytes() + ranges_.memory_bytes() + kept_.memory_bytes() +
         waiting_.memory_bytes();
}

std::vector<uint32_t> OverRows::save(std::span<const uint32_t> groups,
                                     SnapshotWriter& writer) const {
  std::vector<uint32_t> handles;
  for (const uint32_t group : groups) {
    const Key& key = keys_[group];
    writer.u64(key.first);
    writer.u64(key.count);
    if (!options_.waiting.empty()) writer.u64(waits_from_[group]);
    if (options_.peers) peers_.save(group, key.count, writer);
    for (uint64_t i = key.first; options_.handles && i < key.count; ++i) {
      handles.push_back(handle(group, i));
    }
  }
  for (const uint32_t group : groups) {
    if (options_.ranges) ranges_.save(group, keys_[group].first, keys_[group].count, writer);
  }
  writer.u64(handles.size());
  save_columns(groups, writer);
  return handles;
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
    loaded.push_back(read);
  }
  const std::vector<ColumnPtr> leaves = kept->leaves_of(loaded);
  kept->resize(keys_.size());
  std::vector<uint32_t> all(rows);
  std::iota(all.begin(), all.end(), uint32_t{0});
  size_t at = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    const uint64_t count = keys_[groups[i]].count;
    const std::span<const uint32_t> held = std::span(all).subspan(at, count - firsts[i]);
    kept->append(groups[i], firsts[i], count, leaves, held);
    at += held.size();
  }
  return {};
}

Status OverRows::load(std::span<const uint32_t> groups, SnapshotReader& reader) {
  uint64_t rows = 0;
  uint64_t in_wait = 0;
  for (const uint32_t group : groups) {
    resize_groups(group + 1);
    Key& key = keys_[group];
    key.first = TRY(reader.u64());
    key.count = TRY(reader.u64());
    if (key.first > key.count || key.count - key.first > UINT32_MAX) return bad_rows();
    rows += key.count - key.first;
    if (rows >= UINT32_MAX) return bad_rows();
    if (!options_.waiting.empty()) {
      waits_from_[group] = TRY(reader.u64());
      if (waits_from_[group] > key.count) return bad_rows();
      in_wait += key.count - waits_from_[group];
      if (in_wait > UINT32_MAX) return bad_rows();
    }
    if (options_.peers) TRY(peers_.load(group, key.count, reader));
  }
  counted_ = rows;
  known_ = static_cast<size_t>(
      std::ranges::count_if(groups, [this](uint32_t group) { return keys_[group].count > 0; }));
  ranges_.resize(keys_.size());
  for (const uint32_t group : groups) {
    const Key& key = keys_[group];
    if (options_.ranges) TRY(ranges_.load(group, key.first, key.count, reader));
  }
  const uint64_t with_handles = TRY(reader.count(1));
  if (options_.handles && with_handles != rows) return bad_rows();
  for (const uint32_t group : groups) {
    const Key& key = keys_[group];
    if (!options_.handles) break;
    reserve_handles(group, key.count - key.first);
    for (uint64_t i = key.first; i < key.count; ++i) listed(group, i) = handle_end_++;
  }
  std::vector<uint64_t> firsts;
  for (const uint32_t group : groups) firsts.push_back(keys_[group].first);
  TRY(load_columns(groups, options_.kept, firsts, &kept_, reader));
  firsts.clear();
  for (const uint32_t group : groups) firsts.push_back(waits_from(group));
  return load_columns(groups, options_.waiting, firsts, &waiting_, reader);
}

}  // namespace velo
