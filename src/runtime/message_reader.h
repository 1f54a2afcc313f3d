#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "column/column_builder.h"
#include "connector/block.h"
#include "format/decoder.h"

namespace velo {

/// A column that the decoder does not give: what the connector knows of a record.
enum class MetadataField : uint8_t {
  kUnit,           ///< STRING: file or topic
  kPartition,      ///< STRING: the partition's name
  kNumber,         ///< INTEGER: of the partition in its topic
  kOffset,         ///< BIGINT: number of the record in its partition; of byte streams: of the row
  kTimestamp,      ///< TIMESTAMP_LTZ: of the message; NULL where there is none
  kTimestampKind,  ///< STRING: NoTimestampType, CreateTime, LogAppendTime
  kKey,            ///< BYTES or STRING: of the message
  kHeaders,        ///< MAP<STRING, BYTES>: of the message; of one name the last
};

/// What a record without a value is.
enum class NullValue : uint8_t {
  kBad,      ///< no record of the format
  kNothing,  ///< it says nothing
  kRow,      ///< a row of NULL
  kDelete,   ///< the row of its key is gone
};

/// How rows are made of messages.
struct MessageSpec {
  /// Null: keys are not decoded.
  std::function<Result<std::unique_ptr<Decoder>>()> make_key_decoder;
  /// Where a column of the layout comes from, apart from metadata, which are last.
  struct Column {
    bool in_value = true;
    size_t value = 0;           ///< column of the value decoder; REQUIRES in_value
    std::optional<size_t> key;  ///< column of the key decoder: used without a value
  };
  std::vector<Column> columns;
  NullValue nulls = NullValue::kBad;
  /// Rows have weights: a value replaces the row of its key.
  bool upserts = false;
};

/// Who takes what a MessageReader makes.
class MessageOutput {
 public:
  virtual ~MessageOutput() = default;
  /// Columns of the layout, metadata among them. `messages`: the number in the block of each row's
  /// message, ascending.
  virtual Status rows(Batch batch, std::span<const uint32_t> messages) = 0;
  virtual Status bad_message(const BadRecord& record, const RecordMetadata& message) = 0;
};

/// Makes rows of blocks of messages of one partition: values and keys decoded, metadata beside
/// them. One thread at a time.
///
/// Steps: 1. decode the keys that are asked for; 2. decode the values of the messages whose keys
/// are good; 3. for each batch of these, lay the columns out, with rows for the messages without
/// value in between; 4. add the metadata of each row's message.
class MessageReader final : private DecodeOutput {
 public:
  /// Borrows spec, layout and metadata. `partition`: its name and number.
  MessageReader(const MessageSpec& spec, const SchemaPtr& layout,
                const std::vector<MetadataField>& metadata, const PartitionInfo& partition,
                std::unique_ptr<Decoder> key, Decoder& value);

  Status read(const Block& block, MessageOutput& out);

 private:
  Status batch(Batch batch, DecodedRange range) override;
  Status bad(const BadRecord& record) override;
  Status read_keys();
  Status read_values();
  void choose_values();
  Result<bool> report_null(uint32_t message);
  Status emit_until(uint32_t message, const Batch* values, std::span<const uint32_t> messages);
  Batch lay_out(const Batch& values, std::span<const uint32_t> value_rows,
                std::span<const uint32_t> messages, bool deletes) const;
  void append_headers(const RecordMetadata& message, ColumnBuilder& builder) const;
  ColumnPtr metadata_column(size_t i, std::span<const uint32_t> messages) const;
  std::string_view text(RecordSpan span) const;

  const MessageSpec& spec_;
  const SchemaPtr& layout_;
  const std::vector<MetadataField>& metadata_;
  PartitionInfo partition_;
  std::unique_ptr<Decoder> key_;
  Decoder& value_;
  Batch no_values_;  // of the value decoder's schema

  // Of the block at hand.
  const Block* block_ = nullptr;
  MessageOutput* out_ = nullptr;
  bool in_keys_ = false;
  std::vector<RecordSpan> fed_;    // what a decoder was given …
  std::vector<uint32_t> fed_as_;   // … and which messages these are; empty: all
  std::vector<uint32_t> key_row_;  // by message: its row of `keys_`, or kNullRow
  std::vector<bool> bad_key_;      // by message
  std::vector<Batch> key_batches_;
  Batch keys_;
  std::vector<uint32_t> nulls_;  // messages without value that say something
  size_t next_null_ = 0;
};

}  // namespace velo
