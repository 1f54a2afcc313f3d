#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Golden files (.slt): a story of statements, input, time passing and what must come out. The
/// format is written down in docs/golden-tests.md.
namespace velo {

enum class GoldenKind : uint8_t {
  kStatement,
  kQuery,
  kInput,
  kOutput,
  kWatermark,
  kClock,
  kCheckpoint,
  kRestart,
  kEnd,
  kError,
  kStats,
  kWarnings,
  kSchema,
  kWrite,
  kRead,
};

/// How rows are compared.
enum class RowOrder : uint8_t {
  kAsIs,    ///< nosort: in the order in which they came
  kSorted,  ///< rowsort
  kFolded,  ///< fold: changes added up; what is left, sorted
};

/// Lines of a file that say what is expected: [begin, end), from 0.
struct GoldenLines {
  size_t begin = 0;
  size_t end = 0;
  std::vector<std::string> lines;  ///< without comments
};

/// What an error must be like; fields that are not given match anything.
struct GoldenError {
  int code = 0;
  uint32_t line = 0;  ///< in the statement's text
  uint32_t column = 0;
  std::string text;  ///< part of the message
};

/// One directive with what belongs to it.
struct GoldenStep {
  GoldenKind kind = GoldenKind::kStatement;
  size_t line = 0;                   ///< of the directive, from 1
  std::string name;                  ///< table or path; "" = none given
  std::optional<uint32_t> partition;
  int64_t time_us = 0;               ///< kWatermark, kClock
  bool relative = false;             ///< kClock: +10s
  RowOrder order = RowOrder::kAsIs;
  std::optional<GoldenError> error;  ///< kStatement, kQuery, kError: it must fail so
  std::string text;                  ///< SQL; kStats, kSchema: what is expected, in one line
  std::vector<std::string> lines;    ///< kInput, kWrite
  /// Rows, lines of an error, warnings, lines of files. Empty: nothing was written down, which for
  /// kOutput, kRead and kWarnings means that there must be none.
  std::optional<GoldenLines> expected;
};

/// Which of the many ways of running apply.
struct GoldenWays {
  std::vector<size_t> batch_rows = {1024, 1, 3};
  std::vector<uint32_t> parallelism = {1, 2};
  bool restore = true;  ///< also with snapshot and restore after every input
};

struct GoldenFile {
  std::string path;
  std::vector<std::string> text;  ///< all its lines
  std::vector<GoldenStep> steps;
  GoldenWays ways;
  std::string skip_reason;  ///< "" = to be run
};

/// Errors: kSyntax with file and line.
Result<GoldenFile> parse_golden_file(const std::string& path, std::string_view text);

}  // namespace velo
