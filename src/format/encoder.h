#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/record_span.h"
#include "base/result.h"
#include "column/batch.h"
#include "format/schema_access.h"

namespace velo {

/// Turns batches into the bytes of a format. One thread at a time.
class Encoder {
 public:
  virtual ~Encoder() = default;
  /// What stands once at the start of every file (a CSV header line), with its newline; may be
  /// empty.
  virtual std::string preamble() const { return {}; }
  /// Appends every row of the batch, each complete with its newline. REQUIRES: the batch has the
  /// schema that the encoder was made for. A column that was named by `EncoderOptions::op_column`
  /// holds "+I", "-U"….
  /// Errors: a value that the format, or its schema, cannot hold.
  Status encode(const Batch& batch, std::string& out) {
    return encode_records(batch, out, nullptr);
  }
  /// The same; `records`, if given, gets where each record lies in `out`, without its newline.
  virtual Status encode_records(const Batch& batch, std::string& out,
                                std::vector<RecordSpan>* records) = 0;

 protected:
  /// Notes a record that was written from `begin` to `end`.
  static void note(std::vector<RecordSpan>* records, size_t begin, size_t end) {
    if (records == nullptr) return;
    records->push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin)});
  }
};

struct EncoderOptions {
  SchemaPtr schema;
  OptionMap options;  ///< under full names ("json.timestamp-format"); checked by make_encoder
  SchemaAccess schemas = {};
  bool in_files = false;  ///< not in messages
};

}  // namespace velo
