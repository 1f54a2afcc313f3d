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
  bool enter_lines(const Messages&) override { return true; }
  void begin_record() override {}
  RecordEnd find_end(const char* from, const char* end) override { return find_resync(from, end); }
  Outcome decode_record(std::string_view record, size_t row, bool stable) override;
};

/// The one column's bytes, each followed by a newline. NULL is an empty line.
class RawEncoder final : public Encoder {
 public:
  Status encode_records(const Batch& batch, std::string& out,
                        std::vector<RecordSpan>* records) override;
};

}  // namespace velo
