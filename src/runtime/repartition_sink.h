#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connector/sink.h"
#include "expr/evaluator.h"
#include "runtime/repartition_record.h"
#include "runtime/sink_port.h"

namespace velo {

struct RepartitionSinkOptions {
  std::unique_ptr<Sink> sink;  ///< takes records, and deals them as it is told
  /// Of the rows that are written. Those that come have three columns more: topic (STRING),
  /// partition (INTEGER) and offset (BIGINT) of the message that each is of.
  SchemaPtr schema;
  std::vector<ExprPtr> keys;  ///< over the rows
  const TimeZone* zone = TimeZone::utc();
};

/// Writes rows to a topic, rows of equal keys to the same partition; behind them, to every
/// partition, how far the watermark is. One epoch's records are acknowledged when it is prepared.
///
/// Invariant: of an origin and a partition, records are written in the order of the origin and none
/// is left out, so that whoever finds one knows that all before it are there.
class RepartitionSink final : public WritingPort {
 public:
  RepartitionSink(RepartitionSinkOptions options, Clock& clock);

  Status open() override;
  void set_origins(std::vector<std::string> names, size_t in_all) override;
  void emit(Batch batch) override;
  void advance(int64_t watermark) override;
  void idle(int64_t since_us) override;
  void end() override;
  Status tick() override;

 private:
  struct Place {
    int64_t offset = -1;
    int64_t number = 0;
  };
  /// Rows for one partition, of one origin.
  struct Piece {
    std::string origin;
    Batch rows;  ///< the written columns, then offset and number
  };
  Status write_buffer() override;
  void deal(const Batch& rows, size_t begin, size_t end);
  ColumnPtr number_rows(const std::string& origin, const Column& offsets, size_t begin, size_t end);
  void add_record(uint32_t partition, const std::string& record);
  void add_pieces(uint32_t partition);
  void add_rows(uint32_t partition, const Piece& piece);
  void add_marks();

  RepartitionSinkOptions options_;
  SchemaPtr piece_schema_;
  Evaluator keys_;
  EvaluationContext context_;
  RowErrors errors_;
  std::vector<ColumnPtr> key_columns_;
  std::vector<uint64_t> hashes_;
  std::map<std::string, Place, std::less<>> last_;  ///< by origin: its last row
  std::vector<std::vector<Piece>> waiting_;         ///< by partition
  size_t waiting_rows_ = 0;
  RepartitionMark mark_;
  bool mark_is_told_ = true;
  std::string bytes_;
  std::vector<RecordSpan> values_;
  std::vector<uint32_t> partitions_;
};

}  // namespace velo
