#pragma once

#include <cstdint>
#include <vector>

#include "format/kernels.h"

namespace velo {

/// How records are expected to end: with a newline, with a carriage return and a newline, or with
/// no look at what stands before the newline.
enum class LineEnd : uint8_t { kPlain, kReturn, kAny };

/// The characters that end fields in one stretch of text, as an index stage found them.
class TextIndex {
 public:
  TextIndex() : slots_(kPositionSlack + kIndexBytes + kPositionSlack) {}

  /// Where a kernel writes. The position in front of the first is that before the text.
  uint32_t* positions() { return slots_.data() + kPositionSlack; }
  const uint32_t* positions() const { return slots_.data() + kPositionSlack; }
  IndexFacts& facts() { return facts_; }
  const IndexFacts& facts() const { return facts_; }

  /// After a kernel: keeps only whole records (of `stride` fields), and makes what stands behind
  /// the last position safe to read. False if there is no whole record.
  bool trim(const char* text, uint32_t stride);
  uint32_t size() const { return size_; }

  /// How many records from position `first` on have exactly `stride` fields and such an end.
  uint32_t regular_rows(const char* text, uint32_t first, uint32_t stride, LineEnd end) const;
  /// The position behind the newline that ends the record at position `first`.
  uint32_t behind_record(const char* text, uint32_t first) const;

 private:
  std::vector<uint32_t> slots_;
  IndexFacts facts_;
  uint32_t size_ = 0;
  bool clean_ = false;
};

}  // namespace velo
