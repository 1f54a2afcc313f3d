#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "cli/golden_file.h"

namespace velo {

/// One of the ways in which a golden file is run; all must agree.
struct GoldenWay {
  size_t batch_rows = 1024;
  uint32_t parallelism = 1;
  bool restore = false;  ///< after every input: snapshot, a fresh engine, restore

  /// The way whose output must be exactly what is written in the file.
  bool is_primary() const { return batch_rows == 1024 && parallelism == 1 && !restore; }
  /// "batch 3, parallelism 1, restored after every input"
  std::string to_string() const;
};

/// The ways that apply to a file, the primary one first (or the first that `ways` leaves).
std::vector<GoldenWay> ways_of(const GoldenFile& file);

/// What happened at a step.
struct GoldenStepOutcome {
  bool reached = false;
  bool changing = false;           ///< kOutput, kQuery: rows carry change kinds
  std::vector<std::string> lines;  ///< what stands there: rows, warnings, contents, counts, columns
  std::optional<Error> error;      ///< what the statement or, at kError, the query failed with
  std::string fault;               ///< why the step could not be done as told; "" = it was
  std::vector<std::string> unclaimed;  ///< kQuery: rows that no output looked at
};
struct GoldenOutcome {
  std::vector<GoldenStepOutcome> steps;  ///< one per step of the file
};

/// Runs a file in one way on a virtual clock that starts at 2024-01-01T00:00:00Z. `scratch`: an
/// empty directory, `${TMP}` in the file's SQL.
GoldenOutcome run_golden(const GoldenFile& file, const GoldenWay& way, FileSystem& files,
                         const std::string& scratch);

}  // namespace velo
