#pragma once

#include <string>
#include <vector>

#include "format/encoder.h"
#include "format/value_text.h"

namespace velo {

/// The options of format 'debezium-json', checked.
struct DebeziumOptions {
  /// The envelope is the "payload" beside a "schema".
  bool schema_include = false;
  TimeNotation times = TimeNotation::kIso8601;
};
Result<DebeziumOptions> parse_debezium_options(const OptionMap& options);

/// Rows whose first column says +I, -U, +U or -D to envelopes (debezium_envelope.h), one a line: a
/// -U and the +U behind it become one.
class DebeziumEncoder final : public Encoder {
 public:
  DebeziumEncoder(const DebeziumOptions& debezium, const Schema& with_op);
  /// REQUIRES: a -U and its +U stand in one batch.
  Status encode_records(const Batch& batch, std::string& out,
                        std::vector<RecordSpan>* records) override;

 private:
  void put_row(TextWriter& out, const Batch& batch, size_t row);

  ValueText values_;
  std::vector<std::string> keys_;  ///< `{"a":`, `,"b":`; without `op`
};

}  // namespace velo
