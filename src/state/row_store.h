#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "column/batch.h"
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
/// Rows are appended to chunks of columns, each linked to the row before it with the same hash
/// (a bucket holds the newest). So a row costs its columns and about 10 bytes, and nothing is
/// allocated per row. Rows are forgotten by event time, by arrival, or one by one; chunks go from
/// the front, and what dead rows hold elsewhere is taken back by building anew once they are the
/// greater part. A row is named by a number that is valid until `trim`.
class RowStore {
 public:
  using Id = uint32_t;
  static constexpr Id kNone = UINT32_MAX;

  struct Options {
    SchemaPtr schema;
    std::vector<size_t> keys;
    int time_column = -1;  ///< −1: rows are not forgotten by time
    int64_t reach_us = 0;  ///< a row is needed until the watermark reaches its time + reach
    bool counts = false;   ///< every row carries a number, at first 0: of its partners
  };
  explicit RowStore(Options options);

  /// Appends rows of a batch; the first one's number, the others follow.
  /// REQUIRES: `keys` are of this batch. `now_us` does not go back.
  Id append(const Batch& batch, std::span<const uint32_t> rows, const RowKeys& keys,
            int64_t now_us);
  /// As append, of every row.
  Id append_all(const Batch& batch, const RowKeys& keys, int64_t now_us);

  /// Calls visit(id) for every row whose keys equal those of row `row`, newest first.
  template <typename Visit>
  void each_equal(const RowKeys& keys, size_t row, Visit visit) const {
    if (rows_ == 0 || keys.has_null(row)) return;
    Id id = buckets_[keys.hashes[row] & (buckets_.size() - 1)];
    while (id != kNone && id >= first_) {
      const Chunk& chunk = chunk_of(id);
      const size_t at = id & kMask;
      if (chunk.is_live(at) && keys_equal(chunk, at, keys, row)) visit(id);
      id = chunk.next[at];
    }
  }
  /// A row that equals row `row` of the batch in every column, or kNone.
  Id find(const Batch& batch, size_t row, const RowKeys& keys) const;

  int64_t time_of(Id id) const {
    return chunk_of(id)
        .cells[static_cast<size_t>(options_.time_column)]
        .values->as<int64_t>()[id & kMask];
  }
  /// When the last of the rows came that are forgotten by arrival together with this one.
  int64_t arrival_of(Id id) const { return chunk_of(id).arrived_us; }
  /// REQUIRES: options.counts.
  uint32_t& count(Id id) { return chunk_of(id).counts[id & kMask]; }
  uint32_t count(Id id) const { return chunk_of(id).counts[id & kMask]; }

  /// The values of one column for these rows; NULL for kNone.
  ColumnPtr gather(size_t column, std::span<const Id> ids) const;

  /// Order of the values in one column: NULL first, then as compare_rows.
  int compare(size_t column, Id a, Id b) const;
  /// The same with a row of another column, which is flat.
  int compare(size_t column, Id a, const Column& with, size_t row) const;

  bool is_null(size_t column, Id id) const;

  void remove(Id id);
  /// Removes the rows that `watermark` has made useless. With counts, every one of them, and those
  /// that still have count 0 are listed in the order of their times, then of arrival; without,
  /// whole chunks.
  void expire(int64_t watermark, std::vector<Id>* unmatched);
  /// Removes chunks that nothing was appended to since `before_us`.
  void expire_arrivals(int64_t before_us);
  void clear();
  /// All rows, oldest first.
  std::vector<Id> live() const;
  /// Gives back the memory of removed rows. If it says true the rows have new numbers, in the order
  /// in which they were: the n-th of `live` is still the n-th.
  bool trim();
  /// Whether `trim` would give new numbers.
  bool will_renumber() const;

  size_t rows() const { return rows_; }
  size_t memory_bytes() const;

  void save(SnapshotWriter& writer) const;
  /// REQUIRES: empty, and the same options as at `save`.
  Status load(SnapshotReader& reader);

 private:
  static constexpr size_t kChunkRows = 1024;
  static constexpr Id kMask = kChunkRows - 1;
  static constexpr Id kRenumberAt = 0xf0000000;

  /// One column of a chunk.
  struct Cells {
    std::shared_ptr<Buffer> values;              // not for nested types
    std::shared_ptr<Buffer> validity;            // absent until the first NULL
    std::vector<std::shared_ptr<Buffer>> texts;  // bytes of long strings
    std::vector<ColumnPtr> nested;               // one row each
    size_t text_bytes = 0;
  };
  struct Chunk {
    std::vector<Cells> cells;
    std::unique_ptr<Id[]> next;
    std::unique_ptr<uint32_t[]> counts;
    uint64_t alive[kChunkRows / 64] = {};
    uint32_t used = 0;
    uint32_t live = 0;
    int64_t due_first = INT64_MAX;  // the least and greatest time + reach of live rows
    int64_t due_last = INT64_MIN;
    int64_t arrived_us = INT64_MIN;  // the last append
    bool is_live(size_t at) const { return ((alive[at >> 6] >> (at & 63)) & 1) != 0; }
  };

  const Chunk& chunk_of(Id id) const { return chunks_[(id - first_) / kChunkRows]; }
  Chunk& chunk_of(Id id) { return chunks_[(id - first_) / kChunkRows]; }
  Chunk& add_chunk();
  void fill(Chunk& chunk, const Batch& batch, std::span<const uint32_t> rows);
  static void keep_texts(const Column& column, std::span<const uint32_t> rows, size_t at,
                         Cells& cells);
  void link(Chunk& chunk, Id first, std::span<const uint32_t> rows, const RowKeys& keys);
  void note_due(Chunk& chunk, size_t begin, size_t end);
  void expire_rows(Id base, Chunk& chunk, int64_t watermark, std::vector<Id>* unmatched);
  void kill_chunk(Chunk& chunk);
  void grow_buckets();
  void rebuild();
  bool keys_equal(const Chunk& chunk, size_t at, const RowKeys& keys, size_t row) const;
  ColumnPtr view(const Chunk& chunk, size_t column) const;
  Batch live_rows(const Chunk& chunk) const;

  Options options_;
  std::deque<Chunk> chunks_;
  Id first_ = 0;     // number of the first row of the first chunk
  size_t rows_ = 0;  // live ones
  std::vector<Id> buckets_;
  size_t appended_ = 0;  // rows in chunks, dead ones included
};

}  // namespace velo
