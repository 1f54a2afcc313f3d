#pragma once

#include <string>

#include "cli/golden_run.h"

namespace velo {

/// The file's text with what came out written where something else was expected: rows, errors,
/// warnings, counts, columns. What agrees keeps its form and its comments; so do statements that
/// failed without an error being expected.
std::string complete_golden(const GoldenFile& file, const GoldenOutcome& outcome);

}  // namespace velo
