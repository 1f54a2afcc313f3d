#pragma once

#include <string>
#include <vector>

#include "cli/golden_run.h"

namespace velo {

/// Something that is not as the file says.
struct GoldenFailure {
  size_t line = 0;  ///< of the directive
  std::string text;
};

/// What one way of running a file gave, against what the file says.
///
/// The primary way must give exactly what is written (in the order that `query` or `output` names).
/// In the other ways that holds too, except where rows change: batches cut elsewhere give other
/// intermediate changes, so there the changes are added up, and what is left at every `output` must
/// be the same. Warnings are not compared after a restore, which starts their count anew.
std::vector<GoldenFailure> compare_golden(const GoldenFile& file, const GoldenOutcome& outcome,
                                          const GoldenWay& way);

/// True if what happened at this step is what it expects, taken alone (rows exactly).
bool step_agrees(const GoldenStep& step, const GoldenStepOutcome& outcome);

}  // namespace velo
