#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "format/encoder.h"
#include "format/protobuf_decoder.h"
#include "format/protobuf_schema.h"

namespace velo {

/// How a column, or a part of one, becomes a field.
struct ProtoPut {
  enum class Op : uint8_t {
    kBoolean,
    kInteger,  ///< in [min, max]
    kDecimal,  ///< to a number without sign
    kDouble,
    kFloat,
    kText,
    kEnum,
    kTimestamp,
    kWrapper,  ///< parts[0]: the value, of the same column
    kMessage,
    kMap,  ///< parts: key and value
  };
  Op op = Op::kInteger;
  const ProtoField* field = nullptr;
  std::string path;
  std::string tag;    ///< with the wire type of one value
  size_t column = 0;  ///< of the batch or the ROW
  int64_t min = 0;
  int64_t max = 0;
  std::vector<ProtoPut> parts;  ///< kMessage: by number of the field
  ColumnPtr lists;              ///< of a repeated field, flat: of the batch at hand
  ColumnPtr values;             ///< single values or elements; nested ones flat
};

/// Rows to messages of Protobuf, as the library writes them: by number of the field, defaults
/// without presence left out.
class ProtoEncoder final : public Encoder {
 public:
  /// The schema is that of the options or of the columns; with a registry it is registered. Errors:
  /// a schema that the columns do not fit.
  static Result<std::unique_ptr<Encoder>> make(const ProtoOptions& proto, const std::string& format,
                                               const Schema& columns);
  Status encode_records(const Batch& batch, std::string& out,
                        std::vector<RecordSpan>* records) override;

 private:
  ProtoEncoder() = default;

  ProtoRoot root_;
  std::string header_;
  std::vector<ProtoPut> puts_;
};

}  // namespace velo
