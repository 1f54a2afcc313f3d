#pragma once

#include "format/fast_fields.h"
#include "format/json_decoder.h"
#include "format/text_index.h"

namespace velo {

/// JsonDecoder with a fast path in front, for records on lines: what stands between the values is
/// learnt from one record and then only compared. Records that look different go the plain way;
/// when most of a stretch does, the next one is learnt from.
class JsonFastDecoder final : public JsonDecoder, private FieldSyntax {
 public:
  JsonFastDecoder(const Kernels& kernels, JsonOptions json, BatchAssembler assembler,
                  size_t record_bytes_max);

 protected:
  Status decode_some(Region& region, DecodeOutput& out) override;

 private:
  bool index(const Region& region, uint32_t bytes);
  bool learn(const Region& region);
  void judge(uint64_t offset, size_t records, size_t odd);
  Status read_records(Region& region, DecodeOutput& out, size_t* odd);
  bool fix(const FastField& field, std::string_view text, ScalarTarget* target,
           size_t row) override;
  static bool is_skippable(std::string_view value, bool quoted);

  const Kernels& kernels_;
  FastFields fields_;
  TextIndex index_;
  FastLayout layout_;
  bool learnt_ = false;
  uint32_t failures_ = 0;     ///< layouts in a row that did not hold
  uint64_t plain_until_ = 0;  ///< offset up to which the plain path goes on
};

}  // namespace velo
