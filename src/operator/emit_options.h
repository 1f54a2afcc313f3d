#pragma once

#include <cstdint>

namespace velo {

/// When a grouping gives its rows.
enum class EmitMode : uint8_t {
  kFinal,    ///< once: when the window fires, or when the input ends
  kChanges,  ///< refinements as they happen
  kEvery,    ///< at most one refinement per key and interval of the wall clock
};

struct EmitOptions {
  EmitMode mode = EmitMode::kFinal;
  int64_t every_us = 0;  ///< kEvery
  bool coalesce = true;  ///< kChanges: one refinement per key and batch, not per row
};

}  // namespace velo
