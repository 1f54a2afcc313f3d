#pragma once

#include "format/csv_decoder.h"
#include "format/fast_fields.h"
#include "format/text_index.h"

namespace velo {

/// CsvDecoder with a fast path in front: index a stretch of text, read runs of regular records
/// column by column, leave records with another number of fields and stretches with broken quotes
/// to the plain path.
class CsvFastDecoder final : public CsvDecoder, private FieldSyntax {
 public:
  CsvFastDecoder(const Kernels& kernels, CsvOptions csv, SchemaPtr declared,
                 std::vector<int> projection, BatchAssembler assembler, size_t record_bytes_max);

  /// False if with these options a kernel could take NULL for a value.
  static bool serves(const CsvOptions& csv);

 protected:
  Status decode_some(Region& region, DecodeOutput& out) override;

 private:
  bool index(const Region& region, uint32_t bytes);
  Status read_records(Region& region, DecodeOutput& out);
  void plan_fields(const char* text, const uint32_t* positions);
  bool fix(const FastField& field, std::string_view text, ScalarTarget* target,
           size_t row) override;

  const Kernels& kernels_;
  FastFields fields_;
  TextIndex index_;
  FastLayout fast_;
  uint64_t plain_until_ = 0;  ///< offset up to which the plain path goes on
};

}  // namespace velo
