// 1. append: values are copied into the arrays of the last chunk, then each row is linked to the
//    newest row of its bucket.
// 2. each_equal and each_pair walk a bucket's links from the newest row on; they end at kNone or at
//    a row older than the first chunk.
// 3. Removed rows stay linked, their tag cleared; `trim` drops chunks from the front and, when
//    most rows are dead, builds everything anew. Where places are reused it unlinks them instead.
//
// Invariant: a link leads to a row that came before, so no walk is endless; the front may go
// unlinked.
#include "state/row_store.h"

#include <array>
#include <numeric>
#include <utility>

#include "state/row_hash.h"

namespace velo {
namespace {

constexpr size_t kBucketsMin = 64;
constexpr size_t kDeadMin = 4096;  // fewer dead rows are not worth building anew

// A row's columns may cost half as much again, with its link, its count and its share of the
// buckets. So buckets are as many as wide rows allow, and fewer than rows for narrow ones: walks
// pass the rows of other keys quickly, because a byte of their hashes stands beside the links.
double rows_per_bucket(size_t row_bytes, bool counts) {
  const double most = counts ? 3 : 2.5;
  const double left = 0.42 * static_cast<double>(row_bytes) - (counts ? 6 : 5);
  return left <= 0 ? most : std::clamp(4 / left, 0.5, most);
}
constexpr double kGrowth = 1.25;

bool is_word_key(const Schema& schema, std::span<const size_t> keys) {
  return keys.size() == 1 && schema[keys[0]].type.physical() == Physical::kInt64;
}

}  // namespace

RowKeys::RowKeys(const Batch& batch, std::span<const size_t> key_columns) {
  for (const size_t key : key_columns) {
    columns.push_back(flatten(batch.columns[key]));
    may_have_nulls |= columns.back()->may_have_nulls();
  }
  hash_rows(columns, batch.rows, &hashes);
}

bool RowKeys::null_in(size_t row) const {
  return std::any_of(columns.begin(), columns.end(),
                     [row](const ColumnPtr& column) { return column->is_null(row); });
}

RowStore::RowStore(Options options)
    : options_(std::move(options)),
      is_word_key_(is_word_key(*options_.schema, options_.keys)),
      columns_(options_.schema),
      buckets_(kBucketsMin, kNone) {}

RowStore::Chunk& RowStore::add_chunk() {
  columns_.add_chunk();
  // Not zeroed: links are written as rows are appended.
  chunks_.push_back(std::unique_ptr<Chunk>(new Chunk));
  dues_.push_back(INT64_MAX);
  if (options_.counts) chunks_.back()->counts = std::make_unique<uint8_t[]>(kChunkRows);
  return *chunks_.back();
}

void RowStore::pop_front() {
  columns_.pop_front();
  appended_ -= kChunkRows;
  chunks_[front_++].reset();
  if (front_ * 2 < chunks_.size()) return;
  chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<ptrdiff_t>(front_));
  dues_.erase(dues_.begin(), dues_.begin() + static_cast<ptrdiff_t>(front_));
  front_ = 0;
}

RowStore::Id RowStore::append(const Batch& batch, std::span<const uint32_t> rows,
                              const RowKeys& keys, int64_t now_us,
                              std::span<const uint32_t> counts) {
  const size_t reused = std::min(rows.size(), free_.size());
  const std::vector<Id> places = take_free(reused);
  fill(places, batch, rows.first(reused), keys);
  const Id behind = append_behind(batch, rows.subspan(reused), keys, now_us);
  for (size_t i = 0; i < counts.size(); ++i) {
    set_count(i < reused ? places[i] : behind + static_cast<Id>(i - reused), counts[i]);
  }
  return reused > 0 ? places.front() : behind;
}

// The last of the free places in turn.
std::vector<RowStore::Id> RowStore::take_free(size_t count) {
  std::vector<Id> places(free_.rbegin(), free_.rbegin() + static_cast<ptrdiff_t>(count));
  free_.resize(free_.size() - count);
  return places;
}

void RowStore::fill(std::span<const Id> places, const Batch& batch, std::span<const uint32_t> rows,
                    const RowKeys& keys) {
  if (places.empty()) return;
  columns_.write(batch, rows, places);
  for (size_t i = 0; i < rows.size(); ++i) {
    const uint64_t hash = keys.hashes[rows[i]];
    Chunk& chunk = chunk_of(places[i]);
    chunk.links[places[i] & kMask] = {kNone, tag_of(hash)};
    ++chunk.live;
    if (!keys.has_null(rows[i])) link_row(chunk, places[i], hash);
  }
  rows_ += rows.size();
}

RowStore::Id RowStore::append_behind(const Batch& batch, std::span<const uint32_t> rows,
                                     const RowKeys& keys, int64_t now_us) {
  if (columns_.first() + appended_ + rows.size() > kRenumberAt) rebuild();
  const Id first = columns_.first() + static_cast<Id>(appended_);
  while (!rows.empty()) {
    const bool full = front_ == chunks_.size() || chunks_.back()->used == kChunkRows;
    Chunk& chunk = full ? add_chunk() : *chunks_.back();
    const std::span<const uint32_t> some =
        rows.first(std::min(rows.size(), kChunkRows - chunk.used));
    const Id id = columns_.first() + static_cast<Id>(appended_);
    columns_.write(batch, some, id);
    for (size_t i = 0; i < some.size(); ++i) {
      chunk.links[chunk.used + i] = {kNone, tag_of(keys.hashes[some[i]])};
    }
    note_due(id, some.size());
    chunk.used += static_cast<uint32_t>(some.size());
    chunk.live += static_cast<uint32_t>(some.size());
    chunk.arrived_us = now_us;
    appended_ += some.size();
    rows_ += some.size();
    const double fullest = kGrowth * rows_per_bucket(columns_.row_bytes(), options_.counts);
    if (static_cast<double>(appended_) > fullest * static_cast<double>(buckets_.size())) {
      grow_buckets();
    } else {
      link(id, some, keys);
    }
    rows = rows.subspan(some.size());
  }
  return first;
}

RowStore::Id RowStore::append_all(const Batch& batch, const RowKeys& keys, int64_t now_us,
                                  std::span<const uint32_t> counts) {
  std::vector<uint32_t> rows(batch.rows);
  std::iota(rows.begin(), rows.end(), uint32_t{0});
  return append(batch, rows, keys, now_us, counts);
}

void RowStore::set_great(Id id, uint32_t count) {
  if (count >= kGreat) {
    great_counts_[id] = count;
  } else {
    great_counts_.erase(id);
  }
}

void RowStore::note_due(Id first, size_t count) {
  if (options_.time_column < 0) return;
  const int64_t* times = columns_.value<int64_t>(static_cast<size_t>(options_.time_column), first);
  const auto [least, greatest] = std::minmax_element(times, times + count);
  int64_t& due = dues_.back();
  const bool empty = chunks_.back()->live == 0;
  if (options_.counts) {
    due = std::min(due, *least + options_.reach_us);
  } else {
    due = std::max(empty ? INT64_MIN : due, *greatest + options_.reach_us);
  }
  due_next_ = std::min(due_next_, due);
}

void RowStore::link(Id first, std::span<const uint32_t> rows, const RowKeys& keys) {
  Chunk& chunk = chunk_of(first);
  for (const uint32_t row : rows) __builtin_prefetch(&buckets_[bucket_of(keys.hashes[row])], 1);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (keys.has_null(rows[i])) continue;
    link_row(chunk, first + static_cast<Id>(i), keys.hashes[rows[i]]);
  }
}

void RowStore::unlink(Id id, uint64_t hash) {
  const Id next = chunk_of(id).links[id & kMask].next;
  Id& bucket = buckets_[bucket_of(hash)];
  if (bucket == id) {
    bucket = next;
    return;
  }
  for (Id at = bucket; at != kNone;) {
    Link& link = chunk_of(at).links[at & kMask];
    at = link.next;
    if (at == id) link.next = next;
  }
}

// REQUIRES: options.reuses.
void RowStore::free_removed() {
  if (removed_.empty()) return;
  std::sort(removed_.begin(), removed_.end());
  Batch batch{options_.schema, removed_.size(), {}, nullptr, nullptr};
  batch.columns.resize(options_.schema->size());
  for (const size_t key : options_.keys) batch.columns[key] = gather(key, removed_);
  const RowKeys keys(batch, options_.keys);
  std::array<uint64_t, kChunkRows / 64> kept{};
  size_t chunk = SIZE_MAX;  // that `kept` is of
  for (size_t i = 0; i < removed_.size(); ++i) {
    const Id id = removed_[i];
    if (!keys.has_null(i)) unlink(id, keys.hashes[i]);
    if (!columns_.has_texts()) continue;
    if (std::exchange(chunk, columns_.chunk_of(id)) != columns_.chunk_of(id)) {
      kept.fill(0);
      for (size_t at = 0; at < kChunkRows; ++at) {
        const bool live = at < chunk_of(id).used && chunk_of(id).is_live(at);
        kept[at >> 6] |= static_cast<uint64_t>(live) << (at & 63);
      }
    }
    columns_.forget_texts(id, kept.data());
  }
  free_.insert(free_.end(), removed_.begin(), removed_.end());
  removed_.clear();
}

void RowStore::grow_buckets() {
  const auto wanted = static_cast<size_t>(static_cast<double>(appended_) /
                                          rows_per_bucket(columns_.row_bytes(), options_.counts));
  buckets_ = std::vector<Id>(std::max(wanted, kBucketsMin), kNone);
  std::vector<uint32_t> rows;
  for (size_t i = front_; i < chunks_.size(); ++i) {
    const Chunk& chunk = *chunks_[i];
    if (chunk.live == 0) continue;  // no link leads there any more
    const Batch batch = columns_.view(i - front_, chunk.used);
    const RowKeys keys(batch, options_.keys);
    if (!options_.reuses || chunk.live == chunk.used) {
      rows.resize(batch.rows);
      std::iota(rows.begin(), rows.end(), uint32_t{0});
      link(first_of(i), rows, keys);
      continue;
    }
    for (uint32_t at = 0; at < batch.rows; ++at) {  // those that are free are linked nowhere
      if (!chunk.is_live(at) || keys.has_null(at)) continue;
      link_row(*chunks_[i], first_of(i) + at, keys.hashes[at]);
    }
  }
}

void RowStore::look_ahead(const RowKeys& keys, size_t begin, size_t count, Id* heads) const {
  const uint64_t* hashes = keys.hashes.data() + begin;
  for (size_t i = 0; i < count; ++i) __builtin_prefetch(&buckets_[bucket_of(hashes[i])]);
  for (size_t i = 0; i < count; ++i) {
    Id head = buckets_[bucket_of(hashes[i])];
    if (head < columns_.first() || keys.has_null(begin + i)) head = kNone;
    heads[i] = head;
    if (head == kNone) continue;
    __builtin_prefetch(&chunk_of(head).links[head & kMask]);
    for (const size_t key : options_.keys) columns_.prefetch(key, head);
  }
}

bool RowStore::keys_equal(Id id, const RowKeys& keys, size_t row) const {
  for (size_t k = 0; k < options_.keys.size(); ++k) {
    if (!columns_.equals(options_.keys[k], id, *keys.columns[k], row)) return false;
  }
  return true;
}

RowStore::Id RowStore::find(const Batch& batch, size_t row, const RowKeys& keys) const {
  Id found = kNone;
  const auto same = [&](Id id) {
    for (size_t c = 0; c < options_.schema->size(); ++c) {
      const ColumnPtr mine = gather(c, {&id, 1});
      if (!rows_equal(*mine, 0, *flatten(slice(batch.columns[c], row, 1)), 0)) return false;
    }
    return true;
  };
  if (keys.has_null(row)) {
    // Such rows are linked nowhere.
    for (const Id id : live()) {
      if (same(id)) found = id;
    }
    return found;
  }
  each_equal(keys, row, [&](Id id) {
    if (same(id)) found = id;  // the oldest: it goes first
  });
  return found;
}

void RowStore::remove(Id id) {
  Chunk& chunk = chunk_of(id);
  const size_t at = id & kMask;
  CHECK(chunk.is_live(at));
  chunk.links[at].tag = 0;
  if (options_.counts) set_count(id, 0);
  if (options_.reuses) removed_.push_back(id);
  --rows_;
  chunk_died_ |= --chunk.live == 0;
}

void RowStore::kill_chunk(Id base, Chunk& chunk) {
  for (size_t at = 0; at < chunk.used; ++at) {
    chunk.links[at].tag = 0;
    if (options_.counts) set_count(base + static_cast<Id>(at), 0);
  }
  rows_ -= chunk.live;
  chunk.live = 0;
  chunk_died_ = true;
}

/// Returns when the next row is due.
int64_t RowStore::expire_rows(Id base, Chunk& chunk, int64_t watermark,
                              std::vector<Id>* unmatched) {
  const int64_t* times = columns_.value<int64_t>(static_cast<size_t>(options_.time_column), base);
  int64_t next = INT64_MAX;
  for (size_t at = 0; at < chunk.used; ++at) {
    if (!chunk.is_live(at)) continue;
    const int64_t due = times[at] + options_.reach_us;
    if (due > watermark) {
      next = std::min(next, due);
      continue;
    }
    if (chunk.counts[at] == 0) unmatched->push_back(base + static_cast<Id>(at));
    remove(base + static_cast<Id>(at));
  }
  return next;
}

void RowStore::expire(int64_t watermark, std::vector<Id>* unmatched) {
  if (watermark < due_next_) return;
  due_next_ = INT64_MAX;
  for (size_t i = front_; i < dues_.size(); ++i) {
    if (dues_[i] <= watermark) {
      if (chunks_[i]->live == 0) {
        dues_[i] = INT64_MAX;
      } else if (options_.counts) {
        dues_[i] = expire_rows(first_of(i), *chunks_[i], watermark, unmatched);
      } else {
        kill_chunk(first_of(i), *chunks_[i]);
        dues_[i] = INT64_MAX;
      }
    }
    due_next_ = std::min(due_next_, dues_[i]);
  }
  if (unmatched == nullptr) return;
  std::stable_sort(unmatched->begin(), unmatched->end(),
                   [this](Id a, Id b) { return time_of(a) < time_of(b); });
}

void RowStore::expire_arrivals(int64_t before_us) {
  CHECK(!options_.reuses);
  for (size_t i = front_; i < chunks_.size(); ++i) {
    if (chunks_[i]->arrived_us >= before_us) return;
    kill_chunk(first_of(i), *chunks_[i]);
  }
}

void RowStore::clear() {
  chunks_.clear();
  dues_.clear();
  front_ = 0;
  columns_.clear();
  great_counts_.clear();
  removed_.clear();
  free_.clear();
  std::fill(buckets_.begin(), buckets_.end(), kNone);
  rows_ = 0;
  appended_ = 0;
  due_next_ = INT64_MAX;
}

std::vector<RowStore::Id> RowStore::live() const {
  std::vector<Id> ids;
  ids.reserve(rows_);
  each_chunk([&](Id base, const Chunk& chunk) {
    for (size_t at = 0; at < chunk.used; ++at) {
      if (chunk.is_live(at)) ids.push_back(base + static_cast<Id>(at));
    }
  });
  return ids;
}

bool RowStore::will_renumber() const {
  const size_t idle_max = rows_ * (options_.reuses ? 3 : 1) + kDeadMin;
  // Long before numbers run out: those who hold some must learn of new ones here, not in append.
  return appended_ - rows_ > idle_max || columns_.first() + appended_ > kRenumberAt / 2;
}

bool RowStore::trim() {
  free_removed();
  while (!options_.reuses && front_ < chunks_.size() && chunks_[front_]->live == 0 &&
         chunks_[front_]->used == kChunkRows) {
    pop_front();
  }
  const bool died = std::exchange(chunk_died_, false);
  for (size_t i = front_; died && !options_.reuses && i < chunks_.size(); ++i) {
    const Chunk& chunk = *chunks_[i];
    if (chunk.live == 0 && chunk.used == kChunkRows && !columns_.is_dropped(i - front_)) {
      columns_.drop(i - front_);
    }
  }
  if (rows_ == 0 && appended_ > 0) clear();
  if (!will_renumber()) return false;
  rebuild();
  return true;
}

Batch RowStore::live_rows(Id base, const Chunk& chunk) const {
  const Batch all = columns_.view(columns_.chunk_of(base), chunk.used);
  if (chunk.live == chunk.used) return all;
  Selection rows;
  for (uint32_t at = 0; at < chunk.used; ++at) {
    if (chunk.is_live(at)) rows.push_back(at);
  }
  return velo::gather(all, rows);
}

void RowStore::rebuild() {
  RowStore fresh(options_);
  each_chunk([&](Id base, const Chunk& chunk) {
    if (chunk.live == 0) return;
    const Batch batch = live_rows(base, chunk);
    Id id = fresh.append_all(batch, RowKeys(batch, options_.keys), chunk.arrived_us);
    for (size_t at = 0; options_.counts && at < chunk.used; ++at) {
      if (chunk.is_live(at)) fresh.set_count(id++, count(base + static_cast<Id>(at)));
    }
  });
  *this = std::move(fresh);
}

size_t RowStore::memory_bytes() const {
  size_t chunk_bytes = sizeof(Chunk) + sizeof(chunks_[0]) + sizeof(dues_[0]);
  if (options_.counts) chunk_bytes += kChunkRows;
  constexpr size_t kMapBytes = 40;  // of an entry, about
  return columns_.memory_bytes() + buckets_.capacity() * sizeof(Id) +
         (chunks_.size() - front_) * chunk_bytes + great_counts_.size() * kMapBytes +
         (removed_.capacity() + free_.capacity()) * sizeof(Id);
}

size_t RowStore::column_bytes() const {
  size_t bytes = rows_ * columns_.row_bytes();
  each_chunk([&](Id base, const Chunk& chunk) {
    if (chunk.live == 0) return;
    const size_t texts = columns_.long_bytes(columns_.chunk_of(base));
    bytes += options_.reuses ? texts : texts * chunk.live / chunk.used;  // those of dead rows, too
  });
  return bytes;
}

void RowStore::save(SnapshotWriter& writer) const {
  uint64_t parts = 0;
  each_chunk([&](Id, const Chunk& chunk) { parts += chunk.live > 0 ? 1 : 0; });
  writer.u64(parts);
  each_chunk([&](Id base, const Chunk& chunk) {
    if (chunk.live == 0) return;
    const Batch batch = live_rows(base, chunk);
    writer.u64(batch.rows);
    writer.i64(chunk.arrived_us);
    for (const ColumnPtr& column : batch.columns) writer.column(*column);
    for (size_t at = 0; options_.counts && at < chunk.used; ++at) {
      if (chunk.is_live(at)) writer.u32(count(base + static_cast<Id>(at)));
    }
  });
}

Status RowStore::load(SnapshotReader& reader) {
  const uint64_t parts = TRY(reader.count(16));
  for (uint64_t part = 0; part < parts; ++part) {
    const uint64_t rows = TRY(reader.u64());
    Batch batch{options_.schema, rows, {}, nullptr, nullptr};
    const int64_t arrived_us = TRY(reader.i64());
    for (const Field& field : options_.schema->fields()) {
      batch.columns.push_back(TRY(reader.column(field.type)));
      if (batch.columns.back()->size() != batch.rows || batch.rows > kChunkRows) {
        return Error(ErrorCode::kCorruptData, "the snapshot's join rows do not fit their columns");
      }
    }
    const Id id = append_all(batch, RowKeys(batch, options_.keys), arrived_us);
    for (size_t i = 0; options_.counts && i < batch.rows; ++i) {
      set_count(id + static_cast<Id>(i), TRY(reader.u32()));
    }
  }
  return {};
}

}  // namespace velo
