#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "column/batch.h"
#include "state/snapshot.h"

namespace velo {

/// A record of a topic that deals rows to processes: rows of one partition of a source, its origin,
/// in its order. docs/formats/repartition.md.
struct RepartitionRows {
  std::string origin;
  /// Where in the origin each row came from: offset of its message, and which of the message's rows
  /// it is. BIGINT, ascending together.
  ColumnPtr offsets;
  ColumnPtr numbers;
  Batch rows;
};

/// The other kind of record: what is behind it has no rows of these origins with time ≤ `watermark`
/// any more.
struct RepartitionMark {
  std::vector<std::string> origins;
  uint64_t in_all = 0;  ///< origins there are
  int64_t watermark = 0;
  int64_t idle_since_us = 0;  ///< see Port::idle
  bool ended = false;
};

std::string encode_rows(std::string_view origin, const Column& offsets, const Column& numbers,
                        const Batch& rows);
std::string encode_mark(const RepartitionMark& mark);

using RepartitionRecord = std::variant<RepartitionRows, RepartitionMark>;
/// Bytes that are no such record of rows of this schema are an error that says why.
Result<RepartitionRecord> decode_repartition_record(std::string_view bytes,
                                                    const SchemaPtr& schema);

}  // namespace velo
