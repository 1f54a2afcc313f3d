#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "column/batch.h"

namespace velo {

/// Batches written as little tables, so that a test reads as input rows and output rows:
///
///     batch_from_text("k STRING, v BIGINT",
///                     "+ a 1\n"
///                     "- b .")
///
/// One row a line, cells parted by blanks; `.` is NULL; 'two words' in quotes; a leading + or -
/// (with a blank after it) is the weight. The schema lists scalar types by their SQL names.
Batch batch_from_text(std::string_view schema, std::string_view rows);
/// The schema of `batch_from_text`. Type names: boolean, tinyint … double, decimal(p,s), string,
/// date, timestamp, timestamp_ltz.
SchemaPtr schema_from_text(std::string_view schema);
/// The same form: one line per row, each ended by a newline. Weights are shown when the batch has
/// any.
std::string batch_to_text(const Batch& batch);

}  // namespace velo
