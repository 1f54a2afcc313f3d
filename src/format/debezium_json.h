#pragma once

#include <memory>
#include <string>
#include <vector>

#include "format/change_rows.h"
#include "format/encoder.h"
#include "format/value_text.h"

namespace velo {

/// Debezium's envelope of a change, as JSON:
///
///     {"before": {…} or null, "after": {…} or null, "op": "c|r|u|d", "source": …, "ts_ms": …}
///
/// c and r (read in a snapshot) insert `after`, d deletes `before`, u does both. With
/// schema-include it is the "payload" beside a "schema". What else an envelope holds is passed
/// over.

/// The options of format 'debezium-json', checked.
struct DebeziumOptions {
  bool schema_include = false;
  TimeNotation times = TimeNotation::kIso8601;
};
Result<DebeziumOptions> parse_debezium_options(const OptionMap& options);

/// The envelope around the projected columns, as JSON is to be read into it: all its columns are
/// read.
DecoderOptions with_envelope(DecoderOptions options, const DebeziumOptions& debezium);

/// For batches of that envelope. `targets`: one per column of it.
std::unique_ptr<ChangeRows> make_envelope_rows(const DebeziumOptions& debezium,
                                               const SchemaPtr& rows,
                                               std::vector<ColumnTarget*> targets, ChangeForm form);

/// Rows whose first column says +I, -U, +U or -D to envelopes, one a line: a -U and the +U behind
/// it become one.
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
