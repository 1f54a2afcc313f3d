#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connector/sink.h"
#include "format/encoder.h"
#include "runtime/sink_port.h"

namespace velo {

struct MessageSinkOptions {
  std::unique_ptr<Sink> sink;  ///< takes records
  SinkChanges changes = SinkChanges::kAppend;
  SchemaPtr schema;  ///< of the rows that come; unless they only append, with `op` in front
  /// Columns that identify a changing row.
  std::vector<size_t> key;

  // Columns below are those of `schema`.
  std::unique_ptr<Encoder> value_encoder;
  std::vector<size_t> values;
  SchemaPtr value_schema;
  /// The encoder makes one record of -U and the +U behind it.
  bool updates_are_one = false;
  std::unique_ptr<Encoder> key_encoder;  ///< null: records have no keys
  std::vector<size_t> keys;
  SchemaPtr key_schema;
  std::optional<size_t> timestamp;  ///< of a column of time
  std::optional<size_t> headers;    ///< of a MAP<STRING, BYTES>
};

/// Writes rows as messages: value, key, timestamp and headers. With SinkChanges::kUpsert a row that
/// is gone becomes a message without value.
class MessageSink final : public WritingPort {
 public:
  MessageSink(MessageSinkOptions options, Clock& clock);

  void emit(Batch batch) override;
  void take_letter(const DeadLetter& letter) override;
  /// Of upserts.
  bool hold() override;
  void release() override;
  void end() override;

 private:
  Status write_buffer() override { return {}; }  // nothing waits
  void keep(Batch batch);
  Status write(const Batch& rows);
  std::vector<uint32_t> rows_of_records(const Batch& rows) const;
  Status add_keys(const Batch& rows);
  void add_headers(const Batch& rows);

  MessageSinkOptions options_;
  bool holds_ = false;
  std::vector<Batch> held_;
  size_t held_rows_ = 0;
  size_t thin_at_ = 0;  ///< rows
  std::string bytes_;
  std::vector<RecordSpan> values_;
  std::vector<RecordSpan> keys_;
  std::vector<int64_t> timestamps_ms_;
  std::vector<std::vector<HeaderSpan>> headers_;
};

}  // namespace velo
