#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace velo {

/// Many sets of 64-bit words, small ones and large ones; nothing is allocated per set.
///
/// A set is a block of a pool: up to 16 words as a list, which is compared as a whole; more as a
/// table with linear probing. If members are counted, a member's count stands behind all words, at
/// the same place; members that come to 0 are dropped when their set needs room.
class WordSets {
 public:
  explicit WordSets(bool counted) : counted_(counted) {}
  ~WordSets() { clear_all(); }
  WordSets(const WordSets&) = delete;
  WordSets& operator=(const WordSets&) = delete;

  bool counted() const { return counted_; }
  size_t sets() const { return sets_.size(); }
  /// Grows to at least `sets`.
  void resize(size_t sets) {
    if (sets > sets_.size()) sets_.resize(sets);
  }

  /// REQUIRES: not counted.
  void add(uint32_t set, uint64_t word) {
    Set& s = sets_[set];
    if (is_list(s) || word == kHole) {
      if (find(s, word) == kNone) insert(s, word);
      return;
    }
    const size_t at = find_in_table(s, word);
    if (s.words[at] == word) return;
    if (is_full(s)) {
      insert(s, word);
      return;
    }
    s.words[at] = word;
    ++s.used;
    ++s.size;
  }
  /// The word is about to be added.
  void prefetch(uint32_t set, uint64_t word) const {
    const Set& s = sets_[set];
    __builtin_prefetch(is_list(s) ? s.words : s.words + place_of(word, s.bits));
  }
  /// REQUIRES: counted.
  void add(uint32_t set, uint64_t word, int64_t times);
  /// How many words are in the set; of those counted, how many with a count above 0.
  size_t size(uint32_t set) const { return sets_[set].size; }

  /// Calls visit(word, count) for every member, in no order; what is not counted has count 1, what
  /// is counted may have one below 0.
  template <typename Visit>
  void each(uint32_t set, Visit visit) const {
    const Set& s = sets_[set];
    each_place(s, [&](size_t at) {
      const int64_t count = counted_ ? counts(s)[at] : 1;
      if (count != 0) visit(s.words[at], count);
    });
  }

  void clear(uint32_t set);
  void clear_all();
  size_t memory_bytes() const;

 private:
  static constexpr size_t kNone = SIZE_MAX;
  static constexpr int kListBits = 4;   // 2^4 words at most are a list
  static constexpr int kFirstBits = 2;  // what a set begins with
  static constexpr int kPooledBits = 10;
  static constexpr size_t kChunkWords = 8192;
  // Marks free places of a table. The word itself has a place behind the others.
  static constexpr uint64_t kHole = 0x8d2e5b7c61f3a904;

  struct Set {
    uint64_t* words = nullptr;
    uint32_t used = 0;  // places
    uint32_t size = 0;
    uint8_t bits = 0;  // 2^bits words, and in a table one more
    bool has_hole = false;
  };
  static bool is_list(const Set& s) { return s.bits <= kListBits; }
  static size_t places(int bits) { return (size_t{1} << bits) + (bits > kListBits ? 1 : 0); }
  size_t block_words(int bits) const { return places(bits) * (counted_ ? 2 : 1); }
  static int64_t* counts(const Set& s) {
    return reinterpret_cast<int64_t*>(s.words + places(s.bits));
  }

  /// The word's place, or kNone.
  static size_t find(const Set& s, uint64_t word) {
    if (s.used == 0) return kNone;
    if (is_list(s)) return find_in_list(s, word);
    if (word == kHole) return s.has_hole ? size_t{1} << s.bits : kNone;
    const size_t at = find_in_table(s, word);
    return s.words[at] == word ? at : kNone;
  }
  // The halves folded, and the upper bits of a product (Fibonacci hashing, Knuth 6.4).
  static size_t place_of(uint64_t word, int bits) {
    return (word ^ word >> 32) * 0x9e3779b97f4a7c15ULL >> (64 - bits);
  }
  /// The place of a word other than kHole, or that it would have.
  static size_t find_in_table(const Set& s, uint64_t word) {
    const size_t mask = (size_t{1} << s.bits) - 1;
    size_t at = place_of(word, s.bits);
    while (s.words[at] != word && s.words[at] != kHole) at = (at + 1) & mask;
    return at;
  }
  // Free places of a list repeat its first word, so that whole fours of words are compared.
  static size_t find_in_list(const Set& s, uint64_t word) {
    const uint64_t* words = s.words;
    for (size_t at = 0; at < s.used; at += 4) {
      const uint32_t equal = (words[at] == word ? 1u : 0u) | (words[at + 1] == word ? 2u : 0u) |
                             (words[at + 2] == word ? 4u : 0u) | (words[at + 3] == word ? 8u : 0u);
      if (equal != 0) return at + static_cast<size_t>(__builtin_ctz(equal));
    }
    return kNone;
  }
  template <typename Visit>
  static void each_place(const Set& s, Visit visit) {
    if (is_list(s)) {
      for (size_t at = 0; at < s.used; ++at) visit(at);
      return;
    }
    const size_t capacity = size_t{1} << s.bits;
    for (size_t at = 0; at < capacity; ++at) {
      if (s.words[at] != kHole) visit(at);
    }
    if (s.has_hole) visit(capacity);
  }

  /// REQUIRES: the word is not there. Its place; what is counted begins with 0.
  size_t insert(Set& s, uint64_t word);
  size_t put(Set& s, uint64_t word) const;
  static bool is_full(size_t used, int bits) {
    const size_t capacity = size_t{1} << bits;
    return bits <= kListBits ? used == capacity : used * 8 > capacity * 5;
  }
  static bool is_full(const Set& s) { return is_full(s.used, s.bits); }
  void grow(Set& s);
  uint64_t* take_block(int bits);
  void give_back(uint64_t* block, int bits);

  bool counted_;
  std::vector<Set> sets_;
  // What a set has that becomes a table: as many as tables had when all was cleared last.
  uint8_t table_bits_ = kListBits + 1;
  // Blocks of up to 2^kPooledBits words are cut from chunks, larger ones are allocated.
  std::vector<std::unique_ptr<uint64_t[]>> chunks_;
  size_t chunk_ = 0;                           // the one that blocks are cut from
  size_t chunk_used_ = 0;                      // words of it
  std::vector<std::vector<uint64_t*>> spare_;  // by bits: blocks that were given back
  size_t large_words_ = 0;                     // in allocated blocks
};

}  // namespace velo
