#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "column/batch.h"
#include "state/arrival_steps.h"
#include "state/row_store.h"
#include "state/snapshot.h"

namespace velo {

/// Rows that are nothing but a key of 64 bits, found by it. A RowStore's links and buckets would
/// take as much as the rows themselves; here a row lies where it is looked for.
///
/// Rows of a bucket lie together in blocks of seven, each a line of the cache, chained: a row costs
/// its 8 bytes, a byte for its number where it carries one, and its share of a block's head and of
/// the block that is not full. A dozen or two share a bucket and are compared one after the other.
/// As rows come, one bucket after the other is split in two (linear hashing, Litwin 1980): growing
/// never moves all of them. A row is named by a number that is valid until `trim`. Rows have no
/// order.
class WordRows {
 public:
  using Id = RowStore::Id;
  static constexpr Id kNone = RowStore::kNone;

  struct Options {
    SchemaPtr schema;        ///< one column; is_for() says of which
    bool counts = false;     ///< every row carries a number
    bool are_times = false;  ///< a row is needed until the watermark reaches its key + reach
    int64_t reach_us = 0;
    int64_t ttl_us = 0;  ///< how long ago expire_arrivals lies; 0: it is not called
  };
  explicit WordRows(Options options);

  /// Whether rows of this schema are nothing but such a key.
  static bool is_for(const Schema& schema, std::span<const size_t> keys);

  /// Stores rows of a batch with their numbers, or 0. `now_us` does not go back.
  void append(const Batch& batch, std::span<const uint32_t> rows, const RowKeys& keys,
              int64_t now_us, std::span<const uint32_t> counts = {});
  void append_all(const Batch& batch, const RowKeys& keys, int64_t now_us,
                  std::span<const uint32_t> counts = {});

  /// As RowStore, in any order.
  template <typename Visit>
  void each_equal(const RowKeys& keys, size_t row, Visit visit) const {
    if (rows_ == 0 || keys.has_null(row)) return;
    walk(heads_[bucket_of(keys.hashes[row])], word_at(keys, row), visit);
  }
  template <typename Visit>
  void each_pair(const RowKeys& keys, Visit visit) const {
    if (rows_ == 0) return;
    std::array<Id, kAhead> heads;
    for (size_t begin = 0; begin < keys.hashes.size(); begin += kAhead) {
      const size_t count = std::min(kAhead, keys.hashes.size() - begin);
      look_ahead(keys, begin, count, heads.data());
      for (size_t i = 0; i < count; ++i) {
        const auto row = static_cast<uint32_t>(begin + i);
        walk(heads[i], word_at(keys, row), [&](Id id) { visit(row, id); });
      }
    }
  }
  void load_soon(const RowKeys& keys, size_t begin) const {
    if (rows_ == 0) return;
    std::array<Id, kAhead> heads;
    look_ahead(keys, begin, std::min(kAhead, keys.hashes.size() - begin), heads.data());
  }
  /// The oldest row that equals row `row` of the batch, NULL equal to NULL, or kNone.
  Id find(const Batch& batch, size_t row, const RowKeys& keys) const;

  int64_t time_of(Id id) const { return static_cast<int64_t>(word(id)); }
  int64_t arrival_of(Id id) const { return steps_ ? steps_->last_us(step(id)) : 0; }
  /// REQUIRES, of these: options.counts.
  uint32_t count(Id id) const {
    const uint8_t count = chunk_of(id).counts[id % kChunkPlaces];
    return count < kGreat ? count : great_counts_.at(id);
  }
  void set_count(Id id, uint32_t count);

  /// The values of these rows; NULL for kNone.
  ColumnPtr gather(size_t column, std::span<const Id> ids) const;

  /// The row can be read until another is stored, or `trim`.
  void remove(Id id);
  /// Removes the rows that `watermark` has made useless; with counts, those that still have count 0
  /// are listed in the order of their times. REQUIRES: are_times.
  void expire(int64_t watermark, std::vector<Id>* unmatched);
  /// Removes the rows that came before, a quarter of the TTL later at most.
  void expire_arrivals(int64_t before_us);
  void clear();
  std::vector<Id> live() const;
  /// Splits buckets, or builds all anew once much of it is empty. To be called after rows were
  /// stored or removed; rows have new numbers then.
  void trim();

  size_t rows() const { return rows_; }
  size_t memory_bytes() const;
  size_t column_bytes() const { return rows_ * sizeof(uint64_t); }

  /// As a RowStore's rows are saved.
  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);

 private:
  static constexpr size_t kBlockRows = 7;
  static constexpr size_t kBlockPlaces = 8;  // numbers; the last is of no row
  static constexpr size_t kChunkBlocks = 64;
  static constexpr size_t kChunkPlaces = kChunkBlocks * kBlockPlaces;
  static constexpr uint32_t kFull = (1 << kBlockRows) - 1;
  static constexpr uint32_t kGreat = UINT8_MAX;
  static constexpr size_t kAhead = RowStore::kAhead;

  /// Places of one bucket.
  struct alignas(64) Block {
    Id next;                     // the number of the first place of the block behind it
    uint32_t live : kBlockRows;  // by place
    uint32_t is_null : 1;        // of all of its rows
    uint32_t steps : ArrivalSteps::kBits* kBlockRows;  // when they came
    uint64_t words[kBlockRows];
  };
  struct Chunk {
    Block blocks[kChunkBlocks];
    std::unique_ptr<uint8_t[]> counts;  // kGreat: it is in great_counts_
  };
  /// A row on its way from one place to another.
  struct Moved {
    uint64_t word;
    uint32_t count;
    uint32_t step;
  };

  Chunk& chunk_of(Id id) const { return *chunks_[id / kChunkPlaces]; }
  Block& block_of(Id id) const { return chunk_of(id).blocks[id % kChunkPlaces / kBlockPlaces]; }
  uint32_t step(Id id) const {
    return block_of(id).steps >> step_bit(id) & ((1u << ArrivalSteps::kBits) - 1);
  }
  static uint32_t step_bit(Id id) { return id % kBlockPlaces * ArrivalSteps::kBits; }
  uint64_t word(Id id) const { return block_of(id).words[id % kBlockPlaces]; }
  /// What stored words are compared with.
  uint64_t word_at(const RowKeys& keys, size_t row) const {
    const uint64_t word = keys.columns[0]->values<uint64_t>()[row];
    return is_double_ ? plain_double(word) : word;
  }
  /// Equal values, equal words.
  static uint64_t plain_double(uint64_t word) {
    const auto value = std::bit_cast<double>(word);
    if (std::isnan(value)) return std::bit_cast<uint64_t>(std::nan(""));
    return value == 0 ? 0 : word;
  }

  size_t bucket_of(uint64_t hash) const {
    const size_t bucket = hash & (2 * level_ - 1);
    return bucket < heads_.size() ? bucket : bucket - level_;
  }
  void load_block_soon(Id block) const;
  void load_chains(std::span<Id> blocks) const;
  void look_ahead(const RowKeys& keys, size_t begin, size_t count, Id* heads) const;
  template <typename Visit>
  void walk(Id first, uint64_t word, Visit visit) const {
    while (first != kNone) {
      const Block& block = block_of(first);
      uint32_t found =
          block.live & (is_double_ ? equal<true>(block, word) : equal<false>(block, word));
      const Id next = block.next;
      for (; found != 0; found &= found - 1) {
        visit(first + static_cast<Id>(std::countr_zero(found)));
      }
      first = next;
    }
  }
  /// The places of these words, and of others that hold none.
  template <bool kIsDouble>
  static uint32_t equal(const Block& block, uint64_t word) {
    uint32_t found = 0;
    for (size_t i = 0; i < kBlockRows; ++i) {
      const uint64_t stored = kIsDouble ? plain_double(block.words[i]) : block.words[i];
      found |= static_cast<uint32_t>(stored == word) << i;
    }
    return found;
  }
  template <typename Visit>
  void each_row(Visit visit) const;

  size_t rows_per_bucket() const;
  Id place(Id& head, bool is_null);
  Id free_block();
  void put(Id& head, bool is_null, const Moved& row);
  void take_out(Id head, std::vector<Moved>* rows);
  size_t bucket_of_word(uint64_t word) const;
  int64_t due_of(uint64_t word) const { return static_cast<int64_t>(word) + options_.reach_us; }
  int64_t due_at(Id id) const { return due_of(word(id)); }
  void note_time(uint64_t time);
  std::vector<Id> look_further(int64_t watermark);
  std::vector<Id> take_soon(int64_t watermark);
  size_t soon_max() const { return rows_ / 16; }
  void split(std::vector<Moved>* moved);
  void split_until(size_t buckets);
  WordRows empty_of(size_t buckets) const;
  void rebuild();

  Options options_;
  bool is_double_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  size_t blocks_ = 0;      // of them in use, or free
  Id free_ = kNone;        // blocks that hold nothing, chained
  std::vector<Id> heads_;  // by bucket: its first block
  size_t level_ = 1;       // the greatest power of two that is at most the number of buckets
  Id nulls_ = kNone;       // blocks of NULLs, which equal nothing
  size_t rows_ = 0;
  bool has_holes_ = false;  // rows were removed
  std::unordered_map<Id, uint32_t> great_counts_;
  std::optional<ArrivalSteps> steps_;
  // Of times: those that are due by the horizon, the next first.
  std::vector<uint64_t> soon_;
  int64_t horizon_ = INT64_MIN;
};

}  // namespace velo
