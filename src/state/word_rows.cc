// 1. append: a row goes to the first free place of its bucket's blocks; where there is none, a
//    block more becomes the bucket's first.
// 2. A removed row is a cleared bit, and its place is for the next row of its bucket.
// 3. trim: as many buckets are split as rows ask for, each moving its rows to two chains.
// 4. expire: the times of a few rows, those that are due by the horizon, are kept in their order;
//    rows are found by them. Once the watermark is there all rows are looked at for the next few.
//
// Invariant: bucket b holds the rows whose hash ends in the bits of b, as many bits as tell it from
// the others: one more for those that were split, and for what they were split into.
#include "state/word_rows.h"

#include <numeric>

#include "column/column_builder.h"
#include "state/grow.h"
#include "state/row_hash.h"

namespace velo {
namespace {

constexpr size_t kFewRows = 1024;      // what they cost does not matter
constexpr size_t kBlocksLookedAt = 8;  // for a free place: the rows of one key may be many
constexpr size_t kPartRows = 512;      // of a snapshot

constexpr auto kLater = [](uint64_t a, uint64_t b) {
  return static_cast<int64_t>(a) > static_cast<int64_t>(b);
};

}  // namespace

WordRows::WordRows(Options options)
    : options_(std::move(options)),
      is_double_((*options_.schema)[0].type.physical() == Physical::kDouble),
      heads_(1, kNone) {
  if (options_.ttl_us > 0) steps_.emplace(options_.ttl_us);
}

bool WordRows::is_for(const Schema& schema, std::span<const size_t> keys) {
  if (schema.size() != 1 || keys.size() != 1) return false;
  const Physical physical = schema[0].type.physical();
  return physical == Physical::kInt64 || physical == Physical::kDouble;
}

// The fewer rows share a bucket the quicker they are found, and the more they cost: half a block of
// a bucket is empty, more by chance. A row costs at most 12 bytes, half as much again as it has;
// where there are few, what they cost does not matter.
size_t WordRows::rows_per_bucket() const {
  if (rows_ < kFewRows) return kBlockRows;
  const size_t rows = options_.counts ? 30 : 16;
  return options_.are_times ? rows * 2 : rows;  // for the times in `soon_`
}

WordRows::Id WordRows::free_block() {
  if (free_ != kNone) return std::exchange(free_, block_of(free_).next);
  const Id id = static_cast<Id>(blocks_ * kBlockPlaces);
  CHECK(id < kNone - kChunkPlaces, "a join's side has more than four thousand million rows");
  if (++blocks_ <= chunks_.size() * kChunkBlocks) return id;
  chunks_.push_back(std::unique_ptr<Chunk>(new Chunk));
  if (options_.counts) chunks_.back()->counts = std::make_unique<uint8_t[]>(kChunkPlaces);
  return id;
}

/// A free place of a chain of blocks.
WordRows::Id WordRows::place(Id& head, bool is_null) {
  Id at = head;
  // Blocks are full behind the first, but for removed rows.
  for (size_t i = has_holes_ ? 0 : kBlocksLookedAt - 1; at != kNone && i < kBlocksLookedAt; ++i) {
    const Block& block = block_of(at);
    if (block.live != kFull) return at + static_cast<Id>(std::countr_one(uint32_t{block.live}));
    at = block.next;
  }
  const Id id = free_block();
  Block& block = block_of(id);
  block.next = std::exchange(head, id);
  block.live = 0;
  block.is_null = is_null ? 1 : 0;
  block.steps = 0;
  return id;
}

void WordRows::put(Id& head, bool is_null, const Moved& row) {
  const Id id = place(head, is_null);
  Block& block = block_of(id);
  block.live |= 1u << (id % kBlockPlaces);
  block.words[id % kBlockPlaces] = row.word;
  if (steps_) {
    constexpr uint32_t kMask = (1u << ArrivalSteps::kBits) - 1;
    const uint32_t at = step_bit(id);
    block.steps = (block.steps & ~(kMask << at)) | row.step << at;
  }
  if (!options_.counts) return;
  chunk_of(id).counts[id % kChunkPlaces] = 0;
  set_count(id, row.count);
}

void WordRows::note_time(uint64_t time) {
  if (due_of(time) > horizon_) return;
  if (soon_.size() >= soon_max()) {  // not of so few any more
    soon_ = {};
    horizon_ = INT64_MIN;
    return;
  }
  grow_to(soon_, soon_.size() + 1, time);
  std::push_heap(soon_.begin(), soon_.end(), kLater);
}

void WordRows::append(const Batch&, std::span<const uint32_t> rows, const RowKeys& keys,
                      int64_t now_us, std::span<const uint32_t> counts) {
  const uint32_t step = steps_ ? steps_->now(now_us) : 0;
  const auto* words = keys.columns[0]->values<uint64_t>();
  for (size_t begin = 0; begin < rows.size(); begin += kAhead) {
    const std::span<const uint32_t> some =
        rows.subspan(begin).first(std::min(kAhead, rows.size() - begin));
    for (const uint32_t row : some) __builtin_prefetch(&heads_[bucket_of(keys.hashes[row])], 1);
    for (const uint32_t row : some) {
      load_block_soon(heads_[bucket_of(keys.hashes[row])]);
    }
    for (size_t i = 0; i < some.size(); ++i) {
      const uint32_t row = some[i];
      const bool is_null = keys.has_null(row);
      put(is_null ? nulls_ : heads_[bucket_of(keys.hashes[row])], is_null,
          {is_null ? 0 : words[row], counts.empty() ? 0 : counts[begin + i], step});
    }
  }
  rows_ += rows.size();
  for (size_t i = 0; options_.are_times && i < rows.size(); ++i) {
    if (!keys.has_null(rows[i])) note_time(words[rows[i]]);
  }
}

void WordRows::append_all(const Batch& batch, const RowKeys& keys, int64_t now_us,
                          std::span<const uint32_t> counts) {
  std::vector<uint32_t> rows(batch.rows);
  std::iota(rows.begin(), rows.end(), uint32_t{0});
  append(batch, rows, keys, now_us, counts);
}

void WordRows::load_block_soon(Id block) const {
  if (block == kNone) return;
  __builtin_prefetch(&block_of(block));
}

// All go to their next blocks together, so that memory is waited for once and not by each.
void WordRows::load_chains(std::span<Id> blocks) const {
  for (size_t i = 0; i < kBlocksLookedAt; ++i) {
    size_t left = 0;
    for (const Id block : blocks) load_block_soon(block);
    for (const Id block : blocks) {
      const Id next = block_of(block).next;
      blocks[left] = next;
      left += next != kNone ? 1 : 0;
    }
    blocks = blocks.first(left);
  }
}

void WordRows::look_ahead(const RowKeys& keys, size_t begin, size_t count, Id* heads) const {
  const uint64_t* hashes = keys.hashes.data() + begin;
  for (size_t i = 0; i < count; ++i) __builtin_prefetch(&heads_[bucket_of(hashes[i])]);
  std::array<Id, kAhead> blocks;
  size_t chains = 0;
  for (size_t i = 0; i < count; ++i) {
    heads[i] = keys.has_null(begin + i) ? kNone : heads_[bucket_of(hashes[i])];
    blocks[chains] = heads[i];
    chains += heads[i] != kNone ? 1 : 0;
  }
  load_chains({blocks.data(), chains});
}

WordRows::Id WordRows::find(const Batch&, size_t row, const RowKeys& keys) const {
  Id found = kNone;
  const auto take = [&](Id id) {
    const bool is_older =
        found == kNone || (steps_ && steps_->age_of(step(id)) < steps_->age_of(step(found)));
    if (is_older) found = id;
  };
  if (!keys.has_null(row)) {
    each_equal(keys, row, take);
    return found;
  }
  for (Id at = nulls_; at != kNone; at = block_of(at).next) {
    for (uint32_t live = block_of(at).live; live != 0; live &= live - 1) {
      take(at + static_cast<Id>(std::countr_zero(live)));
    }
  }
  return found;
}

void WordRows::set_count(Id id, uint32_t count) {
  uint8_t& small = chunk_of(id).counts[id % kChunkPlaces];
  if (count >= kGreat) {
    great_counts_[id] = count;
  } else if (small == kGreat) {
    great_counts_.erase(id);
  }
  small = static_cast<uint8_t>(std::min(count, kGreat));
}

ColumnPtr WordRows::gather(size_t, std::span<const Id> ids) const {
  ColumnBuilder column((*options_.schema)[0].type);
  auto* words = column.extend<uint64_t>(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) words[i] = ids[i] == kNone ? 0 : word(ids[i]);
  column.added(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == kNone || block_of(ids[i]).is_null) column.set_null(i);
  }
  return column.finish();
}

void WordRows::remove(Id id) {
  Block& block = block_of(id);
  const uint32_t bit = 1u << (id % kBlockPlaces);
  CHECK((block.live & bit) != 0);
  block.live &= ~bit;
  if (options_.counts) set_count(id, 0);
  has_holes_ = true;
  --rows_;
}

template <typename Visit>
void WordRows::each_row(Visit visit) const {
  for (size_t i = 0; i < blocks_; ++i) {
    const Id first = static_cast<Id>(i * kBlockPlaces);
    for (uint32_t live = block_of(first).live; live != 0; live &= live - 1) {
      visit(first + static_cast<Id>(std::countr_zero(live)));
    }
  }
}

/// Rows that are due now. Sets the horizon so that few more are due by then.
std::vector<WordRows::Id> WordRows::look_further(int64_t watermark) {
  std::vector<Id> due;
  int64_t last = watermark;
  each_row([&](Id id) {
    if (due_at(id) <= watermark) due.push_back(id);
    last = std::max(last, due_at(id));
  });
  soon_ = {};
  horizon_ = watermark;
  if (due.size() == rows_) return due;
  std::array<size_t, 32> slices{};
  const int64_t width = (last - watermark) / static_cast<int64_t>(slices.size()) + 1;
  each_row([&](Id id) {
    const int64_t ahead = due_at(id) - watermark;
    if (ahead > 0) ++slices[static_cast<size_t>((ahead - 1) / width)];
  });
  size_t left = soon_max();
  for (size_t i = 0; i < slices.size() && slices[i] <= left; ++i) {
    left -= slices[i];
    horizon_ += width;
  }
  each_row([&](Id id) {
    const bool is_soon = due_at(id) > watermark && due_at(id) <= horizon_;
    if (is_soon) grow_to(soon_, soon_.size() + 1, word(id));
  });
  std::make_heap(soon_.begin(), soon_.end(), kLater);
  return due;
}

/// Rows that are due now, found by their times.
std::vector<WordRows::Id> WordRows::take_soon(int64_t watermark) {
  std::vector<Id> due;
  while (!soon_.empty() && due_of(soon_.front()) <= watermark) {
    const uint64_t time = soon_.front();
    walk(heads_[bucket_of_word(time)], time, [&](Id id) { due.push_back(id); });
    while (!soon_.empty() && soon_.front() == time) {
      std::pop_heap(soon_.begin(), soon_.end(), kLater);
      soon_.pop_back();
    }
  }
  return due;
}

void WordRows::expire(int64_t watermark, std::vector<Id>* unmatched) {
  if (rows_ == 0) return;
  std::vector<Id> due = watermark >= horizon_ ? look_further(watermark) : take_soon(watermark);
  if (options_.counts) {
    std::copy_if(due.begin(), due.end(), std::back_inserter(*unmatched),
                 [this](Id id) { return count(id) == 0; });
    std::sort(unmatched->begin(), unmatched->end(),
              [this](Id a, Id b) { return time_of(a) < time_of(b); });
  }
  for (const Id id : due) remove(id);
}

void WordRows::expire_arrivals(int64_t before_us) {
  if (!steps_->forget(before_us)) return;
  each_row([&](Id id) {
    if (steps_->is_forgotten(step(id))) remove(id);
  });
}

void WordRows::clear() {
  constexpr size_t kBucketsKept = 1024;
  *this = empty_of(std::min(heads_.size(), kBucketsKept));
}

/// No rows, and so many buckets.
WordRows WordRows::empty_of(size_t buckets) const {
  WordRows fresh(options_);
  fresh.heads_.assign(buckets, kNone);
  fresh.level_ = std::bit_floor(buckets);
  fresh.steps_ = steps_;
  fresh.horizon_ = horizon_;
  return fresh;
}

std::vector<WordRows::Id> WordRows::live() const {
  std::vector<Id> ids;
  ids.reserve(rows_);
  each_row([&](Id id) { ids.push_back(id); });
  return ids;
}

/// Appends the rows of a chain, whose blocks are free then.
void WordRows::take_out(Id head, std::vector<Moved>* rows) {
  while (head != kNone) {
    Block& block = block_of(head);
    for (uint32_t live = block.live; live != 0; live &= live - 1) {
      const Id id = head + static_cast<Id>(std::countr_zero(live));
      rows->push_back({word(id), options_.counts ? count(id) : 0, step(id)});
      if (options_.counts) set_count(id, 0);
    }
    block.live = 0;
    const Id next = std::exchange(block.next, free_);
    free_ = std::exchange(head, next);
  }
}

size_t WordRows::bucket_of_word(uint64_t word) const {
  return bucket_of(hash_word((*options_.schema)[0].type.physical(), word));
}

void WordRows::split(std::vector<Moved>* moved) {
  moved->clear();
  take_out(std::exchange(heads_[heads_.size() - level_], kNone), moved);
  heads_.push_back(kNone);
  if (heads_.size() == 2 * level_) level_ *= 2;
  for (const Moved& row : *moved) put(heads_[bucket_of_word(row.word)], false, row);
}

void WordRows::trim() {
  if (rows_ == 0) {
    if (blocks_ > 0) clear();
    return;
  }
  // A fifth of the places is empty as a rule, or less.
  const size_t places_max = std::max(kFewRows, rows_ + rows_ * 2 / 5 + kFewRows / 2);
  if (blocks_ * kBlockRows > places_max) rebuild();
  split_until(rows_ / rows_per_bucket());
}

void WordRows::split_until(size_t buckets) {
  std::vector<Moved> moved;
  std::array<Id, kAhead> blocks;
  while (heads_.size() < buckets) {
    const size_t first = heads_.size() - level_;
    const size_t count = std::min({kAhead, buckets - heads_.size(), level_ - first});
    size_t chains = 0;
    for (size_t i = 0; i < count; ++i) {
      blocks[chains] = heads_[first + i];
      chains += heads_[first + i] != kNone ? 1 : 0;
    }
    load_chains({blocks.data(), chains});
    for (size_t i = 0; i < count; ++i) split(&moved);
  }
}

void WordRows::rebuild() {
  WordRows fresh = empty_of(rows_ / rows_per_bucket() + 1);
  fresh.rows_ = rows_;
  fresh.soon_ = std::move(soon_);
  std::vector<Moved> moved;
  for (const Id head : heads_) {
    moved.clear();
    take_out(head, &moved);
    for (const Moved& row : moved) {
      fresh.put(fresh.heads_[fresh.bucket_of_word(row.word)], false, row);
    }
  }
  moved.clear();
  take_out(nulls_, &moved);
  for (const Moved& row : moved) fresh.put(fresh.nulls_, true, row);
  *this = std::move(fresh);
}

size_t WordRows::memory_bytes() const {
  size_t chunk_bytes = sizeof(Chunk) + sizeof(chunks_[0]);
  if (options_.counts) chunk_bytes += kChunkPlaces;
  constexpr size_t kMapBytes = 40;  // of an entry, about
  return chunks_.size() * chunk_bytes + heads_.capacity() * sizeof(Id) +
         soon_.capacity() * sizeof(soon_[0]) + great_counts_.size() * kMapBytes;
}

void WordRows::save(SnapshotWriter& writer) const {
  std::vector<Id> ids = live();
  const auto age = [this](Id id) { return steps_ ? steps_->age_of(step(id)) : 0; };
  std::stable_sort(ids.begin(), ids.end(), [&](Id a, Id b) { return age(a) < age(b); });
  // Parts of rows that came together.
  std::vector<std::span<const Id>> parts;
  for (size_t begin = 0; begin < ids.size();) {
    size_t end = begin + 1;
    while (end < ids.size() && end - begin < kPartRows && age(ids[end]) == age(ids[begin])) ++end;
    parts.push_back(std::span<const Id>(ids).subspan(begin, end - begin));
    begin = end;
  }
  writer.u64(parts.size());
  for (const std::span<const Id> part : parts) {
    writer.u64(part.size());
    writer.i64(arrival_of(part.front()));
    writer.column(*gather(0, part));
    for (const Id id : part) {
      if (options_.counts) writer.u32(count(id));
    }
  }
}

Status WordRows::load(SnapshotReader& reader) {
  const Type& type = (*options_.schema)[0].type;
  const uint64_t parts = TRY(reader.count(16));
  std::vector<uint32_t> counts;
  for (uint64_t part = 0; part < parts; ++part) {
    const uint64_t size = TRY(reader.u64());
    const int64_t arrived_us = TRY(reader.i64());
    const ColumnPtr words = TRY(reader.column(type));
    const Batch batch{options_.schema, size, {words}, nullptr, nullptr};
    if (batch.columns[0]->size() != size || size > kPartRows) {
      return Error(ErrorCode::kCorruptData, "the snapshot's join rows do not fit their columns");
    }
    counts.resize(options_.counts ? size : 0);
    for (uint32_t& count : counts) count = TRY(reader.u32());
    append_all(batch, RowKeys(batch, std::vector<size_t>{0}), arrived_us, counts);
    trim();
  }
  return {};
}

}  // namespace velo
