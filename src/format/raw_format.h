#pragma once

#include <cstring>

#include "format/encoder.h"
#include "format/record_decoder.h"

namespace velo {

/// One STRING or BYTES column that takes every line, or every message, as it is.
class RawDecoder final : public RecordDecoder {
 public:
  using RecordDecoder::RecordDecoder;

 protected:
  void begin_record() override {}
  RecordEnd find_end(const char* from, const char* end) override { return find_resync(from, end); }
  Outcome decode_record(std::string_view record, size_t row, bool stable) override;
};

/// The one column's bytes, each followed by a newline. NULL is an empty line.
class RawEncoder final : public Encoder {
 public:
  void encode(const Batch& batch, std::string& out) override;
};

}  // namespace velo
