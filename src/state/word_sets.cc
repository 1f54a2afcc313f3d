#include "state/word_sets.h"

#include <algorithm>

namespace velo {

void WordSets::add(uint32_t set, uint64_t word, int64_t times) {
  if (times == 0) return;
  Set& s = sets_[set];
  size_t at = find(s, word);
  if (at == kNone) at = insert(s, word);
  int64_t& count = counts(s)[at];
  const bool was = count > 0;
  count += times;
  s.size += static_cast<uint32_t>(count > 0) - static_cast<uint32_t>(was);
}

size_t WordSets::insert(Set& s, uint64_t word) {
  if (s.words == nullptr || is_full(s)) grow(s);
  if (!counted_) ++s.size;
  const size_t at = put(s, word);
  if (counted_) counts(s)[at] = 0;
  return at;
}

size_t WordSets::put(Set& s, uint64_t word) const {
  if (is_list(s)) {
    if (s.used == 0) std::fill_n(s.words, size_t{1} << s.bits, word);
    s.words[s.used] = word;
    return s.used++;
  }
  ++s.used;
  if (word == kHole) {
    const size_t behind = size_t{1} << s.bits;
    s.has_hole = true;
    s.words[behind] = word;
    return behind;
  }
  const size_t at = find_in_table(s, word);
  s.words[at] = word;
  return at;
}

// To a block of twice the size, or of the same if half of the members have come to 0.
void WordSets::grow(Set& s) {
  const Set old = s;
  size_t alive = old.used;
  if (counted_ && old.words != nullptr) {
    alive = 0;
    each_place(old, [&](size_t at) { alive += counts(old)[at] != 0 ? 1 : 0; });
  }
  s.used = 0;
  s.has_hole = false;
  if (old.words == nullptr) {
    s.bits = kFirstBits;
  } else if (alive * 2 > old.used) {
    s.bits = std::max<uint8_t>(s.bits + 1, s.bits == kListBits ? table_bits_ : 0);
  }
  s.words = take_block(s.bits);
  if (!is_list(s)) std::fill_n(s.words, size_t{1} << s.bits, kHole);
  if (old.words == nullptr) return;
  each_place(old, [&](size_t at) {
    const int64_t count = counted_ ? counts(old)[at] : 1;
    if (count == 0) return;
    const size_t to = put(s, old.words[at]);
    if (counted_) counts(s)[to] = count;
  });
  give_back(old.words, old.bits);
}

uint64_t* WordSets::take_block(int bits) {
  const auto b = static_cast<size_t>(bits);
  if (b < spare_.size() && !spare_[b].empty()) {
    uint64_t* block = spare_[b].back();
    spare_[b].pop_back();
    return block;
  }
  const size_t words = block_words(bits);
  if (bits > kPooledBits) {
    large_words_ += words;
    return new uint64_t[words];
  }
  if (chunk_ < chunks_.size() && chunk_used_ + words > kChunkWords) {
    ++chunk_;
    chunk_used_ = 0;
  }
  if (chunk_ == chunks_.size()) {
    chunks_.push_back(std::make_unique_for_overwrite<uint64_t[]>(kChunkWords));
  }
  uint64_t* block = chunks_[chunk_].get() + chunk_used_;
  chunk_used_ += words;
  return block;
}

void WordSets::give_back(uint64_t* block, int bits) {
  const auto b = static_cast<size_t>(bits);
  if (bits > kPooledBits) {
    large_words_ -= block_words(bits);
    delete[] block;
    return;
  }
  if (spare_.size() <= b) spare_.resize(b + 1);
  spare_[b].push_back(block);
}

void WordSets::clear(uint32_t set) {
  Set& s = sets_[set];
  if (s.words != nullptr) give_back(s.words, s.bits);
  s = Set();
}

void WordSets::clear_all() {
  size_t tables = 0;
  size_t words = 0;
  for (Set& s : sets_) {
    if (!is_list(s)) {
      ++tables;
      words += s.used;
    }
    if (s.words != nullptr && s.bits > kPooledBits) give_back(s.words, s.bits);
    s = Set();
  }
  if (tables > 0) {
    table_bits_ = kListBits + 1;
    while (is_full(words / tables, table_bits_)) ++table_bits_;
  }
  // Chunks that were not reached this time are not kept for the next.
  chunks_.resize(std::min(chunks_.size(), chunk_ + 1));
  chunk_ = chunk_used_ = 0;
  spare_.clear();
}

size_t WordSets::memory_bytes() const {
  size_t bytes = sets_.capacity() * sizeof(Set) + large_words_ * sizeof(uint64_t) +
                 chunks_.size() * kChunkWords * sizeof(uint64_t);
  for (const auto& blocks : spare_) bytes += blocks.capacity() * sizeof(uint64_t*);
  return bytes;
}

}  // namespace velo
