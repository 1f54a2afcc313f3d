#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "column/string_dictionary.h"
#include "format/short_string_table.h"

namespace velo {

/// Gives every distinct string a small number: the entries of a StringDictionary, with the hash
/// tables that find them again. Entry 0 is the empty string.
class StringInterner {
 public:
  static constexpr uint32_t kFull = ~0u;

  explicit StringInterner(uint32_t entries_max);

  /// The number of `s`, a new one if it was not seen; kFull if it would be one too many.
  uint32_t intern(std::string_view s);
  uint32_t size() const { return dictionary_->size(); }
  uint32_t room() const { return entries_max_ - size(); }
  const std::shared_ptr<StringDictionary>& dictionary() const { return dictionary_; }
  const ShortStringTable& short_table() const { return table_; }
  size_t memory_bytes() const;

 private:
  uint32_t intern_short(ShortKey key, std::string_view s);
  uint32_t intern_long(std::string_view s);
  void resize_short(size_t buckets);
  void resize_long(size_t slots);
  void place_short(ShortKey key, uint32_t index);

  uint32_t entries_max_;
  std::shared_ptr<StringDictionary> dictionary_;
  ShortStringTable table_;
  size_t buckets_ = 0;
  size_t short_count_ = 0;
  std::shared_ptr<Buffer> keys_;
  std::vector<uint32_t> indices_;
  struct LongSlot {
    uint64_t hash = 0;
    uint32_t index = ShortStringTable::kAbsent;
  };
  std::vector<LongSlot> long_slots_;
  size_t long_count_ = 0;
};

}  // namespace velo
