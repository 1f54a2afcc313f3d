#pragma once

#include <memory>

#include "operator/operator.h"

namespace velo {

struct ProcessingTimeOptions {
  /// Of the output: the input's columns, then TIMESTAMP_LTZ(3).
  SchemaPtr schema;
};

/// Appends to each row the wall clock at which it came, in whole milliseconds, and tells what
/// follows the clock as its watermark: also while no rows come, so that windows fire by it. The
/// clock never goes back here. The input's own watermarks are of other times and end here.
std::unique_ptr<Operator> make_processing_time(ProcessingTimeOptions options);

}  // namespace velo
