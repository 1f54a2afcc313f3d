#pragma once

#include <string>
#include <vector>

#include "format/csv_decoder.h"
#include "format/encoder.h"
#include "format/json_decoder.h"
#include "format/value_text.h"

namespace velo {

/// Rows to RFC 4180 lines. NULL is the null literal or nothing, the empty string "".
class CsvEncoder final : public Encoder {
 public:
  CsvEncoder(CsvOptions csv, SchemaPtr schema);
  std::string preamble() const override;
  Status encode_records(const Batch& batch, std::string& out,
                        std::vector<RecordSpan>* records) override;

 private:
  void put_field(TextWriter& out, std::string_view text) const;
  bool needs_quotes(std::string_view text) const;
  void put_value(TextWriter& out, const Column& column, size_t row);

  CsvOptions csv_;
  SchemaPtr schema_;
  ValueText values_;
  bool plain_values_;  ///< no number or time can hold the delimiter
};

/// Rows to JSON objects, one a line, keys in the order of the schema.
class JsonEncoder final : public Encoder {
 public:
  JsonEncoder(JsonOptions json, SchemaPtr schema);
  Status encode_records(const Batch& batch, std::string& out,
                        std::vector<RecordSpan>* records) override;

 private:
  ValueText values_;
  std::vector<std::string> keys_;  ///< `{"a":`, `,"b":`
};

}  // namespace velo
