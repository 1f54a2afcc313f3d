#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/options.h"
#include "base/result.h"
#include "column/batch.h"

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
  virtual void encode(const Batch& batch, std::string& out) = 0;
};

struct EncoderOptions {
  SchemaPtr schema;
  OptionMap options;  ///< under full names ("json.timestamp-format"); checked by make_encoder
};

}  // namespace velo
