#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fmt.h"
#include "column/batch_text.h"
#include "format/formats.h"

namespace velo {

/// Keeps what a decoder hands out.
class Collected final : public DecodeOutput {
 public:
  struct Bad {
    std::string bytes;
    uint64_t offset;
    uint64_t line;
    BadReason reason;
    std::string message;
  };

  Status batch(Batch batch, DecodedRange range) override {
    rows += batch.rows;
    ranges.push_back({range.begin, range.end});
    messages.insert(messages.end(), range.messages.begin(), range.messages.end());
    batches.push_back(std::move(batch));
    return {};
  }
  Status bad(const BadRecord& record) override {
    bads.push_back({std::string(record.bytes), record.offset, record.line, record.reason,
                    record.message});
    return {};
  }

  /// All rows as `batch_to_text` writes them.
  std::string rows_text() const {
    std::string out;
    for (const Batch& b : batches) out += batch_to_text(b);
    return out;
  }
  /// One line per bad record: "line:offset reason message".
  std::string bad_text() const {
    std::string out;
    for (const Bad& b : bads) {
      out += fmt::format("{}:{} {} {}\n", b.line, b.offset, bad_reason_name(b.reason), b.message);
    }
    return out;
  }

  size_t rows = 0;
  std::vector<Batch> batches;
  std::vector<DecodedRange> ranges;
  std::vector<uint32_t> messages;  ///< of the rows, if these came as messages
  std::vector<Bad> bads;
};

/// Each text is a message.
inline Status feed_messages(Decoder& decoder, const std::vector<std::string>& texts,
                            DecodeOutput& out) {
  std::string bytes;
  std::vector<RecordSpan> records;
  bool lines = true;
  for (const std::string& text : texts) {
    records.push_back({static_cast<uint32_t>(bytes.size()), static_cast<uint32_t>(text.size())});
    bytes += text + "\n";
    lines = lines && !text.empty() && text.front() > ' ' && text.find('\n') == std::string::npos;
  }
  return decoder.feed_messages({nullptr, as_bytes(bytes), records, lines}, out);
}

/// A decoder's input and surroundings; `run` feeds the text in pieces of `piece` bytes (0 = at
/// once).
struct DecodeCase {
  std::string format = "csv";
  std::string schema = {};
  OptionMap options = {};
  std::vector<int> projection = {};  ///< empty = all columns
  size_t batch_rows = 1024;
  size_t record_bytes_max = size_t{16} << 20;
  KernelChoice kernels = KernelChoice::kBest;
  SchemaPtr declared = nullptr;  ///< instead of `schema`
  ChangeForm changes = ChangeForm::kAppend;
  bool in_files = false;

  Result<std::unique_ptr<Decoder>> make() const {
    DecoderOptions out;
    out.schema = declared ? declared : schema_from_text(schema);
    out.projection = projection;
    if (projection.empty()) {
      for (size_t i = 0; i < out.schema->size(); ++i) out.projection.push_back(static_cast<int>(i));
    }
    out.batch_rows = batch_rows;
    out.record_bytes_max = record_bytes_max;
    out.options = options;
    out.kernels = kernels;
    out.changes = changes;
    out.in_files = in_files;
    return make_decoder(format, std::move(out));
  }

  Collected run(std::string_view text, size_t piece = 0) const {
    std::unique_ptr<Decoder> decoder = make().value();
    Collected out;
    feed_all(*decoder, text, piece, out).value();
    return out;
  }

  Collected run_messages(const std::vector<std::string>& texts) const {
    std::unique_ptr<Decoder> decoder = make().value();
    Collected out;
    feed_messages(*decoder, texts, out).value();
    return out;
  }

  static Status feed_all(Decoder& decoder, std::string_view text, size_t piece, Collected& out) {
    if (piece == 0) piece = text.empty() ? 1 : text.size();
    size_t at = 0;
    do {
      const std::string_view part = text.substr(at, piece);
      DecodeInput input;
      input.bytes = as_bytes(part);
      input.offset = at;
      at += part.size();
      input.ends_unit = at == text.size();
      TRY(decoder.feed(input, out));
    } while (at < text.size());
    return {};
  }
};

}  // namespace velo
