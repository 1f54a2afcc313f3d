#pragma once

#include <memory>

#include "operator/operator.h"

namespace velo {

struct DelayWatermarkOptions {
  SchemaPtr schema;
  int64_t delay_us = 0;
};

/// Passes rows on and lets what follows see the watermark `delay_us` behind: a GRACE PERIOD, in
/// which a result that is given once waits for late rows; or ahead, if negative: rows of a window
/// are complete before its end. The end of the input is not moved.
std::unique_ptr<Operator> make_delay_watermark(DelayWatermarkOptions options);

}  // namespace velo
