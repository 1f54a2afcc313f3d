#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "format/avro_decoder.h"
#include "format/avro_schema.h"
#include "format/encoder.h"

namespace velo {

/// How one value of a column, or of a part of one, is written.
struct AvroPut {
  enum class Op : uint8_t {
    kConstant,  ///< `bytes`: a field that no column gives
    kBoolean,
    kInteger,  ///< int, long: / divide, × multiply, checked to be an int
    kFloat,
    kDouble,
    kDecimal,
    kText,
    kUuid,
    kEnum,
    kRecord,
    kArray,
    kMap,
  };
  Op op = Op::kConstant;
  const AvroType* type = nullptr;
  std::string path;
  std::string bytes;
  std::string before;               ///< the number of the branch, in a union
  std::optional<std::string> null;  ///< NULL in binary form; nothing: it may not be
  size_t column = 0;                ///< of the batch or the ROW
  int64_t divide = 1;
  int64_t multiply = 1;
  int scale = 0;  ///< kDecimal: the column's
  std::map<std::string, int64_t, std::less<>> symbols;
  std::vector<AvroPut> parts;  ///< kRecord: in the schema's order; kArray, kMap: the element
  ColumnPtr values;            ///< of the batch at hand; nested ones flat
};

/// Rows to binary records of Avro, one behind the other.
class AvroEncoder final : public Encoder {
 public:
  /// The schema is that of the options or of the columns; with a registry it is registered. Errors:
  /// a schema that the columns do not fit.
  static Result<std::unique_ptr<Encoder>> make(const AvroOptions& avro, const std::string& format,
                                               const Schema& columns);
  Status encode_records(const Batch& batch, std::string& out,
                        std::vector<RecordSpan>* records) override;

 private:
  AvroEncoder() = default;

  std::shared_ptr<const AvroSchema> schema_;
  std::string header_;
  AvroPut put_;
};

}  // namespace velo
