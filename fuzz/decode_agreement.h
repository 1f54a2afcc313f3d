#pragma once

#include <string>
#include <string_view>

#include "base/check.h"
#include "base/fmt.h"
#include "base/random.h"
#include "column/batch_text.h"
#include "column/column_builder.h"
#include "format/formats.h"

namespace velo {

/// Writes down all that a decoder hands out.
class Transcript final : public DecodeOutput {
 public:
  Status batch(Batch batch, DecodedRange range) override {
    CHECK(range.begin <= range.end);
    if (weighted && !batch.weights) {
      ColumnBuilder ones(Type::bigint(), batch.rows);
      for (size_t row = 0; row < batch.rows; ++row) ones.append_int64(1);
      batch.weights = ones.finish();
    }
    rows += batch_to_text(batch);
    return {};
  }
  Status bad(const BadRecord& record) override {
    bad_records += fmt::format("{}:{} {} {} {}\n", record.line, record.offset,
                               bad_reason_name(record.reason), record.bytes_total, record.message);
    return {};
  }
  std::string rows;
  std::string bad_records;
  bool weighted = false;  ///< rows of changes, whose batches may have weights or not
};

/// Decodes a text in pieces of random sizes up to `most` (0 = at once).
inline Transcript transcribe(std::string_view format, const DecoderOptions& options,
                             std::string_view text, uint64_t seed, size_t most) {
  Transcript out;
  out.weighted = options.changes != ChangeForm::kAppend;
  Result<std::unique_ptr<Decoder>> decoder = make_decoder(format, options);
  if (!decoder) return out;
  Random random(seed);
  size_t at = 0;
  do {
    DecodeInput input;
    const std::string_view part = text.substr(at, most == 0 ? text.size() : 1 + random.below(most));
    input.bytes = as_bytes(part);
    input.offset = at;
    at += part.size();
    input.ends_unit = at == text.size();
    if (!(*decoder)->feed(input, out)) {
      out.bad_records += "stopped\n";
      return out;
    }
    CHECK((*decoder)->consumed_offset() <= at);
  } while (at < text.size());
  CHECK((*decoder)->consumed_offset() == text.size());
  return out;
}

/// Every set of kernels and every cut of the text gives what the plain path gives for the whole.
inline void check_agreement(std::string_view format, DecoderOptions options, std::string_view text,
                            uint64_t seed) {
  options.kernels = KernelChoice::kRowByRow;
  const Transcript plain = transcribe(format, options, text, 0, 0);
  options.batch_rows = 1 + seed % 40;
  for (const KernelChoice choice : {KernelChoice::kRowByRow, KernelChoice::kPortable,
                                    KernelChoice::kAvx2, KernelChoice::kAvx512}) {
    if (!kernel_available(choice)) continue;
    options.kernels = choice;
    for (const size_t most : {size_t{0}, size_t{100}, size_t{7}}) {
      const Transcript other = transcribe(format, options, text, seed, most);
      CHECK(other.rows == plain.rows, plain.rows + "\n--- differs ---\n" + other.rows);
      CHECK(other.bad_records == plain.bad_records,
            plain.bad_records + "\n--- differs ---\n" + other.bad_records);
    }
  }
}

}  // namespace velo
