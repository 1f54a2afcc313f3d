#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/int128.h"
#include "column/batch.h"
#include "state/row_chunks.h"
#include "state/snapshot.h"

namespace velo {

/// The keys of a batch's rows, as a RowStore links and finds them. A row with a NULL among its keys
/// equals no row.
struct RowKeys {
  RowKeys() = default;
  RowKeys(const Batch& batch, std::span<const size_t> key_columns);

  std::vector<ColumnPtr> columns;  ///< flat
  std::vector<uint64_t> hashes;
  bool has_null(size_t row) const { return may_have_nulls && null_in(row); }

  bool may_have_nulls = false;

 private:
  bool null_in(size_t row) const;
};

/// Rows kept as columns and found by key: what a join remembers of one side.
///
/// Rows are appended to chunks of columns (row_chunks.h), each linked to the row before it in the
/// same bucket (which holds the newest). So a row costs its columns and at most half as much again
/// (of 16 bytes on), and nothing is allocated per row. Rows are forgotten by event time, by
/// arrival, or one by one; chunks go from the front, and what dead rows hold elsewhere is taken
/// back by building anew once they are the greater part, or, where rows only go one by one, given
/// to those that come. A row is named by a number that is valid until `trim`.
class RowStore {
 public:
  using Id = RowChunks::Id;
  static constexpr Id kNone = RowChunks::kNone;
  static constexpr size_t kAhead = 32;  ///< rows of a batch that are looked for at once

  struct Options {
    SchemaPtr schema;
    std::vector<size_t> keys;
    int time_column = -1;  ///< −1: rows are not forgotten by time
    int64_t reach_us = 0;  ///< a row is needed until the watermark reaches its time + reach
    bool counts = false;   ///< every row carries a number, at first 0: of its partners
    bool reuses = false;   ///< rows only go one by one: others take their places
  };
  explicit RowStore(Options options);

  /// Appends rows of a batch; `counts` are theirs, or all 0. The first one's number, the others
  /// follow unless the store reuses places. REQUIRES: `keys` are of this batch. `now_us` does not
  /// go back.
  Id append(const Batch& batch, std::span<const uint32_t> rows, const RowKeys& keys, int64_t now_us,
            std::span<const uint32_t> counts = {});
  /// As append, of every row.
  Id append_all(const Batch& batch, const RowKeys& keys, int64_t now_us,
                std::span<const uint32_t> counts = {});

  /// Calls visit(id) for every row whose keys equal those of row `row`, newest first.
  template <typename Visit>
  void each_equal(const RowKeys& keys, size_t row, Visit visit) const {
    if (rows_ == 0 || keys.has_null(row)) return;
    walk(buckets_[bucket_of(keys.hashes[row])], keys, row, visit);
  }
  /// Calls visit(row, id) for every such pair of the rows of a batch, row by row: far quicker than
  /// one after the other, because memory is asked for ahead. What is stored must stay as it is.
  template <typename Visit>
  void each_pair(const RowKeys& keys, Visit visit) const {
    if (rows_ == 0) return;
    Id heads[kAhead];
    for (size_t begin = 0; begin < keys.hashes.size(); begin += kAhead) {
      const size_t count = std::min(kAhead, keys.hashes.size() - begin);
      look_ahead(keys, begin, count, heads);
      for (size_t i = 0; i < count; ++i) {
        if (heads[i] == kNone) continue;
        const auto row = static_cast<uint32_t>(begin + i);
        walk(heads[i], keys, row, [&](Id id) { visit(row, id); });
      }
    }
  }
  /// Asks for the memory that each_equal of the rows from `begin` on will look at, of kAhead rows.
  void load_soon(const RowKeys& keys, size_t begin) const {
    if (rows_ == 0) return;
    Id heads[kAhead];
    look_ahead(keys, begin, std::min(kAhead, keys.hashes.size() - begin), heads);
  }
  /// A row that equals row `row` of the batch in every column, or kNone.
  Id find(const Batch& batch, size_t row, const RowKeys& keys) const;

  int64_t time_of(Id id) const {
    return *columns_.value<int64_t>(static_cast<size_t>(options_.time_column), id);
  }
  /// When the last of the rows came that are forgotten by arrival together with this one.
  int64_t arrival_of(Id id) const { return chunk_of(id).arrived_us; }
  /// REQUIRES, of these: options.counts.
  uint32_t count(Id id) const {
    const uint8_t count = chunk_of(id).counts[id & kMask];
    return count < kGreat ? count : great_counts_.at(id);
  }
  void set_count(Id id, uint32_t count) {
    uint8_t& small = chunk_of(id).counts[id & kMask];
    if (small == kGreat || count >= kGreat) set_great(id, count);
    small = static_cast<uint8_t>(std::min(count, kGreat));
  }

  /// The values of one column for these rows; NULL for kNone.
  ColumnPtr gather(size_t column, std::span<const Id> ids) const {
    return columns_.gather(column, ids);
  }

  /// Order of the values in one column: NULL first, then as compare_rows.
  int compare(size_t column, Id a, Id b) const { return columns_.compare(column, a, b); }
  /// The same with a row of another column, which is flat.
  int compare(size_t column, Id a, const Column& with, size_t row) const {
    return columns_.compare(column, a, with, row);
  }

  bool is_null(size_t column, Id id) const { return columns_.is_null(column, id); }
  /// Where the value of a fixed-width column lies.
  template <typename T>
  const T* value(size_t column, Id id) const {
    return columns_.value<T>(column, id);
  }

  void remove(Id id);
  /// Removes the rows that `watermark` has made useless. With counts, every one of them, and those
  /// that still have count 0 are listed in the order of their times, then of arrival; without,
  /// whole chunks.
  void expire(int64_t watermark, std::vector<Id>* unmatched);
  /// Removes chunks that nothing was appended to since `before_us`. REQUIRES: no reuse.
  void expire_arrivals(int64_t before_us);
  void clear();
  /// All rows, oldest first unless the store reuses places.
  std::vector<Id> live() const;
  /// Gives back the memory of removed rows. If it says true the rows have new numbers, in the order
  /// in which they were: the n-th of `live` is still the n-th.
  bool trim();
  /// Whether `trim` would give new numbers.
  bool will_renumber() const;

  size_t rows() const { return rows_; }
  size_t memory_bytes() const;
  /// Of them the bytes of the rows' columns.
  size_t column_bytes() const;

  void save(SnapshotWriter& writer) const;
  /// REQUIRES: empty, and the same options as at `save`.
  Status load(SnapshotReader& reader);

 private:
  static constexpr size_t kChunkRows = RowChunks::kChunkRows;
  static constexpr Id kMask = RowChunks::kMask;
  static constexpr Id kRenumberAt = 0xf0000000;
  static constexpr uint32_t kGreat = UINT8_MAX;

  /// What is looked at as a bucket is walked along.
  struct __attribute__((packed)) Link {
    Id next;      // the row before it in its bucket
    uint8_t tag;  // of its hash; 0: the row was removed
  };
  static uint8_t tag_of(uint64_t hash) { return static_cast<uint8_t>(hash) | 1; }
  /// What is known of the rows of a chunk, beside their columns.
  struct Chunk {
    Link links[kChunkRows];
    std::unique_ptr<uint8_t[]> counts;  // kGreat: it is in great_counts_
    uint32_t used = 0;
    uint32_t live = 0;
    int64_t arrived_us = INT64_MIN;  // the last append
    bool is_live(size_t at) const { return links[at].tag != 0; }
  };

  const Chunk& chunk_of(Id id) const { return *chunks_[front_ + columns_.chunk_of(id)]; }
  Chunk& chunk_of(Id id) { return *chunks_[front_ + columns_.chunk_of(id)]; }
  Chunk& add_chunk();
  /// The number of the first row of chunks_[i].
  Id first_of(size_t i) const {
    return columns_.first() + static_cast<Id>((i - front_) * kChunkRows);
  }
  void pop_front();
  // Chunks in order, with the numbers of their first rows.
  template <typename Take>
  void each_chunk(Take take) const {
    Id base = columns_.first();
    for (size_t i = front_; i < chunks_.size(); ++i, base += kChunkRows) take(base, *chunks_[i]);
  }

  size_t bucket_of(uint64_t hash) const {
    return static_cast<size_t>((static_cast<uint128_t>(hash) * buckets_.size()) >> 64);
  }
  void look_ahead(const RowKeys& keys, size_t begin, size_t count, Id* heads) const;
  template <typename Visit>
  void walk(Id id, const RowKeys& keys, size_t row, Visit visit) const {
    const uint8_t tag = tag_of(keys.hashes[row]);
    if (!is_word_key_) {
      walk_links(id, tag, visit, [&](Id at) { return keys_equal(at, keys, row); });
      return;
    }
    const size_t column = options_.keys[0];
    const int64_t key = keys.columns[0]->values<int64_t>()[row];
    walk_links(id, tag, visit, [&](Id at) { return *columns_.value<int64_t>(column, at) == key; });
  }
  template <typename Visit, typename Equal>
  void walk_links(Id id, uint8_t tag, Visit visit, Equal equal) const {
    while (id != kNone && id >= columns_.first()) {
      const Link link = chunk_of(id).links[id & kMask];
      if (link.tag == tag && equal(id)) visit(id);
      id = link.next;
    }
  }
  bool keys_equal(Id id, const RowKeys& keys, size_t row) const;
  Id append_behind(const Batch& batch, std::span<const uint32_t> rows, const RowKeys& keys,
                   int64_t now_us);
  std::vector<Id> take_free(size_t count);
  void fill(std::span<const Id> places, const Batch& batch, std::span<const uint32_t> rows,
            const RowKeys& keys);
  void link(Id first, std::span<const uint32_t> rows, const RowKeys& keys);
  void link_row(Chunk& chunk, Id id, uint64_t hash) {
    Id& bucket = buckets_[bucket_of(hash)];
    chunk.links[id & kMask].next = bucket;
    bucket = id;
  }
  void unlink(Id id, uint64_t hash);
  void free_removed();
  void grow_buckets();
  void note_due(Id first, size_t count);
  void set_great(Id id, uint32_t count);
  int64_t expire_rows(Id base, Chunk& chunk, int64_t watermark, std::vector<Id>* unmatched);
  void kill_chunk(Id base, Chunk& chunk);
  void rebuild();
  Batch live_rows(Id base, const Chunk& chunk) const;

  Options options_;
  bool is_word_key_;  // the key is one column of 64-bit numbers, which are equal as such
  RowChunks columns_;
  // Both are lead by `front_` places that are given up.
  std::vector<std::unique_ptr<Chunk>> chunks_;
  // With counts, the least time + reach of a chunk's live rows, without them the greatest;
  // INT64_MAX if there are none. Apart, because all are looked at as the watermark goes on.
  std::vector<int64_t> dues_;
  size_t front_ = 0;
  size_t rows_ = 0;  // live ones
  std::vector<Id> buckets_;
  std::unordered_map<Id, uint32_t> great_counts_;
  // Where places are reused: of rows that `trim` will unlink, and those that are free.
  std::vector<Id> removed_;
  std::vector<Id> free_;
  size_t appended_ = 0;           // rows in chunks, dead ones included
  int64_t due_next_ = INT64_MAX;  // the least of dues_, or less
  bool chunk_died_ = false;       // since the last trim
};

}  // namespace velo
