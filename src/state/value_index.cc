#include "state/value_index.h"

#include <array>
#include <bit>
#include <cmath>

#include "column/scalar.h"
#include "column/string_dictionary.h"

namespace velo {
namespace {

constexpr size_t kChunkBytes = 65536;

}  // namespace

uint64_t word_of(double value) {
  if (std::isnan(value)) value = std::nan("");
  if (value == 0) value = 0;  // -0.0
  return std::bit_cast<uint64_t>(value);
}

uint64_t StringIndex::hash_long(const StringRef& s) {
  const char* p = s.data();
  size_t rest = s.size();
  uint64_t h = 0x9e3779b97f4a7c15ULL ^ rest;
  for (; rest >= 8; rest -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    h = mix64(h ^ word);
  }
  uint64_t word = 0;
  std::memcpy(&word, p, rest);
  return mix64(h ^ word);
}

StringRef StringIndex::nothing() {
  return std::bit_cast<StringRef>(std::array<uint64_t, 2>{UINT64_MAX, UINT64_MAX});
}

void StringIndex::find_block(const StringRef* strings, size_t count, Block* out) const {
  const Slot* slots = slots_.data();
  const size_t mask = mask_;
  uint32_t* ids = out->ids;
  uint32_t* missed = out->missed;
  uint64_t* hashes = out->hashes;
  auto look = [&](size_t i, uint64_t h) {
    const Slot& slot = slots[h & mask];
    const uint64_t differs =
        (slot.key.low() ^ strings[i].low()) | (slot.key.high() ^ strings[i].high());
    ids[i] = slot.id;
    *missed = static_cast<uint32_t>(i);
    missed += differs != 0 ? 1 : 0;
  };
  if (slots_.size() <= kNearSlots) {
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = hash(strings[i]);
      look(i, hashes[i]);
    }
  } else {
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = hash(strings[i]);
      __builtin_prefetch(&slots[hashes[i] & mask]);
    }
    for (size_t i = 0; i < count; ++i) look(i, hashes[i]);
  }
  out->missed_count = static_cast<size_t>(missed - out->missed);
}

uint32_t StringIndex::insert(const StringRef& stored, uint64_t h) {
  if (size_ + 1 > room()) rehash(slots_.size() * 2);
  size_t slot = h & mask_;
  while (slots_[slot].id != kAbsent) slot = (slot + 1) & mask_;
  slots_[slot] = {stored, size_};
  return size_++;
}

void StringIndex::rehash(size_t capacity) {
  std::vector<Slot> old(capacity);
  old.swap(slots_);
  mask_ = capacity - 1;
  for (const Slot& s : old) {
    if (s.id == kAbsent) continue;
    size_t slot = hash(s.key) & mask_;
    while (slots_[slot].id != kAbsent) slot = (slot + 1) & mask_;
    slots_[slot] = s;
  }
}

ValueIndex::ValueIndex(Type type) : type_(std::move(type)) {
  words_.push_back(0);
  texts_.emplace_back();
  nested_.push_back(nullptr);
}

template <typename ToKey>
void ValueIndex::intern_numbers(const Column& column, uint32_t* ids, ToKey to_key) {
  const size_t rows = column.size();
  auto take = [&](size_t i, uint32_t number) {
    if (number + 1 == size_) [[unlikely]] {
      words_.push_back(to_key(i));
      ++size_;
    }
    ids[i] = number + 1;
  };
  const uint64_t* validity = column.validity();
  if (validity == nullptr) return numbers_.intern_all(rows, to_key, take);
  for (size_t i = 0; i < rows; ++i) {
    if (((validity[i >> 6] >> (i & 63)) & 1) == 0) {
      ids[i] = kNullId;
    } else {
      take(i, numbers_.intern(to_key(i)));
    }
  }
}

StringRef ValueIndex::keep_text(const StringRef& s) {
  if (s.is_inline()) return s;
  if (chunks_.empty() || chunk_used_ + s.size() > chunks_.back()->capacity()) {
    chunks_.push_back(Buffer::allocate(std::max<size_t>(kChunkBytes, s.size())));
    chunk_used_ = 0;
  }
  char* place = chunks_.back()->as<char>() + chunk_used_;
  std::memcpy(place, s.data(), s.size());
  chunk_used_ += s.size();
  return StringRef(place, s.size());
}

uint32_t ValueIndex::string_id(const StringRef& s, uint64_t h) {
  const uint32_t found = strings_.find(s, h);
  if (found != StringIndex::kAbsent) [[likely]]
    return found + 1;
  const StringRef kept = keep_text(s);
  strings_.insert(kept, h);
  texts_.push_back(kept);
  return size_++;
}

void ValueIndex::intern_strings(const Column& column, uint32_t* ids) {
  StringIndex::Block found;
  const size_t rows = column.size();
  const uint64_t* validity = column.validity();
  static_assert(StringIndex::kBlock == 64);  // a block's validity is one word
  for (size_t begin = 0; begin < rows; begin += StringIndex::kBlock) {
    const size_t n = std::min(StringIndex::kBlock, rows - begin);
    const StringRef* block = column.values<StringRef>() + begin;
    const uint64_t valid = validity == nullptr ? ~uint64_t{0} : validity[begin >> 6];
    strings_.find_block(block, n, &found);
    for (size_t i = 0; i < n; ++i) ids[begin + i] = found.ids[i] + 1;
    for (size_t m = 0; m < found.missed_count; ++m) {
      const uint32_t i = found.missed[m];
      if ((valid >> i & 1) != 0) ids[begin + i] = string_id(block[i], found.hashes[i]);
    }
    if (validity == nullptr) continue;
    for (size_t i = 0; i < n; ++i) {
      if ((valid >> i & 1) == 0) ids[begin + i] = kNullId;
    }
  }
}

void ValueIndex::intern_dictionary(const Column& column, uint32_t* ids) {
  const StringDictionary& entries = *column.entries();
  if (entries.identity() != dictionary_) {
    dictionary_ = entries.identity();
    dictionary_ids_.clear();
  }
  for (uint32_t entry = static_cast<uint32_t>(dictionary_ids_.size()); entry < entries.size();
       ++entry) {
    dictionary_ids_.push_back(StringIndex::kAbsent);  // interned when a row names it
  }
  const uint32_t* indices = column.indices();
  const uint64_t* validity = column.validity();
  for (size_t i = 0; i < column.size(); ++i) {
    if (validity != nullptr && ((validity[i >> 6] >> (i & 63)) & 1) == 0) {
      ids[i] = kNullId;
      continue;
    }
    uint32_t& id = dictionary_ids_[indices[i]];
    if (id == StringIndex::kAbsent) [[unlikely]]
      id = string_id(entries.at(indices[i]));
    ids[i] = id;
  }
}

void ValueIndex::intern_wide(const Column& column, uint32_t* ids) {
  std::string text;
  for (size_t i = 0; i < column.size(); ++i) {
    if (column.is_null(i)) {
      ids[i] = kNullId;
      continue;
    }
    text.clear();
    if (type_.physical() == Physical::kInt128) {
      const int128_t value = column.int128_at(i);
      text.assign(reinterpret_cast<const char*>(&value), sizeof value);
    } else {
      append_text(text, column, i);
    }
    ids[i] = string_id(StringRef(text));
    if (type_.is_nested() && nested_.size() < size_) {
      ColumnBuilder one(type_, 1);
      one.append_from(column, i);
      nested_.push_back(one.finish());
    }
  }
}

void ValueIndex::intern(const Column& column, uint32_t* ids) {
  if (column.encoding() == Encoding::kConstant) {
    uint32_t id = kNullId;
    if (column.size() > 0) intern(*column.base(), &id);
    std::fill(ids, ids + column.size(), id);
    return;
  }
  if (column.encoding() == Encoding::kDictionary) return intern_dictionary(column, ids);
  switch (type_.physical()) {
    case Physical::kInt64: {
      const uint64_t* values = column.values<uint64_t>();
      return intern_numbers(column, ids, [values](size_t i) { return values[i]; });
    }
    case Physical::kDouble: {
      const double* values = column.values<double>();
      return intern_numbers(column, ids, [values](size_t i) { return word_of(values[i]); });
    }
    case Physical::kBool: {
      const uint8_t* values = column.values<uint8_t>();
      return intern_numbers(column, ids, [values](size_t i) { return uint64_t{values[i]}; });
    }
    case Physical::kString:
      return intern_strings(column, ids);
    default:
      return intern_wide(column, ids);
  }
}

ColumnPtr ValueIndex::gather(std::span<const uint32_t> ids) const {
  ColumnBuilder builder(type_, ids.size());
  const size_t rows = ids.size();
  bool nulls = false;
  switch (type_.physical()) {
    case Physical::kInt64:
    case Physical::kDouble: {
      uint64_t* to = builder.extend<uint64_t>(rows);
      for (size_t i = 0; i < rows; ++i) {
        to[i] = words_[ids[i]];
        nulls |= ids[i] == kNullId;
      }
      builder.added(rows);
      break;
    }
    case Physical::kBool: {
      uint8_t* to = builder.extend<uint8_t>(rows);
      for (size_t i = 0; i < rows; ++i) to[i] = static_cast<uint8_t>(words_[ids[i]]);
      builder.added(rows);
      nulls = true;
      break;
    }
    case Physical::kString: {
      StringRef* to = builder.extend<StringRef>(rows);
      for (size_t i = 0; i < rows; ++i) {
        to[i] = texts_[ids[i]];
        nulls |= ids[i] == kNullId;
      }
      builder.added(rows);
      for (const auto& chunk : chunks_) builder.keep(chunk);
      break;
    }
    case Physical::kInt128: {
      auto* to = builder.extend<int128_t>(rows);
      for (size_t i = 0; i < rows; ++i) {
        to[i] = 0;
        if (ids[i] != kNullId) std::memcpy(&to[i], texts_[ids[i]].data(), sizeof to[i]);
      }
      builder.added(rows);
      nulls = true;
      break;
    }
    default:
      for (uint32_t id : ids) {
        if (id == kNullId) {
          builder.append_null();
        } else {
          builder.append_from(*nested_[id], 0);
        }
      }
      return builder.finish();
  }
  for (size_t i = 0; nulls && i < rows; ++i) {
    if (ids[i] == kNullId) builder.set_null(i);
  }
  return builder.finish();
}

int ValueIndex::compare(uint32_t a, uint32_t b) const {
  if (a == b) return 0;
  if (a == kNullId || b == kNullId) return a == kNullId ? -1 : 1;
  auto order = [](const auto& x, const auto& y) { return x < y ? -1 : (y < x ? 1 : 0); };
  switch (type_.physical()) {
    case Physical::kInt64:
    case Physical::kBool:
      return order(static_cast<int64_t>(words_[a]), static_cast<int64_t>(words_[b]));
    case Physical::kDouble: {
      const double x = std::bit_cast<double>(words_[a]);
      const double y = std::bit_cast<double>(words_[b]);
      if (std::isnan(x) || std::isnan(y)) return order(std::isnan(x), std::isnan(y));
      return order(x, y);
    }
    case Physical::kString:
      return order(texts_[a].view(), texts_[b].view());
    case Physical::kInt128: {
      int128_t x, y;
      std::memcpy(&x, texts_[a].data(), sizeof x);
      std::memcpy(&y, texts_[b].data(), sizeof y);
      return order(x, y);
    }
    default:
      return compare_rows(*nested_[a], 0, *nested_[b], 0);
  }
}

size_t ValueIndex::memory_bytes() const {
  size_t total = numbers_.memory_bytes() + strings_.memory_bytes() + words_.capacity() * 8 +
                 texts_.capacity() * 16 + dictionary_ids_.capacity() * 4;
  for (const auto& chunk : chunks_) total += chunk->capacity();
  return total;
}

}  // namespace velo
